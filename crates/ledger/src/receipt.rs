//! Receipts: funds that enter the ledger from the treasury (TIP-34).

use std::sync::Arc;

use tangle_types::{
    BlockId, LedgerOutput, Milestone, MilestoneId, Output, OutputId, Receipt, TransactionId,
    Treasury,
};

/// What a receipt does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedReceipt {
    /// Outputs created, one for each entry of the receipt.
    pub created: Vec<Arc<LedgerOutput>>,
    /// The treasury afterwards.
    pub treasury: Treasury,
}

/// The newest receipt, as far as the next one must come after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastReceipt {
    /// The milestone of the old network that it migrated from.
    pub migrated_at: u32,
    /// Whether it was the last one for that milestone.
    pub is_final: bool,
}

impl From<&Receipt> for LastReceipt {
    fn from(receipt: &Receipt) -> Self {
        Self {
            migrated_at: receipt.migrated_at,
            is_final: receipt.is_final,
        }
    }
}

/// Why a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It comes after one that is later, or that was the last for its milestone.
    #[error(
        "the receipt is for milestone {found} of the old network, after one for {last}{}",
        if *is_final { ", the last of its kind" } else { "" }
    )]
    Order {
        /// What the receipt before it is for.
        last: u32,
        /// Whether that was final.
        is_final: bool,
        /// What this one is for.
        found: u32,
    },
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

/// Applies the receipt of `milestone`, which comes after `last`. Its outputs are exempt from the
/// rules of transactions; they are named by the milestone's id, and no block included them.
///
/// # Errors
/// See [`ReceiptError`].
pub fn apply_receipt(
    milestone_id: MilestoneId,
    milestone: &Milestone,
    receipt: &Receipt,
    treasury: &Treasury,
    last: Option<LastReceipt>,
) -> Result<AppliedReceipt, ReceiptError> {
    check_order(last, receipt.migrated_at)?;
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
        Arc::new(LedgerOutput {
            id: OutputId::new(TransactionId(milestone_id.0), index),
            block_id: BlockId::ZERO,
            milestone_index: milestone.index,
            milestone_timestamp: milestone.timestamp,
            output: Output::basic(entry.address, entry.deposit),
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

/// TIP-34: receipts go up with the milestones they migrate from; those for one milestone end with
/// the final one.
fn check_order(last: Option<LastReceipt>, found: u32) -> Result<(), ReceiptError> {
    match last {
        Some(last) if found < last.migrated_at || (found == last.migrated_at && last.is_final) => {
            Err(ReceiptError::Order {
                last: last.migrated_at,
                is_final: last.is_final,
                found,
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_go_up_and_end_with_the_final_one() {
        let last = |migrated_at, is_final| {
            Some(LastReceipt {
                migrated_at,
                is_final,
            })
        };
        for (last, found, is_right) in [
            (None, 0, true),
            (last(5, false), 4, false),
            (last(5, false), 5, true),
            (last(5, false), 6, true),
            (last(5, true), 4, false),
            (last(5, true), 5, false),
            (last(5, true), 6, true),
        ] {
            let result = check_order(last, found);
            assert_eq!(
                result.is_ok(),
                is_right,
                "{found} after {last:?}: {result:?}"
            );
        }
    }
}
