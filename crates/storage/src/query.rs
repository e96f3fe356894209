//! Questions to the built-in index of unspent outputs (TIP-26).

use tangle_types::{Address, AliasId, FoundryId, MilestoneIndex, NftId, OutputId, UnixSeconds};

/// Which outputs a query is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All four kinds: `/outputs`.
    #[default]
    Any,
    /// `/outputs/basic`.
    Basic,
    /// `/outputs/alias`.
    Alias,
    /// `/outputs/foundry`.
    Foundry,
    /// `/outputs/nft`.
    Nft,
}

/// A query for lists. Absent fields do not restrict. Which fields a [`Kind`] allows is the API's
/// business. Times are strict: before means less than, after means greater than.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are the parameters of TIP-26 under their own names"
)]
pub struct OutputQuery {
    pub kind: Kind,
    pub has_native_tokens: Option<bool>,
    pub native_token_count_min: Option<u32>,
    pub native_token_count_max: Option<u32>,
    pub created_before: Option<UnixSeconds>,
    pub created_after: Option<UnixSeconds>,
    pub unlockable_by_address: Option<Address>,
    pub address: Option<Address>,
    pub has_storage_deposit_return: Option<bool>,
    pub storage_deposit_return_address: Option<Address>,
    pub has_expiration: Option<bool>,
    pub expires_before: Option<UnixSeconds>,
    pub expires_after: Option<UnixSeconds>,
    pub expiration_return_address: Option<Address>,
    pub has_timelock: Option<bool>,
    pub timelocked_before: Option<UnixSeconds>,
    pub timelocked_after: Option<UnixSeconds>,
    pub sender: Option<Address>,
    pub issuer: Option<Address>,
    pub tag: Option<Vec<u8>>,
    pub state_controller: Option<Address>,
    pub governor: Option<Address>,
    pub alias_address: Option<AliasId>,
    /// Where to go on: creation time and id of the first output wanted.
    pub cursor: Option<(UnixSeconds, OutputId)>,
    /// Most outputs to return, 1 to 1000.
    pub page_size: usize,
}

/// A query for one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainQuery {
    /// The unspent output of an alias.
    Alias(AliasId),
    /// The unspent output of a foundry.
    Foundry(FoundryId),
    /// The unspent output of an NFT.
    Nft(NftId),
}

/// One page of an answer, ordered by creation time, then id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputPage {
    /// Ledger index the answer is true for.
    pub ledger_index: MilestoneIndex,
    /// Matching outputs.
    pub items: Vec<OutputId>,
    /// First output of the next page.
    pub next: Option<(UnixSeconds, OutputId)>,
}
