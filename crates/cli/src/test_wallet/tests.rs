//! What the worker does while nobody asks, with a node that is made up.

use std::sync::Mutex;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tangle_crypto::ed25519::SecretKey;
use tangle_testkit::node::info;
use tangle_types::{Block, Codec, Essence, NetworkId, OutputId, Payload, Transaction};
use tangle_wallet::COIN_IOTA;

use super::*;
use crate::dev::TEST_MNEMONIC;
use crate::keys::parse_mnemonic;

const PATIENCE: Duration = Duration::from_secs(20);
/// The block in which the transaction was sent.
const FIRST: BlockId = BlockId([1; 32]);
/// The block in which it is attached again.
const SECOND: BlockId = BlockId([2; 32]);
/// The block that promotes it.
const THIRD: BlockId = BlockId([3; 32]);

/// A node without outputs: it says of the first block that it is too old, and of the second that it
/// lingers, until a third one has come.
#[derive(Default)]
struct Fake {
    /// Guards the blocks that came; held for a look or a change.
    taken: Mutex<Vec<Block>>,
}

/// Owned outputs in their binary form: the ledger's milestone, that these are all, and none.
async fn outputs() -> &'static [u8] {
    &[7, 0, 0, 0, 1]
}

async fn take(State(fake): State<Arc<Fake>>, body: Bytes) -> (StatusCode, Json<Value>) {
    let block = Block::from_bytes(&body).expect("a block");
    let mut taken = fake.taken.lock().expect("no holder panics");
    taken.push(block);
    let id = if taken.len() == 1 { SECOND } else { THIRD };
    (StatusCode::CREATED, Json(json!({ "blockId": id })))
}

async fn metadata(State(fake): State<Arc<Fake>>, Path(id): Path<BlockId>) -> Json<Value> {
    let count = fake.taken.lock().expect("no holder panics").len();
    let is_decided = count >= 2 && id == SECOND;
    Json(json!({
        "blockId": id,
        "isSolid": true,
        "referencedByMilestoneIndex": is_decided.then_some(8),
        "ledgerInclusionState": is_decided.then_some("included"),
        "shouldPromote": !is_decided && id == SECOND,
        "shouldReattach": id == FIRST,
    }))
}

fn transaction() -> Transaction {
    let essence = Essence {
        network_id: NetworkId(1),
        inputs: vec![OutputId::new(TransactionId([5; 32]), 0)],
        inputs_commitment: [0; 32],
        outputs: vec![Output::basic(Address::Ed25519([6; 32]), 1_000)],
        payload: None,
    };
    essence.signed_by(&SecretKey::from_seed([9; 32]))
}

#[tokio::test]
async fn transaction_is_helped_on_until_it_is_decided_though_nobody_asks() {
    let fake = Arc::new(Fake::default());
    let tips = Json(json!({"tips": [BlockId([7; 32])]}));
    let router = Router::new()
        .route("/api/core/v2/info", get(async || Json(info(7))))
        .route("/api/core/v2/tips", get(async || tips))
        .route("/api/core/v2/blocks", post(take))
        .route("/api/core/v2/blocks/{id}/metadata", get(metadata))
        .route("/api/tangle/v1/outputs", post(outputs))
        .with_state(Arc::clone(&fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("loopback has ports");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    tokio::spawn(async { axum::serve(listener, router).await });

    let words = parse_mnemonic(TEST_MNEMONIC).expect("good words");
    let service = WalletService {
        signer: SeedSigner::new(&words, COIN_IOTA).expect("a coin type"),
        accounts: vec![(0, "alice".to_owned())],
        named: Vec::new(),
    };
    let client = Client::new(&url).expect("an address");
    let mut worker = service.worker(client, Duration::from_millis(20));
    worker.state.pending.push(Pending {
        transaction: transaction(),
        blocks: vec![FIRST],
        account: 0,
        made: UnixSeconds(1),
    });
    let (questions, asked) = mpsc::channel(1);
    let two_came = async {
        while fake.taken.lock().expect("no holder panics").len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (reply, answer) = oneshot::channel();
        let asked = questions.send(Question::Accounts(reply)).await;
        asked.expect("the worker goes on");
        answer
            .await
            .expect("it answers")
            .expect("the node is there")
    };
    let accounts = tokio::select! {
        () = worker.run(asked) => panic!("it ends with the last who asks"),
        accounts = tokio::time::timeout(PATIENCE, two_came) => accounts.expect("in time"),
    };
    assert_eq!(accounts[0].pending, [], "it was decided");
    let taken = fake.taken.lock().expect("no holder panics");
    let [again, promotion] = &taken[..] else {
        panic!("{taken:?}");
    };
    let carried = Some(Payload::Transaction(Box::new(transaction())));
    assert_eq!(again.payload, carried);
    assert_eq!(promotion.payload, None);
    assert!(promotion.parents.as_slice().contains(&SECOND));
}
