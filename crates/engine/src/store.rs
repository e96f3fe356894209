//! What the engine needs of a store: look-ups while it works, and the records that it has written.

use std::sync::Arc;

use tangle_consensus::{ParameterSchedule, Previous};
use tangle_ledger::{Diff, LastReceipt, Lookup};
use tangle_types::{
    Block, BlockId, BlockMetadata, Milestone, MilestoneId, MilestoneIndex, OutputId, Treasury,
};

/// Look-ups. They show what was committed; the engine itself remembers what is on its way.
pub trait Store {
    /// A failed look-up; it stops the node.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Whether a block is stored, referenced or not.
    ///
    /// # Errors
    /// The look-up failed.
    fn contains(&self, id: &BlockId) -> Result<bool, Self::Error>;

    /// Where a stored block stands, `None` when unknown or not referenced by a milestone.
    ///
    /// # Errors
    /// The look-up failed.
    fn metadata(&self, id: &BlockId) -> Result<Option<BlockMetadata>, Self::Error>;

    /// What is known of an output.
    ///
    /// # Errors
    /// The look-up failed.
    fn output(&self, id: &OutputId) -> Result<Lookup, Self::Error>;
}

/// A milestone with the block that carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMilestone {
    /// Its id.
    pub id: MilestoneId,
    /// The first block that carried it.
    pub block_id: BlockId,
    /// The milestone.
    pub milestone: Milestone,
}

impl StoredMilestone {
    /// The milestone as the one before the next.
    #[must_use]
    pub const fn as_previous(&self) -> Previous {
        Previous {
            index: self.milestone.index,
            id: self.id,
            block_id: self.block_id,
            timestamp: self.milestone.timestamp,
        }
    }
}

/// Everything that one confirmed milestone changes. It becomes durable as a whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneCommit {
    /// The milestone.
    pub milestone: Arc<StoredMilestone>,
    /// What it does to the ledger, with the blocks it references in white-flag order.
    pub diff: Diff,
    /// The treasury before and after, when a receipt moved it.
    pub treasury: Option<(Treasury, Treasury)>,
}

/// A milestone that the coordinator is about to issue. It must be durable before anyone sees it,
/// so that no second one for its index can ever be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its id.
    pub id: MilestoneId,
    /// The block that carries it.
    pub block: Block,
}

/// The state an engine starts from.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// Milestone up to which the ledger is known.
    pub ledger_index: MilestoneIndex,
    /// That milestone; `None` at genesis or right after a snapshot.
    pub last_milestone: Option<Arc<StoredMilestone>>,
    /// That milestone's id as a snapshot gives it; zero at genesis.
    pub last_milestone_id: MilestoneId,
    /// That milestone's timestamp.
    pub last_milestone_timestamp: tangle_types::UnixSeconds,
    /// Where cones end: blocks of the past that are not stored, with the milestone they count for.
    pub entry_points: Vec<(BlockId, MilestoneIndex)>,
    /// Protocol parameters in force and announced.
    pub schedule: ParameterSchedule,
    /// The unspent treasury output.
    pub treasury: Treasury,
    /// The newest receipt that is known; a snapshot tells of none.
    pub last_receipt: Option<LastReceipt>,
    /// A milestone that was reserved but not yet confirmed when the node stopped.
    pub reservation: Option<Reservation>,
}
