//! What a wallet knows of its keys and of the ledger: addresses, outputs, transactions on their
//! way. It holds no secret.
//!
//! A *chain* of keys are those of an account for others to pay to (external) or for its own change
//! (internal). Of a key the address is known and not more: a hardware device tells no public key
//! before it signs. Some keys beyond those in use are known too, so that without the words the
//! wallet finds what another copy of it received. An output stays here when it is spent: that is
//! the history.

use std::collections::{BTreeMap, BTreeSet};

use tangle_types::{
    Address, AliasId, BlockId, IdMap, LedgerOutput, MilestoneId, MilestoneIndex, NetworkId, Output,
    OutputId, Spend, Transaction, TransactionId, UnixSeconds,
};

use crate::keys::KeyPlace;

/// Most keys of one chain.
pub(crate) const KEYS_MAX: usize = 1 << 20;

/// Everything that a wallet knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The network that the outputs are of; `None` before the first sync.
    pub network: Option<NetworkId>,
    /// The milestone up to which the ledger is known.
    pub ledger: Point,
    /// Keys, by the number of the account.
    pub accounts: BTreeMap<u32, AccountKeys>,
    /// Transactions on their way, oldest first.
    pub pending: Vec<Pending>,
    /// Outputs that concern the wallet, spent or not.
    pub(crate) outputs: IdMap<OutputId, Record>,
    /// Outputs for others, of transactions that spent something of the wallet, with their numbers;
    /// for the history. Without those that are in `outputs` because they name a key.
    pub(crate) elsewhere: BTreeMap<TransactionId, Vec<(u16, Output)>>,
    /// Whose the addresses are.
    owners: IdMap<[u8; 32], KeyPlace>,
}

/// A point in the life of a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Milestone.
    pub index: MilestoneIndex,
    /// Its time.
    pub time: UnixSeconds,
    /// Its id; zero when it is not known.
    pub id: [u8; 32],
}

/// The keys of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountKeys {
    /// For others to pay to.
    pub external: KeyChain,
    /// For change.
    pub internal: KeyChain,
}

/// Keys from number 0 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChain {
    /// The hashes in the Ed25519 addresses of all that are known.
    pub hashes: Vec<[u8; 32]>,
    /// How many were given to somebody or hold something.
    pub used: u32,
}

/// An output and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The output, with where it comes from.
    pub output: LedgerOutput,
    /// How it was spent; the transaction's id is zero when nobody knows any more.
    pub spent: Option<Spend>,
}

/// A transaction on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The transaction.
    pub transaction: Transaction,
    /// The blocks that carry it, oldest first.
    pub blocks: Vec<BlockId>,
    /// Number of the account.
    pub account: u32,
    /// When it was made.
    pub made: UnixSeconds,
}

impl Point {
    /// The milestone's id, where it is known.
    #[must_use]
    pub fn milestone_id(&self) -> Option<MilestoneId> {
        (self.id != [0; 32]).then_some(MilestoneId(self.id))
    }
}

impl AccountKeys {
    /// One of the two chains.
    #[must_use]
    pub const fn chain(&self, is_internal: bool) -> &KeyChain {
        if is_internal {
            &self.internal
        } else {
            &self.external
        }
    }

    const fn chain_mut(&mut self, is_internal: bool) -> &mut KeyChain {
        if is_internal {
            &mut self.internal
        } else {
            &mut self.external
        }
    }
}

impl KeyChain {
    /// The address of a key.
    #[must_use]
    pub fn address(&self, index: u32) -> Option<Address> {
        let hash = self.hashes.get(usize::try_from(index).ok()?)?;
        Some(Address::Ed25519(*hash))
    }
}

impl State {
    /// Adds keys at the end of a chain, by the hashes in their addresses. More than a million are
    /// not kept.
    pub fn add_keys(&mut self, account: u32, is_internal: bool, hashes: &[[u8; 32]]) {
        let chain = self.accounts.entry(account).or_default();
        let chain = chain.chain_mut(is_internal);
        for hash in hashes {
            let Ok(index) = u32::try_from(chain.hashes.len()) else {
                return;
            };
            if chain.hashes.len() >= KEYS_MAX {
                return;
            }
            chain.hashes.push(*hash);
            let place = KeyPlace {
                account,
                is_internal,
                index,
            };
            self.owners.insert(*hash, place);
        }
    }

    /// Says that all keys up to this one are in use.
    pub fn mark_used(&mut self, place: KeyPlace) {
        if let Some(account) = self.accounts.get_mut(&place.account) {
            let chain = account.chain_mut(place.is_internal);
            chain.used = chain.used.max(place.index + 1);
        }
    }

    /// Whose key an address is of.
    #[must_use]
    pub fn place(&self, address: &Address) -> Option<KeyPlace> {
        match address {
            Address::Ed25519(hash) => self.owners.get(hash).copied(),
            Address::Alias(_) | Address::Nft(_) => None,
        }
    }

    /// The address of the key at a place.
    #[must_use]
    pub fn address(&self, place: KeyPlace) -> Option<Address> {
        let chain = self.accounts.get(&place.account)?.chain(place.is_internal);
        chain.address(place.index)
    }

    /// What is known of an output.
    #[must_use]
    pub fn record(&self, id: &OutputId) -> Option<&Record> {
        self.outputs.get(id)
    }

    /// All outputs, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<&Record> {
        let mut records: Vec<_> = self.outputs.values().collect();
        records.sort_unstable_by_key(|record| (record.output.milestone_index, record.output.id));
        records
    }

    /// Outputs that are not spent, in no order.
    pub(crate) fn unspent(&self) -> impl Iterator<Item = &LedgerOutput> {
        let records = self.outputs.values();
        records
            .filter(|record| record.spent.is_none())
            .map(|record| &record.output)
    }

    /// The output that an alias is in now.
    pub(crate) fn alias(&self, id: &AliasId) -> Option<&LedgerOutput> {
        self.unspent().find(|held| match &held.output {
            Output::Alias(alias) => alias.alias_id.or_from_output(&held.id) == *id,
            _ => false,
        })
    }

    /// Takes an output in and marks the keys that it names as used.
    pub(crate) fn put(&mut self, record: Record) {
        let named: Vec<KeyPlace> = named_addresses(&record.output.output)
            .filter_map(|address| self.place(&address))
            .collect();
        named.into_iter().for_each(|place| self.mark_used(place));
        self.outputs.insert(record.output.id, record);
    }

    /// Remembers what a transaction that spent something of the wallet made for others.
    pub(crate) fn put_elsewhere(&mut self, id: TransactionId, outputs: &[Output]) {
        let others = (0_u16..).zip(outputs);
        let others = others.filter(|(index, _)| self.record(&OutputId::new(id, *index)).is_none());
        let others = others.map(|(index, output)| (index, output.clone()));
        let others = others.collect();
        self.elsewhere.insert(id, others);
    }

    /// What a transaction that spent something of the wallet made for others, without outputs that
    /// name a key of the wallet; empty when nobody knows.
    #[must_use]
    pub fn made_for_others(&self, id: TransactionId) -> Vec<(OutputId, &Output)> {
        let others = self.elsewhere.get(&id).into_iter().flatten();
        others
            .map(|(index, output)| (OutputId::new(id, *index), output))
            .collect()
    }

    /// Forgets an account with its keys; outputs that name them are somebody else's then.
    pub fn forget_account(&mut self, number: u32) {
        self.accounts.remove(&number);
        self.owners.retain(|_, place| place.account != number);
    }

    /// Forgets outputs that are spent, but for at most the newest `kept`, and where they went: so
    /// what a wallet knows need not grow with what it did. The history is whole after the
    /// milestone that is given back, if there is one.
    pub fn forget_spent(&mut self, kept: usize) -> Option<MilestoneIndex> {
        let spends = self.outputs.values().filter_map(|record| record.spent);
        let mut milestones: Vec<_> = spends.map(|spent| spent.milestone_index).collect();
        let last = milestones.len().checked_sub(kept + 1)?;
        milestones.sort_unstable();
        let last = milestones[last];
        let is_kept = |spent: Spend| spent.milestone_index > last;
        self.outputs
            .retain(|_, record| record.spent.is_none_or(is_kept));
        let spends = self.outputs.values().filter_map(|record| record.spent);
        let known: BTreeSet<_> = spends.map(|spent| spent.transaction_id).collect();
        self.elsewhere.retain(|id, _| known.contains(id));
        Some(last)
    }

    /// Forgets the ledger, as when it is another one.
    pub(crate) fn forget_ledger(&mut self) {
        self.outputs.clear();
        self.elsewhere.clear();
        self.pending.clear();
        self.ledger = Point::default();
    }

    /// Whether an output is spent by a transaction on its way.
    #[must_use]
    pub fn is_reserved(&self, id: &OutputId) -> bool {
        let mut pending = self.pending.iter();
        pending.any(|pending| pending.transaction.essence.inputs.contains(id))
    }

    /// Whether an output names a key of the wallet, or an alias that the wallet controls.
    pub(crate) fn concerns(&self, output: &Output) -> bool {
        named_addresses(output).any(|address| match address {
            Address::Ed25519(_) => self.place(&address).is_some(),
            Address::Alias(id) => self.alias(&id).is_some(),
            Address::Nft(_) => false,
        })
    }
}

/// Every address in the conditions of an output.
pub(crate) fn named_addresses(output: &Output) -> impl Iterator<Item = Address> {
    let conditions = output.unlock_conditions();
    let alias = conditions.immutable_alias().copied().map(Address::Alias);
    [
        conditions.address().copied(),
        conditions.storage_deposit_return().map(|(to, _)| *to),
        conditions.expiration().map(|(to, _)| *to),
        conditions.state_controller().copied(),
        conditions.governor().copied(),
        alias,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output of milestone `number`, spent in the next one if `is_spent`.
    fn record(number: u8, is_spent: bool) -> Record {
        let milestone = u32::from(number);
        let spent = is_spent.then_some(Spend {
            transaction_id: TransactionId([number; 32]),
            milestone_index: MilestoneIndex(milestone + 1),
            milestone_timestamp: UnixSeconds(milestone + 1),
        });
        Record {
            output: LedgerOutput {
                id: OutputId([number; 34]),
                block_id: BlockId::ZERO,
                milestone_index: MilestoneIndex(milestone),
                milestone_timestamp: UnixSeconds(milestone),
                output: Output::basic(Address::Ed25519([1; 32]), 1),
            },
            spent,
        }
    }

    #[test]
    fn only_what_was_spent_long_ago_is_forgotten() {
        let mut state = State::default();
        for number in 1..=6 {
            let is_spent = number != 2;
            state.put(record(number, is_spent));
            if is_spent {
                let others = [Output::basic(Address::Ed25519([9; 32]), 1)];
                state.put_elsewhere(TransactionId([number; 32]), &others);
            }
        }
        assert_eq!(state.forget_spent(5), None);
        assert_eq!(state.forget_spent(2), Some(MilestoneIndex(5)));
        let left = state.records();
        let left: Vec<u8> = left.iter().map(|record| record.output.id.0[0]).collect();
        assert_eq!(left, [2, 5, 6], "the second one is not spent");
        let elsewhere: Vec<u8> = state.elsewhere.keys().map(|id| id.0[0]).collect();
        assert_eq!(elsewhere, [5, 6]);
        assert_eq!(state.forget_spent(2), None);
    }
}
