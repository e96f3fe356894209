//! Neighbours: who they are, how they are reached, and the messages that go to and fro.
//!
//! ```text
//!            ┌────────────── driver (one task) ──────────────┐
//! handle ──> │ swarm: connections   peer book: whom to dial  │ <── tick
//!            └──────┬────────────────────────────────────────┘
//!                   │ one task for each neighbour
//!   handle ──> send queue ──> stream ──> lane of the inbox ──> events
//! ```
//!
//! A neighbour is a libp2p peer with a gossip stream: `/iota-gossip/<network id>/1.0.0` over TCP
//! (Noise or TLS, yamux) or QUIC. The side that opened the connection opens the stream; there is
//! one stream for a peer. What the messages are is in `tangle_types::gossip`.
//!
//! What it is not: it does not know what a block or a milestone means. Who asks whom for what, and
//! who misbehaves by the protocol's rules, is decided by whoever reads the events.
//!
//! Everything has a bound: connections, half-open ones, candidates, the send queue (drops and
//! counts when full) and the inbox of each neighbour (when full, its stream is read no further, so
//! that the neighbour waits and others do not).
//!
//! Begin with [`start()`], [`NetworkHandle`] and [`NetworkEvents`].

mod address;
mod admission;
mod ban_file;
mod book;
mod condition;
mod config;
mod conversation;
mod dial;
mod driver;
mod events;
mod finder;
mod handle;
mod identity;
mod inbox;
mod peer_file;
mod queue;
mod start;
mod streams;
mod transport;

pub use address::{AddressError, PeerAddress};
pub use condition::LinkCondition;
pub use config::{Discovery, Limits, NetworkConfig, Timing};
pub use events::{CloseReason, ConnectedPeer, Direction, NetworkEvent};
pub use handle::{AddPeerError, ConnectionState, NetworkHandle, PeerState, Traffic};
pub use identity::{Identity, IdentityError};
pub use inbox::NetworkEvents;
pub use peer_file::{KnownPeer, PeerFileError};
pub use start::{StartError, start};
