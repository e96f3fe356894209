//! Issuing: the coordinator's milestone is planned, signed, made durable, and only then shown.

use std::sync::Arc;

use bytes::Bytes;
use tangle_types::{Block, Codec, MilestoneId, MilestoneIndex, ParsedBlock};

use crate::confirm::Outcome;
use crate::crowd::Origin;
use crate::{CheckedBlock, Effect, Engine, Halt, Reservation, Source, Store, Time};

/// Checkpoints in the making at once where a proof of work is quickly done.
const CHECKPOINTS_AT_ONCE: usize = 16;
/// The same where it takes a core for a good part of a second.
const CHECKPOINTS_AT_ONCE_HARD: usize = 2;
/// Least score from which on a proof of work counts as hard.
const HARD_POW_SCORE: u32 = 100;

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
    /// Asks for checkpoints when there are more tips than a milestone has room for.
    pub(crate) fn merge_tips(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let is_hard = self.parameters().pow_score_min >= HARD_POW_SCORE;
        if let Some(coordinator) = &mut self.coordinator {
            let at_once = if is_hard {
                CHECKPOINTS_AT_ONCE_HARD
            } else {
                CHECKPOINTS_AT_ONCE
            };
            let checkpoints = coordinator.checkpoints(now.0, at_once);
            effects.extend(checkpoints.into_iter().map(Effect::Checkpoint));
        }
    }

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
        let index = draft.index;
        let cone = self.dag.cone(&draft.parents);
        let cone = cone.expect("the coordinator plans over solid blocks only");
        let outcome = self.outcome(index, draft.timestamp, cone)?;
        let version = self.schedule.at(index).version;
        let announce = self.announcement.take();
        let coordinator = self
            .coordinator
            .as_mut()
            .expect("it was there a moment ago");
        let signed = coordinator.sign(draft, outcome.roots(), version, announce, &self.keys);
        let (id, block) = match signed {
            Ok(signed) => signed,
            Err(error) => {
                self.halt(Halt::CannotSign(error), effects);
                return Ok(());
            }
        };
        effects.push(Effect::Reserve(Reservation {
            index,
            id,
            block: block.clone(),
        }));
        let block = own_block(&block, id);
        self.issuing = Some(Issuing {
            index,
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
        self.show(now, block, effects)?;
        self.confirm_known(now, effects)
    }

    /// Puts an own milestone into the window.
    fn show(
        &mut self,
        now: Time,
        block: Arc<CheckedBlock>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        self.note_milestone(now, &block, None, effects);
        self.insert(now, block, Origin::default(), Source::Own, effects)
    }

    /// Shows a milestone that was reserved before the last stop.
    pub(crate) fn issue_again(
        &mut self,
        now: Time,
        reservation: &Reservation,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        let block = own_block(&reservation.block, reservation.id);
        if self.dag.value(&block.id()).is_none() {
            self.show(now, block, effects)?;
        }
        self.confirm_known(now, effects)
    }
}

/// A block that this node has made and signed itself needs no check.
fn own_block(block: &Block, milestone_id: MilestoneId) -> Arc<CheckedBlock> {
    let bytes = Bytes::from(block.to_bytes());
    let parsed = ParsedBlock::parse(bytes).expect("what was just written can be read");
    Arc::new(CheckedBlock::own_milestone(parsed, milestone_id))
}
