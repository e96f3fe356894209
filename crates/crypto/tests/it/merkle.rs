//! Merkle trees. The reference is the recursive definition of TIP-4.

use proptest::prelude::*;
use serde_json::{Value, json};
use tangle_crypto::blake2b;
use tangle_crypto::merkle::{AuditPath, Neighbour, root};

use crate::{array, list, vectors};

fn reference(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => blake2b::hash(&[]),
        [leaf] => blake2b::hash(&[&[0], &leaf[..]].concat()),
        _ => {
            let mut split = 1;
            while split * 2 < leaves.len() {
                split *= 2;
            }
            let (left, right) = leaves.split_at(split);
            blake2b::hash(&[&[1], &reference(left)[..], &reference(right)[..]].concat())
        }
    }
}

fn hex(hash: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}

/// The proof in the nested form of the official proof-of-inclusion extension.
fn nested(leaf: &[u8; 32], path: &AuditPath) -> Value {
    path.neighbours.iter().fold(
        json!({ "value": hex(leaf) }),
        |below, neighbour| match neighbour {
            Neighbour::Left(hash) => json!({ "l": { "h": hex(hash) }, "r": below }),
            Neighbour::Right(hash) => json!({ "l": below, "r": { "h": hex(hash) } }),
        },
    )
}

fn published() -> (Value, Vec<[u8; 32]>) {
    let file = vectors("merkle.json");
    let leaves = list(&file["leaves"]).iter().map(array).collect();
    (file, leaves)
}

fn some_leaves(count: u32) -> Vec<[u8; 32]> {
    (0..count)
        .map(|number| blake2b::hash(&number.to_le_bytes()))
        .collect()
}

#[test]
fn published_roots() {
    let (file, leaves) = published();
    for (leaf, hash) in leaves.iter().zip(list(&file["leaf_hashes"])) {
        assert_eq!(root(&[*leaf]), array(hash));
    }
    let roots = list(&file["root_of_first_n"]);
    assert_eq!(roots.len(), 8);
    for (count, expected) in roots.iter().enumerate() {
        assert_eq!(root(&leaves[..count]), array(expected), "{count} leaves");
    }
    assert_eq!(root(&leaves), array(&file["published_root_n7"]));
}

#[test]
fn published_proofs() {
    let (file, leaves) = published();
    let proofs = list(&file["poi_proofs_n7"]);
    assert_eq!(proofs.len(), 7);
    for (index, proof) in proofs.iter().enumerate() {
        let path = AuditPath::new(&leaves, index).expect("there is such a leaf");
        assert_eq!(&nested(&leaves[index], &path), proof);
        assert_eq!(path.root(&leaves[index]), root(&leaves));
    }
    assert_eq!(AuditPath::new(&leaves, 7), None);
    assert_eq!(AuditPath::new(&[], 0), None);
}

#[test]
fn every_size_agrees_with_definition() {
    let leaves = some_leaves(140);
    for count in 0..leaves.len() {
        assert_eq!(
            root(&leaves[..count]),
            reference(&leaves[..count]),
            "{count}"
        );
    }
}

#[test]
fn proof_of_another_leaf_or_place_fails() {
    let leaves = some_leaves(21);
    let expected = root(&leaves);
    for (index, leaf) in leaves.iter().enumerate() {
        let path = AuditPath::new(&leaves, index).expect("there is such a leaf");
        assert_eq!(path.root(leaf), expected);
        assert_ne!(path.root(&leaves[(index + 1) % 21]), expected);
        for place in 0..path.neighbours.len() {
            let mut moved = path.clone();
            moved.neighbours[place] = match moved.neighbours[place] {
                Neighbour::Left(hash) => Neighbour::Right(hash),
                Neighbour::Right(hash) => Neighbour::Left(hash),
            };
            assert_ne!(moved.root(leaf), expected);
        }
    }
}

proptest! {
    #[test]
    fn proofs_lead_to_the_root(count in 1..300_u32, index in 0..300_u32) {
        let leaves = some_leaves(count);
        let index = (index % count) as usize;
        let path = AuditPath::new(&leaves, index).expect("there is such a leaf");
        prop_assert_eq!(path.root(&leaves[index]), root(&leaves));
        prop_assert!(path.neighbours.len() <= 9);
    }
}
