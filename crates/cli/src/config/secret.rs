//! Secrets live in files that only their owner may read.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure, Outcome};

/// Largest secret.
const SECRET_BYTES_MAX: u64 = 4096;
/// Bits that let others than the owner in.
const OTHERS: u32 = 0o077;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretFile {
    /// The file.
    pub(crate) file: PathBuf,
}

impl SecretFile {
    /// The text of the secret, without white space around it.
    pub(crate) fn read(&self) -> Outcome<String> {
        let path = &self.file;
        let refuse =
            |message: String| Failure::new(Code::Secret, message).with("file", path.display());
        let file = std::fs::File::open(path)
            .map_err(|error| refuse(format!("a secret cannot be read: {error}")))?;
        let mode = file
            .metadata()
            .map_err(|error| refuse(format!("a secret cannot be read: {error}")))?
            .mode();
        if mode & OTHERS != 0 {
            let help = format!("chmod 600 {}", path.display());
            return Err(refuse(format!(
                "a secret may be read by others (mode {:04o})",
                mode & 0o7777
            ))
            .help(help));
        }
        let mut text = String::new();
        file.take(SECRET_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| refuse(format!("a secret cannot be read: {error}")))?;
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(refuse("a secret is empty".to_owned()));
        }
        Ok(text)
    }
}

/// Writes a new file that only its owner may read; never over an existing one.
pub(crate) fn write_secret(path: &Path, text: &str) -> Outcome {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| {
        writeln!(file, "{text}")?;
        file.sync_all()
    })
    .map_err(|error| {
        Failure::new(Code::Disk, format!("a secret cannot be written: {error}"))
            .with("file", path.display())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secret_comes_back_and_open_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        write_secret(&path, "abc").expect("it is new");
        let secret = SecretFile { file: path.clone() };
        assert_eq!(secret.read().expect("it is closed to others"), "abc");
        assert!(write_secret(&path, "other").is_err(), "never overwritten");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("ours");
        let failure = secret.read().expect_err("others may read it");
        assert_eq!(failure.exit_code(), 2);
    }
}
