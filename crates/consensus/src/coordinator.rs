//! The coordinator: chooses heaviest branches and issues milestones at a steady pace.
//!
//! It issues nothing by itself: [`Coordinator::plan`] says which parents a milestone would have,
//! the caller computes the white-flag roots over them, [`Coordinator::sign`] makes the milestone,
//! and the caller makes it durable before anyone sees it.

use tangle_crypto::ed25519::SecretKey;
use tangle_types::{
    Block, BlockId, Milestone, MilestoneId, MilestoneIndex, ParametersOption, UnixSeconds,
};

use crate::MilestoneKeys;

/// How a coordinator works.
#[derive(Clone, Debug)]
pub struct CoordinatorConfig {
    /// Milliseconds between milestones; at least 1000, as timestamps are whole seconds.
    pub interval_ms: u64,
    /// Blocks tracked before a checkpoint is asked for.
    pub tracked_count_max: usize,
}

/// The milestone before the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its id; zero at genesis.
    pub id: MilestoneId,
    /// The block that carried it; zero at genesis.
    pub block_id: BlockId,
    /// Its timestamp; zero at genesis.
    pub timestamp: UnixSeconds,
}

/// What the next milestone starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneDraft {
    /// Index of the milestone to issue.
    pub index: MilestoneIndex,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Where its cone starts.
    pub parents: Vec<BlockId>,
}

/// The white-flag result over a draft's parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MilestoneRoots {
    /// Root over all referenced blocks.
    pub inclusion: [u8; 32],
    /// Root over included transactions' blocks.
    pub applied: [u8; 32],
}

/// Issues milestones.
#[derive(Debug)]
pub struct Coordinator {
    config: CoordinatorConfig,
    keys: Vec<SecretKey>,
    previous: Previous,
}

impl Coordinator {
    /// A coordinator that goes on after `previous`. Choices follow from `seed`.
    #[must_use]
    pub fn new(
        config: CoordinatorConfig,
        keys: Vec<SecretKey>,
        previous: Previous,
        seed: u64,
    ) -> Self {
        let _ = seed;
        Self {
            config,
            keys,
            previous,
        }
    }

    /// A block became solid and may be confirmed. Returns whether so many blocks are tracked that
    /// a checkpoint is due.
    pub fn on_solid(&mut self, id: BlockId, parents: &[BlockId]) -> bool {
        let _ = (id, parents, &self.config);
        todo!()
    }

    /// When the next milestone is due, in milliseconds since 1970; `None` while one is on its way.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        todo!()
    }

    /// Parents of a checkpoint block (no payload) over the heaviest tips; they leave the tracker.
    /// `None` when there is nothing to merge.
    pub fn checkpoint(&mut self) -> Option<Vec<BlockId>> {
        todo!()
    }

    /// To be told once the checkpoint block exists.
    pub fn on_checkpoint(&mut self, id: BlockId) {
        let _ = id;
        todo!()
    }

    /// Plans the next milestone at `now_ms` milliseconds since 1970.
    pub fn plan(&mut self, now_ms: u64) -> MilestoneDraft {
        let _ = (now_ms, &self.previous);
        todo!()
    }

    /// Completes and signs the planned milestone with the keys that `keys` allows for its index.
    /// Returns the milestone and its block. Must be made durable before it is shown to anyone.
    pub fn sign(
        &mut self,
        draft: &MilestoneDraft,
        roots: MilestoneRoots,
        protocol_version: u8,
        announce: Option<ParametersOption>,
        keys: &MilestoneKeys,
    ) -> (Milestone, Block) {
        let _ = (draft, roots, protocol_version, announce, keys, &self.keys);
        todo!()
    }

    /// The milestone was confirmed: go on from it.
    pub fn on_confirmed(&mut self, previous: Previous) {
        self.previous = previous;
    }
}
