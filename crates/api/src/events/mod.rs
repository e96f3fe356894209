//! Events (TIP-28): what happens is told to those who subscribe, over MQTT or as server-sent
//! events.
//!
//! ```text
//! node ──> publisher (one thread) ──> registry (who wants what) ──> queues ──> connections
//! ```
//!
//! A message is written once and shared; a subscriber that reads too slowly is let go, and the node
//! never waits. Begin with [`Hub`].

mod body;
mod hub;
mod known;
mod live;
mod mqtt;
mod publisher;
mod registry;
mod session;
mod sse;
mod stream;
mod subscriber;
mod tcp;
mod topic;
mod websocket;
mod wire;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::hub::Hub;
use self::hub::{SubscribeError, Subscription};
pub(crate) use self::live::tag_digits;
use self::session::Terms;
use self::subscriber::Form;
pub(crate) use self::tcp::serve as serve_tcp;
use self::websocket::Frames;
use self::wire::Wire;
use crate::ApiError;
use crate::app::App;
use crate::error::ErrorBody;
use crate::server::Connection;

/// The protocol inside of WebSocket.
const PROTOCOL: &str = "mqtt";

/// Routes on which events are told.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(mqtt_over_websocket))
        .routes(routes!(server_sent))
}

/// Goes over to MQTT 3.1.1 in WebSocket, with the sub-protocol `mqtt`. Topics are those of TIP-28;
/// what is told has quality of service 0.
#[utoipa::path(
    get,
    path = "/api/mqtt/v1",
    tag = "events",
    responses(
        (status = 101, description = "From here on the client speaks MQTT in WebSocket."),
        (status = 400, description = "This is no request for WebSocket.", body = ErrorBody),
        (status = 503, description = "Too many are told of events.", body = ErrorBody),
    )
)]
async fn mqtt_over_websocket(
    State(app): State<Arc<App>>,
    connection: Option<Extension<Connection>>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let Some(accept) = websocket::accept(request.headers()) else {
        return Err(ApiError::bad_request(
            "this path speaks MQTT in WebSocket, send a request for that",
        ));
    };
    let offers_mqtt = websocket::offers(request.headers(), PROTOCOL);
    let wire = Wire::WebSocket(Frames::default());
    let subscription = enter(&app, wire.form())?;
    let upgrade = hyper::upgrade::on(&mut request);
    let stopped = take_over(connection);
    let terms = Terms {
        connect_timeout: app.config.limits.head_timeout,
        idle_timeout: app.config.limits.events.idle_timeout,
        auth: None,
    };
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let connection = (TokioIo::new(upgraded), wire);
                session::run(connection, subscription, terms, stopped).await;
            }
            Err(error) => tracing::debug!(%error, "a client did not go over to WebSocket"),
        }
    });
    let accept = HeaderValue::try_from(accept).expect("it is Base64");
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if offers_mqtt {
        let protocol = HeaderValue::from_static(PROTOCOL);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(response)
}

/// Tells events as they happen, until the client ends the connection: for each, its topic as
/// `event` and JSON as `data`. Topics are those of TIP-28, and `live`: a digest for a page that
/// people watch.
#[utoipa::path(
    get,
    path = "/api/events/v1",
    tag = "events",
    params((
        "topics" = String, Query, description = "Topics, with commas between them.",
        pattern = "^[!-~]+$", example = "live,milestone-info/confirmed"
    )),
    responses(
        (
            status = 200, description = "Events without end.",
            body = String, content_type = "text/event-stream"
        ),
        (status = 400, description = "There is no such topic.", body = ErrorBody),
        (status = 503, description = "Too many are told of events.", body = ErrorBody),
    )
)]
async fn server_sent(
    State(app): State<Arc<App>>,
    connection: Option<Extension<Connection>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let texts = sse::topics(&query.unwrap_or_default());
    if texts.is_empty() {
        return Err(ApiError::bad_request(
            "name topics with ?topics=…, with commas between them",
        ));
    }
    let mut subscription = enter(&app, Form::Sse)?;
    let mut topics = Vec::with_capacity(texts.len());
    for text in &texts {
        topics.push(subscription.add(text).map_err(|error| match error {
            SubscribeError::Topic(_) | SubscribeError::TooMany(_) => {
                ApiError::bad_request(format_args!("topic {text:?}: {error}"))
            }
            SubscribeError::Full | SubscribeError::Stopping | SubscribeError::Thread(_) => {
                ApiError::unavailable(error)
            }
        })?);
    }
    for topic in &topics {
        subscription.tell_known(topic).await?;
    }
    Ok(sse::answer(subscription, take_over(connection)))
}

fn enter(app: &App, form: Form) -> Result<Subscription, ApiError> {
    let subscription = app.events.enter(form);
    subscription
        .ok_or_else(|| ApiError::unavailable("too many are told of events, try again in a while"))
}

/// Takes a connection over from the interface; ready when the server stops. A request that came
/// through no server is answered for as long as somebody reads.
fn take_over(connection: Option<Extension<Connection>>) -> impl Future<Output = ()> + Send {
    if let Some(Extension(connection)) = &connection {
        connection.leave_place();
    }
    async move {
        match connection {
            Some(Extension(mut connection)) => connection.stopped().await,
            None => std::future::pending().await,
        }
    }
}
