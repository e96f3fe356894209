//! Who may spend what: the semantic rules of transactions and the white-flag application of an
//! ordered sequence of blocks (TIP-2, TIP-18, TIP-20).
//!
//! What it is not: it does not know the order of blocks (that is `tangle-dag`'s cone), it stores
//! nothing, and it verifies no signature: whether each signature is good was found out once, on
//! arrival, and comes in as [`SignatureSet`].
//!
//! Begin with [`apply()`].

mod apply;
mod balance;
mod receipt;
mod transaction;
mod transition;
mod unlocking;

pub use apply::{
    Changes, ConfirmingMilestone, Diff, LedgerView, Lookup, ReferencedBlock, SignatureSet,
    Spendings, VerifiedTransaction, apply,
};
pub use receipt::{AppliedReceipt, LastReceipt, ReceiptError, apply_receipt};
pub use transaction::{check_transaction, check_unsigned};
