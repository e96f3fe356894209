//! All routes behind one guard: what a path may be used for, by whom, and from where.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tangle_node::Handle;
use tokio::net::TcpListener;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::participation::VoteCounter;
use crate::{
    ApiConfig, ApiError, content, core, description, events, indexer, origin, owned, participation,
    proofs, sync, tips,
};

/// Answers from this size on are compressed for whoever understands that; for smaller ones it is
/// not worth the work.
const COMPRESSED_BYTES_MIN: u16 = 1_024;

/// The interface of a node.
#[derive(Clone, Debug)]
pub struct Interface(Arc<App>);

impl Interface {
    /// The interface of `node`, ready to be served; with `votes` it has the routes of
    /// participation.
    #[must_use]
    pub fn new(node: Handle, config: ApiConfig, votes: Option<Arc<dyn VoteCounter>>) -> Self {
        Self(Arc::new(App::new(node, config, votes)))
    }

    /// What it has over HTTP.
    pub fn router(&self) -> Router {
        router(Arc::clone(&self.0))
    }

    /// Tells of events over MQTT on `listener`, without HTTP and encryption, until `stop` is ready.
    /// Subscribers count together with those of the router.
    pub async fn serve_mqtt(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        events::serve_tcp(&self.0, listener, stop).await;
    }
}

fn router(app: Arc<App>) -> Router {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN));
    let (mut all_reading, mut all_operating) = (reading(), operating());
    if app.votes.is_some() {
        all_reading = all_reading.merge(participation::reading());
        all_operating = all_operating.merge(participation::operating());
    }
    let (reading, _) = all_reading.split_for_parts();
    let (telling, _) = events::routes().split_for_parts();
    let (acting, _) = acting().split_for_parts();
    let (operating, _) = all_operating.split_for_parts();
    let reading = reading.route(description::JSON_PATH, get(described));
    reading
        .layer(compression)
        .merge(telling)
        .merge(acting)
        .merge(operating.layer(from_fn(origin::guard)))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}

/// Routes that answer a question.
pub(crate) fn reading() -> OpenApiRouter<Arc<App>> {
    core::reading()
        .merge(indexer::routes())
        .merge(owned::routes())
        .merge(sync::routes())
        .merge(tips::routes())
        .merge(proofs::reading())
}

/// Routes that hand something in, or make the node work.
pub(crate) fn acting() -> OpenApiRouter<Arc<App>> {
    core::acting().merge(proofs::acting())
}

/// Routes with which an operator tells the node what to do.
pub(crate) fn operating() -> OpenApiRouter<Arc<App>> {
    core::operating()
}

/// Lets pages of any origin ask, and only those requests pass that may.
async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let mut response = if is_preflight(request.method(), request.headers()) {
        preflight()
    } else {
        match app.config.auth.check(&request) {
            Ok(permit) => {
                request.extensions_mut().insert(permit);
                next.run(request).await
            }
            Err(error) => error.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("location"),
    );
    response
}

/// A browser asks whether a page of another origin may send a request.
fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let headers = [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD, POST, DELETE"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("*, authorization"),
        ),
        (
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("86400"),
        ),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn unknown_path() -> ApiError {
    ApiError::not_found("this path does not exist, see /api/docs for those that do")
}

async fn wrong_method() -> ApiError {
    ApiError::method_not_allowed()
}

async fn described() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text: &'static str = TEXT.get_or_init(description::json);
    ([(header::CONTENT_TYPE, content::JSON)], text).into_response()
}
