//! Strategies for values of every kind, all of them sound under [`parameters`]: they can be
//! written, read back, and pass [`tangle_types::validate`].

mod participation;

use std::collections::{BTreeMap, BTreeSet};

use proptest::array::{uniform4, uniform32};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::Config;
use tangle_types::{
    Address, AliasId, AliasOutput, BasicOutput, Block, BlockId, Codec, Essence, Feature, Features,
    FoundryId, FoundryOutput, MigratedFunds, Milestone, MilestoneId, MilestoneIndex,
    MilestoneOption, MilestoneSignature, NativeToken, NftId, NftOutput, Output, OutputId,
    ParametersOption, Parents, Payload, ProtocolParameters, Receipt, RentStructure,
    SimpleTokenScheme, TaggedData, Transaction, TransactionId, TreasuryTransaction, U256,
    UnixSeconds, Unlock, UnlockCondition, UnlockConditions, basic_deposit_min,
};

pub use participation::participation_event;

/// As many generated cases as `PROPTEST_CASES` says, or else `cases`.
#[must_use]
pub fn config(cases: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config
}

/// Parameters like those of a development network.
#[must_use]
pub fn parameters() -> ProtocolParameters {
    ProtocolParameters {
        version: 2,
        network_name: "tangle-dev".to_owned(),
        bech32_hrp: "tst".to_owned(),
        pow_score_min: 0,
        below_max_depth: 15,
        rent: RentStructure {
            v_byte_cost: 100,
            v_byte_factor_data: 1,
            v_byte_factor_key: 10,
        },
        token_supply: 2_779_530_283_277_761,
    }
}

/// Any protocol parameters that can be written.
pub fn protocol_parameters() -> impl Strategy<Value = ProtocolParameters> {
    let rent = (any::<u32>(), any::<u8>(), any::<u8>());
    let rest = (any::<u8>(), any::<u32>(), any::<u8>(), any::<u64>());
    ("\\PC{0,60}", "[a-z]{1,20}", rent, rest).prop_map(|(network_name, bech32_hrp, rent, rest)| {
        ProtocolParameters {
            version: rest.0,
            network_name,
            bech32_hrp,
            pow_score_min: rest.1,
            below_max_depth: rest.2,
            rent: RentStructure {
                v_byte_cost: rent.0,
                v_byte_factor_data: rent.1,
                v_byte_factor_key: rent.2,
            },
            token_supply: rest.3,
        }
    })
}

/// 32 bytes that differ from case to case, or are all equal.
fn hash() -> impl Strategy<Value = [u8; 32]> {
    prop_oneof![4 => uniform32(any::<u8>()), 1 => any::<u8>().prop_map(|byte| [byte; 32])]
}

/// 64 bytes.
fn signature() -> impl Strategy<Value = [u8; 64]> {
    (hash(), hash()).prop_map(|(first, second)| {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        bytes
    })
}

/// Bytes that are mostly few, sometimes as many as allowed.
fn byte_string(min: usize, max: usize) -> impl Strategy<Value = Vec<u8>> {
    let few = max.min(min + 20);
    prop_oneof![
        12 => vec(any::<u8>(), min..=few),
        1 => any::<u8>().prop_map(move |byte| vec![byte; max]),
    ]
}

/// A number of 256 bits, small or large.
fn u256() -> impl Strategy<Value = U256> {
    prop_oneof![
        any::<u64>().prop_map(U256::from),
        uniform4(any::<u64>()).prop_map(U256),
    ]
}

/// Addresses of all three kinds.
pub fn address() -> impl Strategy<Value = Address> {
    (0..3, hash()).prop_map(|(kind, id)| match kind {
        0 => Address::Ed25519(id),
        1 => Address::Alias(AliasId(id)),
        _ => Address::Nft(NftId(id)),
    })
}

fn foundry_id() -> impl Strategy<Value = FoundryId> {
    (hash(), any::<u32>()).prop_map(|(alias, serial)| FoundryId::new(&AliasId(alias), serial, 0))
}

/// Up to `max` native tokens, sorted.
fn native_tokens(max: usize) -> impl Strategy<Value = Vec<NativeToken>> {
    let amount = u256().prop_map(|amount| amount.max(U256::one()));
    prop_oneof![
        2 => Just(BTreeMap::new()).boxed(),
        3 => btree_map(foundry_id(), amount, 0..=max).boxed(),
    ]
    .prop_map(|tokens| {
        let token = |(id, amount)| NativeToken { id, amount };
        tokens.into_iter().map(token).collect()
    })
}

fn time() -> impl Strategy<Value = UnixSeconds> {
    (1..=u32::MAX).prop_map(UnixSeconds)
}

/// Conditions of a basic output or NFT. The deposit to return is the least one.
fn owner_conditions() -> impl Strategy<Value = UnlockConditions> {
    let owner = address().prop_map(UnlockCondition::Address);
    let deposit_return = address().prop_map(|return_address| {
        let amount = basic_deposit_min(&parameters().rent, &return_address);
        UnlockCondition::StorageDepositReturn {
            return_address,
            amount,
        }
    });
    let expiration =
        (address(), time()).prop_map(|(return_address, unix_time)| UnlockCondition::Expiration {
            return_address,
            unix_time,
        });
    let timelock = time().prop_map(UnlockCondition::Timelock);
    (
        owner,
        option::of(deposit_return),
        option::of(timelock),
        option::of(expiration),
    )
        .prop_map(|(owner, deposit_return, timelock, expiration)| {
            let optional = [deposit_return, timelock, expiration];
            let all = [owner].into_iter().chain(optional.into_iter().flatten());
            UnlockConditions::new(all.collect()).expect("one of each kind")
        })
}

/// Some of the features whose type is among `kinds`.
fn features(kinds: &'static [u8]) -> impl Strategy<Value = Features> {
    let metadata = byte_string(1, 8192).prop_map(Feature::Metadata);
    let all = (
        option::of(address().prop_map(Feature::Sender)),
        option::of(address().prop_map(Feature::Issuer)),
        option::weighted(0.3, metadata),
        option::of(byte_string(1, 64).prop_map(Feature::Tag)),
    );
    all.prop_map(move |(sender, issuer, metadata, tag)| {
        let features = [sender, issuer, metadata, tag].into_iter().flatten();
        let allowed = features.filter(|feature| kinds.contains(&feature.kind()));
        Features::new(allowed.collect()).expect("one of each kind")
    })
}

fn basic_output() -> impl Strategy<Value = Output> {
    (native_tokens(8), owner_conditions(), features(&[0, 2, 3])).prop_map(
        |(native_tokens, unlock_conditions, features)| {
            Output::Basic(BasicOutput {
                amount: 0,
                native_tokens,
                unlock_conditions,
                features,
            })
        },
    )
}

fn alias_output() -> impl Strategy<Value = Output> {
    let id = option::of((hash(), any::<u32>(), any::<u32>()));
    let controllers = (address(), address());
    let lists = (native_tokens(8), features(&[0, 2]), features(&[1, 2]));
    (id, controllers, byte_string(0, 8192), lists).prop_map(
        |(id, (controller, governor), state_metadata, (native_tokens, features, immutable))| {
            let (id, state_index, foundry_counter) = id.unwrap_or_default();
            let conditions = vec![
                UnlockCondition::StateController(controller),
                UnlockCondition::Governor(governor),
            ];
            Output::Alias(Box::new(AliasOutput {
                amount: 0,
                native_tokens,
                alias_id: AliasId(id),
                state_index: if id == [0; 32] { 0 } else { state_index },
                state_metadata,
                foundry_counter: if id == [0; 32] { 0 } else { foundry_counter },
                unlock_conditions: UnlockConditions::new(conditions).expect("one of each kind"),
                features,
                immutable_features: immutable,
            }))
        },
    )
}

fn token_scheme() -> impl Strategy<Value = SimpleTokenScheme> {
    (u256(), u256(), u256()).prop_map(|(a, b, c)| {
        let mut numbers = [a, b, c];
        numbers.sort_unstable();
        let [melted, minted, maximum] = numbers;
        SimpleTokenScheme {
            minted,
            melted,
            maximum: maximum.max(U256::one()),
        }
    })
}

fn foundry_output() -> impl Strategy<Value = Output> {
    let lists = (native_tokens(8), features(&[2]), features(&[2]));
    (hash(), any::<u32>(), token_scheme(), lists).prop_map(
        |(alias, serial_number, token_scheme, (native_tokens, features, immutable))| {
            let owner = UnlockCondition::ImmutableAlias(AliasId(alias));
            Output::Foundry(Box::new(FoundryOutput {
                amount: 0,
                native_tokens,
                serial_number,
                token_scheme,
                unlock_conditions: UnlockConditions::new(vec![owner]).expect("one condition"),
                features,
                immutable_features: immutable,
            }))
        },
    )
}

fn nft_output() -> impl Strategy<Value = Output> {
    let id = prop_oneof![Just([0; 32]), hash()];
    let lists = (native_tokens(8), features(&[0, 2, 3]), features(&[1, 2]));
    (id, owner_conditions(), lists).prop_map(
        |(id, unlock_conditions, (native_tokens, features, immutable))| {
            Output::Nft(Box::new(NftOutput {
                amount: 0,
                native_tokens,
                nft_id: NftId(id),
                unlock_conditions,
                features,
                immutable_features: immutable,
            }))
        },
    )
}

/// Outputs of all four kinds, with at least the deposit they need.
pub fn output() -> impl Strategy<Value = Output> {
    let kinds = prop_oneof![
        basic_output(),
        alias_output(),
        foundry_output(),
        nft_output()
    ];
    let extra = prop_oneof![0..10_u64, 0..1_000_000_000_000_u64];
    (kinds, extra).prop_map(|(mut output, extra)| {
        let least = output.deposit_min(&parameters().rent);
        let returned = output.unlock_conditions().storage_deposit_return();
        let amount = least.max(returned.map_or(0, |(_, amount)| amount)) + extra;
        match &mut output {
            Output::Basic(output) => output.amount = amount,
            Output::Alias(output) => output.amount = amount,
            Output::Foundry(output) => output.amount = amount,
            Output::Nft(output) => output.amount = amount,
        }
        output
    })
}

/// Tagged data, sometimes without tag or data.
pub fn tagged_data() -> impl Strategy<Value = TaggedData> {
    (byte_string(0, 64), byte_string(0, 5_000)).prop_map(|(tag, data)| TaggedData { tag, data })
}

fn output_id() -> impl Strategy<Value = OutputId> {
    (hash(), 0..128_u16).prop_map(|(id, index)| OutputId::new(TransactionId(id), index))
}

/// Unlocks for `seeds.len()` inputs: each seed chooses a kind and an earlier unlock. The first one
/// is a signature.
fn unlocks(seeds: &[(u8, u16, [u8; 32], [u8; 64])]) -> Vec<Unlock> {
    let mut unlocks: Vec<Unlock> = Vec::with_capacity(seeds.len());
    let mut signatures: Vec<u16> = Vec::new();
    for (index, (kind, target, key, signature)) in (0_u16..).zip(seeds) {
        let earlier = target % index.max(1);
        unlocks.push(match kind % 4 {
            1 if index > 0 => {
                let number = usize::from(*target) % signatures.len();
                Unlock::Reference(signatures[number])
            }
            2 if index > 0 => Unlock::Alias(earlier),
            3 if index > 0 => Unlock::Nft(earlier),
            _ => {
                signatures.push(index);
                let mut public_key = *key;
                public_key[..2].copy_from_slice(&index.to_le_bytes());
                Unlock::Signature {
                    public_key,
                    signature: Box::new(*signature),
                }
            }
        });
    }
    unlocks
}

/// Transactions of the network of [`parameters`].
pub fn transaction() -> impl Strategy<Value = Transaction> {
    let count = prop_oneof![6 => 1..5_usize, 1 => Just(128)];
    let inputs = count.prop_flat_map(|count| {
        let seed = (any::<u8>(), any::<u16>(), hash(), signature());
        (btree_set(output_id(), count), vec(seed, count)).prop_map(|(inputs, seeds)| {
            let inputs: Vec<OutputId> = inputs.into_iter().collect();
            let unlocks = unlocks(&seeds[..inputs.len()]);
            (inputs, unlocks)
        })
    });
    let outputs = vec(output(), 1..6).prop_map(unique_chains);
    let payload = option::weighted(0.3, tagged_data());
    (inputs, hash(), outputs, payload).prop_map(
        |((inputs, unlocks), inputs_commitment, outputs, payload)| Transaction {
            essence: Essence {
                network_id: parameters().network_id(),
                inputs,
                inputs_commitment,
                outputs,
                payload,
            },
            unlocks,
        },
    )
}

/// Drops outputs that repeat a chain, and aliases and NFTs that belong to themselves.
fn unique_chains(outputs: Vec<Output>) -> Vec<Output> {
    let mut seen = BTreeSet::new();
    let rest = outputs[0].clone();
    let mut kept: Vec<_> = outputs
        .into_iter()
        .filter(|output| {
            tangle_types::validate_output(output, &parameters()).is_ok()
                && match output {
                    Output::Alias(alias) if !alias.alias_id.is_zero() => {
                        seen.insert(alias.alias_id.0.to_vec())
                    }
                    Output::Nft(nft) if !nft.nft_id.is_zero() => seen.insert(nft.nft_id.0.to_vec()),
                    Output::Foundry(foundry) => {
                        foundry.id().is_none_or(|id| seen.insert(id.0.to_vec()))
                    }
                    _ => true,
                }
        })
        .collect();
    if kept.is_empty() {
        kept.push(rest);
    }
    kept
}

/// 243 trits, five in a byte.
fn tail_transaction_hash() -> impl Strategy<Value = [u8; 49]> {
    (vec(-121..=121_i8, 48), -13..=13_i8).prop_map(|(full, last)| {
        let mut bytes = [0; 49];
        for (to, from) in bytes.iter_mut().zip(full.into_iter().chain([last])) {
            *to = from.cast_unsigned();
        }
        bytes
    })
}

/// Receipts.
pub fn receipt() -> impl Strategy<Value = Receipt> {
    let fund = (hash(), 1_000_000..1_000_000_000_u64);
    let funds = btree_map(tail_transaction_hash(), fund, 1..6).prop_map(|funds| {
        let fund = |(tail_transaction_hash, (owner, deposit))| MigratedFunds {
            tail_transaction_hash,
            address: Address::Ed25519(owner),
            deposit,
        };
        funds.into_iter().map(fund).collect()
    });
    let treasury = (hash(), 0..1_000_000_000_u64).prop_map(|(input, amount)| TreasuryTransaction {
        input: MilestoneId(input),
        amount,
    });
    (any::<u32>(), any::<bool>(), funds, treasury).prop_map(
        |(migrated_at, is_final, funds, treasury_transaction)| Receipt {
            migrated_at,
            is_final,
            funds,
            treasury_transaction,
        },
    )
}

fn parameters_option() -> impl Strategy<Value = ParametersOption> {
    let blob = prop_oneof![
        protocol_parameters().prop_map(|parameters| parameters.to_bytes()),
        byte_string(0, 8192),
    ];
    (any::<u32>(), any::<u8>(), blob).prop_map(|(target, protocol_version, parameters)| {
        ParametersOption {
            target_index: MilestoneIndex(target),
            protocol_version,
            parameters,
        }
    })
}

fn parents() -> impl Strategy<Value = Parents> {
    btree_set(hash().prop_map(BlockId), 1..=8)
        .prop_map(|ids| Parents::new(ids.into_iter().collect()).expect("1 to 8 parents"))
}

/// Milestones, with receipts if `receipts`.
pub fn milestone(receipts: bool) -> impl Strategy<Value = Milestone> {
    let receipt = option::weighted(0.4, receipt());
    let receipt = receipt.prop_map(move |receipt| receipt.filter(|_| receipts));
    let options = (receipt, option::weighted(0.4, parameters_option()));
    let numbers = (any::<u32>(), any::<u32>());
    let hashes = (hash(), hash(), hash());
    let signatures = prop_oneof![
        9 => btree_map(hash(), signature(), 1..5),
        1 => btree_map(uniform32(any::<u8>()), signature(), 255),
    ];
    (
        numbers,
        hashes,
        parents(),
        byte_string(0, 8192),
        options,
        signatures,
    )
        .prop_map(
            |(numbers, hashes, parents, metadata, (receipt, parameters), signatures)| {
                let receipt = receipt.map(MilestoneOption::Receipt);
                let parameters = parameters.map(MilestoneOption::Parameters);
                let signature = |(public_key, signature)| MilestoneSignature {
                    public_key,
                    signature,
                };
                Milestone {
                    index: MilestoneIndex(numbers.0),
                    timestamp: UnixSeconds(numbers.1),
                    protocol_version: tangle_types::PROTOCOL_VERSION,
                    previous_milestone_id: MilestoneId(hashes.0),
                    parents,
                    inclusion_merkle_root: hashes.1,
                    applied_merkle_root: hashes.2,
                    metadata,
                    options: [receipt, parameters].into_iter().flatten().collect(),
                    signatures: signatures.into_iter().map(signature).collect(),
                }
            },
        )
}

/// Blocks with all payloads and without; milestones with receipts if `receipts`.
pub fn block(receipts: bool) -> impl Strategy<Value = Block> {
    let payload = prop_oneof![
        1 => Just(None),
        2 => tagged_data().prop_map(|data| Some(Payload::TaggedData(data))),
        6 => transaction().prop_map(|tx| Some(Payload::Transaction(Box::new(tx)))),
        3 => milestone(receipts).prop_map(|milestone| Some(Payload::Milestone(Box::new(milestone)))),
    ];
    let fits = |block: &Block| block.to_bytes().len() <= tangle_types::BLOCK_SIZE_BYTES_MAX;
    (parents(), payload, any::<u64>())
        .prop_map(|(parents, payload, nonce)| Block {
            protocol_version: 2,
            parents,
            nonce: match &payload {
                Some(Payload::Milestone(_)) => 0,
                _ => nonce,
            },
            payload,
        })
        .prop_filter("a block has a greatest size", fits)
}
