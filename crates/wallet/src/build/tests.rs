use tangle_crypto::mnemonic::Mnemonic;
use tangle_types::{
    AliasId, BlockId, ConflictReason, MilestoneIndex, NftId, NftOutput, Transaction, TransactionId,
    Unlock,
};

use super::*;
use crate::actions::{ActionError, AliasPart, Terms};
use crate::keys::{COIN_IOTA, KeyPlace, SeedSigner};
use crate::state::Record;
use crate::sync::extend_keys;

pub(crate) const NOW: UnixSeconds = UnixSeconds(1_000_000);
pub(crate) const DEPOSIT: u64 = 42_600;

/// A wallet with an account of 20 keys, and outputs by the number of their transaction.
pub(crate) struct Fixture {
    pub(crate) state: State,
    signer: SeedSigner,
    pub(crate) parameters: ProtocolParameters,
    next: u8,
}

pub(crate) fn fixture() -> Fixture {
    let words = Mnemonic::from_entropy(&[5; 32]).expect("32 bytes");
    let signer = SeedSigner::new(&words, COIN_IOTA).expect("a coin type");
    let mut state = State::default();
    state.accounts.entry(0).or_default();
    state.accounts.entry(1).or_default();
    extend_keys(&mut state, &signer).expect("small numbers");
    let mut parameters = tangle_testkit::arbitrary::parameters();
    parameters.rent = tangle_types::RentStructure {
        v_byte_cost: 100,
        v_byte_factor_data: 1,
        v_byte_factor_key: 10,
    };
    parameters.token_supply = u64::MAX;
    Fixture {
        state,
        signer,
        parameters,
        next: 0,
    }
}

impl Fixture {
    pub(crate) fn own(&self, index: u32) -> Address {
        let keys = &self.state.accounts[&0].external;
        keys.address(index).expect("20 keys are known")
    }

    /// An address of the second account.
    fn second(&self, index: u32) -> Address {
        let keys = &self.state.accounts[&1].external;
        keys.address(index).expect("20 keys are known")
    }

    pub(crate) fn hold(&mut self, output: Output) -> OutputId {
        self.next += 1;
        let id = OutputId::new(TransactionId([self.next; 32]), 0);
        self.state.put(Record {
            output: LedgerOutput {
                id,
                block_id: BlockId::ZERO,
                milestone_index: MilestoneIndex(1),
                milestone_timestamp: UnixSeconds(1),
                output,
            },
            spent: None,
        });
        id
    }

    pub(crate) fn coins(&mut self, key: u32, amount: u64) -> OutputId {
        let owner = self.own(key);
        self.hold(basic(owner, amount, Vec::new()))
    }

    pub(crate) fn source(&self) -> Source<'_> {
        self.source_of(0)
    }

    pub(crate) fn source_of(&self, account: u32) -> Source<'_> {
        Source {
            state: &self.state,
            account,
            parameters: &self.parameters,
            now: NOW,
        }
    }

    pub(crate) fn pay(&self, amount: u64) -> Result<Prepared, BuildError> {
        self.source().build(Wish {
            outputs: vec![basic(other(), amount, Vec::new())],
            ..Wish::default()
        })
    }

    pub(crate) fn sign(&self, prepared: &Prepared) -> Transaction {
        prepared.sign(&self.signer).expect("the keys are its own")
    }
}

pub(crate) fn other() -> Address {
    Address::Ed25519([200; 32])
}

fn conditional(owner: Address, amount: u64, more: Vec<UnlockCondition>) -> Output {
    let mut conditions = vec![UnlockCondition::Address(owner)];
    conditions.extend(more);
    let Output::Basic(mut output) = basic(owner, amount, Vec::new()) else {
        unreachable!("it is basic");
    };
    output.unlock_conditions = UnlockConditions::new(conditions).expect("unique");
    Output::Basic(output)
}

pub(crate) fn amounts(prepared: &Prepared) -> Vec<u64> {
    prepared
        .essence
        .outputs
        .iter()
        .map(Output::amount)
        .collect()
}

#[test]
fn smallest_output_that_suffices_pays_and_the_rest_comes_back() {
    let mut wallet = fixture();
    wallet.coins(0, 10_000_000);
    let middle = wallet.coins(3, 2_000_000);
    wallet.coins(1, 1_000_000);
    let prepared = wallet.pay(1_500_000).expect("enough");
    assert_eq!(prepared.essence.inputs, [middle]);
    assert_eq!(amounts(&prepared), [1_500_000, 500_000]);
    let rest = &prepared.essence.outputs[1];
    assert_eq!(rest.unlock_conditions().address(), Some(&wallet.own(3)));
    let transaction = wallet.sign(&prepared);
    assert!(matches!(
        &transaction.unlocks[..],
        [Unlock::Signature { .. }]
    ));
}

#[test]
fn rest_that_could_not_be_an_output_takes_another_input_or_is_refused() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let all = wallet.pay(1_000_000).expect("nothing is left");
    assert_eq!(amounts(&all), [1_000_000]);
    let refused = wallet
        .pay(1_000_000 - DEPOSIT + 1)
        .expect_err("too little is left");
    let BuildError::Remainder { left, needed } = refused else {
        panic!("{refused}");
    };
    assert_eq!((left, needed), (DEPOSIT - 1, DEPOSIT));
    wallet.coins(0, 500_000);
    let more = wallet
        .pay(1_000_000 - DEPOSIT + 1)
        .expect("with the second");
    assert_eq!(
        amounts(&more),
        [1_000_000 - DEPOSIT + 1, 500_000 + DEPOSIT - 1]
    );
    let unlocks = wallet.sign(&more).unlocks;
    assert!(matches!(
        &unlocks[..],
        [Unlock::Signature { .. }, Unlock::Reference(0)]
    ));
}

#[test]
fn what_cannot_be_spent_now_does_not_count() {
    let mut wallet = fixture();
    let own = wallet.own(0);
    let lock = |time| vec![UnlockCondition::Timelock(UnixSeconds(time))];
    let expires = |to, time| {
        vec![UnlockCondition::Expiration {
            return_address: to,
            unix_time: UnixSeconds(time),
        }]
    };
    wallet.hold(conditional(own, 1_000_000, lock(NOW.0 + 1)));
    wallet.hold(conditional(own, 1_000_000, expires(other(), NOW.0 + 5_000)));
    wallet.hold(conditional(own, 1_000_000, expires(other(), NOW.0)));
    wallet.hold(conditional(own, 1_000_000, expires(other(), NOW.0 + 30)));
    wallet.hold(conditional(other(), 1_000_000, expires(own, NOW.0 + 5_000)));
    let refused = wallet.pay(500_000).expect_err("nothing is free");
    assert!(
        matches!(refused, BuildError::Coins { missing: 500_000 }),
        "{refused}"
    );
    // Open again, and expired in our favour.
    wallet.hold(conditional(own, 300_000, lock(NOW.0)));
    wallet.hold(conditional(other(), 300_000, expires(own, NOW.0)));
    let prepared = wallet.pay(500_000).expect("both");
    assert_eq!(prepared.inputs.len(), 2);
}

#[test]
fn claim_returns_what_was_lent() {
    let mut wallet = fixture();
    let own = wallet.own(0);
    let lent = vec![
        UnlockCondition::StorageDepositReturn {
            return_address: other(),
            amount: 50_000,
        },
        UnlockCondition::Expiration {
            return_address: other(),
            unix_time: UnixSeconds(NOW.0 + 5_000),
        },
    ];
    wallet.hold(conditional(own, 50_001, lent));
    let source = wallet.source();
    let wish = source.claim(&[]).expect("one can be claimed");
    let alone = source
        .build(wish.clone())
        .expect_err("one coin is no output");
    assert!(
        matches!(alone, BuildError::Remainder { left: 1, .. }),
        "{alone}"
    );
    wallet.coins(2, 100_000);
    let prepared = wallet.source().build(wish).expect("with a coin of ours");
    assert_eq!(amounts(&prepared), [50_000, 100_001]);
    wallet.sign(&prepared);
}

#[test]
fn lent_deposit_is_as_small_as_it_can_be() {
    let mut wallet = fixture();
    wallet.coins(0, 10_000_000);
    let source = wallet.source();
    let terms = Terms::default();
    let small = source.parcel(other(), 1, Vec::new(), &terms);
    assert!(matches!(
        small,
        Err(ActionError::BelowDeposit {
            amount: 1,
            needed: DEPOSIT
        })
    ));
    let terms = Terms {
        lends_deposit: true,
        ..Terms::default()
    };
    let wish = source.parcel(other(), 1, Vec::new(), &terms).expect("lent");
    let output = &wish.outputs[0];
    assert_eq!(output.amount(), output.deposit_min(&wallet.parameters.rent));
    let (to, amount) = output
        .unlock_conditions()
        .storage_deposit_return()
        .expect("lent");
    assert_eq!((*to, amount), (wallet.own(0), output.amount() - 1));
    source.build(wish).expect("enough");
}

fn nft(id: NftId, owner: Address) -> Output {
    Output::Nft(Box::new(NftOutput {
        amount: 100_000,
        native_tokens: Vec::new(),
        nft_id: id,
        unlock_conditions: UnlockConditions::new(vec![UnlockCondition::Address(owner)])
            .expect("one"),
        features: Features::default(),
        immutable_features: Features::default(),
    }))
}

/// An alias in the ledger, as `create_alias` of the second account makes one.
fn alias_of_the_second(wallet: &mut Fixture, id: AliasId) -> OutputId {
    let source = wallet.source_of(1);
    let wish = source.create_alias(&[], &[]).expect("it has keys");
    let Output::Alias(mut alias) = wish.outputs[0].clone() else {
        panic!("an alias");
    };
    alias.alias_id = id;
    wallet.hold(Output::Alias(alias))
}

#[test]
fn an_account_uses_nothing_of_another_account() {
    let mut wallet = fixture();
    wallet.coins(0, 10_000_000);
    let owner = wallet.second(0);
    let coins = wallet.hold(basic(owner, 10_000_000, Vec::new()));
    let (nft_id, alias_id) = (NftId([9; 32]), AliasId([7; 32]));
    let held = [
        coins,
        wallet.hold(nft(nft_id, owner)),
        alias_of_the_second(&mut wallet, alias_id),
    ];
    for id in held {
        let wish = Wish {
            inputs: vec![id],
            ..Wish::default()
        };
        let refused = wallet.source().build(wish).expect_err("it is the second's");
        assert!(matches!(refused, BuildError::NotOurs { .. }), "{refused}");
    }
    let source = wallet.source_of(1);
    let (wish, token) = source
        .create_foundry(alias_id, 5.into(), 10.into(), &[])
        .expect("it is the second's");
    let made = source.build(wish).expect("the rules allow it");
    assert!(made.keys().iter().all(|(place, _)| place.account == 1));
    for input in &made.essence.inputs {
        wallet.state.outputs.remove(input);
    }
    for output in made.essence.outputs {
        wallet.hold(output);
    }
    let is_refused = |wish: Result<Wish, ActionError>| {
        let refused = wish.err();
        assert!(
            matches!(refused, Some(ActionError::OtherAccount { account: 1, .. })),
            "{refused:?}"
        );
    };
    let first = wallet.source();
    is_refused(first.send_nft(nft_id, other()));
    is_refused(first.burn_nft(nft_id));
    is_refused(first.destroy_alias(alias_id));
    is_refused(
        first
            .create_foundry(alias_id, 1.into(), 1.into(), &[])
            .map(|(wish, _)| wish),
    );
    is_refused(first.mint(token, 1.into()));
    is_refused(first.melt(token, 1.into()));
    is_refused(first.destroy_foundry(token));
    let burnt = first.build(first.burn(token, 1.into()));
    assert!(matches!(burnt, Err(BuildError::Tokens { .. })), "{burnt:?}");
    let second = wallet.source_of(1);
    let sent = second.build(second.send_nft(nft_id, other()).expect("its own"));
    sent.expect("the second account does it");
}

#[test]
fn alias_is_given_away_by_who_governs_it() {
    let mut wallet = fixture();
    let id = AliasId([7; 32]);
    alias_of_the_second(&mut wallet, id);
    let owner = wallet.second(0);
    for (part, controller, governor) in [
        (AliasPart::All, other(), other()),
        (AliasPart::State, other(), owner),
        (AliasPart::Governance, owner, other()),
    ] {
        let source = wallet.source_of(1);
        let wish = source.send_alias(id, other(), part).expect("it governs");
        let prepared = source.build(wish).expect("the rules allow it");
        let [output] = &prepared.essence.outputs[..] else {
            panic!("nothing is left over");
        };
        let conditions = output.unlock_conditions();
        assert_eq!(conditions.state_controller(), Some(&controller));
        assert_eq!(conditions.governor(), Some(&governor));
        let first = wallet.source().send_alias(id, other(), part);
        assert!(matches!(first, Err(ActionError::OtherAccount { .. })));
    }
}

#[test]
fn nft_comes_before_what_it_owns() {
    let mut wallet = fixture();
    let id = NftId([9; 32]);
    let nft = nft(id, wallet.own(4));
    let owned = wallet.hold(basic(Address::Nft(id), 70_000, Vec::new()));
    let nft_at = wallet.hold(nft.clone());
    let wish = Wish {
        outputs: vec![nft],
        inputs: vec![owned, nft_at],
        ..Wish::default()
    };
    let prepared = wallet.source().build(wish).expect("the NFT opens it");
    assert_eq!(prepared.essence.inputs, [nft_at, owned]);
    let unlocks = wallet.sign(&prepared).unlocks;
    assert!(matches!(
        &unlocks[..],
        [Unlock::Signature { .. }, Unlock::Nft(0)]
    ));
    let alone = Wish {
        inputs: vec![owned],
        ..Wish::default()
    };
    let refused = wallet.source().build(alone).expect_err("nothing opens it");
    assert!(
        matches!(refused, BuildError::Nothing | BuildError::NotOurs { .. }),
        "{refused}"
    );
}

#[test]
fn tokens_are_minted_melted_and_burned_as_the_rules_say() {
    let mut wallet = fixture();
    wallet.coins(0, 10_000_000);
    let Output::Alias(mut alias) = wallet
        .source()
        .create_alias(&[], &[])
        .expect("fine")
        .outputs[0]
        .clone()
    else {
        panic!("an alias");
    };
    alias.alias_id = AliasId([7; 32]);
    wallet.hold(Output::Alias(alias));
    let source = wallet.source();
    let (wish, token) = source
        .create_foundry(AliasId([7; 32]), 100.into(), 1_000.into(), b"gold")
        .expect("it is ours");
    let prepared = source.build(wish).expect("the rules allow it");
    let outputs = prepared.essence.outputs.clone();
    let minted = outputs[2].native_tokens();
    assert_eq!((minted[0].id, minted[0].amount), (token, 100.into()));

    // As if that had been included.
    for input in &prepared.essence.inputs {
        wallet.state.outputs.remove(input);
    }
    for output in outputs {
        wallet.hold(output);
    }
    let source = wallet.source();
    source
        .build(source.mint(token, 900.into()).expect("up to the maximum"))
        .expect("rules");
    assert!(source.mint(token, 901.into()).is_err());
    source
        .build(source.melt(token, 100.into()).expect("all of them"))
        .expect("rules");
    assert!(source.melt(token, 101.into()).is_err());
    let burned = source.build(source.burn(token, 40.into())).expect("rules");
    let left: Vec<_> = burned
        .essence
        .outputs
        .iter()
        .flat_map(Output::native_tokens)
        .collect();
    assert_eq!(left[0].amount, 60.into());
    let too_many = source
        .build(source.burn(token, 101.into()))
        .expect_err("not there");
    assert!(matches!(too_many, BuildError::Tokens { .. }), "{too_many}");
    assert!(
        source.destroy_alias(AliasId([7; 32])).is_err(),
        "it has a foundry"
    );
    let wish = source.destroy_foundry(token).expect("it is ours");
    source.build(wish).expect("all of its tokens are here");
}

#[test]
fn at_most_128_inputs_are_taken() {
    let mut wallet = fixture();
    for _ in 0..140 {
        wallet.coins(0, 100_000);
    }
    let wish = wallet.source().consolidation().expect("many");
    let prepared = wallet.source().build(wish).expect("the rules allow it");
    assert_eq!(prepared.inputs.len(), INPUTS_MAX);
    assert_eq!(amounts(&prepared), [128 * 100_000]);
    assert_eq!(wallet.sign(&prepared).unlocks.len(), INPUTS_MAX);
    let refused = wallet.pay(135 * 100_000).expect_err("it needs more inputs");
    assert!(matches!(refused, BuildError::Inputs), "{refused}");
}

#[test]
fn file_of_a_prepared_transaction_comes_back_and_a_changed_one_is_refused() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let prepared = wallet.pay(400_000).expect("enough");
    let text = prepared.to_json();
    let back = Prepared::from_json(&text).expect("as written");
    assert_eq!(back.essence, prepared.essence);
    assert_eq!(wallet.sign(&back), wallet.sign(&prepared));
    // Another amount in the output that is consumed.
    let shown = hex::encode(1_000_000_u64.to_le_bytes());
    let forged = text.replace(&shown, &hex::encode(9_000_000_u64.to_le_bytes()));
    assert_ne!(forged, text);
    assert!(Prepared::from_json(&forged).is_err());
    assert!(Prepared::from_json("{}").is_err());
}

#[test]
fn another_wallet_cannot_sign_it() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let prepared = wallet.pay(400_000).expect("enough");
    let words = Mnemonic::from_entropy(&[6; 32]).expect("32 bytes");
    let stranger = SeedSigner::new(&words, COIN_IOTA).expect("a coin type");
    assert!(prepared.sign(&stranger).is_err());
}

#[test]
fn ledger_rules_are_asked_before_anything_is_signed() {
    let mut wallet = fixture();
    wallet.coins(0, 1_000_000);
    let mut prepared = wallet.pay(400_000).expect("enough");
    prepared.essence.inputs_commitment = [0; 32];
    let refused = prepared
        .check(&wallet.parameters, NOW)
        .expect_err("another commitment");
    let reason = ConflictReason::InputsCommitmentMismatch;
    assert!(
        matches!(refused, RuleError::Conflict(found) if found == reason),
        "{refused}"
    );
    let place = KeyPlace {
        account: 0,
        is_internal: false,
        index: 0,
    };
    assert_eq!(prepared.keys()[0].0, place);
}
