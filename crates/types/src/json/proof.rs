//! Proofs of inclusion in JSON, as the `inx-poi` extension of Hornet writes them.

use serde::{Deserialize, Serialize};
use tangle_crypto::merkle::{AuditPath, Neighbour};

use super::{BlockJson, HexArray, JsonError, PayloadJson};
use crate::{Block, BlockId, InclusionProof, Payload};

/// Most levels between a leaf and the root: a milestone references less than 2^32 blocks.
const DEPTH_MAX: usize = 32;

/// See [`InclusionProof`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProofJson {
    /// The milestone.
    pub milestone: PayloadJson,
    /// The block.
    pub block: BlockJson,
    /// The root of the part of the Merkle tree that has the block's id as its only leaf.
    pub proof: ProofNodeJson,
}

/// A node of a Merkle tree: a leaf with its `value`, a part known by its hash `h`, or the two parts
/// `l` and `r`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofNodeJson {
    /// What is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l: Option<Box<Self>>,
    /// What is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r: Option<Box<Self>>,
    /// Its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h: Option<HexArray<32>>,
    /// The block id of a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<BlockId>,
}

impl ProofNodeJson {
    /// The tree that has only one leaf and its way to the root.
    #[must_use]
    pub fn new(leaf: BlockId, path: &AuditPath) -> Self {
        let leaf = Self {
            value: Some(leaf),
            ..Self::default()
        };
        path.neighbours.iter().fold(leaf, |below, neighbour| {
            let below = Some(Box::new(below));
            let (l, r) = match neighbour {
                Neighbour::Left(hash) => (Self::hash(*hash), below),
                Neighbour::Right(hash) => (below, Self::hash(*hash)),
            };
            Self {
                l,
                r,
                ..Self::default()
            }
        })
    }

    fn hash(hash: [u8; 32]) -> Option<Box<Self>> {
        Some(Box::new(Self {
            h: Some(HexArray(hash)),
            ..Self::default()
        }))
    }

    fn as_hash(&self) -> Option<[u8; 32]> {
        match self {
            Self {
                l: None,
                r: None,
                h: Some(hash),
                value: None,
            } => Some(hash.0),
            _ => None,
        }
    }

    /// Block id and path of the only leaf; `None` if it is no such tree.
    #[must_use]
    pub fn path(&self) -> Option<(BlockId, AuditPath)> {
        let mut neighbours = Vec::new();
        let mut node = self;
        while neighbours.len() <= DEPTH_MAX {
            match node {
                Self {
                    l: None,
                    r: None,
                    h: None,
                    value: Some(value),
                } => {
                    neighbours.reverse();
                    return Some((*value, AuditPath { neighbours }));
                }
                Self {
                    l: Some(left),
                    r: Some(right),
                    h: None,
                    value: None,
                } => {
                    let (neighbour, next) = match (left.as_hash(), right.as_hash()) {
                        (Some(hash), None) => (Neighbour::Left(hash), right),
                        (None, Some(hash)) => (Neighbour::Right(hash), left),
                        _ => return None,
                    };
                    neighbours.push(neighbour);
                    node = next;
                }
                _ => return None,
            }
        }
        None
    }
}

impl From<&InclusionProof> for InclusionProofJson {
    fn from(proof: &InclusionProof) -> Self {
        let milestone = Payload::Milestone(Box::new(proof.milestone.clone()));
        Self {
            milestone: PayloadJson::from(&milestone),
            block: BlockJson::from(&proof.block),
            proof: ProofNodeJson::new(proof.block_id(), &proof.path),
        }
    }
}

impl TryFrom<InclusionProofJson> for InclusionProof {
    type Error = JsonError;

    fn try_from(json: InclusionProofJson) -> Result<Self, JsonError> {
        let Payload::Milestone(milestone) = json.milestone.try_into()? else {
            return Err(JsonError::Proof("its milestone is another payload"));
        };
        let block: Block = json.block.try_into()?;
        let Some((leaf, path)) = json.proof.path() else {
            return Err(JsonError::Proof("it is no tree with one leaf"));
        };
        let proof = Self {
            milestone: *milestone,
            block,
            path,
        };
        if leaf != proof.block_id() {
            return Err(JsonError::Proof("its leaf is another block"));
        }
        Ok(proof)
    }
}
