//! Maps keyed by ids.
//!
//! An id is a hash already, so hashing it again byte by byte would be waste; but whoever makes
//! blocks can grind ids that fall into one bucket. So two words of the id are multiplied under two
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
    fn write(&mut self, bytes: &[u8]) {
        if let Some((low, rest)) = bytes.split_first_chunk::<8>()
            && let Some((high, rest)) = rest.split_first_chunk::<8>()
            && let Some(last) = rest.last_chunk::<2>()
        {
            let low = u64::from_le_bytes(*low) ^ self.keys[0];
            let high = u64::from_le_bytes(*high) ^ self.keys[1];
            let product = u128::from(low) * u128::from(high);
            // The halves of the product; folding them keeps the low and the high bits good.
            self.hash ^= (product as u64) ^ ((product >> 64) as u64);
            // The outputs of a transaction differ in the last bytes only.
            self.write_u64(u64::from(u16::from_le_bytes(*last)));
        } else {
            for byte in bytes {
                self.write_u64(u64::from(*byte));
            }
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(self.keys[0] | 1);
    }

    // The length of an id is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn ids_that_share_a_word_spread() {
        let state = IdState::default();
        let mut hashes: Vec<u64> = (0..10_000_u64)
            .map(|number| {
                let mut id = [0; 32];
                id[8..16].copy_from_slice(&number.to_be_bytes());
                state.hash_one(BlockId(id)) & 0xffff
            })
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert!(
            hashes.len() > 7_000,
            "only {} buckets are used",
            hashes.len()
        );
    }

    #[test]
    fn outputs_of_a_transaction_spread() {
        let state = IdState::default();
        let hash = |index| state.hash_one(OutputId::new(TransactionId([7; 32]), index)) & 0xff;
        let mut hashes: Vec<u64> = (0..128).map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 128);
    }
}
