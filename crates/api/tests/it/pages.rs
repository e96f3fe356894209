//! Pages for people, over a real node.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tangle_api::{Auth, Beside, Pages};
use tangle_types::{
    Address, AliasId, AliasOutput, BasicOutput, Codec, Essence, Feature, Features, FoundryId,
    FoundryOutput, NativeToken, NftId, NftOutput, Output, OutputId, Payload, SimpleTokenScheme,
    TaggedData, TransactionId, U256, UnixSeconds, UnlockCondition, UnlockConditions,
    inputs_commitment,
};
use tokio::sync::OnceCell;

use crate::harness::{
    Answer, Client, account, address, api_config, client, draft, parameters, tagged, transfer,
};

/// Accounts that no other test uses: whose things the pages show, and who was sent one.
const OWNER: u8 = 8;
const RECEIVER: u8 = 80;
const SCRIPT: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;";
const UNKNOWN: &str = "0x7777777777777777777777777777777777777777777777777777777777777777";

/// A client of a node's REST interface with its pages, for visitors with these rights.
pub(crate) fn visitor(client: &Client, auth: Auth, faucet: Option<Router>) -> Client {
    let open = Client::new(client.node.clone(), auth.clone());
    let beside = Beside {
        faucet,
        ..Beside::default()
    };
    let pages = Pages::new(client.node.clone(), api_config(auth), beside, Vec::new());
    Client {
        router: open.router.merge(pages.router()),
        node: open.node,
    }
}

async fn everybody() -> Client {
    visitor(&client().await, Auth::open(), None)
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("pages are UTF-8")
}

/// The page at a path, which must have this status and what every page has.
pub(crate) async fn page(client: &Client, path: &str, status: u16) -> String {
    let answer = client.get(path).await;
    let text = text(&answer);
    assert_eq!(answer.status, status, "{path}: {text}");
    let header = |name: &str| answer.headers[name].to_str().expect("a text").to_owned();
    assert_eq!(header("content-type"), "text/html; charset=utf-8", "{path}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    let policy = header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(text.starts_with("<!doctype html>"));
    for inline in [
        " style=",
        "<style",
        "javascript:",
        " onclick=",
        " onload=",
        "//www.",
    ] {
        assert!(!text.contains(inline), "{path} has {inline}");
    }
    let scripts = text.matches("<script").count();
    assert_eq!(
        scripts,
        text.matches("<script src=\"/assets/").count(),
        "{path}"
    );
    text
}

/// An alias, an NFT, a token and an output with tag, whose texts are hostile.
struct Things {
    /// The transaction that made alias, NFT and tagged output.
    transaction: TransactionId,
    alias: AliasId,
    nft: NftId,
    token: FoundryId,
    /// The output with all conditions and a tag.
    tagged: OutputId,
    tag: Vec<u8>,
}

static THINGS: OnceCell<Arc<Things>> = OnceCell::const_new();

async fn things(client: &Client) -> Arc<Things> {
    let made = THINGS.get_or_init(async || Arc::new(make_things(client).await));
    Arc::clone(made.await)
}

fn owned_by(owner: Address) -> UnlockConditions {
    UnlockConditions::new(vec![UnlockCondition::Address(owner)]).expect("one condition")
}

fn features(features: Vec<Feature>) -> Features {
    Features::new(features).expect("all differ")
}

fn alias_output(state_index: u32, alias_id: AliasId) -> AliasOutput {
    let owner = address(OWNER);
    AliasOutput {
        amount: 1_000_000,
        native_tokens: Vec::new(),
        alias_id,
        state_index,
        state_metadata: "\u{202e}\u{0}state".into(),
        foundry_counter: u32::from(state_index > 0),
        unlock_conditions: UnlockConditions::new(vec![
            UnlockCondition::StateController(owner),
            UnlockCondition::Governor(owner),
        ])
        .expect("two conditions"),
        features: Features::default(),
        immutable_features: Features::default(),
    }
}

async fn make_things(client: &Client) -> Things {
    let owner = address(OWNER);
    let (input, amount) = client.output_of(OWNER).await;
    let described = json!({
        "standard": "IRC27", "name": SCRIPT, "uri": "https://evil.example/x.png",
        "description": "\"><img src=x onerror=alert(1)>",
    });
    let long = format!("{SCRIPT}{}", "y".repeat(8_192 - SCRIPT.len()));
    let nft = NftOutput {
        amount: 1_000_000,
        native_tokens: Vec::new(),
        nft_id: NftId::ZERO,
        unlock_conditions: owned_by(owner),
        features: features(vec![Feature::Metadata(long.into_bytes())]),
        immutable_features: features(vec![Feature::Metadata(described.to_string().into_bytes())]),
    };
    let tag = b"<b>tag</b>".to_vec();
    let tagged = BasicOutput {
        amount: 100_000,
        native_tokens: Vec::new(),
        unlock_conditions: UnlockConditions::new(vec![
            UnlockCondition::Address(address(RECEIVER)),
            UnlockCondition::StorageDepositReturn {
                return_address: owner,
                amount: 50_000,
            },
            UnlockCondition::Timelock(UnixSeconds(4_000_000_000)),
            UnlockCondition::Expiration {
                return_address: owner,
                unix_time: UnixSeconds(4_100_000_000),
            },
        ])
        .expect("all differ"),
        features: features(vec![Feature::Tag(tag.clone())]),
    };
    let alias = alias_output(0, AliasId::ZERO);
    let rest = amount - 2_100_000;
    let outputs = vec![
        Output::Alias(Box::new(alias.clone())),
        Output::Nft(Box::new(nft)),
        Output::Basic(tagged),
        Output::basic(owner, rest),
    ];
    let (payload, transaction) = transfer(OWNER, (input, amount), outputs);
    let block = client.submit(&draft(Some(payload))).await;
    let metadata = client.referenced(&block).await;
    assert_eq!(metadata["ledgerInclusionState"], "included", "{metadata}");

    let alias_id = AliasId::ZERO.or_from_output(&OutputId::new(transaction, 0));
    let token = mint(client, transaction, (&alias, alias_id), rest).await;
    Things {
        transaction,
        alias: alias_id,
        nft: NftId::ZERO.or_from_output(&OutputId::new(transaction, 1)),
        token,
        tagged: OutputId::new(transaction, 2),
        tag,
    }
}

/// Makes a foundry of the alias that the first transaction made.
async fn mint(
    client: &Client,
    first: TransactionId,
    (alias, alias_id): (&AliasOutput, AliasId),
    rest: u64,
) -> FoundryId {
    let owner = address(OWNER);
    let token = FoundryId::new(&alias_id, 1, 0);
    let minted = U256::from(1_000);
    let conditions = UnlockConditions::new(vec![UnlockCondition::ImmutableAlias(alias_id)]);
    let foundry = FoundryOutput {
        amount: 1_000_000,
        native_tokens: Vec::new(),
        serial_number: 1,
        token_scheme: SimpleTokenScheme {
            minted,
            melted: U256::zero(),
            maximum: U256::from(21_000),
        },
        unlock_conditions: conditions.expect("one condition"),
        features: Features::default(),
        immutable_features: features(vec![Feature::Metadata(
            json!({"name": "Gold", "symbol": "<i>GLD</i>"})
                .to_string()
                .into_bytes(),
        )]),
    };
    let holding = BasicOutput {
        amount: rest - 1_000_000,
        native_tokens: vec![NativeToken {
            id: token,
            amount: minted,
        }],
        unlock_conditions: owned_by(owner),
        features: Features::default(),
    };
    let consumed = [
        Output::Alias(Box::new(alias.clone())),
        Output::basic(owner, rest),
    ];
    let essence = Essence {
        network_id: parameters(0).network_id(),
        inputs: vec![OutputId::new(first, 0), OutputId::new(first, 3)],
        inputs_commitment: inputs_commitment(&consumed),
        outputs: vec![
            Output::Alias(Box::new(alias_output(1, alias_id))),
            Output::Foundry(Box::new(foundry)),
            Output::Basic(holding),
        ],
        payload: Some(TaggedData {
            tag: b"mint".to_vec(),
            data: SCRIPT.into(),
        }),
    };
    let transaction = essence.signed_by(&account(OWNER));
    let block = client
        .submit(&draft(Some(Payload::Transaction(Box::new(transaction)))))
        .await;
    let metadata = client.referenced(&block).await;
    assert_eq!(metadata["ledgerInclusionState"], "included", "{metadata}");
    token
}

#[tokio::test]
async fn overview_tells_health_and_has_charts_without_scripts() {
    let client = everybody().await;
    let text = page(&client, "/", 200).await;
    for part in [
        "Healthy",
        "Blocks a second",
        "<svg",
        "api-test",
        "data-renew",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    assert!(page(&client, "/?span=day", 200).await.contains("24 hours"));
}

#[tokio::test]
async fn block_with_hostile_data_is_shown_and_nothing_of_it_is_markup() {
    let client = everybody().await;
    let payload = Payload::TaggedData(TaggedData {
        tag: SCRIPT.into(),
        data: format!(
            "'\"<img src=x onerror=alert(1)>\u{1b}[2J\u{202e}{}",
            "z".repeat(8_192)
        )
        .into_bytes(),
    });
    let id = client.submit(&draft(Some(payload))).await;
    client.referenced(&id).await;
    let text = page(&client, &format!("/explorer/block/{id}"), 200).await;
    assert!(text.contains(ESCAPED));
    assert!(!text.contains("<img src=x"));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    assert!(text.contains("confirmed"));
    let json = page(&client, &format!("/explorer/block/{id}?view=json"), 200).await;
    assert!(json.contains("&quot;protocolVersion&quot;: 2"));
    let raw = page(&client, &format!("/explorer/block/{id}?view=raw"), 200).await;
    assert!(raw.contains("000000  02"), "the first byte is the version");
    let found = client.get(&format!("/explorer/search?q={id}")).await;
    assert_eq!(found.status, 303);
    assert_eq!(
        found.headers[header::LOCATION],
        format!("/explorer/block/{id}")
    );
}

#[tokio::test]
async fn visualizer_knows_the_block_that_is_to_be_followed() {
    let client = everybody().await;
    let id = client.submit(&tagged("followed")).await;
    client.referenced(&id).await;
    let path = format!("/visualizer?follow={id}&tag=0x3c623e");
    let text = page(&client, &path, 200).await;
    assert!(text.contains("id=\"tag\" value=\"&lt;b&gt;\""), "{text}");
    let (_, known) = text.split_once("data-known=\"").expect("it is known");
    let (known, _) = known.split_once('"').expect("it ends");
    let known: Value = serde_json::from_str(&known.replace("&quot;", "\"")).expect("JSON");
    assert_eq!(known["blockId"], id.to_string());
    assert_eq!(
        (&known["payload"], &known["state"], &known["tag"]),
        (&json!("data"), &json!("confirmed"), &json!("0x617069"))
    );
    assert!(
        known["parents"]
            .as_array()
            .is_some_and(|parents| !parents.is_empty())
    );
    for path in ["/visualizer", &format!("/visualizer?follow={UNKNOWN}")] {
        assert!(!page(&client, path, 200).await.contains("data-known"));
    }
}

#[tokio::test]
async fn proof_of_a_block_holds_and_can_be_taken_away() {
    let client = everybody().await;
    let id = client.submit(&tagged("proof")).await;
    client.referenced(&id).await;
    let text = page(&client, &format!("/explorer/proof/{id}"), 200).await;
    assert!(text.contains("holds"));
    assert!(text.contains(&format!("/api/poi/v1/create/{id}")));
    page(&client, &format!("/explorer/proof/{UNKNOWN}"), 404).await;
}

#[tokio::test]
async fn transaction_is_a_flow_and_its_things_have_pages() {
    let client = everybody().await;
    let things = things(&client).await;
    let path = format!("/explorer/transaction/{}", things.transaction);
    let text = page(&client, &path, 200).await;
    for part in ["Consumes 1 output", "Creates 4 outputs", "Alias", "spent"] {
        assert!(text.to_lowercase().contains(&part.to_lowercase()), "{part}");
    }
    assert!(!text.contains("<b>tag"));

    let text = page(&client, &format!("/explorer/nft/{}", things.nft), 200).await;
    assert!(text.contains(ESCAPED), "the name that its issuer chose");
    assert!(text.contains("https://evil.example/x.png"), "as text");
    assert!(!text.contains("href=\"https:") && !text.contains("src=\"https:"));
    assert!(text.contains(&"y".repeat(8_000)));

    let text = page(&client, &format!("/explorer/token/{}", things.token), 200).await;
    for part in ["1000", "21000", "Gold", "&lt;i&gt;GLD&lt;/i&gt;"] {
        assert!(text.contains(part), "{part}");
    }
    let text = page(&client, &format!("/explorer/alias/{}", things.alias), 200).await;
    assert!(text.contains("its state is changed by"));
    assert!(!text.contains('\u{202e}') && !text.contains('\0'));
}

#[tokio::test]
async fn output_tells_its_conditions_in_words() {
    let client = everybody().await;
    let things = things(&client).await;
    let text = page(&client, &format!("/explorer/output/{}", things.tagged), 200).await;
    let owner = address(RECEIVER).to_bech32("tst");
    for part in [
        &format!("/explorer/address/{owner}"),
        "cannot be spent before 2096-10-02",
        "must be taken before 2099-12-03",
        "who takes it must return 0.05 TST",
        "unspent",
        "&lt;b&gt;tag&lt;/b&gt;",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    let tag = hex::encode(&things.tag);
    let list = page(&client, &format!("/explorer/tag/0x{tag}"), 200).await;
    assert!(list.contains(&things.tagged.to_string()));
    // What the address may come to own is not counted as its own.
    let text = page(&client, &format!("/explorer/address/{owner}"), 200).await;
    assert!(text.contains("under conditions"));
    let json = page(
        &client,
        &format!("/explorer/output/{}?view=json", things.tagged),
        200,
    )
    .await;
    assert!(json.contains("unlockConditions"));
}

#[tokio::test]
async fn milestone_has_a_page_by_index_and_by_id() {
    let client = everybody().await;
    let id = client.submit(&tagged("milestone")).await;
    let metadata = client.referenced(&id).await;
    let index = &metadata["referencedByMilestoneIndex"];
    let text = page(&client, &format!("/explorer/milestone/{index}"), 200).await;
    assert!(text.contains(&id.to_string()));
    let milestone = client
        .read(&format!("/api/core/v2/milestones/by-index/{index}"))
        .await;
    let info = client.read("/api/core/v2/info").await;
    let newest = &info["status"]["confirmedMilestone"];
    assert!(milestone["index"].is_number());
    let by_id = newest["milestoneId"].as_str().expect("an id");
    let text = page(&client, &format!("/explorer/milestone/{by_id}"), 200).await;
    assert!(text.contains(by_id));
    let far = page(&client, "/explorer/milestone/4000000000", 404).await;
    assert!(far.contains("has not come yet"));
    page(
        &client,
        &format!("/explorer/milestone/{index}?from=1000000"),
        200,
    )
    .await;
}

#[tokio::test]
async fn unknown_things_are_404_and_nonsense_is_400_and_both_say_what_to_do() {
    let client = everybody().await;
    let unknown_address = Address::Ed25519([9; 32]).to_bech32("tst");
    for path in [
        format!("block/{UNKNOWN}"),
        format!("transaction/{UNKNOWN}"),
        format!("output/{UNKNOWN}0000"),
        format!("alias/{UNKNOWN}"),
        format!("nft/{UNKNOWN}"),
        format!("token/0x08{}0100000000", &UNKNOWN[2..]),
        format!("milestone/{UNKNOWN}"),
        format!("search?q={UNKNOWN}"),
        format!("search?q={}", "x".repeat(65)),
        format!("search?q={}", Address::Ed25519([9; 32]).to_bech32("rms")),
    ] {
        let text = page(&client, &format!("/explorer/{path}"), 404).await;
        assert!(text.contains("action=\"/explorer/search\""), "{path}");
    }
    for path in [
        "block/x",
        "output/0x00",
        "address/tst1x",
        "tag/x",
        "milestone/x",
        "nft/%3Cb%3E",
    ] {
        let text = page(&client, &format!("/explorer/{path}"), 400).await;
        assert!(text.contains("action=\"/explorer/search\""), "{path}");
        assert!(!text.contains("<b>\u{201d}"), "{path}");
    }
    let empty = page(
        &client,
        &format!("/explorer/address/{unknown_address}"),
        200,
    )
    .await;
    assert!(empty.contains("There are none."));
}

#[tokio::test]
async fn pages_show_no_more_than_visitors_may_read() {
    let client = everybody().await;
    let id = client.submit(&tagged("hidden")).await;
    client.referenced(&id).await;
    let usual = visitor(&client, Auth::usual(None), None);
    page(&usual, "/", 200).await;
    page(&usual, &format!("/explorer/block/{id}"), 200).await;
    let peers = page(&usual, "/peers", 403).await;
    assert!(!peers.contains("href=\"/peers\""), "nothing leads there");
    let open = page(&client, "/peers", 200).await;
    assert!(open.contains("href=\"/peers\""));

    let closed = visitor(&client, Auth::new(&["/health"], &["/api/*"], None), None);
    let owner = address(1).to_bech32("tst");
    for path in [
        "/".to_owned(),
        "/explorer".to_owned(),
        "/peers".to_owned(),
        "/visualizer".to_owned(),
        "/api/docs".to_owned(),
        format!("/explorer/block/{id}"),
        format!("/explorer/proof/{id}"),
        format!("/explorer/transaction/{UNKNOWN}"),
        format!("/explorer/output/{UNKNOWN}0000"),
        format!("/explorer/address/{owner}"),
        "/explorer/milestone/1".to_owned(),
        "/explorer/tag/0x00".to_owned(),
        format!("/explorer/nft/{UNKNOWN}"),
    ] {
        page(&closed, &path, 403).await;
    }
    page(&closed, &format!("/explorer/search?q={id}"), 404).await;
}

/// A faucet that takes one address and refuses all others.
fn faucet(seen: Arc<std::sync::Mutex<Vec<Value>>>) -> Router {
    let enqueue = async move |Json(request): Json<Value>| {
        let mut seen = seen.lock().expect("no holder panics");
        seen.push(request);
        if seen.len() > 1 {
            let refusal = json!({"error": {"code": "429", "message": "too many <b>requests</b>"}});
            return (axum::http::StatusCode::TOO_MANY_REQUESTS, Json(refusal));
        }
        (axum::http::StatusCode::ACCEPTED, Json(json!({})))
    };
    let about = json!({"isHealthy": true, "address": "tst1x", "balance": 5, "x": 0});
    Router::new()
        .route("/api/info", get(async || Json(about)))
        .route("/api/enqueue", post(enqueue))
}

#[tokio::test]
async fn faucet_takes_its_own_form_only() {
    let seen = Arc::default();
    let client = visitor(
        &client().await,
        Auth::open(),
        Some(faucet(Arc::clone(&seen))),
    );
    page(&client, "/faucet", 200).await;
    let send = async |origin: Option<&str>, address: &str| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/faucet")
            .header(header::HOST, "node.example")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        let body = Body::from(format!("address={address}"));
        client.send(request.body(body).expect("a request")).await
    };
    let owner = address(1).to_bech32("tst");
    let own = Some("http://node.example");
    assert_eq!(send(Some("http://evil.example"), &owner).await.status, 403);
    assert_eq!(send(own, "nonsense%3Cb%3E").await.status, 400);
    assert_eq!(send(own, &"x".repeat(5_000)).await.status, 400);
    assert!(seen.lock().expect("no holder panics").is_empty());
    let taken = send(own, &owner).await;
    assert_eq!(taken.status, 200);
    assert!(text(&taken).contains("on their way"));
    assert_eq!(seen.lock().expect("no holder panics")[0]["address"], owner);
    let refused = send(own, &owner).await;
    assert_eq!(refused.status, 429);
    assert!(text(&refused).contains("too many &lt;b&gt;requests"));
    let none = everybody().await;
    none.get("/faucet").await.error(404);
}

#[tokio::test]
async fn documentation_names_every_path_and_files_may_be_kept() {
    let client = everybody().await;
    let text = page(&client, "/api/docs", 200).await;
    assert!(text.contains("/api/core/v2/blocks/{blockId}"));
    let mut paths: Vec<&str> = text
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 4, "{paths:?}");
    for path in paths {
        let file = client.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert!(
            file.headers[header::CACHE_CONTROL]
                .to_str()
                .is_ok_and(|text| text.contains("immutable"))
        );
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        assert!(!file.body.is_empty());
    }
}

#[tokio::test]
async fn lists_go_on_on_further_pages() {
    let client = everybody().await;
    let things = things(&client).await;
    let owner = address(OWNER).to_bech32("tst");
    let path = format!("/explorer/address/{owner}");
    let first = page(&client, &path, 200).await;
    assert!(first.contains("1000 of"), "its tokens");
    assert!(first.contains(&things.token.to_string()));
    page(&client, &format!("{path}?from=nonsense"), 400).await;
    let far = format!("{path}?from=ffffffff{}", "ff".repeat(34));
    assert!(page(&client, &far, 200).await.contains("There are none."));
    let bytes = things.tagged.to_bytes();
    let from = format!("{path}?from=00000000{}", hex::encode(bytes));
    page(&client, &from, 200).await;
}
