//! Receipts: funds that enter the ledger from the treasury (TIP-34).

use std::sync::Arc;

use tangle_types::{LedgerOutput, Milestone, MilestoneId, Receipt, Treasury};

/// What a receipt does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedReceipt {
    /// Outputs created.
    pub created: Vec<Arc<LedgerOutput>>,
    /// The treasury afterwards.
    pub treasury: Treasury,
}

/// Why a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {}

/// Applies a milestone's receipt.
///
/// # Errors
/// See [`ReceiptError`].
pub fn apply_receipt(
    milestone_id: MilestoneId,
    milestone: &Milestone,
    receipt: &Receipt,
    treasury: &Treasury,
) -> Result<AppliedReceipt, ReceiptError> {
    let _ = (milestone_id, milestone, receipt, treasury);
    todo!()
}
