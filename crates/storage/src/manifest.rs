//! What makes a folder a store: a lock against a second process, and a file that names the format
//! and the network.

use std::fs::{File, TryLockError};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::{ensure_folder, names, write_whole};
use crate::error::AtPath;
use crate::{OpenError, StoreError, snapshot};

/// Newest format that this program reads; the one it writes.
///
/// - 1: the ledger store has lists of unspent outputs only.
/// - 2: it has the past of addresses too, and all entry points of a milestone are one record. A
///   store of format 1 is taken over when it is opened, and from then on programs that would not
///   keep the past up refuse it.
const FORMAT: u32 = 2;
/// The file that names format and network.
const MANIFEST: &str = "store.toml";
/// The file that is locked while the store is open.
const LOCK: &str = "lock";
/// What may be in the folder before it is a store, besides an imported snapshot.
const STRANGERS: [&str; 2] = [LOCK, "snapshots"];

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    genesis: String,
}

/// Holds the store against other processes until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the folder `path` for the network with this genesis.
pub(crate) fn take(path: &Path, genesis: &[u8; 32]) -> Result<Lock, OpenError> {
    let manifest_path = path.join(MANIFEST);
    if !manifest_path.exists() && path.is_dir() {
        refuse_strangers(path)?;
    }
    ensure_folder(path)?;
    let lock_path = path.join(LOCK);
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = options.open(&lock_path).at(&lock_path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let path = path.to_path_buf();
            return Err(OpenError::InUse { path });
        }
        Err(TryLockError::Error(source)) => {
            let path = lock_path;
            return Err(StoreError::Io { path, source }.into());
        }
    }
    let needed = format!("0x{}", hex::encode(genesis));
    if manifest_path.exists() {
        if compare(path, &manifest_path, needed.clone())? < FORMAT {
            write(&manifest_path, needed)?;
        }
    } else {
        write(&manifest_path, needed)?;
    }
    Ok(Lock { _file: file })
}

fn write(path: &Path, genesis: String) -> Result<(), StoreError> {
    let format = FORMAT;
    let manifest = Manifest { format, genesis };
    let text = toml::to_string(&manifest).expect("a number and a text can be written");
    write_whole(path, |out| {
        out.write_all(b"# A store of Tangle. Written by the program; not to be edited.\n")?;
        out.write_all(text.as_bytes())
    })
}

/// Format of the store in `path` and whether a process holds it; `None` when there is none. Takes
/// nothing.
pub(crate) fn look(path: &Path, genesis: &[u8; 32]) -> Result<Option<(u32, bool)>, OpenError> {
    let manifest_path = path.join(MANIFEST);
    if !manifest_path.exists() {
        return Ok(None);
    }
    let needed = format!("0x{}", hex::encode(genesis));
    let format = compare(path, &manifest_path, needed)?;
    let lock_path = path.join(LOCK);
    let is_held = match File::open(&lock_path) {
        // Given back at once.
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    };
    Ok(Some((format, is_held)))
}

fn refuse_strangers(path: &Path) -> Result<(), OpenError> {
    let is_stranger =
        |name: &String| !STRANGERS.contains(&name.as_str()) && !snapshot::is_base(name);
    if names(path)?.iter().any(is_stranger) {
        return Err(OpenError::NotAStore {
            path: path.to_path_buf(),
            manifest: MANIFEST,
        });
    }
    Ok(())
}

/// Refuses a manifest of another network or a newer format; says which format it is.
fn compare(path: &Path, manifest_path: &Path, needed: String) -> Result<u32, OpenError> {
    let text = std::fs::read_to_string(manifest_path).at(manifest_path)?;
    let manifest: Manifest = toml::from_str(&text)
        .map_err(|error| StoreError::damaged(manifest_path, error.message()))?;
    let path = path.to_path_buf();
    if manifest.format > FORMAT {
        return Err(OpenError::NewerFormat {
            path,
            found: manifest.format,
            newest: FORMAT,
        });
    }
    if manifest.genesis != needed {
        return Err(OpenError::OtherNetwork {
            path,
            needed,
            found: manifest.genesis,
        });
    }
    Ok(manifest.format)
}
