//! A whole node without input and output: inputs go in with the time, effects come out.
//!
//! What it is not: it opens no file or socket, reads no clock, starts no thread and draws no
//! randomness but from a seed. What it must look up it asks of a [`Store`].
//!
//! Begin with [`CheckedBlock`], the only kind of block that gets in, and [`Store`].

mod checked;
mod store;

pub use checked::{BlockError, CheckedBlock, check};
pub use store::{Bootstrap, MilestoneCommit, Reservation, Store, StoredMilestone};
