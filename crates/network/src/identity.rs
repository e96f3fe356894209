//! The key that names a node to its neighbours.
//!
//! A peer id is the base58 form of the public key in libp2p's wrapping, such as `12D3KooW…`.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use libp2p_identity::{Keypair, PeerId};

/// Largest key file.
const FILE_BYTES_MAX: u64 = 256;
/// Bits that let others than the owner in.
const OTHERS: u32 = 0o077;

/// The key of a node.
#[derive(Clone)]
pub struct Identity(Keypair);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Others may read the file.
    #[error("{path} may be read by others (mode {mode:04o}); chmod 600 it")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It does not hold 32 bytes in hexadecimal.
    #[error("{0} is not a seed of 32 bytes in hexadecimal")]
    Format(PathBuf),
}

impl Identity {
    /// The identity that belongs to a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let key = Keypair::ed25519_from_bytes(seed).expect("any 32 bytes are an Ed25519 seed");
        Self(key)
    }

    /// Reads the key in `path`; when there is no such file, makes a new key and writes it, for
    /// the owner's eyes only.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn load_or_create(path: &Path) -> Result<Self, IdentityError> {
        match std::fs::File::open(path) {
            Ok(file) => Self::read(path, file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(file_error(path, error)),
        }
    }

    /// The peer id.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.0.public().to_peer_id()
    }

    pub(crate) fn keypair(&self) -> &Keypair {
        &self.0
    }

    fn read(path: &Path, file: std::fs::File) -> Result<Self, IdentityError> {
        let metadata = file.metadata().map_err(|error| file_error(path, error))?;
        let mode = metadata.mode();
        if mode & OTHERS != 0 {
            return Err(IdentityError::Mode {
                path: path.to_owned(),
                mode: mode & 0o7777,
            });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| file_error(path, error))?;
        let text = text.trim();
        let mut seed = [0; 32];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut seed)
            .map_err(|_| IdentityError::Format(path.to_owned()))?;
        Ok(Self::from_seed(seed))
    }

    fn create(path: &Path) -> Result<Self, IdentityError> {
        let seed: [u8; 32] = rand::random();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| file_error(path, error))?;
        writeln!(file, "0x{}", hex::encode(seed))
            .and_then(|()| file.sync_all())
            .map_err(|error| file_error(path, error))?;
        Ok(Self::from_seed(seed))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Identity")
            .field(&self.peer_id())
            .finish()
    }
}

fn file_error(path: &Path, error: std::io::Error) -> IdentityError {
    IdentityError::File {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("identity.key");
        let made = Identity::load_or_create(&path).expect("a new key");
        let mode = path.metadata().expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Identity::load_or_create(&path).expect("the key");
        assert_eq!(again.peer_id(), made.peer_id());
    }

    #[test]
    fn key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("identity.key");
        Identity::load_or_create(&path).expect("a new key");
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&path, open).expect("to change the mode");
        let error = Identity::load_or_create(&path).expect_err("open to others");
        assert!(
            matches!(error, IdentityError::Mode { mode: 0o644, .. }),
            "{error}"
        );
    }

    #[test]
    fn file_without_a_seed_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("identity.key");
        for text in ["", "0x00", &"zz".repeat(32), &"00".repeat(33)] {
            std::fs::write(&path, text).expect("to write");
            let own = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, own).expect("to change the mode");
            let error = Identity::load_or_create(&path).expect_err("no seed");
            assert!(matches!(error, IdentityError::Format(_)), "{error}");
        }
    }
}
