//! What an account has, and what of it can be used now.

use std::collections::BTreeMap;

use tangle_types::{
    AliasId, FoundryId, LedgerOutput, NftId, Output, RentStructure, TokenId, U256, UnixSeconds,
};

use crate::access::{Holdings, Standing};
use crate::state::State;
use crate::voting::VotingOutput;

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
    /// Base coins that are kept apart for voting, and not available.
    pub voting: u64,
    /// Native tokens: all, and those that can be spent now.
    pub tokens: BTreeMap<TokenId, TokenBalance>,
    /// NFTs.
    pub nfts: Vec<NftId>,
    /// Aliases whose state the account changes, or that it governs.
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
        let holdings = Holdings::of(state, account, now);
        let voting = VotingOutput::of(state, account, now);
        let voting = voting.map(|voting| voting.held.id);
        for held in state.unspent() {
            let standing = Standing::of(&held.output, state, now);
            let amount = held.output.amount();
            match standing {
                Standing::Owned(_) if holdings.has(&held.output) => {
                    balance.total += amount;
                    balance.deposit += amount.min(held.output.deposit_min(rent));
                    balance.add_tokens(&held.output, false);
                    balance.add_ids(held);
                    continue;
                }
                Standing::ComesBack(place, _) if place.account == account => {
                    balance.returning += amount;
                    continue;
                }
                // Its coins are counted for the account that changes its state.
                Standing::Controlled(place)
                    if place.account != account && holdings.governs(&held.output) =>
                {
                    balance.add_ids(held);
                    continue;
                }
                _ if standing.account() != Some(account) => continue,
                _ => {}
            }
            if Some(held.id) == voting {
                balance.voting += amount;
                balance.total += amount;
                balance.add_tokens(&held.output, false);
                continue;
            }
            balance.add(&held.output, standing, rent);
            balance.add_ids(held);
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

    fn add_ids(&mut self, held: &LedgerOutput) {
        match &held.output {
            Output::Nft(nft) => self.nfts.push(nft.nft_id.or_from_output(&held.id)),
            Output::Alias(alias) => self.aliases.push(alias.alias_id.or_from_output(&held.id)),
            Output::Foundry(foundry) => self.foundries.extend(foundry.id()),
            Output::Basic(_) => {}
        }
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
