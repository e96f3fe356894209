//! The front of the ledger store: what the log has made durable and the store has not taken yet.
//!
//! ```text
//!  commit ──> log, synced ──> front: visible at once ──> applier ──> ledger store
//! ```
//!
//! The applier is the one thread that writes changes to the ledger store. It lags behind the log by
//! a bounded amount: when it cannot keep up, commits wait for it. A crash loses nothing, since what
//! the store lacks is applied from the log at the next start.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::StoreError;
use crate::ledger::{Change, Head, Ledger, Recent};

/// Changes that may wait for the store before a commit does.
const CHANGES_MAX: usize = 6;
/// Records in them, about, above which no further change is taken: some 200 bytes of memory each.
const RECORDS_MAX: usize = 600_000;
/// Changes after which the store is made durable. What it lacks after a power cut is applied from
/// the log again.
const CHANGES_PER_SYNC: usize = 4;

/// The newest head, with the changes on their way to the store.
#[derive(Debug)]
pub(crate) struct Front {
    /// Guards the head together with the changes that lead to it.
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug)]
struct State {
    head: Head,
    recent: Recent,
    /// The head that the store has durably.
    durable: Head,
    is_stopping: bool,
    /// Why the store takes nothing more; told once.
    failure: Option<StoreError>,
    has_failed: bool,
}

impl Front {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            state: Mutex::new(State {
                head,
                recent: Recent::default(),
                durable: head,
                is_stopping: false,
                failure: None,
                has_failed: false,
            }),
            moved: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let woken = self.moved.wait(state);
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest head.
    pub(crate) fn head(&self) -> Head {
        self.lock().head
    }

    /// The head that the store has durably.
    pub(crate) fn durable(&self) -> Head {
        self.lock().durable
    }

    /// What is newer than the store.
    pub(crate) fn recent(&self) -> Recent {
        self.lock().recent.clone()
    }

    /// Calls `take` with what is newer than the store, and the head it leads to, before any further
    /// change reaches the store.
    pub(crate) fn with<T>(&self, take: impl FnOnce(Recent, Head) -> T) -> T {
        let state = self.lock();
        take(state.recent.clone(), state.head)
    }

    /// Makes a change visible and hands it to the applier; waits while too much is on its way.
    pub(crate) fn push(&self, change: Change) -> Result<(), StoreError> {
        let weight = change.len();
        let mut state = self.lock();
        loop {
            state.check()?;
            let recent = &state.recent;
            let is_full = recent.len() >= CHANGES_MAX || recent.weight() + weight > RECORDS_MAX;
            if !is_full || recent.len() == 0 {
                break;
            }
            state = self.wait(state);
        }
        state.head = change.head;
        state.recent.push(Arc::new(change));
        drop(state);
        self.moved.notify_all();
        Ok(())
    }

    /// Waits until the store has taken every change, durably.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        let mut state = self.lock();
        while state.recent.len() > 0 {
            state.check()?;
            state = self.wait(state);
        }
        state.check()
    }

    /// Waits, but not longer than `patience`, until at most `count` changes are on their way;
    /// `false` when it may help to wait longer.
    pub(crate) fn wait_for_lag(&self, count: usize, patience: Duration) -> bool {
        let waited = self
            .moved
            .wait_timeout_while(self.lock(), patience, |state| {
                state.recent.len() > count && !state.has_failed
            });
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.recent.len() <= count || state.has_failed
    }

    /// The oldest change that the store has not taken; waits for one. `None` when it shall stop.
    fn oldest(&self) -> Option<Arc<Change>> {
        let mut state = self.lock();
        loop {
            if let Some(oldest) = state.recent.oldest() {
                return Some(Arc::clone(oldest));
            }
            if state.is_stopping {
                return None;
            }
            state = self.wait(state);
        }
    }

    /// The store has the oldest change; durably, if `is_durable`.
    fn taken(&self, change: &Change, is_durable: bool) {
        let mut state = self.lock();
        if is_durable {
            state.durable = change.head;
        }
        let mut recent = std::mem::take(&mut state.recent);
        recent.pop_oldest();
        state.recent = recent;
        drop(state);
        self.moved.notify_all();
    }

    fn fail(&self, error: StoreError) {
        let mut state = self.lock();
        state.failure = Some(error);
        state.has_failed = true;
        drop(state);
        self.moved.notify_all();
    }

    fn stop(&self) {
        self.lock().is_stopping = true;
        self.moved.notify_all();
    }
}

impl State {
    fn check(&mut self) -> Result<(), StoreError> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None if self.has_failed => Err(StoreError::Poisoned),
            None => Ok(()),
        }
    }
}

/// The applier's thread. It ends, with everything applied, when this is dropped.
#[derive(Debug)]
pub(crate) struct Applier {
    front: Arc<Front>,
    thread: Option<JoinHandle<()>>,
}

impl Applier {
    /// Starts to apply to `ledger` what comes to `front`.
    pub(crate) fn start(front: Arc<Front>, ledger: Ledger) -> std::io::Result<Self> {
        let work = {
            let front = Arc::clone(&front);
            move || {
                if let Err(error) = apply_all(&front, &ledger) {
                    front.fail(error);
                }
            }
        };
        let thread = std::thread::Builder::new().name("ledger".to_owned());
        Ok(Self {
            front,
            thread: Some(thread.spawn(work)?),
        })
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        self.front.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the ledger store ended by a panic");
        }
    }
}

fn apply_all(front: &Front, ledger: &Ledger) -> Result<(), StoreError> {
    let mut unsynced_count = 0;
    while let Some(change) = front.oldest() {
        ledger.apply(&change)?;
        unsynced_count += 1;
        let is_durable = unsynced_count >= CHANGES_PER_SYNC;
        if is_durable {
            ledger.persist()?;
            unsynced_count = 0;
        }
        front.taken(&change, is_durable);
    }
    ledger.persist()
}
