//! Nodes that talk to each other, by messages that may be lost, in one thread and one clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tangle_engine::{CheckedBlock, Effect, Input, Source, Store, check};
use tangle_sync::{Blocker, DropReason, Offence, PeerClass, PeerKey, Request};
use tangle_types::cone::{ConeBlocks, ConeIds, ConeMessage, ConeRequest};
use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::{
    Block, BlockId, Codec, MilestoneIndex, Parents, ParsedBlock, Payload, ProtocolParameters,
};

use crate::harness::{Node, block, checked, data, keys, parameters};

/// A network: node 0 is the coordinator. A node knows node `i` as `PeerKey(i)`.
struct Net {
    nodes: Vec<Node>,
    links: BTreeSet<(usize, usize)>,
    /// What is on its way, in order.
    wire: VecDeque<(usize, usize, Letter)>,
    /// Nodes that give and take whole cones.
    cone_givers: BTreeSet<usize>,
    /// How a node changes what it says of cones.
    lies: BTreeMap<usize, fn(&mut ConeMessage)>,
    drops: Vec<(usize, PeerKey, DropReason)>,
    /// Every n-th message is lost; 0: none.
    loses_every: u64,
    sent_count: u64,
    /// Messages of each kind by receiver.
    blocks_to: BTreeMap<usize, u64>,
    block_requests: u64,
}

/// What goes from node to node.
enum Letter {
    Gossip(Message),
    Cone(ConeMessage),
}

impl Net {
    fn new(count: usize) -> Self {
        let mut nodes = vec![Node::new(true)];
        nodes.extend((1..count).map(|_| Node::new(false)));
        Self {
            nodes,
            links: BTreeSet::new(),
            wire: VecDeque::new(),
            cone_givers: BTreeSet::new(),
            lies: BTreeMap::new(),
            block_requests: 0,
            drops: Vec::new(),
            loses_every: 0,
            sent_count: 0,
            blocks_to: BTreeMap::new(),
        }
    }

    fn connect(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            self.links.insert((from, to));
            let peer = PeerKey(to as u32);
            let class = PeerClass::Known;
            self.nodes[from].step(Input::Connected { peer, class });
            if [a, b].iter().all(|node| self.cone_givers.contains(node)) {
                self.nodes[from].step(Input::ConesOpen(peer));
            }
        }
        self.flush();
    }

    fn disconnect(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            self.links.remove(&(from, to));
            self.nodes[from].step(Input::Disconnected(PeerKey(to as u32)));
        }
    }

    fn submit(&mut self, node: usize, block: &Arc<CheckedBlock>) {
        assert!(self.nodes[node].submit(block), "the block was refused");
        self.flush();
    }

    /// A second passes everywhere.
    fn second(&mut self) {
        for _ in 0..4 {
            for node in 0..self.nodes.len() {
                self.nodes[node].now.0 += 250;
                self.nodes[node].step(Input::Tick);
            }
            self.flush();
        }
    }

    fn seconds(&mut self, count: usize) {
        for _ in 0..count {
            self.second();
        }
    }

    /// Delivers everything until nobody has anything to say.
    fn flush(&mut self) {
        self.collect();
        while let Some((from, to, message)) = self.wire.pop_front() {
            self.sent_count += 1;
            let is_lost = self.loses_every > 0 && self.sent_count.is_multiple_of(self.loses_every);
            if !is_lost && self.links.contains(&(from, to)) {
                self.deliver(from, to, message);
            }
            self.collect();
        }
    }

    fn deliver(&mut self, from: usize, to: usize, letter: Letter) {
        let peer = PeerKey(from as u32);
        let bytes = match letter {
            Letter::Gossip(Message::Block(bytes)) => bytes,
            Letter::Gossip(message) => {
                self.block_requests += u64::from(matches!(message, Message::BlockRequest(_)));
                self.nodes[to].step(Input::Heard(peer, message));
                return;
            }
            Letter::Cone(message) => return self.deliver_cone(from, to, message),
        };
        *self.blocks_to.entry(to).or_default() += 1;
        self.nodes[to].step(Input::Block(checked(bytes), Source::Peer(peer)));
    }

    fn deliver_cone(&mut self, from: usize, to: usize, message: ConeMessage) {
        let peer = PeerKey(from as u32);
        match message {
            ConeMessage::Request(request) => {
                self.nodes[to].step(Input::ConeRequest(peer, request));
            }
            ConeMessage::Ids(ids) => self.nodes[to].step(Input::ConeIds(peer, ids)),
            ConeMessage::Blocks(cone) => {
                self.nodes[to].step(Input::ConeBlocks {
                    peer,
                    index: cone.index,
                    start: cone.start,
                    count: cone.blocks.len(),
                });
                for bytes in cone.blocks {
                    self.deliver(from, to, Letter::Gossip(Message::Block(bytes)));
                }
            }
        }
    }

    /// A part of a cone as a node's disk has it.
    fn part_of_cone(&self, node: usize, request: ConeRequest) -> ConeMessage {
        let disk = self.nodes[node].disk.0.lock().expect("no panic");
        let index = request.index();
        let commits = disk.commits.iter();
        let mut found = commits.filter(|commit| commit.milestone.milestone.index == index);
        let cone: Vec<BlockId> = found.next().map_or(Vec::new(), |commit| {
            commit.diff.referenced.iter().map(|(id, _)| *id).collect()
        });
        match request {
            ConeRequest::Ids { index, start } => ConeMessage::Ids(ConeIds {
                index,
                start,
                total: u32::try_from(cone.len()).expect("few blocks"),
                ids: cone.into_iter().skip(start as usize).collect(),
            }),
            ConeRequest::Blocks {
                index,
                start,
                count,
            } => {
                let part = cone.iter().skip(start as usize).take(usize::from(count));
                let blocks = part.map(|id| disk.blocks[id].clone()).collect();
                ConeMessage::Blocks(ConeBlocks {
                    index,
                    start,
                    blocks,
                })
            }
        }
    }

    fn collect(&mut self) {
        for from in 0..self.nodes.len() {
            for effect in std::mem::take(&mut self.nodes[from].said) {
                self.carry_out(from, effect);
            }
        }
    }

    fn carry_out(&mut self, from: usize, effect: Effect) {
        match effect {
            Effect::Say(peer, message) => {
                let letter = Letter::Gossip(message);
                self.wire.push_back((from, peer.0 as usize, letter));
            }
            Effect::AskCone(peer, request) => {
                let letter = Letter::Cone(ConeMessage::Request(request));
                self.wire.push_back((from, peer.0 as usize, letter));
            }
            Effect::ServeCone(peer, request) => {
                let mut answer = self.part_of_cone(from, request);
                if let Some(lie) = self.lies.get(&from) {
                    lie(&mut answer);
                }
                let letter = Letter::Cone(answer);
                self.wire.push_back((from, peer.0 as usize, letter));
            }
            Effect::Spread { block, except } => {
                let bytes = block.parsed().bytes.clone();
                for to in 0..self.nodes.len() {
                    if self.links.contains(&(from, to)) && except != Some(PeerKey(to as u32)) {
                        let letter = Letter::Gossip(Message::Block(bytes.clone()));
                        self.wire.push_back((from, to, letter));
                    }
                }
            }
            Effect::Serve(peer, request) => {
                if let Some(bytes) = self.look_up(from, request) {
                    let letter = Letter::Gossip(Message::Block(bytes));
                    self.wire.push_back((from, peer.0 as usize, letter));
                }
            }
            Effect::Drop { peer, reason, .. } => {
                self.drops.push((from, peer, reason));
                self.disconnect(from, peer.0 as usize);
            }
            other => panic!("{other:?} is nothing for neighbours"),
        }
    }

    fn look_up(&self, node: usize, request: Request) -> Option<Bytes> {
        let disk = self.nodes[node].disk.0.lock().expect("no panic");
        match request {
            Request::Block(id) => disk.blocks.get(&id).cloned(),
            Request::Milestone(index) => {
                let mut milestones = disk.milestones.iter();
                let found = milestones.find(|stored| stored.milestone.index == index)?;
                disk.blocks.get(&found.block_id).cloned()
            }
        }
    }

    fn confirmed(&self, node: usize) -> u32 {
        self.nodes[node].engine.summary().confirmed.index.0
    }

    fn blocker(&self, node: usize) -> Option<Blocker> {
        let node = &self.nodes[node];
        node.engine.blocker(node.now)
    }

    /// All nodes have the same ledger at the same milestone.
    fn check_agreement(&self) {
        let first = self.nodes[0].engine.summary().confirmed;
        for (number, node) in self.nodes.iter().enumerate() {
            assert_eq!(node.engine.summary().confirmed, first, "node {number}");
        }
    }
}

/// A chain of blocks at the coordinator, over some milestones.
fn history(net: &mut Net, seconds: usize, blocks_per_second: usize) -> Vec<BlockId> {
    let mut ids = Vec::new();
    for second in 0..seconds {
        let mut parent = net.nodes[0].newest();
        for number in 0..blocks_per_second {
            let block = data(&[parent], &format!("{second}/{number}"));
            net.submit(0, &block);
            parent = block.id();
            ids.push(parent);
        }
        net.second();
    }
    ids
}

#[test]
fn block_reaches_everybody_once_along_a_line() {
    let mut net = Net::new(4);
    for node in 0..3 {
        net.connect(node, node + 1);
    }
    net.seconds(2);
    net.blocks_to.clear();
    let block = data(&[net.nodes[3].newest()], "from the far end");
    net.submit(3, &block);
    for node in 0..4 {
        assert!(
            net.nodes[node]
                .disk
                .contains(&block.id())
                .expect("infallible")
        );
    }
    assert_eq!(net.blocks_to, BTreeMap::from([(0, 1), (1, 1), (2, 1)]));
    net.seconds(2);
    net.check_agreement();
    assert!(net.nodes[2].metadata(&block).is_some());
    assert!((0..4).all(|node| net.blocker(node).is_none()));
}

#[test]
fn fresh_node_catches_up_from_one_neighbour_and_then_from_two() {
    for neighbours in 1..=2 {
        let mut net = Net::new(3);
        net.connect(0, 1);
        history(&mut net, 40, 5);
        net.check_agreement_of(&[0, 1]);
        net.connect(0, 2);
        if neighbours == 2 {
            net.connect(1, 2);
        }
        net.seconds(5);
        net.check_agreement();
        assert_eq!(net.blocker(2), None);
        assert!(net.drops.is_empty(), "{:?}", net.drops);
    }
}

#[test]
fn cones_come_as_a_whole_from_who_gives_them_and_block_by_block_from_others() {
    for (givers, is_whole) in [([0, 2], true), ([0, 1], false)] {
        let mut net = Net::new(3);
        history(&mut net, 40, 5);
        net.cone_givers = givers.into();
        net.connect(0, 2);
        net.seconds(3);
        net.check_agreement_of(&[0, 2]);
        assert_eq!(net.blocker(2), None);
        if is_whole {
            // Some were asked for before it was known that cones come as a whole.
            assert!(net.block_requests < 20, "{}", net.block_requests);
        } else {
            assert!(net.block_requests >= 200, "{}", net.block_requests);
        }
        assert!(net.drops.is_empty(), "{:?}", net.drops);
    }
}

#[test]
fn false_cones_are_not_believed_and_hold_nobody_up() {
    let lies: [fn(&mut ConeMessage); 7] = [
        |message| {
            if let ConeMessage::Ids(part) = message {
                part.ids.reverse();
            }
        },
        |message| {
            if let ConeMessage::Ids(part) = message {
                part.total = u32::MAX;
            }
        },
        |message| {
            if let ConeMessage::Ids(part) = message {
                part.ids.clear();
            }
        },
        |message| {
            if let ConeMessage::Ids(part) = message {
                part.index = part.index.next();
            }
        },
        |message| {
            if let ConeMessage::Blocks(part) = message {
                part.blocks.clear();
            }
        },
        |message| {
            if let ConeMessage::Blocks(part) = message {
                let first = part.blocks.first().cloned();
                part.blocks.extend(first);
            }
        },
        |message| {
            if let ConeMessage::Blocks(part) = message {
                let other = block(&[BlockId([9; 32])], None).parsed().bytes.clone();
                part.blocks.fill(other);
            }
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let mut net = Net::new(2);
        history(&mut net, 20, 5);
        net.cone_givers = [0, 1].into();
        net.lies.insert(0, lie);
        net.connect(0, 1);
        net.seconds(18);
        net.check_agreement();
        assert_eq!(net.blocker(1), None, "lie {number}");
        let stranger = block(&[BlockId([9; 32])], None);
        let disk = &net.nodes[1].disk;
        assert!(!disk.contains(&stranger.id()).expect("infallible"));
    }
}

#[test]
fn everything_arrives_although_every_third_message_is_lost() {
    let mut net = Net::new(3);
    net.loses_every = 3;
    net.connect(0, 1);
    net.connect(1, 2);
    history(&mut net, 20, 5);
    net.seconds(60);
    let behind = net.confirmed(0) - net.confirmed(2);
    assert!(behind <= 15, "node 2 is {behind} milestones behind");
    net.loses_every = 0;
    net.seconds(8);
    net.check_agreement();
}

#[test]
fn full_window_drains_though_nobody_can_add_to_it() {
    let mut net = Net::new(2);
    net.connect(0, 1);
    net.seconds(2);
    net.disconnect(0, 1);
    let root = net.nodes[1].newest();
    let mut apart = Vec::new();
    loop {
        let block = data(&[root], &format!("while apart {}", apart.len()));
        if !net.nodes[1].submit(&block) {
            break;
        }
        apart.push(block);
    }
    net.nodes[1].said.clear();
    assert!(apart.len() > 9_000, "only {} fill it", apart.len());
    net.connect(0, 1);
    net.seconds(3);
    let confirmed = |net: &Net, block: &Arc<CheckedBlock>| net.nodes[0].metadata(block).is_some();
    let count = apart.iter().filter(|block| confirmed(&net, block)).count();
    assert!(count > 0, "the coordinator knows of none of them");
    let next = data(&[net.nodes[1].newest()], "there is room again");
    net.submit(1, &next);
    net.seconds(2);
    assert!(confirmed(&net, &next));
    net.check_agreement();
}

#[test]
fn halves_of_a_network_come_together_again() {
    let mut net = Net::new(4);
    net.connect(0, 1);
    net.connect(1, 2);
    net.connect(2, 3);
    net.seconds(3);
    net.disconnect(1, 2);
    let apart = data(&[net.nodes[3].newest()], "while apart");
    net.submit(3, &apart);
    history(&mut net, 10, 3);
    assert!(net.confirmed(3) + 9 <= net.confirmed(0));
    net.connect(1, 2);
    net.seconds(6);
    net.check_agreement();
    assert!(
        net.nodes[0].metadata(&apart).is_none(),
        "nobody referenced it"
    );
}

#[test]
fn blocker_names_what_is_missing_and_goes_when_it_comes() {
    let mut net = Net::new(2);
    let ids = history(&mut net, 6, 3);
    let hidden = {
        let mut disk = net.nodes[0].disk.0.lock().expect("no panic");
        disk.blocks.remove(&ids[0]).expect("it was stored")
    };
    net.connect(0, 1);
    net.seconds(10);
    let next = MilestoneIndex(net.confirmed(1) + 1);
    let text = net.blocker(1).map(|blocker| blocker.to_string());
    assert_eq!(
        text,
        Some(format!(
            "waiting for 1 parent of milestone {next}, asked 1 neighbour"
        ))
    );
    let mut disk = net.nodes[0].disk.0.lock().expect("no panic");
    disk.blocks.insert(ids[0], hidden);
    drop(disk);
    net.seconds(10);
    net.check_agreement();
    assert_eq!(net.blocker(1), None);
}

#[test]
fn node_whose_neighbour_has_pruned_says_so() {
    let mut net = Net::new(2);
    history(&mut net, 8, 1);
    net.nodes[0].step(Input::Pruned(MilestoneIndex(5)));
    net.connect(0, 1);
    net.seconds(2);
    let expected = Blocker::Pruned {
        needed: MilestoneIndex(1),
        pruned: MilestoneIndex(5),
        neighbours: 1,
    };
    assert_eq!(net.blocker(1), Some(expected));
    assert!(
        expected
            .advice()
            .is_some_and(|advice| advice.contains("snapshot"))
    );
}

/// A node with a neighbour that says it is at milestone 1, as the node is.
fn node_with_neighbour() -> (Node, PeerKey) {
    let mut node = Node::new(true);
    node.second();
    let peer = PeerKey(7);
    node.step(Input::Connected {
        peer,
        class: PeerClass::Unknown,
    });
    let confirmed = node.engine.summary().confirmed.index;
    let heartbeat = Heartbeat {
        solid_index: confirmed,
        latest_index: confirmed,
        ..Heartbeat::default()
    };
    node.step(Input::Heard(peer, Message::Heartbeat(heartbeat)));
    node.said.clear();
    (node, peer)
}

fn drops(node: &mut Node) -> Vec<DropReason> {
    let drop = |effect| match effect {
        Effect::Drop { reason, .. } => Some(reason),
        _ => None,
    };
    node.said.drain(..).filter_map(drop).collect()
}

/// A block with a milestone that nobody signed.
fn forged(node: &Node, index: u32) -> Arc<CheckedBlock> {
    let bytes = node.forge(1, |milestone| {
        milestone.index = MilestoneIndex(index);
        milestone.parents = Parents::new(vec![node.newest()]).expect("one");
    });
    let mut block = ParsedBlock::parse(bytes).expect("a block").block;
    if let Some(Payload::Milestone(milestone)) = &mut block.payload {
        milestone.signatures[0].signature[5] ^= 1;
        block.parents = milestone.parents.clone();
    }
    checked(Bytes::from(block.to_bytes()))
}

#[test]
fn unsigned_milestones_do_not_get_in_and_cost_their_sender() {
    let (mut node, peer) = node_with_neighbour();
    let before = node.engine.summary();
    let mut count = 0;
    loop {
        let block = forged(&node, 50 + count);
        assert!(block.flaw().is_some());
        node.step(Input::Block(Arc::clone(&block), Source::Peer(peer)));
        assert!(!node.disk.contains(&block.id()).expect("infallible"));
        count += 1;
        if let [reason, ..] = drops(&mut node)[..] {
            assert_eq!(reason, DropReason::Offence(Offence::Milestone));
            break;
        }
        assert!(count < 100);
    }
    assert_eq!(count, 10);
    let after = node.engine.summary();
    assert_eq!(after.latest, before.latest);
    assert_eq!(after.unreferenced_count, before.unreferenced_count);
}

#[test]
fn flawed_block_that_a_milestone_needs_is_taken_as_an_ordinary_one() {
    // A coordinator that takes anything has approved an unsigned milestone.
    let mut leader = Node::new(true);
    leader.second();
    let flawed = forged(&leader, 77);
    let bytes = flawed.parsed().bytes.clone();
    let mut disk = leader.disk.0.lock().expect("no panic");
    disk.blocks.insert(flawed.id(), bytes);
    drop(disk);
    leader.step(Input::Block(Arc::clone(&flawed), Source::Replay));
    leader.second();
    assert!(leader.metadata(&flawed).is_some(), "it was approved");

    let mut follower = Node::new(false);
    let peer = PeerKey(3);
    follower.step(Input::Connected {
        peer,
        class: PeerClass::Known,
    });
    let milestones = leader.milestones();
    let bytes = |id: &BlockId| {
        leader
            .disk
            .0
            .lock()
            .expect("no panic")
            .blocks
            .get(id)
            .cloned()
    };
    for stored in &milestones {
        let block = bytes(&stored.block_id).expect("stored");
        follower.step(Input::Block(checked(block), Source::Peer(peer)));
    }
    assert!(
        follower.engine.summary().confirmed.index
            < milestones.last().expect("some").milestone.index
    );
    follower.step(Input::Block(Arc::clone(&flawed), Source::Peer(peer)));
    let last = milestones.last().expect("some").milestone.index;
    assert_eq!(follower.engine.summary().confirmed.index, last);
    assert!(follower.metadata(&flawed).is_some());
    assert_eq!(drops(&mut follower), []);
}

#[test]
fn weak_blocks_cost_their_sender() {
    let (mut node, peer) = node_with_neighbour();
    let strict = ProtocolParameters {
        pow_score_min: 1_000_000,
        ..parameters()
    };
    for number in 0..5 {
        let strong = data(&[node.newest()], &format!("weak {number}"));
        let parsed = strong.parsed().clone();
        let weak = check(vec![parsed], &strict, &keys())
            .remove(0)
            .expect("flawed");
        assert!(weak.flaw().is_some());
        let id = weak.id();
        node.step(Input::Block(Arc::new(weak), Source::Peer(peer)));
        assert!(!node.disk.contains(&id).expect("infallible"));
    }
    assert_eq!(
        drops(&mut node),
        [DropReason::Offence(Offence::ProofOfWork)]
    );
}

#[test]
fn second_block_of_one_milestone_is_not_taken_unasked() {
    let (mut leader, _) = node_with_neighbour();
    leader.second();
    let mut follower = Node::new(false);
    let peer = PeerKey(1);
    follower.step(Input::Connected {
        peer,
        class: PeerClass::Unknown,
    });
    // The same milestone with the signatures of other keys: another block (G-08).
    let original = leader.forge(1, |_| {});
    let mut block: Block = ParsedBlock::parse(original.clone()).expect("a block").block;
    let Some(Payload::Milestone(milestone)) = &mut block.payload else {
        panic!("a milestone");
    };
    let id = milestone.id();
    let signature = &mut milestone.signatures[1];
    let third = crate::harness::milestone_key(2);
    signature.public_key = third.public_key();
    signature.signature = third.sign(&id.0);
    milestone
        .signatures
        .sort_by_key(|signature| signature.public_key);
    let variant = checked(Bytes::from(block.to_bytes()));
    assert_eq!(
        variant.milestone_id(),
        checked(original.clone()).milestone_id()
    );
    follower.step(Input::Block(checked(original), Source::Peer(peer)));
    assert_eq!(follower.engine.summary().confirmed.index, MilestoneIndex(1));
    follower.step(Input::Block(Arc::clone(&variant), Source::Peer(peer)));
    assert!(!follower.disk.contains(&variant.id()).expect("infallible"));
    assert!(follower.engine.summary().halted.is_none());
}

#[test]
fn blocks_without_parents_from_one_neighbour_do_not_displace_those_of_another() {
    let (mut node, flooder) = node_with_neighbour();
    let honest = PeerKey(8);
    node.step(Input::Connected {
        peer: honest,
        class: PeerClass::Unknown,
    });
    let parent = data(&[node.newest()], "late parent");
    let child = data(&[parent.id()], "child");
    node.step(Input::Block(Arc::clone(&child), Source::Peer(honest)));
    // The window has room for 100 that wait.
    for number in 0_u32..1_000 {
        let mut nowhere = [9; 32];
        nowhere[..4].copy_from_slice(&number.to_le_bytes());
        let lost = block(&[BlockId(nowhere)], None);
        node.step(Input::Block(lost, Source::Peer(flooder)));
    }
    assert!(node.engine.summary().unreferenced_count <= 110);
    node.step(Input::Block(parent, Source::Peer(honest)));
    assert!(
        node.disk.contains(&child.id()).expect("infallible"),
        "it had stayed"
    );
}

#[test]
fn node_far_behind_ignores_new_blocks_but_not_what_it_asked_for() {
    let mut net = Net::new(2);
    history(&mut net, 30, 1);
    let mut follower = Node::new(false);
    let peer = PeerKey(0);
    follower.step(Input::Connected {
        peer,
        class: PeerClass::Known,
    });
    let far = MilestoneIndex(net.confirmed(0));
    let heartbeat = Heartbeat {
        solid_index: far,
        latest_index: far,
        ..Heartbeat::default()
    };
    follower.step(Input::Heard(peer, Message::Heartbeat(heartbeat)));
    let newest = net.nodes[0].newest();
    // A claim alone keeps nothing out; the milestone itself shows how far behind this node is.
    let bytes = net.nodes[0].disk.0.lock().expect("no panic").blocks[&newest].clone();
    follower.step(Input::Block(checked(bytes), Source::Peer(peer)));
    let before = follower.engine.summary().unreferenced_count;
    let new = data(&[newest], "new");
    follower.step(Input::Block(Arc::clone(&new), Source::Peer(peer)));
    assert_eq!(follower.engine.summary().unreferenced_count, before);
    let asked = Message::MilestoneRequest(Some(MilestoneIndex(1)));
    let is_asked = |effect: &Effect| matches!(effect, Effect::Say(_, said) if *said == asked);
    assert!(follower.said.iter().any(is_asked));
}

#[test]
fn block_with_a_past_too_deep_is_not_taken_from_a_neighbour() {
    let mut net = Net::new(2);
    net.connect(0, 1);
    let old = history(&mut net, 1, 1)[0];
    net.seconds(20);
    let deep = data(&[old], "deep");
    net.nodes[1].step(Input::Block(Arc::clone(&deep), Source::Peer(PeerKey(0))));
    assert!(!net.nodes[1].disk.contains(&deep.id()).expect("infallible"));
    let fresh = data(&[net.nodes[1].newest()], "fresh");
    net.nodes[1].step(Input::Block(Arc::clone(&fresh), Source::Peer(PeerKey(0))));
    assert!(net.nodes[1].disk.contains(&fresh.id()).expect("infallible"));
}

#[test]
fn milestone_that_could_not_be_verified_is_taken_once_the_keys_are_known() {
    // Where no proof of work is asked for, the block gets in as an ordinary one, by replay.
    let mut leader = Node::new(true);
    leader.second();
    let disk = leader.milestones();
    let first = leader.disk.0.lock().expect("no panic").blocks[&disk[0].block_id].clone();
    let other = tangle_consensus::MilestoneKeys::new(
        vec![tangle_consensus::KeyRange {
            public_key: [3; 32],
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        }],
        1,
        MilestoneIndex(1),
    )
    .expect("a key");
    let parsed = ParsedBlock::parse(first.clone()).expect("a block");
    let unverified = check(vec![parsed], &parameters(), &other)
        .remove(0)
        .expect("flawed");
    let mut node = Node::new(false);
    node.step(Input::Block(Arc::new(unverified), Source::Replay));
    assert_eq!(node.engine.summary().latest.index, MilestoneIndex(0));
    // It is on the disk, and after a restart with the right keys a neighbour sends it again.
    node.disk
        .0
        .lock()
        .expect("no panic")
        .blocks
        .insert(disk[0].block_id, first.clone());
    let restarted = Node::open(node.disk.clone(), false, node.now);
    assert_eq!(
        restarted.engine.summary().confirmed.index,
        MilestoneIndex(1)
    );
}

impl Net {
    fn check_agreement_of(&self, nodes: &[usize]) {
        let first = self.nodes[nodes[0]].engine.summary().confirmed;
        for node in nodes {
            assert_eq!(self.nodes[*node].engine.summary().confirmed, first);
        }
    }
}
