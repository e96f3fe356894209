use tangle_types::RentStructure;

use super::*;

fn parameters(v_byte_cost: u32) -> ProtocolParameters {
    ProtocolParameters {
        version: 2,
        network_name: "schedule-test".to_owned(),
        bech32_hrp: "tst".to_owned(),
        pow_score_min: 1,
        below_max_depth: 15,
        rent: RentStructure {
            v_byte_cost,
            v_byte_factor_data: 1,
            v_byte_factor_key: 10,
        },
        token_supply: 1_000,
    }
}

fn option(target: u32, parameters: &ProtocolParameters) -> ParametersOption {
    ParametersOption {
        target_index: MilestoneIndex(target),
        protocol_version: 2,
        parameters: parameters.to_bytes(),
    }
}

fn cost_at(schedule: &ParameterSchedule, index: u32) -> u32 {
    schedule.at(MilestoneIndex(index)).rent.v_byte_cost
}

#[test]
fn each_milestone_has_the_parameters_of_the_last_target() {
    let mut schedule = ParameterSchedule::new(MilestoneIndex(0), parameters(1));
    // Out of order, and one of them twice (G-35).
    for (target, cost) in [(20, 3), (10, 2), (20, 3)] {
        schedule
            .announce(&option(target, &parameters(cost)))
            .expect("no contradiction");
    }
    let costs = [0, 9, 10, 19, 20, u32::MAX].map(|index| cost_at(&schedule, index));
    assert_eq!(costs, [1, 1, 2, 2, 3, 3]);
    let pending = |index| {
        let pending = schedule.pending(MilestoneIndex(index));
        pending
            .iter()
            .map(|option| option.target_index.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(pending(9), [10, 20]);
    assert_eq!(pending(10), [20]);
    assert!(pending(20).is_empty());
}

#[test]
fn two_sets_for_one_milestone_contradict() {
    let mut schedule = ParameterSchedule::new(MilestoneIndex(0), parameters(1));
    schedule
        .announce(&option(10, &parameters(2)))
        .expect("the first");
    let target = MilestoneIndex(10);
    assert_eq!(
        schedule.announce(&option(10, &parameters(3))),
        Err(ScheduleError::Contradiction { target })
    );
}

#[test]
fn pruned_schedule_answers_as_before_from_there_on() {
    let mut schedule = ParameterSchedule::new(MilestoneIndex(0), parameters(1));
    for (target, cost) in [(10, 2), (20, 3)] {
        schedule
            .announce(&option(target, &parameters(cost)))
            .expect("no contradiction");
    }
    schedule.prune(MilestoneIndex(15));
    assert_eq!(schedule.entries().len(), 2);
    assert_eq!([15, 20].map(|index| cost_at(&schedule, index)), [2, 3]);
    schedule
        .announce(&option(5, &parameters(7)))
        .expect("it is too late to matter");
    assert_eq!(
        [5, 15, 20].map(|index| cost_at(&schedule, index)),
        [2, 2, 3]
    );
    schedule.prune(MilestoneIndex(100));
    assert_eq!(schedule.entries().len(), 1);
    assert_eq!(cost_at(&schedule, 100), 3);
}

#[test]
fn version_not_spoken_is_known_when_it_comes_into_force() {
    let mut schedule = ParameterSchedule::new(MilestoneIndex(0), parameters(1));
    let mut later = option(10, &parameters(2));
    later.protocol_version = 3;
    schedule
        .announce(&later)
        .expect("only its target stops the node");
    assert_eq!(schedule.unsupported_at(MilestoneIndex(9)), None);
    assert_eq!(schedule.unsupported_at(MilestoneIndex(10)), Some(3));
    assert_eq!(cost_at(&schedule, 10), 1);
    assert_eq!(schedule.pending(MilestoneIndex(9)), [&later]);
}

#[test]
fn parameters_that_cannot_be_read_are_refused() {
    let mut schedule = ParameterSchedule::new(MilestoneIndex(0), parameters(1));
    let target = MilestoneIndex(10);
    let mut short = option(10, &parameters(2));
    short.parameters.pop();
    assert!(matches!(
        schedule.announce(&short),
        Err(ScheduleError::Unreadable {
            target: MilestoneIndex(10),
            ..
        })
    ));
    let inside = ProtocolParameters {
        version: 3,
        ..parameters(2)
    };
    assert_eq!(
        schedule.announce(&option(10, &inside)),
        Err(ScheduleError::TwoVersions { target })
    );
}

#[test]
fn own_announcements_keep_to_the_rules() {
    let schedule = ParameterSchedule::new(MilestoneIndex(0), parameters(1));
    let by = MilestoneIndex(5);
    let check = |target, parameters: &ProtocolParameters| {
        schedule.may_announce(&option(target, parameters), by)
    };
    assert_eq!(check(6, &parameters(2)), Ok(()));
    assert_eq!(check(35, &parameters(2)), Ok(()));
    for target in [0, 5, 36, u32::MAX] {
        let target_index = MilestoneIndex(target);
        let error = AnnounceError::Target {
            target: target_index,
            by,
        };
        assert_eq!(check(target, &parameters(2)), Err(error));
    }
    let renamed = ProtocolParameters {
        network_name: "other".to_owned(),
        ..parameters(1)
    };
    assert_eq!(
        check(6, &renamed),
        Err(AnnounceError::Identity { what: "name" })
    );
    let richer = ProtocolParameters {
        token_supply: 1_001,
        ..parameters(1)
    };
    assert_eq!(
        check(6, &richer),
        Err(AnnounceError::Identity {
            what: "token supply"
        })
    );
    let mut newer = option(6, &parameters(2));
    newer.protocol_version = 3;
    assert_eq!(
        schedule.may_announce(&newer, by),
        Err(AnnounceError::Version { found: 3 })
    );
}
