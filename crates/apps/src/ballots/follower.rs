//! Follows the ledger, and takes and gives up events. All of it may wait for a disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tangle_types::MilestoneIndex;
use tangle_types::participation::{EventId, EventPayload, ParticipationEvent};
use tokio::sync::Notify;

use super::count::Count;
use super::counts::{Counts, Full};
use super::{AddError, BallotsConfig, EVENTS_MAX, FileError, LedgerError, VoteLedger, file};

/// Milestones after which the counts are written to the file, if nothing else asks for it before.
const WRITE_INTERVAL: u32 = 50;
/// Milestones counted before others get a turn.
const PASS_MILESTONES: u32 = 100;
/// Pause between two looks at the ledger, while there is an event that has not ended.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// The same, while counting stands still.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);

/// What all handles have in common.
pub(super) struct Shared {
    pub(super) ledger: Arc<dyn VoteLedger>,
    pub(super) config: BallotsConfig,
    /// Held by whoever changes the counts, while it finds out how: one at a time. The milestones
    /// that were counted since the file was written.
    change: Mutex<u32>,
    /// Guards what was counted; held for a look or a change.
    book: Mutex<Book>,
    /// An event came or went.
    pub(super) changed: Notify,
    /// Whether who adds an event gives up.
    is_stopping: AtomicBool,
}

/// What was counted.
pub(super) struct Book {
    pub(super) counts: Counts,
    /// Why counting stands still, if it does.
    pub(super) trouble: Option<String>,
}

/// What a pass of the follower led to.
pub(super) enum Pass {
    /// There is more to count.
    More,
    /// It goes on after a pause; without an event that has not ended, not by itself.
    Wait(Option<Duration>),
}

impl Shared {
    /// Goes on with what the file has, if there is one.
    pub(super) fn open(
        ledger: Arc<dyn VoteLedger>,
        config: BallotsConfig,
    ) -> Result<Self, FileError> {
        let counts = file::read(&config)?.unwrap_or_default();
        Ok(Self {
            ledger,
            config,
            change: Mutex::new(0),
            book: Mutex::new(Book {
                counts,
                trouble: None,
            }),
            changed: Notify::new(),
            is_stopping: AtomicBool::new(false),
        })
    }

    /// Has who adds an event give up, which may take long else.
    pub(super) fn stop_adding(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no holder panics")
    }

    fn change(&self) -> MutexGuard<'_, u32> {
        self.change.lock().expect("no holder panics")
    }

    /// Counts what is new, up to some milestones.
    pub(super) fn pass(&self) -> Pass {
        let mut unwritten = self.change();
        for _ in 0..PASS_MILESTONES {
            let confirmed = self.ledger.standing().confirmed;
            let next = self.book().counts.advance(confirmed);
            let Some(next) = next else {
                self.stand(None);
                let is_any_open = self.book().counts.is_any_open();
                self.write_if_due(&mut unwritten, is_any_open);
                return Pass::Wait(is_any_open.then_some(LOOK_PAUSE));
            };
            if let Err(reason) = self.count(next) {
                self.stand(Some(reason));
                return Pass::Wait(Some(TROUBLE_PAUSE));
            }
            *unwritten += 1;
        }
        self.write_if_due(&mut unwritten, true);
        Pass::More
    }

    /// Counts the votes of one milestone, the next one.
    fn count(&self, index: MilestoneIndex) -> Result<(), String> {
        let votes = self.ledger.milestone(index).map_err(|error| error.0)?;
        let votes = votes.ok_or_else(|| {
            format!(
                "the node has pruned milestone {index} before its votes were counted; to count \
                 others, remove the events that have not ended"
            )
        })?;
        let room = self.config.participations_max;
        let mut book = self.book();
        book.counts
            .apply(index, &votes, room)
            .map_err(|full| full.to_string())
    }

    /// Notes whether counting stands still, and says it once.
    fn stand(&self, trouble: Option<String>) {
        let mut book = self.book();
        if book.trouble == trouble {
            return;
        }
        match &trouble {
            Some(reason) => {
                let counted = book.counts.index();
                tracing::error!(%counted, %reason, "votes are not counted further");
            }
            None => tracing::warn!("votes are counted again"),
        }
        book.trouble = trouble;
    }

    /// Writes the file from time to time, and when nothing more is to come for now.
    fn write_if_due(&self, unwritten: &mut u32, is_any_open: bool) {
        let due = if is_any_open { WRITE_INTERVAL } else { 1 };
        if *unwritten >= due
            && let Err(error) = self.write(unwritten)
        {
            tracing::error!(%error, "the counts of votes are not written");
        }
    }

    /// Writes the file as of now.
    fn write(&self, unwritten: &mut u32) -> Result<(), FileError> {
        let bytes = file::bytes(&self.book().counts, &self.config);
        file::write(&self.config.file, &bytes)?;
        *unwritten = 0;
        Ok(())
    }

    pub(super) fn add(&self, event: ParticipationEvent) -> Result<EventId, AddError> {
        let mut unwritten = self.change();
        let id = event.id();
        let index = self.check(&event, &id)?;
        let mut count = Count::new(event);
        let others = self.book().counts.tracked_count();
        let room = self.config.participations_max.saturating_sub(others);
        for index in count.accepted(index) {
            if self.is_stopping.load(Ordering::Relaxed) {
                return Err(LedgerError("the node is stopping".to_owned()).into());
            }
            let Some(votes) = self.ledger.milestone(index)? else {
                let pruned = self.ledger.standing().pruned;
                let first = index;
                return Err(AddError::Pruned { first, pruned });
            };
            let new = count.votes_of(&votes).count();
            while count.tracked_count() + new > room {
                if count.forget() == 0 {
                    return Err(Full { room }.into());
                }
            }
            count.apply(index, &votes);
        }
        self.book().counts.insert(index, count);
        if let Err(error) = self.write(&mut unwritten) {
            self.book().counts.remove(&id);
            return Err(error.into());
        }
        Ok(id)
    }

    /// Whether an event can be taken, and up to where it must be counted to be as far as the
    /// others.
    fn check(&self, event: &ParticipationEvent, id: &EventId) -> Result<MilestoneIndex, AddError> {
        let standing = self.ledger.standing();
        let book = self.book();
        if book.counts.event(id).is_some() {
            return Err(AddError::Known);
        }
        if !matches!(event.payload, EventPayload::Ballot(_)) {
            return Err(AddError::NotBallot);
        }
        if event.can_overflow(standing.supply) {
            return Err(AddError::Overflow);
        }
        if book.counts.events().count() >= EVENTS_MAX {
            return Err(AddError::TooMany);
        }
        let first = event.milestone_index_commence.next();
        if standing.confirmed >= first && standing.pruned >= first {
            let pruned = standing.pruned;
            return Err(AddError::Pruned { first, pruned });
        }
        Ok(book.counts.index_at(standing.confirmed))
    }

    pub(super) fn remove(&self, id: &EventId) -> Result<bool, FileError> {
        let mut unwritten = self.change();
        let removed = self.book().counts.remove(id);
        let Some(count) = removed else {
            return Ok(false);
        };
        if let Err(error) = self.write(&mut unwritten) {
            let mut book = self.book();
            let index = book.counts.index();
            book.counts.insert(index, count);
            return Err(error);
        }
        Ok(true)
    }

    /// Writes the file for the last time, if there is anything new.
    pub(super) fn finish(&self) {
        let mut unwritten = self.change();
        self.write_if_due(&mut unwritten, false);
    }
}
