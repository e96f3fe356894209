//! Attacks: what milestones prevent, and what happens without them.

use tangle_sim::attack::{Aim, Attack, Odds, Rule, Setup, SetupError, trial};
use tangle_sim::growth::StrategyChoice;
use tangle_sim::theory::ever_outpaces;

const WALK: StrategyChoice = StrategyChoice::Walk { alpha: 0.1 };

fn odds(setup: &Setup, count: u64) -> Odds {
    let succeeded = (0..count).filter(|seed| {
        let result = trial(setup, *seed);
        result.expect("the setup makes sense").succeeded
    });
    Odds::new(succeeded.count() as u64, count)
}

#[test]
fn with_a_coordinator_no_attack_spends_twice() {
    for attack in Attack::ALL {
        let setup = Setup {
            coordinator: true,
            per_delay: 10.0,
            ..Setup::new(attack, WALK, 0.5)
        };
        let (mut contents, mut refusals) = (0, 0);
        for seed in 0..4 {
            let trial = trial(&setup, seed).expect("the setup makes sense");
            assert!(!trial.succeeded, "{attack}, seed {seed}: {trial:?}");
            contents += u32::from(trial.content_after.is_some());
            refusals += u32::from(trial.refused);
        }
        // Whoever hears no milestone waits.
        assert_eq!(contents > 0, attack != Attack::Eclipse, "{attack}");
        // The second spend was not merely never seen.
        assert_eq!(refusals > 0, attack != Attack::Eclipse, "{attack}");
    }
}

#[test]
fn whoever_has_the_coordinators_keys_spends_twice() {
    let setup = Setup {
        per_delay: 10.0,
        ..Setup::new(Attack::Equivocation, WALK, 0.1)
    };
    assert_eq!(odds(&setup, 4).successes, 4);
}

#[test]
fn races_are_won_as_often_as_computed() {
    let setup = Setup {
        per_delay: 5.0,
        rule: Rule::Weight { least: 32 },
        ..Setup::new(Attack::Outpacing, WALK, 0.4)
    };
    let odds = odds(&setup, 20_000);
    let computed = ever_outpaces(2.0, 3.0, 32, 32.0 / 3.0);
    let sigma = (computed * (1.0 - computed) / 20_000.0).sqrt();
    assert!(
        (odds.share - computed).abs() < 4.0 * sigma,
        "{odds:?}, {computed}"
    );
}

#[test]
fn the_stronger_side_wins_where_weight_decides() {
    for attack in [Attack::DoubleSpend, Attack::ParasiteTips] {
        let share = |share| odds(&Setup::new(attack, WALK, share), 10).share;
        assert!(share(0.05) < 0.2, "{attack}");
        assert!(share(0.6) > 0.8, "{attack}");
    }
}

#[test]
fn uniform_selection_falls_to_many_tips_where_weight_does_not() {
    let share = |strategy| odds(&Setup::new(Attack::ParasiteTips, strategy, 0.25), 20).share;
    assert!(share(StrategyChoice::Urts {}) > 0.6);
    assert!(share(StrategyChoice::Walk { alpha: 0.5 }) < 0.3);
}

#[test]
fn spam_on_the_genesis_harms_where_all_tips_are_equal() {
    let odds = |strategy, share| odds(&Setup::new(Attack::GenesisTips, strategy, share), 4).share;
    assert!(odds(StrategyChoice::Urts {}, 0.6) > 0.9);
    assert!(odds(StrategyChoice::Urts {}, 0.1) < 0.1);
    assert!(odds(StrategyChoice::Walk { alpha: 0.01 }, 0.6) < 0.1);
}

#[test]
fn idle_honest_issuers_lose_to_a_tenth() {
    assert_eq!(odds(&Setup::new(Attack::Outage, WALK, 0.1), 6).share, 1.0);
}

#[test]
fn an_attack_repeats() {
    for attack in Attack::ALL {
        let setup = Setup::new(attack, WALK, 0.3);
        let play = |seed| trial(&setup, seed).expect("the setup makes sense");
        assert_eq!(play(3), play(3), "{attack}");
    }
}

#[test]
fn nobody_attacks_with_nothing() {
    let attacks = Attack::ALL.into_iter().filter(|attack| {
        let is_about_work = !matches!(
            attack,
            Attack::Splitting | Attack::Partition | Attack::Equivocation
        );
        is_about_work && attack.aim() != Aim::Indecision
    });
    for attack in attacks {
        let setup = Setup::new(attack, StrategyChoice::Walk { alpha: 0.1 }, 0.0);
        assert_eq!(odds(&setup, 3).successes, 0, "{attack}");
    }
}

#[test]
fn setups_that_make_no_sense_are_refused() {
    let good = Setup::new(Attack::DoubleSpend, WALK, 0.3);
    let refused = |setup: Setup| trial(&setup, 0).expect_err("no sense");
    for setup in [
        Setup { share: 1.0, ..good },
        Setup {
            share: f64::NAN,
            ..good
        },
        Setup {
            per_delay: 1e9,
            ..good
        },
        Setup {
            per_delay: 2_000.0,
            ..good
        },
        Setup {
            patience: -1.0,
            ..good
        },
        Setup {
            rule: Rule::Confidence { least: 1.5 },
            ..good
        },
    ] {
        assert!(
            matches!(refused(setup), SetupError::Range { .. }),
            "{setup:?}"
        );
    }
    let strategy = StrategyChoice::Walk { alpha: -1.0 };
    let error = refused(Setup { strategy, ..good });
    assert!(matches!(error, SetupError::Strategy(_)), "{error}");
    assert_eq!("double-spend".parse(), Ok(Attack::DoubleSpend));
    assert!("nonsense".parse::<Attack>().is_err());
}
