//! Everything that goes into an engine and everything that comes out: its table of contents.
//!
//! # For whoever runs engines against each other
//!
//! - [`Input::Connected`] at both ends makes two engines neighbours; each has its own [`PeerKey`]
//!   for the other. They begin to talk at once.
//! - [`Effect::Say`] to `p` becomes, at the engine that is `p`, [`Input::Heard`]; a
//!   [`Message::Block`] is parsed and checked by [`crate::check`] first and becomes
//!   [`Input::Block`] with [`Source::Peer`], or [`Input::Misbehaved`] when it is refused there.
//! - [`Effect::Spread`] is a [`Message::Block`] to every neighbour but `except`.
//! - [`Effect::Serve`] is answered from what [`Effect::Store`] and [`Effect::Commit`] have stored:
//!   a [`Message::Block`] to that neighbour, or silence.
//! - [`Input::ConesOpen`] at both ends lets them ask each other for cones: [`Effect::AskCone`] to
//!   `p` becomes [`Input::ConeRequest`] there, and [`Effect::ServeCone`] is answered from the store
//!   with ids ([`Input::ConeIds`]) or blocks ([`Input::Block`] for each, and
//!   [`Input::ConeBlocks`]); with none of them when they are not there.
//! - [`Effect::Drop`] ends the connection: both ends see [`Input::Disconnected`].
//! - [`Input::Tick`] comes once a second at least; a quarter of a second is better while the node
//!   catches up.
//! - Any message may be lost; what is needed is asked for again.

use std::sync::Arc;

use tangle_consensus::{MilestoneRoots, SignError};
use tangle_dag::{TipRequest, TipScore, Weighed};
use tangle_sync::{DropReason, Offence, PeerClass, PeerKey, Request};
use tangle_types::cone::{ConeIds, ConeRequest};
use tangle_types::gossip::Message;
use tangle_types::{BlockId, MilestoneId, MilestoneIndex, UnixSeconds};

use crate::{CheckedBlock, MilestoneCommit, Reservation};

/// A moment, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

/// Names a question, so that its answer finds the way back to whoever asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Where a block comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A client of this node, who waits for an answer. Its parents must be solid and not too deep.
    Client(Ticket),
    /// A neighbour. Its parents may still be on their way.
    Peer(PeerKey),
    /// Somebody at this node who hands in many blocks and waits for none.
    Bulk,
    /// This node's own store, after a start; it is not stored again.
    Replay,
    /// The milestone that this node has signed; only the engine itself uses it.
    Own,
    /// The coordinator's checkpoint that [`Effect::Checkpoint`] asked for.
    Checkpoint,
}

/// What may happen to a node.
#[derive(Debug)]
pub enum Input {
    /// A block arrived.
    Block(Arc<CheckedBlock>, Source),
    /// A neighbour is there: messages can go both ways.
    Connected {
        /// Which.
        peer: PeerKey,
        /// How it came.
        class: PeerClass,
    },
    /// A neighbour is gone, whoever ended it.
    Disconnected(PeerKey),
    /// A neighbour said something. Its blocks come as [`Input::Block`] when they were checked.
    Heard(PeerKey, Message),
    /// A neighbour can be asked for cones as a whole.
    ConesOpen(PeerKey),
    /// A neighbour asks for a part of a cone.
    ConeRequest(PeerKey, ConeRequest),
    /// A neighbour sent ids of a cone.
    ConeIds(PeerKey, ConeIds),
    /// A neighbour sent blocks of a cone. They come as [`Input::Block`] when they were checked.
    ConeBlocks {
        /// Who.
        peer: PeerKey,
        /// The milestone.
        index: MilestoneIndex,
        /// Position of the first one.
        start: u32,
        /// How many.
        count: usize,
    },
    /// A neighbour sent what did not even become a checked block.
    Misbehaved(PeerKey, Offence),
    /// So much of what a neighbour asked for is not here, or had come from it before.
    Wasted(PeerKey, u64),
    /// The store has dropped its blocks up to this milestone.
    Pruned(MilestoneIndex),
    /// Time has passed.
    Tick,
    /// The reservation is durable: the milestone may be shown.
    Reserved(MilestoneIndex),
    /// The milestone is durable: the store answers for it from now on.
    Committed(MilestoneIndex),
    /// Somebody wants tips.
    Tips(Ticket, TipRequest),
    /// Somebody wants to know where a block stands.
    Inspect(Ticket, BlockId),
    /// Somebody wants to know how heavy a block is.
    Weigh(Ticket, BlockId),
    /// Somebody wants the roots over these parents, at this time.
    Roots(Ticket, RootsRequest),
}

/// What must happen next, outside.
#[derive(Debug)]
pub enum Effect {
    /// Store a block that became solid. Parents come before children.
    Store(Arc<CheckedBlock>),
    /// Make a reservation durable together with all blocks before it, then say
    /// [`Input::Reserved`].
    Reserve(Reservation),
    /// Make a milestone durable together with all blocks before it, then say
    /// [`Input::Committed`].
    Commit(Arc<MilestoneCommit>),
    /// These blocks are needed no more. They may be very many, so they should be dropped where that
    /// holds up nobody.
    Released(Vec<Arc<CheckedBlock>>),
    /// The client's block was taken.
    Accepted(Ticket),
    /// The client's block was not taken.
    Refused(Ticket, Refusal),
    /// The answer to [`Input::Tips`]; empty when there are none.
    Tips(Ticket, Vec<BlockId>),
    /// The answer to [`Input::Inspect`]; `None` when the block is neither among the unreferenced
    /// nor among those that were referenced lately.
    Inspected(Ticket, Option<Inspection>),
    /// The answer to [`Input::Weigh`]; `None` when tip selection does not know.
    Weighed(Ticket, Option<Weighed>),
    /// The answer to [`Input::Roots`]; `None` when the parents are not solid.
    Roots(Ticket, Option<MilestoneRoots>),
    /// Make a block without payload on these parents, with proof of work, and hand it in.
    Checkpoint(Vec<BlockId>),
    /// Send this to a neighbour.
    Say(PeerKey, Message),
    /// Send this block, which is new and solid, to all neighbours but the one that it came from;
    /// others that are known to have it may be left out too.
    Spread {
        /// The block.
        block: Arc<CheckedBlock>,
        /// Who sent it.
        except: Option<PeerKey>,
    },
    /// Look this up in the store and send it to a neighbour; nothing if it is not there.
    Serve(PeerKey, Request),
    /// Ask a neighbour for a part of a cone.
    AskCone(PeerKey, ConeRequest),
    /// Look a part of a cone up in the store and send it to a neighbour; an empty one if it is not
    /// there.
    ServeCone(PeerKey, ConeRequest),
    /// End the connection to a neighbour.
    Drop {
        /// Which.
        peer: PeerKey,
        /// Why.
        reason: DropReason,
        /// How long its identity is not let in again, in milliseconds.
        ban_ms: Option<u64>,
    },
    /// The ledger stops here for good; what is known is still served.
    Halted(Halt),
}

/// A question for the roots that a milestone would have.
#[derive(Clone, Debug)]
pub struct RootsRequest {
    /// Index of the milestone; the next one.
    pub index: MilestoneIndex,
    /// Time that decides timelocks and expirations.
    pub timestamp: UnixSeconds,
    /// Where the cone starts.
    pub parents: Vec<BlockId>,
}

/// Where a block of the newest part of the Tangle stands.
#[derive(Clone, Debug)]
pub enum Inspection {
    /// No milestone has referenced it.
    Unreferenced {
        /// The block, unless it was handed to the store ([`Effect::Store`]).
        block: Option<Arc<CheckedBlock>>,
        /// How good it is as a tip; `None` while it is not solid.
        score: Option<TipScore>,
    },
    /// A milestone has referenced it, which may still be on its way to the disk.
    Referenced(MilestoneIndex),
}

/// Why a client's block is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A parent is unknown or waits for its own parents.
    #[error("parent {0} is not solid")]
    ParentNotSolid(BlockId),
    /// A parent's cone reaches too far back.
    #[error("parent {0} is below max depth")]
    ParentBelowMaxDepth(BlockId),
    /// It has a flaw: see [`CheckedBlock::flaw`].
    #[error("the block has too little proof of work, or a milestone without valid signatures")]
    Flawed,
    /// Milestones stay away, and there is no room for more blocks without them.
    #[error("too many blocks wait for a milestone; try again later")]
    Full,
    /// The ledger has stopped.
    #[error("the ledger has stopped; no block can be confirmed any more")]
    Halted,
}

/// Why the ledger stops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// A milestone breaks the rules that follow from the one before it.
    #[error("milestone {index} is invalid: {reason}")]
    InvalidMilestone {
        /// Which.
        index: MilestoneIndex,
        /// The rule it breaks.
        reason: String,
    },
    /// This node computed other roots than the milestone has.
    #[error("milestone {index} has other Merkle roots than this node computed")]
    RootMismatch {
        /// Which.
        index: MilestoneIndex,
    },
    /// Two different milestones of one index carry enough signatures (G-31).
    #[error("two different milestones {index} are validly signed: {first} and {second}")]
    TwoMilestones {
        /// Which index.
        index: MilestoneIndex,
        /// The one seen first.
        first: MilestoneId,
        /// The other.
        second: MilestoneId,
    },
    /// The coordinator lacks keys, so there will be no further milestone.
    #[error(transparent)]
    CannotSign(SignError),
    /// A protocol version is in force that this software does not speak.
    #[error("milestone {index} is of protocol version {version}, which needs newer software")]
    UnsupportedVersion {
        /// The milestone.
        index: MilestoneIndex,
        /// The version in force from it on.
        version: u8,
    },
}
