//! Protocol parameters over time: in force, and announced (TIP-29 option 1).

use tangle_types::{MilestoneIndex, ParametersOption, ProtocolParameters};

/// Announced parameter sets, sorted by the milestone from which they apply. The parameters of
/// milestone `i` are those of the last entry with target at most `i`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSchedule {
    entries: Vec<(ParametersOption, ProtocolParameters)>,
}

/// Why an announcement cannot be taken. The ledger must stop then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Two different sets for one milestone.
    #[error("two different parameter sets are announced for milestone {target}")]
    Contradiction {
        /// The milestone.
        target: MilestoneIndex,
    },
}

impl ParameterSchedule {
    /// Starts with `parameters` in force from milestone `since` on.
    #[must_use]
    pub fn new(since: MilestoneIndex, parameters: ProtocolParameters) -> Self {
        let _ = (since, parameters);
        todo!()
    }

    /// Takes an announcement made by a confirmed milestone.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub fn announce(&mut self, option: &ParametersOption) -> Result<(), ScheduleError> {
        let _ = option;
        todo!()
    }

    /// The parameters in force for milestone `index`.
    #[must_use]
    pub fn at(&self, index: MilestoneIndex) -> &ProtocolParameters {
        let _ = (index, &self.entries);
        todo!()
    }

    /// Announcements with a target above `index`, by target.
    #[must_use]
    pub fn pending(&self, index: MilestoneIndex) -> Vec<&ParametersOption> {
        let _ = index;
        todo!()
    }

    /// Forgets what was replaced before `index`.
    pub fn prune(&mut self, index: MilestoneIndex) {
        let _ = index;
        todo!()
    }

    /// The entries, by target: what a store keeps.
    #[must_use]
    pub fn entries(&self) -> &[(ParametersOption, ProtocolParameters)] {
        &self.entries
    }
}
