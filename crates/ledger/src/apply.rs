//! White flag: applies an ordered sequence of blocks to a read view of the ledger, in one pass.

use std::sync::Arc;

use tangle_crypto::merkle;
use tangle_types::{
    BlockId, ConflictReason, IdMap, Inclusion, LedgerOutput, MilestoneIndex, OutputId, Spend,
    Transaction, TransactionHashes, TransactionId, UnixSeconds,
};

use crate::check_transaction;

/// What the ledger can be asked while a milestone is applied. It shows the state after the previous
/// milestone.
pub trait LedgerView {
    /// A failed look-up; it stops the application.
    type Error;

    /// What is known of an output.
    ///
    /// # Errors
    /// The look-up failed.
    fn output(&self, id: &OutputId) -> Result<Lookup, Self::Error>;
}

/// What is known of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It may be spent.
    Unspent(Arc<LedgerOutput>),
    /// An earlier milestone spent it.
    Spent,
    /// Never seen, or forgotten.
    Unknown,
}

/// Which unlocks of a transaction are signature unlocks with a valid signature over the essence
/// hash: bit `i` is unlock `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignatureSet(pub u128);

impl SignatureSet {
    /// Whether unlock `index` holds a valid signature.
    #[must_use]
    pub const fn is_valid(self, index: usize) -> bool {
        index < 128 && self.0 >> index & 1 == 1
    }
}

/// A transaction whose signatures were verified.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedTransaction<'a> {
    /// The transaction.
    pub transaction: &'a Transaction,
    /// Its hashes.
    pub hashes: TransactionHashes,
    /// Which of its signatures hold.
    pub signatures: SignatureSet,
}

/// A block of the cone, in white-flag order.
#[derive(Clone, Copy, Debug)]
pub struct ReferencedBlock<'a> {
    /// Its id.
    pub id: BlockId,
    /// Its transaction, if it has one.
    pub transaction: Option<VerifiedTransaction<'a>>,
}

/// The milestone that is being confirmed.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmingMilestone {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its timestamp, which decides timelocks and expirations.
    pub timestamp: UnixSeconds,
}

/// Consumed outputs with how they were spent.
pub type Spendings = Vec<(Arc<LedgerOutput>, Spend)>;

/// What a milestone does to the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Every block of the cone in white-flag order, and what became of it.
    pub referenced: Vec<(BlockId, Inclusion)>,
    /// Outputs created, in order; also those that the same milestone consumed.
    pub created: Vec<Arc<LedgerOutput>>,
    /// Outputs consumed, in order.
    pub consumed: Spendings,
    /// Root over all referenced blocks.
    pub inclusion_merkle_root: [u8; 32],
    /// Root over the blocks whose transactions were included.
    pub applied_merkle_root: [u8; 32],
}

/// Every output that a milestone created or consumed, as it is afterwards.
pub type Changes = IdMap<OutputId, Lookup>;

/// Applies `blocks`, which come in white-flag order, to the state that `view` shows. Returns what
/// the milestone does, and the same by output.
///
/// # Errors
/// A look-up failed; nothing can be said of the milestone then.
pub fn apply<'a, V: LedgerView>(
    milestone: ConfirmingMilestone,
    blocks: impl IntoIterator<Item = ReferencedBlock<'a>>,
    view: &V,
) -> Result<(Diff, Changes), V::Error> {
    let mut working = WorkingSet {
        view,
        milestone,
        changes: Changes::default(),
        diff: Diff::default(),
    };
    for block in blocks {
        let inclusion = match &block.transaction {
            None => Inclusion::NoTransaction,
            Some(transaction) => working.include(block.id, transaction)?,
        };
        working.diff.referenced.push((block.id, inclusion));
    }
    let WorkingSet {
        mut diff, changes, ..
    } = working;
    let all: Vec<[u8; 32]> = diff.referenced.iter().map(|(id, _)| id.0).collect();
    diff.inclusion_merkle_root = merkle::root(&all);
    let is_included = |inclusion: &Inclusion| *inclusion == Inclusion::Included;
    let included: Vec<[u8; 32]> = diff
        .referenced
        .iter()
        .filter(|(_, inclusion)| is_included(inclusion))
        .map(|(id, _)| id.0)
        .collect();
    diff.applied_merkle_root = merkle::root(&included);
    Ok((diff, changes))
}

/// The state within the milestone: the view, and what the blocks so far have changed.
struct WorkingSet<'v, V> {
    view: &'v V,
    milestone: ConfirmingMilestone,
    changes: Changes,
    diff: Diff,
}

impl<V: LedgerView> WorkingSet<'_, V> {
    /// Applies one transaction if every rule allows it.
    fn include(
        &mut self,
        block_id: BlockId,
        transaction: &VerifiedTransaction<'_>,
    ) -> Result<Inclusion, V::Error> {
        let inputs = match self.resolve(&transaction.transaction.essence.inputs)? {
            Ok(inputs) => inputs,
            Err(reason) => return Ok(Inclusion::Conflicting(reason)),
        };
        if let Err(reason) = check_transaction(transaction, &inputs, self.milestone.timestamp) {
            return Ok(Inclusion::Conflicting(reason));
        }
        self.spend(inputs, transaction.hashes.id);
        self.create(block_id, transaction);
        Ok(Inclusion::Included)
    }

    /// Finds the inputs, in order.
    fn resolve(
        &self,
        ids: &[OutputId],
    ) -> Result<Result<Vec<Arc<LedgerOutput>>, ConflictReason>, V::Error> {
        let mut inputs = Vec::with_capacity(ids.len());
        for id in ids {
            match self.changes.get(id) {
                Some(Lookup::Unspent(output)) => {
                    inputs.push(Arc::clone(output));
                    continue;
                }
                // TIP-2: a second spend in the same cone is a conflict, not an error.
                Some(Lookup::Spent) => {
                    return Ok(Err(ConflictReason::InputAlreadySpentInThisMilestone));
                }
                Some(Lookup::Unknown) | None => {}
            }
            match self.view.output(id)? {
                Lookup::Unspent(output) => inputs.push(output),
                Lookup::Spent => return Ok(Err(ConflictReason::InputAlreadySpent)),
                Lookup::Unknown => return Ok(Err(ConflictReason::InputNotFound)),
            }
        }
        Ok(Ok(inputs))
    }

    fn spend(&mut self, inputs: Vec<Arc<LedgerOutput>>, transaction_id: TransactionId) {
        let spend = Spend {
            transaction_id,
            milestone_index: self.milestone.index,
            milestone_timestamp: self.milestone.timestamp,
        };
        for input in inputs {
            self.changes.insert(input.id, Lookup::Spent);
            self.diff.consumed.push((input, spend));
        }
    }

    fn create(&mut self, block_id: BlockId, transaction: &VerifiedTransaction<'_>) {
        for (index, output) in (0_u16..).zip(&transaction.transaction.essence.outputs) {
            let output = Arc::new(LedgerOutput {
                id: OutputId::new(transaction.hashes.id, index),
                block_id,
                milestone_index: self.milestone.index,
                milestone_timestamp: self.milestone.timestamp,
                output: output.clone(),
            });
            self.changes
                .insert(output.id, Lookup::Unspent(Arc::clone(&output)));
            self.diff.created.push(output);
        }
    }
}
