//! Addresses: who owns an output (TIP-18, TIP-31).

use crate::{AliasId, Codec, DecodeError, NftId, Reader};

/// Who may unlock an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Type 0: the holder of the key whose public key has this BLAKE2b-256 hash.
    Ed25519([u8; 32]),
    /// Type 8: whoever controls the alias.
    Alias(AliasId),
    /// Type 16: whoever owns the NFT.
    Nft(NftId),
}

impl Address {
    /// Length of the binary form.
    pub const LENGTH: usize = 33;

    /// The type byte: 0, 8 or 16.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Ed25519(_) => 0,
            Self::Alias(_) => 8,
            Self::Nft(_) => 16,
        }
    }

    /// The address of an Ed25519 public key, hashed as given (TIP-14).
    #[must_use]
    pub fn from_public_key(public_key: &[u8; 32]) -> Self {
        Self::Ed25519(tangle_crypto::blake2b::hash(public_key))
    }

    /// The Bech32 text with the network's human-readable part `hrp`.
    #[must_use]
    pub fn to_bech32(&self, hrp: &str) -> String {
        let _ = hrp;
        todo!()
    }

    /// Reads a Bech32 address and its human-readable part.
    ///
    /// # Errors
    /// Not Bech32, or not an address of a known type.
    pub fn from_bech32(text: &str) -> Result<(String, Self), AddressError> {
        let _ = text;
        todo!()
    }

    /// The 33 bytes: type, then hash or id.
    #[must_use]
    pub fn to_array(&self) -> [u8; 33] {
        let id = match self {
            Self::Ed25519(hash) => hash,
            Self::Alias(id) => &id.0,
            Self::Nft(id) => &id.0,
        };
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = self.kind();
        bytes[1..].copy_from_slice(id);
        bytes
    }
}

impl Codec for Address {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_array());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            0 => reader.array().map(Self::Ed25519),
            8 => AliasId::read(reader).map(Self::Alias),
            16 => NftId::read(reader).map(Self::Nft),
            found => Err(DecodeError::Kind {
                field: "address",
                found: u32::from(found),
            }),
        }
    }
}

/// Why a text is not an address. To be extended by the crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Bech32 address")]
pub struct AddressError;
