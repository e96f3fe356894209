//! Blocks, transactions and their parts.

use utoipa::ToSchema;

use super::milestone::MilestoneSchema;
use super::output::OutputSchema;
use super::{BlockIdText, BytesText, DecimalText, HashText, TransactionIdText};

/// A block.
#[derive(ToSchema)]
#[schema(as = Block, rename_all = "camelCase")]
pub(crate) struct BlockSchema {
    /// Version of the protocol.
    #[schema(minimum = 0, maximum = 255)]
    protocol_version: u32,
    /// Blocks that it approves, in ascending order.
    #[schema(min_items = 1, max_items = 8)]
    parents: Vec<BlockIdText>,
    /// What it carries.
    #[schema(required = false)]
    payload: PayloadSchema,
    /// Proof of work.
    nonce: DecimalText,
}

/// A block whose parents and nonce the node shall fill in when they are missing.
#[derive(ToSchema)]
#[schema(as = DraftBlock, rename_all = "camelCase")]
pub(crate) struct DraftBlockSchema {
    /// Version of the protocol.
    #[schema(minimum = 0, maximum = 255)]
    protocol_version: u32,
    /// Blocks that it approves, in ascending order.
    #[schema(required = false, max_items = 8)]
    parents: Vec<BlockIdText>,
    /// What it carries.
    #[schema(required = false)]
    payload: PayloadSchema,
    /// Proof of work; 0 or absent when the node shall do it.
    #[schema(required = false)]
    nonce: DecimalText,
}

/// What a block carries.
#[derive(ToSchema)]
#[schema(as = Payload)]
#[serde(untagged)]
enum PayloadSchema {
    TaggedData(TaggedDataSchema),
    Transaction(TransactionSchema),
    Milestone(MilestoneSchema),
}

/// Data with a tag to find it by.
#[derive(ToSchema)]
#[schema(as = TaggedData)]
struct TaggedDataSchema {
    /// Always 5.
    #[schema(minimum = 5, maximum = 5)]
    r#type: u32,
    /// The tag.
    #[schema(required = false)]
    tag: BytesText,
    /// The data.
    #[schema(required = false)]
    data: BytesText,
}

/// A transaction.
#[derive(ToSchema)]
#[schema(as = Transaction)]
struct TransactionSchema {
    /// Always 6.
    #[schema(minimum = 6, maximum = 6)]
    r#type: u32,
    /// What is signed.
    essence: EssenceSchema,
    /// How each input is unlocked.
    #[schema(min_items = 1, max_items = 128)]
    unlocks: Vec<UnlockSchema>,
}

/// The signed part of a transaction.
#[derive(ToSchema)]
#[schema(as = Essence, rename_all = "camelCase")]
struct EssenceSchema {
    /// Always 1.
    #[schema(minimum = 1, maximum = 1)]
    r#type: u32,
    /// The network that the transaction is for.
    network_id: DecimalText,
    /// Consumed outputs.
    #[schema(min_items = 1, max_items = 128)]
    inputs: Vec<InputSchema>,
    /// Hash over the hashes of the consumed outputs.
    inputs_commitment: HashText,
    /// Created outputs.
    #[schema(min_items = 1, max_items = 128)]
    outputs: Vec<OutputSchema>,
    /// Tagged data.
    #[schema(required = false)]
    payload: TaggedDataSchema,
}

/// A consumed output.
#[derive(ToSchema)]
#[schema(as = Input, rename_all = "camelCase")]
struct InputSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// The transaction that created it.
    transaction_id: TransactionIdText,
    /// Its position there.
    #[schema(minimum = 0, maximum = 127)]
    transaction_output_index: u32,
}

/// How an input is unlocked.
#[derive(ToSchema)]
#[schema(as = Unlock)]
#[serde(untagged)]
enum UnlockSchema {
    Signature(SignatureUnlockSchema),
    Reference(ReferenceUnlockSchema),
}

/// By a signature.
#[derive(ToSchema)]
#[schema(as = SignatureUnlock)]
struct SignatureUnlockSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// The signature.
    signature: SignatureSchema,
}

/// By another input's unlock.
#[derive(ToSchema)]
#[schema(as = ReferenceUnlock)]
struct ReferenceUnlockSchema {
    /// 1: the same address; 2: an alias; 3: an NFT.
    #[schema(minimum = 1, maximum = 3)]
    r#type: u32,
    /// Position of the other unlock.
    #[schema(minimum = 0, maximum = 127)]
    reference: u32,
}

/// An Ed25519 signature.
#[derive(ToSchema)]
#[schema(as = Signature, rename_all = "camelCase")]
pub(super) struct SignatureSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// Who signed.
    #[schema(pattern = "^0x[0-9a-fA-F]{64}$")]
    public_key: String,
    /// The signature.
    #[schema(pattern = "^0x[0-9a-fA-F]{128}$")]
    signature: String,
}

/// Shows that a milestone references a block.
#[derive(ToSchema)]
#[schema(as = InclusionProof)]
pub(crate) struct InclusionProofSchema {
    milestone: MilestoneSchema,
    block: BlockSchema,
    proof: ProofNodeSchema,
}

/// A node of the milestone's Merkle tree: a leaf with its `value`, a part known by its hash `h`, or
/// two parts `l` and `r`.
#[derive(ToSchema)]
#[schema(as = ProofNode, no_recursion)]
struct ProofNodeSchema {
    /// The part on the left.
    #[schema(required = false)]
    l: Box<ProofNodeSchema>,
    /// The part on the right.
    #[schema(required = false)]
    r: Box<ProofNodeSchema>,
    /// Hash of a part.
    #[schema(required = false)]
    h: HashText,
    /// Id of the block.
    #[schema(required = false)]
    value: BlockIdText,
}
