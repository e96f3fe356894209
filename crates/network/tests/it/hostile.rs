//! Peers that do what no good node does.

use std::time::{Duration, Instant};

use futures::AsyncWriteExt;
use tangle_network::{CloseReason, NetworkEvent};
use tangle_types::gossip::{GossipError, Heartbeat, Message};
use tokio::net::TcpStream;

use crate::harness::{Node, PATIENCE, block, config};
use crate::raw::{Raw, Security, gossip, is_ended, write_until_stuck};

const HEARTBEAT: [u8; 17] = [4, 14, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1];

#[tokio::test]
async fn what_is_no_message_ends_the_conversation_and_bans() {
    let mut node = Node::start(config(1)).await;
    let address = node.address(false);
    let cases: [(&str, &[u8]); 7] = [
        ("a type that does not exist", &[0, 4, 0, 0, 0, 0, 0]),
        ("another one", &[5, 0, 0]),
        ("a block that is too large", &[2, 0x01, 0x80]),
        ("the largest length", &[2, 0xff, 0xff]),
        ("a block that is too short", &[2, 1, 0, 0]),
        ("a heartbeat of another length", &[4, 15, 0]),
        ("text", b"GET / HTTP/1.1\r\n\r\n"),
    ];
    for (number, (what, bytes)) in cases.into_iter().enumerate() {
        let seed = 10 + u8::try_from(number).expect("a few cases");
        let (_raw, mut stream) = gossip(&address, seed).await;
        let (key, _) = node.connected().await;
        stream.write_all(&HEARTBEAT).await.expect("to write");
        stream.write_all(bytes).await.expect("to write");
        stream.flush().await.expect("to write");
        let (gone, reason) = node.disconnected().await;
        assert_eq!(gone, key, "{what}");
        assert!(
            matches!(
                reason,
                CloseReason::Malformed(GossipError::Kind { .. } | GossipError::Length { .. })
            ),
            "{what}: {reason}"
        );
        assert!(is_ended(&mut stream, PATIENCE).await, "{what}");
        if let Some(again) = Raw::connect(&address, seed, Security::Noise).await {
            assert!(again.gossip().await.is_none(), "{what}: it is banned");
        }
    }
}

#[tokio::test]
async fn half_open_connections_do_not_keep_others_out() {
    let mut node = config(1);
    node.limits.pending_count_max = 16;
    node.timing.handshake = Duration::from_millis(700);
    let mut node = Node::start(node).await;
    let address = node.address(false);
    let text = address.address.to_string();
    let port = text
        .rsplit('/')
        .next()
        .expect("a port")
        .parse::<u16>()
        .expect("a port");
    let mut sockets = Vec::new();
    for _ in 0..200 {
        sockets.push(
            TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("a socket"),
        );
    }
    let begin = Instant::now();
    let raw = loop {
        if let Some(raw) = Raw::connect(&address, 2, Security::Noise).await {
            break raw;
        }
        assert!(begin.elapsed() < PATIENCE, "the handshakes time out");
    };
    let _stream = raw.gossip().await.expect("may gossip");
    node.connected().await;
    drop(sockets);
}

#[tokio::test]
async fn half_open_streams_disturb_nobody() {
    let mut node = Node::start(config(1)).await;
    let address = node.address(false);
    let (raw, mut stream) = gossip(&address, 2).await;
    let (key, _) = node.connected().await;
    let mut opened = Vec::new();
    for _ in 0..100 {
        match tokio::time::timeout(Duration::from_millis(100), raw.open()).await {
            Ok(Some(half_open)) => opened.push(half_open),
            Ok(None) | Err(_) => break,
        }
    }
    for half_open in &mut opened {
        // Some of them are reset already.
        let _ = half_open.write_all(b"\x13/multistream/1.0.0\n").await;
    }
    // The hostile peer may lose its connection for that; others are served.
    let _ = stream.write_all(&HEARTBEAT).await;
    let (_honest, mut honest) = gossip(&address, 3).await;
    honest.write_all(&HEARTBEAT).await.expect("to write");
    honest.flush().await.expect("to write");
    loop {
        if let NetworkEvent::Message(sender, Message::Heartbeat(_)) = node.next().await
            && sender != key
        {
            break;
        }
    }
}

#[tokio::test]
async fn who_does_not_read_loses_messages_and_then_the_connection() {
    let mut node = config(1);
    node.timing.write = Duration::from_secs(1);
    node.limits.send_count_max = 100;
    let mut node = Node::start(node).await;
    let (_raw, _stream) = gossip(&node.address(false), 2).await;
    let (key, _) = node.connected().await;
    let message = block(32_768);
    let mut sent = 0;
    let mut most_waiting = 0;
    let begin = Instant::now();
    while node.handle.send(key, message.clone()) || begin.elapsed() < Duration::from_millis(500) {
        sent += 1;
        let peers = node.handle.peers();
        let connection = peers.first().and_then(|peer| peer.connection.as_ref());
        most_waiting = connection.map_or(most_waiting, |now| now.waiting_count.max(most_waiting));
        tokio::time::sleep(Duration::from_micros(200)).await;
        assert!(begin.elapsed() < PATIENCE);
    }
    assert!(
        sent > 100 && most_waiting <= 100,
        "{sent} sent, {most_waiting} waiting"
    );
    let peers = node.handle.peers();
    let connection = peers[0].connection.as_ref().expect("still there");
    assert!(connection.dropped_count > 0);
    let (gone, reason) = node.disconnected().await;
    assert_eq!(gone, key);
    assert_eq!(reason, CloseReason::WriteTimeout(Duration::from_secs(1)));
}

#[tokio::test]
async fn flood_that_nobody_reads_is_stopped_at_its_source() {
    let node = Node::start(config(1)).await;
    let (_raw, mut stream) = gossip(&node.address(false), 2).await;
    let mut flood = Vec::new();
    block(32_768).write(&mut flood);
    let written = write_until_stuck(&mut stream, &flood, 64 << 20).await;
    // The lane (512 KiB), the window of the stream (256 KiB), the sockets and what the sender
    // itself holds back.
    assert!(written < 16 << 20, "{written} bytes were taken");
}

#[tokio::test]
async fn flood_leaves_honest_peers_their_share() {
    let mut node = Node::start(config(1)).await;
    let address = node.address(false);
    let (_flooder, mut flooding) = gossip(&address, 2).await;
    let (flooder, _) = node.connected().await;
    let (_honest, mut honest) = gossip(&address, 3).await;
    let (friend, _) = node.connected().await;
    let flood = tokio::spawn(async move {
        let mut bytes = Vec::new();
        block(32_768).write(&mut bytes);
        while flooding.write_all(&bytes).await.is_ok() {}
    });
    let speech = tokio::spawn(async move {
        let mut bytes = Vec::new();
        block(1_000).write(&mut bytes);
        for _ in 0..400 {
            honest.write_all(&bytes).await.expect("to write");
            honest.flush().await.expect("to write");
        }
        honest
    });
    // A reader that is the bottleneck: 2,000 messages a second at most.
    let (mut said, mut flooded) = (0, 0);
    while said < 400 {
        match node.next().await {
            NetworkEvent::Message(key, _) if key == friend => said += 1,
            NetworkEvent::Message(key, _) if key == flooder => flooded += 1,
            _ => {}
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    assert!(
        flooded < 2_000,
        "{flooded} messages of the flood went first"
    );
    flood.abort();
    drop(speech.await.expect("no panic"));
}

#[tokio::test]
async fn silence_and_missing_heartbeats_end_the_conversation() {
    let mut short = config(1);
    short.timing.read = Duration::from_millis(600);
    short.timing.heartbeat = Duration::from_millis(1_500);
    let mut node = Node::start(short).await;
    let address = node.address(false);
    let (_raw, _silent) = gossip(&address, 2).await;
    let reason = node.disconnected().await.1;
    assert_eq!(reason, CloseReason::ReadTimeout(Duration::from_millis(600)));

    let (_raw, mut trickle) = gossip(&address, 3).await;
    trickle.write_all(&[4, 14, 0, 1]).await.expect("to write");
    trickle.flush().await.expect("to write");
    let reason = node.disconnected().await.1;
    assert_eq!(reason, CloseReason::ReadTimeout(Duration::from_millis(600)));

    let (_raw, mut talkative) = gossip(&address, 4).await;
    let request = [1, 4, 0, 0, 0, 0, 0];
    let talking = tokio::spawn(async move {
        for _ in 0..50 {
            let sent = talkative.write_all(&request).await;
            if sent.is_err() || talkative.flush().await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let reason = node.disconnected().await.1;
    assert_eq!(
        reason,
        CloseReason::NoHeartbeat(Duration::from_millis(1_500))
    );
    talking.abort();
}

#[tokio::test]
async fn who_never_says_anything_has_to_go_soon_and_is_kept_out_for_a_while() {
    let mut short = config(1);
    short.timing.greeting = Duration::from_millis(400);
    short.timing.mute_ban = Duration::from_millis(1_500);
    let mut node = Node::start(short).await;
    let address = node.address(false);
    let (_polite, mut polite) = gossip(&address, 3).await;
    let (friend, _) = node.connected().await;
    polite.write_all(&HEARTBEAT).await.expect("to write");
    polite.flush().await.expect("to write");
    assert_eq!(node.message().await.0, friend);

    let (_raw, mut mute) = gossip(&address, 2).await;
    let (key, _) = node.connected().await;
    // Less than a message is nothing.
    mute.write_all(&HEARTBEAT[..2]).await.expect("to write");
    mute.flush().await.expect("to write");
    let (gone, reason) = node.disconnected().await;
    assert_eq!(gone, key, "who has said something may be silent for longer");
    assert_eq!(reason, CloseReason::NoGreeting(Duration::from_millis(400)));
    if let Some(again) = Raw::connect(&address, 2, Security::Noise).await {
        assert!(again.gossip().await.is_none(), "it is banned");
    }
    let begin = Instant::now();
    loop {
        if let Some(again) = Raw::connect(&address, 2, Security::Noise).await
            && again.gossip().await.is_some()
        {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "the ban ends");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn heartbeats_keep_the_conversation() {
    let mut short = config(1);
    short.timing.heartbeat = Duration::from_millis(700);
    let mut node = Node::start(short).await;
    let (_raw, mut stream) = gossip(&node.address(false), 2).await;
    let (key, _) = node.connected().await;
    for _ in 0..8 {
        stream.write_all(&HEARTBEAT).await.expect("to write");
        stream.flush().await.expect("to write");
        let (sender, message) = node.message().await;
        assert_eq!(sender, key);
        let expected = Heartbeat {
            solid_index: tangle_types::MilestoneIndex(1),
            latest_index: tangle_types::MilestoneIndex(1),
            connected_peers: 1,
            synced_peers: 1,
            ..Heartbeat::default()
        };
        assert_eq!(message, Message::Heartbeat(expected));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
