//! The network part as a node's transport.

use std::time::Duration;

use tangle_network::{NetworkEvent, NetworkEvents, NetworkHandle};
use tangle_sync::PeerKey;
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message;
use tokio::runtime;

use super::{Transport, TransportEvent, TransportEvents};

impl Transport for NetworkHandle {
    fn send(&self, peer: PeerKey, message: Message) -> bool {
        Self::send(self, peer, message)
    }

    fn broadcast(&self, message: &Message, except: &[PeerKey]) {
        Self::broadcast(self, message, except);
    }

    fn send_cone(&self, peer: PeerKey, message: ConeMessage) -> bool {
        Self::send_cone(self, peer, message)
    }

    fn has_cone_room(&self, peer: PeerKey) -> bool {
        Self::has_cone_room(self, peer)
    }

    fn disconnect(&self, peer: PeerKey, ban: Option<Duration>) {
        match ban {
            Some(ban) => self.ban(peer, ban),
            None => Self::disconnect(self, peer),
        }
    }
}

/// The network part's events, for a thread that may wait.
pub(crate) struct Heard {
    pub(crate) events: NetworkEvents,
    pub(crate) runtime: runtime::Handle,
}

impl TransportEvents for Heard {
    fn read(&mut self, events: &mut Vec<TransportEvent>, count_max: usize) -> bool {
        let Some(first) = self.runtime.block_on(self.events.recv()) else {
            return false;
        };
        events.push(first.into());
        while events.len() < count_max
            && let Some(event) = self.events.try_recv()
        {
            events.push(event.into());
        }
        true
    }
}

impl From<NetworkEvent> for TransportEvent {
    fn from(event: NetworkEvent) -> Self {
        match event {
            NetworkEvent::Connected(key, peer) => {
                tracing::info!(peer = %peer.id, address = %peer.address, "a neighbour is there");
                Self::Connected(key, peer.class)
            }
            NetworkEvent::Message(key, message) => Self::Message(key, message),
            NetworkEvent::ConesOpen(key) => Self::ConesOpen(key),
            NetworkEvent::Cone(key, message) => Self::Cone(key, message),
            NetworkEvent::Disconnected(key, reason) => {
                tracing::info!(connection = key.0, %reason, "a neighbour is gone");
                Self::Disconnected(key)
            }
        }
    }
}
