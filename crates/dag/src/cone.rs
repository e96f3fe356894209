//! Past cones in white-flag order (TIP-2).

use tangle_types::BlockId;

/// Why a cone cannot be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConeError {
    /// A block of the cone is not solid yet.
    #[error("block {0} of the cone is not solid")]
    NotSolid(BlockId),
    /// A start is neither in the window nor a root.
    #[error("block {0} is unknown")]
    Unknown(BlockId),
}
