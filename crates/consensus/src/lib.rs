//! Who says milestones: their validity, and the coordinator that issues them (TIP-29).
//!
//! What it is not: it neither applies a milestone (that is `tangle-ledger`) nor stores anything;
//! whoever runs the coordinator must make a [`MilestoneDraft`]'s signing durable first.
//!
//! Begin with [`MilestoneKeys::verify`] and [`Coordinator`].

mod branches;
mod coordinator;
mod inclusion;
mod keys;
mod next;
mod schedule;

pub use coordinator::{
    Coordinator, CoordinatorConfig, INTERVAL_MS_MIN, MilestoneDraft, MilestoneRoots, Pace,
    Previous, SignError,
};
pub use inclusion::InclusionError;
pub use keys::{KeyRange, KeysError, MilestoneError, MilestoneKeys};
pub use next::{NextError, check_next};
pub use schedule::{AnnounceError, ParameterSchedule, ScheduleEntry, ScheduleError};
