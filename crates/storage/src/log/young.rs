//! Looking up many blocks that mostly are young.

use tangle_types::{BlockId, MilestoneIndex};

use super::BlockLog;
use super::hot::Hot;

impl BlockLog {
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
