//! Tests of the store through its public interface.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod chain;
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
