//! Payloads of a block: tagged data (TIP-23), transaction (TIP-20), milestone (TIP-29).

use crate::{Milestone, NetworkId, Output, OutputId, TransactionId, Unlock};

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

impl Essence {
    /// BLAKE2b-256 of the essence's bytes: what the unlocks sign.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        todo!()
    }
}

impl Transaction {
    /// BLAKE2b-256 of the payload's bytes, type included.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        todo!()
    }
}

/// The commitment of a transaction to the outputs that it consumes, in input order (TIP-20).
#[must_use]
pub fn inputs_commitment<'a>(outputs: impl IntoIterator<Item = &'a Output>) -> [u8; 32] {
    let _ = outputs.into_iter().count();
    todo!()
}
