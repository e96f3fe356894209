//! From parsed to checked: proof of work, signatures, syntax. Stateless, in batches, on any thread.

use tangle_consensus::MilestoneKeys;
use tangle_crypto::{ed25519, pow};
use tangle_ledger::{SignatureSet, VerifiedTransaction};
use tangle_types::{
    BlockId, MilestoneId, ParsedBlock, Payload, ProtocolParameters, SyntaxError, Unlock, validate,
};

/// A block that passed every check which needs neither the Tangle nor the ledger.
#[derive(Clone, Debug)]
pub struct CheckedBlock {
    parsed: ParsedBlock,
    signatures: SignatureSet,
    milestone: Option<MilestoneId>,
    flaw: Option<Box<BlockError>>,
}

/// Why a block was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// It breaks a syntactic rule.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// Too little proof of work.
    #[error(
        "proof of work has {found} trailing zero trits, a block of this size needs {needed} \
         (minimal score {score_min})"
    )]
    ProofOfWork {
        /// Trits found.
        found: u32,
        /// Trits needed.
        needed: u32,
        /// The network's least score.
        score_min: u32,
    },
    /// A milestone payload that the milestone keys did not sign (G-06).
    #[error("the milestone is not valid: {0}")]
    Milestone(#[from] tangle_consensus::MilestoneError),
}

impl CheckedBlock {
    /// A milestone that this node has signed.
    pub(crate) fn own_milestone(parsed: ParsedBlock, id: MilestoneId) -> Self {
        Self {
            parsed,
            signatures: SignatureSet::default(),
            milestone: Some(id),
            flaw: None,
        }
    }

    /// What makes the block unwelcome unless a milestone needs it: too little proof of work, which
    /// the network may have asked less of in its time, or a milestone without valid signatures,
    /// which then is a block like any other (G-06).
    #[must_use]
    pub fn flaw(&self) -> Option<&BlockError> {
        self.flaw.as_deref()
    }

    /// The block if it has no flaw.
    ///
    /// # Errors
    /// The [flaw](Self::flaw).
    pub fn flawless(mut self) -> Result<Self, BlockError> {
        match self.flaw.take() {
            None => Ok(self),
            Some(flaw) => Err(*flaw),
        }
    }

    /// The block's id.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.parsed.id
    }

    /// The block with its bytes and hashes.
    #[must_use]
    pub const fn parsed(&self) -> &ParsedBlock {
        &self.parsed
    }

    /// Its parents.
    #[must_use]
    pub fn parents(&self) -> &[BlockId] {
        self.parsed.block.parents.as_slice()
    }

    /// The milestone's id when the block is a valid milestone.
    #[must_use]
    pub const fn milestone_id(&self) -> Option<MilestoneId> {
        self.milestone
    }

    /// The transaction, ready for the ledger.
    #[must_use]
    pub fn transaction(&self) -> Option<VerifiedTransaction<'_>> {
        let Some(Payload::Transaction(transaction)) = &self.parsed.block.payload else {
            return None;
        };
        let hashes = self.parsed.transaction?;
        Some(VerifiedTransaction {
            transaction,
            hashes,
            signatures: self.signatures,
        })
    }
}

/// Checks blocks together; `result[i]` belongs to `blocks[i]`. A block may pass with a
/// [flaw](CheckedBlock::flaw), so that what a milestone needs can be taken nevertheless. Proof of
/// work is checked bit-sliced and all signatures of the batch are verified at once.
#[must_use]
pub fn check(
    blocks: Vec<ParsedBlock>,
    parameters: &ProtocolParameters,
    keys: &MilestoneKeys,
) -> Vec<Result<CheckedBlock, BlockError>> {
    let verdicts = rules(&blocks, parameters, keys);
    let signatures = signatures(&blocks, &verdicts);
    blocks
        .into_iter()
        .zip(verdicts)
        .zip(signatures)
        .map(|((parsed, verdict), signatures)| {
            verdict.map(|verdict| CheckedBlock {
                parsed,
                signatures,
                milestone: verdict.milestone,
                flaw: verdict.flaw,
            })
        })
        .collect()
}

/// What is found about a block that can be one.
#[derive(Default)]
struct Verdict {
    milestone: Option<MilestoneId>,
    flaw: Option<Box<BlockError>>,
}

/// Syntax, milestone validity and proof of work of each block.
fn rules(
    blocks: &[ParsedBlock],
    parameters: &ProtocolParameters,
    keys: &MilestoneKeys,
) -> Vec<Result<Verdict, BlockError>> {
    let score_min = parameters.pow_score_min;
    let zeros = if score_min == 0 {
        Vec::new()
    } else {
        let bytes: Vec<&[u8]> = blocks.iter().map(|parsed| &parsed.bytes[..]).collect();
        pow::trailing_zeros_many(&bytes)
    };
    let one = |(index, parsed): (usize, &ParsedBlock)| {
        validate(&parsed.block, parameters)?;
        let mut flaw = None;
        if matches!(parsed.block.payload, Some(Payload::Milestone(_))) {
            match keys.verify(&parsed.block) {
                Ok(id) => {
                    return Ok(Verdict {
                        milestone: Some(id),
                        flaw: None,
                    });
                }
                Err(error) => flaw = Some(Box::new(error.into())),
            }
        }
        let size_bytes = parsed.bytes.len();
        if score_min > 0 && !pow::is_sufficient(zeros[index], size_bytes, score_min) {
            let needed = pow::zeros_needed(size_bytes, score_min);
            flaw.get_or_insert(Box::new(BlockError::ProofOfWork {
                found: zeros[index],
                needed,
                score_min,
            }));
        }
        Ok(Verdict {
            milestone: None,
            flaw,
        })
    };
    blocks.iter().enumerate().map(one).collect()
}

/// Verifies all signature unlocks of the blocks that passed so far, in one batch.
fn signatures(
    blocks: &[ParsedBlock],
    verdicts: &[Result<Verdict, BlockError>],
) -> Vec<SignatureSet> {
    let mut items = Vec::new();
    let mut places = Vec::new();
    for (block_index, parsed) in blocks.iter().enumerate() {
        let (Ok(_), Some(hashes)) = (&verdicts[block_index], &parsed.transaction) else {
            continue;
        };
        let Some(Payload::Transaction(transaction)) = &parsed.block.payload else {
            continue;
        };
        for (unlock_index, unlock) in transaction.unlocks.iter().enumerate() {
            if let Unlock::Signature {
                public_key,
                signature,
            } = unlock
            {
                items.push(ed25519::Signed {
                    public_key,
                    signature,
                    message: &hashes.essence,
                });
                places.push((block_index, unlock_index));
            }
        }
    }
    let mut sets = vec![SignatureSet::default(); blocks.len()];
    for ((block_index, unlock_index), valid) in
        places.into_iter().zip(ed25519::verify_batch(&items))
    {
        sets[block_index].0 |= u128::from(valid) << unlock_index;
    }
    sets
}
