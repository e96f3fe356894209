//! The neighbourhood as its neighbours see it.

mod cones;
mod orphans;

use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::{BlockId, MilestoneIndex};

use crate::{
    Act, Blocker, DropReason, Neighbourhood, Next, Offence, PeerClass, PeerKey, Progress, RANGE,
    Request,
};

const A: PeerKey = PeerKey(1);
const B: PeerKey = PeerKey(2);

/// A neighbourhood with a clock.
struct Scene {
    hood: Neighbourhood,
    now_ms: u64,
    acts: Vec<Act>,
}

fn at(index: u32) -> Progress {
    Progress {
        confirmed: MilestoneIndex(index),
        durable: MilestoneIndex(index),
        latest: MilestoneIndex(index),
        pruned: MilestoneIndex(0),
    }
}

fn beat(pruned: u32, solid: u32) -> Message {
    Message::Heartbeat(Heartbeat {
        solid_index: MilestoneIndex(solid),
        pruned_index: MilestoneIndex(pruned),
        latest_index: MilestoneIndex(solid),
        connected_peers: 1,
        synced_peers: 1,
    })
}

fn id(number: u32) -> BlockId {
    BlockId(std::array::from_fn(|at| number.to_le_bytes()[at % 4]))
}

fn milestone(index: u32) -> Message {
    Message::MilestoneRequest(Some(MilestoneIndex(index)))
}

impl Scene {
    fn new(ours: Progress) -> Self {
        Self {
            hood: Neighbourhood::new(ours),
            now_ms: 1_000_000,
            acts: Vec::new(),
        }
    }

    /// Neighbours with these heartbeats, numbered from 1.
    fn with(ours: Progress, beats: &[(u32, u32)]) -> Self {
        let mut scene = Self::new(ours);
        for (number, (pruned, solid)) in (1..).zip(beats) {
            scene.connect(PeerKey(number), PeerClass::Unknown);
            scene.hear(PeerKey(number), beat(*pruned, *solid));
        }
        scene.acts.clear();
        scene
    }

    fn connect(&mut self, peer: PeerKey, class: PeerClass) {
        self.hood
            .on_connected(self.now_ms, peer, class, &mut self.acts);
    }

    fn hear(&mut self, peer: PeerKey, message: Message) {
        self.hood
            .on_heard(self.now_ms, peer, message, &mut self.acts);
    }

    /// What is asked now, at most what fits; nobody has room for more than `is_roomy` says.
    fn ask(&mut self, is_roomy: bool) -> Vec<(PeerKey, Message)> {
        let lowest = self.hood.progress().confirmed.next();
        self.hood.ask(self.now_ms, lowest, is_roomy, &mut self.acts);
        self.said()
    }

    fn said(&mut self) -> Vec<(PeerKey, Message)> {
        let said = |act| match act {
            Act::Say(_, Message::Heartbeat(_)) => None,
            Act::Say(peer, message) => Some((peer, message)),
            _ => None,
        };
        self.acts.drain(..).filter_map(said).collect()
    }

    fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        self.hood.on_tick(self.now_ms, &mut self.acts);
    }

    /// Time passes in which the neighbours go on to send heartbeats.
    fn wait_with(&mut self, ms: u64, beats: &[(PeerKey, Message)]) {
        for _ in 0..ms / 1_000 {
            for (peer, message) in beats {
                self.hear(*peer, message.clone());
            }
            self.wait(1_000);
        }
    }

    fn blocker(&self, next: Next) -> Option<Blocker> {
        self.hood.blocker(self.now_ms, || next)
    }
}

#[test]
fn new_neighbour_hears_how_far_we_are_and_is_asked_for_the_latest_milestone() {
    let mut scene = Scene::new(at(7));
    scene.connect(A, PeerClass::Known);
    let expected = Heartbeat {
        solid_index: MilestoneIndex(7),
        pruned_index: MilestoneIndex(0),
        latest_index: MilestoneIndex(7),
        connected_peers: 1,
        synced_peers: 0,
    };
    let heartbeat = Act::Say(A, Message::Heartbeat(expected));
    let request = Act::Say(A, Message::MilestoneRequest(None));
    assert_eq!(scene.acts, [heartbeat, request]);
}

#[test]
fn heartbeats_go_out_on_change_once_a_second_and_every_half_minute() {
    let mut scene = Scene::with(at(7), &[(0, 7)]);
    let beats = |scene: &mut Scene| {
        let is_beat = |act: &Act| matches!(act, Act::Say(_, Message::Heartbeat(_)));
        scene.acts.drain(..).filter(is_beat).count()
    };
    scene.wait(1_000);
    assert_eq!(beats(&mut scene), 1);
    let move_to = |scene: &mut Scene, index| {
        scene
            .hood
            .on_progress(scene.now_ms, at(index), &mut scene.acts);
        beats(scene)
    };
    assert_eq!(move_to(&mut scene, 8), 0, "one was sent just now");
    scene.wait(1_000);
    assert_eq!(beats(&mut scene), 1, "it is told as soon as it may");
    scene.now_ms += 5_000;
    assert_eq!(move_to(&mut scene, 9), 1, "a change is told at once");
    scene.wait(29_000);
    assert_eq!(beats(&mut scene), 0);
    scene.wait(1_000);
    assert_eq!(beats(&mut scene), 1);
}

#[test]
fn milestones_are_asked_of_several_neighbours_lowest_first() {
    let mut scene = Scene::with(at(100), &[(0, 400), (0, 400)]);
    let asked = scene.ask(true);
    assert_eq!(asked.len(), RANGE as usize);
    let mut indexes: Vec<u32> = Vec::new();
    for (_, message) in &asked {
        let Message::MilestoneRequest(Some(index)) = message else {
            panic!("{message:?} is no request for a milestone");
        };
        indexes.push(index.0);
    }
    assert_eq!(indexes, (101..=250).collect::<Vec<_>>());
    let of_a = asked.iter().filter(|(peer, _)| *peer == A).count();
    assert_eq!(of_a, 75, "each is asked for half of them");
    for index in 101..=110 {
        assert!(
            scene
                .hood
                .on_milestone(scene.now_ms, MilestoneIndex(index), Some(A))
        );
    }
    let now_ms = scene.now_ms;
    scene.hood.on_progress(now_ms, at(110), &mut scene.acts);
    let next: Vec<_> = scene.ask(true).into_iter().map(|(_, m)| m).collect();
    let expected: Vec<_> = (251..=260).map(milestone).collect();
    assert_eq!(next, expected, "the range moves on with the ledger");
}

#[test]
fn only_a_neighbour_that_has_it_for_sure_is_asked() {
    let mut scene = Scene::with(at(100), &[(101, 400), (50, 101)]);
    let asked = scene.ask(true);
    assert!(asked.contains(&(B, milestone(101))), "A has pruned it");
    assert!(asked.contains(&(A, milestone(102))), "B is not there yet");
    scene
        .hood
        .want_for_milestone(scene.now_ms, MilestoneIndex(101), &[id(1)]);
    assert_eq!(scene.ask(true), [(B, Message::BlockRequest(id(1)))]);
}

#[test]
fn if_nobody_has_it_for_sure_all_that_may_have_it_are_asked() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 99), (101, 300)]);
    // The third is too far ahead to be asked for this one, and is not of interest here.
    scene.hood.on_disconnected(scene.now_ms, PeerKey(3));
    scene
        .hood
        .want_for_milestone(scene.now_ms, MilestoneIndex(101), &[id(1)]);
    let mut asked = scene.ask(true);
    asked.retain(|(_, message)| matches!(message, Message::BlockRequest(_)));
    let of_a = (A, Message::BlockRequest(id(1)));
    assert_eq!(asked, [of_a], "B has not even seen milestone 100");
}

#[test]
fn unanswered_request_goes_to_another_neighbour() {
    let mut scene = Scene::with(at(100), &[(0, 101), (0, 101)]);
    scene
        .hood
        .want_for_milestone(scene.now_ms, MilestoneIndex(101), &[id(1)]);
    let first = scene.ask(true);
    assert_eq!(first, [(A, Message::BlockRequest(id(1)))]);
    scene.wait(2_900);
    assert!(!scene.ask(true).contains(&(B, Message::BlockRequest(id(1)))));
    scene.wait(200);
    assert!(scene.ask(true).contains(&(B, Message::BlockRequest(id(1)))));
}

#[test]
fn neighbour_that_goes_leaves_its_questions_to_others_at_once() {
    let mut scene = Scene::with(at(100), &[(0, 101), (0, 101)]);
    scene
        .hood
        .want_for_milestone(scene.now_ms, MilestoneIndex(101), &[id(1)]);
    assert_eq!(scene.ask(true).len(), 1);
    scene.hood.on_disconnected(scene.now_ms, A);
    assert_eq!(scene.ask(true), [(B, Message::BlockRequest(id(1)))]);
}

#[test]
fn what_a_milestone_needs_is_asked_for_again_for_ever_and_the_rest_given_up() {
    let mut scene = Scene::with(at(100), &[(0, 100)]);
    let now_ms = scene.now_ms;
    scene.hood.want_parents(now_ms, Some(A), &[id(1)]);
    scene
        .hood
        .want_for_milestone(now_ms, MilestoneIndex(101), &[id(2)]);
    let mut asked = Vec::new();
    for _ in 0..20 {
        scene.wait_with(1_000, &[(A, beat(0, 100))]);
        let blocks = scene.ask(true);
        asked.extend(blocks.into_iter().map(|(_, message)| message));
    }
    let count = |number| {
        let wanted = Message::BlockRequest(id(number));
        asked.iter().filter(|message| **message == wanted).count()
    };
    assert!((2..=5).contains(&count(1)), "{}", count(1));
    assert!(count(2) >= 6, "{}", count(2));
    assert!(!scene.hood.is_wanted(&id(1)));
    assert!(scene.hood.is_wanted(&id(2)));
}

#[test]
fn parent_of_a_new_block_may_come_by_itself_and_is_asked_of_the_sender_otherwise() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 100)]);
    scene.hood.want_parents(scene.now_ms, Some(B), &[id(1)]);
    assert_eq!(scene.ask(true), []);
    scene.wait(300);
    assert_eq!(scene.ask(true), [(B, Message::BlockRequest(id(1)))]);
    let asked = scene
        .hood
        .on_block(scene.now_ms, &id(1), Some(B))
        .expect("asked for");
    assert!(!asked.is_kept);
    assert_eq!(scene.hood.on_block(scene.now_ms, &id(1), Some(B)), None);
}

#[test]
fn without_room_only_the_next_milestone_is_worked_on() {
    let mut scene = Scene::with(at(100), &[(0, 120)]);
    let now_ms = scene.now_ms;
    for (number, index) in [(1, 105), (2, 101)] {
        scene
            .hood
            .want_for_milestone(now_ms, MilestoneIndex(index), &[id(number)]);
    }
    let asked = scene.ask(false);
    let messages: Vec<_> = asked.into_iter().map(|(_, message)| message).collect();
    assert!(messages.contains(&milestone(101)), "{messages:?}");
    assert!(messages.contains(&Message::BlockRequest(id(2))));
    assert_eq!(messages.len(), 2);
}

#[test]
fn a_neighbour_has_500_questions_to_answer_and_more_while_it_answers_all() {
    let mut scene = Scene::with(at(100), &[(0, 101)]);
    let ids: Vec<BlockId> = (0..9_000_u32)
        .map(|number| {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&number.to_le_bytes());
            BlockId(id)
        })
        .collect();
    scene
        .hood
        .want_for_milestone(scene.now_ms, MilestoneIndex(101), &ids);
    let mut asked = scene.ask(true);
    assert_eq!(asked.len(), 500);
    assert_eq!(scene.ask(true).len(), 0);
    for expected in [1_000, 2_000, 2_000] {
        for (_, question) in asked {
            if let Message::BlockRequest(id) = question {
                assert!(scene.hood.on_block(scene.now_ms, &id, Some(A)).is_some());
            }
        }
        asked = scene.ask(true);
        assert_eq!(asked.len(), expected);
    }
    scene.wait(3_000);
    assert_eq!(scene.ask(true).len(), 500, "none was answered");
}

#[test]
fn claim_without_milestones_is_not_believed_and_ends_the_connection() {
    let mut scene = Scene::with(at(100), &[(0, u32::MAX), (0, 100)]);
    assert_eq!(scene.hood.target(), MilestoneIndex(u32::MAX));
    let beats = [(A, beat(0, u32::MAX)), (B, beat(0, 100))];
    for _ in 0..10 {
        scene.ask(true);
        scene.wait_with(1_000, &beats);
    }
    assert_eq!(scene.hood.target(), MilestoneIndex(100));
    assert_eq!(scene.blocker(Next::default()), None);
    let mut drops = Vec::new();
    for _ in 0..70 {
        scene.hear(A, beat(0, u32::MAX));
        scene.hear(B, beat(0, 100));
        scene.wait(1_000);
        drops.extend(
            scene
                .acts
                .drain(..)
                .filter(|act| matches!(act, Act::Drop { .. })),
        );
    }
    let expected = Act::Drop {
        peer: A,
        reason: DropReason::Offence(Offence::EmptyClaim),
        ban_ms: Some(600_000),
    };
    assert_eq!(drops, [expected]);
}

#[test]
fn offences_add_up_to_a_ban_and_are_forgiven_with_time() {
    let mut scene = Scene::with(at(100), &[(0, 100)]);
    let offend = |scene: &mut Scene, offence| {
        scene
            .hood
            .on_misbehaved(scene.now_ms, A, offence, &mut scene.acts);
        scene.acts.drain(..).next()
    };
    for _ in 0..4 {
        assert_eq!(offend(&mut scene, Offence::ProofOfWork), None);
    }
    scene.now_ms += 60_000;
    for _ in 0..3 {
        assert_eq!(offend(&mut scene, Offence::ProofOfWork), None);
    }
    let last = offend(&mut scene, Offence::ProofOfWork);
    let expected = Act::Drop {
        peer: A,
        reason: DropReason::Offence(Offence::ProofOfWork),
        ban_ms: Some(600_000),
    };
    assert_eq!(last, Some(expected));
    assert_eq!(scene.hood.peer_count(), 0);
}

#[test]
fn garbage_ends_the_connection_at_once_and_a_known_peer_may_come_back_soon() {
    let mut scene = Scene::new(at(100));
    scene.connect(A, PeerClass::Known);
    scene.acts.clear();
    scene
        .hood
        .on_misbehaved(scene.now_ms, A, Offence::Unreadable, &mut scene.acts);
    let expected = Act::Drop {
        peer: A,
        reason: DropReason::Offence(Offence::Unreadable),
        ban_ms: Some(60_000),
    };
    assert_eq!(scene.acts, [expected]);
}

#[test]
fn requests_are_answered_within_a_budget_and_beyond_it_cost() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 100)]);
    let begin_ms = scene.now_ms;
    let mut answered = 0;
    let mut numbers = 0..;
    let mut next = || Message::BlockRequest(id(numbers.next().expect("it is endless")));
    // What comes at once after this node has stood still is not held against anybody much.
    for _ in 0..20_000 {
        scene.hear(A, next());
    }
    let answers = |scene: &mut Scene| {
        let is_answer = |act: &Act| matches!(act, Act::Answer(A, Request::Block(_)));
        scene.acts.drain(..).filter(is_answer).count()
    };
    assert_eq!(answers(&mut scene), 8_192);
    assert_eq!(scene.hood.peer_count(), 2);
    while scene.hood.peer_count() == 2 {
        scene.now_ms += 1;
        for _ in 0..100 {
            scene.hear(A, next());
        }
        answered += answers(&mut scene);
        let elapsed_ms = scene.now_ms - begin_ms;
        assert!(answered as u64 <= 50 * elapsed_ms, "{answered} answered");
        assert!(elapsed_ms < 10_000, "it is never sent away");
    }
    assert_eq!(scene.hood.peer_count(), 1);
    scene.hear(B, Message::MilestoneRequest(None));
    let latest = Act::Answer(B, Request::Milestone(MilestoneIndex(100)));
    assert_eq!(scene.acts, [latest], "others are answered as before");
}

#[test]
fn silent_and_useless_neighbours_go() {
    let pruned = Progress {
        pruned: MilestoneIndex(50),
        ..at(100)
    };
    let mut scene = Scene::with(pruned, &[(0, 10), (0, 100)]);
    scene.connect(PeerKey(3), PeerClass::Known);
    scene.hear(PeerKey(3), beat(0, 10));
    let mut drops = Vec::new();
    for _ in 0..110 {
        scene.hear(A, beat(0, 10));
        scene.hear(PeerKey(3), beat(0, 10));
        scene.wait(1_000);
        for act in scene.acts.drain(..) {
            if let Act::Drop { peer, reason, .. } = act {
                drops.push((peer, reason));
            }
        }
    }
    let too_far = DropReason::TooFarBehind {
        solid: MilestoneIndex(10),
        pruned: MilestoneIndex(50),
    };
    let silent = DropReason::Silent { seconds: 101 };
    assert_eq!(drops, [(A, too_far), (B, silent)], "a known one may stay");
}

#[test]
fn there_is_room_for_64_neighbours() {
    let mut scene = Scene::new(at(1));
    for number in 0..64 {
        scene.connect(PeerKey(number), PeerClass::Unknown);
    }
    scene.acts.clear();
    scene.connect(PeerKey(64), PeerClass::Unknown);
    let full = Act::Drop {
        peer: PeerKey(64),
        reason: DropReason::Full(64),
        ban_ms: None,
    };
    assert_eq!(scene.acts, [full]);
    scene.hood.on_disconnected(scene.now_ms, PeerKey(10));
    scene.acts.clear();
    scene.connect(PeerKey(65), PeerClass::Unknown);
    assert!(scene.acts.iter().all(|act| matches!(act, Act::Say(..))));
}

#[test]
fn blocker_names_the_parents_that_are_missing_and_who_was_asked() {
    let mut scene = Scene::with(at(811), &[(0, 900); 4]);
    let next = Next {
        is_known: true,
        missing_count: 3,
        example: Some(id(1)),
        waits_for_disk: false,
    };
    scene
        .hood
        .want_for_milestone(scene.now_ms, MilestoneIndex(812), &[id(1)]);
    for peer in 1..=4 {
        let asked = scene.ask(true);
        assert!(
            asked
                .iter()
                .any(|(_, m)| *m == Message::BlockRequest(id(1)))
        );
        let text = scene.blocker(next).map(|blocker| blocker.to_string());
        let neighbours = if peer == 1 { "neighbour" } else { "neighbours" };
        let expected = format!("waiting for 3 parents of milestone 812, asked {peer} {neighbours}");
        assert_eq!(text, Some(expected));
        // Keep them from being doubted: they answer something else.
        for other in 1..=4 {
            let other = PeerKey(other);
            let index = MilestoneIndex(812 + 10 * peer + other.0);
            scene.hood.on_milestone(scene.now_ms, index, Some(other));
        }
        scene.wait(3_000);
    }
    let text = scene.blocker(next).map(|blocker| blocker.to_string());
    assert_eq!(
        text.as_deref(),
        Some("waiting for 3 parents of milestone 812, asked 4 neighbours, none has them")
    );
}

#[test]
fn blocker_says_that_all_neighbours_have_pruned_what_is_needed_even_when_they_left() {
    let mut scene = Scene::with(at(500), &[(790, 900), (800, 900)]);
    let pruned = Blocker::Pruned {
        needed: MilestoneIndex(501),
        pruned: MilestoneIndex(790),
        neighbours: 2,
    };
    assert_eq!(scene.blocker(Next::default()), Some(pruned));
    assert!(
        pruned
            .advice()
            .is_some_and(|advice| advice.contains("snapshot"))
    );
    scene.hood.on_disconnected(scene.now_ms, B);
    scene.hood.on_disconnected(scene.now_ms, A);
    let blocker = scene.blocker(Next::default());
    assert!(
        matches!(
            blocker,
            Some(Blocker::Pruned {
                needed: MilestoneIndex(501),
                ..
            })
        ),
        "{blocker:?}"
    );
}

#[test]
fn blocker_tells_progress_from_standstill() {
    let mut scene = Scene::new(at(100));
    assert_eq!(scene.blocker(Next::default()), Some(Blocker::NoNeighbours));
    scene.connect(A, PeerClass::Known);
    let silent = Blocker::NoHeartbeats { neighbours: 1 };
    assert_eq!(scene.blocker(Next::default()), Some(silent));
    scene.hear(A, beat(0, 200));
    scene.ask(true);
    let waiting = Blocker::Milestone {
        index: MilestoneIndex(101),
        asked: 1,
        is_open: true,
    };
    assert_eq!(scene.blocker(Next::default()), Some(waiting));
    let now_ms = scene.now_ms;
    scene.hood.on_progress(now_ms, at(101), &mut scene.acts);
    let catching_up = Blocker::CatchingUp {
        confirmed: MilestoneIndex(101),
        target: MilestoneIndex(200),
    };
    assert_eq!(scene.blocker(Next::default()), Some(catching_up));
    scene.hood.on_progress(now_ms, at(199), &mut scene.acts);
    assert_eq!(scene.blocker(Next::default()), None, "2 behind is synced");
}

#[test]
fn claim_that_no_milestone_supports_is_not_shown() {
    let mut scene = Scene::with(at(100), &[(0, u32::MAX), (0, 110)]);
    let now_ms = scene.now_ms;
    scene.hood.on_progress(now_ms, at(101), &mut scene.acts);
    let catching_up = |target| {
        Some(Blocker::CatchingUp {
            confirmed: MilestoneIndex(101),
            target: MilestoneIndex(target),
        })
    };
    assert_eq!(scene.blocker(Next::default()), catching_up(110));
    scene.hear(B, beat(0, 101));
    assert_eq!(scene.blocker(Next::default()), None, "a claim alone");
    let ours = Progress {
        latest: MilestoneIndex(5_000),
        ..at(101)
    };
    scene.hood.on_progress(now_ms, ours, &mut scene.acts);
    assert_eq!(scene.blocker(Next::default()), catching_up(5_000));
}

#[test]
fn a_next_milestone_that_comes_by_itself_is_not_asked_for() {
    let mut scene = Scene::with(at(100), &[(0, 101)]);
    assert_eq!(scene.ask(true), []);
    scene
        .hood
        .on_milestone(scene.now_ms, MilestoneIndex(101), Some(A));
    scene.wait(2_000);
    assert_eq!(scene.ask(true), []);
}

#[test]
fn some_waste_is_borne_and_a_flood_of_it_ends_the_connection() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 100), (0, 100)]);
    let mut acts = Vec::new();
    for _ in 0..60 {
        scene.wait(1_000);
        scene.hood.on_waste(scene.now_ms, A, 2_000, &mut acts);
    }
    assert_eq!(acts, [], "an honest node that is lied to asks for so much");
    for _ in 0..10_200 {
        scene.hear(B, beat(0, 100));
    }
    let dropped = Act::Drop {
        peer: B,
        reason: DropReason::Offence(Offence::Waste),
        ban_ms: Some(600_000),
    };
    assert!(scene.acts.contains(&dropped));
    assert_eq!(scene.hood.peer_count(), 2);
}

#[test]
fn who_asks_for_the_same_blocks_on_and_on_is_sent_away() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 100), (0, 100)]);
    // An honest neighbour asks again for what it was not given in time.
    for _ in 0..20 {
        scene.wait(3_000);
        scene.hear(B, beat(0, 100));
        for number in 0..2_000 {
            scene.hear(B, Message::BlockRequest(id(number)));
        }
    }
    assert_eq!(scene.hood.peer_count(), 3);
    for round in 0.. {
        scene.wait(1);
        for number in 0..40 {
            scene.hear(A, Message::BlockRequest(id(number)));
        }
        if scene.hood.peer_count() == 2 {
            break;
        }
        assert!(round < 1_000, "it asks 40,000 times a second");
    }
    assert_eq!(scene.hood.peers(scene.now_ms)[0].key, B);
}

#[test]
fn who_has_answered_is_asked_before_who_only_claims() {
    let mut scene = Scene::with(at(90), &[(0, 100)]);
    let index = MilestoneIndex(91);
    scene.ask(true);
    scene.hood.want_for_milestone(scene.now_ms, index, &[id(1)]);
    assert_eq!(scene.ask(true), [(A, Message::BlockRequest(id(1)))]);
    scene.hood.on_block(scene.now_ms, &id(1), Some(A));
    scene.connect(B, PeerClass::Unknown);
    scene.hear(B, beat(0, 200));
    scene.ask(true);
    for number in 2..5 {
        let missing = [id(number)];
        scene.hood.want_for_milestone(scene.now_ms, index, &missing);
        let expected = (A, Message::BlockRequest(id(number)));
        assert_eq!(scene.ask(true), [expected], "however much it has to do");
    }
}
