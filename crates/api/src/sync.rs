//! What this node has to say beside the core API: how it stands with its neighbours.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tangle_node::Status;
use tangle_types::MilestoneIndex;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::{ApiError, content};

/// Routes of `/api/tangle/v1`.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(sync))
}

/// How the node stands with its neighbours.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SyncAnswer {
    /// Whether the ledger is as new as that of the neighbours.
    is_synced: bool,
    /// Why the node is not healthy, in words. Absent when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    blocker: Option<String>,
    /// What an operator can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    advice: Option<String>,
    /// The newest milestone confirmed.
    #[schema(value_type = u32)]
    confirmed_index: MilestoneIndex,
    /// The newest valid milestone seen.
    #[schema(value_type = u32)]
    latest_index: MilestoneIndex,
    /// Neighbours now.
    neighbours: Vec<Neighbour>,
    traffic: Traffic,
}

/// A neighbour, by its own word.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Neighbour {
    /// Numbers connections since the start of the node.
    connection: u32,
    /// Whether it has said how far it is, and is not behind.
    is_synced: bool,
    /// Its newest confirmed milestone; absent before it has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    solid_index: Option<MilestoneIndex>,
    /// Up to where it has pruned; absent before it has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    pruned_index: Option<MilestoneIndex>,
    /// Requests to it that wait for an answer.
    open_requests: usize,
    /// How bad it was of late; at 100 it is banned.
    penalty: u32,
}

/// Numbers since the start of the node.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Traffic {
    /// Blocks that came more than once.
    duplicate_blocks: u64,
    /// Messages that a neighbour was too slow for.
    dropped_messages: u64,
    /// Requests of neighbours that were answered.
    served_requests: u64,
    /// Requests of neighbours that found no room.
    refused_requests: u64,
}

/// How the node stands with its neighbours, and what it waits for.
#[utoipa::path(
    get,
    path = "/api/tangle/v1/sync",
    tag = "node",
    responses((status = 200, description = "How it stands.", body = SyncAnswer))
)]
async fn sync(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    content::json(&answer(&app))
}

fn answer(app: &App) -> SyncAnswer {
    let status: &Status = &app.node.status();
    let counts = app.node.gossip_counts();
    let neighbours = status.neighbours.iter().map(|peer| Neighbour {
        connection: peer.key.0,
        is_synced: peer.is_synced,
        solid_index: peer.heartbeat.map(|heartbeat| heartbeat.solid_index),
        pruned_index: peer.heartbeat.map(|heartbeat| heartbeat.pruned_index),
        open_requests: peer.asked_count,
        penalty: peer.penalty,
    });
    SyncAnswer {
        is_synced: status.is_synced,
        blocker: status.blocker.clone(),
        advice: status.advice.clone(),
        confirmed_index: status.confirmed.index,
        latest_index: status.latest.index,
        neighbours: neighbours.collect(),
        traffic: Traffic {
            duplicate_blocks: counts.duplicates,
            dropped_messages: counts.dropped,
            served_requests: counts.served_requests,
            refused_requests: counts.refused_requests,
        },
    }
}
