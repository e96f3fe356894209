//! Protocol parameters in JSON.

use serde::{Deserialize, Serialize};

use super::leaf::Decimal;
use super::{JsonError, recheck};
use crate::{DecodeError, ProtocolParameters, RentStructure};

/// See [`ProtocolParameters`]. Reads also the spellings of configuration files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProtocolParametersJson {
    /// Protocol version, 2.
    pub version: u8,
    /// Name of the network.
    pub network_name: String,
    /// Human-readable part of addresses.
    #[serde(alias = "bech32HRP")]
    pub bech32_hrp: String,
    /// Least proof-of-work score of a block.
    #[serde(alias = "minPoWScore")]
    pub min_pow_score: u32,
    /// Milestones after which a cone root is too old.
    pub below_max_depth: u8,
    /// Storage deposit.
    pub rent_structure: RentStructureJson,
    /// All base coins there are.
    pub token_supply: Decimal,
}

/// See [`RentStructure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RentStructureJson {
    /// Price of a virtual byte.
    pub v_byte_cost: u32,
    /// Weight of a data byte.
    pub v_byte_factor_data: u8,
    /// Weight of a key byte.
    pub v_byte_factor_key: u8,
}

impl From<&ProtocolParameters> for ProtocolParametersJson {
    fn from(parameters: &ProtocolParameters) -> Self {
        Self {
            version: parameters.version,
            network_name: parameters.network_name.clone(),
            bech32_hrp: parameters.bech32_hrp.clone(),
            min_pow_score: parameters.pow_score_min,
            below_max_depth: parameters.below_max_depth,
            rent_structure: RentStructureJson {
                v_byte_cost: parameters.rent.v_byte_cost,
                v_byte_factor_data: parameters.rent.v_byte_factor_data,
                v_byte_factor_key: parameters.rent.v_byte_factor_key,
            },
            token_supply: Decimal(parameters.token_supply),
        }
    }
}

impl TryFrom<ProtocolParametersJson> for ProtocolParameters {
    type Error = JsonError;

    fn try_from(json: ProtocolParametersJson) -> Result<Self, JsonError> {
        let texts = [
            ("network name", &json.network_name),
            ("human-readable part", &json.bech32_hrp),
        ];
        for (field, text) in texts {
            if text.len() > 255 {
                return Err(JsonError::Value(DecodeError::Length {
                    field,
                    found: text.len(),
                    min: 0,
                    max: 255,
                }));
            }
        }
        recheck(&Self {
            version: json.version,
            network_name: json.network_name,
            bech32_hrp: json.bech32_hrp,
            pow_score_min: json.min_pow_score,
            below_max_depth: json.below_max_depth,
            rent: RentStructure {
                v_byte_cost: json.rent_structure.v_byte_cost,
                v_byte_factor_data: json.rent_structure.v_byte_factor_data,
                v_byte_factor_key: json.rent_structure.v_byte_factor_key,
            },
            token_supply: json.token_supply.0,
        })
    }
}
