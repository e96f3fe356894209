//! `tangle node`: a network from its own genesis and keys.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use crate::network::{Network, browse, eventually, failure, get, run, stdout, tangle};

/// A genesis, its milestone keys, a faucet's key and a signing key for tokens.
fn network_files(folder: &Path) {
    let key = stdout(
        folder,
        &["tool", "key", "new", "--out", "faucet.key", "--json"],
    );
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let allocation = format!("{}=1000000000000000", key["bech32"].as_str().expect("text"));
    stdout(
        folder,
        &[
            "tool",
            "genesis",
            "init",
            "--network",
            "real",
            "--hrp",
            "tst",
            "--supply",
            "1000000000000000",
            "--allocate",
            &allocation,
            "--pow-score-min",
            "0",
        ],
    );
    stdout(folder, &["tool", "jwt", "--key", "jwt.key", "--new-key"]);
    let config = r#"
        [rest]
        bind = "127.0.0.1:0"
        mqtt_bind = "127.0.0.1:0"
        [jwt]
        key = { file = "jwt.key" }
        [network]
        enabled = false
        [coordinator]
        keys = [{ file = "keys/milestone-1.key" }, { file = "keys/milestone-2.key" }]
        [faucet]
        key = { file = "faucet.key" }
        bind = "127.0.0.1:0"
    "#;
    std::fs::write(folder.join("tangle.toml"), config).expect("a file");
}

#[test]
fn node_issues_milestones_and_keeps_its_doors() {
    let folder = tempfile::tempdir().expect("a folder");
    network_files(folder.path());
    assert!(stdout(folder.path(), &["config", "check"]).contains('✔'));
    let node = Network::start(folder.path(), &["node"]);
    let url = node.url("node");
    eventually("health", || {
        (get(&format!("{url}/health")).0 == 200).then_some(())
    });
    assert_eq!(
        get(&format!("{url}/api/core/v2/peers")).0,
        400,
        "without a token"
    );
    // The keys of people are no business of a node.
    assert_ne!(get(&format!("{url}/wallet")).0, 200);
    assert!(!browse(&format!("{url}/"), None).text.contains("/wallet"));
    let (_, info) = get(&format!("{url}/api/core/v2/info"));
    assert_eq!(info["protocol"]["networkName"], "real");
    let mqtt = node.url("mqtt").strip_prefix("mqtt://");
    let mut mqtt = TcpStream::connect(mqtt.expect("an address")).expect("it listens");
    mqtt.write_all(b"\x10\x0e\0\x04MQTT\x04\x02\0\x1e\0\x02me")
        .expect("it is sent");
    let mut welcome = [0; 4];
    mqtt.read_exact(&mut welcome).expect("an answer");
    assert_eq!(welcome, [0x20, 2, 0, 0]);
    let hash = node.urls["genesisHash"].clone();
    assert_eq!(node.stop().code(), Some(0));

    let shown = stdout(folder.path(), &["tool", "genesis", "hash", "--json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["hash"], hash);
    // Started again, it goes on.
    let node = Network::start(folder.path(), &["node"]);
    assert!(node.urls["confirmedMilestone"].as_u64() > Some(0));
}

#[test]
fn secrets_that_others_may_read_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    network_files(folder.path());
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    let key = folder.path().join("keys/milestone-1.key");
    std::fs::set_permissions(key, open).expect("it is ours");
    for arguments in [&["node"][..], &["config", "check"]] {
        let (code, text) = failure(folder.path(), arguments);
        assert_eq!(code, 2, "{text}");
        assert!(
            text.contains("E0105") && text.contains("milestone-1"),
            "{text}"
        );
    }
}

#[test]
fn missing_genesis_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, text) = failure(folder.path(), &["node"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("E0104") && text.contains("genesis init"),
        "{text}"
    );
}

#[test]
fn open_door_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    network_files(folder.path());
    let mut node = tangle(folder.path(), &["node", "--bind", "0.0.0.0:0"])
        .env("TANGLE_NODE__REST__MQTT_BIND", "0.0.0.0:0")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it can be run");
    let errors = node.stderr.take().expect("it is piped");
    let lines = BufReader::new(errors).lines().take(2);
    let lines: Vec<String> = lines.map(|line| line.expect("it warns")).collect();
    // It may have ended by itself.
    let _ = node.kill();
    let _ = node.wait();
    for (line, door) in lines.iter().zip(["rest.bind", "rest.mqtt_bind"]) {
        assert!(line.contains(door) && line.contains("reachable"), "{line}");
    }
}

#[test]
fn snapshot_leads_a_follower_and_no_coordinator() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    network_files(path);
    let node = Network::start(path, &["node"]);
    let url = node.url("node").to_owned();
    let confirmed = || {
        let (_, info) = get(&format!("{url}/api/core/v2/info"));
        info["status"]["confirmedMilestone"]["index"].as_u64()
    };
    eventually("milestones", || confirmed().filter(|index| *index >= 2));
    let doctor = doctor_of_the_store(path);
    assert!(doctor.contains("in use"), "{doctor}");
    let (_, text) = failure(path, &["tool", "snapshot", "create"]);
    assert!(
        text.contains("E0112"),
        "a node works with the store: {text}"
    );
    assert!(node.stop().success());

    let doctor = doctor_of_the_store(path);
    assert!(doctor.starts_with("format 2, milestone "), "{doctor}");
    assert!(!doctor.contains("in use"), "{doctor}");
    let create = ["tool", "snapshot", "create", "--out", "full.bin"];
    stdout(path, &create);
    assert_eq!(failure(path, &create).0, 2, "nothing is overwritten");
    let import = ["tool", "snapshot", "import", "full.bin", "--json"];
    std::fs::remove_dir_all(path.join(".tangle")).expect("the data");
    let imported: Value = serde_json::from_str(&stdout(path, &import)).expect("JSON");
    let index = imported["index"].as_str().expect("a text").parse::<u64>();
    let index = index.expect("a number");

    let (_, text) = failure(path, &["node"]);
    assert!(
        text.contains(&format!("milestone {} cannot be issued", index + 1)),
        "{text}"
    );
    assert!(
        text.contains("on its own store"),
        "it says what to do: {text}"
    );
    let follower = "[rest]\nbind = \"127.0.0.1:0\"\n[network]\nenabled = false\n";
    std::fs::write(path.join("tangle.toml"), follower).expect("a file");
    let node = Network::start(path, &["node"]);
    assert_eq!(node.urls["confirmedMilestone"], index);
}

/// What `tangle doctor` says of the store.
fn doctor_of_the_store(folder: &Path) -> String {
    let findings = run(folder, &["doctor", "--json"]).stdout;
    let findings: Value = serde_json::from_slice(&findings).expect("JSON");
    let findings = findings.as_array().expect("a list");
    let store = findings.iter().find(|finding| finding["name"] == "store");
    let text = store.and_then(|store| store["text"].as_str());
    text.expect("the store is among them").to_owned()
}
