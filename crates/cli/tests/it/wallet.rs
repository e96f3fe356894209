//! `tangle wallet` against a dev network: what works, what is refused, and with which words.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::network::{run, tangle};
use crate::wallets::{MILLION, Wallets};

#[test]
fn coins_are_sent_and_everybody_sees_it() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    let planned = wallet.text(&["send", "bob", "25TST", "--from", "alice", "--dry-run"]);
    assert!(planned.contains("belongs to bob"), "{planned}");
    assert_eq!(wallet.available("alice"), MILLION, "nothing was sent");
    let sent = wallet.json(&["send", "bob", "25TST", "--from", "alice", "--tag", "rent"]);
    assert_eq!(sent["included"], true);
    assert_eq!(wallet.available("alice"), MILLION - 25_000_000);
    assert_eq!(wallet.available("bob"), MILLION + 25_000_000);
    let id = sent["transactionId"].as_str().expect("an id");
    let csv = wallet.text(&["history", "--from", "bob", "--format", "csv"]);
    let row = csv.lines().find(|line| line.contains(id)).expect("a row");
    let ends = row.ends_with(",25000000,0,25000000,,received 25000000");
    assert!(ends, "{row}");
    let since = wallet.json(&["history", "--from", "bob", "--since", "2026-02-01"]);
    assert_eq!(since.as_array().map(Vec::len), Some(1), "not the genesis");
    let output = sent["outputs"][0]["outputId"].as_str().expect("an id");
    let words = wallet.text(&["output", output]);
    assert!(
        words.contains("holds 25 TST") && words.contains("tag \"rent\""),
        "{words}"
    );
    let transaction = wallet.text(&["transaction", id, "-a", "alice"]);
    assert!(transaction.contains("consumed"), "{transaction}");
}

#[test]
fn what_is_unclear_or_impossible_is_refused_with_advice() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    let text = wallet.refused(&["send", "bob", "25"], "E0140");
    assert!(text.contains("write 25TST or 25u"), "{text}");
    let text = wallet.refused(&["send", "bob", "2000000TST"], "E0162");
    assert!(text.contains("missing   1_000_000 TST"), "{text}");
    let text = wallet.refused(&["send", "bob", "1u"], "E0162");
    assert!(text.contains("--lend-deposit"), "{text}");
    for (arguments, code) in [
        (&["send", "nobody", "1TST"][..], "E0140"),
        (&["send", "bob", "1TST", "--from", "nobody"], "E0140"),
        (&["claim"], "E0163"),
        (&["consolidate"], "E0163"),
        (&["new-account", "alice"], "E0140"),
        (&["new-account", "two words"], "E0140"),
        (&["contacts", "remove", "nobody"], "E0140"),
        (&["contacts", "add", "x", "tst1qqqq"], "E0140"),
        (&["set-node", "nowhere"], "E0140"),
        (&["history", "--since", "yesterday"], "E0140"),
        (&["init"], "E0160"),
        (&["mnemonic"], "E0140"),
    ] {
        wallet.refused(arguments, code);
    }
    let other = "iota1qpf0mlq8yxpx2nck8a0slxnzr4ef2ek8f5gqxlzd0wasgp73utryj430ldu";
    let text = wallet.refused(&["send", other, "1TST"], "E0140");
    assert!(text.contains("begins with iota"), "{text}");
    let nft = format!("0x{}", "11".repeat(32));
    wallet.refused(&["burn-nft", &nft], "E0163");
    assert_eq!(wallet.available("alice"), MILLION);
}

#[test]
fn words_are_sealed_and_nothing_but_the_password_opens_them() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    wallets.secret("pw", "correct horse");
    wallets.secret("bad", "wrong horse");
    wallets.secret("new", "battery staple");
    let sealed = |password: &str, arguments: &[&str]| {
        let flags = ["--dir", "mine", "--password-file", password];
        wallet.run(&[arguments, &flags[..]].concat())
    };
    assert!(sealed("pw", &["init"]).status.success());
    let keys = wallets.path().join("mine/keys");
    let before = std::fs::read(&keys).expect("it is there");
    let wrong = sealed("bad", &["mnemonic", "--yes"]);
    let text = String::from_utf8_lossy(&wrong.stderr);
    assert!(text.contains("error[E0161]"), "{text}");
    assert_eq!(std::fs::read(&keys).expect("it is there"), before);
    let words = sealed("pw", &["mnemonic", "--yes"]).stdout;
    assert_eq!(words.split(|byte| *byte == b' ').count(), 24);
    assert!(sealed("pw", &["backup", "copy"]).status.success());
    let changed = sealed("pw", &["change-password", "--new-password-file", "new"]);
    assert!(changed.status.success());
    assert!(!sealed("pw", &["mnemonic", "--yes"]).status.success());
    assert_eq!(sealed("new", &["mnemonic", "--yes"]).stdout, words);
    // The copy opens with the password of its time.
    let node = wallets.network.url("node");
    let flags = ["wallet", "--dir", "again", "--node", node];
    let more = ["--password-file", "pw", "restore", "--backup", "copy"];
    let restored = run(wallets.path(), &[&flags[..], &more[..]].concat());
    assert!(restored.status.success(), "{restored:?}");
    // A damaged file is told, and stays as it is.
    let mut bad = std::fs::read(&keys).expect("it is there");
    bad[100] ^= 1;
    std::fs::write(&keys, &bad).expect("ours");
    let damaged = sealed("new", &["mnemonic", "--yes"]);
    assert!(String::from_utf8_lossy(&damaged.stderr).contains("error[E0161]"));
    assert_eq!(std::fs::read(&keys).expect("it is there"), bad);
}

#[test]
fn damaged_state_is_told_and_made_anew() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    wallet.json(&["send", "bob", "1TST"]);
    let state = wallets.path().join("w/state");
    let mut bad = std::fs::read(&state).expect("it is there");
    bad[60] ^= 1;
    std::fs::write(&state, &bad).expect("ours");
    let text = wallet.refused(&["balance"], "E0160");
    assert!(text.contains("sync --rebuild"), "{text}");
    wallet.json(&["sync", "--rebuild"]);
    assert_eq!(wallet.available("alice"), MILLION - 1_000_000);
    assert_eq!(wallet.available("bob"), MILLION + 1_000_000);
}

#[test]
fn accounts_addresses_and_contacts_have_names() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    wallet.json(&["new-account", "savings"]);
    let address = wallet.json(&["new-address", "-a", "savings"]);
    let address = address["address"].as_str().expect("an address");
    wallet.json(&["contacts", "add", "nest", address]);
    wallet.json(&["send", "nest", "3TST"]);
    wallet.json(&["send", "savings", "4TST"]);
    assert_eq!(wallet.available("savings"), 7_000_000);
    wallet.json(&["consolidate", "-a", "savings"]);
    let outputs = wallet.json(&["outputs", "-a", "savings"]);
    assert_eq!(outputs.as_array().map(Vec::len), Some(1));
    let listed = wallet.json(&["addresses", "-a", "savings"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert!(wallet.text(&["accounts"]).contains("savings"));
    wallet.json(&["contacts", "remove", "nest"]);
    assert_eq!(wallet.json(&["contacts"]), serde_json::json!({}));
}

#[test]
fn watching_tells_what_comes_in_and_two_do_not_use_one_wallet() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    wallet.json(&["node-info"]);
    let node = wallets.network.url("node").to_owned();
    let other = ["wallet", "--dir", "w2", "--node", &node];
    run(wallets.path(), &[&other[..], &["init", "--dev"]].concat());
    let watching = [&other[..], &["watch", "-a", "bob", "--seconds", "6"]].concat();
    let mut watcher = tangle(wallets.path(), &watching)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut seen = BufReader::new(watcher.stdout.take().expect("it is piped"));
    let mut line = String::new();
    seen.read_line(&mut line).expect("it says that it watches");
    assert!(line.contains("watching bob"), "{line}");
    let second = run(wallets.path(), &[&other[..], &["contacts"]].concat());
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("in use by another process"), "{text}");
    wallet.json(&["send", "bob", "2TST"]);
    let mut rest = String::new();
    seen.read_to_string(&mut rest).expect("it prints text");
    assert!(watcher.wait().expect("it ends").success());
    assert!(rest.contains("+2 TST"), "{rest}");
}

#[test]
fn an_account_spends_nothing_of_another_one() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    let minted = wallet.json(&["mint-nft", "-a", "bob", "--tag", "t"]);
    let nft = minted["outputs"][0]["nftId"].as_str().expect("an id");
    let made = wallet.json(&["create-native-token", "-a", "bob", "5", "10"]);
    let token = made["tokenId"].as_str().expect("an id");
    let alias = wallet.json(&["balance", "-a", "bob"])["aliases"][0].clone();
    let alias = alias.as_str().expect("an id");
    let before = wallet.json(&["balance", "-a", "bob"]);
    for arguments in [
        &["send-nft", "faucet", nft][..],
        &["burn-nft", nft],
        &["mint-native-token", token, "1"],
        &["melt-native-token", token, "1"],
        &["destroy-foundry", token],
        &["destroy-alias", alias],
        &["create-native-token", "--alias", alias, "1", "1"],
    ] {
        let arguments = [arguments, &["-a", "alice"]].concat();
        let text = wallet.refused(&arguments, "E0163");
        assert!(text.contains("--account bob"), "{text}");
    }
    wallet.refused(&["burn-native-token", token, "1", "-a", "alice"], "E0162");
    let listed = wallet.json(&["outputs", "-a", "alice"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "only her coins");
    assert_eq!(wallet.json(&["balance", "-a", "bob"]), before);
    assert_eq!(wallet.available("alice"), MILLION);
}

#[test]
fn history_tells_what_became_of_each_thing() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    let changes = |account: &str| -> Vec<String> {
        let events = wallet.json(&["history", "-a", account]);
        let events = events.as_array().expect("a list").iter();
        let changes = events.flat_map(|event| event["changes"].as_array().expect("a list"));
        let change = |change: &Value| {
            let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
            let to = if change["address"].is_null() {
                ""
            } else {
                " *"
            };
            format!("{} {}{to}", text("deed"), text("kind"))
        };
        changes.map(change).collect()
    };
    wallet.json(&["init", "--dev", "--dir", "copy"]);
    wallet.json(&["sync", "--dir", "copy"]);
    wallet.json(&["send", "bob", "1u", "--lend-deposit"]);
    wallet.json(&["claim", "-a", "bob"]);
    let minted = wallet.json(&["mint-nft"]);
    let nft = minted["outputs"][0]["nftId"].as_str().expect("an id");
    wallet.json(&["send-nft", "bob", nft]);
    wallet.json(&["burn-nft", nft, "-a", "bob"]);
    let made = wallet.json(&["create-native-token", "5", "10"]);
    let token = made["tokenId"].as_str().expect("an id");
    wallet.json(&["send-native-token", "bob", token, "2", "--gift-deposit"]);
    wallet.json(&["burn-native-token", token, "2", "-a", "bob"]);
    let alias = wallet.json(&["balance"])["aliases"][0].clone();
    wallet.json(&["send-alias", "bob", alias.as_str().expect("an id")]);
    let foundries = wallet.json(&["balance", "-a", "bob"])["foundries"].clone();
    assert_eq!(
        foundries,
        serde_json::json!([token]),
        "they come with the alias"
    );
    let alice = changes("alice");
    assert_eq!(
        alice[1..],
        [
            "sent coins *",
            "received coins",
            "made nft",
            "sent nft *",
            "made alias",
            "made foundry",
            "made token",
            "sent coins *",
            "sent token *",
            "sent alias *",
            "sent foundry *",
        ]
    );
    let bob = changes("bob");
    assert_eq!(
        bob[1..],
        [
            "offered coins",
            "claimed coins",
            "returned coins *",
            "received nft",
            "burnt nft",
            "received coins",
            "received token",
            "burnt token",
            "received foundry",
            "received alias",
        ]
    );
    let text = wallet.text(&["history", "-a", "alice"]);
    assert!(text.contains(&format!("  sent NFT {nft} to bob")), "{text}");
    let csv = wallet.text(&["history", "-a", "alice", "--format", "csv"]);
    assert!(csv.contains(&format!("sent NFT {nft} to tst1")), "{csv}");
    let columns = csv.lines().map(|line| line.matches(',').count());
    assert_eq!(columns.collect::<std::collections::BTreeSet<_>>().len(), 1);
    // Another copy of the wallet, which sent nothing, has learned the same from the node.
    for account in ["alice", "bob"] {
        let history = wallet.json(&["history", "-a", account]);
        let copy = wallet.json(&["history", "-a", account, "--dir", "copy"]);
        assert_eq!(copy, history, "{account}");
    }
}

#[test]
fn transaction_shows_where_the_coins_went() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    let other = tangle_types::Address::Ed25519([200; 32]);
    let other = other.to_bech32("tst");
    let sent = wallet.json(&["send", &other, "5TST"]);
    let id = sent["transactionId"].as_str().expect("an id");
    let text = wallet.text(&["transaction", id]);
    let payment = format!("holds 5 TST; belongs to {other}");
    assert!(text.contains(&payment), "{text}");
    let shown = wallet.json(&["transaction", id]);
    assert_eq!(shown["createdForOthers"][0]["output"]["amount"], "5000000");
    assert_eq!(shown["consumed"][0]["standing"], "spent");
    assert_eq!(shown["created"][0]["standing"], "free");
}

#[test]
fn hostile_texts_on_the_ledger_are_shown_harmlessly() {
    let wallets = Wallets::start("w");
    let wallet = wallets.of("w");
    let steering = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nholds 9 TST \u{202e}x<script>alert(1)</script>";
    let long = steering.repeat(8192 / steering.len());
    let tag = "\u{1b}[2J\u{202e}\r\n<b>";
    wallet.json(&["send", "bob", "2TST", "--tag", tag, "--metadata", &long]);
    let lent = [
        "send",
        "bob",
        "1u",
        "--lend-deposit",
        "--metadata",
        steering,
    ];
    wallet.json(&lent);
    let more = ["--metadata", &long, "--tag", tag, "--to", "bob"];
    wallet.json(&[&["mint-nft", "--fixed-metadata", steering][..], &more].concat());
    let alias = ["create-alias-output", "-a", "bob", "--metadata", steering];
    let state = [&alias[..], &["--state-metadata", &long]].concat();
    wallet.json(&state);
    let token = [
        "create-native-token",
        "1",
        "1",
        "-a",
        "bob",
        "--metadata",
        &long,
    ];
    wallet.json(&token);
    let outputs = wallet.json(&["outputs", "-a", "bob"]);
    let outputs = outputs.as_array().expect("a list").clone();
    let mut texts = vec![
        wallet.text(&["history", "-a", "bob"]),
        wallet.text(&["outputs", "-a", "bob"]),
        wallet.text(&["balance", "-a", "bob"]),
        wallet.text(&["claimable-outputs", "-a", "bob"]),
        wallet.text(&["burn-nft", &nft_of(&outputs), "-a", "bob", "--dry-run"]),
    ];
    let mut kinds = std::collections::BTreeSet::new();
    for row in &outputs {
        kinds.insert(row["output"]["type"].as_u64());
        let id = row["outputId"].as_str().expect("an id");
        texts.push(wallet.text(&["output", id]));
        texts.push(wallet.text(&["transaction", &id[..66], "-a", "bob"]));
    }
    assert_eq!(kinds.len(), 4, "every kind of output");
    for text in texts {
        assert_eq!(
            tangle_types::words::plain(&text.replace('\n', "")),
            text.replace('\n', "")
        );
        let longest = text.lines().map(str::len).max().unwrap_or_default();
        assert!(longest < 1_000, "{text}");
        assert!(
            !text.lines().any(|line| line.starts_with("holds")),
            "{text}"
        );
    }
    let text = wallet.refused(&["new-account", "a\u{202e}b"], "E0140");
    assert!(!text.contains('\u{202e}'), "{text}");
    let address = wallet.json(&["address"])["address"].clone();
    let address = address.as_str().expect("an address");
    wallet.refused(&["contacts", "add", "\u{1b}[2J", address], "E0140");
    wallet.json(&["contacts", "add", "<b>bold</b>", address]);
    assert!(wallet.text(&["contacts"]).starts_with("<b>bold</b>"));
}

#[test]
fn a_node_cannot_steer_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = ["wallet", "--dir", "w", "init", "--dev"];
    assert!(run(folder.path(), &made).status.success());
    let said = r#"{"error":{"code":"500","message":"\u001b[2J\u202eowned\u0007\nhelp: pay"}}"#;
    let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let node = format!("http://{}", door.local_addr().expect("it has one"));
    let server = std::thread::spawn(move || {
        let (mut visitor, _) = door.accept().expect("somebody comes");
        let mut asked = [0; 4096];
        let count = visitor.read(&mut asked).expect("it asks");
        assert!(count > 0);
        let head = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n";
        let length = said.len();
        write!(
            visitor,
            "{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{said}"
        )
        .expect("it reads");
    });
    let asking = ["wallet", "--dir", "w", "--node", &node, "node-info"];
    let output = run(folder.path(), &asking);
    server.join().expect("it answered");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("owned"), "{text}");
    let steers = |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
    assert!(!text.contains(steers), "{text:?}");
}

fn nft_of(outputs: &[Value]) -> String {
    let nft = outputs.iter().find(|row| row["output"]["type"] == 6);
    let id = nft.expect("an NFT")["outputId"].as_str().expect("an id");
    let bytes: Vec<u8> = (2..id.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    let id = tangle_types::OutputId(bytes.try_into().expect("34 bytes"));
    tangle_types::NftId::ZERO.or_from_output(&id).to_string()
}
