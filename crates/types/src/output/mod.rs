//! Outputs: basic, alias, foundry, NFT (TIP-18).

mod codec;

use crate::{
    Address, AliasId, Features, FoundryId, NftId, RentStructure, TokenId, U256, UnlockCondition,
    UnlockConditions,
};

/// An amount of one native token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeToken {
    /// Which token.
    pub id: TokenId,
    /// How much; not zero.
    pub amount: U256,
}

/// Any output that a transaction may create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Type 3.
    Basic(BasicOutput),
    /// Type 4.
    Alias(Box<AliasOutput>),
    /// Type 5.
    Foundry(Box<FoundryOutput>),
    /// Type 6.
    Nft(Box<NftOutput>),
}

/// Type 3: coins and tokens with an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicOutput {
    /// Base coins in the smallest unit.
    pub amount: u64,
    /// Sorted by id, unique.
    pub native_tokens: Vec<NativeToken>,
    /// Address required; deposit return, timelock, expiration allowed.
    pub unlock_conditions: UnlockConditions,
    /// Sender, metadata, tag allowed.
    pub features: Features,
}

/// Type 4: a chain account with state controller and governor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasOutput {
    /// Base coins in the smallest unit.
    pub amount: u64,
    /// Sorted by id, unique.
    pub native_tokens: Vec<NativeToken>,
    /// Zero in the creating transaction.
    pub alias_id: AliasId,
    /// Counts state transitions.
    pub state_index: u32,
    /// At most 8192 bytes.
    pub state_metadata: Vec<u8>,
    /// Foundries created so far.
    pub foundry_counter: u32,
    /// State controller and governor, both required.
    pub unlock_conditions: UnlockConditions,
    /// Sender, metadata allowed.
    pub features: Features,
    /// Issuer, metadata allowed.
    pub immutable_features: Features,
}

/// Type 5: mints and melts one native token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundryOutput {
    /// Base coins in the smallest unit.
    pub amount: u64,
    /// Sorted by id, unique.
    pub native_tokens: Vec<NativeToken>,
    /// Number below the alias, from 1.
    pub serial_number: u32,
    /// How the token's supply may change.
    pub token_scheme: SimpleTokenScheme,
    /// Immutable alias, required.
    pub unlock_conditions: UnlockConditions,
    /// Metadata allowed.
    pub features: Features,
    /// Metadata allowed.
    pub immutable_features: Features,
}

/// Token scheme 0: `0 < maximum`, `melted <= minted`, `minted - melted <= maximum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleTokenScheme {
    /// Minted so far.
    pub minted: U256,
    /// Melted so far.
    pub melted: U256,
    /// Most that may circulate.
    pub maximum: U256,
}

/// Type 6: a unique thing with an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NftOutput {
    /// Base coins in the smallest unit.
    pub amount: u64,
    /// Sorted by id, unique.
    pub native_tokens: Vec<NativeToken>,
    /// Zero in the creating transaction.
    pub nft_id: NftId,
    /// As for a basic output.
    pub unlock_conditions: UnlockConditions,
    /// As for a basic output.
    pub features: Features,
    /// Issuer, metadata allowed.
    pub immutable_features: Features,
}

impl FoundryOutput {
    /// The foundry's id, which is its token's id. `None` without an immutable alias condition.
    #[must_use]
    pub fn id(&self) -> Option<FoundryId> {
        let alias = self.unlock_conditions.immutable_alias()?;
        Some(FoundryId::new(alias, self.serial_number, 0))
    }
}

impl Output {
    /// The simplest output: `amount` base coins in the smallest unit, for whoever unlocks the
    /// address. Whether the amount covers the storage deposit is not looked at.
    #[must_use]
    pub fn basic(owner: Address, amount: u64) -> Self {
        let conditions = UnlockConditions::new(vec![UnlockCondition::Address(owner)]);
        Self::Basic(BasicOutput {
            amount,
            native_tokens: Vec::new(),
            unlock_conditions: conditions.expect("one condition repeats none"),
            features: Features::default(),
        })
    }

    /// The type byte, 3 to 6.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Basic(_) => 3,
            Self::Alias(_) => 4,
            Self::Foundry(_) => 5,
            Self::Nft(_) => 6,
        }
    }

    /// Base coins in the smallest unit.
    #[must_use]
    pub fn amount(&self) -> u64 {
        match self {
            Self::Basic(output) => output.amount,
            Self::Alias(output) => output.amount,
            Self::Foundry(output) => output.amount,
            Self::Nft(output) => output.amount,
        }
    }

    /// Native tokens, sorted by id.
    #[must_use]
    pub fn native_tokens(&self) -> &[NativeToken] {
        match self {
            Self::Basic(output) => &output.native_tokens,
            Self::Alias(output) => &output.native_tokens,
            Self::Foundry(output) => &output.native_tokens,
            Self::Nft(output) => &output.native_tokens,
        }
    }

    /// Unlock conditions.
    #[must_use]
    pub fn unlock_conditions(&self) -> &UnlockConditions {
        match self {
            Self::Basic(output) => &output.unlock_conditions,
            Self::Alias(output) => &output.unlock_conditions,
            Self::Foundry(output) => &output.unlock_conditions,
            Self::Nft(output) => &output.unlock_conditions,
        }
    }

    /// Features that may change.
    #[must_use]
    pub fn features(&self) -> &Features {
        match self {
            Self::Basic(output) => &output.features,
            Self::Alias(output) => &output.features,
            Self::Foundry(output) => &output.features,
            Self::Nft(output) => &output.features,
        }
    }

    /// Features fixed at creation; `None` for a basic output, which has none.
    #[must_use]
    pub fn immutable_features(&self) -> Option<&Features> {
        match self {
            Self::Basic(_) => None,
            Self::Alias(output) => Some(&output.immutable_features),
            Self::Foundry(output) => Some(&output.immutable_features),
            Self::Nft(output) => Some(&output.immutable_features),
        }
    }

    /// The least amount the output must hold (TIP-19).
    #[must_use]
    pub fn deposit_min(&self, rent: &RentStructure) -> u64 {
        rent.deposit_min(self.packed_len())
    }
}

/// The least amount of a basic output that has only an address condition (TIP-19).
#[must_use]
pub fn basic_deposit_min(rent: &RentStructure, owner: &Address) -> u64 {
    // Every kind of address has the same length today.
    let _ = owner;
    rent.deposit_min(Output::SIZE_BYTES_MIN)
}
