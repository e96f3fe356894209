//! How sure one may be of a share that was counted, and the search for the share of an attacker at
//! which half of all attacks succeed.

use std::ops::Range;

use serde::Serialize;

/// Two-sided 95 % point of the normal law.
const Z_95: f64 = 1.959_963_985;
/// Trials between two looks at whether a point is decided.
const BATCH: u64 = 20;

/// Successes among trials, with Wilson's interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Odds {
    /// Trials.
    pub trials: u64,
    /// Those that succeeded.
    pub successes: u64,
    /// Their share.
    pub share: f64,
    /// The true chance lies between this
    pub low: f64,
    /// and this in 95 of 100 cases.
    pub high: f64,
}

impl Odds {
    /// What so many successes say.
    #[must_use]
    pub fn new(successes: u64, trials: u64) -> Self {
        if trials == 0 {
            return Self {
                trials,
                successes,
                share: 0.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let count = trials as f64;
        let share = successes as f64 / count;
        let square = Z_95 * Z_95;
        let scale = 1.0 + square / count;
        let middle = (share + square / (2.0 * count)) / scale;
        let spread = share * (1.0 - share) / count + square / (4.0 * count * count);
        let half = Z_95 * spread.sqrt() / scale;
        Self {
            trials,
            successes,
            share,
            low: if successes == 0 { 0.0 } else { middle - half },
            high: if successes == trials {
                1.0
            } else {
                middle + half
            },
        }
    }
}

/// Finds the share at which half of the attacks succeed, by halving an interval. A point is given
/// up as decided once Wilson's interval leaves a half out, or after so many trials.
///
/// It runs nothing itself: ask what to try, try it on as many threads as there are, and tell.
#[derive(Clone, Debug)]
pub struct Search {
    low: f64,
    high: f64,
    precision: f64,
    trials_max: u64,
    successes: u64,
    trials: u64,
    stage: Stage,
    points: Vec<(f64, Odds)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Whether even the least share is enough.
    Low,
    /// Whether the greatest one is.
    High,
    Halving,
    Over,
}

/// What to try next.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The attacker's share.
    pub share: f64,
    /// The seeds to try it with; the same ones for each share.
    pub seeds: Range<u64>,
}

/// Where half of the attacks succeed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Critical {
    /// Less than half succeed below; `None` if half succeed at the least share that was tried.
    pub above: Option<f64>,
    /// Half or more succeed from here on; `None` if not even at the greatest share.
    pub below: Option<f64>,
}

impl Search {
    /// A search between two shares, to within `precision`, with at most `trials_max` trials each.
    #[must_use]
    pub fn new(shares: Range<f64>, precision: f64, trials_max: u64) -> Self {
        Self {
            low: shares.start,
            high: shares.end,
            precision: precision.max(1e-6),
            trials_max: trials_max.max(1),
            successes: 0,
            trials: 0,
            stage: Stage::High,
            points: Vec::new(),
        }
    }

    fn share(&self) -> f64 {
        match self.stage {
            Stage::Low => self.low,
            Stage::High => self.high,
            _ => (self.low + self.high) / 2.0,
        }
    }

    /// What to try next; `None` at the end.
    #[must_use]
    pub fn ask(&self) -> Option<Question> {
        let end = (self.trials + BATCH).min(self.trials_max);
        (self.stage != Stage::Over).then(|| Question {
            share: self.share(),
            seeds: self.trials..end,
        })
    }

    /// How many of what was asked for last succeeded.
    pub fn tell(&mut self, successes: u64) {
        let Some(question) = self.ask() else {
            return;
        };
        self.successes += successes;
        self.trials = question.seeds.end;
        let odds = Odds::new(self.successes, self.trials);
        let is_open = odds.low < 0.5 && odds.high > 0.5;
        if is_open && self.trials < self.trials_max {
            return;
        }
        self.points.push((question.share, odds));
        self.successes = 0;
        self.trials = 0;
        let is_enough = odds.share >= 0.5;
        self.stage = match (self.stage, is_enough) {
            (Stage::High, true) => Stage::Low,
            (Stage::High, false) | (Stage::Low, true) => Stage::Over,
            (_, is_enough) => {
                if self.stage == Stage::Halving {
                    let end = if is_enough {
                        &mut self.high
                    } else {
                        &mut self.low
                    };
                    *end = question.share;
                }
                if self.high - self.low > self.precision {
                    Stage::Halving
                } else {
                    Stage::Over
                }
            }
        };
    }

    /// Every point that was decided.
    #[must_use]
    pub fn points(&self) -> &[(f64, Odds)] {
        &self.points
    }

    /// What was found; after the end.
    #[must_use]
    pub fn critical(&self) -> Critical {
        let is_enough = |share: f64| {
            let mut points = self.points.iter();
            points.any(|(at, odds)| *at == share && odds.share >= 0.5)
        };
        Critical {
            above: (!is_enough(self.low)).then_some(self.low),
            below: is_enough(self.high).then_some(self.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20.
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
        ] {
            let odds = Odds::new(successes, trials);
            assert!((odds.low - low).abs() < 1e-4, "{odds:?}");
            assert!((odds.high - high).abs() < 1e-4, "{odds:?}");
        }
        assert_eq!(Odds::new(5, 5).high, 1.0);
        assert_eq!((Odds::new(0, 0).low, Odds::new(0, 0).high), (0.0, 1.0));
    }

    /// Answers as if all attacks from `critical` on succeeded.
    fn search(critical: f64) -> Search {
        let mut search = Search::new(0.0..0.6, 0.01, 100);
        while let Some(question) = search.ask() {
            let count = question.seeds.end - question.seeds.start;
            search.tell(if question.share >= critical { count } else { 0 });
        }
        search
    }

    #[test]
    fn the_critical_share_is_found() {
        let found = search(0.337).critical();
        let (above, below) = (found.above.expect("low"), found.below.expect("high"));
        assert!(above < 0.337 && below >= 0.337, "{found:?}");
        assert!(below - above <= 0.01);
        // All or none is decided by one batch.
        assert!(
            search(0.337)
                .points()
                .iter()
                .all(|(_, odds)| odds.trials == BATCH)
        );
    }

    #[test]
    fn a_share_that_is_nowhere_is_told() {
        let never = search(2.0).critical();
        assert_eq!((never.above, never.below), (Some(0.0), None));
        let always = search(0.0).critical();
        assert_eq!((always.above, always.below), (None, Some(0.6)));
    }
}
