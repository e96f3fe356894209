//! What can be wrong with a snapshot.

use std::io;
use std::path::{Path, PathBuf};

use tangle_types::{DecodeError, MilestoneId, MilestoneIndex, NetworkId, OutputId};

use super::{ENTRY_POINTS_MAX, VERSION};
use crate::StoreError;

/// Why a snapshot cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file system said no.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Reading or writing failed.
    #[error("at byte {offset}: {source}")]
    Io {
        /// Where in the file.
        offset: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// The file ends too early.
    #[error("the file ends at byte {offset}, in the middle of {what}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it begins.
        offset: u64,
    },
    /// Bytes that are no such value.
    #[error("{what} at byte {offset}: {source}")]
    Decode {
        /// What was being read.
        what: &'static str,
        /// Where it begins.
        offset: u64,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A length that no such value has.
    #[error("{what} at byte {offset}: {found} bytes are stated, {max} are allowed")]
    Length {
        /// What was being read.
        what: &'static str,
        /// Where its length stands.
        offset: u64,
        /// Bytes stated.
        found: u64,
        /// Most bytes allowed.
        max: u64,
    },
    /// A part does not end where the file says that it does.
    #[error("{what} should end at byte {stated}, it ends at byte {found}")]
    Extent {
        /// Which part.
        what: &'static str,
        /// Where the file says.
        stated: u64,
        /// Where it does.
        found: u64,
    },
    /// Another version of the format.
    #[error("snapshot format version {found}, this program knows {VERSION}")]
    Version {
        /// The version.
        found: u8,
    },
    /// Neither full nor delta.
    #[error("a snapshot of type {found} does not exist")]
    Kind {
        /// The type.
        found: u8,
    },
    /// A full snapshot where a delta is needed, or the other way round.
    #[error("{path} is not a {needed} snapshot")]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// `full` or `delta`.
        needed: &'static str,
    },
    /// Another network's snapshot.
    #[error("the snapshot is of network {name:?} ({found}), this node's network is {needed}")]
    OtherNetwork {
        /// The network's name.
        name: String,
        /// Its id.
        found: NetworkId,
        /// The id of this node's network.
        needed: NetworkId,
    },
    /// A snapshot of a network with another genesis.
    #[error("the snapshot's genesis has index {found}, the network's has {needed}")]
    OtherGenesis {
        /// In the snapshot.
        found: MilestoneIndex,
        /// In the genesis.
        needed: MilestoneIndex,
    },
    /// The delta continues another full snapshot.
    #[error("the delta continues milestone {found}, the full snapshot's target is {needed}")]
    OtherFull {
        /// Target of the full snapshot.
        needed: MilestoneId,
        /// What the delta continues.
        found: MilestoneId,
    },
    /// Coins are missing or too many.
    #[error("outputs and treasury sum to {found}, the token supply is {needed}")]
    Supply {
        /// The token supply.
        needed: u64,
        /// The sum.
        found: u128,
    },
    /// A diff out of turn.
    #[error("the diff of milestone {found} stands where that of {needed} belongs")]
    DiffOrder {
        /// What belongs here.
        needed: MilestoneIndex,
        /// What stands here.
        found: MilestoneIndex,
    },
    /// The file's indexes contradict each other.
    #[error("the diffs end at milestone {found} and should lead to {needed}")]
    Target {
        /// Where they should lead.
        needed: MilestoneIndex,
        /// Where they end.
        found: MilestoneIndex,
    },
    /// A diff takes away what is not there.
    #[error("the diff of milestone {index} removes output {id}, which does not exist")]
    OutputMissing {
        /// The milestone.
        index: MilestoneIndex,
        /// The output.
        id: OutputId,
    },
    /// A diff or list adds what is there.
    #[error("output {id} occurs twice")]
    OutputRepeated {
        /// The output.
        id: OutputId,
    },
    /// The treasury's history does not fit.
    #[error("the receipt of milestone {index} does not fit the treasury")]
    Treasury {
        /// The milestone.
        index: MilestoneIndex,
    },
    /// The parameters in force at the target are not in the file.
    #[error(
        "the protocol parameters of milestone {index} are not in the snapshot: they changed between \
         its target and its ledger index; use a snapshot with another target"
    )]
    ParametersMissing {
        /// The target.
        index: MilestoneIndex,
    },
    /// Parameters that no node could follow.
    #[error("the snapshot announces two parameter sets for milestone {target}")]
    Contradiction {
        /// From when they would apply.
        target: MilestoneIndex,
    },
    /// A list that the format has no room for.
    #[error("{found} solid entry points are needed, the format has room for {ENTRY_POINTS_MAX}")]
    EntryPoints {
        /// How many are needed.
        found: usize,
    },
    /// A milestone of which no snapshot can be made.
    #[error("milestone {index}: {reason}")]
    NoSuchTarget {
        /// The milestone.
        index: MilestoneIndex,
        /// Why.
        reason: String,
    },
    /// The folder already holds a store.
    #[error("{path} is not empty; a snapshot is imported into an empty folder")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The file's contents are not those that were written.
    #[error("{path} is damaged: its hash is {found}, its name says {needed}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// By its name.
        needed: String,
        /// By its contents.
        found: String,
    },
    /// Somebody wanted no more of it.
    #[error("writing was stopped")]
    Stopped,
    /// The temporary ledger failed.
    #[error("the temporary ledger failed: {0}")]
    Ledger(#[from] fjall::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Box<StoreError>),
}

impl From<StoreError> for SnapshotError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

/// Names the file in an error of the file system.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    let path = path.to_owned();
    move |source| SnapshotError::File { path, source }
}
