//! What a milestone must be like after the one before it (TIP-29).

use tangle_types::Milestone;

use crate::Previous;

/// Why a milestone does not follow the one before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {}

/// Whether `milestone` may follow `previous` in a network at `protocol_version`.
///
/// # Errors
/// See [`NextError`].
pub fn check_next(
    previous: &Previous,
    milestone: &Milestone,
    protocol_version: u8,
) -> Result<(), NextError> {
    let _ = (previous, milestone, protocol_version);
    todo!()
}
