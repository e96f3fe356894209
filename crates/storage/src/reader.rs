//! Look-ups from any thread.

use std::sync::Arc;

use bytes::Bytes;
use tangle_engine::{Store, StoredMilestone};
use tangle_ledger::Lookup;
use tangle_types::{
    BlockId, BlockMetadata, LedgerOutput, MilestoneId, MilestoneIndex, OutputId, Receipt, Spend,
    Treasury,
};

use crate::{ChainQuery, OutputPage, OutputQuery, StoreError};

/// Reads the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {}

/// An output, how it was spent, and the ledger index at which that is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRecord {
    /// The output.
    pub output: Arc<LedgerOutput>,
    /// How it was spent.
    pub spend: Option<Spend>,
    /// State of the ledger that was asked.
    pub ledger_index: MilestoneIndex,
}

/// What a milestone created and consumed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UtxoChanges {
    /// Created outputs.
    pub created: Vec<OutputId>,
    /// Consumed outputs.
    pub consumed: Vec<OutputId>,
}

/// How large the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of block files.
    pub blocks_bytes: u64,
    /// Bytes of the ledger, metadata and index.
    pub ledger_bytes: u64,
    /// Blocks stored.
    pub block_count: u64,
}

impl Reader {
    /// The bytes of a block.
    ///
    /// # Errors
    /// The store failed.
    pub fn block(&self, id: &BlockId) -> Result<Option<Bytes>, StoreError> {
        let _ = id;
        todo!()
    }

    /// An output with its state.
    ///
    /// # Errors
    /// The store failed.
    pub fn output_record(&self, id: &OutputId) -> Result<Option<OutputRecord>, StoreError> {
        let _ = id;
        todo!()
    }

    /// A milestone by index.
    ///
    /// # Errors
    /// The store failed.
    pub fn milestone(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<Arc<StoredMilestone>>, StoreError> {
        let _ = index;
        todo!()
    }

    /// The index of a milestone.
    ///
    /// # Errors
    /// The store failed.
    pub fn milestone_index(&self, id: &MilestoneId) -> Result<Option<MilestoneIndex>, StoreError> {
        let _ = id;
        todo!()
    }

    /// The blocks that a milestone referenced, in white-flag order, with what became of them.
    ///
    /// # Errors
    /// The store failed.
    pub fn cone(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<Vec<(BlockId, tangle_types::Inclusion)>>, StoreError> {
        let _ = index;
        todo!()
    }

    /// What a milestone created and consumed.
    ///
    /// # Errors
    /// The store failed.
    pub fn utxo_changes(&self, index: MilestoneIndex) -> Result<Option<UtxoChanges>, StoreError> {
        let _ = index;
        todo!()
    }

    /// The unspent treasury output.
    ///
    /// # Errors
    /// The store failed.
    pub fn treasury(&self) -> Result<Treasury, StoreError> {
        todo!()
    }

    /// Receipts with the milestone that carried them, all or those of one legacy milestone.
    ///
    /// # Errors
    /// The store failed.
    pub fn receipts(
        &self,
        migrated_at: Option<u32>,
    ) -> Result<Vec<(Receipt, MilestoneIndex)>, StoreError> {
        let _ = migrated_at;
        todo!()
    }

    /// Unspent outputs that match a query.
    ///
    /// # Errors
    /// The store failed.
    pub fn outputs(&self, query: &OutputQuery) -> Result<OutputPage, StoreError> {
        let _ = query;
        todo!()
    }

    /// The unspent output of a chain, and the ledger index.
    ///
    /// # Errors
    /// The store failed.
    pub fn chain_output(
        &self,
        query: &ChainQuery,
    ) -> Result<(Option<OutputId>, MilestoneIndex), StoreError> {
        let _ = query;
        todo!()
    }

    /// Milestones up to this one were pruned.
    #[must_use]
    pub fn pruning_index(&self) -> MilestoneIndex {
        todo!()
    }

    /// State of the ledger.
    #[must_use]
    pub fn ledger_index(&self) -> MilestoneIndex {
        todo!()
    }

    /// How large the store is.
    ///
    /// # Errors
    /// The store failed.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        todo!()
    }
}

impl Store for Reader {
    type Error = StoreError;

    fn contains(&self, id: &BlockId) -> Result<bool, StoreError> {
        let _ = id;
        todo!()
    }

    fn metadata(&self, id: &BlockId) -> Result<Option<BlockMetadata>, StoreError> {
        let _ = id;
        todo!()
    }

    fn output(&self, id: &OutputId) -> Result<Lookup, StoreError> {
        let _ = id;
        todo!()
    }
}
