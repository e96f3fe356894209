//! The roots that a milestone would have: what a coordinator asks its node.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tangle_node::WhiteFlagRequest;
use tangle_types::json::{HexArray, List};
use tangle_types::{BlockId, MilestoneId, MilestoneIndex, PARENTS_MAX, UnixSeconds};
use utoipa::ToSchema;

use crate::ApiError;
use crate::app::App;
use crate::content::{self, Whole};
use crate::error::ErrorBody;
use crate::schema::{BlockIdText, HashText, MilestoneIdText};

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WhiteFlagRequest)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Request {
    #[schema(value_type = u32, maximum = 4294967295_i64)]
    index: Whole,
    #[schema(value_type = u32, maximum = 4294967295_i64)]
    timestamp: Whole,
    #[schema(value_type = Vec<BlockIdText>, min_items = 1, max_items = 8)]
    parents: List<BlockId, PARENTS_MAX>,
    #[schema(value_type = MilestoneIdText)]
    previous_milestone_id: MilestoneId,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MerkleRoots)]
#[serde(rename_all = "camelCase")]
pub(super) struct Roots {
    #[schema(value_type = HashText)]
    inclusion_merkle_root: HexArray<32>,
    #[schema(value_type = HashText)]
    applied_merkle_root: HexArray<32>,
}

/// The Merkle roots that the next milestone with these parents would have.
#[utoipa::path(
    post,
    path = "/api/core/v2/whiteflag",
    tag = "control",
    request_body = Request,
    responses(
        (status = 200, description = "The roots.", body = Roots),
        (status = 400, description = "The question makes no sense.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
        (status = 503, description = "Not synced, or the parents are not solid.", body = ErrorBody),
    )
)]
pub(super) async fn white_flag(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    app.up_to_date()?;
    let body = app.bodies.read_json(&headers, body).await?;
    let request: Request = content::from_json(&body)?;
    if request.parents.is_empty() {
        return Err(ApiError::bad_request("no parents given"));
    }
    let question = WhiteFlagRequest {
        index: MilestoneIndex(request.index.0),
        timestamp: UnixSeconds(request.timestamp.0),
        parents: request.parents.0,
        previous_milestone_id: request.previous_milestone_id,
    };
    let roots = app.node.white_flag(question).await?;
    content::json(&Roots {
        inclusion_merkle_root: HexArray(roots.inclusion),
        applied_merkle_root: HexArray(roots.applied),
    })
}
