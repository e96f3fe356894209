//! For tests only: recorded values of real networks, text fixtures of ledgers, arbitrary blocks,
//! and blocks that must be refused.
//!
//! No product crate may import this one; it is a dev-dependency. Begin with [`shimmer::recorded`],
//! [`ledger::check`], [`malformed::malformed_blocks`] and [`arbitrary::block`].

pub mod arbitrary;
pub mod ledger;
pub mod malformed;
pub mod shimmer;
