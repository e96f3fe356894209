//! Scores: how deep the roots of a block lie, and what that says of it as a tip (TIP-3).

use tangle_types::MilestoneIndex;

/// A block with more milestones than this above its youngest root is a lazy tip (TIP-3).
const YOUNGEST_ROOT_DEPTH_MAX: u32 = 8;
/// A block with more milestones than this above its oldest root is a semi-lazy tip (TIP-3).
const OLDEST_ROOT_DEPTH_MAX: u32 = 13;
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

impl ConeIndexes {
    /// The score of a block with these cone indexes when `confirmed` is the confirmed index.
    #[must_use]
    pub fn score(self, confirmed: MilestoneIndex, below_max_depth: u8) -> TipScore {
        let depth = |index: MilestoneIndex| confirmed.0.saturating_sub(index.0);
        // The order decides whether to promote or to reattach; TIP-3 tests the youngest first,
        // the deployed nodes test below max depth first.
        if depth(self.oldest) > u32::from(below_max_depth) {
            TipScore::BelowMaxDepth
        } else if depth(self.youngest) > YOUNGEST_ROOT_DEPTH_MAX {
            TipScore::Lazy
        } else if depth(self.oldest) > OLDEST_ROOT_DEPTH_MAX {
            TipScore::SemiLazy
        } else {
            TipScore::Healthy
        }
    }
}
