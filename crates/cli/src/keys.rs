//! Keys from mnemonics, files and the system's random source.

use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::mnemonic::Mnemonic;

use crate::config::SecretFile;
use crate::failure::{Code, Failure, Outcome};

/// Reads words and checks their checksum.
pub(crate) fn parse_mnemonic(words: &str) -> Outcome<Mnemonic> {
    Mnemonic::parse(words).map_err(|error| Failure::new(Code::Secret, error))
}

/// New random words.
pub(crate) fn random_mnemonic() -> Mnemonic {
    Mnemonic::from_entropy(&random_seed()).expect("32 bytes make 24 words")
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
    use super::*;

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
