//! Keys of a wallet: where each one is, and who signs with it.

use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_crypto::slip10::{Branch, Path, PathError};

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

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// A number beyond what a path can hold.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A device or another process does not do it.
    #[error("the signer refuses: {0}")]
    Refused(String),
}

/// A public key and the signature that was made with it.
pub type KeyAndSignature = ([u8; 32], [u8; 64]);

/// Who holds the keys: this process, a device, another process.
pub trait Signer {
    /// The public keys `first..first + count` of an account.
    ///
    /// # Errors
    /// See [`SignerError`].
    fn public_keys(&self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError>;

    /// Signs one message, which is the hash of an essence, with several keys.
    ///
    /// # Errors
    /// See [`SignerError`].
    fn sign(
        &self,
        message: &[u8; 32],
        places: &[KeyPlace],
    ) -> Result<Vec<KeyAndSignature>, SignerError>;
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
    fn public_keys(&self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError> {
        let branch = self.branch(first)?;
        let indexes = (0..count).map(|step| first.index.saturating_add(step));
        indexes
            .map(|index| key(&branch, index).map(|key| key.public_key()))
            .collect()
    }

    fn sign(
        &self,
        message: &[u8; 32],
        places: &[KeyPlace],
    ) -> Result<Vec<KeyAndSignature>, SignerError> {
        let sign = |place: &KeyPlace| {
            let key = key(&self.branch(*place)?, place.index)?;
            Ok((key.public_key(), key.sign(message)))
        };
        places.iter().map(sign).collect()
    }
}

#[cfg(test)]
mod tests {
    use tangle_crypto::slip10;

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
        let keys = signer.public_keys(first, 2).expect("small numbers");
        for (index, found) in (5..).zip(&keys) {
            let path = Path::bip44(COIN_SHIMMER, 2, true, index).expect("small numbers");
            assert_eq!(
                *found,
                slip10::derive(&words.seed()[..], &path).public_key()
            );
        }
        let signed = signer.sign(&[1; 32], &[first]).expect("small numbers");
        assert_eq!(signed[0].0, keys[0]);
        let far = KeyPlace {
            index: u32::MAX,
            ..first
        };
        assert!(signer.public_keys(far, 1).is_err());
    }
}
