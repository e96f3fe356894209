//! Everything that goes into an engine and everything that comes out: its table of contents.

use std::sync::Arc;

use tangle_consensus::{MilestoneRoots, SignError};
use tangle_dag::{TipRequest, TipScore};
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
    /// Another node. Its parents may still be on their way.
    Peer,
    /// This node's own store, after a start; it is not stored again.
    Replay,
    /// The coordinator's checkpoint that [`Effect::Checkpoint`] asked for.
    Checkpoint,
}

/// What may happen to a node.
#[derive(Debug)]
pub enum Input {
    /// A block arrived.
    Block(Arc<CheckedBlock>, Source),
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
    /// The client's block was taken.
    Accepted(Ticket),
    /// The client's block was not taken.
    Refused(Ticket, Refusal),
    /// The answer to [`Input::Tips`]; empty when there are none.
    Tips(Ticket, Vec<BlockId>),
    /// The answer to [`Input::Inspect`]; `None` when the block is not among the unreferenced.
    Inspected(Ticket, Option<Inspection>),
    /// The answer to [`Input::Roots`]; `None` when the parents are not solid.
    Roots(Ticket, Option<MilestoneRoots>),
    /// Make a block without payload on these parents, with proof of work, and hand it in.
    Checkpoint(Vec<BlockId>),
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

/// Where an unreferenced block stands.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The block.
    pub block: Arc<CheckedBlock>,
    /// How good it is as a tip; `None` while it is not solid.
    pub score: Option<TipScore>,
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
