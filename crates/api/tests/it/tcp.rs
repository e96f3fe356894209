//! MQTT over TCP: what is told over WebSocket too, without HTTP around it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tangle_api::{Auth, Limits};

use crate::events::{Mqtt, Told, bytes_of, check_slow, events, subscription};
use crate::harness::{client, draft, eventually, tagged};
use crate::operator::{token, tokens};
use crate::serving::{Server, guarded_server, server};

/// CONNECT with a keep-alive of so many seconds.
fn introduction(keep_alive_s: u8) -> [u8; 16] {
    let mut packet = *b"\x10\x0e\0\x04MQTT\x04\x02\0\0\0\x02me";
    packet[11] = keep_alive_s;
    packet
}

/// CONNECT with a password.
fn with_password(password: &str) -> Vec<u8> {
    let mut body = b"\0\x04MQTT\x04\xc2\0\0\0\x02me\0\x04user".to_vec();
    body.extend((password.len() as u16).to_be_bytes());
    body.extend(password.as_bytes());
    let length = body.len();
    let head = [0x10, 0x80 | (length & 0x7f) as u8, (length >> 7) as u8];
    [&head[..], &body].concat()
}

/// A client that speaks MQTT, by the letter.
struct Plain(TcpStream);

impl Plain {
    /// A client that was let in.
    fn connect(server: &Server) -> Self {
        let mut client = Self(server.connect_mqtt());
        client.send(&introduction(0));
        assert_eq!(client.packet(), b"\x20\x02\0\0");
        client
    }

    fn send(&mut self, packet: &[u8]) {
        self.0.write_all(packet).expect("it is sent");
    }

    /// The next packet.
    fn packet(&mut self) -> Vec<u8> {
        let mut packet = vec![self.byte()];
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte();
            packet.push(byte);
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        let head_length = packet.len();
        packet.resize(head_length + length, 0);
        let body = &mut packet[head_length..];
        self.0.read_exact(body).expect("the rest of a packet");
        packet
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("a packet");
        byte[0]
    }

    fn subscribe(&mut self, topics: &[&str]) {
        self.send(&subscription(topics));
        loop {
            let packet = self.packet();
            if packet[0] == 0x90 {
                assert_eq!(packet[4..], vec![0; topics.len()]);
                return;
            }
        }
    }

    /// The next message under this topic; others are passed over.
    fn told_of(&mut self, topic: &str) -> Told {
        loop {
            let told = Told::read(&self.packet());
            if told.topic == topic {
                return told;
            }
        }
    }

    /// What comes until the server ends the connection.
    fn last_words(&mut self) -> Vec<u8> {
        let mut words = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut words) {
            // What the client sent was not all read.
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{words:x?}");
        }
        words
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_told_without_web_socket() {
    let server = server(Limits::default()).await;
    let client = client().await;
    let known = client.submit(&draft(None)).await;
    let mut mqtt = Plain::connect(&server);
    let state = format!("block-metadata/{known}");
    let confirmed = "milestone-info/confirmed";
    mqtt.subscribe(&[&state, confirmed]);
    // What is known is told at once.
    assert_eq!(mqtt.told_of(&state).json()["blockId"], known.to_string());
    let index = mqtt.told_of(confirmed).json()["index"].as_u64();
    assert!(mqtt.told_of(confirmed).json()["index"].as_u64() > index);

    let by_tag = "blocks/tagged-data/0x617069";
    mqtt.subscribe(&[by_tag]);
    let id = client.submit(&tagged("plain")).await;
    let bytes = bytes_of(&client, &id).await;
    while mqtt.told_of(by_tag).payload != bytes {}
    mqtt.send(b"\xc0\0");
    while mqtt.packet() != b"\xd0\0" {}
    mqtt.send(b"\xe0\0");
    mqtt.last_words();

    let mut last = Plain::connect(&server);
    server.end().await;
    assert_eq!(last.last_words(), b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_shared_with_web_socket() {
    let server = server(events(|events| events.connections_max = 2)).await;
    let first = Plain::connect(&server);
    let second = Mqtt::open(&server);
    assert!(second.head.starts_with("http/1.1 101"), "{}", second.head);
    assert!(Mqtt::open(&server).head.starts_with("http/1.1 503"));
    assert_eq!(Plain(server.connect_mqtt()).last_words(), b"");
    drop(first);
    eventually("a free place", async || {
        let again = Mqtt::open(&server);
        again.head.starts_with("http/1.1 101").then_some(())
    })
    .await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_break_the_rules_are_let_go_without_a_word() {
    let server = server(Limits::default()).await;
    for wrong in [&b"\xc0\0"[..], b"\x10\xff\xff\xff\x7f"] {
        let mut client = Plain(server.connect_mqtt());
        client.send(wrong);
        assert_eq!(client.last_words(), b"", "{wrong:x?}");
    }
    for wrong in [&b"\x30\x05\0\x01abc"[..], &introduction(0)] {
        let mut client = Plain::connect(&server);
        client.send(wrong);
        assert_eq!(client.last_words(), b"", "{wrong:x?}");
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_to_say_something_is_limited() {
    let mut limits = events(|events| events.idle_timeout = Duration::from_secs(3));
    limits.head_timeout = Duration::from_millis(500);
    let server = server(limits).await;
    // Single bytes win no time.
    let mut stranger = server.connect_mqtt();
    let pause = stranger.set_read_timeout(Some(Duration::from_millis(100)));
    pause.expect("a time limit");
    let is_let_go = introduction(0)[..15].iter().any(|byte| {
        let is_open = stranger.write_all(&[*byte]).is_ok();
        let heard = stranger.read(&mut [0]).map_err(|error| error.kind());
        !is_open || heard != Err(ErrorKind::WouldBlock)
    });
    assert!(is_let_go);
    let mut promised = Plain(server.connect_mqtt());
    promised.send(&introduction(1));
    assert_eq!(promised.packet(), b"\x20\x02\0\0");
    assert_eq!(promised.last_words(), b"");
    // Who promised nothing stays for as long as there is something to tell.
    let confirmed = "milestone-info/confirmed";
    let mut quiet = Plain::connect(&server);
    quiet.subscribe(&[confirmed]);
    for _ in 0..5 {
        quiet.told_of(confirmed);
    }
    let mut packet = b"\xa2\x1c\0\x05\0\x18".to_vec();
    packet.extend(confirmed.as_bytes());
    quiet.send(&packet);
    while quiet.packet() != b"\xb0\x02\0\x05" {}
    assert_eq!(quiet.last_words(), b"");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_client_is_let_go() {
    check_slow(|server| {
        let mut slow = Plain::connect(server);
        slow.subscribe(&["blocks"]);
        slow.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn token_is_the_password_where_the_path_needs_one() {
    let node = client().await.node;
    let answer = |server: &Server, introduction: &[u8]| {
        let mut client = Plain(server.connect_mqtt());
        client.send(introduction);
        client.packet()[3]
    };
    let (good, refused) = (with_password(&token()), 5);
    let auth = Auth::new(&["/health"], &["/api/*"], Some(tokens("5a")));
    let server = guarded_server(node.clone(), Limits::default(), auth).await;
    assert_eq!(answer(&server, &good), 0);
    for wrong in [&introduction(0)[..], &with_password("a.b.c")] {
        assert_eq!(answer(&server, wrong), refused);
    }
    server.end().await;
    // What is closed is closed to everybody.
    let closed = Auth::new(&["/health"], &["/api/core/*"], Some(tokens("5a")));
    let server = guarded_server(node, Limits::default(), closed).await;
    assert_eq!(answer(&server, &good), refused);
    server.end().await;
}
