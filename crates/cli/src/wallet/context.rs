//! What every command has: the open wallet, its node, the account.

use std::path::{Path, PathBuf};

use tangle_client::Client;
use tangle_types::words::{Unit, Words, plain};
use tangle_types::{Address, UnixSeconds};
use tangle_wallet::{
    KeyHolder, Network, Signer, Source, State, SyncReport, Wallet, extend_keys, sync,
};

use super::args::{WalletArguments, WalletCommand};
use super::{failures, password};
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;
use crate::terminal::Terminal;

/// Milestones without news that need not be remembered.
const UNSAVED_MILESTONES_MAX: u32 = 20;

/// What a command works with.
pub(super) struct Context<'t> {
    pub(super) terminal: &'t Terminal,
    pub(super) wallet: Wallet,
    arguments: WalletArguments,
    runtime: tokio::runtime::Runtime,
    network: Option<Network>,
}

/// The folder of the wallet.
pub(super) fn folder(arguments: &WalletArguments) -> Outcome<PathBuf> {
    if let Some(folder) = &arguments.dir {
        return Ok(folder.clone());
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let data = set("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| Some(Path::new(&set("HOME")?).join(".local/share")));
    let data = data.ok_or_else(|| {
        Failure::new(Code::Input, "there is no home folder").help("name one: --dir DIR")
    })?;
    Ok(data.join("tangle/wallet"))
}

impl<'t> Context<'t> {
    /// Opens the wallet that the arguments name.
    pub(super) fn open(arguments: WalletArguments, terminal: &'t Terminal) -> Outcome<Self> {
        let folder = folder(&arguments)?;
        let is_rebuilt = matches!(&arguments.command, WalletCommand::Sync(sync) if sync.rebuild);
        let wallet = if is_rebuilt {
            Wallet::open_anew(&folder)
        } else {
            Wallet::open(&folder)
        };
        let wallet = wallet.map_err(failures::wallet)?;
        Self::new(wallet, arguments, terminal)
    }

    pub(super) fn new(
        wallet: Wallet,
        arguments: WalletArguments,
        terminal: &'t Terminal,
    ) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::new(Code::Unexpected, error))?;
        Ok(Self {
            terminal,
            wallet,
            arguments,
            runtime,
            network: None,
        })
    }

    /// Runs to its end what waits for a node.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The runtime and the state, for work that changes it.
    pub(super) const fn parts(&mut self) -> (&tokio::runtime::Runtime, &mut State) {
        (&self.runtime, &mut self.wallet.state)
    }

    /// Address of the node.
    pub(super) fn node_url(&self) -> &str {
        let given = self.arguments.node.as_deref();
        given.unwrap_or(&self.wallet.settings.node)
    }

    /// The node.
    pub(super) fn client(&self) -> Outcome<Client> {
        Client::new(self.node_url()).map_err(client_failure)
    }

    /// What the node said of its network; it is asked once.
    pub(super) fn network(&mut self) -> Outcome<Network> {
        if let Some(network) = &self.network {
            return Ok(network.clone());
        }
        let client = self.client()?;
        let network = self.wait(Network::ask(&client)).map_err(failures::sync)?;
        self.network = Some(network.clone());
        Ok(network)
    }

    /// Asks the node anew.
    pub(super) fn refresh(&mut self) -> Outcome<Network> {
        self.network = None;
        self.network()
    }

    /// Brings the state up to date and saves it when it has changed.
    pub(super) fn sync(&mut self, signer: Option<&dyn Signer>) -> Outcome<SyncReport> {
        let network = self.refresh()?;
        let client = self.client()?;
        let before = (
            self.wallet.state.ledger.index,
            self.wallet.state.pending.len(),
        );
        let (runtime, state) = self.parts();
        let synced = runtime.block_on(sync(&client, &network, state, signer));
        let (after, pending) = (
            self.wallet.state.ledger.index,
            self.wallet.state.pending.len(),
        );
        let is_new = synced
            .as_ref()
            .map_or(true, |report| report.created + report.spent > 0);
        // Milestones that brought nothing are read again next time, when they are few.
        let is_far = after.0.abs_diff(before.0.0) > UNSAVED_MILESTONES_MAX;
        if is_new || is_far || pending != before.1 || signer.is_some() {
            self.save()?;
        }
        synced.map_err(failures::sync)
    }

    /// Writes the wallet.
    pub(super) fn save(&self) -> Outcome {
        self.wallet.save().map_err(failures::wallet)
    }

    /// The keys; asks for the password where that is needed. Keys beyond those in use are derived
    /// on the way, as the keys are at hand.
    pub(super) fn unlock(&mut self) -> Outcome<Box<dyn Signer>> {
        let signer = self.signer()?;
        extend_keys(&mut self.wallet.state, &*signer).map_err(|error| failures::signer(&error))?;
        Ok(signer)
    }

    /// The keys alone, wherever they are.
    pub(super) fn signer(&self) -> Outcome<Box<dyn Signer>> {
        if let Some(holder) = &self.wallet.settings.signer {
            return open_signer(holder, self.wallet.settings.coin_type, self.terminal);
        }
        let signer = self.wallet.unlock(&self.password()?);
        Ok(Box::new(signer.map_err(failures::wallet)?))
    }

    /// Whether this wallet's own words are published.
    pub(super) const fn is_test(&self) -> bool {
        self.wallet.settings.is_test
    }

    /// The file with the password, where one was named.
    pub(super) fn password_file(&self) -> Option<&Path> {
        self.arguments.password_file.as_deref()
    }

    /// The password of the key file.
    pub(super) fn password(&self) -> Outcome<zeroize::Zeroizing<String>> {
        let file = self.password_file();
        // The published words are no secret, so nobody is asked for what opens them.
        if file.is_none() && self.is_test() {
            return Ok(zeroize::Zeroizing::new(password::DEV_PASSWORD.to_owned()));
        }
        password::ask(file)
    }

    /// Number and name of the account.
    pub(super) fn account(&self) -> Outcome<(u32, String)> {
        let accounts = &self.wallet.settings.accounts;
        let found = match &self.arguments.account {
            Some(name) => self
                .wallet
                .account(name)
                .map(|number| (number, name.clone())),
            None => accounts
                .iter()
                .next()
                .map(|(number, name)| (*number, name.clone())),
        };
        found.ok_or_else(|| {
            let names: Vec<&str> = accounts.values().map(String::as_str).collect();
            let name = self.arguments.account.as_deref().unwrap_or_default();
            Failure::new(Code::Input, format!("the wallet has no account {name:?}"))
                .with("accounts", names.join(", "))
                .help("add one: tangle wallet new-account NAME")
        })
    }

    /// The account that the command line names, if it names one.
    pub(super) fn named_account(&self) -> Outcome<Option<u32>> {
        if self.arguments.account.is_none() {
            return Ok(None);
        }
        self.account().map(|(number, _)| Some(number))
    }

    /// What transactions of the account are made from.
    pub(super) fn source<'a>(&'a self, network: &'a Network) -> Outcome<Source<'a>> {
        let (account, _) = self.account()?;
        Ok(Source {
            state: &self.wallet.state,
            account,
            parameters: &network.parameters,
            now: network.ledger.time,
        })
    }

    /// An address: of an account of the wallet, of a contact, or as it is.
    pub(super) fn address(&self, text: &str, network: &Network) -> Outcome<Address> {
        let hrp = &network.parameters.bech32_hrp;
        if let Some(number) = self.wallet.account(text) {
            let keys = self.wallet.state.accounts.get(&number);
            let address =
                keys.and_then(|keys| keys.external.address(keys.external.used.saturating_sub(1)));
            return address.ok_or_else(|| {
                Failure::new(Code::Input, format!("account {text:?} has no address yet"))
                    .help("derive some: tangle wallet sync --discover")
            });
        }
        let contact = self.wallet.settings.contacts.get(text);
        let written = contact.map_or(text, String::as_str);
        let (found, address) = Address::from_bech32(written).map_err(|error| {
            Failure::new(
                Code::Input,
                format!(
                    "{written:?} is neither an account, nor a contact, nor an address: {error}"
                ),
            )
            .help("see who has a name: tangle wallet accounts, tangle wallet contacts")
        })?;
        if found != *hrp {
            return Err(Failure::new(
                Code::Input,
                format!("the address begins with {found}, those of this network with {hrp}"),
            ));
        }
        Ok(address)
    }

    /// The name of an address that the wallet knows.
    pub(super) fn name_of(&self, address: &Address, hrp: &str) -> Option<String> {
        if let Some(place) = self.wallet.state.place(address) {
            return self.wallet.settings.accounts.get(&place.account).cloned();
        }
        let text = address.to_bech32(hrp);
        let mut contacts = self.wallet.settings.contacts.iter();
        contacts
            .find(|(_, known)| **known == text)
            .map(|(name, _)| name.clone())
    }

    /// Calls `tell` with the words for outputs.
    pub(super) fn with_words<T>(&self, network: &Network, tell: impl FnOnce(&Words<'_>) -> T) -> T {
        let hrp = &network.parameters.bech32_hrp;
        let unit = unit(network);
        let words = Words {
            hrp,
            unit: &unit,
            now: network.ledger.time,
            name: &|address| self.name_of(address, hrp),
        };
        tell(&words)
    }

    /// Calls `tell` with the words for outputs where no node says how the network writes them.
    pub(super) fn with_words_offline<T>(&self, tell: impl FnOnce(&Words<'_>) -> T) -> T {
        let unit = Unit::new("u", 0);
        let words = Words {
            hrp: "addr",
            unit: &unit,
            now: self.now(),
            name: &|address| {
                let place = self.wallet.state.place(address)?;
                self.wallet.settings.accounts.get(&place.account).cloned()
            },
        };
        tell(&words)
    }

    /// The time of the newest milestone that the wallet knows.
    pub(super) const fn now(&self) -> UnixSeconds {
        self.wallet.state.ledger.time
    }
}

/// The way to keys that are not in the folder. Who has them may say what is waited for.
pub(super) fn open_signer(
    holder: &KeyHolder,
    coin_type: u32,
    terminal: &Terminal,
) -> Outcome<Box<dyn Signer>> {
    let terminal = *terminal;
    let tell = move |what: &str| terminal.complain(&format!("  waiting for the signer: {what}"));
    holder
        .open(coin_type, Box::new(tell))
        .map_err(|error| failures::signer(&error))
}

/// How the network writes amounts.
pub(super) fn unit(network: &Network) -> Unit {
    let token = &network.node.base_token;
    Unit::new(&plain(&token.unit), token.decimals)
}
