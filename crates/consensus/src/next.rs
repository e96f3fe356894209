//! What a milestone must be like after the one before it (TIP-29).

use tangle_types::{Milestone, MilestoneId, MilestoneIndex, UnixSeconds};

use crate::Previous;

/// Why a milestone does not follow the one before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {
    /// Indexes go up by one.
    #[error("milestone {found} comes after milestone {previous}")]
    Index {
        /// The index found.
        found: MilestoneIndex,
        /// The index before.
        previous: MilestoneIndex,
    },
    /// Timestamps rise strictly.
    #[error("its timestamp {found} is not later than {previous}, that of the milestone before it")]
    Timestamp {
        /// The timestamp found.
        found: UnixSeconds,
        /// The timestamp before.
        previous: UnixSeconds,
    },
    /// The network is at another version (G-33).
    #[error("it is for protocol version {found}, the network is at {active}")]
    ProtocolVersion {
        /// The version found.
        found: u8,
        /// The version in force.
        active: u8,
    },
    /// It follows another milestone; the first one follows none, which is id zero.
    #[error("it names {found} as the milestone before it, which is {previous}")]
    PreviousMilestone {
        /// The id found.
        found: MilestoneId,
        /// The id of the milestone before.
        previous: MilestoneId,
    },
}

/// Whether `milestone` may follow `previous` in a network at `protocol_version`.
///
/// # Errors
/// See [`NextError`].
pub fn check_next(
    previous: &Previous,
    milestone: &Milestone,
    protocol_version: u8,
) -> Result<(), NextError> {
    if previous.index.0.checked_add(1) != Some(milestone.index.0) {
        return Err(NextError::Index {
            found: milestone.index,
            previous: previous.index,
        });
    }
    if milestone.timestamp <= previous.timestamp {
        return Err(NextError::Timestamp {
            found: milestone.timestamp,
            previous: previous.timestamp,
        });
    }
    if milestone.protocol_version != protocol_version {
        return Err(NextError::ProtocolVersion {
            found: milestone.protocol_version,
            active: protocol_version,
        });
    }
    if milestone.previous_milestone_id != previous.id {
        return Err(NextError::PreviousMilestone {
            found: milestone.previous_milestone_id,
            previous: previous.id,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tangle_types::{BlockId, Parents};

    use super::*;

    const PREVIOUS: Previous = Previous {
        index: MilestoneIndex(4),
        id: MilestoneId([1; 32]),
        block_id: BlockId([2; 32]),
        timestamp: UnixSeconds(100),
    };

    fn check(change: impl FnOnce(&mut Milestone)) -> Result<(), NextError> {
        let mut milestone = Milestone {
            index: MilestoneIndex(5),
            timestamp: UnixSeconds(101),
            protocol_version: 2,
            previous_milestone_id: PREVIOUS.id,
            parents: Parents::new(vec![PREVIOUS.block_id]).expect("one parent"),
            inclusion_merkle_root: [3; 32],
            applied_merkle_root: [4; 32],
            metadata: Vec::new(),
            options: Vec::new(),
            signatures: Vec::new(),
        };
        change(&mut milestone);
        check_next(&PREVIOUS, &milestone, 2)
    }

    #[test]
    fn milestone_follows_the_one_before_it() {
        assert_eq!(check(|_| {}), Ok(()));
        for index in [0, 4, 6, u32::MAX] {
            let found = MilestoneIndex(index);
            let previous = PREVIOUS.index;
            let error = NextError::Index { found, previous };
            assert_eq!(check(|milestone| milestone.index = found), Err(error));
        }
        for timestamp in [0, 99, 100] {
            let found = UnixSeconds(timestamp);
            let previous = PREVIOUS.timestamp;
            let error = NextError::Timestamp { found, previous };
            assert_eq!(check(|milestone| milestone.timestamp = found), Err(error));
        }
        assert_eq!(
            check(|milestone| milestone.protocol_version = 3),
            Err(NextError::ProtocolVersion {
                found: 3,
                active: 2
            })
        );
        let found = MilestoneId::ZERO;
        let previous = PREVIOUS.id;
        assert_eq!(
            check(|milestone| milestone.previous_milestone_id = found),
            Err(NextError::PreviousMilestone { found, previous })
        );
    }
}
