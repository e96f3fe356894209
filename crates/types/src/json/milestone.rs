//! Milestones, their options and receipts in JSON.

use serde::{Deserialize, Serialize};

use super::leaf::{Constant, Decimal, HexArray, HexBytes, List};
use super::output::AddressJson;
use super::payload::{PayloadJson, SignatureJson};
use super::{JsonError, Needs, recheck};
use crate::payload::MILESTONE;
use crate::{
    METADATA_SIZE_BYTES_MAX, MIGRATED_FUNDS_MAX, MigratedFunds, Milestone, MilestoneId,
    MilestoneIndex, MilestoneOption, MilestoneSignature, ParametersOption, Parents, Receipt,
    TreasuryTransaction,
};

/// See [`MilestoneOption`].
///
/// Type 0 has `migratedAt`, `funds`, `transaction` and `final`; type 1 has `targetMilestoneIndex`,
/// `protocolVersion` and `params`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MilestoneOptionJson {
    /// Type number: 0, 1.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Legacy milestone of a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated_at: Option<u32>,
    /// What a receipt migrates.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub funds: List<MigratedFundsJson, MIGRATED_FUNDS_MAX>,
    /// How a receipt moves the treasury.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<TreasuryTransactionJson>,
    /// Whether a receipt is the last one for its legacy milestone.
    #[serde(rename = "final", default, skip_serializing_if = "Option::is_none")]
    pub is_final: Option<bool>,
    /// Milestone from which parameters apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_milestone_index: Option<MilestoneIndex>,
    /// Protocol version of parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<u8>,
    /// Parameters in binary form.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub params: HexBytes<METADATA_SIZE_BYTES_MAX>,
}

/// See [`MigratedFunds`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MigratedFundsJson {
    /// Where the funds were.
    pub tail_transaction_hash: HexArray<49>,
    /// Who has them now.
    pub address: AddressJson,
    /// How much.
    pub deposit: Decimal,
}

/// See [`TreasuryTransaction`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreasuryTransactionJson {
    /// Always 4.
    #[serde(rename = "type")]
    pub kind: Constant<4>,
    /// The treasury before.
    pub input: TreasuryInputJson,
    /// The treasury after.
    pub output: TreasuryOutputJson,
}

/// The treasury output that is consumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TreasuryInputJson {
    /// Always 1.
    #[serde(rename = "type")]
    pub kind: Constant<1>,
    /// The milestone that created it.
    pub milestone_id: MilestoneId,
}

/// The treasury output that is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreasuryOutputJson {
    /// Always 2.
    #[serde(rename = "type")]
    pub kind: Constant<2>,
    /// Base coins.
    pub amount: Decimal,
}

impl From<&Milestone> for PayloadJson {
    fn from(milestone: &Milestone) -> Self {
        let signatures = milestone.signatures.iter();
        Self {
            kind: MILESTONE,
            index: Some(milestone.index),
            timestamp: Some(milestone.timestamp),
            protocol_version: Some(milestone.protocol_version),
            previous_milestone_id: Some(milestone.previous_milestone_id),
            parents: List(milestone.parent_ids().to_vec()),
            inclusion_merkle_root: Some(HexArray(milestone.inclusion_merkle_root)),
            applied_merkle_root: Some(HexArray(milestone.applied_merkle_root)),
            metadata: HexBytes(milestone.metadata.clone()),
            options: milestone.options.iter().map(Into::into).collect(),
            signatures: signatures
                .map(|signature| SignatureJson {
                    kind: Constant,
                    public_key: HexArray(signature.public_key),
                    signature: HexArray(signature.signature),
                })
                .collect(),
            ..Self::default()
        }
    }
}

impl From<&MilestoneOption> for MilestoneOptionJson {
    fn from(option: &MilestoneOption) -> Self {
        match option {
            MilestoneOption::Receipt(receipt) => Self::from(receipt),
            MilestoneOption::Parameters(parameters) => Self::from(parameters),
        }
    }
}

impl From<&Receipt> for MilestoneOptionJson {
    fn from(receipt: &Receipt) -> Self {
        Self {
            kind: 0,
            migrated_at: Some(receipt.migrated_at),
            funds: receipt.funds.iter().map(Into::into).collect(),
            transaction: Some((&receipt.treasury_transaction).into()),
            is_final: Some(receipt.is_final),
            ..Self::default()
        }
    }
}

impl From<&ParametersOption> for MilestoneOptionJson {
    fn from(option: &ParametersOption) -> Self {
        Self {
            kind: 1,
            target_milestone_index: Some(option.target_index),
            protocol_version: Some(option.protocol_version),
            params: HexBytes(option.parameters.clone()),
            ..Self::default()
        }
    }
}

impl From<&MigratedFunds> for MigratedFundsJson {
    fn from(funds: &MigratedFunds) -> Self {
        Self {
            tail_transaction_hash: HexArray(funds.tail_transaction_hash),
            address: (&funds.address).into(),
            deposit: Decimal(funds.deposit),
        }
    }
}

impl From<&TreasuryTransaction> for TreasuryTransactionJson {
    fn from(transaction: &TreasuryTransaction) -> Self {
        Self {
            kind: Constant,
            input: TreasuryInputJson {
                kind: Constant,
                milestone_id: transaction.input,
            },
            output: TreasuryOutputJson {
                kind: Constant,
                amount: Decimal(transaction.amount),
            },
        }
    }
}

/// The milestone that a payload of type 7 states.
pub(super) fn milestone_into_unchecked(
    json: PayloadJson,
    needs: Needs,
) -> Result<Milestone, JsonError> {
    let options = json.options.0.into_iter();
    let signatures = json.signatures.0.into_iter();
    let inclusion = json.inclusion_merkle_root;
    let applied = json.applied_merkle_root;
    Ok(Milestone {
        index: needs.field("index", json.index)?,
        timestamp: needs.field("timestamp", json.timestamp)?,
        protocol_version: needs.field("protocolVersion", json.protocol_version)?,
        previous_milestone_id: needs.field("previousMilestoneId", json.previous_milestone_id)?,
        parents: Parents::unchecked(json.parents.0),
        inclusion_merkle_root: needs.field("inclusionMerkleRoot", inclusion)?.0,
        applied_merkle_root: needs.field("appliedMerkleRoot", applied)?.0,
        metadata: json.metadata.0,
        options: options
            .map(MilestoneOptionJson::into_unchecked)
            .collect::<Result<_, _>>()?,
        signatures: signatures
            .map(|signature| MilestoneSignature {
                public_key: signature.public_key.0,
                signature: signature.signature.0,
            })
            .collect(),
    })
}

impl MilestoneOptionJson {
    fn into_unchecked(self) -> Result<MilestoneOption, JsonError> {
        let needs = Needs {
            value: "milestone option",
            kind: u32::from(self.kind),
        };
        match self.kind {
            0 => {
                let transaction = needs.field("transaction", self.transaction)?;
                let funds = self.funds.0.into_iter().map(MigratedFunds::try_from);
                Ok(MilestoneOption::Receipt(Receipt {
                    migrated_at: needs.field("migratedAt", self.migrated_at)?,
                    is_final: self.is_final.unwrap_or_default(),
                    funds: funds.collect::<Result<_, _>>()?,
                    treasury_transaction: TreasuryTransaction {
                        input: transaction.input.milestone_id,
                        amount: transaction.output.amount.0,
                    },
                }))
            }
            1 => {
                let target = self.target_milestone_index;
                Ok(MilestoneOption::Parameters(ParametersOption {
                    target_index: needs.field("targetMilestoneIndex", target)?,
                    protocol_version: needs.field("protocolVersion", self.protocol_version)?,
                    parameters: self.params.0,
                }))
            }
            _ => Err(needs.unknown()),
        }
    }
}

impl TryFrom<MigratedFundsJson> for MigratedFunds {
    type Error = JsonError;

    fn try_from(json: MigratedFundsJson) -> Result<Self, JsonError> {
        Ok(Self {
            tail_transaction_hash: json.tail_transaction_hash.0,
            address: json.address.try_into()?,
            deposit: json.deposit.0,
        })
    }
}

impl TryFrom<MilestoneOptionJson> for MilestoneOption {
    type Error = JsonError;

    fn try_from(json: MilestoneOptionJson) -> Result<Self, JsonError> {
        recheck(&json.into_unchecked()?)
    }
}
