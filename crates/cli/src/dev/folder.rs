//! The folder of a dev network: made, recognised, emptied.

use std::path::{Path, PathBuf};

use tangle_api::TokenKey;
use tangle_storage::Genesis;

use crate::config::write_secret;
use crate::failure::{Code, Failure, Outcome};

/// The genesis of the network whose data the folder holds; also the mark that it is ours.
const GENESIS: &str = "genesis.toml";
const MNEMONIC: &str = "mnemonic.txt";
const TOKEN_KEY: &str = "jwt.key";
const STORE: &str = "store";
const SNAPSHOTS: &str = "snapshots";

/// The folder of a dev network.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Deletes the folder in the end, if nothing is to be kept.
    _ephemeral: Option<tempfile::TempDir>,
}

impl Folder {
    /// A folder that stays.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            _ephemeral: None,
        }
    }

    /// A folder that goes with the process.
    pub(crate) fn ephemeral() -> Outcome<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tangle-dev-")
            .tempdir()
            .map_err(|error| disk(Path::new("the system's temporary folder"), &error))?;
        Ok(Self {
            path: folder.path().to_owned(),
            _ephemeral: Some(folder),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.path.join(SNAPSHOTS)
    }

    pub(crate) fn mnemonic(&self) -> PathBuf {
        self.path.join(MNEMONIC)
    }

    pub(crate) fn genesis(&self) -> PathBuf {
        self.path.join(GENESIS)
    }

    pub(crate) fn token_key(&self) -> PathBuf {
        self.path.join(TOKEN_KEY)
    }

    /// Deletes what an earlier network left; touches nothing else. Refuses a folder that has
    /// something but no mark of ours.
    pub(crate) fn reset(&self) -> Outcome {
        let mut entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(disk(&self.path, &error)),
        };
        if entries.next().is_none() {
            return Ok(());
        }
        if !self.genesis().is_file() {
            return Err(Failure::new(
                Code::DataFolder,
                "the folder is not one of a dev network, nothing was deleted",
            )
            .with("folder", self.path.display())
            .help("choose another folder with --data"));
        }
        for name in [STORE, SNAPSHOTS] {
            gone(&self.path.join(name), |path| std::fs::remove_dir_all(path))?;
        }
        for name in [MNEMONIC, TOKEN_KEY, GENESIS] {
            gone(&self.path.join(name), |path| std::fs::remove_file(path))?;
        }
        Ok(())
    }

    /// Makes the folder with its genesis, mnemonic and signing key, unless they are there. The
    /// store itself refuses another network's data.
    pub(crate) fn prepare(&self, genesis: &Genesis, words: &str) -> Outcome {
        std::fs::create_dir_all(&self.path).map_err(|error| disk(&self.path, &error))?;
        let path = self.genesis();
        if !path.exists() {
            std::fs::write(&path, genesis.to_toml()).map_err(|error| disk(&path, &error))?;
        }
        let path = self.mnemonic();
        if !path.exists() {
            write_secret(&path, words)?;
        }
        let path = self.token_key();
        if !path.exists() {
            write_secret(&path, &TokenKey::generate().to_text())?;
        }
        Ok(())
    }
}

fn gone(path: &Path, delete: impl FnOnce(&Path) -> std::io::Result<()>) -> Outcome {
    match delete(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(disk(path, &error)),
    }
}

fn disk(path: &Path, error: &std::io::Error) -> Box<Failure> {
    Failure::new(Code::Disk, error).with("path", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_deletes_only_what_is_ours() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = Folder::at(outer.path());
        std::fs::write(outer.path().join("thesis.txt"), "mine").expect("a file");
        let failure = folder.reset().expect_err("it has no mark");
        assert_eq!(failure.exit_code(), 2);

        std::fs::write(outer.path().join(GENESIS), "").expect("a file");
        std::fs::create_dir_all(folder.store().join("deep")).expect("a folder");
        folder.reset().expect("it is ours");
        assert!(!folder.store().exists());
        assert!(outer.path().join("thesis.txt").exists());
    }
}
