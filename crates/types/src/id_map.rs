//! Maps keyed by ids.
//!
//! An id is a hash already, so hashing it again byte by byte would be waste; but whoever makes
//! blocks can grind ids that fall into one bucket. So words of the id are multiplied, twice, under
//! secret keys that differ from map to map. The order of such a map must not leave its owner.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hasher},
};

/// A map from ids of 18 bytes or more that cannot be flooded with colliding ids.
pub type IdMap<K, V> = HashMap<K, V, IdState>;

/// The keys of one map.
#[derive(Clone, Debug)]
pub struct IdState {
    keys: [u64; 2],
}

impl Default for IdState {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            keys: [random.hash_one(0), random.hash_one(1)],
        }
    }
}

impl BuildHasher for IdState {
    type Hasher = IdHasher;

    #[inline]
    fn build_hasher(&self) -> IdHasher {
        IdHasher {
            keys: self.keys,
            hash: 0,
        }
    }
}

/// Hashes the bytes of one id.
#[derive(Debug)]
pub struct IdHasher {
    keys: [u64; 2],
    hash: u64,
}

impl Hasher for IdHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        if let Some((low, rest)) = bytes.split_first_chunk::<8>()
            && let Some((high, rest)) = rest.split_first_chunk::<8>()
            && let Some(last) = rest.last_chunk::<2>()
        {
            let low = u64::from_le_bytes(*low) ^ self.keys[0];
            let high = u64::from_le_bytes(*high) ^ self.keys[1];
            self.hash ^= folded_product(low, high);
            // The outputs of a transaction differ in the last bytes only. The second product also
            // mends the first where ids share a word: it is then a mere multiple of the other.
            self.write_u64(u64::from(u16::from_le_bytes(*last)));
        } else {
            for byte in bytes {
                self.write_u64(u64::from(*byte));
            }
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        // Small numbers in sequence are spread first: their multiples of one key are too regular.
        let word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.hash = folded_product(self.hash ^ word, self.keys[0] | 1);
    }

    // The length of an id is always the same.
    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}

/// The halves of a product, folded: the low and the high bits are good.
#[inline]
fn folded_product(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{HashSet, hash_map::DefaultHasher},
        hash::BuildHasherDefault,
    };

    use super::*;
    use crate::{BlockId, OutputId, TransactionId};

    #[test]
    fn maps_hash_one_id_differently() {
        let id = BlockId([7; 32]);
        assert_ne!(
            IdState::default().hash_one(id),
            IdState::default().hash_one(id)
        );
    }

    /// The number of buckets of `of` that the hashes fall into.
    fn buckets(hashes: impl Iterator<Item = u64>, of: u64) -> usize {
        hashes.map(|hash| hash % of).collect::<HashSet<_>>().len()
    }

    /// The keys of a thousand maps, the same in each run.
    fn states() -> impl Iterator<Item = IdState> {
        let keys = BuildHasherDefault::<DefaultHasher>::default();
        (0..1_000).map(move |map| IdState {
            keys: [keys.hash_one((map, 0)), keys.hash_one((map, 1))],
        })
    }

    #[test]
    fn ids_that_share_a_word_spread() {
        for shared in [0..8, 8..16] {
            for state in states() {
                let used = buckets(
                    (0..1_000_u64).map(|number| {
                        let mut id = [0; 32];
                        id[shared.clone()].copy_from_slice(&number.to_be_bytes());
                        state.hash_one(BlockId(id))
                    }),
                    1 << 12,
                );
                // Random hashes use 888 of them.
                assert!(used > 820, "only {used} buckets are used with {state:?}");
            }
        }
    }

    #[test]
    fn outputs_of_a_transaction_spread() {
        for state in states() {
            let outputs = (0..128).map(|index| OutputId::new(TransactionId([7; 32]), index));
            let used = buckets(outputs.map(|id| state.hash_one(id)), 1 << 8);
            // Random hashes use 101 of them.
            assert!(used > 80, "only {used} buckets are used with {state:?}");
        }
    }
}
