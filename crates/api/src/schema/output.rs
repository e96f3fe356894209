//! Outputs and their parts.

use utoipa::ToSchema;

use super::{AliasIdText, BytesText, DecimalText, FoundryIdText, HashText, NftIdText, NumberText};

/// An output.
#[derive(ToSchema)]
#[schema(as = Output)]
#[serde(untagged)]
pub(crate) enum OutputSchema {
    Basic(BasicOutputSchema),
    Alias(AliasOutputSchema),
    Foundry(FoundryOutputSchema),
    Nft(NftOutputSchema),
}

/// Coins and native tokens.
#[derive(ToSchema)]
#[schema(as = BasicOutput, rename_all = "camelCase")]
pub(crate) struct BasicOutputSchema {
    /// Always 3.
    #[schema(minimum = 3, maximum = 3)]
    r#type: u32,
    /// Base coins.
    amount: DecimalText,
    /// Native tokens.
    #[schema(required = false, max_items = 64)]
    native_tokens: Vec<NativeTokenSchema>,
    /// Who may unlock it, and when.
    #[schema(min_items = 1, max_items = 4)]
    unlock_conditions: Vec<UnlockConditionSchema>,
    /// Features.
    #[schema(required = false, max_items = 3)]
    features: Vec<FeatureSchema>,
}

/// An alias: a chain of states.
#[derive(ToSchema)]
#[schema(as = AliasOutput, rename_all = "camelCase")]
pub(crate) struct AliasOutputSchema {
    /// Always 4.
    #[schema(minimum = 4, maximum = 4)]
    r#type: u32,
    /// Base coins.
    amount: DecimalText,
    /// Native tokens.
    #[schema(required = false, max_items = 64)]
    native_tokens: Vec<NativeTokenSchema>,
    /// Its id; zero in the output that creates it.
    alias_id: AliasIdText,
    /// Number of its state.
    state_index: u32,
    /// Its state.
    #[schema(required = false)]
    state_metadata: BytesText,
    /// Foundries it has created.
    foundry_counter: u32,
    /// Who may change it.
    #[schema(min_items = 2, max_items = 2)]
    unlock_conditions: Vec<UnlockConditionSchema>,
    /// Features.
    #[schema(required = false, max_items = 2)]
    features: Vec<FeatureSchema>,
    /// Features that never change.
    #[schema(required = false, max_items = 2)]
    immutable_features: Vec<FeatureSchema>,
}

/// A foundry: where a native token is made.
#[derive(ToSchema)]
#[schema(as = FoundryOutput, rename_all = "camelCase")]
pub(crate) struct FoundryOutputSchema {
    /// Always 5.
    #[schema(minimum = 5, maximum = 5)]
    r#type: u32,
    /// Base coins.
    amount: DecimalText,
    /// Native tokens.
    #[schema(required = false, max_items = 64)]
    native_tokens: Vec<NativeTokenSchema>,
    /// Number below its alias.
    serial_number: u32,
    /// How its token is made.
    token_scheme: TokenSchemeSchema,
    /// The alias that controls it.
    #[schema(min_items = 1, max_items = 1)]
    unlock_conditions: Vec<UnlockConditionSchema>,
    /// Features.
    #[schema(required = false, max_items = 1)]
    features: Vec<FeatureSchema>,
    /// Features that never change.
    #[schema(required = false, max_items = 1)]
    immutable_features: Vec<FeatureSchema>,
}

/// An NFT.
#[derive(ToSchema)]
#[schema(as = NftOutput, rename_all = "camelCase")]
pub(crate) struct NftOutputSchema {
    /// Always 6.
    #[schema(minimum = 6, maximum = 6)]
    r#type: u32,
    /// Base coins.
    amount: DecimalText,
    /// Native tokens.
    #[schema(required = false, max_items = 64)]
    native_tokens: Vec<NativeTokenSchema>,
    /// Its id; zero in the output that creates it.
    nft_id: NftIdText,
    /// Who may unlock it, and when.
    #[schema(min_items = 1, max_items = 4)]
    unlock_conditions: Vec<UnlockConditionSchema>,
    /// Features.
    #[schema(required = false, max_items = 3)]
    features: Vec<FeatureSchema>,
    /// Features that never change.
    #[schema(required = false, max_items = 2)]
    immutable_features: Vec<FeatureSchema>,
}

/// An amount of a native token.
#[derive(ToSchema)]
#[schema(as = NativeToken)]
struct NativeTokenSchema {
    /// Which token.
    id: FoundryIdText,
    /// How much.
    amount: NumberText,
}

/// How a native token is made.
#[derive(ToSchema)]
#[schema(as = TokenScheme, rename_all = "camelCase")]
struct TokenSchemeSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// Minted so far.
    minted_tokens: NumberText,
    /// Melted so far.
    melted_tokens: NumberText,
    /// Most that may circulate.
    maximum_supply: NumberText,
}

/// A condition under which an output may be unlocked.
#[derive(ToSchema)]
#[schema(as = UnlockCondition)]
#[serde(untagged)]
enum UnlockConditionSchema {
    Address(AddressConditionSchema),
    StorageDepositReturn(StorageDepositReturnSchema),
    Timelock(TimelockSchema),
    Expiration(ExpirationSchema),
    Controller(ControllerConditionSchema),
}

/// The owner.
#[derive(ToSchema)]
#[schema(as = AddressCondition)]
struct AddressConditionSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// The owner.
    address: AddressSchema,
}

/// A state controller (4), governor (5) or controlling alias (6).
#[derive(ToSchema)]
#[schema(as = ControllerCondition)]
struct ControllerConditionSchema {
    /// 4: state controller; 5: governor; 6: controlling alias.
    #[schema(minimum = 4, maximum = 6)]
    r#type: u32,
    /// Who it is.
    address: AddressSchema,
}

/// An amount that has to be returned.
#[derive(ToSchema)]
#[schema(as = StorageDepositReturn, rename_all = "camelCase")]
struct StorageDepositReturnSchema {
    /// Always 1.
    #[schema(minimum = 1, maximum = 1)]
    r#type: u32,
    /// To whom.
    return_address: AddressSchema,
    /// How much.
    amount: DecimalText,
}

/// Not before a time.
#[derive(ToSchema)]
#[schema(as = Timelock, rename_all = "camelCase")]
struct TimelockSchema {
    /// Always 2.
    #[schema(minimum = 2, maximum = 2)]
    r#type: u32,
    /// Seconds since 1970.
    unix_time: u32,
}

/// Back to somebody at a time.
#[derive(ToSchema)]
#[schema(as = Expiration, rename_all = "camelCase")]
struct ExpirationSchema {
    /// Always 3.
    #[schema(minimum = 3, maximum = 3)]
    r#type: u32,
    /// To whom.
    return_address: AddressSchema,
    /// Seconds since 1970.
    unix_time: u32,
}

/// A feature of an output.
#[derive(ToSchema)]
#[schema(as = Feature)]
#[serde(untagged)]
enum FeatureSchema {
    Address(AddressFeatureSchema),
    Metadata(MetadataFeatureSchema),
    Tag(TagFeatureSchema),
}

/// A sender (0) or issuer (1).
#[derive(ToSchema)]
#[schema(as = AddressFeature)]
struct AddressFeatureSchema {
    /// 0: sender; 1: issuer.
    #[schema(minimum = 0, maximum = 1)]
    r#type: u32,
    /// Who it is.
    address: AddressSchema,
}

/// Free data.
#[derive(ToSchema)]
#[schema(as = MetadataFeature)]
struct MetadataFeatureSchema {
    /// Always 2.
    #[schema(minimum = 2, maximum = 2)]
    r#type: u32,
    /// The data.
    data: BytesText,
}

/// Something to find the output by.
#[derive(ToSchema)]
#[schema(as = TagFeature)]
struct TagFeatureSchema {
    /// Always 3.
    #[schema(minimum = 3, maximum = 3)]
    r#type: u32,
    /// The tag.
    tag: BytesText,
}

/// An address.
#[derive(ToSchema)]
#[schema(as = Address)]
#[serde(untagged)]
pub(super) enum AddressSchema {
    Ed25519(Ed25519AddressSchema),
    Alias(AliasAddressSchema),
    Nft(NftAddressSchema),
}

/// The holder of a key.
#[derive(ToSchema)]
#[schema(as = Ed25519Address, rename_all = "camelCase")]
pub(super) struct Ed25519AddressSchema {
    /// Always 0.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// Hash of the public key.
    pub_key_hash: HashText,
}

/// Whoever controls an alias.
#[derive(ToSchema)]
#[schema(as = AliasAddress, rename_all = "camelCase")]
pub(super) struct AliasAddressSchema {
    /// Always 8.
    #[schema(minimum = 8, maximum = 8)]
    r#type: u32,
    /// The alias.
    alias_id: AliasIdText,
}

/// Whoever owns an NFT.
#[derive(ToSchema)]
#[schema(as = NftAddress, rename_all = "camelCase")]
pub(super) struct NftAddressSchema {
    /// Always 16.
    #[schema(minimum = 16, maximum = 16)]
    r#type: u32,
    /// The NFT.
    nft_id: NftIdText,
}
