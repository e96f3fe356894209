use tangle_crypto::ed25519::SecretKey;
use tangle_types::{BlockId, MilestoneSignature, Parents, UnixSeconds};

use super::*;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed([number; 32])
}

fn range(number: u8, start: u32, end: u32) -> KeyRange {
    KeyRange {
        public_key: key(number).public_key(),
        start: MilestoneIndex(start),
        end: MilestoneIndex(end),
    }
}

fn keys(ranges: &[(u8, u32, u32)], threshold: usize) -> Result<MilestoneKeys, KeysError> {
    let ranges = ranges
        .iter()
        .map(|(number, start, end)| range(*number, *start, *end));
    MilestoneKeys::new(ranges.collect(), threshold, MilestoneIndex(1))
}

/// Milestone 10, signed by these keys.
fn milestone(signers: &[u8]) -> Milestone {
    let mut milestone = Milestone {
        index: MilestoneIndex(10),
        timestamp: UnixSeconds(100),
        protocol_version: 2,
        previous_milestone_id: MilestoneId([3; 32]),
        parents: Parents::new(vec![BlockId([4; 32]), BlockId([5; 32])]).expect("two parents"),
        inclusion_merkle_root: [6; 32],
        applied_merkle_root: [7; 32],
        metadata: Vec::new(),
        options: Vec::new(),
        signatures: Vec::new(),
    };
    let id = milestone.id();
    milestone.signatures = signers
        .iter()
        .map(|number| MilestoneSignature {
            public_key: key(*number).public_key(),
            signature: key(*number).sign(&id.0),
        })
        .collect();
    milestone
        .signatures
        .sort_by_key(|signature| signature.public_key);
    milestone
}

fn verify(milestone: &Milestone) -> Result<MilestoneId, MilestoneError> {
    let keys = keys(&[(1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 11, 0)], 2);
    keys.expect("enough keys").verify(&milestone.to_block())
}

#[test]
fn ranges_say_who_may_sign() {
    let keys = keys(&[(1, 1, 5), (1, 4, 9), (2, 0, 0), (3, 6, 0)], 1).expect("enough keys");
    let count = |index| keys.applicable(MilestoneIndex(index)).len();
    assert_eq!(
        [1, 4, 5, 6, 9, 10, u32::MAX].map(count),
        [2, 2, 2, 3, 3, 2, 2]
    );
}

#[test]
fn every_milestone_must_have_keys_enough() {
    let too_few = |index, needed, found| {
        Err(KeysError::TooFewKeys {
            index: MilestoneIndex(index),
            needed,
            found,
        })
    };
    assert_eq!(keys(&[(1, 0, 0)], 2), too_few(1, 2, 1));
    assert_eq!(keys(&[(1, 2, 0)], 1), too_few(1, 1, 0));
    assert_eq!(keys(&[(1, 0, 9), (2, 11, 0)], 1), too_few(10, 1, 0));
    assert_eq!(
        keys(&[(1, 0, 9), (2, 0, 20), (3, 9, 0)], 2),
        too_few(21, 2, 1)
    );
    assert_eq!(keys(&[(1, 0, 0), (1, 0, 0)], 2), too_few(1, 2, 1));
    assert!(keys(&[(1, 0, 9), (2, 10, 0)], 1).is_ok());
    assert!(keys(&[(1, 0, u32::MAX)], 1).is_ok());
    assert_eq!(keys(&[(1, 0, 0)], 0), Err(KeysError::Threshold(0)));
    assert_eq!(keys(&[(1, 0, 0)], 256), Err(KeysError::Threshold(256)));
    let empty = KeysError::EmptyRange {
        start: MilestoneIndex(5),
        end: MilestoneIndex(4),
    };
    assert_eq!(keys(&[(1, 0, 0), (2, 5, 4)], 1), Err(empty));
}

#[test]
fn milestone_signed_by_enough_keys_is_valid() {
    for signers in [&[1, 2][..], &[2, 3], &[1, 2, 3]] {
        let milestone = milestone(signers);
        assert_eq!(verify(&milestone), Ok(milestone.id()));
    }
}

#[test]
fn too_few_signatures_are_refused() {
    let error = MilestoneError::TooFewSignatures {
        needed: 2,
        found: 1,
    };
    assert_eq!(verify(&milestone(&[1])), Err(error));
}

#[test]
fn same_key_twice_is_refused() {
    assert_eq!(verify(&milestone(&[1, 1])), Err(MilestoneError::KeyOrder));
    let mut unsorted = milestone(&[1, 2]);
    unsorted.signatures.reverse();
    assert_eq!(verify(&unsorted), Err(MilestoneError::KeyOrder));
}

#[test]
fn key_out_of_its_range_is_refused() {
    for stranger in [4, 9] {
        let error = MilestoneError::KeyNotApplicable {
            public_key: Box::new(key(stranger).public_key()),
            index: MilestoneIndex(10),
        };
        assert_eq!(verify(&milestone(&[1, 2, stranger])), Err(error));
    }
}

#[test]
fn one_wrong_signature_among_enough_good_ones_is_refused() {
    let mut milestone = milestone(&[1, 2, 3]);
    milestone.signatures[1].signature[5] ^= 1;
    let error = MilestoneError::Signature {
        public_key: Box::new(milestone.signatures[1].public_key),
    };
    assert_eq!(verify(&milestone), Err(error));
}

#[test]
fn block_must_mirror_its_milestone() {
    let keys = keys(&[(1, 0, 0)], 1).expect("enough keys");
    let mut block = milestone(&[1]).to_block();
    block.nonce = 1;
    assert_eq!(keys.verify(&block), Err(MilestoneError::Nonce { found: 1 }));
    // G-07: neither fewer nor more parents.
    for parents in [vec![4], vec![4, 5, 6], vec![4, 6]] {
        let mut block = milestone(&[1]).to_block();
        let parents = parents
            .into_iter()
            .map(|byte| BlockId([byte; 32]))
            .collect();
        block.parents = Parents::new(parents).expect("1 to 8 parents");
        assert_eq!(keys.verify(&block), Err(MilestoneError::Parents));
    }
    block.payload = None;
    assert_eq!(keys.verify(&block), Err(MilestoneError::NoMilestone));
}
