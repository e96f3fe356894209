//! Attacks on a whole Tangle: parasites, idle networks, selfish and lazy issuers, splitting.

use super::{Check, Experiment, Tolerance, check};
use crate::attack::{Attack, Setup, Trial, foreign_share, trial};
use crate::growth::StrategyChoice;

pub(super) fn experiments() -> Vec<Experiment> {
    let mut experiments = vec![
        Experiment::new(&["T31"], false, idle_network),
        Experiment::new(&["T33"], true, lazy_agents),
        Experiment::new(&["T34"], false, splitting),
    ];
    for alpha in [0.01, 0.05, 0.5, 1.0] {
        experiments.push(Experiment::new(&["T32"], false, move |seed| {
            selfish(seed, alpha)
        }));
    }
    experiments
}

/// Trials of an experiment.
const TRIALS: u64 = 20;

/// The seeds of an experiment's trials.
fn seeds(seed: u64) -> impl Iterator<Item = u64> {
    (0..TRIALS).map(move |number| (seed << 20) + number)
}

fn trials(setup: &Setup, seed: u64) -> Vec<Trial> {
    let play = |seed| trial(setup, seed).expect("the setups of the experiments make sense");
    seeds(seed).map(play).collect()
}

/// The share that succeeds.
fn succeeded<'t>(trials: impl Iterator<Item = &'t Trial>) -> f64 {
    mean(trials.map(|trial| f64::from(u8::from(trial.succeeded))))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / count
}

/// Who has a tenth of the usual rate wins against every strategy once all others idle, and never
/// against milestones.
fn idle_network(seed: u64) -> Vec<Check> {
    let mut checks = Vec::new();
    for strategy in [
        StrategyChoice::Urts {},
        StrategyChoice::Walk { alpha: 0.01 },
        StrategyChoice::Walk { alpha: 0.5 },
        StrategyChoice::Hybrid { alpha: 0.1 },
        StrategyChoice::Heaviest {},
    ] {
        let setup = Setup::new(Attack::Outage, strategy, 0.1);
        // A payment that walks leave behind is no target.
        let played = trials(&setup, seed);
        let is_content = |trial: &&Trial| trial.content_after.is_some();
        checks.push(check(
            "T31",
            format!("double spends that succeed once the merchant is content, idle, {strategy}"),
            0.9,
            succeeded(played.iter().filter(is_content)),
            Tolerance::AtLeast,
        ));
        let guarded = Setup {
            coordinator: true,
            ..setup
        };
        checks.push(check(
            "T31",
            format!("the same with a coordinator, {strategy}"),
            0.0,
            succeeded(trials(&guarded, seed).iter()),
            Tolerance::Absolute(0.0),
        ));
    }
    checks
}

/// Equilibria in the Tangle, section 2: up to half of all being selfish costs the others less than
/// a quarter.
fn selfish(seed: u64, alpha: f64) -> Vec<Check> {
    let setup = Setup {
        per_delay: 25.0,
        ..Setup::new(Attack::Selfish, StrategyChoice::Walk { alpha }, 0.5)
    };
    vec![check(
        "T32",
        format!(
            "wait of honest blocks, half of all being selfish, over that without, alpha {alpha}"
        ),
        1.25,
        mean(trials(&setup, seed).iter().map(|trial| trial.measure)),
        Tolerance::AtMost,
    )]
}

/// 50 agents, 2 blocks in a delay: blocks on old parents are hardly ever approved by walks.
fn lazy_agents(seed: u64) -> Vec<Check> {
    let setup = Setup {
        per_delay: 2.0,
        ..Setup::new(Attack::LazyTips, StrategyChoice::Walk { alpha: 0.5 }, 0.5)
    };
    let shares = seeds(seed).map(|seed| {
        let result = foreign_share(&setup, seed);
        result.expect("the setups of the experiments make sense")
    });
    vec![check(
        "T33",
        "share of weighted walks that end on a lazy agent's blocks",
        0.05,
        mean(shares),
        Tolerance::AtMost,
    )]
}

/// Lambda 18 against mu 2: one side dies, and the sooner the greater alpha is.
fn splitting(seed: u64) -> Vec<Check> {
    let open = |alpha: f64, settle: f64| {
        let setup = Setup {
            settle,
            ..Setup::new(Attack::Splitting, StrategyChoice::Walk { alpha }, 0.1)
        };
        succeeded(trials(&setup, seed).iter())
    };
    vec![
        check(
            "T34",
            "conflicts that are open after 180 h, alpha 0.01",
            0.1,
            open(0.01, 180.0),
            Tolerance::AtMost,
        ),
        check(
            "T34",
            "conflicts that are open after 30 h, alpha 0.1, less those with alpha 0.001",
            0.0,
            open(0.1, 30.0) - open(0.001, 30.0),
            Tolerance::AtMost,
        ),
    ]
}
