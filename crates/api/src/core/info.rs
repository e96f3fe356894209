//! How the node is, and what it offers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use tangle_node::{MilestoneSummary, Status};
use tangle_types::json::{MilestoneOptionJson, ProtocolParametersJson};
use tangle_types::{MilestoneId, MilestoneIndex, PROTOCOL_VERSION, UnixSeconds};
use utoipa::ToSchema;

use crate::app::App;
use crate::schema::{MilestoneIdText, ParametersSchema, ProtocolParametersSchema};
use crate::{ApiError, BaseToken, content};

/// Whether the node is healthy.
#[utoipa::path(
    get,
    path = "/health",
    tag = "node",
    responses(
        (status = 200, description = "It is."),
        (status = 503, description = "It is not: it lags behind or milestones stay away."),
    )
)]
pub(super) async fn health(State(app): State<Arc<App>>) -> StatusCode {
    if app.node.status().is_healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Routes {
    /// What follows `/api/`.
    routes: Vec<&'static str>,
}

/// The interfaces this node offers.
#[utoipa::path(
    get,
    path = "/api/routes",
    tag = "node",
    responses((status = 200, description = "Their names and versions.", body = Routes))
)]
pub(super) async fn routes(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let mut routes = vec!["core/v2", "indexer/v1", "mqtt/v1"];
    if app.votes.is_some() {
        routes.push("participation/v1");
    }
    routes.push("poi/v1");
    content::json(&Routes { routes })
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info<'a> {
    /// Name of the software.
    name: &'a str,
    /// Its version.
    version: &'a str,
    status: InfoStatus,
    /// Protocol versions that it knows.
    #[schema(value_type = Vec<u32>)]
    supported_protocol_versions: [u8; 1],
    #[schema(value_type = ProtocolParametersSchema)]
    protocol: ProtocolParametersJson,
    /// Parameters that come into force later.
    #[schema(value_type = Vec<ParametersSchema>)]
    pending_protocol_parameters: Vec<MilestoneOptionJson>,
    base_token: &'a BaseToken,
    metrics: Metrics,
    /// `pow` when the node does proof of work for its clients.
    #[schema(value_type = Vec<String>)]
    features: &'static [&'static str],
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InfoStatus {
    /// Whether it can be trusted to know the present.
    is_healthy: bool,
    latest_milestone: InfoMilestone,
    confirmed_milestone: InfoMilestone,
    /// Milestones up to this one were pruned.
    #[schema(value_type = u32)]
    pruning_index: MilestoneIndex,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InfoMilestone {
    #[schema(value_type = u32)]
    index: MilestoneIndex,
    /// Absent while only a snapshot is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    timestamp: Option<UnixSeconds>,
    /// Absent while only a snapshot is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = MilestoneIdText, required = false)]
    milestone_id: Option<MilestoneId>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    blocks_per_second: f64,
    referenced_blocks_per_second: f64,
    /// Referenced in per cent of received blocks.
    referenced_rate: f64,
}

impl From<MilestoneSummary> for InfoMilestone {
    fn from(milestone: MilestoneSummary) -> Self {
        Self {
            index: milestone.index,
            timestamp: milestone.timestamp,
            milestone_id: milestone.id,
        }
    }
}

impl InfoStatus {
    /// The status is a second old at most; what was pruned in that second is gone already.
    fn new(status: &Status, pruning_index: MilestoneIndex) -> Self {
        Self {
            is_healthy: status.is_healthy,
            latest_milestone: status.latest.into(),
            confirmed_milestone: status.confirmed.into(),
            pruning_index,
        }
    }
}

/// How the node is, and its network.
#[utoipa::path(
    get,
    path = "/api/core/v2/info",
    tag = "node",
    responses((status = 200, description = "Both.", body = Info))
)]
pub(super) async fn info(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let status = app.node.status();
    content::json(&Info {
        name: &app.config.name,
        version: &app.config.version,
        status: InfoStatus::new(&status, app.reader().pruning_index()),
        supported_protocol_versions: [PROTOCOL_VERSION],
        protocol: ProtocolParametersJson::from(&*status.parameters),
        pending_protocol_parameters: status.pending.iter().map(Into::into).collect(),
        base_token: &app.config.base_token,
        metrics: Metrics {
            blocks_per_second: status.blocks_per_second,
            referenced_blocks_per_second: status.referenced_blocks_per_second,
            referenced_rate: status.referenced_rate,
        },
        features: if status.pow_enabled { &["pow"] } else { &[] },
    })
}
