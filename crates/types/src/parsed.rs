//! Blocks together with their bytes and every hash that follows from those bytes.
//!
//! Hashes are taken over the bytes as they came in, never over a second serialization: what was
//! received is what is named, signed, stored and sent on.

use bytes::Bytes;
use tangle_crypto::blake2b;

use crate::block::check_size;
use crate::{Block, BlockId, DecodeError, MilestoneId, Payload, Reader, TransactionId};

/// A block that was read from bytes, with every hash that is computed from those bytes, once.
#[derive(Clone, Debug)]
pub struct ParsedBlock {
    /// BLAKE2b-256 of `bytes`.
    pub id: BlockId,
    /// The bytes as received; they are stored and sent on unchanged.
    pub bytes: Bytes,
    /// The block.
    pub block: Block,
    /// Present when the payload is a transaction.
    pub transaction: Option<TransactionHashes>,
    /// Present when the payload is a milestone, valid or not.
    pub milestone_id: Option<MilestoneId>,
}

/// The hashes of a transaction payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionHashes {
    /// Hash of the payload.
    pub id: TransactionId,
    /// Hash of the essence: what the unlocks sign.
    pub essence: [u8; 32],
}

/// Where in the input the hashed parts of a transaction are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransactionSpans<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) essence: &'a [u8],
}

impl ParsedBlock {
    /// Reads a block, checking every rule that needs no parameters and no ledger.
    ///
    /// # Errors
    /// The bytes are not a block.
    pub fn parse(bytes: Bytes) -> Result<Self, DecodeError> {
        check_size(bytes.len())?;
        let id = BlockId(blake2b::hash(&bytes));
        Self::parse_with_id(id, bytes)
    }

    /// [`parse`](Self::parse) for a caller that has hashed `bytes` already: `id` must be their
    /// BLAKE2b-256.
    ///
    /// # Errors
    /// The bytes are not a block.
    pub fn parse_with_id(id: BlockId, bytes: Bytes) -> Result<Self, DecodeError> {
        let (block, spans) = read_block(&bytes)?;
        let transaction = spans.map(|spans| TransactionHashes {
            id: TransactionId(blake2b::hash(spans.payload)),
            essence: blake2b::hash(spans.essence),
        });
        Ok(Self::new(id, bytes, block, transaction))
    }

    /// [`parse`](Self::parse) for each of `inputs`, in order, with the hashes of all of them
    /// computed several at a time.
    pub fn parse_many(inputs: Vec<Bytes>) -> Vec<Result<Self, DecodeError>> {
        let read: Vec<_> = inputs.iter().map(|bytes| read_block(bytes)).collect();
        let mut hashed = Vec::with_capacity(3 * inputs.len());
        for (bytes, result) in inputs.iter().zip(&read) {
            let Ok((_, spans)) = result else { continue };
            hashed.push(&bytes[..]);
            if let Some(spans) = spans {
                hashed.extend([spans.payload, spans.essence]);
            }
        }
        let mut hashes = blake2b::hash_many(&hashed).into_iter();
        let mut next = || hashes.next().expect("there is a hash for each input");
        let blocks: Vec<_> = read
            .into_iter()
            .map(|result| {
                let (block, spans) = result?;
                let id = BlockId(next());
                let transaction = spans.map(|_| TransactionHashes {
                    id: TransactionId(next()),
                    essence: next(),
                });
                Ok((id, block, transaction))
            })
            .collect();
        let pairs = inputs.into_iter().zip(blocks);
        pairs
            .map(|(bytes, result)| {
                result.map(|(id, block, transaction)| Self::new(id, bytes, block, transaction))
            })
            .collect()
    }

    fn new(
        id: BlockId,
        bytes: Bytes,
        block: Block,
        transaction: Option<TransactionHashes>,
    ) -> Self {
        let milestone_id = match &block.payload {
            Some(Payload::Milestone(milestone)) => Some(milestone.id()),
            _ => None,
        };
        Self {
            id,
            bytes,
            block,
            transaction,
            milestone_id,
        }
    }
}

fn read_block(bytes: &[u8]) -> Result<(Block, Option<TransactionSpans<'_>>), DecodeError> {
    check_size(bytes.len())?;
    Reader::new(bytes).whole(Block::read_with_spans)
}
