//! The texts and lists that the JSON form is made of.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::U256;
use crate::id::{decode_hex, parse_text};

/// A byte string of at most `MAX` bytes, as hexadecimal digits after `0x`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HexBytes<const MAX: usize>(pub Vec<u8>);

/// Exactly `N` bytes, as hexadecimal digits after `0x`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HexArray<const N: usize>(pub [u8; N]);

/// A number of 64 bits, as a text of decimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decimal(pub u64);

/// A number of 256 bits, as hexadecimal digits after `0x`, the fewest that are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HexNumber(pub U256);

/// A text of at most `MAX` bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<const MAX: usize>(pub String);

/// A list of at most `MAX` elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T, const MAX: usize>(pub Vec<T>);

/// A type number in a place where only `N` is possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constant<const N: u32>;

/// Why a text is not a number.
#[derive(Debug, thiserror::Error)]
enum NumberError {
    #[error("not the decimal digits of a number of 64 bits")]
    Decimal,
    #[error("not 0x and 1 to 64 hexadecimal digits")]
    Hexadecimal,
}

impl<const MAX: usize> HexBytes<MAX> {
    /// Whether there is no byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    /// Whether there is no element.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> FromIterator<T> for List<T, MAX> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<const MAX: usize> Serialize for HexBytes<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            return serializer.serialize_str("");
        }
        let mut text = vec![0; 2 + 2 * self.0.len()];
        text[..2].copy_from_slice(b"0x");
        hex::encode_to_slice(&self.0, &mut text[2..])
            .expect("the buffer has two digits for each byte");
        serializer.serialize_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for HexBytes<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor<const MAX: usize>;

        impl<const MAX: usize> Visitor<'_> for BytesVisitor<MAX> {
            type Value = HexBytes<MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x and the hexadecimal digits of at most {MAX} bytes")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(HexBytes::default())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                if text.is_empty() {
                    return Ok(HexBytes::default());
                }
                let digits = text.strip_prefix("0x");
                let digits = digits.ok_or_else(|| E::custom("0x is missing"))?;
                if digits.len() > 2 * MAX {
                    let found = digits.len() / 2;
                    return Err(E::custom(format_args!(
                        "at most {MAX} bytes are allowed, there are {found}"
                    )));
                }
                hex::decode(digits).map(HexBytes).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(BytesVisitor)
    }
}

impl<const N: usize> fmt::Debug for HexArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> Serialize for HexArray<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexArray<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_text(deserializer, |text| decode_hex(text).map(Self))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_text(deserializer, |text| {
            let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = is_digits.then(|| text.parse().ok()).flatten();
            number.map(Self).ok_or(NumberError::Decimal)
        })
    }
}

impl Serialize for HexNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

impl<'de> Deserialize<'de> for HexNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_text(deserializer, |text| {
            let digits = text.strip_prefix("0x").unwrap_or_default();
            if digits.is_empty() || digits.len() > 64 {
                return Err(NumberError::Hexadecimal);
            }
            let mut padded = [b'0'; 64];
            padded[64 - digits.len()..].copy_from_slice(digits.as_bytes());
            let mut bytes = [0; 32];
            match hex::decode_to_slice(padded, &mut bytes) {
                Ok(()) => Ok(Self(U256::from_big_endian(&bytes))),
                Err(_) => Err(NumberError::Hexadecimal),
            }
        })
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_text(deserializer, |text| {
            let found = text.len();
            let is_short = found <= MAX;
            is_short
                .then(|| Self(text.to_owned()))
                .ok_or_else(|| format!("at most {MAX} bytes are allowed, there are {found}"))
        })
    }
}

impl<T: Serialize, const MAX: usize> Serialize for List<T, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX}")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = List::default();
                while let Some(item) = items.next_element()? {
                    if list.0.len() == MAX {
                        return Err(de::Error::invalid_length(MAX + 1, &self));
                    }
                    list.0.push(item);
                }
                Ok(list)
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<const N: u32> Serialize for Constant<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for Constant<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u32::deserialize(deserializer)?;
        if found != N {
            return Err(de::Error::custom(format_args!(
                "type {found} is not allowed here, only {N}"
            )));
        }
        Ok(Self)
    }
}
