//! Small commands: help, tools, doctor.

use serde_json::Value;

use crate::network::{Network, failure, run, stdout};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn json(folder: &tempfile::TempDir, arguments: &[&str]) -> Value {
    let text = stdout(folder.path(), &[arguments, &["--json"]].concat());
    serde_json::from_str(&text).expect("it prints JSON")
}

#[test]
fn help_names_every_command() {
    let folder = folder();
    let text = stdout(folder.path(), &["--help"]);
    for command in [
        "dev",
        "node",
        "tool",
        "bench",
        "status",
        "doctor",
        "config",
        "completions",
        "help",
    ] {
        assert!(
            text.contains(&format!("\n  {command} ")),
            "{command}: {text}"
        );
    }
    assert!(!text.contains("docs"), "it is for us only");
    assert_eq!(failure(folder.path(), &["nodee"]).0, 2);
    assert!(failure(folder.path(), &["nodee"]).1.contains("'node'"));
}

#[test]
fn error_codes_and_commands_are_explained() {
    let folder = folder();
    let text = stdout(folder.path(), &["help", "e0107"]);
    assert!(text.contains("E0107: a port is already in use"), "{text}");
    assert!(text.contains("Exit code: 3"), "{text}");
    assert!(stdout(folder.path(), &["help", "dev"]).contains("--ephemeral"));
    assert_eq!(failure(folder.path(), &["help", "E9999"]).0, 2);
}

#[test]
fn errors_are_json_when_asked_for() {
    let folder = folder();
    let output = run(
        folder.path(),
        &["status", "--node", "http://127.0.0.1:9", "--json"],
    );
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(error["error"]["code"], "E0130");
    assert!(error["error"]["help"].is_string());
}

#[test]
fn completions_are_printed() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(stdout(folder.path(), &["completions", shell]).contains("tangle"));
    }
}

#[test]
fn keys_are_derived_and_kept_from_others() {
    let folder = folder();
    stdout(
        folder.path(),
        &["tool", "key", "mnemonic", "--out", "words"],
    );
    let derive = ["tool", "key", "derive", "--mnemonic", "words"];
    let first = json(&folder, &[&derive[..], &["--out", "key"]].concat());
    assert_eq!(first["seedFile"], "key");
    let again = json(&folder, &["tool", "key", "show", "key"]);
    assert_eq!(first["bech32"], again["bech32"]);
    let second = json(
        &folder,
        &[&derive[..], &["--path", "m/44'/4218'/0'/0'/1'"]].concat(),
    );
    assert_ne!(first["bech32"], second["bech32"]);
    assert!(
        second.get("seed").is_none(),
        "a secret is not printed unasked"
    );

    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.path().join("key"))
            .expect("it exists")
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(folder.path().join("key"), open).expect("it is ours");
    let (code, text) = failure(folder.path(), &["tool", "key", "show", "key"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("E0105") && text.contains("chmod 600"),
        "{text}"
    );
}

#[test]
fn addresses_are_converted() {
    let folder = folder();
    let bech32 = "iota1qpg2xkj66wwgn8p2ggnp7p582gj8g6p79us5hve2tsudzpsr2ap4skprwjg";
    let hex = "0x50a35a5ad39c899c2a42261f0687522474683e2f214bb32a5c38d10603574358";
    let forms = json(&folder, &["tool", "address", bech32]);
    assert_eq!(forms["hex"], hex);
    assert_eq!(forms["bech32"], bech32);
    let forms = json(&folder, &["tool", "address", hex, "--hrp", "iota"]);
    assert_eq!(forms["bech32"], bech32);
    let forms = json(&folder, &["tool", "address", hex, "--kind", "nft"]);
    assert_eq!(forms["kind"], "nft");
    assert_eq!(
        failure(folder.path(), &["tool", "address", "iota1xyz"]).0,
        2
    );
}

#[test]
fn proof_of_work_is_done_and_checked() {
    let folder = folder();
    // One parent, no payload, nonce 0.
    let block = [&[2, 1][..], &[7; 32], &[0; 4], &[0; 8]].concat();
    std::fs::write(folder.path().join("block"), block).expect("a file");
    let check = ["tool", "pow", "check", "done", "--score", "100"];
    stdout(
        folder.path(),
        &[
            "tool", "pow", "mine", "block", "--score", "100", "--out", "done",
        ],
    );
    assert!(stdout(folder.path(), &check).contains("trailingZeros"));
    let (code, text) = failure(
        folder.path(),
        &["tool", "pow", "check", "block", "--score", "4000000"],
    );
    assert_eq!(code, 1);
    assert!(text.contains("E0150"), "{text}");
    std::fs::write(folder.path().join("junk"), "no block").expect("a file");
    assert_eq!(
        failure(folder.path(), &["tool", "pow", "check", "junk"]).0,
        2
    );
}

#[test]
fn tokens_are_issued() {
    let folder = folder();
    stdout(folder.path(), &["tool", "jwt", "--key", "k", "--new-key"]);
    let token = stdout(folder.path(), &["tool", "jwt", "--key", "k"]);
    assert_eq!(token.trim().split('.').count(), 3);
}

#[test]
fn status_tells_how_a_node_is() {
    let folder = folder();
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let node = network.url("node");
    let text = stdout(folder.path(), &["status", "--node", node]);
    assert!(
        text.contains("healthy") && text.contains("tangle-dev"),
        "{text}"
    );
    let status = json(&folder, &["status", "--node", node]);
    assert_eq!(status["node"]["status"]["isHealthy"], true);
}

#[test]
fn doctor_looks_at_everything() {
    let folder = folder();
    let findings = json(&folder, &["doctor"]);
    let names: Vec<&str> = findings
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|finding| finding["name"].as_str())
        .collect();
    for name in [
        "clock",
        "memory",
        "open files",
        "disk space",
        "disk speed",
        "genesis",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    std::fs::write(folder.path().join("tangle.toml"), "x = 1").expect("a file");
    let output = run(folder.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains('✘') && text.contains("configuration"),
        "{text}"
    );
}
