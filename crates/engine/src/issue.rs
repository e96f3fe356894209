//! Issuing: the coordinator's milestone is planned, signed, made durable, and only then shown.

use std::sync::Arc;

use bytes::Bytes;
use tangle_types::{Block, Codec, MilestoneId, MilestoneIndex, ParsedBlock};

use crate::confirm::Outcome;
use crate::{CheckedBlock, Effect, Engine, Reservation, Source, Store, Time};

/// A milestone that was signed and waits until its reservation is durable.
#[derive(Debug)]
pub(crate) struct Issuing {
    index: MilestoneIndex,
    id: MilestoneId,
    block: Arc<CheckedBlock>,
    outcome: Outcome,
}

impl Issuing {
    /// The outcome that was computed for the milestone `id`.
    pub(crate) fn outcome_of(self, id: MilestoneId) -> Option<Outcome> {
        (self.id == id).then_some(self.outcome)
    }
}

impl<S: Store> Engine<S> {
    /// Plans and signs the next milestone when its time has come.
    pub(crate) fn issue_if_due(
        &mut self,
        now: Time,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        if self.issuing.is_some() || !self.can_confirm() {
            return Ok(());
        }
        let Some(coordinator) = &mut self.coordinator else {
            return Ok(());
        };
        if coordinator.due_ms().is_none_or(|due| now.0 < due) {
            return Ok(());
        }
        let draft = coordinator.plan(now.0);
        let outcome = self
            .outcome(draft.index, draft.timestamp, &draft.parents)?
            .expect("the coordinator plans over solid blocks only");
        let version = self.schedule.at(draft.index).version;
        let announce = self.announcement.take();
        let coordinator = self
            .coordinator
            .as_mut()
            .expect("it was there a moment ago");
        let (milestone, block) =
            coordinator.sign(&draft, outcome.roots(), version, announce, &self.keys);
        let id = milestone.id();
        effects.push(Effect::Reserve(Reservation {
            index: draft.index,
            id,
            block: block.clone(),
        }));
        let block = own_block(&block, id);
        self.issuing = Some(Issuing {
            index: draft.index,
            id,
            block,
            outcome,
        });
        Ok(())
    }

    /// Shows the milestone that is durable now.
    pub(crate) fn on_reserved(
        &mut self,
        now: Time,
        index: MilestoneIndex,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        let Some(issuing) = self
            .issuing
            .as_ref()
            .filter(|issuing| issuing.index == index)
        else {
            return Ok(());
        };
        let block = Arc::clone(&issuing.block);
        self.insert(now, block, Source::Peer, effects)?;
        self.confirm_known(effects)
    }

    /// Shows a milestone that was reserved before the last stop.
    pub(crate) fn issue_again(
        &mut self,
        now: Time,
        reservation: Reservation,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        let block = own_block(&reservation.block, reservation.id);
        if self.dag.value(&block.id()).is_none() {
            self.insert(now, block, Source::Peer, effects)?;
        }
        self.confirm_known(effects)
    }
}

/// A block that this node has made and signed itself needs no check.
fn own_block(block: &Block, milestone_id: MilestoneId) -> Arc<CheckedBlock> {
    let bytes = Bytes::from(block.to_bytes());
    let parsed = ParsedBlock::parse(bytes).expect("what was just written can be read");
    Arc::new(CheckedBlock::own_milestone(parsed, milestone_id))
}
