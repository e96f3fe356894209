//! What the network part tells.

use std::time::Duration;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use tangle_sync::{PeerClass, PeerKey};
use tangle_types::cone::{ConeError, ConeMessage};
use tangle_types::gossip::{GossipError, Message};

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The other side.
    Inbound,
    /// This node.
    Outbound,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// A neighbour is there.
    Connected(PeerKey, ConnectedPeer),
    /// A neighbour said something.
    Message(PeerKey, Message),
    /// A neighbour can be asked for whole cones.
    ConesOpen(PeerKey),
    /// A neighbour said something about a cone.
    Cone(PeerKey, ConeMessage),
    /// A neighbour is gone; the last event with this key.
    Disconnected(PeerKey, CloseReason),
}

/// A neighbour that has just connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedPeer {
    /// Its libp2p id.
    pub id: PeerId,
    /// How it came.
    pub class: PeerClass,
    /// Where it is.
    pub address: Multiaddr,
    /// Who opened the connection.
    pub direction: Direction,
}

/// Why a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The other side ended it, or the connection broke.
    #[error("the connection ended: {0}")]
    Remote(String),
    /// It has come and said nothing.
    #[error("it said nothing within {0:?} after it came")]
    NoGreeting(Duration),
    /// Silence.
    #[error("it said nothing for {0:?}")]
    ReadTimeout(Duration),
    /// It does not read.
    #[error("it read nothing for {0:?}")]
    WriteTimeout(Duration),
    /// No heartbeat.
    #[error("it sent no heartbeat for {0:?}")]
    NoHeartbeat(Duration),
    /// It sent what is no message.
    #[error("it sent what is no message: {0}")]
    Malformed(GossipError),
    /// It sent what is no message about a cone.
    #[error("it sent what is no message about a cone: {0}")]
    MalformedCone(ConeError),
    /// It is kept out for some time.
    #[error("it is banned for {0:?}")]
    Banned(Duration),
    /// Whoever uses the network part wanted it.
    #[error("this node disconnected it")]
    Disconnected,
    /// Another connection with the same peer took its place.
    #[error("another connection with it took its place")]
    Replaced,
    /// The operator removed the peer.
    #[error("it was removed from the peers")]
    Removed,
    /// The node stops.
    #[error("this node is stopping")]
    Stopping,
}
