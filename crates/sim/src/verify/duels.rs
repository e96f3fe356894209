//! Attacks on a whole Tangle: parasites, idle networks, selfish and lazy issuers, splitting.

use super::{Check, Experiment, Tolerance, check};
use crate::attack::{Attack, Setup, foreign_share, trial};
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

/// Shares of trials that succeed, and the mean of what they measure.
fn play(setup: &Setup, seed: u64, count: u32) -> (f64, f64) {
    let (mut succeeded, mut sum) = (0, 0.0);
    for number in 0..count {
        let result = trial(setup, (seed << 20) + u64::from(number));
        let trial = result.expect("the setups of the experiments make sense");
        succeeded += u32::from(trial.succeeded);
        sum += trial.measure;
    }
    let count = f64::from(count);
    (f64::from(succeeded) / count, sum / count)
}

/// Of the trials in which the merchant is content, the share that succeeds: a payment that walks
/// leave behind is no target.
fn play_on(setup: &Setup, seed: u64, count: u64) -> f64 {
    let trials = (0..count).map(|number| {
        let result = trial(setup, (seed << 20) + number);
        result.expect("the setups of the experiments make sense")
    });
    let content: Vec<bool> = trials
        .filter(|trial| trial.content_after.is_some())
        .map(|trial| trial.succeeded)
        .collect();
    let succeeded = content.iter().filter(|succeeded| **succeeded).count();
    succeeded as f64 / content.len() as f64
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
        let name = match strategy.alpha() {
            Some(alpha) => format!("{} {alpha}", strategy.name()),
            None => strategy.name().to_owned(),
        };
        checks.push(check(
            "T31",
            format!("double spends that succeed once the merchant is content, idle, {name}"),
            0.9,
            play_on(&setup, seed, 20),
            Tolerance::AtLeast,
        ));
        let guarded = Setup {
            coordinator: true,
            ..setup
        };
        checks.push(check(
            "T31",
            format!("the same with a coordinator, {name}"),
            0.0,
            play(&guarded, seed, 20).0,
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
        play(&setup, seed, 20).1,
        Tolerance::AtMost,
    )]
}

/// 50 agents, 2 blocks in a delay: blocks on old parents are hardly ever approved by walks.
fn lazy_agents(seed: u64) -> Vec<Check> {
    let setup = Setup {
        per_delay: 2.0,
        ..Setup::new(Attack::LazyTips, StrategyChoice::Walk { alpha: 0.5 }, 0.5)
    };
    let shares = (0..20).map(|number| {
        let result = foreign_share(&setup, (seed << 20) + number);
        result.expect("the setup makes sense")
    });
    vec![check(
        "T33",
        "share of weighted walks that end on a lazy agent's blocks",
        0.05,
        shares.sum::<f64>() / 20.0,
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
        play(&setup, seed, 20).0
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
