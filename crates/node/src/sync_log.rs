//! Tells the operator's log why the node is not synced: when the reason changes, and now and then.

use std::mem::{Discriminant, discriminant};

use tangle_engine::Time;
use tangle_sync::Blocker;
use tangle_types::MilestoneIndex;

/// Shortest time between two lines.
const PAUSE_MS: u64 = 5_000;
/// Time between two lines about the same kind of thing.
const REMIND_MS: u64 = 60_000;

/// What was said last.
#[derive(Debug, Default)]
pub(crate) struct SyncLog {
    said: Option<(Option<Discriminant<Blocker>>, Time)>,
}

impl SyncLog {
    /// Writes a line if there is something new to say.
    pub(crate) fn write(&mut self, now: Time, blocker: Option<Blocker>, confirmed: MilestoneIndex) {
        if !self.is_due(now, blocker.as_ref()) {
            return;
        }
        match blocker {
            None => tracing::info!(%confirmed, "synced"),
            Some(blocker) if blocker.is_progress() => tracing::info!("{blocker}"),
            Some(blocker) => match blocker.advice() {
                Some(advice) => tracing::warn!("not synced: {blocker}; {advice}"),
                None => tracing::warn!("not synced: {blocker}"),
            },
        }
    }

    /// Whether this is to be said now; it then counts as said.
    fn is_due(&mut self, now: Time, blocker: Option<&Blocker>) -> bool {
        let kind = blocker.map(discriminant);
        let is_due = match self.said {
            None => true,
            Some((said, at)) => {
                let elapsed_ms = now.0.abs_diff(at.0);
                let is_new = said != kind;
                (is_new && elapsed_ms >= PAUSE_MS) || (kind.is_some() && elapsed_ms >= REMIND_MS)
            }
        };
        if is_due {
            self.said = Some((kind, now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_speaks_on_change_with_pauses_and_reminds() {
        let mut log = SyncLog::default();
        let alone = Blocker::NoNeighbours;
        let behind = |confirmed| Blocker::CatchingUp {
            confirmed: MilestoneIndex(confirmed),
            target: MilestoneIndex(900),
        };
        let mut at = |ms, blocker: Option<Blocker>| log.is_due(Time(ms), blocker.as_ref());
        assert!(at(0, Some(alone)));
        assert!(!at(1_000, Some(behind(1))), "a pause comes first");
        assert!(at(5_000, Some(behind(1))));
        assert!(!at(30_000, Some(behind(100))), "that is the same thing");
        assert!(at(65_000, Some(behind(200))), "a reminder");
        assert!(at(70_000, None));
        assert!(!at(700_000, None), "all is well, and that was said");
    }
}
