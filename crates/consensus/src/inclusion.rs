//! Whether a milestone references a block, for whoever knows only the milestone keys.

use tangle_types::{InclusionProof, MilestoneId};

use crate::{MilestoneError, MilestoneKeys};

/// Why a proof of inclusion shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    /// The path does not lead from the block to what the milestone states.
    #[error("the path does not lead from the block to the inclusion root of the milestone")]
    Path,
    /// The milestone is not signed as it has to be.
    #[error("the milestone is not valid: {0}")]
    Milestone(#[from] MilestoneError),
}

impl MilestoneKeys {
    /// Whether a proof shows that a valid milestone references the block; returns the milestone's
    /// id. Nothing but the keys is needed: neither a node nor any history.
    ///
    /// # Errors
    /// See [`InclusionError`].
    pub fn verify_inclusion(&self, proof: &InclusionProof) -> Result<MilestoneId, InclusionError> {
        if !proof.holds() {
            return Err(InclusionError::Path);
        }
        Ok(self.verify(&proof.milestone.to_block())?)
    }
}

#[cfg(test)]
mod tests {
    use tangle_testkit::shimmer::{Recording, recorded};
    use tangle_types::{BlockId, Codec, MilestoneIndex};

    use super::*;
    use crate::KeyRange;

    fn keys(recording: &Recording) -> MilestoneKeys {
        let range = |public_key: &[u8; 32]| KeyRange {
            public_key: *public_key,
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        };
        let ranges = recording.milestone_keys.iter().map(range).collect();
        MilestoneKeys::new(ranges, recording.threshold, MilestoneIndex(17_339)).expect("keys")
    }

    /// A proof for each block of the recorded milestones.
    fn proofs(recording: &Recording) -> Vec<InclusionProof> {
        let mut all = Vec::new();
        for recorded in &recording.milestones {
            let cone: Vec<BlockId> = recorded.cone.iter().map(|block| block.id).collect();
            for (position, block) in recorded.cone.iter().enumerate() {
                let block = tangle_types::Block::from_bytes(&block.bytes).expect("a block");
                let milestone = recorded.milestone.clone();
                let proof = InclusionProof::new(milestone, block, &cone, position);
                all.push(proof.expect("a position"));
            }
        }
        all
    }

    #[test]
    fn blocks_of_a_real_network_are_proven() {
        let recording = recorded();
        let keys = keys(&recording);
        let proofs = proofs(&recording);
        assert_eq!(proofs.len(), 112);
        for proof in &proofs {
            assert_eq!(keys.verify_inclusion(proof), Ok(proof.milestone.id()));
        }
    }

    #[test]
    fn other_blocks_milestones_and_keys_are_not() {
        let recording = recorded();
        let valid = keys(&recording);
        let proofs = proofs(&recording);
        let (first, other) = (&proofs[0], &proofs[1]);
        let last = &proofs[proofs.len() - 1];
        let mut proof = first.clone();
        proof.block = other.block.clone();
        assert_eq!(valid.verify_inclusion(&proof), Err(InclusionError::Path));
        let mut proof = first.clone();
        proof.milestone = last.milestone.clone();
        assert_eq!(valid.verify_inclusion(&proof), Err(InclusionError::Path));
        let mut proof = first.clone();
        proof.milestone.timestamp.0 += 1;
        let error = valid
            .verify_inclusion(&proof)
            .expect_err("nobody signed this");
        assert!(matches!(error, InclusionError::Milestone(_)), "{error}");
        let stranger = KeyRange {
            public_key: [7; 32],
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        };
        let strangers = MilestoneKeys::new(vec![stranger], 1, MilestoneIndex(1)).expect("a key");
        let error = strangers
            .verify_inclusion(first)
            .expect_err("others signed");
        assert!(matches!(error, InclusionError::Milestone(_)), "{error}");
    }
}
