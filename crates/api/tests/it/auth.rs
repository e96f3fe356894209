//! Tokens on the way through the router.

use axum::body::Body;
use axum::http::{Method, Request, header};
use tangle_api::{Auth, Salt, TokenKey, TokenLifetime, Tokens};

use crate::harness::{Answer, Client, client};

const PEERS: &str = "/api/core/v2/peers";

fn tokens(salt: &str) -> Tokens {
    let key = TokenKey::from_text(&format!("ed25519:{}", "5a".repeat(32)));
    Tokens::new(key.expect("a key"), Salt::new(salt), "node")
}

fn issue(tokens: &Tokens) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("now is after 1970");
    tokens
        .issue(now.as_secs(), TokenLifetime::UntilRevoked)
        .expect("it signs")
}

async fn ask(client: &Client, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::builder().uri(path);
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    client
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

#[tokio::test]
async fn protected_path_opens_to_a_good_token_only() {
    let node = client().await.node;
    let guarded = Client::new(node.clone(), Auth::usual(Some(tokens("one"))));
    let good = issue(&tokens("one"));
    let answer = ask(&guarded, PEERS, Some(&format!("Bearer {good}"))).await;
    assert_eq!(answer.status, 200);

    for missing in [None, Some("Basic eDp5"), Some("Bearer"), Some("Bearer x")] {
        let message = ask(&guarded, PEERS, missing).await.error(400);
        assert!(message.contains("Authorization: Bearer"), "{message}");
    }
    let long = format!("Bearer a.b.{}", "c".repeat(5_000));
    ask(&guarded, PEERS, Some(&long)).await.error(400);
    ask(&guarded, PEERS, Some("Bearer a.b.c")).await.error(401);
    // A new salt revokes what was issued before.
    let renewed = Client::new(node, Auth::usual(Some(tokens("two"))));
    let answer = ask(&renewed, PEERS, Some(&format!("Bearer {good}"))).await;
    answer.error(401);
}

#[tokio::test]
async fn page_of_another_origin_needs_a_token_to_change_the_node() {
    let open = client().await;
    let guarded = Client::new(open.node.clone(), Auth::usual(Some(tokens("one"))));
    let bearer = format!("Bearer {}", issue(&tokens("one")));
    let request = |method: Method, origin: &str, path: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:14265")
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/json")
    };
    let send = async |client: &Client, request: axum::http::request::Builder| {
        let request = request.body(Body::from("{}")).expect("a request");
        client.send(request).await.status.as_u16()
    };
    let foreign = "https://evil.example";
    let peer = format!("{PEERS}/nobody");
    for (method, path) in [
        (Method::POST, PEERS),
        (Method::DELETE, peer.as_str()),
        (Method::POST, "/api/core/v2/control/database/prune"),
        (Method::POST, "/api/core/v2/control/snapshots/create"),
        (Method::POST, "/api/core/v2/control/snapshot/create"),
    ] {
        let plain = request(method.clone(), foreign, path);
        assert_eq!(send(&open, plain).await, 403, "{method} {path}");
        let forged = request(method.clone(), foreign, path);
        let forged = forged.header(header::AUTHORIZATION, "Bearer a.b.c");
        assert_eq!(send(&open, forged).await, 403, "{method} {path}");
        let own = request(method.clone(), "http://127.0.0.1:14265", path);
        assert!(matches!(send(&open, own).await, 400 | 404), "{path}");
        let with_token = request(method.clone(), foreign, path);
        let with_token = with_token.header(header::AUTHORIZATION, &bearer);
        let status = send(&guarded, with_token).await;
        assert!(matches!(status, 400 | 404), "{method} {path}: {status}");
    }
    // Wallets are pages too.
    assert_eq!(send(&open, request(Method::GET, foreign, PEERS)).await, 200);
    let block = Request::builder()
        .method(Method::POST)
        .uri("/api/core/v2/blocks")
        .header(header::ORIGIN, foreign)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"protocolVersion":2}"#));
    assert_eq!(open.send(block.expect("a request")).await.status, 201);
}

#[tokio::test]
async fn query_and_encoding_open_no_door() {
    let node = client().await.node;
    let guarded = Client::new(node, Auth::usual(Some(tokens("one"))));
    for path in [
        "/api/core/v2/peers?x=/health",
        "/api/core/v2/peers?/api/core/v2/info",
        "/api/core/v2/%70eers",
        "/api/core/v2/peers/health",
        "/API/CORE/V2/PEERS",
        "/api/core/v2/blocks/../peers",
    ] {
        let answer = ask(&guarded, path, None).await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 404),
            "{path}: {answer:?}"
        );
        assert_ne!(answer.status, 200, "{path}");
    }
    let open = ask(&guarded, "/api/core/v2/tips?allowSemiLazy=true", None).await;
    assert_eq!(open.status, 200);
    ask(&guarded, "/elsewhere", None).await.error(403);
}
