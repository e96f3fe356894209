//! Follows the cumulative weight of a few transactions exactly, whatever the number of all.
//!
//! 64 transactions are marked, a bit each; a transaction hands the marks of its past on to those
//! that approve it. Whoever is revealed adds 1 to the weight of all whose marks it bears. When all
//! 64 have been followed for long enough, the next 64 are marked.

use super::report::WeightPoint;
use super::scenario::{Scenario, nanoseconds, seconds};

/// Marks at once.
const MARKS: u32 = 64;
/// Points of the curve in a mean delay.
const POINTS_PER_DELAY: f64 = 8.0;
/// Marks are spread over so many mean delays, so that they do not tell the same story.
const SPREAD_DELAYS: f64 = 8.0;
/// Most points of a curve.
const POINTS_MAX: usize = 100_000;

/// The marks and what came of them.
#[derive(Debug)]
pub(super) struct Marks {
    step: u64,
    horizon: u64,
    /// Transactions between two marks.
    gap: u64,
    /// Number of the transaction that is marked next.
    next: u64,
    given: u32,
    /// When the marked ones were revealed.
    revealed: [u64; MARKS as usize],
    /// Weight gained by age, over the marks in hand.
    gains: Vec<u64>,
    /// The same over all marks that were followed to the end.
    totals: Vec<u64>,
    followed: u64,
}

impl Marks {
    /// `None` if no weight is to be followed.
    pub(super) fn new(scenario: &Scenario, from: u64) -> Option<Self> {
        let horizon = nanoseconds(scenario.follow_weight_seconds?);
        let delay = scenario.delay.mean_seconds();
        let points = (horizon as f64 / nanoseconds(delay) as f64 * POINTS_PER_DELAY).ceil();
        let points = (points as usize).clamp(1, POINTS_MAX);
        let spread = scenario.rate() * delay * SPREAD_DELAYS;
        Some(Self {
            step: (horizon / points as u64).max(1),
            horizon,
            gap: ((spread / f64::from(MARKS)) as u64).max(1),
            next: from + 1,
            given: 0,
            revealed: [u64::MAX; MARKS as usize],
            gains: vec![0; points],
            totals: vec![0; points],
            followed: 0,
        })
    }

    /// The mark of a transaction that is issued now and will be revealed at `revealed`, or none.
    pub(super) fn on_issue(&mut self, serial: u64, revealed: u64) -> u64 {
        if self.given == MARKS || serial < self.next {
            return 0;
        }
        let bit = self.given;
        self.revealed[bit as usize] = revealed;
        self.given += 1;
        self.next = serial + self.gap;
        1 << bit
    }

    /// A transaction is revealed at `now`, with these marks in its past. Whether all marks are to
    /// be taken off everything.
    pub(super) fn on_reveal(&mut self, now: u64, mut past: u64) -> bool {
        while past != 0 {
            let since = self.revealed[past.trailing_zeros() as usize];
            let point = (now.saturating_sub(since) / self.step) as usize;
            if let Some(gain) = self.gains.get_mut(point) {
                *gain += 1;
            }
            past &= past - 1;
        }
        let is_over = |since: &u64| now.saturating_sub(*since) > self.horizon;
        let is_done = self.given == MARKS && self.revealed.last().is_some_and(is_over);
        if !is_done || !self.revealed.iter().all(is_over) {
            return false;
        }
        for (total, gain) in self.totals.iter_mut().zip(&mut self.gains) {
            *total += std::mem::take(gain);
        }
        self.followed += u64::from(MARKS);
        self.given = 0;
        true
    }

    /// The mean weight by age.
    pub(super) fn curve(&self) -> Vec<WeightPoint> {
        if self.followed == 0 {
            return Vec::new();
        }
        let mut gained = 0;
        let points = self.totals.iter().zip(1_u64..);
        points
            .map(|(gain, point)| {
                gained += gain;
                WeightPoint {
                    age_seconds: seconds(point * self.step),
                    weight: 1.0 + gained as f64 / self.followed as f64,
                }
            })
            .collect()
    }
}
