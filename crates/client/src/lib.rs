//! Talks to a node over its REST interface.
//!
//! Blocks and outputs travel in their binary form, so that the ids are those of the bytes that were
//! sent. Every answer is bounded in size and time.
//!
//! What it is not: a wallet. It holds no keys and chooses no inputs; and it speaks plain HTTP,
//! which is meant for a node on the same machine or behind a proxy.
//!
//! Begin with [`Client`].

mod answers;
mod client;
mod download;
mod participation;
mod transport;

pub use answers::{
    BaseToken, BlockStatus, InclusionState, LedgerChanges, MilestoneSummary, NeighbourState,
    NodeState, NodeSummary, OutputAnswer, OutputStatus, OwnedOutputs, Page, Peer, PeerGossip,
    PeerHeartbeat, Protocol, Rent, SyncState,
};
pub use client::{BasicOutputQuery, Client, FaucetAnswer};
pub use download::{DownloadError, download};
pub use transport::ClientError;
