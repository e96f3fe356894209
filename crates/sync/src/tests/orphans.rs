//! Blocks whose parents do not exist: who sends them, and what that does to others.

use super::*;

/// Most requests that no milestone needs.
const LOOSE_MAX: usize = 5_000;

/// An id that nobody else uses.
fn made_up(owner: u8, number: usize) -> BlockId {
    let mut id = [owner; 32];
    id[..8].copy_from_slice(&number.to_le_bytes());
    BlockId(id)
}

/// A neighbour sends blocks of which so many parents are missing.
fn send_orphans(scene: &mut Scene, from: PeerKey, numbers: std::ops::Range<usize>) {
    let owner = u8::try_from(from.0).expect("a few neighbours");
    let missing: Vec<BlockId> = numbers.map(|number| made_up(owner, number)).collect();
    scene.hood.want_parents(scene.now_ms, Some(from), &missing);
}

fn drops(scene: &mut Scene) -> Vec<Act> {
    let is_drop = |act: &Act| matches!(act, Act::Drop { .. });
    scene.acts.drain(..).filter(is_drop).collect()
}

#[test]
fn flood_of_orphans_leaves_others_parents_their_room() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 100)]);
    send_orphans(&mut scene, A, 0..2 * LOOSE_MAX);
    assert_eq!(scene.hood.request_count(), LOOSE_MAX);
    scene.hood.want_parents(scene.now_ms, Some(B), &[id(1)]);
    scene.hood.want_parents(scene.now_ms, None, &[id(2)]);
    assert!(scene.hood.is_wanted(&id(1)) && scene.hood.is_wanted(&id(2)));
    send_orphans(&mut scene, A, 2 * LOOSE_MAX..3 * LOOSE_MAX);
    assert_eq!(scene.hood.request_count(), LOOSE_MAX);
    scene.wait(300);
    let asked = scene.ask(true);
    assert!(asked.contains(&(B, Message::BlockRequest(id(1)))));
    let asked_count = scene.hood.peers(scene.now_ms)[0].asked_count;
    assert_eq!(
        asked_count,
        LOOSE_MAX - 2,
        "those who gave way are not waited for"
    );
}

#[test]
fn who_does_not_give_the_parents_of_its_blocks_is_banned_and_its_requests_go() {
    let mut scene = Scene::with(at(100), &[(0, 100), (0, 100)]);
    send_orphans(&mut scene, A, 0..600);
    scene.hood.want_parents(scene.now_ms, Some(B), &[id(1)]);
    scene.wait(300);
    let asked = scene.ask(true);
    assert_eq!(
        asked.len(),
        601,
        "everybody is asked for parents of its own blocks"
    );
    scene.wait(3_000);
    let expected = Act::Drop {
        peer: A,
        reason: DropReason::Offence(Offence::Orphans),
        ban_ms: Some(600_000),
    };
    assert_eq!(drops(&mut scene), [expected]);
    assert_eq!(scene.hood.request_count(), 1);
    assert!(scene.hood.is_wanted(&id(1)));
}

#[test]
fn slow_neighbour_is_not_banned_while_it_gives_something() {
    let mut scene = Scene::with(at(100), &[(0, 100)]);
    send_orphans(&mut scene, A, 0..3_000);
    scene.wait(300);
    assert_eq!(scene.ask(true).len(), 3_000);
    scene.wait_with(2_000, &[(A, beat(0, 100))]);
    scene.hood.on_block(scene.now_ms, &made_up(1, 7), Some(A));
    scene.wait_with(2_000, &[(A, beat(0, 100))]);
    assert_eq!(drops(&mut scene), [], "it was asked for too much at once");
    // Now it gives nothing, and sends more of that sort.
    scene.wait_with(6_000, &[(A, beat(0, 100))]);
    send_orphans(&mut scene, A, 3_000..4_000);
    scene.wait(300);
    scene.ask(true);
    scene.wait_with(4_000, &[(A, beat(0, 100))]);
    assert_eq!(drops(&mut scene).len(), 1);
}

#[test]
fn others_are_not_asked_for_what_a_flooder_has_made_up() {
    let mut scene = Scene::new(at(100));
    scene.connect(A, PeerClass::Known);
    scene.connect(B, PeerClass::Unknown);
    scene.hear(A, beat(0, 100));
    scene.hear(B, beat(0, 100));
    scene.acts.clear();
    send_orphans(&mut scene, A, 0..600);
    scene.wait(300);
    scene.ask(true);
    scene.wait(3_000);
    let to_others = scene.ask(true).into_iter().filter(|(peer, _)| *peer == B);
    assert_eq!(to_others.count(), 0);
}

#[test]
fn peer_that_the_operator_named_is_not_banned_for_orphans() {
    let mut scene = Scene::new(at(100));
    scene.connect(A, PeerClass::Known);
    scene.hear(A, beat(0, 100));
    send_orphans(&mut scene, A, 0..LOOSE_MAX);
    for _ in 0..20 {
        scene.wait_with(1_000, &[(A, beat(0, 100))]);
        assert_eq!(drops(&mut scene), []);
        scene.ask(true);
    }
}

#[test]
fn who_gives_most_of_the_parents_may_fail_to_give_some() {
    let mut scene = Scene::with(at(100), &[(0, 100)]);
    for round in 0..20 {
        let numbers = round * 400..(round + 1) * 400;
        send_orphans(&mut scene, A, numbers.clone());
        scene.wait_with(1_000, &[(A, beat(0, 100))]);
        scene.ask(true);
        for number in numbers.filter(|number| number % 3 > 0) {
            let given = made_up(1, number);
            scene.hood.on_block(scene.now_ms, &given, Some(A));
        }
        scene.wait_with(3_000, &[(A, beat(0, 100))]);
        assert_eq!(drops(&mut scene), []);
    }
}
