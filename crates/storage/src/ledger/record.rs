//! Records of the ledger store, as bytes.

use std::sync::Arc;

use tangle_types::{
    BlockId, Codec, DecodeError, LedgerOutput, Milestone, MilestoneId, MilestoneIndex, Output,
    OutputId, Reader, Spend, TransactionId, Treasury, UnixSeconds,
};

use crate::log::Position;

/// An output with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputEntry {
    pub(crate) output: Arc<LedgerOutput>,
    pub(crate) spend: Option<Spend>,
}

impl OutputEntry {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let output = &self.output;
        let mut out = Vec::with_capacity(96 + output.output.packed_len());
        match &self.spend {
            None => out.push(0),
            Some(spend) => {
                out.push(1);
                spend.transaction_id.write(&mut out);
                spend.milestone_index.write(&mut out);
                spend.milestone_timestamp.write(&mut out);
            }
        }
        output.block_id.write(&mut out);
        output.milestone_index.write(&mut out);
        output.milestone_timestamp.write(&mut out);
        output.output.write(&mut out);
        out
    }

    pub(crate) fn from_bytes(id: &OutputId, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let spend = match reader.u8()? {
            0 => None,
            _ => Some(Spend {
                transaction_id: TransactionId::read(&mut reader)?,
                milestone_index: MilestoneIndex::read(&mut reader)?,
                milestone_timestamp: UnixSeconds::read(&mut reader)?,
            }),
        };
        let output = LedgerOutput {
            id: *id,
            block_id: BlockId::read(&mut reader)?,
            milestone_index: MilestoneIndex::read(&mut reader)?,
            milestone_timestamp: UnixSeconds::read(&mut reader)?,
            output: Output::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(Self {
            output: Arc::new(output),
            spend,
        })
    }

    /// Whether the bytes are those of a spent output.
    pub(crate) fn is_spent(bytes: &[u8]) -> bool {
        bytes.first() == Some(&1)
    }
}

/// The head of the ledger store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// State of the ledger.
    pub(crate) ledger_index: MilestoneIndex,
    /// Id of that milestone; zero at genesis.
    pub(crate) milestone_id: MilestoneId,
    /// Time of that milestone.
    pub(crate) timestamp: UnixSeconds,
    /// Milestones up to this one were pruned.
    pub(crate) pruning_index: MilestoneIndex,
    /// The unspent treasury output.
    pub(crate) treasury: Treasury,
    /// End of the log when this was written.
    pub(crate) log_end: Position,
}

impl Head {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(104);
        self.ledger_index.write(&mut out);
        self.milestone_id.write(&mut out);
        self.timestamp.write(&mut out);
        self.pruning_index.write(&mut out);
        self.treasury.milestone_id.write(&mut out);
        out.extend_from_slice(&self.treasury.amount.to_le_bytes());
        write_position(self.log_end, &mut out);
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let head = Self {
            ledger_index: MilestoneIndex::read(&mut reader)?,
            milestone_id: MilestoneId::read(&mut reader)?,
            timestamp: UnixSeconds::read(&mut reader)?,
            pruning_index: MilestoneIndex::read(&mut reader)?,
            treasury: Treasury {
                milestone_id: MilestoneId::read(&mut reader)?,
                amount: reader.u64()?,
            },
            log_end: read_position(&mut reader)?,
        };
        reader.finish()?;
        Ok(head)
    }
}

/// A milestone and where its commit lies in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MilestoneEntry {
    pub(crate) id: MilestoneId,
    pub(crate) block_id: BlockId,
    pub(crate) position: Position,
    pub(crate) milestone: Milestone,
}

impl MilestoneEntry {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.id.write(&mut out);
        self.block_id.write(&mut out);
        write_position(self.position, &mut out);
        self.milestone.write(&mut out);
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let entry = Self {
            id: MilestoneId::read(&mut reader)?,
            block_id: BlockId::read(&mut reader)?,
            position: read_position(&mut reader)?,
            milestone: Milestone::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(entry)
    }
}

fn write_position(position: Position, out: &mut Vec<u8>) {
    out.extend_from_slice(&position.segment.to_le_bytes());
    out.extend_from_slice(&position.offset.to_le_bytes());
}

fn read_position(reader: &mut Reader<'_>) -> Result<Position, DecodeError> {
    Ok(Position {
        segment: reader.u64()?,
        offset: reader.u32()?,
    })
}
