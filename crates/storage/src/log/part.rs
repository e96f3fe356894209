//! Looking up many blocks by their numbers, with few reads.

use std::sync::Arc;

use bytes::Bytes;
use tangle_types::BlockId;

use super::hot::Entry;
use super::{BlockLog, Segment};
use crate::StoreError;

impl BlockLog {
    /// The ids of blocks, in the order of their numbers in `seqs`. `None` when one was pruned or
    /// lost.
    pub(crate) fn ids_of(&self, seqs: &[u64]) -> Result<Option<Vec<BlockId>>, StoreError> {
        let mut ids = vec![BlockId::ZERO; seqs.len()];
        let is_whole = self.for_each_segment(seqs, |_, found| {
            for (position, entry) in found {
                ids[*position] = entry.id;
            }
            Ok(())
        })?;
        Ok(is_whole.then_some(ids))
    }

    /// The bytes of blocks, in the order of their numbers in `seqs`. `None` when one was pruned or
    /// lost.
    pub(crate) fn blocks_of(&self, seqs: &[u64]) -> Result<Option<Vec<Bytes>>, StoreError> {
        let mut blocks = vec![Bytes::new(); seqs.len()];
        let is_whole = self.for_each_segment(seqs, |segment, found| {
            let places: Vec<(u32, u64)> = found
                .iter()
                .map(|(position, entry)| (entry.offset, seqs[*position]))
                .collect();
            for ((position, _), body) in found.iter().zip(segment.blocks(&places)?) {
                blocks[*position] = body;
            }
            Ok(())
        })?;
        Ok(is_whole.then_some(blocks))
    }

    /// Gives `take` the entries of blocks, segment by segment in the order in which they lie there,
    /// each with its position in `seqs`. `false` when one was not found.
    fn for_each_segment(
        &self,
        seqs: &[u64],
        mut take: impl FnMut(&Segment, &[(usize, Entry)]) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let mut order: Vec<(u64, usize)> = seqs.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut rest = &order[..];
        while let Some((first, _)) = rest.first() {
            let Some((segment, end)) = self.segment_of(*first) else {
                return Ok(false);
            };
            let (here, later) = rest.split_at(rest.partition_point(|(seq, _)| *seq < end));
            rest = later;
            let first_seq = segment.first_seq;
            let indexes: Vec<usize> = here
                .iter()
                .map(|(seq, _)| (seq - first_seq) as usize)
                .collect();
            let entries = segment.entries_at(&indexes)?;
            if entries.len() < here.len() || entries.iter().any(Entry::is_lost) {
                return Ok(false);
            }
            let positions = here.iter().map(|(_, position)| *position);
            take(&segment, &positions.zip(entries).collect::<Vec<_>>())?;
        }
        Ok(true)
    }

    /// The segment of a block's number, and the number at which the next one begins.
    fn segment_of(&self, seq: u64) -> Option<(Arc<Segment>, u64)> {
        let state = self.read();
        let behind = state
            .segments
            .partition_point(|segment| segment.first_seq <= seq);
        let segment = state.segments.get(behind.checked_sub(1)?)?;
        let end = state
            .segments
            .get(behind)
            .map_or(u64::MAX, |next| next.first_seq);
        Some((Arc::clone(segment), end))
    }
}
