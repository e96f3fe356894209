//! The engine's store on disk: blocks, ledger, milestones, indexes, snapshots.
//!
//! What it is not: it decides nothing about validity; it keeps what the engine tells it and gives
//! it back, also after a crash.
//!
//! One [`Writer`], any number of [`Reader`]s. Begin with [`open`].

mod genesis;
mod query;
mod reader;
pub mod snapshot;
mod store;

pub use genesis::{Allocation, BaseToken, Genesis, GenesisError};
pub use query::{ChainQuery, Kind, OutputPage, OutputQuery};
pub use reader::{OutputRecord, Reader, Sizes, UtxoChanges};
pub use store::{OpenError, StorageConfig, StoreError, Writer, open};
