//! Neighbours: their blocks and messages come in, and what they are to be told goes out.
//!
//! What is taken from a neighbour, beside what every block must be like:
//!
//! - what a milestone needs and what the window waits for, always;
//! - a valid milestone above the ledger, the first for each index (G-08);
//! - anything else while this node is near the newest milestone, if its past is not too deep.
//!
//! A block with a flaw is taken only because a milestone needs it (G-06); unasked it costs its
//! sender.

use std::sync::Arc;

use tangle_crypto::merkle;
use tangle_dag::TipRequest;
use tangle_sync::{Act, Blocker, LAG_MAX, Next, Offence, PeerKey, PeerView, Progress, RANGE};
use tangle_sync::{Asked, Request};
use tangle_types::gossip::Message;
use tangle_types::{BlockId, MilestoneId, MilestoneIndex, PARENTS_MAX, Payload};

use crate::crowd::Origin;
use crate::engine::{Kept, milestone_of};
use crate::{BlockError, CheckedBlock, Effect, Engine, Halt, Source, Store, Time};

/// Blocks that may wait before only the next milestone is asked for, in loose ones: so many that
/// the cones of some milestones come in side by side, as each alone goes one generation at a time.
const ROOM_FACTOR: usize = 3;
/// Missing blocks that are looked for together in the past of a milestone.
const MISSING_AT_ONCE: usize = 1_000;
/// The same in the past of any other block.
const MISSING_LOOSE_AT_ONCE: usize = 16;
/// Blocks that are looked at for that, as anybody can send such blocks.
const VISITED_LOOSE_MAX: usize = 256;

/// What a neighbour's block is to this node.
pub(crate) enum Reception {
    /// It gets in.
    Take,
    /// It is of no use here, which is nobody's fault.
    Ignore,
}

impl<S: Store> Engine<S> {
    /// The neighbours and how they are.
    #[must_use]
    pub fn neighbours(&self, now: Time) -> Vec<PeerView> {
        self.hood.peers(now.0)
    }

    /// Why the node is not synced; `None` when it is.
    #[must_use]
    pub fn blocker(&self, now: Time) -> Option<Blocker> {
        self.hood.blocker(now.0, || self.next())
    }

    /// How the next milestone stands.
    fn next(&self) -> Next {
        let index = self.previous.index.next();
        if self.known.contains_key(&index) {
            return Next {
                is_known: true,
                waits_for_disk: !self.can_confirm(),
                ..Next::default()
            };
        }
        let Some(block) = self.ahead.get(&index) else {
            return Next::default();
        };
        let missing = self
            .dag
            .missing_in_past(&block.id(), MISSING_AT_ONCE, usize::MAX);
        Next {
            is_known: true,
            missing_count: missing.len(),
            example: missing.first().copied(),
            waits_for_disk: false,
        }
    }

    /// Passes on what the neighbourhood has to say, and tells it how far this node is.
    pub(crate) fn talk(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let progress = Progress {
            confirmed: self.previous.index,
            durable: self.durable,
            latest: self.latest.index,
            pruned: self.pruned,
        };
        if progress != self.hood.progress() {
            self.hood.on_progress(now.0, progress, &mut self.acts);
        }
        self.check_cones(now);
        let is_roomy = self.dag.waiting_count() < ROOM_FACTOR * self.loose_count_max;
        let lowest = self.previous.index.next();
        self.hood.ask(now.0, lowest, is_roomy, &mut self.acts);
        let ahead_max = if is_roomy { self.loose_count_max } else { 0 };
        self.hood.ask_for_cones(now.0, ahead_max, &mut self.acts);
        let mut acts = std::mem::take(&mut self.acts);
        for act in acts.drain(..) {
            match act {
                Act::Say(peer, message) => effects.push(Effect::Say(peer, message)),
                Act::Answer(peer, request) => effects.extend(self.answer(peer, request)),
                Act::AskCone(peer, request) => effects.push(Effect::AskCone(peer, request)),
                Act::AnswerCone(peer, request) => {
                    effects.push(Effect::ServeCone(peer, request));
                }
                Act::Drop {
                    peer,
                    reason,
                    ban_ms,
                } => {
                    if ban_ms.is_some() {
                        for id in self.crowd.abandon(peer) {
                            self.dag.drop_waiting(&id);
                        }
                    }
                    effects.push(Effect::Drop {
                        peer,
                        reason,
                        ban_ms,
                    });
                }
            }
        }
        self.acts = acts;
    }

    /// Checks the ids of cones that have come against the milestones, and looks for what is missing
    /// where a cone does not come as a whole.
    fn check_cones(&mut self, now: Time) {
        while let Some((index, ids)) = self.hood.unchecked_cone() {
            let known = self.known.get(&index).or_else(|| self.ahead.get(&index));
            let milestone = known.map(|block| &block.parsed().block.payload);
            let Some(Some(Payload::Milestone(milestone))) = milestone else {
                self.hood.on_cone_needless(index);
                continue;
            };
            // TIP-2: the root is over the ids in white-flag order.
            let leaves: Vec<[u8; 32]> = ids.iter().map(|id| id.0).collect();
            if merkle::root(&leaves) == milestone.inclusion_merkle_root {
                let dag = &self.dag;
                let is_here = |id: &BlockId| dag.value(id).is_some() || dag.root(id).is_some();
                self.hood.on_cone_right(now.0, index, ids, is_here);
            } else {
                self.hood.on_cone_wrong(now.0, index);
            }
        }
        while let Some(index) = self.hood.given_up_cone() {
            self.look_behind(now, index);
        }
    }

    /// Answers from the window; what is not there, the store may have.
    fn answer(&self, peer: PeerKey, request: Request) -> Option<Effect> {
        let block = match request {
            Request::Block(id) => self.dag.value(&id).and_then(Kept::block),
            Request::Milestone(index) if index > self.previous.index => {
                // One that this node has not seen, it cannot give.
                Some(self.known.get(&index).or_else(|| self.ahead.get(&index))?)
            }
            Request::Milestone(_) => None,
        };
        Some(match block {
            Some(block) => Effect::Say(peer, Message::Block(block.parsed().bytes.clone())),
            None => Effect::Serve(peer, request),
        })
    }

    /// Judges a block that a neighbour sent, and that is not known yet.
    pub(crate) fn receive(
        &mut self,
        now: Time,
        block: &CheckedBlock,
        origin: &Origin,
    ) -> Reception {
        let Some(peer) = origin.from else {
            return Reception::Take;
        };
        if origin.is_needed() || self.dag.is_missing(&block.id()) {
            return Reception::Take;
        }
        if let Some(flaw) = block.flaw() {
            let offence = offence(flaw);
            self.hood
                .on_misbehaved(now.0, peer, offence, &mut self.acts);
            return Reception::Ignore;
        }
        if let Some(index) = milestone_index(block) {
            let has_one = self.known.contains_key(&index) || self.ahead.contains_key(&index);
            let is_in_range = index.0 <= self.previous.index.0.saturating_add(RANGE);
            return if index > self.previous.index && is_in_range && !has_one {
                Reception::Take
            } else {
                Reception::Ignore
            };
        }
        if !self.is_near() || self.is_too_deep(block) {
            return Reception::Ignore;
        }
        Reception::Take
    }

    /// Whether this node is so near to the newest milestone that new blocks are of use. Only a
    /// milestone that was seen counts: what neighbours claim costs them nothing, and one that
    /// claims much must not keep all new blocks out.
    pub(crate) fn is_near(&self) -> bool {
        let depth_max = u32::from(self.parameters().below_max_depth).max(LAG_MAX);
        self.latest.index.0 <= self.previous.index.0.saturating_add(depth_max)
    }

    /// Whether a parent that the window remembers is below max depth.
    fn is_too_deep(&self, block: &CheckedBlock) -> bool {
        let depth_max = u32::from(self.parameters().below_max_depth);
        let confirmed = self.previous.index.0;
        block.parents().iter().any(|parent| {
            let cone = self.dag.cone_indexes(parent);
            cone.is_some_and(|cone| confirmed.saturating_sub(cone.oldest.0) > depth_max)
        })
    }

    /// Takes note of a valid milestone, before it is known whether it gets in.
    pub(crate) fn note_milestone(
        &mut self,
        now: Time,
        block: &Arc<CheckedBlock>,
        from: Option<PeerKey>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(stored) = milestone_of(block) else {
            return;
        };
        let index = stored.milestone.index;
        if index <= self.previous.index {
            return;
        }
        if let Some(ahead) = self.ahead.get(&index)
            && let Some(first) = ahead.milestone_id()
            && first != stored.id
        {
            let second = stored.id;
            let halt = Halt::TwoMilestones {
                index,
                first,
                second,
            };
            self.halt(halt, effects);
            return;
        }
        if index > self.latest.index {
            self.latest = stored.as_previous();
        }
        if index.0 <= self.previous.index.0.saturating_add(RANGE) {
            self.hood.on_milestone(now.0, index, from);
        }
    }

    /// A block waits for parents: they are asked for, and if too many wait, one has to go.
    pub(crate) fn on_waiting(
        &mut self,
        now: Time,
        block: &Arc<CheckedBlock>,
        origin: Origin,
        missing: &[BlockId],
    ) {
        let id = block.id();
        match (milestone_index(block), origin.asked) {
            (Some(index), _) if index > self.previous.index => {
                self.ahead.entry(index).or_insert_with(|| Arc::clone(block));
                self.hood.want_for_milestone(now.0, index, missing);
                if missing.is_empty() || index == self.previous.index.next() {
                    self.look_behind(now, index);
                }
            }
            (
                _,
                Some(Asked {
                    index,
                    is_kept: true,
                }),
            ) => {
                self.hood.want_for_milestone(now.0, index, missing);
            }
            // What is missing further back was asked for when it was found to be, perhaps in vain;
            // whoever sends this block must have it.
            _ if self.is_near() && missing.is_empty() => {
                let missing =
                    self.dag
                        .missing_in_past(&id, MISSING_LOOSE_AT_ONCE, VISITED_LOOSE_MAX);
                self.hood.want_parents(now.0, origin.from, &missing);
            }
            _ if self.is_near() => self.hood.want_parents(now.0, origin.from, missing),
            _ => {}
        }
        let origin = Origin {
            // A milestone is never the one that has to go.
            asked: milestone_index(block).map_or(origin.asked, |index| {
                Some(Asked {
                    index,
                    is_kept: true,
                })
            }),
            ..origin
        };
        self.crowd.add(id, origin, block.parsed().bytes.len());
        while let Some(evicted) = self.crowd.evict() {
            self.dag.drop_waiting(&evicted);
        }
    }

    /// Asks for all that is missing in the past of a milestone, as far as can be seen.
    fn look_behind(&mut self, now: Time, index: MilestoneIndex) {
        if let Some(block) = self.ahead.get(&index) {
            let missing = self
                .dag
                .missing_in_past(&block.id(), MISSING_AT_ONCE, usize::MAX);
            self.hood.want_for_milestone(now.0, index, &missing);
        }
    }

    /// Offers some tips to every neighbour once more while the window is full.
    ///
    /// A full window takes no new block, so none is there that would lead a neighbour to what it
    /// has missed. If the coordinator is the one that missed it, nothing of it is confirmed, and
    /// the window stays full until all of it is below max depth.
    pub(crate) fn offer_tips(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let is_full = self.dag.len() >= self.unreferenced_count_max;
        if !is_full || self.previous.index < self.latest.index {
            return;
        }
        let request = TipRequest {
            count: PARENTS_MAX,
            semi_lazy: false,
        };
        let tips = self.tips.select(request);
        for peer in self.hood.peers(now.0) {
            let offers = tips
                .iter()
                .filter_map(|tip| self.answer(peer.key, Request::Block(*tip)));
            effects.extend(offers);
        }
    }

    /// Sees that the next milestone comes: whatever was lost is asked for again.
    pub(crate) fn pursue(&mut self, now: Time, effects: &mut Vec<Effect>) -> Result<(), S::Error> {
        let index = self.previous.index.next();
        let Some(block) = self.ahead.get(&index).map(Arc::clone) else {
            return Ok(());
        };
        if self.dag.value(&block.id()).is_none() && self.halted.is_none() {
            return self.insert(now, block, Origin::default(), Source::Bulk, effects);
        }
        if !self.hood.asks_for(index) {
            self.look_behind(now, index);
        }
        Ok(())
    }
}

/// The index of a valid milestone.
pub(crate) fn milestone_index(block: &CheckedBlock) -> Option<MilestoneIndex> {
    let _: MilestoneId = block.milestone_id()?;
    match &block.parsed().block.payload {
        Some(Payload::Milestone(milestone)) => Some(milestone.index),
        _ => None,
    }
}

/// What a flaw says of whoever sent the block unasked.
const fn offence(flaw: &BlockError) -> Offence {
    match flaw {
        BlockError::Syntax(_) => Offence::Block,
        BlockError::ProofOfWork { .. } => Offence::ProofOfWork,
        BlockError::Milestone(_) => Offence::Milestone,
    }
}
