//! Holds the simulator against what theory, the published literature and independent programs say.
//!
//! A *row* is one of those results; an *experiment* measures what one or more rows need. All
//! experiments are independent of each other, so they may run at once, in any order; each is
//! repeated exactly by its seed.
//!
//! Rows T1 to T13: tips under uniform selection. T14 to T18: growth of weight. T21 to T24: biased
//! walks. T25 to T34: attacks and walk arithmetic.

mod attacks;
mod duels;
mod uniform;
mod walks;
mod weight;

use serde::Serialize;

use crate::growth::{Report, Scenario, run};

/// Something that is expected, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The result that is reproduced.
    pub row: &'static str,
    /// What of it.
    pub what: String,
    /// What it should be.
    pub expected: f64,
    /// What it is.
    pub measured: f64,
    /// How far apart they may be.
    pub tolerance: Tolerance,
}

/// How far apart an expected and a measured number may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// By a share of what is expected.
    Relative(f64),
    /// By so much.
    Absolute(f64),
    /// By a factor.
    Factor(f64),
    /// Upwards only: what is expected is the least.
    AtLeast,
    /// Downwards only: what is expected is the most.
    AtMost,
}

impl Check {
    /// Whether what was measured is near enough.
    #[must_use]
    pub fn holds(&self) -> bool {
        let difference = (self.measured - self.expected).abs();
        match self.tolerance {
            Tolerance::Relative(share) => difference <= share * self.expected.abs(),
            Tolerance::Absolute(most) => difference <= most,
            Tolerance::Factor(factor) => {
                let ratio = self.measured / self.expected;
                ratio >= 1.0 / factor && ratio <= factor
            }
            Tolerance::AtLeast => self.measured >= self.expected,
            Tolerance::AtMost => self.measured <= self.expected,
        }
    }
}

/// Measures what some rows need.
pub struct Experiment {
    /// The rows.
    pub rows: &'static [&'static str],
    /// Whether it is quick enough for every day.
    pub is_quick: bool,
    measure: Box<dyn Fn(u64) -> Vec<Check> + Send + Sync>,
}

impl Experiment {
    fn new(
        rows: &'static [&'static str],
        is_quick: bool,
        measure: impl Fn(u64) -> Vec<Check> + Send + Sync + 'static,
    ) -> Self {
        Self {
            rows,
            is_quick,
            measure: Box::new(measure),
        }
    }

    /// Measures; chance comes from `seed`.
    #[must_use]
    pub fn measure(&self, seed: u64) -> Vec<Check> {
        (self.measure)(seed)
    }
}

/// All experiments, in the order of the rows.
#[must_use]
pub fn experiments() -> Vec<Experiment> {
    let mut experiments = uniform::experiments();
    experiments.extend(weight::experiments());
    experiments.extend(walks::experiments());
    experiments.extend(attacks::experiments());
    experiments.extend(duels::experiments());
    experiments
}

fn check(
    row: &'static str,
    what: impl Into<String>,
    expected: f64,
    measured: f64,
    tolerance: Tolerance,
) -> Check {
    Check {
        row,
        what: what.into(),
        expected,
        measured,
        tolerance,
    }
}

fn report(scenario: &Scenario) -> Report {
    run(scenario, None).expect("the scenarios of the experiments make sense")
}
