//! What goes in must come out: base coins, returned storage deposits, native tokens (TIP-18).

use std::collections::BTreeMap;

use tangle_types::{
    Address, ConflictReason, LedgerOutput, NATIVE_TOKENS_MAX, NativeToken, Output, TokenId, U256,
};

use crate::VerifiedTransaction;
use crate::unlocking::Unlocked;

/// A token's sum over the inputs and over the outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenBalance {
    pub(crate) consumed: U256,
    pub(crate) created: U256,
}

/// The balance of every token that the transaction touches.
pub(crate) type TokenBalances = BTreeMap<TokenId, TokenBalance>;

pub(crate) fn check_amounts(
    inputs: &[&LedgerOutput],
    outputs: &[Output],
) -> Result<(), ConflictReason> {
    let consumed: u128 = inputs
        .iter()
        .map(|input| u128::from(input.output.amount()))
        .sum();
    let created: u128 = outputs
        .iter()
        .map(|output| u128::from(output.amount()))
        .sum();
    if consumed == created {
        Ok(())
    } else {
        Err(ConflictReason::AmountMismatch)
    }
}

/// Whoever spends an output with a storage deposit return must return it in simple outputs, unless
/// the one who is owed opened the input itself (G-20).
pub(crate) fn check_deposit_returns(
    transaction: &VerifiedTransaction<'_>,
    inputs: &[&LedgerOutput],
    unlocked: &Unlocked,
) -> Result<(), ConflictReason> {
    let mut owed: Vec<(Address, u128)> = Vec::new();
    for (position, input) in inputs.iter().enumerate() {
        let conditions = input.output.unlock_conditions();
        let Some((creditor, amount)) = conditions.storage_deposit_return() else {
            continue;
        };
        if unlocked.opened(creditor, position) {
            continue;
        }
        let amount = u128::from(amount);
        match owed.iter_mut().find(|(known, _)| known == creditor) {
            Some((_, sum)) => *sum += amount,
            None => owed.push((*creditor, amount)),
        }
    }
    for (creditor, amount) in owed {
        let returned: u128 = transaction
            .transaction
            .essence
            .outputs
            .iter()
            .filter(|output| is_simple_output_to(output, &creditor))
            .map(|output| u128::from(output.amount()))
            .sum();
        if returned < amount {
            return Err(ConflictReason::StorageDepositReturnNotFulfilled);
        }
    }
    Ok(())
}

/// A basic output with an owner and nothing else.
fn is_simple_output_to(output: &Output, owner: &Address) -> bool {
    let Output::Basic(basic) = output else {
        return false;
    };
    basic.native_tokens.is_empty()
        && basic.features.is_empty()
        && basic.unlock_conditions.iter().count() == 1
        && basic.unlock_conditions.address() == Some(owner)
}

/// Sums up the native tokens. A token may grow only where its foundry is; there the foundry's own
/// rules decide.
pub(crate) fn check_native_tokens(
    inputs: &[&LedgerOutput],
    outputs: &[Output],
) -> Result<TokenBalances, ConflictReason> {
    let mut balances = TokenBalances::new();
    let add = |sum: &mut U256, token: &NativeToken| match sum.checked_add(token.amount) {
        Some(larger) => {
            *sum = larger;
            Ok(())
        }
        None => Err(ConflictReason::InvalidNativeTokens),
    };
    for token in inputs.iter().flat_map(|input| input.output.native_tokens()) {
        add(&mut balances.entry(token.id).or_default().consumed, token)?;
    }
    for token in outputs.iter().flat_map(Output::native_tokens) {
        add(&mut balances.entry(token.id).or_default().created, token)?;
    }
    if balances.len() > NATIVE_TOKENS_MAX {
        return Err(ConflictReason::InvalidNativeTokens);
    }
    for (token, balance) in &balances {
        if balance.created > balance.consumed && !has_foundry(outputs, token) {
            return Err(ConflictReason::InvalidNativeTokens);
        }
    }
    Ok(balances)
}

fn has_foundry(outputs: &[Output], token: &TokenId) -> bool {
    let is_it = |output: &Output| match output {
        Output::Foundry(foundry) => foundry.id().as_ref() == Some(token),
        _ => false,
    };
    outputs.iter().any(is_it)
}
