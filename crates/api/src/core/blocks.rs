//! Blocks: handing one in, reading one, and where it stands.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tangle_node::BlockState;
use tangle_types::json::{self, BlockJson};
use tangle_types::{Block, BlockId, Codec, DraftBlock, Inclusion, MilestoneIndex};
use utoipa::ToSchema;

use crate::ApiError;
use crate::app::{App, Synced};
use crate::content::{self, Binary, Form};
use crate::error::ErrorBody;
use crate::params::PathParam;
use crate::schema::{BlockIdText, BlockSchema, DraftBlockSchema};

/// Most tips given at once.
const TIP_COUNT_MAX: usize = 4;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tips {
    #[schema(value_type = Vec<BlockIdText>, min_items = 1, max_items = 4)]
    tips: Vec<BlockId>,
}

/// Blocks that a new block may approve.
#[utoipa::path(
    get,
    path = "/api/core/v2/tips",
    tag = "blocks",
    params((
        "allowSemiLazy" = Option<String>, Query,
        description = "Also blocks whose past is not quite fresh. The value does not matter."
    )),
    responses(
        (status = 200, description = "Their ids.", body = Tips),
        (status = 503, description = "Not synced, or there are none.", body = ErrorBody),
    )
)]
pub(super) async fn tips(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    app.up_to_date()?;
    let query = query.unwrap_or_default();
    let semi_lazy = form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| name.eq_ignore_ascii_case("allowSemiLazy"));
    let tips = app.node.tips(TIP_COUNT_MAX, semi_lazy).await?;
    content::json(&Tips { tips })
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submitted {
    #[schema(value_type = BlockIdText)]
    block_id: BlockId,
}

/// Hands a block in. Missing parents are chosen and a missing nonce is found by the node, if it
/// does proof of work. When the answer is 201 the block can be read.
#[utoipa::path(
    post,
    path = "/api/core/v2/blocks",
    tag = "blocks",
    request_body(content(
        (DraftBlockSchema = "application/json"),
        (Binary = "application/vnd.iota.serializer-v1"),
    )),
    responses(
        (
            status = 201, description = "It is stored.", body = Submitted,
            headers(("Location" = String, description = "The block's id."))
        ),
        (status = 400, description = "It is not a block, or breaks a rule.", body = ErrorBody),
        (status = 415, description = "The content type is neither form.", body = ErrorBody),
        (
            status = 503, body = ErrorBody,
            description = "Not synced, busy, or no proof of work on this node."
        ),
    )
)]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    app.up_to_date()?;
    let form = content::sent(&headers)?;
    let body = app.bodies.read(&headers, body).await?;
    let block_id = match form {
        Form::Binary => app.node.submit(body).await?,
        Form::Json => {
            let json: BlockJson = json::from_slice(&body).map_err(ApiError::bad_request)?;
            let draft = DraftBlock::try_from(json).map_err(ApiError::bad_request)?;
            app.node.submit_draft(draft).await?
        }
    };
    let location = HeaderValue::try_from(block_id.to_string())
        .expect("hexadecimal digits may stand in a header");
    let answer = content::json(&Submitted { block_id })?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], answer).into_response())
}

/// A block.
#[utoipa::path(
    get,
    path = "/api/core/v2/blocks/{blockId}",
    tag = "blocks",
    params(("blockId" = BlockIdText, Path)),
    responses(
        (
            status = 200, description = "The block.",
            content(
                (BlockSchema = "application/json"),
                (Binary = "application/vnd.iota.serializer-v1"),
            )
        ),
        (status = 400, description = "Not a block id.", body = ErrorBody),
        (status = 404, description = "Unknown or pruned.", body = ErrorBody),
    )
)]
pub(super) async fn block(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<BlockId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer_block(&app, &id, &headers).await
}

/// Where a block stands.
#[utoipa::path(
    get,
    path = "/api/core/v2/blocks/{blockId}/metadata",
    tag = "blocks",
    params(("blockId" = BlockIdText, Path)),
    responses(
        (status = 200, description = "Where it stands.", body = Metadata),
        (status = 400, description = "Not a block id.", body = ErrorBody),
        (status = 404, description = "Unknown or pruned.", body = ErrorBody),
        (status = 503, description = "Not synced.", body = ErrorBody),
    )
)]
pub(super) async fn block_metadata(
    _: Synced,
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<BlockId>,
) -> Result<Response, ApiError> {
    answer_metadata(&app, &id).await
}

/// Answers with a block in the form that is wanted.
pub(super) async fn answer_block(
    app: &App,
    id: &BlockId,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let bytes = app.node.block(id).await?;
    let bytes = bytes.ok_or_else(|| ApiError::unknown_id("block", id, app.pruned()))?;
    match content::wanted(headers) {
        Form::Binary => Ok(content::binary(bytes)),
        Form::Json => content::json(&BlockJson::from(&stored_block(&bytes)?)),
    }
}

fn stored_block(bytes: &Bytes) -> Result<Block, ApiError> {
    Block::from_bytes(bytes).map_err(|error| ApiError::internal(&error))
}

/// Answers with where a block stands.
pub(super) async fn answer_metadata(app: &App, id: &BlockId) -> Result<Response, ApiError> {
    let state = app.node.block_state(id).await?;
    let state = state.ok_or_else(|| ApiError::unknown_id("block", id, app.pruned()))?;
    content::json(&Metadata::new(*id, state))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlockMetadata)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[schema(value_type = BlockIdText)]
    block_id: BlockId,
    #[schema(value_type = Vec<BlockIdText>)]
    parents: Vec<BlockId>,
    /// Whether its whole past is known.
    is_solid: bool,
    /// The milestone that references it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    referenced_by_milestone_index: Option<MilestoneIndex>,
    /// The milestone that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    milestone_index: Option<MilestoneIndex>,
    /// What its milestone made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = InclusionState, required = false)]
    ledger_inclusion_state: Option<InclusionState>,
    /// Why its transaction had no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false, maximum = 255)]
    conflict_reason: Option<u8>,
    /// Its place among the blocks of its milestone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    white_flag_index: Option<u32>,
    /// Whether an empty block that approves it would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    should_promote: Option<bool>,
    /// Whether its payload should be attached anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    should_reattach: Option<bool>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum InclusionState {
    NoTransaction,
    Included,
    Conflicting,
}

impl Metadata {
    pub(crate) fn new(block_id: BlockId, state: BlockState) -> Self {
        let referenced = state.referenced;
        let (inclusion, reason) = match referenced.map(|metadata| metadata.inclusion) {
            None => (None, None),
            Some(Inclusion::NoTransaction) => (Some(InclusionState::NoTransaction), None),
            Some(Inclusion::Included) => (Some(InclusionState::Included), None),
            Some(Inclusion::Conflicting(reason)) => {
                (Some(InclusionState::Conflicting), Some(reason as u8))
            }
        };
        Self {
            block_id,
            parents: state.parents,
            is_solid: state.is_solid,
            referenced_by_milestone_index: referenced.map(|metadata| metadata.referenced_by),
            milestone_index: state.milestone_index,
            ledger_inclusion_state: inclusion,
            conflict_reason: reason,
            white_flag_index: referenced.map(|metadata| metadata.white_flag_index),
            should_promote: state.should_promote,
            should_reattach: state.should_reattach,
        }
    }
}
