//! Who owns each input, and whether its unlock opens it (TIP-18, TIP-20).

use tangle_types::{
    Address, AliasId, AliasOutput, ConflictReason, LedgerOutput, Output, UnixSeconds, Unlock,
};

use crate::VerifiedTransaction;

/// Identities that the transaction has unlocked, with the position of the unlock that did it. At
/// most two for each of 128 inputs, so that a scan is as fast as a map.
#[derive(Debug, Default)]
pub(crate) struct Unlocked {
    identities: Vec<(Address, usize)>,
    /// For each input, who had to open it.
    owners: Vec<Address>,
}

impl Unlocked {
    /// Whether the identity is unlocked.
    pub(crate) fn contains(&self, identity: &Address) -> bool {
        self.position(identity).is_some()
    }

    /// Where the identity was unlocked.
    pub(crate) fn position(&self, identity: &Address) -> Option<usize> {
        self.identities
            .iter()
            .find(|(known, _)| known == identity)
            .map(|(_, position)| *position)
    }

    fn add(&mut self, identity: Address, position: usize) {
        self.identities.push((identity, position));
    }

    /// Whether the identity opened the input at `position`: as its owner, or because the input
    /// itself is the identity.
    pub(crate) fn opened(&self, identity: &Address, position: usize) -> bool {
        self.owners.get(position) == Some(identity) || self.position(identity) == Some(position)
    }
}

/// Whose keys the signature unlocks are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Those that they show.
    Shown,
    /// Those of the inputs' owners, who have not signed yet.
    Expected,
}

/// Opens every input in order. An alias or NFT must come before the inputs that it owns.
pub(crate) fn unlock_all(
    transaction: &VerifiedTransaction<'_>,
    inputs: &[&LedgerOutput],
    now: UnixSeconds,
    keys: Keys,
) -> Result<Unlocked, ConflictReason> {
    let outputs = &transaction.transaction.essence.outputs;
    let mut unlocked = Unlocked::default();
    for (position, input) in inputs.iter().enumerate() {
        let change = AliasChange::of(input, outputs);
        let owner = owner(&input.output, change, now)?;
        unlock(transaction, position, owner, keys, &mut unlocked)?;
        unlocked.owners.push(owner);
        match &input.output {
            Output::Nft(nft) => {
                unlocked.add(Address::Nft(nft.nft_id.or_from_output(&input.id)), position);
            }
            // A change of governance opens nothing that the alias owns.
            Output::Alias(alias) if change == AliasChange::State => {
                unlocked.add(
                    Address::Alias(alias.alias_id.or_from_output(&input.id)),
                    position,
                );
            }
            _ => {}
        }
    }
    Ok(unlocked)
}

/// What a transaction does to an alias among its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AliasChange {
    /// It is no alias.
    None,
    Governance,
    State,
    Destruction,
    /// The state index jumps.
    Invalid,
}

impl AliasChange {
    fn of(input: &LedgerOutput, outputs: &[Output]) -> Self {
        let Output::Alias(alias) = &input.output else {
            return Self::None;
        };
        let id = alias.alias_id.or_from_output(&input.id);
        let Some(next) = find_alias(outputs, id) else {
            return Self::Destruction;
        };
        if next.state_index == alias.state_index {
            Self::Governance
        } else if next.state_index == alias.state_index.wrapping_add(1) {
            Self::State
        } else {
            Self::Invalid
        }
    }
}

/// The output of an existing alias.
fn find_alias(outputs: &[Output], id: AliasId) -> Option<&AliasOutput> {
    outputs.iter().find_map(|output| match output {
        Output::Alias(alias) if alias.alias_id == id => Some(&**alias),
        _ => None,
    })
}

/// The identity that must open an input.
fn owner(
    output: &Output,
    change: AliasChange,
    now: UnixSeconds,
) -> Result<Address, ConflictReason> {
    let conditions = output.unlock_conditions();
    let owner = match output {
        Output::Basic(_) | Output::Nft(_) => match conditions.expiration() {
            Some((return_address, expires)) if expires <= now => Some(*return_address),
            _ => conditions.address().copied(),
        },
        Output::Foundry(_) => conditions.immutable_alias().copied().map(Address::Alias),
        Output::Alias(_) => match change {
            AliasChange::State => conditions.state_controller().copied(),
            AliasChange::Invalid => return Err(ConflictReason::InvalidChainTransition),
            _ => conditions.governor().copied(),
        },
    };
    // Every stored output passed the syntactic rules, which ask for these conditions.
    owner.ok_or(ConflictReason::Other)
}

/// Checks that the unlock at `position` is the one that `owner` must give.
fn unlock(
    transaction: &VerifiedTransaction<'_>,
    position: usize,
    owner: Address,
    keys: Keys,
    unlocked: &mut Unlocked,
) -> Result<(), ConflictReason> {
    let unlock = transaction
        .transaction
        .unlocks
        .get(position)
        .ok_or(ConflictReason::InvalidUnlock)?;
    let known = unlocked.position(&owner);
    let opener = match (owner, unlock) {
        (Address::Ed25519(_), Unlock::Signature { public_key, .. }) => {
            if known.is_some() {
                return Err(ConflictReason::InvalidUnlock);
            }
            let is_owners_key =
                keys == Keys::Expected || Address::from_public_key(public_key) == owner;
            if !is_owners_key || !transaction.signatures.is_valid(position) {
                return Err(ConflictReason::InvalidSignature);
            }
            unlocked.add(owner, position);
            return Ok(());
        }
        (Address::Ed25519(_), Unlock::Reference(opener))
        | (Address::Alias(_), Unlock::Alias(opener))
        | (Address::Nft(_), Unlock::Nft(opener)) => usize::from(*opener),
        _ => return Err(ConflictReason::InvalidUnlock),
    };
    if known == Some(opener) {
        Ok(())
    } else {
        Err(ConflictReason::InvalidUnlock)
    }
}
