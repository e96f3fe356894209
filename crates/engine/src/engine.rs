//! The engine: one value that is a node.

use std::collections::BTreeMap;
use std::sync::Arc;

use tangle_consensus::{AnnounceError, Coordinator, MilestoneKeys, ParameterSchedule, Previous};
use tangle_crypto::ed25519::SecretKey;
use tangle_dag::{ConeIndexes, Dag, DagConfig, Inserted, Moment, TipScore, TipSelection};
use tangle_types::{
    BlockId, MilestoneId, MilestoneIndex, ParametersOption, Payload, ProtocolParameters, Treasury,
};

use crate::issue::Issuing;
use crate::overlay::Overlay;
use crate::{
    Bootstrap, CheckedBlock, Effect, Halt, Input, Inspection, Refusal, Reservation, Source, Store,
    StoredMilestone, Ticket, Time,
};

/// Commits that may wait for the disk before no further milestone is confirmed.
const PENDING_COMMITS_MAX: usize = 4;
/// Milestones ahead of the ledger that are remembered; later ones are asked for again.
const KNOWN_MILESTONES_MAX: usize = 1_024;

/// What an engine is made of besides its state.
pub struct Parts<S> {
    /// Where it looks things up.
    pub store: S,
    /// Who may sign milestones.
    pub keys: MilestoneKeys,
    /// How it chooses tips.
    pub tips: Box<dyn TipSelection>,
    /// Limits of the unreferenced part of the Tangle; the depth is the parameters'.
    pub window: DagConfig,
    /// The coordinator, if this node is one.
    pub coordinator: Option<CoordinatorPart>,
}

/// A coordinator's settings and keys.
pub struct CoordinatorPart {
    /// How it works.
    pub config: tangle_consensus::CoordinatorConfig,
    /// Keys it signs with.
    pub keys: Vec<SecretKey>,
    /// Where its choices come from.
    pub seed: u64,
}

/// A node without input and output.
pub struct Engine<S> {
    pub(crate) store: S,
    pub(crate) keys: MilestoneKeys,
    pub(crate) schedule: ParameterSchedule,
    pub(crate) dag: Dag<Arc<CheckedBlock>>,
    pub(crate) tips: Box<dyn TipSelection>,
    pub(crate) coordinator: Option<Coordinator>,
    pub(crate) issuing: Option<Issuing>,
    pub(crate) overlay: Overlay,
    pub(crate) previous: Previous,
    pub(crate) treasury: Treasury,
    /// Valid milestones above the ledger index that are solid.
    pub(crate) known: BTreeMap<MilestoneIndex, Arc<StoredMilestone>>,
    pub(crate) announcement: Option<ParametersOption>,
    pub(crate) halted: Option<Halt>,
    pub(crate) reservation: Option<Reservation>,
}

/// The engine's state in short.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The newest confirmed milestone.
    pub confirmed: Previous,
    /// The newest valid milestone known.
    pub latest: Previous,
    /// Tips to draw from.
    pub tip_count: usize,
    /// Unreferenced blocks, solid or waiting.
    pub unreferenced_count: usize,
    /// Why the ledger stopped, if it did.
    pub halted: Option<Halt>,
}

impl<S: Store> Engine<S> {
    /// An engine that goes on from `bootstrap`. Blocks that the store holds without a milestone
    /// should be handed in next, with [`Source::Replay`]; then [`Engine::resume`].
    #[must_use]
    pub fn new(parts: Parts<S>, bootstrap: Bootstrap) -> Self {
        let previous = Previous {
            index: bootstrap.ledger_index,
            id: bootstrap.last_milestone_id,
            block_id: bootstrap
                .last_milestone
                .as_ref()
                .map_or(BlockId::ZERO, |milestone| milestone.block_id),
            timestamp: bootstrap.last_milestone_timestamp,
        };
        let parameters = bootstrap.schedule.at(bootstrap.ledger_index.next());
        let window = DagConfig {
            below_max_depth: parameters.below_max_depth,
            ..parts.window
        };
        let entry_point = bootstrap
            .entry_points
            .iter()
            .max_by_key(|(id, index)| (*index, *id))
            .map_or(BlockId::ZERO, |(id, _)| *id);
        let coordinator = parts.coordinator.map(|part| {
            Coordinator::new(&part.config, part.keys, previous, entry_point, part.seed)
        });
        Self {
            store: parts.store,
            keys: parts.keys,
            dag: Dag::new(window, bootstrap.ledger_index, bootstrap.entry_points),
            tips: parts.tips,
            coordinator,
            issuing: None,
            overlay: Overlay::default(),
            previous,
            treasury: bootstrap.treasury,
            known: BTreeMap::new(),
            announcement: None,
            halted: None,
            reservation: bootstrap.reservation,
            schedule: bootstrap.schedule,
        }
    }

    /// Takes one input at time `now`; what must happen next is appended to `effects`, in order.
    ///
    /// # Errors
    /// A look-up in the store failed. The engine must not be used any more.
    pub fn step(
        &mut self,
        now: Time,
        input: Input,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        match input {
            Input::Block(block, source) => self.on_block(now, block, source, effects),
            Input::Tick => self.on_tick(now, effects),
            Input::Reserved(index) => self.on_reserved(now, index, effects),
            Input::Committed(index) => {
                self.overlay.forget(index);
                self.confirm_known(now, effects)
            }
            Input::Tips(ticket, request) => {
                effects.push(Effect::Tips(ticket, self.tips.select(request)));
                Ok(())
            }
            Input::Inspect(ticket, id) => {
                effects.push(Effect::Inspected(ticket, self.inspect(&id)));
                Ok(())
            }
            Input::Roots(ticket, request) => {
                effects.push(Effect::Roots(ticket, self.roots_over(&request)?));
                Ok(())
            }
        }
    }

    /// Goes on with a milestone that was reserved before the last stop. To be called once, after
    /// the replay.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn resume(&mut self, now: Time, effects: &mut Vec<Effect>) -> Result<(), S::Error> {
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.start(now.0);
        }
        let reservation = self.reservation.take();
        if let (Some(coordinator), Some(reservation)) = (&mut self.coordinator, &reservation) {
            coordinator.on_reserved(reservation.index);
        }
        self.confirm_known(now, effects)?;
        match reservation {
            Some(reservation) if reservation.index == self.previous.index.next() => {
                self.issue_again(now, &reservation, effects)
            }
            _ => Ok(()),
        }
    }

    /// Announces new protocol parameters with the next milestone that this node issues.
    ///
    /// # Errors
    /// See [`AnnounceError`].
    pub fn announce(&mut self, option: ParametersOption) -> Result<(), AnnounceError> {
        let mut by = self.previous.index.next();
        if self.issuing.is_some() {
            by = by.next();
        }
        self.schedule.may_announce(&option, by)?;
        self.announcement = Some(option);
        Ok(())
    }

    /// The parameters in force for new blocks.
    #[must_use]
    pub fn parameters(&self) -> &ProtocolParameters {
        self.schedule.at(self.previous.index.next())
    }

    /// Parameters announced for later.
    #[must_use]
    pub fn pending_parameters(&self) -> Vec<ParametersOption> {
        self.schedule
            .pending(self.previous.index.next())
            .into_iter()
            .cloned()
            .collect()
    }

    /// The state in short.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            confirmed: self.previous,
            latest: self
                .known
                .values()
                .next_back()
                .map_or(self.previous, |newest| newest.as_previous()),
            tip_count: self.tips.tip_count(),
            unreferenced_count: self.dag.len(),
            halted: self.halted.clone(),
        }
    }

    /// When the engine wants the next [`Input::Tick`] for the coordinator's sake; `None` while it
    /// waits for something else.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let coordinator = self.coordinator.as_ref().filter(|_| self.can_confirm())?;
        coordinator.wake_ms().map(Time)
    }

    pub(crate) fn can_confirm(&self) -> bool {
        self.halted.is_none() && self.overlay.len() < PENDING_COMMITS_MAX
    }

    pub(crate) fn halt(&mut self, halt: Halt, effects: &mut Vec<Effect>) {
        effects.push(Effect::Halted(halt.clone()));
        self.halted = Some(halt);
    }

    fn on_tick(&mut self, now: Time, effects: &mut Vec<Effect>) -> Result<(), S::Error> {
        self.tips.on_tick(Moment(now.0));
        self.merge_tips(now, effects);
        self.issue_if_due(now, effects)
    }

    fn on_block(
        &mut self,
        now: Time,
        block: Arc<CheckedBlock>,
        source: Source,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        let id = block.id();
        if self.is_known(&id, source)? {
            if let Source::Client(ticket) = source {
                effects.push(Effect::Accepted(ticket));
            }
            return Ok(());
        }
        if let Source::Client(ticket) = source
            && let Some(refusal) = self.refuse(&block)?
        {
            effects.push(Effect::Refused(ticket, refusal));
            return Ok(());
        }
        self.insert(now, block, source, effects)?;
        match (source, &mut self.coordinator) {
            (Source::Client(ticket), _) => effects.push(Effect::Accepted(ticket)),
            (Source::Checkpoint, Some(coordinator)) => coordinator.on_checkpoint(),
            _ => {}
        }
        self.merge_tips(now, effects);
        self.confirm_known(now, effects)
    }

    fn is_known(&self, id: &BlockId, source: Source) -> Result<bool, S::Error> {
        if self.dag.value(id).is_some() || self.dag.root(id).is_some() {
            return Ok(true);
        }
        // What is replayed comes from the store, so the store knows it.
        Ok(source != Source::Replay && self.store.contains(id)?)
    }

    /// Puts a block into the window and deals with every block that becomes solid by it.
    pub(crate) fn insert(
        &mut self,
        now: Time,
        block: Arc<CheckedBlock>,
        source: Source,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        let store = &self.store;
        let root_of = |id: &BlockId| {
            store
                .metadata(id)
                .map(|metadata| metadata.map(|metadata| metadata.referenced_by))
        };
        let kept = Arc::clone(&block);
        let inserted = self
            .dag
            .insert(block.id(), block.parents(), kept, root_of)?;
        let Inserted::Solid(solid) = inserted else {
            return Ok(());
        };
        for id in solid {
            self.on_solid(now, &id, source == Source::Replay, effects);
        }
        Ok(())
    }

    fn on_solid(&mut self, now: Time, id: &BlockId, is_replay: bool, effects: &mut Vec<Effect>) {
        let block = self
            .dag
            .value(id)
            .expect("a block that became solid is in the window");
        let block = Arc::clone(block);
        let score = self.dag.score(id).expect("a solid block has a score");
        if !is_replay {
            effects.push(Effect::Store(Arc::clone(&block)));
        }
        self.tips
            .on_solid(Moment(now.0), *id, block.parents(), score);
        // The coordinator follows its own milestone by being told of its confirmation.
        if let Some(coordinator) = &mut self.coordinator
            && may_be_approved(&block, score)
        {
            coordinator.on_solid(*id, block.parents());
        }
        if let Some(milestone_id) = block.milestone_id() {
            self.on_milestone(&block, milestone_id, effects);
        }
    }

    fn on_milestone(&mut self, block: &CheckedBlock, id: MilestoneId, effects: &mut Vec<Effect>) {
        let Some(Payload::Milestone(milestone)) = &block.parsed().block.payload else {
            return;
        };
        let index = milestone.index;
        let contradicts = if index == self.previous.index {
            (id != self.previous.id).then_some(self.previous.id)
        } else {
            self.known
                .get(&index)
                .filter(|known| known.id != id)
                .map(|known| known.id)
        };
        if let Some(first) = contradicts {
            self.halt(
                Halt::TwoMilestones {
                    index,
                    first,
                    second: id,
                },
                effects,
            );
        } else if index > self.previous.index && self.known.len() < KNOWN_MILESTONES_MAX {
            // G-08: of several blocks with the same milestone, the first one counts.
            self.known.entry(index).or_insert_with(|| {
                let milestone = (**milestone).clone();
                Arc::new(StoredMilestone {
                    id,
                    block_id: block.id(),
                    milestone,
                })
            });
        }
    }

    /// Checks what only clients are held to: parents that are solid and not too deep.
    fn refuse(&self, block: &CheckedBlock) -> Result<Option<Refusal>, S::Error> {
        let confirmed = self.previous.index.0;
        let depth_max = u32::from(self.parameters().below_max_depth);
        for parent in block.parents() {
            let Some(cone) = self.cone_indexes(parent)? else {
                return Ok(Some(Refusal::ParentNotSolid(*parent)));
            };
            if confirmed.saturating_sub(cone.oldest.0) > depth_max {
                return Ok(Some(Refusal::ParentBelowMaxDepth(*parent)));
            }
        }
        Ok(None)
    }

    /// Cone indexes of a solid block, in the window or of the past.
    fn cone_indexes(&self, id: &BlockId) -> Result<Option<ConeIndexes>, S::Error> {
        if let Some(cone) = self.dag.cone_indexes(id) {
            return Ok(Some(cone));
        }
        if self.dag.value(id).is_some() {
            return Ok(None);
        }
        let metadata = self.store.metadata(id)?;
        Ok(metadata.map(|metadata| ConeIndexes {
            youngest: metadata.referenced_by,
            oldest: metadata.referenced_by,
        }))
    }

    fn inspect(&self, id: &BlockId) -> Option<Inspection> {
        let block = Arc::clone(self.dag.value(id)?);
        let score = if self.dag.is_solid(id) {
            self.dag.score(id)
        } else {
            None
        };
        Some(Inspection { block, score })
    }
}

/// Whether the coordinator may approve a solid block. Its own milestone it approves anyway.
pub(crate) fn may_be_approved(block: &CheckedBlock, score: TipScore) -> bool {
    score != TipScore::BelowMaxDepth && block.milestone_id().is_none()
}

impl Ticket {
    /// The ticket after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
