//! What is kept over a restart, and what happens when something is missing or too much.

use super::*;

/// The same network after its process ended and began again.
fn restarted(net: Net) -> Net {
    net.ballots.shared.finish();
    reopened(net)
}

/// The same after its process was killed.
fn reopened(net: Net) -> Net {
    let config = net.ballots.shared.config.clone();
    let ballots = Ballots::open(Arc::clone(&net.ledger) as _, config).unwrap();
    Net { ballots, ..net }
}

/// A network in the middle of an event, and the event.
fn halfway() -> (Net, EventId) {
    let net = Net::new();
    let id = net.add(event(5, 2, 70));
    net.milestones(2);
    net.milestone(vec![vote(1, 1, 5_000_000, &[(id, &[10])])], &[]);
    net.milestone(vec![vote(2, 1, 5_000_000, &[(id, &[20])])], &[1]);
    (net, id)
}

/// The checksums of the states after all milestones until now.
fn checksums(net: &Net, id: &EventId) -> Vec<String> {
    let all = (5..=net.ballots.index().0).map(MilestoneIndex);
    all.map(|index| net.ballots.status(id, Some(index)).unwrap())
        .map(|status| hex(&status.checksum.0))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn counting_goes_on_after_a_restart_and_after_a_crash() {
    let (straight, id) = halfway();
    straight.milestones(100);
    let expected = checksums(&straight, &id);
    assert_eq!(straight.tally(&id, 20), (5_000, 350_000));
    let paths: [fn(Net) -> Net; 2] = [restarted, reopened];
    for again in paths {
        let (net, id) = halfway();
        let net = again(net);
        net.follow();
        assert_eq!(net.tracked(&id, 1), Some((7, 8, 5_000_000)));
        net.milestones(40);
        let net = again(net);
        net.milestones(60);
        assert_eq!(checksums(&net, &id), expected);
        let net = again(net);
        net.follow();
        assert_eq!(checksums(&net, &id), expected);
        assert_eq!(net.participations(&id), (0, 2));
        let owned = net.ballots.address(&address(1)).unwrap().outputs;
        assert_eq!(owned.len(), 2);
    }
}

#[test]
fn removed_event_is_gone_for_good() {
    let (net, id) = halfway();
    assert!(net.ballots.shared.remove(&id).unwrap());
    assert!(!net.ballots.shared.remove(&id).unwrap());
    let net = reopened(net);
    assert_eq!(net.ballots.events(), []);
    assert_eq!(net.tracked(&id, 2), None);
    net.add(event(5, 2, 70));
    assert_eq!(net.tracked(&id, 2), Some((8, 0, 5_000_000)), "counted anew");
}

#[test]
fn pruned_milestone_stops_counting_until_its_event_is_removed() {
    let (net, id) = halfway();
    let net = restarted(net);
    {
        let mut standing = net.ledger.standing.lock().unwrap();
        standing.confirmed = MilestoneIndex(20);
        standing.pruned = MilestoneIndex(12);
    }
    net.follow();
    assert_eq!(net.ballots.index(), MilestoneIndex(8));
    let stuck = net.ballots.status(&id, None).unwrap_err();
    assert!(matches!(&stuck, StatusError::Stuck { counted, .. } if counted.0 == 8));
    let reason = stuck.to_string();
    assert!(reason.contains("pruned milestone 9"), "{reason}");
    let then = net.ballots.status(&id, Some(MilestoneIndex(8))).unwrap();
    assert_eq!(tally(&then, 0, 20), (5_000, 5_000));
    for (commence, is_refused) in [(10, true), (11, true), (12, false), (30, false)] {
        let added = net.ballots.shared.add(event(commence, 1, 5));
        assert_eq!(added.is_err(), is_refused, "{commence}: {added:?}");
        if let Err(error) = added {
            assert!(matches!(error, AddError::Pruned { pruned, .. } if pruned.0 == 12));
        }
    }
    assert!(net.ballots.shared.remove(&id).unwrap());
    net.follow();
    assert_eq!(net.ballots.index(), MilestoneIndex(20));
    assert!(net.ballots.status(&event(12, 1, 5).id(), None).is_ok());
}

#[test]
fn what_has_ended_makes_room_and_stays_counted() {
    let net = Net::with_room(4);
    let id = net.add(event(4, 1, 100));
    net.milestones(1);
    for number in 1..=20 {
        net.milestone(
            vec![vote(number, 1, 1_000, &[(id, &[10])])],
            &[number.wrapping_sub(1)],
        );
    }
    assert_eq!(net.tally(&id, 10), (1, 20));
    let (active, past) = net.participations(&id);
    assert_eq!(active, 1);
    assert!((1..4).contains(&past), "{past}");
    assert_eq!(net.tracked(&id, 1), None, "forgotten");
    let net = restarted(net);
    assert_eq!(net.tally(&id, 10), (1, 20));
    let early = net.ballots.status(&id, Some(MilestoneIndex(7)));
    assert!(matches!(early, Err(StatusError::Forgotten(_))));
}

#[test]
fn counting_stops_when_too_many_take_part_at_once() {
    let net = Net::with_room(4);
    let id = net.add(event(4, 1, 100));
    net.milestones(1);
    let cast = |numbers: std::ops::Range<u8>| -> Vec<CastVote> {
        numbers
            .map(|number| vote(number, 1, 1_000, &[(id, &[10])]))
            .collect()
    };
    net.milestone(cast(1..5), &[]);
    net.milestone(cast(5..6), &[]);
    assert_eq!(net.ballots.index(), MilestoneIndex(6));
    let stuck = net.ballots.status(&id, None).unwrap_err();
    assert!(stuck.to_string().contains("participations_max"), "{stuck}");
    let config = BallotsConfig {
        participations_max: 5,
        ..net.ballots.shared.config.clone()
    };
    net.ballots.shared.finish();
    let ballots = Ballots::open(Arc::clone(&net.ledger) as _, config).unwrap();
    let net = Net { ballots, ..net };
    net.follow();
    assert_eq!(net.tally(&id, 10), (5, 9));

    let late = event(4, 2, 50);
    let cast = (6..8).map(|number| vote(number, 1, 1_000, &[(late.id(), &[10])]));
    net.milestone(cast.collect(), &[]);
    let full = net.ballots.shared.add(late);
    assert!(matches!(full, Err(AddError::Full(_))));
}

#[test]
fn file_that_is_not_ours_or_not_whole_is_refused() {
    let (net, _) = halfway();
    net.ballots.shared.finish();
    let config = net.ballots.shared.config.clone();
    let open =
        |config: BallotsConfig| Ballots::open(Arc::clone(&net.ledger) as _, config).map(drop);
    let other = BallotsConfig {
        network: [8; 32],
        ..config.clone()
    };
    assert!(matches!(open(other), Err(FileError::OtherNetwork { .. })));
    let small = BallotsConfig {
        participations_max: 0,
        ..config.clone()
    };
    assert!(open(small).is_ok(), "what there is fits beside events");
    let bytes = std::fs::read(&config.file).unwrap();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        std::fs::write(&config.file, &changed).unwrap();
        let refused = open(config.clone());
        let is_told = matches!(refused, Err(FileError::Damaged { .. }));
        assert!(is_told, "{position}: {refused:?}");
        std::fs::write(&config.file, &bytes[..position]).unwrap();
        let refused = open(config.clone());
        assert!(matches!(refused, Err(FileError::Damaged { .. })));
    }
    let mut newer = bytes.clone();
    newer[13] = 9;
    std::fs::write(&config.file, &newer).unwrap();
    let refused = open(config.clone());
    assert!(matches!(refused, Err(FileError::Newer { found: 9, .. })));
    std::fs::write(&config.file, &bytes).unwrap();
    open(config).unwrap();
}

#[tokio::test]
async fn follower_sleeps_without_an_event_and_counts_with_one() {
    let net = Net::new();
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(net.ballots.clone().run(stopping));
    let id = net.ballots.add(event(4, 1, 5)).await.unwrap();
    {
        let cast = vec![vote(1, 1, 3_000, &[(id, &[20])])];
        let votes = MilestoneVotes {
            cast,
            consumed: Vec::new(),
        };
        net.ledger.milestones.lock().unwrap().insert(5, votes);
        net.ledger.standing.lock().unwrap().confirmed = MilestoneIndex(6);
    }
    let counted = async {
        while net.tally(&id, 20) != (3, 3) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted)
        .await
        .expect("it is counted");
    stop.send_replace(true);
    running.await.unwrap();
    let net = reopened(net);
    assert_eq!(net.tally(&id, 20), (3, 3));
    assert!(net.ballots.remove(id).await.unwrap());
}
