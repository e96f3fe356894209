//! Milestones: the coordinator's or committee's word on order and finality (TIP-29, TIP-34).

use tangle_crypto::blake2b;

use crate::codec::{Ascending, Limit, write_count_u8, write_count_u16, write_sized_u32};
use crate::payload::{MILESTONE, read_kind};
use crate::unlock::{ED25519, read_signature_kind};
use crate::{
    Address, BlockId, Codec, DecodeError, METADATA_SIZE_BYTES_MAX, MIGRATED_DEPOSIT_MIN,
    MIGRATED_FUNDS_MAX, MILESTONE_OPTIONS_MAX, MILESTONE_SIGNATURES_MAX, MilestoneId,
    MilestoneIndex, Parents, Reader, UnixSeconds,
};

const TREASURY_TRANSACTION: u32 = 4;
const TREASURY_INPUT: u8 = 1;
const TREASURY_OUTPUT: u8 = 2;

/// Type 7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// One more than the previous milestone's.
    pub index: MilestoneIndex,
    /// Strictly later than the previous milestone's.
    pub timestamp: UnixSeconds,
    /// Version in force.
    pub protocol_version: u8,
    /// Zero in the first milestone.
    pub previous_milestone_id: MilestoneId,
    /// Where the cone starts; equal to the parents of the milestone's block.
    pub parents: Parents,
    /// Merkle root over all referenced blocks in white-flag order.
    pub inclusion_merkle_root: [u8; 32],
    /// Merkle root over the blocks whose transactions were included.
    pub applied_merkle_root: [u8; 32],
    /// At most 8192 bytes.
    pub metadata: Vec<u8>,
    /// At most one of each kind, ascending.
    pub options: Vec<MilestoneOption>,
    /// Sorted by public key, unique, 1 to 255.
    pub signatures: Vec<MilestoneSignature>,
}

/// An Ed25519 signature over the milestone id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneSignature {
    /// The signer.
    pub public_key: [u8; 32],
    /// The signature.
    pub signature: [u8; 64],
}

/// Something a milestone does besides confirming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MilestoneOption {
    /// 0: funds migrated from the legacy network.
    Receipt(Receipt),
    /// 1: announces protocol parameters.
    Parameters(ParametersOption),
}

/// Option 0 (TIP-34).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Legacy milestone of the migration.
    pub migrated_at: u32,
    /// Whether it is the last receipt for `migrated_at`.
    pub is_final: bool,
    /// Sorted, unique, 1 to 128.
    pub funds: Vec<MigratedFunds>,
    /// Moves the treasury.
    pub treasury_transaction: TreasuryTransaction,
}

/// One migrated amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigratedFunds {
    /// 243 packed trits, opaque here.
    pub tail_transaction_hash: [u8; 49],
    /// New owner; Ed25519 only.
    pub address: Address,
    /// Base coins.
    pub deposit: u64,
}

/// Payload type 4, only inside a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryTransaction {
    /// The milestone that created the treasury output now consumed.
    pub input: MilestoneId,
    /// What is left in the treasury.
    pub amount: u64,
}

/// Option 1 (TIP-29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersOption {
    /// Milestone from which they apply.
    pub target_index: MilestoneIndex,
    /// Protocol version.
    pub protocol_version: u8,
    /// Serialized [`crate::ProtocolParameters`] for version 2, at most 8192 bytes.
    pub parameters: Vec<u8>,
}

impl Milestone {
    /// BLAKE2b-256 of the essence: names the milestone, and is what the keys sign.
    #[must_use]
    pub fn id(&self) -> MilestoneId {
        MilestoneId(blake2b::hash(&self.essence_bytes()))
    }

    /// The binary form of everything but the type and the signatures.
    #[must_use]
    pub fn essence_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.write_essence(&mut out);
        out
    }

    /// The receipt option.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        self.options.iter().find_map(|option| match option {
            MilestoneOption::Receipt(receipt) => Some(receipt),
            MilestoneOption::Parameters(_) => None,
        })
    }

    /// The parameters option.
    #[must_use]
    pub fn parameters(&self) -> Option<&ParametersOption> {
        self.options.iter().find_map(|option| match option {
            MilestoneOption::Parameters(parameters) => Some(parameters),
            MilestoneOption::Receipt(_) => None,
        })
    }

    /// The block that carries this milestone; it follows from the payload alone.
    #[must_use]
    pub fn to_block(&self) -> crate::Block {
        crate::Block {
            protocol_version: self.protocol_version,
            parents: self.parents.clone(),
            payload: Some(crate::Payload::Milestone(Box::new(self.clone()))),
            nonce: 0,
        }
    }

    /// The ids of the parents.
    #[must_use]
    pub fn parent_ids(&self) -> &[BlockId] {
        self.parents.as_slice()
    }

    fn write_essence(&self, out: &mut Vec<u8>) {
        self.index.write(out);
        self.timestamp.write(out);
        out.push(self.protocol_version);
        self.previous_milestone_id.write(out);
        self.parents.write(out);
        out.extend_from_slice(&self.inclusion_merkle_root);
        out.extend_from_slice(&self.applied_merkle_root);
        write_count_u16(self.metadata.len(), out);
        out.extend_from_slice(&self.metadata);
        write_count_u8(self.options.len(), out);
        self.options.iter().for_each(|option| option.write(out));
    }
}

impl Codec for Milestone {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MILESTONE.to_le_bytes());
        self.write_essence(out);
        write_count_u8(self.signatures.len(), out);
        self.signatures
            .iter()
            .for_each(|signature| signature.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_kind(reader, "milestone", MILESTONE)?;
        Ok(Self {
            index: MilestoneIndex::read(reader)?,
            timestamp: UnixSeconds::read(reader)?,
            protocol_version: reader.u8()?,
            previous_milestone_id: MilestoneId::read(reader)?,
            parents: Parents::read(reader)?,
            inclusion_merkle_root: reader.array()?,
            applied_merkle_root: reader.array()?,
            metadata: reader.bytes_u16(Limit::new(
                "milestone metadata",
                0,
                METADATA_SIZE_BYTES_MAX,
            ))?,
            options: read_options(reader)?,
            signatures: read_signatures(reader)?,
        })
    }
}

// TIP-29: ascending, one of each type.
fn read_options(reader: &mut Reader<'_>) -> Result<Vec<MilestoneOption>, DecodeError> {
    let found = usize::from(reader.u8()?);
    let count = reader.count(
        found,
        Limit::new("milestone options", 0, MILESTONE_OPTIONS_MAX),
        8,
    )?;
    let mut options = Vec::with_capacity(count);
    let mut order = Ascending::new("milestone options");
    for _ in 0..count {
        let option = MilestoneOption::read(reader)?;
        order.next(option.kind())?;
        options.push(option);
    }
    Ok(options)
}

fn read_signatures(reader: &mut Reader<'_>) -> Result<Vec<MilestoneSignature>, DecodeError> {
    let found = usize::from(reader.u8()?);
    let limit = Limit::new("milestone signatures", 1, MILESTONE_SIGNATURES_MAX);
    let count = reader.count(found, limit, 1 + 32 + 64)?;
    let mut signatures = Vec::with_capacity(count);
    let mut order = Ascending::new("milestone signatures");
    for _ in 0..count {
        let signature = MilestoneSignature::read(reader)?;
        order.next(signature.public_key)?;
        signatures.push(signature);
    }
    Ok(signatures)
}

impl Codec for MilestoneSignature {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(ED25519);
        out.extend_from_slice(&self.public_key);
        out.extend_from_slice(&self.signature);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_signature_kind(reader)?;
        Ok(Self {
            public_key: reader.array()?,
            signature: reader.array()?,
        })
    }
}

impl MilestoneOption {
    /// The type byte, 0 or 1.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Receipt(_) => 0,
            Self::Parameters(_) => 1,
        }
    }
}

impl Codec for MilestoneOption {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind());
        match self {
            Self::Receipt(receipt) => receipt.write(out),
            Self::Parameters(parameters) => parameters.write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            0 => Receipt::read(reader).map(Self::Receipt),
            1 => ParametersOption::read(reader).map(Self::Parameters),
            found => Err(DecodeError::Kind {
                field: "milestone option",
                found: u32::from(found),
            }),
        }
    }
}

/// Without the type byte of the option.
impl Codec for ParametersOption {
    fn write(&self, out: &mut Vec<u8>) {
        self.target_index.write(out);
        out.push(self.protocol_version);
        write_count_u16(self.parameters.len(), out);
        out.extend_from_slice(&self.parameters);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let limit = Limit::new("protocol parameters", 0, METADATA_SIZE_BYTES_MAX);
        Ok(Self {
            target_index: MilestoneIndex::read(reader)?,
            protocol_version: reader.u8()?,
            parameters: reader.bytes_u16(limit)?,
        })
    }
}

/// Without the type byte of the option.
impl Codec for Receipt {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.migrated_at.to_le_bytes());
        out.push(u8::from(self.is_final));
        write_count_u16(self.funds.len(), out);
        self.funds.iter().for_each(|funds| funds.write(out));
        write_sized_u32(out, |out| self.treasury_transaction.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let migrated_at = reader.u32()?;
        let is_final = read_bool(reader, "final receipt")?;
        let funds = read_funds(reader)?;
        let stated = reader.u32()? as usize;
        if stated != TreasuryTransaction::SIZE_BYTES {
            return Err(DecodeError::StatedLength {
                field: "treasury transaction",
                stated,
                used: TreasuryTransaction::SIZE_BYTES,
            });
        }
        Ok(Self {
            migrated_at,
            is_final,
            funds,
            treasury_transaction: TreasuryTransaction::read(reader)?,
        })
    }
}

fn read_bool(reader: &mut Reader<'_>, field: &'static str) -> Result<bool, DecodeError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(DecodeError::Bool { field, found }),
    }
}

// TIP-34: ascending and unique by tail transaction hash, hence also by the whole entry.
fn read_funds(reader: &mut Reader<'_>) -> Result<Vec<MigratedFunds>, DecodeError> {
    let found = usize::from(reader.u16()?);
    let limit = Limit::new("migrated funds", 1, MIGRATED_FUNDS_MAX);
    let count = reader.count(found, limit, 49 + Address::LENGTH + 8)?;
    let mut funds = Vec::with_capacity(count);
    let mut order = Ascending::new("migrated funds");
    for index in 0..count {
        let fund = MigratedFunds::read(reader)?;
        order.next(fund.tail_transaction_hash)?;
        if fund.deposit < MIGRATED_DEPOSIT_MIN {
            return Err(DecodeError::MigratedDeposit {
                index,
                found: fund.deposit,
                min: MIGRATED_DEPOSIT_MIN,
            });
        }
        funds.push(fund);
    }
    Ok(funds)
}

impl Codec for MigratedFunds {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.tail_transaction_hash);
        self.address.write(out);
        out.extend_from_slice(&self.deposit.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tail_transaction_hash = reader.array()?;
        let address = Address::read(reader)?;
        if !matches!(address, Address::Ed25519(_)) {
            return Err(DecodeError::Kind {
                field: "address of migrated funds",
                found: u32::from(address.kind()),
            });
        }
        Ok(Self {
            tail_transaction_hash,
            address,
            deposit: reader.u64()?,
        })
    }
}

impl TreasuryTransaction {
    /// Length of the binary form.
    pub const SIZE_BYTES: usize = 4 + 1 + MilestoneId::LENGTH + 1 + 8;
}

impl Codec for TreasuryTransaction {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&TREASURY_TRANSACTION.to_le_bytes());
        out.push(TREASURY_INPUT);
        self.input.write(out);
        out.push(TREASURY_OUTPUT);
        out.extend_from_slice(&self.amount.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_kind(reader, "treasury transaction", TREASURY_TRANSACTION)?;
        read_tag(reader, "treasury input", TREASURY_INPUT)?;
        let input = MilestoneId::read(reader)?;
        read_tag(reader, "treasury output", TREASURY_OUTPUT)?;
        let amount = reader.u64()?;
        Ok(Self { input, amount })
    }
}

fn read_tag(reader: &mut Reader<'_>, field: &'static str, needed: u8) -> Result<(), DecodeError> {
    let found = reader.u8()?;
    if found != needed {
        return Err(DecodeError::Kind {
            field,
            found: u32::from(found),
        });
    }
    Ok(())
}
