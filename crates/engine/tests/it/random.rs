//! Random Tangles with double spends, reattachments, duplicates, crashes and stuck disks: whatever
//! happens, the ledger is the one that the definitions give, and everything honest is confirmed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use tangle_crypto::ed25519::SecretKey;
use tangle_engine::{CheckedBlock, Input, Source, Time};
use tangle_ledger::Lookup;
use tangle_types::{
    Address, Block, BlockId, Codec, Essence, Output, OutputId, ParsedBlock, Payload,
    inputs_commitment,
};

use crate::harness::{
    MemoryStore, Node, SUPPLY, block, checked, data, genesis_output, owner, parameters,
};
use crate::oracle::Oracle;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn hits(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// An output that somebody may spend, if it really exists.
#[derive(Clone)]
struct Coin {
    id: OutputId,
    amount: u64,
    key: SecretKey,
}

/// Makes blocks.
struct Traffic {
    dice: Dice,
    coins: Vec<Coin>,
    payloads: Vec<Payload>,
    blocks: Vec<Arc<CheckedBlock>>,
}

impl Traffic {
    fn new(seed: u64) -> Self {
        let genesis = Coin {
            id: genesis_output().id,
            amount: SUPPLY,
            key: owner(),
        };
        Self {
            dice: Dice(seed),
            coins: vec![genesis],
            payloads: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// A block on some of the last blocks and on `root`.
    fn block(&mut self, root: BlockId) -> Arc<CheckedBlock> {
        let recent = self.blocks.len().min(15);
        let mut parents = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let back = self.dice.below(recent + 1);
            parents.push(match back {
                0 => root,
                back => self.blocks[self.blocks.len() - back].id(),
            });
        }
        let payload = match self.dice.below(10) {
            0..6 => Some(self.spend()),
            6..8 if !self.payloads.is_empty() => {
                let old = self.dice.below(self.payloads.len());
                Some(self.payloads[old].clone())
            }
            _ => None,
        };
        let made = match payload {
            Some(payload) => block(&parents, Some(payload)),
            None => data(&parents, &format!("block {}", self.blocks.len())),
        };
        self.blocks.push(Arc::clone(&made));
        made
    }

    /// Spends a coin, spent before or not, and halves it.
    fn spend(&mut self) -> Payload {
        let coin = self.coins[self.dice.below(self.coins.len())].clone();
        let keys = [1, 2]
            .map(|_| SecretKey::from_seed([u8::try_from(self.dice.below(5)).expect("small"); 32]));
        // Different each time, so that two spends of a coin are two transactions.
        let shift = u64::try_from(self.dice.below(100)).expect("small");
        let first = coin.amount / 2 - shift;
        let amounts = [first, coin.amount - first];
        let address = |key: &SecretKey| Address::from_public_key(&key.public_key());
        let consumed = Output::basic(address(&coin.key), coin.amount);
        let essence = Essence {
            network_id: parameters().network_id(),
            inputs: vec![coin.id],
            inputs_commitment: inputs_commitment([&consumed]),
            outputs: (0..2)
                .map(|at| Output::basic(address(&keys[at]), amounts[at]))
                .collect(),
            payload: None,
        };
        let transaction = essence.signed_by(&coin.key);
        let id = transaction.id();
        if amounts.iter().all(|amount| *amount > 10_000) {
            for (index, (amount, key)) in (0..).zip(amounts.into_iter().zip(keys)) {
                let id = OutputId::new(id, index);
                self.coins.push(Coin { id, amount, key });
            }
        }
        let payload = Payload::Transaction(Box::new(transaction));
        self.payloads.push(payload.clone());
        payload
    }
}

/// Stops a node and starts it from what is on its disk.
fn restart(node: Node, is_coordinator: bool) -> Node {
    let (disk, now) = (node.disk.clone(), node.now);
    drop(node);
    Node::open(disk, is_coordinator, Time(now.0 + 50))
}

/// What the node's disk says is what the definitions give.
fn check_ledger(disk: &MemoryStore) {
    let disk = disk.0.lock().expect("no panic");
    let parse = |bytes: &Bytes| ParsedBlock::parse(bytes.clone()).expect("a block").block;
    let blocks: HashMap<BlockId, Block> = disk
        .blocks
        .iter()
        .map(|(id, bytes)| (*id, parse(bytes)))
        .collect();
    let genesis = (genesis_output().id, SUPPLY);
    let oracle = Oracle::replay(genesis, &blocks, &disk.milestones);
    assert_eq!(disk.metadata, oracle.metadata);
    let mut spent = BTreeSet::new();
    let mut unspent = std::collections::BTreeMap::new();
    for (id, lookup) in &disk.outputs {
        match lookup {
            Lookup::Unspent(output) => {
                unspent.insert(*id, output.output.amount());
            }
            Lookup::Spent => {
                spent.insert(*id);
            }
            Lookup::Unknown => panic!("what is on the disk is known"),
        }
    }
    assert_eq!(unspent, oracle.unspent);
    assert_eq!(spent, oracle.spent());
    assert_eq!(unspent.values().sum::<u64>(), SUPPLY);
    for (position, milestone) in (1..).zip(&disk.milestones) {
        assert_eq!(milestone.milestone.index.0, position);
    }
}

/// Traffic against a coordinator that crashes now and then.
fn run_leader(traffic: &mut Traffic) -> Node {
    let mut node = Node::new(true);
    for _ in 0..8 {
        let count = 1 + traffic.dice.below(12);
        let root = node.newest();
        let mut blocks: Vec<_> = (0..count).map(|_| traffic.block(root)).collect();
        traffic.dice.shuffle(&mut blocks);
        for block in &blocks {
            node.step(Input::Block(Arc::clone(block), Source::Bulk));
            if traffic.dice.hits(10) {
                node.step(Input::Block(Arc::clone(block), Source::Bulk));
            }
            // What the disk has not done is lost with the process.
            node.is_disk_stuck |= traffic.dice.hits(3);
        }
        if traffic.dice.hits(20) {
            node.now.0 += 750;
            node.step(Input::Tick);
            node.now.0 += 250;
            node.is_disk_stuck |= traffic.dice.hits(50);
            node.step(Input::Tick);
        } else {
            node.second();
        }
        if traffic.dice.hits(30) {
            node.is_disk_stuck &= traffic.dice.hits(50);
            if node.is_disk_stuck {
                // Some effects are carried out before the crash.
                node.carry_out_some(traffic.dice.below(6));
            }
            node = restart(node, true);
        } else if node.is_disk_stuck && traffic.dice.hits(60) {
            node.unstick();
        }
    }
    node.unstick();
    node
}

fn all_blocks(node: &Node) -> Vec<Bytes> {
    let disk = node.disk.0.lock().expect("no panic");
    let mut blocks: Vec<(BlockId, Bytes)> = disk
        .blocks
        .iter()
        .map(|(id, bytes)| (*id, bytes.clone()))
        .collect();
    blocks.sort_by_key(|(id, _)| *id);
    blocks.into_iter().map(|(_, bytes)| bytes).collect()
}

fn run(seed: u64) {
    let mut traffic = Traffic::new(seed);
    let mut leader = run_leader(&mut traffic);
    // Blocks that a crash has lost are sent again.
    for block in &traffic.blocks {
        leader.step(Input::Block(Arc::clone(block), Source::Bulk));
    }
    for _ in 0..3 {
        leader.second();
    }
    assert_eq!(leader.engine.summary().halted, None);
    for block in &traffic.blocks {
        assert!(
            leader.metadata(block).is_some(),
            "{} is left behind",
            block.id()
        );
    }
    check_ledger(&leader.disk);

    let mut blocks = all_blocks(&leader);
    traffic.dice.shuffle(&mut blocks);
    let mut follower = Node::new(false);
    for bytes in blocks {
        follower.step(Input::Block(checked(bytes), Source::Bulk));
        if traffic.dice.hits(2) {
            follower = restart(follower, false);
        }
    }
    // What waited for its parents was not stored, and a restart has lost it.
    for bytes in all_blocks(&leader) {
        follower.step(Input::Block(checked(bytes), Source::Bulk));
    }
    assert_eq!(follower.milestones(), leader.milestones());
    check_ledger(&follower.disk);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn ledger_is_what_the_definitions_give(seed in any::<u64>()) {
        run(seed);
    }
}

#[test]
fn many_tips_are_referenced_by_the_next_milestone() {
    for count in [9, 64, 500, 3_000] {
        let mut node = Node::new(true);
        let root = node.newest();
        let blocks: Vec<_> = (0..count)
            .map(|it| data(&[root], &format!("{it}")))
            .collect();
        for block in &blocks {
            assert!(node.submit(block));
        }
        node.second();
        let left = blocks
            .iter()
            .filter(|block| node.metadata(block).is_none())
            .count();
        assert_eq!(left, 0, "of {count}");
        assert_eq!(node.milestones().len(), 2);
    }
}

#[test]
fn bytes_of_a_block_stay_as_they_came() {
    let mut node = Node::new(true);
    let block = data(&[node.newest()], "as it is");
    assert!(node.submit(&block));
    let disk = node.disk.0.lock().expect("no panic");
    assert_eq!(disk.blocks[&block.id()], block.parsed().bytes);
    assert_eq!(block.parsed().block.to_bytes(), block.parsed().bytes);
}
