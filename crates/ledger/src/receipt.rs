//! Receipts: funds that enter the ledger from the treasury (TIP-34).

use std::sync::Arc;

use tangle_types::{
    BasicOutput, BlockId, Features, LedgerOutput, Milestone, MilestoneId, Output, OutputId,
    Receipt, TransactionId, Treasury, UnlockCondition, UnlockConditions,
};

/// What a receipt does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedReceipt {
    /// Outputs created, one for each entry of the receipt.
    pub created: Vec<Arc<LedgerOutput>>,
    /// The treasury afterwards.
    pub treasury: Treasury,
}

/// Why a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It spends another treasury output than the unspent one.
    #[error("the receipt spends the treasury of milestone {found}, the unspent one is of {needed}")]
    Treasury {
        /// The unspent one.
        needed: MilestoneId,
        /// The one named.
        found: MilestoneId,
    },
    /// The new treasury is not the old one less what was migrated.
    #[error("the receipt leaves {found} in the treasury, it must leave {needed}")]
    Amount {
        /// What must be left; negative when more migrates than there is.
        needed: i128,
        /// What the receipt says.
        found: u64,
    },
}

/// Applies the receipt of `milestone`. Its outputs are exempt from the rules of transactions; they
/// are named by the milestone's id, and no block included them.
///
/// # Errors
/// See [`ReceiptError`].
pub fn apply_receipt(
    milestone_id: MilestoneId,
    milestone: &Milestone,
    receipt: &Receipt,
    treasury: &Treasury,
) -> Result<AppliedReceipt, ReceiptError> {
    let transaction = &receipt.treasury_transaction;
    if transaction.input != treasury.milestone_id {
        return Err(ReceiptError::Treasury {
            needed: treasury.milestone_id,
            found: transaction.input,
        });
    }
    let migrated: i128 = receipt
        .funds
        .iter()
        .map(|entry| i128::from(entry.deposit))
        .sum();
    let needed = i128::from(treasury.amount) - migrated;
    if needed != i128::from(transaction.amount) {
        return Err(ReceiptError::Amount {
            needed,
            found: transaction.amount,
        });
    }
    let create = |(index, entry): (u16, &tangle_types::MigratedFunds)| {
        let conditions = UnlockConditions::new(vec![UnlockCondition::Address(entry.address)]);
        Arc::new(LedgerOutput {
            id: OutputId::new(TransactionId(milestone_id.0), index),
            block_id: BlockId::ZERO,
            milestone_index: milestone.index,
            milestone_timestamp: milestone.timestamp,
            output: Output::Basic(BasicOutput {
                amount: entry.deposit,
                native_tokens: Vec::new(),
                unlock_conditions: conditions.expect("one condition is unique"),
                features: Features::default(),
            }),
        })
    };
    Ok(AppliedReceipt {
        created: (0_u16..).zip(&receipt.funds).map(create).collect(),
        treasury: Treasury {
            milestone_id,
            amount: transaction.amount,
        },
    })
}
