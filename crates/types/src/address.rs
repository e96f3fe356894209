//! Addresses: who owns an output (TIP-18, TIP-31).

use bech32::primitives::decode::CheckedHrpstring;
use bech32::primitives::iter::{ByteIterExt, Fe32IterExt};
use bech32::{Bech32, Hrp};

use crate::{AliasId, Codec, DecodeError, NftId, Reader};

/// Longest Bech32 text (BIP-173).
const BECH32_LENGTH_MAX: usize = 90;

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
    ///
    /// Protocol parameters that were read have a valid human-readable part; of an invalid one the
    /// text is not an address.
    #[must_use]
    pub fn to_bech32(&self, hrp: &str) -> String {
        let hrp = Hrp::parse(hrp).unwrap_or_else(|_| Hrp::parse_unchecked("invalid"));
        let bytes = self.to_array();
        let symbols = bytes.iter().copied().bytes_to_fes();
        symbols.with_checksum::<Bech32>(&hrp).chars().collect()
    }

    /// Reads a Bech32 address and its human-readable part, which is given in lower case. Whoever
    /// takes an address from somebody must compare that part with the network's.
    ///
    /// # Errors
    /// Not Bech32, or not an address of a known type.
    pub fn from_bech32(text: &str) -> Result<(String, Self), AddressError> {
        if text.len() > BECH32_LENGTH_MAX {
            return Err(AddressError::Length { found: text.len() });
        }
        let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| AddressError::NotBech32)?;
        checked
            .validate_segwit_padding()
            .map_err(|_| AddressError::NotBech32)?;
        let mut bytes = [0; Self::LENGTH];
        let found = checked.byte_iter().len();
        if found != bytes.len() {
            return Err(AddressError::Size { found });
        }
        for (to, from) in bytes.iter_mut().zip(checked.byte_iter()) {
            *to = from;
        }
        let address =
            Self::from_bytes(&bytes).map_err(|_| AddressError::Kind { found: bytes[0] })?;
        Ok((checked.hrp().to_lowercase(), address))
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

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than any Bech32 text.
    #[error("an address has at most {BECH32_LENGTH_MAX} characters, this text has {found}")]
    Length {
        /// Bytes of the text.
        found: usize,
    },
    /// Wrong characters, checksum or padding.
    #[error("not a Bech32 address: a character or the checksum is wrong")]
    NotBech32,
    /// Bech32 of something else.
    #[error("an address has 33 bytes, this text has {found}")]
    Size {
        /// Bytes in the text.
        found: usize,
    },
    /// A type of address that does not exist.
    #[error("there is no address of type {found}")]
    Kind {
        /// The type byte.
        found: u8,
    },
}
