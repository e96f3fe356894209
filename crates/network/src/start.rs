//! Starting: the swarm and its parts are put together here, and nowhere else.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures::StreamExt;
use libp2p_core::Multiaddr;
use libp2p_core::multiaddr::Protocol;
use libp2p_swarm::behaviour::toggle::Toggle;
use libp2p_swarm::{NetworkBehaviour, StreamProtocol, Swarm, SwarmEvent};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::address::{TransportKind, transport};
use crate::admission::Admission;
use crate::book::Book;
use crate::driver::Driver;
use crate::finder::Finder;
use crate::handle::Board;
use crate::inbox::inbox;
use crate::streams::{Protocols, Streams};
use crate::transport::{self as transports, TransportError};
use crate::{NetworkConfig, NetworkEvents, NetworkHandle, PeerFileError, ban_file, peer_file};

/// Commands that may wait for the driver; whoever gives more waits.
const COMMANDS_MAX: usize = 64;
/// Longest time for listening to begin.
const LISTEN: Duration = Duration::from_secs(5);
/// Streams of one connection that may be negotiated at once; more are reset.
const NEGOTIATING_MAX: usize = 8;

/// Why the network part does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Connections cannot be encrypted.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The node cannot listen.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Where.
        address: Multiaddr,
        /// Why not.
        reason: String,
    },
    /// An address to listen on is not of the form that it needs.
    #[error("cannot listen on {0}: an address such as /ip4/0.0.0.0/tcp/15600 is expected")]
    BindAddress(Multiaddr),
    /// The file of peers cannot be used.
    #[error(transparent)]
    PeerFile(#[from] PeerFileError),
}

/// What a connection is used for.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p_swarm::derive_prelude")]
pub(crate) struct Behaviour {
    // First: it refuses connections before the others hear of them.
    pub(crate) streams: Streams,
    pub(crate) identify: libp2p_identify::Behaviour,
    pub(crate) kad: Toggle<Finder>,
}

/// Name of the gossip protocol of a network.
pub(crate) fn gossip_protocol(network_id: u64) -> String {
    format!("/iota-gossip/{network_id}/1.0.0")
}

/// Name of the protocol by which nodes of this kind give each other whole cones.
pub(crate) fn cones_protocol(network_id: u64) -> String {
    format!("/tangle-cones/{network_id}/1.0.0")
}

/// Name of the protocol that peers are found with.
pub(crate) fn kad_protocol(network_id: u64) -> String {
    format!("/tangle-kad/{network_id}/1.0.0")
}

/// Starts the network part of a node: listens, and connects to known peers. Must be called within
/// a tokio runtime.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: NetworkConfig) -> Result<(NetworkHandle, NetworkEvents), StartError> {
    let kept = match &config.peer_file {
        Some(path) => peer_file::read(path)?,
        None => Vec::new(),
    };
    let mut swarm = swarm(&config)?;
    let listening = listen(&mut swarm, &config).await?;
    let now = Instant::now();
    if let Some(path) = &config.peer_file {
        let admission = &mut swarm.behaviour_mut().streams.admission;
        ban_file::read(&ban_file::path(path), admission);
    }
    let mut book = Book::new(&config);
    let kept = kept.into_iter().map(|peer| (peer, true));
    for (peer, is_kept) in config
        .known
        .iter()
        .cloned()
        .map(|peer| (peer, false))
        .chain(kept)
    {
        let id = peer.address.id;
        if book.add_known(peer, is_kept, now) {
            swarm.behaviour_mut().streams.admission.set_known(id, true);
        } else {
            tracing::warn!(peer = %id, "not taken as a peer: it is this node, or one too many");
        }
    }
    let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
    let (inbox, events) = inbox(config.limits.receive_bytes_max);
    let board = Arc::new(Board {
        id: config.identity.peer_id(),
        lines: RwLock::new(BTreeMap::new()),
        peers: RwLock::default(),
        listening: RwLock::new(listening),
    });
    let driver = Driver::new(config, swarm, book, Arc::clone(&board), inbox, commands);
    driver.show();
    tokio::spawn(driver.run());
    let handle = NetworkHandle {
        commands: commands_in,
        board,
    };
    Ok((handle, events))
}

fn swarm(config: &NetworkConfig) -> Result<Swarm<Behaviour>, StartError> {
    let keypair = config.identity.keypair();
    let id = config.identity.peer_id();
    let transport = transports::build(keypair, config.quic, config.timing.handshake)?;
    let protocols = Protocols {
        gossip: stream_protocol(gossip_protocol(config.network_id)),
        cones: config
            .cones
            .then(|| stream_protocol(cones_protocol(config.network_id))),
    };
    let admission = Admission::new(config.limits);
    let identify = libp2p_identify::Config::new("ipfs/0.1.0".to_owned(), keypair.public())
        .with_agent_version(config.agent.clone())
        .with_cache_size(0);
    let kad = config.discovery.map(|_| {
        let protocol = stream_protocol(kad_protocol(config.network_id));
        Finder::new(id, protocol, config.limits.is_local_strict)
    });
    let behaviour = Behaviour {
        streams: Streams::new(protocols, config.timing.negotiation, admission),
        identify: libp2p_identify::Behaviour::new(identify),
        kad: Toggle::from(kad),
    };
    let swarm_config = libp2p_swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(config.timing.idle)
        .with_max_negotiating_inbound_streams(NEGOTIATING_MAX);
    let mut swarm = Swarm::new(transport, behaviour, id, swarm_config);
    for address in &config.external {
        swarm.add_external_address(address.clone());
    }
    Ok(swarm)
}

fn stream_protocol(name: String) -> StreamProtocol {
    StreamProtocol::try_from_owned(name).expect("it begins with a slash")
}

/// Begins to listen, and waits until the ports are known.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    config: &NetworkConfig,
) -> Result<Vec<Multiaddr>, StartError> {
    let mut waiting = BTreeMap::new();
    for address in bind_addresses(config)? {
        let id = swarm
            .listen_on(address.clone())
            .map_err(|error| StartError::Listen {
                address: address.clone(),
                reason: error.to_string(),
            })?;
        waiting.insert(id.to_string(), address);
    }
    let mut listening = Vec::new();
    while let Some(address) = waiting.values().next().cloned() {
        let late = |_| StartError::Listen {
            address,
            reason: format!("not ready within {LISTEN:?}"),
        };
        match timeout(LISTEN, swarm.select_next_some())
            .await
            .map_err(late)?
        {
            SwarmEvent::NewListenAddr {
                listener_id,
                address,
            } => {
                waiting.remove(&listener_id.to_string());
                listening.push(address);
            }
            SwarmEvent::ListenerClosed {
                listener_id,
                reason: Err(error),
                ..
            } if let Some(address) = waiting.remove(&listener_id.to_string()) => {
                return Err(StartError::Listen {
                    address,
                    reason: error.to_string(),
                });
            }
            _ => {}
        }
    }
    Ok(listening)
}

/// Where to listen: as configured, and with QUIC on the UDP ports of the same numbers.
fn bind_addresses(config: &NetworkConfig) -> Result<Vec<Multiaddr>, StartError> {
    let mut addresses = Vec::new();
    for address in &config.bind {
        let (Some(TransportKind::Tcp), Some(ip), Some(Protocol::Tcp(port))) = (
            transport(address),
            crate::address::ip(address),
            address.iter().nth(1),
        ) else {
            return Err(StartError::BindAddress(address.clone()));
        };
        addresses.push(address.clone());
        if config.quic {
            let udp = [Protocol::from(ip), Protocol::Udp(port), Protocol::QuicV1];
            addresses.push(udp.into_iter().collect());
        }
    }
    Ok(addresses)
}
