//! The Merkle tree hash of TIP-4, and proofs that a leaf is in a tree.
//!
//! The tree splits its leaves at the largest power of two below their number. Seen from the leaves
//! that is: two neighbours make a parent, a last one without a neighbour goes up as it is.

use crate::blake2b;

/// Prefix of a hashed leaf.
const LEAF: u8 = 0;
/// Prefix of a hashed inner node.
const NODE: u8 = 1;
/// Nodes hashed at a time: enough for every lane, few enough to stay in the cache.
const NODES_AT_ONCE: usize = 128;

type Hash = [u8; 32];

/// The root over `leaves` (block ids in white-flag order); the hash of nothing when empty.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    let mut level = leaf_hashes(leaves);
    while level.len() > 1 {
        level = parents(&level);
    }
    match level.first() {
        Some(root) => *root,
        None => blake2b::hash(&[]),
    }
}

/// The neighbours on the way from a leaf to the root: with them, whoever knows the root can tell
/// that the leaf is in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPath {
    /// From the leaf up.
    pub neighbours: Vec<Neighbour>,
}

/// A node beside the way to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// It comes before the node on the way.
    Left(Hash),
    /// It comes after the node on the way.
    Right(Hash),
}

impl AuditPath {
    /// The path of leaf `index`, or `None` if there is no such leaf.
    #[must_use]
    pub fn new(leaves: &[Hash], mut index: usize) -> Option<Self> {
        if index >= leaves.len() {
            return None;
        }
        let mut neighbours = Vec::new();
        let mut level = leaf_hashes(leaves);
        while level.len() > 1 {
            if index % 2 == 1 {
                neighbours.push(Neighbour::Left(level[index - 1]));
            } else if let Some(hash) = level.get(index + 1) {
                neighbours.push(Neighbour::Right(*hash));
            }
            level = parents(&level);
            index /= 2;
        }
        Some(Self { neighbours })
    }

    /// The root of the tree in which this is the path of `leaf`. The proof holds if it is the root
    /// that is known.
    #[must_use]
    pub fn root(&self, leaf: &Hash) -> Hash {
        let below = blake2b::hash(&leaf_node(leaf));
        self.neighbours
            .iter()
            .fold(below, |hash, neighbour| match neighbour {
                Neighbour::Left(left) => blake2b::hash(&inner_node(left, &hash)),
                Neighbour::Right(right) => blake2b::hash(&inner_node(&hash, right)),
            })
    }
}

fn leaf_hashes(leaves: &[Hash]) -> Vec<Hash> {
    hash_all(leaves.iter().map(leaf_node))
}

fn parents(level: &[Hash]) -> Vec<Hash> {
    let pairs = level.chunks_exact(2);
    let alone = pairs.remainder();
    let mut parents = hash_all(pairs.map(|pair| inner_node(&pair[0], &pair[1])));
    parents.extend_from_slice(alone);
    parents
}

fn hash_all<const N: usize>(mut nodes: impl ExactSizeIterator<Item = [u8; N]>) -> Vec<Hash> {
    let mut hashes = Vec::with_capacity(nodes.len());
    while nodes.len() > 0 {
        let part: Vec<[u8; N]> = nodes.by_ref().take(NODES_AT_ONCE).collect();
        let inputs: Vec<&[u8]> = part.iter().map(<[u8; N]>::as_slice).collect();
        hashes.extend(blake2b::hash_many(&inputs));
    }
    hashes
}

fn leaf_node(leaf: &Hash) -> [u8; 33] {
    let mut node = [LEAF; 33];
    node[1..].copy_from_slice(leaf);
    node
}

fn inner_node(left: &Hash, right: &Hash) -> [u8; 65] {
    let mut node = [NODE; 65];
    node[1..33].copy_from_slice(left);
    node[33..].copy_from_slice(right);
    node
}
