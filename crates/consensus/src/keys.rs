//! Which keys may sign which milestones, and the stateless validity of a milestone block.

use tangle_types::{Block, MilestoneId, MilestoneIndex};

/// A public key and the milestones it may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Ed25519 public key.
    pub public_key: [u8; 32],
    /// First milestone.
    pub start: MilestoneIndex,
    /// Last milestone; 0 means no end.
    pub end: MilestoneIndex,
}

/// All milestone keys of a network and how many must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneKeys {
    ranges: Vec<KeyRange>,
    threshold: usize,
}

/// Why a set of keys is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Some milestone could not be signed by enough keys.
    #[error("milestone {index} has {found} applicable keys, {needed} must sign")]
    TooFewKeys {
        /// First such milestone.
        index: MilestoneIndex,
        /// The threshold.
        needed: usize,
        /// Applicable keys.
        found: usize,
    },
}

/// Why a block with a milestone payload is not a valid milestone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MilestoneError {
    /// The block has no milestone payload.
    #[error("the block carries no milestone")]
    NoMilestone,
}

impl MilestoneKeys {
    /// Keys and threshold; refuses an index from `first` on with fewer keys than `threshold`.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn new(
        ranges: Vec<KeyRange>,
        threshold: usize,
        first: MilestoneIndex,
    ) -> Result<Self, KeysError> {
        let _ = first;
        Ok(Self { ranges, threshold })
    }

    /// Signatures needed.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// Keys that may sign `index`, sorted.
    #[must_use]
    pub fn applicable(&self, index: MilestoneIndex) -> Vec<[u8; 32]> {
        let _ = (index, &self.ranges);
        todo!()
    }

    /// Whether `block` is a valid milestone, as far as the block itself tells; returns its id.
    ///
    /// # Errors
    /// See [`MilestoneError`].
    pub fn verify(&self, block: &Block) -> Result<MilestoneId, MilestoneError> {
        let _ = block;
        todo!()
    }
}
