//! The faucet's interface, as wallets know it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};
use tangle_types::Address;
use tower_http::cors::{Any, CorsLayer};

use super::queue::QueueError;
use super::{Shared, senders};
use crate::payment::Payment;

/// Largest request.
const BODY_BYTES_MAX: usize = 4096;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FaucetState {
    is_healthy: bool,
    address: String,
    balance: u64,
    token_name: String,
    bech32_hrp: String,
}

#[derive(Deserialize)]
struct Request {
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Enqueued {
    address: String,
    waiting_requests: usize,
}

#[derive(Serialize)]
struct ErrorBody {
    error: ErrorText,
}

#[derive(Serialize)]
struct ErrorText {
    code: String,
    message: String,
}

/// Why a request is refused.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let code = status.as_u16().to_string();
        let body = ErrorBody {
            error: ErrorText { code, message },
        };
        (status, Json(body)).into_response()
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        let status = match error {
            QueueError::Known => StatusCode::BAD_REQUEST,
            QueueError::Full => StatusCode::INTERNAL_SERVER_ERROR,
            QueueError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        };
        Self(status, error.to_string())
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    Router::new()
        .route("/health", get(health))
        .route("/api/info", get(state))
        .route("/api/enqueue", post(enqueue))
        .fallback(async || Refusal(StatusCode::NOT_FOUND, "the faucet has no such path".into()))
        .method_not_allowed_fallback(async || {
            let message = "the faucet's path has no such method".into();
            Refusal(StatusCode::METHOD_NOT_ALLOWED, message)
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(cors)
        .with_state(shared)
}

async fn health(State(shared): State<Arc<Shared>>) -> StatusCode {
    if shared.book.is_healthy().await {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

async fn state(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let hrp = &shared.parameters.bech32_hrp;
    let balance = shared
        .book
        .own_balance(&shared.address)
        .await
        .map_err(|error| internal(&error))?;
    let state = FaucetState {
        is_healthy: shared.book.is_healthy().await,
        address: shared.address.to_bech32(hrp),
        balance,
        token_name: shared.token_name.clone(),
        bech32_hrp: hrp.clone(),
    };
    Ok(Json(state).into_response())
}

async fn enqueue(
    State(shared): State<Arc<Shared>>,
    connection: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    if !is_json(&headers) {
        let message = "set the header Content-Type to application/json".to_owned();
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let request: Request = serde_json::from_slice(&body).map_err(|error| {
        bad(format!(
            "the request is not {{\"address\": \"…\"}}: {error}"
        ))
    })?;
    let address = address(&request.address, &shared.parameters.bech32_hrp)?;
    let sender = connection.map_or(
        IpAddr::from([0, 0, 0, 0]),
        |Extension(ConnectInfo(from))| senders::sender(from, &headers),
    );
    if !shared.senders().allow(sender, Instant::now()) {
        return Err(QueueError::TooMany.into());
    }
    shared.queue().check(&address, Instant::now())?;
    if !shared.book.is_healthy().await {
        let message = "the faucet's node is not healthy".to_owned();
        return Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, message));
    }
    let amount = amount(&shared, &address).await?;
    let balance = shared.book.own_balance(&shared.address).await;
    let balance = balance.map_err(|error| internal(&error))?;
    let waiting_requests = {
        let mut queue = shared.queue();
        if balance.saturating_sub(queue.owed()) < amount {
            let message = "the faucet does not have enough funds".to_owned();
            return Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        queue.push(Payment { address, amount }, Instant::now())?
    };
    shared.arrived.notify_one();
    let answer = Enqueued {
        address: request.address,
        waiting_requests,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// Only the owner of a key can ask for coins.
fn address(text: &str, hrp: &str) -> Result<Address, Refusal> {
    let (found, address) = Address::from_bech32(text)
        .map_err(|error| bad(format!("the address cannot be read: {error}")))?;
    if found != hrp {
        return Err(bad(format!(
            "the address begins with {found}, those of this network with {hrp}"
        )));
    }
    if !matches!(address, Address::Ed25519(_)) {
        return Err(bad("the faucet pays to Ed25519 addresses only".to_owned()));
    }
    Ok(address)
}

/// What an address gets, by what it has.
async fn amount(shared: &Shared, address: &Address) -> Result<u64, Refusal> {
    let config = &shared.config;
    let balance = shared.book.balance(address, config.balance_max).await;
    let balance = balance.map_err(|error| internal(&error))?;
    if balance >= config.balance_max {
        return Err(bad(format!(
            "the address has {balance} already, the faucet pays below {}",
            config.balance_max
        )));
    }
    Ok(if balance == 0 {
        config.amount
    } else {
        config.amount_small
    })
}

fn bad(message: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, message)
}

fn internal(error: &tangle_client::ClientError) -> Refusal {
    tracing::warn!(%error, "the faucet's node does not answer as expected");
    let message = "the faucet's node does not answer as expected".to_owned();
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, message)
}
