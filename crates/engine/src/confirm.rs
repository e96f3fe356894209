//! Confirming: a solid milestone is checked against this node's own computation and applied.
//!
//! Any failure stops the ledger for good (TIP-2, TIP-29): a node never skips a milestone and never
//! tries another one in its place.

use std::sync::Arc;

use tangle_consensus::{MilestoneRoots, check_next};
use tangle_dag::{Cone, TipScore};
use tangle_ledger::{
    Changes, ConfirmingMilestone, Diff, LastReceipt, Lookup, ReferencedBlock, apply, apply_receipt,
};
use tangle_types::{BlockId, MilestoneIndex, PARENTS_MAX, Treasury, UnixSeconds};

use crate::engine::{Kept, Leaving, milestone_of};
use crate::overlay::View;
use crate::{Effect, Engine, Halt, MilestoneCommit, RootsRequest, Store, StoredMilestone, Time};

/// A cone and what applying it does: the costly part of a milestone, computed once.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) cone: Cone,
    pub(crate) diff: Diff,
    pub(crate) changes: Changes,
}

impl<S: Store> Engine<S> {
    /// Goes on where a confirmation left off: its cone leaves the window, and the next milestone
    /// has its turn.
    pub(crate) fn go_on(&mut self, now: Time, effects: &mut Vec<Effect>) -> Result<(), S::Error> {
        if !self.let_leave(now, effects) {
            return Ok(());
        }
        self.confirm_known(now, effects)
    }

    /// Confirms the milestone that follows the ledger, if it is known and solid. The one after it
    /// has its turn in the next step, so that the commit is passed on before the cone leaves the
    /// window, which takes a while.
    pub(crate) fn confirm_known(
        &mut self,
        now: Time,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        if self.leaving.is_some() || !self.can_confirm() {
            return Ok(());
        }
        let Some(block) = self.known.get(&self.previous.index.next()) else {
            return Ok(());
        };
        let milestone = milestone_of(block).expect("only milestones are known as such");
        if self.confirm(now, &Arc::new(milestone), effects)? {
            self.known.remove(&self.previous.index);
        }
        Ok(())
    }

    /// Applies a cone on top of the newest state, without changing it.
    pub(crate) fn outcome(
        &self,
        index: MilestoneIndex,
        timestamp: UnixSeconds,
        cone: Cone,
    ) -> Result<Outcome, S::Error> {
        let blocks = self.dag.values(&cone).map(|(id, kept)| ReferencedBlock {
            id: *id,
            transaction: kept.block().and_then(|block| block.transaction()),
        });
        let view = View {
            overlay: &self.overlay,
            store: &self.store,
        };
        let milestone = ConfirmingMilestone { index, timestamp };
        let (diff, changes) = apply(milestone, blocks, &view)?;
        Ok(Outcome {
            cone,
            diff,
            changes,
        })
    }

    /// The roots that a milestone with these parents would have; `None` when they are not solid.
    pub(crate) fn roots_over(
        &self,
        request: &RootsRequest,
    ) -> Result<Option<MilestoneRoots>, S::Error> {
        let mut starts = Vec::with_capacity(request.parents.len());
        for parent in &request.parents {
            if self.dag.is_solid(parent) {
                starts.push(*parent);
            } else if !self.is_root(parent)? {
                return Ok(None);
            }
        }
        let Ok(cone) = self.dag.cone(&starts) else {
            return Ok(None);
        };
        let outcome = self.outcome(request.index, request.timestamp, cone)?;
        Ok(Some(outcome.roots()))
    }

    /// Confirms one milestone. `false` when the ledger stands still: the cone is not solid yet, or
    /// the ledger halted.
    fn confirm(
        &mut self,
        now: Time,
        stored: &Arc<StoredMilestone>,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, S::Error> {
        let milestone = &stored.milestone;
        let index = milestone.index;
        if let Some(version) = self.schedule.unsupported_at(index) {
            self.halt(Halt::UnsupportedVersion { index, version }, effects);
            return Ok(false);
        }
        let version = self.schedule.at(index).version;
        if let Err(error) = check_next(&self.previous, milestone, version) {
            self.halt(
                Halt::InvalidMilestone {
                    index,
                    reason: error.to_string(),
                },
                effects,
            );
            return Ok(false);
        }
        let prepared = self
            .issuing
            .take()
            .and_then(|issuing| issuing.outcome_of(stored.id));
        let outcome = match prepared {
            Some(outcome) => outcome,
            None => {
                // TIP-2: a milestone's cone starts at its parents; the block itself is not in it.
                let Ok(cone) = self.dag.past_cone(&stored.block_id) else {
                    return Ok(false);
                };
                self.outcome(index, milestone.timestamp, cone)?
            }
        };
        if let Err(halt) = self.agrees(stored, &outcome) {
            self.halt(halt, effects);
            return Ok(false);
        }
        match self.complete(now, stored, outcome) {
            Ok(commit) => effects.push(Effect::Commit(commit)),
            Err(halt) => {
                self.halt(halt, effects);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the milestone says what this node computed.
    fn agrees(&self, stored: &StoredMilestone, outcome: &Outcome) -> Result<(), Halt> {
        let milestone = &stored.milestone;
        let index = milestone.index;
        // TIP-29: the previous milestone must be in the cone, except for the first one.
        if !self.previous.id.is_zero()
            && !outcome.cone.ids().contains(&self.previous.block_id)
            && !self
                .dag
                .values(&outcome.cone)
                .any(|(_, kept)| kept.is_milestone(self.previous.id))
        {
            let reason = format!("milestone {} is not in its cone", self.previous.index);
            return Err(Halt::InvalidMilestone { index, reason });
        }
        let roots = outcome.roots();
        if roots.inclusion != milestone.inclusion_merkle_root
            || roots.applied != milestone.applied_merkle_root
        {
            return Err(Halt::RootMismatch { index });
        }
        Ok(())
    }

    /// Takes over what the milestone changes, and says what must become durable.
    fn complete(
        &mut self,
        now: Time,
        stored: &Arc<StoredMilestone>,
        outcome: Outcome,
    ) -> Result<Arc<MilestoneCommit>, Halt> {
        let milestone = &stored.milestone;
        let index = milestone.index;
        let Outcome {
            cone,
            mut diff,
            mut changes,
        } = outcome;
        let invalid = |reason: String| Halt::InvalidMilestone { index, reason };
        let mut treasury: Option<(Treasury, Treasury)> = None;
        if let Some(receipt) = milestone.receipt() {
            let applied = apply_receipt(
                stored.id,
                milestone,
                receipt,
                &self.treasury,
                self.last_receipt,
            )
            .map_err(|error| invalid(error.to_string()))?;
            for output in applied.created {
                changes.insert(output.id, Lookup::Unspent(Arc::clone(&output)));
                diff.created.push(output);
            }
            treasury = Some((self.treasury, applied.treasury));
        }
        if let Some(option) = milestone.parameters() {
            self.schedule
                .announce(option)
                .map_err(|error| invalid(error.to_string()))?;
        }
        if let Some((_, after)) = treasury {
            self.treasury = after;
            self.last_receipt = milestone.receipt().map(LastReceipt::from);
        }
        self.previous = stored.as_previous();
        self.ahead = self.ahead.split_off(&index.next());
        if self.latest.index < index {
            self.latest = self.previous;
        }
        let commit = Arc::new(MilestoneCommit {
            milestone: Arc::clone(stored),
            diff,
            treasury,
        });
        self.overlay.push(index, changes);
        self.leaving = Some(Leaving {
            index,
            cone,
            since: now,
        });
        Ok(commit)
    }

    /// Moves the window, the tips and the coordinator on to the confirmed milestone. `false` when
    /// there was nothing to do.
    fn let_leave(&mut self, now: Time, effects: &mut Vec<Effect>) -> bool {
        let Some(leaving) = self.leaving.take() else {
            return false;
        };
        let below_max_depth = self.parameters().below_max_depth;
        self.dag.set_below_max_depth(below_max_depth);
        let values = self.dag.confirm(leaving.index, &leaving.cone);
        let blocks: Vec<_> = values.into_iter().filter_map(Kept::into_block).collect();
        if !blocks.is_empty() {
            effects.push(Effect::Released(blocks));
        }
        for id in self.dag.drop_hopeless() {
            self.crowd.remove(&id);
        }
        let dag = &self.dag;
        self.tips.on_confirmed(&|id| dag.score(id));
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.on_confirmed(self.previous, now.0);
            let mut parents: Vec<BlockId> = Vec::with_capacity(PARENTS_MAX);
            for solid in dag.solid() {
                if solid.score != TipScore::BelowMaxDepth && solid.value.may_be_approved() {
                    // The coordinator follows no other parents than those in the window.
                    parents.clear();
                    parents.extend(solid.parents());
                    coordinator.on_solid(solid.id, &parents);
                }
            }
        }
        self.forget_entry_points();
        self.offer_tips(now, effects);
        true
    }
}

impl Outcome {
    pub(crate) const fn roots(&self) -> MilestoneRoots {
        MilestoneRoots {
            inclusion: self.diff.inclusion_merkle_root,
            applied: self.diff.applied_merkle_root,
        }
    }
}
