//! The list of peers.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tangle_node::{Peer, PeerConnection};
use tangle_types::MilestoneIndex;
use utoipa::ToSchema;

use crate::ApiError;
use crate::app::App;
use crate::content::{self, Whole};
use crate::error::ErrorBody;
use crate::params::{PathParam, shorten};

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
    /// Absent while it is not connected, and before its first heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Gossip, required = false)]
    gossip: Option<Gossip>,
    /// What software it says it is; not of the core API.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    agent: Option<String>,
    /// Why it could not be reached last; not of the core API.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    trouble: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Relation {
    Known,
    Unknown,
}

#[derive(Debug, Serialize, ToSchema)]
struct Gossip {
    heartbeat: PeerHeartbeat,
    metrics: Metrics,
}

/// How far the peer says it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PeerHeartbeat {
    #[schema(value_type = u32)]
    solid_milestone_index: MilestoneIndex,
    #[schema(value_type = u32)]
    pruned_milestone_index: MilestoneIndex,
    #[schema(value_type = u32)]
    latest_milestone_index: MilestoneIndex,
    connected_peers: u8,
    synced_peers: u8,
}

/// Messages since the peer connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    new_blocks: u64,
    known_blocks: u64,
    received_blocks: u64,
    received_block_requests: u64,
    received_milestone_requests: u64,
    received_heartbeats: u64,
    sent_blocks: u64,
    sent_block_requests: u64,
    sent_milestone_requests: u64,
    sent_heartbeats: u64,
    dropped_packets: u64,
}

impl From<Peer> for PeerAnswer {
    fn from(peer: Peer) -> Self {
        let mut multi_addresses = peer.multi_addresses;
        if let Some(connection) = &peer.connection
            && multi_addresses.is_empty()
        {
            multi_addresses.push(connection.state.address.to_string());
        }
        Self {
            id: peer.id,
            multi_addresses,
            alias: peer.alias,
            relation: if peer.is_known {
                Relation::Known
            } else {
                Relation::Unknown
            },
            connected: peer.connection.is_some(),
            gossip: peer.connection.as_ref().and_then(Gossip::of),
            agent: peer
                .connection
                .and_then(|connection| connection.state.agent),
            trouble: peer.trouble,
        }
    }
}

impl Gossip {
    fn of(connection: &PeerConnection) -> Option<Self> {
        let heartbeat = connection.heartbeat?;
        let (state, known_blocks) = (&connection.state, connection.duplicate_count);
        let (received, sent) = (state.received, state.sent);
        Some(Self {
            heartbeat: PeerHeartbeat {
                solid_milestone_index: heartbeat.solid_index,
                pruned_milestone_index: heartbeat.pruned_index,
                latest_milestone_index: heartbeat.latest_index,
                connected_peers: heartbeat.connected_peers,
                synced_peers: heartbeat.synced_peers,
            },
            metrics: Metrics {
                new_blocks: received.blocks.saturating_sub(known_blocks),
                known_blocks,
                received_blocks: received.blocks,
                received_block_requests: received.block_requests,
                received_milestone_requests: received.milestone_requests,
                received_heartbeats: received.heartbeats,
                sent_blocks: sent.blocks,
                sent_block_requests: sent.block_requests,
                sent_milestone_requests: sent.milestone_requests,
                sent_heartbeats: sent.heartbeats,
                dropped_packets: state.dropped_count,
            },
        })
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
        .add_peer(&new.multi_address, new.alias.as_deref())
        .await?;
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
    if !app.node.remove_peer(&id).await {
        return Err(unknown(&id));
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ban {
    /// How long it is kept out; at most a year.
    #[schema(value_type = u32, minimum = 1, maximum = 31536000)]
    seconds: Whole,
}

/// Keeps a peer out for some time; not of the core API.
#[utoipa::path(
    post,
    path = "/api/tangle/v1/peers/{peerId}/ban",
    tag = "peers",
    params(("peerId" = String, Path)),
    request_body = Ban,
    responses(
        (status = 204, description = "It is out."),
        (status = 400, description = "Not a text, or not a time.", body = ErrorBody),
        (status = 404, description = "There is none with this id.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
    )
)]
pub(super) async fn ban(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    const SECONDS_MAX: u32 = 365 * 86_400;
    let body = app.bodies.read_json(&headers, body).await?;
    let Ban {
        seconds: Whole(seconds),
    } = content::from_json(&body)?;
    if !(1..=SECONDS_MAX).contains(&seconds) {
        return Err(ApiError::bad_request(format_args!(
            "seconds={seconds}: 1 to {SECONDS_MAX} are possible"
        )));
    }
    let duration = Duration::from_secs(seconds.into());
    if !app.node.ban_peer(&id, duration).await {
        return Err(unknown(&id));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format_args!("peer not found: {}", shorten(id)))
}
