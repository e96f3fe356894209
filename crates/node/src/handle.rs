//! What others may ask of a running node.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::Sender;
use tangle_consensus::{MilestoneKeys, MilestoneRoots};
use tangle_dag::{TipRequest, TipScore, Weighed};
use tangle_engine::{Inspection, RootsRequest, Store};
use tangle_network::NetworkHandle;
use tangle_storage::snapshot::{self, Order, Pace};
use tangle_storage::{Genesis, Reader, StoreError};
use tangle_types::{
    BlockId, BlockMetadata, DraftBlock, MilestoneId, MilestoneIndex, ParsedBlock, Payload,
    UnixSeconds,
};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use crate::driver::Message;
use crate::events::Events;
use crate::gossip::{Gossip, GossipCounts};
use crate::intake::{CurrentParameters, Intake};
use crate::peers::{self, PeerList};
use crate::snapshots::SnapshotCounts;
use crate::status::StatusBoard;
use crate::writer::Errand;
use crate::{
    EventCounts, EventMeter, Listener, Peer, PeerError, PruningConfig, Queue, SnapshotConfig,
    SnapshotSummary, Status,
};

/// Longest wait for a white-flag cone to become complete, in milliseconds.
const WHITE_FLAG_WAIT_MS: u64 = 2_000;
/// Pause between two looks at it, in milliseconds.
const WHITE_FLAG_PAUSE_MS: u64 = 50;

/// Longest wait for what is on its way to the store, in milliseconds.
const STORE_WAIT_MS: u64 = 2_000;
/// Pause between two looks at it, in milliseconds.
const STORE_PAUSE_MS: u64 = 5;

/// A running node. Cheap to clone; every call is safe from any task.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

/// What all handles have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) reader: Reader,
    pub(crate) board: Arc<StatusBoard>,
    pub(crate) engine: Sender<Message>,
    pub(crate) errands: Sender<Errand>,
    pub(crate) intake: Intake,
    pub(crate) clients: Semaphore,
    pub(crate) miner: Semaphore,
    pub(crate) pow_thread_count: usize,
    pub(crate) parameters: CurrentParameters,
    pub(crate) genesis: Genesis,
    pub(crate) keys: MilestoneKeys,
    pub(crate) pruning: PruningConfig,
    pub(crate) snapshots: SnapshotConfig,
    /// Held while a snapshot is written, whoever asked for it.
    pub(crate) snapshot_lock: Arc<Semaphore>,
    pub(crate) snapshot_counts: Arc<SnapshotCounts>,
    pub(crate) peers: Mutex<PeerList>,
    pub(crate) gossip: Arc<Gossip>,
    pub(crate) events: Arc<Events>,
    pub(crate) network: OnceLock<NetworkHandle>,
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
    /// The node is going down.
    #[error("the node is stopping")]
    Stopping,
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

impl Handle {
    /// How the node is, as of the last milestone or second.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        self.shared.board.read()
    }

    /// The store's contents.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    /// Takes a complete block or one whose parents (count 0) and nonce (0) are to be filled in;
    /// answers when it is stored and can be read.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, bytes: Bytes) -> Result<BlockId, SubmitError> {
        crate::submit::submit(&self.shared, bytes).await
    }

    /// As [`Handle::submit`], for a block that was not given in bytes.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit_draft(&self, draft: DraftBlock) -> Result<BlockId, SubmitError> {
        crate::submit::submit_draft(&self.shared, draft).await
    }

    /// Hands in raw blocks in bulk, in a bounded queue: blocks the calling thread while the node
    /// is busy. Blocks that break a rule are dropped. `false` when the node has stopped.
    #[must_use]
    pub fn ingest(&self, blocks: Vec<Bytes>) -> bool {
        self.shared.intake.hand_in_bulk(blocks)
    }

    /// How heavy a block is, and how sure; `None` when the strategy of tip selection does not know.
    pub async fn weigh(&self, id: BlockId) -> Option<Weighed> {
        let answer = self.shared.ask(|answer| Message::Weigh(id, answer)).await;
        answer.flatten()
    }

    /// Up to `count` tips, sorted.
    ///
    /// # Errors
    /// See [`TipsError`].
    pub async fn tips(&self, count: usize, semi_lazy: bool) -> Result<Vec<BlockId>, TipsError> {
        self.shared.tips(TipRequest { count, semi_lazy }).await
    }

    /// The bytes of a block, also of one that is not stored yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn block(&self, id: &BlockId) -> Result<Option<Bytes>, StoreError> {
        if let Some(bytes) = self.shared.reader.block(id)? {
            return Ok(Some(bytes));
        }
        match self.shared.inspect(*id).await {
            Some(Inspection::Unreferenced {
                block: Some(block), ..
            }) => Ok(Some(block.parsed().bytes.clone())),
            Some(_) => self.shared.stored(|reader| reader.block(id)).await,
            None => Ok(None),
        }
    }

    /// Where a block stands.
    ///
    /// # Errors
    /// The store failed.
    pub async fn block_state(&self, id: &BlockId) -> Result<Option<BlockState>, StoreError> {
        let reader = &self.shared.reader;
        let mut referenced = reader.metadata(id)?;
        let mut score = Some(TipScore::BelowMaxDepth);
        let mut is_expected = false;
        if referenced.is_none() {
            match self.shared.inspect(*id).await {
                Some(Inspection::Unreferenced {
                    block: Some(block),
                    score,
                }) => {
                    let is_milestone = block.milestone_id().is_some();
                    let state = BlockState::unreferenced(block.parsed(), is_milestone, score);
                    return Ok(Some(state));
                }
                Some(Inspection::Unreferenced {
                    block: None,
                    score: found,
                }) => {
                    score = found;
                    is_expected = true;
                }
                Some(Inspection::Referenced(_)) => {
                    referenced = self.shared.stored(|reader| reader.metadata(id)).await?;
                }
                // It may have been confirmed between the two questions.
                None => referenced = reader.metadata(id)?,
            }
        }
        let bytes = if is_expected {
            self.shared.stored(|reader| reader.block(id)).await?
        } else {
            reader.block(id)?
        };
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let Ok(parsed) = ParsedBlock::parse(bytes) else {
            return Ok(None);
        };
        let mut state = BlockState::unreferenced(&parsed, false, score);
        if let Some(metadata) = referenced {
            state.milestone_index = self.shared.milestone_index(&parsed)?;
            state.referenced = Some(metadata);
            state.should_promote = None;
            state.should_reattach = None;
        }
        Ok(Some(state))
    }

    /// The roots that a milestone with these parents would have.
    ///
    /// # Errors
    /// See [`WhiteFlagError`].
    pub async fn white_flag(
        &self,
        request: WhiteFlagRequest,
    ) -> Result<MilestoneRoots, WhiteFlagError> {
        let confirmed = self.status().confirmed;
        if request.index != confirmed.index.next() {
            return Err(WhiteFlagError::Invalid(format!(
                "the next milestone is {}, not {}",
                confirmed.index.next(),
                request.index
            )));
        }
        if request.previous_milestone_id != confirmed.id.unwrap_or(MilestoneId::ZERO) {
            return Err(WhiteFlagError::Invalid(
                "the previous milestone has another id".to_owned(),
            ));
        }
        let roots = RootsRequest {
            index: request.index,
            timestamp: request.timestamp,
            parents: request.parents,
        };
        let end = Instant::now() + Duration::from_millis(WHITE_FLAG_WAIT_MS);
        loop {
            let answer = self
                .shared
                .ask(|answer| Message::Roots(roots.clone(), answer))
                .await
                .ok_or(WhiteFlagError::Stopping)?;
            match answer {
                Some(roots) => return Ok(roots),
                None if Instant::now() >= end => return Err(WhiteFlagError::NotSolid),
                None => tokio::time::sleep(Duration::from_millis(WHITE_FLAG_PAUSE_MS)).await,
            }
        }
    }

    /// Prunes and returns the new pruning index.
    ///
    /// # Errors
    /// See [`PruneError`].
    pub async fn prune(&self, target: PruneTarget) -> Result<MilestoneIndex, PruneError> {
        let (answer, answered) = oneshot::channel();
        let errand = Errand::Prune(target, answer);
        if self.shared.errands.try_send(errand).is_err() {
            return Err(PruneError::Busy);
        }
        answered.await.unwrap_or(Err(PruneError::Stopping))
    }

    /// Writes a full snapshot of milestone `index` into the node's snapshot folder.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn create_snapshot(&self, index: MilestoneIndex) -> Result<PathBuf, SnapshotError> {
        let _one = self
            .shared
            .snapshot_lock
            .try_acquire()
            .map_err(|_| SnapshotError::Busy)?;
        let shared = Arc::clone(&self.shared);
        // Reads the whole ledger; confirmation goes on beside it.
        let written = tokio::task::spawn_blocking(move || write_snapshot(&shared, index));
        written
            .await
            .unwrap_or_else(|error| Err(SnapshotError::Failed(error.to_string())))
    }

    /// The queues between the parts of the node, in the order in which a block passes them.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let shared = &self.shared;
        let mut queues = shared.intake.queues().to_vec();
        queues.push(Queue::of("engine", &shared.engine));
        queues.push(self.status().writer_queue);
        queues.push(Queue::of("errands", &shared.errands));
        queues
    }

    /// Blocks that broke a rule, since the start of the process.
    #[must_use]
    pub fn refused_total(&self) -> u64 {
        self.shared.intake.refused_total()
    }

    /// What the node keeps of the past.
    #[must_use]
    pub fn pruning(&self) -> PruningConfig {
        self.shared.pruning
    }

    /// What the node's own snapshots were so far.
    #[must_use]
    pub fn snapshots(&self) -> SnapshotSummary {
        self.shared.snapshot_counts.read()
    }

    /// Traffic with neighbours since the start.
    #[must_use]
    pub fn gossip_counts(&self) -> GossipCounts {
        self.shared.gossip.counts()
    }

    /// The network part, if there is one.
    #[must_use]
    pub fn network(&self) -> Option<&NetworkHandle> {
        self.shared.network.get()
    }

    /// Opens a feed of what happens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        self.shared.events.listen()
    }

    /// Who listens, and what they missed.
    #[must_use]
    pub fn event_counts(&self) -> EventCounts {
        self.shared.events.counts()
    }

    /// What is counted where events are passed on.
    #[must_use]
    pub fn event_meter(&self) -> &EventMeter {
        &self.shared.events.meter
    }

    /// Known and connected peers, by id.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        match self.network() {
            Some(network) => {
                let peers = network.peers().into_iter().map(Peer::from);
                peers.map(|peer| self.with_gossip(peer)).collect()
            }
            None => self.shared.peers.lock().expect("no holder panics").all(),
        }
    }

    /// Adds what the peer said and the engine knows.
    fn with_gossip(&self, mut peer: Peer) -> Peer {
        if let Some(connection) = &mut peer.connection {
            let key = connection.state.key;
            let status = self.status();
            let view = status.neighbours.iter().find(|view| view.key == key);
            connection.heartbeat = view.and_then(|view| view.heartbeat);
            connection.duplicate_count = self.shared.gossip.duplicates_of(key);
        }
        peer
    }

    /// Keeps a known or connected peer out for some time; whether there was one. It is no longer a
    /// known one.
    pub async fn ban_peer(&self, id: &str, duration: Duration) -> bool {
        match self.network() {
            Some(network) => peers::ban(network, id, duration).await,
            None => false,
        }
    }

    /// Adds a known peer.
    ///
    /// # Errors
    /// See [`PeerError`].
    pub async fn add_peer(
        &self,
        multi_address: &str,
        alias: Option<&str>,
    ) -> Result<Peer, PeerError> {
        match self.network() {
            Some(network) => peers::connect(network, multi_address, alias).await,
            None => self
                .shared
                .peers
                .lock()
                .expect("no holder panics")
                .add(multi_address, alias),
        }
    }

    /// Removes a peer; whether there was one.
    pub async fn remove_peer(&self, id: &str) -> bool {
        match self.network() {
            Some(network) => peers::disconnect(network, id).await,
            None => self
                .shared
                .peers
                .lock()
                .expect("no holder panics")
                .remove(id),
        }
    }
}

impl Shared {
    /// Asks the engine; `None` when the node is stopping.
    pub(crate) async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let mut message = question(answer);
        loop {
            match self.engine.try_send(message) {
                Ok(()) => return answered.await.ok(),
                Err(crossbeam_channel::TrySendError::Disconnected(_)) => return None,
                Err(crossbeam_channel::TrySendError::Full(back)) => {
                    message = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }

    pub(crate) async fn tips(&self, request: TipRequest) -> Result<Vec<BlockId>, TipsError> {
        if !self.board.read().is_synced {
            return Err(TipsError::NotSynced);
        }
        let tips = self.ask(|answer| Message::Tips(request, answer)).await;
        match tips {
            None => Err(TipsError::Stopping),
            Some(tips) if tips.is_empty() => Err(TipsError::NoTips),
            Some(tips) => Ok(tips),
        }
    }

    async fn inspect(&self, id: BlockId) -> Option<Inspection> {
        self.ask(|answer| Message::Inspect(id, answer))
            .await
            .flatten()
    }

    /// Asks the store for what is on its way to it, for a while.
    async fn stored<T>(
        &self,
        look_up: impl Fn(&Reader) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let end = Instant::now() + Duration::from_millis(STORE_WAIT_MS);
        loop {
            let found = look_up(&self.reader)?;
            if found.is_some() || Instant::now() >= end {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(STORE_PAUSE_MS)).await;
        }
    }

    /// The milestone that a referenced block is, if it is a valid one.
    fn milestone_index(&self, block: &ParsedBlock) -> Result<Option<MilestoneIndex>, StoreError> {
        match block.milestone_id {
            Some(id) => self.reader.milestone_index(&id),
            None => Ok(None),
        }
    }
}

impl BlockState {
    fn unreferenced(block: &ParsedBlock, is_milestone: bool, score: Option<TipScore>) -> Self {
        let milestone_index = match &block.block.payload {
            Some(Payload::Milestone(milestone)) if is_milestone => Some(milestone.index),
            _ => None,
        };
        let should_reattach = score.map(|score| score == TipScore::BelowMaxDepth);
        let should_promote =
            score.map(|score| matches!(score, TipScore::SemiLazy | TipScore::Lazy));
        Self {
            parents: block.block.parents.as_slice().to_vec(),
            is_solid: score.is_some(),
            milestone_index,
            referenced: None,
            should_promote,
            should_reattach,
        }
    }
}

fn write_snapshot(shared: &Shared, index: MilestoneIndex) -> Result<PathBuf, SnapshotError> {
    let folder = &shared.snapshots.folder;
    std::fs::create_dir_all(folder)
        .map_err(|error| SnapshotError::Failed(format!("{}: {error}", folder.display())))?;
    let path = folder.join(format!("full_snapshot_{}.bin", index.0));
    let order = Order {
        reader: &shared.reader,
        genesis: &shared.genesis,
        target: index,
        pace: &Pace::new(shared.snapshots.bytes_per_second),
    };
    match snapshot::write(&order, &path) {
        Ok(_) => Ok(path),
        Err(error @ snapshot::SnapshotError::NoSuchTarget { .. }) => {
            Err(SnapshotError::Invalid(error.to_string()))
        }
        Err(error) => Err(SnapshotError::Failed(error.to_string())),
    }
}
