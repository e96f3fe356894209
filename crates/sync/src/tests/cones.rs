//! Cones as a whole, as their givers see it.

use tangle_types::cone::{BLOCKS_MAX, ConeIds, ConeRequest, IDS_MAX};
use tangle_types::gossip::Message;
use tangle_types::{BlockId, MilestoneIndex};

use super::{A, B, Scene, at, beat};
use crate::{Act, PeerKey, Progress};

fn ids(count: u32) -> Vec<BlockId> {
    let id = |number: u32| {
        let mut id = [7; 32];
        id[..4].copy_from_slice(&number.to_le_bytes());
        BlockId(id)
    };
    (0..count).map(id).collect()
}

fn ids_of(index: u32, start: u32) -> ConeRequest {
    let index = MilestoneIndex(index);
    ConeRequest::Ids { index, start }
}

fn blocks_of(index: u32, start: u32, count: u16) -> ConeRequest {
    let index = MilestoneIndex(index);
    ConeRequest::Blocks {
        index,
        start,
        count,
    }
}

impl Scene {
    /// A node at milestone 0 that has seen these ones, of the 20 that its neighbours have.
    fn behind(neighbours: u32, seen: &[u32]) -> Self {
        let ours = Progress {
            latest: MilestoneIndex(20),
            ..at(0)
        };
        let beats = vec![(0, 20); neighbours as usize];
        let mut scene = Self::with(ours, &beats);
        for index in seen {
            scene
                .hood
                .on_milestone(scene.now_ms, MilestoneIndex(*index), None);
        }
        scene
    }

    /// What is asked of whom, of parts of cones.
    fn parts(&mut self, ahead_max: usize) -> Vec<(PeerKey, ConeRequest)> {
        self.hood
            .ask_for_cones(self.now_ms, ahead_max, &mut self.acts);
        let part = |act| match act {
            Act::AskCone(peer, request) => Some((peer, request)),
            _ => None,
        };
        self.acts.drain(..).filter_map(part).collect()
    }

    /// The blocks that are asked for one by one.
    fn asked_blocks(&mut self) -> Vec<(PeerKey, Message)> {
        let mut asked = self.ask(true);
        asked.retain(|(_, message)| matches!(message, Message::BlockRequest(_)));
        asked
    }

    /// The node has confirmed milestones, and has seen others, like its neighbours.
    fn move_on(&mut self, confirmed: u32, latest: u32, neighbours: &[PeerKey]) {
        for peer in neighbours {
            self.hear(*peer, beat(0, latest));
        }
        let ours = Progress {
            latest: MilestoneIndex(latest),
            ..at(confirmed)
        };
        self.hood.on_progress(self.now_ms, ours, &mut self.acts);
    }

    /// The ids of a cone come, in as many answers as they need; what is asked for meanwhile.
    fn give_ids(
        &mut self,
        peer: PeerKey,
        index: u32,
        ids: &[BlockId],
    ) -> Vec<(PeerKey, ConeRequest)> {
        let mut asked = Vec::new();
        for (number, part) in (0..).zip(ids.chunks(IDS_MAX)) {
            let answer = ConeIds {
                index: MilestoneIndex(index),
                start: number * IDS_MAX as u32,
                total: ids.len() as u32,
                ids: part.to_vec(),
            };
            self.hood.on_cone_ids(self.now_ms, peer, answer);
            asked.extend(self.parts(0));
        }
        asked
    }

    /// The same, and they are right.
    fn give_right_ids(
        &mut self,
        peer: PeerKey,
        index: u32,
        ids: &[BlockId],
    ) -> Vec<(PeerKey, ConeRequest)> {
        let asked = self.give_ids(peer, index, ids);
        let (found, checked) = self.hood.unchecked_cone().expect("all ids have come");
        assert_eq!((found.0, &checked[..]), (index, ids));
        self.hood
            .on_cone_right(self.now_ms, found, checked, |_| false);
        asked
    }

    fn give_blocks(&mut self, peer: PeerKey, index: u32, start: u32, ids: &[BlockId]) {
        let place = (MilestoneIndex(index), start);
        self.hood
            .on_cone_blocks(self.now_ms, peer, place, ids.len());
        for id in ids {
            let asked = self.hood.on_block(self.now_ms, id, Some(peer));
            let asked = asked.expect("it was asked for");
            assert!(asked.is_kept && asked.index.0 == index);
        }
    }
}

#[test]
fn ids_come_first_and_blocks_once_the_ids_are_right() {
    let mut scene = Scene::behind(1, &[1]);
    assert_eq!(scene.parts(0), [], "it gives no cones");
    scene.hood.on_cones_open(scene.now_ms, A);
    assert_eq!(scene.parts(0), [(A, ids_of(1, 0))]);
    let cone = ids(600);
    scene.give_ids(A, 1, &cone);
    assert!(!scene.hood.is_wanted(&cone[0]), "nobody has checked them");
    let (index, checked) = scene.hood.unchecked_cone().expect("all have come");
    let is_known = |id: &BlockId| *id == cone[1];
    scene
        .hood
        .on_cone_right(scene.now_ms, index, checked, is_known);
    assert!(scene.hood.is_wanted(&cone[0]) && !scene.hood.is_wanted(&cone[1]));
    let expected = [(0, 256), (256, 256), (512, 88)];
    let expected = expected.map(|(start, count)| (A, blocks_of(1, start, count)));
    assert_eq!(scene.parts(0), expected);
    // What did not fit the answer is asked for again.
    scene.give_blocks(A, 1, 0, &cone[..1]);
    assert_eq!(scene.parts(0), [(A, blocks_of(1, 1, 255))]);
    // What its blocks lack comes by itself.
    let index = MilestoneIndex(1);
    scene
        .hood
        .want_for_milestone(scene.now_ms, index, &cone[300..301]);
    assert_eq!(scene.asked_blocks(), []);
    assert!(scene.hood.asks_for(index));
    scene.give_blocks(A, 1, 256, &cone[256..512]);
    scene.give_blocks(A, 1, 512, &cone[512..]);
    scene.give_blocks(A, 1, 1, &cone[2..256]);
    assert!(!scene.hood.asks_for(index), "all has come");
    scene.wait(5_000);
    assert!(scene.parts(0).is_empty() && scene.asked_blocks().is_empty());
}

#[test]
fn large_cones_come_in_parts_and_what_is_on_its_way_is_bounded() {
    let mut scene = Scene::behind(1, &[1, 2]);
    scene.hood.on_cones_open(scene.now_ms, A);
    let all = ids(40_000);
    let (first, second) = all.split_at(30_000);
    assert_eq!(scene.parts(0), [(A, ids_of(1, 0)), (A, ids_of(2, 0))]);
    let mut open = scene.give_right_ids(A, 1, first);
    open.extend(scene.give_right_ids(A, 2, second));
    open.retain(|(_, request)| matches!(request, ConeRequest::Blocks { .. }));
    let mut came = 0;
    while came < first.len() {
        open.extend(scene.parts(1_000));
        assert!(open.len() * BLOCKS_MAX <= 4_096, "{}", open.len());
        let is_ahead = |part: &&(PeerKey, ConeRequest)| part.1.index().0 == 2;
        let ahead_count = open.iter().filter(is_ahead).count();
        assert!(ahead_count * BLOCKS_MAX <= 1_024, "{ahead_count} ahead");
        let (_, request) = open.remove(0);
        let ConeRequest::Blocks { start, count, .. } = request else {
            panic!("the ids are there");
        };
        let range = start as usize..start as usize + usize::from(count);
        if request.index().0 == 1 {
            scene.give_blocks(A, 1, start, &first[range]);
            came += usize::from(count);
        } else {
            scene.give_blocks(A, 2, start, &second[range]);
        }
    }
}

#[test]
fn who_gives_wrong_ids_is_not_asked_again_and_others_are() {
    let mut scene = Scene::behind(2, &[1]);
    scene.hood.on_cones_open(scene.now_ms, A);
    scene.hood.on_cones_open(scene.now_ms, B);
    assert_eq!(scene.parts(0), [(A, ids_of(1, 0))]);
    let cone = ids(10);
    scene.give_ids(A, 1, &cone);
    let (index, _) = scene.hood.unchecked_cone().expect("all have come");
    scene.hood.on_cone_wrong(scene.now_ms, index);
    assert_eq!(scene.parts(0), [(B, ids_of(1, 0))]);
    scene.give_right_ids(B, 1, &cone);
    assert_eq!(scene.parts(0), [(B, blocks_of(1, 0, 10))]);
    scene.give_blocks(B, 1, 0, &cone);
    scene.move_on(20, 20, &[A, B]);
    scene.wait_with(3_600_000, &[(A, beat(0, 20)), (B, beat(0, 20))]);
    scene.move_on(20, 40, &[A, B]);
    scene
        .hood
        .on_milestone(scene.now_ms, MilestoneIndex(21), None);
    assert_eq!(scene.parts(0), [(B, ids_of(21, 0))]);
}

#[test]
fn what_a_neighbour_does_not_go_on_to_give_is_asked_for_block_by_block() {
    let mut scene = Scene::behind(1, &[1, 2]);
    scene.hood.on_cones_open(scene.now_ms, A);
    let cone = ids(300);
    assert_eq!(scene.parts(0), [(A, ids_of(1, 0)), (A, ids_of(2, 0))]);
    scene.give_right_ids(A, 1, &cone);
    assert_eq!(scene.parts(0).len(), 2);
    scene.give_blocks(A, 1, 0, &cone[..256]);
    scene.wait(3_000);
    assert_eq!(scene.asked_blocks(), []);
    scene.wait(2_000);
    let asked = scene.asked_blocks();
    assert_eq!(asked.len(), 44);
    for id in &cone[256..] {
        assert!(asked.contains(&(A, Message::BlockRequest(*id))));
    }
    let given_up = scene.hood.given_up_cone();
    assert_eq!(given_up, Some(MilestoneIndex(2)), "nobody else gives it");
    assert_eq!(scene.parts(0), []);
    // An answer that comes too late changes nothing.
    let place = (MilestoneIndex(1), 256);
    scene.hood.on_cone_blocks(scene.now_ms, A, place, 44);
    assert_eq!(scene.parts(0), []);
    // After a while it is given another chance.
    scene.move_on(20, 20, &[A]);
    scene.wait_with(31_000, &[(A, beat(0, 20))]);
    scene.move_on(20, 40, &[A]);
    scene
        .hood
        .on_milestone(scene.now_ms, MilestoneIndex(21), None);
    assert_eq!(scene.parts(0), [(A, ids_of(21, 0))]);
}

#[test]
fn neighbour_that_goes_or_has_pruned_leaves_its_cones_to_others() {
    let mut scene = Scene::behind(2, &[1]);
    scene.hood.on_cones_open(scene.now_ms, A);
    scene.hood.on_cones_open(scene.now_ms, B);
    let cone = ids(3);
    scene.parts(0);
    scene.give_right_ids(A, 1, &cone);
    scene.parts(0);
    scene.hood.on_disconnected(scene.now_ms, A);
    let asked = scene.asked_blocks();
    assert!(asked.iter().all(|(peer, _)| *peer == B) && asked.len() == 3);
    scene
        .hood
        .on_milestone(scene.now_ms, MilestoneIndex(2), None);
    assert_eq!(scene.parts(0), [(B, ids_of(2, 0))]);
    let nothing = ConeIds {
        index: MilestoneIndex(2),
        start: 0,
        total: 0,
        ids: Vec::new(),
    };
    scene.hood.on_cone_ids(scene.now_ms, B, nothing);
    assert_eq!(scene.hood.given_up_cone(), Some(MilestoneIndex(2)));
}

#[test]
fn cones_are_given_within_the_budget_for_requests() {
    let mut scene = Scene::with(at(100), &[(0, 100)]);
    let mut answered = 0;
    for _ in 0..1_000 {
        let request = blocks_of(1, 0, 256);
        scene
            .hood
            .on_cone_request(scene.now_ms, A, request, &mut scene.acts);
        let is_answer = |act: &Act| *act == Act::AnswerCone(A, request);
        answered += scene.acts.drain(..).filter(is_answer).count();
    }
    assert_eq!(answered, 8_192 / 65);
}

#[test]
fn node_that_is_not_behind_asks_for_no_cones() {
    let ours = Progress {
        latest: MilestoneIndex(2),
        ..at(0)
    };
    let mut scene = Scene::with(ours, &[(0, 2)]);
    scene.hood.on_cones_open(scene.now_ms, A);
    scene
        .hood
        .on_milestone(scene.now_ms, MilestoneIndex(2), None);
    assert_eq!(scene.parts(1_000), []);
}
