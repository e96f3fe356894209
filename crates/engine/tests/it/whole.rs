//! The engine as a whole, on a disk that is a map.

use std::sync::Arc;

use bytes::Bytes;
use tangle_engine::{Effect, Halt, Input, Source, Store, Time};
use tangle_ledger::Lookup;
use tangle_types::{
    BlockId, Codec, ConflictReason, Inclusion, MilestoneIndex, OutputId, ParsedBlock, Payload,
};

use crate::harness::{Node, block, checked, data, milestone_key, spend_genesis};

#[test]
fn coordinator_issues_a_milestone_each_second() {
    let mut node = Node::new(true);
    for _ in 0..5 {
        node.second();
    }
    let milestones = node.milestones();
    let indexes: Vec<u32> = milestones.iter().map(|one| one.milestone.index.0).collect();
    assert_eq!(indexes, [1, 2, 3, 4, 5]);
    for pair in milestones.windows(2) {
        assert_eq!(pair[1].milestone.previous_milestone_id, pair[0].id);
        assert!(pair[1].milestone.timestamp > pair[0].milestone.timestamp);
        assert!(
            pair[1]
                .milestone
                .parents
                .as_slice()
                .contains(&pair[0].block_id)
        );
    }
}

#[test]
fn block_is_referenced_by_the_next_milestone() {
    let mut node = Node::new(true);
    node.second();
    let first = data(&[node.newest()], "first");
    let second = data(&[first.id(), node.newest()], "second");
    assert!(node.submit(&first));
    assert!(node.submit(&second));
    assert_eq!(node.metadata(&second), None);
    node.second();
    let metadata = node.metadata(&second).expect("it was referenced");
    assert_eq!(metadata.referenced_by, MilestoneIndex(2));
    assert_eq!(metadata.inclusion, Inclusion::NoTransaction);
    let before = node.metadata(&first).expect("it was referenced");
    assert!(before.white_flag_index < metadata.white_flag_index);
}

#[test]
fn second_spend_of_an_output_conflicts() {
    let mut node = Node::new(true);
    node.second();
    let root = node.newest();
    let first = block(&[root], Some(spend_genesis(&milestone_key(8))));
    let same_milestone = block(&[first.id()], Some(spend_genesis(&milestone_key(9))));
    assert!(node.submit(&first) && node.submit(&same_milestone));
    node.second();
    let late = block(&[node.newest()], Some(spend_genesis(&milestone_key(7))));
    assert!(node.submit(&late));
    node.second();
    let inclusion = |block| node.metadata(block).expect("it was referenced").inclusion;
    assert_eq!(inclusion(&first), Inclusion::Included);
    assert_eq!(
        inclusion(&same_milestone),
        Inclusion::Conflicting(ConflictReason::InputAlreadySpentInThisMilestone)
    );
    assert_eq!(
        inclusion(&late),
        Inclusion::Conflicting(ConflictReason::InputAlreadySpent)
    );
    let Some(Payload::Transaction(transaction)) = &first.parsed().block.payload else {
        panic!("a transaction was sent");
    };
    let created = OutputId::new(transaction.id(), 0);
    assert!(matches!(node.disk.output(&created), Ok(Lookup::Unspent(_))));
}

#[test]
fn client_may_not_name_unknown_parents_but_a_peer_may() {
    let mut node = Node::new(true);
    node.second();
    let parent = data(&[node.newest()], "parent");
    let child = data(&[parent.id()], "child");
    assert!(!node.submit(&child));
    node.step(Input::Block(Arc::clone(&child), Source::Peer));
    assert_eq!(node.disk.contains(&child.id()), Ok(false));
    node.step(Input::Block(Arc::clone(&parent), Source::Peer));
    assert_eq!(
        node.disk.contains(&child.id()),
        Ok(true),
        "it became solid with its parent"
    );
    node.second();
    assert!(node.metadata(&child).is_some());
}

#[test]
fn milestone_reserved_before_a_crash_is_the_one_issued_after_it() {
    let mut node = Node::new(true);
    node.second();
    let before = data(&[node.newest()], "before the crash");
    assert!(node.submit(&before));
    // The reservation reaches the disk, the milestone does not.
    node.is_disk_stuck = true;
    node.second();
    let reserved = node.held.iter().find_map(|effect| match effect {
        Effect::Reserve(reservation) => Some(reservation.clone()),
        _ => None,
    });
    let reserved = reserved.expect("a milestone was due");
    let disk = node.disk.clone();
    disk.0.lock().expect("no panic").reservation = Some(reserved.clone());
    drop(node);

    let mut node = Node::open(disk, true, Time(2_000_000_000));
    let issued = node.milestones();
    assert_eq!(issued.last().map(|last| last.id), Some(reserved.id));
    assert!(node.metadata(&before).is_some());
    node.second();
    assert_eq!(node.milestones().len(), 3);
}

#[test]
fn follower_reaches_the_same_ledger_from_blocks_in_any_order() {
    let mut leader = Node::new(true);
    leader.second();
    for round in 0..20 {
        let newest = leader.newest();
        let left = data(&[newest], &format!("left {round}"));
        let right = data(&[newest, left.id()], &format!("right {round}"));
        assert!(leader.submit(&left) && leader.submit(&right));
        if round == 7 {
            let spend = block(&[right.id()], Some(spend_genesis(&milestone_key(8))));
            assert!(leader.submit(&spend));
        }
        leader.second();
    }
    let mut blocks: Vec<(BlockId, Bytes)> = {
        let disk = leader.disk.0.lock().expect("no panic");
        disk.blocks
            .iter()
            .map(|(id, bytes)| (*id, bytes.clone()))
            .collect()
    };
    blocks.sort_by_key(|(id, _)| *id);
    let mut follower = Node::new(false);
    for (_, bytes) in blocks {
        follower.step(Input::Block(checked(bytes), Source::Peer));
    }
    assert_eq!(follower.milestones(), leader.milestones());
    let leader_disk = leader.disk.0.lock().expect("no panic");
    let follower_disk = follower.disk.0.lock().expect("no panic");
    assert_eq!(follower_disk.metadata, leader_disk.metadata);
    assert_eq!(follower_disk.outputs, leader_disk.outputs);
}

#[test]
fn two_milestones_of_one_index_stop_the_ledger() {
    let mut leader = Node::new(true);
    leader.second();
    let mut twin = Node::new(true);
    let block = data(&[BlockId::ZERO], "makes the twin's milestone another one");
    assert!(twin.submit(&block));
    twin.second();
    assert_ne!(twin.milestones()[0].id, leader.milestones()[0].id);

    let mut follower = Node::new(false);
    for node in [&leader, &twin] {
        let blocks: Vec<Bytes> = {
            let disk = node.disk.0.lock().expect("no panic");
            disk.blocks.values().cloned().collect()
        };
        for bytes in blocks {
            follower.step(Input::Block(checked(bytes), Source::Peer));
        }
    }
    let halted = follower.engine.summary().halted;
    assert!(matches!(
        halted,
        Some(Halt::TwoMilestones {
            index: MilestoneIndex(1),
            ..
        })
    ));
}

#[test]
fn milestone_with_wrong_roots_stops_the_ledger() {
    let mut leader = Node::new(true);
    leader.second();
    let bytes = {
        let disk = leader.disk.0.lock().expect("no panic");
        disk.blocks[&disk.milestones[0].block_id].clone()
    };
    let mut forged = ParsedBlock::parse(bytes).expect("a block").block;
    let Some(Payload::Milestone(milestone)) = &mut forged.payload else {
        panic!("a milestone was stored");
    };
    milestone.applied_merkle_root = [9; 32];
    let essence = tangle_crypto::blake2b::hash(&milestone.essence_bytes());
    for signature in &mut milestone.signatures {
        let key = (0..2)
            .map(milestone_key)
            .find(|key| key.public_key() == signature.public_key);
        signature.signature = key.expect("a test key").sign(&essence);
    }
    let mut follower = Node::new(false);
    let forged = checked(Bytes::from(forged.to_bytes()));
    follower.step(Input::Block(forged, Source::Peer));
    let halted = follower.engine.summary().halted;
    assert_eq!(
        halted,
        Some(Halt::RootMismatch {
            index: MilestoneIndex(1)
        })
    );
    assert!(follower.milestones().is_empty());
}

#[test]
fn stuck_disk_holds_confirmation_back() {
    let mut leader = Node::new(true);
    for _ in 0..10 {
        leader.second();
    }
    let mut follower = Node::new(false);
    follower.is_disk_stuck = true;
    let blocks: Vec<Bytes> = {
        let disk = leader.disk.0.lock().expect("no panic");
        disk.blocks.values().cloned().collect()
    };
    for bytes in blocks {
        follower.step(Input::Block(checked(bytes), Source::Peer));
    }
    let commits = |node: &Node| {
        node.held
            .iter()
            .filter(|effect| matches!(effect, Effect::Commit(_)))
            .count()
    };
    assert_eq!(commits(&follower), 4);
    follower.unstick();
    assert_eq!(follower.milestones(), leader.milestones());
}
