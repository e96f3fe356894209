//! What tip selection has to say: how it chooses, and how heavy a block is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tangle_types::BlockId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ErrorBody;
use crate::params::PathParam;
use crate::schema::BlockIdText;
use crate::{ApiError, content};

/// Routes of `/api/tangle/v1` about tips and weights.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(tip_selection))
        .routes(routes!(weight))
}

/// How tips are chosen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TipsAnswer {
    /// The strategy.
    #[schema(example = "urts")]
    strategy: &'static str,
    /// Tips to draw from.
    tip_count: usize,
    /// Blocks whose weights are known.
    window_blocks: usize,
    /// Age of the blocks at which walks start, in milliseconds. Absent when there are no walks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    depth_ms: Option<u64>,
    /// The age at which they should start at the present rate, so that no honest block is left
    /// behind. Absent before the rate is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    depth_needed_ms: Option<u64>,
    /// Whether they start too late.
    is_too_shallow: bool,
}

/// How heavy a block is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WeightAnswer {
    #[schema(value_type = BlockIdText)]
    block_id: BlockId,
    /// Blocks that approve it, directly or indirectly, and itself.
    weight: u64,
    /// Share of the parents that the node would choose now and that approve it, from 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    confidence: f64,
}

/// How tips are chosen, and whether the settings fit what the node sees.
#[utoipa::path(
    get,
    path = "/api/tangle/v1/tips",
    tag = "node",
    responses((status = 200, description = "How it chooses.", body = TipsAnswer))
)]
async fn tip_selection(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let status = app.node.status();
    let tips = status.tips;
    content::json(&TipsAnswer {
        strategy: tips.strategy,
        tip_count: status.tip_count,
        window_blocks: tips.window_blocks,
        depth_ms: tips.depth_ms,
        depth_needed_ms: tips.depth_needed_ms,
        is_too_shallow: tips.is_shallow(),
    })
}

/// The cumulative weight of a block, and the confidence in it. It takes the node a hundred walks,
/// so a token is asked for unless the operator says otherwise.
#[utoipa::path(
    get,
    path = "/api/tangle/v1/blocks/{blockId}/weight",
    tag = "node",
    params(("blockId" = BlockIdText, Path)),
    responses(
        (status = 200, description = "How heavy it is.", body = WeightAnswer),
        (status = 400, description = "This is no block id.", body = ErrorBody),
        (
            status = 404, body = ErrorBody,
            description = "It is not among the newest blocks, or tip selection knows no weights."
        ),
    )
)]
async fn weight(
    State(app): State<Arc<App>>,
    PathParam(block_id): PathParam<BlockId>,
) -> Result<Response, ApiError> {
    let weighed = app.node.weigh(block_id).await.ok_or_else(|| {
        let strategy = app.node.status().tips.strategy;
        ApiError::not_found(format_args!(
            "the weight of block {block_id} (tips.strategy is `{strategy}`)"
        ))
    })?;
    content::json(&WeightAnswer {
        block_id,
        weight: weighed.weight,
        confidence: weighed.confidence,
    })
}
