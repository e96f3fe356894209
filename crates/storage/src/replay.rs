//! From the block log to the ledger: what a commit in the log changes, worked out again.
//!
//! The log says which transactions were included. That it says so rightly follows from the Merkle
//! roots, which the milestone's signers signed.

use std::collections::HashMap;
use std::sync::Arc;

use tangle_crypto::merkle;
use tangle_engine::StoredMilestone;
use tangle_ledger::{Spendings, apply_receipt};
use tangle_types::{
    BlockId, Inclusion, LedgerOutput, Milestone, OutputId, ParsedBlock, Payload, Spend,
    Transaction, TransactionId,
};

use crate::StoreError;
use crate::ledger::{Change, Ledger, MilestoneEntry, Outcome, View};
use crate::log::{BlockLog, CommitRecord, Position};

/// Why a commit in the log cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("block number {seq}, which milestone {index} references, is lost")]
    BlockLost { index: u32, seq: u64 },
    #[error("milestone {index} does not follow {before}")]
    OutOfTurn { index: u32, before: u32 },
    #[error("the log says of milestone {index}: {what}")]
    Wrong { index: u32, what: String },
}

/// Applies `record`, which lies at `position`, to the ledger store.
pub(crate) fn replay(
    log: &BlockLog,
    ledger: &Ledger,
    position: Position,
    record: &CommitRecord,
) -> Result<Change, ReplayError> {
    let view = ledger.view()?;
    let head = view.head;
    if record.index != head.ledger_index.next() {
        return Err(ReplayError::OutOfTurn {
            index: record.index.0,
            before: head.ledger_index.0,
        });
    }
    let stored = milestone(log, record)?;
    let mut working = Working {
        view: &view,
        milestone: &stored.milestone,
        created: Vec::new(),
        created_at: HashMap::new(),
        consumed: Vec::new(),
    };
    working.cone(log, record)?;
    let (mut created, consumed) = (working.created, working.consumed);
    let mut treasury = None;
    if let Some(receipt) = stored.milestone.receipt() {
        let (milestone, last) = (&stored.milestone, view.last_receipt()?);
        let applied = apply_receipt(stored.id, milestone, receipt, &head.treasury, last).map_err(
            |error| ReplayError::Wrong {
                index: record.index.0,
                what: error.to_string(),
            },
        )?;
        created.extend(applied.created);
        treasury = Some(applied.treasury);
    }
    let outcome = Outcome {
        milestone: &stored,
        position,
        created: &created,
        consumed: &consumed,
        treasury,
    };
    let change = Change::of_milestone(&head, &outcome);
    ledger.apply(&change)?;
    Ok(change)
}

/// Tells the ledger store of a milestone whose effects it has already.
pub(crate) fn note(
    log: &BlockLog,
    ledger: &Ledger,
    position: Position,
    record: &CommitRecord,
) -> Result<(), ReplayError> {
    let stored = match milestone(log, record) {
        // Its block file may be gone already.
        Err(ReplayError::BlockLost { .. }) => return Ok(()),
        other => other?,
    };
    let mut change = Change::new(ledger.view()?.head);
    change.milestone(&MilestoneEntry {
        id: stored.id,
        block_id: stored.block_id,
        position,
        milestone: stored.milestone,
    });
    Ok(ledger.apply(&change)?)
}

/// The milestone that a commit in the log is of.
fn milestone(log: &BlockLog, record: &CommitRecord) -> Result<StoredMilestone, ReplayError> {
    let wrong = |what: String| ReplayError::Wrong {
        index: record.index.0,
        what,
    };
    let block = block(log, record, record.block_seq)?;
    let Some(Payload::Milestone(milestone)) = block.block.payload else {
        return Err(wrong(format!("block {} carries no milestone", block.id)));
    };
    if block.milestone_id != Some(record.id) || milestone.index != record.index {
        return Err(wrong("its block carries another milestone".to_owned()));
    }
    Ok(StoredMilestone {
        id: record.id,
        block_id: block.id,
        milestone: *milestone,
    })
}

fn block(log: &BlockLog, record: &CommitRecord, seq: u64) -> Result<ParsedBlock, ReplayError> {
    let lost = ReplayError::BlockLost {
        index: record.index.0,
        seq,
    };
    let found = log.by_seq(seq)?.ok_or(lost)?;
    let bytes = found.bytes()?;
    ParsedBlock::parse(bytes).map_err(|error| ReplayError::Wrong {
        index: record.index.0,
        what: format!("block number {seq} cannot be read: {error}"),
    })
}

struct Working<'a> {
    view: &'a View,
    milestone: &'a Milestone,
    created: Vec<Arc<LedgerOutput>>,
    created_at: HashMap<OutputId, usize>,
    consumed: Spendings,
}

impl Working<'_> {
    /// Applies the included transactions of the cone and compares the roots.
    fn cone(&mut self, log: &BlockLog, record: &CommitRecord) -> Result<(), ReplayError> {
        let mut referenced = Vec::with_capacity(record.cone.len());
        let mut included = Vec::new();
        for (seq, inclusion) in &record.cone {
            let block = block(log, record, *seq)?;
            referenced.push(block.id.0);
            if *inclusion != Inclusion::Included {
                continue;
            }
            included.push(block.id.0);
            if let (Some(Payload::Transaction(transaction)), Some(hashes)) =
                (&block.block.payload, block.transaction)
            {
                self.include(block.id, transaction, hashes.id)?;
            }
        }
        if merkle::root(&referenced) != self.milestone.inclusion_merkle_root
            || merkle::root(&included) != self.milestone.applied_merkle_root
        {
            return Err(self.wrong("its roots are not those that were signed".to_owned()));
        }
        Ok(())
    }

    fn include(
        &mut self,
        block_id: BlockId,
        transaction: &Transaction,
        id: TransactionId,
    ) -> Result<(), ReplayError> {
        let spend = Spend {
            transaction_id: id,
            milestone_index: self.milestone.index,
            milestone_timestamp: self.milestone.timestamp,
        };
        for input in &transaction.essence.inputs {
            // A crash may have left a part of what this milestone changes.
            let output = match self.created_at.get(input) {
                Some(at) => Arc::clone(&self.created[*at]),
                None => match self.view.output(input)? {
                    Some(entry) if entry.spend.is_none_or(|known| known == spend) => entry.output,
                    _ => return Err(self.wrong(format!("it spends {input}, which is not there"))),
                },
            };
            self.consumed.push((output, spend));
        }
        for (index, output) in (0_u16..).zip(&transaction.essence.outputs) {
            let output = LedgerOutput {
                id: OutputId::new(id, index),
                block_id,
                milestone_index: self.milestone.index,
                milestone_timestamp: self.milestone.timestamp,
                output: output.clone(),
            };
            self.created_at.insert(output.id, self.created.len());
            self.created.push(Arc::new(output));
        }
        Ok(())
    }

    fn wrong(&self, what: String) -> ReplayError {
        ReplayError::Wrong {
            index: self.milestone.index.0,
            what,
        }
    }
}
