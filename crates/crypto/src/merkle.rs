//! The Merkle tree hash of TIP-4.

use crate::blake2b;

/// Prefix of a hashed leaf.
const LEAF: u8 = 0;
/// Prefix of a hashed inner node.
const NODE: u8 = 1;

/// The root over `leaves` (block ids in white-flag order); the hash of nothing when empty.
#[must_use]
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => blake2b::hash(&[]),
        [leaf] => {
            let mut node = [LEAF; 33];
            node[1..].copy_from_slice(leaf);
            blake2b::hash(&node)
        }
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            let mut node = [NODE; 65];
            node[1..33].copy_from_slice(&root(left));
            node[33..].copy_from_slice(&root(right));
            blake2b::hash(&node)
        }
    }
}

/// The largest power of two below `count`, which is at least 2.
const fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}
