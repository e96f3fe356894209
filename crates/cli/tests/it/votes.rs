//! Votes of the wallet, with a node that follows an event.
//!
//! Between wallet and node stands a stand-in for the node's interface of participation: it knows
//! one event, and for each output that it is asked about, what the output's metadata says. All else
//! goes on to the node.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use tangle_types::Codec;
use tangle_types::json::ParticipationEventJson;
use tangle_types::participation::{ParticipationEvent, Participations};

use crate::network::{Network, get, run};

/// An interface of participation in front of a node.
pub(crate) struct Voting {
    /// Where it listens.
    pub(crate) url: String,
    /// The id of its event.
    pub(crate) event: String,
}

impl Voting {
    /// Starts it in front of the node at `node`; it ends with the process.
    pub(crate) fn start(node: &str) -> Self {
        let event = event();
        let json: ParticipationEventJson = serde_json::from_value(event.clone()).expect("JSON");
        let id = ParticipationEvent::try_from(json)
            .expect("an event")
            .id()
            .to_string();
        let url = listen(node, event, id.clone());
        Self { url, event: id }
    }
}

/// Listens in front of a node, until the process ends; where, is what comes back. Without an event
/// it refuses as a node that has no such path.
fn listen(node: &str, event: Value, id: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let node = node.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (node, event, id) = (node.clone(), event.clone(), id.clone());
            std::thread::spawn(move || serve(stream, &node, &event, &id));
        }
    });
    format!("http://{address}")
}

/// An event with two questions.
pub(crate) fn event() -> Value {
    let answers = |first: &str| {
        json!([
            { "value": 1, "text": first, "additionalInfo": "" },
            { "value": 2, "text": "tea", "additionalInfo": "green or black" },
        ])
    };
    json!({
        "name": "Kitchen",
        "milestoneIndexCommence": 10,
        "milestoneIndexStart": 20,
        "milestoneIndexEnd": 1_000_000,
        "payload": {
            "type": 0,
            "questions": [
                { "text": "What do we drink?", "answers": answers("coffee"),
                  "additionalInfo": "In the morning." },
                { "text": "And later?", "answers": answers("water"), "additionalInfo": "" },
            ],
        },
        "additionalInfo": "About the machine that we buy.",
    })
}

/// Answers one request, or passes it on. Each has a connection of its own, so that none for this
/// interface comes behind one for the node.
fn serve(mut stream: TcpStream, node: &str, event: &Value, id: &str) {
    let Some((head, body)) = request(&mut stream) else {
        return;
    };
    let path = head.split(' ').nth(1).unwrap_or_default();
    let Some(path) = path.strip_prefix("/api/participation/v1/") else {
        pass_on(stream, node, &head, &body);
        return;
    };
    let (status, body) = match answer(path, node, event, id) {
        Some(body) => ("200 OK", body.to_string()),
        // Other paths need a token, and nothing says that this one does not exist.
        None if event.is_null() => ("400 Bad Request", String::new()),
        None => (
            "404 Not Found",
            json!({ "error": { "message": "not found" } }).to_string(),
        ),
    };
    // The wallet goes away as it likes.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// Head and body of a request.
fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end + 2].to_vec()).ok()?;
            let mut lines = head.lines().map(str::to_ascii_lowercase);
            let length = lines.find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let length: usize = length.unwrap_or_default();
            let mut body = bytes[end + 4..].to_vec();
            let read = body.len();
            body.resize(length.max(read), 0);
            stream.read_exact(&mut body[read..]).ok()?;
            return Some((head, body));
        }
        match stream.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

/// Asks the node, and gives back what it says.
fn pass_on(mut stream: TcpStream, node: &str, head: &str, body: &[u8]) {
    let host = node.strip_prefix("http://").expect("plain HTTP");
    let Ok(mut target) = TcpStream::connect(host) else {
        return;
    };
    let asked = write!(target, "{head}Connection: close\r\n\r\n")
        .and_then(|()| target.write_all(body))
        .and_then(|()| std::io::copy(&mut target, &mut stream));
    // Whoever is gone needs nothing more.
    drop(asked);
}

fn answer(path: &str, node: &str, event: &Value, id: &str) -> Option<Value> {
    if event.is_null() {
        return None;
    }
    if path == "events" {
        return Some(json!({ "eventIds": [id] }));
    }
    if path == format!("events/{id}") {
        return Some(event.clone());
    }
    if path == format!("events/{id}/status") {
        let votes = |value: u8| json!({ "value": value, "current": 7, "accumulated": 700 });
        let answers = json!({ "answers": [votes(1), votes(2), votes(0), votes(255)] });
        return Some(json!({
            "milestoneIndex": 100, "status": "holding", "questions": [answers, answers],
            "checksum": format!("0x{}", "00".repeat(32)),
        }));
    }
    let output = path.strip_prefix("outputs/")?;
    let (_, found) = get(&format!("{node}/api/core/v2/outputs/{output}"));
    let features = found["output"]["features"].as_array()?;
    let metadata = features.iter().find(|feature| feature["type"] == 2)?["data"].as_str()?;
    let said = hex::decode(metadata.strip_prefix("0x")?).ok()?;
    let parts = Participations::from_bytes(&said).ok()?;
    let amount: u64 = found["output"]["amount"].as_str()?.parse().ok()?;
    let parts = parts.0.iter().map(|part| {
        let tracked = json!({
            "blockId": found["metadata"]["blockId"], "amount": amount,
            "startMilestoneIndex": found["metadata"]["milestoneIndexBooked"],
            "endMilestoneIndex": found["metadata"]["milestoneIndexSpent"].as_u64().unwrap_or(0),
            "answers": part.answers,
        });
        (part.event_id.to_string(), tracked)
    });
    Some(json!({ "participations": parts.collect::<serde_json::Map<_, _>>() }))
}

#[test]
fn votes_are_one_output_that_nothing_else_spends() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let voting = Voting::start(network.url("node"));
    let wallet = |arguments: &[&str]| {
        let before = ["wallet", "--dir", "w", "--json", "--node", &voting.url];
        let output = run(folder.path(), &[&before[..], arguments].concat());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let value: Value = serde_json::from_str(text.lines().last().unwrap_or("null"))
            .unwrap_or_else(|error| panic!("{arguments:?}: {text}: {error}"));
        assert!(value["error"].is_null(), "{arguments:?}: {value}");
        value
    };
    wallet(&["init", "--dev"]);
    wallet(&["increase-voting-power", "25TST"]);
    let voted = wallet(&["vote", &voting.event, "1", "0"]);
    let outputs = voted["outputs"].as_array().expect("a list");
    assert_eq!(outputs.len(), 1, "only so is a vote counted");
    let id = outputs[0]["outputId"].as_str().expect("an id");
    let overview = wallet(&["participation-overview"]);
    let tracked = &overview["participations"][&voting.event][id];
    assert_eq!(tracked["answers"], json!([1, 0]), "{overview}");
    assert_eq!(tracked["amount"], 25_000_000);
    wallet(&["send", "bob", "5TST"]);
    let balance = wallet(&["balance"]);
    assert_eq!(balance["voting"], "25000000");
    let all = wallet(&["outputs"]);
    let standing = all
        .as_array()
        .expect("a list")
        .iter()
        .find(|row| row["outputId"] == id);
    assert_eq!(standing.expect("it is there")["standing"], "voting");
    wallet(&["decrease-voting-power", "5TST"]);
    assert_eq!(wallet(&["vote"])["outputs"][0]["amount"], "20000000");
    wallet(&["stop-participating", &voting.event]);
    assert_eq!(wallet(&["voting-power"])["votingPower"], "20000000");
}

#[test]
fn a_node_without_the_interface_is_told_and_coins_are_kept_apart_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let url = listen(network.url("node"), Value::Null, String::new());
    let wallet = |arguments: &[&str]| {
        let before = ["wallet", "--dir", "w", "--node", &url];
        let output = run(folder.path(), &[&before[..], arguments].concat());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(wallet(&["init", "--dev"]), "");
    let nothing = format!("0x{}", "11".repeat(32));
    for arguments in [&["vote", &nothing, "1"][..], &["participation-overview"]] {
        let text = wallet(arguments);
        assert!(text.contains("it has no interface for voting"), "{text}");
    }
    assert_eq!(wallet(&["increase-voting-power", "25TST"]), "");
    assert_eq!(wallet(&["decrease-voting-power", "25TST"]), "");
}
