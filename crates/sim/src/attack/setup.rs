//! What is attacked, how, and by whom.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tangle_dag::{WalkStart, walk_depth};

use crate::OutOfRange;
use crate::growth::{EngineChoice, Scenario, ScenarioError, StrategyChoice, WalkChoice};
use crate::range::within;

/// Blocks of a trial.
const BLOCKS_MAX: f64 = 200_000.0;
/// A depth that no trial reaches: walks start at the genesis, as in the literature.
const FROM_GENESIS: f64 = 10_000.0;
/// Walks that wait where walks start.
const PARTICLES: usize = 16;

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// One block whose own weight beats all that was issued since the payment (whitepaper,
    /// section 4).
    LargeWeight,
    /// More small blocks than the honest ones after the payment (whitepaper, equations 9 to 12).
    Outpacing,
    /// The second spend and a chain on it, built in secret since the payment and shown as soon as
    /// the merchant is content.
    DoubleSpend,
    /// A secret chain on a block that most walks come by, begun some time before the payment.
    ParasiteChain,
    /// A secret chain that also approves the main Tangle at many places until the payment.
    ParasiteRoots,
    /// A secret second spend with as many tips on it as possible.
    ParasiteTips,
    /// Both spends in public, the weaker side fed, so that none of the two wins.
    Splitting,
    /// Blocks on old parents.
    LazyTips,
    /// Blocks on the genesis.
    GenesisTips,
    /// Issuers who approve what is most likely to be approved next.
    Selfish,
    /// A merchant who hears the attacker only.
    Eclipse,
    /// A network in two halves, a spend in each.
    Partition,
    /// Honest issuers idle, the coordinator away.
    Outage,
    /// The coordinator's keys, or some of them, in the attacker's hands, in a network in two
    /// halves.
    Equivocation,
}

/// What an attack is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// The payment is undone after the merchant was content.
    Reversal,
    /// Neither spend wins.
    Indecision,
    /// Honest blocks wait for longer.
    Harm,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::LargeWeight,
        Self::Outpacing,
        Self::DoubleSpend,
        Self::ParasiteChain,
        Self::ParasiteRoots,
        Self::ParasiteTips,
        Self::Splitting,
        Self::LazyTips,
        Self::GenesisTips,
        Self::Selfish,
        Self::Eclipse,
        Self::Partition,
        Self::Outage,
        Self::Equivocation,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LargeWeight => "large-weight",
            Self::Outpacing => "outpacing",
            Self::DoubleSpend => "double-spend",
            Self::ParasiteChain => "parasite-chain",
            Self::ParasiteRoots => "parasite-roots",
            Self::ParasiteTips => "parasite-tips",
            Self::Splitting => "splitting",
            Self::LazyTips => "lazy-tips",
            Self::GenesisTips => "genesis-tips",
            Self::Selfish => "selfish",
            Self::Eclipse => "eclipse",
            Self::Partition => "partition",
            Self::Outage => "outage",
            Self::Equivocation => "equivocation",
        }
    }

    /// What it is after while no coordinator decides.
    #[must_use]
    pub const fn aim(self) -> Aim {
        match self {
            Self::Splitting => Aim::Indecision,
            Self::LazyTips | Self::GenesisTips | Self::Selfish => Aim::Harm,
            _ => Aim::Reversal,
        }
    }

    /// Whether the network is in two parts until the merchant is content.
    #[must_use]
    pub(super) const fn cuts(self) -> bool {
        matches!(self, Self::Eclipse | Self::Partition | Self::Equivocation)
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no attack has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no attack")]
pub struct AttackNameError(String);

impl FromStr for Attack {
    type Err = AttackNameError;

    fn from_str(text: &str) -> Result<Self, AttackNameError> {
        let found = Self::ALL.into_iter().find(|attack| attack.name() == text);
        found.ok_or_else(|| AttackNameError(text.to_owned()))
    }
}

/// When a merchant hands over the goods, if no coordinator decides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// The payment has this cumulative weight.
    Weight {
        /// The least weight.
        least: u64,
    },
    /// This share of new blocks would approve it.
    Confidence {
        /// The least share.
        least: f64,
    },
    /// It is this old, in delays.
    Age {
        /// The least age.
        least: f64,
    },
}

/// An attack and the Tangle it meets. The unit of time is the delay until others see a block.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Setup {
    /// The attack.
    pub attack: Attack,
    /// How honest issuers choose parents.
    pub strategy: StrategyChoice,
    /// Blocks of all issuers in a delay.
    pub per_delay: f64,
    /// The attacker's part of them.
    pub share: f64,
    /// When the merchant is content.
    pub rule: Rule,
    /// Whether milestones decide what is confirmed. Then they are the merchant's rule, too, and
    /// real engines judge. Without it, [`Attack::Equivocation`] has as many keys as a milestone
    /// needs, with it one less.
    pub coordinator: bool,
    /// How long before the payment a parasite begins.
    pub lead: f64,
    /// How long the merchant waits.
    pub patience: f64,
    /// How long the attacker goes on after the merchant is content.
    pub settle: f64,
    /// Least age of the block at which a walk starts; what a node takes for these arrivals, if left
    /// out.
    pub depth: Option<f64>,
}

impl Setup {
    /// An attack on a Tangle of 20 blocks in a delay, whose merchant waits for a weight of 100, and
    /// whose walks start at the genesis.
    #[must_use]
    pub fn new(attack: Attack, strategy: StrategyChoice, share: f64) -> Self {
        Self {
            attack,
            strategy,
            per_delay: 20.0,
            share,
            rule: Rule::Weight { least: 100 },
            coordinator: false,
            lead: 5.0,
            patience: 60.0,
            settle: match attack {
                // Whoever works with a twentieth of the usual power needs time.
                Attack::Outage => 1_000.0,
                Attack::Splitting => 100.0,
                _ => 50.0,
            },
            depth: Some(FROM_GENESIS),
        }
    }

    /// The setup with all that was left out filled in.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn effective(&self) -> Result<Self, SetupError> {
        let mut setup = *self;
        within("the share", self.share, 0.0, 0.95)?;
        within("the rate", self.per_delay, 0.5, 2_000.0)?;
        within("the lead", self.lead, 0.0, 1_000.0)?;
        within("the patience", self.patience, 0.0, 10_000.0)?;
        within("the time after", self.settle, 0.0, 10_000.0)?;
        match self.rule {
            Rule::Weight { least } => within("the weight", least as f64, 1.0, 1e6)?,
            Rule::Confidence { least } => within("the confidence", least, 0.5, 1.0)?,
            Rule::Age { least } => within("the age", least, 0.0, 1_000.0)?,
        }
        self.strategy_scenario().effective()?;
        let depth = *setup.depth.get_or_insert(walk_depth(self.per_delay));
        within("the depth", depth, 0.0, 10_000.0)?;
        let blocks = self.per_delay * setup.length();
        within("the number of blocks", blocks, 0.0, BLOCKS_MAX)?;
        Ok(setup)
    }

    /// Whether engines judge: always, where the attack is on the coordinator itself.
    pub(super) fn has_engines(&self) -> bool {
        self.coordinator || self.attack == Attack::Equivocation
    }

    /// A scenario that says whether the strategy makes sense.
    fn strategy_scenario(&self) -> Scenario {
        let walks = self.strategy.walks().then_some(WalkChoice {
            depth_seconds: Some(self.depth.unwrap_or(1.0)),
            particles: Some(PARTICLES),
        });
        Scenario {
            strategy: self.strategy,
            walks,
            ..Scenario::new(EngineChoice::Walk, 1, 1.0)
        }
    }

    /// Time until the attack begins. A Tangle that is younger than what walks ask for is walked
    /// from its genesis.
    pub(super) fn warm_up(&self) -> f64 {
        self.depth.unwrap_or(0.0).clamp(20.0, 50.0) + 10.0
    }

    /// Longest time of a trial.
    pub(super) fn length(&self) -> f64 {
        self.warm_up() + self.lead + self.patience + self.settle + 10.0
    }

    /// Where walks start, in nanoseconds of a delay of a second.
    pub(super) fn walk_start(&self) -> WalkStart {
        // The window knows when a block was revealed.
        let depth = (self.depth.unwrap_or(0.0) - 1.0).max(0.0);
        WalkStart {
            depth: (depth * 1e9) as u64,
            particle_count: PARTICLES,
        }
    }
}

/// Why a setup makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetupError {
    /// A number is out of its range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// The strategy is none.
    #[error(transparent)]
    Strategy(#[from] ScenarioError),
}
