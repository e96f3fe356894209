//! For tests only: recorded values of real networks, and text fixtures of ledgers.
//!
//! Begin with [`shimmer::recorded`].

pub mod ledger;
pub mod shimmer;
