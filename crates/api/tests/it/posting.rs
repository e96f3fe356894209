//! Handing blocks in, complete or not, in both forms.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::json;
use tangle_types::{BlockId, Codec, DraftBlock, Parents};

use crate::harness::{BINARY, JSON, client, client_with_pow, tagged};

const BLOCKS: &str = "/api/core/v2/blocks";

#[tokio::test]
async fn accepted_block_can_be_read_at_once_and_has_metadata() {
    let client = client().await;
    for number in 0..20 {
        let id = client.submit(&tagged(&format!("at once {number}"))).await;
        let block = client.get_binary(&format!("{BLOCKS}/{id}")).await;
        assert_eq!(block.status, 200);
        let metadata = client.read(&format!("{BLOCKS}/{id}/metadata")).await;
        assert_eq!(metadata["blockId"], id.to_string());
        assert_eq!(metadata["isSolid"], true);
        if metadata.get("referencedByMilestoneIndex").is_none() {
            assert_eq!(metadata["shouldPromote"], false);
            assert_eq!(metadata["shouldReattach"], false);
        }
    }
}

#[tokio::test]
async fn json_block_without_parents_and_nonce_is_completed() {
    let client = client().await;
    for body in [
        json!({"protocolVersion": 2}),
        json!({"protocolVersion": 2, "parents": [], "payload": null, "nonce": "0"}),
        json!({"protocolVersion": 2, "payload": {"type": 5, "tag": "0x01", "data": ""}}),
    ] {
        let answer = client.post_json(BLOCKS, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["blockId"].as_str().expect("an id").to_owned();
        assert_eq!(answer.headers[header::LOCATION], id.as_str());
        let block = client.read(&format!("{BLOCKS}/{id}")).await;
        assert!(!block["parents"].as_array().expect("parents").is_empty());
    }
}

#[tokio::test]
async fn same_block_may_come_twice() {
    let client = client().await;
    let id = client.submit(&tagged("twice")).await;
    let bytes = client.get_binary(&format!("{BLOCKS}/{id}")).await.body;
    let again = client.post(BLOCKS, BINARY, bytes).await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(again.json()["blockId"], id.to_string());
}

#[tokio::test]
async fn json_written_by_the_node_can_be_posted() {
    let client = client().await;
    let id = client.submit(&tagged("there and back")).await;
    let block = client.read(&format!("{BLOCKS}/{id}")).await;
    let answer = client.post_json(BLOCKS, &block).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["blockId"], id.to_string());
}

#[tokio::test]
async fn content_type_other_than_the_two_is_415() {
    let client = client().await;
    for kind in ["", "text/plain", "application/x-www-form-urlencoded"] {
        let answer = client.post(BLOCKS, kind, "{}").await;
        assert!(answer.error(415).contains("Content-Type"), "{kind}");
    }
    let none = client.request(Method::POST, BLOCKS).await;
    none.error(415);
    let with_charset = format!("{JSON}; charset=utf-8");
    let answer = client
        .post(
            BLOCKS,
            &with_charset,
            json!({"protocolVersion": 2}).to_string(),
        )
        .await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn what_is_no_block_is_400_with_the_reason() {
    let client = client().await;
    for (body, reason) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", "invalid"),
        ("{}", "protocolVersion"),
        (r#"{"protocolVersion":3}"#, "version 3"),
        (r#"{"protocolVersion":2,"nonce":"7"}"#, "nonce"),
        (r#"{"protocolVersion":2,"payload":{"type":9}}"#, "9"),
        (r#"{"protocolVersion":2,"parents":["0x00"]}"#, "parents"),
    ] {
        let answer = client.post(BLOCKS, JSON, body).await;
        let message = answer.error(400);
        assert!(message.contains(reason), "{body}: {message}");
    }
    for body in [&[][..], &[2], &[2, 1, 2, 3], &[0; 100]] {
        client.post(BLOCKS, BINARY, body.to_vec()).await.error(400);
    }
    let deep = "[".repeat(100_000);
    client.post(BLOCKS, JSON, deep).await.error(400);
}

#[tokio::test]
async fn unknown_parents_are_400() {
    let client = client().await;
    let orphan = DraftBlock {
        parents: Parents::new(vec![BlockId([9; 32])]),
        ..tagged("orphan")
    };
    let answer = client.post(BLOCKS, BINARY, orphan.to_bytes()).await;
    assert!(answer.error(400).contains("not solid"));
}

#[tokio::test]
async fn body_beyond_the_limit_is_413() {
    let client = client().await;
    let answer = client.post(BLOCKS, JSON, vec![b' '; (1 << 20) + 1]).await;
    assert!(answer.error(413).contains("1048576"));
    // Its length is told by nothing but its end.
    let pieces = Body::new(Pieces(40));
    client.post(BLOCKS, JSON, pieces).await.error(413);
    let answer = client.post(BLOCKS, JSON, vec![b' '; 1 << 20]).await;
    answer.error(400);
}

/// A body in pieces, whose length nobody knows before its end.
struct Pieces(usize);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(None);
        };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; 32 << 10])))))
    }
}

#[tokio::test]
async fn node_does_the_proof_of_work_that_a_client_left_out() {
    let client = client_with_pow(true).await;
    let id = client.submit(&tagged("work for me")).await;
    let block = client.read(&format!("{BLOCKS}/{id}")).await;
    assert_ne!(block["nonce"], "0");
    // With parents of the client's own choice, as the SDK does it.
    let tips = client.read("/api/core/v2/tips").await;
    let parents = &tips["tips"];
    let body = json!({"protocolVersion": 2, "parents": parents, "nonce": "0"});
    let answer = client.post_json(BLOCKS, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn node_without_proof_of_work_says_so_in_the_words_that_the_sdk_looks_for() {
    let client = client_with_pow(false).await;
    let info = client.read("/api/core/v2/info").await;
    assert_eq!(info["features"], json!([]));
    let answer = client.post(BLOCKS, BINARY, tagged("work").to_bytes()).await;
    let message = answer.error(503);
    assert!(
        message.contains("proof of work is not available on this node"),
        "{message}"
    );
}
