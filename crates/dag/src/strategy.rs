//! Strategies that choose a parent in a [`View`]: the same code for the node and the simulator.
//!
//! A [`Selector`] gives one parent at a time; how many are wanted, and what becomes of one that
//! was given twice, is the caller's affair.

use crate::chance::Chance;
use crate::view::{Place, View};
use crate::walk::{Bias, Particles, Walker};

#[cfg(test)]
mod tests;

/// Tips that may be found too old before the youngest of them is taken.
const AGE_TRIES_MAX: usize = 64;

/// The stream of a seed from which parents are chosen, in the node and in the simulator.
pub const CHOICES: u64 = 3;

/// How a parent is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strategy {
    /// Any tip (URTS).
    Uniform,
    /// Any tip that is not older than this, in units of time (RURTS).
    Recent {
        /// Greatest age.
        age_max: u64,
    },
    /// The end of a biased walk (MCMC).
    Walk {
        /// Preference for weight.
        bias: Bias,
    },
    /// The first parent by a walk with a high bias, so that branches that lose are left; the others
    /// any tips, so that no honest block is (Ferraro, King, Shorten).
    Hybrid {
        /// Preference for weight of the walk.
        bias: Bias,
    },
    /// One bias for all parents of a block, drawn anew for each block: none, low or high (E-IOTA).
    Mixed {
        /// Share of blocks without a bias.
        share_none: f64,
        /// Share of blocks with the low bias.
        share_low: f64,
        /// The low bias.
        low: Bias,
        /// The high bias.
        high: Bias,
    },
    /// The end of the heaviest branch.
    Heaviest,
}

impl Strategy {
    /// The name by which people choose it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "urts",
            Self::Recent { .. } => "rurts",
            Self::Walk { .. } => "walk",
            Self::Hybrid { .. } => "hybrid",
            Self::Mixed { .. } => "e-iota",
            Self::Heaviest => "heaviest",
        }
    }

    /// Whether it takes walks.
    #[must_use]
    pub const fn takes_walks(self) -> bool {
        !matches!(self, Self::Uniform | Self::Recent { .. })
    }
}

/// Where walks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkStart {
    /// How old the block at which a walk starts is at least, in units of time.
    pub depth: u64,
    /// Particles that wait there.
    pub particle_count: usize,
}

/// Chooses parents.
#[derive(Clone, Debug)]
pub struct Selector {
    strategy: Strategy,
    /// Of the parents of the block in hand, with [`Strategy::Mixed`].
    bias: Bias,
    particles: Particles,
    walker: Walker,
    step_count: u64,
    walk_count: u64,
}

impl Selector {
    /// A selector whose walks start as `start` says.
    #[must_use]
    pub fn new(strategy: Strategy, start: WalkStart) -> Self {
        Self {
            strategy,
            bias: Bias::NONE,
            particles: Particles::new(start.depth, start.particle_count),
            walker: Walker::default(),
            step_count: 0,
            walk_count: 0,
        }
    }

    /// The parent number `position` of a new block, at time `now`. `None` when there is nothing
    /// that may be approved.
    #[inline]
    pub fn choose(
        &mut self,
        view: &impl View,
        now: u64,
        position: usize,
        chance: &mut Chance,
    ) -> Option<Place> {
        match self.strategy {
            Strategy::Uniform => uniform(view, chance),
            Strategy::Recent { age_max } => recent(view, now, age_max, chance),
            Strategy::Walk { bias } => self.walk(view, now, bias, chance),
            Strategy::Hybrid { bias } if position == 0 => self.walk(view, now, bias, chance),
            Strategy::Hybrid { .. } => uniform(view, chance),
            Strategy::Mixed {
                share_none,
                share_low,
                low,
                high,
            } => {
                if position == 0 {
                    let draw = chance.unit();
                    self.bias = if draw < share_none {
                        Bias::NONE
                    } else if draw < share_none + share_low {
                        low
                    } else {
                        high
                    };
                }
                self.walk(view, now, self.bias, chance)
            }
            Strategy::Heaviest => self.walk(view, now, Bias::HEAVIEST, chance),
        }
    }

    fn walk(
        &mut self,
        view: &impl View,
        now: u64,
        bias: Bias,
        chance: &mut Chance,
    ) -> Option<Place> {
        let start = self
            .particles
            .start(view, &mut self.walker, bias, now, chance)?;
        let walk = self.walker.walk(view, start, bias, chance);
        self.step_count += u64::from(walk.step_count);
        self.walk_count += 1;
        view.is_open(walk.end).then_some(walk.end)
    }

    /// Whether the strategy takes walks.
    #[must_use]
    pub const fn takes_walks(&self) -> bool {
        self.strategy.takes_walks()
    }

    /// Walks taken so far, and their steps.
    #[must_use]
    pub const fn walks(&self) -> (u64, u64) {
        (self.walk_count, self.step_count)
    }
}

fn uniform(view: &impl View, chance: &mut Chance) -> Option<Place> {
    match view.tip_count() {
        0 => view.oldest(),
        count => Some(view.tip(chance.below(count))),
    }
}

fn recent(view: &impl View, now: u64, age_max: u64, chance: &mut Chance) -> Option<Place> {
    let count = view.tip_count();
    if count == 0 {
        return view.oldest();
    }
    let mut youngest = view.tip(chance.below(count));
    for _ in 0..AGE_TRIES_MAX {
        if now.saturating_sub(view.time(youngest)) <= age_max {
            break;
        }
        let other = view.tip(chance.below(count));
        if view.time(other) >= view.time(youngest) {
            youngest = other;
        }
    }
    Some(youngest)
}
