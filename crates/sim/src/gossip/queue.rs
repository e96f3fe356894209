//! Events in order of time, in parts of it that are shorter than the shortest link: what an event
//! brings about is never due in the same part, so a part can be put in order as a whole.

/// Most parts that are open at once.
const PARTS_MAX: u64 = 1 << 20;

/// Something that is due. Events at one time are ordered by target and block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// When, in nanoseconds.
    pub(super) at: u64,
    /// What, and for whom.
    pub(super) target: u32,
    /// About which transaction.
    pub(super) block: u32,
}

/// All that is due.
#[derive(Debug)]
pub(super) struct Queue {
    shift: u32,
    /// The part in hand.
    now: u64,
    parts: Vec<Vec<Entry>>,
    count: u64,
}

impl Queue {
    /// For events that are due between `least` and `most` nanoseconds later; `None` if these are
    /// too far apart.
    pub(super) fn new(least: u64, most: u64) -> Option<Self> {
        let shift = least.max(1).ilog2();
        let parts = ((most >> shift) + 2).next_power_of_two();
        (parts <= PARTS_MAX).then(|| Self {
            shift,
            now: 0,
            parts: vec![Vec::new(); parts as usize],
            count: 0,
        })
    }

    fn part(&mut self, number: u64) -> &mut Vec<Entry> {
        let mask = self.parts.len() as u64 - 1;
        &mut self.parts[(number & mask) as usize]
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry) {
        let number = entry.at >> self.shift;
        debug_assert!(number >= self.now && number - self.now < self.parts.len() as u64);
        self.count += 1;
        self.part(number).push(entry);
    }

    /// Where the part in hand ends, in nanoseconds.
    pub(super) const fn end(&self) -> u64 {
        (self.now + 1) << self.shift
    }

    /// What is due in the part in hand, in order; the next part is in hand then.
    pub(super) fn take(&mut self, entries: &mut Vec<Entry>) {
        entries.clear();
        let number = self.now;
        std::mem::swap(self.part(number), entries);
        entries.sort_unstable();
        self.count -= entries.len() as u64;
        self.now += 1;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tangle_dag::Chance;

    #[test]
    fn events_come_in_order_whenever_they_were_planned() {
        let mut queue = Queue::new(1_000, 50_000).expect("fits");
        let mut chance = Chance::new(1);
        let mut plan = |queue: &mut Queue, now: u64, block: u32| {
            let at = now + 1_000 + chance.below(49_000) as u64;
            let target = chance.below(5) as u32;
            queue.push(Entry { at, target, block });
        };
        (0..50).for_each(|block| plan(&mut queue, 0, block));
        let (mut seen, mut last) = (0, (0, 0, 0));
        let mut entries = Vec::new();
        while !queue.is_empty() {
            queue.take(&mut entries);
            for entry in &entries {
                let key = (entry.at, entry.target, entry.block);
                assert!(key >= last);
                (seen, last) = (seen + 1, key);
                if seen < 2_000 {
                    plan(&mut queue, entry.at, seen);
                }
            }
        }
        assert!((2_000..2_100).contains(&seen), "{seen}");
    }

    #[test]
    fn links_that_are_too_unlike_are_refused() {
        assert!(Queue::new(1, u64::MAX / 4).is_none());
    }
}
