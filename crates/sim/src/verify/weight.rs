//! How the cumulative weight of a transaction grows.

use tangle_dag::real::ln;

use super::{Check, Experiment, Tolerance, check, report};
use crate::growth::{EngineChoice, Scenario, StrategyChoice, WalkChoice, WeightPoint};
use crate::theory;

/// Rate of the arrivals, transactions, and the time by which weight lags behind.
const LAGS: [(f64, u64, f64); 4] = [
    (10.0, 1_000_000, 8.59),
    (100.0, 4_000_000, 15.50),
    (1_000.0, 6_000_000, 22.59),
    (3_000.0, 16_000_000, 25.81),
];

pub(super) fn experiments() -> Vec<Experiment> {
    let mut experiments = Vec::new();
    for (rate, transactions, lag) in LAGS {
        let rows: &[&str] = match rate {
            3_000.0 => &["T15", "T17", "T18"],
            _ => &["T17", "T18", "T29"],
        };
        experiments.push(Experiment::new(rows, rate < 200.0, move |seed| {
            growth(seed, rate, transactions, lag)
        }));
    }
    experiments.push(Experiment::new(&["T14", "T15"], true, |seed| {
        let curve = followed(seed, 1_000.0, 3_000_000, 20.0);
        let mut checks = published(&curve);
        checks.push(early(1_000.0, &curve));
        checks
    }));
    experiments.push(Experiment::new(&["T17"], true, walk_slope));
    experiments
}

/// The weight by age, two parents, in units of h.
fn followed(seed: u64, rate: f64, transactions: u64, ages: f64) -> Vec<WeightPoint> {
    let report = report(&Scenario {
        seed,
        warm_up_share: 0.01,
        follow_weight_seconds: Some(ages),
        ..Scenario::new(EngineChoice::Flow, transactions, rate)
    });
    report.weight
}

/// The whitepaper's rate of adaptation, W(1/2): not the true one, but what a fit over ages from 3 h
/// to 14 h shows.
fn published(curve: &[WeightPoint]) -> Vec<Check> {
    const RATE: f64 = 0.351_73;
    vec![
        check(
            "T14",
            "W(1/2), computed",
            RATE,
            theory::lambert(0.5),
            Tolerance::Relative(1e-4),
        ),
        check(
            "T14",
            "growth rate by a fit over ages 3 to 14 h, lambda 1000",
            RATE,
            slope(curve, 3.0, 14.0),
            // From 0.334 to 0.374.
            Tolerance::Absolute(0.0225),
        ),
    ]
}

fn weight_at(curve: &[WeightPoint], age: f64) -> f64 {
    let point = curve.iter().find(|point| point.age_seconds >= age - 1e-6);
    point.map_or(f64::NAN, |point| point.weight)
}

fn growth(seed: u64, rate: f64, transactions: u64, lag: f64) -> Vec<Check> {
    let curve = followed(seed, rate, transactions, 60.0);
    let late = (weight_at(&curve, 59.0) - weight_at(&curve, 44.0)) / 15.0;
    let lag_measured = 59.0 - weight_at(&curve, 59.0) / rate;
    let mut checks = vec![
        check(
            "T17",
            format!("late growth of the weight / lambda, lambda {rate}"),
            1.0,
            late / rate,
            Tolerance::Relative(0.005),
        ),
        check(
            "T18",
            format!("lag of the weight, in h, lambda {rate}"),
            lag,
            lag_measured,
            Tolerance::Absolute(0.2),
        ),
    ];
    if rate == 3_000.0 {
        checks.push(early(rate, &curve));
    }
    // A smaller share loses while the weight still grows by less than lambda, and so earlier; a
    // greater one loses later than weight was followed.
    let shares: &[f64] = match rate {
        3_000.0 => &[],
        1_000.0 => &[0.3, 0.5, 0.6],
        100.0 => &[0.3, 0.5, 0.7],
        _ => &[0.5, 0.7],
    };
    let ages = shares.iter().map(|share| safe_age(rate, *share, &curve));
    checks.extend(ages);
    checks
}

/// The rate of growth between two ages, from a straight line through the logarithms.
fn slope(curve: &[WeightPoint], from: f64, to: f64) -> f64 {
    let points = curve
        .iter()
        .filter(|point| (from..=to).contains(&point.age_seconds));
    let points: Vec<(f64, f64)> = points
        .map(|point| (point.age_seconds, ln(point.weight)))
        .collect();
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (age, log) = (mean(|point| point.0), mean(|point| point.1));
    let products = points.iter().map(|point| (point.0 - age) * (point.1 - log));
    let squares = points.iter().map(|point| (point.0 - age) * (point.0 - age));
    products.sum::<f64>() / squares.sum::<f64>()
}

fn early(rate: f64, curve: &[WeightPoint]) -> Check {
    check(
        "T15",
        format!("early rate of growth of the weight, per h, lambda {rate}"),
        theory::growth_rate(2.0),
        slope(curve, 8.0, 18.0),
        Tolerance::Relative(0.02),
    )
}

/// The age at which a chain of somebody with this share of the rate weighs no more than an honest
/// transaction that is as old.
fn safe_age(rate: f64, share: f64, curve: &[WeightPoint]) -> Check {
    let is_behind = |point: &&WeightPoint| share * rate * point.age_seconds > point.weight;
    let last = curve.iter().rev().find(is_behind);
    check(
        "T29",
        format!("age at which a chain with {share} of the rate {rate} loses, in h"),
        tangle_dag::adaptation(rate) / (1.0 - share),
        last.map_or(f64::NAN, |point| point.age_seconds),
        Tolerance::Absolute(1.0),
    )
}

fn walk_slope(seed: u64) -> Vec<Check> {
    let report = report(&Scenario {
        seed,
        strategy: StrategyChoice::Walk { alpha: 0.001 },
        walks: Some(WalkChoice {
            depth_seconds: Some(50.0),
            particles: None,
        }),
        ..Scenario::new(EngineChoice::Walk, 300_000, 100.0)
    });
    let slope = report.walks.map_or(f64::NAN, |walks| walks.weight_slope);
    vec![check(
        "T17",
        "late growth of the weight / lambda, walks with alpha 0.001, lambda 100",
        1.0,
        slope,
        Tolerance::Relative(0.005),
    )]
}
