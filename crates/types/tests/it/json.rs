//! The JSON form: published texts both ways, and what is refused.

use serde::Deserialize;
use serde_json::{Value, json};
use tangle_types::json::{
    BlockJson, HexArray, JsonError, MilestoneOptionJson, OutputJson, PayloadJson, ProofNodeJson,
    ProtocolParametersJson, from_slice,
};
use tangle_types::{
    Address, Block, BlockId, Codec, DecodeError, DraftBlock, MilestoneId, MilestoneIndex,
    MilestoneOption, Output, ParametersOption, ParsedBlock, Payload, ProtocolParameters, Receipt,
    RentStructure, TreasuryTransaction, U256,
};

use crate::{bytes, list, text, vector};

fn read_block(json: &Value) -> Result<Block, JsonError> {
    from_slice::<BlockJson>(json.to_string().as_bytes())?.try_into()
}

/// Reads `json` as the block `raw` and writes it back unchanged.
fn check_block(raw: &[u8], json: &Value) {
    let block = read_block(json).expect("a valid block");
    assert_eq!(block.to_bytes(), raw);
    let written = serde_json::to_value(BlockJson::from(&block)).expect("no map with odd keys");
    assert_eq!(&written, json);
    let draft: DraftBlock = from_slice::<BlockJson>(json.to_string().as_bytes())
        .and_then(TryInto::try_into)
        .expect("a finished block is a draft too");
    assert_eq!(draft, DraftBlock::from(block));
}

#[test]
fn published_blocks_are_the_same_in_json() {
    let blocks = vector("ids-and-blocks.json");
    let with_json = list(&blocks["blocks"])
        .iter()
        .filter(|entry| entry.get("json").is_some());
    let count = with_json.fold(0, |count, entry| {
        check_block(&bytes(&entry["raw"]), &entry["json"]);
        count + 1
    });
    assert_eq!(count, 3);
}

#[test]
fn shimmer_blocks_are_the_same_in_json() {
    let file = vector("shimmer-mainnet-ms-17339-17341.json");
    let milestones = list(&file["milestones"]).iter();
    let raw: std::collections::HashMap<&str, Vec<u8>> = milestones
        .flat_map(|milestone| list(&milestone["cone"]))
        .map(|block| (text(&block["block_id"]), bytes(&block["raw"])))
        .collect();
    let blocks = vector("json-blocks.json");
    for entry in list(&blocks["blocks"]) {
        check_block(&raw[text(&entry["block_id"])], &entry["json"]);
    }
    assert_eq!(list(&blocks["blocks"]).len(), 9);
    for raw in raw.values() {
        let parsed = ParsedBlock::parse(raw.clone().into()).expect("a valid block");
        let json = serde_json::to_value(BlockJson::from(&parsed.block)).expect("JSON");
        check_block(raw, &json);
    }
}

/// A block with every field that a draft may lack, and a small transaction.
fn block_json() -> Value {
    let blocks = vector("json-blocks.json");
    let found = list(&blocks["blocks"])
        .iter()
        .find(|entry| text(&entry["kind"]) == "tx:3:0:u0");
    found.expect("a simple transfer")["json"].clone()
}

/// The error of a block after `change`.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut json = block_json();
    change(&mut json);
    read_block(&json).expect_err("a refusal").to_string()
}

#[test]
fn drafts_may_lack_parents_and_nonce() {
    for (parents, nonce) in [
        (None, None),
        (Some(json!([])), Some(json!("0"))),
        (Some(json!(null)), Some(json!(null))),
    ] {
        let mut json = block_json();
        let fields = json.as_object_mut().expect("an object");
        for (name, value) in [("parents", parents), ("nonce", nonce)] {
            match value {
                Some(value) => fields.insert(name.to_owned(), value),
                None => fields.remove(name),
            };
        }
        let draft: DraftBlock = from_slice::<BlockJson>(json.to_string().as_bytes())
            .and_then(TryInto::try_into)
            .expect("a draft");
        assert_eq!((&draft.parents, draft.nonce), (&None, 0));
        let written = serde_json::to_value(BlockJson::from(&draft)).expect("JSON");
        assert_eq!((written.get("parents"), written.get("nonce")), (None, None));
        let error = read_block(&json).expect_err("a block has parents");
        assert!(
            matches!(
                error,
                JsonError::Value(DecodeError::Count {
                    field: "parents",
                    ..
                })
            ),
            "{error}"
        );
    }
}

#[test]
fn errors_name_the_field() {
    let cases: [(&str, String); 12] = [
        (
            "protocolVersion: invalid value: integer `256`, expected u8",
            refusal(|block| block["protocolVersion"] = json!(256)),
        ),
        (
            "parents[1]: 64 hexadecimal digits are needed after 0x, found 2",
            refusal(|block| block["parents"][1] = json!("0x12")),
        ),
        (
            "parents: invalid length 9, expected a list of at most 8",
            refusal(|block| block["parents"] = json!(vec![BlockId::ZERO; 9])),
        ),
        (
            "nonce: not the decimal digits of a number of 64 bits",
            refusal(|block| block["nonce"] = json!("+1")),
        ),
        (
            "payload.essence.networkId: invalid type: integer `1`, expected a text",
            refusal(|block| block["payload"]["essence"]["networkId"] = json!(1)),
        ),
        (
            "payload.essence.outputs[0].amount: not the decimal",
            refusal(|block| {
                block["payload"]["essence"]["outputs"][0]["amount"] = json!("18446744073709551616");
            }),
        ),
        (
            "address of type 0: pubKeyHash is missing",
            refusal(|block| {
                block["payload"]["essence"]["outputs"][0]["unlockConditions"][0]["address"] =
                    json!({"type": 0});
            }),
        ),
        (
            "output of type 4: aliasId is missing",
            refusal(|block| block["payload"]["essence"]["outputs"][0]["type"] = json!(4)),
        ),
        (
            "payload.essence.inputs[0].type: type 1 is not allowed here, only 0",
            refusal(|block| block["payload"]["essence"]["inputs"][0]["type"] = json!(1)),
        ),
        (
            "payload: type 4 is not allowed here",
            refusal(|block| block["payload"]["type"] = json!(4)),
        ),
        (
            "1 inputs need as many unlocks, there are 0",
            refusal(|block| block["payload"]["unlocks"] = json!([])),
        ),
        (
            "payload.unlocks[0].signature.signature: 0x is missing",
            refusal(|block| block["payload"]["unlocks"][0]["signature"]["signature"] = json!("ab")),
        ),
    ];
    for (expected, found) in cases {
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
}

#[test]
fn text_that_is_not_json_is_refused() {
    for text in ["", "{", "[]", "{} {}", "null", "\u{feff}{}"] {
        let error = from_slice::<BlockJson>(text.as_bytes()).expect_err("not a block");
        assert!(matches!(error, JsonError::Text { .. }), "{error}");
    }
}

fn output_json(change: impl FnOnce(&mut Value)) -> Result<Output, JsonError> {
    let mut json = json!({
        "type": 3,
        "amount": "1",
        "unlockConditions": [{"type": 0, "address": {"type": 0, "pubKeyHash": "0x".to_owned() + &"07".repeat(32)}}],
    });
    change(&mut json);
    from_slice::<OutputJson>(json.to_string().as_bytes())?.try_into()
}

#[test]
fn empty_byte_strings_and_lists_are_read_in_every_spelling() {
    for empty in [json!(""), json!("0x"), json!(null)] {
        let payload = json!({"type": 5, "tag": empty, "data": empty}).to_string();
        let payload: Payload = from_slice::<PayloadJson>(payload.as_bytes())
            .and_then(TryInto::try_into)
            .expect("tagged data without anything");
        assert_eq!(payload, Payload::TaggedData(Default::default()));
        let written = serde_json::to_value(PayloadJson::from(&payload)).expect("JSON");
        assert_eq!(written, json!({"type": 5}));
    }
    for empty in [json!([]), json!(null)] {
        output_json(|output| {
            output["nativeTokens"] = empty.clone();
            output["features"] = empty.clone();
            output["immutableFeatures"] = empty;
        })
        .expect("an output");
    }
    for empty in ["", "0x"] {
        let error = output_json(|output| output["features"] = json!([{"type": 3, "tag": empty}]));
        assert!(
            matches!(
                error,
                Err(JsonError::Value(DecodeError::Length {
                    field: "tag feature",
                    ..
                }))
            ),
            "{error:?}"
        );
    }
}

#[test]
fn amounts_of_native_tokens_are_minimal_when_written() {
    let id = "0x".to_owned() + &"08".repeat(38);
    let read = |amount: &str| {
        output_json(|output| output["nativeTokens"] = json!([{"id": id, "amount": amount}]))
    };
    let max = "0x".to_owned() + &"f".repeat(64);
    let padded = "0x".to_owned() + &"0".repeat(62) + "aF";
    for (text, amount, written) in [
        ("0x0", U256::zero(), "0x0"),
        ("0x64", U256::from(100), "0x64"),
        ("0x0064", U256::from(100), "0x64"),
        (&padded, U256::from(0xaf), "0xaf"),
        (&max, U256::MAX, &max),
    ] {
        let output = read(text).expect("an output");
        assert_eq!(output.native_tokens()[0].amount, amount);
        let json = serde_json::to_value(OutputJson::from(&output)).expect("JSON");
        assert_eq!(json["nativeTokens"][0]["amount"], json!(written));
    }
    let long = "0x0".to_owned() + &"f".repeat(64);
    for text in ["", "0x", "100", "0xg", "0x-1", "0xé", &long] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn lists_and_byte_strings_longer_than_their_limit_are_refused_while_reading() {
    let tokens: Vec<_> = (0..65)
        .map(|_| json!({"id": "0x".to_owned() + &"08".repeat(38), "amount": "0x1"}))
        .collect();
    let conditions: Vec<_> = (1..=8)
        .map(|time| json!({"type": 2, "unixTime": time}))
        .collect();
    let features: Vec<_> = (0..5).map(|_| json!({"type": 3, "tag": "0x01"})).collect();
    let cases = [
        ("nativeTokens", json!(tokens)),
        ("unlockConditions", json!(conditions)),
        ("features", json!(features)),
        ("immutableFeatures", json!(features)),
        ("stateMetadata", json!("0x".to_owned() + &"00".repeat(8193))),
        (
            "features",
            json!([{"type": 2, "data": "0x".to_owned() + &"00".repeat(8193)}]),
        ),
        (
            "features",
            json!([{"type": 3, "tag": "0x".to_owned() + &"00".repeat(65)}]),
        ),
    ];
    for (field, value) in cases {
        let error = output_json(|output| output[field] = value).expect_err("too long");
        let JsonError::Text { path, .. } = &error else {
            panic!("{error}");
        };
        assert!(path.starts_with(field), "{path}");
    }
}

#[test]
fn rules_of_the_binary_form_hold_in_json() {
    let id = |byte: &str| "0x".to_owned() + &byte.repeat(38);
    let token = |byte| json!({"id": id(byte), "amount": "0x1"});
    let refusal = |change: &dyn Fn(&mut Value)| match output_json(change) {
        Err(JsonError::Value(error)) => error,
        other => panic!("{other:?}"),
    };
    let field = "native tokens";
    assert_eq!(
        refusal(&|output| output["nativeTokens"] = json!([token("09"), token("08")])),
        DecodeError::Order { field, index: 1 }
    );
    assert_eq!(
        refusal(&|output| output["nativeTokens"] = json!([token("08"), token("08")])),
        DecodeError::Duplicate { field, index: 1 }
    );
    assert_eq!(
        refusal(&|output| output["unlockConditions"] = json!([])),
        DecodeError::ConditionMissing {
            output: "basic",
            kind: 0
        }
    );
    let alias_id = "0x".to_owned() + &"00".repeat(32);
    let alias = json!({"type": 8, "aliasId": alias_id});
    assert_eq!(
        refusal(&|output| {
            output["features"] = json!([{"type": 1, "address": alias}]);
        }),
        DecodeError::FeatureNotAllowed {
            output: "basic",
            field: "features",
            kind: 1
        }
    );
    assert_eq!(
        refusal(&|output| {
            output["unlockConditions"] = json!([{
                "type": 6, "address": {"type": 16, "nftId": alias_id},
            }]);
        }),
        DecodeError::Kind {
            field: "address of an immutable alias condition",
            found: 16
        }
    );
}

#[test]
fn milestone_options_are_written_as_hornet_does() {
    let receipt = Receipt {
        migrated_at: 7,
        is_final: true,
        funds: vec![tangle_types::MigratedFunds {
            tail_transaction_hash: [9; 49],
            address: Address::Ed25519([1; 32]),
            deposit: 1_000_000,
        }],
        treasury_transaction: TreasuryTransaction {
            input: MilestoneId([2; 32]),
            amount: 5,
        },
    };
    let parameters = ParametersOption {
        target_index: MilestoneIndex(40),
        protocol_version: 3,
        parameters: vec![0xab],
    };
    let cases = [
        (
            MilestoneOption::Receipt(receipt),
            json!({
                "type": 0,
                "migratedAt": 7,
                "funds": [{
                    "tailTransactionHash": "0x".to_owned() + &"09".repeat(49),
                    "address": {"type": 0, "pubKeyHash": "0x".to_owned() + &"01".repeat(32)},
                    "deposit": "1000000",
                }],
                "transaction": {
                    "type": 4,
                    "input": {"type": 1, "milestoneId": "0x".to_owned() + &"02".repeat(32)},
                    "output": {"type": 2, "amount": "5"},
                },
                "final": true,
            }),
        ),
        (
            MilestoneOption::Parameters(parameters),
            json!({"type": 1, "targetMilestoneIndex": 40, "protocolVersion": 3, "params": "0xab"}),
        ),
    ];
    for (option, json) in cases {
        let written = serde_json::to_value(MilestoneOptionJson::from(&option)).expect("JSON");
        assert_eq!(written, json);
        let read = from_slice::<MilestoneOptionJson>(json.to_string().as_bytes())
            .and_then(MilestoneOption::try_from)
            .expect("an option");
        assert_eq!(read, option);
    }
}

#[test]
fn parameters_are_read_in_both_spellings() {
    let parameters = ProtocolParameters {
        version: 2,
        network_name: "shimmer".to_owned(),
        bech32_hrp: "smr".to_owned(),
        pow_score_min: 1500,
        below_max_depth: 15,
        rent: RentStructure {
            v_byte_cost: 100,
            v_byte_factor_data: 1,
            v_byte_factor_key: 10,
        },
        token_supply: 1_813_620_509_061_365,
    };
    let text = r#"{"version":2,"networkName":"shimmer","bech32Hrp":"smr","minPowScore":1500,"belowMaxDepth":15,"rentStructure":{"vByteCost":100,"vByteFactorData":1,"vByteFactorKey":10},"tokenSupply":"1813620509061365"}"#;
    let json = ProtocolParametersJson::from(&parameters);
    assert_eq!(serde_json::to_string(&json).expect("JSON"), text);
    let config = text
        .replace("bech32Hrp", "bech32HRP")
        .replace("minPowScore", "minPoWScore");
    for text in [text, &config] {
        let read = from_slice::<ProtocolParametersJson>(text.as_bytes())
            .and_then(ProtocolParameters::try_from)
            .expect("parameters");
        assert_eq!(read, parameters);
    }
    let long = text.replace("shimmer", &"s".repeat(256));
    let error = from_slice::<ProtocolParametersJson>(long.as_bytes())
        .and_then(ProtocolParameters::try_from)
        .expect_err("the name is too long");
    assert!(matches!(
        error,
        JsonError::Value(DecodeError::Length { found: 256, .. })
    ));
}

#[test]
fn order_of_fields_does_not_matter_and_unknown_ones_are_ignored() {
    let text = r#"{"unlockConditions":[{"address":{"pubKeyHash":"0x0000000000000000000000000000000000000000000000000000000000000000","type":0},"x":[1,{}],"type":0}],"amount":"007","nftId":null,"type":3}"#;
    let output: Output = from_slice::<OutputJson>(text.as_bytes())
        .and_then(TryInto::try_into)
        .expect("an output");
    assert_eq!(output, Output::basic(Address::Ed25519([0; 32]), 7));
}

#[test]
fn published_proofs_of_inclusion_are_read_and_written() {
    let file = vector("merkle.json");
    let root = HexArray::<32>::deserialize(&file["published_root_n7"]).expect("a hash");
    for (entry, leaf) in list(&file["poi_proofs_n7"])
        .iter()
        .zip(list(&file["leaves"]))
    {
        let node = ProofNodeJson::deserialize(entry).expect("a proof");
        let (found, path) = node.path().expect("a tree with one leaf");
        assert_eq!(found.to_string(), text(leaf));
        assert_eq!(path.root(&found.0), root.0);
        assert_eq!(&serde_json::to_value(&node).expect("JSON"), entry);
        assert_eq!(ProofNodeJson::new(found, &path), node);
    }
}

#[test]
fn tree_that_is_no_proof_is_refused() {
    let hash = json!({ "h": format!("0x{}", "11".repeat(32)) });
    let leaf = json!({ "value": format!("0x{}", "22".repeat(32)) });
    let mut deep = leaf.clone();
    for _ in 0..33 {
        deep = json!({ "l": deep, "r": hash });
    }
    for (what, tree) in [
        ("nothing", json!({})),
        ("no leaf", hash.clone()),
        ("two hashes", json!({ "l": hash, "r": hash })),
        ("two leaves", json!({ "l": leaf, "r": leaf })),
        ("half a node", json!({ "l": leaf })),
        (
            "a leaf with a hash",
            json!({ "value": leaf["value"], "h": hash["h"] }),
        ),
        (
            "a node with a hash",
            json!({ "l": leaf, "r": hash, "h": hash["h"] }),
        ),
        ("too many levels", deep),
    ] {
        let node = ProofNodeJson::deserialize(&tree).expect("of this form");
        assert!(node.path().is_none(), "{what}");
    }
}
