//! A block as it comes from a neighbour or over REST, and every check that needs no ledger.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tangle_consensus::{KeyRange, MilestoneKeys};
use tangle_crypto::blake2b;
use tangle_fuzz::{check_block_json, parameters, read};
use tangle_types::{
    Block, BlockId, DraftBlock, MilestoneIndex, ParsedBlock, Payload, ProtocolParameters,
};

static PARAMETERS: LazyLock<ProtocolParameters> = LazyLock::new(parameters);
static KEYS: LazyLock<MilestoneKeys> = LazyLock::new(|| {
    let range = KeyRange {
        public_key: [7; 32],
        start: MilestoneIndex(1),
        end: MilestoneIndex(0),
    };
    MilestoneKeys::new(vec![range], 1, MilestoneIndex(1)).expect("one key for all milestones")
});

fuzz_target!(|data: &[u8]| {
    read::<DraftBlock>(data);
    let bytes = Bytes::copy_from_slice(data);
    let many = ParsedBlock::parse_many(vec![bytes.clone(), bytes.clone()]);
    let parsed = match ParsedBlock::parse(bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(
                many.iter()
                    .all(|result| result.as_ref().err() == Some(&error))
            );
            return;
        }
    };
    assert!(many.iter().all(
        |result| matches!(result, Ok(one) if one.block == parsed.block
        && one.id == parsed.id && one.milestone_id == parsed.milestone_id)
    ));
    assert_eq!(parsed.id, BlockId(blake2b::hash(data)));
    assert_eq!(read::<Block>(data).as_ref(), Some(&parsed.block));
    check_block_json(&parsed.block);
    match (&parsed.block.payload, &parsed.transaction) {
        (Some(Payload::Transaction(transaction)), Some(hashes)) => {
            assert_eq!(transaction.id(), hashes.id);
            assert_eq!(transaction.essence.hash(), hashes.essence);
        }
        (Some(Payload::Transaction(_)), None) | (_, Some(_)) => panic!("hashes of nothing"),
        _ => {}
    }
    let checked = tangle_engine::check(vec![parsed.clone(), parsed], &PARAMETERS, &KEYS);
    assert_eq!(checked[0].is_ok(), checked[1].is_ok());
});
