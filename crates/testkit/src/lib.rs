//! For tests only: recorded values of real networks, text fixtures of ledgers, arbitrary blocks,
//! blocks that must be refused, a device that has keys, and what a made-up node says.
//!
//! No product crate may import this one; it is a dev-dependency. Begin with [`shimmer::recorded`],
//! [`ledger::check`], [`malformed::malformed_blocks`] and [`arbitrary::block`].

pub mod arbitrary;
pub mod ledger;
pub mod malformed;
pub mod nano;
pub mod node;
pub mod shimmer;
