//! White flag: applies an ordered sequence of blocks to a read view of the ledger, in one pass.

use std::sync::Arc;

use tangle_types::{
    BlockId, Inclusion, LedgerOutput, MilestoneIndex, OutputId, Spend, Transaction,
    TransactionHashes, UnixSeconds,
};

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

/// Applies `blocks`, which come in white-flag order, to the state that `view` shows.
///
/// # Errors
/// A look-up failed; nothing can be said of the milestone then.
pub fn apply<'a, V: LedgerView>(
    milestone: ConfirmingMilestone,
    blocks: impl IntoIterator<Item = ReferencedBlock<'a>>,
    view: &V,
) -> Result<Diff, V::Error> {
    let _ = (milestone, blocks.into_iter().count(), view);
    todo!()
}
