//! `tangle dev`: starts at once, pays, stops cleanly, goes on where it was.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::network::{Network, eventually, failure, get, post, stdout};

const EPHEMERAL: [&str; 4] = ["dev", "--ephemeral", "--port", "0"];

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// An address that nobody has used.
fn fresh_address(folder: &Path) -> String {
    let key = stdout(folder, &["tool", "key", "new", "--json"]);
    let key: serde_json::Value = serde_json::from_str(&key).expect("JSON");
    key["bech32"].as_str().expect("an address").to_owned()
}

fn ask_faucet(network: &Network, address: &str) -> u16 {
    let request = json!({ "address": address });
    post(network.url("faucet.enqueue"), &request).0
}

#[test]
fn network_is_healthy_within_two_seconds_and_stops_cleanly() {
    let folder = folder();
    let started = Instant::now();
    let network = Network::start(folder.path(), &EPHEMERAL);
    assert_eq!(get(network.url("health")).0, 200);
    assert!(started.elapsed() < Duration::from_secs(2));
    let data = network.url("data").to_owned();
    assert!(Path::new(&data).is_dir());
    assert_eq!(network.stop().code(), Some(0));
    assert!(!Path::new(&data).exists(), "nothing is kept");
}

#[test]
fn milestones_on_demand_come_for_blocks_only() {
    let folder = folder();
    let arguments = [&EPHEMERAL[..], &["--milestones", "on-demand"]].concat();
    let network = Network::start(folder.path(), &arguments);
    assert_eq!(get(network.url("health")).0, 200);
    let started = Instant::now();
    eventually("a quiet time", || {
        (started.elapsed() > Duration::from_millis(2_500)).then_some(())
    });
    let before = network.confirmed();
    assert!(before <= 1, "{before} milestones for nothing");
    let block =
        json!({ "protocolVersion": 2, "payload": { "type": 5, "tag": "0x00", "data": "0x" } });
    let blocks = format!("{}/blocks", network.url("rest"));
    let (status, answer) = post(&blocks, &block);
    assert_eq!(status, 201, "{answer}");
    let id = answer["blockId"].as_str().expect("an id");
    let referenced = eventually("the milestone", || {
        get(&format!("{blocks}/{id}/metadata")).1["referencedByMilestoneIndex"].as_u64()
    });
    assert_eq!(referenced, before + 1);
}

#[test]
fn every_url_that_is_announced_exists() {
    let folder = folder();
    let network = Network::start(folder.path(), &EPHEMERAL);
    for name in [
        "health",
        "routes",
        "docs",
        "openapi",
        "dashboard",
        "explorer",
        "wallet",
    ] {
        assert_eq!(get(network.url(name)).0, 200, "{name}");
    }
    for url in [
        format!("{}/info", network.url("rest")),
        format!("{}/peers", network.url("rest")),
        format!("{}/outputs", network.url("indexer")),
        network.url("faucet.info").to_owned(),
        format!("{}/api/info", network.url("faucet.mounted")),
        format!("{}/health", network.url("faucet.url")),
    ] {
        assert_eq!(get(&url).0, 200, "{url}");
    }
    let peers = format!("{}/peers", network.url("rest"));
    let peer = json!({ "multiAddress": "/ip4/192.0.2.1/tcp/15600/p2p/x" });
    assert_eq!(post(&peers, &peer).0, 400, "not without a token either");
    let prune = format!("{}/control/database/prune", network.url("rest"));
    assert_eq!(
        post(&prune, &json!({ "index": 1 })).0,
        400,
        "not without a token: a page in a browser could ask"
    );
}

#[test]
fn faucet_counts_requests_of_a_sender() {
    let folder = folder();
    std::fs::write(
        folder.path().join("dev.toml"),
        "[faucet.pays]\nrequests_per_minute_per_ip_max = 2\n",
    )
    .expect("it is written");
    let arguments = [&EPHEMERAL[..], &["--config", "dev.toml"]].concat();
    let network = Network::start(folder.path(), &arguments);
    let statuses: Vec<u16> = (0..3)
        .map(|_| ask_faucet(&network, &fresh_address(folder.path())))
        .collect();
    assert_eq!(statuses, [202, 202, 429]);
}

#[test]
fn faucet_pays_new_addresses_once_more_less_and_rich_ones_nothing() {
    let folder = folder();
    let network = Network::start(folder.path(), &EPHEMERAL);
    let addresses: Vec<String> = (0..3).map(|_| fresh_address(folder.path())).collect();
    for address in &addresses {
        assert_eq!(ask_faucet(&network, address), 202);
    }
    assert_eq!(ask_faucet(&network, &addresses[0]), 400, "it waits already");
    for address in &addresses {
        eventually("the payment", || {
            (network.balance(address) == 100_000_000_000).then_some(())
        });
    }
    eventually("the second request", || {
        (ask_faucet(&network, &addresses[0]) == 202).then_some(())
    });
    eventually("the second payment", || {
        (network.balance(&addresses[0]) == 110_000_000_000).then_some(())
    });
    let alice = network.urls["accounts"][0]["address"].as_str();
    assert_eq!(ask_faucet(&network, alice.expect("an address")), 400);
    assert_eq!(ask_faucet(&network, "rms1qqqq"), 400);
}

#[test]
fn network_goes_on_where_it_was_and_starts_over_when_asked() {
    let folder = folder();
    let stays = ["dev", "--port", "0"];
    let network = Network::start(folder.path(), &stays);
    let address = fresh_address(folder.path());
    assert_eq!(ask_faucet(&network, &address), 202);
    eventually("the payment", || {
        (network.balance(&address) > 0).then_some(())
    });
    let before = network.confirmed();
    assert_eq!(network.stop().code(), Some(0));

    let network = Network::start(folder.path(), &stays);
    assert!(network.confirmed() >= before);
    assert_eq!(network.balance(&address), 100_000_000_000);
    eventually("new milestones", || {
        (network.confirmed() > before + 1).then_some(())
    });
    assert_eq!(network.stop().code(), Some(0));

    let data = ["--dev", ".tangle/dev", "--json"];
    let check = ["tool", "store", "check", "--thorough"];
    let check = stdout(folder.path(), &[&check[..], &data].concat());
    let check: serde_json::Value = serde_json::from_str(&check).expect("JSON");
    assert_eq!(check["problems"], json!([]));
    let hash = stdout(
        folder.path(),
        &[&["tool", "store", "hash"][..], &data].concat(),
    );
    let hash: serde_json::Value = serde_json::from_str(&hash).expect("JSON");
    assert_eq!(hash["ledgerHash"], check["ledgerHash"]);

    let network = Network::start(folder.path(), &["dev", "--port", "0", "--reset"]);
    assert_eq!(network.balance(&address), 0);
    assert!(network.confirmed() <= 2);
}

#[test]
fn same_configuration_makes_the_same_network() {
    let (one, two) = (folder(), folder());
    let hash = |folder: &Path| {
        let network = Network::start(folder, &EPHEMERAL);
        network.urls["genesisHash"].clone()
    };
    assert_eq!(hash(one.path()), hash(two.path()));
}

#[test]
fn taken_port_is_named_with_its_holder() {
    let folder = folder();
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = holder.local_addr().expect("it listens").port().to_string();
    let (code, text) = failure(folder.path(), &["dev", "--port", &port]);
    assert_eq!(code, 3);
    assert!(text.contains("E0107") && text.contains(&port), "{text}");
    assert!(text.contains("--port 0"), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert!(
        !folder.path().join(".tangle").exists(),
        "nothing was touched"
    );
}

#[test]
fn data_of_another_network_is_refused() {
    let folder = folder();
    let network = Network::start(folder.path(), &["dev", "--port", "0"]);
    let ours = network.url("genesisHash").to_owned();
    network.stop();
    std::fs::write(
        folder.path().join("other.toml"),
        "[network]\nname = \"other\"",
    )
    .expect("a file");
    let other = ["dev", "--port", "0", "--config", "other.toml"];
    let (code, text) = failure(folder.path(), &other);
    assert_eq!(code, 4);
    assert!(text.contains("E0110") && text.contains(&ours), "{text}");

    let network = Network::start(folder.path(), &[&other[..], &["--reset"]].concat());
    assert_eq!(network.urls["network"], "other");
}

#[test]
fn store_in_use_and_foreign_folder_are_left_alone() {
    let folder = folder();
    let _network = Network::start(folder.path(), &["dev", "--port", "0"]);
    let (code, text) = failure(folder.path(), &["dev", "--port", "0"]);
    assert_eq!(code, 5);
    assert!(text.contains("E0112"), "{text}");

    std::fs::create_dir(folder.path().join("mine")).expect("a folder");
    std::fs::write(folder.path().join("mine/thesis.txt"), "x").expect("a file");
    let reset = ["dev", "--port", "0", "--data", "mine", "--reset"];
    let (code, text) = failure(folder.path(), &reset);
    assert_eq!(code, 2);
    assert!(text.contains("E0106"), "{text}");
    assert!(folder.path().join("mine/thesis.txt").exists());
}

#[test]
fn every_parameter_can_be_set() {
    let folder = folder();
    let config = r#"
        allocations = [{ owner = "bob", amount = 5_000_000 }]
        [network]
        name = "mine"
        hrp = "xyz"
        supply = 2_000_000_000
        pow_score_min = 10
        below_max_depth = 20
        [rent]
        v_byte_cost = 7
        [token]
        name = "Mine"
        ticker = "MNE"
        decimals = 2
        [milestones]
        key_count = 3
        key_threshold = 2
        [faucet.pays]
        amount = 500_000
        amount_small = 400_000
        balance_max = 600_000
    "#;
    std::fs::write(folder.path().join("mine.toml"), config).expect("a file");
    let arguments = [&EPHEMERAL[..], &["--config", "mine.toml"]].concat();
    let network = Network::start(folder.path(), &arguments);
    let (_, node) = get(&format!("{}/info", network.url("rest")));
    let protocol = &node["protocol"];
    assert_eq!(protocol["networkName"], "mine");
    assert_eq!(protocol["bech32Hrp"], "xyz");
    assert_eq!(protocol["minPowScore"], 10);
    assert_eq!(protocol["belowMaxDepth"], 20);
    assert_eq!(protocol["tokenSupply"], "2000000000");
    assert_eq!(protocol["rentStructure"]["vByteCost"], 7);
    assert_eq!(node["baseToken"]["tickerSymbol"], "MNE");
    let balances: Vec<_> = (0..3)
        .map(|number| network.urls["accounts"][number]["balance"].clone())
        .collect();
    assert_eq!(balances, ["0", "5000000", "1995000000"]);
    let bob = network.urls["accounts"][1]["address"]
        .as_str()
        .expect("an address");
    assert_eq!(
        ask_faucet(&network, bob),
        400,
        "he has more than the faucet's limit"
    );
    let alice = network.urls["accounts"][0]["address"]
        .as_str()
        .expect("an address");
    assert_eq!(ask_faucet(&network, alice), 202);
    eventually("the payment, with proof of work", || {
        (network.balance(alice) == 500_000).then_some(())
    });
}
