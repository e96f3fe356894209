//! Reading and writing the binary form of every value (TIP-21).
//!
//! Reading is total: each length and count is checked against its limit and against the bytes that
//! are left before anything is allocated, and [`Codec::from_bytes`] refuses bytes left over.

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
        let mut reader = Reader::new(bytes);
        let value = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Takes values from the front of a byte slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
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
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(DecodeError::TooShort {
                needed: count,
                left: self.rest.len(),
            })?;
        self.rest = rest;
        Ok(taken)
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
}

/// Why bytes are not the form of a value. To be extended by the crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends too early.
    #[error("{needed} bytes are needed, {left} are left")]
    TooShort {
        /// Bytes wanted next.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// The value ends before the input does.
    #[error("{count} bytes are left over")]
    LeftOver {
        /// Bytes not consumed.
        count: usize,
    },
}
