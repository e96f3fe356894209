//! The window: vertices that no milestone has referenced yet, addressed by small handles.
//!
//! Sets and their order: tips ⊆ solid ⊆ stored in the window. A vertex becomes solid only when each
//! of its parents is solid or a root; a root is a block that a milestone referenced, or a solid
//! entry point.

use tangle_types::{BlockId, MilestoneIndex};

use crate::ConeError;

/// Youngest and oldest root of a block's past cone: the greatest and least index of a milestone
/// that referenced a block at which the cone ends (YCRI and OCRI).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConeIndexes {
    /// YCRI.
    pub youngest: MilestoneIndex,
    /// OCRI.
    pub oldest: MilestoneIndex,
}

/// How good a block is as a tip (TIP-3, thresholds 8, 13 and below-max-depth).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TipScore {
    /// Approve it.
    Healthy,
    /// Approve it only when asked to; promoting helps.
    SemiLazy,
    /// Do not approve it; promoting helps.
    Lazy,
    /// Below max depth: it can never be confirmed; reattach.
    BelowMaxDepth,
}

/// Limits of the window.
#[derive(Clone, Copy, Debug)]
pub struct DagConfig {
    /// BMD of the protocol parameters.
    pub below_max_depth: u8,
    /// Most blocks that wait for parents; the oldest is dropped to make room.
    pub unsolid_count_max: usize,
    /// Most referenced ids kept for quick root look-ups; older ones are asked of the caller.
    pub root_count_max: usize,
}

/// What became of an inserted block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is solid, and so are now these blocks, itself first, parents before children.
    Solid(Vec<BlockId>),
    /// It waits for these blocks.
    Waiting(Vec<BlockId>),
    /// It was in the window already, or it is a root.
    Known,
}

/// The unconfirmed part of the Tangle. `T` is what the caller keeps with a block.
#[derive(Debug)]
pub struct Dag<T> {
    _value: std::marker::PhantomData<T>,
}

impl<T> Dag<T> {
    /// An empty window above `confirmed_index`, which ends at `entry_points`.
    #[must_use]
    pub fn new(
        config: DagConfig,
        confirmed_index: MilestoneIndex,
        entry_points: impl IntoIterator<Item = (BlockId, MilestoneIndex)>,
    ) -> Self {
        let _ = (config, confirmed_index, entry_points.into_iter().count());
        todo!()
    }

    /// Adds a block. `root_of` is asked for the milestone that referenced a block which the window
    /// does not know (a stored block of the past), `None` when there is no such block.
    ///
    /// # Errors
    /// `root_of` failed.
    pub fn insert<E>(
        &mut self,
        id: BlockId,
        parents: &[BlockId],
        value: T,
        root_of: impl FnMut(&BlockId) -> Result<Option<MilestoneIndex>, E>,
    ) -> Result<Inserted, E> {
        let _ = (id, parents, value, root_of);
        todo!()
    }

    /// The value kept with a block of the window, solid or not.
    #[must_use]
    pub fn value(&self, id: &BlockId) -> Option<&T> {
        let _ = id;
        todo!()
    }

    /// Whether a block of the window is solid. A root is solid too. `false` if unknown.
    #[must_use]
    pub fn is_solid(&self, id: &BlockId) -> bool {
        let _ = id;
        todo!()
    }

    /// The milestone by which a block was referenced, as far as the window remembers, or the index
    /// of a solid entry point.
    #[must_use]
    pub fn root(&self, id: &BlockId) -> Option<MilestoneIndex> {
        let _ = id;
        todo!()
    }

    /// Cone indexes of a solid block of the window or of a remembered root.
    #[must_use]
    pub fn cone_indexes(&self, id: &BlockId) -> Option<ConeIndexes> {
        let _ = id;
        todo!()
    }

    /// The tip score of a solid block of the window, at the confirmed index.
    #[must_use]
    pub fn score(&self, id: &BlockId) -> Option<TipScore> {
        let _ = id;
        todo!()
    }

    /// Unreferenced blocks in the past cones of `starts`, in white-flag order. Each is visited once.
    ///
    /// # Errors
    /// The cone is not solid.
    pub fn cone(&self, starts: &[BlockId]) -> Result<Vec<BlockId>, ConeError> {
        let _ = starts;
        todo!()
    }

    /// Makes the blocks of `cone` roots at `index`, removes them from the window and returns their
    /// values in the same order; renews the cone indexes of what is left.
    pub fn confirm(&mut self, index: MilestoneIndex, cone: &[BlockId]) -> Vec<T> {
        let _ = (index, cone);
        todo!()
    }

    /// Removes the blocks that can never be confirmed because they are below max depth, and the
    /// blocks that waited for parents in vain, and returns their ids.
    pub fn drop_hopeless(&mut self) -> Vec<BlockId> {
        todo!()
    }

    /// Blocks whose absence keeps others waiting, with how many wait, most wanted first.
    #[must_use]
    pub fn missing(&self, limit: usize) -> Vec<(BlockId, usize)> {
        let _ = limit;
        todo!()
    }

    /// Blocks in the window, solid and waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether the window is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The confirmed milestone index.
    #[must_use]
    pub fn confirmed_index(&self) -> MilestoneIndex {
        todo!()
    }

    /// Follows a change of the protocol parameter.
    pub fn set_below_max_depth(&mut self, below_max_depth: u8) {
        let _ = below_max_depth;
        todo!()
    }
}
