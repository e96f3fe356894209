//! Features: what an output says about itself (TIP-18).

use crate::Address;

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

impl Features {
    /// Sorts the features by type. `None` when two have one type.
    #[must_use]
    pub fn new(features: Vec<Feature>) -> Option<Self> {
        let _ = features;
        todo!()
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
