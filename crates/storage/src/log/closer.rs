//! Closing full segments and removing pruned ones, on a thread of its own, so that blocks and
//! milestones need not wait for it.
//!
//! ```text
//!  writer: sync, begin the next segment ──> closer: sync changed tables, run, table, merge
//! ```
//!
//! A segment that is being closed stays in memory until its run and its table are there, so that
//! look-ups find its blocks all the time. After a crash it is closed again. Segments are closed in
//! order: what the commits of one have set in older tables is durable before its own table says
//! that they need not be read again.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tangle_types::MilestoneIndex;

use super::run::Run;
use super::segment::Segment;
use super::writer::{self, merge, settle};
use super::{BlockLog, Prepare};
use crate::StoreError;
use crate::error::AtPath;

/// Tasks that may wait besides the one in hand. Each full segment among them takes the memory of a
/// young one.
const TASKS_MAX: usize = 1;

/// What is to be done, in order.
pub(super) enum Task {
    Close(Full),
    Remove(Vec<Arc<Segment>>, Vec<Arc<Run>>),
    /// Nothing; whoever holds the other end learns that everything before is done.
    Tell(SyncSender<()>),
}

/// A full segment, synced, with what must happen before its table is written.
pub(super) struct Full {
    pub(super) segment: Arc<Segment>,
    /// The ledger index when it was full.
    pub(super) closed_at: MilestoneIndex,
    /// Older segments whose standings its commits have set.
    pub(super) changed: Vec<Arc<Segment>>,
    pub(super) prepare: Option<Prepare>,
}

/// The thread. It ends, with everything done, when this is dropped.
#[derive(Debug)]
pub(super) struct Closer {
    tasks: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    /// Why it has ended early; told once.
    failure: Arc<Mutex<Option<StoreError>>>,
}

impl Closer {
    pub(super) fn start(log: Arc<BlockLog>) -> Result<Self, StoreError> {
        let (tasks, wanted) = sync_channel(TASKS_MAX);
        let failure = Arc::new(Mutex::new(None));
        let (path, failed) = (log.folder().to_owned(), Arc::clone(&failure));
        let work = move || {
            if let Err(error) = work_off(&log, &wanted) {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        };
        let thread = std::thread::Builder::new().name("close".to_owned());
        Ok(Self {
            tasks: Some(tasks),
            thread: Some(thread.spawn(work).at(&path)?),
            failure,
        })
    }

    /// Waits until everything that was handed over is done.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        let (done, wanted) = sync_channel(1);
        self.take(Task::Tell(done))?;
        // The thread has ended early if it does not tell; the next task finds out why.
        let _ = wanted.recv();
        Ok(())
    }

    /// Hands a task over; waits while too many wait. An error tells of one that failed before.
    pub(super) fn take(&self, task: Task) -> Result<(), StoreError> {
        let tasks = self.tasks.as_ref();
        match tasks.map(|tasks| tasks.send(task)) {
            Some(Ok(())) => Ok(()),
            _ => {
                let failure = self.failure.lock();
                let failure = failure.unwrap_or_else(PoisonError::into_inner).take();
                Err(failure.unwrap_or(StoreError::Poisoned))
            }
        }
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that closes block files ended by a panic");
        }
        if let Ok(Some(error)) = self.failure.lock().as_deref() {
            tracing::warn!(%error, "a block file was not closed; the next start does it");
        }
    }
}

fn work_off(log: &BlockLog, tasks: &Receiver<Task>) -> Result<(), StoreError> {
    for task in tasks {
        match task {
            Task::Close(full) => close(log, full)?,
            Task::Tell(done) => drop(done.send(())),
            Task::Remove(segments, runs) => {
                for segment in segments {
                    segment.remove(log.folder())?;
                }
                for run in runs {
                    crate::disk::remove(run.path())?;
                }
            }
        }
    }
    Ok(())
}

/// Every standing that the segment's commits set is durable afterwards, so that an opening store
/// need not read them again.
fn close(log: &BlockLog, full: Full) -> Result<(), StoreError> {
    if let Some(prepare) = full.prepare {
        prepare()?;
    }
    let first = log.first_segment();
    for segment in full.changed {
        if let Some(table) = segment.table().filter(|_| segment.number >= first) {
            table.sync()?;
        }
    }
    writer::close(log, &full.segment, full.closed_at)?;
    settle(log);
    merge(log)
}
