//! Blocks, read by us and by the official SDK, which must agree but for three rules: the SDK takes
//! bytes behind a block and nonces of milestones, and refuses milestones of other protocol versions
//! when it reads them, while we do so when they are to be confirmed.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tangle_crosscheck::sdk_parameters;
use tangle_fuzz::parameters;
use tangle_types::{ParsedBlock, validate};

use iota_sdk::packable::PackableExt;
use iota_sdk::types::block::Block;
use iota_sdk::types::block::payload::Payload;

fuzz_target!(|data: &[u8]| {
    let ours = read_ours(data);
    let theirs = read_theirs(data);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours.id.0, *theirs.id());
            assert!(theirs.pack_to_vec() == data, "the SDK writes other bytes");
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => panic!("only the SDK refuses: {error}"),
        (Err(error), Ok(_)) => panic!("only we refuse: {error}"),
    }
});

fn read_ours(data: &[u8]) -> Result<ParsedBlock, String> {
    let parsed = ParsedBlock::parse(Bytes::copy_from_slice(data)).map_err(|e| e.to_string())?;
    validate(&parsed.block, &parameters()).map_err(|error| error.to_string())?;
    match &parsed.block.payload {
        // To us that is a block like any other, and no milestone.
        Some(tangle_types::Payload::Milestone(milestone)) if milestone.protocol_version != 2 => {
            Err("a milestone of another protocol version".to_owned())
        }
        _ => Ok(parsed),
    }
}

fn read_theirs(data: &[u8]) -> Result<Block, String> {
    let block = Block::unpack_verified(data, &sdk_parameters(&parameters()))
        .map_err(|error| format!("{error:?}"))?;
    // The SDK does not look at the nonce of a milestone, which is always 0.
    if matches!(block.payload(), Some(Payload::Milestone(_))) && block.nonce() != 0 {
        return Err("a milestone with a nonce".to_owned());
    }
    // The SDK does not mind bytes behind a block.
    if block.packed_len() < data.len() {
        return Err("bytes are left over".to_owned());
    }
    Ok(block)
}
