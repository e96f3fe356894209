//! Chance that follows from a seed, in streams: what one purpose draws does not shift what another
//! one gets, so that two runs stay comparable when only one thing about them changes.

/// What chance is needed for. Each has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Topology = 1,
    Links,
    Faults,
    Clients,
    Adversary,
    Nodes,
}

/// A sequence of numbers that looks random and repeats for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// The stream of `purpose` in the run `seed`.
    pub(crate) const fn new(seed: u64, purpose: Purpose) -> Self {
        let salted = seed.wrapping_add((purpose as u64).wrapping_mul(0xd134_2543_de82_ef95));
        Self {
            state: mix(salted.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number below `bound`; 0 when that is 0.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is uniform but for a share of bound / 2^64.
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A position in a list of `count`.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).expect("less than a length")
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `per_mille` of a thousand cases.
    pub(crate) const fn hits(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < per_mille as u64
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// A waiting time with this mean: short ones are common, long ones rare, none of four
    /// times the mean or more.
    pub(crate) const fn wait(&mut self, mean: u64) -> u64 {
        // The least of three draws has the shape that is wanted without floating point, whose last
        // digits differ between machines.
        let (a, b, c) = (self.next() >> 32, self.next() >> 32, self.next() >> 32);
        let mut least = if a < b { a } else { b };
        least = if least < c { least } else { c };
        // Its mean is a quarter of the range.
        ((least as u128 * mean as u128 * 4) >> 32) as u64
    }

    /// Bytes that nobody foresees.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        bytes
    }
}

const fn mix(state: u64) -> u64 {
    let mut word = state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_and_differs_from_others() {
        let draw = |seed, purpose| {
            let mut chance = Chance::new(seed, purpose);
            [chance.next(), chance.next(), chance.next()]
        };
        assert_eq!(draw(7, Purpose::Links), draw(7, Purpose::Links));
        assert_ne!(draw(7, Purpose::Links), draw(7, Purpose::Clients));
        assert_ne!(draw(7, Purpose::Links), draw(8, Purpose::Links));
    }

    #[test]
    fn waits_have_their_mean_and_their_bound() {
        let mut chance = Chance::new(1, Purpose::Links);
        let waits: Vec<u64> = (0..40_000).map(|_| chance.wait(1_000)).collect();
        let mean = waits.iter().sum::<u64>() / 40_000;
        assert!((960..=1_040).contains(&mean), "{mean}");
        assert!(waits.iter().all(|wait| *wait < 4_000));
    }
}
