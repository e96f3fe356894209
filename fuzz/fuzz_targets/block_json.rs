//! Blocks, payloads, outputs and proofs in JSON, as the node API takes them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tangle_fuzz::{check_block_json, check_json, check_output_json, check_payload_json, read};
use tangle_types::json::{
    self, BlockJson, InclusionProofJson, OutputJson, PayloadJson, ProofNodeJson,
};
use tangle_types::{Block, Codec, DraftBlock, InclusionProof, Output, Payload};

fuzz_target!(|data: &[u8]| {
    if let Ok(json) = json::from_slice::<BlockJson>(data) {
        if let Ok(draft) = DraftBlock::try_from(json.clone()) {
            check_json::<_, BlockJson>(&draft);
            assert_eq!(read(&draft.to_bytes()), Some(draft));
        }
        if let Ok(block) = Block::try_from(json) {
            check_block_json(&block);
            assert_eq!(read(&block.to_bytes()), Some(block));
        }
    }
    if let Ok(json) = json::from_slice::<PayloadJson>(data)
        && let Ok(payload) = Payload::try_from(json)
    {
        check_payload_json(&payload);
        assert_eq!(read(&payload.to_bytes()), Some(payload));
    }
    if let Ok(json) = json::from_slice::<OutputJson>(data)
        && let Ok(output) = Output::try_from(json)
    {
        check_output_json(&output);
        assert_eq!(read(&output.to_bytes()), Some(output));
    }
    if let Ok(json) = json::from_slice::<InclusionProofJson>(data)
        && let Ok(proof) = InclusionProof::try_from(json)
    {
        check_json::<_, InclusionProofJson>(&proof);
    }
    if let Ok(node) = json::from_slice::<ProofNodeJson>(data)
        && let Some((leaf, path)) = node.path()
    {
        assert_eq!(ProofNodeJson::new(leaf, &path), node);
    }
});
