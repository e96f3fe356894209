//! What the stateless check refuses, and why: broken rules, too little work, milestones that nobody
//! or somebody else signed.

use tangle_consensus::{KeyRange, MilestoneError, MilestoneKeys};
use tangle_crypto::ed25519::SecretKey;
use tangle_engine::{BlockError, check};
use tangle_testkit::arbitrary::parameters;
use tangle_testkit::malformed::{Reason, malformed_blocks, sound_blocks};
use tangle_types::{
    Block, BlockId, Codec, Milestone, MilestoneId, MilestoneIndex, MilestoneSignature, Parents,
    ParsedBlock, Payload, ProtocolParameters, UnixSeconds,
};

/// The keys with seeds 1 and 2 must sign, both.
fn keys() -> MilestoneKeys {
    let range = |seed| KeyRange {
        public_key: SecretKey::from_seed([seed; 32]).public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    MilestoneKeys::new(vec![range(1), range(2)], 2, MilestoneIndex(1)).expect("two keys of two")
}

fn parents(byte: u8) -> Parents {
    Parents::new(vec![BlockId([byte; 32])]).expect("one parent")
}

/// A milestone signed by the keys with these seeds.
fn milestone(seeds: &[u8]) -> Milestone {
    let mut milestone = Milestone {
        index: MilestoneIndex(7),
        timestamp: UnixSeconds(1_000),
        protocol_version: 2,
        previous_milestone_id: MilestoneId([3; 32]),
        parents: parents(4),
        inclusion_merkle_root: [5; 32],
        applied_merkle_root: [6; 32],
        metadata: Vec::new(),
        options: Vec::new(),
        signatures: Vec::new(),
    };
    let id = milestone.id();
    milestone.signatures = seeds
        .iter()
        .map(|seed| SecretKey::from_seed([*seed; 32]))
        .map(|key| MilestoneSignature {
            public_key: key.public_key(),
            signature: key.sign(&id.0),
        })
        .collect();
    milestone
        .signatures
        .sort_by_key(|signature| signature.public_key);
    milestone
}

fn check_one(bytes: Vec<u8>, parameters: &ProtocolParameters) -> Result<(), BlockError> {
    let parsed = ParsedBlock::parse(bytes.into()).expect("a block that can be read");
    let mut verdicts = check(vec![parsed], parameters, &keys());
    let block = verdicts.remove(0)?;
    block.flawless().map(|_| ())
}

fn refusal(block: &Block) -> MilestoneError {
    match check_one(block.to_bytes(), &parameters()) {
        Err(BlockError::Milestone(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn broken_rules_are_refused_with_their_reasons() {
    let mut count = 0;
    for block in malformed_blocks(&parameters()) {
        let Reason::Syntax(error) = block.reason else {
            continue;
        };
        let verdict = check_one(block.bytes, &parameters());
        assert_eq!(verdict, Err(BlockError::Syntax(error)), "{}", block.name);
        count += 1;
    }
    assert_eq!(count, 102);
}

#[test]
fn too_little_work_is_refused() {
    let mut parameters = parameters();
    parameters.pow_score_min = 1_000_000_000;
    let mut count = 0;
    for (name, bytes) in sound_blocks(&parameters) {
        if name.starts_with("milestone") {
            continue;
        }
        let verdict = check_one(bytes, &parameters);
        let is_expected = matches!(
            verdict,
            Err(BlockError::ProofOfWork { found, needed, score_min: 1_000_000_000 })
                if found < needed
        );
        assert!(is_expected, "{name}: {verdict:?}");
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn a_milestone_of_both_keys_passes() {
    let block = milestone(&[1, 2]).to_block();
    assert_eq!(check_one(block.to_bytes(), &parameters()), Ok(()));
}

#[test]
fn milestones_that_the_keys_did_not_sign_are_refused() {
    let needed = 2;
    for (seeds, found) in [(&[1][..], 1), (&[2], 1), (&[9], 1)] {
        let error = MilestoneError::TooFewSignatures { needed, found };
        assert_eq!(refusal(&milestone(seeds).to_block()), error);
    }
    let stranger = Box::new(SecretKey::from_seed([9; 32]).public_key());
    for seeds in [&[1, 9][..], &[2, 9], &[1, 2, 9]] {
        let error = MilestoneError::KeyNotApplicable {
            public_key: stranger.clone(),
            index: MilestoneIndex(7),
        };
        assert_eq!(refusal(&milestone(seeds).to_block()), error);
    }
    for place in [0, 1] {
        let mut forged = milestone(&[1, 2]);
        forged.signatures[place].signature[40] ^= 1;
        let public_key = Box::new(forged.signatures[place].public_key);
        let error = MilestoneError::Signature { public_key };
        assert_eq!(refusal(&forged.to_block()), error);
    }
    let mut other = milestone(&[1, 2]);
    other.timestamp = UnixSeconds(1_001);
    let error = refusal(&other.to_block());
    assert!(matches!(error, MilestoneError::Signature { .. }), "{error}");
}

#[test]
fn a_milestone_in_a_block_with_other_parents_is_refused() {
    let milestone = milestone(&[1, 2]);
    let more = vec![BlockId([4; 32]), BlockId([5; 32])];
    for parents in [parents(9), Parents::new(more).expect("two parents")] {
        let block = Block {
            protocol_version: 2,
            parents,
            payload: Some(Payload::Milestone(Box::new(milestone.clone()))),
            nonce: 0,
        };
        assert_eq!(refusal(&block), MilestoneError::Parents);
    }
}
