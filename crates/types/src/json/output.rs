//! Outputs in JSON, with their tokens, unlock conditions, features and addresses.

use serde::{Deserialize, Serialize};

use super::leaf::{Constant, Decimal, HexArray, HexBytes, HexNumber, List};
use super::{JsonError, Needs, recheck};
use crate::{
    Address, AliasId, AliasOutput, BasicOutput, Feature, Features, FoundryOutput,
    METADATA_SIZE_BYTES_MAX, NATIVE_TOKENS_MAX, NativeToken, NftId, NftOutput, Output,
    SimpleTokenScheme, TAG_SIZE_BYTES_MAX, TokenId, UnixSeconds, UnlockCondition, UnlockConditions,
};

/// Unlock conditions of an output: at most one of each type.
type ConditionList = List<UnlockConditionJson, 7>;
/// Features of an output: at most one of each type.
type FeatureList = List<FeatureJson, 4>;

/// See [`Output`].
///
/// Besides what all have, type 4 has `aliasId`, `stateIndex`, `stateMetadata` and `foundryCounter`,
/// type 5 `serialNumber` and `tokenScheme`, type 6 `nftId`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputJson {
    /// Type number: 3 to 6.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Base coins.
    pub amount: Decimal,
    /// Native tokens.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub native_tokens: List<NativeTokenJson, NATIVE_TOKENS_MAX>,
    /// Id of an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_id: Option<AliasId>,
    /// State index of an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_index: Option<u32>,
    /// State metadata of an alias.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub state_metadata: HexBytes<METADATA_SIZE_BYTES_MAX>,
    /// Foundries that an alias has created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foundry_counter: Option<u32>,
    /// Serial number of a foundry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<u32>,
    /// Token scheme of a foundry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_scheme: Option<TokenSchemeJson>,
    /// Id of an NFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nft_id: Option<NftId>,
    /// Unlock conditions.
    #[serde(default)]
    pub unlock_conditions: ConditionList,
    /// Features that may change.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub features: FeatureList,
    /// Features fixed at creation.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub immutable_features: FeatureList,
}

/// See [`NativeToken`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeTokenJson {
    /// Which token.
    pub id: TokenId,
    /// How much.
    pub amount: HexNumber,
}

/// See [`SimpleTokenScheme`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenSchemeJson {
    /// Always 0.
    #[serde(rename = "type")]
    pub kind: Constant<0>,
    /// Minted so far.
    pub minted_tokens: HexNumber,
    /// Melted so far.
    pub melted_tokens: HexNumber,
    /// Most that may circulate.
    pub maximum_supply: HexNumber,
}

/// See [`UnlockCondition`].
///
/// Types 0, 4, 5 and 6 have `address`, type 1 `returnAddress` and `amount`, type 2 `unixTime`, type
/// 3
/// `returnAddress` and `unixTime`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnlockConditionJson {
    /// Type number: 0 to 6.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Who may unlock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressJson>,
    /// Who gets something back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_address: Option<AddressJson>,
    /// How much is to be returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix_time: Option<UnixSeconds>,
}

/// See [`Feature`].
///
/// Types 0 and 1 have `address`, type 2 `data`, type 3 `tag`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureJson {
    /// Type number: 0 to 3.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Sender or issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressJson>,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<HexBytes<METADATA_SIZE_BYTES_MAX>>,
    /// Tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<HexBytes<TAG_SIZE_BYTES_MAX>>,
}

/// See [`Address`].
///
/// Type 0 has `pubKeyHash`, type 8 `aliasId`, type 16 `nftId`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressJson {
    /// Type number: 0, 8, 16.
    #[serde(rename = "type")]
    pub kind: u8,
    /// BLAKE2b-256 of an Ed25519 public key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pub_key_hash: Option<HexArray<32>>,
    /// An alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_id: Option<AliasId>,
    /// An NFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nft_id: Option<NftId>,
}

impl From<&Output> for OutputJson {
    fn from(output: &Output) -> Self {
        let immutable = output.immutable_features().map(feature_list);
        let common = Self {
            kind: output.kind(),
            amount: Decimal(output.amount()),
            native_tokens: output.native_tokens().iter().map(Into::into).collect(),
            unlock_conditions: output.unlock_conditions().iter().map(Into::into).collect(),
            features: feature_list(output.features()),
            immutable_features: immutable.unwrap_or_default(),
            ..Self::default()
        };
        match output {
            Output::Basic(_) => common,
            Output::Alias(alias) => Self {
                alias_id: Some(alias.alias_id),
                state_index: Some(alias.state_index),
                state_metadata: HexBytes(alias.state_metadata.clone()),
                foundry_counter: Some(alias.foundry_counter),
                ..common
            },
            Output::Foundry(foundry) => Self {
                serial_number: Some(foundry.serial_number),
                token_scheme: Some(TokenSchemeJson::from(&foundry.token_scheme)),
                ..common
            },
            Output::Nft(nft) => Self {
                nft_id: Some(nft.nft_id),
                ..common
            },
        }
    }
}

fn feature_list(features: &Features) -> FeatureList {
    features.iter().map(FeatureJson::from).collect()
}

impl From<&NativeToken> for NativeTokenJson {
    fn from(token: &NativeToken) -> Self {
        Self {
            id: token.id,
            amount: HexNumber(token.amount),
        }
    }
}

impl From<&SimpleTokenScheme> for TokenSchemeJson {
    fn from(scheme: &SimpleTokenScheme) -> Self {
        Self {
            kind: Constant,
            minted_tokens: HexNumber(scheme.minted),
            melted_tokens: HexNumber(scheme.melted),
            maximum_supply: HexNumber(scheme.maximum),
        }
    }
}

impl From<&UnlockCondition> for UnlockConditionJson {
    fn from(condition: &UnlockCondition) -> Self {
        let mut json = Self {
            kind: condition.kind(),
            ..Self::default()
        };
        match condition {
            UnlockCondition::Address(address)
            | UnlockCondition::StateController(address)
            | UnlockCondition::Governor(address) => json.address = Some(address.into()),
            UnlockCondition::StorageDepositReturn {
                return_address,
                amount,
            } => {
                json.return_address = Some(return_address.into());
                json.amount = Some(Decimal(*amount));
            }
            UnlockCondition::Timelock(unix_time) => json.unix_time = Some(*unix_time),
            UnlockCondition::Expiration {
                return_address,
                unix_time,
            } => {
                json.return_address = Some(return_address.into());
                json.unix_time = Some(*unix_time);
            }
            UnlockCondition::ImmutableAlias(alias_id) => {
                json.address = Some((&Address::Alias(*alias_id)).into());
            }
        }
        json
    }
}

impl From<&Feature> for FeatureJson {
    fn from(feature: &Feature) -> Self {
        let mut json = Self {
            kind: feature.kind(),
            ..Self::default()
        };
        match feature {
            Feature::Sender(address) | Feature::Issuer(address) => {
                json.address = Some(address.into());
            }
            Feature::Metadata(data) => json.data = Some(HexBytes(data.clone())),
            Feature::Tag(tag) => json.tag = Some(HexBytes(tag.clone())),
        }
        json
    }
}

impl From<&Address> for AddressJson {
    fn from(address: &Address) -> Self {
        let mut json = Self {
            kind: address.kind(),
            ..Self::default()
        };
        match address {
            Address::Ed25519(hash) => json.pub_key_hash = Some(HexArray(*hash)),
            Address::Alias(id) => json.alias_id = Some(*id),
            Address::Nft(id) => json.nft_id = Some(*id),
        }
        json
    }
}

impl OutputJson {
    pub(super) fn into_unchecked(self) -> Result<Output, JsonError> {
        let needs = Needs {
            value: "output",
            kind: u32::from(self.kind),
        };
        let amount = self.amount.0;
        let native_tokens = self.native_tokens.0.into_iter().map(NativeToken::from);
        let native_tokens = native_tokens.collect();
        let unlock_conditions = conditions_into_unchecked(self.unlock_conditions)?;
        let features = features_into_unchecked(self.features)?;
        let immutable_features = features_into_unchecked(self.immutable_features)?;
        match self.kind {
            3 => Ok(Output::Basic(BasicOutput {
                amount,
                native_tokens,
                unlock_conditions,
                features,
            })),
            4 => Ok(Output::Alias(Box::new(AliasOutput {
                amount,
                native_tokens,
                alias_id: needs.field("aliasId", self.alias_id)?,
                state_index: needs.field("stateIndex", self.state_index)?,
                state_metadata: self.state_metadata.0,
                foundry_counter: needs.field("foundryCounter", self.foundry_counter)?,
                unlock_conditions,
                features,
                immutable_features,
            }))),
            5 => Ok(Output::Foundry(Box::new(FoundryOutput {
                amount,
                native_tokens,
                serial_number: needs.field("serialNumber", self.serial_number)?,
                token_scheme: needs.field("tokenScheme", self.token_scheme)?.into(),
                unlock_conditions,
                features,
                immutable_features,
            }))),
            6 => Ok(Output::Nft(Box::new(NftOutput {
                amount,
                native_tokens,
                nft_id: needs.field("nftId", self.nft_id)?,
                unlock_conditions,
                features,
                immutable_features,
            }))),
            _ => Err(needs.unknown()),
        }
    }
}

fn conditions_into_unchecked(list: ConditionList) -> Result<UnlockConditions, JsonError> {
    let conditions = list.0.into_iter().map(UnlockConditionJson::into_unchecked);
    conditions.collect::<Result<_, _>>().map(UnlockConditions)
}

fn features_into_unchecked(list: FeatureList) -> Result<Features, JsonError> {
    let features = list.0.into_iter().map(FeatureJson::into_unchecked);
    features.collect::<Result<_, _>>().map(Features)
}

impl From<NativeTokenJson> for NativeToken {
    fn from(json: NativeTokenJson) -> Self {
        Self {
            id: json.id,
            amount: json.amount.0,
        }
    }
}

impl From<TokenSchemeJson> for SimpleTokenScheme {
    fn from(json: TokenSchemeJson) -> Self {
        Self {
            minted: json.minted_tokens.0,
            melted: json.melted_tokens.0,
            maximum: json.maximum_supply.0,
        }
    }
}

impl UnlockConditionJson {
    fn into_unchecked(self) -> Result<UnlockCondition, JsonError> {
        let needs = Needs {
            value: "unlock condition",
            kind: u32::from(self.kind),
        };
        let address = |found| Address::try_from(needs.field::<AddressJson>("address", found)?);
        let return_address =
            |found| Address::try_from(needs.field::<AddressJson>("returnAddress", found)?);
        Ok(match self.kind {
            0 => UnlockCondition::Address(address(self.address)?),
            1 => UnlockCondition::StorageDepositReturn {
                return_address: return_address(self.return_address)?,
                amount: needs.field("amount", self.amount)?.0,
            },
            2 => UnlockCondition::Timelock(needs.field("unixTime", self.unix_time)?),
            3 => UnlockCondition::Expiration {
                return_address: return_address(self.return_address)?,
                unix_time: needs.field("unixTime", self.unix_time)?,
            },
            4 => UnlockCondition::StateController(address(self.address)?),
            5 => UnlockCondition::Governor(address(self.address)?),
            6 => match address(self.address)? {
                Address::Alias(alias_id) => UnlockCondition::ImmutableAlias(alias_id),
                other => return Err(UnlockCondition::not_an_alias(&other).into()),
            },
            _ => return Err(needs.unknown()),
        })
    }
}

impl FeatureJson {
    fn into_unchecked(self) -> Result<Feature, JsonError> {
        let needs = Needs {
            value: "feature",
            kind: u32::from(self.kind),
        };
        Ok(match self.kind {
            0 => Feature::Sender(needs.field("address", self.address)?.try_into()?),
            1 => Feature::Issuer(needs.field("address", self.address)?.try_into()?),
            2 => Feature::Metadata(needs.field("data", self.data)?.0),
            3 => Feature::Tag(needs.field("tag", self.tag)?.0),
            _ => return Err(needs.unknown()),
        })
    }
}

impl TryFrom<AddressJson> for Address {
    type Error = JsonError;

    fn try_from(json: AddressJson) -> Result<Self, JsonError> {
        let needs = Needs {
            value: "address",
            kind: u32::from(json.kind),
        };
        Ok(match json.kind {
            0 => Self::Ed25519(needs.field("pubKeyHash", json.pub_key_hash)?.0),
            8 => Self::Alias(needs.field("aliasId", json.alias_id)?),
            16 => Self::Nft(needs.field("nftId", json.nft_id)?),
            _ => return Err(needs.unknown()),
        })
    }
}

impl TryFrom<OutputJson> for Output {
    type Error = JsonError;

    fn try_from(json: OutputJson) -> Result<Self, JsonError> {
        recheck(&json.into_unchecked()?)
    }
}
