//! Tips by cumulative weight, for a node.
//!
//! The pools of TIP-3 say which blocks are tips that may be approved; a window of the newest
//! blocks, referenced or not, says how heavy they are, and a strategy chooses. What a strategy
//! proposes and the pools do not hold is passed over; when it proposes nothing else, the pools are
//! drawn from. As many parents are drawn as are wanted, and equal ones are one, so there may be
//! fewer.

use std::collections::VecDeque;

use tangle_types::BlockId;

use super::{TipReport, TipRequest, TipSelection, UniformTips, UniformTipsConfig, Weighed};
use crate::chance::Chance;
use crate::ids::IdMap;
use crate::strategy::{CHOICES, Selector, Strategy, WalkStart};
use crate::view::{Place, View};
use crate::walk::walk_depth;
use crate::weights::{WeightWindow, WeightWindowConfig};
use crate::{Moment, TipScore};

#[cfg(test)]
mod tests;

/// Proposals of blocks that are no tips, after which the pools are drawn from.
const TRIES_MAX: usize = 16;
/// Parents of a block.
const PARENT_COUNT_MAX: usize = 8;
/// Walks by which the confidence in a block is measured.
const CONFIDENCE_WALKS: u32 = 100;
/// Steps into the past of the ends of walks, all together, when the confidence is measured.
const CONFIDENCE_STEPS_MAX: u32 = 20_000;
/// Milliseconds over which the rate of blocks is measured.
const RATE_MS: u64 = 60_000;

/// Limits of a [`WeightedTips`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedTipsConfig {
    /// How a parent is chosen; times are in milliseconds.
    pub strategy: Strategy,
    /// Where walks start, in milliseconds.
    pub start: WalkStart,
    /// Newest blocks whose weights are known.
    pub block_count: usize,
}

/// Chooses tips by a strategy that knows weights.
#[derive(Debug)]
pub struct WeightedTips {
    pools: UniformTips,
    name: &'static str,
    start: WalkStart,
    /// Greatest age of a tip, if the strategy has one.
    age_max: Option<u64>,
    window: WeightWindow,
    /// Ids and states of the blocks in the window, oldest first.
    blocks: VecDeque<Block>,
    places: IdMap<Place>,
    selector: Selector,
    chance: Chance,
    now: Moment,
    /// Blocks of the last minutes, by the minute.
    rate: Rate,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    id: BlockId,
    state: State,
}

/// What the milestones said of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not referenced, with this score.
    Waiting(TipScore),
    /// Referenced, or gone.
    Settled,
}

/// Counts blocks in two spans of time, the one that runs and the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    since: u64,
    count: u64,
    before: Option<f64>,
}

impl Rate {
    fn on_block(&mut self, now: u64) {
        self.move_on(now);
        self.count += 1;
    }

    fn move_on(&mut self, now: u64) {
        let elapsed = now.saturating_sub(self.since);
        if elapsed >= RATE_MS {
            self.before = (self.since > 0).then(|| self.count as f64 / elapsed as f64);
            self.since = now;
            self.count = 0;
        }
    }
}

impl WeightedTips {
    /// No tips yet; choices follow from `seed`.
    ///
    /// # Panics
    /// The window is of no or of more than 2^24 blocks.
    #[must_use]
    pub fn new(pools: UniformTipsConfig, config: WeightedTipsConfig, seed: u64) -> Self {
        let window = WeightWindow::new(WeightWindowConfig {
            block_count: config.block_count,
            parent_count_max: PARENT_COUNT_MAX,
            // What the pools of TIP-3 still give away will be approved.
            linger: pools.referenced_age_ms * 2,
            cone_count_max: config.block_count / 4,
        });
        Self {
            pools: UniformTips::new(pools, seed),
            name: config.strategy.name(),
            start: config.start,
            age_max: match config.strategy {
                Strategy::Recent { age_max } => Some(age_max),
                _ => None,
            },
            window,
            blocks: VecDeque::new(),
            places: IdMap::default(),
            selector: Selector::new(config.strategy, config.start),
            chance: Chance::stream(seed, CHOICES),
            now: Moment(0),
            rate: Rate::default(),
        }
    }

    fn block(&self, place: Place) -> Option<&Block> {
        let first = self.window.oldest()?;
        self.blocks.get(place.wrapping_sub(first) as usize)
    }

    /// A tip that the strategy wants and the pools hold.
    fn propose(&mut self, position: usize) -> Option<BlockId> {
        let now = self.now.0;
        if let Some(age_max) = self.age_max {
            self.window.expire(now, age_max);
        }
        let place = self
            .selector
            .choose(&self.window, now, position, &mut self.chance)?;
        let id = self.block(place)?.id;
        self.pools.is_tip(&id).then_some(id)
    }

    /// The share of walks whose end approves a block, directly or indirectly.
    fn confidence(&mut self, place: Place) -> f64 {
        let mut left = CONFIDENCE_STEPS_MAX;
        let mut hits = 0;
        for turn in 0..CONFIDENCE_WALKS {
            let position = turn as usize % 2;
            let now = self.now.0;
            let end = self
                .selector
                .choose(&self.window, now, position, &mut self.chance);
            hits += u32::from(end.is_some_and(|end| self.window.approves(end, place, &mut left)));
        }
        f64::from(hits) / f64::from(CONFIDENCE_WALKS)
    }
}

impl TipSelection for WeightedTips {
    fn on_solid(&mut self, now: Moment, id: BlockId, parents: &[BlockId], score: TipScore) {
        self.now = now;
        self.rate.on_block(now.0);
        self.pools.on_solid(now, id, parents, score);
        let leaving = self.window.leaving().1;
        for block in self.blocks.drain(..leaving as usize) {
            self.places.remove(&block.id);
        }
        let mut places = [0; PARENT_COUNT_MAX];
        let mut count = 0;
        let known = parents.iter().filter_map(|parent| self.places.get(parent));
        for (known, place) in known.zip(&mut places) {
            *place = *known;
            count += 1;
        }
        let parents = &places[..count];
        let place = match score {
            TipScore::Healthy => self.window.add(now.0, parents),
            // As in TIP-3: its approval does not use up the tips it approves.
            TipScore::SemiLazy | TipScore::Lazy | TipScore::BelowMaxDepth => {
                self.window.add_shut(now.0, parents)
            }
        };
        self.blocks.push_back(Block {
            id,
            state: State::Waiting(score),
        });
        self.places.insert(id, place);
    }

    fn on_confirmed(&mut self, score: &dyn Fn(&BlockId) -> Option<TipScore>) {
        self.pools.on_confirmed(score);
        let Some(first) = self.window.oldest() else {
            return;
        };
        for (block, offset) in self.blocks.iter_mut().zip(0_u32..) {
            let State::Waiting(before) = block.state else {
                continue;
            };
            let place = first.wrapping_add(offset);
            match score(&block.id) {
                Some(after) => {
                    block.state = State::Waiting(after);
                    if after != before {
                        self.window.set_open(place, after == TipScore::Healthy);
                    }
                }
                None => {
                    block.state = State::Settled;
                    // What sank below max depth is gone; all else was referenced.
                    self.window
                        .set_open(place, before != TipScore::BelowMaxDepth);
                    self.window.take_off(place);
                }
            }
        }
    }

    fn on_tick(&mut self, now: Moment) {
        self.now = now;
        self.rate.move_on(now.0);
        self.pools.on_tick(now);
    }

    fn select(&mut self, request: TipRequest) -> Vec<BlockId> {
        if request.semi_lazy {
            return self.pools.select(request);
        }
        let mut chosen = Vec::with_capacity(request.count.min(PARENT_COUNT_MAX));
        let (mut position, mut tries) = (0, TRIES_MAX);
        while position < request.count && tries > 0 {
            match self.propose(position) {
                Some(id) => {
                    position += 1;
                    if !chosen.contains(&id) {
                        chosen.push(id);
                    }
                }
                None => tries -= 1,
            }
        }
        if chosen.is_empty() {
            return self.pools.select(request);
        }
        chosen.sort_unstable();
        chosen
    }

    fn tip_count(&self) -> usize {
        self.pools.tip_count()
    }

    fn report(&self) -> TipReport {
        // By the identity of Little: tips are the rate times the time to the first approval, which
        // is twice the time until all see a block. So half of the tips are on their way.
        let in_flight = self.pools.tip_count() as f64 / 2.0;
        let depth_needed_ms = self.rate.before.filter(|rate| *rate > 0.0).map(|rate| {
            let delay_ms = in_flight / rate;
            (walk_depth(in_flight) * delay_ms) as u64
        });
        TipReport {
            strategy: self.name,
            depth_ms: self.selector.takes_walks().then_some(self.start.depth),
            depth_needed_ms,
            window_blocks: self.window.len(),
        }
    }

    fn weigh(&mut self, id: &BlockId) -> Option<Weighed> {
        let place = *self.places.get(id)?;
        Some(Weighed {
            weight: self.window.weight(place),
            confidence: self.confidence(place),
        })
    }
}
