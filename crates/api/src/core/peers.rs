//! The list of peers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tangle_node::Peer;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ErrorBody;
use crate::params::{PathParam, shorten};
use crate::{ApiError, content};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Peer)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeerAnswer {
    id: String,
    multi_addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    alias: Option<String>,
    relation: Relation,
    connected: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Relation {
    Known,
    Unknown,
}

impl From<Peer> for PeerAnswer {
    fn from(peer: Peer) -> Self {
        Self {
            id: peer.id,
            multi_addresses: peer.multi_addresses,
            alias: peer.alias,
            relation: if peer.is_known {
                Relation::Known
            } else {
                Relation::Unknown
            },
            connected: peer.is_connected,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPeer {
    /// Where it listens and who it is, such as `/ip4/192.0.2.1/tcp/15600/p2p/12D3Koo…`.
    multi_address: String,
    /// What the operator calls it.
    #[serde(default)]
    alias: Option<String>,
}

/// All peers.
#[utoipa::path(
    get,
    path = "/api/core/v2/peers",
    tag = "peers",
    responses((status = 200, description = "The peers.", body = Vec<PeerAnswer>))
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let peers = app.node.peers().into_iter().map(PeerAnswer::from);
    content::json(&peers.collect::<Vec<_>>())
}

/// Adds a peer.
#[utoipa::path(
    post,
    path = "/api/core/v2/peers",
    tag = "peers",
    request_body = NewPeer,
    responses(
        (status = 200, description = "The peer.", body = PeerAnswer),
        (status = 400, description = "Not an address of a peer.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
        (status = 503, description = "There are too many.", body = ErrorBody),
    )
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body = app.bodies.read_json(&headers, body).await?;
    let new: NewPeer = content::from_json(&body)?;
    let peer = app
        .node
        .add_peer(&new.multi_address, new.alias.as_deref())?;
    content::json(&PeerAnswer::from(peer))
}

/// A peer.
#[utoipa::path(
    get,
    path = "/api/core/v2/peers/{peerId}",
    tag = "peers",
    params(("peerId" = String, Path)),
    responses(
        (status = 200, description = "The peer.", body = PeerAnswer),
        (status = 400, description = "Not a text.", body = ErrorBody),
        (status = 404, description = "There is none with this id.", body = ErrorBody),
    )
)]
pub(super) async fn peer(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<String>,
) -> Result<Response, ApiError> {
    let peer = app.node.peers().into_iter().find(|peer| peer.id == id);
    let peer = peer.ok_or_else(|| unknown(&id))?;
    content::json(&PeerAnswer::from(peer))
}

/// Removes a peer.
#[utoipa::path(
    delete,
    path = "/api/core/v2/peers/{peerId}",
    tag = "peers",
    params(("peerId" = String, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "Not a text.", body = ErrorBody),
        (status = 404, description = "There is none with this id.", body = ErrorBody),
    )
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<String>,
) -> Result<StatusCode, ApiError> {
    if !app.node.remove_peer(&id) {
        return Err(unknown(&id));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format_args!("peer not found: {}", shorten(id)))
}
