//! Nodes with neighbours: blocks reach everybody, nodes catch up, and floods are borne.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tangle_node::{Node, start};
use tangle_sync::Blocker;
use tangle_types::gossip::Message;
use tangle_types::{BlockId, Codec, MilestoneIndex};
use tempfile::TempDir;

use crate::node::{config, draft, genesis, start_in};
use crate::wires::Wires;

/// Nodes of one network; node 0 is the coordinator.
struct Network {
    nodes: Vec<Node>,
    folders: Vec<TempDir>,
    wires: Wires,
    runtime: tokio::runtime::Runtime,
}

impl Network {
    fn new(count: u32) -> Self {
        let mut network = Self {
            nodes: Vec::new(),
            folders: Vec::new(),
            wires: Wires::default(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime"),
        };
        for number in 0..count {
            network.add(number);
        }
        network
    }

    fn add(&mut self, number: u32) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut node = if number == 0 {
            start_in(folder.path())
        } else {
            follower(folder.path())
        };
        self.wires.join(&mut node, number);
        self.nodes.push(node);
        self.folders.push(folder);
    }

    fn submit(&self, node: usize, text: &str) -> BlockId {
        let handle = self.nodes[node].handle();
        let bytes = Bytes::from(draft(text).to_bytes());
        self.runtime
            .block_on(handle.submit(bytes))
            .expect("the block is taken")
    }

    fn confirmed(&self, node: usize) -> MilestoneIndex {
        self.nodes[node].handle().status().confirmed.index
    }

    /// Waits until a block is referenced at a node.
    fn wait_for_block(&self, node: usize, id: &BlockId) {
        let handle = self.nodes[node].handle();
        wait(&format!("block at node {node}"), || {
            let metadata = tangle_engine::Store::metadata(handle.reader(), id);
            metadata.expect("the store works").is_some()
        });
    }

    fn stop(self) {
        self.wires.cut();
        for node in self.nodes {
            node.stop();
        }
    }
}

fn follower(folder: &Path) -> Node {
    start(&config(folder), &genesis(0), None).expect("the node starts")
}

fn wait(what: &str, mut is_done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_done() {
        assert!(started.elapsed() < Duration::from_secs(20), "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn block_posted_at_the_end_of_a_line_is_confirmed_everywhere() {
    let network = Network::new(3);
    wait("lonely node", || {
        let status = network.nodes[1].handle().status();
        !status.is_healthy && status.sync == Some(Blocker::NoNeighbours)
    });
    network.wires.connect(0, 1);
    network.wires.connect(1, 2);
    wait("healthy node", || {
        network.nodes[2].handle().status().is_healthy
    });
    let id = network.submit(2, "from the end");
    for node in 0..3 {
        network.wait_for_block(node, &id);
    }
    let status = network.nodes[1].handle().status();
    assert!(status.is_healthy, "{:?}", status.blocker);
    assert_eq!(status.neighbours.len(), 2);
    let counts = network.nodes[1].handle().gossip_counts();
    assert_eq!(counts.dropped, 0);
    assert!(network.wires.bans().is_empty());
    network.stop();
}

#[test]
fn fresh_node_catches_up_and_a_restarted_one_goes_on() {
    let mut network = Network::new(2);
    network.wires.connect(0, 1);
    wait("healthy node", || {
        network.nodes[1].handle().status().is_healthy
    });
    let ids: Vec<BlockId> = (0..40)
        .map(|number| network.submit(0, &format!("block {number}")))
        .collect();
    for id in &ids {
        network.wait_for_block(0, id);
    }
    network.add(2);
    network.wires.connect(1, 2);
    for id in &ids {
        network.wait_for_block(2, id);
    }
    wait("synced node", || {
        let status = network.nodes[2].handle().status();
        status.is_healthy && status.confirmed.index >= network.confirmed(0)
    });
    assert!(network.nodes[1].handle().gossip_counts().served_requests > 40);
    network.stop();
}

#[test]
fn flood_of_garbage_ends_in_a_ban_and_honest_blocks_go_through() {
    let mut network = Network::new(2);
    network.wires.connect(0, 1);
    network.add(9);
    wait("healthy node", || {
        network.nodes[1].handle().status().is_healthy
    });
    network.wires.connect(1, 9);
    // In node 9's name, but nothing that it would say.
    for number in 0_u32..2_000 {
        let mut garbage = vec![7; 200];
        garbage[..4].copy_from_slice(&number.to_le_bytes());
        network
            .wires
            .say(9, 1, Message::Block(Bytes::from(garbage)));
    }
    let id = network.submit(1, "honest");
    network.wait_for_block(0, &id);
    network.wait_for_block(1, &id);
    wait("ban", || {
        let is_ban = |(by, whom, ban): &(u32, u32, Option<Duration>)| {
            (*by, *whom) == (1, 9) && ban.is_some()
        };
        network.wires.bans().iter().any(is_ban)
    });
    assert!(network.nodes[1].handle().status().is_healthy);
    network.stop();
}
