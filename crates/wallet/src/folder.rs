//! A wallet on disk: a folder with the sealed words, the names that the owner gave, and what is
//! known of the ledger.
//!
//! | file | holds | secret |
//! |---|---|---|
//! | `keys` | the words, sealed by the password | yes |
//! | `wallet.json` | node, coin type, names of accounts, address book, who has the keys | no |
//! | `state` | addresses, outputs, transactions on their way | no |
//! | `lock` | nothing; who uses the wallet holds a lock on it | no |
//!
//! When a device or another process has the keys there is no file `keys`, and nothing is secret.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tangle_crypto::mnemonic::Mnemonic;

use crate::file::{self, FileError};
use crate::keys::{SeedSigner, SignerError};
use crate::signers::KeyHolder;
use crate::state::State;
use crate::state_file::{self, StateError};
use crate::vault::{Cost, Vault, VaultError};

const VERSION: u32 = 1;
/// Largest `wallet.json`.
const SETTINGS_BYTES_MAX: u64 = 16 << 20;
/// Longest name of an account or of somebody in the address book.
pub const NAME_CHARS_MAX: usize = 64;

/// What the owner of a wallet chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    version: u32,
    /// Coin type (SLIP-44).
    pub coin_type: u32,
    /// The node.
    pub node: String,
    /// Names of accounts, by number.
    pub accounts: BTreeMap<u32, String>,
    /// Whether the words are published, so that nobody has to be asked for a password.
    #[serde(default)]
    pub is_test: bool,
    /// Addresses of others, by name.
    #[serde(default)]
    pub contacts: BTreeMap<String, String>,
    /// Who has the keys when the folder has no words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<KeyHolder>,
}

impl Settings {
    fn new(coin_type: u32, node: &str, signer: Option<KeyHolder>) -> Self {
        Self {
            version: VERSION,
            coin_type,
            node: node.to_owned(),
            accounts: BTreeMap::new(),
            is_test: false,
            contacts: BTreeMap::new(),
            signer,
        }
    }
}

/// Why a wallet cannot be opened, made or saved.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// There is none in the folder.
    #[error("there is no wallet in {}", .0.display())]
    Absent(PathBuf),
    /// There is one in the folder already.
    #[error("there is a wallet in {} already", .0.display())]
    Exists(PathBuf),
    /// Another process has it open.
    #[error("the wallet in {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The system refuses.
    #[error(transparent)]
    File(#[from] FileError),
    /// The words.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The keys.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What is known of the ledger.
    #[error(transparent)]
    State(#[from] StateError),
    /// The names.
    #[error("{}: {reason}", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A name that cannot be used.
    #[error("{0:?} cannot be a name: {1}")]
    Name(String, &'static str),
}

/// An open wallet; no other process has it.
#[derive(Debug)]
pub struct Wallet {
    folder: PathBuf,
    _lock: File,
    /// What the owner chose.
    pub settings: Settings,
    /// What is known of the ledger.
    pub state: State,
}

impl Wallet {
    /// Makes a wallet of `words` in a folder that has none.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub fn create(
        folder: &Path,
        words: &Mnemonic,
        password: &str,
        cost: Cost,
        coin_type: u32,
        node: &str,
    ) -> Result<Self, WalletError> {
        let settings = Settings::new(coin_type, node, None);
        Self::create_with(folder, settings, || {
            SeedSigner::new(words, coin_type)?;
            Ok(Vault::new(&folder.join("keys")).create(words, password, cost)?)
        })
    }

    /// Makes a wallet whose keys `signer` has, in a folder that has none.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub fn create_without_words(
        folder: &Path,
        signer: KeyHolder,
        coin_type: u32,
        node: &str,
    ) -> Result<Self, WalletError> {
        let settings = Settings::new(coin_type, node, Some(signer));
        Self::create_with(folder, settings, || Ok(()))
    }

    fn create_with(
        folder: &Path,
        settings: Settings,
        keep_words: impl FnOnce() -> Result<(), WalletError>,
    ) -> Result<Self, WalletError> {
        file::make_folder(folder)?;
        let lock = lock(folder)?;
        if folder.join("wallet.json").exists() {
            return Err(WalletError::Exists(folder.to_owned()));
        }
        keep_words()?;
        let wallet = Self {
            folder: folder.to_owned(),
            _lock: lock,
            settings,
            state: State::default(),
        };
        wallet.save()?;
        Ok(wallet)
    }

    /// Opens the wallet in a folder.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub fn open(folder: &Path) -> Result<Self, WalletError> {
        Self::open_with(folder, |path| {
            Ok(state_file::load(path)?.unwrap_or_default())
        })
    }

    /// Opens the wallet in a folder without what it knew of the ledger and of its keys, which a
    /// sync with a signer finds again.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub fn open_anew(folder: &Path) -> Result<Self, WalletError> {
        Self::open_with(folder, |_| Ok(State::default()))
    }

    fn open_with(
        folder: &Path,
        load: impl FnOnce(&Path) -> Result<State, StateError>,
    ) -> Result<Self, WalletError> {
        let path = folder.join("wallet.json");
        let Some(bytes) = file::read(&path, SETTINGS_BYTES_MAX)? else {
            return Err(WalletError::Absent(folder.to_owned()));
        };
        let lock = lock(folder)?;
        let refuse = |reason: String| WalletError::Settings {
            path: path.clone(),
            reason,
        };
        let settings: Settings =
            serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        if settings.version != VERSION {
            return Err(refuse(format!("version {} is not known", settings.version)));
        }
        let mut state = load(&folder.join("state"))?;
        for number in settings.accounts.keys() {
            state.accounts.entry(*number).or_default();
        }
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
            settings,
            state,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The sealed words.
    #[must_use]
    pub fn vault(&self) -> Vault {
        Vault::new(&self.folder.join("keys"))
    }

    /// The keys.
    ///
    /// # Errors
    /// The password is wrong, or the key file cannot be used.
    pub fn unlock(&self, password: &str) -> Result<SeedSigner, WalletError> {
        let words = self.vault().open(password)?;
        Ok(SeedSigner::new(&words, self.settings.coin_type)?)
    }

    /// Writes names and state.
    ///
    /// # Errors
    /// The system refuses.
    pub fn save(&self) -> Result<(), WalletError> {
        self.save_state()?;
        let mut text =
            serde_json::to_string_pretty(&self.settings).expect("texts and numbers become JSON");
        text.push('\n');
        Ok(file::replace(
            &self.folder.join("wallet.json"),
            text.as_bytes(),
        )?)
    }

    /// Writes the state only.
    ///
    /// # Errors
    /// The system refuses.
    pub fn save_state(&self) -> Result<(), WalletError> {
        Ok(state_file::save(&self.folder.join("state"), &self.state)?)
    }

    /// Adds an account; its keys come with the next sync that has a signer.
    ///
    /// # Errors
    /// The name is taken or cannot be used.
    pub fn add_account(&mut self, number: u32, name: &str) -> Result<(), WalletError> {
        self.check_name(name)?;
        self.settings.accounts.insert(number, name.to_owned());
        self.state.accounts.entry(number).or_default();
        Ok(())
    }

    /// The number of the account called `name`.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<u32> {
        let mut accounts = self.settings.accounts.iter();
        accounts
            .find(|(_, known)| *known == name)
            .map(|(number, _)| *number)
    }

    /// Whether a new account or contact may have a name.
    ///
    /// # Errors
    /// The name is taken or cannot be used.
    pub fn check_name(&self, name: &str) -> Result<(), WalletError> {
        let refuse = |reason| Err(WalletError::Name(name.to_owned(), reason));
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return refuse("it has no character, or more than 64");
        }
        let is_shown = tangle_types::words::plain(name) == name;
        if !is_shown || name.chars().any(char::is_whitespace) {
            return refuse("it has white space, or characters that are not shown");
        }
        if tangle_types::Address::from_bech32(name).is_ok() {
            return refuse("it is an address");
        }
        if self.account(name).is_some() || self.settings.contacts.contains_key(name) {
            return refuse("it is taken");
        }
        Ok(())
    }
}

fn lock(folder: &Path) -> Result<File, WalletError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| FileError::new(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WalletError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(FileError::new(&path, error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse";

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let words = Mnemonic::from_entropy(&[7; 32]).expect("32 bytes");
        let node = "http://127.0.0.1:1";
        let wallet = Wallet::create(folder.path(), &words, PASSWORD, Cost::CHEAP, 4218, node);
        let mut wallet = wallet.expect("the folder is empty");
        wallet.add_account(0, "main").expect("it is free");
        wallet.save().expect("the folder is ours");
        folder
    }

    #[test]
    fn names_that_would_be_shown_as_something_else_are_refused() {
        let folder = folder();
        let wallet = Wallet::open(folder.path()).expect("as written");
        let long = "x".repeat(8 << 10);
        for name in [
            "",
            "two words",
            "a\tb",
            "a\u{1b}[2J",
            "a\u{202e}b",
            "\u{200b}",
            "a\0",
            "main",
            &long,
        ] {
            let refused = wallet.check_name(name);
            assert!(matches!(refused, Err(WalletError::Name(..))), "{name:?}");
        }
        for name in ["bob", "<b>bob</b>", "größe", "你好"] {
            wallet.check_name(name).expect("it is shown as it is");
        }
    }

    /// Each file of the folder, damaged at each byte and cut at each length: the wallet opens or
    /// says why not, the words come out as they were or not at all, and nothing is written.
    #[test]
    fn damaged_wallet_is_told_and_not_touched() {
        let folder = folder();
        let words = Mnemonic::from_entropy(&[7; 32]).expect("32 bytes");
        for name in ["keys", "wallet.json", "state"] {
            let path = folder.path().join(name);
            let good = std::fs::read(&path).expect("it is there");
            let flipped = (0..good.len()).map(|at| {
                let mut bad = good.clone();
                bad[at] ^= 0x04;
                bad
            });
            let cut = (0..good.len()).map(|length| good[..length].to_vec());
            for bad in flipped.chain(cut) {
                std::fs::write(&path, &bad).expect("ours");
                match Wallet::open(folder.path()) {
                    Ok(wallet) => {
                        let wrong = wallet.unlock("wrong horse").err();
                        assert!(matches!(wrong, Some(WalletError::Vault(_))), "{wrong:?}");
                        let opened = wallet.vault().open(PASSWORD);
                        let is_whole = name != "keys";
                        assert_eq!(opened.is_ok_and(|opened| opened == words), is_whole);
                    }
                    Err(error) => assert!(error.to_string().len() > 20, "{error}"),
                }
                assert_eq!(std::fs::read(&path).expect("ours"), bad, "{name}");
            }
            std::fs::write(&path, &good).expect("ours");
        }
        Wallet::open(folder.path()).expect("as it was");
    }
}
