//! The semantic rules of one transaction, in the reference order, so that the first rule broken is
//! the reason reported.

use std::borrow::Borrow;

use tangle_types::{ConflictReason, LedgerOutput, UnixSeconds, inputs_commitment};

use crate::VerifiedTransaction;
use crate::balance::{check_amounts, check_deposit_returns, check_native_tokens};
use crate::transition::check_transitions;
use crate::unlocking::unlock_all;

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
    let unlocked = unlock_all(transaction, &inputs, now)?;
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
