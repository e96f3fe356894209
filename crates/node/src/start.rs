//! Starting and stopping: the one place where the parts of a node are put together.

use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::{bounded, unbounded};
use tangle_consensus::{KeysError, MilestoneKeys};
use tangle_dag::{DagConfig, UniformTips};
use tangle_engine::{CoordinatorPart, Engine, Input, Parts, Source, check};
use tangle_storage::{Genesis, OpenError, Reader, StoreError};
use tangle_types::ParsedBlock;
use tokio::sync::{Semaphore, watch};

use crate::driver::{Driver, DriverState, Message, now};
use crate::handle::Shared;
use crate::intake::{CLIENTS_MAX, Intake};
use crate::peers::PeerList;
use crate::status::{MilestoneSummary, StatusBoard};
use crate::writer::{BATCHES_MAX, Scribe};
use crate::{CoordinatorConfig, Handle, NodeConfig};

/// Messages that may wait for the engine.
const MESSAGES_MAX: usize = 256;
/// Errands that may wait for the writer.
const ERRANDS_MAX: usize = 8;
/// Referenced blocks that the window remembers.
const ROOT_COUNT_MAX: usize = 100_000;
/// Blocks that may wait for a milestone: some seconds of the heaviest traffic.
const UNREFERENCED_COUNT_MAX: usize = 400_000;
/// Stored blocks that are read back together after a start.
const REPLAY_BATCH: usize = 256;
/// Age of the newest milestone at which a node is not healthy, in milliseconds.
const MILESTONE_AGE_MAX_MS: u64 = 300_000;

/// A running node.
#[derive(Debug)]
pub struct Node {
    handle: Handle,
    threads: Threads,
    failure: watch::Receiver<Option<String>>,
}

#[derive(Debug)]
struct Threads {
    checkers: Vec<JoinHandle<()>>,
    engine: JoinHandle<()>,
    writer: JoinHandle<()>,
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
    let (store, reader) = tangle_storage::open(&config.storage, genesis)?;
    let bootstrap = store.bootstrap()?;
    let keys = MilestoneKeys::new(
        genesis.milestone_keys.clone(),
        genesis.milestone_key_threshold,
        bootstrap.ledger_index.next(),
    )?;
    let age_max_ms = milestone_age_max_ms(coordinator.as_ref());
    let engine = Engine::new(parts(config, &reader, &keys, coordinator), bootstrap);
    let parameters = Arc::new(RwLock::new(Arc::new(engine.parameters().clone())));
    let board = Arc::new(board_of(&engine, config, &reader, age_max_ms));

    let (engine_in, messages) = bounded(MESSAGES_MAX);
    let (writer_in, jobs) = bounded(BATCHES_MAX);
    let (errands_in, errands) = bounded(ERRANDS_MAX);
    // Unbounded in type only: there are never more than the commits and reservations on their way.
    let (durable_in, durable) = unbounded();
    let (failure_in, failure) = watch::channel(None);
    let (intake, checkers) = Intake::start(
        config.check_thread_count,
        &engine_in,
        &parameters,
        keys.clone(),
    );
    let unreferenced = store.unreferenced()?;
    let scribe = Scribe {
        store,
        reader: reader.clone(),
        jobs,
        errands,
        durable: durable_in,
        pruning: config.pruning,
    };
    let mut driver = Driver {
        engine,
        messages,
        durable,
        writer: writer_in,
        intake: intake.clone(),
        parameters: Arc::clone(&parameters),
        board: Arc::clone(&board),
        state: DriverState::default(),
    };
    replay(&mut driver, unreferenced, &keys)?;
    let report = Report {
        board: Arc::clone(&board),
        failure: failure_in,
    };
    let threads = Threads {
        checkers,
        writer: report.clone().spawn("writer", move || scribe.run())?,
        engine: report.spawn("engine", move || driver.run())?,
    };
    let shared = Arc::new(Shared {
        reader,
        board,
        engine: engine_in,
        errands: errands_in,
        intake,
        clients: Semaphore::new(CLIENTS_MAX),
        miner: Semaphore::new(1),
        pow_thread_count: config.pow_thread_count.max(1),
        parameters,
        genesis: genesis.clone(),
        snapshot_dir: config.snapshot_dir.clone(),
        snapshot_lock: Semaphore::new(1),
        peers: Mutex::new(PeerList::default()),
    });
    Ok(Node {
        handle: Handle { shared },
        threads,
        failure,
    })
}

impl Node {
    /// What others may ask of the node.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
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
    pub fn stop(self) {
        let shared = &self.handle.shared;
        shared.clients.close();
        shared.miner.close();
        for _ in &self.threads.checkers {
            shared.intake.stop_one();
        }
        // Fails only when the engine has ended by itself.
        let _ = shared.engine.send(Message::Stop);
        for thread in self
            .threads
            .checkers
            .into_iter()
            .chain([self.threads.engine])
        {
            join(thread);
        }
        join(self.threads.writer);
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the node ended by a panic");
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
        tips: Box::new(UniformTips::new(config.tips, config.seed)),
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
    coordinator.map_or(MILESTONE_AGE_MAX_MS, |coordinator| {
        (12 * coordinator.interval_ms).clamp(30_000, MILESTONE_AGE_MAX_MS)
    })
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
#[derive(Clone)]
struct Report {
    board: Arc<StatusBoard>,
    failure: watch::Sender<Option<String>>,
}

impl Report {
    fn spawn(
        self,
        name: &str,
        work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
    ) -> Result<JoinHandle<()>, StartError> {
        let work = move || {
            if let Err(error) = work() {
                tracing::error!(%error, "the node cannot go on");
                self.board.failed(&error.to_string());
                self.failure.send_replace(Some(error.to_string()));
            }
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(StartError::Thread)
    }
}
