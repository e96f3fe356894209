use tangle_types::{
    AliasOutput, BasicOutput, BlockId, Feature, Features, FoundryOutput, LedgerOutput, NativeToken,
    NftOutput, RentStructure, SimpleTokenScheme, UnlockCondition, UnlockConditions,
};

use super::*;
use crate::balance::Balance;

const OTHER: Address = Address::Ed25519([200; 32]);
const EXPIRES: UnixSeconds = UnixSeconds(1_000);

/// A wallet of one key, whose transactions are numbers that are milestones and ten times the time.
struct Fixture {
    state: State,
}

fn fixture() -> Fixture {
    let mut state = State::default();
    state.add_keys(0, false, &[[1; 32]]);
    state.add_keys(1, false, &[[2; 32]]);
    Fixture { state }
}

fn own() -> Address {
    Address::Ed25519([1; 32])
}

fn transaction(number: u8) -> TransactionId {
    TransactionId([number; 32])
}

fn coins(owner: Address, amount: u64, more: Vec<UnlockCondition>) -> Output {
    let conditions = [&[UnlockCondition::Address(owner)][..], &more].concat();
    Output::Basic(BasicOutput {
        amount,
        native_tokens: Vec::new(),
        unlock_conditions: UnlockConditions::new(conditions).expect("unique"),
        features: Features::default(),
    })
}

fn nft(id: NftId, owner: Address) -> Output {
    let conditions = vec![UnlockCondition::Address(owner)];
    Output::Nft(Box::new(NftOutput {
        amount: 50,
        native_tokens: Vec::new(),
        nft_id: id,
        unlock_conditions: UnlockConditions::new(conditions).expect("one"),
        features: Features::default(),
        immutable_features: Features::default(),
    }))
}

fn until(to: Address) -> UnlockCondition {
    UnlockCondition::Expiration {
        return_address: to,
        unix_time: EXPIRES,
    }
}

impl Fixture {
    /// The transaction called `number` spends outputs, makes some that name a key, and others.
    fn turn(&mut self, number: u8, spent: &[OutputId], made: &[Output]) -> Vec<OutputId> {
        for id in spent {
            let record = self.state.outputs.get_mut(id).expect("it was made");
            record.spent = Some(Spend {
                transaction_id: transaction(number),
                milestone_index: MilestoneIndex(u32::from(number)),
                milestone_timestamp: UnixSeconds(u32::from(number) * 10),
            });
        }
        let mut ids = Vec::new();
        for (index, output) in (0..).zip(made) {
            let id = OutputId::new(transaction(number), index);
            if self.state.concerns(output) {
                let output = LedgerOutput {
                    id,
                    block_id: BlockId::ZERO,
                    milestone_index: MilestoneIndex(u32::from(number)),
                    milestone_timestamp: UnixSeconds(u32::from(number) * 10),
                    output: output.clone(),
                };
                self.state.put(Record {
                    output,
                    spent: None,
                });
            }
            ids.push(id);
        }
        if !spent.is_empty() {
            self.state.put_elsewhere(transaction(number), made);
        }
        self.state.ledger.time = UnixSeconds(u32::from(number) * 10);
        ids
    }

    /// One line for each event: the time, what the account has more, and what that means. The sum
    /// is what the account has without what it can claim.
    fn lines(&self) -> Vec<String> {
        let events = history(&self.state, 0);
        let sum: i128 = events.iter().map(Event::net).sum();
        let rent = RentStructure {
            v_byte_cost: 0,
            v_byte_factor_data: 1,
            v_byte_factor_key: 1,
        };
        let balance = Balance::of(&self.state, 0, &rent, self.state.ledger.time);
        assert_eq!(sum, i128::from(balance.total - balance.claimable));
        let line = |event: &Event| {
            let changes = event.changes.iter().map(|change| {
                let to = match change.address {
                    Some(OTHER) => " other",
                    Some(_) => " named",
                    None => "",
                };
                let thing = match change.thing {
                    Thing::Coins(coins) => coins.to_string(),
                    Thing::Token(_, count) => format!("{count} tokens"),
                    Thing::Nft(_) => "nft".to_owned(),
                    Thing::Alias(_) => "alias".to_owned(),
                    Thing::Foundry(_) => "foundry".to_owned(),
                };
                format!("{} {thing}{to}", change.deed.name())
            });
            let changes: Vec<_> = changes.collect();
            format!("{} {:+} {}", event.time.0, event.net(), changes.join(", "))
        };
        events.iter().map(line).collect()
    }
}

#[test]
fn coins_are_received_sent_and_moved() {
    let mut wallet = fixture();
    let first = wallet.turn(
        1,
        &[],
        &[coins(own(), 100, vec![]), coins(own(), 50, vec![])],
    );
    let rest = wallet.turn(
        2,
        &first[..1],
        &[coins(OTHER, 30, vec![]), coins(own(), 70, vec![])],
    );
    wallet.turn(3, &[rest[1], first[1]], &[coins(own(), 120, vec![])]);
    assert_eq!(
        wallet.lines(),
        [
            "10 +150 received 150",
            "20 -30 sent 30 other",
            "30 +0 moved 120"
        ]
    );
}

#[test]
fn votes_are_told_and_what_is_kept_apart_for_them() {
    let voting = |amount, metadata: &[u8]| {
        let Output::Basic(mut basic) = coins(own(), amount, vec![]) else {
            unreachable!("it is basic");
        };
        let mut features = vec![Feature::Tag(b"PARTICIPATE".to_vec())];
        if !metadata.is_empty() {
            features.push(Feature::Metadata(metadata.to_vec()));
        }
        basic.features = Features::new(features).expect("two kinds");
        Output::Basic(basic)
    };
    let part = [&[1][..], &[9; 32], &[1, 2]].concat();
    let mut wallet = fixture();
    let first = wallet.turn(1, &[], &[coins(own(), 100, vec![])]);
    let kept = wallet.turn(2, &first, &[voting(70, &[]), coins(own(), 30, vec![])]);
    let voted = wallet.turn(3, &kept[..1], &[voting(70, &part)]);
    let stopped = wallet.turn(4, &voted, &[voting(70, &[0])]);
    let less = wallet.turn(5, &stopped, &[voting(60, &[0]), coins(own(), 10, vec![])]);
    wallet.turn(6, &less[..1], &[coins(own(), 60, vec![])]);
    assert_eq!(
        wallet.lines(),
        [
            "10 +100 received 100",
            "20 +0 set aside for voting 70",
            "30 +0 voted with 70",
            "40 +0 withdrew the votes of 70",
            "50 +0 released from voting 10",
            "60 +0 released from voting 60"
        ]
    );
}

#[test]
fn what_must_be_claimed_is_offered_first_and_lent_deposits_go_back() {
    let mut wallet = fixture();
    let lent = vec![
        UnlockCondition::StorageDepositReturn {
            return_address: OTHER,
            amount: 40,
        },
        until(OTHER),
    ];
    let offered = wallet.turn(1, &[], &[coins(own(), 41, lent.clone())]);
    wallet.turn(2, &[], &[coins(own(), 41, lent)]);
    let spare = wallet.turn(3, &[], &[coins(own(), 60, vec![])]);
    assert_eq!(wallet.lines()[0], "10 +0 offered 1");
    wallet.turn(
        4,
        &[offered[0], spare[0]],
        &[coins(OTHER, 40, vec![]), coins(own(), 61, vec![])],
    );
    // The second one was not taken in time.
    wallet.state.ledger.time = UnixSeconds(2_000);
    assert_eq!(
        wallet.lines()[2..],
        ["30 +60 received 60", "40 +1 claimed 1, returned 40 other"]
    );
}

#[test]
fn what_nobody_took_came_back() {
    let mut wallet = fixture();
    let first = wallet.turn(1, &[], &[coins(own(), 100, vec![])]);
    let sent = [
        coins(OTHER, 30, vec![until(own())]),
        coins(OTHER, 20, vec![until(own())]),
        coins(own(), 50, vec![]),
    ];
    let sent = wallet.turn(2, &first, &sent);
    assert_eq!(wallet.lines()[1], "20 -50 sent 50 other");
    // The receiver takes one in time.
    wallet.turn(3, &sent[..1], &[coins(OTHER, 30, vec![])]);
    wallet.turn(101, &[], &[]);
    assert_eq!(wallet.lines()[2..], ["1000 +20 came back 20"]);
    wallet.turn(110, &sent[1..2], &[coins(OTHER, 20, vec![])]);
    assert_eq!(
        wallet.lines()[2..],
        ["1000 +20 came back 20", "1100 -20 sent 20 other"]
    );
}

#[test]
fn nfts_are_made_sent_burnt_or_gone() {
    let mut wallet = fixture();
    let first = wallet.turn(1, &[], &[coins(own(), 200, vec![])]);
    let made = [
        nft(NftId::ZERO, own()),
        nft(NftId::ZERO, OTHER),
        coins(own(), 100, vec![]),
    ];
    let made = wallet.turn(2, &first, &made);
    let id = NftId::ZERO.or_from_output(&made[0]);
    wallet.turn(3, &made[..1], &[nft(id, OTHER)]);
    let back = wallet.turn(4, &[], &[nft(id, own())]);
    wallet.turn(5, &back, &[coins(own(), 50, vec![])]);
    let again = wallet.turn(6, &[], &[nft(NftId([7; 32]), own())]);
    wallet.turn(7, &again, &[]);
    wallet.state.elsewhere.remove(&transaction(7));
    assert_eq!(
        wallet.lines()[1..],
        [
            "20 -50 made nft, made nft other",
            "30 -50 sent nft other",
            "40 +50 received nft",
            "50 +0 burnt nft",
            "60 +50 received nft",
            "70 -50 gone nft, gone 50",
        ]
    );
}

#[test]
fn tokens_are_sent_and_burnt() {
    let mut wallet = fixture();
    let token = FoundryId([5; 38]);
    let with = |owner, amount: u64, count: u64| {
        let Output::Basic(mut output) = coins(owner, amount, vec![]) else {
            panic!("it is basic");
        };
        let amount = count.into();
        output.native_tokens = vec![NativeToken { id: token, amount }];
        Output::Basic(output)
    };
    let first = wallet.turn(1, &[], &[with(own(), 100, 10)]);
    let rest = wallet.turn(2, &first, &[with(OTHER, 40, 4), with(own(), 60, 6)]);
    wallet.turn(3, &rest[1..], &[with(own(), 60, 1)]);
    assert_eq!(
        wallet.lines(),
        [
            "10 +100 received 100, received 10 tokens",
            "20 -40 sent 40 other, sent 4 tokens other",
            "30 +0 burnt 5 tokens",
        ]
    );
    let sums = &history(&wallet.state, 0)[1].tokens[&token];
    assert_eq!(*sums, (6.into(), 10.into()));
}

fn alias(id: AliasId, index: u32, owner: Address) -> Output {
    let conditions = vec![
        UnlockCondition::StateController(owner),
        UnlockCondition::Governor(owner),
    ];
    Output::Alias(Box::new(AliasOutput {
        amount: 50,
        native_tokens: Vec::new(),
        alias_id: id,
        state_index: index,
        state_metadata: Vec::new(),
        foundry_counter: 1,
        unlock_conditions: UnlockConditions::new(conditions).expect("two kinds"),
        features: Features::default(),
        immutable_features: Features::default(),
    }))
}

fn foundry(id: AliasId, minted: u64) -> Output {
    let conditions = vec![UnlockCondition::ImmutableAlias(id)];
    Output::Foundry(Box::new(FoundryOutput {
        amount: 20,
        native_tokens: Vec::new(),
        serial_number: 1,
        token_scheme: SimpleTokenScheme {
            minted: minted.into(),
            melted: 0.into(),
            maximum: 100.into(),
        },
        unlock_conditions: UnlockConditions::new(conditions).expect("one"),
        features: Features::default(),
        immutable_features: Features::default(),
    }))
}

#[test]
fn foundries_go_and_come_with_their_alias() {
    let mut wallet = fixture();
    let first = wallet.turn(1, &[], &[coins(own(), 70, vec![])]);
    let made = wallet.turn(
        2,
        &first,
        &[alias(AliasId::ZERO, 0, own()), coins(own(), 20, vec![])],
    );
    let id = AliasId::ZERO.or_from_output(&made[0]);
    let second = wallet.turn(3, &made, &[alias(id, 1, own()), foundry(id, 0)]);
    wallet.turn(4, &second[..1], &[alias(id, 1, OTHER)]);
    // What the other one does with them is not ours.
    let theirs = wallet.turn(5, &second[1..], &[foundry(id, 5)]);
    wallet.state.elsewhere.remove(&transaction(5));
    assert_eq!(
        wallet.lines()[1..],
        [
            "20 +0 made alias",
            "30 +0 made foundry",
            "40 -70 sent alias other, sent foundry other",
        ]
    );
    // The foundry's output is older than the alias's return.
    let late = LedgerOutput {
        id: theirs[0],
        block_id: BlockId::ZERO,
        milestone_index: MilestoneIndex(5),
        milestone_timestamp: UnixSeconds(50),
        output: foundry(id, 5),
    };
    let back = wallet.turn(6, &[], &[alias(id, 2, own())]);
    wallet.state.put(Record {
        output: late,
        spent: None,
    });
    wallet.turn(
        7,
        &[back[0], theirs[0]],
        &[alias(id, 3, own()), coins(own(), 20, vec![])],
    );
    assert_eq!(
        wallet.lines()[4..],
        [
            "60 +70 received foundry, received alias",
            "70 +0 burnt foundry, melted 5 tokens",
        ]
    );
}
