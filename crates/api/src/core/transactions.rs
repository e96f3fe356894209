//! The block that brought a transaction into the ledger.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tangle_types::{BlockId, OutputId, TransactionId};

use super::blocks::{Metadata, answer_block, answer_metadata};
use crate::ApiError;
use crate::app::{App, Synced};
use crate::content::Binary;
use crate::error::ErrorBody;
use crate::params::PathParam;
use crate::schema::{BlockSchema, TransactionIdText};

/// The block that brought a transaction into the ledger.
#[utoipa::path(
    get,
    path = "/api/core/v2/transactions/{transactionId}/included-block",
    tag = "transactions",
    params(("transactionId" = TransactionIdText, Path)),
    responses(
        (
            status = 200, description = "The block.",
            content(
                (BlockSchema = "application/json"),
                (Binary = "application/vnd.iota.serializer-v1"),
            )
        ),
        (status = 400, description = "Not a transaction id.", body = ErrorBody),
        (status = 404, description = "Unknown, not included, or pruned.", body = ErrorBody),
    )
)]
pub(super) async fn included_block(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<TransactionId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let block_id = including(&app, id)?;
    answer_block(&app, &block_id, &headers).await
}

/// Where the block that brought a transaction into the ledger stands.
#[utoipa::path(
    get,
    path = "/api/core/v2/transactions/{transactionId}/included-block/metadata",
    tag = "transactions",
    params(("transactionId" = TransactionIdText, Path)),
    responses(
        (status = 200, description = "Where it stands.", body = Metadata),
        (status = 400, description = "Not a transaction id.", body = ErrorBody),
        (status = 404, description = "Unknown, not included, or pruned.", body = ErrorBody),
        (status = 503, description = "Not synced.", body = ErrorBody),
    )
)]
pub(super) async fn included_block_metadata(
    _: Synced,
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<TransactionId>,
) -> Result<Response, ApiError> {
    let block_id = including(&app, id)?;
    answer_metadata(&app, &block_id).await
}

/// A transaction has at least one output, and that knows its block. What came with a genesis or a
/// receipt has none.
fn including(app: &App, id: TransactionId) -> Result<BlockId, ApiError> {
    let record = app.reader().output_record(&OutputId::new(id, 0))?;
    record
        .map(|record| record.output.block_id)
        .filter(|block_id| !block_id.is_zero())
        .ok_or_else(|| ApiError::unknown_id("included block of transaction", &id, app.pruned()))
}
