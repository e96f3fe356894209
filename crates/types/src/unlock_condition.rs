//! Unlock conditions: when and by whom an output may be spent (TIP-18).

use crate::{Address, AliasId, UnixSeconds};

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

impl UnlockConditions {
    /// Sorts the conditions by type.
    ///
    /// # Errors
    /// Two conditions of one type: returns `None`.
    #[must_use]
    pub fn new(conditions: Vec<UnlockCondition>) -> Option<Self> {
        let _ = conditions;
        todo!()
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
