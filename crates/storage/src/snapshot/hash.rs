//! One number for a whole ledger.

use tangle_crypto::blake2b;
use tangle_types::{Codec, LedgerOutput, MilestoneIndex, Treasury};

use super::SnapshotError;
use super::record::write_output;
use crate::Reader;

/// A ledger in short: equal hashes mean equal ledgers, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerSummary {
    /// State of the ledger.
    pub index: MilestoneIndex,
    /// BLAKE2b-256 over the index, the treasury, and the records of all unspent outputs in the
    /// order of their ids.
    pub hash: [u8; 32],
    /// Unspent outputs.
    pub output_count: u64,
    /// Base coins in outputs and treasury; the token supply, unless the ledger is broken.
    pub total: u128,
}

impl LedgerSummary {
    /// The ledger at `index` that consists of `treasury` and `outputs`, which come in the order of
    /// their ids.
    ///
    /// # Errors
    /// The first error of `outputs`.
    pub fn of<E>(
        index: MilestoneIndex,
        treasury: &Treasury,
        outputs: impl IntoIterator<Item = Result<LedgerOutput, E>>,
    ) -> Result<Self, E> {
        let mut hasher = blake2b::Hasher::default();
        let mut buffer = Vec::with_capacity(256);
        index.write(&mut buffer);
        treasury.milestone_id.write(&mut buffer);
        buffer.extend_from_slice(&treasury.amount.to_le_bytes());
        let mut output_count = 0;
        let mut total = u128::from(treasury.amount);
        for output in outputs {
            hasher.update(&buffer);
            buffer.clear();
            let output = output?;
            write_output(&output, &mut buffer);
            output_count += 1;
            total += u128::from(output.output.amount());
        }
        hasher.update(&buffer);
        Ok(Self {
            index,
            hash: hasher.finish(),
            output_count,
            total,
        })
    }
}

/// Reads the whole ledger as it is now.
///
/// # Errors
/// The store failed.
pub fn summarize(reader: &Reader) -> Result<LedgerSummary, SnapshotError> {
    let view = reader.view();
    let head = view.head;
    Ok(LedgerSummary::of(
        head.ledger_index,
        &head.treasury,
        view.unspent_outputs(),
    )?)
}
