//! Cones as a whole, from neighbours that give them.
//!
//! A node that is behind asks for the ids of a milestone's cone, and once they are found to be
//! right, for its blocks, some hundred at a time. A neighbour that is slow, has not got them or
//! lies is left alone for a while, and everything is asked for block by block, as of those that
//! cannot do this.

use tangle_types::cone::{ConeIds, ConeRequest};
use tangle_types::{BlockId, MilestoneIndex};

use super::{Act, LAG_MAX, Neighbourhood};
use crate::cones::{Outcome, Room};
use crate::requests::Want;
use crate::{Offence, PeerKey, Request};

/// How long a neighbour may take to go on with an answer.
const ANSWER_MS: u64 = 4_000;
/// How long blocks that were given may take to be checked here.
const CHECK_MS: u64 = 10_000;
/// How long a cone may hold up the ledger, beside a millisecond for each of its blocks.
const CONE_MS: u64 = 10_000;
/// How long a neighbour is left alone that does not give what it should.
const LEFT_ALONE_MS: u64 = 30_000;
/// What a request for ids takes of the budget for requests.
const IDS_COST: u64 = 64;
/// Blocks of a cone that count as one request: they are read together.
const BLOCKS_PER_COST: u64 = 4;

impl Neighbourhood {
    /// A neighbour can be asked for cones as a whole.
    pub fn on_cones_open(&mut self, now_ms: u64, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.gives_cones_from_ms = Some(now_ms);
        }
        self.plan_all(now_ms);
    }

    /// A neighbour asks for a part of a cone.
    pub fn on_cone_request(
        &mut self,
        now_ms: u64,
        peer: PeerKey,
        request: ConeRequest,
        acts: &mut Vec<Act>,
    ) {
        let cost = match request {
            ConeRequest::Ids { .. } => IDS_COST,
            ConeRequest::Blocks { count, .. } => u64::from(count) / BLOCKS_PER_COST + 1,
        };
        let Some(asking) = self.peers.get_mut(peer) else {
            return;
        };
        if asking.may_ask(now_ms, cost) {
            acts.push(Act::AnswerCone(peer, request));
        } else if asking.is_offence(now_ms) {
            self.on_misbehaved(now_ms, peer, Offence::Requests, acts);
        }
    }

    /// Ids of a cone have come.
    pub fn on_cone_ids(&mut self, now_ms: u64, peer: PeerKey, answer: ConeIds) {
        let index = answer.index;
        match self.cones.on_ids(now_ms, peer, answer) {
            Outcome::Complete(ids) => self.unchecked.push((index, ids)),
            outcome => self.on_cone_outcome(now_ms, peer, &outcome),
        }
    }

    /// Blocks of a cone have come, `count` of them from position `start` on. They themselves go the
    /// way of all blocks.
    pub fn on_cone_blocks(
        &mut self,
        now_ms: u64,
        peer: PeerKey,
        place: (MilestoneIndex, u32),
        count: usize,
    ) {
        let outcome = self.cones.on_blocks(now_ms, peer, place, count);
        self.on_cone_outcome(now_ms, peer, &outcome);
    }

    fn on_cone_outcome(&mut self, now_ms: u64, peer: PeerKey, outcome: &Outcome) {
        match outcome {
            Outcome::Unasked => {}
            Outcome::Good | Outcome::Complete(_) => {
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.cone_ms = now_ms;
                }
            }
            Outcome::NotThere => self.leave_alone(now_ms, peer, now_ms + LEFT_ALONE_MS),
            Outcome::False => self.leave_alone(now_ms, peer, u64::MAX),
        }
    }

    /// Ids of a cone that are to be checked against the milestone.
    pub fn unchecked_cone(&mut self) -> Option<(MilestoneIndex, Vec<BlockId>)> {
        self.unchecked.pop()
    }

    /// The ids are those that the milestone was signed with; `is_known` tells which of the blocks
    /// are here.
    pub fn on_cone_right(
        &mut self,
        now_ms: u64,
        index: MilestoneIndex,
        ids: Vec<BlockId>,
        is_known: impl Fn(&BlockId) -> bool,
    ) {
        self.cones.on_checked(now_ms, index, ids, is_known);
    }

    /// The ids are others than those that the milestone was signed with.
    pub fn on_cone_wrong(&mut self, now_ms: u64, index: MilestoneIndex) {
        if let Some(peer) = self.cones.giver(index) {
            self.leave_alone(now_ms, peer, u64::MAX);
        }
    }

    /// The milestone is not waited for any more.
    pub fn on_cone_needless(&mut self, index: MilestoneIndex) {
        self.cones.drop_unchecked(index);
    }

    /// A milestone whose cone is not got as a whole after all: what it lacks is to be looked for.
    pub fn given_up_cone(&mut self) -> Option<MilestoneIndex> {
        self.given_up.pop()
    }

    /// Asks for what there is room for, with at most `ahead_max` blocks for milestones after the
    /// next one.
    pub fn ask_for_cones(&mut self, now_ms: u64, ahead_max: usize, acts: &mut Vec<Act>) {
        let room = Room {
            lowest: self.ours.confirmed.next(),
            ahead_max,
        };
        let peers = &self.peers;
        let giver = |index| {
            let givers = peers
                .iter()
                .filter(|(_, peer)| peer.gives_cone(now_ms, index));
            let best = givers.min_by_key(|(key, peer)| (peer.cone_failures, *key));
            best.map(|(key, _)| key)
        };
        let ask = |peer, request| acts.push(Act::AskCone(peer, request));
        self.cones.ask(now_ms, room, giver, ask);
    }

    /// Plans to get the cone of a milestone as a whole, if the node is behind and somebody may give
    /// it. Of what is new most blocks are here already.
    pub(super) fn plan_cone(&mut self, now_ms: u64, index: MilestoneIndex) {
        let is_behind = self.ours.latest.0 > self.ours.confirmed.0.saturating_add(LAG_MAX);
        if is_behind && self.has_giver(now_ms, index) {
            self.cones.plan(index);
        }
    }

    pub(super) fn plan_all(&mut self, now_ms: u64) {
        let seen: Vec<MilestoneIndex> = self.seen.iter().copied().collect();
        for index in seen {
            self.plan_cone(now_ms, index);
        }
    }

    fn has_giver(&self, now_ms: u64, index: MilestoneIndex) -> bool {
        let mut peers = self.peers.iter();
        peers.any(|(_, peer)| peer.gives_cone(now_ms, index))
    }

    /// Time has passed: neighbours that are too slow are left alone.
    pub(super) fn watch_cones(&mut self, now_ms: u64) {
        self.cones.look_again();
        let lowest = self.ours.confirmed.next();
        let mut slow = Vec::new();
        let mut lost = Vec::new();
        for (index, cone) in self.cones.under_way() {
            let heard_ms = self.peers.get(cone.peer).map_or(0, |peer| peer.cone_ms);
            let is_mute =
                cone.is_open && now_ms.saturating_sub(heard_ms.max(cone.moved_ms)) >= ANSWER_MS;
            let since_ms = cone.begun_ms.max(self.moved_ms);
            let allowed_ms = CONE_MS + cone.count as u64;
            let is_slow = index == lowest && now_ms.saturating_sub(since_ms) >= allowed_ms;
            let is_lost = cone.is_in_flight
                && !cone.is_open
                && now_ms.saturating_sub(cone.moved_ms) >= CHECK_MS;
            if is_mute || is_slow {
                slow.push(cone.peer);
            } else if is_lost {
                lost.push(index);
            }
        }
        for peer in slow {
            self.leave_alone(now_ms, peer, now_ms + LEFT_ALONE_MS);
        }
        for index in lost {
            self.abandon_cone(now_ms, index);
        }
        self.give_up_cones(now_ms);
    }

    /// A neighbour is not asked for cones before `until_ms`.
    fn leave_alone(&mut self, now_ms: u64, peer: PeerKey, until_ms: u64) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.gives_cones_from_ms = Some(until_ms);
            peer.cone_failures = peer.cone_failures.saturating_add(1);
        }
        self.abandon_cones_of(now_ms, peer);
    }

    /// What a neighbour was asked for is asked of others.
    pub(super) fn abandon_cones_of(&mut self, now_ms: u64, peer: PeerKey) {
        for index in self.cones.given_by(peer) {
            self.abandon_cone(now_ms, index);
        }
        self.give_up_cones(now_ms);
    }

    fn abandon_cone(&mut self, now_ms: u64, index: MilestoneIndex) {
        for id in self.cones.abandon(index) {
            let want = Want {
                request: Request::Block(id),
                index,
                is_kept: true,
                not_before_ms: now_ms,
                hint: None,
            };
            self.requests.want(now_ms, want);
        }
    }

    fn give_up_cones(&mut self, now_ms: u64) {
        let peers = &self.peers;
        let has_giver = |index| {
            let mut peers = peers.iter();
            peers.any(|(_, peer)| peer.gives_cone(now_ms, index))
        };
        let given_up = self.cones.give_up(has_giver);
        self.given_up.extend(given_up);
    }
}
