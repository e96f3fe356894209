//! Who becomes a neighbour, stays one, and comes back.

use std::time::Duration;

use tangle_network::{AddPeerError, CloseReason, Direction, Discovery, NetworkEvent, PeerState};
use tangle_sync::PeerClass;
use tokio::time::timeout;

use crate::harness::{NETWORK, Node, PATIENCE, block, config, pair, until};
use crate::raw::{Raw, Security, gossip, is_ended};

fn only(node: &Node) -> PeerState {
    let mut peers = node.handle.peers();
    assert_eq!(peers.len(), 1);
    peers.remove(0)
}

#[tokio::test]
async fn known_peer_is_connected_again_after_it_was_away() {
    let ((mut a, to_b), (b, _)) = pair(config(1), config(2)).await;
    let address = b.address(false);
    b.handle.stop().await;
    assert_eq!(a.disconnected().await.0, to_b);
    until("the failure is told", || {
        only(&a)
            .trouble
            .is_some_and(|trouble| trouble.contains("refused"))
    })
    .await;

    let mut again = config(2);
    again.bind = vec![address.address];
    let mut b = Node::start(again).await;
    let (key, peer) = a.connected().await;
    assert_ne!(key, to_b, "a conversation has a name of its own");
    assert_eq!(
        (peer.id, peer.class),
        (b.handle.peer_id(), PeerClass::Known)
    );
    b.connected().await;
    assert_eq!(only(&a).trouble, None);
}

#[tokio::test]
async fn peers_that_know_each_other_have_one_conversation() {
    // Ports have to be known before both start.
    let mut nodes = Vec::new();
    for seed in [1, 2] {
        nodes.push(Node::start(config(seed)).await);
    }
    let (known_a, known_b) = (nodes[0].known(), nodes[1].known());
    for node in nodes {
        node.handle.stop().await;
    }
    let (mut a, mut b) = (config(1), config(2));
    a.bind = vec![known_a.address.address.clone()];
    b.bind = vec![known_b.address.address.clone()];
    a.known = vec![known_b];
    b.known = vec![known_a];
    let (a, b) = tokio::join!(Node::start(a), Node::start(b));
    let direction = |node: &Node| only(node).connection.map(|connection| connection.direction);
    until("both sides keep the same connection", || {
        let both = [direction(&a), direction(&b)];
        both.contains(&Some(Direction::Inbound)) && both.contains(&Some(Direction::Outbound))
    })
    .await;
    let keys = [&a, &b].map(|node| only(node).connection.map(|connection| connection.key));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let later = [&a, &b].map(|node| only(node).connection.map(|connection| connection.key));
    assert_eq!(keys, later, "and it stays");
    let mut b = b;
    assert_eq!(a.handle.broadcast(&block(100), &[]), 1);
    assert_eq!(b.message().await.1, block(100));
}

#[tokio::test]
async fn strangers_are_taken_up_to_a_limit_and_known_peers_beyond() {
    let mut node = config(1);
    node.limits.unknown_count_max = 2;
    let mut node = Node::start(node).await;
    let address = node.address(false);
    let first = gossip(&address, 2).await;
    let second = gossip(&address, 3).await;
    node.connected().await;
    node.connected().await;
    let third = Raw::connect(&address, 4, Security::Noise)
        .await
        .expect("let in");
    if let Some(mut stream) = third.gossip().await {
        assert!(is_ended(&mut stream, PATIENCE).await, "no room");
    }
    let mut friend = config(5);
    friend.known = vec![node.known()];
    let friend = Node::start(friend).await;
    node.handle
        .add_peer(friend.known())
        .await
        .expect("room for known peers");
    let (_, peer) = node.connected().await;
    assert_eq!(
        (peer.id, peer.class),
        (friend.handle.peer_id(), PeerClass::Known)
    );

    drop(first);
    node.disconnected().await;
    let _fourth = gossip(&address, 6).await;
    node.connected().await;
    drop(second);
}

#[tokio::test]
async fn banned_peer_is_out_until_the_ban_ends() {
    let mut node = Node::start(config(1)).await;
    let address = node.address(false);
    let (_raw, mut stream) = gossip(&address, 2).await;
    let (key, _) = node.connected().await;
    let span = Duration::from_millis(1_500);
    node.handle.ban(key, span);
    assert_eq!(node.disconnected().await, (key, CloseReason::Banned(span)));
    assert!(is_ended(&mut stream, PATIENCE).await);
    if let Some(raw) = Raw::connect(&address, 2, Security::Noise).await {
        assert!(raw.gossip().await.is_none(), "it is banned");
    }
    gossip(&address, 3).await;
    node.connected().await;
    tokio::time::sleep(2 * span).await;
    let _again = gossip(&address, 2).await;
    node.connected().await;
}

#[tokio::test]
async fn known_peers_come_and_go_while_the_node_runs_and_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = config(1);
    first.peer_file = Some(folder.path().join("peers.json"));
    let mut b = Node::start(config(2)).await;
    let mut a = Node::start(first.clone()).await;
    let mut known = b.known();
    known.alias = Some("north".to_owned());
    a.handle.add_peer(known).await.expect("to add a peer");
    a.connected().await;
    b.connected().await;
    assert_eq!(only(&a).alias.as_deref(), Some("north"));
    let own = a.known();
    assert_eq!(a.handle.add_peer(own).await, Err(AddPeerError::Own));

    a.handle.stop().await;
    let mut a = Node::start(first.clone()).await;
    let (key, peer) = a.connected().await;
    assert_eq!(peer.id, b.handle.peer_id());
    assert!(a.handle.remove_peer(peer.id).await);
    assert_eq!(a.disconnected().await, (key, CloseReason::Removed));
    assert!(!a.handle.remove_peer(peer.id).await);
    a.handle.stop().await;
    let a = Node::start(first).await;
    assert_eq!(a.handle.peers(), [], "it stays away");
}

#[tokio::test]
async fn peer_of_another_network_is_not_spoken_to() {
    let mut other = config(2);
    other.network_id = NETWORK + 1;
    let b = Node::start(other).await;
    let mut a = config(1);
    a.known = vec![b.known()];
    let a = Node::start(a).await;
    until("the reason is told", || {
        only(&a)
            .trouble
            .is_some_and(|trouble| trouble.contains("does not gossip on this network"))
    })
    .await;
}

#[tokio::test]
async fn address_of_somebody_else_is_told() {
    let (b, c) = (Node::start(config(2)).await, Node::start(config(3)).await);
    let mut wrong = b.known();
    wrong.address.address = c.address(false).address;
    let mut a = config(1);
    a.known = vec![wrong];
    let a = Node::start(a).await;
    until("the reason is told", || {
        only(&a)
            .trouble
            .is_some_and(|trouble| trouble.contains("belongs to another peer"))
    })
    .await;
    let mut own = c.known();
    own.address.address = a.address(false).address;
    a.handle
        .add_peer(own)
        .await
        .expect("its own address is not noticed yet");
    until("the node notices itself", || {
        a.handle.peers().iter().any(|peer| {
            let trouble = peer.trouble.as_deref().unwrap_or_default();
            trouble.contains("this node itself") || trouble.contains("belongs to another peer")
        })
    })
    .await;
}

#[tokio::test]
async fn peers_of_peers_are_found_and_a_lost_one_is_replaced() {
    let discovery = Some(Discovery {
        peer_count: 1,
        spare_count: 2,
    });
    let mut hub = config(9);
    hub.discovery = discovery;
    hub.limits.unknown_count_max = 8;
    let hub = Node::start(hub).await;
    let mut others = Vec::new();
    for seed in 1..=3 {
        let mut other = config(seed);
        other.known = vec![hub.known()];
        other.discovery = discovery;
        others.push(Node::start(other).await);
    }
    let mut finder = config(4);
    finder.known = vec![hub.known()];
    finder.discovery = discovery;
    let mut finder = Node::start(finder).await;
    let hub_id = hub.handle.peer_id();
    let (key, found) = loop {
        let (key, peer) = finder.connected().await;
        if peer.id != hub_id && peer.direction == Direction::Outbound {
            break (key, peer);
        }
    };
    assert_eq!(found.class, PeerClass::Unknown);
    let lost = others
        .iter()
        .position(|node| node.handle.peer_id() == found.id);
    let lost = others.remove(lost.expect("it is one of them"));
    lost.handle.stop().await;
    let replaced = async {
        let mut is_lost = false;
        loop {
            match finder.events.recv().await.expect("the node runs") {
                NetworkEvent::Disconnected(gone, _) if gone == key => is_lost = true,
                NetworkEvent::Connected(_, peer)
                    if is_lost && peer.direction == Direction::Outbound =>
                {
                    return peer.id;
                }
                _ => {}
            }
        }
    };
    let id = timeout(2 * PATIENCE, replaced).await.expect("in time");
    assert!(id != found.id && id != hub_id);
}
