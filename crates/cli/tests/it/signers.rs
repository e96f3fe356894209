//! Wallets without words: their keys are with another program, or in a device.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_testkit::nano::FakeNano;

use crate::network::{Network, run};

const MILLION: u64 = 1_000_000_000_000;

/// A dev network, and beside it a wallet `vault` of its test accounts, which lends its keys.
struct Fixture {
    folder: tempfile::TempDir,
    network: Network,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let fixture = Fixture { folder, network };
    fixture.json("vault", &["init", "--dev"]);
    fixture
}

impl Fixture {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, wallet: &str, arguments: &[&str]) -> Output {
        let node = self.network.url("node");
        let before = ["wallet", "--dir", wallet, "--node", node];
        run(self.path(), &[&before[..], arguments].concat())
    }

    /// The last line that was printed, and all that was said beside.
    fn told(&self, wallet: &str, arguments: &[&str]) -> (Value, String) {
        let output = self.run(wallet, &[arguments, &["--json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let last = text.lines().last().expect("a line");
        let value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{last}: {error}"));
        (value, errors)
    }

    fn json(&self, wallet: &str, arguments: &[&str]) -> Value {
        self.told(wallet, arguments).0
    }

    fn refused(&self, wallet: &str, arguments: &[&str], code: &str) -> String {
        let output = self.run(wallet, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let head = format!("error[{code}]");
        assert!(text.contains(&head), "{arguments:?}: {text}");
        text
    }

    fn available(&self, wallet: &str, account: &str) -> u64 {
        let balance = self.json(wallet, &["balance", "-a", account]);
        let text = balance["available"].as_str().expect("a number");
        text.parse().expect("a number")
    }

    /// A command that serves the keys of a wallet.
    fn serving(&self, wallet: &str) -> String {
        let program = env!("CARGO_BIN_EXE_tangle");
        let folder = self.path().join(wallet);
        format!("'{program}' wallet --dir '{}' signer", folder.display())
    }

    /// Gives the keys of a wallet into other hands.
    fn hand_over(&self, wallet: &str, words: &[&str]) {
        let path = self.path().join(wallet).join("wallet.json");
        let text = std::fs::read_to_string(&path).expect("it is there");
        let mut settings: Value = serde_json::from_str(&text).expect("JSON");
        settings["signer"] = serde_json::json!({ "program": words });
        std::fs::write(&path, settings.to_string()).expect("ours");
    }
}

#[test]
fn a_wallet_whose_keys_are_elsewhere_does_what_others_do() {
    let network = fixture();
    let signer = network.serving("vault");
    network.json("w", &["init", "--signer", &signer, "--first", "alice"]);
    assert!(!network.path().join("w/keys").exists(), "no words");
    assert_eq!(network.available("w", "alice"), MILLION);
    let bob = network.json("vault", &["address", "-a", "bob"])["address"].clone();
    let bob = bob.as_str().expect("an address");
    let (sent, shown) = network.told("w", &["send", bob, "25TST"]);
    assert_eq!(sent["included"], true);
    assert!(shown.contains("leaves      holds 25"), "{shown}");
    assert!(shown.contains("comes back  holds"), "{shown}");
    assert_eq!(network.available("vault", "bob"), MILLION + 25_000_000);

    network.json("w", &["new-account", "savings"]);
    let made = network.json("w", &["new-address", "-a", "savings"]);
    let own = network.json("vault", &["new-address", "-a", "bob"]);
    assert_eq!(
        made["address"], own["address"],
        "the second account has bob's keys"
    );
    let minted = network.json("w", &["mint-nft", "--issuer", "--fixed-metadata", "art"]);
    let nft = minted["outputs"][0]["nftId"].as_str().expect("an id");
    network.json("w", &["burn-nft", nft]);
    network.json("w", &["create-native-token", "5", "10"]);
    network.json("w", &["sync", "--rebuild"]);
    network.json("w", &["send", bob, "1TST", "--prepare", "prepared"]);
    network.json("w", &["sign", "prepared", "signed"]);
    network.json("w", &["submit", "signed"]);
    assert_eq!(network.available("vault", "bob"), MILLION + 26_000_000);
    assert!(network.json("w", &["history", "-a", "alice"])[0].is_object());

    // The words are where they were, and nowhere else.
    for arguments in [
        &["mnemonic", "--yes"][..],
        &["change-password"],
        &["backup", "copy"],
    ] {
        let text = network.refused("w", arguments, "E0160");
        assert!(text.contains("keys are elsewhere"), "{text}");
    }
    // Another wallet of the same keys finds its accounts.
    let found = network.json("again", &["restore", "--signer", &signer]);
    assert_eq!(found.as_array().map(Vec::len), Some(3), "{found}");
}

#[test]
fn signers_that_do_not_do_their_part_are_told_apart() {
    let network = fixture();
    let at_start = |signer: &str| {
        let text = network.refused("w", &["init", "--signer", signer], "E0166");
        assert!(!network.path().join("w").exists(), "nothing was made");
        text
    };
    assert!(at_start("/nowhere/signer").contains("/nowhere/signer"));
    assert!(at_start("true").contains("ended without an answer"));
    assert!(at_start("head -c 1000000 /dev/zero").contains("more than"));
    assert!(at_start("echo hello").contains("makes no sense"));
    // No shell takes part, so that this is one argument of `echo`.
    let refusing = r#"echo '{"version":1,"answer":"refused","reason":"$(not) today"}'"#;
    assert!(at_start(refusing).contains("refuses: $(not) today"));

    let signer = network.serving("vault");
    network.json("w", &["init", "--signer", &signer, "--first", "alice"]);
    let program = env!("CARGO_BIN_EXE_tangle");
    let folder = network.path().join("vault").display().to_string();
    let forging = format!(
        "'{program}' wallet --dir '{folder}' signer | \
         sed -u 's/\"signature\":\"0x......../\"signature\":\"0x00000000/'"
    );
    let bob = network.json("vault", &["address", "-a", "bob"])["address"].clone();
    let send = ["send", bob.as_str().expect("an address"), "1TST"];
    network.hand_over("w", &["sh", "-c", &forging]);
    let text = network.refused("w", &send, "E0166");
    assert!(text.contains("signature is wrong"), "{text}");
    // The keys of somebody else.
    let pw = network.path().join("pw");
    std::fs::write(&pw, "correct horse").expect("ours");
    std::fs::set_permissions(&pw, PermissionsExt::from_mode(0o600)).expect("ours");
    network.json("other", &["init", "--password-file", "pw"]);
    let other = network.path().join("other").display().to_string();
    let password = pw.display().to_string();
    let words = [
        program,
        "wallet",
        "--dir",
        &other,
        "--password-file",
        &password,
        "signer",
    ];
    network.hand_over("w", &words);
    let text = network.refused("w", &send, "E0166");
    assert!(text.contains("other keys than this wallet"), "{text}");
    let text = network.refused("w", &["new-account", "savings"], "E0166");
    assert!(text.contains("other keys than this wallet"), "{text}");
    // Without a terminal nobody can type its password.
    network.hand_over("w", &[program, "wallet", "--dir", &other, "signer"]);
    let text = network.refused("w", &send, "E0166");
    assert!(text.contains("no terminal to ask at"), "{text}");
    assert!(
        text.contains("waiting for the signer: the password"),
        "{text}"
    );
    assert_eq!(
        network.available("vault", "alice"),
        MILLION,
        "nothing was sent"
    );
}

#[test]
fn keys_in_a_device_pay_when_somebody_accepts() {
    let network = fixture();
    let words = Mnemonic::from_entropy(&[9; 32]).expect("32 bytes");
    let device = Arc::new(Mutex::new(FakeNano::new(words, 0)));
    let signer = format!("ledger-nano-tcp:{}", FakeNano::listen(device.clone()));
    network.json("w", &["init", "--signer", &signer]);
    network.json("w", &["faucet"]);
    let before = network.available("w", "main");
    let bob = network.json("vault", &["address", "-a", "bob"])["address"].clone();
    let bob = bob.as_str().expect("an address");
    let (_, told) = network.told("w", &["send", bob, "2TST"]);
    assert!(told.contains("accept or reject it there"), "{told}");
    assert_eq!(network.available("w", "main"), before - 2_000_000);
    assert_eq!(network.available("vault", "bob"), MILLION + 2_000_000);
    let text = network.refused("w", &["mint-nft"], "E0166");
    assert!(text.contains("allow blind signing"), "{text}");
    device.lock().expect("ours").signs_blindly = true;
    network.json("w", &["mint-nft"]);
    device.lock().expect("ours").accepts = false;
    let text = network.refused("w", &["send", bob, "2TST"], "E0166");
    assert!(text.contains("rejected at the device"), "{text}");
    device.lock().expect("ours").is_locked = true;
    let text = network.refused("w", &["send", bob, "2TST"], "E0166");
    assert!(text.contains("unlock it with its PIN"), "{text}");
    let rest = before - 2_000_000;
    let screens = device.lock().expect("ours").screens.clone();
    assert_eq!(screens[0], format!("pays 2000000, remainder {rest}"));
    assert!(screens[1].starts_with("hash "), "{screens:?}");
    assert_eq!(screens.len(), 3);
}
