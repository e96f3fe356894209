//! The engine as a whole, on a disk that is a map.

use std::sync::Arc;

use bytes::Bytes;
use tangle_engine::{Effect, Halt, Input, Source, Store, Time};
use tangle_ledger::Lookup;
use tangle_types::{
    BlockId, Codec, ConflictReason, Inclusion, MilestoneIndex, MilestoneOption, OutputId,
    ParametersOption, Parents, Payload,
};

use crate::harness::{Node, block, checked, data, milestone_key, parameters, spend_genesis};

#[test]
fn coordinator_issues_a_milestone_each_second() {
    let mut node = Node::new(true);
    for _ in 0..4 {
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
    let parent = data(&[node.newest()], "parent");
    let child = data(&[parent.id()], "child");
    assert!(!node.submit(&child));
    node.step(Input::Block(Arc::clone(&child), Source::Bulk));
    assert_eq!(node.disk.contains(&child.id()), Ok(false));
    node.step(Input::Block(Arc::clone(&parent), Source::Bulk));
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
    node.carry_out_some(1);
    let disk = node.disk.clone();
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
        follower.step(Input::Block(checked(bytes), Source::Bulk));
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
    let block = data(&[twin.newest()], "makes the twin's milestone another one");
    assert!(twin.submit(&block));
    twin.second();
    assert_ne!(twin.milestones()[1].id, leader.milestones()[1].id);

    let mut follower = Node::new(false);
    for node in [&leader, &twin] {
        let blocks: Vec<Bytes> = {
            let disk = node.disk.0.lock().expect("no panic");
            disk.blocks.values().cloned().collect()
        };
        for bytes in blocks {
            follower.step(Input::Block(checked(bytes), Source::Bulk));
        }
    }
    let halted = follower.engine.summary().halted;
    assert!(matches!(
        halted,
        Some(Halt::TwoMilestones {
            index: MilestoneIndex(2),
            ..
        })
    ));
}

#[test]
fn milestone_with_wrong_roots_stops_the_ledger() {
    let leader = Node::new(true);
    let forged = leader.forge(1, |milestone| milestone.applied_merkle_root = [9; 32]);
    let mut follower = Node::new(false);
    follower.step(Input::Block(checked(forged), Source::Bulk));
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
        follower.step(Input::Block(checked(bytes), Source::Bulk));
    }
    // The last block may make several milestones solid. The engine takes one a step, and says that
    // the next is due at once.
    while follower.engine.due().is_some_and(|due| due <= follower.now) {
        follower.step(Input::Tick);
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

#[test]
fn announced_parameters_come_into_force_at_their_target() {
    let mut leader = Node::new(true);
    let mut follower = Node::new(false);
    let mut cheaper = parameters();
    cheaper.below_max_depth = 30;
    cheaper.rent.v_byte_cost = 7;
    let option = ParametersOption {
        target_index: MilestoneIndex(5),
        protocol_version: 2,
        parameters: cheaper.to_bytes(),
    };
    let announced = leader.engine.announce(option.clone());
    assert_eq!(announced, Ok(()));
    let mut costs = Vec::new();
    for second in 0..6 {
        let block = data(&[leader.newest()], &format!("second {second}"));
        assert!(leader.submit(&block));
        leader.second();
        costs.push(leader.engine.parameters().rent.v_byte_cost);
        let pending = leader.engine.pending_parameters();
        assert_eq!(
            pending,
            if second < 2 {
                vec![option.clone()]
            } else {
                vec![]
            }
        );
    }
    // In force for the blocks that milestone 5 references, so from milestone 4 on.
    assert_eq!(costs, [1, 1, 7, 7, 7, 7]);
    assert_eq!(leader.milestones()[1].milestone.parameters(), Some(&option));

    let blocks: Vec<Bytes> = {
        let disk = leader.disk.0.lock().expect("no panic");
        disk.blocks.values().cloned().collect()
    };
    for bytes in blocks {
        follower.step(Input::Block(checked(bytes), Source::Bulk));
    }
    assert_eq!(follower.milestones(), leader.milestones());
    assert_eq!(follower.engine.parameters(), &cheaper);
    let reopened = Node::open(leader.disk.clone(), true, leader.now);
    assert_eq!(reopened.engine.parameters(), &cheaper);
}

#[test]
fn parameters_that_come_too_late_are_not_announced() {
    let mut node = Node::new(true);
    let option = |target| ParametersOption {
        target_index: MilestoneIndex(target),
        protocol_version: 2,
        parameters: parameters().to_bytes(),
    };
    assert!(node.engine.announce(option(2)).is_err());
    assert!(node.engine.announce(option(3)).is_ok());
    assert!(node.engine.announce(option(33)).is_err());
    // The next milestone is on its way already, so the one after it would announce them.
    node.is_disk_stuck = true;
    node.second();
    assert!(node.engine.announce(option(3)).is_err());
    assert!(node.engine.announce(option(33)).is_ok());
}

#[test]
fn unspoken_protocol_version_stops_the_ledger_at_its_target() {
    let mut leader = Node::new(true);
    leader.second();
    let option = ParametersOption {
        target_index: MilestoneIndex(2),
        protocol_version: 3,
        parameters: vec![3, 1, 4],
    };
    let forged = leader.forge(1, |milestone| {
        milestone.options = vec![MilestoneOption::Parameters(option.clone())];
    });
    let mut follower = Node::new(false);
    follower.step(Input::Block(checked(forged.clone()), Source::Bulk));
    assert_eq!(follower.milestones().len(), 1);
    assert_eq!(follower.engine.pending_parameters(), []);
    let first = checked(forged);
    let next = leader.forge(2, |milestone| {
        milestone.previous_milestone_id = first.milestone_id().expect("a milestone");
        milestone.parents = Parents::new(vec![first.id()]).expect("one parent");
    });
    follower.step(Input::Block(checked(next), Source::Bulk));
    let index = MilestoneIndex(2);
    let halted = follower.engine.summary().halted;
    assert_eq!(halted, Some(Halt::UnsupportedVersion { index, version: 3 }));
}

#[test]
fn milestone_that_leaves_out_the_one_before_stops_the_ledger() {
    let mut leader = Node::new(true);
    leader.second();
    let mut follower = Node::new(false);
    let first = leader.forge(1, |_| {});
    follower.step(Input::Block(checked(first), Source::Bulk));
    let empty = tangle_crypto::merkle::root(&[]);
    let next = leader.forge(2, |milestone| {
        milestone.parents = Parents::new(vec![BlockId::ZERO]).expect("one parent");
        milestone.inclusion_merkle_root = empty;
        milestone.applied_merkle_root = empty;
    });
    follower.step(Input::Block(checked(next), Source::Bulk));
    let reason = "milestone 1 is not in its cone".to_owned();
    let index = MilestoneIndex(2);
    let halted = follower.engine.summary().halted;
    assert_eq!(halted, Some(Halt::InvalidMilestone { index, reason }));
}

#[test]
fn stopped_ledger_takes_no_more_blocks() {
    let mut leader = Node::new(true);
    leader.second();
    let forged = leader.forge(1, |milestone| milestone.applied_merkle_root = [9; 32]);
    let mut follower = Node::new(false);
    follower.step(Input::Block(checked(forged), Source::Bulk));
    assert!(follower.engine.summary().halted.is_some());
    let before = follower.engine.summary().unreferenced_count;
    let block = data(&[BlockId::ZERO], "too late");
    assert!(!follower.submit(&block));
    follower.step(Input::Block(block, Source::Bulk));
    assert_eq!(follower.engine.summary().unreferenced_count, before);
}

#[test]
fn window_is_bounded_when_milestones_stay_away() {
    let mut follower = Node::new(false);
    for number in 0..10_050 {
        let block = data(&[BlockId::ZERO], &format!("{number}"));
        follower.step(Input::Block(block, Source::Bulk));
    }
    assert_eq!(follower.engine.summary().unreferenced_count, 10_000);
    assert!(!follower.submit(&data(&[BlockId::ZERO], "one more")));
    // Milestones get in, and make room.
    let mut leader = Node::new(true);
    leader.second();
    follower.step(Input::Block(checked(leader.forge(1, |_| {})), Source::Bulk));
    assert_eq!(follower.milestones().len(), 1);
}

#[test]
fn coordinator_without_enough_keys_stops() {
    let disk = Node::new(false).disk;
    let mut node = Node::open_with_keys(disk, vec![milestone_key(0)]);
    node.step(Input::Tick);
    let halted = node.engine.summary().halted;
    assert!(matches!(halted, Some(Halt::CannotSign(_))), "{halted:?}");
    assert_eq!(node.engine.due(), None);
}
