//! What an operator tells the node to do.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tangle_node::PruneTarget;
use tangle_types::MilestoneIndex;
use utoipa::ToSchema;

use crate::ApiError;
use crate::app::App;
use crate::content::{self, Whole};
use crate::error::ErrorBody;
use crate::params::shorten;

/// Exactly one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PruneRequest {
    /// Prune up to this milestone.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 4294967295_i64)]
    index: Option<Whole>,
    /// Keep so many milestones.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 4294967295_i64)]
    depth: Option<Whole>,
    /// Prune until the store has this size, such as `30GB`.
    #[serde(default)]
    target_database_size: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pruned {
    /// Milestones up to this one are pruned.
    #[schema(value_type = u32)]
    index: MilestoneIndex,
}

/// Prunes old milestones, and answers when it is done.
#[utoipa::path(
    post,
    path = "/api/core/v2/control/database/prune",
    tag = "control",
    request_body = PruneRequest,
    responses(
        (status = 200, description = "Up to where is pruned.", body = Pruned),
        (status = 400, description = "The target is out of range.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
        (status = 503, description = "The node is pruning already.", body = ErrorBody),
    )
)]
pub(super) async fn prune(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body = app.bodies.read_json(&headers, body).await?;
    let request: PruneRequest = content::from_json(&body)?;
    let index = app.node.prune(target(&request)?).await?;
    content::json(&Pruned { index })
}

fn target(request: &PruneRequest) -> Result<PruneTarget, ApiError> {
    match (request.index, request.depth, &request.target_database_size) {
        (Some(Whole(index)), None, None) => Ok(PruneTarget::Index(MilestoneIndex(index))),
        (None, Some(Whole(depth)), None) => Ok(PruneTarget::Depth(depth)),
        (None, None, Some(size)) => match size_bytes(size) {
            Some(bytes) => Ok(PruneTarget::SizeBytes(bytes)),
            None => Err(ApiError::bad_request(format_args!(
                "targetDatabaseSize={}: a size such as 500MB, 30GB or 2TiB is expected",
                shorten(size)
            ))),
        },
        _ => Err(ApiError::bad_request(
            "give exactly one of index, depth and targetDatabaseSize",
        )),
    }
}

/// Reads a size such as `30GB`, `1.5 GiB` or `1000000`.
fn size_bytes(text: &str) -> Option<u64> {
    const LENGTH_MAX: usize = 32;
    let text = text.trim();
    if text.len() > LENGTH_MAX {
        return None;
    }
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u64 = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "T" | "TB" => 1_000_000_000_000,
        "KIB" => 1 << 10,
        "MIB" => 1 << 20,
        "GIB" => 1 << 30,
        "TIB" => 1 << 40,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let bytes = number * factor as f64;
    // Sizes from 1 byte to 2^53 are exact enough.
    (1.0..9e15).contains(&bytes).then_some(bytes as u64)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotRequest {
    /// The milestone.
    #[schema(value_type = u32, maximum = 4294967295_i64)]
    index: Whole,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Snapshot {
    /// The milestone.
    index: u32,
    /// The file on the node's machine.
    file_path: String,
}

/// Writes a snapshot of the ledger at a milestone, and answers when it is done.
#[utoipa::path(
    post,
    path = "/api/core/v2/control/snapshots/create",
    tag = "control",
    request_body = SnapshotRequest,
    responses(
        (status = 200, description = "Where it is.", body = Snapshot),
        (status = 400, description = "There can be none of this milestone.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
        (status = 503, description = "One is being written already.", body = ErrorBody),
    )
)]
pub(super) async fn snapshot(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    answer_snapshot(&app, &headers, body).await
}

/// As `control/snapshots/create`, under the path of TIP-25.
#[utoipa::path(
    post,
    path = "/api/core/v2/control/snapshot/create",
    tag = "control",
    request_body = SnapshotRequest,
    responses(
        (status = 200, description = "Where it is.", body = Snapshot),
        (status = 400, description = "There can be none of this milestone.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
        (status = 503, description = "One is being written already.", body = ErrorBody),
    )
)]
pub(super) async fn snapshot_by_its_old_path(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    answer_snapshot(&app, &headers, body).await
}

async fn answer_snapshot(app: &App, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    let body = app.bodies.read_json(headers, body).await?;
    let SnapshotRequest {
        index: Whole(index),
    } = content::from_json(&body)?;
    let path = app.node.create_snapshot(MilestoneIndex(index)).await?;
    content::json(&Snapshot {
        index,
        file_path: path.display().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_has_a_unit() {
        for (text, bytes) in [
            ("30GB", Some(30_000_000_000)),
            ("30gb", Some(30_000_000_000)),
            ("1.5 KiB", Some(1_536)),
            ("1000000", Some(1_000_000)),
            ("", None),
            ("GB", None),
            ("-1GB", None),
            ("1e9", None),
            ("NaN", None),
            ("0GB", None),
            ("99999999999999TB", None),
            ("1.2.3GB", None),
            ("30XB", None),
        ] {
            assert_eq!(size_bytes(text), bytes, "{text}");
        }
    }
}
