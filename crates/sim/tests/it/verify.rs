//! What is known is reproduced, as far as it takes no time.

use tangle_sim::verify::{Check, Tolerance, experiments};

fn checks(row: &str) -> Vec<Check> {
    let experiments = experiments();
    let wanted = experiments
        .iter()
        .filter(|experiment| experiment.rows.contains(&row));
    wanted
        .flat_map(|experiment| experiment.measure(1))
        .collect()
}

#[test]
fn attacks_and_forks_are_as_computed() {
    for row in ["T25", "T26", "T27", "T30"] {
        let checks = checks(row);
        assert!(!checks.is_empty(), "{row}");
        for check in checks {
            assert!(check.holds(), "{check:?}");
        }
    }
}

#[test]
fn first_approvals_and_approvers_are_as_computed() {
    for check in ["T4", "T5"].into_iter().flat_map(checks) {
        assert!(check.holds(), "{check:?}");
    }
}

#[test]
fn every_row_of_the_table_has_an_experiment() {
    let experiments = experiments();
    for row in [
        "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T9", "T10", "T12", "T13", "T14", "T15", "T17",
        "T18", "T21", "T22", "T23", "T24", "T25", "T26", "T27", "T29", "T30", "T31", "T32", "T33",
        "T34",
    ] {
        let of_row = |is_quick: bool| {
            let mut all = experiments.iter();
            all.any(|experiment| experiment.rows.contains(&row) && experiment.is_quick >= is_quick)
        };
        assert!(of_row(false), "{row}");
    }
}

#[test]
fn a_check_fails_when_it_is_out_of_its_tolerance() {
    let holds = |measured: f64, tolerance: Tolerance| {
        let check = Check {
            row: "T1",
            what: String::new(),
            expected: 2.0,
            measured,
            tolerance,
        };
        check.holds()
    };
    assert!(holds(2.01, Tolerance::Relative(0.006)) && !holds(2.02, Tolerance::Relative(0.006)));
    assert!(holds(1.9, Tolerance::Absolute(0.11)) && !holds(1.8, Tolerance::Absolute(0.11)));
    assert!(holds(3.0, Tolerance::Factor(1.6)) && !holds(1.0, Tolerance::Factor(1.6)));
    assert!(holds(9.0, Tolerance::AtLeast) && !holds(1.9, Tolerance::AtLeast));
    assert!(holds(1.9, Tolerance::AtMost) && !holds(2.1, Tolerance::AtMost));
    for tolerance in [
        Tolerance::AtMost,
        Tolerance::Relative(1.0),
        Tolerance::Absolute(1.0),
        Tolerance::Factor(2.0),
        Tolerance::AtLeast,
    ] {
        assert!(!holds(f64::NAN, tolerance));
    }
}
