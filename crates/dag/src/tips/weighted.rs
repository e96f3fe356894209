//! Tips by cumulative weight, for a node.
//!
//! The pools of TIP-3 say which blocks are tips that may be approved; a window of the newest
//! blocks, referenced or not, says how heavy they are, and a strategy chooses. What a strategy
//! proposes and the pools do not hold is passed over; when it proposes nothing else, the pools are
//! drawn from. As many parents are drawn as are wanted, and equal ones are one, so there may be
//! fewer.
//!
//! Weights are brought up to date when somebody asks: until then blocks only queue up, and those
//! that would have left the window again by then never enter it. A node that takes in much and is
//! asked for few tips pays for the window once for each question, not for each block.

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
    /// Blocks that are to enter the window.
    arrivals: Arrivals,
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
    Referenced,
    /// It sank below max depth.
    Gone,
}

impl State {
    /// The state after a milestone. `score` is the block's new one, `None` when it is settled.
    fn after(self, score: impl FnOnce() -> Option<TipScore>) -> Self {
        let Self::Waiting(before) = self else {
            return self;
        };
        match score() {
            Some(after) => Self::Waiting(after),
            None if before == TipScore::BelowMaxDepth => Self::Gone,
            None => Self::Referenced,
        }
    }
}

/// The newest blocks that have not entered the window, oldest first.
#[derive(Debug, Default)]
struct Arrivals {
    blocks: VecDeque<Arrival>,
    /// The parents of all of them, in the same order.
    parents: VecDeque<BlockId>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    block: Block,
    now: u64,
    /// The score when it came.
    score: TipScore,
    parent_count: usize,
}

impl Arrivals {
    fn push(&mut self, arrival: Arrival, parents: &[BlockId]) {
        self.blocks.push_back(arrival);
        self.parents.extend(parents);
    }

    /// Takes the oldest off; its parents are the first that many of `parents`.
    fn pop(&mut self, parents: &mut [BlockId; PARENT_COUNT_MAX]) -> Option<Arrival> {
        let arrival = self.blocks.pop_front()?;
        let taken = self.parents.drain(..arrival.parent_count);
        taken
            .zip(parents)
            .for_each(|(taken, parent)| *parent = taken);
        Some(arrival)
    }
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
            arrivals: Arrivals::default(),
            blocks: VecDeque::new(),
            places: IdMap::default(),
            selector: Selector::new(config.strategy, config.start),
            chance: Chance::stream(seed, CHOICES),
            now: Moment(0),
            rate: Rate::default(),
        }
    }

    /// Lets all that came enter the window.
    fn catch_up(&mut self) {
        let mut parents = [BlockId([0; 32]); PARENT_COUNT_MAX];
        while let Some(arrival) = self.arrivals.pop(&mut parents) {
            self.enter(&arrival, &parents[..arrival.parent_count]);
        }
    }

    fn enter(&mut self, arrival: &Arrival, parents: &[BlockId]) {
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
        let place = match arrival.score {
            TipScore::Healthy => self.window.add(arrival.now, parents),
            // As in TIP-3: its approval does not use up the tips it approves.
            TipScore::SemiLazy | TipScore::Lazy | TipScore::BelowMaxDepth => {
                self.window.add_shut(arrival.now, parents)
            }
        };
        let Block { id, state } = arrival.block;
        self.blocks.push_back(arrival.block);
        self.places.insert(id, place);
        if state != State::Waiting(arrival.score) {
            show(&mut self.window, place, state);
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
        if self.arrivals.blocks.len() == self.window.capacity() {
            self.arrivals.pop(&mut [id; PARENT_COUNT_MAX]);
        }
        let arrival = Arrival {
            block: Block {
                id,
                state: State::Waiting(score),
            },
            now: now.0,
            score,
            parent_count: parents.len().min(PARENT_COUNT_MAX),
        };
        self.arrivals
            .push(arrival, &parents[..arrival.parent_count]);
    }

    fn on_confirmed(&mut self, score: &dyn Fn(&BlockId) -> Option<TipScore>) {
        self.pools.on_confirmed(score);
        for arrival in &mut self.arrivals.blocks {
            let Block { id, state } = &mut arrival.block;
            *state = state.after(|| score(id));
        }
        let Some(first) = self.window.oldest() else {
            return;
        };
        for (block, offset) in self.blocks.iter_mut().zip(0_u32..) {
            let after = block.state.after(|| score(&block.id));
            if after != block.state {
                block.state = after;
                show(&mut self.window, first.wrapping_add(offset), after);
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
        self.catch_up();
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
            window_blocks: self
                .window
                .capacity()
                .min(self.window.len() + self.arrivals.blocks.len()),
        }
    }

    fn weigh(&mut self, id: &BlockId) -> Option<Weighed> {
        self.catch_up();
        let place = *self.places.get(id)?;
        Some(Weighed {
            weight: self.window.weight(place),
            confidence: self.confidence(place),
        })
    }
}

/// Lets walks see what became of a block.
fn show(window: &mut WeightWindow, place: Place, state: State) {
    match state {
        State::Waiting(score) => window.set_open(place, score == TipScore::Healthy),
        State::Referenced => {
            window.set_open(place, true);
            window.take_off(place);
        }
        State::Gone => window.set_open(place, false),
    }
}
