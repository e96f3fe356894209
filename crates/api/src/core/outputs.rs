//! Outputs, spent or not.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use tangle_storage::OutputRecord;
use tangle_types::json::OutputJson;
use tangle_types::{BlockId, Codec, MilestoneIndex, OutputId, TransactionId, UnixSeconds};
use utoipa::ToSchema;

use crate::ApiError;
use crate::app::App;
use crate::content::{self, Binary, Form};
use crate::error::ErrorBody;
use crate::params::PathParam;
use crate::schema::{BlockIdText, OutputIdText, OutputSchema, TransactionIdText};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutputWithMetadata)]
pub(crate) struct Whole {
    metadata: Metadata,
    #[schema(value_type = OutputSchema)]
    output: OutputJson,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutputMetadata)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    /// The block that created it; all zero for an output of the genesis.
    #[schema(value_type = BlockIdText)]
    block_id: BlockId,
    /// The transaction that created it.
    #[schema(value_type = TransactionIdText)]
    transaction_id: TransactionId,
    /// Its place there.
    #[schema(value_type = u32)]
    output_index: u16,
    is_spent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    milestone_index_spent: Option<MilestoneIndex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    milestone_timestamp_spent: Option<UnixSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = TransactionIdText, required = false)]
    transaction_id_spent: Option<TransactionId>,
    #[schema(value_type = u32)]
    milestone_index_booked: MilestoneIndex,
    #[schema(value_type = u32)]
    milestone_timestamp_booked: UnixSeconds,
    /// State of the ledger for which this is true.
    #[schema(value_type = u32)]
    ledger_index: MilestoneIndex,
}

impl From<&OutputRecord> for Metadata {
    fn from(record: &OutputRecord) -> Self {
        let output = &record.output;
        Self {
            block_id: output.block_id,
            transaction_id: output.id.transaction_id(),
            output_index: output.id.index(),
            is_spent: record.spend.is_some(),
            milestone_index_spent: record.spend.map(|spend| spend.milestone_index),
            milestone_timestamp_spent: record.spend.map(|spend| spend.milestone_timestamp),
            transaction_id_spent: record.spend.map(|spend| spend.transaction_id),
            milestone_index_booked: output.milestone_index,
            milestone_timestamp_booked: output.milestone_timestamp,
            ledger_index: record.ledger_index,
        }
    }
}

impl From<&OutputRecord> for Whole {
    fn from(record: &OutputRecord) -> Self {
        Self {
            metadata: Metadata::from(record),
            output: OutputJson::from(&record.output.output),
        }
    }
}

/// An output with its metadata.
#[utoipa::path(
    get,
    path = "/api/core/v2/outputs/{outputId}",
    tag = "outputs",
    params(("outputId" = OutputIdText, Path)),
    responses(
        (
            status = 200, description = "The output. The binary form is without metadata.",
            content((Whole = "application/json"), (Binary = "application/vnd.iota.serializer-v1"))
        ),
        (status = 400, description = "Not an output id.", body = ErrorBody),
        (status = 404, description = "Unknown, or spent and pruned.", body = ErrorBody),
    )
)]
pub(super) async fn output(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<OutputId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let record = record(&app, &id)?;
    match content::wanted(&headers) {
        Form::Binary => Ok(content::binary(record.output.output.to_bytes())),
        Form::Json => content::json(&Whole::from(&record)),
    }
}

/// Where an output comes from, and whether it is spent.
#[utoipa::path(
    get,
    path = "/api/core/v2/outputs/{outputId}/metadata",
    tag = "outputs",
    params(("outputId" = OutputIdText, Path)),
    responses(
        (status = 200, description = "Its metadata.", body = Metadata),
        (status = 400, description = "Not an output id.", body = ErrorBody),
        (status = 404, description = "Unknown, or spent and pruned.", body = ErrorBody),
    )
)]
pub(super) async fn output_metadata(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<OutputId>,
) -> Result<Response, ApiError> {
    content::json(&Metadata::from(&record(&app, &id)?))
}

fn record(app: &App, id: &OutputId) -> Result<OutputRecord, ApiError> {
    let record = app.reader().output_record(id)?;
    record.ok_or_else(|| ApiError::unknown_id("output", id, app.pruned()))
}
