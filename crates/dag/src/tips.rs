//! Tip selection: which blocks a new block approves.

use tangle_types::BlockId;

use crate::{Moment, TipScore};

/// What a caller wants.
#[derive(Clone, Copy, Debug)]
pub struct TipRequest {
    /// Most tips to return, 1 to 8.
    pub count: usize,
    /// Whether semi-lazy tips may be used (to promote).
    pub semi_lazy: bool,
}

/// A strategy that keeps track of tips and chooses among them. Strategies are siblings; the node
/// and the simulator use the same ones.
pub trait TipSelection: Send {
    /// A block became solid. `score` is its score now.
    fn on_solid(&mut self, now: Moment, id: BlockId, parents: &[BlockId], score: TipScore);

    /// A milestone was confirmed: `score` gives each block's new score, `None` when a milestone
    /// has referenced it or it is gone.
    fn on_confirmed(&mut self, score: &dyn Fn(&BlockId) -> Option<TipScore>);

    /// Time has passed; called about once a second.
    fn on_tick(&mut self, now: Moment);

    /// Chooses tips: distinct, sorted; empty when there are none.
    fn select(&mut self, request: TipRequest) -> Vec<BlockId>;

    /// Number of tips a selection can draw from.
    fn tip_count(&self) -> usize;
}

/// Limits of the two pools of TIP-3.
#[derive(Clone, Copy, Debug)]
pub struct UniformTipsConfig {
    /// Non-lazy tips above which a referenced tip goes at once.
    pub non_lazy_count: usize,
    /// Semi-lazy tips above which a referenced tip goes at once.
    pub semi_lazy_count: usize,
    /// How long a tip stays after it was first referenced, in milliseconds.
    pub referenced_age_ms: u64,
    /// Children after which a non-lazy tip goes.
    pub non_lazy_children: u32,
    /// Children after which a semi-lazy tip goes.
    pub semi_lazy_children: u32,
}

impl Default for UniformTipsConfig {
    fn default() -> Self {
        Self {
            non_lazy_count: 100,
            semi_lazy_count: 20,
            referenced_age_ms: 3_000,
            non_lazy_children: 30,
            semi_lazy_children: 2,
        }
    }
}

/// Uniform random tip selection (URTS, TIP-3).
#[derive(Debug)]
pub struct UniformTips {
    config: UniformTipsConfig,
}

impl UniformTips {
    /// No tips yet; choices follow from `seed`.
    #[must_use]
    pub fn new(config: UniformTipsConfig, seed: u64) -> Self {
        let _ = seed;
        Self { config }
    }
}

impl TipSelection for UniformTips {
    fn on_solid(&mut self, now: Moment, id: BlockId, parents: &[BlockId], score: TipScore) {
        let _ = (now, id, parents, score, self.config);
        todo!()
    }

    fn on_confirmed(&mut self, score: &dyn Fn(&BlockId) -> Option<TipScore>) {
        let _ = score;
        todo!()
    }

    fn on_tick(&mut self, now: Moment) {
        let _ = now;
        todo!()
    }

    fn select(&mut self, request: TipRequest) -> Vec<BlockId> {
        let _ = request;
        todo!()
    }

    fn tip_count(&self) -> usize {
        todo!()
    }
}
