//! Three consecutive milestones of the Shimmer main network with their complete past cones.

use serde::Deserialize;
use tangle_types::{
    BlockId, Codec, LedgerOutput, Milestone, MilestoneId, MilestoneIndex, Output, OutputId,
    ProtocolParameters, RentStructure, TransactionId, UnixSeconds,
};

const TEXT: &str = include_str!("../vectors/shimmer-mainnet-ms-17339-17341.json");

/// What was recorded.
#[derive(Debug)]
pub struct Recording {
    /// Parameters of the network.
    pub parameters: ProtocolParameters,
    /// Public keys that signed milestones.
    pub milestone_keys: Vec<[u8; 32]>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The milestones in order.
    pub milestones: Vec<RecordedMilestone>,
}

/// A milestone and what it did.
#[derive(Debug)]
pub struct RecordedMilestone {
    /// Its id.
    pub id: MilestoneId,
    /// The milestone.
    pub milestone: Milestone,
    /// Its cone in white-flag order.
    pub cone: Vec<RecordedBlock>,
    /// Outputs it consumed, with the consuming transactions.
    pub consumed: Vec<(LedgerOutput, TransactionId)>,
    /// Outputs it created.
    pub created: Vec<OutputId>,
}

/// A block of a cone.
#[derive(Debug)]
pub struct RecordedBlock {
    /// Its id.
    pub id: BlockId,
    /// Whether its transaction changed the ledger.
    pub is_included: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct File {
    protocol_parameters: Parameters,
    milestone_public_key_count: usize,
    milestone_public_keys: Vec<String>,
    milestones: Vec<MilestoneEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    version: u8,
    network_name: String,
    bech32_hrp: String,
    min_pow_score: u32,
    below_max_depth: u8,
    rent_structure: Rent,
    token_supply: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rent {
    v_byte_cost: u32,
    v_byte_factor_data: u8,
    v_byte_factor_key: u8,
}

#[derive(Deserialize)]
struct MilestoneEntry {
    milestone_id: MilestoneId,
    payload: String,
    cone: Vec<BlockEntry>,
    consumed: Vec<OutputEntry>,
    created: Vec<OutputId>,
}

#[derive(Deserialize)]
struct BlockEntry {
    block_id: BlockId,
    included: bool,
    raw: String,
}

#[derive(Deserialize)]
struct OutputEntry {
    output_id: OutputId,
    raw: String,
    block_id: BlockId,
    milestone_index_booked: u32,
    milestone_timestamp_booked: u32,
    transaction_id_spent: TransactionId,
}

/// Milestones 17339, 17340 and 17341 of Shimmer.
///
/// # Panics
/// Never: the file is part of this crate.
#[must_use]
pub fn recorded() -> Recording {
    let file: File = serde_json::from_str(TEXT).expect("the file has this form");
    let parameters = file.protocol_parameters;
    let key = |text: &String| bytes(text).try_into().expect("a key has 32 bytes");
    Recording {
        parameters: ProtocolParameters {
            version: parameters.version,
            network_name: parameters.network_name,
            bech32_hrp: parameters.bech32_hrp,
            pow_score_min: parameters.min_pow_score,
            below_max_depth: parameters.below_max_depth,
            rent: RentStructure {
                v_byte_cost: parameters.rent_structure.v_byte_cost,
                v_byte_factor_data: parameters.rent_structure.v_byte_factor_data,
                v_byte_factor_key: parameters.rent_structure.v_byte_factor_key,
            },
            token_supply: parameters.token_supply.parse().expect("a number"),
        },
        milestone_keys: file.milestone_public_keys.iter().map(key).collect(),
        threshold: file.milestone_public_key_count,
        milestones: file.milestones.into_iter().map(milestone).collect(),
    }
}

fn milestone(entry: MilestoneEntry) -> RecordedMilestone {
    let block = |entry: BlockEntry| RecordedBlock {
        id: entry.block_id,
        is_included: entry.included,
        bytes: bytes(&entry.raw),
    };
    let consumed = |entry: OutputEntry| {
        let output = LedgerOutput {
            id: entry.output_id,
            block_id: entry.block_id,
            milestone_index: MilestoneIndex(entry.milestone_index_booked),
            milestone_timestamp: UnixSeconds(entry.milestone_timestamp_booked),
            output: Output::from_bytes(&bytes(&entry.raw)).expect("an output"),
        };
        (output, entry.transaction_id_spent)
    };
    RecordedMilestone {
        id: entry.milestone_id,
        milestone: Milestone::from_bytes(&bytes(&entry.payload)).expect("a milestone"),
        cone: entry.cone.into_iter().map(block).collect(),
        consumed: entry.consumed.into_iter().map(consumed).collect(),
        created: entry.created,
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("0x").expect("a text with 0x");
    hex::decode(digits).expect("hexadecimal digits")
}
