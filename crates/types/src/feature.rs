//! Features: what an output says about itself (TIP-18).

use crate::codec::{Ascending, Limit, write_count_u8, write_count_u16};
use crate::{Address, Codec, DecodeError, METADATA_SIZE_BYTES_MAX, Reader, TAG_SIZE_BYTES_MAX};

/// One feature. The variants are in the order of their type bytes, 0 to 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// 0: who sent it; must be unlocked in the creating transaction.
    Sender(Address),
    /// 1: who issued the alias or NFT; must be unlocked in the creating transaction.
    Issuer(Address),
    /// 2: any bytes, 1 to 8192.
    Metadata(Vec<u8>),
    /// 3: an index tag, 1 to 64 bytes.
    Tag(Vec<u8>),
}

/// Features of an output: sorted by type, at most one of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(pub(crate) Vec<Feature>);

impl Feature {
    /// The type byte, 0 to 3.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Sender(_) => 0,
            Self::Issuer(_) => 1,
            Self::Metadata(_) => 2,
            Self::Tag(_) => 3,
        }
    }

    /// Length of the binary form.
    #[must_use]
    pub const fn packed_len(&self) -> usize {
        match self {
            Self::Sender(_) | Self::Issuer(_) => 1 + Address::LENGTH,
            Self::Metadata(bytes) => 1 + 2 + bytes.len(),
            Self::Tag(bytes) => 1 + 1 + bytes.len(),
        }
    }
}

impl Codec for Feature {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind());
        match self {
            Self::Sender(address) | Self::Issuer(address) => address.write(out),
            Self::Metadata(bytes) => {
                write_count_u16(bytes.len(), out);
                out.extend_from_slice(bytes);
            }
            Self::Tag(bytes) => {
                write_count_u8(bytes.len(), out);
                out.extend_from_slice(bytes);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            0 => Address::read(reader).map(Self::Sender),
            1 => Address::read(reader).map(Self::Issuer),
            2 => {
                let limit = Limit::new("metadata feature", 1, METADATA_SIZE_BYTES_MAX);
                reader.bytes_u16(limit).map(Self::Metadata)
            }
            3 => {
                let limit = Limit::new("tag feature", 1, TAG_SIZE_BYTES_MAX);
                reader.bytes_u8(limit).map(Self::Tag)
            }
            found => Err(DecodeError::Kind {
                field: "feature",
                found: u32::from(found),
            }),
        }
    }
}

impl Codec for Features {
    fn write(&self, out: &mut Vec<u8>) {
        write_count_u8(self.0.len(), out);
        self.0.iter().for_each(|feature| feature.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = usize::from(reader.u8()?);
        let count = reader.count(found, Limit::new("features", 0, 4), 2)?;
        let mut features = Vec::with_capacity(count);
        let mut order = Ascending::new("features");
        for _ in 0..count {
            let feature = Feature::read(reader)?;
            order.next(feature.kind())?;
            features.push(feature);
        }
        Ok(Self(features))
    }
}

impl Features {
    /// Sorts the features by type. `None` when two have one type.
    #[must_use]
    pub fn new(mut features: Vec<Feature>) -> Option<Self> {
        features.sort_by_key(Feature::kind);
        let is_unique = features.is_sorted_by(|a, b| a.kind() < b.kind());
        is_unique.then_some(Self(features))
    }

    /// Length of the binary form.
    #[must_use]
    pub fn packed_len(&self) -> usize {
        1 + self.0.iter().map(Feature::packed_len).sum::<usize>()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The features in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Feature> {
        self.0.iter()
    }

    /// Feature 0.
    #[must_use]
    pub fn sender(&self) -> Option<&Address> {
        self.0.iter().find_map(|f| {
            if let Feature::Sender(a) = f {
                Some(a)
            } else {
                None
            }
        })
    }

    /// Feature 1.
    #[must_use]
    pub fn issuer(&self) -> Option<&Address> {
        self.0.iter().find_map(|f| {
            if let Feature::Issuer(a) = f {
                Some(a)
            } else {
                None
            }
        })
    }

    /// Feature 2.
    #[must_use]
    pub fn metadata(&self) -> Option<&[u8]> {
        self.0.iter().find_map(|f| {
            if let Feature::Metadata(m) = f {
                Some(&m[..])
            } else {
                None
            }
        })
    }

    /// Feature 3.
    #[must_use]
    pub fn tag(&self) -> Option<&[u8]> {
        self.0.iter().find_map(|f| {
            if let Feature::Tag(t) = f {
                Some(&t[..])
            } else {
                None
            }
        })
    }
}
