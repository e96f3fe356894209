//! Agreement with the official SDK (`iota-sdk` 1.1): bytes, ids and JSON of generated values, and
//! which bytes are refused.
//!
//! Both read the same bytes in the same way, with these exceptions:
//!
//! | bytes | here | SDK | why |
//! |---|---|---|---|
//! | a milestone's block with a nonce that is not 0 | refused | read | Hornet and iota.go refuse it (TIP-29: the payload alone makes the block) |
//! | milestone metadata of more than 8192 bytes | refused | read | TIP-29 and iota.go have the limit, the SDK only that of its length field |
//! | a receipt | read | refused | its treasury transaction has a length in front, as Hornet's snapshots show; the SDK expects none |
//! | a milestone of another protocol version in a block of this one | read | refused | Hornet stores it; whether it may confirm anything is decided when it is confirmed |
//! | the same receipt without that length | refused | read | the other side of it |
//!
//! `PROPTEST_CASES` sets the number of generated values.

use std::sync::LazyLock;

use iota_sdk::packable::PackableExt;
use iota_sdk::types::TryFromDto;
use iota_sdk::types::block::payload::Payload as SdkPayload;
use iota_sdk::types::block::payload::milestone::MilestoneOption as SdkOption;
use iota_sdk::types::block::protocol::ProtocolParameters as SdkParameters;
use iota_sdk::types::block::{Block as SdkBlock, BlockDto};
use proptest::prelude::*;
use tangle_crosscheck::sdk_parameters;
use tangle_testkit::{arbitrary, malformed};
use tangle_types::json::{BlockJson, from_slice};
use tangle_types::{
    Block, Codec, DecodeError, MilestoneOption, ParsedBlock, Payload, ProtocolParameters,
    SyntaxError, validate,
};

static PARAMETERS: LazyLock<ProtocolParameters> = LazyLock::new(arbitrary::parameters);
static SDK_PARAMETERS: LazyLock<SdkParameters> = LazyLock::new(|| sdk_parameters(&PARAMETERS));

/// Why a block is refused here, in reading or by its rules.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Decode(DecodeError),
    #[error(transparent)]
    Syntax(SyntaxError),
}

fn read(bytes: &[u8]) -> Result<ParsedBlock, Refusal> {
    let parsed = ParsedBlock::parse(bytes.to_vec().into()).map_err(Refusal::Decode)?;
    validate(&parsed.block, &PARAMETERS).map_err(Refusal::Syntax)?;
    Ok(parsed)
}

fn sdk_read(bytes: &[u8]) -> Result<SdkBlock, String> {
    SdkBlock::unpack_strict(bytes, &SDK_PARAMETERS).map_err(|error| format!("{error:?}"))
}

fn has_receipt(block: &Block) -> bool {
    match &block.payload {
        Some(Payload::Milestone(milestone)) => milestone.receipt().is_some(),
        _ => false,
    }
}

/// Checks that both take the bytes, or both refuse them, or the difference is in the table.
fn check_agreement(bytes: &[u8]) -> Result<bool, String> {
    let (here, sdk) = (read(bytes), sdk_read(bytes));
    let is_explained = match (&here, &sdk) {
        (Ok(parsed), Ok(sdk)) => parsed.bytes == sdk.pack_to_vec(),
        (Err(_), Err(_)) => true,
        (Ok(parsed), Err(error)) => {
            has_receipt(&parsed.block)
                || (parsed.milestone_id.is_some() && error.contains("ProtocolVersionMismatch"))
        }
        (Err(Refusal::Decode(error)), Ok(_)) => matches!(
            error,
            DecodeError::MilestoneNonce { .. }
                | DecodeError::Length {
                    field: "milestone metadata",
                    ..
                }
        ),
        (Err(Refusal::Syntax(_)), Ok(_)) => false,
    };
    if is_explained {
        return Ok(here.is_ok());
    }
    let here = here.map(|_| "read");
    let sdk = sdk.map(|_| "read");
    Err(format!(
        "here: {here:?}, SDK: {sdk:?}, {}",
        hex::encode(bytes)
    ))
}

/// One change to bytes; positions are taken modulo the length.
#[derive(Clone, Debug)]
enum Mutation {
    Set(usize, u8),
    Flip(usize, u8),
    Add(usize, i8),
    Insert(usize, u8),
    Remove(usize),
    Cut(usize),
    Swap(usize, usize, usize),
    Copy(usize, usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use Mutation::{Add, Copy, Cut, Flip, Insert, Remove, Set, Swap};
    // Counts, types and lengths are small, and most of them are near the front.
    let at = || prop_oneof![1 => 0..400_usize, 1 => any::<u16>().prop_map(usize::from)];
    let byte = || prop_oneof![3 => 0..9_u8, 1 => any::<u8>()];
    let length = || prop_oneof![Just(1), Just(32), Just(33), Just(70), 1..120_usize];
    prop_oneof![
        4 => (at(), byte()).prop_map(|(at, byte)| Set(at, byte)),
        3 => (at(), 0..8_u8).prop_map(|(at, bit)| Flip(at, bit)),
        3 => (at(), -2..=2_i8).prop_map(|(at, change)| Add(at, change)),
        1 => (at(), byte()).prop_map(|(at, byte)| Insert(at, byte)),
        1 => at().prop_map(Remove),
        1 => at().prop_map(Cut),
        1 => (at(), at(), length()).prop_map(|(a, b, length)| Swap(a, b, length)),
        2 => (at(), at(), length()).prop_map(|(a, b, length)| Copy(a, b, length)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    let range = |at: usize, count: usize| {
        let at = at % length;
        at..(at + count).min(length)
    };
    match *mutation {
        Mutation::Set(at, byte) => bytes[at % length] = byte,
        Mutation::Flip(at, bit) => bytes[at % length] ^= 1 << bit,
        Mutation::Add(at, change) => {
            bytes[at % length] = bytes[at % length].wrapping_add_signed(change);
        }
        Mutation::Insert(at, byte) => bytes.insert(at % length, byte),
        Mutation::Remove(at) => {
            bytes.remove(at % length);
        }
        Mutation::Cut(at) => bytes.truncate(at % length),
        Mutation::Swap(a, b, count) => {
            let (a, b) = (range(a, count), range(b, count));
            for (a, b) in a.zip(b) {
                bytes.swap(a, b);
            }
        }
        Mutation::Copy(from, to, count) => {
            let (from, to) = (range(from, count), range(to, count));
            let count = from.len().min(to.len());
            bytes.copy_within(from.start..from.start + count, to.start);
        }
    }
}

proptest! {
    #![proptest_config(arbitrary::config(1_500))]

    #[test]
    fn blocks_have_the_same_bytes_and_ids(block in arbitrary::block(false)) {
        let bytes = block.to_bytes();
        let parsed = read(&bytes).expect("the strategy makes sound blocks");
        prop_assert_eq!(&parsed.block, &block);
        let sdk = sdk_read(&bytes).expect("the SDK takes sound blocks");
        prop_assert_eq!(sdk.pack_to_vec(), bytes);
        prop_assert_eq!(sdk.id().to_string(), parsed.id.to_string());
        match sdk.payload() {
            Some(SdkPayload::Transaction(payload)) => {
                let hashes = parsed.transaction.expect("a transaction has hashes");
                prop_assert_eq!(payload.id().to_string(), hashes.id.to_string());
                prop_assert_eq!(payload.essence().hash(), hashes.essence);
            }
            Some(SdkPayload::Milestone(payload)) => {
                let id = parsed.milestone_id.expect("a milestone has an id");
                prop_assert_eq!(payload.id().to_string(), id.to_string());
            }
            _ => {}
        }
    }

    #[test]
    fn blocks_have_the_same_json(block in arbitrary::block(false)) {
        let sdk = sdk_read(&block.to_bytes()).expect("the SDK takes sound blocks");
        let json = serde_json::to_string(&BlockJson::from(&block)).expect("JSON");
        let sdk_json = serde_json::to_string(&BlockDto::from(&sdk)).expect("JSON");
        let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON");
        prop_assert_eq!(value(&json), value(&sdk_json));
        let read: Block = from_slice::<BlockJson>(sdk_json.as_bytes())
            .and_then(TryInto::try_into)
            .expect("the SDK's JSON can be read");
        prop_assert_eq!(read, block);
        let dto: BlockDto = serde_json::from_str(&json).expect("the SDK reads the JSON");
        let read = SdkBlock::try_from_dto_with_params(dto, &*SDK_PARAMETERS);
        prop_assert_eq!(read.expect("the SDK takes the block"), sdk);
    }

    #[test]
    fn receipts_differ_in_one_length_only(receipt in arbitrary::receipt()) {
        let bytes = MilestoneOption::Receipt(receipt).to_bytes();
        let at = bytes.len() - 46 - 4;
        prop_assert_eq!(&bytes[at..at + 4], &[46, 0, 0, 0]);
        let without_length = [&bytes[..at], &bytes[at + 4..]].concat();
        let sdk = SdkOption::unpack_verified(&without_length, &SDK_PARAMETERS);
        let sdk = sdk.expect("the SDK takes a receipt without the length");
        prop_assert_eq!(sdk.pack_to_vec(), without_length);
        prop_assert!(SdkOption::unpack_verified(&bytes, &SDK_PARAMETERS).is_err());
    }

    #[test]
    fn parameters_have_the_same_bytes(parameters in arbitrary::protocol_parameters()) {
        let bytes = parameters.to_bytes();
        let sdk = sdk_parameters(&parameters);
        prop_assert_eq!(sdk.pack_to_vec(), bytes.clone());
        prop_assert_eq!(sdk.network_id(), parameters.network_id().0);
        prop_assert_eq!(ProtocolParameters::from_bytes(&bytes), Ok(parameters));
    }
}

proptest! {
    #![proptest_config(arbitrary::config(2_000))]

    #[test]
    fn mutated_blocks_are_refused_by_both_or_by_none(
        block in arbitrary::block(false),
        mutations in proptest::collection::vec(mutation(), 8),
        together in 1..3_usize,
    ) {
        let original = block.to_bytes();
        for mutations in mutations.chunks(together) {
            let mut bytes = original.clone();
            mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
            check_agreement(&bytes).map_err(TestCaseError::fail)?;
        }
    }
}

#[test]
fn malformed_blocks_are_refused_by_both() {
    for block in malformed::malformed_blocks(&PARAMETERS) {
        let is_read = check_agreement(&block.bytes).unwrap_or_else(|error| {
            panic!("{}: {error}", block.name);
        });
        assert!(!is_read, "{}", block.name);
    }
    for (name, bytes) in malformed::sound_blocks(&PARAMETERS) {
        assert_eq!(check_agreement(&bytes), Ok(true), "{name}");
    }
}
