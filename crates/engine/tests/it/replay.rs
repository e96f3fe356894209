//! Real history: three milestones of Shimmer, from the bytes of their blocks to the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use tangle_consensus::{KeyRange, MilestoneKeys, ParameterSchedule};
use tangle_engine::{BlockError, Bootstrap, CheckedBlock, Input, Source, Time, check};
use tangle_ledger::Lookup;
use tangle_testkit::shimmer::{Recording, recorded};
use tangle_types::{
    BlockId, Codec, Inclusion, MilestoneId, MilestoneIndex, OutputId, ParsedBlock, Treasury,
    UnixSeconds,
};

use crate::harness::{MemoryStore, Node};

fn keys(recording: &Recording) -> MilestoneKeys {
    let range = |key: &[u8; 32]| KeyRange {
        public_key: *key,
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    let ranges = recording.milestone_keys.iter().map(range).collect();
    MilestoneKeys::new(ranges, recording.threshold, MilestoneIndex(1)).expect("ten keys")
}

/// All blocks, and the block of the last milestone, in the order recorded.
fn blocks(recording: &Recording) -> Vec<Bytes> {
    let cones = recording.milestones.iter().flat_map(|one| &one.cone);
    let mut blocks: Vec<Bytes> = cones
        .map(|block| Bytes::from(block.bytes.clone()))
        .collect();
    let last = recording.milestones.last().expect("there are three");
    blocks.push(Bytes::from(last.milestone.to_block().to_bytes()));
    blocks
}

fn check_all(recording: &Recording, blocks: Vec<Bytes>) -> Vec<Result<CheckedBlock, BlockError>> {
    let parsed = ParsedBlock::parse_many(blocks);
    let parsed = parsed.into_iter().map(|block| block.expect("a block"));
    check(parsed.collect(), &recording.parameters, &keys(recording))
}

/// A node right before the recorded milestones.
fn node(recording: &Recording) -> Node {
    let parsed: Vec<ParsedBlock> = blocks(recording)
        .into_iter()
        .map(|bytes| ParsedBlock::parse(bytes).expect("a block"))
        .collect();
    let known: BTreeSet<BlockId> = parsed.iter().map(|block| block.id).collect();
    let before = MilestoneIndex(recording.milestones[0].milestone.index.0 - 1);
    let entry_points: BTreeMap<BlockId, MilestoneIndex> = parsed
        .iter()
        .flat_map(|block| block.block.parents.as_slice())
        .filter(|parent| !known.contains(*parent))
        .map(|parent| (*parent, before))
        .collect();
    let disk = MemoryStore::default();
    let created: BTreeSet<OutputId> = recording
        .milestones
        .iter()
        .flat_map(|one| one.created.iter().copied())
        .collect();
    for (output, _) in recording.milestones.iter().flat_map(|one| &one.consumed) {
        if !created.contains(&output.id) {
            let lookup = Lookup::Unspent(Arc::new(output.clone()));
            disk.0
                .lock()
                .expect("no panic")
                .outputs
                .insert(output.id, lookup);
        }
    }
    let bootstrap = Bootstrap {
        ledger_index: before,
        last_milestone: None,
        last_milestone_id: recording.milestones[0].milestone.previous_milestone_id,
        last_milestone_timestamp: UnixSeconds(recording.milestones[0].milestone.timestamp.0 - 1),
        entry_points: entry_points.into_iter().collect(),
        schedule: ParameterSchedule::new(MilestoneIndex(0), recording.parameters.clone()),
        treasury: Treasury {
            milestone_id: MilestoneId::ZERO,
            amount: 0,
        },
        last_receipt: None,
        reservation: None,
    };
    Node::start(disk, keys(recording), bootstrap, None, Time(0))
}

/// The ledger is the one recorded.
fn check_ledger(recording: &Recording, node: &Node) {
    let milestones = node.milestones();
    assert_eq!(node.engine.summary().halted, None);
    assert_eq!(milestones.len(), recording.milestones.len());
    let disk = node.disk.0.lock().expect("no panic");
    for (milestone, recorded) in milestones.iter().zip(&recording.milestones) {
        // That both Merkle roots are the same was checked before the milestone was taken.
        assert_eq!(milestone.id, recorded.id);
        assert_eq!(milestone.milestone, recorded.milestone);
        for (position, block) in recorded.cone.iter().enumerate() {
            let metadata = disk.metadata[&block.id];
            assert_eq!(metadata.referenced_by, milestone.milestone.index);
            assert_eq!(metadata.white_flag_index as usize, position);
            let is_included = metadata.inclusion == Inclusion::Included;
            assert_eq!(is_included, block.is_included);
            assert!(!matches!(metadata.inclusion, Inclusion::Conflicting(_)));
        }
    }
    let commits = &disk.commits;
    for (commit, recorded) in commits.iter().zip(&recording.milestones) {
        let consumed: BTreeMap<OutputId, _> = commit
            .diff
            .consumed
            .iter()
            .map(|(output, spend)| (output.id, (output.as_ref().clone(), spend.transaction_id)))
            .collect();
        let expected: BTreeMap<OutputId, _> = recorded
            .consumed
            .iter()
            .map(|(output, spender)| (output.id, (output.clone(), *spender)))
            .collect();
        assert_eq!(consumed, expected);
        let created: BTreeSet<OutputId> = commit.diff.created.iter().map(|one| one.id).collect();
        assert_eq!(created, recorded.created.iter().copied().collect());
    }
}

#[test]
fn shimmer_milestones_replay_in_any_order() {
    let recording = recorded();
    let count = blocks(&recording).len();
    assert_eq!(count, 113, "112 blocks of cones and the last milestone's");
    // Each step is coprime to the count, so each order has every block once.
    for step in [1, 112, 5, 34, 57] {
        let mut node = node(&recording);
        let checked = check_all(&recording, blocks(&recording));
        let checked: Vec<_> = checked
            .into_iter()
            .map(|block| Arc::new(block.expect("a valid block")))
            .collect();
        for position in 0..count {
            let block = Arc::clone(&checked[(position * step) % count]);
            node.step(Input::Block(block, Source::Bulk));
        }
        check_ledger(&recording, &node);
    }
}

#[test]
fn one_changed_byte_in_a_shimmer_block_is_found_out() {
    let recording = recorded();
    for (position, bytes) in blocks(&recording).into_iter().enumerate() {
        // The last byte before the nonce belongs to a signature, to data, or to a length.
        let mut changed = bytes.to_vec();
        let at = changed.len() - 9;
        changed[at] ^= 0x40;
        let Ok(parsed) = ParsedBlock::parse(Bytes::from(changed)) else {
            continue;
        };
        let mut results = check(vec![parsed], &recording.parameters, &keys(&recording));
        let result = results.remove(0).and_then(CheckedBlock::flawless);
        assert!(
            matches!(
                result,
                Err(BlockError::ProofOfWork { .. } | BlockError::Milestone(_))
            ),
            "block {position} passed as {result:?}"
        );
    }
}
