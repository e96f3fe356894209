//! The blocks of a young segment, in memory.

use std::hash::{BuildHasher, RandomState};

use tangle_types::{BlockId, BlockMetadata};

use super::SEGMENT_BLOCKS_MAX;

/// Blocks for which there is room from the beginning: those of a segment, and of the batch that
/// fills it.
const CAPACITY: usize = SEGMENT_BLOCKS_MAX.next_power_of_two();
/// Parents that most blocks have.
const PARENTS_DEFAULT: usize = 2;
/// A free place of the hash table.
const FREE: u32 = u32::MAX;

/// A block of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: BlockId,
    /// Where its frame begins in the segment file.
    pub(crate) offset: u32,
    /// What a milestone made of it.
    pub(crate) standing: Option<BlockMetadata>,
}

impl Entry {
    /// Stands for a block whose frame was damaged.
    pub(crate) const LOST: Self = Self {
        id: BlockId::ZERO,
        offset: u32::MAX,
        standing: None,
    };

    pub(crate) const fn is_lost(&self) -> bool {
        self.offset == u32::MAX
    }
}

/// Entries by position, and a hash table from id to position.
#[derive(Debug)]
pub(crate) struct Hot {
    entries: Vec<Entry>,
    /// How far behind a block its parents lie, for all blocks in a row; 0 for a parent that is not
    /// stored.
    distances: Vec<u32>,
    /// Where a block's distances end.
    ends: Vec<u32>,
    /// Open addressing, at most half full.
    slots: Vec<u32>,
    /// Blocks that no milestone has referenced.
    awaiting_count: usize,
    /// Ids can be chosen by whoever grinds them; places in the table cannot.
    seed: u64,
}

impl Hot {
    pub(crate) fn new() -> Self {
        Self {
            // The system gives memory when it is first written to: what is not needed costs
            // nothing, and what grows need not be moved.
            entries: Vec::with_capacity(CAPACITY),
            distances: Vec::with_capacity(PARENTS_DEFAULT * CAPACITY),
            ends: Vec::with_capacity(CAPACITY),
            slots: vec![FREE; 64],
            awaiting_count: 0,
            seed: RandomState::new().hash_one(0) | 1,
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Notes what a milestone made of a block; `false` when there is no such block.
    pub(crate) fn set_standing(&mut self, index: usize, standing: &BlockMetadata) -> bool {
        let Some(entry) = self.entries.get_mut(index) else {
            return false;
        };
        if entry.standing.replace(*standing).is_none() && !entry.is_lost() {
            self.awaiting_count -= 1;
        }
        true
    }

    /// Blocks that no milestone has referenced.
    pub(crate) const fn awaiting_count(&self) -> usize {
        self.awaiting_count
    }

    /// Adds an entry behind the last one.
    pub(crate) fn push(&mut self, entry: Entry) {
        if (self.entries.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let place = self.free_place(&entry.id);
        self.slots[place] = self.entries.len() as u32;
        self.awaiting_count += usize::from(entry.standing.is_none());
        self.entries.push(entry);
        self.ends.push(self.distances.len() as u32);
    }

    /// Adds a parent of the block that was pushed last.
    pub(crate) fn push_parent(&mut self, distance: u32) {
        self.distances.push(distance);
        if let Some(end) = self.ends.last_mut() {
            *end += 1;
        }
    }

    /// How far behind a block its parents lie; 0 for a parent that is not stored.
    pub(crate) fn distances(&self, index: usize) -> &[u32] {
        let end = |index: usize| self.ends.get(index).map_or(0, |end| *end as usize);
        let start = index.checked_sub(1).map_or(0, end);
        &self.distances[start..end(index)]
    }

    /// Adds a place for a block whose bytes are lost.
    pub(crate) fn push_lost(&mut self) {
        self.entries.push(Entry::LOST);
        self.ends.push(self.distances.len() as u32);
    }

    /// The position of a block.
    pub(crate) fn find(&self, id: &BlockId) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut place = self.place(id);
        loop {
            match self.slots[place] {
                FREE => return None,
                index if self.entries[index as usize].id == *id => return Some(index as usize),
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 2];
        for index in 0..self.entries.len() {
            if self.entries[index].is_lost() {
                continue;
            }
            let place = self.free_place(&self.entries[index].id);
            self.slots[place] = index as u32;
        }
    }

    fn free_place(&self, id: &BlockId) -> usize {
        let mask = self.slots.len() - 1;
        let mut place = self.place(id);
        while self.slots[place] != FREE {
            place = (place + 1) & mask;
        }
        place
    }

    fn place(&self, id: &BlockId) -> usize {
        let word = |at: usize| {
            let bytes = id.0[at..].first_chunk().expect("an id has 32 bytes");
            u64::from_le_bytes(*bytes)
        };
        let mixed = (word(0) ^ self.seed).wrapping_mul(self.seed) ^ word(8);
        let mixed = u128::from(mixed) * u128::from(self.seed.rotate_left(29) | 1);
        ((mixed >> 64) as u64 ^ mixed as u64) as usize & (self.slots.len() - 1)
    }
}
