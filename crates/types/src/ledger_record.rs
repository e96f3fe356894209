//! What the ledger says about outputs and blocks; also the records of snapshot files (TIP-35).

use crate::{
    BlockId, Codec, DecodeError, MilestoneId, MilestoneIndex, Output, OutputId, Reader,
    TransactionId, UnixSeconds,
};

/// An output and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerOutput {
    /// Which output.
    pub id: OutputId,
    /// The block that included the creating transaction; zero for genesis and receipts.
    pub block_id: BlockId,
    /// Milestone that confirmed it.
    pub milestone_index: MilestoneIndex,
    /// That milestone's timestamp.
    pub milestone_timestamp: UnixSeconds,
    /// The output.
    pub output: Output,
}

impl Codec for LedgerOutput {
    fn write(&self, out: &mut Vec<u8>) {
        self.id.write(out);
        self.block_id.write(out);
        self.milestone_index.write(out);
        self.milestone_timestamp.write(out);
        self.output.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: OutputId::read(reader)?,
            block_id: BlockId::read(reader)?,
            milestone_index: MilestoneIndex::read(reader)?,
            milestone_timestamp: UnixSeconds::read(reader)?,
            output: Output::read(reader)?,
        })
    }
}

/// How an output was consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spend {
    /// The consuming transaction.
    pub transaction_id: TransactionId,
    /// Milestone that confirmed it.
    pub milestone_index: MilestoneIndex,
    /// That milestone's timestamp.
    pub milestone_timestamp: UnixSeconds,
}

/// The one unspent treasury output (TIP-34).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treasury {
    /// Milestone that created it; zero at genesis.
    pub milestone_id: MilestoneId,
    /// Base coins.
    pub amount: u64,
}

/// Why a transaction of a confirmed block has no effect. Numbers as in the node API and INX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[repr(u8)]
pub enum ConflictReason {
    /// An input was spent by an earlier milestone.
    #[error("an input was spent by an earlier milestone")]
    InputAlreadySpent = 1,
    /// An input was spent earlier in this milestone.
    #[error("an input was spent earlier in this milestone")]
    InputAlreadySpentInThisMilestone = 2,
    /// An input is unknown.
    #[error("an input does not exist")]
    InputNotFound = 3,
    /// Inputs and outputs hold different sums.
    #[error("created and consumed amounts differ")]
    AmountMismatch = 4,
    /// A signature is wrong, or of another key than the address's.
    #[error("a signature is invalid")]
    InvalidSignature = 5,
    /// A timelock has not passed.
    #[error("a timelock is not expired")]
    TimelockNotExpired = 6,
    /// Native tokens do not balance.
    #[error("native tokens are not balanced")]
    InvalidNativeTokens = 7,
    /// A storage deposit was not returned.
    #[error("a storage deposit is not returned")]
    StorageDepositReturnNotFulfilled = 8,
    /// An unlock does not open its input.
    #[error("an unlock is invalid")]
    InvalidUnlock = 9,
    /// The commitment is not that of the inputs.
    #[error("the inputs commitment does not match")]
    InputsCommitmentMismatch = 10,
    /// A sender feature names somebody who is not unlocked.
    #[error("a sender is not unlocked")]
    SenderNotUnlocked = 11,
    /// An alias, foundry or NFT changes in a way that is not allowed.
    #[error("a chain state transition is invalid")]
    InvalidChainTransition = 12,
    /// Anything else.
    #[error("semantic validation failed")]
    Other = 255,
}

impl ConflictReason {
    /// The reason with this number; one that is not known is [`Other`](Self::Other).
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::InputAlreadySpent,
            2 => Self::InputAlreadySpentInThisMilestone,
            3 => Self::InputNotFound,
            4 => Self::AmountMismatch,
            5 => Self::InvalidSignature,
            6 => Self::TimelockNotExpired,
            7 => Self::InvalidNativeTokens,
            8 => Self::StorageDepositReturnNotFulfilled,
            9 => Self::InvalidUnlock,
            10 => Self::InputsCommitmentMismatch,
            11 => Self::SenderNotUnlocked,
            12 => Self::InvalidChainTransition,
            _ => Self::Other,
        }
    }
}

/// What a milestone made of a block that it referenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// It has no transaction.
    NoTransaction,
    /// Its transaction changed the ledger.
    Included,
    /// Its transaction has no effect.
    Conflicting(ConflictReason),
}

/// Where a referenced block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockMetadata {
    /// The milestone that referenced it.
    pub referenced_by: MilestoneIndex,
    /// 0-based position in that milestone's white-flag order.
    pub white_flag_index: u32,
    /// What became of it.
    pub inclusion: Inclusion,
}
