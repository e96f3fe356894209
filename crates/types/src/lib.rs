//! The values of the Stardust protocol (version 2): bytes, JSON, syntactic rules, and
//! the words in which people are told of them.
//!
//! What it is not: rules that need the ledger or the Tangle (those are in `tangle-ledger` and
//! `tangle-dag`), or input and output of any kind.
//!
//! Begin with [`Block`] and the [`Codec`] trait. A block that came from outside goes through
//! [`ParsedBlock::parse`], which hashes the received bytes once and keeps them.

mod address;
mod block;
mod codec;
pub mod cone;
mod decode_error;
mod feature;
pub mod gossip;
mod id;
mod id_map;
pub mod json;
mod ledger_record;
mod milestone;
mod output;
mod parameters;
mod parsed;
pub mod participation;
mod payload;
mod proof;
mod syntax;
mod unlock;
mod unlock_condition;
pub mod words;

pub use address::{Address, AddressError};
pub use block::{Block, DraftBlock, Parents};
pub use codec::{Codec, Reader};
pub use decode_error::DecodeError;
pub use feature::{Feature, Features};
pub use id::{
    AliasId, BlockId, FoundryId, IdError, MilestoneId, MilestoneIndex, NetworkId, NftId, OutputId,
    TokenId, TransactionId, UnixSeconds,
};
pub use id_map::{IdHasher, IdMap, IdState};
pub use ledger_record::{BlockMetadata, ConflictReason, Inclusion, LedgerOutput, Spend, Treasury};
pub use milestone::{
    MigratedFunds, Milestone, MilestoneOption, MilestoneSignature, ParametersOption, Receipt,
    TreasuryTransaction,
};
pub use output::{
    AliasOutput, BasicOutput, FoundryOutput, NativeToken, NftOutput, Output, SimpleTokenScheme,
    basic_deposit_min,
};
pub use parameters::{ProtocolParameters, RentStructure};
pub use parsed::{ParsedBlock, TransactionHashes};
pub use payload::{Essence, Payload, TaggedData, Transaction, inputs_commitment};
pub use primitive_types::U256;
pub use proof::InclusionProof;
pub use syntax::{OutputError, SyntaxError, validate, validate_output};
pub use unlock::Unlock;
pub use unlock_condition::{UnlockCondition, UnlockConditions};

/// The protocol version this crate implements.
pub const PROTOCOL_VERSION: u8 = 2;
/// Largest block in bytes (TIP-22).
pub const BLOCK_SIZE_BYTES_MAX: usize = 32_768;
/// Smallest block in bytes: one parent, no payload (TIP-24).
pub const BLOCK_SIZE_BYTES_MIN: usize = 46;
/// Most parents of a block (TIP-24).
pub const PARENTS_MAX: usize = 8;
/// Most inputs, outputs and unlocks of a transaction (TIP-20).
pub const INPUTS_MAX: usize = 128;
/// Most native tokens of an output, and most distinct ones of a transaction (TIP-18).
pub const NATIVE_TOKENS_MAX: usize = 64;
/// Longest metadata feature, state metadata, milestone metadata and parameters blob (TIP-18,
/// TIP-29).
pub const METADATA_SIZE_BYTES_MAX: usize = 8192;
/// Longest tag (TIP-18, TIP-23).
pub const TAG_SIZE_BYTES_MAX: usize = 64;
/// Most options of a milestone: one of each kind (TIP-29).
pub const MILESTONE_OPTIONS_MAX: usize = 2;
/// Most signatures of a milestone (TIP-29).
pub const MILESTONE_SIGNATURES_MAX: usize = 255;
/// Most migrated funds of a receipt (TIP-34).
pub const MIGRATED_FUNDS_MAX: usize = 128;
/// Least amount that can be migrated at once (TIP-34).
pub const MIGRATED_DEPOSIT_MIN: u64 = 1_000_000;
