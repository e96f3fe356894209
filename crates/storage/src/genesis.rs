//! Genesis: the state before the first milestone, a pure function of one `genesis.toml`.

use serde::{Deserialize, Serialize};
use tangle_consensus::KeyRange;
use tangle_types::{Address, MilestoneIndex, ProtocolParameters, UnixSeconds};

/// Everything that defines a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Protocol parameters in force at the start.
    pub parameters: ProtocolParameters,
    /// Index of the genesis; the first milestone is one later.
    pub index: MilestoneIndex,
    /// Time of the genesis.
    pub timestamp: UnixSeconds,
    /// Who owns the supply at the start; the sum with the treasury is the token supply.
    pub allocations: Vec<Allocation>,
    /// Base coins in the treasury.
    pub treasury: u64,
    /// Keys that may sign milestones.
    pub milestone_keys: Vec<KeyRange>,
    /// How many of them must sign.
    pub milestone_key_threshold: usize,
}

/// One basic output of the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Owner.
    pub address: Address,
    /// Base coins.
    pub amount: u64,
}

/// Why a genesis is refused. To be extended by the crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// Allocations and treasury are not the supply.
    #[error("allocations and treasury sum to {found}, the token supply is {needed}")]
    Supply {
        /// The token supply.
        needed: u64,
        /// The sum.
        found: u128,
    },
}

/// The text form. To be designed by the crate.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GenesisFile {}

impl Genesis {
    /// Reads `genesis.toml`.
    ///
    /// # Errors
    /// See [`GenesisError`].
    pub fn from_toml(text: &str) -> Result<Self, GenesisError> {
        let _ = text;
        todo!()
    }

    /// Writes `genesis.toml`; [`Genesis::from_toml`] reads it back equal.
    #[must_use]
    pub fn to_toml(&self) -> String {
        todo!()
    }

    /// Names the network: equal exactly for equal genesis states.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        todo!()
    }
}
