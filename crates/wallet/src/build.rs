//! Making a transaction: from what somebody wishes, with the coins of an account.
//!
//! Inputs that the wish names come first; then outputs that hold missing tokens or coins are added
//! until what is left over is nothing, or enough for an output of its own. Deposits that were lent
//! go back to their lenders. The result was judged by the ledger's own rules before anything is
//! signed.

use std::collections::BTreeMap;

use tangle_types::{
    Address, BasicOutput, Essence, Features, INPUTS_MAX, LedgerOutput, NativeToken, Output,
    OutputId, ProtocolParameters, TaggedData, TokenId, U256, UnixSeconds, UnlockCondition,
    UnlockConditions, inputs_commitment,
};

use crate::access::{Standing, owner};
use crate::prepared::{Opener, Prepared, PreparedInput, RuleError};
use crate::state::State;

/// What a transaction shall do.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Outputs to create. Deposits that have to be returned and what is left over are added.
    pub outputs: Vec<Output>,
    /// Outputs to consume, whatever else is needed.
    pub inputs: Vec<OutputId>,
    /// Tokens that shall vanish.
    pub burn: BTreeMap<TokenId, U256>,
    /// Data to go with it.
    pub payload: Option<TaggedData>,
    /// Where to put what is left over; by default to the owner of the first input.
    pub remainder: Option<Address>,
    /// Whether other outputs than those named may be consumed.
    pub is_closed: bool,
}

/// Why no transaction can be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not enough base coins that may be spent now.
    #[error("{missing} more are needed than the account can spend now")]
    Coins {
        /// How many are missing.
        missing: u64,
    },
    /// Enough for the payment, but what is left is too little for an output.
    #[error(
        "{left} would be left over, which is less than the storage deposit of {needed} that an \
         output needs"
    )]
    Remainder {
        /// What would be left.
        left: u64,
        /// What an output needs.
        needed: u64,
    },
    /// Not enough of a token.
    #[error("{missing} of token {token} are missing")]
    Tokens {
        /// Which token.
        token: TokenId,
        /// How many are missing.
        missing: U256,
    },
    /// The coins are in too many outputs.
    #[error("more than {INPUTS_MAX} outputs would have to be consumed at once")]
    Inputs,
    /// An output that was named is not known, or spent.
    #[error("output {0} is not an unspent output of this wallet")]
    UnknownInput(OutputId),
    /// An output that was named is used by a transaction on its way.
    #[error("output {0} is used by a transaction on its way")]
    Reserved(OutputId),
    /// An output that was named cannot be opened now.
    #[error("output {id} cannot be opened by this account now: its owner is {owner:?}")]
    NotOurs {
        /// Which output.
        id: OutputId,
        /// Who would have to open it.
        owner: Option<Address>,
    },
    /// Sums beyond what numbers hold.
    #[error("the amounts are too large")]
    Overflow,
    /// There would be nothing in it.
    #[error("there is nothing to do")]
    Nothing,
    /// The network would not take it.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// What a transaction is made from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What the wallet knows.
    pub state: &'a State,
    /// Number of the account whose coins are used.
    pub account: u32,
    /// The network.
    pub parameters: &'a ProtocolParameters,
    /// The time of its newest milestone.
    pub now: UnixSeconds,
}

impl<'a> Source<'a> {
    /// Outputs that the account may spend without a second thought, largest first. Its voting
    /// output is none of them.
    #[must_use]
    pub fn free(&self) -> Vec<&'a LedgerOutput> {
        let voting = self.voting_output().map(|voting| voting.held.id);
        let is_free = |held: &&LedgerOutput| {
            matches!(&held.output, Output::Basic(_))
                && Some(held.id) != voting
                && matches!(
                    Standing::of(&held.output, self.state, self.now),
                    Standing::Free(place) if place.account == self.account
                )
                && !self.state.is_reserved(&held.id)
        };
        let mut free: Vec<_> = self.state.unspent().filter(is_free).collect();
        free.sort_unstable_by_key(|held| (std::cmp::Reverse(held.output.amount()), held.id));
        free
    }

    /// Makes the transaction.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(&self, wish: Wish) -> Result<Prepared, BuildError> {
        let mut work = Work {
            source: *self,
            chosen: Vec::new(),
            free: if wish.is_closed {
                Vec::new()
            } else {
                self.free()
            },
            wish,
        };
        work.take_named()?;
        let added = work.fill()?;
        work.finish(added)
    }
}

/// Sums of coins and tokens.
#[derive(Clone, Debug, Default)]
struct Sums {
    coins: u128,
    tokens: BTreeMap<TokenId, U256>,
}

impl Sums {
    fn add(&mut self, output: &Output) -> Result<(), BuildError> {
        self.coins += u128::from(output.amount());
        for token in output.native_tokens() {
            self.add_token(token.id, token.amount)?;
        }
        Ok(())
    }

    fn add_token(&mut self, id: TokenId, amount: U256) -> Result<(), BuildError> {
        let sum = self.tokens.entry(id).or_default();
        *sum = sum.checked_add(amount).ok_or(BuildError::Overflow)?;
        Ok(())
    }

    fn token(&self, id: &TokenId) -> U256 {
        self.tokens.get(id).copied().unwrap_or_default()
    }
}

/// What is still missing.
enum Lack {
    Nothing(Vec<Output>),
    Token(TokenId, U256),
    Coins(u64),
    Remainder { left: u64, needed: u64 },
}

struct Work<'a> {
    source: Source<'a>,
    wish: Wish,
    chosen: Vec<PreparedInput>,
    /// What may still be added, largest first.
    free: Vec<&'a LedgerOutput>,
}

impl<'a> Work<'a> {
    fn take_named(&mut self) -> Result<(), BuildError> {
        for id in std::mem::take(&mut self.wish.inputs) {
            let state = self.source.state;
            let record = state.record(&id).filter(|record| record.spent.is_none());
            let held = &record.ok_or(BuildError::UnknownInput(id))?.output;
            if state.is_reserved(&id) {
                return Err(BuildError::Reserved(id));
            }
            self.take(held)?;
        }
        Ok(())
    }

    fn take(&mut self, held: &LedgerOutput) -> Result<(), BuildError> {
        if self.chosen.iter().any(|input| input.output.id == held.id) {
            return Ok(());
        }
        if self.chosen.len() >= INPUTS_MAX {
            return Err(BuildError::Inputs);
        }
        let owner = self.opener(held);
        let opener = owner.and_then(|owner| match owner {
            Address::Ed25519(_) => {
                // No account pays, or opens anything, for another one.
                let place = self.source.state.place(&owner);
                let place = place.filter(|place| place.account == self.source.account)?;
                Some(Opener::Key {
                    place,
                    address: owner,
                })
            }
            chain => Some(Opener::Chain(chain)),
        });
        let opener = opener.ok_or(BuildError::NotOurs { id: held.id, owner })?;
        self.free.retain(|other| other.id != held.id);
        self.chosen.push(PreparedInput {
            output: held.clone(),
            opener,
        });
        Ok(())
    }

    /// Who has to open an output in this transaction.
    fn opener(&self, held: &LedgerOutput) -> Option<Address> {
        let conditions = held.output.unlock_conditions();
        match &held.output {
            Output::Basic(_) | Output::Nft(_) => owner(&held.output, self.source.now),
            Output::Foundry(_) => conditions.immutable_alias().copied().map(Address::Alias),
            Output::Alias(alias) => {
                let id = alias.alias_id.or_from_output(&held.id);
                let is_state_change = self.wish.outputs.iter().any(|output| match output {
                    Output::Alias(next) => {
                        next.alias_id == id && next.state_index != alias.state_index
                    }
                    _ => false,
                });
                if is_state_change {
                    conditions.state_controller().copied()
                } else {
                    conditions.governor().copied()
                }
            }
        }
    }

    /// Adds inputs until nothing is missing; the outputs that have to be added.
    fn fill(&mut self) -> Result<Vec<Output>, BuildError> {
        loop {
            let lack = self.lack()?;
            let next = match &lack {
                Lack::Nothing(added) => return Ok(added.clone()),
                Lack::Token(token, _) => self.best_with(token),
                Lack::Coins(missing) => self.best_for(*missing),
                Lack::Remainder { left, needed } => self.best_for(needed - left),
            };
            match (next, lack) {
                (Some(held), _) => self.take(held)?,
                (None, Lack::Token(token, missing)) => {
                    return Err(BuildError::Tokens { token, missing });
                }
                (None, Lack::Coins(missing)) => return Err(BuildError::Coins { missing }),
                (None, Lack::Remainder { left, needed }) => {
                    return Err(BuildError::Remainder { left, needed });
                }
                (None, Lack::Nothing(added)) => return Ok(added),
            }
        }
    }

    /// The free output with most of a token.
    fn best_with(&self, token: &TokenId) -> Option<&'a LedgerOutput> {
        let amount = |held: &LedgerOutput| {
            let tokens = held.output.native_tokens().iter();
            let mut amounts = tokens.filter(|held| held.id == *token);
            amounts.next().map(|held| held.amount)
        };
        let holders = self.free.iter().filter_map(|held| {
            let amount = amount(held)?;
            Some((amount, *held))
        });
        holders
            .max_by_key(|(amount, _)| *amount)
            .map(|(_, held)| held)
    }

    /// The smallest free output that suffices, or else the largest; those without tokens first.
    fn best_for(&self, missing: u64) -> Option<&'a LedgerOutput> {
        let pick = |has_tokens: bool| {
            let all = self.free.iter().copied();
            let kind = all.filter(|held| held.output.native_tokens().is_empty() != has_tokens);
            let mut largest = None;
            let mut smallest = None;
            for held in kind {
                largest = largest.or(Some(held));
                if held.output.amount() >= missing {
                    smallest = Some(held);
                }
            }
            smallest.or(largest)
        };
        pick(false).or_else(|| pick(true))
    }

    fn lack(&self) -> Result<Lack, BuildError> {
        let returns = self.returns();
        let (consumed, created) = self.sums(&returns)?;
        for (token, needed) in &created.tokens {
            let had = consumed.token(token);
            if had < *needed {
                return Ok(Lack::Token(*token, *needed - had));
            }
        }
        if consumed.coins < created.coins || self.chosen.is_empty() {
            let missing = created.coins.saturating_sub(consumed.coins);
            let missing = u64::try_from(missing).map_err(|_| BuildError::Overflow)?;
            return Ok(Lack::Coins(missing));
        }
        let left = u64::try_from(consumed.coins - created.coins);
        let left = left.map_err(|_| BuildError::Overflow)?;
        let tokens: Vec<NativeToken> = consumed
            .tokens
            .iter()
            .map(|(id, had)| NativeToken {
                id: *id,
                amount: *had - created.token(id),
            })
            .filter(|token| !token.amount.is_zero())
            .collect();
        let mut added = returns;
        if left > 0 || !tokens.is_empty() {
            let remainder = basic(self.remainder_address()?, left, tokens);
            let needed = remainder.deposit_min(&self.source.parameters.rent);
            if left < needed {
                return Ok(Lack::Remainder { left, needed });
            }
            added.push(remainder);
        }
        Ok(Lack::Nothing(added))
    }

    fn remainder_address(&self) -> Result<Address, BuildError> {
        let keys = self.chosen.iter().find_map(|input| match input.opener {
            Opener::Key { address, .. } => Some(address),
            Opener::Chain(_) => None,
        });
        self.wish.remainder.or(keys).ok_or(BuildError::Nothing)
    }

    /// Deposits that have to be returned, one output for each lender.
    fn returns(&self) -> Vec<Output> {
        let mut owed: BTreeMap<Address, u64> = BTreeMap::new();
        for input in &self.chosen {
            let output = &input.output.output;
            let Some((lender, amount)) = output.unlock_conditions().storage_deposit_return() else {
                continue;
            };
            // Whoever opens an output owes nothing to himself.
            if owner(output, self.source.now) != Some(*lender) {
                let sum = owed.entry(*lender).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
        let outputs = owed.into_iter();
        outputs
            .map(|(lender, amount)| basic(lender, amount, Vec::new()))
            .collect()
    }

    /// What the inputs hold with what is minted, and what the outputs need with what is melted.
    fn sums(&self, returns: &[Output]) -> Result<(Sums, Sums), BuildError> {
        let (mut consumed, mut created) = (Sums::default(), Sums::default());
        for input in &self.chosen {
            consumed.add(&input.output.output)?;
        }
        for output in self.wish.outputs.iter().chain(returns) {
            created.add(output)?;
        }
        for (token, amount) in &self.wish.burn {
            created.add_token(*token, *amount)?;
        }
        let scheme = |output: &Output| match output {
            Output::Foundry(foundry) => Some((foundry.id()?, foundry.token_scheme.clone())),
            _ => None,
        };
        let old: BTreeMap<_, _> = self
            .chosen
            .iter()
            .filter_map(|input| scheme(&input.output.output))
            .collect();
        let new: BTreeMap<_, _> = self.wish.outputs.iter().filter_map(scheme).collect();
        for (token, next) in &new {
            let (minted, melted) = old
                .get(token)
                .map_or((U256::zero(), U256::zero()), |old| (old.minted, old.melted));
            consumed.add_token(*token, next.minted.saturating_sub(minted))?;
            created.add_token(*token, next.melted.saturating_sub(melted))?;
        }
        // Who destroys a foundry melts all of its tokens.
        for (token, last) in old.iter().filter(|(token, _)| !new.contains_key(token)) {
            created.add_token(*token, last.minted.saturating_sub(last.melted))?;
        }
        Ok((consumed, created))
    }

    fn finish(self, added: Vec<Output>) -> Result<Prepared, BuildError> {
        let inputs = in_order(self.chosen)?;
        let mut outputs = self.wish.outputs;
        outputs.extend(added);
        let essence = Essence {
            network_id: self.source.parameters.network_id(),
            inputs: inputs.iter().map(|input| input.output.id).collect(),
            inputs_commitment: inputs_commitment(inputs.iter().map(|input| &input.output.output)),
            outputs,
            payload: self.wish.payload,
        };
        let prepared = Prepared {
            essence,
            inputs,
            account: self.source.account,
        };
        prepared.check(self.source.parameters, self.source.now)?;
        Ok(prepared)
    }
}

/// A basic output with an owner only.
pub(crate) fn basic(owner: Address, amount: u64, native_tokens: Vec<NativeToken>) -> Output {
    let conditions = vec![UnlockCondition::Address(owner)];
    Output::Basic(BasicOutput {
        amount,
        native_tokens,
        unlock_conditions: UnlockConditions::new(conditions).expect("there is one condition"),
        features: Features::default(),
    })
}

/// What keys open comes first, then what the aliases and NFTs before it open.
fn in_order(inputs: Vec<PreparedInput>) -> Result<Vec<PreparedInput>, BuildError> {
    let is_key = |input: &PreparedInput| matches!(input.opener, Opener::Key { .. });
    let (mut ordered, mut waiting): (Vec<_>, Vec<_>) = inputs.into_iter().partition(is_key);
    while !waiting.is_empty() {
        let opens = |input: &PreparedInput| {
            ordered
                .iter()
                .any(|before: &PreparedInput| Opener::Chain(before.chain()) == input.opener)
        };
        let Some(next) = waiting.iter().position(opens) else {
            let stuck = &waiting[0];
            let owner = match stuck.opener {
                Opener::Chain(address) => Some(address),
                Opener::Key { .. } => None,
            };
            return Err(BuildError::NotOurs {
                id: stuck.output.id,
                owner,
            });
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

#[cfg(test)]
pub(crate) mod tests;
