//! The ledger as a whole at one moment.

use std::sync::Arc;

use tangle_crypto::blake2b;
use tangle_types::{
    BlockId, Codec, LedgerOutput, MilestoneId, MilestoneIndex, ParametersOption, Treasury,
    UnixSeconds,
};

use super::View;
use crate::StoreError;

/// Outputs that go into one step of the ledger hash.
const HASH_OUTPUTS: usize = 256;

/// The ledger at one milestone. What is read through it belongs together, however long it takes;
/// it should not be kept longer than needed, as the store keeps what it has replaced since.
pub struct LedgerState {
    view: View,
}

impl std::fmt::Debug for LedgerState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("LedgerState");
        debug.field("index", &self.index()).finish_non_exhaustive()
    }
}

impl LedgerState {
    pub(crate) const fn new(view: View) -> Self {
        Self { view }
    }

    /// The milestone.
    #[must_use]
    pub const fn index(&self) -> MilestoneIndex {
        self.view.head.ledger_index
    }

    /// Its id; zero at genesis.
    #[must_use]
    pub const fn milestone_id(&self) -> MilestoneId {
        self.view.head.milestone_id
    }

    /// Its time.
    #[must_use]
    pub const fn timestamp(&self) -> UnixSeconds {
        self.view.head.timestamp
    }

    /// The unspent treasury output.
    #[must_use]
    pub const fn treasury(&self) -> Treasury {
        self.view.head.treasury
    }

    /// Protocol parameters in force and announced, by target.
    ///
    /// # Errors
    /// The store failed.
    pub fn parameters(&self) -> Result<Vec<ParametersOption>, StoreError> {
        self.view.parameters()
    }

    /// Blocks at which cones end because the past was pruned, with the milestones they count for.
    ///
    /// # Errors
    /// The store failed.
    pub fn entry_points(&self) -> Result<Vec<(BlockId, MilestoneIndex)>, StoreError> {
        self.view.entry_points()
    }

    /// All unspent outputs, by id.
    pub fn unspent(&self) -> impl Iterator<Item = Result<Arc<LedgerOutput>, StoreError>> + use<> {
        let entries = self.view.unspent();
        entries.map(|entry| entry.map(|entry| entry.output))
    }

    /// A hash over all of the ledger: equal for equal ledgers.
    ///
    /// # Errors
    /// The store failed.
    pub fn hash(&self) -> Result<[u8; 32], StoreError> {
        let mut bytes = Vec::new();
        self.index().write(&mut bytes);
        self.milestone_id().write(&mut bytes);
        self.timestamp().write(&mut bytes);
        self.treasury().milestone_id.write(&mut bytes);
        bytes.extend_from_slice(&self.treasury().amount.to_le_bytes());
        for option in self.parameters()? {
            option.write(&mut bytes);
        }
        let mut hash = blake2b::hash(&bytes);
        let mut count = 0;
        bytes.clear();
        bytes.extend_from_slice(&hash);
        for entry in self.view.unspent() {
            let entry = entry?;
            entry.output.id.write(&mut bytes);
            bytes.extend_from_slice(&entry.to_bytes());
            count += 1;
            if count % HASH_OUTPUTS == 0 {
                hash = blake2b::hash(&bytes);
                bytes.clear();
                bytes.extend_from_slice(&hash);
            }
        }
        Ok(blake2b::hash(&bytes))
    }
}
