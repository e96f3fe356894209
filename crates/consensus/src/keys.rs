//! Which keys may sign which milestones, and the stateless validity of a milestone block.

use tangle_crypto::ed25519;
use tangle_types::{Block, Milestone, MilestoneId, MilestoneIndex, Payload};

#[cfg(test)]
mod tests;

/// Signatures that a milestone has room for.
const SIGNATURES_MAX: usize = 255;

/// A public key and the milestones it may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Ed25519 public key.
    pub public_key: [u8; 32],
    /// First milestone.
    pub start: MilestoneIndex,
    /// Last milestone; 0 means no end.
    pub end: MilestoneIndex,
}

/// All milestone keys of a network and how many must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneKeys {
    ranges: Vec<KeyRange>,
    threshold: usize,
}

/// Why a set of keys is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Some milestone could not be signed by enough keys.
    #[error("milestone {index} has {found} applicable keys, {needed} must sign")]
    TooFewKeys {
        /// First such milestone.
        index: MilestoneIndex,
        /// The threshold.
        needed: usize,
        /// Applicable keys.
        found: usize,
    },
    /// Nobody, or more than a milestone has room for, would have to sign.
    #[error("{0} signatures cannot be asked for, only 1 to {SIGNATURES_MAX}")]
    Threshold(usize),
    /// A range that holds no milestone.
    #[error("a key's range ends at milestone {end}, before its start {start}")]
    EmptyRange {
        /// Its first milestone.
        start: MilestoneIndex,
        /// Its last milestone.
        end: MilestoneIndex,
    },
}

/// Why a block with a milestone payload is not a valid milestone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MilestoneError {
    /// The block has no milestone payload.
    #[error("the block carries no milestone")]
    NoMilestone,
    /// A milestone does no proof of work.
    #[error("the block of a milestone has nonce 0, this one has {found}")]
    Nonce {
        /// The nonce found.
        found: u64,
    },
    /// The block's parents and the milestone's differ (G-07).
    #[error("the block has other parents than its milestone")]
    Parents,
    /// Fewer signatures than must sign.
    #[error("{found} signatures, {needed} are needed")]
    TooFewSignatures {
        /// The threshold.
        needed: usize,
        /// Signatures found.
        found: usize,
    },
    /// A key signed twice, or keys are out of order (G-03).
    #[error("the signatures are not sorted by unique public keys")]
    KeyOrder,
    /// Some key may not sign this milestone.
    #[error("public key 0x{} may not sign milestone {index}", hex(public_key))]
    KeyNotApplicable {
        /// The key.
        public_key: Box<[u8; 32]>,
        /// The milestone.
        index: MilestoneIndex,
    },
    /// A signature is wrong.
    #[error("the signature of public key 0x{} is invalid", hex(public_key))]
    Signature {
        /// The key.
        public_key: Box<[u8; 32]>,
    },
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl KeyRange {
    const fn covers(&self, index: MilestoneIndex) -> bool {
        self.start.0 <= index.0 && (self.end.0 == 0 || index.0 <= self.end.0)
    }
}

impl MilestoneKeys {
    /// Keys and threshold; refuses an index from `first` on with fewer keys than `threshold`.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn new(
        ranges: Vec<KeyRange>,
        threshold: usize,
        first: MilestoneIndex,
    ) -> Result<Self, KeysError> {
        if !(1..=SIGNATURES_MAX).contains(&threshold) {
            return Err(KeysError::Threshold(threshold));
        }
        for range in &ranges {
            if range.end.0 != 0 && range.end < range.start {
                return Err(KeysError::EmptyRange {
                    start: range.start,
                    end: range.end,
                });
            }
        }
        let keys = Self { ranges, threshold };
        // Keys only get fewer right after the end of a range.
        let mut indexes: Vec<MilestoneIndex> = keys
            .ranges
            .iter()
            .filter(|range| range.end.0 != 0 && range.end.0 != u32::MAX)
            .map(|range| range.end.next())
            .filter(|index| *index > first)
            .collect();
        indexes.push(first);
        indexes.sort_unstable();
        for index in indexes {
            let found = keys.applicable(index).len();
            if found < threshold {
                return Err(KeysError::TooFewKeys {
                    index,
                    needed: threshold,
                    found,
                });
            }
        }
        Ok(keys)
    }

    /// Signatures needed.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// Keys that may sign `index`, sorted.
    #[must_use]
    pub fn applicable(&self, index: MilestoneIndex) -> Vec<[u8; 32]> {
        let mut keys: Vec<[u8; 32]> = self
            .ranges
            .iter()
            .filter(|range| range.covers(index))
            .map(|range| range.public_key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether `block` is a valid milestone, as far as the block itself tells; returns its id.
    ///
    /// # Errors
    /// See [`MilestoneError`].
    pub fn verify(&self, block: &Block) -> Result<MilestoneId, MilestoneError> {
        let Some(Payload::Milestone(milestone)) = &block.payload else {
            return Err(MilestoneError::NoMilestone);
        };
        if block.nonce != 0 {
            return Err(MilestoneError::Nonce { found: block.nonce });
        }
        if block.parents != milestone.parents {
            return Err(MilestoneError::Parents);
        }
        self.verify_signers(milestone)?;
        let id = milestone.id();
        let signed: Vec<_> = milestone
            .signatures
            .iter()
            .map(|signature| ed25519::Signed {
                public_key: &signature.public_key,
                signature: &signature.signature,
                message: &id.0,
            })
            .collect();
        let verdicts = ed25519::verify_batch(&signed);
        match verdicts.iter().position(|is_valid| !is_valid) {
            None => Ok(id),
            Some(position) => Err(MilestoneError::Signature {
                public_key: Box::new(*signed[position].public_key),
            }),
        }
    }

    /// Whether enough and only applicable keys claim to have signed.
    fn verify_signers(&self, milestone: &Milestone) -> Result<(), MilestoneError> {
        let signatures = &milestone.signatures;
        if signatures.len() < self.threshold {
            return Err(MilestoneError::TooFewSignatures {
                needed: self.threshold,
                found: signatures.len(),
            });
        }
        if !signatures
            .windows(2)
            .all(|pair| pair[0].public_key < pair[1].public_key)
        {
            return Err(MilestoneError::KeyOrder);
        }
        let applicable = self.applicable(milestone.index);
        for signature in signatures {
            if applicable.binary_search(&signature.public_key).is_err() {
                return Err(MilestoneError::KeyNotApplicable {
                    public_key: Box::new(signature.public_key),
                    index: milestone.index,
                });
            }
        }
        Ok(())
    }
}
