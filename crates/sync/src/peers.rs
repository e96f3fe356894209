//! The neighbours: how far each is, what it owes, and how it behaves.

use std::collections::BTreeMap;

use tangle_types::MilestoneIndex;
use tangle_types::gossip::Heartbeat;

use crate::{Budget, DropReason, Offence, PENALTY_MAX, PeerClass, PeerKey, PeerView, Request};

/// Most neighbours: each has a bit in the record of who was asked.
pub(crate) const PEERS_MAX: usize = 64;
/// Requests that one neighbour may have to answer at once, in the beginning. Hornet drops what does
/// not fit its queue of 1,000 messages.
const IN_FLIGHT_FIRST: u32 = 500;
/// The same, once it has answered many and all of them.
const IN_FLIGHT_MAX: u32 = 2_000;
/// Answers that a neighbour may owe in a row before its word counts no more, if it has not answered
/// anything for some time either.
const UNANSWERED_MAX: u32 = 8;
const UNANSWERED_MS: u64 = 6_000;
/// Requests a second that a neighbour may make, and at once.
const REQUESTS_PER_SECOND: u64 = 50_000;
const REQUESTS_AT_ONCE: u64 = 8_192;
/// Requests above the budget within this time are one offence.
const EXCESS_MS: u64 = 50;
/// What of a neighbour may come to nothing in a second, and at once: requests for what is not here
/// or what it has asked for before, blocks that it has sent before, heartbeats. A node that is lied
/// to asks for a few thousand blocks that do not exist, and one that catches up tells of every
/// milestone.
const WASTE_PER_SECOND: u64 = 2_000;
const WASTE_AT_ONCE: u64 = 10_000;
/// Things that a neighbour asked for of which it is remembered that it did.
const ASKED_MAX: u64 = 4_096;
/// Parents of its own blocks that a neighbour may fail to give in a second, and at once. Every one
/// that it gives counts as one that it has not failed to give.
const ORPHANS_PER_SECOND: u64 = 20;
const ORPHANS_AT_ONCE: u64 = 500;
/// How long nobody else is asked for parents that a neighbour above that budget does not give, and
/// how long it may give nothing at all.
const ORPHANED_MS: u64 = 10_000;
/// How long one penalty point lasts.
const PENALTY_POINT_MS: u64 = 1_000;

/// A neighbour.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) class: PeerClass,
    /// Its bit in the record of who was asked.
    pub(crate) bit: u64,
    /// When it came.
    pub(crate) since_ms: u64,
    /// When it was last heard of: its last heartbeat, or the beginning.
    pub(crate) heard_ms: u64,
    pub(crate) heartbeat: Option<Heartbeat>,
    /// Requests to it alone that wait for an answer.
    pub(crate) in_flight: u32,
    /// How many these may be. Each answer makes room for one more, until one stays away.
    window: u32,
    /// Whether one has stayed away that it should have given.
    has_failed: bool,
    /// What it has left unanswered since its last answer, of what it should have.
    unanswered: u32,
    /// When it answered last, or came.
    answered_ms: u64,
    /// Whether it has ever given what somebody was asked for.
    has_answered: bool,
    /// Since when that is too much.
    doubtful_since_ms: Option<u64>,
    requests: Budget,
    /// When asking for too much was last held against it.
    excess_ms: u64,
    waste: Budget,
    /// What it has asked for of late, each in the one place that it can have; empty until it asks.
    asked_for: Vec<u64>,
    orphans: Budget,
    /// When it last failed to give a parent of its own blocks above that budget.
    orphaned_ms: Option<u64>,
    penalty: u32,
    penalty_ms: u64,
    /// From when on it may be asked for cones as a whole; `None` when it gives none.
    pub(crate) gives_cones_from_ms: Option<u64>,
    /// How often it did not give a cone that it should have.
    pub(crate) cone_failures: u32,
    /// When it last gave a part of a cone.
    pub(crate) cone_ms: u64,
}

/// All neighbours, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// Bounded by [`PEERS_MAX`].
    peers: BTreeMap<PeerKey, Peer>,
}

impl Peer {
    /// Whether it has what milestone `index` needs, by its own word.
    pub(crate) fn surely_has(&self, index: MilestoneIndex) -> bool {
        let has = |beat: Heartbeat| beat.pruned_index < index && index <= beat.solid_index;
        self.heartbeat.is_some_and(has)
    }

    /// Whether it may have what milestone `index` needs; of the one after its latest, some blocks
    /// are there already.
    pub(crate) fn may_have(&self, index: MilestoneIndex) -> bool {
        let may = |beat: Heartbeat| {
            let newest = beat.latest_index.0.saturating_add(1);
            beat.pruned_index < index && index.0 <= newest
        };
        self.heartbeat.is_some_and(may)
    }

    /// Whether it may be asked more. A doubtful one is asked a little, to see whether it answers.
    pub(crate) fn has_room(&self) -> bool {
        let max = if self.is_doubtful() {
            UNANSWERED_MAX / 2
        } else {
            self.window
        };
        self.in_flight < max
    }

    /// Whether it has ever given what somebody was asked for. Who has not may be a liar that comes
    /// back again and again.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Whether its word is not to be relied on, as it does not give what it claims.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.doubtful_since_ms.is_some()
    }

    /// Questions that it left unanswered since it gave an answer, though it should have one.
    pub(crate) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    pub(crate) fn doubtful_since_ms(&self) -> Option<u64> {
        self.doubtful_since_ms
    }

    /// Whether it is not behind the newest milestone that it or this node knows.
    pub(crate) fn is_synced(&self, confirmed: MilestoneIndex) -> bool {
        self.heartbeat.is_some_and(|beat| {
            let newest = beat.latest_index.max(confirmed);
            beat.solid_index.0 >= newest.0.saturating_sub(2)
        })
    }

    /// What it was asked for has come, from whomever.
    pub(crate) fn on_settled(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// It has given what somebody was asked for.
    pub(crate) fn on_answer(&mut self, now_ms: u64) {
        if !self.has_failed {
            self.window = (self.window + 1).min(IN_FLIGHT_MAX);
        }
        self.orphans.earn(1);
        self.unanswered = 0;
        self.answered_ms = now_ms;
        self.has_answered = true;
        self.doubtful_since_ms = None;
    }

    /// It has left a request unanswered; `was_sure` if it should have what was asked for.
    pub(crate) fn on_unanswered(&mut self, now_ms: u64, was_sure: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if was_sure {
            self.unanswered = self.unanswered.saturating_add(1);
            self.window = IN_FLIGHT_FIRST;
            self.has_failed = true;
        }
        let is_mute = now_ms.saturating_sub(self.answered_ms) >= UNANSWERED_MS;
        if is_mute && self.unanswered >= UNANSWERED_MAX && self.doubtful_since_ms.is_none() {
            self.doubtful_since_ms = Some(now_ms);
        }
    }

    /// It has not given a parent of a block that it has sent; whether that is too much. A good
    /// neighbour that is asked for more than it can find in time gives something at least, and one
    /// that the operator named may lag as much as it likes.
    pub(crate) fn has_orphaned(&mut self, now_ms: u64) -> bool {
        let gives_nothing =
            !self.has_answered || now_ms.saturating_sub(self.answered_ms) >= ORPHANED_MS;
        let is_excess = !self.orphans.spend(now_ms, 1) && gives_nothing;
        if is_excess {
            self.orphaned_ms = Some(now_ms);
        }
        is_excess && self.class == PeerClass::Unknown
    }

    /// Whether its blocks count enough to ask others for parents which it does not give.
    pub(crate) fn is_vouched_for(&self, now_ms: u64) -> bool {
        let is_recent = |since: u64| now_ms.saturating_sub(since) < ORPHANED_MS;
        !self.orphaned_ms.is_some_and(is_recent)
    }

    /// Whether one more request of its is within its budget.
    pub(crate) fn may_ask(&mut self, now_ms: u64, cost: u64) -> bool {
        self.requests.spend(now_ms, cost)
    }

    /// Whether a request above the budget counts as an offence. After this node has stood still, a
    /// good neighbour's requests of some seconds may come at once; only who goes on is to blame.
    pub(crate) fn is_offence(&mut self, now_ms: u64) -> bool {
        let is_one = now_ms.saturating_sub(self.excess_ms) >= EXCESS_MS;
        if is_one {
            self.excess_ms = now_ms;
        }
        is_one
    }

    /// Whether it may be asked for the cone of milestone `index`.
    pub(crate) fn gives_cone(&self, now_ms: u64, index: MilestoneIndex) -> bool {
        let may_be_asked = self.gives_cones_from_ms.is_some_and(|from| from <= now_ms);
        may_be_asked && !self.is_doubtful() && self.surely_has(index)
    }

    /// Takes note of what it asks for; whether it has asked for that before, of late.
    pub(crate) fn asks_again(&mut self, request: &Request) -> bool {
        let mark = match request {
            Request::Block(id) => u64::from_le_bytes(*id.0.first_chunk().expect("it is longer")),
            Request::Milestone(index) => u64::from(index.0),
        };
        // Zero is an empty place.
        let mark = mark.max(1);
        if self.asked_for.is_empty() {
            self.asked_for.resize(ASKED_MAX as usize, 0);
        }
        let place = &mut self.asked_for[(mark % ASKED_MAX) as usize];
        std::mem::replace(place, mark) == mark
    }

    /// Whether it may cause this node so much more work that is of no use to anybody.
    pub(crate) fn may_waste(&mut self, now_ms: u64, count: u64) -> bool {
        self.waste.spend(now_ms, count)
    }

    /// Adds the points of an offence; whether it is enough.
    pub(crate) fn punish(&mut self, now_ms: u64, offence: Offence) -> bool {
        self.penalty = self.penalty_at(now_ms).saturating_add(points(offence));
        self.penalty_ms = now_ms;
        self.penalty >= PENALTY_MAX
    }

    fn penalty_at(&self, now_ms: u64) -> u32 {
        let past = now_ms.saturating_sub(self.penalty_ms) / PENALTY_POINT_MS;
        let past = u32::try_from(past).unwrap_or(u32::MAX);
        self.penalty.saturating_sub(past)
    }
}

/// How bad an offence is. What an honest node can do by mistake, such as an old one that passes on
/// unsigned milestones or one that has not seen a change of parameters, is mild.
const fn points(offence: Offence) -> u32 {
    match offence {
        Offence::Block | Offence::ProofOfWork => 20,
        Offence::Milestone | Offence::Waste | Offence::Orphans => 10,
        Offence::Unreadable | Offence::EmptyClaim => PENALTY_MAX,
        Offence::Requests => 1,
    }
}

/// How long a neighbour is banned. One that the operator named is let in again soon.
pub(crate) const fn ban_ms(class: PeerClass) -> u64 {
    match class {
        PeerClass::Known => 60_000,
        PeerClass::Unknown => 600_000,
    }
}

impl Peers {
    /// Takes a neighbour in.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn add(
        &mut self,
        now_ms: u64,
        key: PeerKey,
        class: PeerClass,
    ) -> Result<(), DropReason> {
        if self.peers.contains_key(&key) {
            return Ok(());
        }
        if self.peers.len() >= PEERS_MAX {
            return Err(DropReason::Full(PEERS_MAX));
        }
        let taken = self.peers.values().fold(0, |bits, peer| bits | peer.bit);
        let peer = Peer {
            class,
            bit: 1 << (!taken).trailing_zeros(),
            since_ms: now_ms,
            heard_ms: now_ms,
            heartbeat: None,
            in_flight: 0,
            window: IN_FLIGHT_FIRST,
            has_failed: false,
            unanswered: 0,
            answered_ms: now_ms,
            has_answered: false,
            doubtful_since_ms: None,
            requests: Budget::new(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE, now_ms),
            excess_ms: 0,
            waste: Budget::new(WASTE_PER_SECOND, WASTE_AT_ONCE, now_ms),
            asked_for: Vec::new(),
            orphans: Budget::new(ORPHANS_PER_SECOND, ORPHANS_AT_ONCE, now_ms),
            orphaned_ms: None,
            penalty: 0,
            penalty_ms: now_ms,
            gives_cones_from_ms: None,
            cone_failures: 0,
            cone_ms: 0,
        };
        self.peers.insert(key, peer);
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: PeerKey) -> Option<Peer> {
        self.peers.remove(&key)
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(&key)
    }

    pub(crate) fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.peers.get(&key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PeerKey, &Peer)> {
        self.peers.iter().map(|(key, peer)| (*key, peer))
    }

    pub(crate) fn keys(&self) -> Vec<PeerKey> {
        self.peers.keys().copied().collect()
    }

    pub(crate) fn view(&self, now_ms: u64, confirmed: MilestoneIndex) -> Vec<PeerView> {
        self.iter()
            .map(|(key, peer)| PeerView {
                key,
                class: peer.class,
                heartbeat: peer.heartbeat,
                is_synced: peer.is_synced(confirmed),
                asked_count: peer.in_flight as usize,
                penalty: peer.penalty_at(now_ms),
            })
            .collect()
    }
}
