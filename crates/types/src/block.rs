//! Blocks: the vertices of the Tangle (TIP-24).

use crate::codec::{Ascending, Limit, write_count_u8};
use crate::parsed::TransactionSpans;
use crate::payload::{read_optional_payload, write_optional_payload};
use crate::{BLOCK_SIZE_BYTES_MAX, BlockId, Codec, DecodeError, PARENTS_MAX, Payload, Reader};

/// A vertex of the Tangle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Version of the protocol it was written for.
    pub protocol_version: u8,
    /// Blocks that it approves.
    pub parents: Parents,
    /// What it carries.
    pub payload: Option<Payload>,
    /// Proof of work; zero for milestones.
    pub nonce: u64,
}

/// 1 to 8 block ids, ascending, unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parents(Vec<BlockId>);

/// A block that somebody hands to a node to be finished: parents, proof of work or both may be
/// missing, which are then no parents and nonce 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftBlock {
    /// Version of the protocol it was written for.
    pub protocol_version: u8,
    /// Blocks that it approves; `None` when the node shall choose.
    pub parents: Option<Parents>,
    /// What it carries.
    pub payload: Option<Payload>,
    /// Proof of work; zero when it is still to be done.
    pub nonce: u64,
}

impl Parents {
    /// Sorts and deduplicates. `None` when there is none or more than eight.
    #[must_use]
    pub fn new(mut ids: Vec<BlockId>) -> Option<Self> {
        ids.sort_unstable();
        ids.dedup();
        (!ids.is_empty() && ids.len() <= PARENTS_MAX).then_some(Self(ids))
    }

    /// Ids in the order in which somebody else stated them; only for values that are read back.
    pub(crate) const fn unchecked(ids: Vec<BlockId>) -> Self {
        Self(ids)
    }

    /// The ids in order.
    #[must_use]
    pub fn as_slice(&self) -> &[BlockId] {
        &self.0
    }
}

impl Codec for Parents {
    fn write(&self, out: &mut Vec<u8>) {
        write_count_u8(self.0.len(), out);
        self.0.iter().for_each(|id| id.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_parents(reader, 1).map(Self)
    }
}

fn read_parents(reader: &mut Reader<'_>, count_min: usize) -> Result<Vec<BlockId>, DecodeError> {
    let limit = Limit::new("parents", count_min, PARENTS_MAX);
    let found = usize::from(reader.u8()?);
    let count = reader.count(found, limit, BlockId::LENGTH)?;
    let mut ids = Vec::with_capacity(count);
    let mut order = Ascending::new("parents");
    for _ in 0..count {
        let id = BlockId::read(reader)?;
        order.next(id)?;
        ids.push(id);
    }
    Ok(ids)
}

impl Codec for Block {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.protocol_version);
        self.parents.write(out);
        write_optional_payload(self.payload.as_ref(), out);
        out.extend_from_slice(&self.nonce.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::read_with_spans(reader).map(|(block, _)| block)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_size(bytes.len())?;
        Reader::new(bytes).whole(Self::read)
    }
}

impl Block {
    /// Reads a block and says where in the input the hashed parts of its transaction are.
    pub(crate) fn read_with_spans<'a>(
        reader: &mut Reader<'a>,
    ) -> Result<(Self, Option<TransactionSpans<'a>>), DecodeError> {
        let start = reader.clone();
        let protocol_version = reader.u8()?;
        let parents = Parents::read(reader)?;
        let (payload, spans) = read_optional_payload(reader)?;
        let nonce = reader.u64()?;
        check_size(reader.since(&start).len())?;
        if nonce != 0 && matches!(payload, Some(Payload::Milestone(_))) {
            return Err(DecodeError::MilestoneNonce { found: nonce });
        }
        let block = Self {
            protocol_version,
            parents,
            payload,
            nonce,
        };
        Ok((block, spans))
    }
}

/// Whether a block may have this many bytes.
pub(crate) fn check_size(found: usize) -> Result<(), DecodeError> {
    if found > BLOCK_SIZE_BYTES_MAX {
        return Err(DecodeError::BlockSize { found });
    }
    Ok(())
}

impl DraftBlock {
    /// The finished block; `parents` are used when the draft has none, and a milestone's nonce is
    /// always 0.
    #[must_use]
    pub fn complete(self, parents: Parents, nonce: u64) -> Block {
        let is_milestone = matches!(self.payload, Some(Payload::Milestone(_)));
        Block {
            protocol_version: self.protocol_version,
            parents: self.parents.unwrap_or(parents),
            payload: self.payload,
            nonce: if is_milestone { 0 } else { nonce },
        }
    }
}

impl From<Block> for DraftBlock {
    fn from(block: Block) -> Self {
        Self {
            protocol_version: block.protocol_version,
            parents: Some(block.parents),
            payload: block.payload,
            nonce: block.nonce,
        }
    }
}

impl Codec for DraftBlock {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.protocol_version);
        match &self.parents {
            Some(parents) => parents.write(out),
            None => out.push(0),
        }
        write_optional_payload(self.payload.as_ref(), out);
        out.extend_from_slice(&self.nonce.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let protocol_version = reader.u8()?;
        let parents = read_parents(reader, 0)?;
        let (payload, _) = read_optional_payload(reader)?;
        let nonce = reader.u64()?;
        check_size(reader.since(&start).len())?;
        Ok(Self {
            protocol_version,
            parents: (!parents.is_empty()).then_some(Parents(parents)),
            payload,
            nonce,
        })
    }
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_size(bytes.len())?;
        Reader::new(bytes).whole(Self::read)
    }
}
