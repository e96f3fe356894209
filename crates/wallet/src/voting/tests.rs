use tangle_types::{Address, Unlock};

use super::*;
use crate::balance::Balance;
use crate::build::tests::{Fixture, NOW, amounts, fixture};
use crate::build::{BuildError, basic};
use crate::prepared::Prepared;

const FIRST: EventId = EventId([1; 32]);
const SECOND: EventId = EventId([2; 32]);

fn part(event_id: EventId, answers: &[u8]) -> Participation {
    Participation {
        event_id,
        answers: answers.to_vec(),
    }
}

/// A basic output with the tag, and metadata if there is any.
fn voting(owner: Address, amount: u64, metadata: &[u8]) -> Output {
    let Output::Basic(mut output) = basic(owner, amount, Vec::new()) else {
        unreachable!("it is basic");
    };
    let mut features = vec![Feature::Tag(b"PARTICIPATE".to_vec())];
    if !metadata.is_empty() {
        features.push(Feature::Metadata(metadata.to_vec()));
    }
    output.features = Features::new(features).expect("two kinds");
    Output::Basic(output)
}

fn bytes(parts: &[Participation]) -> Vec<u8> {
    Participations(parts.to_vec()).to_bytes()
}

/// A wallet with coins, and a voting output of five million that says something.
fn voter(parts: &[Participation]) -> Fixture {
    let mut wallet = fixture();
    wallet.coins(0, 3_000_000);
    let said = voting(wallet.own(0), 5_000_000, &bytes(parts));
    wallet.hold(said);
    wallet
}

fn build(wallet: &Fixture, wish: Result<Wish, ActionError>) -> Prepared {
    let wish = wish.expect("it can be wished for");
    wallet.source().build(wish).expect("the ledger takes it")
}

fn none() -> BTreeSet<EventId> {
    BTreeSet::new()
}

fn payload(prepared: &Prepared) -> (&[u8], &[u8]) {
    let data = prepared.essence.payload.as_ref().expect("tagged data");
    (&data.tag, &data.data)
}

#[test]
fn first_voting_power_is_an_output_with_a_tag_and_nothing_more() {
    let mut wallet = fixture();
    wallet.coins(4, 3_000_000);
    let prepared = build(
        &wallet,
        wallet.source().increase_voting_power(1_000_000, &none()),
    );
    assert_eq!(
        prepared.essence.outputs[0],
        voting(wallet.own(0), 1_000_000, &[])
    );
    assert_eq!(amounts(&prepared), [1_000_000, 2_000_000]);
    assert_eq!(prepared.essence.payload, None);
    let refused = wallet.source().increase_voting_power(10_000, &none());
    assert!(matches!(refused, Err(ActionError::VotingDeposit { .. })));
}

/// As `inx-participation` wants it: one output, to an address that signs, tagged data with the
/// participations; and as the official wallet writes it: the output repeats them.
#[test]
fn a_vote_turns_the_voting_output_into_itself() {
    let wallet = voter(&[part(FIRST, &[1])]);
    let prepared = build(
        &wallet,
        wallet.source().vote(Some(part(SECOND, &[2, 0])), &none()),
    );
    let said = bytes(&[part(FIRST, &[1]), part(SECOND, &[2, 0])]);
    assert_eq!(
        prepared.essence.outputs,
        [voting(wallet.own(0), 5_000_000, &said)]
    );
    assert_eq!(payload(&prepared), (&b"PARTICIPATE"[..], &said[..]));
    let transaction = wallet.sign(&prepared);
    let [Unlock::Signature { public_key, .. }] = &transaction.unlocks[..] else {
        panic!("one signature");
    };
    assert_eq!(Address::from_public_key(public_key), wallet.own(0));
}

#[test]
fn a_vote_takes_the_place_of_the_one_before_and_ended_events_are_left_away() {
    let wallet = voter(&[part(FIRST, &[1]), part(SECOND, &[1])]);
    let source = wallet.source();
    let again = build(&wallet, source.vote(Some(part(FIRST, &[2])), &none()));
    assert_eq!(
        payload(&again).1,
        bytes(&[part(FIRST, &[2]), part(SECOND, &[1])])
    );
    let ended = BTreeSet::from([SECOND]);
    let without = build(&wallet, source.vote(None, &ended));
    assert_eq!(payload(&without).1, bytes(&[part(FIRST, &[1])]));
    let all = BTreeSet::from([FIRST, SECOND]);
    assert!(matches!(
        source.vote(None, &all),
        Err(ActionError::Nothing(_))
    ));
}

#[test]
fn the_last_vote_taken_back_leaves_an_empty_list() {
    let wallet = voter(&[part(FIRST, &[1])]);
    let source = wallet.source();
    let stopped = build(&wallet, source.stop_participating(FIRST, &none()));
    assert_eq!(payload(&stopped), (&b"PARTICIPATE"[..], &[0][..]));
    assert_eq!(
        stopped.essence.outputs,
        [voting(wallet.own(0), 5_000_000, &[0])]
    );
    let refused = source.stop_participating(SECOND, &none());
    assert!(matches!(
        refused,
        Err(ActionError::NotParticipating(SECOND))
    ));
}

#[test]
fn changed_power_keeps_what_is_said() {
    let wallet = voter(&[part(FIRST, &[1]), part(SECOND, &[])]);
    let source = wallet.source();
    let ended = BTreeSet::from([SECOND]);
    let said = bytes(&[part(FIRST, &[1])]);
    for (wish, outputs) in [
        (
            source.increase_voting_power(1_000_000, &ended),
            [6_000_000, 2_000_000],
        ),
        (
            source.decrease_voting_power(1_000_000, &ended),
            [4_000_000, 1_000_000],
        ),
    ] {
        let prepared = build(&wallet, wish);
        assert_eq!(amounts(&prepared), outputs);
        assert_eq!(
            prepared.essence.outputs[0],
            voting(wallet.own(0), outputs[0], &said)
        );
        assert_eq!(payload(&prepared), (&b"PARTICIPATE"[..], &said[..]));
    }
    let all = build(&wallet, source.decrease_voting_power(5_000_000, &none()));
    assert_eq!(
        all.essence.outputs,
        [basic(wallet.own(0), 5_000_000, Vec::new())]
    );
    assert_eq!(all.essence.payload, None);
    let refused = source.decrease_voting_power(5_000_001, &none());
    assert!(matches!(refused, Err(ActionError::VotingPower { .. })));
    // What is left has to pay for its bytes.
    let refused = source.decrease_voting_power(4_950_000, &none());
    assert!(matches!(refused, Err(ActionError::VotingDeposit { .. })));
}

#[test]
fn nothing_else_spends_the_voting_output() {
    let mut wallet = voter(&[part(FIRST, &[1])]);
    let refused = wallet.pay(4_000_000).expect_err("the rest is kept apart");
    assert!(
        matches!(refused, BuildError::Coins { missing: 1_000_000 }),
        "{refused}"
    );
    assert!(matches!(
        wallet.source().consolidation(),
        Err(ActionError::Nothing(_))
    ));
    let rent = wallet.parameters.rent;
    let balance = Balance::of(&wallet.state, 0, &rent, NOW);
    assert_eq!(
        (balance.total, balance.available, balance.voting),
        (8_000_000, 3_000_000, 5_000_000)
    );
    // Of several the largest is the voting output; the others are coins like all.
    let smaller = voting(wallet.own(1), 2_000_000, &[]);
    let smaller = wallet.hold(smaller);
    let prepared = wallet.pay(4_000_000).expect("with the smaller one");
    assert!(prepared.essence.inputs.contains(&smaller));
    assert_eq!(
        wallet
            .source_of(1)
            .voting_output()
            .map(|voting| voting.held.id),
        None
    );
}

#[test]
fn foreign_metadata_stops_votes_and_not_coins() {
    let mut wallet = fixture();
    let foreign = voting(wallet.own(0), 5_000_000, b"hello");
    wallet.hold(foreign);
    let source = wallet.source();
    let refused = source.vote(Some(part(FIRST, &[1])), &none());
    assert!(matches!(refused, Err(ActionError::VotingMetadata(_))));
    let all = build(&wallet, source.decrease_voting_power(5_000_000, &none()));
    assert_eq!(amounts(&all), [5_000_000]);
}

#[test]
fn nobody_votes_without_a_voting_output() {
    let mut wallet = fixture();
    wallet.coins(0, 3_000_000);
    let source = wallet.source();
    for wish in [
        source.vote(Some(part(FIRST, &[1])), &none()),
        source.stop_participating(FIRST, &none()),
        source.decrease_voting_power(1, &none()),
    ] {
        assert!(matches!(wish, Err(ActionError::NoVotingOutput)));
    }
}

#[test]
fn more_votes_than_metadata_holds_are_refused() {
    let many: Vec<Participation> = (0..190)
        .map(|byte| part(EventId([byte; 32]), &[1; 10]))
        .collect();
    let mut wallet = fixture();
    let said = voting(wallet.own(0), 500_000_000, &bytes(&many));
    wallet.hold(said);
    let refused = wallet
        .source()
        .vote(Some(part(EventId([255; 32]), &[1; 10])), &none());
    assert!(
        matches!(refused, Err(ActionError::Bytes { found: 8214, .. })),
        "{refused:?}"
    );
}
