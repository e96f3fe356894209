//! What a snapshot file consists of, and the bytes of each part.

use tangle_types::{
    BlockId, Codec, DecodeError, LedgerOutput, Milestone, MilestoneId, MilestoneIndex,
    MilestoneOption, Output, OutputId, ParametersOption, ProtocolParameters, Reader, TransactionId,
    Treasury, UnixSeconds,
};

/// What stands in front of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// Type 0.
    Full(FullHeader),
    /// Type 1.
    Delta(DeltaHeader),
}

/// Header of a full snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullHeader {
    /// Index of the network's genesis.
    pub genesis_index: MilestoneIndex,
    /// The milestone that the snapshot is of.
    pub target_index: MilestoneIndex,
    /// Its timestamp.
    pub target_timestamp: UnixSeconds,
    /// Its id.
    pub target_milestone_id: MilestoneId,
    /// The milestone up to which outputs and treasury are; the diffs lead back to the target.
    pub ledger_index: MilestoneIndex,
    /// The treasury at the ledger index.
    pub treasury: Treasury,
    /// Protocol parameters in force at the ledger index.
    pub parameters: ParametersOption,
    /// Outputs in the file.
    pub output_count: u64,
    /// Diffs in the file.
    pub diff_count: u32,
    /// Solid entry points in the file.
    pub entry_point_count: u16,
}

/// Header of a delta snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaHeader {
    /// The milestone that the snapshot is of.
    pub target_index: MilestoneIndex,
    /// Its timestamp.
    pub target_timestamp: UnixSeconds,
    /// Target of the full snapshot that it continues.
    pub full_target_milestone_id: MilestoneId,
    /// Offset of the first entry point in the file.
    pub entry_points_offset: u64,
    /// Diffs in the file.
    pub diff_count: u32,
    /// Solid entry points in the file.
    pub entry_point_count: u16,
}

/// One part of a file, in the order in which they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An unspent output; full snapshots only.
    Output(LedgerOutput),
    /// Begins the diff of a milestone.
    Milestone {
        /// The milestone.
        milestone: Box<Milestone>,
        /// The treasury before, when the milestone has a receipt.
        spent_treasury: Option<Treasury>,
    },
    /// An output that the milestone created.
    Created(LedgerOutput),
    /// An output that the milestone consumed, and by which transaction.
    Consumed(LedgerOutput, TransactionId),
    /// A solid entry point.
    EntryPoint(BlockId),
}

impl FullHeader {
    /// Bytes of the header up to the length of the parameters.
    pub(super) const FRONT_LENGTH: usize = 4 + 4 + 4 + 32 + 4 + 32 + 8 + 2;
    /// Bytes behind the parameters.
    pub(super) const BACK_LENGTH: usize = 8 + 4 + 2;
    /// Most bytes of the parameters option: type, target, version, length, parameters.
    pub(super) const PARAMETERS_LENGTH_MAX: usize = 1 + 4 + 1 + 2 + 8192;

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.genesis_index.write(out);
        self.target_index.write(out);
        self.target_timestamp.write(out);
        self.target_milestone_id.write(out);
        self.ledger_index.write(out);
        self.treasury.milestone_id.write(out);
        out.extend_from_slice(&self.treasury.amount.to_le_bytes());
        let parameters = MilestoneOption::Parameters(self.parameters.clone()).to_bytes();
        out.extend_from_slice(&(parameters.len() as u16).to_le_bytes());
        out.extend_from_slice(&parameters);
        out.extend_from_slice(&self.output_count.to_le_bytes());
        out.extend_from_slice(&self.diff_count.to_le_bytes());
        out.extend_from_slice(&self.entry_point_count.to_le_bytes());
    }

    /// Reads what stands in front of the parameters, with parameters and counts still empty, and
    /// the length of the parameters.
    pub(super) fn read_front(reader: &mut Reader<'_>) -> Result<(Self, usize), DecodeError> {
        let header = Self {
            genesis_index: MilestoneIndex::read(reader)?,
            target_index: MilestoneIndex::read(reader)?,
            target_timestamp: UnixSeconds::read(reader)?,
            target_milestone_id: MilestoneId::read(reader)?,
            ledger_index: MilestoneIndex::read(reader)?,
            treasury: read_treasury(reader)?,
            parameters: ParametersOption {
                target_index: MilestoneIndex(0),
                protocol_version: 0,
                parameters: Vec::new(),
            },
            output_count: 0,
            diff_count: 0,
            entry_point_count: 0,
        };
        Ok((header, usize::from(reader.u16()?)))
    }

    pub(super) fn read_back(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.output_count = reader.u64()?;
        self.diff_count = reader.u32()?;
        self.entry_point_count = reader.u16()?;
        Ok(())
    }

    /// The protocol parameters at the ledger index.
    ///
    /// # Errors
    /// They are of another protocol version, or no parameters at all.
    pub fn protocol_parameters(&self) -> Result<ProtocolParameters, DecodeError> {
        decode_parameters(&self.parameters)
    }
}

/// The parameters in an option, which must be of the version that this program knows.
pub(super) fn decode_parameters(
    option: &ParametersOption,
) -> Result<ProtocolParameters, DecodeError> {
    if option.protocol_version != tangle_types::PROTOCOL_VERSION {
        return Err(DecodeError::Version {
            field: "protocol parameters",
            found: option.protocol_version,
            known: tangle_types::PROTOCOL_VERSION,
        });
    }
    ProtocolParameters::from_bytes(&option.parameters)
}

impl DeltaHeader {
    /// Bytes of the header.
    pub(super) const LENGTH: usize = 4 + 4 + 32 + 8 + 4 + 2;

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.target_index.write(out);
        self.target_timestamp.write(out);
        self.full_target_milestone_id.write(out);
        out.extend_from_slice(&self.entry_points_offset.to_le_bytes());
        out.extend_from_slice(&self.diff_count.to_le_bytes());
        out.extend_from_slice(&self.entry_point_count.to_le_bytes());
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            target_index: MilestoneIndex::read(reader)?,
            target_timestamp: UnixSeconds::read(reader)?,
            full_target_milestone_id: MilestoneId::read(reader)?,
            entry_points_offset: reader.u64()?,
            diff_count: reader.u32()?,
            entry_point_count: reader.u16()?,
        })
    }
}

pub(super) fn read_treasury(reader: &mut Reader<'_>) -> Result<Treasury, DecodeError> {
    Ok(Treasury {
        milestone_id: MilestoneId::read(reader)?,
        amount: reader.u64()?,
    })
}

/// Bytes of an output's record in front of the output.
pub(super) const OUTPUT_FRONT_LENGTH: usize = OutputId::LENGTH + BlockId::LENGTH + 4 + 4 + 4;

/// The record of an output: where it came from, its length, itself.
pub(super) fn write_output(output: &LedgerOutput, out: &mut Vec<u8>) {
    output.id.write(out);
    output.block_id.write(out);
    output.milestone_index.write(out);
    output.milestone_timestamp.write(out);
    let bytes = output.output.to_bytes();
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(&bytes);
}

/// Length of an output, by the front of its record.
pub(super) fn output_length(front: &[u8; OUTPUT_FRONT_LENGTH]) -> u32 {
    let [.., a, b, c, d] = *front;
    u32::from_le_bytes([a, b, c, d])
}

pub(super) fn read_output(
    front: &[u8; OUTPUT_FRONT_LENGTH],
    body: &[u8],
) -> Result<LedgerOutput, DecodeError> {
    let mut reader = Reader::new(front);
    Ok(LedgerOutput {
        id: OutputId::read(&mut reader)?,
        block_id: BlockId::read(&mut reader)?,
        milestone_index: MilestoneIndex::read(&mut reader)?,
        milestone_timestamp: UnixSeconds::read(&mut reader)?,
        output: Output::from_bytes(body)?,
    })
}
