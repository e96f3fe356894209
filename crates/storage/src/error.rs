//! What can go wrong with a store.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tangle_types::{BlockId, MilestoneId, MilestoneIndex};

use crate::snapshot::SnapshotError;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The snapshot that it begins with cannot be used.
    #[error("the snapshot that the store begins with: {0}")]
    Base(#[from] SnapshotError),
    /// Another process has it open.
    #[error("{path}: the store is in use by another process")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds other things.
    #[error(
        "{path} is not empty and holds no store (there is no file {manifest}); name an empty folder"
    )]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// The file that a store would have.
        manifest: &'static str,
    },
    /// Another network's store.
    #[error(
        "{path} belongs to the network with genesis {found}, this node's genesis is {needed}; name \
         another folder or the other genesis"
    )]
    OtherNetwork {
        /// The folder.
        path: PathBuf,
        /// Genesis hash of this node, in hexadecimal.
        needed: String,
        /// Genesis hash of the store, in hexadecimal.
        found: String,
    },
    /// Written by a newer program.
    #[error(
        "{path} has format {found}, this program reads formats up to {newest}; use a newer program"
    )]
    NewerFormat {
        /// The folder.
        path: PathBuf,
        /// Format of the store.
        found: u32,
        /// Newest format that is read.
        newest: u32,
    },
    /// The ledger store is damaged, and so is what it would be rebuilt from.
    #[error("the ledger store is damaged ({damage}) and cannot be rebuilt: {reason}")]
    NotRepairable {
        /// What is wrong with the ledger store.
        damage: String,
        /// Why it cannot be rebuilt.
        reason: String,
    },
}

/// Why the store failed.
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
    /// The ledger database failed.
    #[error("the ledger store failed: {0}")]
    Ledger(#[from] fjall::Error),
    /// Something on the disk is not what was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A milestone references a block that was not appended.
    #[error("milestone {index} references block {id}, which is not stored")]
    BlockMissing {
        /// The milestone.
        index: MilestoneIndex,
        /// The block.
        id: BlockId,
    },
    /// A milestone out of turn.
    #[error("milestone {found} was to be stored, the next one is {needed}")]
    OutOfTurn {
        /// The next one.
        needed: MilestoneIndex,
        /// The one given.
        found: MilestoneIndex,
    },
    /// Another milestone is reserved for the index.
    #[error("milestone {index} is reserved for {kept}, so {refused} must not be issued")]
    Reserved {
        /// The index.
        index: MilestoneIndex,
        /// Reserved before.
        kept: MilestoneId,
        /// Asked for now.
        refused: MilestoneId,
    },
    /// An earlier write failed.
    #[error("an earlier write failed, the store takes nothing more")]
    Poisoned,
}

impl StoreError {
    /// Whether something on the disk is not what was written, so that writing it anew may help.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Ledger(fjall::Error::Io(error))
            | Self::Ledger(fjall::Error::Storage(fjall::LsmError::Io(error))) => !matches!(
                error.kind(),
                ErrorKind::PermissionDenied
                    | ErrorKind::StorageFull
                    | ErrorKind::QuotaExceeded
                    | ErrorKind::ReadOnlyFilesystem
                    | ErrorKind::OutOfMemory
            ),
            Self::Ledger(fjall::Error::Locked | fjall::Error::Poisoned) => false,
            Self::Ledger(_) => true,
            _ => false,
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }
}

/// Names the file in an error of the file system.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Io {
            path: path.to_path_buf(),
            source,
        })
    }
}
