//! Tests of the store through its public interface.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod chain;
mod damage;
mod history;
mod pruning;
mod queries;
mod readers;
mod round_trip;
mod snapshots;

use tangle_storage::{Genesis, OpenError, Reader, StorageConfig, Writer, open};

/// A small store in `folder`: small segments, so that a few hundred blocks fill some.
pub(crate) fn config(folder: &std::path::Path) -> StorageConfig {
    StorageConfig {
        path: folder.to_path_buf(),
        memory_bytes: 8 << 20,
        segment_bytes: 1 << 16,
    }
}

pub(crate) fn reopen(folder: &std::path::Path, genesis: &Genesis) -> (Writer, Reader) {
    try_open(folder, genesis).expect("the store opens")
}

pub(crate) fn try_open(
    folder: &std::path::Path,
    genesis: &Genesis,
) -> Result<(Writer, Reader), OpenError> {
    open(&config(folder), genesis)
}

/// Copies a store as a crash would leave it.
pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// All files below a folder, sorted.
pub(crate) fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
