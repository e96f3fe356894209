//! What a node answers, as far as clients here look at it.

use serde::{Deserialize, Serialize};
use tangle_types::json::OutputJson;
use tangle_types::{
    BlockId, Codec, DecodeError, LedgerOutput, MilestoneId, MilestoneIndex, OutputId,
    ProtocolParameters, Reader, RentStructure, Spend, TransactionId, UnixSeconds,
};

/// `GET /api/core/v2/info`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSummary {
    /// The node's software.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How it is.
    pub status: NodeState,
    /// What its network agrees on.
    pub protocol: Protocol,
    /// The coin.
    pub base_token: BaseToken,
    /// What it can do besides, such as `pow`.
    pub features: Vec<String>,
}

/// The state of a node.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeState {
    /// Whether it knows the present.
    pub is_healthy: bool,
    /// The newest milestone known.
    pub latest_milestone: MilestoneSummary,
    /// The newest milestone confirmed.
    pub confirmed_milestone: MilestoneSummary,
    /// Milestones up to this one are pruned.
    pub pruning_index: MilestoneIndex,
}

/// `GET /api/tangle/v1/sync`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncState {
    /// Whether the ledger is as new as that of the neighbours.
    pub is_synced: bool,
    /// Why the node is not healthy.
    pub blocker: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
    /// The neighbours.
    pub neighbours: Vec<NeighbourState>,
}

/// A neighbour of a node.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NeighbourState {
    /// Whether it is not behind.
    pub is_synced: bool,
    /// Its newest confirmed milestone.
    pub solid_index: Option<MilestoneIndex>,
    /// Up to where it has pruned.
    pub pruned_index: Option<MilestoneIndex>,
}

/// A milestone in short.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MilestoneSummary {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its time, unless only a snapshot is known.
    pub timestamp: Option<UnixSeconds>,
    /// Its id, unless only a snapshot is known.
    pub milestone_id: Option<MilestoneId>,
}

/// Protocol parameters as the node writes them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    /// Protocol version.
    pub version: u8,
    /// Name of the network.
    pub network_name: String,
    /// Human-readable part of its addresses.
    pub bech32_hrp: String,
    /// Least proof-of-work score.
    pub min_pow_score: u32,
    /// Milestones after which a cone root is too old.
    pub below_max_depth: u8,
    /// Storage deposit.
    pub rent_structure: Rent,
    /// All coins, in decimal.
    pub token_supply: String,
}

/// Storage deposit parameters.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rent {
    /// Price of a virtual byte.
    pub v_byte_cost: u32,
    /// Weight of a data byte.
    pub v_byte_factor_data: u8,
    /// Weight of a key byte.
    pub v_byte_factor_key: u8,
}

/// The coin's names.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BaseToken {
    /// Name.
    pub name: String,
    /// Symbol.
    pub ticker_symbol: String,
    /// Name of the unit.
    pub unit: String,
    /// Digits after the point.
    pub decimals: u8,
}

/// `GET /api/core/v2/blocks/{blockId}/metadata`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockStatus {
    /// The block.
    pub block_id: BlockId,
    /// Whether its whole past is known.
    pub is_solid: bool,
    /// The milestone that referenced it.
    pub referenced_by_milestone_index: Option<MilestoneIndex>,
    /// What that milestone made of it.
    pub ledger_inclusion_state: Option<InclusionState>,
    /// Number of the reason when it is conflicting.
    pub conflict_reason: Option<u8>,
    /// Whether a block that approves it would help.
    pub should_promote: Option<bool>,
    /// Whether its payload should be attached anew.
    pub should_reattach: Option<bool>,
}

/// What a milestone made of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InclusionState {
    /// It has no transaction.
    NoTransaction,
    /// Its transaction changed the ledger.
    Included,
    /// Its transaction has no effect.
    Conflicting,
}

/// `GET /api/core/v2/outputs/{outputId}/metadata`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputStatus {
    /// The block that included the creating transaction.
    pub block_id: BlockId,
    /// That transaction.
    pub transaction_id: TransactionId,
    /// Whether it is spent.
    pub is_spent: bool,
    /// Its position among that transaction's outputs.
    pub output_index: u16,
    /// The milestone that spent it.
    pub milestone_index_spent: Option<MilestoneIndex>,
    /// The time of that milestone.
    pub milestone_timestamp_spent: Option<UnixSeconds>,
    /// The transaction that spent it.
    pub transaction_id_spent: Option<TransactionId>,
    /// The milestone that confirmed it.
    pub milestone_index_booked: MilestoneIndex,
    /// The time of that milestone.
    pub milestone_timestamp_booked: UnixSeconds,
    /// State of the ledger that was asked.
    pub ledger_index: MilestoneIndex,
}

/// `GET /api/core/v2/outputs/{outputId}`: an output and where it stands.
#[derive(Clone, Debug, Deserialize)]
pub struct OutputAnswer {
    /// Where it stands.
    pub metadata: OutputStatus,
    /// The output.
    pub output: OutputJson,
}

/// What a milestone changed in the ledger.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerChanges {
    /// Outputs that it created.
    pub created_outputs: Vec<OutputId>,
    /// Outputs that it consumed.
    pub consumed_outputs: Vec<OutputId>,
}

/// `POST /api/tangle/v1/outputs`.
#[derive(Clone, Debug)]
pub struct OwnedOutputs {
    /// State of the ledger that was asked.
    pub ledger_index: MilestoneIndex,
    /// Whether these are all; else fewer addresses have to be asked for.
    pub is_complete: bool,
    /// The outputs.
    pub outputs: Vec<LedgerOutput>,
}

impl Codec for OwnedOutputs {
    fn write(&self, out: &mut Vec<u8>) {
        self.ledger_index.write(out);
        out.push(u8::from(self.is_complete));
        self.outputs.iter().for_each(|output| output.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ledger_index = MilestoneIndex::read(reader)?;
        let is_complete = reader.u8()? == 1;
        let mut outputs = Vec::new();
        while !reader.rest().is_empty() {
            outputs.push(LedgerOutput::read(reader)?);
        }
        Ok(Self {
            ledger_index,
            is_complete,
            outputs,
        })
    }
}

impl OutputStatus {
    /// The output that it is about.
    #[must_use]
    pub fn output_id(&self) -> OutputId {
        OutputId::new(self.transaction_id, self.output_index)
    }

    /// How it was spent; what the node does not know any more is zero.
    #[must_use]
    pub fn spend(&self) -> Option<Spend> {
        self.is_spent.then(|| Spend {
            transaction_id: self.transaction_id_spent.unwrap_or(TransactionId::ZERO),
            milestone_index: self.milestone_index_spent.unwrap_or_default(),
            milestone_timestamp: self.milestone_timestamp_spent.unwrap_or_default(),
        })
    }
}

/// One page of outputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// State of the ledger that was asked.
    pub ledger_index: MilestoneIndex,
    /// Where to go on; absent on the last page.
    pub cursor: Option<String>,
    /// The outputs.
    pub items: Vec<OutputId>,
}

/// One of `GET /api/core/v2/peers`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Its id.
    pub id: String,
    /// Where it listens.
    pub multi_addresses: Vec<String>,
    /// What the operator calls it.
    pub alias: Option<String>,
    /// `known` or `unknown`.
    pub relation: String,
    /// Whether it is connected.
    pub connected: bool,
    /// What it says; absent before it has said anything.
    pub gossip: Option<PeerGossip>,
    /// Why it could not be reached last; other node software does not say.
    pub trouble: Option<String>,
}

/// What a peer says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeerGossip {
    /// How far it is.
    pub heartbeat: PeerHeartbeat,
}

/// How far a peer is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerHeartbeat {
    /// Its newest confirmed milestone.
    pub solid_milestone_index: MilestoneIndex,
    /// Up to where it has pruned.
    pub pruned_milestone_index: MilestoneIndex,
    /// The newest milestone it has seen.
    pub latest_milestone_index: MilestoneIndex,
}

impl Protocol {
    /// The parameters as a value. `None` when the supply is not a number.
    #[must_use]
    pub fn parameters(&self) -> Option<ProtocolParameters> {
        Some(ProtocolParameters {
            version: self.version,
            network_name: self.network_name.clone(),
            bech32_hrp: self.bech32_hrp.clone(),
            pow_score_min: self.min_pow_score,
            below_max_depth: self.below_max_depth,
            rent: RentStructure {
                v_byte_cost: self.rent_structure.v_byte_cost,
                v_byte_factor_data: self.rent_structure.v_byte_factor_data,
                v_byte_factor_key: self.rent_structure.v_byte_factor_key,
            },
            token_supply: self.token_supply.parse().ok()?,
        })
    }
}
