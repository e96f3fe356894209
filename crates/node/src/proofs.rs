//! Proofs that milestones reference blocks.

use tangle_consensus::MilestoneKeys;
use tangle_engine::Store;
use tangle_storage::StoreError;
use tangle_types::{Block, BlockId, Codec, InclusionProof};

use crate::Handle;

impl Handle {
    /// The proof that a milestone references a block; `None` while none does, and once the block
    /// was pruned. It may read a whole milestone, so it belongs on a thread that may block.
    ///
    /// # Errors
    /// The store failed.
    pub fn inclusion_proof(&self, id: &BlockId) -> Result<Option<InclusionProof>, StoreError> {
        let reader = &self.shared.reader;
        let Some(metadata) = reader.metadata(id)? else {
            return Ok(None);
        };
        let index = metadata.referenced_by;
        let (Some(bytes), Some(stored), Some(cone)) = (
            reader.block(id)?,
            reader.milestone(index)?,
            reader.cone(index)?,
        ) else {
            return Ok(None);
        };
        // The store keeps no block that does not read back.
        let Ok(block) = Block::from_bytes(&bytes) else {
            return Ok(None);
        };
        let ids: Vec<BlockId> = cone.into_iter().map(|(id, _)| id).collect();
        let position = metadata.white_flag_index as usize;
        Ok(InclusionProof::new(
            stored.milestone.clone(),
            block,
            &ids,
            position,
        ))
    }

    /// Who may sign milestones of this network.
    #[must_use]
    pub fn milestone_keys(&self) -> &MilestoneKeys {
        &self.shared.keys
    }
}
