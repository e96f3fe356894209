//! Looking up many blocks that mostly are young.

use std::sync::Arc;

use tangle_engine::CheckedBlock;
use tangle_types::{BlockId, IdMap, MilestoneIndex};

use super::hot::Hot;
use super::{BlockLog, distance};
use crate::StoreError;

/// Blocks that are to be appended.
pub(super) struct Unstored<'b> {
    pub(super) blocks: Vec<&'b Arc<CheckedBlock>>,
    /// How far behind a block its parents lie, for all blocks in a row; 0 for a parent that is not
    /// stored.
    pub(super) distances: Vec<u32>,
}

impl BlockLog {
    /// Those of `blocks` that are not stored, to be appended in this order from number `next_seq`
    /// on.
    ///
    /// A block lies behind its parents. So one whose parents are all among the newest blocks is
    /// there too or nowhere, and the files of older ones are not asked.
    pub(super) fn unstored<'b>(
        &self,
        blocks: &'b [Arc<CheckedBlock>],
        next_seq: u64,
    ) -> Result<Unstored<'b>, StoreError> {
        let (are_young, young_parents) = self.look_up_young(blocks);
        let mut young_parents = young_parents.into_iter();
        let mut together = IdMap::<BlockId, u64>::default();
        let mut found = Unstored {
            blocks: Vec::with_capacity(blocks.len()),
            distances: Vec::with_capacity(young_parents.len()),
        };
        let mut seq = next_seq;
        for (block, is_young) in blocks.iter().zip(are_young) {
            let mut is_recent = true;
            let before = found.distances.len();
            for (id, young) in block.parents().iter().zip(young_parents.by_ref()) {
                let parent = match young.or_else(|| together.get(id).copied()) {
                    Some(parent) => Some(parent),
                    None => {
                        is_recent = false;
                        self.find(id)?.map(|found| found.seq())
                    }
                };
                found.distances.push(distance(seq, parent));
            }
            let id = block.id();
            if is_young || together.contains_key(&id) || !is_recent && self.find(&id)?.is_some() {
                found.distances.truncate(before);
                continue;
            }
            together.insert(id, seq);
            found.blocks.push(block);
            seq += 1;
        }
        Ok(found)
    }

    /// Which of `blocks` are among the newest ones, which are in memory without a gap; and the
    /// numbers there of all their parents in a row.
    fn look_up_young(&self, blocks: &[Arc<CheckedBlock>]) -> (Vec<bool>, Vec<Option<u64>>) {
        let segments: Vec<_> = self.read().young().cloned().collect();
        let held: Vec<_> = segments
            .iter()
            .map(|segment| (segment.first_seq, segment.read_hot()))
            .collect();
        let newest: Vec<(u64, &Hot)> = held
            .iter()
            .map_while(|(first_seq, hot)| Some((*first_seq, hot.as_ref()?)))
            .collect();
        let number = |id: &BlockId| {
            let mut newest = newest.iter();
            newest.find_map(|(first_seq, hot)| Some(first_seq + hot.find(id)? as u64))
        };
        let are_young = blocks.iter().map(|block| number(&block.id()).is_some());
        let parents = blocks.iter().flat_map(|block| block.parents().iter());
        (are_young.collect(), parents.map(number).collect())
    }

    /// Numbers of blocks that are in memory with all their parents, in the order of `ids`; of such
    /// a block `each` is called with the parents that milestones have referenced. `None` for any
    /// other block, which [`BlockLog::find`] finds. Locks are taken once for all.
    pub(crate) fn find_young<'i>(
        &self,
        ids: impl Iterator<Item = &'i BlockId>,
        each: &mut impl FnMut(BlockId, MilestoneIndex),
    ) -> Vec<Option<u64>> {
        let segments: Vec<_> = self.read().young().cloned().collect();
        let held: Vec<_> = segments
            .iter()
            .map(|segment| (segment.first_seq, segment.read_hot()))
            .collect();
        let young: Vec<(u64, &Hot)> = held
            .iter()
            .filter_map(|(first_seq, hot)| Some((*first_seq, hot.as_ref()?)))
            .collect();
        ids.map(|id| find(&young, id, each)).collect()
    }
}

/// Finds one block in the segments, which are newest first.
fn find(
    young: &[(u64, &Hot)],
    id: &BlockId,
    each: &mut impl FnMut(BlockId, MilestoneIndex),
) -> Option<u64> {
    let (first_seq, hot, index) = young
        .iter()
        .find_map(|(first_seq, hot)| Some((*first_seq, *hot, hot.find(id)?)))?;
    let seq = first_seq + index as u64;
    let parent = |distance: &u32| {
        let seq = seq.checked_sub(u64::from(*distance))?;
        // Where its segment is not in memory, an older one is found, which is too short.
        let (first_seq, hot) = young.iter().find(|(first_seq, _)| *first_seq <= seq)?;
        hot.entries().get((seq - first_seq) as usize)
    };
    let distances = hot.distances(index);
    if distances
        .iter()
        .any(|distance| *distance == 0 || parent(distance).is_none())
    {
        return None;
    }
    for entry in distances.iter().filter_map(parent) {
        if let Some(standing) = entry.standing {
            each(entry.id, standing.referenced_by);
        }
    }
    Some(seq)
}
