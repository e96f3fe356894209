//! Starting and stopping: the one place where the parts of a node are put together.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::{bounded, unbounded};
use tangle_consensus::{KeysError, MilestoneKeys, Pace};
use tangle_dag::{DagConfig, TipSelection, UniformTips, WeightedTips};
use tangle_engine::{CoordinatorPart, Engine, Input, Parts, Source, check};
use tangle_network::{NetworkEvents, NetworkHandle};
use tangle_storage::{Genesis, OpenError, Reader, StorageConfig, StoreError, Writer};
use tangle_types::{MilestoneIndex, ParsedBlock};
use tokio::runtime;
use tokio::sync::{Semaphore, watch};

use crate::driver::{Driver, DriverState, JOBS_MAX, Message, now};
use crate::events::Events;
use crate::gate::Gate;
use crate::gossip::{Ear, Gossip, Heard, Transport, TransportEvents, serve};
use crate::handle::Shared;
use crate::intake::{CLIENTS_MAX, Intake};
use crate::peers::PeerList;
use crate::snapshots::{SnapshotThread, Snapshots};
use crate::status::{MilestoneSummary, StatusBoard};
use crate::writer::{BATCHES_MAX, Scribe};
use crate::{CoordinatorConfig, Handle, NodeConfig};

/// Messages that may wait for the engine.
const MESSAGES_MAX: usize = 256;
/// Errands that may wait for the writer.
const ERRANDS_MAX: usize = 8;
/// Referenced blocks that the window remembers: new blocks approve the youngest of them.
const ROOT_COUNT_MAX: usize = 25_000;
/// Blocks that may wait for a milestone: some seconds of the heaviest traffic.
const UNREFERENCED_COUNT_MAX: usize = 400_000;
/// Least number of block files that make up the size a store should have.
const SEGMENTS_PER_TARGET: u64 = 40;
/// Least size of a block file.
const SEGMENT_BYTES_MIN: u64 = 1 << 20;
/// Stored blocks that are read back together after a start.
const REPLAY_BATCH: usize = 256;
/// Age of the newest milestone at which a node is not healthy, in milliseconds.
const MILESTONE_AGE_MAX_MS: u64 = 300_000;

/// A running node.
#[derive(Debug)]
pub struct Node {
    handle: Handle,
    threads: Threads,
    is_coordinator: bool,
    report: Report,
    failure: watch::Receiver<Option<String>>,
}

#[derive(Debug)]
struct Threads {
    checkers: Vec<JoinHandle<()>>,
    engine: JoinHandle<()>,
    writer: JoinHandle<()>,
    snapshots: Option<SnapshotThread>,
    /// Those that deal with neighbours, once there can be some.
    neighbours: Vec<JoinHandle<()>>,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed while the state was read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The genesis names milestone keys that do not suffice.
    #[error("the milestone keys of the genesis do not work: {0}")]
    Keys(#[from] KeysError),
    /// A coordinator cannot go on after a milestone whose block it does not have.
    #[error(
        "this store begins with a snapshot of milestone {index}, in which the milestone's block is \
         not; every milestone approves the one before it, so milestone {} cannot be issued from here",
        index.next()
    )]
    NoLastMilestone {
        /// The milestone of the snapshot.
        index: MilestoneIndex,
    },
    /// There is a way to neighbours already.
    #[error("the node has a transport already")]
    Transport,
    /// The system refused a thread.
    #[error("the system starts no more threads: {0}")]
    Thread(std::io::Error),
}

/// Starts a node of the network `genesis`; with `coordinator` it issues the milestones. Blocks the
/// calling thread until the state is read.
///
/// # Errors
/// See [`StartError`].
pub fn start(
    config: &NodeConfig,
    genesis: &Genesis,
    coordinator: Option<CoordinatorConfig>,
) -> Result<Node, StartError> {
    let is_coordinator = coordinator.is_some();
    let state = open(config, genesis, coordinator)?;
    let parameters = Arc::new(RwLock::new(Arc::new(state.engine.parameters().clone())));

    let (engine_in, messages) = bounded(MESSAGES_MAX);
    let (writer_in, jobs) = bounded(BATCHES_MAX);
    let (errands_in, errands) = bounded(ERRANDS_MAX);
    // Unbounded in type only: there are never more than the commits and reservations on their way.
    let (durable_in, durable) = unbounded();
    let (failure_in, failure) = watch::channel(None);
    let (intake, checkers) = Intake::start(
        config.check_thread_count,
        &engine_in,
        &state.reader,
        &parameters,
        state.keys.clone(),
    );
    let gossip = Arc::new(Gossip::default());
    let events = Arc::new(Events::default());
    let scribe = Scribe {
        store: state.store,
        reader: state.reader.clone(),
        jobs,
        errands,
        durable: durable_in,
        events: Arc::clone(&events),
        pruning: config.pruning,
    };
    let mut driver = Driver {
        engine: state.engine,
        messages,
        durable,
        writer: writer_in,
        jobs: Gate::new(JOBS_MAX),
        intake: intake.clone(),
        parameters: Arc::clone(&parameters),
        board: Arc::clone(&state.board),
        gossip: Arc::clone(&gossip),
        state: DriverState::default(),
    };
    replay(&mut driver, state.unreferenced, &state.keys)?;
    let report = Report::new(&state.board, failure_in);
    let snapshots = Snapshots::new(config, &state.reader, genesis);
    let (snapshot_lock, snapshot_counts) = snapshots.shared();
    let threads = spawn(&report, checkers, snapshots, scribe, driver)?;
    let shared = Arc::new(Shared {
        reader: state.reader,
        board: state.board,
        engine: engine_in,
        errands: errands_in,
        intake,
        clients: Semaphore::new(CLIENTS_MAX),
        miner: Semaphore::new(1),
        pow_thread_count: config.pow_thread_count.max(1),
        parameters,
        genesis: genesis.clone(),
        keys: state.keys,
        pruning: config.pruning,
        snapshots: config.snapshots.clone(),
        snapshot_lock,
        snapshot_counts,
        peers: Mutex::new(PeerList::default()),
        gossip,
        events,
        network: OnceLock::new(),
    });
    Ok(Node {
        handle: Handle { shared },
        threads,
        is_coordinator,
        report,
        failure,
    })
}

/// What a node begins with, read from its store.
struct State {
    store: Writer,
    reader: Reader,
    keys: MilestoneKeys,
    engine: Engine<Reader>,
    board: Arc<StatusBoard>,
    /// Blocks that no milestone has referenced yet.
    unreferenced: Vec<Bytes>,
}

fn open(
    config: &NodeConfig,
    genesis: &Genesis,
    coordinator: Option<CoordinatorConfig>,
) -> Result<State, StartError> {
    let (store, reader) = tangle_storage::open(&storage_config(config), genesis)?;
    let bootstrap = store.bootstrap()?;
    // TIP-29: the previous milestone must be in the cone, except for the first one.
    let has_previous = bootstrap.last_milestone.is_some() || bootstrap.last_milestone_id.is_zero();
    if coordinator.is_some() && !has_previous {
        let index = bootstrap.ledger_index;
        return Err(StartError::NoLastMilestone { index });
    }
    let keys = MilestoneKeys::new(
        genesis.milestone_keys.clone(),
        genesis.milestone_key_threshold,
        bootstrap.ledger_index.next(),
    )?;
    let age_max_ms = milestone_age_max_ms(coordinator.as_ref());
    let engine = Engine::new(parts(config, &reader, &keys, coordinator), bootstrap);
    Ok(State {
        board: Arc::new(board_of(&engine, config, &reader, age_max_ms)),
        unreferenced: store.unreferenced()?,
        store,
        reader,
        keys,
        engine,
    })
}

/// The threads of a node without neighbours.
fn spawn(
    report: &Report,
    checkers: Vec<JoinHandle<()>>,
    snapshots: Snapshots,
    scribe: Scribe,
    driver: Driver,
) -> Result<Threads, StartError> {
    Ok(Threads {
        snapshots: snapshots.start().map_err(StartError::Thread)?,
        checkers,
        writer: report.clone().spawn("writer", move || scribe.run())?,
        engine: report.clone().spawn("engine", move || driver.run())?,
        neighbours: Vec::new(),
    })
}

impl Node {
    /// What others may ask of the node.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Connects the node with neighbours. `events` must end when the transport is stopped, and the
    /// transport be stopped before the node.
    ///
    /// # Errors
    /// There is a transport already, or the system refused a thread.
    pub fn join(
        &mut self,
        transport: Arc<dyn Transport>,
        events: impl TransportEvents,
    ) -> Result<(), StartError> {
        let shared = &self.handle.shared;
        let gossip = Arc::clone(&shared.gossip);
        let ear = Ear::new(&gossip, transport, &shared.intake, &shared.engine);
        let ear = ear.ok_or(StartError::Transport)?;
        if !self.is_coordinator {
            shared.board.need_neighbours();
        }
        let (reader, engine) = (shared.reader.clone(), shared.engine.clone());
        let server = self
            .report
            .clone()
            .spawn("server", move || serve(&gossip, &reader, &engine))?;
        self.threads.neighbours.push(server);
        let listen = move || {
            ear.listen(events);
            Ok(())
        };
        let ear = self.report.clone().spawn("ear", listen)?;
        self.threads.neighbours.push(ear);
        Ok(())
    }

    /// Connects the node with the neighbours of the network part, which must be stopped before the
    /// node. `runtime` is the one on which it runs.
    ///
    /// # Errors
    /// As [`Node::join`].
    pub fn join_network(
        &mut self,
        network: NetworkHandle,
        events: NetworkEvents,
        runtime: runtime::Handle,
    ) -> Result<(), StartError> {
        self.join(Arc::new(network.clone()), Heard { events, runtime })?;
        // There was none before, or there would have been a transport.
        let _ = self.handle.shared.network.set(network);
        Ok(())
    }

    /// Waits until the node fails, and says why. A node that runs well never answers.
    pub async fn failed(&self) -> String {
        let mut failure = self.failure.clone();
        loop {
            if let Some(reason) = failure.borrow_and_update().clone() {
                return reason;
            }
            if failure.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Stops the node: takes nothing more, makes everything durable and closes the store. Blocks
    /// the calling thread meanwhile.
    pub fn stop(mut self) {
        let shared = &self.handle.shared;
        if let Some(snapshots) = self.threads.snapshots.take() {
            join(snapshots.stop());
        }
        shared.clients.close();
        shared.miner.close();
        for _ in &self.threads.checkers {
            shared.intake.stop_one();
        }
        // Fails only when the engine has ended by itself.
        let _ = shared.engine.send(Message::Stop);
        shared.gossip.server().close();
        shared.events.close();
        let threads = self.threads;
        let all = threads.checkers.into_iter().chain(threads.neighbours);
        for thread in all.chain([threads.engine, threads.writer]) {
            join(thread);
        }
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the node ended by a panic");
    }
}

/// Disk space comes back a whole block file at a time, so the files are small against the size that
/// the store should have.
fn storage_config(config: &NodeConfig) -> StorageConfig {
    let mut storage = config.storage.clone();
    if let Some(target) = config.pruning.size_bytes {
        let segment_bytes = (target / SEGMENTS_PER_TARGET).max(SEGMENT_BYTES_MIN);
        storage.segment_bytes = storage.segment_bytes.min(segment_bytes);
    }
    storage
}

fn tips(config: &NodeConfig) -> Box<dyn TipSelection> {
    match config.weighted_tips {
        None => Box::new(UniformTips::new(config.tips, config.seed)),
        Some(weighted) => Box::new(WeightedTips::new(config.tips, weighted, config.seed)),
    }
}

fn parts(
    config: &NodeConfig,
    reader: &Reader,
    keys: &MilestoneKeys,
    coordinator: Option<CoordinatorConfig>,
) -> Parts<Reader> {
    Parts {
        store: reader.clone(),
        keys: keys.clone(),
        tips: tips(config),
        window: DagConfig {
            // The engine sets the depth that the protocol parameters say.
            below_max_depth: u8::MAX,
            unsolid_count_max: config.unsolid_count_max,
            root_count_max: ROOT_COUNT_MAX,
        },
        unreferenced_count_max: UNREFERENCED_COUNT_MAX,
        coordinator: coordinator.map(|coordinator| CoordinatorPart {
            config: tangle_consensus::CoordinatorConfig {
                interval_ms: coordinator.interval_ms,
                pace: coordinator.pace,
            },
            keys: coordinator.keys,
            seed: config.seed,
        }),
    }
}

fn board_of(
    engine: &Engine<Reader>,
    config: &NodeConfig,
    reader: &Reader,
    age_max_ms: u64,
) -> StatusBoard {
    StatusBoard::new(
        reader.clone(),
        MilestoneSummary::from(engine.summary().confirmed),
        Arc::new(engine.parameters().clone()),
        age_max_ms,
        config.pow_enabled,
    )
}

/// A coordinator's own node notices within some intervals that milestones stay away.
fn milestone_age_max_ms(coordinator: Option<&CoordinatorConfig>) -> u64 {
    match coordinator {
        Some(coordinator) if coordinator.pace == Pace::Steady => {
            (12 * coordinator.interval_ms).clamp(30_000, MILESTONE_AGE_MAX_MS)
        }
        _ => MILESTONE_AGE_MAX_MS,
    }
}

/// Gives the engine the stored blocks that no milestone has referenced yet.
fn replay(driver: &mut Driver, blocks: Vec<Bytes>, keys: &MilestoneKeys) -> Result<(), StoreError> {
    let parameters = driver.engine.parameters().clone();
    let mut effects = Vec::new();
    for batch in blocks.chunks(REPLAY_BATCH) {
        let parsed = ParsedBlock::parse_many(batch.to_vec())
            .into_iter()
            .filter_map(Result::ok);
        for block in check(parsed.collect(), &parameters, keys)
            .into_iter()
            .flatten()
        {
            let input = Input::Block(Arc::new(block), Source::Replay);
            driver.engine.step(now(), input, &mut effects)?;
        }
    }
    driver.state.keep(effects);
    Ok(())
}

/// How a thread of the node tells of its failure.
#[derive(Clone, Debug)]
struct Report {
    board: Arc<StatusBoard>,
    failure: watch::Sender<Option<String>>,
}

impl Report {
    fn new(board: &Arc<StatusBoard>, failure: watch::Sender<Option<String>>) -> Self {
        Self {
            board: Arc::clone(board),
            failure,
        }
    }

    fn spawn(
        self,
        name: &str,
        work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
    ) -> Result<JoinHandle<()>, StartError> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let name = name.to_owned();
        let work = move || {
            if let Some(reason) = failure(&name, work) {
                tracing::error!(error = reason, "the node cannot go on");
                self.board.failed(&reason);
                self.failure.send_replace(Some(reason));
            }
        };
        thread.spawn(work).map_err(StartError::Thread)
    }
}

/// Works, and says why it ended too early, be it by a panic.
fn failure(thread: &str, work: impl FnOnce() -> Result<(), StoreError>) -> Option<String> {
    // Nothing of what a thread that panicked leaves behind is used again.
    match std::panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result.err()?.to_string()),
        Err(_) => Some(format!(
            "the thread `{thread}` ended by a panic, which is a defect of this program"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_that_ends_too_early_says_why() {
        assert_eq!(failure("writer", || Ok(())), None);
        let poisoned = failure("writer", || Err(StoreError::Poisoned));
        assert_eq!(poisoned, Some(StoreError::Poisoned.to_string()));
        let panicked = failure("writer", || panic!("a test panics on purpose"));
        assert!(panicked.is_some_and(|reason| reason.contains("`writer` ended by a panic")));
    }
}
