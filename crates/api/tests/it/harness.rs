//! A running network of one node, shared by the tests, and a client of its router.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tangle_api::{ApiConfig, Auth, BaseToken, Interface, Limits, VoteCounter};
use tangle_consensus::{KeyRange, Pace};
use tangle_crypto::ed25519::SecretKey;
use tangle_dag::{Strategy, WalkStart, WeightedTipsConfig};
use tangle_node::{CoordinatorConfig, Handle, Node, NodeConfig, start};
use tangle_storage::{Allocation, Genesis, StorageConfig};
use tangle_testkit::arbitrary;
use tangle_types::{
    Address, BlockId, Codec, DraftBlock, Essence, MilestoneIndex, Output, OutputId, Payload,
    ProtocolParameters, RentStructure, TaggedData, TransactionId, UnixSeconds, inputs_commitment,
};
use tower::ServiceExt;

pub(crate) const BINARY: &str = "application/vnd.iota.serializer-v1";
pub(crate) const JSON: &str = "application/json";
pub(crate) const SUPPLY: u64 = 1_000_000_000;
/// Accounts that hold funds from the start; each test uses its own.
pub(crate) const ACCOUNT_COUNT: u8 = 10;

/// A node with its folder. Dropped with the process.
struct Network {
    node: Node,
    _folder: tempfile::TempDir,
}

static NETWORK: LazyLock<Network> = LazyLock::new(|| start_network(0, |_| {}));

fn start_network(pow_score_min: u32, change: impl FnOnce(&mut NodeConfig)) -> Network {
    let coordinator = CoordinatorConfig {
        interval_ms: 1_000,
        pace: Pace::Steady,
        keys: vec![account(0)],
    };
    start_node(pow_score_min, Some(coordinator), change)
}

fn start_node(
    pow_score_min: u32,
    coordinator: Option<CoordinatorConfig>,
    change: impl FnOnce(&mut NodeConfig),
) -> Network {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut config = NodeConfig::new(StorageConfig {
        path: folder.path().to_owned(),
        ..StorageConfig::default()
    });
    change(&mut config);
    let node = start(&config, &genesis(pow_score_min), coordinator).expect("it starts");
    Network {
        node,
        _folder: folder,
    }
}

pub(crate) fn parameters(pow_score_min: u32) -> ProtocolParameters {
    ProtocolParameters {
        network_name: "api-test".to_owned(),
        pow_score_min,
        rent: RentStructure {
            v_byte_cost: 1,
            ..arbitrary::parameters().rent
        },
        token_supply: SUPPLY,
        ..arbitrary::parameters()
    }
}

fn genesis(pow_score_min: u32) -> Genesis {
    let allocation = |number| Allocation {
        address: address(number),
        amount: SUPPLY / u64::from(ACCOUNT_COUNT),
    };
    Genesis {
        parameters: parameters(pow_score_min),
        token: tangle_storage::BaseToken::default(),
        index: MilestoneIndex(0),
        timestamp: UnixSeconds(0),
        allocations: (0..ACCOUNT_COUNT).map(allocation).collect(),
        treasury: 0,
        milestone_keys: vec![milestone_key()],
        milestone_key_threshold: 1,
    }
}

/// The key that signs milestones: account 0's.
pub(crate) fn milestone_key() -> KeyRange {
    KeyRange {
        public_key: account(0).public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    }
}

pub(crate) fn account(number: u8) -> SecretKey {
    SecretKey::from_seed([number + 1; 32])
}

pub(crate) fn address(number: u8) -> Address {
    Address::from_public_key(&account(number).public_key())
}

pub(crate) fn api_config(auth: Auth) -> ApiConfig {
    ApiConfig {
        name: "Tangle".to_owned(),
        version: "0.0.0".to_owned(),
        base_token: BaseToken {
            name: "Test".to_owned(),
            ticker_symbol: "TST".to_owned(),
            unit: "TST".to_owned(),
            subunit: None,
            decimals: 6,
            use_metric_prefix: false,
        },
        auth,
        limits: Limits::default(),
    }
}

/// A client of the shared network, once that is healthy.
pub(crate) async fn client() -> Client {
    let client = Client::new(NETWORK.node.handle(), Auth::open());
    client.healthy().await;
    client
}

/// A client of a network of its own, which it may flood.
pub(crate) async fn client_alone() -> Client {
    client_of(start_network(0, |_| ())).await
}

/// A client of a network of its own, in which blocks need some proof of work.
pub(crate) async fn client_with_pow(pow_enabled: bool) -> Client {
    client_of(start_network(10, |config| config.pow_enabled = pow_enabled)).await
}

/// A client of a network of its own, in which tips are chosen by weight.
pub(crate) async fn client_with_walks() -> Client {
    let network = start_network(0, |config| {
        config.weighted_tips = Some(WeightedTipsConfig {
            strategy: Strategy::Heaviest,
            start: WalkStart {
                depth: 60_000,
                particle_count: 4,
            },
            block_count: 1_024,
        });
    });
    client_of(network).await
}

/// A client of a node of its own, to which no milestone comes by itself.
pub(crate) fn client_without_coordinator() -> Client {
    let network = Box::leak(Box::new(start_node(0, None, |_| {})));
    Client::new(network.node.handle(), Auth::open())
}

async fn client_of(network: Network) -> Client {
    let network = Box::leak(Box::new(network));
    let client = Client::new(network.node.handle(), Auth::open());
    client.healthy().await;
    client
}

/// Sends requests through the router.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) node: Handle,
    pub(crate) router: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        let kind = self.headers.get(header::CONTENT_TYPE);
        assert_eq!(kind.expect("a content type"), JSON, "{text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The message of an error with this status, in the standard form.
    pub(crate) fn error(&self, status: u16) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        let error = &self.json()["error"];
        assert_eq!(error["code"], status.to_string(), "{error}");
        let message = error["message"].as_str().expect("a message");
        message.to_owned()
    }
}

impl Client {
    pub(crate) fn new(node: Handle, auth: Auth) -> Self {
        Self::counting(node, auth, None)
    }

    /// With somebody who counts votes.
    pub(crate) fn counting(node: Handle, auth: Auth, votes: Option<Arc<dyn VoteCounter>>) -> Self {
        let router = Interface::new(node.clone(), api_config(auth), votes).router();
        Self { node, router }
    }

    async fn healthy(&self) {
        eventually("the first milestone", async || {
            let answer = self.get("/health").await;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await;
        let (parts, body) = response.expect("a router always answers").into_parts();
        let body = body.collect().await.expect("the body comes");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes().to_vec(),
        }
    }

    pub(crate) async fn request(&self, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.send(request.body(Body::empty()).expect("a request"))
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).await
    }

    pub(crate) async fn get_binary(&self, path: &str) -> Answer {
        let request = Request::builder()
            .uri(path)
            .header(header::ACCEPT, format!("{BINARY}, */*"));
        self.send(request.body(Body::empty()).expect("a request"))
            .await
    }

    /// The JSON of a path that must be there.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, kind);
        self.send(request.body(body.into()).expect("a request"))
            .await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, JSON, body.to_string()).await
    }

    /// Posts a block in the binary form and expects that it is taken.
    pub(crate) async fn submit(&self, draft: &DraftBlock) -> BlockId {
        let answer = self
            .post("/api/core/v2/blocks", BINARY, draft.to_bytes())
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["blockId"].as_str().expect("an id").to_owned();
        id.parse().expect("a block id")
    }

    /// The metadata of a block once a milestone has referenced it.
    pub(crate) async fn referenced(&self, id: &BlockId) -> Value {
        let path = format!("/api/core/v2/blocks/{id}/metadata");
        eventually("the confirmation", async || {
            let metadata = self.read(&path).await;
            metadata["referencedByMilestoneIndex"]
                .is_number()
                .then_some(metadata)
        })
        .await
    }

    /// The one basic output of an account, with its amount.
    pub(crate) async fn output_of(&self, number: u8) -> (OutputId, u64) {
        let address = address(number).to_bech32("tst");
        let list = self
            .read(&format!("/api/indexer/v1/outputs/basic?address={address}"))
            .await;
        let ids = list["items"].as_array().expect("a list");
        assert_eq!(ids.len(), 1, "{list}");
        let id = ids[0].as_str().expect("an id");
        let output = self.read(&format!("/api/core/v2/outputs/{id}")).await;
        let amount = output["output"]["amount"].as_str().expect("an amount");
        (
            id.parse().expect("an output id"),
            amount.parse().expect("a number"),
        )
    }
}

pub(crate) fn tagged(text: &str) -> DraftBlock {
    draft(Some(Payload::TaggedData(TaggedData {
        tag: b"api".to_vec(),
        data: text.as_bytes().to_vec(),
    })))
}

pub(crate) fn draft(payload: Option<Payload>) -> DraftBlock {
    DraftBlock {
        protocol_version: 2,
        parents: None,
        payload,
        nonce: 0,
    }
}

/// A transaction that moves a whole basic output of one account into `outputs`.
pub(crate) fn transfer(
    from: u8,
    input: (OutputId, u64),
    outputs: Vec<Output>,
) -> (Payload, TransactionId) {
    let consumed = Output::basic(address(from), input.1);
    let essence = Essence {
        network_id: parameters(0).network_id(),
        inputs: vec![input.0],
        inputs_commitment: inputs_commitment([&consumed]),
        outputs,
        payload: None,
    };
    let key = account(from);
    let transaction = essence.signed_by(&key);
    let id = transaction.id();
    (Payload::Transaction(Box::new(transaction)), id)
}

/// Polls until `probe` gives something.
pub(crate) async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{what} did not happen"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
