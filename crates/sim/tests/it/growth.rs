//! A Tangle's growth: what theory says, and that runs repeat.

use std::ops::ControlFlow;
use std::sync::Arc;

use tangle_sim::growth::{
    ArrivalLaw, ArrivalReader, Arrivals, Delay, EngineChoice, Issuers, RecordedArrivals, Report,
    Scenario, ScenarioError, StrategyChoice, WalkChoice, run,
};

fn flow(transactions: u64, per_second: f64) -> Scenario {
    Scenario::new(EngineChoice::Flow, transactions, per_second)
}

fn walk(transactions: u64, per_second: f64, alpha: f64) -> Scenario {
    Scenario {
        strategy: StrategyChoice::Walk { alpha },
        walks: Some(WalkChoice {
            depth_seconds: Some(30.0),
            particles: None,
        }),
        ..Scenario::new(EngineChoice::Walk, transactions, per_second)
    }
}

fn report(scenario: &Scenario) -> Report {
    run(scenario, None).expect("the scenario makes sense")
}

fn near(value: f64, expected: f64, tolerance: f64) {
    let difference = (value / expected - 1.0).abs();
    assert!(difference <= tolerance, "{value}, expected {expected}");
}

/// Times of issue and parents of all transactions.
fn events(scenario: &Scenario) -> Vec<(u64, Vec<u64>)> {
    let mut events = Vec::new();
    let mut sink = |event: &tangle_sim::growth::Event<'_>| {
        events.push((event.issued_ns, event.parents.to_vec()));
        ControlFlow::Continue(())
    };
    run(scenario, Some(&mut sink)).expect("the scenario makes sense");
    events
}

#[test]
fn run_ends_where_its_sink_breaks_off() {
    for scenario in [flow(1_000, 20.0), walk(1_000, 20.0, 0.01)] {
        let mut seen = 0;
        let mut sink = |event: &tangle_sim::growth::Event<'_>| {
            seen = event.serial;
            match seen {
                ..500 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        };
        let report = run(&scenario, Some(&mut sink)).expect("the scenario makes sense");
        // The first fifth of what was wanted is not measured.
        assert_eq!((seen, report.measured), (500, 300));
    }
}

#[test]
fn tips_are_twice_the_arrivals_of_a_delay() {
    let report = report(&flow(400_000, 100.0));
    near(report.tips.mean_ratio, 2.007, 0.01);
    near(report.tips.deviation_ratio, 0.98, 0.1);
    near(report.approvals.mean_seconds, 2.007, 0.01);
    assert!(report.tips.half_width_95 < 3.0, "{:?}", report.tips);
    let shares = &report.approvals.approver_shares;
    near(shares[1], 0.3679, 0.03);
    near(shares[3], 0.1839, 0.03);
}

#[test]
fn tips_follow_parents_delays_and_spam() {
    let more = Scenario {
        parents: 4,
        ..flow(200_000, 300.0)
    };
    near(report(&more).tips.mean_ratio, 1.334, 0.01);
    let memoryless = Scenario {
        delay: Delay::Exponential { mean_seconds: 1.0 },
        ..flow(400_000, 300.0)
    };
    near(report(&memoryless).tips.mean_ratio, 1.2838, 0.02);
    let spam = Scenario {
        genesis_spam_share: 0.2,
        ..flow(200_000, 100.0)
    };
    near(report(&spam).tips.mean_ratio, 2.67, 0.03);
    let even = Scenario {
        arrivals: Arrivals {
            law: ArrivalLaw::Fixed,
            ..flow(1, 100.0).arrivals
        },
        ..flow(200_000, 100.0)
    };
    near(report(&even).tips.deviation_ratio, 0.59, 0.1);
}

#[test]
fn a_followed_weight_grows_by_lambda_in_the_end() {
    let scenario = Scenario {
        follow_weight_seconds: Some(60.0),
        warm_up_share: 0.05,
        ..flow(500_000, 100.0)
    };
    let curve = report(&scenario).weight;
    let at = |age: f64| {
        let point = curve.iter().find(|point| point.age_seconds >= age);
        point.expect("the curve reaches that far").weight
    };
    near((at(58.0) - at(38.0)) / 20.0, 100.0, 0.01);
    let tau = 58.0 - at(58.0) / 100.0;
    assert!((15.0..16.0).contains(&tau), "{tau}");
}

#[test]
fn a_walk_without_much_bias_leaves_nothing_behind() {
    let report = report(&walk(60_000, 10.0, 0.001));
    let walks = report.walks.expect("it walks");
    assert!(
        walks.judged > 30_000 && walks.left_behind_share < 0.001,
        "{walks:?}"
    );
    assert!(
        (2.0..2.7).contains(&report.tips.mean_ratio),
        "{:?}",
        report.tips
    );
}

#[test]
fn a_walk_with_much_bias_leaves_many_behind() {
    let walks = report(&walk(60_000, 10.0, 0.1)).walks.expect("it walks");
    near(walks.left_behind_share, 0.0605, 0.1);
    near(walks.never_approved_share, 0.0370, 0.1);
}

#[test]
fn a_hybrid_leaves_nothing_behind_whatever_the_bias() {
    let scenario = Scenario {
        strategy: StrategyChoice::Hybrid { alpha: 1.0 },
        ..walk(60_000, 10.0, 0.0)
    };
    let walks = report(&scenario).walks.expect("it walks");
    assert_eq!(walks.left_behind_share, 0.0);
}

#[test]
fn both_engines_choose_the_same_uniform_parents() {
    for delay in [Delay::default(), Delay::Exponential { mean_seconds: 1.0 }] {
        let one = Scenario {
            delay,
            ..flow(30_000, 30.0)
        };
        let other = Scenario {
            engine: EngineChoice::Walk,
            window_seconds: Some(1_200.0),
            ..one.clone()
        };
        assert_eq!(report(&one).digest, report(&other).digest);
    }
}

#[test]
fn a_run_repeats_and_another_seed_differs() {
    for scenario in [flow(20_000, 50.0), walk(20_000, 20.0, 0.05)] {
        let digest = report(&scenario).digest;
        assert_eq!(report(&scenario).digest, digest);
        let other = Scenario {
            seed: 1,
            ..scenario
        };
        assert_ne!(report(&other).digest, digest);
    }
}

#[test]
fn strategies_meet_the_same_arrivals() {
    let times = |events: Vec<(u64, Vec<u64>)>| -> Vec<u64> {
        events.into_iter().map(|(issued, _)| issued).collect()
    };
    let (one, other) = (
        events(&walk(5_000, 20.0, 0.0)),
        events(&walk(5_000, 20.0, 1.0)),
    );
    assert_ne!(one, other);
    assert_eq!(times(one.clone()), times(other));
    assert_eq!(times(one), times(events(&flow(5_000, 20.0))));
}

#[test]
fn old_tips_are_not_drawn_with_rurts_on_either_engine() {
    let scenario = Scenario {
        strategy: StrategyChoice::Rurts {
            age_max_seconds: 2.0,
        },
        ..flow(30_000, 30.0)
    };
    let orphans = report(&scenario).approvals.approver_shares[0];
    assert!((0.05..0.6).contains(&orphans), "{orphans}");
    let other = Scenario {
        engine: EngineChoice::Walk,
        window_seconds: Some(1_200.0),
        ..scenario.clone()
    };
    let (one, other) = (report(&scenario), report(&other));
    near(one.tips.mean_ratio, other.tips.mean_ratio, 0.02);
}

#[test]
fn memory_does_not_grow_with_the_run() {
    let held = |transactions| report(&flow(transactions, 100.0)).held_max;
    assert!(held(400_000) < held(40_000) * 2 && held(400_000) < 2_000);
    let held = |transactions| report(&walk(transactions, 20.0, 0.01)).held_max;
    assert_eq!(held(20_000), held(40_000));
}

#[test]
fn a_scenario_is_read_from_toml_with_its_defaults() {
    let text = "engine = 'walk'\ntransactions = 1000\n[arrivals]\nper_second = 10.0\n\
                [strategy]\nname = 'e-iota'\nshare_none = 0.1\nshare_low = 0.3\n\
                alpha_low = 0.01\nalpha_high = 1.0\n[walks]\nparticles = 8\n";
    let scenario = Scenario::from_toml(text).expect("it is a scenario");
    let walks = scenario.walks.expect("filled in");
    assert_eq!((walks.particles, scenario.parents), (Some(8), 2));
    let depth = walks.depth_seconds.expect("filled in");
    assert!((20.0..21.0).contains(&depth), "{depth}");
    assert_eq!(scenario.window_seconds, Some(160.0));
    assert_eq!(scenario.delay, Delay::Fixed { seconds: 1.0 });
    assert!(report(&scenario).tips.mean > 1.0);
}

#[test]
fn what_is_not_known_or_makes_no_sense_is_refused() {
    let base = "engine = 'flow'\ntransactions = 1000\n[arrivals]\nper_second = 10.0\n";
    assert!(Scenario::from_toml(base).is_ok());
    let refused = |text: &str| {
        let error = Scenario::from_toml(text).expect_err(text);
        (error.to_string(), error)
    };
    for extra in [
        "burst = 3\n",
        "[strategy]\nname = 'urts'\nalpha = 0.1\n",
        "[strategy]\nname = 'walk'\nalpha = 0.1\ndepth = 3\n",
        "[strategy]\nname = 'best'\n",
        "[delay]\nlaw = 'fixed'\nseconds = 1.0\nspread = 2.0\n",
        "[walks]\nsteps = 2\n",
        "[more]\n",
    ] {
        let (_, error) = refused(&format!("{base}{extra}"));
        assert!(matches!(error, ScenarioError::Text(_)), "{extra}: {error}");
    }
    let (text, _) = refused(&base.replace("10.0", "-1.0"));
    assert_eq!(
        text,
        "arrivals.per_second is -1, and must be above 0 and at most a million"
    );
    let (_, error) = refused(&format!("{base}[strategy]\nname = 'walk'\nalpha = 0.1\n"));
    assert!(matches!(
        error,
        ScenarioError::Engine { engine: "flow", .. }
    ));
    let (_, error) = refused(&format!("{base}[walks]\nparticles = 3\n"));
    assert_eq!(error, ScenarioError::Walks);
    let walk = base.replace("flow", "walk");
    let wide = format!("window_seconds = 999999.0\n{walk}").replace("10.0", "1000.0");
    assert!(matches!(refused(&wide).1, ScenarioError::Window(_)));
    for (key, value) in [
        ("transactions", "0"),
        ("parents", "9"),
        ("warm_up_share", "nan"),
    ] {
        let text = match key {
            "transactions" => base.replace("1000", value),
            _ => format!("{key} = {value}\n{base}"),
        };
        assert!(
            matches!(refused(&text).1, ScenarioError::Range { .. }),
            "{key}"
        );
    }
}

/// Arrivals as they are in the file of a trace.
fn recorded(lines: impl IntoIterator<Item = String>) -> Arc<RecordedArrivals> {
    let mut reader = ArrivalReader::default();
    let mut lines = lines.into_iter();
    lines
        .try_for_each(|line| reader.add_line(&line))
        .expect("good lines");
    Arc::new(reader.finish().expect("good arrivals"))
}

fn traced(recorded: Arc<RecordedArrivals>, scenario: Scenario) -> Scenario {
    Scenario {
        transactions: 0,
        arrivals: Arrivals {
            per_second: 0.0,
            law: ArrivalLaw::Trace,
            file: Some("arrivals.csv".to_owned()),
            ..scenario.arrivals.clone()
        },
        recorded: Some(recorded),
        ..scenario
    }
}

#[test]
fn a_log_as_a_trace_gives_the_same_run() {
    for scenario in [flow(5_000, 20.0), walk(5_000, 20.0, 0.05)] {
        let lines = events(&scenario)
            .into_iter()
            .map(|(issued, _)| issued.to_string());
        let recorded = recorded(std::iter::once("issued_ns".to_owned()).chain(lines));
        let traced = traced(recorded.clone(), scenario.clone());
        let (one, other) = (report(&scenario), report(&traced));
        assert_eq!(one.digest, other.digest);
        assert_eq!(other.scenario.transactions, 5_000);
        assert_eq!(other.scenario.arrivals.per_second, recorded.per_second());
        // What a result says was in force gives the same result.
        assert_eq!(report(&other.scenario).digest, one.digest);
    }
}

#[test]
fn a_trace_is_stretched_and_cut_and_tells_its_issuers() {
    let lines = (1..=1_000_u64).map(|number| {
        let issuer = if number % 4 == 0 { "ada" } else { "bob" };
        format!("{},{issuer}", number * 100_000_000)
    });
    let recorded = recorded(std::iter::once("issued_ns,issuer".to_owned()).chain(lines));
    let mut scenario = traced(recorded, flow(1, 1.0));
    scenario.warm_up_share = 0.0;
    let whole = report(&scenario);
    assert_eq!(whole.virtual_seconds, 100.0);
    let issuers: Vec<(&str, u64)> = whole
        .issuers
        .iter()
        .map(|issuer| (issuer.name.as_str(), issuer.issued))
        .collect();
    assert_eq!(issuers, [("bob", 750), ("ada", 250)]);
    scenario.arrivals.per_second = 40.0;
    scenario.transactions = 400;
    assert_eq!(report(&scenario).virtual_seconds, 10.0);
    scenario.transactions = 1_001;
    let refused = run(&scenario, None).map(|_| ());
    assert!(
        matches!(refused, Err(ScenarioError::Arrivals(_))),
        "{refused:?}"
    );
}

#[test]
fn issuers_issue_by_their_weights_and_change_no_choice() {
    let plain = flow(40_000, 20.0);
    let with = |issuers: Issuers| Scenario {
        issuers: Some(issuers),
        ..plain.clone()
    };
    let weighted = with(Issuers {
        weights: Some(vec![3.0, 0.0, 1.0]),
        ..Issuers::default()
    });
    let result = report(&weighted);
    assert_eq!(events(&weighted), events(&plain));
    assert_eq!(result.tips.mean, report(&plain).tips.mean);
    let issued: Vec<f64> = result.issuers.iter().map(|it| it.issued as f64).collect();
    near(issued[0] / issued[2], 3.0, 0.05);
    assert_eq!(
        (issued[1], result.issuers[1].first_approval_seconds),
        (0.0, None)
    );
    let wait = result.issuers[0]
        .first_approval_seconds
        .expect("some are approved");
    near(wait, result.approvals.mean_seconds, 0.02);
    let alike = report(&with(Issuers {
        count: Some(4),
        ..Issuers::default()
    }));
    assert_eq!(alike.scenario.issuers.and_then(|it| it.zipf), Some(0.0));
    for wrong in [
        Issuers::default(),
        Issuers {
            weights: Some(vec![0.0]),
            ..Issuers::default()
        },
        Issuers {
            weights: Some(vec![1.0, -1.0]),
            ..Issuers::default()
        },
        Issuers {
            count: Some(10_001),
            ..Issuers::default()
        },
        Issuers {
            count: Some(2),
            weights: Some(vec![1.0]),
            zipf: None,
        },
    ] {
        let refused = run(&with(wrong), None).map(|_| ());
        assert!(
            matches!(refused, Err(ScenarioError::Arrivals(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn scenarios_of_the_manual_make_sense() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenarios.md");
    let text = std::fs::read_to_string(page).expect("the manual");
    let blocks: Vec<&str> = text.split("```toml\n").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    let scenarios = blocks.iter().map(|block| {
        let end = block.find("```").expect("a block ends");
        Scenario::parse(&block[..end]).expect("a scenario")
    });
    let scenarios: Vec<Scenario> = scenarios.collect();
    assert!(scenarios[0].effective().is_ok());
    assert_eq!(scenarios[1].arrivals.law, ArrivalLaw::Trace);
    let unread = scenarios[1].effective();
    assert!(
        matches!(unread, Err(ScenarioError::Arrivals(_))),
        "{unread:?}"
    );
}
