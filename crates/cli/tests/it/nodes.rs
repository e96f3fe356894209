//! `tangle dev --nodes`: several nodes that talk over loopback, near and far.

use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use crate::network::{Network, eventually, failure, get, post};

/// The REST interface of a node, by its number.
fn rest(network: &Network, number: usize) -> &str {
    let rest = network.urls["nodes"][number - 1]["rest"].as_str();
    rest.unwrap_or_else(|| panic!("no node {number} in {}", network.urls))
}

/// Puts data on the Tangle at a node, which fills in what is missing.
fn put(network: &Network, number: usize) -> String {
    let payload = json!({ "type": 5, "tag": "0x6e6f6465", "data": "0x" });
    let block = json!({ "protocolVersion": 2, "payload": payload });
    let (status, answer) = post(&format!("{}/blocks", rest(network, number)), &block);
    assert_eq!(status, 201, "{answer}");
    answer["blockId"].as_str().expect("an id").to_owned()
}

/// Waits until a node knows the milestone that references a block.
fn referenced(network: &Network, number: usize, id: &str) -> u64 {
    let metadata = format!("{}/blocks/{id}/metadata", rest(network, number));
    eventually(&format!("{id} is final at node {number}"), || {
        get(&metadata).1["referencedByMilestoneIndex"].as_u64()
    })
}

fn peers(network: &Network, number: usize) -> Vec<Value> {
    let (_, peers) = get(&format!("{}/peers", rest(network, number)));
    let connected = |peer: &&Value| peer["connected"] == true;
    let peers = peers.as_array().expect("a list").iter();
    peers.filter(connected).cloned().collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn block_posted_to_node_1_is_included_on_node_3_and_back() {
    let folder = folder();
    let network = Network::start(
        folder.path(),
        &["dev", "--nodes", "4", "--ephemeral", "--port", "0"],
    );
    assert_eq!(network.urls["nodes"].as_array().map(Vec::len), Some(4));
    for number in 1..=4 {
        assert_eq!(peers(&network, number).len(), 3, "all know all others");
    }
    let id = put(&network, 1);
    let index = referenced(&network, 3, &id);
    assert_eq!(referenced(&network, 1, &id), index);
    let id = put(&network, 3);
    assert_eq!(referenced(&network, 1, &id), referenced(&network, 4, &id));
    assert_eq!(network.stop().code(), Some(0));
}

#[test]
fn far_nodes_in_a_line_agree_though_messages_are_lost() {
    let folder = folder();
    let far = "[dev]\nnodes = 4\ntopology = \"line\"\nlatency = \"20ms..80ms\"\nloss = 5.0\n";
    std::fs::write(folder.path().join("far.toml"), far).expect("a file");
    let ephemeral = ["dev", "--ephemeral", "--port", "0", "--config", "far.toml"];
    let network = Network::start(folder.path(), &ephemeral);
    let links = network.urls["links"].clone();
    let ends: Vec<_> = (0..3).map(|link| links[link]["nodes"].clone()).collect();
    assert_eq!(ends, [json!([1, 2]), json!([2, 3]), json!([3, 4])]);
    for link in links.as_array().expect("a list") {
        let latency = link["latencyMs"].as_f64().expect("a number");
        assert!((20.0..=80.0).contains(&latency), "{link}");
    }
    assert_eq!(peers(&network, 4).len(), 1, "only node 3");
    // To the node that issues milestones: a block that is lost on its way there, and that nothing
    // approves, is asked for by nobody.
    let ids: Vec<_> = (0..40).map(|_| put(&network, 1)).collect();
    for id in &ids {
        let indexes: Vec<_> = (1..=4).map(|n| referenced(&network, n, id)).collect();
        assert!(
            indexes.iter().all(|index| *index == indexes[0]),
            "{id}: {indexes:?}"
        );
    }
    drop(network);
    // The same seed puts the nodes as far apart again, under the same names.
    let again = Network::start(folder.path(), &ephemeral);
    assert_eq!(again.urls["links"], links);
}

#[test]
fn nodes_go_on_where_they_were_more_and_fewer_of_them() {
    let folder = folder();
    let path = folder.path();
    let start = |more: &[&str]| Network::start(path, &[&["dev", "--port", "0"][..], more].concat());
    let network = start(&[]);
    let first = put(&network, 1);
    referenced(&network, 1, &first);
    assert!(network.stop().success());

    let network = start(&["--nodes", "3"]);
    referenced(&network, 3, &first);
    let second = put(&network, 2);
    let index = referenced(&network, 3, &second);
    let identity = |network: &Network| network.urls["nodes"][2]["peerId"].clone();
    let id_before = identity(&network);
    assert!(network.stop().success());

    let network = start(&["--nodes", "3"]);
    assert_eq!(referenced(&network, 3, &second), index);
    assert_eq!(identity(&network), id_before);
    let third = put(&network, 3);
    referenced(&network, 1, &third);
    assert!(network.stop().success());

    let network = start(&[]);
    referenced(&network, 1, &third);
    assert!(network.stop().success());

    let store = Path::new(".tangle/dev/node-3/store");
    assert!(path.join(store).exists());
    let network = start(&["--reset"]);
    assert_eq!(get(&format!("{}/blocks/{first}", rest(&network, 1))).0, 404);
    assert!(!path.join(".tangle/dev/node-3").exists());
}

#[test]
fn taken_port_of_a_later_node_is_explained() {
    let folder = folder();
    let (holder, first) = (0..100)
        .find_map(|_| {
            let holder = TcpListener::bind("127.0.0.1:0").ok()?;
            let first = holder.local_addr().ok()?.port().checked_sub(1)?;
            TcpListener::bind(("127.0.0.1", first)).ok()?;
            Some((holder, first))
        })
        .expect("two free ports in a row");
    let taken = holder.local_addr().expect("it listens").port();
    let arguments = [
        "dev",
        "--nodes",
        "3",
        "--no-faucet",
        "--port",
        &first.to_string(),
    ];
    let (code, text) = failure(folder.path(), &arguments);
    assert_eq!(code, 3, "{text}");
    for part in [
        "E0107",
        &taken.to_string(),
        "node 2 of 3",
        "--nodes 3 --port 0",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(
        !folder.path().join(".tangle").exists(),
        "nothing was touched"
    );
}

#[test]
fn what_no_network_can_be_is_refused_with_what_can() {
    let folder = folder();
    for (flag, value, help) in [
        ("--nodes", "0", "1..=32"),
        ("--nodes", "33", "1..=32"),
        ("--topology", "mesh", "full, ring, line, star, random"),
        ("--latency", "80ms..20ms", "begins after its end"),
        ("--latency", "50", "such as 50ms"),
        ("--loss", "60%", "0 to 50 per cent"),
    ] {
        let (code, text) = failure(folder.path(), &["dev", flag, value]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(help), "{help} is missing in {text}");
    }
    std::fs::write(folder.path().join("many.toml"), "[dev]\nnodes = 40\n").expect("a file");
    let (code, text) = failure(folder.path(), &["dev", "--config", "many.toml"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("E0103") && text.contains("1 to 32"), "{text}");
    let many = ["dev", "--nodes", "32", "--port", "65530", "--no-faucet"];
    let (code, text) = failure(folder.path(), &many);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--port 0"), "{text}");
}

#[test]
fn one_node_has_no_peers() {
    let folder = folder();
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let nodes = network.urls["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0]["node"], network.urls["node"]);
    assert_eq!(nodes[0]["peerId"], Value::Null);
    assert_eq!(network.urls["links"], json!([]));
    assert!(peers(&network, 1).is_empty());
}
