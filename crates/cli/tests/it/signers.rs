//! Wallets without words: their keys are with another program, or in a device.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_testkit::nano::FakeNano;

use crate::wallets::{MILLION, Wallets};

/// A command that serves the keys of a wallet.
fn serving(wallets: &Wallets, wallet: &str) -> String {
    let program = env!("CARGO_BIN_EXE_tangle");
    let folder = wallets.path().join(wallet);
    format!("'{program}' wallet --dir '{}' signer", folder.display())
}

/// Gives the keys of a wallet into other hands.
fn hand_over(wallets: &Wallets, wallet: &str, words: &[&str]) {
    let path = wallets.path().join(wallet).join("wallet.json");
    let text = std::fs::read_to_string(&path).expect("it is there");
    let mut settings: Value = serde_json::from_str(&text).expect("JSON");
    settings["signer"] = serde_json::json!({ "program": words });
    std::fs::write(&path, settings.to_string()).expect("ours");
}

#[test]
fn a_wallet_whose_keys_are_elsewhere_does_what_others_do() {
    let wallets = Wallets::start("vault");
    let (vault, wallet) = (wallets.of("vault"), wallets.of("w"));
    let signer = serving(&wallets, "vault");
    wallet.json(&["init", "--signer", &signer, "--first", "alice"]);
    assert!(!wallets.path().join("w/keys").exists(), "no words");
    assert_eq!(wallet.available("alice"), MILLION);
    let bob = vault.json(&["address", "-a", "bob"])["address"].clone();
    let bob = bob.as_str().expect("an address");
    let (sent, shown) = wallet.told(&["send", bob, "25TST"]);
    assert_eq!(sent["included"], true);
    assert!(shown.contains("leaves      holds 25"), "{shown}");
    assert!(shown.contains("comes back  holds"), "{shown}");
    assert_eq!(vault.available("bob"), MILLION + 25_000_000);

    wallet.json(&["new-account", "savings"]);
    let made = wallet.json(&["new-address", "-a", "savings"]);
    let own = vault.json(&["new-address", "-a", "bob"]);
    assert_eq!(
        made["address"], own["address"],
        "the second account has bob's keys"
    );
    let minted = wallet.json(&["mint-nft", "--issuer", "--fixed-metadata", "art"]);
    let nft = minted["outputs"][0]["nftId"].as_str().expect("an id");
    wallet.json(&["burn-nft", nft]);
    wallet.json(&["create-native-token", "5", "10"]);
    wallet.json(&["sync", "--rebuild"]);
    wallet.json(&["send", bob, "1TST", "--prepare", "prepared"]);
    wallet.json(&["sign", "prepared", "signed"]);
    wallet.json(&["submit", "signed"]);
    assert_eq!(vault.available("bob"), MILLION + 26_000_000);
    assert!(wallet.json(&["history", "-a", "alice"])[0].is_object());

    // The words are where they were, and nowhere else.
    for arguments in [
        &["mnemonic", "--yes"][..],
        &["change-password"],
        &["backup", "copy"],
    ] {
        let text = wallet.refused(arguments, "E0160");
        assert!(text.contains("keys are elsewhere"), "{text}");
    }
    // Another wallet of the same keys finds its accounts.
    let found = wallets.of("again").json(&["restore", "--signer", &signer]);
    assert_eq!(found.as_array().map(Vec::len), Some(3), "{found}");
}

#[test]
fn signers_that_do_not_do_their_part_are_told_apart() {
    let wallets = Wallets::start("vault");
    let (vault, wallet) = (wallets.of("vault"), wallets.of("w"));
    let at_start = |signer: &str| {
        let text = wallet.refused(&["init", "--signer", signer], "E0166");
        assert!(!wallets.path().join("w").exists(), "nothing was made");
        text
    };
    assert!(at_start("/nowhere/signer").contains("/nowhere/signer"));
    assert!(at_start("true").contains("ended without an answer"));
    assert!(at_start("head -c 1000000 /dev/zero").contains("more than"));
    assert!(at_start("echo hello").contains("makes no sense"));
    // No shell takes part, so that this is one argument of `echo`.
    let refusing = r#"echo '{"version":1,"answer":"refused","reason":"$(not) today"}'"#;
    assert!(at_start(refusing).contains("refuses: $(not) today"));

    let signer = serving(&wallets, "vault");
    wallet.json(&["init", "--signer", &signer, "--first", "alice"]);
    let program = env!("CARGO_BIN_EXE_tangle");
    let folder = wallets.path().join("vault").display().to_string();
    let forging = format!(
        "'{program}' wallet --dir '{folder}' signer | \
         sed -u 's/\"signature\":\"0x......../\"signature\":\"0x00000000/'"
    );
    let bob = vault.json(&["address", "-a", "bob"])["address"].clone();
    let send = ["send", bob.as_str().expect("an address"), "1TST"];
    hand_over(&wallets, "w", &["sh", "-c", &forging]);
    let text = wallet.refused(&send, "E0166");
    assert!(text.contains("signature is wrong"), "{text}");
    // The keys of somebody else.
    wallets.secret("pw", "correct horse");
    let pw = wallets.path().join("pw");
    wallets.of("other").json(&["init", "--password-file", "pw"]);
    let other = wallets.path().join("other").display().to_string();
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
    hand_over(&wallets, "w", &words);
    let text = wallet.refused(&send, "E0166");
    assert!(text.contains("other keys than this wallet"), "{text}");
    let text = wallet.refused(&["new-account", "savings"], "E0166");
    assert!(text.contains("other keys than this wallet"), "{text}");
    // Without a terminal nobody can type its password.
    hand_over(
        &wallets,
        "w",
        &[program, "wallet", "--dir", &other, "signer"],
    );
    let text = wallet.refused(&send, "E0166");
    assert!(text.contains("no terminal to ask at"), "{text}");
    assert!(
        text.contains("waiting for the signer: the password"),
        "{text}"
    );
    assert_eq!(vault.available("alice"), MILLION, "nothing was sent");
}

#[test]
fn keys_in_a_device_pay_when_somebody_accepts() {
    let wallets = Wallets::start("vault");
    let (vault, wallet) = (wallets.of("vault"), wallets.of("w"));
    let words = Mnemonic::from_entropy(&[9; 32]).expect("32 bytes");
    let device = Arc::new(Mutex::new(FakeNano::new(words, 0)));
    let signer = format!("ledger-nano-tcp:{}", FakeNano::listen(device.clone()));
    wallet.json(&["init", "--signer", &signer]);
    wallet.json(&["faucet"]);
    let before = wallet.available("main");
    let bob = vault.json(&["address", "-a", "bob"])["address"].clone();
    let bob = bob.as_str().expect("an address");
    let (_, told) = wallet.told(&["send", bob, "2TST"]);
    assert!(told.contains("accept or reject it there"), "{told}");
    assert_eq!(wallet.available("main"), before - 2_000_000);
    assert_eq!(vault.available("bob"), MILLION + 2_000_000);
    let text = wallet.refused(&["mint-nft"], "E0166");
    assert!(text.contains("allow blind signing"), "{text}");
    device.lock().expect("ours").signs_blindly = true;
    wallet.json(&["mint-nft"]);
    device.lock().expect("ours").accepts = false;
    let text = wallet.refused(&["send", bob, "2TST"], "E0166");
    assert!(text.contains("rejected at the device"), "{text}");
    device.lock().expect("ours").is_locked = true;
    let text = wallet.refused(&["send", bob, "2TST"], "E0166");
    assert!(text.contains("unlock it with its PIN"), "{text}");
    let rest = before - 2_000_000;
    let screens = device.lock().expect("ours").screens.clone();
    assert_eq!(screens[0], format!("pays 2000000, remainder {rest}"));
    assert!(screens[1].starts_with("hash "), "{screens:?}");
    assert_eq!(screens.len(), 3);
}
