//! The pages of a test wallet, over a real node and a wallet that only notes what it is asked.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request, header};
use tangle_api::{
    AccountDetails, AccountEvent, AccountSummary, Auth, Beside, HeldOutput, OrderError, Pages,
    TestWallet, WalletAway, WalletFuture, WalletOrder,
};
use tangle_types::words::{Part, Sentence};
use tangle_types::{
    Address, AliasId, BasicOutput, BlockId, Feature, Features, MilestoneIndex, Output, OutputId,
    TransactionId, UnixSeconds, UnlockCondition, UnlockConditions,
};

use crate::harness::{Answer, Client, address, api_config, client, draft, eventually, transfer};

/// Who pays in these tests; no other test uses it.
const PAYER: u8 = 9;
const OWN_HOST: &str = "127.0.0.1:14265";
const OWN: &str = "http://127.0.0.1:14265";
const SCRIPT: &str = "<script>alert(1)</script>";
/// Letters that would turn a text, or steer a terminal.
const STEERING: [&str; 2] = ["\u{202e}", "\u{1b}"];

/// What was asked of the wallet, by whom.
type Orders = Arc<Mutex<Vec<(String, WalletOrder)>>>;

/// A wallet of one account, alice, which refuses some amounts.
struct Fake {
    named: [(String, Address); 2],
    orders: Orders,
    /// The blocks of transactions that it sent.
    sent: Vec<(TransactionId, Vec<BlockId>)>,
}

impl Fake {
    fn new(orders: Orders) -> Self {
        Self {
            named: [
                ("alice".to_owned(), address(PAYER)),
                ("bob".to_owned(), Address::Ed25519([9; 32])),
            ],
            orders,
            sent: Vec::new(),
        }
    }

    fn details(&self) -> AccountDetails {
        let held = HeldOutput {
            id: OutputId([3; 34]),
            output: hostile(),
            standing: "claimable",
        };
        AccountDetails {
            summary: AccountSummary {
                name: "alice".to_owned(),
                address: address(PAYER),
                available: 2_500_000,
                deposit: 1,
                locked: 0,
                claimable: 7,
                returning: 0,
                voting: 0,
                tokens: Vec::new(),
                nfts: Vec::new(),
                aliases: vec![AliasId([5; 32])],
                foundries: Vec::new(),
                pending: vec![TransactionId([6; 32])],
            },
            outputs: vec![held.clone()],
            output_count: 12,
            claimable: vec![held],
            events: vec![AccountEvent {
                time: UnixSeconds(1),
                milestone: Some(MilestoneIndex(1)),
                transaction: None,
                received: 1,
                spent: 1_000_001,
                changes: vec![Sentence(vec![
                    Part::Text(format!("sent {SCRIPT} to ")),
                    Part::Address(self.named[1].1),
                ])],
            }],
        }
    }
}

impl TestWallet for Fake {
    fn named(&self) -> &[(String, Address)] {
        &self.named
    }

    fn accounts(&self) -> WalletFuture<'_, Result<Vec<AccountSummary>, WalletAway>> {
        Box::pin(async { Ok(vec![self.details().summary]) })
    }

    fn account<'a>(
        &'a self,
        name: &'a str,
    ) -> WalletFuture<'a, Result<Option<AccountDetails>, WalletAway>> {
        Box::pin(async move {
            match name {
                "alice" => Ok(Some(self.details())),
                "away" => Err(WalletAway("The node <sleeps>.".to_owned())),
                _ => Ok(None),
            }
        })
    }

    fn carry_out<'a>(
        &'a self,
        name: &'a str,
        order: WalletOrder,
    ) -> WalletFuture<'a, Result<TransactionId, OrderError>> {
        Box::pin(async move {
            if name != "alice" {
                return Err(OrderError::NoAccount);
            }
            if let WalletOrder::Send(payment) = &order {
                match payment.amount {
                    1 => return Err(OrderError::BelowDeposit { needed: 42_600 }),
                    2 => return Err(OrderError::Other(SCRIPT.to_owned())),
                    3 => {
                        let (left, needed) = (30, 42_600);
                        return Err(OrderError::Remainder { left, needed });
                    }
                    missing @ 5_000_000.. => {
                        let is_waiting = missing == 6_000_000;
                        return Err(OrderError::Coins {
                            missing,
                            is_waiting,
                        });
                    }
                    _ => {}
                }
            }
            let mut orders = self.orders.lock().expect("no holder panics");
            orders.push((name.to_owned(), order));
            Ok(TransactionId([7; 32]))
        })
    }

    fn blocks<'a>(
        &'a self,
        name: &'a str,
        id: TransactionId,
    ) -> WalletFuture<'a, Result<Option<Vec<BlockId>>, WalletAway>> {
        let mut sent = self.sent.iter();
        let found = sent.find(|(known, _)| *known == id && name == "alice");
        let found = found.map(|(_, blocks)| blocks.clone());
        Box::pin(async { Ok(found) })
    }
}

/// An output with texts of somebody else.
fn hostile() -> Output {
    let steering = format!("{}{}", STEERING[0], STEERING[1]);
    Output::Basic(BasicOutput {
        amount: 1_000_000,
        native_tokens: Vec::new(),
        unlock_conditions: UnlockConditions::new(vec![UnlockCondition::Address(address(PAYER))])
            .expect("one condition"),
        features: Features::new(vec![
            Feature::Metadata(SCRIPT.into()),
            Feature::Tag(steering.into()),
        ])
        .expect("two kinds"),
    })
}

fn with_wallet(client: &Client, wallet: Option<Fake>) -> Client {
    let open = Client::new(client.node.clone(), Auth::open());
    let wallet = wallet.map(|wallet| Arc::new(wallet) as Arc<dyn TestWallet>);
    let beside = Beside {
        wallet,
        ..Beside::default()
    };
    let pages = Pages::new(
        client.node.clone(),
        api_config(Auth::open()),
        beside,
        vec![],
    );
    Client {
        router: open.router.merge(pages.router()),
        node: open.node,
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("pages are UTF-8")
}

async fn post(
    client: &Client,
    path: &str,
    headers: &[(&'static str, &str)],
    fields: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(fields).finish();
    client
        .send(request.body(Body::from(body)).expect("a request"))
        .await
}

/// Sends a form as the page's own form does.
async fn fill(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [("host", OWN_HOST), ("origin", OWN)];
    post(client, path, &headers, fields).await
}

#[tokio::test]
async fn accounts_are_shown_and_no_text_of_others_is_markup() {
    let client = with_wallet(&client().await, Some(Fake::new(Orders::default())));
    let all = text(&client.get("/wallet").await);
    assert!(all.contains("href=\"/wallet/alice\"") && all.contains("2.5 TST"));
    assert!(all.contains("data-renew"));
    for (path, parts) in [
        (
            "/wallet/alice",
            &["bob (tst1", "−1 TST", "and 11 older ones", "0x0606060606"][..],
        ),
        ("/wallet/alice/claim", &["Claim all", "claimable"]),
        (
            "/wallet/alice/send",
            &["bob, or an address", "2.5 TST can be spent"],
        ),
        ("/wallet/alice/mint", &["What it says for ever"]),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let page = text(&answer);
        for part in parts {
            assert!(page.contains(part), "{part} is missing in {path}");
        }
        let is_form = page.contains("method=\"post\"");
        assert!(
            !is_form || !page.contains("data-renew"),
            "{path} would be renewed under a hand"
        );
        assert!(!page.contains(SCRIPT), "{path}");
        assert!(
            STEERING.iter().all(|letter| !page.contains(letter)),
            "{path}"
        );
    }
    let account = text(&client.get("/wallet/alice").await);
    assert_eq!(
        account.matches("&lt;script&gt;").count(),
        2,
        "output and event"
    );
}

#[tokio::test]
async fn only_the_wallets_own_forms_are_orders() {
    let orders = Orders::default();
    let client = with_wallet(&client().await, Some(Fake::new(Arc::clone(&orders))));
    let path = "/wallet/alice/send";
    let fields = [
        ("to", "bob"),
        ("amount", "1TST"),
        ("tag", "hi"),
        ("lend", "yes"),
    ];
    for headers in [
        &[("host", OWN_HOST), ("origin", "http://evil.example")][..],
        &[("host", OWN_HOST), ("origin", "null")],
        &[("host", OWN_HOST), ("sec-fetch-site", "cross-site")],
        &[("host", OWN_HOST), ("sec-fetch-site", "same-site")],
        // A name that was made to lead here after its page was loaded.
        &[
            ("host", "evil.example:14265"),
            ("origin", "http://evil.example:14265"),
        ],
        &[
            ("host", "evil.example:14265"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[],
    ] {
        for path in [path, "/wallet/alice/claim", "/wallet/alice/mint"] {
            let refused = post(&client, path, headers, &fields).await;
            assert_eq!(refused.status, 403, "{path} {headers:?}");
        }
    }
    let long = "x".repeat(5_000);
    assert_eq!(fill(&client, path, &[("tag", &long)]).await.status, 400);
    assert!(orders.lock().expect("no holder panics").is_empty());

    let taken = fill(&client, path, &fields).await;
    assert_eq!(taken.status, 303);
    let sent = format!("/wallet/alice/sent/{}", TransactionId([7; 32]));
    assert_eq!(taken.headers[header::LOCATION], sent);
    assert_eq!(fill(&client, "/wallet/alice/claim", &[]).await.status, 303);
    let says = [("metadata", "{}")];
    assert_eq!(fill(&client, "/wallet/alice/mint", &says).await.status, 303);
    let orders = orders.lock().expect("no holder panics");
    let [
        (_, WalletOrder::Send(payment)),
        (_, WalletOrder::Claim),
        (_, mint),
    ] = &orders[..]
    else {
        panic!("{orders:?}");
    };
    assert_eq!(
        (payment.to, payment.amount),
        (Address::Ed25519([9; 32]), 1_000_000)
    );
    assert_eq!(
        (&payment.tag[..], payment.lends_deposit),
        (&b"hi"[..], true)
    );
    assert_eq!(payment.expires_in_seconds, None);
    assert!(matches!(mint, WalletOrder::MintNft { metadata, .. } if metadata == b"{}"));
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_what_was_typed_is_kept() {
    let orders = Orders::default();
    let client = with_wallet(&client().await, Some(Fake::new(Arc::clone(&orders))));
    let foreign = Address::Ed25519([9; 32]).to_bech32("rms");
    let long = "t".repeat(65);
    let typed = "\"><b>kept</b>";
    for (to, amount, tag, field, words) in [
        (
            "bob",
            "25",
            typed,
            "amount",
            "has no unit: write 25TST or 25u",
        ),
        ("bob", "", typed, "amount", "no unit"),
        ("bob", "-1TST", typed, "amount", "is not a unit"),
        ("bob", "0.0000001TST", typed, "amount", "more than 6 digits"),
        (
            "bob",
            "99999999999999999999TST",
            typed,
            "amount",
            "too large",
        ),
        (
            "bob",
            "1u",
            typed,
            "amount",
            "An output must hold 0.0426 TST or more",
        ),
        (
            "bob",
            "3u",
            typed,
            "amount",
            "0.00003 TST would be left over",
        ),
        (
            "bob",
            "5TST",
            typed,
            "amount",
            "5 TST more than the account can spend",
        ),
        ("bob", "6TST", typed, "amount", "Try again in a moment"),
        ("carol", "1TST", typed, "to", "carol"),
        ("tst1<b>", "1TST", typed, "to", "tst1&lt;b&gt;"),
        (
            &foreign,
            "1TST",
            typed,
            "to",
            "those of this one begin with tst1",
        ),
        ("bob", "1TST", &long, "tag", "65 bytes, 64 are allowed"),
    ] {
        let fields = [
            ("to", to),
            ("amount", amount),
            ("tag", tag),
            ("expires", "600"),
        ];
        let answer = fill(&client, "/wallet/alice/send", &fields).await;
        let page = text(&answer);
        assert_eq!(answer.status, 400, "{amount} for {to}");
        let (_, at) = page
            .split_once(&format!("id=\"{field}-wrong\""))
            .unwrap_or_else(|| panic!("{field} is not marked for {amount}: {page}"));
        let (said, _) = at.split_once("</p>").expect("it ends");
        assert!(said.contains(words), "{said}");
        assert_eq!(page.matches("aria-invalid").count(), 1);
        assert!(!page.contains(typed) && !page.contains("<b>k"), "{page}");
        let kept = tag
            .replace('"', "&quot;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        assert!(page.contains(&format!("value=\"{kept}\"")), "{page}");
        assert!(page.contains("value=\"600\" selected"), "{page}");
    }
    let other = fill(
        &client,
        "/wallet/alice/send",
        &[("to", "bob"), ("amount", "2u")],
    )
    .await;
    assert!(
        text(&other).contains("<p>&lt;script&gt;"),
        "not of one field"
    );
    let never = [("to", "bob"), ("amount", "1TST"), ("expires", "1")];
    assert_eq!(
        fill(&client, "/wallet/alice/send", &never).await.status,
        400
    );
    assert!(orders.lock().expect("no holder panics").is_empty());

    assert_eq!(client.get("/wallet/carol").await.status, 404);
    let carol = fill(&client, "/wallet/carol/claim", &[]).await;
    assert_eq!(carol.status, 404);
    let away = client.get("/wallet/away").await;
    assert_eq!(away.status, 503);
    assert!(text(&away).contains("The node &lt;sleeps&gt;."));
}

#[tokio::test]
async fn transaction_is_followed_until_a_milestone_decides() {
    let node = client().await;
    let (input, amount) = node.output_of(PAYER).await;
    let receiver = Address::Ed25519([9; 32]);
    let outputs = |to_receiver: u64| {
        let rest = amount - to_receiver;
        vec![
            Output::basic(receiver, to_receiver),
            Output::basic(address(PAYER), rest),
        ]
    };
    let (good, good_id) = transfer(PAYER, (input, amount), outputs(1_000_000));
    let (double, double_id) = transfer(PAYER, (input, amount), outputs(2_000_000));
    let good_block = node.submit(&draft(Some(good))).await;
    node.referenced(&good_block).await;
    let double_block = node.submit(&draft(Some(double))).await;

    let mut wallet = Fake::new(Orders::default());
    let waiting = TransactionId([8; 32]);
    wallet.sent = vec![
        (good_id, vec![double_block, good_block]),
        (double_id, vec![double_block]),
        (waiting, vec![BlockId([1; 32])]),
    ];
    let client = with_wallet(&node, Some(wallet));
    let page = async |id: TransactionId| {
        let answer = client.get(&format!("/wallet/alice/sent/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        text(&answer)
    };
    let pending = page(waiting).await;
    assert!(pending.contains("data-renew=\"1000\"") && pending.contains("pending"));
    let again = "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>";
    assert!(pending.contains(again), "without a script too");
    let follow = format!("href=\"/visualizer?follow={}\"", BlockId([1; 32]));
    assert!(pending.contains(&follow));

    let included = page(good_id).await;
    assert!(included.contains("This is final."), "{included}");
    for path in ["transaction", "proof", "block"] {
        let id = if path == "transaction" {
            good_id.to_string()
        } else {
            good_block.to_string()
        };
        assert!(
            included.contains(&format!("href=\"/explorer/{path}/{id}\"")),
            "{path}"
        );
    }
    assert!(!included.contains("data-renew") && !included.contains("http-equiv"));
    assert!(
        !included.contains(&double_block.to_string()),
        "it was not that one"
    );

    let conflicting = eventually("the conflict", async || {
        let page = page(double_id).await;
        page.contains("It has no effect").then_some(page)
    })
    .await;
    assert!(!conflicting.contains("data-renew"));
    for (name, id) in [("bob", good_id), ("alice", TransactionId([5; 32]))] {
        let path = format!("/wallet/{name}/sent/{id}");
        assert_eq!(client.get(&path).await.status, 404);
    }
    assert_eq!(client.get("/wallet/alice/sent/x").await.status, 400);
}

#[tokio::test]
async fn node_that_has_no_wallet_has_no_page_of_one() {
    let client = with_wallet(&client().await, None);
    client.get("/wallet").await.error(404);
    let home = text(&client.get("/").await);
    assert!(!home.contains("/wallet"));
    let answer = fill(&client, "/wallet/alice/send", &[("to", "bob")]).await;
    answer.error(404);
}
