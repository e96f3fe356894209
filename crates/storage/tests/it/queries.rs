//! The index of unspent outputs against a naive filter over all of them.

use std::sync::Arc;

use proptest::prelude::*;
use tangle_engine::{MilestoneCommit, StoredMilestone};
use tangle_ledger::{Diff, Spendings};
use tangle_storage::{ChainQuery, Kind, OutputQuery, OwnedLimits, Reader, Writer};
use tangle_types::{
    Address, AliasId, AliasOutput, BasicOutput, BlockId, Feature, Features, FoundryId,
    FoundryOutput, LedgerOutput, MilestoneId, MilestoneIndex, NativeToken, NftId, NftOutput,
    Output, OutputId, SimpleTokenScheme, Spend, TransactionId, U256, UnixSeconds, UnlockCondition,
    UnlockConditions,
};

use crate::chain::{Chain, noise};
use crate::reopen;

/// Few addresses, so that queries have answers.
pub(crate) fn address(number: u64) -> Address {
    match number % 5 {
        0 => Address::Alias(AliasId([1; 32])),
        1 => Address::Nft(NftId([2; 32])),
        other => Address::Ed25519([other as u8; 32]),
    }
}

fn tag(number: u64) -> Vec<u8> {
    [&b"a"[..], b"ab", b"b"][number as usize % 3].to_vec()
}

/// An output that depends on nothing but `seed`.
fn output(seed: u64) -> Output {
    let pick = |salt: u64| noise(seed.wrapping_mul(31).wrapping_add(salt));
    let has = |salt: u64| pick(salt).is_multiple_of(3);
    let mut conditions = vec![UnlockCondition::Address(address(pick(1)))];
    if has(2) {
        conditions.push(UnlockCondition::StorageDepositReturn {
            return_address: address(pick(3)),
            amount: 5,
        });
    }
    if has(4) {
        conditions.push(UnlockCondition::Timelock(UnixSeconds(pick(5) as u32 % 10)));
    }
    if has(6) {
        conditions.push(UnlockCondition::Expiration {
            return_address: address(pick(7)),
            unix_time: UnixSeconds(pick(8) as u32 % 10),
        });
    }
    let mut features = Vec::new();
    if has(9) {
        features.push(Feature::Sender(address(pick(10))));
    }
    let mut immutable = Vec::new();
    if has(11) {
        immutable.push(Feature::Issuer(address(pick(12))));
    }
    let native_tokens = (0..pick(13) % 4)
        .map(|number| NativeToken {
            id: FoundryId([number as u8; 38]),
            amount: U256::from(7),
        })
        .collect();
    let amount = 100;
    let list = |conditions| UnlockConditions::new(conditions).expect("each kind once");
    let set = |features| Features::new(features).expect("each kind once");
    match pick(14) % 5 {
        0 => Output::Alias(Box::new(AliasOutput {
            amount,
            native_tokens,
            alias_id: AliasId::ZERO,
            state_index: 0,
            state_metadata: Vec::new(),
            foundry_counter: 0,
            unlock_conditions: list(vec![
                UnlockCondition::StateController(address(pick(15))),
                UnlockCondition::Governor(address(pick(16))),
            ]),
            features: set(features),
            immutable_features: set(immutable),
        })),
        1 => Output::Foundry(Box::new(FoundryOutput {
            amount,
            native_tokens,
            serial_number: seed as u32,
            token_scheme: SimpleTokenScheme {
                minted: U256::zero(),
                melted: U256::zero(),
                maximum: U256::from(9),
            },
            unlock_conditions: list(vec![UnlockCondition::ImmutableAlias(AliasId(
                [1 + (pick(17) % 2) as u8; 32],
            ))]),
            features: Features::default(),
            immutable_features: Features::default(),
        })),
        kind => {
            if has(18) {
                features.push(Feature::Tag(tag(pick(19))));
            }
            if kind == 2 {
                return Output::Nft(Box::new(NftOutput {
                    amount,
                    native_tokens,
                    nft_id: NftId::ZERO,
                    unlock_conditions: list(conditions),
                    features: set(features),
                    immutable_features: set(immutable),
                }));
            }
            Output::Basic(BasicOutput {
                amount,
                native_tokens,
                unlock_conditions: list(conditions),
                features: set(features),
            })
        }
    }
}

/// All outputs of a store.
pub(crate) struct Filled {
    pub(crate) unspent: Vec<Arc<LedgerOutput>>,
    pub(crate) spent: Spendings,
}

/// Twenty milestones of outputs, of which later ones spend some.
pub(crate) fn fill(writer: &mut Writer, reader: &Reader, chain: &mut Chain) -> Filled {
    let mut unspent: Vec<Arc<LedgerOutput>> = chain.genesis.outputs().map(Arc::new).collect();
    let mut all_spent = Spendings::new();
    for number in 1..=20_u32 {
        let (_, mut commit) = chain.milestone(reader);
        chain.save(writer);
        let mut diff = Diff::default();
        let stamp = commit.milestone.milestone.timestamp;
        for index in 0..20_u64 {
            let seed = u64::from(number) * 1_000 + index;
            let mut id = TransactionId::ZERO;
            id.0[..8].copy_from_slice(&noise(seed).to_le_bytes());
            diff.created.push(Arc::new(LedgerOutput {
                id: OutputId::new(id, index as u16 % 128),
                block_id: BlockId::ZERO,
                milestone_index: MilestoneIndex(number),
                milestone_timestamp: stamp,
                output: output(seed),
            }));
        }
        // One that is spent at once, and an older one.
        let mut spent = vec![Arc::clone(&diff.created[3])];
        unspent.extend(
            diff.created
                .iter()
                .filter(|output| output.id != spent[0].id)
                .cloned(),
        );
        spent.push(unspent.remove(noise(u64::from(number)) as usize % 10));
        let spend = Spend {
            transaction_id: TransactionId([4; 32]),
            milestone_index: MilestoneIndex(number),
            milestone_timestamp: stamp,
        };
        diff.consumed = spent.into_iter().map(|output| (output, spend)).collect();
        diff.consumed.retain(|(spent, _)| {
            unspent.retain(|output| output.id != spent.id);
            true
        });
        all_spent.extend(diff.consumed.iter().cloned());
        commit = MilestoneCommit {
            milestone: Arc::new(StoredMilestone::clone(&commit.milestone)),
            diff,
            treasury: None,
        };
        writer.commit(&commit).unwrap();
    }
    unspent.sort_by_key(|output| (output.milestone_timestamp, output.id));
    Filled {
        unspent,
        spent: all_spent,
    }
}

/// Says of one output whether it answers a query, word by word as TIP-26 has it.
pub(crate) fn fits(query: &OutputQuery, output: &LedgerOutput) -> bool {
    let created = output.milestone_timestamp;
    let inner = &output.output;
    let conditions = inner.unlock_conditions();
    let kind = match query.kind {
        Kind::Any => true,
        Kind::Basic => inner.kind() == 3,
        Kind::Alias => inner.kind() == 4,
        Kind::Foundry => inner.kind() == 5,
        Kind::Nft => inner.kind() == 6,
    };
    let mut unlocking: Vec<Address> = Vec::new();
    unlocking.extend(conditions.address());
    unlocking.extend(conditions.expiration().map(|(address, _)| *address));
    unlocking.extend(
        conditions
            .storage_deposit_return()
            .map(|(address, _)| *address),
    );
    unlocking.extend(conditions.state_controller());
    unlocking.extend(conditions.governor());
    unlocking.extend(conditions.immutable_alias().map(|id| Address::Alias(*id)));
    let issuer = inner
        .immutable_features()
        .and_then(|features| features.issuer());
    let tokens = inner.native_tokens().len() as u32;
    let checks = [
        kind,
        query
            .has_native_tokens
            .is_none_or(|has| has == (tokens > 0)),
        query.native_token_count_min.is_none_or(|min| tokens >= min),
        query.native_token_count_max.is_none_or(|max| tokens <= max),
        query.created_before.is_none_or(|time| created < time),
        query.created_after.is_none_or(|time| created > time),
        query
            .unlockable_by_address
            .is_none_or(|wanted| unlocking.contains(&wanted)),
        query
            .address
            .is_none_or(|wanted| conditions.address() == Some(&wanted)),
        query
            .has_storage_deposit_return
            .is_none_or(|has| has == conditions.storage_deposit_return().is_some()),
        query.storage_deposit_return_address.is_none_or(|wanted| {
            conditions
                .storage_deposit_return()
                .map(|(address, _)| *address)
                == Some(wanted)
        }),
        query
            .has_expiration
            .is_none_or(|has| has == conditions.expiration().is_some()),
        query
            .expires_before
            .is_none_or(|time| conditions.expiration().is_some_and(|(_, at)| at < time)),
        query
            .expires_after
            .is_none_or(|time| conditions.expiration().is_some_and(|(_, at)| at > time)),
        query.expiration_return_address.is_none_or(|wanted| {
            conditions.expiration().map(|(address, _)| *address) == Some(wanted)
        }),
        query
            .has_timelock
            .is_none_or(|has| has == conditions.timelock().is_some()),
        query
            .timelocked_before
            .is_none_or(|time| conditions.timelock().is_some_and(|at| at < time)),
        query
            .timelocked_after
            .is_none_or(|time| conditions.timelock().is_some_and(|at| at > time)),
        query
            .sender
            .is_none_or(|wanted| inner.features().sender() == Some(&wanted)),
        query.issuer.is_none_or(|wanted| issuer == Some(&wanted)),
        query
            .tag
            .as_ref()
            .is_none_or(|wanted| inner.features().tag() == Some(wanted)),
        query
            .state_controller
            .is_none_or(|wanted| conditions.state_controller() == Some(&wanted)),
        query
            .governor
            .is_none_or(|wanted| conditions.governor() == Some(&wanted)),
        query
            .alias_address
            .is_none_or(|wanted| conditions.immutable_alias() == Some(&wanted)),
    ];
    checks.iter().all(|holds| *holds)
}

/// A query with some restrictions, decided by `seed`.
fn query(seed: u64, page_size: usize) -> OutputQuery {
    let pick = |salt: u64| noise(seed.wrapping_mul(57).wrapping_add(salt));
    let rare = |salt: u64| pick(salt).is_multiple_of(9);
    let some_address = |salt: u64| rare(salt).then(|| address(pick(salt + 1)));
    let some_bool = |salt: u64| rare(salt).then(|| pick(salt + 1).is_multiple_of(2));
    let some_time = |salt: u64| rare(salt).then(|| UnixSeconds(pick(salt + 1) as u32 % 10));
    let created =
        |salt: u64| rare(salt).then(|| UnixSeconds(1_000_000 + pick(salt + 1) as u32 % 22));
    let kinds = [
        Kind::Any,
        Kind::Any,
        Kind::Basic,
        Kind::Alias,
        Kind::Foundry,
        Kind::Nft,
    ];
    OutputQuery {
        kind: kinds[pick(1) as usize % kinds.len()],
        has_native_tokens: some_bool(2),
        native_token_count_min: rare(4).then(|| pick(5) as u32 % 4),
        native_token_count_max: rare(6).then(|| pick(7) as u32 % 4),
        created_before: created(8),
        created_after: created(10),
        unlockable_by_address: some_address(12),
        address: some_address(14),
        has_storage_deposit_return: some_bool(16),
        storage_deposit_return_address: some_address(18),
        has_expiration: some_bool(20),
        expires_before: some_time(22),
        expires_after: some_time(24),
        expiration_return_address: some_address(26),
        has_timelock: some_bool(28),
        timelocked_before: some_time(30),
        timelocked_after: some_time(32),
        sender: some_address(34),
        issuer: some_address(36),
        tag: rare(38).then(|| tag(pick(39))),
        state_controller: some_address(40),
        governor: some_address(42),
        alias_address: rare(44).then(|| AliasId([1 + (pick(45) % 2) as u8; 32])),
        cursor: None,
        page_size,
    }
}

#[test]
fn every_query_finds_what_a_look_at_all_outputs_finds() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let Filled { unspent, .. } = fill(&mut writer, &reader, &mut chain);
    assert!(unspent.len() > 300);
    let check = |seed: u64, page_size: usize| {
        let mut query = query(seed, page_size);
        let expected: Vec<OutputId> = unspent
            .iter()
            .filter(|output| fits(&query, output))
            .map(|output| output.id)
            .collect();
        let mut found = Vec::new();
        loop {
            let page = reader.outputs(&query).unwrap();
            assert_eq!(page.ledger_index, MilestoneIndex(20));
            assert!(page.items.len() <= page_size);
            found.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{query:?}");
        expected.len()
    };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let mut answered = 0;
    runner
        .run(&(any::<u64>(), 1_usize..40), |(seed, page_size)| {
            check(seed, page_size);
            Ok(())
        })
        .unwrap();
    for seed in 0..200 {
        answered += usize::from(check(seed, 1_000) > 0);
    }
    assert!(answered > 50, "{answered} of 200 queries have an answer");
}

#[test]
fn chains_lead_to_their_unspent_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let Filled { unspent, .. } = fill(&mut writer, &reader, &mut chain);
    let mut chains = 0;
    for output in unspent {
        let query = match &output.output {
            Output::Basic(_) => continue,
            Output::Alias(alias) => ChainQuery::Alias(alias.alias_id.or_from_output(&output.id)),
            Output::Foundry(foundry) => ChainQuery::Foundry(foundry.id().unwrap()),
            Output::Nft(nft) => ChainQuery::Nft(nft.nft_id.or_from_output(&output.id)),
        };
        let (found, index) = reader.chain_output(&query).unwrap();
        assert_eq!(found, Some(output.id));
        assert_eq!(index, MilestoneIndex(20));
        chains += 1;
    }
    assert!(chains > 50);
    let unknown = ChainQuery::Alias(AliasId([77; 32]));
    assert_eq!(reader.chain_output(&unknown).unwrap().0, None);
    assert_eq!(reader.milestone_index(&MilestoneId([7; 32])).unwrap(), None);
}

#[test]
fn many_addresses_find_what_each_alone_finds() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    fill(&mut writer, &reader, &mut chain);
    let limits = OwnedLimits {
        outputs_max: 10_000,
        bytes_max: 1 << 20,
    };
    // Besides those that have outputs, some before, between and behind them that have none.
    let all: Vec<Address> = (0..5)
        .map(address)
        .chain((0..=255).map(|byte| Address::Ed25519([byte; 32])))
        .collect();
    for part in [&all[..1], &all[1..4], &all[5..], &all[..], &[]] {
        let mut expected: Vec<OutputId> = Vec::new();
        for address in part {
            let query = OutputQuery {
                unlockable_by_address: Some(*address),
                page_size: 1_000,
                ..OutputQuery::default()
            };
            expected.extend(reader.outputs(&query).unwrap().items);
        }
        expected.sort_unstable();
        expected.dedup();
        let found = reader.owned_outputs(part, limits).unwrap();
        assert!(found.is_complete);
        assert_eq!(found.ledger_index, MilestoneIndex(20));
        let ids: Vec<OutputId> = found.outputs.iter().map(|output| output.id).collect();
        assert_eq!(ids, expected, "{} addresses", part.len());
    }
    let few = OwnedLimits {
        outputs_max: 3,
        bytes_max: 1 << 20,
    };
    assert!(!reader.owned_outputs(&all, few).unwrap().is_complete);
    let small = OwnedLimits {
        outputs_max: 10_000,
        bytes_max: 100,
    };
    let found = reader.owned_outputs(&all, small).unwrap();
    assert!(!found.is_complete && found.outputs.len() < 5);
}
