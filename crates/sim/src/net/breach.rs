//! What must never happen.

use tangle_types::{BlockId, MilestoneId, MilestoneIndex, OutputId};

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// A milestone was applied that does not follow the last one.
    #[error("milestone {index} was applied on top of milestone {last}")]
    OutOfTurn {
        /// The milestone.
        index: MilestoneIndex,
        /// The one before.
        last: MilestoneIndex,
    },
    /// A block was confirmed that the node does not have.
    #[error("milestone {index} confirmed block {block}, which is not stored")]
    NotStored {
        /// The milestone.
        index: MilestoneIndex,
        /// The block.
        block: BlockId,
    },
    /// A block was confirmed before one of its parents.
    #[error("block {block} was confirmed before its parent {parent}")]
    ParentLater {
        /// The block.
        block: BlockId,
        /// The parent.
        parent: BlockId,
    },
    /// A block was confirmed twice.
    #[error("milestone {index} confirmed block {block} a second time")]
    ReferencedTwice {
        /// The milestone.
        index: MilestoneIndex,
        /// The block.
        block: BlockId,
    },
    /// An output was consumed that was not there.
    #[error("output {output} was spent, though it is not unspent")]
    SpentTwice {
        /// The output.
        output: OutputId,
    },
    /// The coins do not add up.
    #[error("the ledger holds {found} coins after milestone {index}, there are {supply}")]
    Supply {
        /// The milestone.
        index: MilestoneIndex,
        /// Coins found.
        found: u64,
        /// All coins.
        supply: u64,
    },
    /// A node has another ledger than those before it.
    #[error("node {node} has another ledger at milestone {index} than others have")]
    OtherLedger {
        /// The node.
        node: usize,
        /// The milestone.
        index: MilestoneIndex,
    },
    /// A node's milestone does something else than the definitions say.
    #[error("node {node} confirmed milestone {index} otherwise than white flag says: {what}")]
    NotWhiteFlag {
        /// The node.
        node: usize,
        /// The milestone.
        index: MilestoneIndex,
        /// What differs.
        what: String,
    },
    /// Two milestones for one index were shown.
    #[error("a second milestone {index} was shown: {second} after {first}")]
    SecondMilestone {
        /// The index.
        index: MilestoneIndex,
        /// The first.
        first: MilestoneId,
        /// The second.
        second: MilestoneId,
    },
    /// A milestone was shown before it was durable.
    #[error("milestone {index} was shown before its reservation was durable")]
    ShownEarly {
        /// The index.
        index: MilestoneIndex,
    },
    /// A milestone that was durable is gone after a crash.
    #[error("node {node} was at milestone {before} for good, and is at {after} after a crash")]
    Forgotten {
        /// The node.
        node: usize,
        /// Before the crash.
        before: MilestoneIndex,
        /// After it.
        after: MilestoneIndex,
    },
    /// A node's ledger stopped without a reason.
    #[error("node {node} halted: {reason}")]
    Halted {
        /// The node.
        node: usize,
        /// What it says.
        reason: String,
    },
    /// An honest node punishes an honest one.
    #[error("node {node} sent the honest node {peer} away: {reason}")]
    HonestBanned {
        /// Who.
        node: usize,
        /// Whom.
        peer: usize,
        /// Why.
        reason: String,
    },
    /// Something in memory grew above its limit.
    #[error("node {node} has {found} {what}, {limit} are allowed")]
    Memory {
        /// The node.
        node: usize,
        /// What there is too much of.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A node did not catch up after all was well again.
    #[error(
        "{seconds} s after healing, node {node} is at milestone {found}, the coordinator at \
         {newest}: {status}"
    )]
    Stuck {
        /// The node.
        node: usize,
        /// Its milestone.
        found: MilestoneIndex,
        /// The coordinator's.
        newest: MilestoneIndex,
        /// Time since healing.
        seconds: u64,
        /// What the node says of itself.
        status: String,
    },
    /// An honest block was not confirmed after all was well again.
    #[error("{seconds} s after healing, block {block} is not confirmed on node {node}: {status}")]
    LeftBehind {
        /// The node.
        node: usize,
        /// The block.
        block: BlockId,
        /// Time since healing.
        seconds: u64,
        /// Where it stands there, and its parents.
        status: String,
    },
    /// A node takes no honest block, though all is well again.
    #[error("{seconds} s after healing, node {node} still takes no block of a client")]
    Shut {
        /// The node.
        node: usize,
        /// Time since healing.
        seconds: u64,
    },
    /// More happened than a run of this length can hold.
    #[error("more than {limit} events: the nodes keep each other busy")]
    Endless {
        /// The limit.
        limit: u64,
    },
}
