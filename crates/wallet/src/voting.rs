//! Voting: one output of an account is kept apart, and its metadata says for what.
//!
//! The official wallet does the same, so that both see the same votes. An output that participates
//! counts only when its transaction made nothing else, so whoever changes the voting power, and has
//! a remainder, has to [vote](Source::vote) again.

use std::collections::BTreeSet;

use tangle_types::participation::{EventId, Participation, Participations, TAG, voting_output};
use tangle_types::{
    BasicOutput, Codec, Feature, Features, LedgerOutput, METADATA_SIZE_BYTES_MAX, Output,
    TaggedData, UnixSeconds, UnlockCondition, UnlockConditions,
};

use crate::access::Standing;
use crate::actions::ActionError;
use crate::build::{Source, Wish};
use crate::state::State;

/// An account's voting output: of several that have the tag, the one with most coins.
#[derive(Clone, Copy, Debug)]
pub struct VotingOutput<'a> {
    /// The output.
    pub held: &'a LedgerOutput,
    /// What it is.
    pub basic: &'a BasicOutput,
}

impl<'a> VotingOutput<'a> {
    /// The voting output of an account.
    #[must_use]
    pub fn of(state: &'a State, account: u32, now: UnixSeconds) -> Option<Self> {
        let voting = state.unspent().filter_map(|held| {
            let basic = voting_output(&held.output)?;
            match Standing::of(&held.output, state, now) {
                Standing::Free(place) if place.account == account => Some(Self { held, basic }),
                _ => None,
            }
        });
        voting.max_by_key(|voting| (voting.basic.amount, std::cmp::Reverse(voting.held.id)))
    }

    /// What its metadata says; nothing at all when it has none.
    ///
    /// # Errors
    /// The metadata says something else.
    pub fn participations(&self) -> Result<Participations, ActionError> {
        let metadata = self.basic.features.metadata();
        metadata.map_or(Ok(Participations::default()), |bytes| {
            Participations::from_bytes(bytes).map_err(ActionError::VotingMetadata)
        })
    }

    /// The output with another amount and participations; `None` leaves the metadata away.
    fn next(
        &self,
        amount: u64,
        participations: Option<&Participations>,
    ) -> Result<Output, ActionError> {
        let mut features = vec![Feature::Tag(TAG.to_vec())];
        if let Some(participations) = participations {
            let metadata = participations.to_bytes();
            let (found, max) = (metadata.len(), METADATA_SIZE_BYTES_MAX);
            if found > max {
                let field = "the list of votes";
                return Err(ActionError::Bytes { field, found, max });
            }
            features.push(Feature::Metadata(metadata));
        }
        Ok(Output::Basic(BasicOutput {
            amount,
            native_tokens: self.basic.native_tokens.clone(),
            unlock_conditions: self.basic.unlock_conditions.clone(),
            features: Features::new(features).expect("two kinds"),
        }))
    }
}

impl<'a> Source<'a> {
    /// The account's voting output.
    #[must_use]
    pub fn voting_output(&self) -> Option<VotingOutput<'a>> {
        VotingOutput::of(self.state, self.account, self.now)
    }

    /// Answers the questions of an event, or says again what was said before. Events that are over
    /// are left away.
    ///
    /// # Errors
    /// There is no voting output, nothing was said before, or too much is said at once.
    pub fn vote(
        &self,
        part: Option<Participation>,
        ended: &BTreeSet<EventId>,
    ) -> Result<Wish, ActionError> {
        let voting = self.existing()?;
        let mut parts = voting.participations()?;
        parts.0.retain(|part| !ended.contains(&part.event_id));
        match part {
            Some(part) => parts.put(part),
            None if parts.0.is_empty() => {
                return Err(ActionError::Nothing("there is no vote to say again"));
            }
            None => {}
        }
        self.say(&voting, &parts)
    }

    /// Takes back what was said of an event. Events that are over are left away.
    ///
    /// # Errors
    /// There is no voting output, or it says nothing of that event.
    pub fn stop_participating(
        &self,
        event: EventId,
        ended: &BTreeSet<EventId>,
    ) -> Result<Wish, ActionError> {
        let voting = self.existing()?;
        let mut parts = voting.participations()?;
        if !parts.remove(&event) {
            return Err(ActionError::NotParticipating(event));
        }
        parts.0.retain(|part| !ended.contains(&part.event_id));
        self.say(&voting, &parts)
    }

    /// Keeps more coins apart for voting. Events that are over are left away.
    ///
    /// # Errors
    /// The coins would be too few for an output, or the amounts are too large.
    pub fn increase_voting_power(
        &self,
        amount: u64,
        ended: &BTreeSet<EventId>,
    ) -> Result<Wish, ActionError> {
        let Some(voting) = self.voting_output() else {
            return self.first_voting_output(amount);
        };
        let sum = voting.basic.amount.checked_add(amount);
        let sum = sum.ok_or(ActionError::Supply("the amounts are too large"))?;
        self.resized(&voting, sum, ended)
    }

    /// Keeps fewer coins apart for voting; none at all ends every vote. Events that are over are
    /// left away.
    ///
    /// # Errors
    /// There is no voting output, it has fewer coins, or too few would be left for an output.
    pub fn decrease_voting_power(
        &self,
        amount: u64,
        ended: &BTreeSet<EventId>,
    ) -> Result<Wish, ActionError> {
        let voting = self.existing()?;
        let power = voting.basic.amount;
        if amount == power {
            let mut plain = voting.basic.clone();
            plain.features = Features::default();
            return Ok(Wish {
                outputs: vec![Output::Basic(plain)],
                inputs: vec![voting.held.id],
                ..Wish::default()
            });
        }
        let left = power.checked_sub(amount);
        let left = left.ok_or(ActionError::VotingPower { power, amount })?;
        self.resized(&voting, left, ended)
    }

    fn existing(&self) -> Result<VotingOutput<'a>, ActionError> {
        self.voting_output().ok_or(ActionError::NoVotingOutput)
    }

    fn first_voting_output(&self, amount: u64) -> Result<Wish, ActionError> {
        let own = self
            .own_address()
            .ok_or(ActionError::Nothing("the account has no key yet"))?;
        let conditions = vec![UnlockCondition::Address(own)];
        let features = Features::new(vec![Feature::Tag(TAG.to_vec())]);
        let output = Output::Basic(BasicOutput {
            amount,
            native_tokens: Vec::new(),
            unlock_conditions: UnlockConditions::new(conditions).expect("one condition"),
            features: features.expect("one kind"),
        });
        self.check_deposit(&output)?;
        Ok(Wish {
            outputs: vec![output],
            ..Wish::default()
        })
    }

    /// The voting output with these participations and nothing else, so that they count.
    fn say(&self, voting: &VotingOutput<'_>, parts: &Participations) -> Result<Wish, ActionError> {
        let output = voting.next(voting.basic.amount, Some(parts))?;
        self.check_deposit(&output)?;
        Ok(Wish {
            payload: Some(participate(parts.to_bytes())),
            outputs: vec![output],
            inputs: vec![voting.held.id],
            is_closed: true,
            ..Wish::default()
        })
    }

    /// The voting output with another amount. What its metadata says stays, if it can be read.
    fn resized(
        &self,
        voting: &VotingOutput<'_>,
        amount: u64,
        ended: &BTreeSet<EventId>,
    ) -> Result<Wish, ActionError> {
        let has_metadata = voting.basic.features.metadata().is_some();
        let mut parts = voting.participations().unwrap_or_default();
        parts.0.retain(|part| !ended.contains(&part.event_id));
        let parts = has_metadata.then_some(&parts);
        let output = voting.next(amount, parts)?;
        self.check_deposit(&output)?;
        Ok(Wish {
            payload: Some(participate(parts.map(Codec::to_bytes).unwrap_or_default())),
            outputs: vec![output],
            inputs: vec![voting.held.id],
            ..Wish::default()
        })
    }

    fn check_deposit(&self, output: &Output) -> Result<(), ActionError> {
        let (amount, needed) = (output.amount(), output.deposit_min(&self.parameters.rent));
        if amount < needed {
            return Err(ActionError::VotingDeposit { amount, needed });
        }
        Ok(())
    }
}

fn participate(data: Vec<u8>) -> TaggedData {
    TaggedData {
        tag: TAG.to_vec(),
        data,
    }
}

#[cfg(test)]
mod tests;
