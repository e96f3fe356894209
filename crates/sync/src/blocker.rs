//! Why a node is not synced, in a form that programs and people can read.

use std::fmt;

use tangle_types::{BlockId, MilestoneIndex};

/// What the node waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// Nobody is there to learn from.
    NoNeighbours,
    /// Neighbours are there, and none has said how far it is.
    NoHeartbeats {
        /// How many are there.
        neighbours: usize,
    },
    /// What is needed next, no neighbour has any more.
    Pruned {
        /// The milestone that is needed.
        needed: MilestoneIndex,
        /// Up to where the neighbour with the longest history has pruned.
        pruned: MilestoneIndex,
        /// Neighbours that have said so.
        neighbours: usize,
    },
    /// The next milestone has not come.
    Milestone {
        /// Which.
        index: MilestoneIndex,
        /// Neighbours that were asked.
        asked: usize,
        /// Whether one of them may still answer.
        is_open: bool,
    },
    /// Blocks in the past of the next milestone have not come.
    Parents {
        /// The milestone.
        index: MilestoneIndex,
        /// Blocks that are missing, as far as is known.
        missing: usize,
        /// One of them.
        example: BlockId,
        /// Neighbours that were asked for that one.
        asked: usize,
        /// Whether one of them may still answer.
        is_open: bool,
    },
    /// Milestones come in and are confirmed, and there are more.
    CatchingUp {
        /// The ledger.
        confirmed: MilestoneIndex,
        /// As far as is known.
        target: MilestoneIndex,
    },
    /// The next milestone is complete; it waits for earlier ones to be written.
    Disk {
        /// The milestone.
        index: MilestoneIndex,
    },
}

impl Blocker {
    /// Whether it goes away by itself, so that nobody need do anything.
    #[must_use]
    pub const fn is_progress(&self) -> bool {
        matches!(self, Self::CatchingUp { .. } | Self::Disk { .. })
    }

    /// What an operator can do about it.
    #[must_use]
    pub const fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoNeighbours => Some("add a neighbour with `tangle peer add`"),
            Self::NoHeartbeats { .. } => Some("wait half a minute, or add another neighbour"),
            Self::Pruned { .. } => Some(
                "move the store away and import a newer snapshot with `tangle tool snapshot \
                 import`, or add a neighbour with a longer history",
            ),
            Self::Milestone { is_open: false, .. } | Self::Parents { is_open: false, .. } => {
                Some("add a neighbour that is synced")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNeighbours => f.write_str("no neighbour is connected"),
            Self::NoHeartbeats { neighbours } => write!(
                f,
                "{}, and none has said how far it is",
                Count(
                    *neighbours,
                    "neighbour is connected",
                    "neighbours are connected"
                )
            ),
            Self::Pruned {
                needed,
                pruned,
                neighbours: 1,
            } => write!(
                f,
                "milestone {needed} is needed next, and the only neighbour has pruned up to \
                 {pruned}"
            ),
            Self::Pruned {
                needed,
                pruned,
                neighbours,
            } => write!(
                f,
                "milestone {needed} is needed next, and all {neighbours} neighbours have pruned \
                 up to {pruned} or further"
            ),
            Self::Milestone {
                index,
                asked,
                is_open,
            } => {
                write!(f, "waiting for milestone {index}")?;
                write_asked(f, *asked, *is_open, "it")
            }
            Self::Parents {
                index,
                missing,
                asked,
                is_open,
                ..
            } => {
                let parents = Count(*missing, "parent", "parents");
                write!(f, "waiting for {parents} of milestone {index}")?;
                write_asked(f, *asked, *is_open, "them")
            }
            Self::CatchingUp { confirmed, target } => write!(
                f,
                "catching up: milestone {confirmed} of {target} is confirmed"
            ),
            Self::Disk { index } => write!(
                f,
                "milestone {index} waits until those before it are written to the disk"
            ),
        }
    }
}

/// A number with its noun.
struct Count(usize, &'static str, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0 == 1 { self.1 } else { self.2 };
        write!(f, "{} {noun}", self.0)
    }
}

fn write_asked(f: &mut fmt::Formatter<'_>, asked: usize, is_open: bool, what: &str) -> fmt::Result {
    if asked == 0 {
        return f.write_str(", and no neighbour says that it has it");
    }
    write!(f, ", asked {}", Count(asked, "neighbour", "neighbours"))?;
    match (is_open, asked) {
        (true, _) => Ok(()),
        (false, 1) => write!(f, ", which does not have {what}"),
        (false, _) => write!(f, ", none has {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(blocker: Blocker, text: &str) {
        assert_eq!(blocker.to_string(), text);
    }

    #[test]
    fn blockers_say_what_is_waited_for_and_who_was_asked() {
        let parents = |missing, asked, is_open| Blocker::Parents {
            index: MilestoneIndex(812),
            missing,
            example: BlockId::ZERO,
            asked,
            is_open,
        };
        let milestone = |asked, is_open| Blocker::Milestone {
            index: MilestoneIndex(812),
            asked,
            is_open,
        };
        check(
            parents(3, 4, false),
            "waiting for 3 parents of milestone 812, asked 4 neighbours, none has them",
        );
        check(
            parents(1, 1, true),
            "waiting for 1 parent of milestone 812, asked 1 neighbour",
        );
        check(
            milestone(1, false),
            "waiting for milestone 812, asked 1 neighbour, which does not have it",
        );
        check(
            milestone(0, false),
            "waiting for milestone 812, and no neighbour says that it has it",
        );
        check(
            Blocker::Pruned {
                needed: MilestoneIndex(500),
                pruned: MilestoneIndex(790),
                neighbours: 4,
            },
            "milestone 500 is needed next, and all 4 neighbours have pruned up to 790 or further",
        );
        check(
            Blocker::NoHeartbeats { neighbours: 2 },
            "2 neighbours are connected, and none has said how far it is",
        );
        check(Blocker::NoNeighbours, "no neighbour is connected");
        check(
            Blocker::CatchingUp {
                confirmed: MilestoneIndex(400),
                target: MilestoneIndex(812),
            },
            "catching up: milestone 400 of 812 is confirmed",
        );
    }

    #[test]
    fn only_what_does_not_pass_by_itself_comes_with_advice() {
        let open = Blocker::Milestone {
            index: MilestoneIndex(1),
            asked: 1,
            is_open: true,
        };
        assert_eq!(open.advice(), None);
        assert!(Blocker::NoNeighbours.advice().is_some());
        let catching_up = Blocker::CatchingUp {
            confirmed: MilestoneIndex(1),
            target: MilestoneIndex(9),
        };
        assert!(catching_up.is_progress() && catching_up.advice().is_none());
    }
}
