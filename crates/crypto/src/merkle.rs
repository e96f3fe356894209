//! The Merkle tree hash of TIP-4.
//!
//! The left subtree of a node is the largest complete one, which is the same tree as pairing nodes
//! level by level and lifting the odd one out, so a whole level is hashed at a time.

use crate::blake2b;

/// Prefix of a hashed leaf.
const LEAF: u8 = 0;
/// Prefix of a hashed inner node.
const NODE: u8 = 1;
/// Nodes hashed at a time: enough for every lane, few enough to stay in the cache.
const NODES_AT_ONCE: usize = 128;

/// The root over `leaves` (block ids in white-flag order); the hash of nothing when empty.
#[must_use]
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    if leaves.is_empty() {
        return blake2b::hash(&[]);
    }
    let mut level = hash_level::<1, 33>(LEAF, leaves);
    while level.len() > 1 {
        let odd = (level.len() % 2 == 1).then(|| level[level.len() - 1]);
        let pairs = level.len() / 2 * 2;
        level = hash_level::<2, 65>(NODE, &level[..pairs]);
        level.extend(odd);
    }
    level[0]
}

/// Hashes each `COUNT` of the nodes, behind a prefix: `LENGTH` bytes together.
fn hash_level<const COUNT: usize, const LENGTH: usize>(
    prefix: u8,
    nodes: &[[u8; 32]],
) -> Vec<[u8; 32]> {
    let mut hashes = Vec::with_capacity(nodes.len() / COUNT);
    for part in nodes.chunks(NODES_AT_ONCE * COUNT) {
        let prefixed = |nodes: &[[u8; 32]]| {
            let mut bytes = [prefix; LENGTH];
            bytes[1..].copy_from_slice(nodes.as_flattened());
            bytes
        };
        let inputs: Vec<[u8; LENGTH]> = part.chunks_exact(COUNT).map(prefixed).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(<[u8; LENGTH]>::as_slice).collect();
        hashes.extend(blake2b::hash_many(&inputs));
    }
    hashes
}
