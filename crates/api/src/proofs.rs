//! Proofs of inclusion, as the `inx-poi` extension of Hornet gives and checks them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use tangle_types::json::InclusionProofJson;
use tangle_types::{BlockId, InclusionProof};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ErrorBody;
use crate::params::PathParam;
use crate::schema::{BlockIdText, InclusionProofSchema};
use crate::{ApiError, content};

/// Routes of `/api/poi/v1` that answer a question.
pub(crate) fn reading() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(create))
}

/// Routes of `/api/poi/v1` to which something is handed in.
pub(crate) fn acting() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(validate))
}

/// The proof that a milestone references a block. It holds for ever, also without this node.
#[utoipa::path(
    get,
    path = "/api/poi/v1/create/{blockId}",
    tag = "proofs of inclusion",
    params(("blockId" = BlockIdText, Path)),
    responses(
        (status = 200, description = "The proof.", body = InclusionProofSchema),
        (status = 400, description = "Not a block id.", body = ErrorBody),
        (status = 404, description = "Unknown, pruned or not referenced yet.", body = ErrorBody),
    )
)]
async fn create(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<BlockId>,
) -> Result<Response, ApiError> {
    let node = app.node.clone();
    let proof = app.scan(move |_| node.inclusion_proof(&id)).await?;
    let Some(proof) = proof else {
        return Err(match app.node.block_state(&id).await? {
            Some(_) => ApiError::not_found(format_args!("no milestone references block {id} yet")),
            None => ApiError::unknown_id("block", &id, app.pruned()),
        });
    };
    content::json(&InclusionProofJson::from(&proof))
}

#[derive(Debug, Serialize, ToSchema)]
struct Validity {
    /// Whether the proof shows that a milestone of this network references its block.
    valid: bool,
}

/// Whether a proof of inclusion holds.
#[utoipa::path(
    post,
    path = "/api/poi/v1/validate",
    tag = "proofs of inclusion",
    request_body = InclusionProofSchema,
    responses(
        (status = 200, description = "Whether it holds.", body = Validity),
        (status = 400, description = "Not a proof.", body = ErrorBody),
        (status = 415, description = "Not JSON.", body = ErrorBody),
    )
)]
async fn validate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body = app.bodies.read_json(&headers, body).await?;
    let json: InclusionProofJson = content::from_json(&body)?;
    let proof = InclusionProof::try_from(json).map_err(ApiError::bad_request)?;
    let valid = app.node.milestone_keys().verify_inclusion(&proof).is_ok();
    content::json(&Validity { valid })
}
