//! What people want of a wallet, as wishes for a transaction.

use std::collections::BTreeMap;

use tangle_types::participation::EventId;
use tangle_types::{
    Address, AliasId, AliasOutput, BasicOutput, DecodeError, Feature, Features, FoundryId,
    FoundryOutput, INPUTS_MAX, LedgerOutput, NativeToken, NftId, NftOutput, Output, OutputId,
    SimpleTokenScheme, TaggedData, TokenId, U256, UnixSeconds, UnlockCondition, UnlockConditions,
    basic_deposit_min,
};

use crate::access::{Standing, opener};
use crate::build::{Source, Wish};
use crate::keys::KeyPlace;

/// How long a receiver has to take what comes with a lent deposit: a day.
pub const LEND_SECONDS: u32 = 86_400;

/// Why something cannot be wished for.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// Less than an output needs, and the deposit is not lent.
    #[error("an output needs a storage deposit of {needed}, {amount} is less")]
    BelowDeposit {
        /// What was asked for.
        amount: u64,
        /// Least amount.
        needed: u64,
    },
    /// The account has no such thing.
    #[error("the account has no {kind} {id}")]
    Absent {
        /// `NFT`, `alias`, `foundry`.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// Another account of the wallet has it.
    #[error("the account does not have {kind} {id}, account number {account} does")]
    OtherAccount {
        /// `NFT`, `alias`, `foundry`.
        kind: &'static str,
        /// Which one.
        id: String,
        /// Who has it.
        account: u32,
    },
    /// There is nothing that could be done.
    #[error("{0}")]
    Nothing(&'static str),
    /// A supply beyond its limit.
    #[error("{0}")]
    Supply(&'static str),
    /// Nothing is kept apart for voting.
    #[error("the account keeps no coins apart for voting")]
    NoVotingOutput,
    /// The voting output says nothing of an event.
    #[error("the account does not participate in event {0}")]
    NotParticipating(EventId),
    /// Somebody else's data in the voting output.
    #[error("what the voting output says cannot be read: {0}")]
    VotingMetadata(DecodeError),
    /// More than is kept apart for voting.
    #[error("the voting power is {power}, {amount} is more")]
    VotingPower {
        /// What is kept apart.
        power: u64,
        /// What was asked for.
        amount: u64,
    },
    /// A voting output with too few coins for the space that it takes.
    #[error("the voting output needs a storage deposit of {needed}, {amount} is less")]
    VotingDeposit {
        /// What it would hold.
        amount: u64,
        /// Least amount.
        needed: u64,
    },
    /// Bytes that a feature cannot hold.
    #[error("{field} has {found} bytes, 1 to {max} are allowed")]
    Bytes {
        /// Which field.
        field: &'static str,
        /// Bytes found.
        found: usize,
        /// Most bytes.
        max: usize,
    },
}

/// What an output is bound to besides its owner.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Not before this time.
    pub timelock: Option<UnixSeconds>,
    /// Back to us at this time unless it was taken before.
    pub expiration: Option<UnixSeconds>,
    /// Whether the receiver has to return the storage deposit.
    pub lends_deposit: bool,
    /// A tag to find it by.
    pub tag: Vec<u8>,
    /// Any bytes.
    pub metadata: Vec<u8>,
}

/// What of an alias is given to somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasPart {
    /// Everything.
    All,
    /// Who changes its state, and with it its foundries.
    State,
    /// Who governs it: says who changes its state, and can destroy it.
    Governance,
}

impl Source<'_> {
    /// The first address of the account.
    #[must_use]
    pub fn own_address(&self) -> Option<Address> {
        self.state.accounts.get(&self.account)?.external.address(0)
    }

    /// Coins and tokens for somebody.
    ///
    /// # Errors
    /// Too little for an output, unless the deposit is lent; or a tag or metadata that is too long.
    pub fn parcel(
        &self,
        to: Address,
        coins: u64,
        native_tokens: Vec<NativeToken>,
        terms: &Terms,
    ) -> Result<Wish, ActionError> {
        let own = self
            .own_address()
            .ok_or(ActionError::Nothing("the account has no key yet"))?;
        let rent = &self.parameters.rent;
        let make = |amount: u64, returned: Option<u64>| {
            let mut conditions = vec![UnlockCondition::Address(to)];
            conditions.extend(terms.timelock.map(UnlockCondition::Timelock));
            let lend_until = UnixSeconds(self.now.0.saturating_add(LEND_SECONDS));
            let expiration = terms.expiration.or(returned.map(|_| lend_until));
            conditions.extend(expiration.map(|unix_time| UnlockCondition::Expiration {
                return_address: own,
                unix_time,
            }));
            conditions.extend(
                returned.map(|amount| UnlockCondition::StorageDepositReturn {
                    return_address: own,
                    amount,
                }),
            );
            Ok(Output::Basic(BasicOutput {
                amount,
                native_tokens: native_tokens.clone(),
                unlock_conditions: UnlockConditions::new(conditions)
                    .expect("each condition was added once"),
                features: features(None, &terms.metadata, &terms.tag)?,
            }))
        };
        let plain = make(coins, None)?;
        let needed = plain.deposit_min(rent);
        let output = if coins >= needed {
            plain
        } else if terms.lends_deposit {
            let needed = make(coins, Some(0))?.deposit_min(rent);
            let returned = needed
                .saturating_sub(coins)
                .max(basic_deposit_min(rent, &own));
            make(coins.saturating_add(returned), Some(returned))?
        } else if coins == 0 && !native_tokens.is_empty() {
            make(needed, None)?
        } else {
            return Err(ActionError::BelowDeposit {
                amount: coins,
                needed,
            });
        };
        Ok(Wish {
            outputs: vec![output],
            ..Wish::default()
        })
    }

    /// All that is free in as few outputs as can be: at most 128 at once.
    ///
    /// # Errors
    /// There are fewer than two.
    pub fn consolidation(&self) -> Result<Wish, ActionError> {
        let free = self.free();
        if free.len() < 2 {
            return Err(ActionError::Nothing(
                "there are not two outputs to put together",
            ));
        }
        // The smallest first, as there may be more than fit.
        let inputs = free.iter().rev().take(INPUTS_MAX).map(|held| held.id);
        Ok(Wish {
            inputs: inputs.collect(),
            is_closed: true,
            ..Wish::default()
        })
    }

    /// Outputs that the account can claim now.
    #[must_use]
    pub fn claimable(&self) -> Vec<&LedgerOutput> {
        let is_claimable = |held: &&LedgerOutput| {
            let standing = Standing::of(&held.output, self.state, self.now);
            matches!(standing, Standing::Claimable(place) if place.account == self.account)
                && !self.state.is_reserved(&held.id)
        };
        let mut claimable: Vec<_> = self.state.unspent().filter(is_claimable).collect();
        claimable.sort_unstable_by_key(|held| (held.milestone_index, held.id));
        claimable
    }

    /// Takes what can be claimed: all of it, or `only` these.
    ///
    /// # Errors
    /// There is nothing, or one of `only` cannot be claimed.
    pub fn claim(&self, only: &[OutputId]) -> Result<Wish, ActionError> {
        let mut claimable = self.claimable();
        for id in only {
            if !claimable.iter().any(|held| held.id == *id) {
                let (kind, id) = ("claimable output", id.to_string());
                return Err(ActionError::Absent { kind, id });
            }
        }
        claimable.retain(|held| only.is_empty() || only.contains(&held.id));
        claimable.truncate(INPUTS_MAX / 2);
        if claimable.is_empty() {
            return Err(ActionError::Nothing("there is nothing to claim"));
        }
        let mut outputs = Vec::new();
        for held in &claimable {
            let Standing::Claimable(place) = Standing::of(&held.output, self.state, self.now)
            else {
                continue;
            };
            let owner = self.state.address(place);
            if let (Output::Nft(nft), Some(owner)) = (&held.output, owner) {
                outputs.push(self.moved_nft(held, nft, owner));
            }
        }
        Ok(Wish {
            outputs,
            inputs: claimable.iter().map(|held| held.id).collect(),
            ..Wish::default()
        })
    }

    /// An NFT for somebody else.
    ///
    /// # Errors
    /// The account does not have it.
    pub fn send_nft(&self, id: NftId, to: Address) -> Result<Wish, ActionError> {
        let (held, nft) = self.nft(id)?;
        Ok(Wish {
            outputs: vec![self.moved_nft(held, nft, to)],
            inputs: vec![held.id],
            ..Wish::default()
        })
    }

    /// The NFT with a new owner and no other conditions. It keeps its coins, but for what was lent.
    fn moved_nft(&self, held: &LedgerOutput, nft: &NftOutput, owner: Address) -> Output {
        let lent = nft.unlock_conditions.storage_deposit_return();
        let mut next = nft.clone();
        next.nft_id = nft.nft_id.or_from_output(&held.id);
        next.unlock_conditions = owned_by(owner);
        next.features = without_sender(&nft.features);
        next.amount = nft
            .amount
            .saturating_sub(lent.map_or(0, |(_, amount)| amount));
        let needed = Output::Nft(Box::new(next.clone())).deposit_min(&self.parameters.rent);
        next.amount = next.amount.max(needed);
        Output::Nft(Box::new(next))
    }

    /// A new NFT. With `is_issued`, the account is its issuer for ever.
    ///
    /// # Errors
    /// There is no free output, or a text is too long.
    pub fn mint_nft(
        &self,
        to: Address,
        fixed_metadata: &[u8],
        metadata: &[u8],
        tag: &[u8],
        is_issued: bool,
    ) -> Result<Wish, ActionError> {
        let free = self.free();
        let first = free
            .first()
            .ok_or(ActionError::Nothing("the account has nothing to spend"))?;
        let issuer = is_issued
            .then(|| crate::access::owner(&first.output, self.now))
            .flatten();
        let mut nft = NftOutput {
            amount: 0,
            native_tokens: Vec::new(),
            nft_id: NftId::ZERO,
            unlock_conditions: owned_by(to),
            features: features(None, metadata, tag)?,
            immutable_features: features(issuer, fixed_metadata, &[])?,
        };
        nft.amount = Output::Nft(Box::new(nft.clone())).deposit_min(&self.parameters.rent);
        Ok(Wish {
            outputs: vec![Output::Nft(Box::new(nft))],
            inputs: vec![first.id],
            ..Wish::default()
        })
    }

    /// The end of an NFT; its coins come back.
    ///
    /// # Errors
    /// The account does not have it.
    pub fn burn_nft(&self, id: NftId) -> Result<Wish, ActionError> {
        let (held, _) = self.nft(id)?;
        Ok(Wish {
            inputs: vec![held.id],
            ..Wish::default()
        })
    }

    /// A new alias that the account controls and governs.
    ///
    /// # Errors
    /// The account has no key, or a text is too long.
    pub fn create_alias(
        &self,
        state_metadata: &[u8],
        fixed_metadata: &[u8],
    ) -> Result<Wish, ActionError> {
        let own = self
            .own_address()
            .ok_or(ActionError::Nothing("the account has no key yet"))?;
        let conditions = vec![
            UnlockCondition::StateController(own),
            UnlockCondition::Governor(own),
        ];
        let mut alias = AliasOutput {
            amount: 0,
            native_tokens: Vec::new(),
            alias_id: AliasId::ZERO,
            state_index: 0,
            state_metadata: state_metadata.to_vec(),
            foundry_counter: 0,
            unlock_conditions: UnlockConditions::new(conditions).expect("two kinds"),
            features: Features::default(),
            immutable_features: features(None, fixed_metadata, &[])?,
        };
        alias.amount = Output::Alias(Box::new(alias.clone())).deposit_min(&self.parameters.rent);
        Ok(Wish {
            outputs: vec![Output::Alias(Box::new(alias))],
            ..Wish::default()
        })
    }

    /// An alias for somebody else: who changes its state, who governs it, or both.
    ///
    /// # Errors
    /// The account does not govern it.
    pub fn send_alias(
        &self,
        id: AliasId,
        to: Address,
        part: AliasPart,
    ) -> Result<Wish, ActionError> {
        let (held, alias) = self.governed_alias(id)?;
        let old = |address: Option<&Address>| address.copied().unwrap_or(to);
        let controller = match part {
            AliasPart::Governance => old(alias.unlock_conditions.state_controller()),
            AliasPart::All | AliasPart::State => to,
        };
        let governor = match part {
            AliasPart::State => old(alias.unlock_conditions.governor()),
            AliasPart::All | AliasPart::Governance => to,
        };
        let mut next = alias.clone();
        next.alias_id = id;
        next.features = without_sender(&alias.features);
        let conditions = vec![
            UnlockCondition::StateController(controller),
            UnlockCondition::Governor(governor),
        ];
        next.unlock_conditions = UnlockConditions::new(conditions).expect("two kinds");
        Ok(Wish {
            outputs: vec![Output::Alias(Box::new(next))],
            inputs: vec![held.id],
            ..Wish::default()
        })
    }

    /// The end of an alias; its coins come back.
    ///
    /// # Errors
    /// The account does not have it, or it has foundries.
    pub fn destroy_alias(&self, id: AliasId) -> Result<Wish, ActionError> {
        let (held, _) = self.governed_alias(id)?;
        let has_foundries = self.state.unspent().any(|held| match &held.output {
            Output::Foundry(foundry) => foundry.unlock_conditions.immutable_alias() == Some(&id),
            _ => false,
        });
        if has_foundries {
            return Err(ActionError::Supply(
                "the alias has foundries, which nobody could ever change again: destroy them first",
            ));
        }
        Ok(Wish {
            inputs: vec![held.id],
            ..Wish::default()
        })
    }

    /// A new foundry of an alias, and the tokens that it mints at once. Also the token's id.
    ///
    /// # Errors
    /// The account does not have the alias, or the supply makes no sense.
    pub fn create_foundry(
        &self,
        alias: AliasId,
        minted: U256,
        maximum: U256,
        fixed_metadata: &[u8],
    ) -> Result<(Wish, TokenId), ActionError> {
        if maximum.is_zero() || minted > maximum {
            return Err(ActionError::Supply(
                "the maximum supply must not be zero, nor less than what is minted now",
            ));
        }
        let (held, mut next) = self.next_alias(alias)?;
        next.foundry_counter = next
            .foundry_counter
            .checked_add(1)
            .ok_or(ActionError::Supply(
                "the alias has all foundries it can have",
            ))?;
        let mut foundry = FoundryOutput {
            amount: 0,
            native_tokens: Vec::new(),
            serial_number: next.foundry_counter,
            token_scheme: SimpleTokenScheme {
                minted,
                melted: U256::zero(),
                maximum,
            },
            unlock_conditions: UnlockConditions::new(vec![UnlockCondition::ImmutableAlias(alias)])
                .expect("one condition"),
            features: Features::default(),
            immutable_features: features(None, fixed_metadata, &[])?,
        };
        foundry.amount =
            Output::Foundry(Box::new(foundry.clone())).deposit_min(&self.parameters.rent);
        let token = FoundryId::new(&alias, foundry.serial_number, 0);
        let wish = Wish {
            outputs: vec![
                Output::Alias(Box::new(next)),
                Output::Foundry(Box::new(foundry)),
            ],
            inputs: vec![held.id],
            ..Wish::default()
        };
        Ok((wish, token))
    }

    /// More of a token whose foundry the account controls.
    ///
    /// # Errors
    /// The account does not control it, or there can be no more.
    pub fn mint(&self, token: TokenId, amount: U256) -> Result<Wish, ActionError> {
        self.change_supply(token, |scheme| {
            let minted = scheme.minted.checked_add(amount);
            let minted = minted.filter(|minted| *minted - scheme.melted <= scheme.maximum);
            scheme.minted = minted.ok_or(ActionError::Supply(
                "more would circulate than the token's maximum supply",
            ))?;
            Ok(())
        })
    }

    /// Less of a token whose foundry the account controls; the maximum can be minted again.
    ///
    /// # Errors
    /// The account does not control it, or less circulates.
    pub fn melt(&self, token: TokenId, amount: U256) -> Result<Wish, ActionError> {
        self.change_supply(token, |scheme| {
            let melted = scheme.melted.checked_add(amount);
            let melted = melted.filter(|melted| *melted <= scheme.minted);
            scheme.melted = melted.ok_or(ActionError::Supply(
                "fewer of the token circulate than that",
            ))?;
            Ok(())
        })
    }

    fn change_supply(
        &self,
        token: TokenId,
        change: impl FnOnce(&mut SimpleTokenScheme) -> Result<(), ActionError>,
    ) -> Result<Wish, ActionError> {
        let (held, foundry) = self.foundry(token)?;
        let (alias, next) = self.next_alias(token.alias_id())?;
        let mut foundry = foundry.clone();
        change(&mut foundry.token_scheme)?;
        Ok(Wish {
            outputs: vec![
                Output::Alias(Box::new(next)),
                Output::Foundry(Box::new(foundry)),
            ],
            inputs: vec![alias.id, held.id],
            ..Wish::default()
        })
    }

    /// Tokens that vanish without their foundry knowing.
    #[must_use]
    pub fn burn(&self, token: TokenId, amount: U256) -> Wish {
        Wish {
            burn: BTreeMap::from([(token, amount)]),
            ..Wish::default()
        }
    }

    /// The end of a foundry; all of its tokens must be in the account.
    ///
    /// # Errors
    /// The account does not control it.
    pub fn destroy_foundry(&self, id: FoundryId) -> Result<Wish, ActionError> {
        let (held, _) = self.foundry(id)?;
        let (alias, next) = self.next_alias(id.alias_id())?;
        Ok(Wish {
            outputs: vec![Output::Alias(Box::new(next))],
            inputs: vec![alias.id, held.id],
            ..Wish::default()
        })
    }

    fn nft(&self, id: NftId) -> Result<(&LedgerOutput, &NftOutput), ActionError> {
        let found = self.state.unspent().find_map(|held| match &held.output {
            Output::Nft(nft) if nft.nft_id.or_from_output(&held.id) == id => Some((held, &**nft)),
            _ => None,
        });
        let (held, nft) = found.ok_or_else(|| absent("NFT", id))?;
        let opener = opener(&held.output, self.state, self.now);
        self.check_account(opener, "NFT", id)?;
        Ok((held, nft))
    }

    /// An alias whose state the account changes.
    fn alias(&self, id: AliasId) -> Result<(&LedgerOutput, &AliasOutput), ActionError> {
        let (held, alias) = self.any_alias(id)?;
        let controller = alias.unlock_conditions.state_controller();
        self.check_account(controller.copied(), "alias", id)?;
        Ok((held, alias))
    }

    /// An alias that the account governs.
    fn governed_alias(&self, id: AliasId) -> Result<(&LedgerOutput, &AliasOutput), ActionError> {
        let (held, alias) = self.any_alias(id)?;
        let governor = alias.unlock_conditions.governor();
        self.check_account(governor.copied(), "alias", id)?;
        Ok((held, alias))
    }

    fn any_alias(&self, id: AliasId) -> Result<(&LedgerOutput, &AliasOutput), ActionError> {
        let held = self.state.alias(&id).ok_or_else(|| absent("alias", id))?;
        let Output::Alias(alias) = &held.output else {
            return Err(absent("alias", id));
        };
        Ok((held, alias))
    }

    fn foundry(&self, id: FoundryId) -> Result<(&LedgerOutput, &FoundryOutput), ActionError> {
        let found = self.state.unspent().find_map(|held| match &held.output {
            Output::Foundry(foundry) if foundry.id() == Some(id) => Some((held, &**foundry)),
            _ => None,
        });
        let (held, foundry) = found.ok_or_else(|| absent("foundry", id))?;
        let opener = opener(&held.output, self.state, self.now);
        self.check_account(opener, "foundry", id)?;
        Ok((held, foundry))
    }

    /// That an address is not one of another account. Whether it is one of this account, and can
    /// be opened now, is found when the transaction is built.
    fn check_account(
        &self,
        address: Option<Address>,
        kind: &'static str,
        id: impl ToString,
    ) -> Result<(), ActionError> {
        let place = address.and_then(|address| self.state.place(&address));
        match place {
            Some(KeyPlace { account, .. }) if account != self.account => {
                let id = id.to_string();
                Err(ActionError::OtherAccount { kind, id, account })
            }
            _ => Ok(()),
        }
    }

    /// An alias one state further.
    fn next_alias(&self, id: AliasId) -> Result<(&LedgerOutput, AliasOutput), ActionError> {
        let (held, alias) = self.alias(id)?;
        let mut next = alias.clone();
        next.alias_id = id;
        next.state_index = next.state_index.wrapping_add(1);
        next.features = without_sender(&alias.features);
        Ok((held, next))
    }
}

/// Data that goes with a transaction.
///
/// # Errors
/// The tag is too long.
pub fn tagged_data(tag: &[u8], data: &[u8]) -> Result<TaggedData, ActionError> {
    let max = tangle_types::TAG_SIZE_BYTES_MAX;
    if tag.len() > max {
        let (field, found) = ("the tag", tag.len());
        return Err(ActionError::Bytes { field, found, max });
    }
    Ok(TaggedData {
        tag: tag.to_vec(),
        data: data.to_vec(),
    })
}

fn absent(kind: &'static str, id: impl ToString) -> ActionError {
    let id = id.to_string();
    ActionError::Absent { kind, id }
}

fn owned_by(owner: Address) -> UnlockConditions {
    UnlockConditions::new(vec![UnlockCondition::Address(owner)]).expect("one condition")
}

/// A sender would have to be unlocked again.
fn without_sender(features: &Features) -> Features {
    let kept = features.iter();
    let kept = kept.filter(|feature| !matches!(feature, Feature::Sender(_)));
    Features::new(kept.cloned().collect()).expect("they were unique before")
}

fn features(issuer: Option<Address>, metadata: &[u8], tag: &[u8]) -> Result<Features, ActionError> {
    let check = |field, bytes: &[u8], max| {
        let found = bytes.len();
        if found > max {
            return Err(ActionError::Bytes { field, found, max });
        }
        Ok(())
    };
    check("metadata", metadata, tangle_types::METADATA_SIZE_BYTES_MAX)?;
    check("the tag", tag, tangle_types::TAG_SIZE_BYTES_MAX)?;
    let mut features: Vec<Feature> = issuer.map(Feature::Issuer).into_iter().collect();
    if !metadata.is_empty() {
        features.push(Feature::Metadata(metadata.to_vec()));
    }
    if !tag.is_empty() {
        features.push(Feature::Tag(tag.to_vec()));
    }
    Ok(Features::new(features).expect("each was added once"))
}
