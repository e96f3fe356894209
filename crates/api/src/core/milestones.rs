//! Milestones, by id and by index.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use tangle_types::json::PayloadJson;
use tangle_types::{Codec, IdError, MilestoneId, MilestoneIndex, OutputId, Payload};
use utoipa::ToSchema;

use crate::ApiError;
use crate::app::App;
use crate::content::{self, Binary, Form};
use crate::error::ErrorBody;
use crate::params::{Decimal, PathParam};
use crate::schema::{MilestoneIdText, MilestoneSchema, OutputIdText};

/// A milestone.
#[utoipa::path(
    get,
    path = "/api/core/v2/milestones/{milestoneId}",
    tag = "milestones",
    params(("milestoneId" = MilestoneIdText, Path)),
    responses(
        (
            status = 200, description = "The milestone.",
            content(
                (MilestoneSchema = "application/json"),
                (Binary = "application/vnd.iota.serializer-v1"),
            )
        ),
        (status = 400, description = "Not a milestone id.", body = ErrorBody),
        (status = 404, description = "Unknown or pruned.", body = ErrorBody),
    )
)]
pub(super) async fn by_id(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<MilestoneId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer_milestone(&app, index_of(&app, &id)?, &headers)
}

/// A milestone, by its index.
#[utoipa::path(
    get,
    path = "/api/core/v2/milestones/by-index/{index}",
    tag = "milestones",
    params(("index" = u32, Path, maximum = 4294967295_i64)),
    responses(
        (
            status = 200, description = "The milestone.",
            content(
                (MilestoneSchema = "application/json"),
                (Binary = "application/vnd.iota.serializer-v1"),
            )
        ),
        (status = 400, description = "Not an index.", body = ErrorBody),
        (status = 404, description = "Unknown or pruned.", body = ErrorBody),
    )
)]
pub(super) async fn by_index(
    State(app): State<Arc<App>>,
    PathParam(index): PathParam<Decimal>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer_milestone(&app, MilestoneIndex(index.0), &headers)
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    #[schema(value_type = u32)]
    index: MilestoneIndex,
    #[schema(value_type = Vec<OutputIdText>)]
    created_outputs: Vec<OutputId>,
    #[schema(value_type = Vec<OutputIdText>)]
    consumed_outputs: Vec<OutputId>,
}

/// What a milestone changed in the ledger.
#[utoipa::path(
    get,
    path = "/api/core/v2/milestones/{milestoneId}/utxo-changes",
    tag = "milestones",
    params((
        "milestoneId" = String, Path, description = "Id of the milestone, or its index.",
        pattern = "^(0x[0-9a-fA-F]{64}|[0-9]{1,9})$"
    )),
    responses(
        (status = 200, description = "Outputs created and consumed.", body = Changes),
        (status = 400, description = "Neither a milestone id nor an index.", body = ErrorBody),
        (status = 404, description = "Unknown or pruned.", body = ErrorBody),
    )
)]
pub(super) async fn changes_by_id(
    State(app): State<Arc<App>>,
    PathParam(name): PathParam<MilestoneName>,
) -> Result<Response, ApiError> {
    let index = match name {
        MilestoneName::Id(id) => index_of(&app, &id)?,
        MilestoneName::Index(index) => index,
    };
    answer_changes(&app, index).await
}

/// What a milestone changed in the ledger, by its index.
#[utoipa::path(
    get,
    path = "/api/core/v2/milestones/by-index/{index}/utxo-changes",
    tag = "milestones",
    params(("index" = u32, Path, maximum = 4294967295_i64)),
    responses(
        (status = 200, description = "Outputs created and consumed.", body = Changes),
        (status = 400, description = "Not an index.", body = ErrorBody),
        (status = 404, description = "Unknown or pruned.", body = ErrorBody),
    )
)]
pub(super) async fn changes_by_index(
    State(app): State<Arc<App>>,
    PathParam(index): PathParam<Decimal>,
) -> Result<Response, ApiError> {
    answer_changes(&app, MilestoneIndex(index.0)).await
}

/// How a milestone is named. Some clients put an index where the id belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum MilestoneName {
    Id(MilestoneId),
    Index(MilestoneIndex),
}

impl FromStr for MilestoneName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.parse() {
            Ok(Decimal(index)) => Ok(Self::Index(MilestoneIndex(index))),
            Err(_) => text.parse().map(Self::Id),
        }
    }
}

fn index_of(app: &App, id: &MilestoneId) -> Result<MilestoneIndex, ApiError> {
    let index = app.reader().milestone_index(id)?;
    index.ok_or_else(|| ApiError::unknown_id("milestone", id, app.pruned()))
}

fn answer_milestone(
    app: &App,
    index: MilestoneIndex,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let stored = app.reader().milestone(index)?;
    let stored = stored.ok_or_else(|| ApiError::unknown_index(index, app.pruned()))?;
    match content::wanted(headers) {
        Form::Binary => {
            let payload = Payload::Milestone(Box::new(stored.milestone.clone()));
            Ok(content::binary(payload.to_bytes()))
        }
        Form::Json => content::json(&PayloadJson::from(&stored.milestone)),
    }
}

async fn answer_changes(app: &App, index: MilestoneIndex) -> Result<Response, ApiError> {
    let changes = app.scan(move |reader| reader.utxo_changes(index)).await?;
    let changes = changes.ok_or_else(|| ApiError::unknown_index(index, app.pruned()))?;
    content::json(&Changes {
        index,
        created_outputs: changes.created,
        consumed_outputs: changes.consumed,
    })
}
