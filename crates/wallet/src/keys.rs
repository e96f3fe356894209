//! Keys of a wallet: where each one is, and who signs with it.

use tangle_crypto::blake2b;
use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_crypto::slip10::{Branch, Path, PathError};
use tangle_types::Essence;

/// Coin type of IOTA (SLIP-44), the default of its wallets.
pub const COIN_IOTA: u32 = 4218;
/// Coin type of Shimmer (SLIP-44).
pub const COIN_SHIMMER: u32 = 4219;

/// The place of a key below the coin type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPlace {
    /// Number of the account.
    pub account: u32,
    /// Whether it is for the wallet's own change.
    pub is_internal: bool,
    /// Number within the account.
    pub index: u32,
}

impl From<KeyPlace> for [u32; 3] {
    /// Account, 1 for change or else 0, number: as files and protocols write a place.
    fn from(place: KeyPlace) -> Self {
        [place.account, u32::from(place.is_internal), place.index]
    }
}

impl TryFrom<[u32; 3]> for KeyPlace {
    type Error = PathError;

    fn try_from([account, change, index]: [u32; 3]) -> Result<Self, PathError> {
        if change > 1 {
            return Err(PathError::Step);
        }
        let is_internal = change == 1;
        Ok(Self {
            account,
            is_internal,
            index,
        })
    }
}

/// Why a signer has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// A number beyond what a path can hold.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It has keys, and they are those of another wallet.
    #[error("the signer has other keys than this wallet")]
    OtherKeys,
    /// The owner of the keys, or what guards them, does not want it.
    #[error("the signer refuses: {0}")]
    Refused(String),
    /// A program that does not start, a device that is not there.
    #[error("the signer cannot be reached: {what}: {reason}")]
    Unreachable {
        /// The program or the device.
        what: String,
        /// What the system says.
        reason: String,
    },
    /// No answer in time.
    #[error("the signer has not answered within {seconds} s")]
    Silent {
        /// Seconds waited.
        seconds: u64,
    },
    /// It ended, or hung up.
    #[error("the signer ended without an answer")]
    Ended,
    /// It does not speak the protocol.
    #[error("the signer's answer makes no sense: {0}")]
    Garbage(String),
    /// A device that waits for its PIN.
    #[error("the device is locked")]
    Locked,
    /// A device with another app open than the one that has the keys.
    #[error("the device has not opened its {0} app")]
    AppClosed(&'static str),
    /// A device whose app is too old.
    #[error("the device's app has version {0}, which does not know this protocol")]
    AppTooOld(String),
    /// A device that cannot show the transaction, and may not sign what it cannot show.
    #[error("the device cannot show this transaction, and may not sign it blindly")]
    BlindSigning,
    /// A device that refuses a command.
    #[error("the device refuses a command with status {0:04x}")]
    Status(u16),
}

/// A public key and the signature that was made with it.
pub type KeyAndSignature = ([u8; 32], [u8; 64]);

/// What a signer is asked to sign, with all that it needs to show what leaves the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest<'a> {
    /// What is signed.
    pub essence: &'a Essence,
    /// The key that opens each input; none where an alias or NFT of an earlier input does.
    pub inputs: Vec<Option<KeyPlace>>,
    /// Outputs that go back to a key that opens an input and to nothing else, by their number. It
    /// is a claim: who signs checks each against the key.
    pub change: Vec<(u16, KeyPlace)>,
}

impl SigningRequest<'_> {
    /// The keys that sign, each once, in the order of the inputs.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyPlace> {
        let mut keys = Vec::new();
        for place in self.inputs.iter().flatten() {
            if !keys.contains(place) {
                keys.push(*place);
            }
        }
        keys
    }
}

/// Who holds the keys: this process, a device, another process.
pub trait Signer {
    /// The hashes in the Ed25519 addresses of the keys from `first` on, at least 1.
    ///
    /// # Errors
    /// See [`SignerError`].
    fn addresses(&self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError>;

    /// Signs the hash of the essence with each of [`SigningRequest::keys`], in their order.
    ///
    /// # Errors
    /// See [`SignerError`].
    fn sign(&self, request: &SigningRequest<'_>) -> Result<Vec<KeyAndSignature>, SignerError>;
}

/// Keys made of words, in this process. Wiped from memory when dropped.
#[derive(Debug)]
pub struct SeedSigner {
    coin: Branch,
}

impl SeedSigner {
    /// The keys of `words` below a coin type.
    ///
    /// # Errors
    /// A coin type of 2^31 or more.
    pub fn new(words: &Mnemonic, coin_type: u32) -> Result<Self, SignerError> {
        let seed = words.seed();
        let coin = Branch::new(&seed[..], &Path::new(&[44, coin_type])?);
        Ok(Self { coin })
    }

    fn branch(&self, place: KeyPlace) -> Result<Branch, SignerError> {
        let change = u32::from(place.is_internal);
        Ok(self.coin.branch(&Path::new(&[place.account, change])?))
    }
}

fn key(branch: &Branch, index: u32) -> Result<SecretKey, SignerError> {
    Ok(branch.key(&Path::new(&[index])?))
}

impl Signer for SeedSigner {
    fn addresses(&self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError> {
        let branch = self.branch(first)?;
        let indexes = (0..count).map(|step| first.index.saturating_add(step));
        let keys: Vec<[u8; 32]> = indexes
            .map(|index| key(&branch, index).map(|key| key.public_key()))
            .collect::<Result<_, _>>()?;
        let inputs: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        Ok(blake2b::hash_many(&inputs))
    }

    fn sign(&self, request: &SigningRequest<'_>) -> Result<Vec<KeyAndSignature>, SignerError> {
        let message = request.essence.hash();
        let sign = |place: &KeyPlace| {
            let key = key(&self.branch(*place)?, place.index)?;
            Ok((key.public_key(), key.sign(&message)))
        };
        request.keys().iter().map(sign).collect()
    }
}

#[cfg(test)]
mod tests {
    use tangle_crypto::slip10;
    use tangle_types::Address;

    use super::*;

    #[test]
    fn keys_are_those_at_their_whole_paths() {
        let words = Mnemonic::from_entropy(&[3; 32]).expect("32 bytes");
        let signer = SeedSigner::new(&words, COIN_SHIMMER).expect("a coin");
        let first = KeyPlace {
            account: 2,
            is_internal: true,
            index: 5,
        };
        let hashes = signer.addresses(first, 2).expect("small numbers");
        for (index, found) in (5..).zip(&hashes) {
            let path = Path::bip44(COIN_SHIMMER, 2, true, index).expect("small numbers");
            let key = slip10::derive(&words.seed()[..], &path).public_key();
            assert_eq!(Address::Ed25519(*found), Address::from_public_key(&key));
        }
        let far = KeyPlace {
            index: u32::MAX,
            ..first
        };
        assert!(signer.addresses(far, 1).is_err());
    }
}
