//! Published and recorded values: what others wrote reads back and has the stated ids.

use serde_json::Value;
use tangle_types::{
    AliasId, Codec, DecodeError, FoundryId, MilestoneId, NetworkId, NftId, Output, OutputId,
    ParsedBlock, Payload, RentStructure, TransactionId, inputs_commitment,
};

use crate::{bytes, list, text, vector};

fn parse(raw: &Value) -> Result<ParsedBlock, DecodeError> {
    ParsedBlock::parse(bytes(raw).into())
}

/// Reads a block and checks its id, its hashes and that it is written back unchanged.
fn check_block(raw: &Value, id: &Value) -> ParsedBlock {
    let parsed = parse(raw).expect("a valid block");
    assert_eq!(parsed.id.to_string(), text(id));
    assert_eq!(parsed.block.to_bytes(), parsed.bytes, "{}", parsed.id);
    match &parsed.block.payload {
        Some(Payload::Transaction(transaction)) => {
            let hashes = parsed.transaction.expect("a transaction has hashes");
            assert_eq!(transaction.id(), hashes.id);
            assert_eq!(transaction.essence.hash(), hashes.essence);
            for output in &transaction.essence.outputs {
                assert_eq!(output.packed_len(), output.to_bytes().len());
            }
        }
        Some(Payload::Milestone(milestone)) => {
            assert_eq!(parsed.milestone_id, Some(milestone.id()));
            assert_eq!(milestone.to_block(), parsed.block);
        }
        _ => assert_eq!((parsed.transaction, parsed.milestone_id), (None, None)),
    }
    parsed
}

#[test]
fn network_ids_follow_from_names() {
    for entry in list(&vector("ids-and-blocks.json")["network_ids"]) {
        let id = NetworkId::from_name(text(&entry["name"]));
        assert_eq!(id.0.to_string(), text(&entry["network_id"]));
    }
}

#[test]
fn ids_are_composed_as_published() {
    let file = vector("ids-and-blocks.json");
    let foundry = &file["foundry_id"];
    let alias_id: AliasId = text(&foundry["alias_id"]).parse().expect("an alias id");
    let id = FoundryId::new(&alias_id, 42, 0);
    assert_eq!(id.to_string(), text(&foundry["foundry_id"]));
    assert_eq!((id.alias_id(), id.serial_number()), (alias_id, 42));

    let output = &file["output_id"][0];
    let transaction_id: TransactionId = text(&output["transaction_id"]).parse().expect("an id");
    let id = OutputId::new(transaction_id, 42);
    assert_eq!(id.to_string(), text(&output["output_id"]));

    for entry in list(&file["chain_ids"]) {
        let output_id: OutputId = text(&entry["output_id"]).parse().expect("an output id");
        let id = match text(&entry["kind"]) {
            "alias" => AliasId::ZERO.or_from_output(&output_id).to_string(),
            _ => NftId::ZERO.or_from_output(&output_id).to_string(),
        };
        assert_eq!(id, text(&entry["id"]));
    }
}

#[test]
fn published_blocks_read_back() {
    for entry in list(&vector("ids-and-blocks.json")["blocks"]) {
        if entry.get("invalid").is_some() {
            let error = parse(&entry["raw"]).expect_err("a trailing byte");
            assert_eq!(error, DecodeError::LeftOver { count: 1 });
            continue;
        }
        let parsed = check_block(&entry["raw"], &entry["block_id"]);
        if let Some(id) = entry.get("milestone_id") {
            assert_eq!(
                parsed.milestone_id.map(|id| id.to_string()),
                Some(text(id).to_owned())
            );
        }
    }
}

#[test]
fn shimmer_blocks_read_back() {
    let file = vector("shimmer-mainnet-ms-17339-17341.json");
    let mut count = 0;
    for milestone in list(&file["milestones"]) {
        let payload = Payload::from_bytes(&bytes(&milestone["payload"])).expect("a milestone");
        let Payload::Milestone(payload) = payload else {
            panic!("not a milestone");
        };
        let id: MilestoneId = text(&milestone["milestone_id"]).parse().expect("an id");
        assert_eq!(payload.id(), id);
        for block in list(&milestone["cone"]) {
            check_block(&block["raw"], &block["block_id"]);
            count += 1;
        }
    }
    assert_eq!(count, 112);
}

#[test]
fn many_blocks_at_once_are_read_as_one_by_one() {
    let file = vector("shimmer-mainnet-ms-17339-17341.json");
    let mut inputs: Vec<bytes::Bytes> = list(&file["milestones"])
        .iter()
        .flat_map(|milestone| list(&milestone["cone"]))
        .map(|block| bytes(&block["raw"]).into())
        .collect();
    inputs.insert(3, bytes::Bytes::from_static(&[2, 1]));
    let many = ParsedBlock::parse_many(inputs.clone());
    assert_eq!(many.len(), inputs.len());
    for (input, result) in inputs.into_iter().zip(many) {
        let single = ParsedBlock::parse(input.clone());
        match (single, result) {
            (Ok(single), Ok(result)) => {
                assert_eq!(result.bytes, input);
                assert_eq!(result.id, single.id);
                assert_eq!(result.block, single.block);
                assert_eq!(result.transaction, single.transaction);
                assert_eq!(result.milestone_id, single.milestone_id);
            }
            (Err(single), Err(result)) => assert_eq!(single, result),
            (single, result) => panic!("{single:?} and {result:?} differ"),
        }
    }
}

#[test]
fn shimmer_inputs_commitments_match() {
    let file = vector("shimmer-mainnet-ms-17339-17341.json");
    let mut outputs = std::collections::HashMap::new();
    for milestone in list(&file["milestones"]) {
        for consumed in list(&milestone["consumed"]) {
            let id: OutputId = text(&consumed["output_id"]).parse().expect("an output id");
            let output = Output::from_bytes(&bytes(&consumed["raw"])).expect("an output");
            outputs.insert(id, output);
        }
    }
    let blocks = list(&file["milestones"])
        .iter()
        .flat_map(|milestone| list(&milestone["cone"]));
    let parsed: Vec<_> = blocks
        .map(|block| parse(&block["raw"]).expect("a valid block"))
        .collect();
    let transactions: Vec<_> = parsed
        .iter()
        .filter_map(|parsed| match &parsed.block.payload {
            Some(Payload::Transaction(transaction)) => Some(&**transaction),
            _ => None,
        })
        .collect();
    for transaction in &transactions {
        for (index, output) in (0..).zip(&transaction.essence.outputs) {
            outputs.insert(OutputId::new(transaction.id(), index), output.clone());
        }
    }
    for transaction in &transactions {
        let essence = &transaction.essence;
        let consumed = essence.inputs.iter().map(|input| &outputs[input]);
        assert_eq!(inputs_commitment(consumed), essence.inputs_commitment);
    }
    assert_eq!(transactions.len(), 16);
}

#[test]
fn storage_deposits_are_as_published() {
    let rent = |v_byte_cost| RentStructure {
        v_byte_cost,
        v_byte_factor_data: 1,
        v_byte_factor_key: 10,
    };
    for entry in list(&vector("storage-deposit.json")["outputs"]) {
        let output = Output::from_bytes(&bytes(&entry["output"])).expect("an output");
        assert_eq!(Some(output.packed_len() as u64), entry["size"].as_u64());
        assert_eq!(Some(output.deposit_min(&rent(1))), entry["vbytes"].as_u64());
        let at_100 = output.deposit_min(&rent(100)).to_string();
        assert_eq!(at_100, text(&entry["min_deposit_at_100"]));
        let at_250 = output.deposit_min(&rent(250)).to_string();
        assert_eq!(at_250, text(&entry["min_deposit_at_250"]));
    }
}
