//! Who counts the votes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tangle_types::participation::{
    AddressParticipations, EventId, EventParticipations, EventStatus, OutputParticipations,
    ParticipationEvent,
};
use tangle_types::{Address, MilestoneIndex, OutputId};

/// Counts the votes of events, when the interface asks. All calls but those that add and remove
/// return at once, and their answers have bounds.
pub trait VoteCounter: Send + Sync {
    /// The events that are counted, in order.
    fn events(&self) -> Vec<EventId>;

    /// An event.
    fn event(&self, id: &EventId) -> Option<ParticipationEvent>;

    /// Up to which milestone votes are counted.
    fn index(&self) -> MilestoneIndex;

    /// The state of an event after a milestone, or the newest one; `None` for an event that is not
    /// counted.
    ///
    /// # Errors
    /// See [`CounterError`].
    fn status(
        &self,
        id: &EventId,
        at: Option<MilestoneIndex>,
    ) -> Result<Option<EventStatus>, CounterError>;

    /// The participations in an output.
    fn output(&self, id: &OutputId) -> OutputParticipations;

    /// The participations of an address.
    ///
    /// # Errors
    /// There are more than are told at once.
    fn address(&self, address: &Address) -> Result<AddressParticipations, CounterError>;

    /// The participations in an event that go on, or those that have ended.
    fn participations(&self, id: &EventId, are_active: bool) -> EventParticipations;

    /// Counts an event from now on, and what was cast for it until now.
    ///
    /// # Errors
    /// See [`CounterError`].
    fn add(&self, event: ParticipationEvent) -> CounterFuture<'_, EventId>;

    /// Forgets an event; `false` when it is not counted.
    ///
    /// # Errors
    /// See [`CounterError`].
    fn remove(&self, id: EventId) -> CounterFuture<'_, bool>;
}

/// What comes of an order.
pub type CounterFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CounterError>> + Send + 'a>>;

/// Why an answer is not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CounterError {
    /// It cannot be given to this question.
    #[error("{0}")]
    Refused(String),
    /// It is not known any more.
    #[error("{0}")]
    Forgotten(String),
    /// Not now.
    #[error("{0}")]
    Unavailable(String),
    /// The counter failed.
    #[error("{0}")]
    Failed(String),
}

impl fmt::Debug for dyn VoteCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VoteCounter")
    }
}
