//! Cones of the past, a part at a time: what neighbours ask for who catch up.

use bytes::Bytes;
use tangle_types::{BlockId, MilestoneIndex};

use crate::{Reader, StoreError};

/// Where the blocks of a milestone's cone are stored, in white-flag order. Costs eight bytes for
/// each.
#[derive(Clone, Debug)]
pub struct ConePlaces {
    index: MilestoneIndex,
    seqs: Vec<u64>,
}

impl ConePlaces {
    /// The milestone.
    #[must_use]
    pub const fn index(&self) -> MilestoneIndex {
        self.index
    }

    /// Blocks of the cone.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seqs.len()
    }

    fn part(&self, start: usize, count: usize) -> &[u64] {
        let end = start.saturating_add(count).min(self.seqs.len());
        self.seqs.get(start..end).unwrap_or_default()
    }
}

impl Reader {
    /// Where the cone of a milestone is stored; `None` when it is unknown or pruned.
    ///
    /// # Errors
    /// The store failed.
    pub fn cone_places(&self, index: MilestoneIndex) -> Result<Option<ConePlaces>, StoreError> {
        let record = self.noted(|shared| shared.commit(index))?;
        Ok(record.map(|record| ConePlaces {
            index,
            seqs: record.cone.into_iter().map(|(seq, _)| seq).collect(),
        }))
    }

    /// At most `count` ids of a cone from position `start` on; none when one of them was pruned.
    ///
    /// # Errors
    /// The store failed.
    pub fn cone_ids(
        &self,
        places: &ConePlaces,
        start: usize,
        count: usize,
    ) -> Result<Vec<BlockId>, StoreError> {
        let seqs = places.part(start, count);
        let found = self.noted(|shared| shared.log.ids_of(seqs))?;
        Ok(found.unwrap_or_default())
    }

    /// At most `count` blocks of a cone from position `start` on; none when one of them was pruned.
    ///
    /// # Errors
    /// The store failed.
    pub fn cone_blocks(
        &self,
        places: &ConePlaces,
        start: usize,
        count: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        let seqs = places.part(start, count);
        let found = self.noted(|shared| shared.log.blocks_of(seqs))?;
        Ok(found.unwrap_or_default())
    }
}
