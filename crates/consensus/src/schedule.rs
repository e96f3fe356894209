//! Protocol parameters over time: in force, and announced (TIP-29 option 1).

use tangle_types::{Codec, DecodeError, MilestoneIndex, ParametersOption, ProtocolParameters};

#[cfg(test)]
mod tests;

/// The protocol version that this software speaks.
const VERSION: u8 = 2;
/// Milestones that an announcement may lie ahead (TIP-29).
const AHEAD_MAX: u32 = 30;

/// An announcement, with what it says; `None` when it is of a version that this software does not
/// speak.
pub type ScheduleEntry = (ParametersOption, Option<ProtocolParameters>);

/// Announced parameter sets, sorted by the milestone from which they apply. The parameters of
/// milestone `i` are those of the last entry with target at most `i`. The first entry's version is
/// one that this software speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSchedule {
    entries: Vec<ScheduleEntry>,
}

/// Why an announcement cannot be taken. The ledger must stop then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Two different sets for one milestone (G-35).
    #[error("two different parameter sets are announced for milestone {target}")]
    Contradiction {
        /// The milestone.
        target: MilestoneIndex,
    },
    /// The parameters cannot be read.
    #[error("the parameters announced for milestone {target} cannot be read: {error}")]
    Unreadable {
        /// The milestone.
        target: MilestoneIndex,
        /// Why.
        error: DecodeError,
    },
    /// The version inside and outside of the parameters differ.
    #[error("the parameters announced for milestone {target} name two versions")]
    TwoVersions {
        /// The milestone.
        target: MilestoneIndex,
    },
}

/// Why parameters must not be announced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// It could not be taken.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Too late or too early (TIP-29, G-05).
    #[error(
        "parameters for milestone {target} cannot be announced by milestone {by}: the target must \
         lie 1 to {AHEAD_MAX} milestones ahead"
    )]
    Target {
        /// The target.
        target: MilestoneIndex,
        /// The milestone that would announce them.
        by: MilestoneIndex,
    },
    /// This software could not go on.
    #[error("protocol version {found} is not supported, only {VERSION} is")]
    Version {
        /// The version announced.
        found: u8,
    },
    /// The name of a network is its identity, and its supply is what its ledger sums up to.
    #[error("an announcement may not change the {what} of the network")]
    Identity {
        /// What it would change.
        what: &'static str,
    },
}

impl ParameterSchedule {
    /// Starts with `parameters` in force from milestone `since` on.
    #[must_use]
    pub fn new(since: MilestoneIndex, parameters: ProtocolParameters) -> Self {
        let option = ParametersOption {
            target_index: since,
            protocol_version: parameters.version,
            parameters: parameters.to_bytes(),
        };
        Self {
            entries: vec![(option, Some(parameters))],
        }
    }

    /// Takes an announcement made by a confirmed milestone. The same one may come again.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub fn announce(&mut self, option: &ParametersOption) -> Result<(), ScheduleError> {
        let target = option.target_index;
        let parameters = read(option)?;
        match self
            .entries
            .binary_search_by_key(&target, |(entry, _)| entry.target_index)
        {
            Ok(position) if self.entries[position].0 == *option => Ok(()),
            Ok(_) => Err(ScheduleError::Contradiction { target }),
            // The first entry replaces what would have applied before it.
            Err(0) => Ok(()),
            Err(position) => {
                self.entries.insert(position, (option.clone(), parameters));
                Ok(())
            }
        }
    }

    /// Whether milestone `by` may announce `option`; stricter than what is taken from others.
    ///
    /// # Errors
    /// See [`AnnounceError`].
    pub fn may_announce(
        &self,
        option: &ParametersOption,
        by: MilestoneIndex,
    ) -> Result<(), AnnounceError> {
        let target = option.target_index;
        if target <= by || target.0 - by.0 > AHEAD_MAX {
            return Err(AnnounceError::Target { target, by });
        }
        let Some(parameters) = read(option)? else {
            return Err(AnnounceError::Version {
                found: option.protocol_version,
            });
        };
        let active = self.at(by);
        let identity = [
            ("name", parameters.network_name != active.network_name),
            (
                "token supply",
                parameters.token_supply != active.token_supply,
            ),
        ];
        if let Some((what, _)) = identity.into_iter().find(|(_, differs)| *differs) {
            return Err(AnnounceError::Identity { what });
        }
        self.clone().announce(option)?;
        Ok(())
    }

    /// The parameters in force for milestone `index`; where [`ParameterSchedule::unsupported_at`]
    /// says that their version is not spoken here, the last ones that are.
    ///
    /// # Panics
    /// Never: the first entry is of a version that is spoken.
    #[must_use]
    pub fn at(&self, index: MilestoneIndex) -> &ProtocolParameters {
        let until = self.count_until(index).max(1);
        self.entries[..until]
            .iter()
            .rev()
            .find_map(|(_, parameters)| parameters.as_ref())
            .expect("the first entry is of a version that is spoken")
    }

    /// The version in force for milestone `index`, when this software does not speak it.
    #[must_use]
    pub fn unsupported_at(&self, index: MilestoneIndex) -> Option<u8> {
        let (option, parameters) = self.entries[..self.count_until(index)].last()?;
        parameters.is_none().then_some(option.protocol_version)
    }

    /// Announcements with a target above `index`, by target.
    #[must_use]
    pub fn pending(&self, index: MilestoneIndex) -> Vec<&ParametersOption> {
        let later = self.entries[self.count_until(index)..].iter();
        later.map(|(option, _)| option).collect()
    }

    /// Forgets what was replaced before `index`.
    pub fn prune(&mut self, index: MilestoneIndex) {
        let is_active = |entry: &ScheduleEntry| entry.0.target_index <= index && entry.1.is_some();
        if let Some(position) = self.entries.iter().rposition(is_active) {
            self.entries.drain(..position);
        }
    }

    /// The entries, by target: what a store keeps.
    #[must_use]
    pub fn entries(&self) -> &[ScheduleEntry] {
        &self.entries
    }

    /// Entries with a target of at most `index`.
    fn count_until(&self, index: MilestoneIndex) -> usize {
        self.entries
            .partition_point(|(option, _)| option.target_index <= index)
    }
}

/// What an announcement says; `None` when its version is not spoken here.
fn read(option: &ParametersOption) -> Result<Option<ProtocolParameters>, ScheduleError> {
    if option.protocol_version != VERSION {
        return Ok(None);
    }
    let target = option.target_index;
    let parameters = ProtocolParameters::from_bytes(&option.parameters)
        .map_err(|error| ScheduleError::Unreadable { target, error })?;
    if parameters.version != VERSION {
        return Err(ScheduleError::TwoVersions { target });
    }
    Ok(Some(parameters))
}
