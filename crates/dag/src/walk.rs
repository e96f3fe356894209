//! Random walks from old blocks towards the tips, biased to cumulative weight (whitepaper,
//! section 4).
//!
//! A walk at x goes on to one of its approvers y with a probability proportional to
//! exp(alpha H(y)), H being the cumulative weight, until it stands on a block without approvers.
//!
//! A walk from the genesis to a tip is as long as the Tangle is old. [`Particles`] are walks that
//! have come from there up to some age and wait; a new walk goes on from one of them, which is the
//! same as if it had come all the way.

use crate::chance::Chance;
use crate::real::{exp, ln};
use crate::view::{Place, View};

/// Time by which the weight of a block lags behind a straight line when `in_flight` blocks arrive
/// until all see a block: H(t) -> lambda (t - tau), for uniform selection of two parents; in units
/// of that time. Fitted to measurements for 10 to 3,000.
#[must_use]
pub fn adaptation(in_flight: f64) -> f64 {
    1.61 + 3.026 * ln(in_flight.max(1.0))
}

/// Least age of the block at which a walk may start so that hardly an honest block is left behind:
/// of ten thousand two or three when 10 are in flight, fewer when more are; in the same units.
#[must_use]
pub fn walk_depth(in_flight: f64) -> f64 {
    adaptation(in_flight) + 12.0
}

/// How much a walk prefers the heavier of two approvers: alpha. 0 prefers none, infinity always
/// takes a heaviest one.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bias(f64);

impl Bias {
    /// No preference.
    pub const NONE: Self = Self(0.0);
    /// Always a heaviest one; among equals, any.
    pub const HEAVIEST: Self = Self(f64::INFINITY);

    /// `alpha`, if it is a number from 0 up.
    #[must_use]
    pub fn new(alpha: f64) -> Option<Self> {
        (alpha >= 0.0).then_some(Self(alpha))
    }

    /// Of an approver that is `behind` lighter than the heaviest one.
    fn factor(self, behind: u64) -> f64 {
        if behind == 0 {
            1.0
        } else {
            exp(-self.0 * behind as f64)
        }
    }
}

/// Differences of weights whose factors are kept for a bias.
const FACTORS_MAX: usize = 16_384;
/// Biases whose factors are kept; a mixed strategy has three.
const TABLES_MAX: usize = 4;
/// A factor that was not computed yet.
const UNKNOWN: f64 = -1.0;

/// The factors of a bias, each computed when it is first needed: walks meet the same small
/// differences again and again.
#[derive(Clone, Debug)]
struct Factors {
    bias: Bias,
    known: Vec<f64>,
}

impl Factors {
    const fn new(bias: Bias) -> Self {
        Self {
            bias,
            known: Vec::new(),
        }
    }

    /// As [`Bias::factor`].
    #[inline]
    fn of(&mut self, behind: u64) -> f64 {
        match self.known.get(behind as usize) {
            Some(factor) if *factor >= 0.0 => *factor,
            _ => self.compute(behind),
        }
    }

    #[cold]
    fn compute(&mut self, behind: u64) -> f64 {
        let factor = self.bias.factor(behind);
        if behind < FACTORS_MAX as u64 {
            let behind = behind as usize;
            if behind >= self.known.len() {
                let room = (behind + 1).next_power_of_two();
                self.known.resize(room, UNKNOWN);
            }
            self.known[behind] = factor;
        }
        factor
    }
}

/// Walks; keeps the space that a step needs.
#[derive(Clone, Debug, Default)]
pub struct Walker {
    candidates: Vec<(Place, u64)>,
    factors: Vec<f64>,
    tables: Vec<Factors>,
}

impl Walker {
    /// The block that a walk enters from `at`; `None` when there is none that it may enter.
    #[inline]
    pub fn step(
        &mut self,
        view: &impl View,
        at: Place,
        bias: Bias,
        chance: &mut Chance,
    ) -> Option<Place> {
        self.candidates.clear();
        if bias == Bias::NONE {
            let open = view.approvers(at).filter(|place| view.is_open(*place));
            self.candidates.extend(open.map(|place| (place, 0)));
            return match self.candidates.len() {
                0 => None,
                count => Some(self.candidates[chance.below(count)].0),
            };
        }
        let mut open = view.approvers(at).filter(|place| view.is_open(*place));
        let first = open.next()?;
        let Some(second) = open.next() else {
            // Where there is one way only, weights do not matter.
            return Some(first);
        };
        let mut heaviest = 0;
        for place in [first, second].into_iter().chain(open) {
            let weight = view.weight(place);
            heaviest = heaviest.max(weight);
            self.candidates.push((place, weight));
        }
        let total = self.compare(heaviest, bias);
        let mut left = chance.unit() * total;
        for ((place, _), factor) in self.candidates.iter().zip(&self.factors) {
            left -= factor;
            if left < 0.0 {
                return Some(*place);
            }
        }
        // Only rounding leads here; the last one that can be entered at all is meant.
        let mut pairs = self.candidates.iter().zip(&self.factors).rev();
        let last = pairs.find(|(_, factor)| **factor > 0.0);
        last.map(|((place, _), _)| *place)
    }

    /// All steps from `at` with their probabilities, an approver once for each time it approves.
    pub(crate) fn steps(&mut self, view: &impl View, at: Place, bias: Bias) -> Vec<(Place, f64)> {
        self.candidates.clear();
        let open = view.approvers(at).filter(|place| view.is_open(*place));
        let weighed = open.map(|place| (place, view.weight(place)));
        self.candidates.extend(weighed);
        let weights = self.candidates.iter().map(|(_, weight)| *weight);
        let total = self.compare(weights.max().unwrap_or(0), bias);
        let pairs = self.candidates.iter().zip(&self.factors);
        pairs
            .map(|((place, _), factor)| (*place, factor / total))
            .collect()
    }

    /// Finds the factors of the candidates and returns their sum.
    #[inline]
    fn compare(&mut self, heaviest: u64, bias: Bias) -> f64 {
        let position = self.table(bias);
        let table = &mut self.tables[position];
        self.factors.clear();
        let mut total = 0.0;
        for (_, weight) in &self.candidates {
            let factor = table.of(heaviest - weight);
            total += factor;
            self.factors.push(factor);
        }
        total
    }

    /// The position of the factors of a bias; the oldest make room.
    #[inline]
    fn table(&mut self, bias: Bias) -> usize {
        let found = self.tables.iter().position(|table| table.bias == bias);
        found.unwrap_or_else(|| {
            if self.tables.len() == TABLES_MAX {
                self.tables.remove(0);
            }
            self.tables.push(Factors::new(bias));
            self.tables.len() - 1
        })
    }

    /// Where a walk from `start` ends.
    #[inline]
    pub fn walk(
        &mut self,
        view: &impl View,
        start: Place,
        bias: Bias,
        chance: &mut Chance,
    ) -> Walk {
        let mut walk = Walk {
            end: start,
            step_count: 0,
        };
        while let Some(next) = self.step(view, walk.end, bias, chance) {
            walk.end = next;
            walk.step_count += 1;
        }
        walk
    }
}

/// A walk that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Where it ended.
    pub end: Place,
    /// How many steps it took.
    pub step_count: u32,
}

/// Walks on their way, each at a block of some age, from which others go on.
#[derive(Clone, Debug)]
pub struct Particles {
    depth: u64,
    count: usize,
    particles: Vec<Particle>,
}

#[derive(Clone, Copy, Debug)]
struct Particle {
    at: Place,
    /// The step it will take once that block is old enough. It is drawn but once: a draw that is
    /// repeated until it names an old block would prefer old ones.
    next: Option<Place>,
}

impl Particles {
    /// `count` particles, at least one, that stay behind by `depth`, in units of [`View::time`].
    #[must_use]
    pub fn new(depth: u64, count: usize) -> Self {
        Self {
            depth,
            count: count.max(1),
            particles: Vec::new(),
        }
    }

    /// Where a new walk starts at `now`; `None` in an empty view.
    pub fn start(
        &mut self,
        view: &impl View,
        walker: &mut Walker,
        bias: Bias,
        now: u64,
        chance: &mut Chance,
    ) -> Option<Place> {
        let oldest = view.oldest()?;
        let fresh = Particle {
            at: oldest,
            next: None,
        };
        self.particles.resize(self.count, fresh);
        let position = chance.below(self.particles.len());
        let mut particle = self.particles[position];
        if !view.holds(particle.at) {
            particle = self.replacement(view, oldest, chance);
        }
        let is_old = |place| now.saturating_sub(view.time(place)) >= self.depth;
        // A young block has not got all its approvers yet.
        while is_old(particle.at) {
            let next = particle.next.filter(|next| view.is_open(*next));
            let next = next.or_else(|| walker.step(view, particle.at, bias, chance));
            match next {
                Some(place) if is_old(place) => {
                    particle.at = place;
                    particle.next = None;
                }
                waits => {
                    particle.next = waits;
                    break;
                }
            }
        }
        self.particles[position] = particle;
        Some(particle.at)
    }

    /// For a particle whose block has left the view: a copy of another one.
    fn replacement(&self, view: &impl View, oldest: Place, chance: &mut Chance) -> Particle {
        let first = chance.below(self.particles.len());
        let (before, after) = self.particles.split_at(first);
        let mut others = after.iter().chain(before);
        let found = others.find(|particle| view.holds(particle.at));
        found.copied().unwrap_or(Particle {
            at: oldest,
            next: None,
        })
    }
}
