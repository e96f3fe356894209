//! The semantic rules of one transaction, in the reference order, so that the first rule broken is
//! the reason reported.

use std::borrow::Borrow;

use tangle_types::{
    ConflictReason, LedgerOutput, Transaction, TransactionHashes, UnixSeconds, inputs_commitment,
};

use crate::balance::{check_amounts, check_deposit_returns, check_native_tokens};
use crate::transition::check_transitions;
use crate::unlocking::{Keys, unlock_all};
use crate::{SignatureSet, VerifiedTransaction};

/// Whether `transaction` may spend `inputs`, which are the outputs it names, in order and unspent,
/// in a milestone of time `now`.
///
/// # Errors
/// The first rule broken.
pub fn check_transaction<O: Borrow<LedgerOutput>>(
    transaction: &VerifiedTransaction<'_>,
    inputs: &[O],
    now: UnixSeconds,
) -> Result<(), ConflictReason> {
    check(transaction, inputs, now, Keys::Shown)
}

/// The same before anybody signs: whether it may spend `inputs` once each signature unlock holds
/// the signature of the input's owner. What those unlocks hold now does not count, so that nobody
/// has to know the public keys.
///
/// # Errors
/// The first rule broken.
pub fn check_unsigned<O: Borrow<LedgerOutput>>(
    transaction: &Transaction,
    inputs: &[O],
    now: UnixSeconds,
) -> Result<(), ConflictReason> {
    let hashes = TransactionHashes {
        id: transaction.id(),
        essence: transaction.essence.hash(),
    };
    let signatures = SignatureSet(u128::MAX);
    let transaction = VerifiedTransaction {
        transaction,
        hashes,
        signatures,
    };
    check(&transaction, inputs, now, Keys::Expected)
}

fn check<O: Borrow<LedgerOutput>>(
    transaction: &VerifiedTransaction<'_>,
    inputs: &[O],
    now: UnixSeconds,
    keys: Keys,
) -> Result<(), ConflictReason> {
    let inputs: Vec<&LedgerOutput> = inputs.iter().map(Borrow::borrow).collect();
    let essence = &transaction.transaction.essence;
    let is_locked = |input: &&LedgerOutput| {
        input
            .output
            .unlock_conditions()
            .timelock()
            .is_some_and(|until| now < until)
    };
    if inputs.iter().any(is_locked) {
        return Err(ConflictReason::TimelockNotExpired);
    }
    if essence.inputs_commitment != inputs_commitment(inputs.iter().map(|input| &input.output)) {
        return Err(ConflictReason::InputsCommitmentMismatch);
    }
    let unlocked = unlock_all(transaction, &inputs, now, keys)?;
    for output in &essence.outputs {
        if output
            .features()
            .sender()
            .is_some_and(|sender| !unlocked.contains(sender))
        {
            return Err(ConflictReason::SenderNotUnlocked);
        }
    }
    check_amounts(&inputs, &essence.outputs)?;
    check_deposit_returns(transaction, &inputs, &unlocked)?;
    let balances = check_native_tokens(&inputs, &essence.outputs)?;
    check_transitions(&inputs, &essence.outputs, &unlocked, &balances)
}
