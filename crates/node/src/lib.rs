//! Runs an engine with its store and its clock: threads, queues, start and stop.
//!
//! What it is not: it does not know that HTTP exists; whoever serves an interface holds a
//! [`Handle`].
//!
//! Begin with [`Handle`].

mod handle;

pub use handle::{
    BlockState, Handle, MilestoneSummary, Peer, PeerError, PruneError, PruneTarget, SnapshotError,
    Status, SubmitError, TipsError, WhiteFlagError, WhiteFlagRequest,
};
