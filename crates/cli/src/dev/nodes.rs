//! The nodes of a dev network: how many, and how they are connected.

use tangle_network::{Identity, NetworkConfig};
use tangle_storage::Genesis;

use super::distance::{Latency, Loss};
use super::topology::{self, Link, NODES_MAX, Topology};
use crate::args::DevArguments;
use crate::config::section;
use crate::failure::{Code, Failure, Outcome};

section! {
    /// The nodes, and what lies between them.
    pub(crate) struct NodesSection {
        /// How many, 1 to 32. Node 1 issues the milestones and has the faucet. Each has its own
        /// store, with the limits of `storage`, and the ports after those of the one before.
        nodes: usize = 1,
        /// Who is connected with whom: `full`, `ring`, `line`, `star` (all with node 1), or
        /// `random:N`, where a node has N neighbours; with `random`, which is `random:4`, up to
        /// five nodes are all connected.
        topology: Topology = Topology::default(),
        /// How long messages between two nodes are on their way, up to 10s. Of a range, each link
        /// gets one.
        latency: Latency = Latency::default(),
        /// Messages between nodes that are lost, in per cent, up to 50.
        loss: Loss = Loss::default(),
        /// Random links, their latencies and which of their messages are lost follow from it.
        seed: u64 = 1,
    }
}

impl NodesSection {
    /// Lays the flags over the configuration.
    pub(crate) fn overlay(&mut self, arguments: &DevArguments) {
        self.nodes = arguments.nodes.map_or(self.nodes, usize::from);
        self.topology = arguments.topology.unwrap_or(self.topology);
        self.latency = arguments.latency.unwrap_or(self.latency);
        self.loss = arguments.loss.unwrap_or(self.loss);
        self.seed = arguments.seed.unwrap_or(self.seed);
    }

    pub(crate) fn check(&self) -> Outcome {
        if (1..=NODES_MAX).contains(&self.nodes) {
            return Ok(());
        }
        let message = format!(
            "dev.nodes = {}: 1 to {NODES_MAX} are possible, as all run in one process",
            self.nodes
        );
        Err(Failure::new(Code::ConfigValue, message))
    }

    pub(crate) fn links(&self) -> Vec<Link> {
        topology::links(
            self.nodes,
            self.topology,
            self.latency,
            self.loss,
            self.seed,
        )
    }
}

/// How the node at a position meets the others, of which each has its name; `None` when there are
/// no others. The system picks a free port, so that none can be taken.
pub(crate) fn network(
    position: usize,
    links: &[Link],
    names: &[Identity],
    genesis: &Genesis,
) -> Option<NetworkConfig> {
    if links.is_empty() {
        return None;
    }
    let network_id = genesis.parameters.network_id().0;
    let mut config = NetworkConfig::new(names[position].clone(), network_id);
    config.bind = vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")];
    config.quic = false;
    // The later one of two nodes dials, so that the earlier one has many guests.
    config.limits.unknown_count_max = NODES_MAX;
    config.limits.guest_count_max = 2 * NODES_MAX;
    config.limits.pending_count_max = 2 * NODES_MAX;
    let conditions = links.iter().filter_map(|link| {
        let other = link.other(position)?;
        Some((names[other].peer_id(), link.condition(position)?))
    });
    config.conditions = conditions.collect();
    Some(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_nodes_has_limits() {
        let with = |nodes| NodesSection {
            nodes,
            ..NodesSection::default()
        };
        assert!(with(1).check().is_ok() && with(NODES_MAX).check().is_ok());
        for nodes in [0, NODES_MAX + 1] {
            let failure = with(nodes).check().expect_err("too few or too many");
            assert!(failure.message().contains("1 to 32"), "{failure:?}");
        }
    }
}
