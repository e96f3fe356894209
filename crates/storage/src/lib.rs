//! The engine's store on disk: blocks, ledger, milestones, indexes, snapshots.
//!
//! What it is not: it decides nothing about validity; it keeps what the engine tells it and gives
//! it back, also after a crash.
//!
//! One [`Writer`], any number of [`Reader`]s. Begin with [`open()`].

mod base;
mod check;
mod cone;
mod disk;
mod error;
mod front;
mod genesis;
mod glance;
mod ledger;
mod log;
mod manifest;
mod open;
mod progress;
mod prune;
mod query;
mod reader;
mod repair;
mod replay;
pub mod snapshot;
mod store;

pub use check::CheckReport;
pub use cone::ConePlaces;
pub use error::{OpenError, StoreError};
pub use genesis::{Allocation, BaseToken, Genesis, GenesisError};
pub use glance::{Glance, glance};
pub use ledger::LedgerState;
pub use open::open;
pub use progress::{Progress, ProgressState};
pub use prune::Pressure;
pub use query::{
    ChainQuery, Happened, HistoryEntry, HistoryPage, Kind, OutputPage, OutputQuery, OwnedLimits,
    OwnedOutputs,
};
pub use reader::{OutputRecord, Reader, Sizes, UtxoChanges};
pub use store::{MEMORY_BYTES, SEGMENT_BYTES, StorageConfig, Writer};
