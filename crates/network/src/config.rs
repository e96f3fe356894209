//! What the network part is told before it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;

use crate::{Identity, KnownPeer, LinkCondition};

/// How a node meets others.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// The key that names the node.
    pub identity: Identity,
    /// Id of the ledger's network, as in its blocks; others are not spoken to.
    pub network_id: u64,
    /// What the node calls its software to its neighbours.
    pub agent: String,
    /// Where to listen, over TCP. Empty: the node only dials.
    pub bind: Vec<Multiaddr>,
    /// Where others reach the node, when that is not where it listens.
    pub external: Vec<Multiaddr>,
    /// Whether to speak QUIC with nodes that do: listens on the same UDP ports.
    pub quic: bool,
    /// Whether to give and take whole cones of milestones with nodes that know how. For tests of
    /// what happens without.
    pub cones: bool,
    /// Peers that are always connected.
    pub known: Vec<KnownPeer>,
    /// Where peers that are added at run time are kept; `None` forgets them.
    pub peer_file: Option<PathBuf>,
    /// Whether and how many further peers are looked for.
    pub discovery: Option<Discovery>,
    /// What is done to messages to certain peers; for nodes of one machine that shall be apart.
    pub conditions: BTreeMap<PeerId, LinkCondition>,
    /// Bounds.
    pub limits: Limits,
    /// Times.
    pub timing: Timing,
}

/// How further peers are looked for, with Kademlia and identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// Found peers to be connected with.
    pub peer_count: usize,
    /// Found peers whose address was tried of late, to take over when one of the others goes.
    pub spare_count: usize,
}

/// What a node bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Neighbours that connected by themselves and are not known.
    pub unknown_count_max: usize,
    /// Incoming connections that are not established yet.
    pub pending_count_max: usize,
    /// The part of them that may come from one IP address.
    pub pending_per_ip_max: usize,
    /// Established connections with others than known peers, neighbours or not.
    pub guest_count_max: usize,
    /// The part of them that may come from one network (/24, or /48 for IPv6).
    pub per_prefix_max: usize,
    /// Whether loopback and private addresses count as one network like others, and are not
    /// believed when others tell them.
    pub is_local_strict: bool,
    /// Messages that wait for one neighbour; more are dropped and counted.
    pub send_count_max: usize,
    /// Bytes that wait for one neighbour; more are dropped and counted.
    pub send_bytes_max: usize,
    /// Bytes of parts of cones that wait for one neighbour; more are dropped and counted.
    pub cone_bytes_max: usize,
    /// Bytes from one neighbour that wait to be read; when they are reached its stream is not
    /// read on.
    pub receive_bytes_max: usize,
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For a connection to be encrypted and multiplexed.
    pub handshake: Duration,
    /// For a stream to be negotiated.
    pub negotiation: Duration,
    /// For the first message of a neighbour that is not known: good ones begin with a heartbeat.
    pub greeting: Duration,
    /// How long a peer that has sent no first message is kept out.
    pub mute_ban: Duration,
    /// Longest silence of a neighbour.
    pub read: Duration,
    /// Longest time that a neighbour takes to read what was sent. One that waits for its disk
    /// reads nothing meanwhile.
    pub write: Duration,
    /// Longest time without a heartbeat.
    pub heartbeat: Duration,
    /// How long a connection without any stream is kept.
    pub idle: Duration,
    /// First pause before a peer is dialed again; it doubles each time.
    pub retry_min: Duration,
    /// Longest such pause.
    pub retry_max: Duration,
    /// How long somebody that sent what is no message is kept out.
    pub ban: Duration,
}

impl NetworkConfig {
    /// A node that listens nowhere, knows nobody, and does not look for anybody.
    #[must_use]
    pub fn new(identity: Identity, network_id: u64) -> Self {
        Self {
            identity,
            network_id,
            agent: concat!("tangle/", env!("CARGO_PKG_VERSION")).to_owned(),
            bind: Vec::new(),
            external: Vec::new(),
            quic: true,
            cones: true,
            known: Vec::new(),
            peer_file: None,
            discovery: None,
            conditions: BTreeMap::new(),
            limits: Limits::default(),
            timing: Timing::default(),
        }
    }
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            peer_count: 4,
            spare_count: 2,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unknown_count_max: 4,
            pending_count_max: 32,
            pending_per_ip_max: 4,
            guest_count_max: 32,
            per_prefix_max: 2,
            is_local_strict: false,
            send_count_max: 10_000,
            send_bytes_max: 4 << 20,
            cone_bytes_max: 4 << 20,
            receive_bytes_max: 512 << 10,
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            negotiation: Duration::from_secs(10),
            greeting: Duration::from_secs(10),
            mute_ban: Duration::from_secs(30),
            read: Duration::from_secs(60),
            write: Duration::from_secs(60),
            heartbeat: Duration::from_secs(100),
            idle: Duration::from_secs(10),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            ban: Duration::from_secs(600),
        }
    }
}
