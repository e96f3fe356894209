//! What happened, in order: the same for the same seed, byte for byte.

use std::collections::VecDeque;
use std::fmt;

use tangle_types::cone::{ConeMessage, ConeRequest};
use tangle_types::gossip::Message;
use tangle_types::{BlockId, MilestoneIndex};

/// Events kept for whoever asks what came before a violation.
const KEPT_COUNT: usize = 80;

/// Where the log of a run goes, line by line.
pub type Sink<'a> = &'a mut dyn FnMut(&str);

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Starts { ledger_index: MilestoneIndex },
    Crashes { lost_count: usize },
    Pauses,
    GoesOn,
    DiskSlows,
    ClockMoves { by_ms: i64 },
    Splits { group: u64 },
    Deafens { to: usize },
    Joins,
    Heals,
    Connects { to: usize },
    Disconnects { from: usize },
    Drops { peer: usize },
    Hears { from: usize, what: Said },
    Submits { block: Short, is_taken: bool },
    Signs { index: MilestoneIndex },
    Confirms { index: MilestoneIndex, count: usize },
    Durable { index: MilestoneIndex },
    Attacks { how: &'static str },
    Halts,
}

/// A message in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Block(Short),
    BlockRequest(Short),
    MilestoneRequest(MilestoneIndex),
    Heartbeat(MilestoneIndex, MilestoneIndex),
    ConeRequest(MilestoneIndex, u32),
    ConeIds(MilestoneIndex, usize),
    ConeBlocks(MilestoneIndex, usize),
}

/// The beginning of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short([u8; 4]);

impl From<BlockId> for Short {
    fn from(id: BlockId) -> Self {
        let [a, b, c, d, ..] = id.0;
        Self([a, b, c, d])
    }
}

impl Said {
    /// A message; `block` names the block in it.
    pub(crate) fn new(message: &Message, block: BlockId) -> Self {
        match message {
            Message::Block(_) => Self::Block(block.into()),
            Message::BlockRequest(id) => Self::BlockRequest((*id).into()),
            Message::MilestoneRequest(index) => Self::MilestoneRequest(index.unwrap_or_default()),
            Message::Heartbeat(beat) => Self::Heartbeat(beat.solid_index, beat.latest_index),
        }
    }

    /// A message about a cone.
    pub(crate) fn of_cone(message: &ConeMessage) -> Self {
        match message {
            ConeMessage::Request(
                ConeRequest::Ids { index, start } | ConeRequest::Blocks { index, start, .. },
            ) => Self::ConeRequest(*index, *start),
            ConeMessage::Ids(ids) => Self::ConeIds(ids.index, ids.ids.len()),
            ConeMessage::Blocks(cone) => Self::ConeBlocks(cone.index, cone.blocks.len()),
        }
    }
}

/// The events of a run: the last ones, and a number that stands for all of them.
pub(crate) struct Trace<'a> {
    last: VecDeque<Line>,
    digest: u64,
    count: u64,
    sink: Option<Sink<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    at_us: u64,
    node: usize,
    happening: Happening,
}

impl<'a> Trace<'a> {
    pub(crate) const fn new(sink: Option<Sink<'a>>) -> Self {
        Self {
            last: VecDeque::new(),
            digest: 0xcbf2_9ce4_8422_2325,
            count: 0,
            sink,
        }
    }

    /// Writes down what happened to `node`.
    pub(crate) fn note(&mut self, at_us: u64, node: usize, happening: Happening) {
        let line = Line {
            at_us,
            node,
            happening,
        };
        self.count += 1;
        self.mix(at_us);
        self.mix(node as u64);
        self.mix(happening.number());
        if let Some(sink) = &mut self.sink {
            sink(&line.to_string());
        }
        if self.last.len() == KEPT_COUNT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    fn mix(&mut self, word: u64) {
        self.digest = (self.digest ^ word).wrapping_mul(0x0100_0000_01b3);
    }

    /// Number of events.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// A number that is the same only for the same events.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// The last events as text.
    pub(crate) fn last(&self) -> Vec<String> {
        self.last.iter().map(ToString::to_string).collect()
    }
}

impl Happening {
    /// A number that tells it from others.
    fn number(&self) -> u64 {
        match *self {
            Self::Starts { ledger_index } => 1 << 32 | u64::from(ledger_index.0),
            Self::Crashes { lost_count } => 2 << 32 | lost_count as u64,
            Self::Pauses => 3 << 32,
            Self::GoesOn => 4 << 32,
            Self::DiskSlows => 5 << 32,
            Self::ClockMoves { by_ms } => 6 << 32 ^ by_ms.cast_unsigned(),
            Self::Splits { group } => 7 << 32 ^ group,
            Self::Deafens { to } => 8 << 32 | to as u64,
            Self::Joins => 9 << 32,
            Self::Heals => 10 << 32,
            Self::Connects { to } => 11 << 32 | to as u64,
            Self::Disconnects { from } => 12 << 32 | from as u64,
            Self::Drops { peer } => 13 << 32 | peer as u64,
            Self::Hears { from, what } => (14 << 40 | (from as u64) << 32) ^ what.number(),
            Self::Submits { block, is_taken } => {
                15 << 40 ^ block.number() ^ u64::from(is_taken) << 39
            }
            Self::Signs { index } => 16 << 32 | u64::from(index.0),
            Self::Confirms { index, count } => {
                (17 << 40 | (count as u64) << 32) ^ u64::from(index.0)
            }
            Self::Durable { index } => 18 << 32 | u64::from(index.0),
            Self::Attacks { how } => 19 << 32 | how.len() as u64,
            Self::Halts => 20 << 32,
        }
    }
}

impl Said {
    fn number(self) -> u64 {
        match self {
            Self::Block(block) => 1 << 48 | block.number(),
            Self::BlockRequest(block) => 2 << 48 | block.number(),
            Self::MilestoneRequest(index) => 3 << 48 | u64::from(index.0),
            Self::Heartbeat(solid, latest) => {
                4 << 48 ^ u64::from(solid.0) << 16 ^ u64::from(latest.0)
            }
            Self::ConeRequest(index, start) => {
                5 << 48 ^ u64::from(index.0) << 16 ^ u64::from(start)
            }
            Self::ConeIds(index, count) => 6 << 48 ^ u64::from(index.0) << 16 ^ count as u64,
            Self::ConeBlocks(index, count) => 7 << 48 ^ u64::from(index.0) << 16 ^ count as u64,
        }
    }
}

impl Short {
    fn number(self) -> u64 {
        u64::from(u32::from_le_bytes(self.0))
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.at_us / 1_000_000, self.at_us % 1_000_000);
        write!(
            f,
            "{seconds:>4}.{micros:06} node {} {}",
            self.node, self.happening
        )
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starts { ledger_index } => write!(f, "starts at milestone {ledger_index}"),
            Self::Crashes { lost_count } => write!(f, "crashes and loses {lost_count} records"),
            Self::Pauses => write!(f, "stands still"),
            Self::GoesOn => write!(f, "goes on"),
            Self::DiskSlows => write!(f, "has a slow disk from now on"),
            Self::ClockMoves { by_ms } => write!(f, "sets its clock by {by_ms} ms"),
            Self::Splits { group } => write!(f, "and all of {group:#b} are cut off from the rest"),
            Self::Deafens { to } => write!(f, "reaches node {to} no more"),
            Self::Joins => write!(f, "reaches all others again"),
            Self::Heals => write!(f, "and all others are well from now on"),
            Self::Connects { to } => write!(f, "is connected to node {to}"),
            Self::Disconnects { from } => write!(f, "is disconnected from node {from}"),
            Self::Drops { peer } => write!(f, "drops node {peer}"),
            Self::Hears { from, what } => write!(f, "hears from node {from}: {what}"),
            Self::Submits { block, is_taken } => {
                let verdict = if *is_taken { "takes" } else { "refuses" };
                write!(f, "{verdict} block {block} of a client")
            }
            Self::Signs { index } => write!(f, "signs milestone {index}"),
            Self::Confirms { index, count } => {
                write!(f, "confirms milestone {index} with {count} blocks")
            }
            Self::Durable { index } => write!(f, "has made milestone {index} durable"),
            Self::Attacks { how } => write!(f, "attacks: {how}"),
            Self::Halts => write!(f, "halts"),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => write!(f, "block {block}"),
            Self::BlockRequest(block) => write!(f, "give block {block}"),
            Self::MilestoneRequest(index) => write!(f, "give milestone {index}"),
            Self::Heartbeat(solid, latest) => write!(f, "solid {solid}, latest {latest}"),
            Self::ConeRequest(index, start) => {
                write!(f, "give the cone of {index} from {start} on")
            }
            Self::ConeIds(index, count) => write!(f, "{count} ids of the cone of {index}"),
            Self::ConeBlocks(index, count) => write!(f, "{count} blocks of the cone of {index}"),
        }
    }
}
