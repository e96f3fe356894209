//! Chains: how an alias, a foundry or an NFT may go on from an input to an output (TIP-18).

use std::collections::BTreeMap;

use tangle_types::{
    Address, AliasId, AliasOutput, ConflictReason, FoundryId, FoundryOutput, LedgerOutput, NftId,
    NftOutput, Output, U256,
};

use crate::balance::{TokenBalance, TokenBalances};
use crate::unlocking::Unlocked;

/// The result of one transition.
type Verdict = Result<(), ConflictReason>;

const INVALID: Verdict = Err(ConflictReason::InvalidChainTransition);

/// The chains of one side of a transaction, by id.
#[derive(Debug, Default)]
struct Chains<'a> {
    aliases: BTreeMap<AliasId, &'a AliasOutput>,
    foundries: BTreeMap<FoundryId, &'a FoundryOutput>,
    nfts: BTreeMap<NftId, &'a NftOutput>,
}

/// Whether every chain goes on as it may.
pub(crate) fn check_transitions(
    inputs: &[&LedgerOutput],
    outputs: &[Output],
    unlocked: &Unlocked,
    balances: &TokenBalances,
) -> Verdict {
    let is_chain = |output: &Output| !matches!(output, Output::Basic(_));
    if !inputs.iter().any(|input| is_chain(&input.output)) && !outputs.iter().any(is_chain) {
        return Ok(());
    }
    let before = Chains::consumed(inputs);
    let after = Chains::created(outputs, unlocked)?;
    check_aliases(&before, &after)?;
    check_foundries(&before, &after, outputs, balances)?;
    check_nfts(&before, &after)
}

impl<'a> Chains<'a> {
    fn consumed(inputs: &[&'a LedgerOutput]) -> Self {
        let mut chains = Self::default();
        for input in inputs {
            match &input.output {
                Output::Basic(_) => {}
                Output::Alias(alias) => {
                    chains
                        .aliases
                        .insert(alias.alias_id.or_from_output(&input.id), alias);
                }
                Output::Foundry(foundry) => {
                    // Every stored foundry has an id.
                    chains
                        .foundries
                        .extend(foundry.id().map(|id| (id, &**foundry)));
                }
                Output::Nft(nft) => {
                    chains
                        .nfts
                        .insert(nft.nft_id.or_from_output(&input.id), nft);
                }
            }
        }
        chains
    }

    /// Outputs that go on with a chain. New aliases and NFTs, which have no id yet, need only their
    /// issuer.
    fn created(outputs: &'a [Output], unlocked: &Unlocked) -> Result<Self, ConflictReason> {
        let mut chains = Self::default();
        for output in outputs {
            let is_unique = match output {
                Output::Basic(_) => true,
                Output::Alias(alias) if alias.alias_id.is_zero() => {
                    is_issued(alias.immutable_features.issuer(), unlocked)
                }
                Output::Nft(nft) if nft.nft_id.is_zero() => {
                    is_issued(nft.immutable_features.issuer(), unlocked)
                }
                Output::Alias(alias) => chains.aliases.insert(alias.alias_id, alias).is_none(),
                Output::Nft(nft) => chains.nfts.insert(nft.nft_id, nft).is_none(),
                Output::Foundry(foundry) => foundry
                    .id()
                    .is_some_and(|id| chains.foundries.insert(id, foundry).is_none()),
            };
            if !is_unique {
                return Err(ConflictReason::InvalidChainTransition);
            }
        }
        Ok(chains)
    }

    /// Foundries of `alias` on this side that are not on the other.
    fn new_foundry_count(&self, before: &Self, alias: &AliasId) -> u32 {
        let is_new =
            |id: &&FoundryId| id.alias_id() == *alias && !before.foundries.contains_key(*id);
        u32::try_from(self.foundries.keys().filter(is_new).count()).unwrap_or(u32::MAX)
    }
}

fn is_issued(issuer: Option<&Address>, unlocked: &Unlocked) -> bool {
    issuer.is_none_or(|issuer| unlocked.contains(issuer))
}

fn check_aliases(before: &Chains<'_>, after: &Chains<'_>) -> Verdict {
    for (id, next) in &after.aliases {
        let Some(current) = before.aliases.get(id) else {
            return INVALID;
        };
        if current.immutable_features != next.immutable_features {
            return INVALID;
        }
        if next.state_index == current.state_index {
            check_governance_change(current, next)?;
        } else {
            check_state_change(current, next, after.new_foundry_count(before, id))?;
        }
    }
    // What is left of `before` is destroyed, which its governor may do.
    Ok(())
}

fn check_governance_change(current: &AliasOutput, next: &AliasOutput) -> Verdict {
    let is_kept = current.amount == next.amount
        && current.native_tokens == next.native_tokens
        && current.state_metadata == next.state_metadata
        && current.foundry_counter == next.foundry_counter;
    if is_kept { Ok(()) } else { INVALID }
}

fn check_state_change(
    current: &AliasOutput,
    next: &AliasOutput,
    new_foundry_count: u32,
) -> Verdict {
    let (controllers, next_controllers) = (&current.unlock_conditions, &next.unlock_conditions);
    let is_kept = next.state_index == current.state_index.wrapping_add(1)
        && controllers.state_controller() == next_controllers.state_controller()
        && controllers.governor() == next_controllers.governor()
        && current.features.metadata() == next.features.metadata();
    let created = next.foundry_counter.checked_sub(current.foundry_counter);
    if is_kept && created == Some(new_foundry_count) {
        Ok(())
    } else {
        INVALID
    }
}

fn check_foundries(
    before: &Chains<'_>,
    after: &Chains<'_>,
    outputs: &[Output],
    balances: &TokenBalances,
) -> Verdict {
    let balance = |id: &FoundryId| balances.get(id).copied().unwrap_or_default();
    for (id, next) in &after.foundries {
        match before.foundries.get(id) {
            None => check_new_foundry(id, next, before, after, balance(id))?,
            Some(current) => check_foundry_change(current, next, balance(id))?,
        }
    }
    for (id, current) in &before.foundries {
        if !after.foundries.contains_key(id) {
            check_foundry_end(current, balance(id))?;
        }
    }
    check_serials_ascend(before, outputs)
}

fn check_new_foundry(
    id: &FoundryId,
    foundry: &FoundryOutput,
    before: &Chains<'_>,
    after: &Chains<'_>,
    balance: TokenBalance,
) -> Verdict {
    let alias = id.alias_id();
    let (Some(current), Some(next)) = (before.aliases.get(&alias), after.aliases.get(&alias))
    else {
        return INVALID;
    };
    let serials = current.foundry_counter.saturating_add(1)..=next.foundry_counter;
    let scheme = &foundry.token_scheme;
    let is_valid = foundry.serial_number > current.foundry_counter
        && serials.contains(&foundry.serial_number)
        && scheme.melted.is_zero()
        && scheme.minted == balance.created;
    if is_valid { Ok(()) } else { INVALID }
}

/// New foundries of one alias come in the order of their serial numbers; with the alias's counter
/// that makes the numbers consecutive.
fn check_serials_ascend(before: &Chains<'_>, outputs: &[Output]) -> Verdict {
    let mut last: BTreeMap<AliasId, u32> = BTreeMap::new();
    for output in outputs {
        let Output::Foundry(foundry) = output else {
            continue;
        };
        let Some(id) = foundry.id() else {
            return INVALID;
        };
        if before.foundries.contains_key(&id) {
            continue;
        }
        let serial = foundry.serial_number;
        if last
            .insert(id.alias_id(), serial)
            .is_some_and(|before| serial <= before)
        {
            return INVALID;
        }
    }
    Ok(())
}

fn check_foundry_change(
    current: &FoundryOutput,
    next: &FoundryOutput,
    balance: TokenBalance,
) -> Verdict {
    let (old, new) = (&current.token_scheme, &next.token_scheme);
    let (Some(minted), Some(melted)) = (
        new.minted.checked_sub(old.minted),
        new.melted.checked_sub(old.melted),
    ) else {
        return INVALID;
    };
    if current.immutable_features != next.immutable_features || old.maximum != new.maximum {
        return INVALID;
    }
    let TokenBalance { consumed, created } = balance;
    let is_valid = if created > consumed {
        minted == created - consumed && melted.is_zero()
    } else {
        // What is neither created nor melted is burned.
        minted.is_zero() && melted <= consumed - created
    };
    if is_valid { Ok(()) } else { INVALID }
}

/// A foundry ends only when its whole circulating supply ends with it: minted + created - consumed
/// = melted.
fn check_foundry_end(current: &FoundryOutput, balance: TokenBalance) -> Verdict {
    let scheme = &current.token_scheme;
    let left: Option<U256> = scheme
        .minted
        .checked_add(balance.created)
        .and_then(|sum| sum.checked_sub(balance.consumed));
    if left == Some(scheme.melted) {
        Ok(())
    } else {
        INVALID
    }
}

fn check_nfts(before: &Chains<'_>, after: &Chains<'_>) -> Verdict {
    for (id, next) in &after.nfts {
        match before.nfts.get(id) {
            Some(current) if current.immutable_features == next.immutable_features => {}
            _ => return INVALID,
        }
    }
    Ok(())
}
