//! Payloads of a block: tagged data (TIP-23), transaction (TIP-20), milestone (TIP-29).

use tangle_crypto::blake2b;
use tangle_crypto::ed25519::SecretKey;

use crate::codec::write_sized_u32;
use crate::codec::{Limit, duplicate, write_count_u8, write_count_u16, write_count_u32};
use crate::parsed::TransactionSpans;
use crate::unlock::check_unlocks;
use crate::{
    BLOCK_SIZE_BYTES_MAX, Codec, DecodeError, INPUTS_MAX, Milestone, NetworkId, Output, OutputId,
    Reader, TAG_SIZE_BYTES_MAX, TransactionId, Unlock,
};

pub(crate) const TAGGED_DATA: u32 = 5;
pub(crate) const TRANSACTION: u32 = 6;
pub(crate) const MILESTONE: u32 = 7;
/// Type byte of the only essence there is.
const ESSENCE: u8 = 1;
/// Type byte of the only input there is.
const INPUT: u8 = 0;

/// What a block carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Type 5.
    TaggedData(TaggedData),
    /// Type 6.
    Transaction(Box<Transaction>),
    /// Type 7.
    Milestone(Box<Milestone>),
}

/// Type 5: data with a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaggedData {
    /// 0 to 64 bytes.
    pub tag: Vec<u8>,
    /// Bounded by the block's size.
    pub data: Vec<u8>,
}

/// Type 6: moves coins, tokens, NFTs, aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What is signed.
    pub essence: Essence,
    /// One unlock for each input.
    pub unlocks: Vec<Unlock>,
}

/// The signed part of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Essence {
    /// The network the transaction is for.
    pub network_id: NetworkId,
    /// Consumed outputs, unique.
    pub inputs: Vec<OutputId>,
    /// Hash over the hashes of the consumed outputs.
    pub inputs_commitment: [u8; 32],
    /// Created outputs.
    pub outputs: Vec<Output>,
    /// Optional data.
    pub payload: Option<TaggedData>,
}

impl Payload {
    /// The type number, 5 to 7.
    #[must_use]
    pub const fn kind(&self) -> u32 {
        match self {
            Self::TaggedData(_) => TAGGED_DATA,
            Self::Transaction(_) => TRANSACTION,
            Self::Milestone(_) => MILESTONE,
        }
    }

    /// The tag of its data, which may be those that go with a transaction; empty if there is none.
    #[must_use]
    pub fn tag(&self) -> &[u8] {
        let data = match self {
            Self::TaggedData(data) => Some(data),
            Self::Transaction(transaction) => transaction.essence.payload.as_ref(),
            Self::Milestone(_) => None,
        };
        data.map_or(&[], |data| &data.tag)
    }

    fn read_with_spans<'a>(
        reader: &mut Reader<'a>,
    ) -> Result<(Self, Option<TransactionSpans<'a>>), DecodeError> {
        match peek_kind(reader)? {
            TAGGED_DATA => TaggedData::read(reader).map(|data| (Self::TaggedData(data), None)),
            TRANSACTION => {
                let (transaction, spans) = Transaction::read_with_spans(reader)?;
                Ok((Self::Transaction(Box::new(transaction)), Some(spans)))
            }
            MILESTONE => {
                let milestone = Milestone::read(reader)?;
                Ok((Self::Milestone(Box::new(milestone)), None))
            }
            found => Err(DecodeError::Kind {
                field: "payload",
                found,
            }),
        }
    }
}

impl Codec for Payload {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::TaggedData(data) => data.write(out),
            Self::Transaction(transaction) => transaction.write(out),
            Self::Milestone(milestone) => milestone.write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::read_with_spans(reader).map(|(payload, _)| payload)
    }
}

fn peek_kind(reader: &Reader<'_>) -> Result<u32, DecodeError> {
    reader.clone().u32()
}

/// Takes the type number of a payload and checks it.
pub(crate) fn read_kind(
    reader: &mut Reader<'_>,
    field: &'static str,
    needed: u32,
) -> Result<(), DecodeError> {
    let found = reader.u32()?;
    if found != needed {
        return Err(DecodeError::Kind { field, found });
    }
    Ok(())
}

/// Takes a length and that many bytes, which `read` must use up; `None` when the length is 0.
pub(crate) fn read_sized<'a, T>(
    reader: &mut Reader<'a>,
    field: &'static str,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    let stated = reader.u32()? as usize;
    if stated == 0 {
        return Ok(None);
    }
    let mut inner = Reader::new(reader.take(stated)?);
    let value = read(&mut inner)?;
    let left = inner.rest().len();
    if left != 0 {
        return Err(DecodeError::StatedLength {
            field,
            stated,
            used: stated - left,
        });
    }
    Ok(Some(value))
}

pub(crate) fn read_optional_payload<'a>(
    reader: &mut Reader<'a>,
) -> Result<(Option<Payload>, Option<TransactionSpans<'a>>), DecodeError> {
    let found = read_sized(reader, "payload", Payload::read_with_spans)?;
    Ok(found.map_or((None, None), |(payload, spans)| (Some(payload), spans)))
}

pub(crate) fn write_optional_payload(payload: Option<&impl Codec>, out: &mut Vec<u8>) {
    match payload {
        Some(payload) => write_sized_u32(out, |out| payload.write(out)),
        None => out.extend_from_slice(&[0; 4]),
    }
}

impl Codec for TaggedData {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&TAGGED_DATA.to_le_bytes());
        write_count_u8(self.tag.len(), out);
        out.extend_from_slice(&self.tag);
        write_count_u32(self.data.len(), out);
        out.extend_from_slice(&self.data);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_kind(reader, "tagged data", TAGGED_DATA)?;
        let tag = reader.bytes_u8(Limit::new("tag", 0, TAG_SIZE_BYTES_MAX))?;
        let length = reader.u32()? as usize;
        let limit = Limit::new("data", 0, BLOCK_SIZE_BYTES_MAX);
        let length = limit.check_length(length)?;
        let data = reader.take(length)?.to_vec();
        Ok(Self { tag, data })
    }
}

impl Transaction {
    /// BLAKE2b-256 of the payload's bytes, type included.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        TransactionId(blake2b::hash(&self.to_bytes()))
    }

    fn read_with_spans<'a>(
        reader: &mut Reader<'a>,
    ) -> Result<(Self, TransactionSpans<'a>), DecodeError> {
        let payload_start = reader.clone();
        read_kind(reader, "transaction", TRANSACTION)?;
        let essence_start = reader.clone();
        let essence = Essence::read(reader)?;
        let essence_span = reader.since(&essence_start);
        let inputs = essence.inputs.len();
        let unlock_count = usize::from(reader.u16()?);
        if unlock_count != inputs {
            return Err(DecodeError::UnlockCount {
                inputs,
                unlocks: unlock_count,
            });
        }
        reader.count(unlock_count, Limit::new("unlocks", 1, INPUTS_MAX), 3)?;
        let mut unlocks = Vec::with_capacity(unlock_count);
        for _ in 0..unlock_count {
            unlocks.push(Unlock::read(reader)?);
        }
        check_unlocks(&unlocks)?;
        let spans = TransactionSpans {
            payload: reader.since(&payload_start),
            essence: essence_span,
        };
        Ok((Self { essence, unlocks }, spans))
    }
}

impl Codec for Transaction {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&TRANSACTION.to_le_bytes());
        self.essence.write(out);
        write_count_u16(self.unlocks.len(), out);
        self.unlocks.iter().for_each(|unlock| unlock.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::read_with_spans(reader).map(|(transaction, _)| transaction)
    }
}

impl Essence {
    /// BLAKE2b-256 of the essence's bytes: what the unlocks sign.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        blake2b::hash(&self.to_bytes())
    }

    /// The transaction when all its inputs belong to one key.
    #[must_use]
    pub fn signed_by(self, key: &SecretKey) -> Transaction {
        let mut unlocks = vec![Unlock::signed(key, &self.hash())];
        unlocks.resize(self.inputs.len().max(1), Unlock::Reference(0));
        Transaction {
            essence: self,
            unlocks,
        }
    }
}

impl Codec for Essence {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(ESSENCE);
        self.network_id.write(out);
        write_count_u16(self.inputs.len(), out);
        for input in &self.inputs {
            out.push(INPUT);
            input.write(out);
        }
        out.extend_from_slice(&self.inputs_commitment);
        write_count_u16(self.outputs.len(), out);
        self.outputs.iter().for_each(|output| output.write(out));
        write_optional_payload(self.payload.as_ref(), out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = reader.u8()?;
        if kind != ESSENCE {
            return Err(DecodeError::Kind {
                field: "essence",
                found: u32::from(kind),
            });
        }
        let network_id = NetworkId::read(reader)?;
        let inputs = read_inputs(reader)?;
        let inputs_commitment = reader.array()?;
        let found = usize::from(reader.u16()?);
        let limit = Limit::new("outputs", 1, INPUTS_MAX);
        let count = reader.count(found, limit, Output::SIZE_BYTES_MIN)?;
        let mut outputs = Vec::with_capacity(count);
        for _ in 0..count {
            outputs.push(Output::read(reader)?);
        }
        let payload = read_sized(reader, "essence payload", TaggedData::read)?;
        Ok(Self {
            network_id,
            inputs,
            inputs_commitment,
            outputs,
            payload,
        })
    }
}

fn read_inputs(reader: &mut Reader<'_>) -> Result<Vec<OutputId>, DecodeError> {
    let found = usize::from(reader.u16()?);
    let limit = Limit::new("inputs", 1, INPUTS_MAX);
    let count = reader.count(found, limit, 1 + OutputId::LENGTH)?;
    let mut inputs = Vec::with_capacity(count);
    for index in 0..count {
        let kind = reader.u8()?;
        if kind != INPUT {
            return Err(DecodeError::Kind {
                field: "input",
                found: u32::from(kind),
            });
        }
        let id = OutputId::read(reader)?;
        if usize::from(id.index()) >= INPUTS_MAX {
            return Err(DecodeError::OutputIndex {
                index,
                found: id.index(),
            });
        }
        inputs.push(id);
    }
    match duplicate(&inputs) {
        Some(index) => Err(DecodeError::Duplicate {
            field: "inputs",
            index,
        }),
        None => Ok(inputs),
    }
}

/// The commitment of a transaction to the outputs that it consumes, in input order (TIP-20).
#[must_use]
pub fn inputs_commitment<'a>(outputs: impl IntoIterator<Item = &'a Output>) -> [u8; 32] {
    let mut hashes = Vec::with_capacity(8 * 32);
    let mut bytes = Vec::with_capacity(256);
    for output in outputs {
        bytes.clear();
        output.write(&mut bytes);
        hashes.extend_from_slice(&blake2b::hash(&bytes));
    }
    blake2b::hash(&hashes)
}
