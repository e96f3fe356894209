//! Nodes that talk with each other.

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt};
use tangle_network::{CloseReason, Direction, NetworkEvent};
use tangle_sync::PeerClass;
use tangle_testkit::shimmer::recorded;
use tangle_types::cone::{ConeBlocks, ConeError, ConeIds, ConeMessage, ConeRequest, IDS_MAX};
use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::{BlockId, MilestoneIndex};
use tokio::time::timeout;

use crate::harness::{Node, PATIENCE, block, config, pair, until};
use crate::raw::{Raw, Security, gossip};

/// Recorded blocks that are sent.
const BLOCKS: usize = 20;

/// Every kind of message with its bytes, blocks of a real network among them.
fn messages() -> Vec<(Message, Vec<u8>)> {
    let heartbeat = Heartbeat {
        solid_index: MilestoneIndex(0x0102_0304),
        pruned_index: MilestoneIndex(5),
        latest_index: MilestoneIndex(0x0102_0305),
        connected_peers: 8,
        synced_peers: 7,
    };
    let id = BlockId([9; 32]);
    let mut messages = vec![
        (
            Message::Heartbeat(heartbeat),
            vec![4, 14, 0, 4, 3, 2, 1, 5, 0, 0, 0, 5, 3, 2, 1, 8, 7],
        ),
        (Message::MilestoneRequest(None), vec![1, 4, 0, 0, 0, 0, 0]),
        (
            Message::MilestoneRequest(Some(MilestoneIndex(17_339))),
            vec![1, 4, 0, 0xbb, 0x43, 0, 0],
        ),
        (Message::BlockRequest(id), [&[3, 32, 0], &id.0[..]].concat()),
    ];
    let cones = recorded()
        .milestones
        .into_iter()
        .flat_map(|milestone| milestone.cone);
    for bytes in cones.map(|block| block.bytes).take(BLOCKS) {
        let [low, high, ..] = bytes.len().to_le_bytes();
        let framed = [&[2, low, high], &bytes[..]].concat();
        messages.push((Message::Block(Bytes::from(bytes)), framed));
    }
    messages
}

#[tokio::test]
async fn bytes_on_the_wire_are_the_recorded_layouts() {
    let mut node = Node::start(config(1)).await;
    for security in [Security::Noise, Security::Tls] {
        let raw = Raw::connect(&node.address(false), 2, security)
            .await
            .expect("let in");
        let mut stream = raw.gossip().await.expect("may gossip");
        let (key, peer) = node.connected().await;
        assert_eq!(
            (peer.class, peer.direction),
            (PeerClass::Unknown, Direction::Inbound)
        );
        for (message, bytes) in messages() {
            assert!(node.handle.send(key, message.clone()));
            let mut read = vec![0; bytes.len()];
            let reading = stream.read_exact(&mut read);
            timeout(PATIENCE, reading)
                .await
                .expect("in time")
                .expect("bytes");
            assert_eq!(read, bytes);

            stream.write_all(&bytes).await.expect("to write");
            stream.flush().await.expect("to write");
            assert_eq!(node.message().await, (key, message));
        }
        drop((raw, stream));
        assert_eq!(node.disconnected().await.0, key);
    }
}

#[tokio::test]
async fn nodes_exchange_every_message() {
    let ((mut a, to_b), (mut b, to_a)) = pair(config(1), config(2)).await;
    for (message, _) in messages() {
        assert!(a.handle.send(to_b, message.clone()));
        assert_eq!(b.message().await, (to_a, message.clone()));
        assert_eq!(b.handle.broadcast(&message, &[]), 1);
        assert_eq!(a.message().await, (to_b, message.clone()));
        assert_eq!(b.handle.broadcast(&message, &[to_a]), 0, "but not to some");
    }
    let peers = a.handle.peers();
    assert_eq!(peers.len(), 1);
    assert_eq!(
        (peers[0].id, peers[0].class),
        (b.handle.peer_id(), PeerClass::Known)
    );
    let connection = peers[0].connection.clone().expect("connected");
    assert_eq!(
        (connection.key, connection.direction),
        (to_b, Direction::Outbound)
    );
    assert_eq!(connection.sent, connection.received);
    assert_eq!(
        (connection.sent.blocks, connection.sent.heartbeats),
        (BLOCKS as u64, 1)
    );
    assert_eq!(
        (
            connection.sent.block_requests,
            connection.sent.milestone_requests
        ),
        (1, 2)
    );
    assert_eq!(connection.dropped_count, 0);
    let seen = b.handle.peers();
    assert_eq!(
        (seen[0].id, seen[0].class),
        (a.handle.peer_id(), PeerClass::Unknown)
    );

    b.handle.stop().await;
    assert_eq!(a.disconnected().await.0, to_b);
}

#[tokio::test]
async fn stopped_node_ends_its_events() {
    let ((mut a, to_b), (_b, _)) = pair(config(1), config(2)).await;
    a.handle.stop().await;
    assert_eq!(a.disconnected().await.0, to_b);
    assert_eq!(a.events.recv().await, None);
    assert!(!a.handle.send(to_b, block(100)));
}

#[tokio::test]
async fn nodes_talk_over_quic_when_both_offer_it() {
    let mut quic = config(2);
    quic.quic = true;
    let mut b = Node::start(quic).await;
    let mut quic = config(1);
    quic.quic = true;
    quic.known = vec![b.known()];
    let mut a = Node::start(quic).await;
    let (first, peer) = a.connected().await;
    assert!(
        peer.address.to_string().contains("/tcp/"),
        "{}",
        peer.address
    );
    // What the other says of itself names its QUIC address; the next dial takes it.
    let id = b.handle.peer_id();
    until("the QUIC address is learned", || {
        let peers = a.handle.peers();
        let peer = peers
            .iter()
            .find(|peer| peer.id == id)
            .expect("it is known");
        peer.addresses
            .iter()
            .any(|address| address.to_string().ends_with("quic-v1"))
    })
    .await;
    a.handle.disconnect(first);
    let (second, peer) = a.connected().await;
    assert!(
        peer.address.to_string().contains("/quic-v1"),
        "{}",
        peer.address
    );
    for (message, _) in messages() {
        assert!(a.handle.send(second, message.clone()));
        assert_eq!(b.message().await.1, message);
    }
}

#[tokio::test]
async fn node_without_quic_is_reached_over_tcp() {
    let mut b = Node::start(config(2)).await;
    let mut quic = config(1);
    quic.quic = true;
    let mut nowhere = b.known();
    nowhere.address.address = "/ip4/127.0.0.1/udp/1/quic-v1".parse().expect("an address");
    quic.known = vec![b.known(), nowhere];
    quic.timing.handshake = std::time::Duration::from_millis(500);
    let mut a = Node::start(quic).await;
    let (key, peer) = a.connected().await;
    assert!(
        peer.address.to_string().contains("/tcp/"),
        "{}",
        peer.address
    );
    assert!(a.handle.send(key, block(1_000)));
    loop {
        if let NetworkEvent::Message(_, message) = b.next().await {
            assert_eq!(message, block(1_000));
            break;
        }
    }
}

#[tokio::test]
async fn much_is_sent_in_order_and_whole() {
    let ((a, to_b), (mut b, _)) = pair(config(1), config(2)).await;
    let blocks = 3_000_u32;
    let sender = tokio::spawn(async move {
        for number in 0..blocks {
            let mut bytes = number.to_le_bytes().to_vec();
            bytes.resize(1_000, 0);
            let message = Message::Block(Bytes::from(bytes));
            while !a.handle.send(to_b, message.clone()) {
                tokio::task::yield_now().await;
            }
        }
        a
    });
    for number in 0..blocks {
        let (_, Message::Block(bytes)) = b.message().await else {
            panic!("only blocks were sent");
        };
        assert_eq!(bytes[..4], number.to_le_bytes());
    }
    drop(sender.await.expect("no panic"));
}

#[tokio::test]
async fn second_stream_of_a_peer_is_reset() {
    let mut node = Node::start(config(1)).await;
    let address = node.address(false);
    let (raw, mut first) = gossip(&address, 2).await;
    let (key, _) = node.connected().await;
    if let Some(mut second) = raw.gossip().await {
        assert!(crate::raw::is_ended(&mut second, PATIENCE).await);
    }
    let another = Raw::connect(&address, 2, Security::Noise)
        .await
        .expect("let in");
    if let Some(mut second) = another.gossip().await {
        assert!(crate::raw::is_ended(&mut second, PATIENCE).await);
    }
    first
        .write_all(&[1, 4, 0, 0, 0, 0, 0])
        .await
        .expect("still there");
    first.flush().await.expect("still there");
    assert_eq!(node.message().await, (key, Message::MilestoneRequest(None)));
}

#[tokio::test]
async fn neighbours_know_each_others_software_whichever_comes_first() {
    let named = |seed, agent: &str| {
        let mut config = config(seed);
        config.agent = agent.to_owned();
        config
    };
    let ((a, _), (b, _)) = pair(named(1, "first/1.0"), named(2, "second/2.0")).await;
    for (node, agent) in [(&a, "second/2.0"), (&b, "first/1.0")] {
        until("the neighbour's software is shown", || {
            let peers = node.handle.peers();
            let connection = peers.first().and_then(|peer| peer.connection.as_ref());
            connection.and_then(|connection| connection.agent.as_deref()) == Some(agent)
        })
        .await;
    }
}

#[tokio::test]
async fn nodes_give_each_other_parts_of_cones() {
    let ((mut a, to_b), (mut b, to_a)) = pair(config(1), config(2)).await;
    for (node, key) in [(&mut a, to_b), (&mut b, to_a)] {
        loop {
            if let NetworkEvent::ConesOpen(found) = node.next().await {
                assert_eq!(found, key);
                break;
            }
        }
    }
    let index = MilestoneIndex(7);
    let blocks = vec![Bytes::from(vec![7; 32_768]), Bytes::from(vec![8; 46])];
    let messages = [
        ConeMessage::Request(ConeRequest::Ids { index, start: 1 }),
        ConeMessage::Ids(ConeIds {
            index,
            start: 1,
            total: 9_000,
            ids: vec![BlockId([5; 32]); IDS_MAX],
        }),
        ConeMessage::Blocks(ConeBlocks {
            index,
            start: 1,
            blocks,
        }),
    ];
    for message in messages {
        assert!(a.handle.has_cone_room(to_b));
        assert!(a.handle.send_cone(to_b, message.clone()));
        assert_eq!(b.next().await, NetworkEvent::Cone(to_a, message.clone()));
        assert!(b.handle.send_cone(to_a, message.clone()));
        assert_eq!(a.next().await, NetworkEvent::Cone(to_b, message));
    }
}

#[tokio::test]
async fn who_knows_no_cones_is_a_neighbour_like_any_other() {
    for (first, second) in [(true, false), (false, true)] {
        let (mut a, mut b) = (config(1), config(2));
        (a.cones, b.cones) = (first, second);
        let ((a, to_b), (mut b, to_a)) = pair(a, b).await;
        let index = MilestoneIndex(7);
        let request = ConeMessage::Request(ConeRequest::Ids { index, start: 1 });
        for _ in 0..20 {
            assert!(a.handle.send(to_b, block(1_000)));
            assert_eq!(b.next().await, NetworkEvent::Message(to_a, block(1_000)));
            assert!(!a.handle.send_cone(to_b, request.clone()));
            assert!(!a.handle.has_cone_room(to_b));
        }
    }
}

#[tokio::test]
async fn what_is_no_part_of_a_cone_ends_the_conversation() {
    let mut node = Node::start(config(1)).await;
    let (raw, _gossip) = gossip(&node.address(false), 2).await;
    let (key, _) = node.connected().await;
    let mut stream = raw.cones().await.expect("it may speak of cones");
    assert_eq!(node.next().await, NetworkEvent::ConesOpen(key));
    stream
        .write_all(&[3, 0xff, 0xff, 0xff, 0xff])
        .await
        .expect("to write");
    stream.flush().await.expect("to write");
    let (gone, reason) = node.disconnected().await;
    assert_eq!(gone, key);
    assert!(
        matches!(reason, CloseReason::MalformedCone(ConeError::Length { .. })),
        "{reason}"
    );
}

#[tokio::test]
async fn gossip_goes_on_without_the_stream_for_cones() {
    let mut node = Node::start(config(1)).await;
    let (raw, mut stream) = gossip(&node.address(false), 2).await;
    let (key, _) = node.connected().await;
    let mut cones = raw.cones().await.expect("it may speak of cones");
    assert_eq!(node.next().await, NetworkEvent::ConesOpen(key));
    cones.close().await.expect("to close");
    drop(cones);
    until("the node sends nothing about cones", || {
        !node.handle.has_cone_room(key)
    })
    .await;
    stream
        .write_all(&[1, 4, 0, 0, 0, 0, 0])
        .await
        .expect("still there");
    stream.flush().await.expect("still there");
    assert_eq!(node.message().await, (key, Message::MilestoneRequest(None)));
}
