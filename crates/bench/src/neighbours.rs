//! Nodes in one process that talk over loopback through the real network part.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tangle_network::{Identity, KnownPeer, NetworkConfig, NetworkHandle, PeerAddress};
use tangle_node::{Handle, Node, NodeConfig};
use tangle_storage::{Genesis, StorageConfig};
use tokio::runtime::Runtime;

use crate::ingest::{STALL, coordinator};

/// Nodes with their connections.
pub(crate) struct Network {
    runtime: Runtime,
    nodes: Vec<Node>,
    networks: Vec<NetworkHandle>,
    id: u64,
}

/// What went over the wires.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    /// Bytes that all nodes have sent.
    pub(crate) sent_bytes: u64,
    /// Blocks that all nodes have received.
    pub(crate) received_blocks: u64,
    /// Messages that found no room in a queue.
    pub(crate) dropped: u64,
}

impl Network {
    /// No nodes yet.
    pub(crate) fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            nodes: Vec::new(),
            networks: Vec::new(),
            id: 0,
        })
    }

    /// Starts a node with its store in `folder` that knows these others.
    pub(crate) fn add(
        &mut self,
        folder: &Path,
        genesis: &Genesis,
        is_coordinator: bool,
        known: &[usize],
    ) -> Result<()> {
        let config = NodeConfig::new(StorageConfig {
            path: folder.to_owned(),
            ..StorageConfig::default()
        });
        let coordinator = is_coordinator.then(coordinator);
        let node = tangle_node::start(&config, genesis, coordinator)?;
        self.adopt(node, genesis, known)
    }

    /// Connects a node that runs already.
    pub(crate) fn adopt(
        &mut self,
        mut node: Node,
        genesis: &Genesis,
        known: &[usize],
    ) -> Result<()> {
        let number = u8::try_from(self.nodes.len())?;
        let identity = Identity::from_seed([number + 1; 32]);
        self.id = genesis.parameters.network_id().0;
        let mut config = NetworkConfig::new(identity, self.id);
        config.bind = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
        config.quic = false;
        config.known = known
            .iter()
            .map(|other| self.address(*other))
            .collect::<Result<_>>()?;
        config.limits.unknown_count_max = 64;
        let (network, events) = self.runtime.block_on(tangle_network::start(config))?;
        let runtime = self.runtime.handle().clone();
        node.join_network(network.clone(), events, runtime)?;
        self.nodes.push(node);
        self.networks.push(network);
        Ok(())
    }

    /// Where others reach a node.
    pub(crate) fn address(&self, node: usize) -> Result<KnownPeer> {
        let network = &self.networks[node];
        let address = network.listening().into_iter().next();
        Ok(KnownPeer {
            address: PeerAddress {
                id: network.peer_id(),
                address: address.context("a node listens nowhere")?,
            },
            alias: None,
        })
    }

    pub(crate) fn node(&self, number: usize) -> Handle {
        self.nodes[number].handle()
    }

    /// Id of the ledger's network, once there is a node.
    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What has gone over the wires so far.
    pub(crate) fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        let peers = self.networks.iter().flat_map(NetworkHandle::peers);
        for connection in peers.filter_map(|peer| peer.connection) {
            traffic.sent_bytes += connection.sent.bytes;
            traffic.received_blocks += connection.received.blocks;
            traffic.dropped += connection.dropped_count;
        }
        traffic
    }

    /// Waits until all nodes are healthy.
    pub(crate) fn wait_until_healthy(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let statuses = self.nodes.iter().map(|node| node.handle().status());
            let Some(status) = statuses.into_iter().find(|status| !status.is_healthy) else {
                return Ok(());
            };
            if started.elapsed() > STALL {
                bail!("a node is not healthy: {:?}", status.blocker);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stop(self) {
        for network in &self.networks {
            self.runtime.block_on(network.stop());
        }
        for node in self.nodes {
            node.stop();
        }
    }
}
