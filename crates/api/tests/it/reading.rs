//! What the read routes answer.

use axum::http::header;
use serde_json::json;
use tangle_types::json::BlockJson;
use tangle_types::{Block, BlockId, Codec, Output, Payload};

use crate::harness::{BINARY, SUPPLY, address, client, client_with_walks, draft, tagged, transfer};

#[tokio::test]
async fn info_has_every_field_that_clients_need() {
    let client = client().await;
    let info = client.read("/api/core/v2/info").await;
    assert_eq!(info["name"], "Tangle");
    assert_eq!(info["version"], "0.0.0");
    assert_eq!(info["status"]["isHealthy"], true);
    assert_eq!(info["status"]["pruningIndex"], 0);
    for milestone in ["latestMilestone", "confirmedMilestone"] {
        let milestone = &info["status"][milestone];
        assert!(milestone["index"].as_u64() > Some(0));
        assert!(milestone["timestamp"].as_u64() > Some(1_600_000_000));
        assert_eq!(milestone["milestoneId"].as_str().map(str::len), Some(66));
    }
    assert_eq!(info["supportedProtocolVersions"], json!([2]));
    let protocol = json!({
        "version": 2,
        "networkName": "api-test",
        "bech32Hrp": "tst",
        "minPowScore": 0,
        "belowMaxDepth": 15,
        "rentStructure": {"vByteCost": 1, "vByteFactorData": 1, "vByteFactorKey": 10},
        "tokenSupply": SUPPLY.to_string(),
    });
    assert_eq!(info["protocol"], protocol);
    assert_eq!(info["pendingProtocolParameters"], json!([]));
    let token = json!({
        "name": "Test", "tickerSymbol": "TST", "unit": "TST", "decimals": 6,
        "useMetricPrefix": false,
    });
    assert_eq!(info["baseToken"], token);
    for metric in [
        "blocksPerSecond",
        "referencedBlocksPerSecond",
        "referencedRate",
    ] {
        assert!(info["metrics"][metric].is_number(), "{metric}");
    }
    assert_eq!(info["features"], json!(["pow"]));
    let routes = client.read("/api/routes").await;
    assert_eq!(
        routes,
        json!({"routes": ["core/v2", "indexer/v1", "mqtt/v1", "poi/v1"]})
    );
}

#[tokio::test]
async fn tips_are_blocks_that_can_be_read() {
    let client = client().await;
    for path in ["tips", "tips?allowSemiLazy", "tips?ALLOWSEMILAZY=false"] {
        let answer = client.read(&format!("/api/core/v2/{path}")).await;
        let tips = answer["tips"].as_array().expect("a list");
        assert!((1..=4).contains(&tips.len()));
        for tip in tips {
            let tip = tip.as_str().expect("an id");
            client.read(&format!("/api/core/v2/blocks/{tip}")).await;
        }
    }
}

#[tokio::test]
async fn block_has_the_same_value_in_both_forms() {
    let client = client().await;
    let id = client.submit(&tagged("both forms")).await;
    let path = format!("/api/core/v2/blocks/{id}");
    let binary = client.get_binary(&path).await;
    assert_eq!(binary.headers[header::CONTENT_TYPE], BINARY);
    assert_eq!(BlockId(tangle_crypto::blake2b::hash(&binary.body)), id);
    let block = client.read(&path).await;
    assert_eq!(block["protocolVersion"], 2);
    assert_eq!(block["payload"]["type"], 5);
    assert_eq!(block["payload"]["tag"], "0x617069");
    assert_eq!(block["nonce"], "0");
    let json: BlockJson = serde_json::from_value(block).expect("a block");
    let block = Block::try_from(json).expect("a block");
    assert_eq!(block.to_bytes(), binary.body);
}

#[tokio::test]
async fn milestone_is_found_by_index_and_by_id() {
    let client = client().await;
    let by_index = "/api/core/v2/milestones/by-index/1";
    let milestone = client.read(by_index).await;
    assert_eq!(
        (&milestone["type"], &milestone["index"]),
        (&json!(7), &json!(1))
    );
    assert_eq!(milestone["signatures"].as_array().map(Vec::len), Some(1));
    let bytes = client.get_binary(by_index).await.body;
    let payload = Payload::from_bytes(&bytes).expect("a payload");
    let Payload::Milestone(value) = payload else {
        panic!("a milestone");
    };
    let by_id = format!("/api/core/v2/milestones/{}", value.id());
    assert_eq!(client.read(&by_id).await, milestone);
    assert_eq!(client.get_binary(&by_id).await.body, bytes);

    let changes = client.read(&format!("{by_index}/utxo-changes")).await;
    let empty = json!({"index": 1, "createdOutputs": [], "consumedOutputs": []});
    assert_eq!(changes, empty);
    assert_eq!(client.read(&format!("{by_id}/utxo-changes")).await, empty);
    // Where some clients look for it.
    let odd = client.read("/api/core/v2/milestones/1/utxo-changes").await;
    assert_eq!(odd, empty);
}

#[tokio::test]
async fn transfer_is_seen_in_outputs_changes_and_metadata() {
    let client = client().await;
    let (input, amount) = client.output_of(1).await;
    let outputs = vec![
        Output::basic(address(1), 600),
        Output::basic(address(1), amount - 600),
    ];
    let (payload, id) = transfer(1, (input, amount), outputs);
    let block_id = client.submit(&draft(Some(payload))).await;
    let metadata = client.referenced(&block_id).await;
    assert_eq!(metadata["ledgerInclusionState"], "included");
    assert_eq!(metadata["isSolid"], true);
    for absent in [
        "conflictReason",
        "shouldPromote",
        "shouldReattach",
        "milestoneIndex",
    ] {
        assert!(metadata.get(absent).is_none(), "{absent}");
    }
    let index = &metadata["referencedByMilestoneIndex"];

    let path = format!("/api/core/v2/outputs/{input}");
    let spent = client.read(&path).await;
    assert_eq!(spent["metadata"]["isSpent"], true);
    assert_eq!(spent["metadata"]["transactionIdSpent"], id.to_string());
    assert_eq!(&spent["metadata"]["milestoneIndexSpent"], index);
    assert_eq!(spent["metadata"]["milestoneIndexBooked"], 0);
    assert_eq!(
        client.read(&format!("{path}/metadata")).await["isSpent"],
        true
    );
    let bytes = client.get_binary(&path).await.body;
    assert_eq!(bytes, Output::basic(address(1), amount).to_bytes());

    let created = client.read(&format!("/api/core/v2/outputs/{id}0000")).await;
    assert_eq!(created["output"]["amount"], "600");
    assert_eq!(created["metadata"]["isSpent"], false);
    assert_eq!(created["metadata"]["blockId"], block_id.to_string());
    assert_eq!(&created["metadata"]["milestoneIndexBooked"], index);
    let changes = client
        .read(&format!(
            "/api/core/v2/milestones/by-index/{index}/utxo-changes"
        ))
        .await;
    let has = |list: &str, id: &str| {
        let ids = changes[list].as_array().expect("a list");
        ids.iter().any(|one| one == id)
    };
    assert!(has("consumedOutputs", &input.to_string()));
    assert!(has("createdOutputs", &format!("{id}0100")));

    let included = format!("/api/core/v2/transactions/{id}/included-block");
    let block = client
        .read(&format!("/api/core/v2/blocks/{block_id}"))
        .await;
    assert_eq!(client.read(&included).await, block);
    assert_eq!(client.read(&format!("{included}/metadata")).await, metadata);
}

#[tokio::test]
async fn double_spend_is_conflicting_with_its_reason() {
    let client = client().await;
    let (input, amount) = client.output_of(2).await;
    let (first, _) = transfer(2, (input, amount), vec![Output::basic(address(3), amount)]);
    let first = client.submit(&draft(Some(first))).await;
    client.referenced(&first).await;
    let outputs = vec![
        Output::basic(address(2), amount - 500),
        Output::basic(address(2), 500),
    ];
    let (second, id) = transfer(2, (input, amount), outputs);
    let second = client.submit(&draft(Some(second))).await;
    let metadata = client.referenced(&second).await;
    assert_eq!(metadata["ledgerInclusionState"], "conflicting");
    assert_eq!(metadata["conflictReason"], 1);
    let path = format!("/api/core/v2/transactions/{id}/included-block");
    client.get(&path).await.error(404);
}

#[tokio::test]
async fn what_comes_from_the_legacy_network_is_empty() {
    let client = client().await;
    let treasury = client.read("/api/core/v2/treasury").await;
    assert_eq!(treasury["amount"], "0");
    assert_eq!(treasury["milestoneId"].as_str().map(str::len), Some(66));
    for path in ["receipts", "receipts/7"] {
        let receipts = client.read(&format!("/api/core/v2/{path}")).await;
        assert_eq!(receipts, json!({"receipts": []}));
    }
}

#[tokio::test]
async fn description_is_served() {
    let client = client().await;
    let description = client.read("/api/openapi.json").await;
    assert!(description["paths"]["/api/core/v2/blocks"]["post"].is_object());
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_ask() {
    let client = client().await;
    let ask = async |path: &str| {
        let request = axum::http::Request::builder()
            .uri(path)
            .header(header::ACCEPT_ENCODING, "gzip");
        let request = request.body(axum::body::Body::empty()).expect("a request");
        client.send(request).await
    };
    let long = ask("/api/openapi.json").await;
    assert_eq!(long.headers[header::CONTENT_ENCODING], "gzip");
    assert_eq!(long.body[..2], [0x1f, 0x8b]);
    let short = ask("/api/routes").await;
    assert!(short.headers.get(header::CONTENT_ENCODING).is_none());
}

#[tokio::test]
async fn tip_selection_tells_how_it_chooses() {
    let client = client().await;
    let answer = client.read("/api/tangle/v1/tips").await;
    assert_eq!(answer["strategy"], "urts");
    assert_eq!(answer["isTooShallow"], false);
    assert_eq!(answer.get("depthMs"), None);
    let block = client.submit(&tagged("weightless")).await;
    let path = format!("/api/tangle/v1/blocks/{block}/weight");
    let text = client.get(&path).await.error(404);
    assert!(text.contains("tips.strategy is `urts`"), "{text}");
    let text = client
        .get("/api/tangle/v1/blocks/0x12/weight")
        .await
        .error(400);
    assert!(text.contains("0x12"), "{text}");
}

#[tokio::test]
async fn a_node_that_walks_knows_weights_and_confirms() {
    let client = client_with_walks().await;
    let first = client.submit(&tagged("first")).await;
    for text in ["second", "third", "fourth"] {
        client.submit(&tagged(text)).await;
    }
    let weight = client
        .read(&format!("/api/tangle/v1/blocks/{first}/weight"))
        .await;
    assert_eq!(weight["blockId"], first.to_string());
    // Each one approves the heaviest branch, on which the others are.
    assert!(weight["weight"].as_u64() >= Some(4), "{weight}");
    assert_eq!(weight["confidence"], 1.0);
    client.referenced(&first).await;
    let answer = client.read("/api/tangle/v1/tips").await;
    assert_eq!(
        (&answer["strategy"], &answer["depthMs"]),
        (&json!("heaviest"), &json!(60_000))
    );
    assert!(answer["windowBlocks"].as_u64() > Some(4), "{answer}");
}
