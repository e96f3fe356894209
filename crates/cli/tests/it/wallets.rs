//! A dev network and wallets beside it, each in a folder of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::network::{Network, run};

/// What each test account has at first, in millionths of a coin.
pub(crate) const MILLION: u64 = 1_000_000_000_000;

/// A network and the folder in which the wallets are.
pub(crate) struct Wallets {
    folder: tempfile::TempDir,
    pub(crate) network: Network,
}

/// One of the wallets.
#[derive(Clone, Copy)]
pub(crate) struct Wallet<'w> {
    wallets: &'w Wallets,
    name: &'w str,
}

impl Wallets {
    /// Starts a network, and makes the wallet `name` of its test accounts.
    pub(crate) fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
        let wallets = Self { folder, network };
        wallets.of(name).json(&["init", "--dev"]);
        wallets
    }

    /// The wallet in the folder `name`, which need not be there yet.
    pub(crate) const fn of<'w>(&'w self, name: &'w str) -> Wallet<'w> {
        Wallet {
            wallets: self,
            name,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file that only its owner reads.
    pub(crate) fn secret(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("ours");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("ours");
    }
}

impl Wallet<'_> {
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let node = self.wallets.network.url("node");
        let before = ["wallet", "--dir", self.name, "--node", node];
        run(self.wallets.path(), &[&before[..], arguments].concat())
    }

    /// What was printed, and what was said beside.
    fn said(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        (String::from_utf8(output.stdout).expect("UTF-8"), errors)
    }

    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        self.said(arguments).0
    }

    /// The last line that was printed, and all that was said beside.
    pub(crate) fn told(&self, arguments: &[&str]) -> (Value, String) {
        let (text, errors) = self.said(&[arguments, &["--json"]].concat());
        let last = text.lines().last().expect("a line");
        let value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{last}: {error}"));
        (value, errors)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.told(arguments).0
    }

    /// What is said of a failure.
    pub(crate) fn refused(&self, arguments: &[&str], code: &str) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let head = format!("error[{code}]");
        assert!(text.contains(&head), "{arguments:?}: {text}");
        text
    }

    pub(crate) fn available(&self, account: &str) -> u64 {
        let balance = self.json(&["balance", "-a", account]);
        let text = balance["available"].as_str().expect("a number");
        text.parse().expect("a number")
    }
}
