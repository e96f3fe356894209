//! What others may ask of a running node.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tangle_consensus::MilestoneRoots;
use tangle_storage::{Reader, StoreError};
use tangle_types::{
    BlockId, BlockMetadata, DraftBlock, MilestoneId, MilestoneIndex, ParametersOption,
    ProtocolParameters, UnixSeconds,
};

/// A running node. Cheap to clone; every call is safe from any task.
#[derive(Clone, Debug)]
pub struct Handle {}

/// How the node is.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether it can be trusted to know the present; see `blocker` if not.
    pub is_healthy: bool,
    /// Why it is not healthy, in words.
    pub blocker: Option<String>,
    /// Whether requests that need the present are answered.
    pub is_synced: bool,
    /// The newest milestone known.
    pub latest: MilestoneSummary,
    /// The newest milestone confirmed and durable.
    pub confirmed: MilestoneSummary,
    /// Milestones up to this one were pruned.
    pub pruning_index: MilestoneIndex,
    /// Parameters in force.
    pub parameters: Arc<ProtocolParameters>,
    /// Parameters announced.
    pub pending: Vec<ParametersOption>,
    /// Whether the next announced protocol version is one this node knows.
    pub next_version_supported: bool,
    /// Whether the node does proof of work for its clients.
    pub pow_enabled: bool,
    /// Blocks received a second, over the last ten.
    pub blocks_per_second: f64,
    /// Blocks referenced a second, over the last milestones.
    pub referenced_blocks_per_second: f64,
    /// Referenced in per cent of received.
    pub referenced_rate: f64,
    /// Tips that a selection can draw from.
    pub tip_count: usize,
    /// Blocks no milestone has referenced yet.
    pub unreferenced_count: usize,
}

/// A milestone in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MilestoneSummary {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its time, unless only a snapshot is known.
    pub timestamp: Option<UnixSeconds>,
    /// Its id, unless only a snapshot is known.
    pub id: Option<MilestoneId>,
}

/// Where a block stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockState {
    /// Its parents.
    pub parents: Vec<BlockId>,
    /// Whether its whole past is known.
    pub is_solid: bool,
    /// The milestone it is, if it is one.
    pub milestone_index: Option<MilestoneIndex>,
    /// What the referencing milestone made of it.
    pub referenced: Option<BlockMetadata>,
    /// Whether an empty block that approves it would help. Only while unreferenced and solid.
    pub should_promote: Option<bool>,
    /// Whether its payload should be attached anew. Only while unreferenced and solid.
    pub should_reattach: Option<bool>,
}

/// Why a block was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is not a block, or breaks a rule.
    #[error("{0}")]
    Invalid(String),
    /// It has no nonce and this node does no proof of work.
    #[error("proof of work is not available on this node")]
    PowUnavailable,
    /// The node does not know the present.
    #[error("node is not synced")]
    NotSynced,
    /// There is nothing to approve.
    #[error("no tips available")]
    NoTips,
    /// Too much at once; try again.
    #[error("the node is busy, try again in a moment")]
    Busy,
    /// The node is going down.
    #[error("the node is stopping")]
    Stopping,
}

/// Why no tips were given.
#[derive(Debug, thiserror::Error)]
pub enum TipsError {
    /// The node does not know the present.
    #[error("node is not synced")]
    NotSynced,
    /// There are none.
    #[error("no tips available")]
    NoTips,
    /// The node is going down.
    #[error("the node is stopping")]
    Stopping,
}

/// A question for the roots that a milestone would have.
#[derive(Clone, Debug)]
pub struct WhiteFlagRequest {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Its parents.
    pub parents: Vec<BlockId>,
    /// The milestone before.
    pub previous_milestone_id: MilestoneId,
}

/// Why the roots cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum WhiteFlagError {
    /// The question makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The parents' cones were not complete within 2 seconds.
    #[error("the parents are not solid")]
    NotSolid,
    /// The node is going down.
    #[error("the node is stopping")]
    Stopping,
}

/// How far to prune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PruneTarget {
    /// Up to this milestone.
    Index(MilestoneIndex),
    /// All but so many milestones.
    Depth(u32),
    /// Until the store has this size.
    SizeBytes(u64),
}

/// Why nothing was pruned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The target is out of range.
    #[error("{0}")]
    Invalid(String),
    /// It is being pruned already.
    #[error("pruning is already running")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no snapshot was written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The index is out of range.
    #[error("{0}")]
    Invalid(String),
    /// One is being written already.
    #[error("a snapshot is already being written")]
    Busy,
    /// It could not be written.
    #[error("{0}")]
    Failed(String),
}

/// A peer of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its libp2p id.
    pub id: String,
    /// Where it listens.
    pub multi_addresses: Vec<String>,
    /// What the operator calls it.
    pub alias: Option<String>,
    /// Whether the operator named it.
    pub is_known: bool,
    /// Whether it is connected now.
    pub is_connected: bool,
}

/// Why a peer was not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Not a multi-address that ends in a peer id.
    #[error("{0} is not a multi-address with /p2p/ and a peer id")]
    Address(String),
    /// No room for more.
    #[error("there are {0} peers already, remove one first")]
    Full(usize),
}

impl Handle {
    /// How the node is, as of the last milestone or second.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        todo!()
    }

    /// The store's contents.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        todo!()
    }

    /// Takes a complete block or one whose parents (count 0) and nonce (0) are to be filled in;
    /// answers when it is stored and can be read, after at most a second.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, bytes: Bytes) -> Result<BlockId, SubmitError> {
        let _ = bytes;
        todo!()
    }

    /// As [`Handle::submit`], for a block that was not given in bytes.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit_draft(&self, draft: DraftBlock) -> Result<BlockId, SubmitError> {
        let _ = draft;
        todo!()
    }

    /// Up to `count` tips, sorted.
    ///
    /// # Errors
    /// See [`TipsError`].
    pub async fn tips(&self, count: usize, semi_lazy: bool) -> Result<Vec<BlockId>, TipsError> {
        let _ = (count, semi_lazy);
        todo!()
    }

    /// The bytes of a block, also of one that is not stored yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn block(&self, id: &BlockId) -> Result<Option<Bytes>, StoreError> {
        let _ = id;
        todo!()
    }

    /// Where a block stands.
    ///
    /// # Errors
    /// The store failed.
    pub async fn block_state(&self, id: &BlockId) -> Result<Option<BlockState>, StoreError> {
        let _ = id;
        todo!()
    }

    /// The roots that a milestone with these parents would have.
    ///
    /// # Errors
    /// See [`WhiteFlagError`].
    pub async fn white_flag(
        &self,
        request: WhiteFlagRequest,
    ) -> Result<MilestoneRoots, WhiteFlagError> {
        let _ = request;
        todo!()
    }

    /// Prunes and returns the new pruning index.
    ///
    /// # Errors
    /// See [`PruneError`].
    pub async fn prune(&self, target: PruneTarget) -> Result<MilestoneIndex, PruneError> {
        let _ = target;
        todo!()
    }

    /// Writes a full snapshot of milestone `index` into the node's snapshot folder.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn create_snapshot(&self, index: MilestoneIndex) -> Result<PathBuf, SnapshotError> {
        let _ = index;
        todo!()
    }

    /// Known peers, by id.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        todo!()
    }

    /// Adds a known peer.
    ///
    /// # Errors
    /// See [`PeerError`].
    pub fn add_peer(&self, multi_address: &str, alias: Option<&str>) -> Result<Peer, PeerError> {
        let _ = (multi_address, alias);
        todo!()
    }

    /// Removes a peer; whether there was one.
    pub fn remove_peer(&self, id: &str) -> bool {
        let _ = id;
        todo!()
    }
}
