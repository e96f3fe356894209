//! The youngest roots, in the order in which they became roots.
//!
//! A root is forgotten when it is too deep to matter for a tip, or when there are too many; its
//! index is asked of the caller after that. No root above `floor` was ever forgotten.

use std::collections::VecDeque;

use tangle_types::{BlockId, MilestoneIndex};

/// Milestones below max depth for which roots are still remembered.
const DEPTH_MARGIN: u32 = 5;

/// Names a root: roots are numbered in the order in which they came, modulo 2^31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RootNumber(pub(crate) u32);

impl RootNumber {
    const MASK: u32 = u32::MAX >> 1;

    const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count) & Self::MASK)
    }
}

/// Remembered roots, oldest first.
#[derive(Debug)]
pub(crate) struct Roots {
    queue: VecDeque<(MilestoneIndex, BlockId)>,
    /// Number of the oldest.
    first: RootNumber,
    floor: MilestoneIndex,
    /// Roots above are kept, whatever their number.
    kept_above: MilestoneIndex,
}

impl Roots {
    /// `entry_points` ascending by index; all other blocks referenced up to `confirmed` are
    /// forgotten from the start.
    pub(crate) fn new(
        confirmed: MilestoneIndex,
        entry_points: Vec<(MilestoneIndex, BlockId)>,
    ) -> Self {
        Self {
            queue: entry_points.into(),
            first: RootNumber(0),
            floor: confirmed,
            kept_above: MilestoneIndex(u32::MAX),
        }
    }

    /// Greatest index of which a root may be forgotten.
    pub(crate) const fn floor(&self) -> MilestoneIndex {
        self.floor
    }

    pub(crate) fn keep_above(&mut self, index: MilestoneIndex) {
        self.kept_above = index;
    }

    /// Remembers a root.
    pub(crate) fn push(&mut self, index: MilestoneIndex, id: BlockId) -> RootNumber {
        let number = self.first.plus(self.queue.len() as u32);
        self.queue.push_back((index, id));
        number
    }

    /// The numbers of all roots.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = RootNumber> + use<> {
        let first = self.first;
        (0..self.queue.len() as u32).map(move |count| first.plus(count))
    }

    /// The root with a number.
    ///
    /// # Panics
    /// It is forgotten.
    pub(crate) fn get(&self, number: RootNumber) -> &(MilestoneIndex, BlockId) {
        let position = number.0.wrapping_sub(self.first.0) & RootNumber::MASK;
        &self.queue[position as usize]
    }

    /// Takes the next root that is to be forgotten.
    pub(crate) fn forget(
        &mut self,
        confirmed: MilestoneIndex,
        below_max_depth: u8,
        count_max: usize,
    ) -> Option<(RootNumber, BlockId)> {
        let (index, id) = *self.queue.front()?;
        let depth = confirmed.0.saturating_sub(index.0);
        let is_deep = depth > u32::from(below_max_depth) + DEPTH_MARGIN;
        if index > self.kept_above || !is_deep && self.queue.len() <= count_max {
            return None;
        }
        self.queue.pop_front();
        self.floor = self.floor.max(index);
        let number = self.first;
        self.first = number.plus(1);
        Some((number, id))
    }
}
