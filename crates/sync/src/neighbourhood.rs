//! The neighbourhood: one value that hears the neighbours and says what to tell them.
//!
//! Terms. *Confirmed* is the ledger, *latest* the newest valid milestone seen. A *claim* is what a
//! neighbour's heartbeat says; it costs nothing, so it makes this node ask, but a neighbour that
//! does not give what it claims is not believed after some questions. The *target* is the furthest
//! claim that is believed. It is *supported* as far as a valid milestone lies within [`RANGE`]
//! below it; only that is shown to people.
//!
//! Warp sync: the milestones above the ledger are asked for by index, [`RANGE`] of them at once,
//! each of a neighbour that has it for sure; their cones follow from parents to parents. What
//! belongs to the lowest milestone goes first, so that the ledger moves on while the rest comes in.
//! Neighbours of this kind give cones as a whole, see [`whole`].

mod whole;

use std::collections::BTreeSet;

use tangle_types::cone::ConeRequest;
use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::{BlockId, MilestoneIndex};

use crate::cones::Cones;
use crate::peers::{Peer, Peers, ban_ms};
use crate::requests::{Ready, Requests, Unanswered, Want};
use crate::{Blocker, DropReason, Offence, PeerClass, PeerKey, PeerView, Request};

/// Milestones above the ledger that are worked on at once.
pub const RANGE: u32 = 150;
/// Milestones by which the ledger may lag while the node still counts as synced.
pub const LAG_MAX: u32 = 2;
/// A heartbeat goes out at least this often.
const HEARTBEAT_MS: u64 = 30_000;
/// A heartbeat goes out at most this often, however fast the ledger moves.
const HEARTBEAT_PAUSE_MS: u64 = 1_000;
/// How long a neighbour may be silent.
const SILENCE_MAX_MS: u64 = 100_000;
/// How long a neighbour may stay that this node cannot help.
const USELESS_MAX_MS: u64 = 30_000;
/// How long a neighbour may leave all questions unanswered that it should be able to answer.
const EMPTY_CLAIM_MAX_MS: u64 = 60_000;
/// How long the next block or milestone may come by itself before it is asked for.
const PATIENCE_MS: u64 = 1_000;
/// How long the ledger may stand still before that counts as being stuck.
const STANDSTILL_MS: u64 = 5_000;
/// Requests looked at together.
const BATCH: usize = 64;
/// Requests that find every neighbour busy before the rest waits.
const BUSY_MAX: usize = 4;

/// What to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this.
    Say(PeerKey, Message),
    /// The neighbour wants this; send it the block if there is one.
    Answer(PeerKey, Request),
    /// Ask the neighbour for a part of a cone.
    AskCone(PeerKey, ConeRequest),
    /// The neighbour wants a part of a cone; if there is none, it is told so.
    AnswerCone(PeerKey, ConeRequest),
    /// End the connection, and let the neighbour's identity not in again for a while.
    Drop {
        /// Which.
        peer: PeerKey,
        /// Why.
        reason: DropReason,
        /// For how long, in milliseconds.
        ban_ms: Option<u64>,
    },
}

/// How far this node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The newest milestone that is confirmed.
    pub confirmed: MilestoneIndex,
    /// The newest milestone that is on the disk, so that neighbours can be given it.
    pub durable: MilestoneIndex,
    /// The newest valid milestone seen.
    pub latest: MilestoneIndex,
    /// Up to where the store has pruned.
    pub pruned: MilestoneIndex,
}

/// What a block was wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The milestone.
    pub index: MilestoneIndex,
    /// Whether that milestone needs it for sure.
    pub is_kept: bool,
}

/// How the next milestone stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Next {
    /// Whether it has been seen.
    pub is_known: bool,
    /// Blocks of its cone that are missing, as far as can be told.
    pub missing_count: usize,
    /// One of them.
    pub example: Option<BlockId>,
    /// Whether it is complete and only waits for the disk.
    pub waits_for_disk: bool,
}

/// The neighbours, and what is wanted of them.
#[derive(Debug)]
pub struct Neighbourhood {
    peers: Peers,
    requests: Requests,
    cones: Cones,
    /// Ids of cones that are to be checked; empty between two steps of the engine.
    unchecked: Vec<(MilestoneIndex, Vec<BlockId>)>,
    /// Milestones whose cones are not got as a whole; empty between two steps of the engine.
    given_up: Vec<MilestoneIndex>,
    ours: Progress,
    /// Milestones seen above the ledger; all within [`RANGE`].
    seen: BTreeSet<MilestoneIndex>,
    /// Milestones up to this one are seen or asked for.
    asked_to: MilestoneIndex,
    /// The last heartbeat that everybody was sent, and when.
    told: Option<(Progress, u64)>,
    /// When the ledger moved on.
    moved_ms: u64,
    /// Where the history of a neighbour begins that was here and could not help.
    unhelpful: Option<MilestoneIndex>,
}

enum Choice {
    One(PeerKey),
    Many(Vec<PeerKey>),
    Busy,
    Nobody,
}

impl Neighbourhood {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(ours: Progress) -> Self {
        Self {
            peers: Peers::default(),
            requests: Requests::default(),
            cones: Cones::default(),
            unchecked: Vec::new(),
            given_up: Vec::new(),
            ours,
            seen: BTreeSet::new(),
            asked_to: ours.confirmed,
            told: None,
            moved_ms: 0,
            unhelpful: None,
        }
    }

    /// A neighbour has come.
    pub fn on_connected(
        &mut self,
        now_ms: u64,
        peer: PeerKey,
        class: PeerClass,
        acts: &mut Vec<Act>,
    ) {
        if let Err(reason) = self.peers.add(now_ms, peer, class) {
            let ban_ms = None;
            acts.push(Act::Drop {
                peer,
                reason,
                ban_ms,
            });
            return;
        }
        acts.push(Act::Say(peer, Message::Heartbeat(self.heartbeat())));
        acts.push(Act::Say(peer, Message::MilestoneRequest(None)));
    }

    /// A neighbour has gone.
    pub fn on_disconnected(&mut self, now_ms: u64, peer: PeerKey) {
        let Some(gone) = self.peers.remove(peer) else {
            return;
        };
        self.requests.on_disconnected(peer, gone.bit);
        self.abandon_cones_of(now_ms, peer);
        let pruned = gone.heartbeat.map(|beat| beat.pruned_index);
        self.unhelpful = pruned
            .filter(|pruned| *pruned > self.ours.confirmed)
            .or(self.unhelpful);
    }

    /// A neighbour said something. Its blocks go another way, see [`Neighbourhood::on_block`].
    pub fn on_heard(&mut self, now_ms: u64, peer: PeerKey, message: Message, acts: &mut Vec<Act>) {
        let latest = self.ours.latest;
        let Some(heard) = self.peers.get_mut(peer) else {
            return;
        };
        let request = match message {
            Message::Heartbeat(heartbeat) => {
                if !heard.may_waste(now_ms, 1) {
                    self.on_misbehaved(now_ms, peer, Offence::Waste, acts);
                    return;
                }
                heard.heard_ms = now_ms;
                let is_first = heard.heartbeat.replace(heartbeat).is_none();
                if is_first {
                    self.requests.retry_put_off(now_ms);
                }
                self.ask_for_milestones(now_ms);
                return;
            }
            Message::Block(_) => return,
            Message::BlockRequest(id) => Request::Block(id),
            Message::MilestoneRequest(index) => Request::Milestone(index.unwrap_or(latest)),
        };
        if heard.asks_again(&request) && !heard.may_waste(now_ms, 1) {
            self.on_misbehaved(now_ms, peer, Offence::Waste, acts);
        } else if heard.may_ask(now_ms, 1) {
            acts.push(Act::Answer(peer, request));
        } else if heard.is_offence(now_ms) {
            self.on_misbehaved(now_ms, peer, Offence::Requests, acts);
        }
    }

    /// So many things that a neighbour asked for are not here, or it had sent them before. A little
    /// of that happens to honest ones.
    pub fn on_waste(&mut self, now_ms: u64, peer: PeerKey, count: u64, acts: &mut Vec<Act>) {
        let Some(wasteful) = self.peers.get_mut(peer) else {
            return;
        };
        if !wasteful.may_waste(now_ms, count) {
            self.on_misbehaved(now_ms, peer, Offence::Waste, acts);
        }
    }

    /// A neighbour did something wrong. Enough of it, and it has to go.
    pub fn on_misbehaved(
        &mut self,
        now_ms: u64,
        peer: PeerKey,
        offence: Offence,
        acts: &mut Vec<Act>,
    ) {
        let Some(offender) = self.peers.get_mut(peer) else {
            return;
        };
        if offender.punish(now_ms, offence) {
            let ban_ms = Some(ban_ms(offender.class));
            self.send_away(now_ms, peer, offence.into(), ban_ms, acts);
        }
    }

    /// A block has come, whoever sent it; for what it was asked for, if it was.
    pub fn on_block(&mut self, now_ms: u64, id: &BlockId, from: Option<PeerKey>) -> Option<Asked> {
        let asked = self.on_answer(now_ms, &Request::Block(*id), from);
        let Some(index) = self.cones.on_block(now_ms, id) else {
            return asked;
        };
        if let Some(from) = from.and_then(|from| self.peers.get_mut(from)) {
            from.on_answer(now_ms);
        }
        let is_kept = true;
        Some(Asked { index, is_kept })
    }

    /// A valid milestone above the ledger and within [`RANGE`] of it has come; whether it was asked
    /// for by its index.
    pub fn on_milestone(
        &mut self,
        now_ms: u64,
        index: MilestoneIndex,
        from: Option<PeerKey>,
    ) -> bool {
        if index > self.ours.confirmed {
            self.seen.insert(index);
            self.plan_cone(now_ms, index);
        }
        self.on_answer(now_ms, &Request::Milestone(index), from)
            .is_some()
    }

    fn on_answer(
        &mut self,
        now_ms: u64,
        request: &Request,
        from: Option<PeerKey>,
    ) -> Option<Asked> {
        let done = self.requests.remove(request)?;
        if let Some(asked) = done.at.and_then(|asked| self.peers.get_mut(asked)) {
            asked.on_settled();
        }
        if let Some(from) = from.and_then(|from| self.peers.get_mut(from)) {
            from.on_answer(now_ms);
        }
        Some(Asked {
            index: done.index,
            is_kept: done.is_kept,
        })
    }

    /// Whether a block is asked for.
    #[must_use]
    pub fn is_wanted(&self, id: &BlockId) -> bool {
        self.cones.expects(id) || self.requests.index_of(&Request::Block(*id)).is_some()
    }

    /// These blocks are missing in the cone of milestone `index`. If that comes as a whole, so do
    /// they.
    pub fn want_for_milestone(&mut self, now_ms: u64, index: MilestoneIndex, missing: &[BlockId]) {
        if self.cones.covers(index) {
            return;
        }
        for id in missing.iter().filter(|id| !self.cones.expects(id)) {
            let want = Want {
                request: Request::Block(*id),
                index,
                is_kept: true,
                not_before_ms: now_ms,
                hint: None,
            };
            self.requests.want(now_ms, want);
        }
    }

    /// These parents of a new block are missing. They may be on their way; if not, `from` has them,
    /// as nobody passes on what it does not know the past of.
    pub fn want_parents(&mut self, now_ms: u64, from: Option<PeerKey>, missing: &[BlockId]) {
        for id in missing.iter().filter(|id| !self.cones.expects(id)) {
            let want = Want {
                request: Request::Block(*id),
                index: self.ours.latest.next(),
                is_kept: false,
                not_before_ms: now_ms + PATIENCE_MS / 4,
                hint: from,
            };
            self.requests.want(now_ms, want);
        }
        for freed in self.requests.take_given_way() {
            if let Some(peer) = self.peers.get_mut(freed) {
                peer.on_settled();
            }
        }
    }

    /// This node has moved on.
    pub fn on_progress(&mut self, now_ms: u64, ours: Progress, acts: &mut Vec<Act>) {
        let has_new = ours.latest > self.ours.latest;
        if ours.confirmed > self.ours.confirmed {
            self.moved_ms = now_ms;
            self.unhelpful = self.unhelpful.filter(|pruned| *pruned > ours.confirmed);
            self.seen = self.seen.split_off(&ours.confirmed.next());
            self.cones.forget_up_to(ours.confirmed);
            let peers = &mut self.peers;
            self.requests.forget_up_to(ours.confirmed, |done| {
                if let Some(peer) = done.at.and_then(|peer| peers.get_mut(peer)) {
                    peer.on_settled();
                }
            });
        }
        self.ours = ours;
        if has_new {
            self.plan_all(now_ms);
        }
        self.ask_for_milestones(now_ms);
        self.tell_all(now_ms, acts);
    }

    /// Time has passed.
    pub fn on_tick(&mut self, now_ms: u64, acts: &mut Vec<Act>) {
        let peers = &mut self.peers;
        let mut orphaners = Vec::new();
        self.requests.wake(now_ms, |key, what| {
            if let Some(peer) = peers.get_mut(key) {
                peer.on_unanswered(now_ms, what == Unanswered::Kept);
                if what == Unanswered::ParentOfItsOwn && peer.has_orphaned(now_ms) {
                    orphaners.push(key);
                }
            }
        });
        for key in orphaners {
            self.on_misbehaved(now_ms, key, Offence::Orphans, acts);
        }
        for key in self.peers.keys() {
            if let Some((reason, ban_ms)) = self.reason_to_go(now_ms, key) {
                self.send_away(now_ms, key, reason, ban_ms, acts);
            }
        }
        self.watch_cones(now_ms);
        self.ask_for_milestones(now_ms);
        self.tell_all(now_ms, acts);
    }

    /// Sends what can be sent of the requests. Without `is_roomy`, only for milestones up to
    /// `lowest`: the blocks that wait have filled what there is for them.
    pub fn ask(
        &mut self,
        now_ms: u64,
        lowest: MilestoneIndex,
        is_roomy: bool,
        acts: &mut Vec<Act>,
    ) {
        if !self.requests.is_any_ready() {
            return;
        }
        loop {
            let batch: Vec<Ready> = self.requests.ready(BATCH).collect();
            let (mut busy_count, mut asked_count) = (0, 0);
            for ready in batch {
                if busy_count >= BUSY_MAX || (!is_roomy && ready.index > lowest) {
                    return;
                }
                match self.choose(now_ms, &ready) {
                    Choice::Busy => busy_count += 1,
                    choice => {
                        self.ask_one(now_ms, &ready, choice, acts);
                        asked_count += 1;
                    }
                }
            }
            if asked_count == 0 {
                return;
            }
        }
    }

    /// Why the node is not synced; `None` when it is.
    #[must_use]
    pub fn blocker(&self, now_ms: u64, next: impl FnOnce() -> Next) -> Option<Blocker> {
        let confirmed = self.ours.confirmed;
        let target = self.target();
        if target.0 <= confirmed.0.saturating_add(LAG_MAX) {
            return self.lonely();
        }
        let target = self.supported_target();
        if now_ms.saturating_sub(self.moved_ms) < STANDSTILL_MS && self.moved_ms > 0 {
            if target.0 <= confirmed.0.saturating_add(LAG_MAX) {
                return self.lonely();
            }
            return Some(Blocker::CatchingUp { confirmed, target });
        }
        let index = confirmed.next();
        let next = next();
        if next.waits_for_disk {
            return Some(Blocker::Disk { index });
        }
        if let Some(blocker) = self.lonely() {
            return Some(blocker);
        }
        if !next.is_known {
            let (asked, is_open) = self.asked(&Request::Milestone(index));
            return Some(Blocker::Milestone {
                index,
                asked,
                is_open,
            });
        }
        match next.example {
            Some(example) => {
                let (asked, is_open) = if self.cones.covers(index) {
                    (1, true)
                } else {
                    self.asked(&Request::Block(example))
                };
                Some(Blocker::Parents {
                    index,
                    missing: next.missing_count,
                    example,
                    asked,
                    is_open,
                })
            }
            None => Some(Blocker::CatchingUp {
                confirmed,
                target: target.max(index),
            }),
        }
    }

    /// The furthest milestone that is believed to exist.
    #[must_use]
    pub fn target(&self) -> MilestoneIndex {
        self.target_up_to(MilestoneIndex(u32::MAX))
    }

    /// The same, of those claims that are not far above what was seen. Who is far behind sees the
    /// newest milestone at once, as it is the first thing that a neighbour is asked for.
    fn supported_target(&self) -> MilestoneIndex {
        self.target_up_to(MilestoneIndex(self.ours.latest.0.saturating_add(RANGE)))
    }

    fn target_up_to(&self, max: MilestoneIndex) -> MilestoneIndex {
        let claims = self.peers.iter().filter(|(_, peer)| !peer.is_doubtful());
        let claim = claims.filter_map(|(_, peer)| Some(peer.heartbeat?.solid_index));
        let claim = claim.filter(|claim| *claim <= max).max();
        claim.unwrap_or_default().max(self.ours.latest)
    }

    /// How far this node is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.ours
    }

    /// The neighbours, in the order in which they came.
    #[must_use]
    pub fn peers(&self, now_ms: u64) -> Vec<PeerView> {
        self.peers.view(now_ms, self.ours.confirmed)
    }

    /// How many neighbours there are.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// How many requests are open.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.requests.len()
    }

    /// Whether anything is asked for that milestone `index` needs.
    #[must_use]
    pub fn asks_for(&self, index: MilestoneIndex) -> bool {
        self.cones.covers(index) || self.requests.has_up_to(index)
    }

    /// What keeps the node from learning anything at all.
    fn lonely(&self) -> Option<Blocker> {
        let needed = self.ours.confirmed.next();
        let neighbours = self.peers.len();
        if neighbours == 0 {
            let pruned = |pruned| Blocker::Pruned {
                needed,
                pruned,
                neighbours: 1,
            };
            return Some(self.unhelpful.map_or(Blocker::NoNeighbours, pruned));
        }
        let beats: Vec<Heartbeat> = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.heartbeat)
            .collect();
        let Some(pruned) = beats.iter().map(|beat| beat.pruned_index).min() else {
            return Some(Blocker::NoHeartbeats { neighbours });
        };
        let is_ahead = beats.iter().any(|beat| beat.solid_index >= needed);
        (is_ahead && pruned >= needed).then_some(Blocker::Pruned {
            needed,
            pruned,
            neighbours: beats.len(),
        })
    }

    /// How many of the neighbours were asked, and whether an answer may still come.
    fn asked(&self, request: &Request) -> (usize, bool) {
        let (bits, is_open) = self.requests.asked(request).unwrap_or_default();
        (bits.count_ones() as usize, is_open)
    }

    /// Asks for the milestones by their index that claims say there are, as far as they are in
    /// range.
    fn ask_for_milestones(&mut self, now_ms: u64) {
        let confirmed = self.ours.confirmed;
        let target = self.target();
        let end = target.0.min(confirmed.0.saturating_add(RANGE));
        let is_near = target.0 <= confirmed.0.saturating_add(1);
        let first = self.asked_to.max(confirmed).next();
        for index in (first.0..=end).map(MilestoneIndex) {
            if self.seen.contains(&index) {
                continue;
            }
            let patience_ms = if is_near { PATIENCE_MS } else { 0 };
            let want = Want {
                request: Request::Milestone(index),
                index,
                is_kept: true,
                not_before_ms: now_ms + patience_ms,
                hint: None,
            };
            self.requests.want(now_ms, want);
        }
        self.asked_to = self.asked_to.max(MilestoneIndex(end));
    }

    fn choose(&self, now_ms: u64, ready: &Ready) -> Choice {
        let hinted = ready.hint.and_then(|key| Some((key, self.peers.get(key)?)));
        if let Some((key, peer)) = hinted
            && ready.asked & peer.bit == 0
        {
            return Choice::One(key);
        }
        // What no milestone has referenced nobody has for sure, whatever is claimed.
        let is_loose = !ready.is_kept && ready.index > self.ours.latest;
        // Others would take it ill to be asked for what somebody has made up.
        let owner = ready.owner.and_then(|key| self.peers.get(key));
        if is_loose && owner.is_some_and(|owner| !owner.is_vouched_for(now_ms)) {
            return Choice::Nobody;
        }
        let surely_has = |peer: &Peer| !is_loose && peer.surely_has(ready.index);
        let sure = || self.peers.iter().filter(|(_, peer)| surely_has(peer));
        let best = sure()
            .filter(|(_, peer)| peer.has_room())
            .min_by_key(|(key, peer)| {
                let is_asked = ready.asked & peer.bit != 0;
                let unanswered = peer.unanswered();
                (
                    peer.is_doubtful(),
                    is_asked,
                    !peer.has_answered(),
                    unanswered,
                    peer.in_flight,
                    *key,
                )
            });
        if let Some((key, _)) = best {
            return Choice::One(key);
        }
        if sure().next().is_some() {
            return Choice::Busy;
        }
        // How far the others are is known only with some delay, so of what is loose anybody may
        // know.
        let may_have = |peer: &Peer| is_loose || peer.may_have(ready.index);
        let may_have = self.peers.iter().filter(|(_, peer)| may_have(peer));
        let keys: Vec<PeerKey> = may_have.map(|(key, _)| key).collect();
        if keys.is_empty() {
            return Choice::Nobody;
        }
        Choice::Many(keys)
    }

    fn ask_one(&mut self, now_ms: u64, ready: &Ready, choice: Choice, acts: &mut Vec<Act>) {
        let question = match ready.request {
            Request::Block(id) => Message::BlockRequest(id),
            Request::Milestone(index) => Message::MilestoneRequest(Some(index)),
        };
        match choice {
            Choice::One(key) => {
                let Some(peer) = self.peers.get_mut(key) else {
                    return;
                };
                peer.in_flight += 1;
                let bit = peer.bit;
                acts.push(Act::Say(key, question));
                self.requests
                    .on_asked(now_ms, ready.request, bit, Some(key));
            }
            Choice::Many(keys) => {
                let mut bits = 0;
                for key in keys {
                    bits |= self.peers.get(key).map_or(0, |peer| peer.bit);
                    acts.push(Act::Say(key, question.clone()));
                }
                self.requests.on_asked(now_ms, ready.request, bits, None);
            }
            Choice::Busy | Choice::Nobody => self.requests.put_off(now_ms, ready.request),
        }
    }

    fn reason_to_go(&self, now_ms: u64, key: PeerKey) -> Option<(DropReason, Option<u64>)> {
        let peer = self.peers.get(key)?;
        let silent_ms = now_ms.saturating_sub(peer.heard_ms);
        if silent_ms > SILENCE_MAX_MS {
            let seconds = silent_ms / 1_000;
            return Some((DropReason::Silent { seconds }, None));
        }
        // Whoever was heard after that long has had its answers heard too. While this node is too
        // busy to listen, nobody's silence means anything.
        let is_empty = |since: u64| {
            now_ms.saturating_sub(since) > EMPTY_CLAIM_MAX_MS
                && peer.heard_ms.saturating_sub(since) >= EMPTY_CLAIM_MAX_MS / 2
        };
        if peer.doubtful_since_ms().is_some_and(is_empty) {
            return Some((Offence::EmptyClaim.into(), Some(ban_ms(peer.class))));
        }
        let solid = peer.heartbeat?.solid_index;
        let pruned = self.ours.pruned;
        let stayed_ms = now_ms.saturating_sub(peer.since_ms);
        let is_useless = peer.class == PeerClass::Unknown && solid < pruned;
        (is_useless && stayed_ms > USELESS_MAX_MS)
            .then_some((DropReason::TooFarBehind { solid, pruned }, None))
    }

    fn send_away(
        &mut self,
        now_ms: u64,
        peer: PeerKey,
        reason: DropReason,
        ban_ms: Option<u64>,
        acts: &mut Vec<Act>,
    ) {
        if ban_ms.is_some() {
            let peers = &mut self.peers;
            self.requests.forget_loose_of(peer, |done| {
                if let Some(asked) = done.at.and_then(|asked| peers.get_mut(asked)) {
                    asked.on_settled();
                }
            });
        }
        self.on_disconnected(now_ms, peer);
        acts.push(Act::Drop {
            peer,
            reason,
            ban_ms,
        });
    }

    fn tell_all(&mut self, now_ms: u64, acts: &mut Vec<Act>) {
        let is_due = self.told.is_none_or(|(told, at_ms)| {
            let elapsed_ms = now_ms.abs_diff(at_ms);
            let has_changed = told != self.ours;
            elapsed_ms >= HEARTBEAT_MS || (has_changed && elapsed_ms >= HEARTBEAT_PAUSE_MS)
        });
        if !is_due || self.peers.len() == 0 {
            return;
        }
        self.told = Some((self.ours, now_ms));
        let heartbeat = self.heartbeat();
        let say = |key| Act::Say(key, Message::Heartbeat(heartbeat));
        acts.extend(self.peers.keys().into_iter().map(say));
    }

    fn heartbeat(&self) -> Heartbeat {
        let confirmed = self.ours.confirmed;
        let synced = self.peers.iter().filter(|(_, p)| p.is_synced(confirmed));
        Heartbeat {
            solid_index: self.ours.durable,
            pruned_index: self.ours.pruned,
            latest_index: self.ours.latest,
            connected_peers: u8::try_from(self.peers.len()).unwrap_or(u8::MAX),
            synced_peers: u8::try_from(synced.count()).unwrap_or(u8::MAX),
        }
    }
}
