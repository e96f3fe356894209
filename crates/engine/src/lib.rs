//! A whole node without input and output: inputs go in with the time, effects come out.
//!
//! What it is not: it opens no file or socket, reads no clock, starts no thread and draws no
//! randomness but from a seed. What it must look up it asks of a [`Store`].
//!
//! Begin with [`Engine`], its [`Input`]s and [`Effect`]s; [`CheckedBlock`] is the only kind of
//! block that gets in.

mod checked;
mod confirm;
mod crowd;
mod engine;
mod issue;
mod neighbours;
mod overlay;
mod protocol;
mod store;

pub use checked::{BlockError, CheckedBlock, check};
pub use engine::{CoordinatorPart, Engine, Parts, Summary};
pub use protocol::{Effect, Halt, Input, Inspection, Refusal, RootsRequest, Source, Ticket, Time};
pub use store::{Bootstrap, MilestoneCommit, Reservation, Store, StoredMilestone};
