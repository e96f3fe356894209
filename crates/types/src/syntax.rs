//! Syntactic rules that depend on the protocol parameters (TIP-20, TIP-18, TIP-19).

use crate::{Block, ProtocolParameters};

/// Which rule a block breaks. To be extended by the crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// Another protocol version.
    #[error("the block is of protocol version {found}, the network is at {needed}")]
    ProtocolVersion {
        /// The network's.
        needed: u8,
        /// The block's.
        found: u8,
    },
}

/// Checks a block against the parameters in force. Proof of work is not checked here.
///
/// # Errors
/// The first rule that is broken.
pub fn validate(block: &Block, parameters: &ProtocolParameters) -> Result<(), SyntaxError> {
    let _ = (block, parameters);
    todo!()
}
