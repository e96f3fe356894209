//! `tangle spam`: each kind of block arrives, and becomes what it must.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::network::{Network, browse, eventually, failure, get, stdout, tangle};

fn network(folder: &Path) -> Network {
    Network::start(folder, &["dev", "--ephemeral", "--port", "0"])
}

fn spam(folder: &Path, network: &Network, arguments: &[&str]) -> Value {
    let begin = ["spam", "--json", "--node", network.url("node")];
    let text = stdout(folder, &[&begin[..], arguments].concat());
    serde_json::from_str(&text).expect("one object of JSON")
}

#[test]
fn each_kind_arrives_and_of_a_pair_one_is_included() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = network(folder.path());
    let mix = ["--data", "2", "--value", "2", "--conflicts", "1"];
    let limits = ["--rate", "60", "--blocks", "60", "--seed", "7"];
    let summary = spam(folder.path(), &network, &[&mix[..], &limits].concat());
    assert_eq!(summary["accepted"], 60, "{summary}");
    assert_eq!(summary["data"], 20);
    assert_eq!(summary["value"], 20);
    assert_eq!(summary["conflicts"], 20);
    assert_eq!(summary["refused"], 0);
    let pairs = json!({
        "sent": 10, "decided": 10, "undecided": 0, "noneIncluded": 0, "bothIncluded": 0,
    });
    assert_eq!(summary["pairs"], pairs);
    let sample = &summary["sample"];
    assert!(sample["noTransaction"].as_u64() > Some(0), "{sample}");
    assert!(sample["included"].as_u64() > Some(0), "{sample}");
    assert_eq!(sample["conflicting"], 0);
    assert_eq!(sample["undecided"], 0);
    assert!(sample["inclusionP50Ms"].as_u64() > Some(0), "{sample}");

    // The same seed owns the coins that are there already.
    let again = [
        "--value", "1", "--rate", "0", "--blocks", "20", "--seed", "7",
    ];
    let summary = spam(folder.path(), &network, &again);
    assert_eq!(summary["value"], 20, "{summary}");
    assert_eq!(summary["sample"]["conflicting"], 0, "{summary}");
}

#[test]
fn rate_is_held_and_data_needs_no_faucet() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = network(folder.path());
    let arguments = [
        "--rate",
        "50",
        "--for",
        "2",
        "--faucet",
        "http://127.0.0.1:1",
    ];
    let summary = spam(folder.path(), &network, &arguments);
    let accepted = summary["accepted"].as_u64().expect("a number");
    assert!((80..=101).contains(&accepted), "{summary}");
    assert_eq!(summary["askedRate"], 50.0);

    let url = network.url("node");
    let begin = ["spam", "--node", url, "--faucet", "http://127.0.0.1:1"];
    let (_, text) = failure(folder.path(), &[&begin[..], &["--value", "1"]].concat());
    assert!(text.contains("--faucet URL"), "{text}");
}

#[test]
fn signal_sums_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = network(folder.path());
    let before = network.confirmed();
    let process = tangle(
        folder.path(),
        &[
            "spam",
            "--json",
            "--rate",
            "0",
            "--node",
            network.url("node"),
        ],
    )
    .stdout(Stdio::piped())
    .spawn()
    .expect("it can be run");
    eventually("two milestones", || {
        (network.confirmed() > before + 1).then_some(())
    });
    let pid = process.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill exists").success());
    let output = process.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("one object of JSON");
    assert!(summary["accepted"].as_u64() > Some(0), "{summary}");
    assert_eq!(get(network.url("health")).0, 200);
}

#[test]
fn what_cannot_be_sent_is_refused_with_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, text) = failure(folder.path(), &["spam", "--data", "0"]);
    assert_eq!(code, 2);
    assert!(text.contains("--conflicts"), "{text}");
    let nobody = ["spam", "--node", "http://127.0.0.1:1"];
    let (_, text) = failure(folder.path(), &nobody);
    assert!(text.contains("tangle dev"), "{text}");
    for bad in [
        ["--rate", "-1"],
        ["--size", "40000"],
        ["--connections", "0"],
    ] {
        let (code, _) = failure(folder.path(), &[&["spam"][..], &bad].concat());
        assert_eq!(code, 2, "{bad:?}");
    }
}

#[test]
fn page_of_a_dev_network_sends_a_load_that_ends_in_time_or_with_the_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = network(folder.path());
    let load = format!("{}/load", network.url("node"));
    let start = |seconds: u32| {
        let mix = "data=2&value=2&conflicts=1&size=10&tag=page";
        let form = format!("rate=50&seconds={seconds}&{mix}");
        browse(&load, Some(&form)).status
    };
    let shows = |text: &str| {
        let page = browse(&load, None);
        (page.status == 200 && page.text.contains(text)).then_some(page.text)
    };
    assert_eq!(start(2), 303);
    assert_eq!(start(2), 409, "one goes on");
    let page = eventually("the end of the load", || shows("It has ended"));
    for part in ["0 conflicting, 0 undecided", "have one transfer included"] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    assert_eq!(start(600), 303);
    eventually("the first pair", || shows("have one transfer included"));
    assert!(network.stop().success());
}
