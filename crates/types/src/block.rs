//! Blocks: the vertices of the Tangle (TIP-24).

use bytes::Bytes;

use crate::{BlockId, DecodeError, Payload, TransactionId};

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

/// A block as a client may send it: parents and nonce may be left to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftBlock {
    /// Version of the protocol it was written for; `None` means the network's.
    pub protocol_version: Option<u8>,
    /// `None` when the node shall choose.
    pub parents: Option<Parents>,
    /// What it carries.
    pub payload: Option<Payload>,
    /// 0 when the node shall do the proof of work.
    pub nonce: u64,
}

/// 1 to 8 block ids, ascending, unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parents(Vec<BlockId>);

impl Parents {
    /// Sorts and deduplicates. `None` when there is none or more than eight.
    #[must_use]
    pub fn new(mut ids: Vec<BlockId>) -> Option<Self> {
        ids.sort_unstable();
        ids.dedup();
        (!ids.is_empty() && ids.len() <= crate::PARENTS_MAX).then_some(Self(ids))
    }

    /// The ids in order.
    #[must_use]
    pub fn as_slice(&self) -> &[BlockId] {
        &self.0
    }
}

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
}

/// The hashes of a transaction payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionHashes {
    /// Hash of the payload.
    pub id: TransactionId,
    /// Hash of the essence: what the unlocks sign.
    pub essence: [u8; 32],
}

impl ParsedBlock {
    /// Reads a block, checking every rule that needs no parameters and no ledger.
    ///
    /// # Errors
    /// The bytes are not a block.
    pub fn parse(bytes: Bytes) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }
}
