//! Simulations in virtual time: the very code that production runs, with everything around it made
//! of numbers, so that any run can be repeated from its seed.
//!
//! What it is not: it reads no clock, starts no thread and opens nothing. Whoever has many seeds to
//! run may do so on as many threads as there are.
//!
//! Begin with [`net`] for networks of whole nodes, with [`gossip`] for thousands of nodes of which
//! only the views are kept, with [`growth`] for how a Tangle grows under a strategy of tip
//! selection; [`theory`] says what to expect there, and [`verify`] holds the one against the other.

pub mod attack;
mod chance;
pub mod gossip;
pub mod growth;
pub mod net;
pub mod plot;
mod range;
pub mod theory;
pub mod verify;

pub use range::OutOfRange;
