//! Events: what subscribers are told, over MQTT and as server-sent events, and how those are let
//! go that do not keep to the rules.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use tangle_api::{EventLimits, Limits};
use tangle_types::{BlockId, Codec, DraftBlock, Output, Payload, TaggedData};

use crate::harness::{Client, address, client, client_alone, draft, eventually, tagged, transfer};
use crate::serving::{Server, quick, rest, server, server_of};

/// A client that speaks MQTT in WebSocket, by the letter.
pub(crate) struct Mqtt {
    stream: TcpStream,
    /// Messages of MQTT that have come, each without the frame of WebSocket.
    pub(crate) head: String,
}

/// A message under a topic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

impl Told {
    /// The message in a packet.
    pub(crate) fn read(packet: &[u8]) -> Self {
        assert_eq!(packet[0], 0x30, "{packet:x?}");
        let head = 1 + packet[1..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
        let topic_length = usize::from(u16::from_be_bytes([packet[head], packet[head + 1]]));
        let (topic, payload) = packet[head + 2..].split_at(topic_length);
        Self {
            topic: String::from_utf8(topic.to_vec()).expect("text"),
            payload: payload.to_vec(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Mqtt {
    /// A connection that has gone over to WebSocket.
    pub(crate) fn open(server: &Server) -> Self {
        let mut stream = server.connect();
        stream
            .write_all(
                b"GET /api/mqtt/v1 HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\n\
                  Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                  Sec-WebSocket-Protocol: mqtt\r\n\r\n",
            )
            .expect("it is sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("text").to_lowercase();
        Self { stream, head }
    }

    /// A client that was let in, and is silent for as long as it likes.
    fn connect(server: &Server) -> Self {
        let mut client = Self::open(server);
        assert!(client.head.starts_with("http/1.1 101"), "{}", client.head);
        client.send(b"\x10\x0e\0\x04MQTT\x04\x02\0\0\0\x02me");
        assert_eq!(client.packet(), b"\x20\x02\0\0");
        client
    }

    fn send(&mut self, packet: &[u8]) {
        self.frame(0x82, packet);
    }

    /// A masked frame; a zero mask leaves the payload as it is.
    fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u16::try_from(payload.len()).expect("a short frame") {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).expect("it is sent");
    }

    /// The next frame: its kind and what it carries.
    fn next(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).expect("a frame");
        assert_eq!(head[0] & 0xf0, 0x80, "it is whole: {head:x?}");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.stream.read_exact(&mut length).expect("a length");
                usize::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.stream.read_exact(&mut length).expect("a length");
                usize::try_from(u64::from_be_bytes(length)).expect("a length in memory")
            }
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).expect("a payload");
        (head[0] & 0x0f, payload)
    }

    /// What the next frame carries, which is of this kind.
    fn frame_of(&mut self, kind: u8) -> Vec<u8> {
        let (found, payload) = self.next();
        assert_eq!(found, kind, "{payload:x?}");
        payload
    }

    fn packet(&mut self) -> Vec<u8> {
        self.frame_of(2)
    }

    /// The next packet that is no message.
    fn answer(&mut self) -> Vec<u8> {
        loop {
            let packet = self.packet();
            if packet[0] != 0x30 {
                return packet;
            }
        }
    }

    /// Why the server ends the connection, after what it still tells.
    fn closing(&mut self) -> u16 {
        loop {
            let (kind, payload) = self.next();
            if kind == 8 {
                assert_eq!(rest(&mut self.stream), "", "nothing follows");
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }

    fn subscribe(&mut self, topics: &[&str]) -> Vec<u8> {
        self.send(&subscription(topics));
        let answer = self.answer();
        assert_eq!(answer[0], 0x90);
        answer[4..].to_vec()
    }

    /// The next message.
    fn told(&mut self) -> Told {
        Told::read(&self.packet())
    }

    /// The next message under this topic; others are passed over.
    fn told_of(&mut self, topic: &str) -> Told {
        let mut passed = Vec::new();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(15) {
            let told = self.told();
            if told.topic == topic {
                return told;
            }
            passed.push(told.topic);
        }
        panic!("{topic} was not told, but {passed:?}");
    }
}

/// The packet that subscribes to topics.
pub(crate) fn subscription(topics: &[&str]) -> Vec<u8> {
    let mut body = vec![0, 9];
    for topic in topics {
        body.extend((topic.len() as u16).to_be_bytes());
        body.extend(topic.as_bytes());
        body.push(1);
    }
    let mut packet = vec![0x82];
    let length = body.len();
    match length {
        0..128 => packet.push(length as u8),
        _ => packet.extend([0x80 | (length & 0x7f) as u8, (length >> 7) as u8]),
    }
    packet.extend(body);
    packet
}

pub(crate) fn events(change: impl FnOnce(&mut EventLimits)) -> Limits {
    let mut limits = quick();
    change(&mut limits.events);
    limits
}

pub(crate) async fn bytes_of(client: &Client, id: &BlockId) -> Vec<u8> {
    let answer = client
        .get_binary(&format!("/api/core/v2/blocks/{id}"))
        .await;
    assert_eq!(answer.status, 200);
    answer.body
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriber_is_told_of_blocks_and_what_becomes_of_them() {
    let server = server(Limits::default()).await;
    let client = client().await;
    let mut mqtt = Mqtt::connect(&server);
    assert!(
        mqtt.head
            .contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=")
    );
    assert!(mqtt.head.contains("sec-websocket-protocol: mqtt"));
    let tagged_topic = format!("blocks/tagged-data/0x{}", hex_of(b"api"));
    let topics = [
        "blocks",
        &tagged_topic,
        "blocks/transaction",
        "blocks/tagged-data/0x00",
    ];
    assert_eq!(mqtt.subscribe(&topics), [0, 0, 0, 0]);

    let id = client.submit(&tagged("events")).await;
    let bytes = bytes_of(&client, &id).await;
    assert_eq!(mqtt.told_of(&tagged_topic).payload, bytes);
    let mut other = Mqtt::connect(&server);
    other.subscribe(&["blocks"]);
    let second = client.submit(&draft(None)).await;
    let expected = bytes_of(&client, &second).await;
    while other.told_of("blocks").payload != expected {}

    // The first answer says how it stands now, the next ones follow as that changes.
    let mut watcher = Mqtt::connect(&server);
    let third = client.submit(&tagged("watched")).await;
    let state_topic = format!("block-metadata/{third}");
    assert_eq!(watcher.subscribe(&[&state_topic]), [0]);
    let mut state = watcher.told_of(&state_topic).json();
    assert_eq!(state["isSolid"], true);
    assert_eq!(state["parents"], state["parentBlockIds"]);
    while state["referencedByMilestoneIndex"].is_null() {
        state = watcher.told_of(&state_topic).json();
    }
    assert_eq!(state["ledgerInclusionState"], "noTransaction");
    assert_eq!(
        client.referenced(&third).await["whiteFlagIndex"],
        state["whiteFlagIndex"]
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriber_is_told_of_milestones() {
    let server = server(Limits::default()).await;
    let mut mqtt = Mqtt::connect(&server);
    let (latest, confirmed) = ("milestone-info/latest", "milestone-info/confirmed");
    mqtt.subscribe(&[latest, confirmed]);
    // One of each is known already.
    let known = [mqtt.told(), mqtt.told()];
    let mut topics: Vec<_> = known.iter().map(|told| told.topic.as_str()).collect();
    topics.sort_unstable();
    assert_eq!(topics, [confirmed, latest]);
    let index = |told: &Told| told.json()["index"].as_u64().expect("an index");
    let next = mqtt.told_of(confirmed).json();
    assert!(next["index"].as_u64() > Some(0));
    let newer = mqtt.told_of(confirmed);
    assert_eq!(index(&newer), next["index"].as_u64().expect("an index") + 1);
    let id = newer.json()["milestoneId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let found = client()
        .await
        .read(&format!("/api/core/v2/milestones/{id}"))
        .await;
    assert_eq!(found["timestamp"], newer.json()["timestamp"]);

    mqtt.subscribe(&["milestones", "block-metadata/referenced", "live"]);
    let payload = mqtt.told_of("milestones").payload;
    let payload = Payload::from_bytes(&payload).expect("a payload");
    assert!(matches!(payload, Payload::Milestone(_)));
    let referenced = mqtt.told_of("block-metadata/referenced").json();
    assert!(referenced["referencedByMilestoneIndex"].is_number());
    for kind in ["solid", "milestone", "rates"] {
        while mqtt.told_of("live").json()["kind"] != kind {}
    }
    // Nothing more comes of what was unsubscribed.
    let mut packet = b"\xa2\0\0\x05".to_vec();
    for topic in [
        "live",
        "milestones",
        "block-metadata/referenced",
        latest,
        confirmed,
    ] {
        packet.extend((topic.len() as u16).to_be_bytes());
        packet.extend(topic.as_bytes());
    }
    packet[1] = (packet.len() - 2) as u8;
    mqtt.send(&packet);
    assert_eq!(mqtt.answer(), b"\xb0\x02\0\x05");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    mqtt.send(b"\xc0\0");
    assert_eq!(mqtt.packet(), b"\xd0\0");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_tells_the_tags_of_data() {
    let server = server(Limits::default()).await;
    let client = client().await;
    let mut mqtt = Mqtt::connect(&server);
    mqtt.subscribe(&["live"]);
    let with_tag = client.submit(&tagged("digest")).await;
    let without = client.submit(&draft(None)).await;
    let mut found = Vec::new();
    while found.len() < 2 {
        let told = mqtt.told_of("live").json();
        let blocks = told["blocks"].as_array().cloned().unwrap_or_default();
        let known = [with_tag.to_string(), without.to_string()];
        found.extend(blocks.into_iter().filter(|block| {
            let id = block["blockId"].as_str();
            id.is_some_and(|id| known.iter().any(|known| known == id))
        }));
    }
    assert_eq!(
        (&found[0]["tag"], &found[1]["tag"]),
        (&"0x617069".into(), &Value::Null)
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriber_is_told_of_outputs_and_transactions() {
    let server = server(Limits::default()).await;
    let client = client().await;
    let mut mqtt = Mqtt::connect(&server);
    let input = client.output_of(0).await;
    let output_topic = format!("outputs/{}", input.0);
    let (sender, receiver) = (address(0).to_bech32("tst"), address(61).to_bech32("tst"));
    let received = format!("outputs/unlock/+/{receiver}");
    let spent = format!("outputs/unlock/address/{sender}/spent");
    let (payload, id) = transfer(0, input, vec![Output::basic(address(61), input.1)]);
    let included = format!("transactions/{id}/included-block");
    assert_eq!(
        mqtt.subscribe(&[&output_topic, &received, &spent, &included]),
        [0, 0, 0, 0]
    );
    let known = mqtt.told();
    assert_eq!(known.topic, output_topic);
    assert_eq!(known.json()["metadata"]["isSpent"], false);

    let block_id = client.submit(&draft(Some(payload))).await;
    let mut open = vec![&output_topic, &received, &spent, &included];
    while !open.is_empty() {
        let told = mqtt.told();
        let position = open.iter().position(|topic| **topic == told.topic);
        let topic = open.remove(position.unwrap_or_else(|| panic!("{told:?}, not {open:?}")));
        if *topic == included {
            assert_eq!(told.payload, bytes_of(&client, &block_id).await);
            continue;
        }
        let metadata = &told.json()["metadata"];
        assert_eq!(metadata["isSpent"], *topic != received, "{topic}");
        // Whoever hears of it finds the same by asking.
        let output = format!(
            "/api/core/v2/outputs/{}{}",
            metadata["transactionId"].as_str().expect("an id"),
            hex_of(&(metadata["outputIndex"].as_u64().expect("an index") as u16).to_le_bytes())
        );
        let found = client.read(&output).await;
        assert_eq!(found["output"], told.json()["output"]);
        assert_eq!(found["metadata"]["isSpent"], metadata["isSpent"]);
    }
    // What has happened already is told at once.
    let mut late = Mqtt::connect(&server);
    late.subscribe(&[&included, &output_topic]);
    assert_eq!(late.told().payload, bytes_of(&client, &block_id).await);
    assert_eq!(late.told().json()["metadata"]["isSpent"], true);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_subscriber_is_let_go_and_holds_up_nobody() {
    check_slow(|server| {
        let mut slow = Mqtt::connect(server);
        slow.subscribe(&["blocks"]);
        slow.stream
    })
    .await;
}

/// Lets a subscriber to all blocks read nothing.
pub(crate) async fn check_slow(subscribe: impl FnOnce(&Server) -> TcpStream) {
    let client = client_alone().await;
    let limits = events(|events| events.queue_bytes_max = 100_000);
    let server = server_of(client.node.clone(), limits).await;
    let mut slow = subscribe(&server);
    let subscribers = || {
        client
            .node
            .event_meter()
            .subscribers
            .load(Ordering::Relaxed)
    };
    assert_eq!(subscribers(), 1);
    let data = vec![7; 30_000];
    let started = Instant::now();
    while subscribers() == 1 {
        assert!(started.elapsed() < Duration::from_secs(60), "it stays");
        client.submit(&large(&data)).await;
    }
    let given_up = client.node.event_meter().given_up.load(Ordering::Relaxed);
    assert_eq!(given_up, 1);
    // The blocks of the test are confirmed as ever.
    let last = client.submit(&draft(None)).await;
    client.referenced(&last).await;
    let mut all = Vec::new();
    if let Err(error) = slow.read_to_end(&mut all) {
        assert_ne!(error.kind(), ErrorKind::WouldBlock, "it stays open");
    }
    server.end().await;
}

fn large(data: &[u8]) -> DraftBlock {
    draft(Some(Payload::TaggedData(TaggedData {
        tag: b"large".to_vec(),
        data: data.to_vec(),
    })))
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_break_the_rules_are_let_go() {
    let limits = events(|events| events.topics_max = 3);
    let server = server(limits).await;
    let closing = |after: &dyn Fn(&mut Mqtt)| {
        let mut client = Mqtt::connect(&server);
        after(&mut client);
        client.closing()
    };
    let (protocol, policy) = (1_002, 1_008);
    assert_eq!(
        closing(&|mqtt| mqtt.send(b"\x30\x05\0\x01abc")),
        protocol,
        "it publishes"
    );
    assert_eq!(closing(&|mqtt| mqtt.send(b"\x82\x02\0\x01")), protocol);
    assert_eq!(
        closing(&|mqtt| mqtt.send(b"\x10\x0e\0\x04MQTT\x04\x02\0\0\0\x02me")),
        protocol
    );
    assert_eq!(
        closing(&|mqtt| mqtt.send(b"\x82\xff\xff\xff\x7f")),
        protocol
    );
    assert_eq!(closing(&|mqtt| mqtt.frame(0x81, b"text")), 1_003);
    assert_eq!(closing(&|mqtt| mqtt.send(b"\xe0\0")), 1_000);
    assert_eq!(closing(&|mqtt| mqtt.frame(0x88, b"\x03\xe8")), 1_000);
    let too_large = |mqtt: &mut Mqtt| {
        let head = [0x82, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 1];
        mqtt.stream.write_all(&head).expect("it is sent");
    };
    assert_eq!(closing(&too_large), 1_009);
    let too_many = |mqtt: &mut Mqtt| {
        assert_eq!(
            mqtt.subscribe(&["live", "no/such/topic", "blocks/#"]),
            [0, 0x80, 0x80]
        );
        mqtt.send(b"\x82\x0f\0\x01\0\x08receipts\0\0\0");
    };
    assert_eq!(
        closing(&too_many),
        protocol,
        "an empty topic with a quality missing"
    );
    let mut many = Mqtt::connect(&server);
    let topics = [
        "receipts",
        "blocks/transaction",
        "receipts",
        "blocks/tagged-data",
    ];
    assert_eq!(many.subscribe(&topics), [0; 4], "one of them twice");
    many.send(b"\x82\x16\0\x01\0\x11tip-score-updates\0");
    assert_eq!(many.closing(), policy, "one topic too many");

    let mut first = Mqtt::open(&server);
    first.send(b"\xc0\0");
    assert_eq!(first.closing(), protocol, "it must introduce itself first");
    let mut five = Mqtt::open(&server);
    five.send(b"\x10\x0f\0\x04MQTT\x05\x02\0\0\0\0\x02me");
    assert_eq!(five.packet(), b"\x20\x03\0\x84\0");
    assert_eq!(five.closing(), protocol);
    let mut plain = server.connect();
    plain
        .write_all(b"GET /api/mqtt/v1 HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        .expect("it is sent");
    assert!(rest(&mut plain).starts_with("HTTP/1.1 400"));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_are_let_go() {
    let mut limits = events(|events| events.idle_timeout = Duration::from_millis(400));
    limits.head_timeout = Duration::from_millis(200);
    let server = server(limits).await;
    let mut stranger = Mqtt::open(&server);
    assert_eq!(stranger.closing(), 1_008);
    // One that promised nothing is asked for a sign of life.
    let mut quiet = Mqtt::connect(&server);
    assert_eq!(quiet.frame_of(9), b"");
    quiet.frame(0x8a, b"");
    assert_eq!(quiet.frame_of(9), b"");
    assert_eq!(quiet.closing(), 1_008);
    // One that promised a sign of life each second has half a second more.
    let mut promised = Mqtt::open(&server);
    promised.send(b"\x10\x0e\0\x04MQTT\x04\x02\0\x01\0\x02me");
    assert_eq!(promised.packet(), b"\x20\x02\0\0");
    let started = Instant::now();
    assert_eq!(promised.closing(), 1_008);
    assert!(started.elapsed() >= Duration::from_millis(1_400));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn number_of_subscribers_is_limited_and_leaves_room_for_requests() {
    let mut limits = events(|events| events.connections_max = 2);
    limits.connections_max = 1;
    let server = server(limits).await;
    let mut first = Mqtt::connect(&server);
    let second = Mqtt::connect(&server);
    let third = Mqtt::open(&server);
    assert!(third.head.starts_with("http/1.1 503"), "{}", third.head);
    drop(third);
    drop(second);
    // A place is free again.
    eventually("a free place", async || {
        let again = Mqtt::open(&server);
        again.head.starts_with("http/1.1 101").then_some(())
    })
    .await;
    first.send(b"\xc0\0");
    assert_eq!(first.packet(), b"\xd0\0");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_to_pages_too() {
    let server = server(quick()).await;
    let mut stream = server.connect();
    let id = client().await.submit(&tagged("page")).await;
    let topics = format!("live,milestone-info/confirmed,block-metadata/{id},blocks");
    let request = format!("GET /api/events/v1?topics={topics} HTTP/1.1\r\nHost: node\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut lines = BufReader::new(stream)
        .lines()
        .map(|line| line.expect("a line"));
    let mut next = |wanted: &str| {
        let event = format!("event: {wanted}");
        lines.find(|line| *line == event).expect("the event comes");
        let data = lines.next().expect("it has data");
        let data = data
            .strip_prefix("data: ")
            .expect("it is named so")
            .to_owned();
        serde_json::from_str::<Value>(&data).expect("it is JSON")
    };
    let state = next(&format!("block-metadata/{id}"));
    assert_eq!(state["blockId"], id.to_string());
    let index = next("milestone-info/confirmed")["index"].as_u64();
    assert!(next("milestone-info/confirmed")["index"].as_u64() > index);
    let block = next("blocks");
    assert!(block["block"]["parents"].is_array() && block["blockId"].is_string());
    assert!(next("live")["kind"].is_string());
    server.end().await;

    let client = client().await;
    for query in ["", "?topics=", "?topics=a", "?topics=live,b", "?topic=live"] {
        client
            .get(&format!("/api/events/v1{query}"))
            .await
            .error(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_ends_although_subscribers_stay() {
    let server = server(quick()).await;
    let mut mqtt = Mqtt::connect(&server);
    mqtt.subscribe(&["receipts"]);
    let mut page = server.connect();
    page.write_all(b"GET /api/events/v1?topics=receipts HTTP/1.1\r\nHost: node\r\n\r\n")
        .expect("it is sent");
    let mut first = [0; 15];
    page.read_exact(&mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let started = Instant::now();
    server.end().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(mqtt.closing(), 1_001);
    assert!(
        rest(&mut page).ends_with("0\r\n\r\n"),
        "the answer is complete"
    );
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
