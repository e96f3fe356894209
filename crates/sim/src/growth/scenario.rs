//! What is to happen: a scenario, as written in TOML. Unknown keys are refused, and what was left
//! out is filled in before the run, so that a result can say what was in force.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tangle_dag::{Bias, Strategy, WalkStart, walk_depth};

use super::arrivals::RecordedArrivals;
use super::issuers::Issuers;

mod check;

/// Most blocks of a window.
const WINDOW_MAX: f64 = 4_000_000.0;
/// Walks that wait, unless something else is asked for.
const PARTICLES: usize = 64;
/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What runs it.
    pub engine: EngineChoice,
    /// Where all chance comes from.
    #[serde(default)]
    pub seed: u64,
    /// Transactions to issue; all of a trace, if left out.
    #[serde(default)]
    pub transactions: u64,
    /// Share of them after which measuring begins.
    #[serde(default = "a_fifth")]
    pub warm_up_share: f64,
    /// Parents that a transaction draws; equal ones count once.
    #[serde(default = "two")]
    pub parents: usize,
    /// Share of transactions that approve nothing but the genesis.
    #[serde(default)]
    pub genesis_spam_share: f64,
    /// When transactions arrive.
    pub arrivals: Arrivals,
    /// How long one stays unseen.
    #[serde(default)]
    pub delay: Delay,
    /// How parents are chosen.
    #[serde(default)]
    pub strategy: StrategyChoice,
    /// Where walks start; of strategies that walk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walks: Option<WalkChoice>,
    /// How far back the weights of the `walk` engine reach, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<f64>,
    /// Follow the weight of some transactions for so long, in seconds; `flow` engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_weight_seconds: Option<f64>,
    /// Who issues; nobody says, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuers: Option<Issuers>,
    /// The arrivals of the law `trace`, as read from the file.
    #[serde(skip)]
    pub recorded: Option<Arc<RecordedArrivals>>,
}

/// What runs a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineChoice {
    /// Keeps only what may still be approved; uniform choices.
    Flow,
    /// Keeps weights; all strategies.
    Walk,
}

/// When transactions arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    /// Mean number in a second: lambda. A trace is stretched to it, and kept as it is if this is
    /// left out.
    #[serde(default)]
    pub per_second: f64,
    /// How they are spread.
    #[serde(default)]
    pub law: ArrivalLaw,
    /// Most that get through in a second; the others wait their turn, and choose parents then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_per_second: Option<f64>,
    /// Of the law `trace`: a table with the column `issued_ns`, and perhaps `issuer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// How arrivals are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArrivalLaw {
    /// Independent of each other.
    #[default]
    Poisson,
    /// Evenly.
    Fixed,
    /// As they were recorded in `file`.
    Trace,
}

/// The law of the time between issue and reveal, the same for everybody, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "law", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Delay {
    /// Always the same.
    Fixed {
        /// That.
        seconds: f64,
    },
    /// Without memory.
    Exponential {
        /// Its mean.
        mean_seconds: f64,
    },
    /// Any value of a range, equally likely.
    Uniform {
        /// Least.
        min_seconds: f64,
        /// Greatest.
        max_seconds: f64,
    },
    /// One of two, equally likely.
    TwoPoint {
        /// The one.
        min_seconds: f64,
        /// The other.
        max_seconds: f64,
    },
}

/// How parents are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StrategyChoice {
    /// Any tips.
    Urts {},
    /// Any tips that are young enough.
    Rurts {
        /// Greatest age of a tip, in seconds.
        age_max_seconds: f64,
    },
    /// The ends of biased walks.
    Walk {
        /// Preference for weight.
        alpha: f64,
    },
    /// One parent by a walk, the others any tips.
    Hybrid {
        /// Preference for weight of the walk.
        alpha: f64,
    },
    /// Walks with no, a low or a high bias, drawn for each transaction.
    EIota {
        /// Share without a bias.
        share_none: f64,
        /// Share with the low bias.
        share_low: f64,
        /// The low one.
        alpha_low: f64,
        /// The high one.
        alpha_high: f64,
    },
    /// The end of the heaviest branch.
    Heaviest {},
}

/// Where walks start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkChoice {
    /// Least age since issue of the transaction where a walk starts, in seconds; what the arrivals
    /// ask for, if left out.
    pub depth_seconds: Option<f64>,
    /// Walks that wait there.
    pub particles: Option<usize>,
}

/// Why a scenario makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// It is no TOML, or has keys that are not known.
    #[error("{0}")]
    Text(String),
    /// A number is out of its range.
    #[error("{key} is {value}, and must be {range}")]
    Range {
        /// Which.
        key: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The window would be too large.
    #[error(
        "the window holds {0:.0} transactions, more than {WINDOW_MAX:.0}: lower arrivals.per_second, \
         walks.depth_seconds or window_seconds"
    )]
    Window(f64),
    /// Nothing walks.
    #[error("`walks` says where walks start, and this strategy takes none")]
    Walks,
    /// The arrivals do not go together.
    #[error("{0}")]
    Arrivals(&'static str),
    /// The engine does not know it.
    #[error("the engine `{engine}` does not know {what}")]
    Engine {
        /// The engine.
        engine: &'static str,
        /// What it does not know.
        what: &'static str,
    },
}

const fn a_fifth() -> f64 {
    0.2
}

const fn two() -> usize {
    2
}

impl Default for Delay {
    fn default() -> Self {
        Self::Fixed { seconds: 1.0 }
    }
}

impl Default for StrategyChoice {
    fn default() -> Self {
        Self::Urts {}
    }
}

impl fmt::Display for StrategyChoice {
    /// Its name, with its bias if it has one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())?;
        match self.alpha() {
            Some(alpha) => write!(formatter, " {alpha}"),
            None => Ok(()),
        }
    }
}

impl Delay {
    /// Its mean, in seconds.
    #[must_use]
    pub fn mean_seconds(self) -> f64 {
        match self {
            Self::Fixed { seconds } => seconds,
            Self::Exponential { mean_seconds } => mean_seconds,
            Self::Uniform {
                min_seconds,
                max_seconds,
            }
            | Self::TwoPoint {
                min_seconds,
                max_seconds,
            } => (min_seconds + max_seconds) / 2.0,
        }
    }

    /// Whether what is issued first is revealed first.
    pub(super) const fn keeps_order(self) -> bool {
        matches!(self, Self::Fixed { .. })
    }
}

impl StrategyChoice {
    /// The name by which people choose it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Urts {} => "urts",
            Self::Rurts { .. } => "rurts",
            Self::Walk { .. } => "walk",
            Self::Hybrid { .. } => "hybrid",
            Self::EIota { .. } => "e-iota",
            Self::Heaviest {} => "heaviest",
        }
    }

    /// The bias to weight of its walks, the low one of two; `None` without a choice.
    #[must_use]
    pub const fn alpha(self) -> Option<f64> {
        match self {
            Self::Urts {} | Self::Rurts { .. } | Self::Heaviest {} => None,
            Self::Walk { alpha } | Self::Hybrid { alpha } => Some(alpha),
            Self::EIota { alpha_low, .. } => Some(alpha_low),
        }
    }

    /// Whether it takes walks.
    pub(crate) const fn walks(self) -> bool {
        !matches!(self, Self::Urts {} | Self::Rurts { .. })
    }

    /// The least bias above 0 with which it walks.
    fn alpha_min(self) -> Option<f64> {
        self.alpha().filter(|alpha| *alpha > 0.0)
    }

    /// The strategy itself. To be asked of an effective scenario.
    pub(crate) fn strategy(self) -> Strategy {
        let bias = |alpha| Bias::new(alpha).expect("an effective scenario was checked");
        match self {
            Self::Urts {} => Strategy::Uniform,
            Self::Rurts { age_max_seconds } => Strategy::Recent {
                age_max: nanoseconds(age_max_seconds),
            },
            Self::Walk { alpha, .. } => Strategy::Walk { bias: bias(alpha) },
            Self::Hybrid { alpha, .. } => Strategy::Hybrid { bias: bias(alpha) },
            Self::EIota {
                share_none,
                share_low,
                alpha_low,
                alpha_high,
                ..
            } => Strategy::Mixed {
                share_none,
                share_low,
                low: bias(alpha_low),
                high: bias(alpha_high),
            },
            Self::Heaviest { .. } => Strategy::Heaviest,
        }
    }
}

pub(super) fn nanoseconds(seconds: f64) -> u64 {
    (seconds * SECOND).round() as u64
}

pub(super) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / SECOND
}

impl Scenario {
    /// A scenario with the defaults of everything that has one.
    #[must_use]
    pub fn new(engine: EngineChoice, transactions: u64, per_second: f64) -> Self {
        Self {
            engine,
            seed: 0,
            transactions,
            warm_up_share: a_fifth(),
            parents: two(),
            genesis_spam_share: 0.0,
            arrivals: Arrivals {
                per_second,
                law: ArrivalLaw::Poisson,
                cap_per_second: None,
                file: None,
            },
            delay: Delay::default(),
            strategy: StrategyChoice::default(),
            walks: None,
            window_seconds: None,
            follow_weight_seconds: None,
            issuers: None,
            recorded: None,
        }
    }

    /// Reads a scenario.
    ///
    /// # Errors
    /// It is no TOML, has unknown keys, or makes no sense.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        Self::parse(text)?.effective()
    }

    /// Reads a scenario, and neither checks it nor fills anything in: of the law `trace`, the
    /// arrivals are to be read before.
    ///
    /// # Errors
    /// It is no TOML, or has unknown keys.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|error| ScenarioError::Text(error.to_string()))
    }

    /// The scenario with all that was left out filled in.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn effective(&self) -> Result<Self, ScenarioError> {
        let mut scenario = self.clone();
        scenario.fill_arrivals();
        scenario.check()?;
        let delay = scenario.delay.mean_seconds();
        let rate = scenario.rate();
        let mut depth = 0.0;
        if self.strategy.walks() {
            let needed = walk_depth(rate * delay) * delay;
            let start = scenario.walks.get_or_insert_default();
            depth = *start.depth_seconds.get_or_insert(needed);
            start.particles.get_or_insert(PARTICLES);
        }
        if self.engine == EngineChoice::Walk {
            let by_bias = self
                .strategy
                .alpha_min()
                .map_or(0.0, |alpha| 16.0 / (alpha * rate));
            let floor = 40.0 * delay;
            let default = (depth * 4.0).max(by_bias).max(floor);
            let window = *scenario.window_seconds.get_or_insert(default);
            let blocks = window * rate;
            if blocks > WINDOW_MAX {
                return Err(ScenarioError::Window(blocks));
            }
        }
        Ok(scenario)
    }

    /// Fills in what a trace says, and how alike issuers are.
    fn fill_arrivals(&mut self) {
        if let Some(recorded) = &self.recorded {
            if self.transactions == 0 {
                self.transactions = recorded.count();
            }
            if self.arrivals.per_second == 0.0 {
                self.arrivals.per_second = recorded.per_second();
            }
        }
        if let Some(issuers) = &mut self.issuers
            && issuers.count.is_some()
        {
            issuers.zipf.get_or_insert(0.0);
        }
    }

    /// Where walks start. To be asked of an effective scenario.
    pub(super) fn walk_start(&self) -> WalkStart {
        let walks = self.walks.unwrap_or_default();
        let depth = walks.depth_seconds.unwrap_or(0.0);
        WalkStart {
            // The window knows when a transaction was revealed.
            depth: nanoseconds((depth - self.delay.mean_seconds()).max(0.0)),
            particle_count: walks.particles.unwrap_or(1),
        }
    }

    /// Whether it is known who issues. To be asked of an effective scenario.
    #[must_use]
    pub fn names_issuers(&self) -> bool {
        let recorded = self.recorded.as_ref();
        self.issuers.is_some() || recorded.is_some_and(|recorded| recorded.has_issuers())
    }

    /// Transactions that get through in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let cap = self.arrivals.cap_per_second.unwrap_or(f64::INFINITY);
        self.arrivals.per_second.min(cap)
    }
}
