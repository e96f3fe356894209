//! The votes of one event.
//!
//! For each answer two numbers are kept: `current`, the votes of the outputs that take part now,
//! and `accumulated`, the sum of what `current` was after each milestone of the holding phase. What
//! they were after an earlier milestone follows from the outputs and from when each took part, so
//! no history of them is kept.

use std::collections::{BTreeMap, BTreeSet};

use tangle_types::participation::{
    ANSWER_INVALID, ANSWER_SKIPPED, AnswerStatus, BALLOT_DENOMINATOR, EventId, EventStatus,
    ParticipationEvent, QuestionStatus, TrackedParticipation,
};
use tangle_types::{Address, BlockId, MilestoneIndex, OutputId};

use super::{CastVote, MilestoneVotes, StatusError};

/// The least output id.
const FIRST_OUTPUT: OutputId = OutputId([0; OutputId::LENGTH]);

/// An event with its votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Count {
    id: EventId,
    event: ParticipationEvent,
    /// As they are after the last milestone that was applied.
    tallies: Vec<QuestionStatus>,
    tracked: BTreeMap<OutputId, Tracked>,
    /// Keys of `tracked` by owner.
    owned: BTreeSet<(Address, OutputId)>,
    /// What ended up to this milestone may be missing in `tracked`.
    forgotten: MilestoneIndex,
}

/// An output that takes part, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) block_id: BlockId,
    pub(super) address: Address,
    pub(super) amount: u64,
    /// The milestone that confirmed it.
    pub(super) start: MilestoneIndex,
    /// The milestone that consumed it, or the one after the event's end; 0 while it takes part.
    pub(super) end: MilestoneIndex,
    /// One for each question.
    pub(super) answers: Box<[u8]>,
}

impl Tracked {
    pub(super) const fn is_active(&self) -> bool {
        self.end.0 == 0
    }

    /// Its votes in each question.
    const fn votes(&self) -> u64 {
        self.amount / BALLOT_DENOMINATOR
    }

    fn told(&self) -> TrackedParticipation {
        TrackedParticipation {
            block_id: self.block_id,
            amount: self.amount,
            start_milestone_index: self.start,
            end_milestone_index: self.end,
            answers: self.answers.iter().copied().collect(),
        }
    }
}

impl Count {
    /// An event without votes.
    pub(super) fn new(event: ParticipationEvent) -> Self {
        let none = |value| AnswerStatus {
            value,
            current: 0,
            accumulated: 0,
        };
        let questions = event.questions().iter();
        let tallies = questions.map(|question| {
            let values = question.answers.iter().map(|answer| answer.value);
            let values = values.chain([ANSWER_SKIPPED, ANSWER_INVALID]);
            QuestionStatus {
                answers: values.map(none).collect(),
            }
        });
        Self {
            id: event.id(),
            tallies: tallies.collect(),
            tracked: BTreeMap::new(),
            owned: BTreeSet::new(),
            forgotten: MilestoneIndex(0),
            event,
        }
    }

    /// An event with the votes that a file has: what takes or took part, and the sums in the order
    /// of [`Count::sums`]. `None` when they do not fit it.
    pub(super) fn restore(
        event: ParticipationEvent,
        tracked: BTreeMap<OutputId, Tracked>,
        sums: &[[u64; 2]],
        forgotten: MilestoneIndex,
    ) -> Option<Self> {
        let mut count = Self::new(event);
        let questions = count.tallies.len();
        let do_fit = tracked.values().all(|one| one.answers.len() == questions);
        if !do_fit || sums.len() != count.sums().count() {
            return None;
        }
        let owners = tracked.iter().map(|(id, one)| (one.address, *id));
        count.owned = owners.collect();
        count.tracked = tracked;
        count.forgotten = forgotten;
        let tallies = count.tallies.iter_mut();
        let answers = tallies.flat_map(|tally| &mut tally.answers.0);
        for (answer, [current, accumulated]) in answers.zip(sums) {
            answer.current = *current;
            answer.accumulated = *accumulated;
        }
        Some(count)
    }

    pub(super) const fn id(&self) -> EventId {
        self.id
    }

    pub(super) const fn event(&self) -> &ParticipationEvent {
        &self.event
    }

    pub(super) const fn forgotten(&self) -> MilestoneIndex {
        self.forgotten
    }

    /// Whether no milestone after `index` matters.
    pub(super) fn has_ended(&self, index: MilestoneIndex) -> bool {
        index >= self.event.milestone_index_end
    }

    /// The first milestone after `index` that matters.
    pub(super) fn next_after(&self, index: MilestoneIndex) -> Option<MilestoneIndex> {
        let next = index.max(self.event.milestone_index_commence).next();
        self.event.accepts(next).then_some(next)
    }

    /// The milestones up to `last` that matter.
    pub(super) fn accepted(
        &self,
        last: MilestoneIndex,
    ) -> impl Iterator<Item = MilestoneIndex> + use<> {
        let first = self.event.milestone_index_commence.next();
        let last = last.min(self.event.milestone_index_end);
        (first.0..=last.0).map(MilestoneIndex)
    }

    pub(super) fn tracked(&self) -> &BTreeMap<OutputId, Tracked> {
        &self.tracked
    }

    pub(super) fn tracked_count(&self) -> usize {
        self.tracked.len()
    }

    /// `current` and `accumulated` of the answers, question by question.
    pub(super) fn sums(&self) -> impl Iterator<Item = [u64; 2]> {
        let answers = self.tallies.iter().flat_map(|tally| &tally.answers.0);
        answers.map(|answer| [answer.current, answer.accumulated])
    }

    pub(super) fn output(&self, id: &OutputId) -> Option<TrackedParticipation> {
        self.tracked.get(id).map(Tracked::told)
    }

    pub(super) fn of_address(
        &self,
        address: &Address,
    ) -> impl Iterator<Item = (OutputId, TrackedParticipation)> {
        let address = *address;
        let from = self.owned.range((address, FIRST_OUTPUT)..);
        from.take_while(move |(owner, _)| *owner == address)
            .map(|(_, id)| (*id, self.tracked[id].told()))
    }

    pub(super) fn participations(
        &self,
        are_active: bool,
    ) -> impl Iterator<Item = (OutputId, TrackedParticipation)> {
        let all = self.tracked.iter();
        all.filter(move |(_, tracked)| tracked.is_active() == are_active)
            .map(|(id, tracked)| (*id, tracked.told()))
    }

    /// The votes of a milestone that are for this event, with their answers.
    pub(super) fn votes_of<'a>(
        &'a self,
        votes: &'a MilestoneVotes,
    ) -> impl Iterator<Item = (&'a CastVote, &'a [u8])> {
        votes.cast.iter().filter_map(|vote| {
            let participation = vote.participations.get(&self.id)?;
            let answers = &participation.answers[..];
            (answers.len() == self.tallies.len()).then_some((vote, answers))
        })
    }

    /// Counts the votes of a milestone in which participations are taken. They come in order, each
    /// milestone once.
    pub(super) fn apply(&mut self, index: MilestoneIndex, votes: &MilestoneVotes) {
        let new: Vec<(OutputId, Tracked)> = self
            .votes_of(votes)
            .map(|(vote, answers)| {
                let tracked = Tracked {
                    block_id: vote.block_id,
                    address: vote.address,
                    amount: vote.amount,
                    start: index,
                    end: MilestoneIndex(0),
                    answers: answers.into(),
                };
                (vote.output_id, tracked)
            })
            .collect();
        for (id, tracked) in new {
            self.add(&tracked);
            self.owned.insert((tracked.address, id));
            self.tracked.insert(id, tracked);
        }
        for id in &votes.consumed {
            self.end(id, index);
        }
        let answers = self
            .tallies
            .iter_mut()
            .flat_map(|tally| &mut tally.answers.0);
        if self.event.counts(index) {
            for answer in answers {
                answer.accumulated = answer
                    .accumulated
                    .checked_add(answer.current)
                    .expect("an event whose votes could overflow is not taken");
            }
        }
        if index == self.event.milestone_index_end {
            // They count in this milestone, so `current` stays as it is.
            for tracked in self.tracked.values_mut().filter(|one| one.is_active()) {
                tracked.end = index.next();
            }
        }
    }

    /// Drops the older half of what has ended, at least one if there is any; the number of them.
    pub(super) fn forget(&mut self) -> usize {
        let ended = self.tracked.values().filter(|one| !one.is_active());
        let mut ends: Vec<MilestoneIndex> = ended.map(|tracked| tracked.end).collect();
        ends.sort_unstable();
        let Some(last) = ends.get(ends.len() / 2).copied() else {
            return 0;
        };
        let before = self.tracked.len();
        self.tracked
            .retain(|_, tracked| tracked.is_active() || tracked.end > last);
        let tracked = &self.tracked;
        self.owned.retain(|(_, id)| tracked.contains_key(id));
        self.forgotten = last;
        before - self.tracked.len()
    }

    /// The state after milestone `at`, when milestones up to `counted` have been applied.
    pub(super) fn status(
        &self,
        at: MilestoneIndex,
        counted: MilestoneIndex,
    ) -> Result<EventStatus, StatusError> {
        let end = self.event.milestone_index_end;
        let (at, counted) = (at.min(end), counted.min(end));
        let mut questions = self.tallies.clone();
        if at < counted {
            if at < self.forgotten.min(end) {
                return Err(StatusError::Forgotten(self.forgotten.min(end)));
            }
            self.go_back(&mut questions, at, counted);
        }
        let phase = self.event.phase(at);
        Ok(EventStatus::new(&self.id, at, phase, questions, None))
    }

    /// Turns the state after `counted` into the one after `at`, an earlier one.
    fn go_back(&self, questions: &mut [QuestionStatus], at: MilestoneIndex, now: MilestoneIndex) {
        for answer in questions.iter_mut().flat_map(|tally| &mut tally.answers.0) {
            answer.current = 0;
        }
        let first = at.max(self.event.milestone_index_start).next();
        for tracked in self.tracked.values() {
            // It takes part after each milestone from `start` on and before `end`.
            let end = if tracked.is_active() {
                now.next()
            } else {
                tracked.end.min(now.next())
            };
            let milestones = end.0.saturating_sub(first.max(tracked.start).0);
            let later = tracked.votes() * u64::from(milestones);
            let takes_part = tracked.start <= at && at < end;
            for (position, answer) in tracked.answers.iter().enumerate() {
                let tally = &mut questions[position];
                let answer = answer_of(&self.event, tally, position, *answer);
                answer.accumulated = answer
                    .accumulated
                    .checked_sub(later)
                    .expect("what is taken away was added");
                if takes_part {
                    answer.current += tracked.votes();
                }
            }
        }
    }

    /// Adds the votes of an output.
    fn add(&mut self, tracked: &Tracked) {
        for (position, answer) in tracked.answers.iter().enumerate() {
            let tally = &mut self.tallies[position];
            let answer = answer_of(&self.event, tally, position, *answer);
            answer.current = answer
                .current
                .checked_add(tracked.votes())
                .expect("an event whose votes could overflow is not taken");
        }
    }

    /// Ends what takes part in an output, if it does.
    fn end(&mut self, id: &OutputId, index: MilestoneIndex) {
        let Some(tracked) = self.tracked.get_mut(id).filter(|one| one.is_active()) else {
            return;
        };
        tracked.end = index;
        let votes = tracked.votes();
        for (position, answer) in tracked.answers.iter().enumerate() {
            let tally = &mut self.tallies[position];
            let answer = answer_of(&self.event, tally, position, *answer);
            answer.current = answer
                .current
                .checked_sub(votes)
                .expect("what is taken away was added");
        }
    }
}

/// Where an answer to the question at a position is counted.
fn answer_of<'a>(
    event: &ParticipationEvent,
    tally: &'a mut QuestionStatus,
    position: usize,
    answer: u8,
) -> &'a mut AnswerStatus {
    let value = event.questions()[position].counted_value(answer);
    let mut answers = tally.answers.0.iter_mut();
    answers
        .find(|answer| answer.value == value)
        .expect("there is a tally for each answer, for none and for any other")
}
