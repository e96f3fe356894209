//! What to say to whom: the part of a node that keeps up with its neighbours.
//!
//! It knows the neighbours by [`PeerKey`], hears their messages, and says what to send: heartbeats,
//! requests for blocks and milestones, and when a neighbour has to go. It always knows why the node
//! is not synced.
//!
//! What it is not: it holds no block, opens no socket, reads no clock. Whether a block is valid or
//! solid is told to it. Times are milliseconds since 1970.
//!
//! # For whoever owns the connections
//!
//! - Give every connection a [`PeerKey`] of its own and tell the engine of its beginning
//!   (`Input::Connected`) and end (`Input::Disconnected`). A connection begins when messages can go
//!   both ways; nothing is said before.
//! - Hand in what was read: blocks to be checked, everything else as `Input::Heard`. What cannot be
//!   read is an [`Offence`].
//! - Neighbours of this kind have a second stream, for cones as a whole (`tangle_types::cone`). Say
//!   when it is there (`Input::ConesOpen`), and hand in what was read of it: blocks to be checked,
//!   and that they came (`Input::ConeBlocks`); everything else as it is. Send what
//!   `Effect::AskCone` and `Effect::ServeCone` say.
//! - Send what `Effect::Say` says. Queues are bounded; a message that finds no room is dropped and
//!   counted, and everything that matters is asked for again.
//! - `Effect::Drop` ends a connection. With a time, the neighbour is not let in again meanwhile;
//!   its identity is banned, not the key, which is gone anyway.
//!
//! Begin with [`Neighbourhood`].

mod blocker;
mod budget;
mod cones;
mod neighbourhood;
mod peer;
mod peers;
mod requests;

#[cfg(test)]
mod tests;

pub use blocker::Blocker;
pub use budget::Budget;
pub use neighbourhood::{Act, Asked, LAG_MAX, Neighbourhood, Next, Progress, RANGE};
pub use peer::{DropReason, Offence, PeerClass, PeerKey, PeerView, Request};

/// Penalty at which a neighbour is banned.
pub const PENALTY_MAX: u32 = 100;
