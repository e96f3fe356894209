//! Neighbours: how they are named, and what they may do wrong.

use tangle_types::gossip::Heartbeat;
use tangle_types::{BlockId, MilestoneIndex};

/// Names a connection to a neighbour inside one process. Whoever owns the connections counts them
/// and never gives a number twice, so a neighbour that comes back has another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub u32);

/// How a neighbour came to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerClass {
    /// The operator named it. It is always connected anew and not dropped for being of no use.
    Known,
    /// It was found, or it found us.
    Unknown,
}

/// What a neighbour did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Offence {
    /// Bytes that are no message, or no block.
    #[error("it sent what cannot be read")]
    Unreadable,
    /// A block that breaks a syntactic rule, or of another network's protocol.
    #[error("it sent a block that breaks the rules")]
    Block,
    /// A block with too little proof of work that nobody had asked for.
    #[error("it sent a block without enough proof of work")]
    ProofOfWork,
    /// A milestone without valid signatures that nobody had asked for.
    #[error("it sent a milestone that is not validly signed")]
    Milestone,
    /// More requests than its budget allows.
    #[error("it asks for too much")]
    Requests,
    /// It asks for what is not there, repeats itself, or talks too much of how far it is.
    #[error("it wastes this node's time")]
    Waste,
    /// More blocks than its budget allows whose parents it does not give.
    #[error("it sends blocks whose parents it does not give")]
    Orphans,
    /// It says that it has milestones, and does not give them.
    #[error("it claims milestones that it does not give")]
    EmptyClaim,
}

/// Why a neighbour is sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DropReason {
    /// It went too far.
    #[error(transparent)]
    Offence(#[from] Offence),
    /// It has said nothing for too long.
    #[error("it has sent no heartbeat for {seconds} s")]
    Silent {
        /// How long.
        seconds: u64,
    },
    /// What it still needs was pruned here, so neither side can help the other.
    #[error("it is at milestone {solid}, and this node has pruned up to {pruned}")]
    TooFarBehind {
        /// How far it is.
        solid: MilestoneIndex,
        /// How far this node has pruned.
        pruned: MilestoneIndex,
    },
    /// There is no room.
    #[error("there are {0} neighbours already")]
    Full(usize),
}

/// What a neighbour asks for; answered from the store, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// A block.
    Block(BlockId),
    /// The block of a milestone.
    Milestone(MilestoneIndex),
}

/// What is known of a neighbour; for people to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// Which.
    pub key: PeerKey,
    /// How it came.
    pub class: PeerClass,
    /// How far it says it is; `None` before it has said so.
    pub heartbeat: Option<Heartbeat>,
    /// Whether it is not behind.
    pub is_synced: bool,
    /// Requests to it that are not answered yet.
    pub asked_count: usize,
    /// How bad it was of late; at [`crate::PENALTY_MAX`] it is banned.
    pub penalty: u32,
}
