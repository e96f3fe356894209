//! What comes from the legacy network: treasury and receipts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tangle_types::json::MilestoneOptionJson;
use tangle_types::{MilestoneId, MilestoneIndex};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ErrorBody;
use crate::params::{Decimal, PathParam};
use crate::schema::{DecimalText, MilestoneIdText, ReceiptSchema};
use crate::{ApiError, content};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Treasury)]
#[serde(rename_all = "camelCase")]
pub(super) struct TreasuryAnswer {
    /// The milestone that made it.
    #[schema(value_type = MilestoneIdText)]
    milestone_id: MilestoneId,
    /// Base coins.
    #[schema(value_type = DecimalText)]
    amount: String,
}

/// The treasury.
#[utoipa::path(
    get,
    path = "/api/core/v2/treasury",
    tag = "ledger",
    responses((status = 200, description = "The treasury.", body = TreasuryAnswer))
)]
pub(super) async fn treasury(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let treasury = app.reader().treasury()?;
    content::json(&TreasuryAnswer {
        milestone_id: treasury.milestone_id,
        amount: treasury.amount.to_string(),
    })
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Receipts {
    receipts: Vec<ReceiptAt>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReceiptAt {
    #[schema(value_type = ReceiptSchema)]
    receipt: MilestoneOptionJson,
    /// The milestone that carried it.
    #[schema(value_type = u32)]
    milestone_index: MilestoneIndex,
}

/// All receipts.
#[utoipa::path(
    get,
    path = "/api/core/v2/receipts",
    tag = "ledger",
    responses((status = 200, description = "The receipts.", body = Receipts))
)]
pub(super) async fn receipts(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    answer_receipts(&app, None).await
}

/// The receipts of one legacy milestone.
#[utoipa::path(
    get,
    path = "/api/core/v2/receipts/{migratedAt}",
    tag = "ledger",
    params(("migratedAt" = u32, Path, maximum = 4294967295_i64)),
    responses(
        (status = 200, description = "The receipts.", body = Receipts),
        (status = 400, description = "Not an index.", body = ErrorBody),
    )
)]
pub(super) async fn receipts_of(
    State(app): State<Arc<App>>,
    PathParam(migrated_at): PathParam<Decimal>,
) -> Result<Response, ApiError> {
    answer_receipts(&app, Some(migrated_at.0)).await
}

async fn answer_receipts(app: &App, migrated_at: Option<u32>) -> Result<Response, ApiError> {
    let receipts = app.scan(move |reader| reader.receipts(migrated_at)).await?;
    let receipts = receipts
        .iter()
        .map(|(receipt, milestone_index)| ReceiptAt {
            receipt: MilestoneOptionJson::from(receipt),
            milestone_index: *milestone_index,
        })
        .collect();
    content::json(&Receipts { receipts })
}
