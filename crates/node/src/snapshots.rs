//! The thread that renews the node's snapshots.
//!
//! It reads the store beside everybody else, at a pace; nobody waits for it. A snapshot that fails
//! is tried again an interval later, and the one before stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use tangle_storage::snapshot::{Keeper, Order, Pace, SnapshotError, Written};
use tangle_storage::{Genesis, Reader};
use tangle_types::MilestoneIndex;
use tokio::sync::Semaphore;

use crate::{NodeConfig, SnapshotConfig};

/// Time between two looks at the newest milestone.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What the snapshots of a running node were so far.
#[derive(Debug, Default)]
pub(crate) struct SnapshotCounts {
    full: AtomicU64,
    delta: AtomicU64,
    failed: AtomicU64,
    target_index: AtomicU64,
    size_bytes: AtomicU64,
    took_ms: AtomicU64,
}

/// What the snapshots of a node came to at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotSummary {
    /// Full snapshots written since the start.
    pub full_total: u64,
    /// Delta snapshots written since the start.
    pub delta_total: u64,
    /// Snapshots that could not be written.
    pub failed_total: u64,
    /// The milestone that the newest one leads to; 0 when there is none.
    pub target_index: u64,
    /// Bytes of the newest one that was written since the start.
    pub size_bytes: u64,
    /// Milliseconds that it took.
    pub took_ms: u64,
}

impl SnapshotCounts {
    /// The counts now.
    pub(crate) fn read(&self) -> SnapshotSummary {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SnapshotSummary {
            full_total: get(&self.full),
            delta_total: get(&self.delta),
            failed_total: get(&self.failed),
            target_index: get(&self.target_index),
            size_bytes: get(&self.size_bytes),
            took_ms: get(&self.took_ms),
        }
    }

    fn note(&self, written: &Written, took: Duration) {
        let kind = if written.is_full {
            &self.full
        } else {
            &self.delta
        };
        kind.fetch_add(1, Ordering::Relaxed);
        self.note_target(written.target_index);
        self.size_bytes.store(written.size_bytes, Ordering::Relaxed);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.took_ms.store(took_ms, Ordering::Relaxed);
    }

    fn note_target(&self, index: MilestoneIndex) {
        self.target_index.store(index.0.into(), Ordering::Relaxed);
    }
}

/// The running thread.
#[derive(Debug)]
pub(crate) struct SnapshotThread {
    thread: JoinHandle<()>,
    pace: Arc<Pace>,
    /// Dropped to wake the thread.
    stop: Sender<()>,
}

impl SnapshotThread {
    /// Tells it to give up and waits for its end.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.pace.stop();
        drop(self.stop);
        self.thread
    }
}

/// What the thread works with.
pub(crate) struct Snapshots {
    config: SnapshotConfig,
    reader: Reader,
    genesis: Genesis,
    counts: Arc<SnapshotCounts>,
    /// Held while a snapshot is written, whoever asked for it.
    lock: Arc<Semaphore>,
}

impl Snapshots {
    pub(crate) fn new(config: &NodeConfig, reader: &Reader, genesis: &Genesis) -> Self {
        Self {
            config: config.snapshots.clone(),
            reader: reader.clone(),
            genesis: genesis.clone(),
            counts: Arc::default(),
            lock: Arc::new(Semaphore::new(1)),
        }
    }

    /// The lock and the counts, for others.
    pub(crate) fn shared(&self) -> (Arc<Semaphore>, Arc<SnapshotCounts>) {
        (Arc::clone(&self.lock), Arc::clone(&self.counts))
    }

    /// Starts the thread, if the node is to write snapshots by itself.
    pub(crate) fn start(self) -> std::io::Result<Option<SnapshotThread>> {
        let Some(interval) = self.config.interval_milestones else {
            return Ok(None);
        };
        let pace = Arc::new(Pace::new(self.config.bytes_per_second));
        let (stop, stopping) = bounded(0);
        let thread = std::thread::Builder::new().name("snapshots".to_owned());
        let thread = {
            let pace = Arc::clone(&pace);
            thread.spawn(move || self.run(interval.max(1), &pace, &stopping))?
        };
        Ok(Some(SnapshotThread { thread, pace, stop }))
    }

    fn run(self, interval: u32, pace: &Pace, stopping: &Receiver<()>) {
        let keeper = Keeper::new(self.config.folder.clone(), self.config.delta);
        let mut last = match keeper.newest() {
            Ok(newest) => newest,
            Err(error) => {
                tracing::warn!(%error, "the snapshots of an earlier run cannot be read");
                None
            }
        };
        if let Some(last) = last {
            self.counts.note_target(last);
        }
        while stopping.recv_timeout(LOOK_INTERVAL)
            == Err(crossbeam_channel::RecvTimeoutError::Timeout)
        {
            let newest = self.reader.ledger_index().0;
            let target = newest.saturating_sub(self.config.depth_milestones);
            let target = MilestoneIndex(target.max(self.reader.pruning_index().0));
            let is_due = match last {
                Some(last) => target.0 >= last.0.saturating_add(interval),
                None => target > self.genesis.index,
            };
            if is_due && let Ok(_one) = self.lock.try_acquire() {
                self.write(&keeper, target, pace);
                last = Some(target);
            }
        }
    }

    fn write(&self, keeper: &Keeper, target: MilestoneIndex, pace: &Pace) {
        let started = Instant::now();
        let order = Order {
            reader: &self.reader,
            genesis: &self.genesis,
            target,
            pace,
        };
        match keeper.renew(&order) {
            Ok(written) => {
                let took = started.elapsed();
                self.counts.note(&written, took);
                tracing::info!(
                    index = %written.target_index,
                    is_full = written.is_full,
                    bytes = written.size_bytes,
                    took_ms = took.as_millis(),
                    "wrote a snapshot"
                );
            }
            Err(SnapshotError::Stopped) => {}
            Err(error) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, index = %target, "no snapshot was written");
            }
        }
    }
}
