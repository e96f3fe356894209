//! The tips of a view: those without an approver, drawn in constant time.

use crate::chance::Chance;

/// Draws that may repeat a tip, for each tip wanted after the first.
const RETRIES_PER_TIP: usize = 10;
/// No position.
const NONE: u32 = u32::MAX;

/// A set of small numbers, in no particular but a reproducible order.
#[derive(Clone, Debug, Default)]
pub struct TipPool {
    tips: Vec<u32>,
    positions: Vec<u32>,
}

impl TipPool {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tips: Vec::new(),
            positions: Vec::new(),
        }
    }

    /// How many there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.tips.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tips.is_empty()
    }

    /// The one at a position below [`TipPool::len`].
    #[must_use]
    #[inline]
    pub fn at(&self, position: usize) -> u32 {
        self.tips[position]
    }

    /// Whether `tip` is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, tip: u32) -> bool {
        let position = self.positions.get(tip as usize);
        position.is_some_and(|position| *position != NONE)
    }

    /// Adds one that is not there yet.
    #[inline]
    pub fn add(&mut self, tip: u32) {
        let place = tip as usize;
        if place >= self.positions.len() {
            self.positions.resize(place + 1, NONE);
        }
        debug_assert!(self.positions[place] == NONE, "{tip} is a tip already");
        self.positions[place] = self.tips.len() as u32;
        self.tips.push(tip);
    }

    /// Takes one out; whether it was there.
    #[inline]
    pub fn remove(&mut self, tip: u32) -> bool {
        let Some(slot) = self.positions.get_mut(tip as usize) else {
            return false;
        };
        let position = std::mem::replace(slot, NONE);
        if position == NONE {
            return false;
        }
        self.tips.swap_remove(position as usize);
        if let Some(moved) = self.tips.get(position as usize) {
            self.positions[*moved as usize] = position;
        }
        true
    }
}

/// Up to `count` distinct positions in a list of `len`, each equally likely.
pub(crate) fn draw_distinct(len: usize, count: usize, chance: &mut Chance) -> Vec<usize> {
    if len <= count {
        return (0..len).collect();
    }
    let mut chosen = Vec::with_capacity(count);
    let mut tries = count + count.saturating_sub(1) * RETRIES_PER_TIP;
    while chosen.len() < count && tries > 0 {
        tries -= 1;
        let position = chance.below(len);
        if !chosen.contains(&position) {
            chosen.push(position);
        }
    }
    chosen
}
