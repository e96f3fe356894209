//! What an account has, and what of it can be used now.

use std::collections::{BTreeMap, BTreeSet};

use tangle_types::{
    Address, AliasId, FoundryId, NftId, Output, RentStructure, TokenId, U256, UnixSeconds,
};

use crate::access::Standing;
use crate::state::State;

/// What an account has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Base coins in all outputs of the account.
    pub total: u64,
    /// Base coins that can be spent now.
    pub available: u64,
    /// Base coins that outputs need for the space that they take: those with tokens, NFTs, aliases,
    /// foundries.
    pub deposit: u64,
    /// Base coins that may be claimed: less what has to be returned for them.
    pub claimable: u64,
    /// Base coins that are locked until some time.
    pub locked: u64,
    /// Base coins that somebody else may claim, and that come back otherwise. Not in the total.
    pub returning: u64,
    /// Native tokens: all, and those that can be spent now.
    pub tokens: BTreeMap<TokenId, TokenBalance>,
    /// NFTs.
    pub nfts: Vec<NftId>,
    /// Aliases.
    pub aliases: Vec<AliasId>,
    /// Foundries.
    pub foundries: Vec<FoundryId>,
}

/// How much of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenBalance {
    /// In all outputs.
    pub total: U256,
    /// Spendable now.
    pub available: U256,
}

impl Balance {
    /// The balance of an account at a time.
    #[must_use]
    pub fn of(state: &State, account: u32, rent: &RentStructure, now: UnixSeconds) -> Self {
        let mut balance = Self::default();
        let aliases = controlled_aliases(state, account, now);
        for held in state.unspent() {
            let standing = Standing::of(&held.output, state, now);
            let amount = held.output.amount();
            match standing {
                Standing::Owned(Address::Alias(alias)) if aliases.contains(&alias) => {
                    balance.total += amount;
                    balance.deposit += amount.min(held.output.deposit_min(rent));
                    balance.add_tokens(&held.output, false);
                    if let Output::Foundry(foundry) = &held.output {
                        balance.foundries.extend(foundry.id());
                    }
                    continue;
                }
                Standing::ComesBack(place, _) if place.account == account => {
                    balance.returning += amount;
                    continue;
                }
                _ if standing.account() != Some(account) => continue,
                _ => {}
            }
            balance.add(&held.output, standing, rent);
            match &held.output {
                Output::Nft(nft) => balance.nfts.push(nft.nft_id.or_from_output(&held.id)),
                Output::Alias(alias) => {
                    balance
                        .aliases
                        .push(alias.alias_id.or_from_output(&held.id));
                }
                Output::Basic(_) | Output::Foundry(_) => {}
            }
        }
        balance.nfts.sort_unstable();
        balance.aliases.sort_unstable();
        balance.foundries.sort_unstable();
        balance
    }

    /// An output of the account itself.
    fn add(&mut self, output: &Output, standing: Standing, rent: &RentStructure) {
        let amount = output.amount();
        let is_free = matches!(standing, Standing::Free(_) | Standing::Controlled(_));
        let conditions = output.unlock_conditions();
        let owed = conditions.storage_deposit_return();
        match standing {
            Standing::Claimable(_) => {
                let own = amount.saturating_sub(owed.map_or(0, |(_, owed)| owed));
                self.claimable += own;
                self.total += own;
            }
            Standing::Locked(..) => {
                self.locked += amount;
                self.total += amount;
            }
            _ => {
                let needs_deposit =
                    !matches!(output, Output::Basic(_)) || !output.native_tokens().is_empty();
                let deposit = if needs_deposit {
                    amount.min(output.deposit_min(rent))
                } else {
                    0
                };
                self.deposit += deposit;
                self.available += amount - deposit;
                self.total += amount;
            }
        }
        self.add_tokens(output, is_free);
    }

    fn add_tokens(&mut self, output: &Output, is_free: bool) {
        for token in output.native_tokens() {
            let sum = self.tokens.entry(token.id).or_default();
            sum.total = sum.total.saturating_add(token.amount);
            if is_free {
                sum.available = sum.available.saturating_add(token.amount);
            }
        }
    }
}

/// Aliases that a key of the account controls.
fn controlled_aliases(state: &State, account: u32, now: UnixSeconds) -> BTreeSet<AliasId> {
    let aliases = state.unspent().filter_map(|held| match &held.output {
        Output::Alias(alias) => {
            let standing = Standing::of(&held.output, state, now);
            let is_ours = standing.account() == Some(account);
            is_ours.then(|| alias.alias_id.or_from_output(&held.id))
        }
        _ => None,
    });
    aliases.collect()
}
