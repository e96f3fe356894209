//! Payloads in JSON: tagged data, transactions and their unlocks. Milestones share the struct.

use serde::{Deserialize, Serialize};

use super::leaf::{Constant, Decimal, HexArray, HexBytes, List};
use super::milestone::{MilestoneOptionJson, milestone_into_unchecked};
use super::output::OutputJson;
use super::{JsonError, Needs, recheck};
use crate::payload::{MILESTONE, TAGGED_DATA, TRANSACTION};
use crate::{
    BLOCK_SIZE_BYTES_MAX, BlockId, Essence, INPUTS_MAX, METADATA_SIZE_BYTES_MAX,
    MILESTONE_OPTIONS_MAX, MILESTONE_SIGNATURES_MAX, MilestoneId, MilestoneIndex, NetworkId,
    OutputId, PARENTS_MAX, Payload, TAG_SIZE_BYTES_MAX, TaggedData, Transaction, TransactionId,
    UnixSeconds, Unlock,
};

/// See [`Payload`].
///
/// Type 5 has `tag` and `data`, type 6 `essence` and `unlocks`, type 7 all the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayloadJson {
    /// Type number: 5, 6, 7.
    #[serde(rename = "type")]
    pub kind: u32,
    /// Tag of tagged data.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub tag: HexBytes<TAG_SIZE_BYTES_MAX>,
    /// Data of tagged data.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub data: HexBytes<BLOCK_SIZE_BYTES_MAX>,
    /// The signed part of a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub essence: Option<Box<EssenceJson>>,
    /// Unlocks of a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlocks: Option<List<UnlockJson, INPUTS_MAX>>,
    /// Index of a milestone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<MilestoneIndex>,
    /// Time of a milestone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<UnixSeconds>,
    /// Protocol version of a milestone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<u8>,
    /// The milestone before a milestone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_milestone_id: Option<MilestoneId>,
    /// Where a milestone's cone starts.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub parents: List<BlockId, PARENTS_MAX>,
    /// Root over all blocks that a milestone references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusion_merkle_root: Option<HexArray<32>>,
    /// Root over the blocks whose transactions a milestone includes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_merkle_root: Option<HexArray<32>>,
    /// Metadata of a milestone.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub metadata: HexBytes<METADATA_SIZE_BYTES_MAX>,
    /// Options of a milestone.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub options: List<MilestoneOptionJson, MILESTONE_OPTIONS_MAX>,
    /// Signatures of a milestone.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub signatures: List<SignatureJson, MILESTONE_SIGNATURES_MAX>,
}

/// The signed part of a transaction. See [`Essence`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EssenceJson {
    /// Always 1.
    #[serde(rename = "type")]
    pub kind: Constant<1>,
    /// The network the transaction is for.
    pub network_id: Decimal,
    /// Consumed outputs.
    pub inputs: List<InputJson, INPUTS_MAX>,
    /// Hash over the hashes of the consumed outputs.
    pub inputs_commitment: HexArray<32>,
    /// Created outputs.
    pub outputs: List<OutputJson, INPUTS_MAX>,
    /// Tagged data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<TaggedDataJson>,
}

/// A consumed output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputJson {
    /// Always 0.
    #[serde(rename = "type")]
    pub kind: Constant<0>,
    /// The transaction that created it.
    pub transaction_id: TransactionId,
    /// Its position among the outputs of that transaction.
    pub transaction_output_index: u16,
}

/// Tagged data inside a transaction. See [`TaggedData`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaggedDataJson {
    /// Always 5.
    #[serde(rename = "type")]
    pub kind: Constant<TAGGED_DATA>,
    /// The tag.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub tag: HexBytes<TAG_SIZE_BYTES_MAX>,
    /// The data.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub data: HexBytes<BLOCK_SIZE_BYTES_MAX>,
}

/// See [`Unlock`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockJson {
    /// Type number: 0 to 3.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Of type 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Box<SignatureJson>>,
    /// Position of an earlier unlock, of types 1 to 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<u16>,
}

/// An Ed25519 signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureJson {
    /// Always 0.
    #[serde(rename = "type")]
    pub kind: Constant<0>,
    /// The signer.
    pub public_key: HexArray<32>,
    /// The signature.
    pub signature: HexArray<64>,
}

impl From<&Payload> for PayloadJson {
    fn from(payload: &Payload) -> Self {
        match payload {
            Payload::TaggedData(data) => Self {
                kind: TAGGED_DATA,
                tag: HexBytes(data.tag.clone()),
                data: HexBytes(data.data.clone()),
                ..Self::default()
            },
            Payload::Transaction(transaction) => Self {
                kind: TRANSACTION,
                essence: Some(Box::new(EssenceJson::from(&transaction.essence))),
                unlocks: Some(transaction.unlocks.iter().map(UnlockJson::from).collect()),
                ..Self::default()
            },
            Payload::Milestone(milestone) => Self::from(&**milestone),
        }
    }
}

impl From<&Essence> for EssenceJson {
    fn from(essence: &Essence) -> Self {
        Self {
            kind: Constant,
            network_id: Decimal(essence.network_id.0),
            inputs: essence.inputs.iter().map(InputJson::from).collect(),
            inputs_commitment: HexArray(essence.inputs_commitment),
            outputs: essence.outputs.iter().map(OutputJson::from).collect(),
            payload: essence.payload.as_ref().map(TaggedDataJson::from),
        }
    }
}

impl From<&OutputId> for InputJson {
    fn from(id: &OutputId) -> Self {
        Self {
            kind: Constant,
            transaction_id: id.transaction_id(),
            transaction_output_index: id.index(),
        }
    }
}

impl From<&TaggedData> for TaggedDataJson {
    fn from(data: &TaggedData) -> Self {
        Self {
            kind: Constant,
            tag: HexBytes(data.tag.clone()),
            data: HexBytes(data.data.clone()),
        }
    }
}

impl From<&Unlock> for UnlockJson {
    fn from(unlock: &Unlock) -> Self {
        let (signature, reference) = match unlock {
            Unlock::Signature {
                public_key,
                signature,
            } => {
                let json = SignatureJson {
                    kind: Constant,
                    public_key: HexArray(*public_key),
                    signature: HexArray(**signature),
                };
                (Some(Box::new(json)), None)
            }
            Unlock::Reference(target) | Unlock::Alias(target) | Unlock::Nft(target) => {
                (None, Some(*target))
            }
        };
        Self {
            kind: unlock.kind(),
            signature,
            reference,
        }
    }
}

impl PayloadJson {
    pub(super) fn into_unchecked(self) -> Result<Payload, JsonError> {
        let needs = Needs {
            value: "payload",
            kind: self.kind,
        };
        match self.kind {
            TAGGED_DATA => Ok(Payload::TaggedData(TaggedData {
                tag: self.tag.0,
                data: self.data.0,
            })),
            TRANSACTION => {
                let essence = needs.field("essence", self.essence)?.into_unchecked()?;
                let unlocks = needs.field("unlocks", self.unlocks)?.0.into_iter();
                let unlocks = unlocks
                    .map(UnlockJson::into_unchecked)
                    .collect::<Result<_, _>>()?;
                let transaction = Transaction { essence, unlocks };
                Ok(Payload::Transaction(Box::new(transaction)))
            }
            MILESTONE => {
                let milestone = milestone_into_unchecked(self, needs)?;
                Ok(Payload::Milestone(Box::new(milestone)))
            }
            _ => Err(needs.unknown()),
        }
    }
}

impl EssenceJson {
    fn into_unchecked(self) -> Result<Essence, JsonError> {
        let inputs = self.inputs.0.into_iter();
        let outputs = self.outputs.0.into_iter();
        Ok(Essence {
            network_id: NetworkId(self.network_id.0),
            inputs: inputs
                .map(|input| OutputId::new(input.transaction_id, input.transaction_output_index))
                .collect(),
            inputs_commitment: self.inputs_commitment.0,
            outputs: outputs
                .map(OutputJson::into_unchecked)
                .collect::<Result<_, _>>()?,
            payload: self.payload.map(|payload| TaggedData {
                tag: payload.tag.0,
                data: payload.data.0,
            }),
        })
    }
}

impl UnlockJson {
    fn into_unchecked(self) -> Result<Unlock, JsonError> {
        let needs = Needs {
            value: "unlock",
            kind: u32::from(self.kind),
        };
        Ok(match self.kind {
            0 => {
                let json = needs.field("signature", self.signature)?;
                Unlock::Signature {
                    public_key: json.public_key.0,
                    signature: Box::new(json.signature.0),
                }
            }
            1 => Unlock::Reference(needs.field("reference", self.reference)?),
            2 => Unlock::Alias(needs.field("reference", self.reference)?),
            3 => Unlock::Nft(needs.field("reference", self.reference)?),
            _ => return Err(needs.unknown()),
        })
    }
}

impl TryFrom<PayloadJson> for Payload {
    type Error = JsonError;

    fn try_from(json: PayloadJson) -> Result<Self, JsonError> {
        recheck(&json.into_unchecked()?)
    }
}
