//! The engine: one value that is a node.

use std::collections::BTreeMap;
use std::sync::Arc;

use tangle_consensus::{AnnounceError, Coordinator, MilestoneKeys, ParameterSchedule, Previous};
use tangle_crypto::ed25519::SecretKey;
use tangle_dag::{
    Cone, ConeIndexes, Dag, DagConfig, Inserted, Moment, TipReport, TipScore, TipSelection,
};
use tangle_ledger::LastReceipt;
use tangle_sync::{Act, Neighbourhood, Progress};
use tangle_types::{
    BlockId, IdMap, MilestoneId, MilestoneIndex, ParametersOption, Payload, ProtocolParameters,
    Treasury,
};

use crate::crowd::{Crowd, Origin};
use crate::issue::Issuing;
use crate::neighbours::{Reception, milestone_index};
use crate::overlay::Overlay;
use crate::{
    Bootstrap, CheckedBlock, Effect, Halt, Input, Inspection, Refusal, Reservation, Source, Store,
    StoredMilestone, Ticket, Time,
};

/// Commits that may wait for the disk before no further milestone is confirmed.
const PENDING_COMMITS_MAX: usize = 4;
/// Milestones after which an entry point is too deep whatever the parameters are.
const ENTRY_POINT_DEPTH_MAX: u32 = u8::MAX as u32;

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
    /// Blocks that may wait for a milestone. Above it only milestones and what they need get in.
    pub unreferenced_count_max: usize,
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

/// What the window keeps of a block.
#[derive(Debug)]
pub(crate) enum Kept {
    /// All of it: it was not stored yet, or carries what a milestone needs.
    Whole(Arc<CheckedBlock>),
    /// Nothing: it was handed to the store, and the ledger does not ask for it.
    Stored,
}

/// A cone that a milestone has confirmed.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub(crate) index: MilestoneIndex,
    pub(crate) cone: Cone,
    /// When it was confirmed.
    pub(crate) since: Time,
}

/// A node without input and output.
pub struct Engine<S> {
    pub(crate) store: S,
    pub(crate) keys: MilestoneKeys,
    pub(crate) schedule: ParameterSchedule,
    pub(crate) dag: Dag<Kept>,
    pub(crate) tips: Box<dyn TipSelection>,
    pub(crate) coordinator: Option<Coordinator>,
    pub(crate) issuing: Option<Issuing>,
    /// A confirmed milestone whose cone is still in the window. It leaves before anything else
    /// happens, but after the commit was passed on.
    pub(crate) leaving: Option<Leaving>,
    pub(crate) overlay: Overlay,
    pub(crate) previous: Previous,
    pub(crate) treasury: Treasury,
    pub(crate) last_receipt: Option<LastReceipt>,
    /// Solid blocks with valid milestones above the ledger index, the first for each. They are all
    /// in the window, which bounds them.
    pub(crate) known: BTreeMap<MilestoneIndex, Arc<CheckedBlock>>,
    /// Valid milestones above the ledger index that wait for parents, the first for each; all
    /// within [`tangle_sync::RANGE`].
    pub(crate) ahead: BTreeMap<MilestoneIndex, Arc<CheckedBlock>>,
    /// The newest valid milestone seen.
    pub(crate) latest: Previous,
    /// The newest milestone on the disk.
    pub(crate) durable: MilestoneIndex,
    /// Up to where the store has pruned.
    pub(crate) pruned: MilestoneIndex,
    pub(crate) hood: Neighbourhood,
    /// What the neighbourhood wants done; empty between two steps.
    pub(crate) acts: Vec<Act>,
    pub(crate) crowd: Crowd,
    /// Blocks that may wait for parents without a milestone that needs them.
    pub(crate) loose_count_max: usize,
    /// Where cones end; the store knows nothing of these blocks. Empty once they are too deep.
    entry_points: IdMap<BlockId, MilestoneIndex>,
    pub(crate) unreferenced_count_max: usize,
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
    /// What draws from them.
    pub tips: TipReport,
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
            // What a milestone needs comes on top of the loose ones.
            unsolid_count_max: parts.window.unsolid_count_max + parts.unreferenced_count_max,
            ..parts.window
        };
        let loose_count_max = parts.window.unsolid_count_max;
        let ours = Progress {
            confirmed: previous.index,
            durable: previous.index,
            latest: previous.index,
            pruned: MilestoneIndex(0),
        };
        let entry_point = bootstrap
            .entry_points
            .iter()
            .max_by_key(|(id, index)| (*index, *id))
            .map_or(BlockId::ZERO, |(id, _)| *id);
        let entry_points = bootstrap.entry_points.iter().copied();
        let mut dag = Dag::new(window, bootstrap.ledger_index, entry_points);
        dag.keep_roots_above(bootstrap.ledger_index);
        let coordinator = parts.coordinator.map(|part| {
            Coordinator::new(&part.config, part.keys, previous, entry_point, part.seed)
        });
        Self {
            store: parts.store,
            keys: parts.keys,
            dag,
            tips: parts.tips,
            coordinator,
            issuing: None,
            leaving: None,
            overlay: Overlay::default(),
            previous,
            treasury: bootstrap.treasury,
            last_receipt: bootstrap.last_receipt,
            known: BTreeMap::new(),
            ahead: BTreeMap::new(),
            latest: previous,
            durable: previous.index,
            pruned: MilestoneIndex(0),
            hood: Neighbourhood::new(ours),
            acts: Vec::new(),
            crowd: Crowd::new(loose_count_max),
            loose_count_max,
            entry_points: bootstrap.entry_points.into_iter().collect(),
            unreferenced_count_max: parts.unreferenced_count_max,
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
        self.go_on(now, effects)?;
        match input {
            Input::Block(block, source) => self.on_block(now, block, source, effects)?,
            Input::Connected { peer, class } => {
                self.hood.on_connected(now.0, peer, class, &mut self.acts);
            }
            Input::Disconnected(peer) => self.hood.on_disconnected(now.0, peer),
            Input::ConesOpen(peer) => self.hood.on_cones_open(now.0, peer),
            Input::ConeRequest(peer, request) => {
                self.hood
                    .on_cone_request(now.0, peer, request, &mut self.acts);
            }
            Input::ConeIds(peer, ids) => self.hood.on_cone_ids(now.0, peer, ids),
            Input::ConeBlocks {
                peer,
                index,
                start,
                count,
            } => self.hood.on_cone_blocks(now.0, peer, (index, start), count),
            Input::Heard(peer, message) => {
                self.hood.on_heard(now.0, peer, message, &mut self.acts);
            }
            Input::Misbehaved(peer, offence) => {
                self.hood
                    .on_misbehaved(now.0, peer, offence, &mut self.acts);
            }
            Input::Wasted(peer, count) => {
                self.hood.on_waste(now.0, peer, count, &mut self.acts);
            }
            Input::Pruned(index) => self.pruned = index,
            Input::Tick => self.on_tick(now, effects)?,
            Input::Reserved(index) => self.on_reserved(now, index, effects)?,
            Input::Committed(index) => {
                self.overlay.forget(index);
                self.durable = index;
                self.dag.keep_roots_above(index);
                self.confirm_known(now, effects)?;
            }
            Input::Tips(ticket, request) => {
                effects.push(Effect::Tips(ticket, self.tips.select(request)));
            }
            Input::Inspect(ticket, id) => {
                effects.push(Effect::Inspected(ticket, self.inspect(&id)));
            }
            Input::Weigh(ticket, id) => {
                effects.push(Effect::Weighed(ticket, self.tips.weigh(&id)));
            }
            Input::Roots(ticket, request) => {
                effects.push(Effect::Roots(ticket, self.roots_over(&request)?));
            }
        }
        self.talk(now, effects);
        Ok(())
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
        while self.leaving.is_some() {
            self.go_on(now, effects)?;
        }
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
            latest: self.latest,
            tip_count: self.tips.tip_count(),
            tips: self.tips.report(),
            unreferenced_count: self.dag.len(),
            halted: self.halted.clone(),
        }
    }

    /// When the engine wants the next [`Input::Tick`], at the latest; `None` while it waits for
    /// something else.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        if let Some(leaving) = &self.leaving {
            return Some(leaving.since);
        }
        let coordinator = self.coordinator.as_ref().filter(|_| self.can_confirm())?;
        coordinator.wake_ms().map(Time)
    }

    pub(crate) fn can_confirm(&self) -> bool {
        self.halted.is_none() && self.overlay.len() < PENDING_COMMITS_MAX
    }

    /// Entry points that no block can approve any more are forgotten.
    pub(crate) fn forget_entry_points(&mut self) {
        let confirmed = self.previous.index.0;
        let is_deep =
            |index: &MilestoneIndex| confirmed.saturating_sub(index.0) > ENTRY_POINT_DEPTH_MAX;
        if !self.entry_points.is_empty() && self.entry_points.values().all(is_deep) {
            self.entry_points = IdMap::default();
        }
    }

    pub(crate) fn is_root(&self, id: &BlockId) -> Result<bool, S::Error> {
        let is_remembered = self.dag.root(id).is_some();
        Ok(is_remembered || root_of(&self.store, &self.entry_points, id)?.is_some())
    }

    pub(crate) fn halt(&mut self, halt: Halt, effects: &mut Vec<Effect>) {
        effects.push(Effect::Halted(halt.clone()));
        self.halted = Some(halt);
    }

    fn on_tick(&mut self, now: Time, effects: &mut Vec<Effect>) -> Result<(), S::Error> {
        self.tips.on_tick(Moment(now.0));
        self.hood.on_tick(now.0, &mut self.acts);
        self.pursue(now, effects)?;
        self.confirm_known(now, effects)?;
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
        if source == Source::Checkpoint
            && let Some(coordinator) = &mut self.coordinator
        {
            coordinator.on_checkpoint();
        }
        let from = match source {
            Source::Peer(peer) => Some(peer),
            _ => None,
        };
        let asked = self.hood.on_block(now.0, &block.id(), from);
        let origin = Origin { from, asked };
        if block.milestone_id().is_some() {
            self.note_milestone(now, &block, from, effects);
        }
        if self.is_known(&block, source)? {
            if let Source::Client(ticket) = source {
                effects.push(Effect::Accepted(ticket));
            }
            return Ok(());
        }
        if let Some(refusal) = self.refuse(&block, source, &origin)? {
            if let Source::Client(ticket) = source {
                effects.push(Effect::Refused(ticket, refusal));
            }
            return Ok(());
        }
        if let Reception::Ignore = self.receive(now, &block, &origin) {
            return Ok(());
        }
        self.insert(now, block, origin, source, effects)?;
        if let Source::Client(ticket) = source {
            effects.push(Effect::Accepted(ticket));
        }
        self.merge_tips(now, effects);
        self.confirm_known(now, effects)
    }

    fn is_known(&self, block: &CheckedBlock, source: Source) -> Result<bool, S::Error> {
        let id = block.id();
        if self.dag.value(&id).is_some() || self.dag.root(&id).is_some() {
            return Ok(true);
        }
        // What the window waits for was not referenced, or it would not wait. It may be stored all
        // the same, since a time when it was given up, or could not be verified as a milestone.
        let is_wanted = self.dag.is_missing(&id)
            || milestone_index(block).is_some_and(|index| index > self.previous.index);
        // What is replayed comes from the store, so the store knows it. Of what hangs on the newest
        // part of the Tangle the window knows all that is stored.
        let may_be_stored =
            !is_wanted && source != Source::Replay && !self.dag.are_recent(block.parents());
        Ok(may_be_stored && self.store.contains(&id)?)
    }

    /// Puts a block into the window and deals with every block that becomes solid by it.
    pub(crate) fn insert(
        &mut self,
        now: Time,
        block: Arc<CheckedBlock>,
        origin: Origin,
        source: Source,
        effects: &mut Vec<Effect>,
    ) -> Result<(), S::Error> {
        let (store, entry_points) = (&self.store, &self.entry_points);
        let root_of = |id: &BlockId| root_of(store, entry_points, id);
        let kept = Kept::Whole(Arc::clone(&block));
        let inserted = self
            .dag
            .insert(block.id(), block.parents(), kept, root_of)?;
        match inserted {
            Inserted::Solid(solid) => {
                let is_replay = source == Source::Replay;
                for id in solid {
                    let origin = if id == block.id() {
                        origin
                    } else {
                        self.crowd.remove(&id).unwrap_or_default()
                    };
                    self.on_solid(now, &id, origin, is_replay, effects);
                }
            }
            Inserted::Waiting(missing) => self.on_waiting(now, &block, origin, &missing),
            Inserted::Known => {}
        }
        Ok(())
    }

    fn on_solid(
        &mut self,
        now: Time,
        id: &BlockId,
        origin: Origin,
        is_replay: bool,
        effects: &mut Vec<Effect>,
    ) {
        let block = match self.dag.value(id) {
            Some(Kept::Whole(block)) => Arc::clone(block),
            _ => unreachable!("a block that became solid is in the window as a whole"),
        };
        let score = self.dag.score(id).expect("a solid block has a score");
        if !is_replay {
            effects.push(Effect::Store(Arc::clone(&block)));
            if self.is_to_be_spread(origin, score) {
                effects.push(Effect::Spread {
                    block: Arc::clone(&block),
                    except: origin.from,
                });
            }
        }
        if block.transaction().is_none() && block.milestone_id().is_none() {
            self.dag.replace(id, Kept::Stored);
        }
        self.tips
            .on_solid(Moment(now.0), *id, block.parents(), score);
        // The coordinator follows its own milestone by being told of its confirmation.
        if let Some(coordinator) = &mut self.coordinator
            && score != TipScore::BelowMaxDepth
            && block.milestone_id().is_none()
        {
            coordinator.on_solid(*id, block.parents());
        }
        if let Some(milestone_id) = block.milestone_id() {
            self.on_milestone(&block, milestone_id, effects);
        }
    }

    fn on_milestone(
        &mut self,
        block: &Arc<CheckedBlock>,
        id: MilestoneId,
        effects: &mut Vec<Effect>,
    ) {
        let Some(Payload::Milestone(milestone)) = &block.parsed().block.payload else {
            return;
        };
        let index = milestone.index;
        self.ahead.remove(&index);
        let contradicts = if index == self.previous.index {
            (id != self.previous.id).then_some(self.previous.id)
        } else {
            self.known
                .get(&index)
                .and_then(|known| known.milestone_id())
                .filter(|known| *known != id)
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
        } else if index > self.previous.index {
            // G-08: of several blocks with the same milestone, the first one counts.
            self.known.entry(index).or_insert_with(|| Arc::clone(block));
        }
    }

    /// Whether neighbours are told of a block that became solid. What a milestone needed they have,
    /// or can ask for; and who is far behind knows nothing new.
    fn is_to_be_spread(&self, origin: Origin, score: TipScore) -> bool {
        self.hood.peer_count() > 0
            && !origin.is_needed()
            && score != TipScore::BelowMaxDepth
            && self.is_near()
    }

    /// Why a block does not get in. Milestones and what others wait for always do. Only clients are
    /// held to parents that are solid and not too deep.
    fn refuse(
        &self,
        block: &CheckedBlock,
        source: Source,
        origin: &Origin,
    ) -> Result<Option<Refusal>, S::Error> {
        if self.halted.is_some() {
            return Ok(Some(Refusal::Halted));
        }
        let is_needed = source == Source::Replay
            || origin.is_needed()
            || block.milestone_id().is_some()
            || self.dag.is_missing(&block.id());
        if !is_needed && self.dag.len() >= self.unreferenced_count_max {
            return Ok(Some(Refusal::Full));
        }
        // A neighbour's block is judged by what it was asked for.
        if block.flaw().is_some() && !is_needed && !matches!(source, Source::Peer(_)) {
            return Ok(Some(Refusal::Flawed));
        }
        if !matches!(source, Source::Client(_)) {
            return Ok(None);
        }
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
        let root = root_of(&self.store, &self.entry_points, id)?;
        Ok(root.map(|index| ConeIndexes {
            youngest: index,
            oldest: index,
        }))
    }

    fn inspect(&self, id: &BlockId) -> Option<Inspection> {
        let Some(kept) = self.dag.value(id) else {
            // Known before the store knows.
            return self.dag.root(id).map(Inspection::Referenced);
        };
        let block = match kept {
            Kept::Whole(block) => Some(Arc::clone(block)),
            Kept::Stored => None,
        };
        let score = if self.dag.is_solid(id) {
            self.dag.score(id)
        } else {
            None
        };
        Some(Inspection::Unreferenced { block, score })
    }
}

/// The milestone by which a block of the past was referenced, or at which an entry point lies.
fn root_of<S: Store>(
    store: &S,
    entry_points: &IdMap<BlockId, MilestoneIndex>,
    id: &BlockId,
) -> Result<Option<MilestoneIndex>, S::Error> {
    let metadata = store.metadata(id)?;
    let referenced_by = metadata.map(|metadata| metadata.referenced_by);
    Ok(referenced_by.or_else(|| entry_points.get(id).copied()))
}

/// The milestone in a block that was found to be a valid one.
pub(crate) fn milestone_of(block: &CheckedBlock) -> Option<StoredMilestone> {
    let Some(Payload::Milestone(milestone)) = &block.parsed().block.payload else {
        return None;
    };
    Some(StoredMilestone {
        id: block.milestone_id()?,
        block_id: block.id(),
        milestone: (**milestone).clone(),
    })
}

impl Kept {
    /// The block, if it is kept.
    pub(crate) fn block(&self) -> Option<&Arc<CheckedBlock>> {
        match self {
            Self::Whole(block) => Some(block),
            Self::Stored => None,
        }
    }

    /// As [`Kept::block`], for a value that is not kept any longer.
    pub(crate) fn into_block(self) -> Option<Arc<CheckedBlock>> {
        match self {
            Self::Whole(block) => Some(block),
            Self::Stored => None,
        }
    }

    /// Whether it carries the valid milestone `id`.
    pub(crate) fn is_milestone(&self, id: MilestoneId) -> bool {
        let block = self.block();
        block.is_some_and(|block| block.milestone_id() == Some(id))
    }

    /// Whether the coordinator may approve the block. Its own milestone it approves anyway.
    pub(crate) fn may_be_approved(&self) -> bool {
        let is_milestone = |block: &Arc<CheckedBlock>| block.milestone_id().is_some();
        !self.block().is_some_and(is_milestone)
    }
}

impl Ticket {
    /// The ticket after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
