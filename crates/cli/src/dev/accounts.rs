//! Test accounts: the same on every machine, from a published mnemonic.
//!
//! A wallet opens them with that mnemonic and coin type 4218: account 0 is alice's, 1 bob's, 2 the
//! faucet's, each with the first public address.

use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_crypto::slip10::{self, Path};
use tangle_network::Identity;
use tangle_types::Address;
use tangle_wallet::{COIN_IOTA, SeedSigner};

use crate::failure::{Code, Failure, Outcome};
use crate::keys;
use crate::test_wallet::WalletService;

/// Coin type of test networks; the milestone keys are below it, where no wallet looks.
const MILESTONE_COIN_TYPE: u32 = 1;
/// Below the coin type of test networks, beside the milestone keys.
const NODE_ACCOUNT: u32 = 1;
const NAMES: [&str; 3] = ["alice", "bob", "faucet"];

/// Published, so never for coins of value. Its entropy is the BLAKE2b-256 hash of
/// "tangle dev: test only, never for coins of value".
pub(crate) const TEST_MNEMONIC: &str = "area achieve smooth degree forum major crazy biology \
    isolate float sword title melt observe whip peanut loyal loud feed future curious movie wild \
    monster";

/// One test account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: &'static str,
    pub(crate) key: SecretKey,
}

/// All test accounts of a network, and its milestone keys.
#[derive(Debug)]
pub(crate) struct Accounts {
    mnemonic: Mnemonic,
    all: Vec<Account>,
}

impl Account {
    pub(crate) fn address(&self) -> Address {
        Address::from_public_key(&self.key.public_key())
    }
}

impl Accounts {
    /// The accounts of a mnemonic.
    pub(crate) fn new(words: &str) -> Outcome<Self> {
        let mnemonic = keys::parse_mnemonic(words)?;
        let seed = mnemonic.seed();
        let account = |(number, name): (u32, &'static str)| Account {
            name,
            key: slip10::derive(&seed[..], &path(COIN_IOTA, number, 0)),
        };
        let all = (0..).zip(NAMES).map(account).collect();
        Ok(Self { mnemonic, all })
    }

    /// The accounts, in order.
    pub(crate) fn all(&self) -> &[Account] {
        &self.all
    }

    /// The account called `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&Account> {
        self.all.iter().find(|account| account.name == name)
    }

    /// The faucet's account.
    pub(crate) fn faucet(&self) -> &Account {
        self.all.last().expect("the names are not empty")
    }

    /// The wallet of the pages. The faucet's account is not in it, as both would spend the same
    /// coins.
    pub(crate) fn wallet(&self) -> Outcome<WalletService> {
        let signer = SeedSigner::new(&self.mnemonic, COIN_IOTA)
            .map_err(|error| Failure::new(Code::Unexpected, error))?;
        let accounts = (0..).zip(self.all());
        let accounts = accounts.filter(|(_, account)| account.name != self.faucet().name);
        let named = self.all().iter();
        Ok(WalletService {
            signer,
            accounts: accounts
                .map(|(number, account)| (number, account.name.to_owned()))
                .collect(),
            named: named
                .map(|account| (account.name.to_owned(), account.address()))
                .collect(),
        })
    }

    /// The words.
    pub(crate) fn words(&self) -> String {
        self.mnemonic.phrase().to_string()
    }

    /// The keys that sign the milestones.
    pub(crate) fn milestone_keys(&self, count: usize) -> Vec<SecretKey> {
        let seed = self.mnemonic.seed();
        (0..)
            .take(count)
            .map(|index| slip10::derive(&seed[..], &path(MILESTONE_COIN_TYPE, 0, index)))
            .collect()
    }

    /// The names of the nodes to each other: the same on every machine, so that what follows from
    /// them is too.
    pub(crate) fn node_names(&self, count: usize) -> Vec<Identity> {
        let seed = self.mnemonic.seed();
        (0..)
            .take(count)
            .map(|index| path(MILESTONE_COIN_TYPE, NODE_ACCOUNT, index))
            .map(|path| Identity::from_seed(*slip10::derive(&seed[..], &path).seed()))
            .collect()
    }
}

fn path(coin_type: u32, account: u32, index: u32) -> Path {
    Path::bip44(coin_type, account, false, index).expect("all numbers here are small")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_mnemonic_hides_nothing() {
        let text = "tangle dev: test only, never for coins of value";
        let entropy = tangle_crypto::blake2b::hash(text.as_bytes());
        let words = Mnemonic::from_entropy(&entropy).expect("32 bytes make 24 words");
        assert_eq!(*words.phrase(), TEST_MNEMONIC);
    }

    #[test]
    fn accounts_are_told_apart_and_the_milestone_keys_are_none_of_them() {
        let accounts = Accounts::new(TEST_MNEMONIC).expect("good words");
        let mut public: Vec<_> = accounts
            .all()
            .iter()
            .map(|account| account.key.public_key())
            .collect();
        public.extend(accounts.milestone_keys(2).iter().map(SecretKey::public_key));
        public.sort_unstable();
        public.dedup();
        assert_eq!(public.len(), 5);
        let names = accounts.node_names(3);
        assert_ne!(names[0].peer_id(), names[1].peer_id());
        assert_eq!(names[0].peer_id(), accounts.node_names(1)[0].peer_id());
        assert_eq!(accounts.faucet().name, "faucet");
        assert!(accounts.find("carol").is_none());
    }
}
