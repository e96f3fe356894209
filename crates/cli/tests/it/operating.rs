//! What an operator sees of a running node: metrics, `top`, history, snapshots.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use serde_json::Value;

use crate::network::{Network, eventually, failure, get, stdout, tangle};

/// The dashboard that goes with the metrics.
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/tangle-node.json");

fn dev(folder: &Path, config: &str) -> Network {
    let file = folder.join("dev.toml");
    std::fs::write(&file, config).expect("a file");
    let config = file.to_str().expect("a plain path");
    Network::start(
        folder,
        &[
            "dev",
            "--data",
            "dev",
            "--port",
            "0",
            "--no-faucet",
            "--config",
            config,
        ],
    )
}

fn top(folder: &Path, network: &Network, flag: &str) -> String {
    let metrics = network.url("metrics").trim_end_matches("/metrics");
    let arguments = [
        "top",
        flag,
        "--node",
        network.url("node"),
        "--metrics",
        metrics,
    ];
    stdout(folder, &arguments)
}

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_metric = |word: &&str| word.starts_with("tangle_") || word.starts_with("process_");
    words.filter(is_metric).map(str::to_owned).collect()
}

#[test]
fn every_metric_of_the_dashboard_has_a_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = dev(
        folder.path(),
        "[metrics]\nenabled = true\n[pruning]\nsize_bytes = 1_000_000_000\n",
    );
    let seen: Value = serde_json::from_str(&top(folder.path(), &network, "--json")).expect("JSON");
    let metrics = seen["metrics"].as_object().expect("metrics");
    let served: BTreeSet<_> = metrics.keys().flat_map(|key| names(key)).collect();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let shown = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().expect("targets");
        targets
            .iter()
            .flat_map(|target| names(target["expr"].as_str().expect("a query")))
    });
    let shown: BTreeSet<_> = shown.collect();
    assert!(shown.len() > 20, "{shown:?}");
    let missing: Vec<_> = shown.difference(&served).collect();
    assert!(
        missing.is_empty(),
        "the dashboard shows {missing:?}, which nobody serves"
    );
    assert_eq!(metrics["tangle_store_limit_bytes"], 1_000_000_000.0);
    assert!(metrics["process_resident_memory_bytes"].as_f64() > Some(1e6));
    let text = top(folder.path(), &network, "--once");
    for part in ["healthy", "queues", "engine 0/", "history", "disk"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn top_needs_a_terminal_or_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, text) = failure(folder.path(), &["top"]);
    assert_ne!(code, 0);
    assert!(
        text.contains("not a terminal") && text.contains("--once"),
        "{text}"
    );
}

#[test]
fn history_is_served_until_it_is_pruned_and_told_in_the_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = dev(
        folder.path(),
        "[network]\nbelow_max_depth = 3\n[pruning]\nage_seconds = 2\nmilestone_count = 50\n",
    );
    let index = format!("{}/milestones/by-index/1", network.url("rest"));
    assert_eq!(get(&index).0, 200, "history is served until it is pruned");
    let status = stdout(
        folder.path(),
        &["status", "--json", "--node", network.url("node")],
    );
    let status: Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(status["history"]["firstMilestone"], 1);
}

#[test]
fn snapshots_are_renewed_while_the_network_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let network = dev(
        folder.path(),
        "[snapshots]\nenabled = true\ninterval_milestones = 2\ndepth_milestones = 1\n",
    );
    let snapshots = folder.path().join("dev/snapshots");
    let (full, delta) = (
        snapshots.join("full_snapshot.bin"),
        snapshots.join("delta_snapshot.bin"),
    );
    eventually("a full and a delta snapshot", || {
        (full.exists() && delta.exists()).then_some(())
    });
    assert!(network.stop().success());
    let genesis = folder.path().join("dev/genesis.toml");
    std::fs::write(
        folder.path().join("tangle.toml"),
        format!(
            "genesis = {:?}\ndata = \"other\"\n",
            genesis.display().to_string()
        ),
    )
    .expect("a file");
    let paths = [&full, &delta].map(|path| path.to_str().expect("a plain path"));
    let imported = stdout(
        folder.path(),
        &["tool", "snapshot", "import", paths[0], "--delta", paths[1]],
    );
    assert!(imported.contains("milestoneId"), "{imported}");
}

#[test]
fn service_manager_is_told_of_start_and_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket
        .set_read_timeout(Some(std::time::Duration::from_secs(30)))
        .expect("a timeout");
    let mut process = tangle(
        folder.path(),
        &[
            "dev",
            "--ephemeral",
            "--port",
            "0",
            "--no-faucet",
            "--quiet",
        ],
    )
    .env("NOTIFY_SOCKET", &path)
    .spawn()
    .expect("it can be run");
    let mut buffer = [0; 64];
    let mut next = || {
        let count = socket.recv(&mut buffer).expect("news");
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    assert_eq!(next(), "READY=1\n");
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &process.id().to_string()])
        .status();
    assert!(sent.expect("kill exists").success());
    assert_eq!(next(), "STOPPING=1\n");
    assert!(process.wait().expect("it is ours").success());
}
