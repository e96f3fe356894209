//! What a node needs of whoever owns the connections.

use std::time::Duration;

use tangle_sync::{PeerClass, PeerKey};
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message;

/// Ways to neighbours. No call blocks; each queue is bounded, and full ones drop.
pub trait Transport: std::fmt::Debug + Send + Sync + 'static {
    /// Queues a message; `false` when it was dropped.
    fn send(&self, peer: PeerKey, message: Message) -> bool;

    /// Queues a message to all neighbours but some; those whose queues are full miss it.
    fn broadcast(&self, message: &Message, except: &[PeerKey]);

    /// Queues a message about a cone; `false` when it was dropped.
    fn send_cone(&self, peer: PeerKey, message: ConeMessage) -> bool;

    /// Whether the largest part of a cone finds room.
    fn has_cone_room(&self, peer: PeerKey) -> bool;

    /// Ends a connection, and lets the neighbour in again only after `ban`.
    fn disconnect(&self, peer: PeerKey, ban: Option<Duration>);
}

/// What comes from neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportEvent {
    /// One is there.
    Connected(PeerKey, PeerClass),
    /// One said something.
    Message(PeerKey, Message),
    /// One can be asked for whole cones.
    ConesOpen(PeerKey),
    /// One said something about a cone.
    Cone(PeerKey, ConeMessage),
    /// One is gone.
    Disconnected(PeerKey),
}

/// What neighbours said and nobody has read yet, fair to all of them, in order for each.
pub trait TransportEvents: Send + 'static {
    /// Waits for events and appends them, at most `count_max`. `false` when there are no more and
    /// never will be.
    fn read(&mut self, events: &mut Vec<TransportEvent>, count_max: usize) -> bool;
}
