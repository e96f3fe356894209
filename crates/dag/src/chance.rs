//! Chance that follows from a seed: good for fair choices, not for secrets.
//!
//! The generator is xoshiro256++, its state filled by SplitMix64. Each purpose has a stream of its
//! own, so that what one draws does not shift what another one gets: two runs that differ in one
//! thing meet the same arrivals.

use crate::real::ln;

/// The step of SplitMix64: 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of numbers that looks random and repeats for the same seed, on every machine.
#[derive(Clone, Debug)]
pub struct Chance {
    state: [u64; 4],
}

impl Chance {
    /// The numbers of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        let mut state = [0; 4];
        let mut word = seed;
        let mut position = 0;
        while position < 4 {
            state[position] = split_mix(word);
            word = word.wrapping_add(GOLDEN);
            position += 1;
        }
        Self { state }
    }

    /// The numbers of `seed` for one purpose.
    #[must_use]
    pub const fn stream(seed: u64, purpose: u64) -> Self {
        Self::new(mix(seed) ^ mix(purpose.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1)))
    }

    /// The next number.
    #[inline]
    pub const fn next(&mut self) -> u64 {
        let state = &mut self.state;
        let result = state[0]
            .wrapping_add(state[3])
            .rotate_left(23)
            .wrapping_add(state[0]);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// A number below `bound`, which is not 0.
    #[inline]
    pub const fn below(&mut self, bound: usize) -> usize {
        // The high half of the product is uniform but for a share of bound / 2^64.
        ((self.next() as u128 * bound as u128) >> 64) as usize
    }

    /// A number from 0 up to, but not including, 1.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A waiting time of mean 1 without memory (exponential).
    #[inline]
    pub fn wait(&mut self) -> f64 {
        -ln(1.0 - self.unit())
    }
}

/// The number that SplitMix64 gives at a state: neighbouring states give unlike numbers.
pub(crate) const fn split_mix(state: u64) -> u64 {
    mix(state.wrapping_add(GOLDEN))
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
    fn choices_are_in_range_and_even() {
        let mut chance = Chance::new(1);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[chance.below(7)] += 1;
        }
        assert!(
            counts.iter().all(|count| (9_600..10_400).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose| {
            let mut chance = Chance::stream(seed, purpose);
            [chance.next(), chance.next()]
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
        assert_ne!(draw(1, 2), draw(2, 1));
    }

    #[test]
    fn the_first_numbers_are_those_of_the_published_generator() {
        // By an independent program, from the state 1, 2, 3, 4.
        let mut chance = Chance {
            state: [1, 2, 3, 4],
        };
        assert_eq!(
            [chance.next(), chance.next(), chance.next()],
            [41_943_041, 58_720_359, 3_588_806_011_781_223]
        );
    }

    #[test]
    fn waits_have_mean_and_spread_one() {
        let mut chance = Chance::new(3);
        let waits: Vec<f64> = (0..200_000).map(|_| chance.wait()).collect();
        let mean = waits.iter().sum::<f64>() / 200_000.0;
        let square = waits.iter().map(|wait| wait * wait).sum::<f64>() / 200_000.0;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!((square - 2.0).abs() < 0.05, "{square}");
    }
}
