//! Reading and writing the binary form of every value (TIP-21).
//!
//! Reading is total: each length and count is checked against its limit and against the bytes that
//! are left before anything is allocated, and [`Codec::from_bytes`] refuses bytes left over.
//! Whatever is wrong with bytes without knowing the protocol parameters is refused here; rules that
//! need parameters are in [`crate::validate`].

use crate::{DecodeError, U256};

/// A value with a binary form.
pub trait Codec: Sized {
    /// Appends the binary form to `out`.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads one value from the front of `reader`.
    ///
    /// # Errors
    /// The bytes are not the form of such a value.
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The binary form.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        out
    }

    /// Reads a value that fills `bytes` exactly.
    ///
    /// # Errors
    /// The bytes are not the form of such a value, or some are left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(bytes).whole(Self::read)
    }
}

/// Takes values from the front of a byte slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// The name of a list or byte string, and how long it may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) field: &'static str,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Limit {
    pub(crate) const fn new(field: &'static str, min: usize, max: usize) -> Self {
        Self { field, min, max }
    }

    pub(crate) fn check_length(&self, found: usize) -> Result<usize, DecodeError> {
        if found < self.min || found > self.max {
            return Err(DecodeError::Length {
                field: self.field,
                found,
                min: self.min,
                max: self.max,
            });
        }
        Ok(found)
    }

    fn text(&self, bytes: Vec<u8>) -> Result<String, DecodeError> {
        let field = self.field;
        String::from_utf8(bytes).map_err(|_| DecodeError::Text { field })
    }
}

impl<'a> Reader<'a> {
    /// Reads from `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.too_short(count));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.too_short(N));
        };
        self.rest = rest;
        Ok(*taken)
    }

    /// # Errors
    /// No byte is left.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// # Errors
    /// Fewer than two bytes are left.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// # Errors
    /// Fewer than four bytes are left.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// # Errors
    /// Fewer than eight bytes are left.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// # Errors
    /// Fewer than 32 bytes are left.
    #[inline]
    pub fn u256(&mut self) -> Result<U256, DecodeError> {
        self.array::<32>()
            .map(|bytes| U256::from_little_endian(&bytes))
    }

    /// # Errors
    /// Bytes are left over.
    pub const fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::LeftOver {
                count: self.rest.len(),
            })
        }
    }

    /// The value that `read` takes, which must be all that is left.
    pub(crate) fn whole<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let value = read(&mut self)?;
        self.finish()?;
        Ok(value)
    }

    /// The bytes from the front of `earlier`, an older state of this reader, up to here.
    pub(crate) fn since(&self, earlier: &Reader<'a>) -> &'a [u8] {
        &earlier.rest[..earlier.rest.len() - self.rest.len()]
    }

    /// Byte string with a length of one byte.
    pub(crate) fn bytes_u8(&mut self, limit: Limit) -> Result<Vec<u8>, DecodeError> {
        let length = limit.check_length(usize::from(self.u8()?))?;
        self.take(length).map(<[u8]>::to_vec)
    }

    /// Byte string with a length of two bytes.
    pub(crate) fn bytes_u16(&mut self, limit: Limit) -> Result<Vec<u8>, DecodeError> {
        let length = limit.check_length(usize::from(self.u16()?))?;
        self.take(length).map(<[u8]>::to_vec)
    }

    /// Text with a length of one byte.
    pub(crate) fn text_u8(&mut self, limit: Limit) -> Result<String, DecodeError> {
        limit.text(self.bytes_u8(limit)?)
    }

    /// Text with a length of two bytes.
    pub(crate) fn text_u16(&mut self, limit: Limit) -> Result<String, DecodeError> {
        limit.text(self.bytes_u16(limit)?)
    }

    /// `found` once it is within `limit` and that many elements of at least `size_min` bytes can
    /// still follow.
    pub(crate) fn count(
        &self,
        found: usize,
        limit: Limit,
        size_min: usize,
    ) -> Result<usize, DecodeError> {
        if found < limit.min || found > limit.max {
            return Err(DecodeError::Count {
                field: limit.field,
                found,
                min: limit.min,
                max: limit.max,
            });
        }
        let needed = found.saturating_mul(size_min);
        if needed > self.rest.len() {
            return Err(self.too_short(needed));
        }
        Ok(found)
    }

    #[cold]
    fn too_short(&self, needed: usize) -> DecodeError {
        DecodeError::TooShort {
            needed,
            left: self.rest.len(),
        }
    }
}

/// Checks that keys come in strictly ascending order.
pub(crate) struct Ascending<K> {
    field: &'static str,
    last: Option<(usize, K)>,
}

impl<K: Ord + Copy> Ascending<K> {
    pub(crate) const fn new(field: &'static str) -> Self {
        Self { field, last: None }
    }

    /// Takes the next key.
    #[inline]
    pub(crate) fn next(&mut self, key: K) -> Result<(), DecodeError> {
        let index = match &self.last {
            None => 0,
            Some((index, last)) if key > *last => index + 1,
            Some((index, last)) => {
                let (field, index) = (self.field, index + 1);
                return Err(if key == *last {
                    DecodeError::Duplicate { field, index }
                } else {
                    DecodeError::Order { field, index }
                });
            }
        };
        self.last = Some((index, key));
        Ok(())
    }
}

/// The position of an item that equals an earlier one.
pub(crate) fn duplicate<T: Ord>(items: &[T]) -> Option<usize> {
    if items.len() <= 16 {
        return (1..items.len()).find(|index| items[..*index].contains(&items[*index]));
    }
    let mut sorted: Vec<usize> = (0..items.len()).collect();
    sorted.sort_unstable_by(|a, b| items[*a].cmp(&items[*b]).then(a.cmp(b)));
    let pairs = sorted.windows(2);
    pairs
        .filter(|pair| items[pair[0]] == items[pair[1]])
        .map(|pair| pair[1])
        .min()
}

/// Appends the low byte of `count`; what is longer than its limit does not read back.
pub(crate) fn write_count_u8(count: usize, out: &mut Vec<u8>) {
    out.push(count as u8);
}

/// Appends the low two bytes of `count`; what is longer than its limit does not read back.
pub(crate) fn write_count_u16(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(count as u16).to_le_bytes());
}

/// Appends the low four bytes of `count`; what is longer than its limit does not read back.
pub(crate) fn write_count_u32(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

/// Appends a text and its length in one byte.
pub(crate) fn write_text_u8(text: &str, out: &mut Vec<u8>) {
    write_count_u8(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a text and its length in two bytes.
pub(crate) fn write_text_u16(text: &str, out: &mut Vec<u8>) {
    write_count_u16(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn write_u256(value: &U256, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_little_endian());
}

/// Writes what `body` appends, preceded by its length in four bytes.
pub(crate) fn write_sized_u32(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}
