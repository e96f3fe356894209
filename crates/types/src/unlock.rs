//! Unlocks: how a transaction opens its inputs (TIP-20, TIP-18).

use tangle_crypto::ed25519::SecretKey;

use crate::{Codec, DecodeError, Reader};

/// Opens the input at the same position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// 0: an Ed25519 signature over the essence hash.
    Signature {
        /// Public key as given.
        public_key: [u8; 32],
        /// Signature as given.
        signature: Box<[u8; 64]>,
    },
    /// 1: same owner as the signature unlock at this earlier position.
    Reference(u16),
    /// 2: owned by the alias opened at this earlier position.
    Alias(u16),
    /// 3: owned by the NFT opened at this earlier position.
    Nft(u16),
}

/// Type byte of an Ed25519 signature, the only kind there is.
pub(crate) const ED25519: u8 = 0;

impl Unlock {
    /// The signature of `key` over an essence hash.
    #[must_use]
    pub fn signed(key: &SecretKey, essence_hash: &[u8; 32]) -> Self {
        Self::Signature {
            public_key: key.public_key(),
            signature: Box::new(key.sign(essence_hash)),
        }
    }

    /// The type byte, 0 to 3.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Signature { .. } => 0,
            Self::Reference(_) => 1,
            Self::Alias(_) => 2,
            Self::Nft(_) => 3,
        }
    }
}

impl Codec for Unlock {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind());
        match self {
            Self::Signature {
                public_key,
                signature,
            } => {
                out.push(ED25519);
                out.extend_from_slice(public_key);
                out.extend_from_slice(&signature[..]);
            }
            Self::Reference(target) | Self::Alias(target) | Self::Nft(target) => {
                out.extend_from_slice(&target.to_le_bytes());
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8()? {
            0 => {
                read_signature_kind(reader)?;
                Ok(Self::Signature {
                    public_key: reader.array()?,
                    signature: Box::new(reader.array()?),
                })
            }
            1 => reader.u16().map(Self::Reference),
            2 => reader.u16().map(Self::Alias),
            3 => reader.u16().map(Self::Nft),
            found => Err(DecodeError::Kind {
                field: "unlock",
                found: u32::from(found),
            }),
        }
    }
}

/// Takes the type byte of a signature.
pub(crate) fn read_signature_kind(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.u8()? {
        ED25519 => Ok(()),
        found => Err(DecodeError::Kind {
            field: "signature",
            found: u32::from(found),
        }),
    }
}

/// TIP-20, TIP-18: no signature unlock twice; a reference points back to a signature; an alias or
/// NFT unlock points back to any unlock, because the output that it names may itself have been
/// opened in any way.
pub(crate) fn check_unlocks(unlocks: &[Unlock]) -> Result<(), DecodeError> {
    for (index, unlock) in unlocks.iter().enumerate() {
        let (target, is_sound) = match unlock {
            Unlock::Signature { .. } => continue,
            Unlock::Reference(target) => {
                let earlier = unlocks[..index].get(usize::from(*target));
                (*target, matches!(earlier, Some(Unlock::Signature { .. })))
            }
            Unlock::Alias(target) | Unlock::Nft(target) => (*target, usize::from(*target) < index),
        };
        if !is_sound {
            return Err(DecodeError::UnlockReference { index, target });
        }
    }
    match repeated_signature(unlocks) {
        Some(index) => Err(DecodeError::Duplicate {
            field: "signature unlocks",
            index,
        }),
        None => Ok(()),
    }
}

/// The first signature unlock that repeats an earlier one.
fn repeated_signature(unlocks: &[Unlock]) -> Option<usize> {
    if unlocks.len() < 2 {
        return None;
    }
    let mut signatures: Vec<_> = (0..)
        .zip(unlocks)
        .filter_map(|(index, unlock)| match unlock {
            Unlock::Signature {
                public_key,
                signature,
            } => Some((signature, public_key, index)),
            _ => None,
        })
        .collect();
    signatures.sort_unstable();
    let pairs = signatures.windows(2);
    pairs
        .filter(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1))
        .map(|pair| pair[1].2)
        .min()
}
