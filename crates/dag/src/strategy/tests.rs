use std::collections::BTreeMap;

use super::*;
use crate::view::exit_distribution;
use crate::weights::{WeightWindow, WeightWindowConfig};

const START: WalkStart = WalkStart {
    depth: 50,
    particle_count: 8,
};

fn window() -> WeightWindow {
    WeightWindow::new(WeightWindowConfig {
        block_count: 4_000,
        parent_count_max: 2,
        linger: 20,
        cone_count_max: 500,
    })
}

fn bias(alpha: f64) -> Bias {
    Bias::new(alpha).expect("a valid alpha")
}

/// A Tangle of `count` blocks, ten at a time, each approving two of the sixty before.
fn grown(count: u32, seed: u64) -> WeightWindow {
    let (mut window, mut chance) = (window(), Chance::new(seed));
    for place in 0..count {
        let base = place - place % 10;
        let reach = base.min(60) as usize;
        let parents: Vec<Place> = match reach {
            0 if place > 0 => vec![0],
            0 => vec![],
            _ => (0..2)
                .map(|_| base - 1 - chance.below(reach) as u32)
                .collect(),
        };
        window.add(u64::from(place), &parents);
    }
    window
}

/// Chance of a value of chi-squared at least this great (Wilson and Hilferty).
fn chi_squared_tail(value: f64, freedom: f64) -> f64 {
    let spread = (2.0 / (9.0 * freedom)).sqrt();
    let z = ((value / freedom).cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / spread;
    // Abramowitz and Stegun 26.2.17.
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z < 0.0 { 1.0 - tail } else { tail }
}

/// How well walks fit the exact distribution of their ends: the chance of a worse fit.
fn fit(window: &WeightWindow, bias: Bias, seed: u64) -> f64 {
    const WALKS: u32 = 40_000;
    let exits = exit_distribution(window, 0, bias);
    let (mut walker, mut chance) = (Walker::default(), Chance::new(seed));
    let mut counts = BTreeMap::<Place, u32>::new();
    for _ in 0..WALKS {
        let walk = walker.walk(window, 0, bias, &mut chance);
        *counts.entry(walk.end).or_default() += 1;
    }
    assert!(counts.keys().all(|place| exits.contains_key(place)));
    let (mut value, mut cells, mut rare) = (0.0, 0, (0.0, 0.0));
    let mut add = |expected: f64, seen: f64| {
        value += (seen - expected) * (seen - expected) / expected;
        cells += 1;
    };
    for (place, share) in exits {
        let expected = share * f64::from(WALKS);
        let seen = f64::from(counts.get(&place).copied().unwrap_or(0));
        if expected < 5.0 {
            rare = (rare.0 + expected, rare.1 + seen);
        } else {
            add(expected, seen);
        }
    }
    if rare.0 > 1.0 {
        add(rare.0, rare.1);
    }
    chi_squared_tail(value, f64::from(cells - 1))
}

#[test]
fn chi_squared_tail_knows_the_tables() {
    assert!((chi_squared_tail(18.307, 10.0) - 0.05).abs() < 0.001);
    assert!((chi_squared_tail(59.703, 30.0) - 0.001).abs() < 0.0002);
}

#[test]
fn walks_end_as_often_as_the_exact_distribution_says() {
    for (seed, alpha) in [0.0, 0.001, 0.05, 0.5].into_iter().enumerate() {
        let p = fit(&grown(300, seed as u64), bias(alpha), 7 + seed as u64);
        assert!(p > 0.001, "alpha {alpha}: p = {p}");
    }
}

#[test]
fn exits_add_up_to_one_also_with_double_edges() {
    for alpha in [0.0, 0.01, 1.0, f64::INFINITY] {
        let window = grown(400, 3);
        let doubles = (0..400).filter(|place| {
            let parents: Vec<Place> = window.parents(*place).collect();
            parents.len() == 2 && parents[0] == parents[1]
        });
        assert!(doubles.count() > 2);
        let total: f64 = exit_distribution(&window, 0, bias(alpha)).values().sum();
        assert!((total - 1.0).abs() < 1e-12, "alpha {alpha}: {total}");
    }
}

#[test]
fn a_double_edge_counts_twice_for_a_walk_without_bias() {
    let mut window = window();
    let root = window.add(0, &[]);
    let (twice, once) = (window.add(1, &[root, root]), window.add(1, &[root]));
    let exits = exit_distribution(&window, root, Bias::NONE);
    assert!((exits[&twice] - 2.0 / 3.0).abs() < 1e-12);
    assert!((exits[&once] - 1.0 / 3.0).abs() < 1e-12);
    assert!(fit(&window, Bias::NONE, 5) > 0.001);
}

/// Two branches from one root; the first is `lead` blocks longer.
fn fork(length: u32, lead: u32) -> (WeightWindow, [Place; 2]) {
    let mut window = window();
    let root = window.add(0, &[]);
    let mut ends = [root, root];
    for (branch, end) in ends.iter_mut().enumerate() {
        let blocks = length + if branch == 0 { lead } else { 0 };
        for now in 0..blocks {
            *end = window.add(u64::from(now), &[*end]);
        }
    }
    (window, ends)
}

#[test]
fn a_symmetric_fork_is_a_fair_coin() {
    for alpha in [0.0, 0.1, 1.0, f64::INFINITY] {
        let (window, ends) = fork(5, 0);
        let exits = exit_distribution(&window, 0, bias(alpha));
        assert!(
            ends.iter().all(|end| (exits[end] - 0.5).abs() < 1e-12),
            "{exits:?}"
        );
    }
}

#[test]
fn two_blocks_more_win_as_the_formula_says() {
    let (window, ends) = fork(5, 2);
    let exits = exit_distribution(&window, 0, bias(1.0));
    let expected = 1.0 / (1.0 + 2.0_f64.exp());
    assert!((exits[&ends[1]] - expected).abs() < 1e-12, "{exits:?}");
    let heaviest = exit_distribution(&window, 0, Bias::HEAVIEST);
    assert_eq!(heaviest.get(&ends[0]), Some(&1.0));
}

#[test]
fn a_walk_keeps_out_of_what_is_shut() {
    let (mut window, ends) = fork(5, 2);
    let heavier = window.approvers(0).find(|place| window.weight(*place) == 7);
    window.set_open(heavier.expect("the longer branch"), false);
    let exits = exit_distribution(&window, 0, bias(1.0));
    assert_eq!(exits.into_iter().collect::<Vec<_>>(), [(ends[1], 1.0)]);
}

fn choices(strategy: Strategy, window: &WeightWindow, now: u64, count: usize) -> Vec<Place> {
    let mut selector = Selector::new(strategy, START);
    let mut chance = Chance::new(11);
    (0..count)
        .filter_map(|turn| selector.choose(window, now, turn % 2, &mut chance))
        .collect()
}

#[test]
fn every_strategy_chooses_tips_and_repeats() {
    let window = grown(1_000, 1);
    let strategies = [
        Strategy::Uniform,
        Strategy::Recent { age_max: 30 },
        Strategy::Walk { bias: bias(0.01) },
        Strategy::Hybrid { bias: bias(1.0) },
        Strategy::Mixed {
            share_none: 0.2,
            share_low: 0.5,
            low: bias(0.01),
            high: bias(1.0),
        },
        Strategy::Heaviest,
    ];
    for strategy in strategies {
        let chosen = choices(strategy, &window, 1_000, 500);
        assert_eq!(chosen.len(), 500, "{strategy:?}");
        assert!(
            chosen.iter().all(|place| window.is_tip(*place)),
            "{strategy:?}"
        );
        assert_eq!(chosen, choices(strategy, &window, 1_000, 500));
        if let Strategy::Recent { age_max } = strategy {
            assert!(
                chosen
                    .iter()
                    .all(|place| 1_000 - window.time(*place) <= age_max)
            );
        }
    }
}

#[test]
fn recent_takes_an_old_tip_rather_than_none() {
    let window = grown(100, 1);
    let chosen = choices(Strategy::Recent { age_max: 1 }, &window, 10_000, 10);
    assert!(chosen.len() == 10 && chosen.iter().all(|place| window.is_tip(*place)));
}

#[test]
fn an_empty_view_gives_no_parent() {
    for strategy in [
        Strategy::Uniform,
        Strategy::Heaviest,
        Strategy::Recent { age_max: 1 },
    ] {
        assert!(choices(strategy, &window(), 0, 5).is_empty());
    }
}

#[test]
fn particles_stay_behind_by_their_depth() {
    let (mut window, mut chance) = (window(), Chance::new(2));
    let (mut walker, mut particles) = (Walker::default(), Particles::new(50, 8));
    window.add(0, &[]);
    for now in 1..9_000_u64 {
        let start = particles.start(&window, &mut walker, bias(0.01), now, &mut chance);
        let start = start.expect("the view is not empty");
        assert!(window.holds(start));
        if now > 200 {
            let age = now - window.time(start);
            assert!((50..200).contains(&age), "{age} at {now}");
        }
        let end = walker.walk(&window, start, bias(0.01), &mut chance).end;
        let other = window.tip(chance.below(window.tip_count()));
        window.add(now, &[end, other]);
    }
}
