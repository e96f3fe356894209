//! The words of a wallet in a file that a password opens.
//!
//! The password becomes a key by Argon2id, and the key opens the words by XChaCha20-Poly1305. What
//! stands before the words is authenticated with them, so that no byte of the file can be changed
//! without notice. The words are padded: the file does not tell how many they are.
//!
//! ```text
//! "TANGLEWK" | version 1 | memory KiB u32 | passes u32 | lanes u32 | salt 16 | nonce 24 | sealed
//! ```

use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use tangle_crypto::mnemonic::Mnemonic;
use zeroize::{Zeroize, Zeroizing};

use crate::file::{self, FileError};

const MAGIC: &[u8; 8] = b"TANGLEWK";
const VERSION: u8 = 1;
const SALT: usize = 16;
const NONCE: usize = 24;
const TAG: usize = 16;
/// Magic, version, three costs, salt and nonce.
const HEAD: usize = 8 + 1 + 12 + SALT + NONCE;
/// Room for the words: 24 words of 8 letters need 215 bytes, and one byte says how many are used.
const ROOM: usize = 256;
const SIZE: usize = HEAD + ROOM + TAG;
/// Fewest characters of a new password.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// What it costs to try a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// More than what is recommended against guessing on leased machines, and a fraction of a
    /// second here.
    fn default() -> Self {
        Self {
            memory_kib: 64 << 10,
            passes: 3,
            lanes: 1,
        }
    }
}

/// More would let a forged file use up the machine.
const COST_MAX: Cost = Cost {
    memory_kib: 1 << 20,
    passes: 64,
    lanes: 16,
};

/// Why the words cannot be had, or kept.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no such file.
    #[error("there is no key file at {}", .0.display())]
    Absent(PathBuf),
    /// A key file is there already, and is not overwritten.
    #[error("there is a key file at {} already", .0.display())]
    Exists(PathBuf),
    /// The system refuses.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no key file, or one of another version, or its costs are out of bounds.
    #[error("the key file is not one, or is damaged: {0}")]
    Form(&'static str),
    /// The two cannot be told apart.
    #[error("the password is wrong, or the key file is damaged")]
    Closed,
    /// Too short to protect anything.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    ShortPassword,
}

/// A key file.
#[derive(Clone, Debug)]
pub struct Vault {
    path: PathBuf,
}

impl Vault {
    /// The key file at `path`, which need not exist.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Whether it exists.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Keeps new words; never over others.
    ///
    /// # Errors
    /// A file is there already, the password is too short, or the system refuses.
    pub fn create(&self, words: &Mnemonic, password: &str, cost: Cost) -> Result<(), VaultError> {
        if self.exists() {
            return Err(VaultError::Exists(self.path.clone()));
        }
        check_password(password)?;
        let bytes = seal(words, password, cost)?;
        Ok(file::create(&self.path, &bytes)?)
    }

    /// The words.
    ///
    /// # Errors
    /// See [`VaultError`]. The file is not touched.
    pub fn open(&self, password: &str) -> Result<Mnemonic, VaultError> {
        unseal(&self.bytes()?, password)
    }

    /// Protects the words with another password.
    ///
    /// # Errors
    /// See [`VaultError`]. The file is as it was.
    pub fn change_password(&self, old: &str, new: &str, cost: Cost) -> Result<(), VaultError> {
        check_password(new)?;
        let words = self.open(old)?;
        let bytes = seal(&words, new, cost)?;
        Ok(file::replace(&self.path, &bytes)?)
    }

    /// The sealed bytes, for a backup.
    ///
    /// # Errors
    /// There is no file, or the system refuses.
    pub fn bytes(&self) -> Result<Vec<u8>, VaultError> {
        let bytes = file::read(&self.path, SIZE as u64)?;
        bytes.ok_or_else(|| VaultError::Absent(self.path.clone()))
    }
}

fn check_password(password: &str) -> Result<(), VaultError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(VaultError::ShortPassword);
    }
    Ok(())
}

fn seal(words: &Mnemonic, password: &str, cost: Cost) -> Result<Vec<u8>, VaultError> {
    let mut bytes = Vec::with_capacity(SIZE);
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    for number in [cost.memory_kib, cost.passes, cost.lanes] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&rand::random::<[u8; SALT]>());
    bytes.extend_from_slice(&rand::random::<[u8; NONCE]>());

    let phrase = words.phrase();
    let mut room = Zeroizing::new([0_u8; ROOM]);
    room[0] = u8::try_from(phrase.len()).expect("no phrase is longer than 215 bytes");
    room[1..=phrase.len()].copy_from_slice(phrase.as_bytes());

    let cipher = cipher(&bytes, password)?;
    let nonce = nonce(&bytes);
    let tag = cipher
        .encrypt_in_place_detached(&nonce, &bytes[..HEAD], &mut room[..])
        .expect("256 bytes are far below the cipher's limit");
    bytes.extend_from_slice(&room[..]);
    bytes.extend_from_slice(&tag);
    Ok(bytes)
}

fn unseal(bytes: &[u8], password: &str) -> Result<Mnemonic, VaultError> {
    if bytes.len() != SIZE {
        return Err(VaultError::Form("its size is another"));
    }
    if &bytes[..8] != MAGIC {
        return Err(VaultError::Form("it does not begin as one"));
    }
    if bytes[8] != VERSION {
        return Err(VaultError::Form("it has a version that is not known"));
    }
    let cipher = cipher(bytes, password)?;
    let nonce = nonce(bytes);
    let mut room = Zeroizing::new([0_u8; ROOM]);
    room.copy_from_slice(&bytes[HEAD..HEAD + ROOM]);
    let (_, tag) = bytes
        .split_last_chunk::<TAG>()
        .expect("the size was checked");
    cipher
        .decrypt_in_place_detached(&nonce, &bytes[..HEAD], &mut room[..], &Tag::from(*tag))
        .map_err(|_| VaultError::Closed)?;
    let length = usize::from(room[0]);
    let phrase = std::str::from_utf8(&room[1..=length]).ok();
    let words = phrase.and_then(|phrase| Mnemonic::parse(phrase).ok());
    words.ok_or(VaultError::Form("it holds no words"))
}

fn nonce(head: &[u8]) -> XNonce {
    let bytes: [u8; NONCE] = head[HEAD - NONCE..HEAD].try_into().expect("it was cut so");
    XNonce::from(bytes)
}

/// The cipher of a file that begins with `head`.
fn cipher(head: &[u8], password: &str) -> Result<XChaCha20Poly1305, VaultError> {
    let number = |at: usize| {
        let bytes = head[at..at + 4].try_into().expect("four bytes were cut");
        u32::from_le_bytes(bytes)
    };
    let cost = Cost {
        memory_kib: number(9),
        passes: number(13),
        lanes: number(17),
    };
    let key = derive(password, &head[HEAD - NONCE - SALT..HEAD - NONCE], cost)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

fn derive(password: &str, salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let refused = VaultError::Form("its costs are out of bounds");
    if cost.memory_kib > COST_MAX.memory_kib
        || cost.passes > COST_MAX.passes
        || cost.lanes > COST_MAX.lanes
    {
        return Err(refused);
    }
    let Ok(params) = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)) else {
        return Err(refused);
    };
    let mut memory = vec![Block::new(); params.block_count()];
    let mut key = Zeroizing::new([0; 32]);
    let derived = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut key[..], &mut memory);
    memory.iter_mut().for_each(Zeroize::zeroize);
    derived.map_err(|_| VaultError::Form("no key can be derived for it"))?;
    Ok(key)
}

#[cfg(test)]
impl Cost {
    /// The least there can be, for tests.
    pub(crate) const CHEAP: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault, Mnemonic) {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::new(&folder.path().join("keys"));
        let words = Mnemonic::from_entropy(&[7; 32]).expect("32 bytes");
        vault
            .create(&words, "correct horse", Cost::CHEAP)
            .expect("it is new");
        (folder, vault, words)
    }

    #[test]
    fn words_come_back_with_the_password_only() {
        let (_folder, vault, words) = vault();
        assert!(vault.open("correct horse").expect("the password") == words);
        let before = vault.bytes().expect("it is there");
        let wrong = vault.open("correct horsf").expect_err("a wrong one");
        assert!(matches!(wrong, VaultError::Closed), "{wrong}");
        assert!(matches!(vault.open(""), Err(VaultError::Closed)));
        assert_eq!(vault.bytes().expect("it is there"), before);
        let phrase = words.phrase();
        let word = phrase.split(' ').next().expect("a word").as_bytes();
        assert!(!before.windows(word.len()).any(|part| part == word));
    }

    #[test]
    fn every_damaged_byte_is_noticed_and_nothing_is_written() {
        let (folder, vault, _) = vault();
        let path = folder.path().join("keys");
        let good = vault.bytes().expect("it is there");
        for at in 0..good.len() {
            for change in [0x01, 0x80] {
                let mut bad = good.clone();
                bad[at] ^= change;
                std::fs::write(&path, &bad).expect("ours");
                let error = vault.open("correct horse").expect_err("it is damaged");
                let is_clear = matches!(error, VaultError::Closed | VaultError::Form(_));
                assert!(is_clear, "byte {at}: {error}");
                let wrong = vault.open("wrong horse").expect_err("it is wrong, too");
                let is_clear = matches!(wrong, VaultError::Closed | VaultError::Form(_));
                assert!(is_clear, "byte {at}: {wrong}");
                let change = vault.change_password("correct horse", "another one", Cost::CHEAP);
                assert!(change.is_err(), "byte {at}");
                assert_eq!(std::fs::read(&path).expect("ours"), bad, "byte {at}");
            }
        }
        for length in 0..good.len() {
            std::fs::write(&path, &good[..length]).expect("ours");
            assert!(vault.open("correct horse").is_err(), "{length} bytes");
            let kept = std::fs::read(&path).expect("ours");
            assert_eq!(kept, good[..length], "{length} bytes");
        }
        std::fs::write(&path, [&good[..], &[0]].concat()).expect("ours");
        assert!(vault.open("correct horse").is_err(), "a byte too many");
    }

    #[test]
    fn password_changes_and_words_are_never_overwritten() {
        let (_folder, vault, words) = vault();
        let again = vault.create(&words, "correct horse", Cost::CHEAP);
        assert!(matches!(again, Err(VaultError::Exists(_))));
        let short = vault.change_password("correct horse", "short", Cost::CHEAP);
        assert!(matches!(short, Err(VaultError::ShortPassword)));
        vault
            .change_password("correct horse", "battery staple", Cost::CHEAP)
            .expect("the old one is right");
        assert!(vault.open("correct horse").is_err());
        assert!(vault.open("battery staple").expect("the new one") == words);
    }

    #[test]
    fn two_files_of_the_same_words_share_nothing() {
        let (_folder, first, _) = vault();
        let (_other, second, _) = vault();
        let (first, second) = (
            first.bytes().expect("there"),
            second.bytes().expect("there"),
        );
        assert_ne!(first[21..37], second[21..37], "salts");
        assert_ne!(first[HEAD..], second[HEAD..]);
    }

    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, _vault, _) = vault();
        let file = std::fs::metadata(folder.path().join("keys")).expect("it is there");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
