//! Nodes that catch up over real sockets, with whole cones and without.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tangle_network::{
    Identity, KnownPeer, NetworkConfig, NetworkEvent, NetworkEvents, NetworkHandle, PeerAddress,
};
use tangle_node::{Node, Transport, TransportEvent, TransportEvents, start};
use tangle_sync::PeerKey;
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message;
use tangle_types::{BlockId, Codec};
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};

use crate::node::{config, draft, genesis, start_in};

/// Blocks that there are to catch up with.
const BLOCKS: usize = 300;

/// A node with its connections.
struct Peer {
    node: Node,
    network: NetworkHandle,
    _folder: TempDir,
}

/// The network part, but what it says of cones is changed.
#[derive(Debug)]
struct Liar {
    network: NetworkHandle,
    lie: fn(&mut ConeMessage),
}

impl Transport for Liar {
    fn send(&self, peer: PeerKey, message: Message) -> bool {
        self.network.send(peer, message)
    }

    fn broadcast(&self, message: &Message, except: &[PeerKey]) {
        self.network.broadcast(message, except);
    }

    fn send_cone(&self, peer: PeerKey, mut message: ConeMessage) -> bool {
        (self.lie)(&mut message);
        self.network.send_cone(peer, message)
    }

    fn has_cone_room(&self, peer: PeerKey) -> bool {
        self.network.has_cone_room(peer)
    }

    fn disconnect(&self, peer: PeerKey, _ban: Option<Duration>) {
        self.network.disconnect(peer);
    }
}

struct Heard {
    events: NetworkEvents,
    runtime: runtime::Handle,
}

impl TransportEvents for Heard {
    fn read(&mut self, events: &mut Vec<TransportEvent>, _count_max: usize) -> bool {
        let event = self.runtime.block_on(self.events.recv());
        events.extend(event.map(|event| match event {
            NetworkEvent::Connected(key, peer) => TransportEvent::Connected(key, peer.class),
            NetworkEvent::Message(key, message) => TransportEvent::Message(key, message),
            NetworkEvent::ConesOpen(key) => TransportEvent::ConesOpen(key),
            NetworkEvent::Cone(key, message) => TransportEvent::Cone(key, message),
            NetworkEvent::Disconnected(key, _) => TransportEvent::Disconnected(key),
        }));
        !events.is_empty()
    }
}

/// A node and one that catches up with it.
struct Pair {
    runtime: Runtime,
    peers: Vec<Peer>,
}

impl Pair {
    /// A coordinator's node with some history.
    fn new(cones: bool, lie: Option<fn(&mut ConeMessage)>) -> (Self, Vec<BlockId>) {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let node = start_in(folder.path());
        let mut pair = Self {
            runtime,
            peers: Vec::new(),
        };
        pair.adopt(node, folder, cones, lie);
        let handle = pair.peers[0].node.handle();
        let mut ids = Vec::new();
        wait("a first milestone", || handle.status().is_healthy);
        for number in 0..BLOCKS {
            let bytes = Bytes::from(draft(&format!("block {number}")).to_bytes());
            let taken = pair.runtime.block_on(handle.submit(bytes));
            ids.push(taken.expect("the block is taken"));
        }
        // A node that is hardly behind asks for blocks one by one.
        let end = handle.status().confirmed.index.0 + 4;
        wait("more milestones", || {
            handle.status().confirmed.index.0 >= end
        });
        (pair, ids)
    }

    /// A fresh node that knows the first one.
    fn add(&mut self, cones: bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let node = start(&config(folder.path()), &genesis(0), None).expect("the node starts");
        self.adopt(node, folder, cones, None);
    }

    fn adopt(
        &mut self,
        mut node: Node,
        folder: TempDir,
        cones: bool,
        lie: Option<fn(&mut ConeMessage)>,
    ) {
        let number = u8::try_from(self.peers.len() + 1).expect("few nodes");
        let network_id = genesis(0).parameters.network_id().0;
        let mut config = NetworkConfig::new(Identity::from_seed([number; 32]), network_id);
        let bind = format!("/ip4/{}/tcp/0", Ipv4Addr::LOCALHOST);
        config.bind = vec![bind.parse().expect("an address")];
        config.quic = false;
        config.cones = cones;
        config.known = self.peers.iter().map(Peer::known).collect();
        let started = self.runtime.block_on(tangle_network::start(config));
        let (network, events) = started.expect("it starts");
        let runtime = self.runtime.handle().clone();
        let joined = match lie {
            None => node.join_network(network.clone(), events, runtime),
            Some(lie) => {
                let network = network.clone();
                node.join(Arc::new(Liar { network, lie }), Heard { events, runtime })
            }
        };
        joined.expect("it joins");
        self.peers.push(Peer {
            node,
            network,
            _folder: folder,
        });
    }

    /// Waits until the fresh node has all blocks confirmed as the first one has.
    fn wait_for(&self, ids: &[BlockId]) {
        let [first, fresh] = [0, 1].map(|number| self.peers[number].node.handle());
        wait("a synced node", || {
            let status = fresh.status();
            status.is_healthy && status.confirmed.index >= first.status().confirmed.index
        });
        for id in ids {
            let [ours, theirs] = [&first, &fresh]
                .map(|node| tangle_engine::Store::metadata(node.reader(), id).expect("it works"));
            assert!(ours.is_some() && ours == theirs);
        }
    }

    /// Requests for single blocks that the first node has received.
    fn block_requests(&self) -> u64 {
        let peers = self.peers[0].network.peers();
        let connections = peers.into_iter().filter_map(|peer| peer.connection);
        connections.map(|it| it.received.block_requests).sum()
    }

    fn stop(self) {
        for peer in &self.peers {
            self.runtime.block_on(peer.network.stop());
        }
        for peer in self.peers {
            peer.node.stop();
        }
    }
}

impl Peer {
    fn known(&self) -> KnownPeer {
        let address = self.network.listening().into_iter().next();
        KnownPeer {
            address: PeerAddress {
                id: self.network.peer_id(),
                address: address.expect("it listens"),
            },
            alias: None,
        }
    }
}

fn wait(what: &str, mut is_done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_done() {
        assert!(started.elapsed() < Duration::from_secs(60), "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn fresh_node_gets_whole_cones() {
    let (mut pair, ids) = Pair::new(true, None);
    pair.add(true);
    pair.wait_for(&ids);
    let requests = pair.block_requests();
    assert!(requests < BLOCKS as u64 / 2, "{requests} requests");
    pair.stop();
}

#[test]
fn nodes_of_which_one_knows_no_cones_catch_up_block_by_block() {
    for (first, fresh) in [(true, false), (false, true)] {
        let (mut pair, ids) = Pair::new(first, None);
        pair.add(fresh);
        pair.wait_for(&ids);
        let requests = pair.block_requests();
        assert!(requests >= BLOCKS as u64, "{requests} requests");
        pair.stop();
    }
}

#[test]
fn fresh_node_catches_up_with_a_neighbour_that_lies_about_cones() {
    let lies: [fn(&mut ConeMessage); 2] = [
        |message| {
            if let ConeMessage::Ids(part) = message {
                part.ids.reverse();
            }
        },
        |message| {
            if let ConeMessage::Blocks(part) = message {
                let first = part.blocks.first().cloned();
                part.blocks.fill(first.unwrap_or_default());
            }
        },
    ];
    for lie in lies {
        let (mut pair, ids) = Pair::new(true, Some(lie));
        pair.add(true);
        pair.wait_for(&ids);
        pair.stop();
    }
}
