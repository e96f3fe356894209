//! Counts the votes of participation events, as `inx-participation` does beside Hornet.
//!
//! ```text
//! confirmed milestones ──> follower: created, consumed outputs ──> counts ──> who asks
//!                                                                    └──> file, now and then
//! ```
//!
//! An event asks questions. Whoever has coins answers by sending them to themselves with the
//! answers as tagged data ([`CastVote`]); from then until the output is spent, each milestone of
//! the holding phase adds a vote for every thousand coins.
//!
//! - Without an event nothing is read and nothing wakes up. Milestones in which no event takes
//!   participations are skipped.
//! - Everything is bounded: the events by [`EVENTS_MAX`], what is tracked by
//!   [`BallotsConfig::participations_max`]. When that is full, the oldest half of what has ended is
//!   forgotten: it stays counted, only the state before it is not known any more. When everything
//!   that is tracked goes on, counting stands still and says so.
//! - Where the node has pruned a milestone that was not counted, counting stands still and says so:
//!   it never skips a vote.
//!
//! Rewards for staking are left out; see `docs/decisions/ballots.md`.
//!
//! Begin with [`Ballots`].

mod cast;
mod count;
mod counts;
mod file;
mod follower;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tangle_types::participation::{
    AddressParticipations, EventId, EventParticipations, EventStatus, OutputParticipations,
    ParticipationEvent, TrackedParticipation,
};
use tangle_types::{Address, MilestoneIndex, OutputId};
use tokio::sync::watch;

pub use cast::CastVote;
use count::Count;
pub use counts::Full;
pub use file::FileError;
use follower::{Pass, Shared};

/// Most events.
pub const EVENTS_MAX: usize = 100;
/// Most outputs in the answer about an address.
pub const ADDRESS_OUTPUTS_MAX: usize = 1_000;

/// The ledger whose votes are counted. Its calls may wait for a disk.
pub trait VoteLedger: Send + Sync {
    /// How far it is.
    fn standing(&self) -> LedgerStanding;

    /// What a confirmed milestone did; `None` when it was pruned.
    ///
    /// # Errors
    /// It cannot be read.
    fn milestone(&self, index: MilestoneIndex) -> Result<Option<MilestoneVotes>, LedgerError>;
}

/// How far a ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerStanding {
    /// The newest milestone.
    pub confirmed: MilestoneIndex,
    /// Milestones up to this one were pruned.
    pub pruned: MilestoneIndex,
    /// All coins there are.
    pub supply: u64,
}

/// What a milestone did, as far as it matters for votes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MilestoneVotes {
    /// Votes that it confirmed, in order; also those that the same milestone ended.
    pub cast: Vec<CastVote>,
    /// Outputs that it consumed.
    pub consumed: Vec<OutputId>,
}

/// The ledger cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LedgerError(pub String);

/// How votes are counted.
#[derive(Clone, Debug)]
pub struct BallotsConfig {
    /// The file that keeps the counts.
    pub file: PathBuf,
    /// Hash of the network's genesis: the file of another network is refused.
    pub network: [u8; 32],
    /// Participations that are tracked, those that have ended among them.
    pub participations_max: usize,
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It is one of those that are counted.
    #[error("the event is known already")]
    Known,
    /// It is not a ballot.
    #[error("this node counts ballots only (payload type 0); rewards for staking are left out")]
    NotBallot,
    /// Its votes could become more than fit into 64 bits.
    #[error("with all coins, the votes of an event this long could overflow")]
    Overflow,
    /// There are [`EVENTS_MAX`] already.
    #[error("this node counts at most {EVENTS_MAX} events, remove one that has ended")]
    TooMany,
    /// Its first votes cannot be read any more.
    #[error(
        "the event takes participations from milestone {first} on, and this node has pruned the \
         milestones up to {pruned}: use a node that keeps more"
    )]
    Pruned {
        /// The first milestone that matters.
        first: MilestoneIndex,
        /// Up to where the node has pruned.
        pruned: MilestoneIndex,
    },
    /// It has more participations than may be tracked.
    #[error(transparent)]
    Full(#[from] Full),
    /// The ledger cannot be read.
    #[error("the votes until now cannot be read: {0}")]
    Ledger(#[from] LedgerError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why the state of an event is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// There is no such event.
    #[error("event not found: {0}")]
    Unknown(EventId),
    /// Too much was forgotten since.
    #[error("the state of the event before milestone {0} is not known any more")]
    Forgotten(MilestoneIndex),
    /// Counting stands still.
    #[error(
        "votes are counted up to milestone {counted} only: {reason}; what was counted is told \
         with ?milestoneIndex={counted}"
    )]
    Stuck {
        /// The last milestone that was counted.
        counted: MilestoneIndex,
        /// Why it goes no further.
        reason: String,
    },
}

/// Counts votes. Cheap to clone.
#[derive(Clone)]
pub struct Ballots {
    shared: Arc<Shared>,
}

impl Ballots {
    /// Goes on with what the file has, if there is one.
    ///
    /// # Errors
    /// The file cannot be read, or is not one of this network.
    pub fn open(ledger: Arc<dyn VoteLedger>, config: BallotsConfig) -> Result<Self, FileError> {
        let shared = Shared::open(ledger, config)?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Follows the ledger until `stop` says so, then writes the file.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let shared = Arc::clone(&self.shared);
            let pass = tokio::task::spawn_blocking(move || shared.pass()).await;
            let pause = match pass.expect("counting does not panic") {
                Pass::More if *stop.borrow() => break,
                Pass::More => continue,
                Pass::Wait(pause) => pause,
            };
            let paused = tokio::time::sleep(pause.unwrap_or_default());
            tokio::select! {
                // An error means that whoever could stop it is gone.
                _ = stop.wait_for(|is_stopping| *is_stopping) => break,
                () = self.shared.changed.notified() => {}
                () = paused, if pause.is_some() => {}
            }
        }
        self.shared.stop_adding();
        let shared = self.shared;
        let written = tokio::task::spawn_blocking(move || shared.finish()).await;
        written.expect("writing does not panic");
    }

    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> Vec<EventId> {
        self.shared.book().counts.events().map(Count::id).collect()
    }

    /// An event.
    #[must_use]
    pub fn event(&self, id: &EventId) -> Option<ParticipationEvent> {
        let book = self.shared.book();
        book.counts.event(id).map(|count| count.event().clone())
    }

    /// Up to which milestone votes are counted.
    #[must_use]
    pub fn index(&self) -> MilestoneIndex {
        let standing = self.shared.ledger.standing();
        self.shared.book().counts.index_at(standing.confirmed)
    }

    /// The state of an event after a milestone, or the newest one. What is later than the newest
    /// milestone, or than the end, is told as of then.
    ///
    /// # Errors
    /// See [`StatusError`].
    pub fn status(
        &self,
        id: &EventId,
        at: Option<MilestoneIndex>,
    ) -> Result<EventStatus, StatusError> {
        let standing = self.shared.ledger.standing();
        let book = self.shared.book();
        let counted = book.counts.index_at(standing.confirmed);
        let count = book.counts.event(id).ok_or(StatusError::Unknown(*id))?;
        let at = at.unwrap_or(MilestoneIndex(u32::MAX));
        if let Some(reason) = &book.trouble
            && at > counted
            && !count.has_ended(counted)
        {
            let reason = reason.clone();
            return Err(StatusError::Stuck { counted, reason });
        }
        count.status(at.min(counted), counted)
    }

    /// The participations in an output.
    #[must_use]
    pub fn output(&self, id: &OutputId) -> OutputParticipations {
        OutputParticipations {
            participations: self.shared.book().counts.output(id),
        }
    }

    /// The participations of an address; `None` when they are in more than
    /// [`ADDRESS_OUTPUTS_MAX`] outputs.
    #[must_use]
    pub fn address(&self, address: &Address) -> Option<AddressParticipations> {
        let book = self.shared.book();
        let mut outputs: BTreeMap<OutputId, OutputParticipations> = BTreeMap::new();
        for count in book.counts.events() {
            for (id, tracked) in count.of_address(address).take(ADDRESS_OUTPUTS_MAX + 1) {
                let output = outputs.entry(id).or_default();
                output.participations.insert(count.id(), tracked);
            }
        }
        (outputs.len() <= ADDRESS_OUTPUTS_MAX).then_some(AddressParticipations { outputs })
    }

    /// The participations in an event that go on, or those that have ended. None for an event that
    /// is not known.
    #[must_use]
    pub fn participations(&self, id: &EventId, are_active: bool) -> EventParticipations {
        let book = self.shared.book();
        let count = book.counts.event(id);
        let tracked: BTreeMap<OutputId, TrackedParticipation> = count
            .map(|count| count.participations(are_active).collect())
            .unwrap_or_default();
        EventParticipations {
            participations: tracked,
        }
    }

    /// Counts an event from now on, and what was cast for it until now. May take long for an event
    /// that has gone on for long.
    ///
    /// # Errors
    /// See [`AddError`].
    pub async fn add(&self, event: ParticipationEvent) -> Result<EventId, AddError> {
        let shared = Arc::clone(&self.shared);
        let added = tokio::task::spawn_blocking(move || shared.add(event)).await;
        let added = added.expect("counting does not panic");
        self.shared.changed.notify_one();
        added
    }

    /// Forgets an event; `false` when it is not known.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn remove(&self, id: EventId) -> Result<bool, FileError> {
        let shared = Arc::clone(&self.shared);
        let removed = tokio::task::spawn_blocking(move || shared.remove(&id)).await;
        let removed = removed.expect("removing does not panic");
        self.shared.changed.notify_one();
        removed
    }
}
