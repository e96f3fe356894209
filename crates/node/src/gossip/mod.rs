//! Neighbours: the way from a transport to the engine and back.
//!
//! ```text
//!                ┌──> seen before? ──> intake (checks) ──┐
//! transport ──> ear                                      ├──> driver (the engine)
//!     ^          └──> everything but blocks ─────────────┘        │ effects
//!     ├────────────────── say, spread, drop ──────────────────────┤
//!     └────────────────── server (reads the store) <── serve ─────┘
//! ```
//!
//! The ear reads what neighbours say, fairly, as the transport gives it; when the node is busy it
//! reads no further, and in the end each neighbour waits. What the engine says goes into the
//! transport's queues, which drop what does not fit; the engine asks again for what it needs.

mod ear;
mod libp2p;
mod seen;
mod server;
mod transport;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tangle_engine::{CheckedBlock, Effect, Time};
use tangle_sync::{DropReason, PeerKey};
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message;

pub(crate) use ear::Ear;
pub(crate) use libp2p::Heard;
use server::Query;
pub(crate) use server::{Server, serve};
pub use transport::{Transport, TransportEvent, TransportEvents};

use seen::Seen;

/// What all parts share that deal with neighbours.
#[derive(Debug, Default)]
pub(crate) struct Gossip {
    transport: OnceLock<Arc<dyn Transport>>,
    // Guards the record of who has which block; held for one look-up.
    seen: Mutex<Seen>,
    server: Server,
    duplicate_count: AtomicU64,
    dropped_count: AtomicU64,
}

/// Traffic with neighbours since the start, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GossipCounts {
    /// Blocks that came although they had come before.
    pub duplicates: u64,
    /// Messages to one neighbour that found no room in its queue.
    pub dropped: u64,
    /// Requests of neighbours that found no room.
    pub refused_requests: u64,
    /// Requests of neighbours that were answered.
    pub served_requests: u64,
}

impl Gossip {
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn duplicates_of(&self, peer: PeerKey) -> u64 {
        self.seen
            .lock()
            .expect("no holder panics")
            .duplicates_of(peer)
    }

    pub(crate) fn counts(&self) -> GossipCounts {
        GossipCounts {
            duplicates: self.duplicate_count.load(Ordering::Relaxed),
            dropped: self.dropped_count.load(Ordering::Relaxed),
            refused_requests: self.server.refused_count(),
            served_requests: self.server.served_count(),
        }
    }

    /// Does what the engine wants of neighbours.
    pub(crate) fn carry_out(&self, now: Time, effect: Effect) {
        let Some(transport) = self.transport.get() else {
            return;
        };
        match effect {
            Effect::Say(peer, message) => {
                if let Message::BlockRequest(id) = &message {
                    self.seen.lock().expect("no holder panics").forget(id);
                }
                self.send(transport.as_ref(), peer, message);
            }
            Effect::Spread { block, except } => {
                self.spread(now, transport.as_ref(), &block, except);
            }
            Effect::Serve(peer, request) => self.server.push(peer, Query::One(request)),
            Effect::ServeCone(peer, request) => self.server.push(peer, Query::Cone(request)),
            Effect::AskCone(peer, request) => {
                let request = ConeMessage::Request(request);
                self.count(transport.send_cone(peer, request));
            }
            Effect::Drop {
                peer,
                reason,
                ban_ms,
            } => drop_peer(transport.as_ref(), peer, reason, ban_ms),
            _ => {}
        }
    }

    fn spread(
        &self,
        now: Time,
        transport: &dyn Transport,
        block: &CheckedBlock,
        except: Option<PeerKey>,
    ) {
        let mut seen = self.seen.lock().expect("no holder panics");
        let mut except: Vec<PeerKey> = except.into_iter().collect();
        except.extend(seen.senders(&block.id()));
        // Neighbours will send it back; that is nothing new.
        seen.note(now, block.id(), None);
        drop(seen);
        let message = Message::Block(block.parsed().bytes.clone());
        transport.broadcast(&message, &except);
    }

    fn send(&self, transport: &dyn Transport, peer: PeerKey, message: Message) {
        self.count(transport.send(peer, message));
    }

    fn count(&self, was_sent: bool) {
        if !was_sent {
            self.dropped_count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn drop_peer(transport: &dyn Transport, peer: PeerKey, reason: DropReason, ban_ms: Option<u64>) {
    tracing::info!(peer = peer.0, %reason, ban_ms, "disconnected a neighbour");
    transport.disconnect(peer, ban_ms.map(Duration::from_millis));
}
