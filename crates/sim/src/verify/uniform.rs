//! Uniform selection with all seeing the same: tips, first approvals, approvers.

use super::{Check, Experiment, Tolerance, check, report};
use crate::growth::{ArrivalLaw, Arrivals, Delay, EngineChoice, Scenario};
use crate::theory;

/// Rate of the arrivals, tips over lambda h.
const TIPS_BY_RATE: [(f64, f64); 10] = [
    (0.1, 11.93),
    (0.3, 5.20),
    (0.5, 3.84),
    (1.0, 2.841),
    (3.0, 2.248),
    (10.0, 2.070),
    (30.0, 2.023),
    (100.0, 2.007),
    (300.0, 2.002),
    (1_000.0, 2.001),
];
/// Laws of the delay, with the tips over lambda h for 2, 4 and 8 parents.
#[expect(clippy::approx_constant, reason = "0.3927 has nothing to do with pi")]
const TIPS_BY_LAW: [(&str, Delay, [f64; 3]); 5] = [
    (
        "fixed",
        Delay::Fixed { seconds: 1.0 },
        [2.0, 1.3333, 1.1428],
    ),
    (
        "exponential",
        Delay::Exponential { mean_seconds: 1.0 },
        [1.2838, 0.4776, 0.2148],
    ),
    (
        "uniform 0..2",
        Delay::Uniform {
            min_seconds: 0.0,
            max_seconds: 2.0,
        },
        [1.6809, 0.7856, 0.3927],
    ),
    (
        "uniform 0.5..1.5",
        Delay::Uniform {
            min_seconds: 0.5,
            max_seconds: 1.5,
        },
        [1.9215, 1.1949, 0.9267],
    ),
    (
        "0.2 or 1.8",
        Delay::TwoPoint {
            min_seconds: 0.2,
            max_seconds: 1.8,
        },
        [1.3309, 0.3999, 0.2666],
    ),
];

pub(super) fn experiments() -> Vec<Experiment> {
    let mut experiments = vec![Experiment::new(&["T9"], true, superseded)];
    for (rate, expected) in TIPS_BY_RATE {
        experiments.push(Experiment::new(&["T1", "T3"], true, move |seed| {
            tips_by_rate(seed, rate, expected)
        }));
    }
    for (parents, expected) in [(3, 1.502), (4, 1.334), (8, 1.1445)] {
        experiments.push(Experiment::new(&["T2", "T3"], true, move |seed| {
            tips_by_parents(seed, parents, expected)
        }));
    }
    experiments.push(Experiment::new(&["T4"], true, first_approvals));
    experiments.push(Experiment::new(&["T5"], true, approvers));
    experiments.push(Experiment::new(&["T6"], false, spread));
    experiments.push(Experiment::new(&["T7"], false, even_arrivals));
    for (name, delay, expected) in TIPS_BY_LAW {
        experiments.push(Experiment::new(&["T10"], true, move |seed| {
            tips_by_law(seed, name, delay, expected)
        }));
    }
    for share in [0.1, 0.2, 0.3, 0.4] {
        experiments.push(Experiment::new(&["T12"], true, move |seed| {
            genesis_spam(seed, share)
        }));
    }
    experiments.push(Experiment::new(&["T13"], true, cap));
    experiments
}

fn scenario(seed: u64, transactions: u64, rate: f64) -> Scenario {
    Scenario {
        seed,
        ..Scenario::new(EngineChoice::Flow, transactions, rate)
    }
}

fn tips_by_rate(seed: u64, rate: f64, expected: f64) -> Vec<Check> {
    let report = report(&scenario(seed, 4_000_000, rate));
    let by_approval = rate * report.approvals.mean_seconds;
    vec![
        check(
            "T1",
            format!("tips / (lambda h), lambda {rate}"),
            expected,
            report.tips.mean_ratio,
            Tolerance::Relative(0.005),
        ),
        check(
            "T3",
            format!("tips / (lambda x mean time to first approval), lambda {rate}"),
            1.0,
            report.tips.mean / by_approval,
            Tolerance::Relative(0.003),
        ),
    ]
}

/// An early draft of the whitepaper had lambda h / ln 2 tips, 1.44 of them.
fn superseded(seed: u64) -> Vec<Check> {
    let report = report(&scenario(seed, 1_000_000, 100.0));
    vec![check(
        "T9",
        "tips / (lambda h), which is not 1 / ln 2",
        1.9,
        report.tips.mean_ratio,
        Tolerance::AtLeast,
    )]
}

fn tips_by_parents(seed: u64, parents: usize, expected: f64) -> Vec<Check> {
    let report = report(&Scenario {
        parents,
        ..scenario(seed, 2_000_000, 300.0)
    });
    vec![
        check(
            "T2",
            format!("tips / (lambda h), {parents} parents"),
            expected,
            report.tips.mean_ratio,
            Tolerance::Relative(0.005),
        ),
        check(
            "T3",
            format!("tips / (lambda x mean time to first approval), {parents} parents"),
            1.0,
            report.tips.mean / (300.0 * report.approvals.mean_seconds),
            Tolerance::Relative(0.003),
        ),
    ]
}

fn first_approvals(seed: u64) -> Vec<Check> {
    // Every tenth of a million, so that neighbours do not tell the same.
    let report = report(&scenario(seed, 1_250_000, 1_000.0));
    let samples = report.approvals.samples_ns.iter();
    let mut samples: Vec<f64> = samples
        .map(|nanoseconds| *nanoseconds as f64 / 1e9)
        .collect();
    samples.sort_by(f64::total_cmp);
    let law = |time: f64| 1.0 - tangle_dag::real::exp(-(time - 1.0).max(0.0));
    let distance = theory::kolmogorov_distance(&samples, law);
    vec![
        check(
            "T4",
            "time to first approval is h + Exp(h): chance of a worse fit",
            0.001,
            theory::kolmogorov_tail(distance, samples.len()),
            Tolerance::AtLeast,
        ),
        check(
            "T4",
            "its mean, in h",
            2.0,
            report.approvals.mean_seconds,
            Tolerance::Relative(0.005),
        ),
        check(
            "T4",
            "its deviation, in h",
            1.0,
            report.approvals.deviation_seconds,
            Tolerance::Relative(0.01),
        ),
    ]
}

fn approvers(seed: u64) -> Vec<Check> {
    const BY_PARENTS: [(usize, &[f64]); 2] = [
        (2, &[0.3679, 0.3679, 0.1839, 0.0613, 0.0153]),
        (4, &[0.0498, 0.1494, 0.2240, 0.2240]),
    ];
    let mut checks = Vec::new();
    for (parents, shares) in BY_PARENTS {
        let report = report(&Scenario {
            parents,
            ..scenario(seed, 1_000_000, 300.0)
        });
        for (position, expected) in shares.iter().enumerate() {
            let approvers = position + 1;
            checks.push(check(
                "T5",
                format!("share with {approvers} approvers, {parents} parents"),
                *expected,
                report.approvals.approver_shares[approvers],
                Tolerance::Absolute(0.005),
            ));
        }
    }
    checks
}

fn spread(seed: u64) -> Vec<Check> {
    let report = report(&scenario(seed, 10_000_000, 100.0));
    vec![check(
        "T6",
        "deviation of the tips / root of lambda h",
        0.98,
        report.tips.deviation_ratio,
        Tolerance::Relative(0.03),
    )]
}

fn even_arrivals(seed: u64) -> Vec<Check> {
    let report = report(&Scenario {
        arrivals: Arrivals {
            per_second: 300.0,
            law: ArrivalLaw::Fixed,
            cap_per_second: None,
            file: None,
        },
        ..scenario(seed, 16_000_000, 300.0)
    });
    vec![
        check(
            "T7",
            "tips / (lambda h), even arrivals",
            1.999,
            report.tips.mean_ratio,
            Tolerance::Relative(0.005),
        ),
        check(
            "T7",
            "deviation / root of lambda h, even arrivals",
            0.590,
            report.tips.deviation_ratio,
            Tolerance::Relative(0.03),
        ),
    ]
}

fn tips_by_law(seed: u64, name: &str, delay: Delay, expected: [f64; 3]) -> Vec<Check> {
    let runs = [(2, 0.01), (4, 0.01), (8, 0.02)].into_iter().zip(expected);
    let checks = runs.map(|((parents, tolerance), expected)| {
        let report = report(&Scenario {
            parents,
            delay,
            ..scenario(seed, 1_000_000, 1_000.0)
        });
        check(
            "T10",
            format!("tips / (lambda h), delay {name}, {parents} parents"),
            expected,
            report.tips.mean_ratio,
            Tolerance::Relative(tolerance),
        )
    });
    checks.collect()
}

fn genesis_spam(seed: u64, share: f64) -> Vec<Check> {
    let report = report(&Scenario {
        genesis_spam_share: share,
        ..scenario(seed, 2_000_000, 100.0)
    });
    let honest = (1.0 - share) * 2.0;
    vec![check(
        "T12",
        format!("tips / (lambda h), share {share} approves the genesis only"),
        honest / (honest - 1.0),
        report.tips.mean_ratio,
        Tolerance::Relative(0.02),
    )]
}

fn cap(seed: u64) -> Vec<Check> {
    let rates = [(100.0, Some(50.0)), (50.0, Some(100.0))].into_iter();
    let checks = rates.map(|(per_second, cap_per_second)| {
        let report = report(&Scenario {
            arrivals: Arrivals {
                per_second,
                law: ArrivalLaw::Poisson,
                cap_per_second,
                file: None,
            },
            ..scenario(seed, 1_000_000, per_second)
        });
        check(
            "T13",
            format!(
                "tips, lambda {per_second}, at most {} a second",
                cap_per_second.unwrap_or(0.0)
            ),
            100.0,
            report.tips.mean,
            Tolerance::Relative(0.02),
        )
    });
    checks.collect()
}
