//! Branches: which tips cover how much of what no milestone has referenced yet.
//!
//! The blocks since the last milestone form a forest: each hangs below the first block that
//! approved it, and a block that nobody approved is a tip. A tip's weight is the size of its tree.
//!
//! ```text
//!   a <-- c <-- e   tip e: weight 3 (a, c, e)
//!     \-- d         tip d: weight 2 (b, d), since c approved a before d did
//!   b <---/
//! ```
//!
//! Invariants: the trees are disjoint, their sizes sum up to the number of tracked blocks, and all
//! of a tree lies in the past cone of its tip. So parents that leave out tips of weight `w` in all
//! leave out at most `w` blocks, and parents that name every tip leave out none. A block costs a
//! look-up for each parent, whatever its past cone is like.

use std::collections::VecDeque;

use tangle_crypto::blake2b;
use tangle_types::{BlockId, IdMap};

/// Tips with the sizes of their trees, in an order that follows from the inputs alone.
#[derive(Debug)]
pub(crate) struct Branches {
    tips: Vec<Tip>,
    positions: IdMap<BlockId, usize>,
    merging_count: usize,
    chance: Chance,
}

#[derive(Clone, Copy, Debug)]
struct Tip {
    id: BlockId,
    weight: u64,
    /// A checkpoint over it is being made.
    is_merging: bool,
}

/// How many tips to choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// The heaviest.
    pub(crate) heaviest: usize,
    /// As many more at random, so that heavy branches cannot keep a light one out for ever.
    pub(crate) random: usize,
}

impl Branches {
    /// No tips yet; choices follow from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            tips: Vec::new(),
            positions: IdMap::default(),
            merging_count: 0,
            chance: Chance { seed, count: 0 },
        }
    }

    /// Forgets all tips.
    pub(crate) fn clear(&mut self) {
        self.tips.clear();
        self.positions.clear();
        self.merging_count = 0;
    }

    /// A block became solid.
    pub(crate) fn add(&mut self, id: BlockId, parents: &[BlockId]) {
        let trees: u64 = parents.iter().filter_map(|parent| self.take(parent)).sum();
        let tip = Tip {
            id,
            weight: 1 + trees,
            is_merging: false,
        };
        self.positions.insert(id, self.tips.len());
        self.tips.push(tip);
    }

    fn take(&mut self, id: &BlockId) -> Option<u64> {
        let position = self.positions.remove(id)?;
        let tip = self.tips.swap_remove(position);
        if let Some(moved) = self.tips.get(position) {
            self.positions.insert(moved.id, position);
        }
        self.merging_count -= usize::from(tip.is_merging);
        Some(tip.weight)
    }

    /// All tips.
    pub(crate) fn len(&self) -> usize {
        self.tips.len()
    }

    /// Tips over which no checkpoint is being made.
    pub(crate) fn open_count(&self) -> usize {
        self.tips.len() - self.merging_count
    }

    /// Chooses among all tips; all of them when they are few.
    pub(crate) fn choose(&mut self, choice: Choice) -> Vec<BlockId> {
        let candidates = (0..self.tips.len()).collect();
        self.choose_among(candidates, choice)
            .into_iter()
            .map(|position| self.tips[position].id)
            .collect()
    }

    /// Chooses tips for up to `count` checkpoints; they are not chosen for others. All at once, as
    /// each choice goes over all tips.
    pub(crate) fn merge(&mut self, choice: Choice, count: usize) -> VecDeque<Vec<BlockId>> {
        let is_open = |position: &usize| !self.tips[*position].is_merging;
        let mut open: Vec<usize> = (0..self.tips.len()).filter(is_open).collect();
        open.sort_unstable_by_key(|position| {
            std::cmp::Reverse((self.tips[*position].weight, *position))
        });
        let mut checkpoints = VecDeque::new();
        let mut next = 0;
        // A checkpoint over one tip would be of no use.
        while checkpoints.len() < count && next + 1 < open.len() {
            let end = (next + choice.heaviest + choice.random).min(open.len());
            for drawn in (next + choice.heaviest).min(end)..end {
                let pick = drawn + self.chance.below(open.len() - drawn);
                open.swap(drawn, pick);
            }
            let mut ids = Vec::with_capacity(end - next);
            for position in &open[next..end] {
                self.tips[*position].is_merging = true;
                ids.push(self.tips[*position].id);
            }
            self.merging_count += ids.len();
            checkpoints.push_back(ids);
            next = end;
        }
        checkpoints
    }

    fn choose_among(&mut self, mut candidates: Vec<usize>, choice: Choice) -> Vec<usize> {
        if candidates.len() <= choice.heaviest + choice.random {
            return candidates;
        }
        // Of two equal ones, the later came later: it may have seen more.
        let rank = |position: &usize| std::cmp::Reverse((self.tips[*position].weight, *position));
        candidates.select_nth_unstable_by_key(choice.heaviest, rank);
        for drawn in 0..choice.random {
            let next = choice.heaviest + drawn;
            let pick = next + self.chance.below(candidates.len() - next);
            candidates.swap(next, pick);
        }
        candidates.truncate(choice.heaviest + choice.random);
        candidates
    }
}

/// Few and rare choices that follow from a seed.
#[derive(Debug)]
struct Chance {
    seed: u64,
    count: u64,
}

impl Chance {
    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.count += 1;
        let mut input = [0; 16];
        input[..8].copy_from_slice(&self.seed.to_le_bytes());
        input[8..].copy_from_slice(&self.count.to_le_bytes());
        let hash = blake2b::hash(&input);
        let word = hash
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        ((u128::from(word) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> BlockId {
        BlockId([number; 32])
    }

    fn ids(numbers: &[u8]) -> Vec<BlockId> {
        numbers.iter().map(|number| id(*number)).collect()
    }

    fn weights(branches: &Branches) -> Vec<(BlockId, u64)> {
        let mut weights: Vec<_> = branches
            .tips
            .iter()
            .map(|tip| (tip.id, tip.weight))
            .collect();
        weights.sort_unstable();
        weights
    }

    #[test]
    fn a_block_counts_for_the_first_that_approved_it() {
        let mut branches = Branches::new(0);
        branches.add(id(1), &ids(&[0]));
        branches.add(id(2), &ids(&[0]));
        branches.add(id(3), &ids(&[1]));
        branches.add(id(4), &ids(&[1, 2]));
        branches.add(id(5), &ids(&[3]));
        assert_eq!(weights(&branches), [(id(4), 2), (id(5), 3)]);
    }

    #[test]
    fn trees_sum_up_to_all_blocks() {
        let mut branches = Branches::new(0);
        let mut chance = Chance { seed: 3, count: 0 };
        for number in 1..=200_u8 {
            let near = |chance: &mut Chance| {
                let back = 1 + chance.below(usize::from(number).min(9));
                id(number - u8::try_from(back).expect("less than ten"))
            };
            let parents = [near(&mut chance), near(&mut chance)];
            branches.add(id(number), &parents);
        }
        let sum: u64 = branches.tips.iter().map(|tip| tip.weight).sum();
        assert_eq!(sum, 200);
        assert!(branches.len() > 1);
    }

    #[test]
    fn heaviest_and_some_others_are_chosen() {
        let mut branches = Branches::new(7);
        for tree in 0..20_u8 {
            let mut parent = id(0);
            for depth in 0..=tree {
                let mut block = [tree; 32];
                block[0] = 100 + depth;
                branches.add(BlockId(block), &[parent]);
                parent = BlockId(block);
            }
        }
        let choice = Choice {
            heaviest: 3,
            random: 2,
        };
        let trees = |chosen: Vec<BlockId>| chosen.iter().map(|id| id.0[1]).collect::<Vec<_>>();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let chosen = trees(branches.choose(choice));
            assert_eq!(chosen.len(), 5);
            assert!([17, 18, 19].iter().all(|tree| chosen.contains(tree)));
            seen.extend(chosen);
        }
        assert_eq!(seen.len(), 20, "each tip has its chance");
    }

    #[test]
    fn tips_under_a_checkpoint_are_not_merged_again() {
        let mut branches = Branches::new(0);
        for number in 1..=12 {
            branches.add(id(number), &ids(&[0]));
        }
        let choice = Choice {
            heaviest: 5,
            random: 3,
        };
        let first = branches.merge(choice, 1).remove(0).expect("12 tips");
        let second = branches.merge(choice, 9).remove(0).expect("4 tips");
        assert!(branches.merge(choice, 1).is_empty());
        assert_eq!((first.len(), second.len()), (8, 4));
        assert!(first.iter().all(|id| !second.contains(id)));
        assert_eq!(branches.open_count(), 0);
        branches.add(id(100), &first);
        assert_eq!((branches.open_count(), branches.len()), (1, 5));
        assert_eq!(weights(&branches).last(), Some(&(id(100), 9)));
    }
}
