use super::*;
use crate::{KeyRange, check_next};

const START_MS: u64 = 1_700_000_000_400;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed([number; 32])
}

fn keys(threshold: usize) -> MilestoneKeys {
    let range = |number| KeyRange {
        public_key: key(number).public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    let ranges = (1..=3).map(range).collect();
    MilestoneKeys::new(ranges, threshold, MilestoneIndex(1)).expect("enough keys")
}

const GENESIS: Previous = Previous {
    index: MilestoneIndex(0),
    id: MilestoneId::ZERO,
    block_id: BlockId::ZERO,
    timestamp: UnixSeconds(0),
};

fn coordinator(previous: Previous) -> Coordinator {
    with_pace(Pace::Steady, previous)
}

fn with_pace(pace: Pace, previous: Previous) -> Coordinator {
    let config = CoordinatorConfig {
        interval_ms: 1_000,
        pace,
    };
    let keys = vec![key(2), key(1)];
    let mut coordinator = Coordinator::new(&config, keys, previous, BlockId::ZERO, 7);
    coordinator.start(START_MS);
    coordinator
}

fn id(number: u32) -> BlockId {
    let mut bytes = [1; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    BlockId(bytes)
}

const ROOTS: MilestoneRoots = MilestoneRoots {
    inclusion: [1; 32],
    applied: [2; 32],
};

/// Issues the milestone that is due at `now_ms` and confirms it `delay_ms` later.
fn issue(coordinator: &mut Coordinator, now_ms: u64, delay_ms: u64) -> Milestone {
    let before = coordinator.previous;
    let draft = coordinator.plan(now_ms);
    let (id, block) = coordinator
        .sign(draft, ROOTS, 2, None, &keys(2))
        .expect("two keys are held");
    assert_eq!(coordinator.due_ms(), None, "one is on its way");
    assert_eq!(keys(2).verify(&block), Ok(id));
    let Some(tangle_types::Payload::Milestone(milestone)) = block.payload.clone() else {
        panic!("the block carries a milestone");
    };
    assert_eq!(check_next(&before, &milestone, 2), Ok(()));
    let previous = Previous {
        index: milestone.index,
        id,
        block_id: tangle_types::BlockId(tangle_crypto::blake2b::hash(
            &tangle_types::Codec::to_bytes(&block),
        )),
        timestamp: milestone.timestamp,
    };
    coordinator.on_confirmed(previous, now_ms + delay_ms);
    *milestone
}

#[test]
fn first_milestone_is_due_at_once_and_approves_the_entry_point() {
    let mut coordinator = coordinator(GENESIS);
    assert_eq!(coordinator.due_ms(), Some(START_MS));
    let milestone = issue(&mut coordinator, START_MS, 5);
    assert_eq!(milestone.parents.as_slice(), [BlockId::ZERO]);
    assert_eq!(milestone.timestamp, UnixSeconds(1_700_000_000));
    assert_eq!(milestone.signatures.len(), 2);
}

#[test]
fn delays_do_not_add_up() {
    let mut coordinator = coordinator(GENESIS);
    for slot in 0..200 {
        let due = coordinator.due_ms().expect("none is on its way");
        assert_eq!(due, START_MS + slot * 1_000);
        let milestone = issue(&mut coordinator, due + slot % 700, 200);
        let real = u32::try_from((due + slot % 700) / 1_000).expect("this century");
        assert!((real - 1..=real).contains(&milestone.timestamp.0));
    }
}

#[test]
fn on_demand_waits_for_blocks() {
    let mut coordinator = with_pace(Pace::OnDemand, GENESIS);
    // Nobody knows the time before the first milestone, so it does not wait.
    assert_eq!(coordinator.due_ms(), Some(START_MS));
    issue(&mut coordinator, START_MS, 10);
    // The second of 1_700_000_000 is over then.
    let idle_until_ms = 1_700_000_000_000 + IDLE_MS_MAX;
    assert_eq!(coordinator.due_ms(), Some(idle_until_ms));
    coordinator.on_solid(id(1), &[BlockId::ZERO]);
    assert_eq!(coordinator.due_ms(), Some(1_700_000_001_000));
    let milestone = issue(&mut coordinator, 1_700_000_001_000, 10);
    assert!(milestone.parents.as_slice().contains(&id(1)));

    // A block that comes in a quiet time does not wait.
    coordinator.on_solid(id(2), &[BlockId::ZERO]);
    let now_ms = START_MS + 9_000;
    assert!(coordinator.due_ms().is_some_and(|due_ms| due_ms <= now_ms));
    let milestone = issue(&mut coordinator, now_ms, 10);
    assert_eq!(milestone.timestamp, UnixSeconds(1_700_000_009));
    // Silence does not make clients believe that their clock is wrong.
    let idle_until_ms = 1_700_000_009_000 + IDLE_MS_MAX;
    assert_eq!(coordinator.due_ms(), Some(idle_until_ms));
    issue(&mut coordinator, idle_until_ms, 10);
}

#[test]
fn on_demand_keeps_the_interval() {
    let mut coordinator = with_pace(Pace::OnDemand, GENESIS);
    coordinator.interval_ms = 5_000;
    issue(&mut coordinator, START_MS, 0);
    coordinator.on_solid(id(1), &[BlockId::ZERO]);
    let due_ms = coordinator.due_ms().expect("none is on its way");
    assert!((START_MS + 4_000..=START_MS + 5_000).contains(&due_ms));
}

#[test]
fn missed_slots_are_left_out() {
    let mut coordinator = coordinator(GENESIS);
    issue(&mut coordinator, START_MS, 7_300);
    assert_eq!(coordinator.due_ms(), Some(START_MS + 7_300));
    let milestone = issue(&mut coordinator, START_MS + 7_300, 10);
    assert_eq!(milestone.timestamp, UnixSeconds(1_700_000_007));
}

#[test]
fn timestamp_is_never_ahead_of_the_clock() {
    let previous = Previous {
        timestamp: UnixSeconds(1_700_000_000),
        ..GENESIS
    };
    let mut coordinator = coordinator(previous);
    assert_eq!(coordinator.due_ms(), Some(1_700_000_001_000));
    let milestone = issue(&mut coordinator, 1_700_000_001_000, 10);
    assert_eq!(milestone.timestamp, UnixSeconds(1_700_000_001));
}

#[test]
fn clock_set_back_slows_milestones_until_it_has_caught_up() {
    let ahead = UnixSeconds(1_700_000_010);
    let previous = Previous {
        timestamp: ahead,
        ..GENESIS
    };
    let mut coordinator = coordinator(previous);
    let mut now = START_MS;
    for _ in 0..40 {
        let due = coordinator.due_ms().expect("none is on its way");
        assert!(due <= now + 2_000, "the network goes on");
        now = due;
        issue(&mut coordinator, now, 0);
    }
    assert_eq!(u64::from(coordinator.previous.timestamp.0), now / 1_000);

    // Set back while a milestone is awaited.
    let due = coordinator.due_ms().expect("none is on its way");
    assert!(coordinator.checkpoints(due - 3_600_000, 1).is_empty());
    assert_eq!(coordinator.due_ms(), Some(due - 3_600_000 + 2_000));
}

#[test]
fn previous_milestone_is_always_a_parent() {
    let mut coordinator = coordinator(GENESIS);
    issue(&mut coordinator, START_MS, 5);
    for number in 0..100 {
        coordinator.on_solid(id(number), &[coordinator.previous.block_id]);
    }
    let before = coordinator.previous.block_id;
    let milestone = issue(&mut coordinator, START_MS + 1_000, 5);
    assert_eq!(milestone.parents.as_slice().len(), PARENTS_MAX);
    assert!(milestone.parents.as_slice().contains(&before));
}

#[test]
fn checkpoints_leave_a_milestone_room_for_every_tip() {
    for tips in [1, 7, 8, 9, 50, 300] {
        let mut coordinator = coordinator(GENESIS);
        issue(&mut coordinator, START_MS, 5);
        for number in 0..tips {
            coordinator.on_solid(id(number), &[BlockId::ZERO]);
        }
        let now = START_MS + 800;
        assert_eq!(coordinator.wake_ms(), Some(START_MS + 750));
        let mut made = 0;
        let mut last = 1_000_000;
        loop {
            let checkpoints = coordinator.checkpoints(now, 4);
            assert!(checkpoints.len() <= 4);
            if checkpoints.is_empty() {
                break;
            }
            for parents in checkpoints {
                assert!((2..=PARENTS_MAX).contains(&parents.len()));
                coordinator.on_solid(id(last), &parents);
                coordinator.on_checkpoint();
                last += 1;
                made += 1;
            }
        }
        assert_eq!(coordinator.wake_ms(), Some(START_MS + 1_000));
        assert!(coordinator.branches.len() <= 7, "{tips} tips");
        assert!(made <= tips.saturating_sub(2) / 6, "{made} for {tips} tips");
    }
}

#[test]
fn lost_checkpoints_are_made_up_for_in_the_next_slot() {
    let mut coordinator = coordinator(GENESIS);
    issue(&mut coordinator, START_MS, 5);
    let fill = |coordinator: &mut Coordinator| {
        for number in 0..20 {
            coordinator.on_solid(id(number), &[BlockId::ZERO]);
        }
    };
    fill(&mut coordinator);
    assert_eq!(coordinator.checkpoints(START_MS + 800, 16).len(), 2);
    assert!(coordinator.checkpoints(START_MS + 900, 16).is_empty());
    issue(&mut coordinator, START_MS + 1_000, 5);
    fill(&mut coordinator);
    assert_eq!(coordinator.checkpoints(START_MS + 1_800, 16).len(), 2);
}

#[test]
fn very_many_tips_are_merged_at_any_time() {
    let mut coordinator = coordinator(GENESIS);
    issue(&mut coordinator, START_MS, 5);
    for number in 0..1_025 {
        coordinator.on_solid(id(number), &[BlockId::ZERO]);
    }
    assert_eq!(coordinator.checkpoints(START_MS + 10, 16).len(), 16);
}

#[test]
#[should_panic(expected = "a second milestone 5 would be signed")]
fn no_second_milestone_is_signed_for_an_index_reserved_before_a_restart() {
    let previous = Previous {
        index: MilestoneIndex(4),
        ..GENESIS
    };
    let mut coordinator = coordinator(previous);
    coordinator.on_reserved(MilestoneIndex(5));
    assert_eq!(coordinator.due_ms(), None);
    let draft = coordinator.plan(START_MS);
    let _ = coordinator.sign(draft, ROOTS, 2, None, &keys(2));
}

#[test]
fn too_few_keys_are_told() {
    let mut coordinator = coordinator(GENESIS);
    let draft = coordinator.plan(START_MS);
    let signed = coordinator.sign(draft, ROOTS, 2, None, &keys(3));
    let expected = SignError::TooFewKeys {
        index: MilestoneIndex(1),
        needed: 3,
        found: 2,
    };
    assert_eq!(signed.err(), Some(expected));
}
