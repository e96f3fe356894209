//! The votes of all events, up to the same milestone.

use std::collections::BTreeMap;

use tangle_types::participation::{EventId, TrackedParticipation};
use tangle_types::{MilestoneIndex, OutputId};

use super::MilestoneVotes;
use super::count::Count;

/// All events with their votes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// The last milestone that was applied, or did not matter.
    index: MilestoneIndex,
    events: BTreeMap<EventId, Count>,
}

/// There is no room for more participations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {room} participations go on at once; set participation.counting.participations_max \
     higher \
     and start the node again"
)]
pub struct Full {
    /// How many can be tracked.
    pub room: usize,
}

impl Counts {
    pub(super) fn restore(index: MilestoneIndex, events: Vec<Count>) -> Self {
        let events = events.into_iter().map(|count| (count.id(), count));
        Self {
            index,
            events: events.collect(),
        }
    }

    pub(super) const fn index(&self) -> MilestoneIndex {
        self.index
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Count> {
        self.events.values()
    }

    pub(super) fn event(&self, id: &EventId) -> Option<&Count> {
        self.events.get(id)
    }

    pub(super) fn output(&self, id: &OutputId) -> BTreeMap<EventId, TrackedParticipation> {
        let events = self.events.values();
        events
            .filter_map(|count| Some((count.id(), count.output(id)?)))
            .collect()
    }

    pub(super) fn tracked_count(&self) -> usize {
        self.events.values().map(Count::tracked_count).sum()
    }

    /// Whether the votes of a milestone to come will matter.
    pub(super) fn is_any_open(&self) -> bool {
        self.next().is_some()
    }

    /// Up to where everything is counted when the ledger is at `confirmed`: further than the last
    /// milestone applied if those since do not matter.
    pub(super) fn index_at(&self, confirmed: MilestoneIndex) -> MilestoneIndex {
        let next = self.next().filter(|next| *next <= confirmed);
        let free = next.map_or(confirmed, |next| MilestoneIndex(next.0 - 1));
        free.max(self.index)
    }

    /// Goes on up to `confirmed` or the next milestone that matters, which is given back.
    pub(super) fn advance(&mut self, confirmed: MilestoneIndex) -> Option<MilestoneIndex> {
        self.index = self.index_at(confirmed);
        self.next().filter(|next| *next <= confirmed)
    }

    /// Adds an event that has been counted up to `index`, which is not before where the others are.
    pub(super) fn insert(&mut self, index: MilestoneIndex, count: Count) {
        self.index = self.index.max(index);
        self.events.insert(count.id(), count);
    }

    pub(super) fn remove(&mut self, id: &EventId) -> Option<Count> {
        self.events.remove(id)
    }

    /// Forgets the older half of what has ended in each event; how many participations that is.
    pub(super) fn forget(&mut self) -> usize {
        self.events.values_mut().map(Count::forget).sum()
    }

    /// Counts the votes of a milestone, the one that [`Counts::advance`] gave, unless more than
    /// `room` participations would be tracked.
    pub(super) fn apply(
        &mut self,
        index: MilestoneIndex,
        votes: &MilestoneVotes,
        room: usize,
    ) -> Result<(), Full> {
        let open = self
            .events
            .values()
            .filter(|one| one.event().accepts(index));
        let new: usize = open.map(|count| count.votes_of(votes).count()).sum();
        while self.tracked_count() + new > room {
            if self.forget() == 0 {
                return Err(Full { room });
            }
        }
        let events = self.events.values_mut();
        for count in events.filter(|count| count.event().accepts(index)) {
            count.apply(index, votes);
        }
        self.index = index;
        Ok(())
    }

    /// The next milestone that matters.
    fn next(&self) -> Option<MilestoneIndex> {
        let events = self.events.values();
        events
            .filter_map(|count| count.next_after(self.index))
            .min()
    }
}
