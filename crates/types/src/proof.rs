//! Proof that a milestone references a block (TIP-4).

use tangle_crypto::blake2b;
use tangle_crypto::merkle::AuditPath;

use crate::{Block, BlockId, Codec, Milestone};

/// A block, a milestone, and the way from the one to the Merkle root that the other states.
///
/// Whoever trusts the milestone's signatures needs nothing else to see that it references the
/// block. That the two fit together is not said before [`InclusionProof::holds`] says so, and who
/// signed the milestone is not looked at here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// What references the block.
    pub milestone: Milestone,
    /// The block.
    pub block: Block,
    /// From the block's id up to the inclusion root.
    pub path: AuditPath,
}

impl InclusionProof {
    /// The proof for the block at `position` of all those that the milestone references, in
    /// white-flag order; `None` when there is no such position.
    #[must_use]
    pub fn new(
        milestone: Milestone,
        block: Block,
        cone: &[BlockId],
        position: usize,
    ) -> Option<Self> {
        let leaves: Vec<[u8; 32]> = cone.iter().map(|id| id.0).collect();
        Some(Self {
            milestone,
            block,
            path: AuditPath::new(&leaves, position)?,
        })
    }

    /// The block's id, hashed anew.
    #[must_use]
    pub fn block_id(&self) -> BlockId {
        BlockId(blake2b::hash(&self.block.to_bytes()))
    }

    /// Whether the path leads from the block to the root that the milestone states.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.path.root(&self.block_id().0) == self.milestone.inclusion_merkle_root
    }
}
