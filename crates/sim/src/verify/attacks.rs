//! Attackers who race against the honest weight, and the arithmetic of walks at a fork.

use std::collections::BTreeMap;

use tangle_dag::real::exp;
use tangle_dag::{
    Bias, Chance, Place, Walker, WeightWindow, WeightWindowConfig, exit_distribution,
};

use super::{Check, Experiment, Tolerance, check};
use crate::theory;

/// The race of the whitepaper: honest weight and time at its start, rate of the honest.
const WEIGHT: u32 = 32;
const LEAD: f64 = 12.0;
const LAMBDA: f64 = 3.0;
/// Levels of a large weight that an attacker tries.
const LEVELS: i32 = 100;

pub(super) fn experiments() -> Vec<Experiment> {
    vec![
        Experiment::new(&["T25"], true, |_| bound()),
        Experiment::new(&["T26"], true, race),
        Experiment::new(&["T27"], true, large_weight),
        Experiment::new(&["T30"], true, walks_at_a_fork),
    ]
}

fn bound() -> Vec<Check> {
    let cases = [
        (2.0, 0.75, 0.03768, 0.2994),
        (1.0, 0.375, 0.35583, 1.1347e-5),
    ];
    let checks = cases.into_iter().flat_map(|(mu, ratio, exponent, bound)| {
        let measured = theory::outpacing_exponent(ratio);
        let ours = exp(-f64::from(WEIGHT) * measured);
        let exact = theory::poisson_tail(mu * LEAD, WEIGHT);
        [
            // To the digits that are published.
            check(
                "T25",
                format!("phi({ratio})"),
                exponent,
                measured,
                Tolerance::Relative(2e-4),
            ),
            check(
                "T25",
                format!("bound on outpacing, mu {mu}"),
                bound,
                ours,
                Tolerance::Relative(2e-4),
            ),
            check(
                "T25",
                format!("the bound over the exact chance, mu {mu}"),
                1.0,
                ours / exact,
                Tolerance::AtLeast,
            ),
        ]
    });
    checks.collect()
}

/// Four standard deviations of a share measured in `count` cases.
fn four_sigma(share: f64, count: u32) -> Tolerance {
    Tolerance::Absolute(4.0 * (share * (1.0 - share) / f64::from(count)).sqrt())
}

fn race(seed: u64) -> Vec<Check> {
    const RUNS: u32 = 400_000;
    const MU: f64 = 2.0;
    let mut chance = Chance::stream(seed, 26);
    let (mut by_lead, mut ever) = (0_u32, 0_u32);
    for _ in 0..RUNS {
        let mut attacker = 0_u32;
        let mut time = chance.wait() / MU;
        while time <= LEAD {
            attacker += 1;
            time += chance.wait() / MU;
        }
        by_lead += u32::from(attacker >= WEIGHT);
        let mut behind = i64::from(WEIGHT) - i64::from(attacker);
        // So far behind nobody comes back.
        while (0..150).contains(&behind) {
            behind += if chance.unit() * (MU + LAMBDA) < MU {
                -1
            } else {
                1
            };
        }
        ever += u32::from(behind < 0);
    }
    let share = |count: u32| f64::from(count) / f64::from(RUNS);
    let mut checks = Vec::new();
    for (mu, lead, outpaced) in [(2.0, 0.06776, 0.11865), (1.0, 1.2432e-6, 1.8083e-6)] {
        checks.push(check(
            "T26",
            format!("chance of the weight in time, mu {mu}, computed"),
            lead,
            theory::poisson_tail(mu * LEAD, WEIGHT),
            Tolerance::Relative(2e-4),
        ));
        checks.push(check(
            "T26",
            format!("chance of ever outpacing, mu {mu}, computed"),
            outpaced,
            theory::ever_outpaces(mu, LAMBDA, WEIGHT, LEAD),
            Tolerance::Relative(2e-4),
        ));
    }
    checks.push(check(
        "T26",
        "chance of the weight in time, mu 2, simulated",
        0.06776,
        share(by_lead),
        four_sigma(0.06776, RUNS),
    ));
    checks.push(check(
        "T26",
        "chance of ever outpacing, mu 2, simulated",
        0.11865,
        share(ever),
        four_sigma(0.11865, RUNS),
    ));
    checks
}

/// Rate of the honest, against whom a large weight is tried.
const HONEST: f64 = 10.0;

/// How often an attack with a large weight wins.
#[derive(Default)]
struct Wins {
    at_once: u32,
    at_level: u32,
    ever: u32,
    capped: u32,
}

/// The least n with which weight 3^n beats the honest weight at the start.
fn least_level() -> i32 {
    let mut levels = 1..40;
    let least = levels.find(|n| level(*n) >= HONEST * LEAD);
    least.unwrap_or(40)
}

fn level(n: i32) -> f64 {
    (0..n).fold(1.0, |weight, _| weight * 3.0)
}

fn large_weight_wins(seed: u64, runs: u32, least: i32) -> Wins {
    let mut chance = Chance::stream(seed, 27);
    let mut wins = Wins::default();
    for _ in 0..runs {
        wins.at_once += u32::from(chance.wait() * level(least) <= LEAD);
        // From the start until the honest weight passes 3^n.
        wins.at_level += u32::from(chance.wait() <= 1.0 / HONEST);
        // Level by level: a third of the time of one is over when it becomes the one to beat.
        let mut levels = least..least + LEVELS;
        wins.ever += u32::from(levels.any(|_| chance.wait() <= 2.0 / 3.0 / HONEST));
        let mut behind = (HONEST * LEAD) as i64 - LEAD as i64;
        while (0..200).contains(&behind) {
            let is_attacker = chance.unit() * (1.0 + HONEST) < 1.0;
            behind += if is_attacker { -1 } else { 1 };
        }
        wins.capped += u32::from(behind < 0);
    }
    wins
}

/// An attacker looks for one transaction of own weight 3^n that beats the honest weight, which
/// grows by lambda; a nonce for weight 3^n comes at rate mu 3^-n.
fn large_weight(seed: u64) -> Vec<Check> {
    const RUNS: u32 = 100_000;
    let share = |count: u32| f64::from(count) / f64::from(RUNS);
    let least = least_level();
    let wins = large_weight_wins(seed, RUNS, least);
    let computed = 1.0 - exp(-LEAD / level(least));
    vec![
        check(
            "T27",
            "the least level n",
            5.0,
            f64::from(least),
            Tolerance::Absolute(0.0),
        ),
        check(
            "T27",
            "chance of winning at once, computed",
            0.04818,
            computed,
            Tolerance::Relative(2e-4),
        ),
        check(
            "T27",
            "chance of winning at once, simulated",
            computed,
            share(wins.at_once),
            four_sigma(computed, RUNS),
        ),
        check(
            "T27",
            "chance at one level, simulated",
            0.09516,
            share(wins.at_level),
            four_sigma(0.09516, RUNS),
        ),
        check(
            "T27",
            format!("chance of winning within {LEVELS} levels"),
            0.99,
            share(wins.ever),
            Tolerance::AtLeast,
        ),
        check(
            "T27",
            "chance of winning when a transaction weighs 1",
            0.0,
            share(wins.capped),
            Tolerance::Absolute(0.0),
        ),
    ]
}

/// Two chains of these lengths on one transaction, and their ends.
fn fork(lengths: [u32; 2]) -> (WeightWindow, [Place; 2]) {
    let mut window = window();
    let root = window.add(0, &[]);
    let ends = lengths.map(|length| (0..length).fold(root, |end, _| window.add(0, &[end])));
    (window, ends)
}

fn window() -> WeightWindow {
    WeightWindow::new(WeightWindowConfig {
        block_count: 1_000,
        parent_count_max: 2,
        linger: 0,
        cone_count_max: 1_000,
    })
}

fn walks_at_a_fork(seed: u64) -> Vec<Check> {
    let exact = Tolerance::Absolute(1e-12);
    let one = Bias::new(1.0).expect("1 is a bias");
    let (window, ends) = fork([5, 5]);
    let even = exit_distribution(&window, 0, one);
    let mut checks = vec![check("T30", "symmetric fork", 0.5, even[&ends[0]], exact)];
    let (window, ends) = fork([7, 5]);
    let exits = exit_distribution(&window, 0, one);
    let expected = 1.0 / (1.0 + exp(2.0));
    checks.push(check(
        "T30",
        "fork, 2 lighter, alpha 1",
        expected,
        exits[&ends[1]],
        exact,
    ));
    let mut chance = Chance::stream(seed, 30);
    let window = tangled(&mut chance);
    for alpha in [0.0, 0.01, 0.5] {
        let bias = Bias::new(alpha).expect("a bias");
        let exits = exit_distribution(&window, 0, bias);
        checks.push(check(
            "T30",
            format!("sum of exits with double edges, alpha {alpha}"),
            1.0,
            exits.values().sum(),
            exact,
        ));
        checks.push(check(
            "T30",
            format!("walks against exact exits, alpha {alpha}: chance of a worse fit"),
            0.001,
            fit(&window, bias, &exits, &mut chance),
            Tolerance::AtLeast,
        ));
    }
    checks
}

/// A Tangle in which a parent is often drawn twice.
fn tangled(chance: &mut Chance) -> WeightWindow {
    let mut window = window();
    window.add(0, &[]);
    for place in 1_u32..400 {
        let reach = place.min(30);
        let mut parent = || place - 1 - chance.below(reach as usize) as u32;
        let first = parent();
        let parents = if place % 5 == 0 {
            [first, first]
        } else {
            [first, parent()]
        };
        window.add(u64::from(place), &parents);
    }
    window
}

/// Chance of a worse fit of walks to the distribution of their ends (chi-squared).
fn fit(
    window: &WeightWindow,
    bias: Bias,
    exits: &BTreeMap<Place, f64>,
    chance: &mut Chance,
) -> f64 {
    const WALKS: u32 = 200_000;
    let mut walker = Walker::default();
    let mut counts = BTreeMap::<Place, u32>::new();
    for _ in 0..WALKS {
        *counts
            .entry(walker.walk(window, 0, bias, chance).end)
            .or_default() += 1;
    }
    let cells = exits.iter().map(|(place, share)| {
        let seen = counts.get(place).copied().unwrap_or(0);
        (share * f64::from(WALKS), f64::from(seen))
    });
    theory::chi_squared_fit(cells)
}
