//! Tip selection: which blocks a new block approves.

use tangle_types::BlockId;

use crate::{Moment, TipScore, chance::Chance, ids::IdMap, pool::draw_distinct};

#[cfg(test)]
mod tests;
mod weighted;

pub use weighted::{WeightedTips, WeightedTipsConfig};

/// Semi-lazy tips are only used when there are more than this, and when as many were found.
const SEMI_LAZY_COUNT_MIN: usize = 2;

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

    /// What chooses, and whether its settings fit what it sees.
    fn report(&self) -> TipReport;

    /// How heavy a block is; `None` when this strategy does not know.
    fn weigh(&mut self, id: &BlockId) -> Option<Weighed>;
}

/// What chooses tips, and whether its settings fit what it sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TipReport {
    /// The strategy's name.
    pub strategy: &'static str,
    /// How old the blocks are at which walks start; `None` if there are no walks.
    pub depth_ms: Option<u64>,
    /// How old they should be at the present rate, so that no honest block is left behind; `None`
    /// before the rate is known.
    pub depth_needed_ms: Option<u64>,
    /// Blocks whose weights are known.
    pub window_blocks: usize,
}

impl TipReport {
    /// Whether walks start too late for the present rate.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        let depths = self.depth_ms.zip(self.depth_needed_ms);
        depths.is_some_and(|(depth, needed)| depth < needed)
    }
}

/// How heavy a block is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    /// Cumulative weight, itself included.
    pub weight: u64,
    /// Share of parents that the strategy would choose now and that approve it, directly or
    /// indirectly.
    pub confidence: f64,
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
///
/// A tip that was approved stays for a while, so that a slow or lone issuer cannot empty the pool,
/// and so that many blocks may approve it at once. Each tip is in one pool; lazy blocks are in
/// none.
#[derive(Debug)]
pub struct UniformTips {
    referenced_age_ms: u64,
    non_lazy: Pool,
    semi_lazy: Pool,
    chance: Chance,
}

/// Tips of one kind, in no particular but a reproducible order.
#[derive(Debug)]
struct Pool {
    count: usize,
    children: u32,
    tips: Vec<Tip>,
    positions: IdMap<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Tip {
    id: BlockId,
    children: u32,
    first_child: Option<Moment>,
}

impl Pool {
    fn new(count: usize, children: u32) -> Self {
        Self {
            count,
            children,
            tips: Vec::new(),
            positions: IdMap::default(),
        }
    }

    fn add(&mut self, tip: Tip) {
        if !self.positions.contains_key(&tip.id) {
            self.positions.insert(tip.id, self.tips.len());
            self.tips.push(tip);
        }
    }

    fn remove_at(&mut self, position: usize) -> Tip {
        let tip = self.tips.swap_remove(position);
        self.positions.remove(&tip.id);
        if let Some(moved) = self.tips.get(position) {
            self.positions.insert(moved.id, position);
        }
        tip
    }

    /// A block approves `id`: a tip that has enough children, or that is one of many, goes.
    fn on_child(&mut self, now: Moment, id: &BlockId) {
        let Some(&position) = self.positions.get(id) else {
            return;
        };
        let tip = &mut self.tips[position];
        tip.children += 1;
        tip.first_child.get_or_insert(now);
        if tip.children >= self.children || self.tips.len() > self.count {
            self.remove_at(position);
        }
    }

    /// Takes out the tips for which `goes` holds.
    fn take_out(&mut self, mut goes: impl FnMut(&Tip) -> bool) -> Vec<Tip> {
        let mut gone = Vec::new();
        let mut position = 0;
        while let Some(tip) = self.tips.get(position) {
            if goes(tip) {
                gone.push(self.remove_at(position));
            } else {
                position += 1;
            }
        }
        gone
    }

    /// Up to `count` distinct tips, each equally likely.
    fn select(&self, count: usize, chance: &mut Chance) -> Vec<BlockId> {
        let positions = draw_distinct(self.tips.len(), count, chance);
        let ids = positions.iter().map(|position| self.tips[*position].id);
        let mut chosen: Vec<BlockId> = ids.collect();
        chosen.sort_unstable();
        chosen
    }
}

impl UniformTips {
    /// No tips yet; choices follow from `seed`.
    #[must_use]
    pub fn new(config: UniformTipsConfig, seed: u64) -> Self {
        Self {
            referenced_age_ms: config.referenced_age_ms,
            non_lazy: Pool::new(config.non_lazy_count, config.non_lazy_children),
            semi_lazy: Pool::new(config.semi_lazy_count, config.semi_lazy_children),
            chance: Chance::new(seed),
        }
    }

    /// Whether a block is a tip that anybody may approve.
    fn is_tip(&self, id: &BlockId) -> bool {
        self.non_lazy.positions.contains_key(id)
    }
}

impl TipSelection for UniformTips {
    fn on_solid(&mut self, now: Moment, id: BlockId, parents: &[BlockId], score: TipScore) {
        let pool = match score {
            TipScore::Healthy => &mut self.non_lazy,
            TipScore::SemiLazy => &mut self.semi_lazy,
            // A lazy block is no tip, and its approval does not use up the tips it approves.
            TipScore::Lazy | TipScore::BelowMaxDepth => return,
        };
        pool.add(Tip {
            id,
            children: 0,
            first_child: None,
        });
        for parent in parents {
            self.non_lazy.on_child(now, parent);
            self.semi_lazy.on_child(now, parent);
        }
    }

    fn on_confirmed(&mut self, score: &dyn Fn(&BlockId) -> Option<TipScore>) {
        let is = |tip: &Tip, wanted| score(&tip.id) == Some(wanted);
        let from_non_lazy = self.non_lazy.take_out(|tip| !is(tip, TipScore::Healthy));
        let from_semi_lazy = self.semi_lazy.take_out(|tip| !is(tip, TipScore::SemiLazy));
        for tip in from_non_lazy {
            if is(&tip, TipScore::SemiLazy) {
                self.semi_lazy.add(tip);
            }
        }
        for tip in from_semi_lazy {
            if is(&tip, TipScore::Healthy) {
                self.non_lazy.add(tip);
            }
        }
    }

    fn on_tick(&mut self, now: Moment) {
        let age_max = self.referenced_age_ms;
        for pool in [&mut self.non_lazy, &mut self.semi_lazy] {
            pool.take_out(|tip| {
                tip.first_child
                    .is_some_and(|first| now.0.saturating_sub(first.0) > age_max)
            });
        }
    }

    fn select(&mut self, request: TipRequest) -> Vec<BlockId> {
        if request.semi_lazy && self.semi_lazy.tips.len() > SEMI_LAZY_COUNT_MIN {
            let chosen = self.semi_lazy.select(request.count, &mut self.chance);
            if chosen.len() >= SEMI_LAZY_COUNT_MIN.min(request.count) {
                return chosen;
            }
        }
        self.non_lazy.select(request.count, &mut self.chance)
    }

    fn tip_count(&self) -> usize {
        self.non_lazy.tips.len()
    }

    fn report(&self) -> TipReport {
        TipReport {
            strategy: "urts",
            depth_ms: None,
            depth_needed_ms: None,
            window_blocks: 0,
        }
    }

    fn weigh(&mut self, _: &BlockId) -> Option<Weighed> {
        None
    }
}
