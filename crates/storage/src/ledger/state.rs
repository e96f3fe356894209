//! The ledger as a whole at one moment.

use std::sync::Arc;

use tangle_types::{
    BlockId, LedgerOutput, MilestoneId, MilestoneIndex, ParametersOption, Treasury, UnixSeconds,
};

use super::View;
use crate::StoreError;
use crate::snapshot::LedgerSummary;

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

    /// A hash over all of the ledger, equal for equal ledgers, with the sums.
    ///
    /// # Errors
    /// The store failed.
    pub fn summary(&self) -> Result<LedgerSummary, StoreError> {
        let outputs = self.view.unspent_outputs();
        LedgerSummary::of(self.index(), &self.treasury(), outputs)
    }
}
