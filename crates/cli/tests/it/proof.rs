//! Proofs of inclusion, from a node and without one.

use std::path::Path;

use serde_json::{Value, json};

use crate::network::{Network, eventually, failure, post, run, stdout};

/// What `tangle proof verify` says of a file.
fn verify(folder: &Path, file: &str) -> Value {
    let arguments = [
        "proof",
        "verify",
        file,
        "--genesis",
        "dev/genesis.toml",
        "--json",
    ];
    let output = run(folder, &arguments);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn proof_is_checked_without_a_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let network = Network::start(path, &["dev", "--data", "dev", "--port", "0"]);
    let node = network.url("node");
    let payload = json!({ "type": 5, "tag": "0x00", "data": "0x01" });
    let block = json!({ "protocolVersion": 2, "payload": payload });
    let (status, answer) = post(&format!("{node}/api/core/v2/blocks"), &block);
    assert_eq!(status, 201, "{answer}");
    let id = answer["blockId"].as_str().expect("an id").to_owned();
    let create = [
        "proof",
        "create",
        &id,
        "--node",
        node,
        "--out",
        "proof.json",
    ];
    eventually("a proof", || {
        run(path, &create).status.success().then_some(())
    });
    assert_eq!(failure(path, &create).0, 2, "nothing is overwritten");
    let printed = stdout(path, &["proof", "create", &id, "--node", node]);
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    let validate = format!("{node}/api/poi/v1/validate");
    assert_eq!(post(&validate, &printed).1["valid"], true);
    let mut forged = printed.clone();
    forged["milestone"]["timestamp"] = 1.into();
    assert_eq!(post(&validate, &forged).1["valid"], false);
    let nothing = [
        "proof",
        "create",
        &format!("0x{}", "00".repeat(32)),
        "--node",
        node,
    ];
    let (_, text) = failure(path, &nothing);
    assert!(text.contains("E0150"), "{text}");
    assert!(network.stop().success());

    assert_eq!(verify(path, "proof.json")["block"], id.as_str());
    std::fs::write(path.join("forged.json"), forged.to_string()).expect("a file");
    assert_eq!(verify(path, "forged.json")["error"]["code"], "E0150");
    std::fs::write(path.join("no.json"), "{}").expect("a file");
    assert_eq!(verify(path, "no.json")["error"]["code"], "E0140");
    let stranger = "11".repeat(32);
    let (_, text) = failure(path, &["proof", "verify", "proof.json", "--key", &stranger]);
    assert!(text.contains("does not hold"), "{text}");
}
