//! Who puts a load on the node, as the page sees it.
//!
//! The page does not know what sends the blocks: that is a client of the node, which whoever starts
//! the node hands in. It carries out one order at a time, each with an end.

use std::ops::RangeInclusive;

/// Puts a load on a node when a page asks for it. All calls return at once.
pub trait LoadGenerator: Send + Sync {
    /// What can be asked for.
    fn bounds(&self) -> LoadBounds;

    /// What the form proposes to who has asked for nothing yet.
    fn usual(&self) -> LoadOrder;

    /// Begins a run with an order within the bounds.
    ///
    /// # Errors
    /// See [`LoadRefused`].
    fn start(&self, order: LoadOrder) -> Result<(), LoadRefused>;

    /// Ends the run, if one goes on: nothing more is sent, and what was sent may still be decided.
    fn stop(&self);

    /// How the run goes, or how the last one went.
    fn run(&self) -> Option<LoadRun>;
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBounds {
    /// Blocks a second.
    pub rates: RangeInclusive<f64>,
    /// Largest weight.
    pub weight_max: u32,
    /// Largest data of a block.
    pub size_bytes_max: u16,
    /// Largest tag.
    pub tag_bytes_max: usize,
    /// How long a run may be.
    pub seconds: RangeInclusive<u32>,
    /// Whether transfers can be sent, for which there must be coins.
    pub has_coins: bool,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOrder {
    /// Blocks a second.
    pub rate: f64,
    /// Weight of blocks with data.
    pub data: u32,
    /// Weight of transfers.
    pub value: u32,
    /// Weight of pairs of transfers that conflict.
    pub conflicts: u32,
    /// Bytes of data in a block with data.
    pub size_bytes: u16,
    /// Marks the blocks.
    pub tag: String,
    /// How long.
    pub seconds: u32,
}

/// Why a run does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadRefused {
    /// One run at a time.
    #[error("a run goes on: stop it, or wait for its end")]
    Running,
    /// The program ends.
    #[error("the node is about to stop")]
    Stopping,
}

/// How a run goes.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRun {
    /// What was asked for.
    pub order: LoadOrder,
    /// What the tags of all its blocks begin with.
    pub tag_start: Vec<u8>,
    /// How far it is.
    pub phase: LoadPhase,
    /// Seconds of sending.
    pub seconds: f64,
    /// Blocks a second that the node took.
    pub rate: f64,
    /// Blocks with data that the node took.
    pub data: u64,
    /// Blocks with a transfer.
    pub value: u64,
    /// Blocks of conflicting pairs.
    pub conflicts: u64,
    /// Times that the node took a block not.
    pub refused: u64,
    /// What became of the blocks, and why some were refused: names and texts. There are few.
    pub fates: Vec<(&'static str, String)>,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadPhase {
    /// Coins are made ready.
    Preparing,
    /// Blocks are sent.
    Sending,
    /// Nothing is sent any more; milestones decide on the last blocks.
    Settling,
    /// All is said.
    Ended,
    /// It was stopped before the first block.
    Stopped,
    /// It could not begin, for this reason.
    Failed(String),
}

impl LoadPhase {
    /// Whether no other run can begin.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Preparing | Self::Sending | Self::Settling)
    }
}
