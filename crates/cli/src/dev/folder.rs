//! The folder of a dev network: made, recognised, emptied.

use std::path::{Path, PathBuf};

use tangle_api::TokenKey;
use tangle_storage::Genesis;

use super::topology::NODES_MAX;
use crate::config::write_secret;
use crate::failure::{Code, Failure, Outcome};

/// The genesis of the network whose data the folder holds; also the mark that it is ours.
const GENESIS: &str = "genesis.toml";
const MNEMONIC: &str = "mnemonic.txt";
const TOKEN_KEY: &str = "jwt.key";
const STORE: &str = "store";
const SNAPSHOTS: &str = "snapshots";
const BALLOTS: &str = "ballots.bin";

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

    /// Where the store of the node at a position is. That of node 1 has always been in the folder
    /// itself, and so a network can grow and shrink.
    pub(crate) fn store(&self, position: usize) -> PathBuf {
        self.node(position).join(STORE)
    }

    pub(crate) fn snapshots(&self, position: usize) -> PathBuf {
        self.node(position).join(SNAPSHOTS)
    }

    /// Where the node at a position keeps the votes that it has counted.
    pub(crate) fn ballots(&self, position: usize) -> PathBuf {
        self.node(position).join(BALLOTS)
    }

    fn node(&self, position: usize) -> PathBuf {
        match position {
            0 => self.path.clone(),
            _ => self.path.join(format!("node-{}", position + 1)),
        }
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
        for position in 0..NODES_MAX {
            for folder in [self.store(position), self.snapshots(position)] {
                gone(&folder, |path| std::fs::remove_dir_all(path))?;
            }
            gone(&self.ballots(position), |path| std::fs::remove_file(path))?;
            if position > 0 {
                gone_if_empty(&self.node(position))?;
            }
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

/// Whatever else somebody has put into it stays.
fn gone_if_empty(folder: &Path) -> Outcome {
    match std::fs::remove_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => Ok(()),
        result => gone(folder, |_| result),
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
        for position in [0, 1, 2] {
            std::fs::create_dir_all(folder.store(position).join("deep")).expect("a folder");
            std::fs::write(folder.ballots(position), "votes").expect("a file");
        }
        std::fs::write(outer.path().join("node-3/notes.txt"), "mine").expect("a file");
        folder.reset().expect("it is ours");
        assert!(!folder.store(0).exists() && !folder.store(2).exists());
        assert!(!folder.ballots(0).exists() && !folder.ballots(2).exists());
        assert!(!outer.path().join("node-2").exists());
        assert!(outer.path().join("node-3/notes.txt").exists());
        assert!(outer.path().join("thesis.txt").exists());
    }
}
