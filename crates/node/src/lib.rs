//! Runs an engine with its store and its clock: threads, queues, start and stop.
//!
//! ```text
//! callers ──> intake (checks in batches) ──> driver (the engine) ──> writer (the store)
//!    ^                                          ^   │                    │
//!    └──────────── status, answers ─────────────┴───┴──── durable ───────┘
//! ```
//!
//! What it is not: it does not know that HTTP exists; whoever serves an interface holds a
//! [`Handle`].
//!
//! Begin with [`start()`] and [`Handle`].

mod config;
mod driver;
mod events;
mod gate;
mod gossip;
mod handle;
mod intake;
mod peers;
mod proofs;
mod snapshots;
mod start;
mod status;
mod submit;
mod sync_log;
mod writer;

pub use config::{CoordinatorConfig, NodeConfig, PruningConfig, SnapshotConfig};
pub use events::{Confirmation, Event, EventCounts, EventMeter, Heard, Listener, SolidBlock};
pub use gossip::{GossipCounts, Transport, TransportEvent, TransportEvents};
pub use handle::{
    BlockState, Handle, PruneError, PruneTarget, SnapshotError, SubmitError, TipsError,
    WhiteFlagError, WhiteFlagRequest,
};
pub use peers::{Peer, PeerConnection, PeerError};
pub use snapshots::SnapshotSummary;
pub use start::{Node, StartError, start};
pub use status::{MilestoneSummary, Queue, Status};
