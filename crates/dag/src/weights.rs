//! Exact cumulative weights of the newest blocks, kept up to date block by block.
//!
//! A ring of slots holds the newest blocks. The *cone* of a block is a bit set over the slots: its
//! past cone, as far as the ring reaches. A new block's cone is the union of its parents' cones and
//! the parents. Each block that enters adds 1 to the weight of all blocks in its cone.
//!
//! ```text
//!  slot      0........63 64......127 128.....191
//!  pattern   1111111101  11111110111 0000000000   what the newest blocks have in common
//!  cone      1111111101  11111110111 0101100000   counted one by one: 3 bits
//! ```
//!
//! Most of a cone is the same for all new blocks: what is old is in all of them, but for what was
//! left behind. So each word of 64 slots has a *pattern*, which every block is taken to have in
//! common with the others, and only the bits in which it differs are counted. The weight of a block
//! is 1 + its count + the blocks since the pattern was set, if the pattern holds it.
//!
//! Cones share the parts that are equal, and a part that is known to be as the pattern is passed
//! over. They are kept for tips and for a while after they were first approved, so memory does not
//! grow with the number of blocks. A cone that is needed all the same is collected anew from the
//! edges.
//!
//! Slots are given up by words: 64 blocks leave at once.

use std::collections::VecDeque;
use std::ops::Range;

use crate::cones::{CHUNK_WORDS, Chunk, Cones, bits};
use crate::pool::TipPool;
use crate::view::{Place, View};

#[cfg(test)]
mod tests;

/// No edge, no parent, no cone.
const NONE: u32 = u32::MAX;
/// Slots in a word.
const WORD: u32 = 64;
/// Differing bits that are counted before another pattern is worth its price.
const PATIENCE: u32 = 64;
/// Bits of a word from which it is quicker to count all 64 than to look for them.
const MANY: u32 = 12;

/// Limits of a [`WeightWindow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightWindowConfig {
    /// Blocks it holds, at least; a power of two is made of it, and up to 64 blocks more are gone.
    pub block_count: usize,
    /// Most parents of a block, counting double ones twice.
    pub parent_count_max: usize,
    /// How long a cone is kept after the block was first approved, in units of time.
    pub linger: u64,
    /// Newest blocks of which cones are kept at all.
    pub cone_count_max: usize,
}

/// Blocks in order of arrival, with their weights.
#[derive(Clone, Debug)]
pub struct WeightWindow {
    linger: u64,
    cone_count_max: u32,
    parent_count_max: usize,
    slot_mask: u32,
    /// Place of the oldest block.
    first: Place,
    /// Place of the next block.
    next: Place,
    times: Vec<u64>,
    /// Parents by slot; those outside of the window are left out.
    parents: Vec<Place>,
    /// Edges of a slot are a power of two, so edge `e` starts at slot `e >> edge_shift`.
    edge_shift: u32,
    /// The newest edge that ends at a slot.
    newest_edge: Vec<u32>,
    /// The next older edge that ends at the same slot, by edge.
    older_edge: Vec<u32>,
    approver_counts: Vec<u32>,
    shut: Vec<u64>,
    counts: Vec<u32>,
    words: Vec<Word>,
    patterns: Vec<u64>,
    /// Blocks added ever, wrapping.
    added: u32,
    cones: Cones,
    /// Which cone a slot has.
    cone_of: Vec<u32>,
    /// Approved blocks that still have cones, with the time of their first approval; bounded by
    /// `cone_count_max`.
    fading: VecDeque<(u64, Place)>,
    /// Oldest place that may have a cone.
    cones_from: Place,
    /// Oldest place whose age as a tip was not looked at.
    ageing: Place,
    tips: TipPool,
    /// Space for collecting a cone.
    stack: Vec<Place>,
    /// Space for the positions at which a cone differs from the others.
    differing: Vec<u32>,
}

/// Books of 64 slots.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    /// Blocks that had been added when the pattern was set.
    since: u32,
    /// Differing bits counted since then.
    cost: u32,
    /// The newest word that differed, and when.
    rival: u64,
    rival_at: u32,
}

impl WeightWindow {
    /// An empty window.
    ///
    /// # Panics
    /// More than 2^24 blocks or none, or more than 8 parents or none, are asked for.
    #[must_use]
    pub fn new(config: WeightWindowConfig) -> Self {
        assert!(
            (1..=1 << 24).contains(&config.block_count),
            "a window of {} blocks",
            config.block_count
        );
        assert!(
            (1..=8).contains(&config.parent_count_max),
            "blocks with {} parents",
            config.parent_count_max
        );
        let slots = (config.block_count + WORD as usize).next_power_of_two();
        let edge_shift = config.parent_count_max.next_power_of_two().trailing_zeros();
        let words = slots / WORD as usize;
        Self {
            linger: config.linger,
            cone_count_max: config.cone_count_max.clamp(1, slots) as u32,
            parent_count_max: config.parent_count_max,
            slot_mask: slots as u32 - 1,
            first: 0,
            next: 0,
            times: vec![0; slots],
            parents: vec![NONE; slots << edge_shift],
            edge_shift,
            newest_edge: vec![NONE; slots],
            older_edge: vec![NONE; slots << edge_shift],
            approver_counts: vec![0; slots],
            shut: vec![0; words],
            counts: vec![0; slots],
            words: vec![Word::default(); words],
            patterns: vec![0; words],
            added: 0,
            cones: Cones::new(words),
            cone_of: vec![NONE; slots],
            fading: VecDeque::new(),
            cones_from: 0,
            ageing: 0,
            tips: TipPool::new(),
            stack: Vec::new(),
            differing: Vec::new(),
        }
    }

    #[inline]
    fn slot(&self, place: Place) -> usize {
        (place & self.slot_mask) as usize
    }

    /// The place in the window that has a slot.
    #[inline]
    fn place(&self, slot: u32) -> Place {
        let last = self.next.wrapping_sub(1);
        last.wrapping_sub(last.wrapping_sub(slot) & self.slot_mask)
    }

    /// Blocks in the window.
    #[must_use]
    pub fn len(&self) -> usize {
        self.next.wrapping_sub(self.first) as usize
    }

    /// Most blocks that it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slot_mask as usize + 1
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.next == self.first
    }

    /// Place of the block that is added next.
    #[must_use]
    pub fn next_place(&self) -> Place {
        self.next
    }

    /// The places whose blocks leave when the next one is added: a range that may wrap, given as
    /// its first place and its length.
    #[must_use]
    pub fn leaving(&self) -> (Place, u32) {
        let is_full = self.len() > self.slot_mask as usize;
        (self.first, if is_full { WORD } else { 0 })
    }

    /// Direct approvers of a block that were open when they came, counting double ones twice.
    #[must_use]
    pub fn approver_count(&self, place: Place) -> u32 {
        self.approver_counts[self.slot(place)]
    }

    /// Whether a block of the window is a tip: without approvers, and not taken off.
    #[must_use]
    pub fn is_tip(&self, place: Place) -> bool {
        self.holds(place) && self.tips.contains(place & self.slot_mask)
    }

    /// The parents of a block, as far as they were in the window when it came.
    pub fn parents(&self, place: Place) -> impl Iterator<Item = Place> {
        let parents = self.parents[self.parent_range(self.slot(place))].iter();
        parents.copied().take_while(|parent| *parent != NONE)
    }

    fn parent_range(&self, slot: usize) -> Range<usize> {
        slot << self.edge_shift..(slot + 1) << self.edge_shift
    }

    /// Shuts or opens a block for walks; one that is shut is no tip. See [`View::is_open`].
    pub fn set_open(&mut self, place: Place, is_open: bool) {
        if !self.holds(place) {
            return;
        }
        let slot = self.slot(place);
        let bit = 1 << (slot % 64);
        if is_open {
            self.shut[slot / 64] &= !bit;
            if self.approver_counts[slot] == 0 && !self.tips.contains(slot as u32) {
                self.tips.add(slot as u32);
            }
        } else {
            self.shut[slot / 64] |= bit;
            self.tips.remove(slot as u32);
        }
    }

    /// Whether a block approves another one, directly or indirectly; `false` when it would take
    /// more than `left` steps to know, which are counted down.
    #[must_use]
    pub fn approves(&self, block: Place, other: Place, left: &mut u32) -> bool {
        if block == other || !self.holds(block) || !self.holds(other) {
            return block == other;
        }
        let age = |place: Place| self.next.wrapping_sub(place);
        let cone = self.cone_of[self.slot(block)];
        if cone != NONE {
            return self.cones.has(cone, self.slot(other));
        }
        let mut seen = std::collections::BTreeSet::from([age(block)]);
        // The youngest first, so that a cone is met soon.
        while let Some(youngest) = seen.pop_first() {
            let place = self.next.wrapping_sub(youngest);
            let cone = self.cone_of[self.slot(place)];
            if cone != NONE {
                if self.cones.has(cone, self.slot(other)) {
                    return true;
                }
                continue;
            }
            for parent in self.parents(place) {
                if parent == other {
                    return true;
                }
                if self.holds(parent) && age(parent) < age(other) {
                    seen.insert(age(parent));
                }
            }
            if *left == 0 {
                return false;
            }
            *left -= 1;
        }
        false
    }

    /// Takes a block off the tips, though nothing approves it.
    pub fn take_off(&mut self, place: Place) {
        if self.holds(place) {
            self.tips.remove(place & self.slot_mask);
        }
    }

    /// Takes the tips off that are older than `age_max`; the last one stays, whatever its age.
    pub fn expire(&mut self, now: u64, age_max: u64) {
        if !self.holds(self.ageing) && self.ageing != self.next {
            self.ageing = self.first;
        }
        while self.holds(self.ageing) {
            if self.is_tip(self.ageing) {
                let is_young = now.saturating_sub(self.time(self.ageing)) <= age_max;
                if is_young || self.tips.len() == 1 {
                    return;
                }
                self.take_off(self.ageing);
            }
            self.ageing = self.ageing.wrapping_add(1);
        }
    }

    /// Adds a block at time `now` and returns its place. Parents outside of the window, and those
    /// above the number that was agreed on, count for nothing.
    pub fn add(&mut self, now: u64, parents: &[Place]) -> Place {
        self.enter(now, parents, true)
    }

    /// As [`WeightWindow::add`], but the block is shut, and its parents stay tips if they are.
    pub fn add_shut(&mut self, now: u64, parents: &[Place]) -> Place {
        self.enter(now, parents, false)
    }

    fn enter(&mut self, now: u64, parents: &[Place], is_open: bool) -> Place {
        if self.len() > self.slot_mask as usize {
            self.give_up_word();
        }
        self.forget_cones(now);
        let place = self.next;
        let slot = self.slot(place);
        let cone = self.cones.take();
        self.cone_of[slot] = cone;
        self.times[slot] = now;
        let mut count = 0;
        for parent in parents.iter().take(self.parent_count_max) {
            if self.holds(*parent) {
                self.include(cone, *parent);
                self.parents[(slot << self.edge_shift) + count] = *parent;
                count += 1;
            }
        }
        self.count(cone);
        self.next = place.wrapping_add(1);
        for position in 0..count {
            self.link(now, (slot << self.edge_shift) + position, is_open);
        }
        if is_open {
            self.tips.add(slot as u32);
        } else {
            self.shut[slot / 64] |= 1 << (slot % 64);
        }
        place
    }

    /// Adds a parent and its cone to a cone.
    fn include(&mut self, cone: u32, parent: Place) {
        let slot = self.slot(parent);
        let known = self.cone_of[slot];
        if known != NONE {
            self.cones.join(cone, known);
            self.cones.set(cone, slot);
            return;
        }
        if self.cones.has(cone, slot) {
            return;
        }
        self.cones.set(cone, slot);
        self.stack.push(parent);
        while let Some(place) = self.stack.pop() {
            for position in self.parent_range(self.slot(place)) {
                let parent = self.parents[position];
                if parent == NONE {
                    break;
                }
                let slot = self.slot(parent);
                if !self.holds(parent) || self.cones.has(cone, slot) {
                    continue;
                }
                self.cones.set(cone, slot);
                match self.cone_of[slot] {
                    NONE => self.stack.push(parent),
                    known => self.cones.join(cone, known),
                }
            }
        }
    }

    /// Adds 1 to the weight of all blocks of a cone.
    fn count(&mut self, cone: u32) {
        let before = self.added;
        self.added = before.wrapping_add(1);
        let mut differing = std::mem::take(&mut self.differing);
        self.cones.differing(cone, &mut differing);
        for position in &differing {
            let position = *position as usize;
            let seen = self.cones.chunk(cone, position);
            if self.count_chunk(position, &seen, before) {
                self.cones.set_common(cone, position);
            }
        }
        self.differing = differing;
    }

    /// Counts the words of a chunk; whether all of them are as their patterns now.
    fn count_chunk(&mut self, position: usize, seen: &Chunk, before: u32) -> bool {
        let first = position * CHUNK_WORDS;
        let mut is_common = true;
        let patterns = self.patterns[first..].iter_mut();
        for (index, (seen, pattern)) in (first..).zip(seen.iter().zip(patterns)) {
            if seen == pattern {
                continue;
            }
            let word = &mut self.words[index];
            let counts = &mut self.counts[index * 64..][..64];
            if word.is_overcome(*seen, before) {
                let missed = before.wrapping_sub(word.since);
                bits(*pattern, |bit| {
                    counts[bit] = counts[bit].wrapping_add(missed)
                });
                *pattern = *seen;
                word.since = before;
                word.cost = 0;
                self.cones.clear_common(position);
                continue;
            }
            is_common = false;
            word.cost += (*seen ^ *pattern).count_ones();
            add(counts, *seen & !*pattern, 1);
            add(counts, *pattern & !*seen, u32::MAX);
        }
        is_common
    }

    /// Hangs a new block on a parent; the edge's slot in `parents` names it.
    fn link(&mut self, now: u64, edge: usize, is_open: bool) {
        let parent = self.parents[edge];
        let slot = self.slot(parent);
        self.older_edge[edge] = self.newest_edge[slot];
        self.newest_edge[slot] = edge as u32;
        if !is_open {
            return;
        }
        self.approver_counts[slot] += 1;
        if self.approver_counts[slot] == 1 {
            self.tips.remove(slot as u32);
            if self.cone_of[slot] != NONE {
                self.fading.push_back((now, parent));
            }
        }
    }

    /// Frees cones that are hardly needed any more.
    fn forget_cones(&mut self, now: u64) {
        while let Some((since, place)) = self.fading.front().copied()
            && now.saturating_sub(since) > self.linger
        {
            self.fading.pop_front();
            self.free_cone(place);
        }
        while self.next.wrapping_sub(self.cones_from) >= self.cone_count_max {
            self.free_cone(self.cones_from);
            self.cones_from = self.cones_from.wrapping_add(1);
        }
    }

    fn free_cone(&mut self, place: Place) {
        if !self.holds(place) {
            return;
        }
        let slot = self.slot(place);
        let cone = std::mem::replace(&mut self.cone_of[slot], NONE);
        if cone != NONE {
            self.cones.free(cone);
        }
    }

    /// Drops the oldest 64 blocks.
    fn give_up_word(&mut self) {
        let word = self.slot(self.first) / 64;
        for slot in word * 64..(word + 1) * 64 {
            self.free_cone(self.place(slot as u32));
            self.tips.remove(slot as u32);
            let parents = self.parent_range(slot);
            self.parents[parents].fill(NONE);
            self.newest_edge[slot] = NONE;
            self.approver_counts[slot] = 0;
            self.counts[slot] = 0;
        }
        self.cones.clear_word(word);
        self.patterns[word] = 0;
        self.shut[word] = 0;
        self.words[word] = Word {
            since: self.added,
            ..Word::default()
        };
        self.first = self.first.wrapping_add(WORD);
    }
}

/// Adds a number, wrapping, to the counts whose bits are set.
#[inline]
fn add(counts: &mut [u32], word: u64, number: u32) {
    if word.count_ones() < MANY {
        bits(word, |bit| counts[bit] = counts[bit].wrapping_add(number));
        return;
    }
    for (eight, counts) in counts.chunks_exact_mut(8).enumerate() {
        let byte = (word >> (eight * 8)) as u32 & 0xff;
        for (bit, count) in counts.iter_mut().enumerate() {
            let is_set = byte & (1 << bit) != 0;
            *count = count.wrapping_add(if is_set { number } else { 0 });
        }
    }
}

impl Word {
    /// Whether a word that differs is now the common one: it came twice in a row, and the pattern
    /// has cost enough.
    fn is_overcome(&mut self, seen: u64, now: u32) -> bool {
        let is_repeated = self.rival == seen && self.rival_at == now.wrapping_sub(1);
        self.rival = seen;
        self.rival_at = now;
        is_repeated && self.cost >= PATIENCE
    }
}

impl View for WeightWindow {
    #[inline]
    fn approvers(&self, place: Place) -> impl Iterator<Item = Place> {
        let mut edge = self.newest_edge[self.slot(place)];
        std::iter::from_fn(move || {
            let found = edge;
            if found == NONE {
                return None;
            }
            edge = self.older_edge[found as usize];
            Some(self.place(found >> self.edge_shift))
        })
    }

    #[inline]
    fn weight(&self, place: Place) -> u64 {
        let slot = self.slot(place);
        let word = slot / 64;
        let in_pattern = (self.patterns[word] >> (slot % 64)) as u32 & 1;
        let by_pattern = self.added.wrapping_sub(self.words[word].since) * in_pattern;
        1 + u64::from(self.counts[slot].wrapping_add(by_pattern))
    }

    #[inline]
    fn time(&self, place: Place) -> u64 {
        self.times[self.slot(place)]
    }

    #[inline]
    fn is_open(&self, place: Place) -> bool {
        let slot = self.slot(place);
        self.shut[slot / 64] >> (slot % 64) & 1 == 0
    }

    #[inline]
    fn holds(&self, place: Place) -> bool {
        place.wrapping_sub(self.first) < self.next.wrapping_sub(self.first)
    }

    fn oldest(&self) -> Option<Place> {
        (!self.is_empty()).then_some(self.first)
    }

    fn tip_count(&self) -> usize {
        self.tips.len()
    }

    fn tip(&self, position: usize) -> Place {
        self.place(self.tips.at(position))
    }
}
