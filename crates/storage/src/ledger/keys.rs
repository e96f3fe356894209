//! Keys of the index of outputs: lists of unspent ones, and the past of addresses.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | role: why the output is listed |
//! | 1 | kind of output, 3 to 6 |
//! | – | who or what it is listed for: address (33), length and tag, nothing for [`Role::All`] |
//! | 4 | creation time, big-endian |
//! | 34 | output id |
//!
//! So each list is sorted by creation time and id, as TIP-26 wants it. The entry of a chain has its
//! id in place of the last two and leads to the output's id.
//!
//! A spent output is in the [`Role::Past`] of every address that could unlock it, now or ever, with
//! no kind, and with the time at which it was created or spent: two entries, or one when a single
//! milestone did both. No two milestones have the same time, so the output's record tells which of
//! the two an entry is about. As long as an output is unspent, the other lists tell when it came.

use tangle_types::{
    Address, Codec, LedgerOutput, Output, OutputId, Spend, UnixSeconds, UnlockCondition,
};

/// Why an output is in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    All,
    Address,
    StorageDepositReturn,
    Expiration,
    StateController,
    Governor,
    ImmutableAlias,
    Sender,
    Issuer,
    Tag,
    Chain,
    Past,
}

impl Role {
    const fn to_byte(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Address => 1,
            Self::StorageDepositReturn => 2,
            Self::Expiration => 3,
            Self::StateController => 4,
            Self::Governor => 5,
            Self::ImmutableAlias => 6,
            Self::Sender => 7,
            Self::Issuer => 8,
            Self::Tag => 9,
            Self::Chain => 10,
            Self::Past => 11,
        }
    }
}

impl Role {
    /// Type bytes of the outputs that can have the role.
    pub(crate) const fn kinds(self) -> &'static [u8] {
        match self {
            Self::All | Self::Past => &[3, 4, 5, 6],
            Self::Address | Self::StorageDepositReturn | Self::Expiration | Self::Tag => &[3, 6],
            Self::StateController | Self::Governor => &[4],
            Self::ImmutableAlias => &[5],
            Self::Sender => &[3, 4, 6],
            Self::Issuer => &[4, 6],
            Self::Chain => &[4, 5, 6],
        }
    }
}

/// Length of the sorted part of a key.
pub(crate) const PLACE_BYTES: usize = 38;

/// A place in a list: creation time, in the past of an address the time of what happened; then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) created: UnixSeconds,
    pub(crate) id: OutputId,
}

impl Place {
    /// The first place of every list.
    pub(crate) const FIRST: Self = Self {
        created: UnixSeconds(0),
        id: OutputId::ZERO,
    };

    /// The last place of every list.
    pub(crate) const LAST: Self = Self {
        created: UnixSeconds(u32::MAX),
        id: OutputId([u8::MAX; OutputId::LENGTH]),
    };

    pub(crate) fn to_bytes(self) -> [u8; PLACE_BYTES] {
        let mut bytes = [0; PLACE_BYTES];
        bytes[..4].copy_from_slice(&self.created.0.to_be_bytes());
        bytes[4..].copy_from_slice(&self.id.0);
        bytes
    }

    /// The place that a key ends with.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        let (created, id) = key.last_chunk::<PLACE_BYTES>()?.split_first_chunk()?;
        Some(Self {
            created: UnixSeconds(u32::from_be_bytes(*created)),
            id: OutputId(id.try_into().ok()?),
        })
    }

    /// The next greater place, if there is one.
    pub(crate) fn successor(self) -> Option<Self> {
        let mut bytes = self.to_bytes();
        for byte in bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return Self::of_key(&bytes);
            }
        }
        None
    }
}

/// The list of all outputs of a kind.
pub(crate) fn all(kind: u8) -> Vec<u8> {
    vec![Role::All.to_byte(), kind]
}

/// The list of outputs of a kind in which `address` has a role.
pub(crate) fn by_address(role: Role, kind: u8, address: &Address) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 + Address::LENGTH + PLACE_BYTES);
    key.extend_from_slice(&[role.to_byte(), kind]);
    address.write(&mut key);
    key
}

/// The list of outputs of a kind with a tag.
pub(crate) fn by_tag(kind: u8, tag: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(3 + tag.len() + PLACE_BYTES);
    key.extend_from_slice(&[Role::Tag.to_byte(), kind, tag.len() as u8]);
    key.extend_from_slice(tag);
    key
}

/// The entry of a chain.
pub(crate) fn chain(kind: u8, id: &[u8]) -> Vec<u8> {
    let mut key = vec![Role::Chain.to_byte(), kind];
    key.extend_from_slice(id);
    key
}

/// The entry of the chain that an output belongs to.
pub(crate) fn chain_of(output: &LedgerOutput) -> Option<Vec<u8>> {
    let kind = output.output.kind();
    match &output.output {
        Output::Basic(_) => None,
        Output::Alias(alias) => {
            let id = alias.alias_id.or_from_output(&output.id);
            Some(chain(kind, &id.0))
        }
        Output::Foundry(foundry) => Some(chain(kind, &foundry.id()?.0)),
        Output::Nft(nft) => {
            let id = nft.nft_id.or_from_output(&output.id);
            Some(chain(kind, &id.0))
        }
    }
}

/// The past of an address.
pub(crate) fn past(address: &Address) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + Address::LENGTH + PLACE_BYTES);
    key.push(Role::Past.to_byte());
    address.write(&mut key);
    key
}

/// The first and the last key that an entry of any address's past can have.
pub(crate) fn all_past() -> (Vec<u8>, Vec<u8>) {
    let first = vec![Role::Past.to_byte()];
    let mut last = first.clone();
    last.extend_from_slice(&[u8::MAX; Address::LENGTH + PLACE_BYTES]);
    (first, last)
}

/// Calls `entry` with each entry that a spent output has in the past of addresses.
pub(crate) fn for_each_past(output: &LedgerOutput, spend: &Spend, mut entry: impl FnMut(Vec<u8>)) {
    let (created, spent) = (output.milestone_timestamp, spend.milestone_timestamp);
    let conditions = output.output.unlock_conditions().iter();
    let owners: Vec<Address> = conditions
        .filter_map(unlocking)
        .map(|(_, owner)| owner)
        .collect();
    for (number, owner) in owners.iter().enumerate() {
        // An address that has several roles has its entries once.
        if owners[..number].contains(owner) {
            continue;
        }
        let mut add = |time| {
            let mut key = past(owner);
            let place = Place {
                created: time,
                id: output.id,
            };
            key.extend_from_slice(&place.to_bytes());
            entry(key);
        };
        add(spent);
        if created != spent {
            add(created);
        }
    }
}

/// Whom a condition lets unlock the output, now or ever, and in which role.
fn unlocking(condition: &UnlockCondition) -> Option<(Role, Address)> {
    Some(match condition {
        UnlockCondition::Address(address) => (Role::Address, *address),
        UnlockCondition::StorageDepositReturn { return_address, .. } => {
            (Role::StorageDepositReturn, *return_address)
        }
        UnlockCondition::Timelock(_) => return None,
        UnlockCondition::Expiration { return_address, .. } => (Role::Expiration, *return_address),
        UnlockCondition::StateController(address) => (Role::StateController, *address),
        UnlockCondition::Governor(address) => (Role::Governor, *address),
        UnlockCondition::ImmutableAlias(id) => (Role::ImmutableAlias, Address::Alias(*id)),
    })
}

/// Calls `list` with each list that an output is in.
pub(crate) fn for_each_list(output: &Output, mut list: impl FnMut(Vec<u8>)) {
    let kind = output.kind();
    list(all(kind));
    for (role, address) in output.unlock_conditions().iter().filter_map(unlocking) {
        list(by_address(role, kind, &address));
    }
    if let Some(sender) = output.features().sender() {
        list(by_address(Role::Sender, kind, sender));
    }
    if let Some(tag) = output.features().tag() {
        list(by_tag(kind, tag));
    }
    let issuer = output
        .immutable_features()
        .and_then(|features| features.issuer());
    if let Some(issuer) = issuer {
        list(by_address(Role::Issuer, kind, issuer));
    }
}
