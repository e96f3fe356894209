//! Snapshot files (TIP-35, version 2): the ledger at one milestone, and what led to it.
//!
//! ```text
//! full    header | outputs, as of the ledger index | diffs backwards to the target | entry points
//! delta   header | diffs forwards from the full one's target to its own | entry points
//! ```
//!
//! Outputs, treasury and parameters of a full file are those of its ledger index; time, milestone
//! id and entry points are those of its target. Undoing the diffs leads from one to the other.
//! Hornet appends up to 30 diffs at and below the target: they are only searched for announced
//! protocol parameters, never undone.
//!
//! A file is read and written as a sequence of [`Record`]s, one at a time; nothing that a file
//! states is believed before it was compared with a limit. Nothing but a [`Base`] made from it
//! enters a store: see [`import()`].

mod base;
mod error;
mod export;
mod hash;
mod import;
mod keeper;
mod ledger;
mod pace;
mod reader;
mod record;
mod writer;

pub(crate) use base::is_base;
pub use base::{Base, BaseOutputs};
pub use error::SnapshotError;
pub use export::{write, write_genesis};
pub use hash::{LedgerSummary, summarize};
pub use import::{Imported, import};
pub use keeper::{DeltaLimit, Keeper, Order, Written};
pub use pace::Pace;
pub use reader::SnapshotReader;
pub use record::{DeltaHeader, FullHeader, Header, Record};
pub use writer::SnapshotWriter;

/// The format's version.
pub const VERSION: u8 = 2;
/// Most solid entry points: their count has two bytes.
pub const ENTRY_POINTS_MAX: usize = u16::MAX as usize;

#[cfg(test)]
mod tests;
