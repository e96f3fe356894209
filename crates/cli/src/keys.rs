//! Keys from mnemonics, files and the system's random source.

use hmac::{Hmac, Mac};
use sha2::Sha512;
use tangle_crypto::ed25519::SecretKey;

use crate::config::SecretFile;
use crate::failure::{Code, Failure, Outcome};

/// Where a key is derived: `m/44'/coin'/account'/change'/index'`, all parts hardened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyPath {
    pub(crate) coin_type: u32,
    pub(crate) account: u32,
    pub(crate) change: u32,
    pub(crate) index: u32,
}

/// Words that keys are derived from (BIP-39).
pub(crate) struct Mnemonic {
    words: String,
    seed: [u8; 64],
}

impl std::fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mnemonic(..)")
    }
}

impl Mnemonic {
    /// Reads the words and checks their checksum.
    pub(crate) fn parse(words: &str) -> Outcome<Self> {
        let mnemonic: bip39::Mnemonic = words.parse().map_err(|error| {
            Failure::new(Code::Secret, format!("the mnemonic is wrong: {error}"))
        })?;
        Ok(Self {
            words: mnemonic.to_string(),
            seed: mnemonic.to_seed(""),
        })
    }

    /// New random words.
    pub(crate) fn generate() -> Self {
        let entropy: [u8; 32] = rand::random();
        let mnemonic = bip39::Mnemonic::from_entropy(&entropy).expect("32 bytes make 24 words");
        Self {
            words: mnemonic.to_string(),
            seed: mnemonic.to_seed(""),
        }
    }

    /// The words: a secret.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// The key at `path`.
    pub(crate) fn key(&self, path: KeyPath) -> SecretKey {
        SecretKey::from_seed(self.seed_at(path))
    }

    /// The seed of the key at `path` (SLIP-10).
    pub(crate) fn seed_at(&self, path: KeyPath) -> [u8; 32] {
        let (mut key, mut chain) = split(&mac(b"ed25519 seed", &[&self.seed]));
        for part in [44, path.coin_type, path.account, path.change, path.index] {
            let hardened = (part | 0x8000_0000).to_be_bytes();
            (key, chain) = split(&mac(&chain, &[&[0], &key, &hardened]));
        }
        key
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("a MAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn split(bytes: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut left, mut right) = ([0; 32], [0; 32]);
    left.copy_from_slice(&bytes[..32]);
    right.copy_from_slice(&bytes[32..]);
    (left, right)
}

/// A new random key.
pub(crate) fn random_seed() -> [u8; 32] {
    rand::random()
}

/// Reads 32 bytes of a seed, or 64 of a seed with its public key, in hexadecimal.
pub(crate) fn parse_seed(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).ok()?;
    match bytes.len() {
        32 => bytes.try_into().ok(),
        64 => {
            let seed: [u8; 32] = bytes[..32].try_into().ok()?;
            let is_pair = SecretKey::from_seed(seed).public_key() == bytes[32..];
            is_pair.then_some(seed)
        }
        _ => None,
    }
}

/// The key in a file that only its owner may read.
pub(crate) fn read_key(secret: &SecretFile) -> Outcome<SecretKey> {
    let text = secret.read()?;
    let Some(seed) = parse_seed(&text) else {
        return Err(Failure::new(
            Code::Secret,
            "the file holds no Ed25519 key: 64 hexadecimal digits of a seed are expected",
        )
        .with("file", secret.file.display())
        .help("make one: tangle tool key new --out FILE"));
    };
    Ok(SecretKey::from_seed(seed))
}

#[cfg(test)]
mod tests {
    use tangle_types::Address;

    use super::*;

    #[test]
    fn published_vector_gives_its_address() {
        // iota-sdk, sdk/tests/client/fixtures/test_vectors.json
        let words = "acoustic trophy damage hint search taste love bicycle foster cradle brown \
                     govern endless depend situate athlete pudding blame question genius transfer \
                     van random vast";
        let mnemonic = Mnemonic::parse(words).expect("good words");
        let key = mnemonic.key(KeyPath {
            coin_type: 4218,
            ..KeyPath::default()
        });
        assert_eq!(
            Address::from_public_key(&key.public_key()).to_bech32("iota"),
            "iota1qpg2xkj66wwgn8p2ggnp7p582gj8g6p79us5hve2tsudzpsr2ap4skprwjg"
        );
    }

    #[test]
    fn seed_is_read_alone_and_with_its_public_key() {
        let seed = [7; 32];
        let public = SecretKey::from_seed(seed).public_key();
        let pair = format!("{}{}", hex::encode(seed), hex::encode(public));
        assert_eq!(parse_seed(&hex::encode(seed)), Some(seed));
        assert_eq!(parse_seed(&format!("0x{pair}")), Some(seed));
        assert_eq!(parse_seed(&"07".repeat(64)), None, "not its public key");
        assert_eq!(parse_seed("07"), None);
    }
}
