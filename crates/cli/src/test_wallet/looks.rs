//! Looking at transactions on their way, without anybody asking.

use std::time::Duration;

use tangle_api::WalletAway;
use tangle_types::TransactionId;
use tangle_wallet::promote;
use tokio::time::Instant;

use super::{Worker, away};

/// The longest time between two looks, in times between the first ones.
const PAUSE_MAX: u32 = 16;
/// The time between two promotions, in times between the first looks.
const PROMOTE_EVERY: u32 = 5;

/// When it is time to look at what is on its way: twice as late after each look that shows nothing
/// new.
pub(super) struct Pace {
    /// Between two looks at first.
    every: Duration,
    pause: Duration,
    /// When the next look is due.
    pub(super) next: Instant,
    promoted: Instant,
}

impl Pace {
    pub(super) fn new(every: Duration) -> Self {
        let now = Instant::now();
        Self {
            every,
            pause: every,
            next: now + every,
            promoted: now,
        }
    }

    /// Something is new: the next look is soon.
    pub(super) fn restart(&mut self) {
        self.pause = self.every;
        self.next = Instant::now() + self.pause;
    }

    /// Nothing is new: the next look is later than this one was.
    fn slow_down(&mut self) {
        self.pause = (self.pause * 2).min(self.every * PAUSE_MAX);
        self.next = Instant::now() + self.pause;
    }

    /// Whether it is time for promotions, which counts as one.
    fn promotes(&mut self) -> bool {
        let is_due = self.promoted.elapsed() >= self.every * PROMOTE_EVERY;
        if is_due {
            self.promoted = Instant::now();
        }
        is_due
    }
}

impl Worker {
    /// Looks at what is on its way, and helps it on.
    pub(super) async fn look(&mut self) {
        let before = self.standing();
        match self.help_on().await {
            Ok(()) if self.standing() != before => self.pace.restart(),
            Ok(()) => self.pace.slow_down(),
            Err(WalletAway(reason)) => {
                tracing::debug!(reason, "transactions on their way are looked at later");
                self.pace.slow_down();
            }
        }
    }

    /// What is on its way, and in how many blocks.
    fn standing(&self) -> Vec<(TransactionId, usize)> {
        let pending = self.state.pending.iter();
        let standing = pending.map(|pending| (pending.transaction.id(), pending.blocks.len()));
        standing.collect()
    }

    async fn help_on(&mut self) -> Result<(), WalletAway> {
        let network = self.learn().await?;
        if self.pace.promotes() {
            let promoted = promote(&self.client, &network.parameters, &self.state).await;
            promoted.map_err(|error| away(&error.into()))?;
        }
        Ok(())
    }
}
