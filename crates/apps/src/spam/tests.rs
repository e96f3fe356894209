//! What the spammer does when a node takes no blocks, with a node that is made up.

use std::collections::VecDeque;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tangle_types::{Block, Codec, Payload, TaggedData};

use super::connection::PAUSE_MIN;
use super::*;

/// Answers like a node that refuses blocks, with these statuses in order, before it takes any.
#[derive(Debug, Default)]
struct Fake {
    /// Milestones so far: there is a new one whenever somebody looks.
    milestones: AtomicU64,
    refusals: Mutex<VecDeque<u16>>,
    /// When blocks came, and their data.
    seen: Mutex<Vec<(Instant, Vec<u8>)>>,
}

async fn info(State(fake): State<Arc<Fake>>) -> Json<Value> {
    let before = fake.milestones.fetch_add(1, Ordering::Relaxed);
    Json(tangle_testkit::node::info(before + 1))
}

async fn take(State(fake): State<Arc<Fake>>, body: Bytes) -> Response {
    let block = Block::from_bytes(&body).expect("a block");
    let Some(Payload::TaggedData(TaggedData { data, .. })) = block.payload else {
        panic!("{block:?} has no data");
    };
    let mut seen = fake.seen.lock().expect("no holder panics");
    seen.push((Instant::now(), data));
    let refusal = fake.refusals.lock().expect("no holder panics").pop_front();
    if let Some(status) = refusal {
        let status = StatusCode::from_u16(status).expect("a status");
        let error = json!({"error": {"code": status.as_str(), "message": "not now"}});
        return (status, Json(error)).into_response();
    }
    let id = BlockId(blake2b::hash(&body));
    (StatusCode::CREATED, Json(json!({"blockId": id}))).into_response()
}

async fn metadata(Path(id): Path<String>) -> Json<Value> {
    Json(json!({
        "blockId": id,
        "isSolid": true,
        "referencedByMilestoneIndex": 1,
        "ledgerInclusionState": "noTransaction",
    }))
}

/// A spammer of one connection for a node that refuses with these statuses.
async fn spammer(refusals: &[u16], blocks_max: u64) -> (Arc<Fake>, Spammer) {
    let fake = Arc::new(Fake {
        refusals: Mutex::new(refusals.iter().copied().collect()),
        ..Fake::default()
    });
    let tips = Json(json!({"tips": [BlockId([7; 32])]}));
    let router = Router::new()
        .route("/api/core/v2/info", get(info))
        .route("/api/core/v2/tips", get(async || tips))
        .route("/api/core/v2/blocks", post(take))
        .route("/api/core/v2/blocks/{id}/metadata", get(metadata))
        .with_state(Arc::clone(&fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("loopback has ports");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    tokio::spawn(async { axum::serve(listener, router).await });
    let config = SpamConfig {
        rate: None,
        duration: None,
        blocks_max: Some(blocks_max),
        mix: Mix {
            data: 1,
            value: 0,
            conflicts: 0,
        },
        size_bytes: 32,
        tag: b"tag".to_vec(),
        connections: 1,
        seed: 1,
    };
    let client = Client::new(&url).expect("an address");
    let prepared = Spammer::prepare(client.clone(), &client, config).await;
    (fake, prepared.expect("it is ready"))
}

fn seen(fake: &Fake) -> Vec<(Instant, Vec<u8>)> {
    fake.seen.lock().expect("no holder panics").clone()
}

#[tokio::test]
async fn busy_node_gets_the_same_block_again_after_longer_and_longer_pauses() {
    let (fake, spammer) = spammer(&[503, 429, 503], 2).await;
    let (_stop, stopping) = watch::channel(false);
    let summary = spammer.run(stopping).await;
    assert_eq!((summary.accepted, summary.refused), (2, 3), "{summary:?}");
    let counts = summary.refusals.iter();
    let counts: Vec<_> = counts
        .map(|(kind, refusal)| (kind.as_str(), refusal.count))
        .collect();
    assert_eq!(counts, [("429", 1), ("503", 2)]);
    assert!(summary.refusals["503"].message.contains("not now"));
    assert_eq!(summary.sample.no_transaction, summary.sample.blocks);
    let seen = seen(&fake);
    assert_eq!(seen.len(), 5, "two blocks, one of them four times");
    for (number, pair) in seen[..4].windows(2).enumerate() {
        assert_eq!(pair[0].1, pair[1].1, "it is the same data");
        let pause = pair[1].0 - pair[0].0;
        assert!(pause >= PAUSE_MIN * (1 << number), "{number}: {pause:?}");
    }
    assert_ne!(seen[3].1, seen[4].1);
}

#[tokio::test]
async fn block_that_is_wrong_is_not_sent_again() {
    let (fake, spammer) = spammer(&[400], 2).await;
    let (_stop, stopping) = watch::channel(false);
    let summary = spammer.run(stopping).await;
    assert_eq!((summary.accepted, summary.refused), (1, 1), "{summary:?}");
    let [(_, wrong), (_, next)] = &seen(&fake)[..] else {
        panic!("two blocks were due");
    };
    assert_ne!(wrong, next);
}

#[tokio::test]
async fn run_ends_when_told_also_while_the_node_refuses() {
    let (fake, spammer) = spammer(&[503; 1_000], 1).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn({
        let spammer = spammer.clone();
        async move { spammer.run(stopping).await }
    });
    while seen(&fake).len() < 2 {
        tokio::task::yield_now().await;
    }
    let so_far = spammer.summary();
    assert!(spammer.is_sending() && so_far.refused > 0, "{so_far:?}");
    stop.send_replace(true);
    let summary = running.await.expect("it does not panic");
    assert!(!spammer.is_sending());
    assert_eq!(summary, spammer.summary());
    assert_eq!(summary.accepted, 0);
    assert_eq!(summary.refused, seen(&fake).len() as u64, "{summary:?}");
    assert!(summary.refused < 1_000);
}
