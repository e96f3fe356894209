//! Opening, and the one writer.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tangle_engine::{Bootstrap, CheckedBlock, MilestoneCommit, Reservation};
use tangle_types::MilestoneIndex;

use crate::{Genesis, Reader};

/// Where and how the store lives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// Folder of the store.
    pub path: PathBuf,
    /// Bytes of memory for caches and write buffers.
    pub memory_bytes: u64,
    /// Size of a block file in bytes; a full one is closed and a new one begun.
    pub segment_bytes: u64,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from(".tangle/node"),
            memory_bytes: 64 << 20,
            segment_bytes: 64 << 20,
        }
    }
}

/// Why a store cannot be opened. To be extended by the crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store failed. To be extended by the crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

/// Opens the store of the network `genesis`, creating it when the folder is empty. Repairs what a
/// crash left behind; refuses another network's or a newer format's data.
///
/// # Errors
/// See [`OpenError`].
pub fn open(config: &StorageConfig, genesis: &Genesis) -> Result<(Writer, Reader), OpenError> {
    let _ = (config, genesis);
    todo!()
}

/// Writes the store; there is one.
#[derive(Debug)]
pub struct Writer {}

impl Writer {
    /// What the engine starts from.
    ///
    /// # Errors
    /// The store failed.
    pub fn bootstrap(&self) -> Result<Bootstrap, StoreError> {
        todo!()
    }

    /// Stored blocks that no milestone has referenced, parents before children as they came in: to
    /// be given to the engine again after a start.
    ///
    /// # Errors
    /// The store failed.
    pub fn unreferenced(&self) -> Result<Vec<Bytes>, StoreError> {
        todo!()
    }

    /// Appends solid blocks, parents before children. They can be read at once and survive the end
    /// of the process; a power cut may lose them until [`Writer::sync`].
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn append(&mut self, blocks: &[Arc<CheckedBlock>]) -> Result<(), StoreError> {
        let _ = blocks;
        todo!()
    }

    /// Makes everything appended durable.
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        todo!()
    }

    /// Makes a reservation durable.
    ///
    /// # Errors
    /// The store failed, or holds another milestone for that index.
    pub fn reserve(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        let _ = reservation;
        todo!()
    }

    /// Makes a confirmed milestone durable, as a whole, with the blocks it references.
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn commit(&mut self, commit: &MilestoneCommit) -> Result<(), StoreError> {
        let _ = commit;
        todo!()
    }

    /// Forgets milestones up to `index` with their blocks and spent outputs, and gives the disk
    /// space back. Bounded work a call: returns the index reached.
    ///
    /// # Errors
    /// The store failed.
    pub fn prune(&mut self, index: MilestoneIndex) -> Result<MilestoneIndex, StoreError> {
        let _ = index;
        todo!()
    }
}
