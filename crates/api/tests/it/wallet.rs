//! The pages of a test wallet, over a real node and a wallet that only notes what it is asked.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request, header};
use tangle_api::{
    AccountDetails, AccountEvent, AccountSummary, AliasPart, Auth, Beside, HeldOutput, HeldToken,
    OrderError, Pages, SentTransaction, TestWallet, WalletAway, WalletFuture, WalletOrder,
};
use tangle_types::words::{Part, Sentence};
use tangle_types::{
    Address, AliasId, BasicOutput, BlockId, Feature, Features, MilestoneIndex, NftId, NftOutput,
    Output, OutputId, TokenId, TransactionId, UnixSeconds, UnlockCondition, UnlockConditions,
};
use tokio::sync::Semaphore;

use crate::harness::{Answer, Client, address, api_config, client, draft, eventually, transfer};

/// Who pays in these tests; no other test uses it.
const PAYER: u8 = 9;
const OWN_HOST: &str = "127.0.0.1:14265";
const OWN: &str = "http://127.0.0.1:14265";
const TOKEN: TokenId = tangle_types::FoundryId([8; 38]);
const SCRIPT: &str = "<script>alert(1)</script>";
/// Letters that would turn a text, or steer a terminal.
const STEERING: [&str; 2] = ["\u{202e}", "\u{1b}"];

/// What was asked of the wallet, by whom.
type Orders = Arc<Mutex<Vec<(String, WalletOrder)>>>;

/// A wallet of one account, alice, which refuses some amounts.
struct Fake {
    named: [(String, Address); 2],
    orders: Orders,
    /// Orders that it answers; later ones wait.
    answers: Arc<Semaphore>,
    /// Transactions that it sent.
    sent: Vec<(TransactionId, SentTransaction)>,
}

impl Fake {
    fn new(orders: Orders) -> Self {
        Self {
            named: [
                ("alice".to_owned(), address(PAYER)),
                ("bob".to_owned(), Address::Ed25519([9; 32])),
            ],
            orders,
            answers: Arc::new(Semaphore::new(100)),
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
                tokens: vec![HeldToken {
                    id: TOKEN,
                    total: 10.into(),
                    available: 4.into(),
                }],
                nfts: vec![NftId([4; 32])],
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
            if let Some(refusal) = refusal(&order) {
                return Err(refusal);
            }
            let noted = (name.to_owned(), order);
            self.orders.lock().expect("no holder panics").push(noted);
            let answer = self.answers.acquire().await;
            answer.expect("nobody closes it").forget();
            Ok(TransactionId([7; 32]))
        })
    }

    fn sent<'a>(
        &'a self,
        name: &'a str,
        id: TransactionId,
    ) -> WalletFuture<'a, Result<Option<SentTransaction>, WalletAway>> {
        let mut sent = self.sent.iter();
        let found = sent.find(|(known, _)| *known == id && name == "alice");
        let found = found.map(|(_, sent)| sent.clone());
        Box::pin(async { Ok(found) })
    }
}

/// Why some orders are refused.
fn refusal(order: &WalletOrder) -> Option<OrderError> {
    let away = "It is locked.".to_owned();
    Some(match order {
        WalletOrder::Send(payment) => match payment.amount {
            1 => OrderError::BelowDeposit { needed: 42_600 },
            2 => OrderError::Other(SCRIPT.to_owned()),
            3 => OrderError::Remainder {
                left: 30,
                needed: 42_600,
            },
            missing @ 5_000_000.. => OrderError::Coins {
                missing,
                is_waiting: missing == 6_000_000,
            },
            _ => return None,
        },
        WalletOrder::SendTokens { amount, .. } if *amount > 4.into() => OrderError::Tokens {
            missing: *amount - 4,
            is_waiting: false,
        },
        WalletOrder::SendTokens { amount, .. } if *amount == 3.into() => OrderError::Coins {
            missing: 9,
            is_waiting: false,
        },
        WalletOrder::SendNft { nft, .. } if *nft == NftId([3; 32]) => OrderError::Thing(away),
        WalletOrder::SendAlias { alias, .. } if *alias == AliasId([3; 32]) => {
            OrderError::Thing(away)
        }
        WalletOrder::MintNft { metadata, .. } if metadata == b"poor" => OrderError::Coins {
            missing: 9,
            is_waiting: false,
        },
        _ => return None,
    })
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

/// A new NFT for bob.
fn nft() -> Output {
    let owner = UnlockCondition::Address(Address::Ed25519([9; 32]));
    Output::Nft(Box::new(NftOutput {
        amount: 1_000_000,
        native_tokens: Vec::new(),
        nft_id: NftId::ZERO,
        unlock_conditions: UnlockConditions::new(vec![owner]).expect("one condition"),
        features: Features::default(),
        immutable_features: Features::default(),
    }))
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

/// Opens a page and sends its form.
async fn fill(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let key = key(client, path).await;
    fill_with(client, path, &key, fields).await
}

/// The key of a form; empty if the page has none.
async fn key(client: &Client, path: &str) -> String {
    let page = text(&client.get(path).await);
    let key = page.split_once("name=\"key\" value=\"");
    let key = key.and_then(|(_, rest)| rest.split_once('"'));
    key.map_or_else(String::new, |(key, _)| key.to_owned())
}

/// Sends a form with a key as the page's own form does.
async fn fill_with(client: &Client, path: &str, key: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [("host", OWN_HOST), ("origin", OWN)];
    let fields = [&[("key", key)][..], fields].concat();
    post(client, path, &headers, &fields).await
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
        (
            "/wallet/alice/send-token",
            &["4 of 10 can be spent now", "Lend the storage deposit"],
        ),
        ("/wallet/alice/send-nft", &["0x04040404…040404"]),
        (
            "/wallet/alice/send-alias",
            &["0x05050505…050505", "its governance"],
        ),
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
        for name in [
            "send",
            "send-token",
            "send-nft",
            "send-alias",
            "claim",
            "mint",
        ] {
            let path = format!("/wallet/alice/{name}");
            let refused = post(&client, &path, headers, &fields).await;
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
async fn tokens_nfts_and_aliases_are_sent() {
    let orders = Orders::default();
    let client = with_wallet(&client().await, Some(Fake::new(Arc::clone(&orders))));
    let token = TOKEN.to_string();
    let (nft, alias) = (NftId([4; 32]).to_string(), AliasId([5; 32]).to_string());
    for (name, fields) in [
        (
            "send-token",
            &[
                ("token", &*token),
                ("to", "bob"),
                ("amount", "4"),
                ("lend", "yes"),
            ][..],
        ),
        ("send-nft", &[("nft", &nft), ("to", "bob")]),
        (
            "send-alias",
            &[("alias", &alias), ("to", "bob"), ("part", "state")],
        ),
    ] {
        let path = format!("/wallet/alice/{name}");
        let taken = fill(&client, &path, fields).await;
        assert_eq!(taken.status, 303, "{name}: {}", text(&taken));
    }
    let bob = Address::Ed25519([9; 32]);
    let orders = orders.lock().expect("no holder panics");
    let orders: Vec<&WalletOrder> = orders.iter().map(|(_, order)| order).collect();
    assert!(
        matches!(
            &orders[..],
            [
                WalletOrder::SendTokens { to: first, token: TOKEN, amount, lends_deposit: true },
                WalletOrder::SendNft { to: second, nft: NftId([4, ..]) },
                WalletOrder::SendAlias { to: third, alias: AliasId([5, ..]), part: AliasPart::State },
            ] if [first, second, third] == [&bob; 3] && *amount == 4.into()
        ),
        "{orders:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_things_stands_at_their_fields() {
    let orders = Orders::default();
    let client = with_wallet(&client().await, Some(Fake::new(Arc::clone(&orders))));
    let token = TOKEN.to_string();
    let locked = NftId([3; 32]).to_string();
    let tokens = |amount| vec![("token", &*token), ("to", "bob"), ("amount", amount)];
    for (name, fields, field, words) in [
        (
            "send-token",
            tokens("5"),
            "amount",
            "1 more than the account can spend now",
        ),
        (
            "send-token",
            tokens("3"),
            "amount",
            "0.000009 TST more than",
        ),
        (
            "send-token",
            tokens("0"),
            "amount",
            "A whole number from 1 on.",
        ),
        (
            "send-token",
            tokens("-1"),
            "amount",
            "A whole number from 1 on.",
        ),
        (
            "send-token",
            tokens("1.5"),
            "amount",
            "A whole number from 1 on.",
        ),
        (
            "send-token",
            tokens(&"9".repeat(79)),
            "amount",
            "A whole number from 1 on.",
        ),
        (
            "send-token",
            vec![("token", "x"), ("to", "bob")],
            "token",
            "Choose one.",
        ),
        (
            "send-nft",
            vec![("nft", &*locked), ("to", "bob")],
            "nft",
            "It is locked.",
        ),
        (
            "send-nft",
            vec![("nft", &*locked), ("to", SCRIPT)],
            "to",
            "&lt;script&gt;",
        ),
        ("send-nft", vec![("to", "bob")], "nft", "Choose one."),
        (
            "send-alias",
            vec![("alias", &*locked), ("to", "bob"), ("part", "all")],
            "alias",
            "It is locked.",
        ),
        (
            "send-alias",
            vec![("alias", &*locked), ("to", "bob")],
            "part",
            "Choose what",
        ),
    ] {
        let answer = fill(&client, &format!("/wallet/alice/{name}"), &fields).await;
        let page = text(&answer);
        assert_eq!(answer.status, 400, "{name} {fields:?}");
        let at = page.split_once(&format!("id=\"{field}-wrong\""));
        let (_, at) = at.unwrap_or_else(|| panic!("{field} is not marked in {page}"));
        let (said, _) = at.split_once("</p>").expect("it ends");
        assert!(said.contains(words), "{said}");
        assert_eq!(page.matches("aria-invalid").count(), 1);
        assert!(!page.contains(SCRIPT));
    }
    // Minting has no field for an amount, so that it is said above the form.
    let poor = fill(&client, "/wallet/alice/mint", &[("metadata", "poor")]).await;
    assert!(
        text(&poor).contains("<p>0.000009 TST more than"),
        "{}",
        text(&poor)
    );
    assert!(orders.lock().expect("no holder panics").is_empty());
}

#[tokio::test]
async fn form_that_comes_again_is_carried_out_once() {
    let orders = Orders::default();
    let mut wallet = Fake::new(Arc::clone(&orders));
    let answers = Arc::new(Semaphore::new(0));
    wallet.answers = Arc::clone(&answers);
    let id = TransactionId([7; 32]);
    let sent = SentTransaction {
        blocks: vec![BlockId([1; 32])],
        outputs: vec![hostile()],
    };
    wallet.sent = vec![(id, sent)];
    let client = with_wallet(&client().await, Some(wallet));
    let path = "/wallet/alice/send";
    let fields = [("to", "bob"), ("amount", "1TST")];
    let first_key = key(&client, path).await;

    // A browser gives the first answer up when a form is sent again.
    let send = || fill_with(&client, path, &first_key, &fields);
    let count = || orders.lock().expect("no holder panics").len();
    tokio::select! {
        _ = send() => panic!("the wallet has not answered"),
        () = eventually("the order", async || (count() == 1).then_some(())) => {}
    }
    let (second, ()) = tokio::join!(send(), async { answers.add_permits(10) });
    let third = send().await;
    for again in [second, third] {
        assert_eq!(again.status, 303, "{}", text(&again));
        let page = format!("/wallet/alice/sent/{id}?again");
        assert_eq!(again.headers[header::LOCATION], page);
        let page = text(&client.get(&page).await);
        assert!(page.contains("nothing was sent again"), "{page}");
    }
    assert_eq!(count(), 1);

    let other_key = key(&client, path).await;
    assert_ne!(other_key, first_key);
    let other = fill_with(&client, path, &other_key, &fields).await;
    assert_eq!(
        other.headers[header::LOCATION],
        format!("/wallet/alice/sent/{id}")
    );
    assert_eq!(count(), 2);
    let page = text(&client.get(&format!("/wallet/alice/sent/{id}")).await);
    assert!(!page.contains("sent again"));
}

#[tokio::test]
async fn form_without_a_fresh_key_is_not_carried_out() {
    let orders = Orders::default();
    let client = with_wallet(&client().await, Some(Fake::new(Arc::clone(&orders))));
    let path = "/wallet/alice/send";
    let fields = [("to", "bob"), ("amount", "1TST"), ("tag", "kept")];
    for key in ["", "0", "0123-0", &"x".repeat(1_000)] {
        let refused = fill_with(&client, path, key, &fields).await;
        assert_eq!(refused.status, 400, "{key}");
        let page = text(&refused);
        assert!(page.contains("opened long ago") && page.contains("value=\"kept\""));
    }
    // A form that is refused can be corrected and sent.
    let key = key(&client, path).await;
    let wrong = fill_with(&client, path, &key, &[("to", "bob"), ("amount", "1u")]).await;
    assert_eq!(wrong.status, 400);
    assert!(orders.lock().expect("no holder panics").is_empty());
    assert_eq!(fill_with(&client, path, &key, &fields).await.status, 303);
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
    let sent = |blocks: Vec<BlockId>, outputs| SentTransaction { blocks, outputs };
    wallet.sent = vec![
        (
            good_id,
            sent(vec![double_block, good_block], outputs(1_000_000)),
        ),
        (double_id, sent(vec![double_block], outputs(2_000_000))),
        (
            waiting,
            sent(vec![BlockId([1; 32])], vec![nft(), hostile()]),
        ),
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
    // A new NFT has its id by the output that makes it.
    let minted = NftId::ZERO.or_from_output(&OutputId::new(waiting, 0));
    for part in [
        "What goes where",
        ">bob (tst1",
        &format!("/explorer/nft/{minted}"),
        "&lt;script&gt;",
    ] {
        assert!(pending.contains(part), "{part} is missing: {pending}");
    }
    assert!(!pending.contains(SCRIPT) && !pending.contains("/explorer/output/"));

    let included = page(good_id).await;
    assert!(included.contains("This is final."), "{included}");
    assert!(included.contains("What went where"), "{included}");
    assert!(included.contains(&format!("/explorer/output/{}", OutputId::new(good_id, 1))));
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
