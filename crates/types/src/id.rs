//! Identifiers and indexes: fixed-size values that are never mixed up.
//!
//! An id prints and parses as lower-case hex with `0x`, also in JSON.

use std::fmt;

use serde::Deserializer;
use serde::de::Visitor;

use crate::{Codec, DecodeError, Reader};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $length:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;
            /// All bytes zero.
            pub const ZERO: Self = Self([0; $length]);

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Whether all bytes are zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0.iter().all(|byte| *byte == 0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * $length + 2];
                text[..2].copy_from_slice(b"0x");
                hex::encode_to_slice(self.0, &mut text[2..])
                    .expect("the buffer has two digits for each byte");
                f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Codec for $name {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }

            #[inline]
            fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.array().map(Self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                decode_hex(text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                parse_text(deserializer, str::parse)
            }
        }
    };
}

/// Exactly `N` bytes as hexadecimal digits after `0x`.
pub(crate) fn decode_hex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let digits = text.strip_prefix("0x").ok_or(IdError::Prefix)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| IdError::Digits {
        needed: 2 * N,
        found: digits.len(),
    })?;
    Ok(bytes)
}

/// Reads a text with `parse`, without a copy of it.
pub(crate) fn parse_text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct TextVisitor<F>(F);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for TextVisitor<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<R: serde::de::Error>(self, text: &str) -> Result<T, R> {
            (self.0)(text).map_err(R::custom)
        }
    }

    deserializer.deserialize_str(TextVisitor(parse))
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// No `0x` in front.
    #[error("0x is missing")]
    Prefix,
    /// Wrong number of digits, or not all hexadecimal.
    #[error("{needed} hexadecimal digits are needed after 0x, found {found}")]
    Digits {
        /// Digits of this kind of id.
        needed: usize,
        /// Characters found.
        found: usize,
    },
}

id!(
    /// BLAKE2b-256 of a whole block (TIP-24).
    BlockId, 32
);
id!(
    /// BLAKE2b-256 of a whole transaction payload, type and unlocks included (TIP-20).
    TransactionId, 32
);
id!(
    /// BLAKE2b-256 of a milestone's essence; also what the milestone keys sign (TIP-29).
    MilestoneId, 32
);
id!(
    /// BLAKE2b-256 of the id of the output that created the alias (TIP-18).
    AliasId, 32
);
id!(
    /// BLAKE2b-256 of the id of the output that created the NFT (TIP-18).
    NftId, 32
);
id!(
    /// `0x08`, alias id, serial number, token scheme type: names a foundry and its token (TIP-18).
    FoundryId, 38
);
id!(
    /// Transaction id and output index, little-endian (TIP-20).
    OutputId, 34
);
id!(
    /// BLAKE2b-256 of an event in which coins participate.
    EventId, 32
);

/// A native token is named by its foundry.
pub type TokenId = FoundryId;

impl OutputId {
    /// The output `index` of transaction `transaction_id`.
    #[must_use]
    pub fn new(transaction_id: TransactionId, index: u16) -> Self {
        let mut bytes = [0; 34];
        bytes[..32].copy_from_slice(&transaction_id.0);
        bytes[32..].copy_from_slice(&index.to_le_bytes());
        Self(bytes)
    }

    /// The transaction that created the output.
    #[must_use]
    pub fn transaction_id(&self) -> TransactionId {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&self.0[..32]);
        TransactionId(bytes)
    }

    /// The position among the transaction's outputs.
    #[must_use]
    pub fn index(&self) -> u16 {
        u16::from_le_bytes([self.0[32], self.0[33]])
    }
}

impl FoundryId {
    /// The foundry with `serial_number` of an alias; `token_scheme` is the scheme's type byte.
    #[must_use]
    pub fn new(alias_id: &AliasId, serial_number: u32, token_scheme: u8) -> Self {
        let mut bytes = [0; 38];
        bytes[0] = 8;
        bytes[1..33].copy_from_slice(&alias_id.0);
        bytes[33..37].copy_from_slice(&serial_number.to_le_bytes());
        bytes[37] = token_scheme;
        Self(bytes)
    }

    /// The alias that controls the foundry.
    #[must_use]
    pub fn alias_id(&self) -> AliasId {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&self.0[1..33]);
        AliasId(bytes)
    }

    /// The serial number below its alias.
    #[must_use]
    pub fn serial_number(&self) -> u32 {
        u32::from_le_bytes([self.0[33], self.0[34], self.0[35], self.0[36]])
    }
}

impl AliasId {
    /// `self`, or the id that the output `output_id` gives when `self` is still zero.
    #[must_use]
    pub fn or_from_output(self, output_id: &OutputId) -> Self {
        if self.is_zero() {
            Self(tangle_crypto::blake2b::hash(&output_id.0))
        } else {
            self
        }
    }
}

impl NftId {
    /// `self`, or the id that the output `output_id` gives when `self` is still zero.
    #[must_use]
    pub fn or_from_output(self, output_id: &OutputId) -> Self {
        if self.is_zero() {
            Self(tangle_crypto::blake2b::hash(&output_id.0))
        } else {
            self
        }
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The number of a milestone; the first one after genesis index `g` is `g + 1`.
    MilestoneIndex, u32
);
number!(
    /// Seconds since 1970-01-01 UTC.
    UnixSeconds, u32
);

impl MilestoneIndex {
    /// The next index.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Codec for MilestoneIndex {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.u32().map(Self)
    }
}

impl Codec for UnixSeconds {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.u32().map(Self)
    }
}

impl Codec for NetworkId {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.u64().map(Self)
    }
}

/// Names a network: the first 8 bytes of BLAKE2b-256 of its name, little-endian (TIP-20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkId(pub u64);

impl fmt::Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl NetworkId {
    /// The id of the network called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let hash = tangle_crypto::blake2b::hash(name.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[..8]);
        Self(u64::from_le_bytes(bytes))
    }
}
