//! Everything that is not a success has the standard form.

use axum::http::Method;
use serde_json::{Value, json};

use crate::harness::{JSON, client};

const ID: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

#[tokio::test]
async fn unknown_things_are_404() {
    let client = client().await;
    for path in [
        &format!("blocks/{ID}"),
        &format!("blocks/{ID}/metadata"),
        &format!("transactions/{ID}/included-block"),
        &format!("transactions/{ID}/included-block/metadata"),
        &format!("milestones/{ID}"),
        &format!("milestones/{ID}/utxo-changes"),
        "milestones/by-index/1000000",
        "milestones/by-index/1000000/utxo-changes",
        "milestones/4000000000/utxo-changes",
        &format!("outputs/{ID}0000"),
        &format!("outputs/{ID}0000/metadata"),
        "peers/nobody",
        "nothing",
        "blocks/",
    ] {
        let answer = client.get(&format!("/api/core/v2/{path}")).await;
        answer.error(404);
        assert!(answer.json()["error"].get("prunedBefore").is_none());
    }
    for path in [
        "/",
        "/api",
        "/api/core/v1/info",
        "/api/core/v2/INFO",
        "//health",
    ] {
        client.get(path).await.error(404);
    }
    for path in [
        format!("alias/{ID}"),
        format!("nft/{ID}"),
        format!("foundry/0x08{}0100000000", &ID[2..]),
    ] {
        let path = format!("/api/indexer/v1/outputs/{path}");
        let message = client.get(&path).await.error(404);
        assert!(message.contains("record not found"), "{message}");
    }
}

#[tokio::test]
async fn malformed_parameters_are_400() {
    let client = client().await;
    for path in [
        "blocks/0x00",
        "blocks/nothing/metadata",
        "blocks/%ff",
        "blocks/%00",
        &format!("blocks/{}", &ID[2..]),
        &format!("blocks/{ID}00"),
        &format!("blocks/{}g", &ID[..65]),
        "transactions/0x/included-block",
        "milestones/0x",
        "milestones/x/utxo-changes",
        "milestones/by-index/x",
        "milestones/by-index/-1",
        "milestones/by-index/+1",
        "milestones/by-index/4294967296",
        "milestones/by-index/1.0/utxo-changes",
        &format!("outputs/{ID}"),
        "outputs/0x/metadata",
        "receipts/x",
    ] {
        let message = client.get(&format!("/api/core/v2/{path}")).await.error(400);
        assert!(message.starts_with("invalid parameter"), "{message}");
    }
}

#[tokio::test]
async fn wrong_method_is_405_and_says_which_are_right() {
    let client = client().await;
    for (method, path, allowed) in [
        (Method::POST, "info", "GET,HEAD"),
        (Method::DELETE, "blocks", "POST"),
        (Method::GET, "blocks", "POST"),
        (Method::PUT, "peers", "GET,HEAD,POST"),
        (Method::OPTIONS, "info", "GET,HEAD"),
    ] {
        let answer = client
            .request(method, &format!("/api/core/v2/{path}"))
            .await;
        answer.error(405);
        let mut methods: Vec<&str> = answer.headers["allow"]
            .to_str()
            .expect("a text")
            .split(',')
            .collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{path}");
    }
}

#[tokio::test]
async fn any_page_may_ask() {
    let client = client().await;
    let answer = client.get("/api/core/v2/info").await;
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let refused = client.get("/nothing").await;
    assert_eq!(refused.headers["access-control-allow-origin"], "*");
    let preflight = axum::http::Request::builder()
        .method(Method::OPTIONS)
        .uri("/api/core/v2/blocks")
        .header("origin", "https://wallet.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let request = preflight
        .body(axum::body::Body::empty())
        .expect("a request");
    let answer = client.send(request).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn peers_are_added_listed_and_removed() {
    let client = client().await;
    let id = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";
    let path = format!("/api/core/v2/peers/{id}");
    let new = json!({"multiAddress": format!("/ip4/127.0.0.1/tcp/1/p2p/{id}"), "alias": "north"});
    let peer = client.post_json("/api/core/v2/peers", &new).await;
    assert_eq!(peer.status, 200);
    let expected = json!({
        "id": id,
        "multiAddresses": ["/ip4/127.0.0.1/tcp/1"],
        "alias": "north",
        "relation": "known",
        "connected": false,
    });
    // Nobody listens there, which is told sooner or later.
    let known = |mut peer: Value| {
        peer.as_object_mut().and_then(|peer| peer.remove("trouble"));
        peer
    };
    assert_eq!(known(peer.json()), expected);
    assert_eq!(known(client.read(&path).await), expected);
    let peers = client.read("/api/core/v2/peers").await;
    assert_eq!(peers.as_array().map(Vec::len), Some(1));
    assert_eq!(known(peers[0].clone()), expected);
    let ban = format!("/api/tangle/v1/peers/{id}/ban");
    for bad in [json!({}), json!({"seconds": 0}), json!({"seconds": 1e12})] {
        client.post_json(&ban, &bad).await.error(400);
    }
    let gone = client.request(Method::DELETE, &path).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    client.request(Method::DELETE, &path).await.error(404);
    client.get(&path).await.error(404);
    client
        .post_json(&ban, &json!({"seconds": 1}))
        .await
        .error(404);
    for bad in [
        json!({"multiAddress": "somewhere"}),
        json!({"multiAddress": 1}),
        json!({}),
        json!([]),
        json!({"multiAddress": "/ip4/127.0.0.1/tcp/1/p2p/x", "other": 1}),
    ] {
        client
            .post_json("/api/core/v2/peers", &bad)
            .await
            .error(400);
    }
}

#[tokio::test]
async fn bad_orders_of_an_operator_are_400() {
    let client = client().await;
    let prune = "/api/core/v2/control/database/prune";
    for bad in [
        json!({}),
        json!({"index": 1, "depth": 1}),
        json!({"index": -1}),
        json!({"depth": "1"}),
        json!({"index": 4_000_000_000_u32}),
        json!({"targetDatabaseSize": "much"}),
        json!({"targetDatabaseSize": ""}),
        json!({"keep": 1}),
        json!(null),
    ] {
        client.post_json(prune, &bad).await.error(400);
    }
    for path in ["snapshots", "snapshot"] {
        let path = format!("/api/core/v2/control/{path}/create");
        for bad in [json!({}), json!({"index": "1"})] {
            client.post_json(&path, &bad).await.error(400);
        }
        client.post(&path, "text/plain", "{}").await.error(415);
    }
    client.post(prune, JSON, "x").await.error(400);
}

#[tokio::test]
async fn white_flag_answers_the_coordinators_question() {
    let client = client().await;
    let path = "/api/core/v2/whiteflag";
    let question = |index: u64, previous: &str, parents: Value| {
        json!({
            "index": index, "timestamp": 1_900_000_000, "parents": parents,
            "previousMilestoneId": previous,
        })
    };
    for bad in [
        question(1, ID, json!([])),
        question(1, ID, json!(["0x00"])),
        question(1, "0x", json!([ID])),
        question(4_000_000_000, ID, json!([ID])),
        json!({"index": 1}),
    ] {
        client.post_json(path, &bad).await.error(400);
    }
    // The next milestone may come in between; then its index is no longer the next.
    let roots = crate::harness::eventually("an answer in time", async || {
        let info = client.read("/api/core/v2/info").await;
        let tips = client.read("/api/core/v2/tips").await;
        let last = &info["status"]["confirmedMilestone"];
        let index = last["index"].as_u64().expect("an index") + 1;
        let previous = last["milestoneId"].as_str().expect("an id");
        let question = question(index, previous, tips["tips"].clone());
        let answer = client.post_json(path, &question).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    for root in ["inclusionMerkleRoot", "appliedMerkleRoot"] {
        assert_eq!(roots[root].as_str().map(str::len), Some(66), "{roots}");
    }
}
