//! Cones that are got as a whole: which there are, and what of them is still to come.
//!
//! ```text
//!           begins              all came            right            all came
//!  planned ────────> its ids ────────────> checking ─────> its blocks ───────> done
//!     ^                 │                     │ wrong          │ not given
//!     └─────────────────┴─────────────────────┘                └─> the rest: one by one
//! ```
//!
//! Nothing of it is believed: the ids are checked against the Merkle root in the signed milestone,
//! and a block is taken because its id is among them. Only what is right costs memory for long.

use std::collections::{BTreeMap, VecDeque};

use tangle_types::cone::{BLOCKS_MAX, ConeIds, ConeRequest, IDS_MAX};
use tangle_types::{BlockId, IdMap, MilestoneIndex};

use crate::PeerKey;

/// Blocks of a cone at most; the blocks of a larger one are asked for one by one.
const CONE_BLOCKS_MAX: u32 = 500_000;
/// Ids of all cones after which no further cone is begun, but for the next milestone's.
const IDS_TOTAL_MAX: usize = 131_072;
/// Cones of unknown size that are begun at once.
const UNKNOWN_MAX: usize = 16;
/// Requests for ids of one cone that are open at once.
const IDS_OPEN_MAX: usize = 4;
/// Requests for ids to one neighbour that are open at once. They do not wait for blocks, so that
/// the next cone's are there when its turn comes.
const IDS_OF_PEER_MAX: usize = 8;
/// Requests for blocks to one neighbour that are open at once. With those for ids, the answers fit
/// its queue.
const BLOCKS_OF_PEER_MAX: usize = 16;
/// Blocks that were asked for and have not come, at most.
const IN_FLIGHT_MAX: usize = 4_096;
/// Known blocks that are asked for again, so that a request need not end at them.
const GAP_MAX: usize = 8;
/// Blocks after which it is looked again whether more can be asked for.
const LOOK_EVERY: usize = 64;

/// What is under way.
#[derive(Debug, Default)]
pub(crate) struct Cones {
    /// Of milestones above the ledger; within [`crate::RANGE`].
    cones: BTreeMap<MilestoneIndex, Cone>,
    /// Blocks that are to come, of cones whose ids are right. Bounded by [`IDS_TOTAL_MAX`] and the
    /// next milestone's cone.
    expected: IdMap<BlockId, Expected>,
    in_flight: usize,
    /// Whether it may be that something can be asked for.
    is_due: bool,
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    index: MilestoneIndex,
    is_asked: bool,
}

#[derive(Debug)]
struct Cone {
    stage: Stage,
    /// Who gives it.
    peer: Option<PeerKey>,
    /// What it was asked for and has not answered, oldest first; at most
    /// [`IDS_OPEN_MAX`] or [`BLOCKS_OF_PEER_MAX`].
    open: VecDeque<ConeRequest>,
    /// When it was begun.
    begun_ms: u64,
    /// When a part of it came.
    moved_ms: u64,
}

#[derive(Debug)]
enum Stage {
    Planned,
    Ids {
        ids: Vec<BlockId>,
        total: Option<u32>,
        /// Ids up to here are asked for.
        asked_to: u32,
    },
    Checking {
        total: usize,
    },
    Blocks {
        ids: Vec<BlockId>,
        /// Positions to ask for, and how many from there on.
        todo: VecDeque<(u32, u16)>,
        missing_count: usize,
        in_flight: usize,
        /// Blocks that it brings.
        count: usize,
    },
    Done {
        count: usize,
    },
}

/// What an answer was like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not what was asked for; nothing changes.
    Unasked,
    /// As it should be.
    Good,
    /// All ids of a cone have come; they are to be checked.
    Complete(Vec<BlockId>),
    /// The neighbour does not have it.
    NotThere,
    /// No honest node answers so.
    False,
}

/// How much may be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The milestone after the ledger: what it needs may be asked for always.
    pub(crate) lowest: MilestoneIndex,
    /// Blocks for later milestones that may be there or on their way.
    pub(crate) ahead_max: usize,
}

impl Cone {
    fn total(&self) -> usize {
        match &self.stage {
            Stage::Planned => 0,
            Stage::Ids { total, ids, .. } => total.map_or(ids.len(), |total| total as usize),
            Stage::Checking { total } => *total,
            Stage::Blocks { ids, .. } => ids.len(),
            Stage::Done { .. } => 0,
        }
    }

    /// Blocks that it has brought or will bring soon.
    fn brought(&self) -> usize {
        match self.stage {
            Stage::Blocks {
                missing_count,
                in_flight,
                count,
                ..
            } => count - missing_count + in_flight,
            Stage::Done { count } => count,
            _ => 0,
        }
    }

    fn in_flight(&self) -> usize {
        match self.stage {
            Stage::Blocks { in_flight, .. } => in_flight,
            _ => 0,
        }
    }

    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Ids { .. } | Stage::Blocks { .. })
    }
}

impl Cones {
    /// Something has changed so that more may be asked for.
    pub(crate) fn look_again(&mut self) {
        self.is_due = true;
    }

    /// Whether this milestone's cone comes as a whole, or is planned to.
    pub(crate) fn covers(&self, index: MilestoneIndex) -> bool {
        let cone = self.cones.get(&index);
        cone.is_some_and(|cone| !matches!(cone.stage, Stage::Done { .. }))
    }

    pub(crate) fn expects(&self, id: &BlockId) -> bool {
        !self.expected.is_empty() && self.expected.contains_key(id)
    }

    /// Plans to get a cone as a whole, if it was not tried before.
    pub(crate) fn plan(&mut self, index: MilestoneIndex) {
        self.is_due = true;
        self.cones.entry(index).or_insert(Cone {
            stage: Stage::Planned,
            peer: None,
            open: VecDeque::new(),
            begun_ms: 0,
            moved_ms: 0,
        });
    }

    /// Planned cones for which nobody is found are not got as a whole.
    pub(crate) fn give_up(
        &mut self,
        has_giver: impl Fn(MilestoneIndex) -> bool,
    ) -> Vec<MilestoneIndex> {
        let mut given_up = Vec::new();
        for (index, cone) in &mut self.cones {
            if matches!(cone.stage, Stage::Planned) && !has_giver(*index) {
                cone.stage = Stage::Done { count: 0 };
                given_up.push(*index);
            }
        }
        given_up
    }

    /// Milestones up to `index` are confirmed.
    pub(crate) fn forget_up_to(&mut self, index: MilestoneIndex) {
        self.is_due = true;
        while let Some((lowest, _)) = self.cones.first_key_value()
            && *lowest <= index
        {
            let lowest = *lowest;
            self.abandon(lowest);
            self.cones.remove(&lowest);
        }
    }

    /// Who gives a cone.
    pub(crate) fn giver(&self, index: MilestoneIndex) -> Option<PeerKey> {
        self.cones.get(&index)?.peer
    }

    /// Who gives what, with what is open.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = (MilestoneIndex, UnderWay)> + '_ {
        let cones = self.cones.iter().filter(|(_, cone)| cone.is_under_way());
        cones.filter_map(|(index, cone)| {
            let under_way = UnderWay {
                peer: cone.peer?,
                is_open: !cone.open.is_empty(),
                is_in_flight: cone.in_flight() > 0,
                begun_ms: cone.begun_ms,
                moved_ms: cone.moved_ms,
                count: cone.total(),
            };
            Some((*index, under_way))
        })
    }

    /// A block has come; the milestone whose cone it was expected in.
    pub(crate) fn on_block(&mut self, now_ms: u64, id: &BlockId) -> Option<MilestoneIndex> {
        if self.expected.is_empty() {
            return None;
        }
        let Expected { index, is_asked } = self.expected.remove(id)?;
        let cone = self.cones.get_mut(&index)?;
        cone.moved_ms = now_ms;
        if let Stage::Blocks {
            missing_count,
            in_flight,
            count,
            ..
        } = &mut cone.stage
        {
            *missing_count -= 1;
            if is_asked {
                *in_flight -= 1;
                self.in_flight -= 1;
                self.is_due |= self.in_flight.is_multiple_of(LOOK_EVERY);
            }
            if *missing_count == 0 {
                cone.stage = Stage::Done { count: *count };
                self.is_due = true;
            }
        }
        Some(index)
    }

    /// Ids have come.
    pub(crate) fn on_ids(&mut self, now_ms: u64, peer: PeerKey, answer: ConeIds) -> Outcome {
        let request = ConeRequest::Ids {
            index: answer.index,
            start: answer.start,
        };
        let Some(cone) = self.cones.get_mut(&answer.index) else {
            return Outcome::Unasked;
        };
        if cone.peer != Some(peer) || cone.open.front() != Some(&request) {
            return Outcome::Unasked;
        }
        cone.open.pop_front();
        cone.moved_ms = now_ms;
        self.is_due = true;
        let Stage::Ids { ids, total, .. } = &mut cone.stage else {
            return Outcome::Good;
        };
        if answer.ids.is_empty() || answer.total > CONE_BLOCKS_MAX {
            return Outcome::NotThere;
        }
        // Every answer but the last one is full.
        let left = (answer.total as usize).saturating_sub(ids.len());
        let is_sound = *total.get_or_insert(answer.total) == answer.total
            && answer.ids.len() == left.min(IDS_MAX);
        if !is_sound {
            return Outcome::False;
        }
        ids.extend(answer.ids);
        if ids.len() < answer.total as usize {
            return Outcome::Good;
        }
        let ids = std::mem::take(ids);
        cone.stage = Stage::Checking { total: ids.len() };
        Outcome::Complete(ids)
    }

    /// Ids are right: what of them is not known is to come.
    pub(crate) fn on_checked(
        &mut self,
        now_ms: u64,
        index: MilestoneIndex,
        ids: Vec<BlockId>,
        is_known: impl Fn(&BlockId) -> bool,
    ) {
        let Some(cone) = self.cones.get_mut(&index) else {
            return;
        };
        if !matches!(cone.stage, Stage::Checking { .. }) {
            return;
        }
        self.is_due = true;
        let mut todo: VecDeque<(u32, u16)> = VecDeque::new();
        let mut missing_count = 0;
        for (position, id) in (0_u32..).zip(&ids) {
            if is_known(id) || self.expected.contains_key(id) {
                continue;
            }
            let is_asked = false;
            self.expected.insert(*id, Expected { index, is_asked });
            missing_count += 1;
            if let Some((start, count)) = todo.back_mut()
                && (position - *start) as usize <= usize::from(*count) + GAP_MAX
                && ((position - *start) as usize) < BLOCKS_MAX
            {
                *count = u16::try_from(position - *start + 1).unwrap_or(u16::MAX);
            } else {
                todo.push_back((position, 1));
            }
        }
        cone.moved_ms = now_ms;
        cone.stage = match missing_count {
            0 => Stage::Done { count: 0 },
            _ => Stage::Blocks {
                ids,
                todo,
                missing_count,
                in_flight: 0,
                count: missing_count,
            },
        };
    }

    /// Blocks have come, `count` of them from position `start` on; each is told of by itself.
    pub(crate) fn on_blocks(
        &mut self,
        now_ms: u64,
        peer: PeerKey,
        (index, start): (MilestoneIndex, u32),
        count: usize,
    ) -> Outcome {
        let Some(cone) = self.cones.get_mut(&index) else {
            return Outcome::Unasked;
        };
        let asked = match cone.open.front() {
            Some(ConeRequest::Blocks {
                start: first,
                count,
                ..
            }) if *first == start && cone.peer == Some(peer) => *count,
            _ => return Outcome::Unasked,
        };
        cone.open.pop_front();
        cone.moved_ms = now_ms;
        self.is_due = true;
        let Stage::Blocks {
            ids,
            todo,
            in_flight,
            ..
        } = &mut cone.stage
        else {
            return Outcome::Good;
        };
        let given = match u16::try_from(count) {
            Ok(0) => return Outcome::NotThere,
            Ok(given) if given <= asked => given,
            _ => return Outcome::False,
        };
        if given < asked {
            let (start, count) = (start + u32::from(given), asked - given);
            todo.push_front((start, count));
            for id in part(ids, start, count) {
                if let Some(expected) = self.expected.get_mut(id)
                    && std::mem::take(&mut expected.is_asked)
                {
                    *in_flight -= 1;
                    self.in_flight -= 1;
                }
            }
        }
        Outcome::Good
    }

    /// A cone does not come from whoever was asked: its ids may come from somebody else; the blocks
    /// that are still missing are given back.
    pub(crate) fn abandon(&mut self, index: MilestoneIndex) -> Vec<BlockId> {
        let Some(cone) = self.cones.get_mut(&index) else {
            return Vec::new();
        };
        self.is_due = true;
        cone.peer = None;
        cone.open.clear();
        let count = cone.brought();
        match &mut cone.stage {
            Stage::Planned | Stage::Done { .. } => Vec::new(),
            Stage::Ids { .. } | Stage::Checking { .. } => {
                cone.stage = Stage::Planned;
                Vec::new()
            }
            Stage::Blocks { ids, in_flight, .. } => {
                self.in_flight -= *in_flight;
                let ids = std::mem::take(ids);
                cone.stage = Stage::Done { count };
                let expected = &mut self.expected;
                let is_left = |id: &BlockId| {
                    let is_its = expected.get(id).is_some_and(|it| it.index == index);
                    is_its && expected.remove(id).is_some()
                };
                ids.into_iter().filter(is_left).collect()
            }
        }
    }

    /// A cone whose ids were not checked is not needed.
    pub(crate) fn drop_unchecked(&mut self, index: MilestoneIndex) {
        if let Some(cone) = self.cones.get_mut(&index)
            && matches!(cone.stage, Stage::Checking { .. })
        {
            cone.stage = Stage::Done { count: 0 };
        }
    }

    /// Cones that a neighbour gives.
    pub(crate) fn given_by(&self, peer: PeerKey) -> Vec<MilestoneIndex> {
        let cones = self.cones.iter();
        cones
            .filter(|(_, cone)| {
                cone.peer == Some(peer) && !matches!(cone.stage, Stage::Done { .. })
            })
            .map(|(index, _)| *index)
            .collect()
    }

    /// Asks for what there is room for. `giver` says whom to ask for a cone that is begun.
    pub(crate) fn ask(
        &mut self,
        now_ms: u64,
        room: Room,
        mut giver: impl FnMut(MilestoneIndex) -> Option<PeerKey>,
        mut ask: impl FnMut(PeerKey, ConeRequest),
    ) {
        if !std::mem::take(&mut self.is_due) {
            return;
        }
        let is_ahead = |index: MilestoneIndex| index > room.lowest;
        let mut open: BTreeMap<PeerKey, Open> = BTreeMap::new();
        let (mut total, mut unknown_count, mut ahead_count) = (0, 0, 0);
        for (index, cone) in &self.cones {
            total += cone.total();
            unknown_count += usize::from(matches!(cone.stage, Stage::Ids { total: None, .. }));
            if is_ahead(*index) {
                ahead_count += cone.brought();
            }
            if let Some(peer) = cone.peer {
                open.entry(peer).or_default().add(&cone.open);
            }
        }
        for (index, cone) in &mut self.cones {
            let is_roomy = unknown_count < UNKNOWN_MAX && total < IDS_TOTAL_MAX;
            if matches!(cone.stage, Stage::Planned)
                && (is_roomy || !is_ahead(*index))
                && let Some(peer) = giver(*index)
            {
                cone.peer = Some(peer);
                cone.begun_ms = now_ms;
                cone.moved_ms = now_ms;
                cone.stage = Stage::Ids {
                    ids: Vec::new(),
                    total: None,
                    asked_to: 0,
                };
                unknown_count += 1;
            }
            let Some(peer) = cone.peer else { continue };
            let open = open.entry(peer).or_default();
            cone.ask_ids(*index, open, |request| ask(peer, request));
            let ahead_max = if is_ahead(*index) {
                room.ahead_max
            } else {
                usize::MAX
            };
            while self.in_flight < IN_FLIGHT_MAX
                && ahead_count < ahead_max
                && open.blocks < BLOCKS_OF_PEER_MAX
                && let Some((request, count)) = cone.next_blocks(*index, &mut self.expected)
            {
                if cone.open.is_empty() {
                    cone.moved_ms = now_ms;
                }
                cone.open.push_back(request);
                open.blocks += 1;
                self.in_flight += count;
                if is_ahead(*index) {
                    ahead_count += count;
                }
                ask(peer, request);
            }
        }
    }
}

/// A cone that somebody is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderWay {
    pub(crate) peer: PeerKey,
    /// Whether a request is not answered.
    pub(crate) is_open: bool,
    /// Whether blocks that were asked for have not come.
    pub(crate) is_in_flight: bool,
    pub(crate) begun_ms: u64,
    pub(crate) moved_ms: u64,
    /// Blocks of the cone, as far as is known.
    pub(crate) count: usize,
}

/// Requests to one neighbour that are open.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    ids: usize,
    blocks: usize,
}

impl Open {
    fn add(&mut self, requests: &VecDeque<ConeRequest>) {
        let is_for_ids = |request: &&ConeRequest| matches!(request, ConeRequest::Ids { .. });
        let ids = requests.iter().filter(is_for_ids).count();
        self.ids += ids;
        self.blocks += requests.len() - ids;
    }
}

impl Cone {
    fn ask_ids(
        &mut self,
        index: MilestoneIndex,
        open: &mut Open,
        mut ask: impl FnMut(ConeRequest),
    ) {
        let Stage::Ids {
            total, asked_to, ..
        } = &mut self.stage
        else {
            return;
        };
        // How many there are, the first answer says.
        let end = total.unwrap_or(1);
        while *asked_to < end && self.open.len() < IDS_OPEN_MAX && open.ids < IDS_OF_PEER_MAX {
            let request = ConeRequest::Ids {
                index,
                start: *asked_to,
            };
            *asked_to += IDS_MAX as u32;
            self.open.push_back(request);
            open.ids += 1;
            ask(request);
        }
    }

    /// The next blocks to ask for, and how many of them are expected; they count as asked for.
    fn next_blocks(
        &mut self,
        index: MilestoneIndex,
        all: &mut IdMap<BlockId, Expected>,
    ) -> Option<(ConeRequest, usize)> {
        let Stage::Blocks {
            ids,
            todo,
            in_flight,
            ..
        } = &mut self.stage
        else {
            return None;
        };
        loop {
            let (start, count) = todo.pop_front()?;
            let mut expected_count = 0;
            for id in part(ids, start, count) {
                if let Some(expected) = all.get_mut(id)
                    && expected.index == index
                    && !std::mem::replace(&mut expected.is_asked, true)
                {
                    expected_count += 1;
                }
            }
            if expected_count > 0 {
                *in_flight += expected_count;
                let request = ConeRequest::Blocks {
                    index,
                    start,
                    count,
                };
                return Some((request, expected_count));
            }
        }
    }
}

fn part(ids: &[BlockId], start: u32, count: u16) -> &[BlockId] {
    let start = start as usize;
    ids.get(start..start + usize::from(count))
        .unwrap_or_default()
}
