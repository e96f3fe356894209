//! What the nodes of a dev network listen on for clients.
//!
//! Node 1 listens on the ports that the configuration names, and each further node on the next
//! ones.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::config::DevConfig;
use crate::args::DevArguments;
use crate::failure::{Code, Failure, Outcome};
use crate::ports;

/// What the node at a position listens on.
pub(crate) struct Listeners {
    pub(crate) rest: TcpListener,
    pub(crate) mqtt: Option<TcpListener>,
    pub(crate) metrics: Option<TcpListener>,
}

impl Listeners {
    /// Listens for all nodes, in order.
    pub(crate) fn open(config: &DevConfig, arguments: &DevArguments) -> Outcome<Vec<Self>> {
        (0..config.dev.nodes)
            .map(|position| Self::open_one(config, arguments, position))
            .collect()
    }

    fn open_one(config: &DevConfig, arguments: &DevArguments, position: usize) -> Outcome<Self> {
        let first = arguments.port.unwrap_or(config.ports.rest);
        let rest = ports::listen(loopback(port(first, position)?), &hint(config, position))?;
        let beside = |first| match arguments.port {
            Some(0) => Ok(0),
            _ => port(first, position),
        };
        let mqtt = match config.ports.mqtt {
            Some(first) => Some(ports::listen(
                loopback(beside(first)?),
                "stop it, or set another ports.mqtt",
            )?),
            None => None,
        };
        let mut metrics = config.metrics.clone();
        if metrics.enabled {
            metrics.bind.set_port(beside(metrics.bind.port())?);
        }
        Ok(Self {
            rest,
            mqtt,
            metrics: metrics.listen()?,
        })
    }
}

/// What to do when the port of a node is taken.
fn hint(config: &DevConfig, position: usize) -> String {
    let count = config.dev.nodes;
    if count == 1 {
        return "stop it, or let tangle pick a port:  tangle dev --port 0".to_owned();
    }
    format!(
        "node {} of {count} needs it: each node has the port after that of the one before.\n\
         stop it, let tangle pick the ports:  tangle dev --nodes {count} --port 0\n\
         or choose that of node 1:  tangle dev --nodes {count} --port PORT",
        position + 1
    )
}

/// The port of the node at a position when that of node 1 is `first`.
fn port(first: u16, position: usize) -> Outcome<u16> {
    if first == 0 {
        return Ok(0);
    }
    let after = u16::try_from(position).ok();
    let port = after.and_then(|position| first.checked_add(position));
    port.ok_or_else(|| {
        let message = format!(
            "there is no port for node {} after {}",
            position + 1,
            u16::MAX
        );
        Failure::new(Code::ConfigValue, message)
            .with("node 1", format!("port {first}"))
            .help("choose a lower port for node 1, or let tangle pick the ports:  --port 0")
    })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The faucet's listener, if it runs.
pub(crate) fn faucet_listener(
    config: &DevConfig,
    arguments: &DevArguments,
) -> Outcome<Option<TcpListener>> {
    if arguments.no_faucet || !config.faucet.enabled {
        return Ok(None);
    }
    let port = match (arguments.faucet_port, arguments.port) {
        (Some(port), _) => port,
        (None, Some(0)) => 0,
        (None, _) => config.ports.faucet,
    };
    ports::listen(
        loopback(port),
        "stop it, let tangle pick a port:  tangle dev --faucet-port 0\n\
         or go without a faucet:  tangle dev --no-faucet",
    )
    .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_that_of_node_1_unless_they_are_free_ones() {
        let number = |first, position| port(first, position).map_err(|failure| failure.exit_code());
        assert_eq!(number(14_265, 0), Ok(14_265));
        assert_eq!(number(14_265, 31), Ok(14_296));
        assert_eq!(number(0, 31), Ok(0));
        assert_eq!(number(65_535, 1), Err(2));
    }
}
