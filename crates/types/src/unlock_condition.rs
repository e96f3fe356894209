//! Unlock conditions: when and by whom an output may be spent (TIP-18).

use crate::codec::{Ascending, Limit, write_count_u8};
use crate::{Address, AliasId, Codec, DecodeError, Reader, UnixSeconds};

/// One condition. The variants are in the order of their type bytes, 0 to 6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnlockCondition {
    /// 0: the owner.
    Address(Address),
    /// 1: the spender must return `amount` to `return_address`.
    StorageDepositReturn {
        /// Who gets the deposit back.
        return_address: Address,
        /// How much, in the smallest unit.
        amount: u64,
    },
    /// 2: not before this time.
    Timelock(UnixSeconds),
    /// 3: from `unix_time` on, the owner is `return_address`.
    Expiration {
        /// The owner after expiration.
        return_address: Address,
        /// First second at which the output is expired.
        unix_time: UnixSeconds,
    },
    /// 4: who may change an alias's state.
    StateController(Address),
    /// 5: who may change an alias's controllers or destroy it.
    Governor(Address),
    /// 6: the alias that controls a foundry, for ever.
    ImmutableAlias(AliasId),
}

/// Conditions of an output: sorted by type, at most one of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnlockConditions(pub(crate) Vec<UnlockCondition>);

impl UnlockCondition {
    /// The type byte, 0 to 6.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Address(_) => 0,
            Self::StorageDepositReturn { .. } => 1,
            Self::Timelock(_) => 2,
            Self::Expiration { .. } => 3,
            Self::StateController(_) => 4,
            Self::Governor(_) => 5,
            Self::ImmutableAlias(_) => 6,
        }
    }

    /// Length of the binary form.
    #[must_use]
    pub const fn packed_len(&self) -> usize {
        match self {
            Self::Address(_)
            | Self::StateController(_)
            | Self::Governor(_)
            | Self::ImmutableAlias(_) => 1 + Address::LENGTH,
            Self::StorageDepositReturn { .. } => 1 + Address::LENGTH + 8,
            Self::Timelock(_) => 1 + 4,
            Self::Expiration { .. } => 1 + Address::LENGTH + 4,
        }
    }
}

impl UnlockCondition {
    /// The error of an immutable alias condition with another kind of address.
    pub(crate) fn not_an_alias(address: &Address) -> DecodeError {
        DecodeError::Kind {
            field: "address of an immutable alias condition",
            found: u32::from(address.kind()),
        }
    }
}

impl Codec for UnlockCondition {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind());
        match self {
            Self::Address(address) | Self::StateController(address) | Self::Governor(address) => {
                address.write(out);
            }
            Self::StorageDepositReturn {
                return_address,
                amount,
            } => {
                return_address.write(out);
                out.extend_from_slice(&amount.to_le_bytes());
            }
            Self::Timelock(unix_time) => unix_time.write(out),
            Self::Expiration {
                return_address,
                unix_time,
            } => {
                return_address.write(out);
                unix_time.write(out);
            }
            Self::ImmutableAlias(alias_id) => Address::Alias(*alias_id).write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8()? {
            0 => Self::Address(Address::read(reader)?),
            1 => Self::StorageDepositReturn {
                return_address: Address::read(reader)?,
                amount: reader.u64()?,
            },
            2 => Self::Timelock(UnixSeconds::read(reader)?),
            3 => Self::Expiration {
                return_address: Address::read(reader)?,
                unix_time: UnixSeconds::read(reader)?,
            },
            4 => Self::StateController(Address::read(reader)?),
            5 => Self::Governor(Address::read(reader)?),
            6 => match Address::read(reader)? {
                Address::Alias(alias_id) => Self::ImmutableAlias(alias_id),
                other => return Err(Self::not_an_alias(&other)),
            },
            found => {
                return Err(DecodeError::Kind {
                    field: "unlock condition",
                    found: u32::from(found),
                });
            }
        })
    }
}

impl Codec for UnlockConditions {
    fn write(&self, out: &mut Vec<u8>) {
        write_count_u8(self.0.len(), out);
        self.0.iter().for_each(|condition| condition.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = usize::from(reader.u8()?);
        let count = reader.count(found, Limit::new("unlock conditions", 0, 7), 5)?;
        let mut conditions = Vec::with_capacity(count);
        let mut order = Ascending::new("unlock conditions");
        for _ in 0..count {
            let condition = UnlockCondition::read(reader)?;
            order.next(condition.kind())?;
            conditions.push(condition);
        }
        Ok(Self(conditions))
    }
}

impl UnlockConditions {
    /// Length of the binary form.
    #[must_use]
    pub fn packed_len(&self) -> usize {
        1 + self
            .0
            .iter()
            .map(UnlockCondition::packed_len)
            .sum::<usize>()
    }

    /// Sorts the conditions by type. `None` when two have one type.
    #[must_use]
    pub fn new(mut conditions: Vec<UnlockCondition>) -> Option<Self> {
        conditions.sort_by_key(UnlockCondition::kind);
        let is_unique = conditions.is_sorted_by(|a, b| a.kind() < b.kind());
        is_unique.then_some(Self(conditions))
    }

    /// The conditions in order.
    pub fn iter(&self) -> std::slice::Iter<'_, UnlockCondition> {
        self.0.iter()
    }

    /// Condition 0.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        self.0.iter().find_map(|c| {
            if let UnlockCondition::Address(a) = c {
                Some(a)
            } else {
                None
            }
        })
    }

    /// Condition 1: return address and amount.
    #[must_use]
    pub fn storage_deposit_return(&self) -> Option<(&Address, u64)> {
        self.0.iter().find_map(|c| match c {
            UnlockCondition::StorageDepositReturn {
                return_address,
                amount,
            } => Some((return_address, *amount)),
            _ => None,
        })
    }

    /// Condition 2.
    #[must_use]
    pub fn timelock(&self) -> Option<UnixSeconds> {
        self.0.iter().find_map(|c| match c {
            UnlockCondition::Timelock(time) => Some(*time),
            _ => None,
        })
    }

    /// Condition 3: return address and time.
    #[must_use]
    pub fn expiration(&self) -> Option<(&Address, UnixSeconds)> {
        self.0.iter().find_map(|c| match c {
            UnlockCondition::Expiration {
                return_address,
                unix_time,
            } => Some((return_address, *unix_time)),
            _ => None,
        })
    }

    /// Condition 4.
    #[must_use]
    pub fn state_controller(&self) -> Option<&Address> {
        self.0.iter().find_map(|c| match c {
            UnlockCondition::StateController(address) => Some(address),
            _ => None,
        })
    }

    /// Condition 5.
    #[must_use]
    pub fn governor(&self) -> Option<&Address> {
        self.0.iter().find_map(|c| match c {
            UnlockCondition::Governor(address) => Some(address),
            _ => None,
        })
    }

    /// Condition 6.
    #[must_use]
    pub fn immutable_alias(&self) -> Option<&AliasId> {
        self.0.iter().find_map(|c| match c {
            UnlockCondition::ImmutableAlias(id) => Some(id),
            _ => None,
        })
    }
}
