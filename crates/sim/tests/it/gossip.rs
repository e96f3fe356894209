//! Views of many nodes: what is solid has its past, nothing gets lost for good, and a seed repeats.

use std::collections::BTreeSet;

use tangle_sim::gossip::{Report, Scenario, Solid, run};

fn play(scenario: &Scenario) -> Report {
    run(scenario, None).expect("the scenario makes sense")
}

/// A network in which transactions overtake each other and get lost.
fn rough(seed: u64) -> Scenario {
    Scenario {
        seed,
        jitter_ms: 150.0,
        loss_share: 0.03,
        ..Scenario::new(40, 3_000)
    }
}

#[test]
fn all_get_everything_where_nothing_is_lost() {
    let report = play(&Scenario {
        jitter_ms: 0.0,
        ..Scenario::new(50, 2_000)
    });
    assert_eq!(report.deliveries, 2_000 * 49);
    assert_eq!((report.never_solid, report.losses, report.waits), (0, 0, 0));
    assert!(report.solid_p99_seconds >= report.solid_median_seconds);
}

#[test]
fn what_is_solid_has_its_parents_and_is_told_once() {
    let mut seen = BTreeSet::new();
    let mut sink = |solid: &Solid<'_>| {
        for parent in solid.parents {
            assert!(*parent == 0 || seen.contains(&(solid.node, *parent)));
        }
        assert!(seen.insert((solid.node, solid.serial)), "{solid:?}");
    };
    let report = run(&rough(1), Some(&mut sink)).expect("the scenario makes sense");
    assert!(
        report.waits > 1_000 && report.requests > 1_000,
        "{report:?}"
    );
    assert_eq!(seen.len() as u64 + report.never_solid, 40 * 3_000);
}

#[test]
fn what_was_lost_is_asked_for_until_it_is_there() {
    let report = play(&rough(2));
    assert!(report.losses > 3_000, "{report:?}");
    assert_eq!(report.given_up, 0);
    // What nothing approves any more at the end is asked for by nobody.
    assert!(report.never_solid < 40 * 60, "{report:?}");
    assert!(report.wait_mean_seconds > 0.02 && report.wait_mean_seconds < 2.0);
}

#[test]
fn tips_are_those_of_the_theory_where_all_are_equally_far() {
    // 100 in flight, two parents: two tips for each, but for what the issuer itself knows at once.
    let report = play(&Scenario {
        neighbours: 200,
        latency_min_ms: 1_000.0,
        latency_max_ms: 1_000.0,
        jitter_ms: 0.0,
        ..Scenario::new(200, 20_000)
    });
    assert!((report.solid_mean_seconds - 1.0).abs() < 1e-3, "{report:?}");
    assert!((report.tips_ratio - 2.007).abs() < 0.04, "{report:?}");
}

#[test]
fn a_seed_repeats_and_another_one_differs() {
    assert_eq!(play(&rough(5)), play(&rough(5)));
    assert_ne!(play(&rough(5)).digest, play(&rough(6)).digest);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let one = Scenario::new(1, 10);
    let lost = Scenario {
        loss_share: 1.0,
        ..Scenario::new(10, 10)
    };
    let backwards = Scenario {
        latency_max_ms: 1.0,
        ..Scenario::new(10, 10)
    };
    let unlike = Scenario {
        neighbours: 2,
        latency_min_ms: 0.1,
        latency_max_ms: 10_000.0,
        ..Scenario::new(3_000, 10)
    };
    for scenario in [one, lost, backwards, unlike] {
        assert!(run(&scenario, None).is_err(), "{scenario:?}");
    }
}
