//! The state of events after earlier milestones.

use proptest::prelude::*;
use tangle_testkit::arbitrary;

use super::*;

/// What a milestone does to an output: the number of a new vote's output, its amount and answers,
/// and which output is spent.
type Step = (u64, [u8; 2], u8);

/// Whether the state that is told afterwards, also after some were forgotten, is the one that was
/// told then.
fn check(steps: &[Step], forget_at: usize) {
    let net = Net::new();
    let id = net.add(event_of(6, 4, 12, 2));
    let mut told = BTreeMap::new();
    for (number, (amount, answers, spent)) in (0_u8..).zip(steps) {
        let cast = vec![vote(number, number % 3, *amount, &[(id, answers)])];
        net.milestone(cast, &[*spent]);
        if usize::from(number) == forget_at {
            net.ballots.shared.book().counts.forget();
        }
        let status = net.ballots.status(&id, None).unwrap();
        told.insert(net.ballots.index(), status);
    }
    let forgotten = net
        .ballots
        .shared
        .book()
        .counts
        .event(&id)
        .map(Count::forgotten);
    let end = event_of(6, 4, 12, 2).milestone_index_end;
    for (index, expected) in told {
        match net.ballots.status(&id, Some(index)) {
            Ok(status) => assert_eq!(status, expected, "{index:?}"),
            Err(error) => {
                let known = forgotten.unwrap().min(end);
                assert_eq!(error, StatusError::Forgotten(known));
                assert!(index < known);
            }
        }
    }
    let later = net.ballots.status(&id, Some(MilestoneIndex(u32::MAX)));
    assert_eq!(later, net.ballots.status(&id, None));
}

proptest! {
    #![proptest_config(arbitrary::config(300))]

    #[test]
    fn state_is_told_later_as_it_was_then(
        steps in prop::collection::vec(
            (0_u64..50_000, prop::array::uniform2(prop::sample::select(vec![0, 10, 20, 30])), 0_u8..30),
            1..25,
        ),
        forget_at in 0_usize..50,
    ) {
        check(&steps, forget_at);
    }
}

#[test]
fn state_before_the_event_is_empty() {
    let net = Net::new();
    let id = net.add(event(6, 2, 5));
    net.milestones(2);
    net.milestone(vec![vote(1, 1, 9_000, &[(id, &[10])])], &[]);
    for (index, phase) in [(3, Phase::Upcoming), (6, Phase::Commencing)] {
        let status = net
            .ballots
            .status(&id, Some(MilestoneIndex(index)))
            .unwrap();
        assert_eq!((status.milestone_index.0, status.status), (index, phase));
        assert_eq!(tally(&status, 0, 10), (0, 0));
    }
    let unknown = EventId([9; 32]);
    let error = net.ballots.status(&unknown, None);
    assert_eq!(error, Err(StatusError::Unknown(unknown)));
}
