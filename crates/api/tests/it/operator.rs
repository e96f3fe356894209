//! What the operator of a node sees and does in a browser.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{Method, Request, header};
use tangle_api::{Auth, Beside, Pages, Salt, Setting, TokenKey, TokenLifetime, Tokens};
use tangle_types::Output;

use crate::harness::{
    Answer, Client, address, api_config, client, client_alone, draft, tagged, transfer,
};
use crate::past::Past;

const PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
const OWN: Option<&str> = Some("http://node.example");
const PAGES: [&str; 2] = ["/maintenance", "/settings"];

pub(crate) fn tokens(digits: &str) -> Tokens {
    let key = TokenKey::from_text(&format!("ed25519:{}", digits.repeat(32)));
    Tokens::new(key.expect("a key"), Salt::new("salt"), "node")
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("now is after 1970").as_secs()
}

pub(crate) fn token() -> String {
    let token = tokens("5a").issue(now(), TokenLifetime::UntilRevoked);
    token.expect("it signs")
}

/// A node's interface with its pages.
fn guarded(client: &Client, auth: Auth) -> Client {
    let settings = vec![Setting {
        key: "rest.bind".to_owned(),
        value: Some("\"<b>\"".to_owned()),
        origin: "tangle.toml".to_owned(),
    }];
    let open = Client::new(client.node.clone(), auth.clone());
    let pages = Pages::new(
        client.node.clone(),
        api_config(auth),
        Beside::default(),
        settings,
    );
    Client {
        router: open.router.merge(pages.router()),
        node: open.node,
    }
}

async fn usual() -> Client {
    guarded(&client().await, Auth::usual(Some(tokens("5a"))))
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("pages are UTF-8")
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.headers["location"].to_str().expect("a path")
}

async fn get(client: &Client, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().uri(path).header(header::COOKIE, cookie);
    client
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

async fn post(
    client: &Client,
    path: &str,
    cookie: &str,
    origin: Option<&str>,
    fields: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "node.example")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(fields).finish();
    client
        .send(request.body(Body::from(body)).expect("a request"))
        .await
}

async fn sign_in(client: &Client, token: &str) -> Answer {
    post(client, "/login", "", OWN, &[("token", token)]).await
}

/// A session: its cookie, and the key of its forms.
async fn session(client: &Client) -> (String, String) {
    let answer = sign_in(client, &token()).await;
    assert_eq!(location(&answer), "/maintenance");
    let set = answer.headers["set-cookie"].to_str().expect("a text");
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/;"] {
        assert!(set.contains(attribute), "{set}");
    }
    let (cookie, _) = set.split_once(';').expect("there are attributes");
    let page = text(&get(client, "/maintenance", cookie).await);
    let (_, rest) = page.split_once("name=\"key\" value=\"").expect("a form");
    (cookie.to_owned(), rest[..64].to_owned())
}

#[tokio::test]
async fn pages_of_the_operator_are_for_who_signed_in() {
    let client = usual().await;
    let home = text(&client.get("/").await);
    assert!(home.contains("href=\"/maintenance\""));
    for path in PAGES {
        for cookie in [
            "",
            "tangle=1",
            &format!("tangle_00000000={}", "0".repeat(64)),
        ] {
            assert_eq!(location(&get(&client, path, cookie).await), "/login");
        }
    }
    assert_eq!(client.get("/peers").await.status, 403);
    let (cookie, _) = session(&client).await;
    for path in PAGES.into_iter().chain(["/peers"]) {
        let answer = get(&client, path, &cookie).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let policy = answer.headers["content-security-policy"].to_str();
        assert!(policy.is_ok_and(|policy| policy.contains("default-src 'none'")));
    }
    let settings = text(&get(&client, "/settings", &cookie).await);
    for part in ["&quot;&lt;b&gt;&quot;", "tangle.toml", "Tangle 0.0.0"] {
        assert!(settings.contains(part), "{part}: {settings}");
    }
    let (name, secret) = cookie.split_once('=').expect("a cookie");
    let flipped = if secret.starts_with('0') { "1" } else { "0" };
    let forged = format!("{name}={flipped}{}", &secret[1..]);
    assert_eq!(
        location(&get(&client, "/settings", &forged).await),
        "/login"
    );
    // The session of a node is none of another.
    let other = usual().await;
    assert_eq!(location(&get(&other, "/settings", &cookie).await), "/login");
}

#[tokio::test]
async fn only_good_tokens_open_a_session_and_what_is_wrong_is_not_told() {
    let client = usual().await;
    let hour = TokenLifetime::For(Duration::from_secs(3_600));
    let issue = |tokens: Tokens, time| tokens.issue(time, hour).expect("it signs");
    let mut answers = Vec::new();
    for wrong in [
        String::new(),
        "a.b.c".to_owned(),
        "x".repeat(3_000),
        issue(tokens("5a"), now() - 7_200),
        issue(tokens("5b"), now()),
    ] {
        let answer = sign_in(&client, &wrong).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("set-cookie"));
        answers.push(answer.body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    for foreign in ["https://evil.example", "null"] {
        let fields = [("token", token())].map(|(name, value)| (name, value));
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = post(&client, "/login", "", Some(foreign), &fields).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    for _ in 0..5 {
        assert_eq!(location(&sign_in(&client, &token()).await), "/maintenance");
    }
    let answer = sign_in(&client, &token()).await;
    assert_eq!(answer.status, 429, "more than ten in a minute");

    let none = guarded(&client, Auth::usual(None));
    assert!(!text(&none.get("/").await).contains("href=\"/maintenance\""));
    let page = none.get("/login").await;
    assert_eq!(page.status, 403);
    assert!(text(&page).contains("--new-key"));
    assert_eq!(sign_in(&none, &token()).await.status, 403);
}

#[tokio::test]
async fn orders_need_session_origin_and_key() {
    let client = usual().await;
    let (cookie, key) = session(&client).await;
    let (_, other_key) = session(&client).await;
    for path in [
        "/logout",
        "/maintenance/prune",
        "/maintenance/snapshot",
        "/maintenance/add-peer",
        "/maintenance/remove-peer",
    ] {
        let good = [("key", key.as_str())];
        assert_eq!(
            location(&post(&client, path, "", OWN, &good).await),
            "/login"
        );
        for foreign in ["https://evil.example", "null", "http://node.example:1"] {
            let answer = post(&client, path, &cookie, Some(foreign), &good).await;
            assert_eq!(answer.status, 403, "{path}");
        }
        for wrong in [&[][..], &[("key", "")], &[("key", other_key.as_str())]] {
            let answer = post(&client, path, &cookie, OWN, wrong).await;
            assert_eq!(answer.status, 403, "{path} {wrong:?}");
        }
    }
    assert_eq!(get(&client, "/settings", &cookie).await.status, 200);
    let answer = post(&client, "/logout", &cookie, OWN, &[("key", &key)]).await;
    assert_eq!(location(&answer), "/login");
    let set = answer.headers["set-cookie"].to_str().expect("a text");
    assert!(set.contains("=; ") && set.contains("Max-Age=0"), "{set}");
    let answer = get(&client, "/settings", &cookie).await;
    assert_eq!(location(&answer), "/login", "the session is over");
}

#[tokio::test]
async fn maintenance_does_what_it_says() {
    let client = guarded(&client_alone().await, Auth::usual(Some(tokens("5a"))));
    let (cookie, key) = session(&client).await;
    let order = async |path: &str, fields: &[(&str, &str)]| {
        let fields = [&[("key", key.as_str())], fields].concat();
        let path = format!("/maintenance/{path}");
        let answer = post(&client, &path, &cookie, OWN, &fields).await;
        (answer.status.as_u16(), text(&answer))
    };
    let address = format!("/ip4/127.0.0.1/tcp/1/p2p/{PEER}");
    let (status, page) = order("add-peer", &[("address", &address), ("alias", "<i>")]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains(&format!("{PEER} is a peer now")) && page.contains("&lt;i&gt;"));
    assert!(client.node.peers().iter().any(|peer| peer.id == PEER));
    assert_eq!(order("add-peer", &[("address", "nonsense")]).await.0, 400);
    assert_eq!(order("remove-peer", &[("id", PEER)]).await.0, 200);
    assert!(client.node.peers().is_empty());
    assert_eq!(order("remove-peer", &[("id", PEER)]).await.0, 404);

    let index = client.node.status().confirmed.index.to_string();
    let (status, page) = order("snapshot", &[("index", &index)]).await;
    assert_eq!(status, 200, "{page}");
    let (_, rest) = page.split_once("The snapshot is at ").expect("a path");
    let (path, _) = rest.split_once(".</p>").expect("an end");
    assert!(std::path::Path::new(path).is_file(), "{path}");
    for wrong in ["", "-1", "x", "4294967296", "4294967295"] {
        assert_eq!(
            order("snapshot", &[("index", wrong)]).await.0,
            400,
            "{wrong}"
        );
    }

    let sure = ("sure", "yes");
    for wrong in [
        &[("target", "depth"), ("milestones", "1")][..],
        &[sure, ("milestones", "1")],
        &[sure, ("target", "depth")],
    ] {
        assert_eq!(order("prune", wrong).await.0, 400, "{wrong:?}");
    }
    // A young node keeps all it has: the order comes to it, and its reason comes back.
    let orders = [("index", "1"), ("depth", "0")];
    for (target, milestones) in orders {
        let fields = [sure, ("target", target), ("milestones", milestones)];
        let (status, page) = order("prune", &fields).await;
        assert_eq!(status, 400);
        assert!(page.contains("the newest 50 milestones are kept"), "{page}");
    }
    assert_eq!(client.node.reader().pruning_index().0, 0);

    // What a token may not do at the interface, its session may not do either.
    let closed = Auth::new(&["/health"], &["/api/core/v2/peers*"], Some(tokens("5a")));
    let closed = guarded(&client, closed);
    let (cookie, key) = session(&closed).await;
    let fields = [("key", key.as_str()), ("index", index.as_str())];
    for path in ["/maintenance/snapshot", "/maintenance/prune"] {
        assert_eq!(post(&closed, path, &cookie, OWN, &fields).await.status, 403);
    }
}

#[tokio::test]
async fn what_is_pruned_on_the_page_is_gone_and_told_from_what_never_was() {
    let mut past = Past::new(64);
    past.milestone().await;
    let block = past.submit(&tagged("old")).await;
    let spent = past.client.output_of(1).await;
    let (payload, _) = transfer(1, spent, vec![Output::basic(address(2), spent.1)]);
    past.submit(&draft(Some(payload))).await;
    while past.milestone().await.0 < 62 {}
    let client = guarded(&past.client, Auth::usual(Some(tokens("5a"))));
    let (cookie, key) = session(&client).await;
    let order = async |path: &str, fields: &[(&str, &str)]| {
        let fields = [&[("key", key.as_str())], fields].concat();
        let answer = post(&client, path, &cookie, OWN, &fields).await;
        (answer.status.as_u16(), text(&answer))
    };
    let prune = async |target: &str, milestones: &str| {
        let fields = [
            ("sure", "yes"),
            ("target", target),
            ("milestones", milestones),
        ];
        order("/maintenance/prune", &fields).await
    };
    let core = |path: String| format!("/api/core/v2/{path}");
    let metadata = core(format!("blocks/{block}/metadata"));
    let standing = client.read(&metadata).await;
    assert_eq!(standing["referencedByMilestoneIndex"], 2);
    let old = [
        core("milestones/by-index/2".to_owned()),
        core("milestones/by-index/2/utxo-changes".to_owned()),
        core(format!("outputs/{}", spent.0)),
    ];
    for path in &old {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }

    let (status, page) = prune("index", "10").await;
    assert_eq!(status, 200, "{page}");
    for part in ["Milestones up to 10 are pruned.", "milestones 11 to 62"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(
        client.read("/api/core/v2/info").await["status"]["pruningIndex"],
        10
    );
    for path in &old {
        let answer = client.get(path).await;
        answer.error(404);
        assert_eq!(answer.json()["error"]["prunedBefore"], 11, "{path}");
    }
    let pruned = client.get(&old[0]).await.error(404);
    assert!(pruned.contains("was pruned"), "{pruned}");
    // Blocks go a file at a time; until then nothing else is said of them.
    assert_eq!(client.read(&metadata).await, standing);
    let never = client.get("/api/core/v2/milestones/by-index/63").await;
    assert!(!never.error(404).contains("pruned"));
    assert!(never.json()["error"]["prunedBefore"].is_null());
    for (milestone, part) in [
        ("2", "This node has no milestone 2."),
        ("63", "Milestone 63 has not come yet."),
    ] {
        let page = client
            .get(&format!("/explorer/milestone/{milestone}"))
            .await;
        assert_eq!(page.status, 404);
        assert!(text(&page).contains(part), "{part}");
    }
    // What the pruned milestones brought and nobody spent stays.
    let outputs = address(2).to_bech32("tst");
    let outputs = format!("/api/indexer/v1/outputs/basic?address={outputs}");
    let outputs = client.read(&outputs).await;
    assert_eq!(outputs["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        client
            .get("/api/core/v2/milestones/by-index/11")
            .await
            .status,
        200
    );

    let (status, page) = prune("index", "10").await;
    assert_eq!(status, 400);
    assert!(
        page.contains("milestones up to 10 are pruned already"),
        "{page}"
    );
    let (status, page) = prune("depth", "51").await;
    assert_eq!(status, 200);
    assert!(page.contains("Milestones up to 11 are pruned."), "{page}");
    let info = client.read("/api/core/v2/info").await;
    assert_eq!(info["status"]["pruningIndex"], 11);

    // A snapshot needs what came after its milestone.
    assert_eq!(
        order("/maintenance/snapshot", &[("index", "10")]).await.0,
        400
    );
    let (status, page) = order("/maintenance/snapshot", &[("index", "12")]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("full_snapshot_12.bin"), "{page}");
}
