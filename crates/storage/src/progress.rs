//! How far long work has come, for whoever waits for it.

use std::sync::{Mutex, MutexGuard};

/// Told by the one who works, read by others meanwhile. A default one is read by nobody.
#[derive(Debug, Default)]
pub struct Progress {
    /// Held for a few instructions.
    state: Mutex<ProgressState>,
}

/// How far work has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgressState {
    /// What is being counted; empty before anything began.
    pub what: String,
    /// How many are done.
    pub done: u64,
    /// How many there will be; 0 when nobody knows.
    pub total: u64,
}

impl Progress {
    /// A part of the work begins: `total` things called `what`, 0 when nobody knows how many.
    pub fn begin(&self, what: impl Into<String>, total: u64) {
        *self.lock() = ProgressState {
            what: what.into(),
            done: 0,
            total,
        };
    }

    /// So many more are done.
    pub fn advance(&self, count: u64) {
        self.lock().done += count;
    }

    /// How far it has come.
    #[must_use]
    pub fn state(&self) -> ProgressState {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, ProgressState> {
        self.state.lock().expect("no holder panics")
    }
}
