//! The outputs of a snapshot while its diffs are applied: a temporary database, so that memory does
//! not grow with the snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use tangle_types::{LedgerOutput, MilestoneIndex, OutputId};

use super::SnapshotError;
use super::error::at;
use super::record::{OUTPUT_FRONT_LENGTH, read_output, write_output};

const CACHE_BYTES: u64 = 16 << 20;

/// Outputs by id. Its folder goes with it.
pub(super) struct TemporaryLedger {
    database: Option<Database>,
    outputs: Keyspace,
    folder: PathBuf,
}

impl TemporaryLedger {
    /// An empty one in `folder`, which must not exist.
    pub(super) fn create(folder: &Path) -> Result<Self, SnapshotError> {
        let database = Database::builder(folder)
            .cache_size(CACHE_BYTES)
            .worker_threads(1)
            .manual_journal_persist(true)
            .open()?;
        let options = || KeyspaceCreateOptions::default().manual_journal_persist(true);
        let outputs = database.keyspace("outputs", options)?;
        Ok(Self {
            database: Some(database),
            outputs,
            folder: folder.to_owned(),
        })
    }

    /// Adds an output that is not there.
    pub(super) fn insert(&self, output: &LedgerOutput) -> Result<(), SnapshotError> {
        if self.outputs.contains_key(output.id.0)? {
            return Err(SnapshotError::OutputRepeated { id: output.id });
        }
        let mut bytes = Vec::with_capacity(256);
        write_output(output, &mut bytes);
        self.outputs.insert(output.id.0, bytes)?;
        Ok(())
    }

    /// Takes an output that is there, for the diff of milestone `index`.
    pub(super) fn remove(&self, id: &OutputId, index: MilestoneIndex) -> Result<(), SnapshotError> {
        if !self.outputs.contains_key(id.0)? {
            return Err(SnapshotError::OutputMissing { index, id: *id });
        }
        self.outputs.remove(id.0)?;
        Ok(())
    }

    /// All outputs, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<LedgerOutput, SnapshotError>> + '_ {
        self.outputs.iter().map(|guard| {
            let bytes = guard.value()?;
            let (front, body) = bytes
                .split_first_chunk::<OUTPUT_FRONT_LENGTH>()
                .expect("every value was written with its front");
            read_output(front, body).map_err(|source| SnapshotError::Decode {
                what: "an output of the temporary ledger",
                offset: 0,
                source,
            })
        })
    }

    /// Removes it from the disk.
    pub(super) fn remove_all(mut self) -> Result<(), SnapshotError> {
        self.database = None;
        let folder = self.folder.clone();
        drop(self.outputs);
        fs::remove_dir_all(&folder).map_err(at(&folder))
    }
}
