//! Milestones: the coordinator's or committee's word on order and finality (TIP-29, TIP-34).

use crate::{Address, BlockId, MilestoneId, MilestoneIndex, Parents, UnixSeconds};

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
        todo!()
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
}
