//! Milestones, receipts and protocol parameters.

use utoipa::ToSchema;

use super::block::SignatureSchema;
use super::output::AddressSchema;
use super::{BlockIdText, BytesText, DecimalText, HashText, MilestoneIdText};

/// A milestone.
#[derive(ToSchema)]
#[schema(as = Milestone, rename_all = "camelCase")]
pub(crate) struct MilestoneSchema {
    /// Always 7.
    #[schema(minimum = 7, maximum = 7)]
    r#type: u32,
    /// Its number.
    index: u32,
    /// Its time, in seconds since 1970.
    timestamp: u32,
    /// Version of the protocol.
    #[schema(minimum = 0, maximum = 255)]
    protocol_version: u32,
    /// The milestone before.
    previous_milestone_id: MilestoneIdText,
    /// Where its cone starts.
    #[schema(min_items = 1, max_items = 8)]
    parents: Vec<BlockIdText>,
    /// Root over all blocks that it references.
    inclusion_merkle_root: HashText,
    /// Root over the blocks whose transactions it includes.
    applied_merkle_root: HashText,
    /// Free data of the coordinator.
    #[schema(required = false)]
    metadata: BytesText,
    /// What it changes besides.
    #[schema(required = false, max_items = 2)]
    options: Vec<MilestoneOptionSchema>,
    /// Signatures of the milestone keys.
    #[schema(min_items = 1, max_items = 255)]
    signatures: Vec<SignatureSchema>,
}

/// What a milestone changes besides.
#[derive(ToSchema)]
#[schema(as = MilestoneOption)]
#[serde(untagged)]
enum MilestoneOptionSchema {
    Receipt(ReceiptSchema),
    Parameters(ParametersSchema),
}

/// Funds that come from the legacy network.
#[derive(ToSchema)]
#[schema(as = Receipt, rename_all = "camelCase")]
pub(crate) struct ReceiptSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// The legacy milestone.
    migrated_at: u32,
    /// The funds.
    #[schema(min_items = 1, max_items = 128)]
    funds: Vec<MigratedFundsSchema>,
    /// How the treasury changes.
    transaction: TreasuryTransactionSchema,
    /// Whether it is the last one for its legacy milestone.
    r#final: bool,
}

/// Funds of one legacy address.
#[derive(ToSchema)]
#[schema(as = MigratedFunds, rename_all = "camelCase")]
struct MigratedFundsSchema {
    /// Where the funds were.
    #[schema(pattern = "^0x[0-9a-fA-F]{98}$")]
    tail_transaction_hash: String,
    /// Who has them now.
    address: AddressSchema,
    /// How much.
    deposit: DecimalText,
}

/// How a receipt moves the treasury.
#[derive(ToSchema)]
#[schema(as = TreasuryTransaction)]
struct TreasuryTransactionSchema {
    /// Always 4.
    #[schema(minimum = 4, maximum = 4)]
    r#type: u32,
    /// The treasury before.
    input: TreasuryInputSchema,
    /// The treasury after.
    output: TreasuryOutputSchema,
}

/// The treasury before.
#[derive(ToSchema)]
#[schema(as = TreasuryInput, rename_all = "camelCase")]
struct TreasuryInputSchema {
    /// Always 1.
    #[schema(minimum = 1, maximum = 1)]
    r#type: u32,
    /// The milestone that made it.
    milestone_id: MilestoneIdText,
}

/// The treasury after.
#[derive(ToSchema)]
#[schema(as = TreasuryOutput)]
struct TreasuryOutputSchema {
    /// Always 2.
    #[schema(minimum = 2, maximum = 2)]
    r#type: u32,
    /// Base coins.
    amount: DecimalText,
}

/// Protocol parameters that come into force later.
#[derive(ToSchema)]
#[schema(as = PendingParameters, rename_all = "camelCase")]
pub(crate) struct ParametersSchema {
    /// Always 1.
    #[schema(minimum = 1, maximum = 1)]
    r#type: u32,
    /// The milestone from which they hold.
    target_milestone_index: u32,
    /// Version of the protocol.
    #[schema(minimum = 0, maximum = 255)]
    protocol_version: u32,
    /// The parameters in binary form.
    params: BytesText,
}

/// What holds on the network.
#[derive(ToSchema)]
#[schema(as = ProtocolParameters, rename_all = "camelCase")]
pub(crate) struct ProtocolParametersSchema {
    /// Version of the protocol.
    #[schema(minimum = 0, maximum = 255)]
    version: u32,
    /// Name of the network.
    network_name: String,
    /// What its addresses start with.
    #[schema(rename = "bech32Hrp")]
    bech32_hrp: String,
    /// Least proof-of-work score of a block.
    min_pow_score: u32,
    /// Milestones after which a block is too old to be approved.
    #[schema(minimum = 0, maximum = 255)]
    below_max_depth: u32,
    /// What place in the ledger costs.
    rent_structure: RentStructureSchema,
    /// All base coins there are.
    token_supply: DecimalText,
}

/// What place in the ledger costs.
#[derive(ToSchema)]
#[schema(as = RentStructure, rename_all = "camelCase")]
struct RentStructureSchema {
    /// Base coins for a virtual byte.
    v_byte_cost: u32,
    /// Virtual bytes of a data byte.
    #[schema(minimum = 0, maximum = 255)]
    v_byte_factor_data: u32,
    /// Virtual bytes of a key byte.
    #[schema(minimum = 0, maximum = 255)]
    v_byte_factor_key: u32,
}
