//! Votes in a ledger that is written down milestone by milestone.
//!
//! Scenarios named after those of `participation_manager_test.go` of `inx-participation` (commit
//! 497bb11) have its figures.

mod keeping;
mod past;

use std::sync::Mutex;
use std::time::Duration;

use tangle_types::participation::{
    Answer, Ballot, EventPayload, Participation, Participations, Phase, Question, Staking,
};
use tangle_types::{BlockId, TransactionId};

use super::*;

/// All coins of the test network.
const SUPPLY: u64 = 1_000_000_000;

/// A ledger, and who counts its votes. It is at milestone 4, as those of the scenarios.
struct Net {
    ledger: Arc<Script>,
    ballots: Ballots,
    _folder: tempfile::TempDir,
}

/// What is written down.
struct Script {
    milestones: Mutex<BTreeMap<u32, MilestoneVotes>>,
    standing: Mutex<LedgerStanding>,
}

impl VoteLedger for Script {
    fn standing(&self) -> LedgerStanding {
        *self.standing.lock().unwrap()
    }

    fn milestone(&self, index: MilestoneIndex) -> Result<Option<MilestoneVotes>, LedgerError> {
        let standing = self.standing();
        assert!(index <= standing.confirmed, "{index:?} is still to come");
        if index <= standing.pruned {
            return Ok(None);
        }
        let milestones = self.milestones.lock().unwrap();
        Ok(Some(milestones.get(&index.0).cloned().unwrap_or_default()))
    }
}

impl Net {
    fn new() -> Self {
        Self::with_room(1_000)
    }

    fn with_room(participations_max: usize) -> Self {
        let ledger = Arc::new(Script {
            milestones: Mutex::default(),
            standing: Mutex::new(LedgerStanding {
                confirmed: MilestoneIndex(4),
                pruned: MilestoneIndex(0),
                supply: SUPPLY,
            }),
        });
        let folder = tempfile::tempdir().unwrap();
        let config = BallotsConfig {
            file: folder.path().join("ballots.bin"),
            network: [7; 32],
            participations_max,
        };
        let ballots = Ballots::open(Arc::clone(&ledger) as _, config).unwrap();
        Self {
            ledger,
            ballots,
            _folder: folder,
        }
    }

    fn add(&self, event: ParticipationEvent) -> EventId {
        self.ballots.shared.add(event).unwrap()
    }

    /// A milestone with votes, which spend the outputs of these numbers.
    fn milestone(&self, cast: Vec<CastVote>, spent: &[u8]) {
        let votes = MilestoneVotes {
            cast,
            consumed: spent.iter().map(|number| output_id(*number)).collect(),
        };
        let mut standing = self.ledger.standing.lock().unwrap();
        standing.confirmed = standing.confirmed.next();
        let mut milestones = self.ledger.milestones.lock().unwrap();
        milestones.insert(standing.confirmed.0, votes);
        drop((standing, milestones));
        self.follow();
    }

    fn milestones(&self, count: usize) {
        (0..count).for_each(|_| self.milestone(Vec::new(), &[]));
    }

    fn follow(&self) {
        while matches!(self.ballots.shared.pass(), Pass::More) {}
    }

    /// `current` and `accumulated` of an answer to the first question.
    fn tally(&self, id: &EventId, answer: u8) -> (u64, u64) {
        tally(&self.ballots.status(id, None).unwrap(), 0, answer)
    }

    /// How many participations go on, and how many have ended.
    fn participations(&self, id: &EventId) -> (usize, usize) {
        let count = |active| self.ballots.participations(id, active).participations.len();
        (count(true), count(false))
    }

    /// Start, end and amount of what an output takes part in.
    fn tracked(&self, id: &EventId, output: u8) -> Option<(u32, u32, u64)> {
        let found = self.ballots.output(&output_id(output));
        let tracked = found.participations.get(id)?;
        Some((
            tracked.start_milestone_index.0,
            tracked.end_milestone_index.0,
            tracked.amount,
        ))
    }
}

fn tally(status: &EventStatus, question: usize, answer: u8) -> (u64, u64) {
    let answers = &status.questions.0[question].answers.0;
    let found = answers.iter().find(|status| status.value == answer);
    found
        .map(|status| (status.current, status.accumulated))
        .unwrap()
}

fn output_id(number: u8) -> OutputId {
    OutputId::new(TransactionId([number; 32]), 0)
}

fn address(number: u8) -> Address {
    Address::Ed25519([number; 32])
}

/// The vote of an owner, in the output of a number.
fn vote(output: u8, owner: u8, amount: u64, answers: &[(EventId, &[u8])]) -> CastVote {
    let parts = answers.iter().map(|(event_id, answers)| Participation {
        event_id: *event_id,
        answers: answers.to_vec(),
    });
    CastVote {
        output_id: output_id(output),
        block_id: BlockId([output; 32]),
        address: address(owner),
        amount,
        participations: Participations(parts.collect()),
    }
}

/// One question with the answers 10 and 20, as the scenarios have it.
fn event(commence: u32, commencing: u32, holding: u32) -> ParticipationEvent {
    event_of(commence, commencing, holding, 1)
}

fn event_of(commence: u32, commencing: u32, holding: u32, questions: usize) -> ParticipationEvent {
    let answer = |value| Answer {
        value,
        text: format!("answer {value}"),
        additional_info: String::new(),
    };
    let question = Question {
        text: "question".to_owned(),
        answers: vec![answer(10), answer(20)],
        additional_info: String::new(),
    };
    ParticipationEvent {
        name: "event".to_owned(),
        milestone_index_commence: MilestoneIndex(commence),
        milestone_index_start: MilestoneIndex(commence + commencing),
        milestone_index_end: MilestoneIndex(commence + commencing + holding),
        payload: EventPayload::Ballot(Ballot {
            questions: vec![question; questions],
        }),
        additional_info: String::new(),
    }
}

/// `TestSingleBallotVote`.
#[test]
fn vote_counts_once_in_each_milestone_of_the_holding_phase() {
    let net = Net::new();
    let id = net.add(event(5, 2, 3));
    net.milestone(vec![vote(1, 1, 1_000_000, &[(id, &[10])])], &[]); // 5
    assert_eq!(net.tally(&id, 10), (0, 0), "too early");
    net.milestone(vec![vote(2, 1, 1_000_000, &[(id, &[10])])], &[1]); // 6
    assert_eq!(net.tally(&id, 10), (1_000, 0), "cast, and not counted yet");
    for (milestone, accumulated) in [(7, 0), (8, 1_000), (9, 2_000), (10, 3_000), (11, 3_000)] {
        net.milestones(1);
        assert_eq!(net.tally(&id, 10), (1_000, accumulated), "{milestone}");
    }
    let status = net.ballots.status(&id, None).unwrap();
    assert_eq!(status.milestone_index, MilestoneIndex(10));
    assert_eq!(status.status, Phase::Ended);
    assert_eq!(net.tracked(&id, 2), Some((6, 11, 1_000_000)));
    assert_eq!(net.tracked(&id, 1), None);
}

/// `TestInvalidVoteHandling`, `TestBallotVoteCancel`.
#[test]
fn vote_ends_when_its_output_is_spent() {
    let net = Net::new();
    let id = net.add(event(5, 2, 5));
    net.milestones(1); // 5
    let cast = |output| vec![vote(output, 1, 1_000_000, &[(id, &[10])])];
    net.milestone(cast(1), &[]); // 6
    assert_eq!(net.tally(&id, 10), (1_000, 0));
    net.milestone(Vec::new(), &[1]); // 7
    assert_eq!(net.tally(&id, 10), (0, 0));
    net.milestone(cast(2), &[]); // 8
    assert_eq!(net.tally(&id, 10), (1_000, 1_000));
    net.milestone(Vec::new(), &[2]); // 9
    net.milestones(1); // 10
    assert_eq!(net.tally(&id, 10), (0, 1_000));
    net.milestone(cast(3), &[]); // 11
    assert_eq!(net.tally(&id, 10), (1_000, 2_000));
    assert_eq!(net.participations(&id), (1, 2));
    assert_eq!(net.tracked(&id, 3), Some((11, 0, 1_000_000)));
    net.milestones(1); // 12
    assert_eq!(net.participations(&id), (0, 3));
    assert_eq!(net.tally(&id, 10), (1_000, 3_000));
    assert_eq!(net.tracked(&id, 1), Some((6, 7, 1_000_000)));
    assert_eq!(net.tracked(&id, 2), Some((8, 9, 1_000_000)));
    assert_eq!(net.tracked(&id, 3), Some((11, 13, 1_000_000)));
    net.milestone(Vec::new(), &[3]); // 13
    assert_eq!(net.tracked(&id, 3), Some((11, 13, 1_000_000)), "it is over");
}

/// `TestBallotAddVoteBalanceBySweeping`, `TestBallotAddVoteBalanceByMultipleOutputs`.
#[test]
fn more_coins_vote_from_when_they_are_added() {
    let (swept, several) = (Net::new(), Net::new());
    for net in [&swept, &several] {
        let id = net.add(event(5, 2, 5));
        net.milestones(3); // 7
        net.milestone(vec![vote(1, 1, 5_000_000, &[(id, &[10])])], &[]); // 8
        net.milestones(1); // 9
        assert_eq!(net.tally(&id, 10), (5_000, 10_000));
    }
    let id = event(5, 2, 5).id();
    swept.milestone(vec![vote(2, 1, 6_500_000, &[(id, &[10])])], &[1]); // 10
    several.milestone(vec![vote(2, 1, 1_500_000, &[(id, &[10])])], &[]); // 10
    for net in [&swept, &several] {
        assert_eq!(net.tally(&id, 10), (6_500, 16_500));
    }
    assert_eq!(swept.tracked(&id, 1), Some((8, 10, 5_000_000)));
    assert_eq!(swept.tracked(&id, 2), Some((10, 0, 6_500_000)));
    assert_eq!(several.tracked(&id, 1), Some((8, 0, 5_000_000)));
    assert_eq!(several.tracked(&id, 2), Some((10, 0, 1_500_000)));
    let owned = several.ballots.address(&address(1)).unwrap().outputs;
    assert_eq!(
        Vec::from_iter(owned.keys()),
        [&output_id(1), &output_id(2)],
        "those of the owner"
    );
    assert!(
        several
            .ballots
            .address(&address(2))
            .unwrap()
            .outputs
            .is_empty()
    );
}

/// `TestMultipleBallotVotes`, `TestChangeOpinionMidVote`.
#[test]
fn answers_are_counted_apart() {
    let net = Net::new();
    let id = net.add(event(5, 2, 5));
    net.milestones(3); // 7
    net.milestone(
        vec![
            vote(1, 1, 5_000_000, &[(id, &[0])]),
            vote(2, 2, 150_000_000, &[(id, &[10])]),
            vote(3, 3, 200_000_000, &[(id, &[20])]),
        ],
        &[],
    ); // 8
    assert_eq!(net.tally(&id, 0), (5_000, 5_000));
    assert_eq!(net.tally(&id, 10), (150_000, 150_000));
    assert_eq!(net.tally(&id, 20), (200_000, 200_000));
    net.milestone(vec![vote(4, 2, 150_000_000, &[(id, &[20])])], &[2]); // 9
    assert_eq!(net.tally(&id, 10), (0, 150_000));
    assert_eq!(net.tally(&id, 20), (350_000, 550_000));
    net.milestones(3); // 12
    assert_eq!(net.tally(&id, 0), (5_000, 25_000));
    assert_eq!(net.tally(&id, 20), (350_000, 1_600_000));
    assert_eq!(net.participations(&id), (0, 4));
}

#[test]
fn what_is_no_answer_is_invalid_and_what_does_not_fit_is_no_vote() {
    let net = Net::new();
    let id = net.add(event_of(4, 1, 10, 2));
    net.milestones(1); // 5
    net.milestone(
        vec![
            vote(1, 1, 1_999, &[(id, &[99, 255])]),
            vote(2, 2, 5_000, &[(id, &[10])]),
            vote(3, 3, 5_000, &[(id, &[10, 20, 20])]),
            vote(4, 4, 999, &[(id, &[10, 20])]),
            vote(5, 5, 7_000, &[(EventId([1; 32]), &[10, 20])]),
            vote(6, 6, 3_000, &[(id, &[20, 0])]),
        ],
        &[6],
    ); // 6
    let status = net.ballots.status(&id, None).unwrap();
    let values = |question: usize| -> Vec<(u8, u64, u64)> {
        let answers = status.questions.0[question].answers.0.iter();
        answers
            .map(|answer| (answer.value, answer.current, answer.accumulated))
            .collect()
    };
    assert_eq!(values(0), [(10, 0, 0), (20, 0, 0), (0, 0, 0), (255, 1, 1)]);
    assert_eq!(values(1), [(10, 0, 0), (20, 0, 0), (0, 0, 0), (255, 1, 1)]);
    assert_eq!(net.tracked(&id, 4), Some((6, 0, 999)), "of no weight");
    assert_eq!(net.tracked(&id, 6), Some((6, 6, 3_000)), "spent at once");
    for number in [2, 3, 5] {
        assert_eq!(net.tracked(&id, number), None, "{number}");
    }
}

/// What happens in `TestMultipleConcurrentEventsWithBallot` from milestone 5 on.
fn two_events(net: &Net, after: impl Fn(u32)) -> [EventId; 2] {
    let [one, two] = [event(5, 2, 5).id(), event(7, 2, 5).id()];
    let (amount1, amount2, amount3) = (5_000_000, 150_000_000, 200_000_000);
    let votes: [(u32, Vec<CastVote>, &[u8]); 9] = [
        (5, vec![], &[]),
        (
            6,
            vec![
                vote(1, 1, amount1, &[(one, &[10]), (two, &[20])]),
                vote(2, 2, amount2, &[(one, &[10])]),
            ],
            &[],
        ),
        (7, vec![], &[]),
        (8, vec![vote(3, 3, amount3, &[(two, &[20])])], &[]),
        (9, vec![], &[]),
        (10, vec![], &[]),
        (
            11,
            vec![vote(4, 1, amount1, &[(one, &[10]), (two, &[20])])],
            &[1],
        ),
        (12, vec![vote(5, 4, 300_000_000, &[(one, &[0])])], &[]),
        (13, vec![vote(6, 4, 300_000_000, &[(two, &[20])])], &[5]),
    ];
    for (index, cast, spent) in votes {
        net.milestone(cast, spent);
        after(index);
    }
    net.milestones(1);
    after(14);
    [one, two]
}

fn check_two_events(net: &Net, [one, two]: [EventId; 2]) {
    assert_eq!(net.tracked(&one, 1), Some((6, 11, 5_000_000)));
    assert_eq!(net.tracked(&two, 1), None, "too early");
    assert_eq!(net.tracked(&one, 4), Some((11, 13, 5_000_000)));
    assert_eq!(net.tracked(&two, 4), Some((11, 15, 5_000_000)));
    assert_eq!(net.tracked(&one, 2), Some((6, 13, 150_000_000)));
    assert_eq!(net.tracked(&two, 3), Some((8, 15, 200_000_000)));
    assert_eq!(net.tracked(&one, 5), Some((12, 13, 300_000_000)));
    assert_eq!(net.tracked(&two, 6), Some((13, 15, 300_000_000)));
    assert_eq!(net.tally(&one, 0), (300_000, 300_000));
    assert_eq!(net.tally(&one, 10), (155_000, 775_000));
    assert_eq!(net.tally(&one, 20), (0, 0));
    assert_eq!(net.tally(&two, 0), (0, 0));
    assert_eq!(net.tally(&two, 10), (0, 0));
    assert_eq!(net.tally(&two, 20), (505_000, 1_620_000));
}

/// `TestMultipleConcurrentEventsWithBallot`.
#[test]
fn one_output_votes_in_several_events() {
    let net = Net::new();
    let ids = [net.add(event(5, 2, 5)), net.add(event(7, 2, 5))];
    let expected = BTreeMap::from([
        (5, [(0, 0), (0, 0)]),
        (6, [(2, 0), (0, 0)]),
        (7, [(2, 0), (0, 0)]),
        (8, [(2, 0), (1, 0)]),
        (9, [(2, 0), (1, 0)]),
        (10, [(2, 0), (1, 0)]),
        (11, [(2, 1), (2, 0)]),
        (12, [(0, 4), (2, 0)]),
        (13, [(0, 4), (3, 0)]),
        (14, [(0, 4), (0, 3)]),
    ]);
    two_events(&net, |index| {
        let found = ids.map(|id| net.participations(&id));
        assert_eq!(found, expected[&index], "{index}");
    });
    check_two_events(&net, ids);
    assert_eq!(net.ballots.events(), {
        let mut ids = ids;
        ids.sort();
        ids
    });
}

/// `TestMultipleConcurrentEventsWithBallotCalculatedAfterEventEnded`.
#[test]
fn event_that_is_added_late_counts_what_was_before() {
    let net = Net::new();
    let ids = two_events(&net, |index| {
        if index == 9 {
            net.add(event(5, 2, 5));
        }
    });
    net.add(event(7, 2, 5));
    check_two_events(&net, ids);
}

#[test]
fn event_that_cannot_be_counted_is_refused() {
    let net = Net::new();
    let add = |event| net.ballots.shared.add(event).map(drop);
    let known = event(5, 2, 5);
    add(known.clone()).unwrap();
    assert!(matches!(add(known), Err(AddError::Known)));
    let mut staking = event(5, 2, 5);
    staking.payload = EventPayload::Staking(Staking {
        text: String::new(),
        symbol: "ABC".to_owned(),
        numerator: 1,
        denominator: 1,
        required_minimum_rewards: 0,
        additional_info: String::new(),
    });
    assert!(matches!(add(staking), Err(AddError::NotBallot)));
    let too_long = event(5, 2, u32::MAX - 7);
    net.ledger.standing.lock().unwrap().supply = u64::MAX;
    assert!(matches!(add(too_long), Err(AddError::Overflow)));
    for number in 2..=EVENTS_MAX as u32 {
        add(event(5, 2, 5 + number)).unwrap();
    }
    assert!(matches!(add(event(6, 2, 5)), Err(AddError::TooMany)));
}
