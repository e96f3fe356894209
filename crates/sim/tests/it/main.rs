//! Whole networks: honest ones keep every invariant, broken ones are found out, and a seed repeats.

mod attack;
mod gossip;
mod growth;
mod hosts;
mod verify;

use tangle_sim::net::{AdversaryChoice, Attack, Breach, Report, Scenario, Weakness, run};

fn scenario(seed: u64) -> Scenario {
    Scenario {
        seed,
        node_count: 5,
        milestone_count: 10,
        adversary: AdversaryChoice::BySeed,
        has_faults: true,
        weakness: None,
    }
}

fn logged(scenario: &Scenario) -> (String, Report) {
    let mut log = String::new();
    let mut sink = |line: &str| {
        log.push_str(line);
        log.push('\n');
    };
    let report = run(scenario, Some(&mut sink));
    (log, report)
}

/// The first breach among some seeds of a network that is broken on purpose.
fn breach(weakness: Weakness, change: impl Fn(&mut Scenario)) -> Option<Breach> {
    (0..30).find_map(|seed| {
        let mut scenario = Scenario {
            weakness: Some(weakness),
            ..scenario(seed)
        };
        change(&mut scenario);
        Some(run(&scenario, None).violation?.breach)
    })
}

fn without_faults(scenario: &mut Scenario) {
    scenario.has_faults = false;
    scenario.adversary = AdversaryChoice::None;
}

#[test]
fn networks_keep_every_invariant() {
    for seed in 0..20 {
        let report = run(&scenario(seed), None);
        let violation = report.violation.map(|violation| violation.breach);
        assert_eq!(violation, None, "seed {seed}");
        assert!(report.counts.milestones > 0 && report.counts.messages > 0);
    }
}

#[test]
fn a_network_without_trouble_confirms_a_milestone_a_second() {
    let mut scenario = scenario(3);
    without_faults(&mut scenario);
    let report = run(&scenario, None);
    assert!(report.violation.is_none());
    assert!(report.counts.milestones >= 10, "{:?}", report.counts);
    assert_eq!((report.counts.faults, report.counts.attacks), (0, 0));
}

#[test]
fn one_seed_gives_one_log_byte_for_byte() {
    let (first, one) = logged(&scenario(11));
    let (second, other) = logged(&scenario(11));
    assert_eq!(first, second);
    assert_eq!(one.digest, other.digest);
    assert!(first.lines().count() > 100);
    let (third, another) = logged(&scenario(12));
    assert_ne!(first, third);
    assert_ne!(one.digest, another.digest);
}

#[test]
fn whoever_listens_changes_nothing() {
    let (_, with_log) = logged(&scenario(5));
    assert_eq!(with_log.digest, run(&scenario(5), None).digest);
}

#[test]
fn another_order_is_found_out() {
    let found = breach(Weakness::Order, without_faults);
    assert!(
        matches!(found, Some(Breach::OtherLedger { node: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn a_block_confirmed_without_being_stored_is_found_out() {
    let found = breach(Weakness::Solidity, without_faults);
    assert!(matches!(found, Some(Breach::NotStored { .. })), "{found:?}");
}

#[test]
fn a_coin_too_many_is_found_out() {
    let found = breach(Weakness::Supply, without_faults);
    assert!(matches!(found, Some(Breach::Supply { .. })), "{found:?}");
}

#[test]
fn a_disk_that_only_says_it_synced_is_found_out() {
    let found = breach(Weakness::Sync, |_| {});
    assert!(
        matches!(
            found,
            Some(Breach::Forgotten { node: 0, .. } | Breach::SecondMilestone { .. })
        ),
        "{found:?}"
    );
}

#[test]
fn a_coordinator_that_forgets_what_it_signed_is_found_out() {
    let is_twice = |seed| {
        let scenario = Scenario {
            weakness: Some(Weakness::Reservation),
            adversary: AdversaryChoice::None,
            milestone_count: 30,
            ..scenario(seed)
        };
        let breach = run(&scenario, None).violation.map(|it| it.breach);
        matches!(
            breach,
            Some(Breach::SecondMilestone { .. } | Breach::Halted { .. })
        )
    };
    assert!((0..60).any(is_twice));
}

#[test]
fn a_node_that_hears_nothing_is_found_out() {
    let found = breach(Weakness::Deaf, without_faults);
    assert!(
        matches!(found, Some(Breach::Stuck { node: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn a_node_that_takes_everything_is_found_out() {
    let found = breach(Weakness::Memory, |scenario| {
        scenario.adversary = AdversaryChoice::One(Attack::Wide);
        scenario.has_faults = false;
        scenario.milestone_count = 60;
    });
    assert!(
        matches!(found, Some(Breach::Memory { node: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn names_of_attacks_and_weaknesses_are_read_back() {
    for attack in Attack::ALL {
        assert_eq!(attack.name().parse(), Ok(AdversaryChoice::One(attack)));
    }
    for weakness in Weakness::ALL {
        assert_eq!(weakness.name().parse(), Ok(weakness));
    }
    assert!("nonsense".parse::<AdversaryChoice>().is_err());
    assert!("nonsense".parse::<Weakness>().is_err());
}
