//! Biased walks: what they leave behind, and how fast they approve.

use super::{Check, Experiment, Tolerance, check, report};
use crate::growth::{EngineChoice, Report, Scenario, StrategyChoice, WalkChoice, Walks};

/// A point of the table of what is left behind.
#[derive(Clone, Copy)]
struct Left {
    rate: f64,
    alpha: f64,
    behind: f64,
    never: f64,
    /// Mean time to first approval of what is approved, in h.
    approval: Option<f64>,
    is_quick: bool,
}

const fn left(rate: f64, alpha: f64, behind: f64, never: f64) -> Left {
    Left {
        rate,
        alpha,
        behind,
        never,
        approval: None,
        is_quick: false,
    }
}

const LEFT: [Left; 19] = [
    left(10.0, 0.01, 1.8e-4, 1.7e-4),
    left(30.0, 0.01, 8.9e-4, 8.3e-4),
    left(100.0, 0.01, 5.2e-3, 4.1e-3),
    left(3.0, 0.05, 2.9e-3, 2.5e-3),
    left(10.0, 0.05, 1.29e-2, 9.6e-3),
    left(30.0, 0.05, 6.2e-2, 3.7e-2),
    left(100.0, 0.05, 0.336, 0.165),
    left(3.0, 0.1, 1.50e-2, 1.17e-2),
    Left {
        approval: Some(1.927),
        is_quick: true,
        ..left(10.0, 0.1, 0.0605, 0.0370)
    },
    Left {
        is_quick: true,
        ..left(30.0, 0.1, 0.222, 0.114)
    },
    Left {
        approval: Some(1.361),
        is_quick: true,
        ..left(100.0, 0.1, 0.587, 0.301)
    },
    Left {
        is_quick: true,
        ..left(3.0, 0.5, 0.191, 0.115)
    },
    left(10.0, 0.5, 0.429, 0.219),
    left(30.0, 0.5, 0.689, 0.363),
    left(100.0, 0.5, 0.868, 0.510),
    left(3.0, 1.0, 0.327, 0.193),
    Left {
        approval: Some(1.268),
        is_quick: true,
        ..left(10.0, 1.0, 0.601, 0.313)
    },
    left(30.0, 1.0, 0.805, 0.454),
    left(100.0, 1.0, 0.925, 0.600),
];

/// Rate and the most that may be left behind at alpha 0.001 where the table has nothing, or so few
/// that no run of this length tells them from nothing.
const HARDLY_ANY: [(f64, f64); 4] = [(3.0, 3e-5), (10.0, 3e-5), (30.0, 3e-5), (100.0, 1e-4)];

/// Rate, alpha, depth in h, and what is left behind.
const BY_DEPTH: [(f64, f64, f64, f64); 9] = [
    (10.0, 0.001, 5.0, 2.1e-2),
    (10.0, 0.001, 10.0, 4.0e-3),
    (10.0, 0.001, 15.0, 9.7e-4),
    (10.0, 0.001, 20.0, 2.4e-4),
    (100.0, 0.001, 5.0, 0.236),
    (100.0, 0.001, 10.0, 4.8e-2),
    (100.0, 0.001, 15.0, 7.2e-3),
    (100.0, 0.001, 20.0, 7.5e-4),
    (1_000.0, 0.0001, 20.0, 1.7e-2),
];

/// Rate, alpha, a depth in h that is enough or nearly so, and the most that may be left behind
/// there. At lambda 100 this alpha leaves three of a hundred thousand behind at any depth, give or
/// take what so few are worth; at lambda 1,000 and 30 h no more than an order is published.
const DEEP_ENOUGH: [(f64, f64, f64, f64); 6] = [
    (10.0, 0.001, 30.0, 1e-4),
    (10.0, 0.001, 50.0, 3e-5),
    (100.0, 0.001, 30.0, 5e-5),
    (100.0, 0.001, 50.0, 5e-5),
    (1_000.0, 0.0001, 30.0, 1e-3),
    (1_000.0, 0.0001, 50.0, 1e-5),
];

/// Rate, alpha, and the tips over lambda h of the hybrid strategy.
const HYBRID: [(f64, f64, f64); 6] = [
    (10.0, 0.1, 2.070),
    (10.0, 1.0, 2.352),
    (10.0, 10.0, 2.581),
    (100.0, 0.1, 2.49),
    (100.0, 1.0, 3.53),
    (100.0, 10.0, 4.43),
];

pub(super) fn experiments() -> Vec<Experiment> {
    let mut experiments = Vec::new();
    for point in LEFT {
        let rows: &[&str] = match point.approval {
            Some(_) => &["T21", "T22"],
            None => &["T21"],
        };
        experiments.push(Experiment::new(rows, point.is_quick, move |seed| {
            left_behind(seed, point)
        }));
    }
    for (rate, most) in HARDLY_ANY {
        experiments.push(Experiment::new(&["T21"], false, move |seed| {
            hardly_any(seed, rate, most)
        }));
    }
    for (rate, alpha, depth, expected) in BY_DEPTH {
        experiments.push(Experiment::new(&["T23"], false, move |seed| {
            // Where within a step of an hour or two a walk starts is left open, and worth that
            // much.
            let tolerance = Tolerance::Factor(1.7);
            by_depth(seed, (rate, alpha, depth), expected, tolerance)
        }));
    }
    for (rate, alpha, depth, most) in DEEP_ENOUGH {
        experiments.push(Experiment::new(&["T23"], false, move |seed| {
            by_depth(seed, (rate, alpha, depth), most, Tolerance::AtMost)
        }));
    }
    for rate in [10.0, 100.0] {
        experiments.push(Experiment::new(&["T23"], rate < 50.0, move |seed| {
            rule_of_depth(seed, rate)
        }));
    }
    for (rate, alpha, expected) in HYBRID {
        experiments.push(Experiment::new(&["T24"], true, move |seed| {
            hybrid(seed, rate, alpha, expected)
        }));
    }
    experiments
}

/// How far shares may be off that rest on so few cases.
fn tolerance(share: f64) -> Tolerance {
    if share > 1e-2 {
        Tolerance::Relative(0.06)
    } else if share > 1e-3 {
        Tolerance::Relative(0.25)
    } else {
        Tolerance::Factor(1.7)
    }
}

fn scenario(seed: u64, transactions: u64, rate: f64, depth: f64) -> Scenario {
    Scenario {
        seed,
        walks: Some(WalkChoice {
            depth_seconds: Some(depth),
            particles: None,
        }),
        ..Scenario::new(EngineChoice::Walk, transactions, rate)
    }
}

fn walks(report: &Report) -> Walks {
    report.walks.expect("the engine `walk` reports walks")
}

fn left_behind(seed: u64, point: Left) -> Vec<Check> {
    let Left { rate, alpha, .. } = point;
    let transactions = if rate < 100.0 { 400_000 } else { 600_000 };
    let report = report(&Scenario {
        strategy: StrategyChoice::Walk { alpha },
        window_seconds: Some(300.0),
        ..scenario(seed, transactions, rate, 100.0)
    });
    let walks = walks(&report);
    let mut checks = vec![
        check(
            "T21",
            format!("share left behind, alpha {alpha}, lambda {rate}"),
            point.behind,
            walks.left_behind_share,
            tolerance(point.behind),
        ),
        check(
            "T21",
            format!("share never approved, alpha {alpha}, lambda {rate}"),
            point.never,
            walks.never_approved_share,
            tolerance(point.never),
        ),
    ];
    if let Some(expected) = point.approval {
        checks.push(check(
            "T22",
            format!("mean time to first approval, in h, alpha {alpha}, lambda {rate}"),
            expected,
            report.approvals.mean_seconds,
            Tolerance::Relative(0.03),
        ));
    }
    checks
}

/// Nothing, or next to nothing, is left behind by a slight bias.
fn hardly_any(seed: u64, rate: f64, most: f64) -> Vec<Check> {
    let transactions = if rate < 100.0 { 400_000 } else { 600_000 };
    let report = report(&Scenario {
        strategy: StrategyChoice::Walk { alpha: 0.001 },
        window_seconds: Some(300.0),
        ..scenario(seed, transactions, rate, 100.0)
    });
    let walks = walks(&report);
    let shares = [
        ("left behind", walks.left_behind_share),
        ("never approved", walks.never_approved_share),
    ];
    let checks = shares.map(|(what, share)| {
        let what = format!("share {what}, alpha 0.001, lambda {rate}");
        check("T21", what, most, share, Tolerance::AtMost)
    });
    checks.to_vec()
}

/// The share left behind at a rate, an alpha and a depth.
fn by_depth(
    seed: u64,
    (rate, alpha, depth): (f64, f64, f64),
    expected: f64,
    tolerance: Tolerance,
) -> Vec<Check> {
    let transactions = if rate < 1_000.0 { 600_000 } else { 800_000 };
    let report = report(&Scenario {
        strategy: StrategyChoice::Walk { alpha },
        ..scenario(seed, transactions, rate, depth)
    });
    vec![check(
        "T23",
        format!("share left behind, depth {depth} h, lambda {rate}"),
        expected,
        walks(&report).left_behind_share,
        tolerance,
    )]
}

/// At the depth that is asked for when none is given, hardly anything is left behind. Nothing at
/// all would take more where few are in flight: the published share at lambda 10 and 20 h, which
/// is about that depth, is 2.4 in ten thousand.
fn rule_of_depth(seed: u64, rate: f64) -> Vec<Check> {
    let report = report(&Scenario {
        walks: None,
        strategy: StrategyChoice::Walk { alpha: 0.001 },
        ..scenario(seed, 400_000, rate, 0.0)
    });
    vec![check(
        "T23",
        format!("share left behind, depth by rule, lambda {rate}"),
        0.0,
        walks(&report).left_behind_share,
        Tolerance::Absolute(5e-4),
    )]
}

fn hybrid(seed: u64, rate: f64, alpha: f64, expected: f64) -> Vec<Check> {
    let report = report(&Scenario {
        strategy: StrategyChoice::Hybrid { alpha },
        // With a high bias it takes long until the last ones are referenced by all: at alpha 10
        // some in ten thousand have to wait for more than 120 h.
        window_seconds: Some(400.0),
        ..scenario(seed, 150_000, rate, 50.0)
    });
    vec![
        check(
            "T24",
            format!("share left behind, hybrid, alpha {alpha}, lambda {rate}"),
            0.0,
            walks(&report).left_behind_share,
            Tolerance::Absolute(0.0),
        ),
        check(
            "T24",
            format!("tips / (lambda h), hybrid, alpha {alpha}, lambda {rate}"),
            expected,
            report.tips.mean_ratio,
            Tolerance::Relative(0.03),
        ),
    ]
}
