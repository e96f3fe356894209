//! The binary form of outputs, and which conditions and features each kind may have (TIP-18).

use crate::codec::{Ascending, Limit, write_count_u8, write_count_u16, write_u256};
use crate::{
    AliasId, AliasOutput, BasicOutput, Codec, DecodeError, Features, FoundryOutput,
    METADATA_SIZE_BYTES_MAX, NATIVE_TOKENS_MAX, NativeToken, NftId, NftOutput, Output, Reader,
    SimpleTokenScheme, TokenId, UnlockConditions,
};

/// Type byte of the only token scheme there is.
const SIMPLE_TOKEN_SCHEME: u8 = 0;

/// Which conditions and features a kind of output has: bit `k` stands for type `k`.
struct Rules {
    output: &'static str,
    conditions_needed: u8,
    conditions_allowed: u8,
    features: u8,
    immutable_features: u8,
}

const BASIC: Rules = Rules {
    output: "basic",
    conditions_needed: 0b1,
    conditions_allowed: 0b1111,
    features: 0b1101,
    immutable_features: 0,
};
const ALIAS: Rules = Rules {
    output: "alias",
    conditions_needed: 0b11_0000,
    conditions_allowed: 0b11_0000,
    features: 0b101,
    immutable_features: 0b110,
};
const FOUNDRY: Rules = Rules {
    output: "foundry",
    conditions_needed: 0b100_0000,
    conditions_allowed: 0b100_0000,
    features: 0b100,
    immutable_features: 0b100,
};
const NFT: Rules = Rules {
    output: "NFT",
    conditions_needed: 0b1,
    conditions_allowed: 0b1111,
    features: 0b1101,
    immutable_features: 0b110,
};

impl Rules {
    fn read_conditions(&self, reader: &mut Reader<'_>) -> Result<UnlockConditions, DecodeError> {
        let conditions = UnlockConditions::read(reader)?;
        let output = self.output;
        let mut found = 0;
        for condition in conditions.iter() {
            let kind = condition.kind();
            found |= 1 << kind;
            if self.conditions_allowed & (1 << kind) == 0 {
                return Err(DecodeError::ConditionNotAllowed { output, kind });
            }
        }
        let missing = self.conditions_needed & !found;
        if missing != 0 {
            let kind = missing.trailing_zeros() as u8;
            return Err(DecodeError::ConditionMissing { output, kind });
        }
        Ok(conditions)
    }

    fn read_features(&self, reader: &mut Reader<'_>) -> Result<Features, DecodeError> {
        self.read_feature_list(reader, "features", self.features)
    }

    fn read_immutable_features(&self, reader: &mut Reader<'_>) -> Result<Features, DecodeError> {
        self.read_feature_list(reader, "immutable features", self.immutable_features)
    }

    fn read_feature_list(
        &self,
        reader: &mut Reader<'_>,
        field: &'static str,
        allowed: u8,
    ) -> Result<Features, DecodeError> {
        let features = Features::read(reader)?;
        let refused = features.iter().find(|f| allowed & (1 << f.kind()) == 0);
        match refused {
            Some(feature) => Err(DecodeError::FeatureNotAllowed {
                output: self.output,
                field,
                kind: feature.kind(),
            }),
            None => Ok(features),
        }
    }
}

impl Output {
    /// Length of the shortest output, a basic one.
    pub const SIZE_BYTES_MIN: usize = 46;

    /// Length of the binary form.
    #[must_use]
    pub fn packed_len(&self) -> usize {
        let own = match self {
            Self::Basic(_) => 0,
            Self::Alias(output) => AliasId::LENGTH + 4 + 2 + output.state_metadata.len() + 4,
            Self::Foundry(_) => 4 + SimpleTokenScheme::SIZE_BYTES,
            Self::Nft(_) => NftId::LENGTH,
        };
        let tokens = 1 + self.native_tokens().len() * NativeToken::SIZE_BYTES;
        let immutable = self.immutable_features().map_or(0, Features::packed_len);
        let lists = self.unlock_conditions().packed_len() + self.features().packed_len();
        1 + 8 + tokens + own + lists + immutable
    }
}

impl Codec for Output {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind());
        out.extend_from_slice(&self.amount().to_le_bytes());
        write_count_u8(self.native_tokens().len(), out);
        self.native_tokens()
            .iter()
            .for_each(|token| token.write(out));
        match self {
            Self::Basic(_) => {}
            Self::Alias(output) => {
                output.alias_id.write(out);
                out.extend_from_slice(&output.state_index.to_le_bytes());
                write_count_u16(output.state_metadata.len(), out);
                out.extend_from_slice(&output.state_metadata);
                out.extend_from_slice(&output.foundry_counter.to_le_bytes());
            }
            Self::Foundry(output) => {
                out.extend_from_slice(&output.serial_number.to_le_bytes());
                output.token_scheme.write(out);
            }
            Self::Nft(output) => output.nft_id.write(out),
        }
        self.unlock_conditions().write(out);
        self.features().write(out);
        if let Some(features) = self.immutable_features() {
            features.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            3 => read_basic(reader).map(Self::Basic),
            4 => read_alias(reader).map(|output| Self::Alias(Box::new(output))),
            5 => read_foundry(reader).map(|output| Self::Foundry(Box::new(output))),
            6 => read_nft(reader).map(|output| Self::Nft(Box::new(output))),
            found => Err(DecodeError::Kind {
                field: "output",
                found: u32::from(found),
            }),
        }
    }
}

fn read_basic(reader: &mut Reader<'_>) -> Result<BasicOutput, DecodeError> {
    Ok(BasicOutput {
        amount: reader.u64()?,
        native_tokens: read_native_tokens(reader)?,
        unlock_conditions: BASIC.read_conditions(reader)?,
        features: BASIC.read_features(reader)?,
    })
}

fn read_alias(reader: &mut Reader<'_>) -> Result<AliasOutput, DecodeError> {
    Ok(AliasOutput {
        amount: reader.u64()?,
        native_tokens: read_native_tokens(reader)?,
        alias_id: AliasId::read(reader)?,
        state_index: reader.u32()?,
        state_metadata: reader.bytes_u16(Limit::new(
            "state metadata",
            0,
            METADATA_SIZE_BYTES_MAX,
        ))?,
        foundry_counter: reader.u32()?,
        unlock_conditions: ALIAS.read_conditions(reader)?,
        features: ALIAS.read_features(reader)?,
        immutable_features: ALIAS.read_immutable_features(reader)?,
    })
}

fn read_foundry(reader: &mut Reader<'_>) -> Result<FoundryOutput, DecodeError> {
    Ok(FoundryOutput {
        amount: reader.u64()?,
        native_tokens: read_native_tokens(reader)?,
        serial_number: reader.u32()?,
        token_scheme: SimpleTokenScheme::read(reader)?,
        unlock_conditions: FOUNDRY.read_conditions(reader)?,
        features: FOUNDRY.read_features(reader)?,
        immutable_features: FOUNDRY.read_immutable_features(reader)?,
    })
}

fn read_nft(reader: &mut Reader<'_>) -> Result<NftOutput, DecodeError> {
    Ok(NftOutput {
        amount: reader.u64()?,
        native_tokens: read_native_tokens(reader)?,
        nft_id: NftId::read(reader)?,
        unlock_conditions: NFT.read_conditions(reader)?,
        features: NFT.read_features(reader)?,
        immutable_features: NFT.read_immutable_features(reader)?,
    })
}

fn read_native_tokens(reader: &mut Reader<'_>) -> Result<Vec<NativeToken>, DecodeError> {
    let found = usize::from(reader.u8()?);
    let limit = Limit::new("native tokens", 0, NATIVE_TOKENS_MAX);
    let count = reader.count(found, limit, NativeToken::SIZE_BYTES)?;
    let mut tokens = Vec::with_capacity(count);
    let mut order = Ascending::new("native tokens");
    for _ in 0..count {
        let token = NativeToken::read(reader)?;
        order.next(token.id)?;
        tokens.push(token);
    }
    Ok(tokens)
}

impl NativeToken {
    /// Length of the binary form.
    pub const SIZE_BYTES: usize = TokenId::LENGTH + 32;
}

impl Codec for NativeToken {
    fn write(&self, out: &mut Vec<u8>) {
        self.id.write(out);
        write_u256(&self.amount, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: TokenId::read(reader)?,
            amount: reader.u256()?,
        })
    }
}

impl SimpleTokenScheme {
    /// Length of the binary form.
    pub const SIZE_BYTES: usize = 1 + 3 * 32;
}

impl Codec for SimpleTokenScheme {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(SIMPLE_TOKEN_SCHEME);
        write_u256(&self.minted, out);
        write_u256(&self.melted, out);
        write_u256(&self.maximum, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            SIMPLE_TOKEN_SCHEME => Ok(Self {
                minted: reader.u256()?,
                melted: reader.u256()?,
                maximum: reader.u256()?,
            }),
            found => Err(DecodeError::Kind {
                field: "token scheme",
                found: u32::from(found),
            }),
        }
    }
}
