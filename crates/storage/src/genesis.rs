//! Genesis: the state before the first milestone, a pure function of one `genesis.toml`.
//!
//! The file describes a network: protocol parameters, who owns the supply at the start, which keys
//! sign milestones, and what the base coin is called. [`Genesis::hash`] names the network by the
//! part that its history rests on; milestone keys added for later milestones, and names shown to
//! people, do not make it another network.

mod file;

use tangle_consensus::{KeyRange, KeysError, MilestoneKeys};
use tangle_crypto::blake2b;
use tangle_types::{
    Address, AddressError, BlockId, Codec, LedgerOutput, MilestoneIndex, Output, OutputId,
    PROTOCOL_VERSION, ProtocolParameters, TransactionId, UnixSeconds,
};

/// First bytes of what [`Genesis::hash`] hashes; the number changes with the form.
const HASH_DOMAIN: &[u8] = b"tangle genesis 1\0";
/// Longest human-readable part that Bech32 allows.
const HRP_LENGTH_MAX: usize = 83;
/// Longest network name that protocol parameters can carry.
const NETWORK_NAME_LENGTH_MAX: usize = 255;

/// Everything that defines a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Protocol parameters in force at the start.
    pub parameters: ProtocolParameters,
    /// What the base coin is called; not part of [`Genesis::hash`].
    pub token: BaseToken,
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

/// How wallets show the base coin. No rule depends on it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseToken {
    /// Name of the coin.
    pub name: String,
    /// Ticker symbol.
    pub ticker_symbol: String,
    /// Name of the large unit.
    pub unit: String,
    /// Name of the smallest unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subunit: Option<String>,
    /// A large unit is 10 to this power of the smallest.
    pub decimals: u32,
    /// Whether amounts may be shown with metric prefixes.
    #[serde(default)]
    pub use_metric_prefix: bool,
}

/// The coin of a network that says nothing else.
impl Default for BaseToken {
    fn default() -> Self {
        Self {
            name: "Tangle".to_owned(),
            ticker_symbol: "TNGL".to_owned(),
            unit: "TNGL".to_owned(),
            subunit: Some("micro".to_owned()),
            decimals: 6,
            use_metric_prefix: false,
        }
    }
}

/// Why a genesis is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// Not TOML, or not the keys that are expected.
    #[error("genesis file: {0}")]
    File(#[from] toml::de::Error),
    /// A milestone key is not 32 bytes in hexadecimal.
    #[error("milestone key {text:?} is not 0x and 64 hexadecimal digits")]
    PublicKey {
        /// The text.
        text: String,
    },
    /// An address cannot be read.
    #[error("allocation {number}: {text:?}: {source}")]
    Address {
        /// Which allocation, from 1.
        number: usize,
        /// The text.
        text: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// An address of another network.
    #[error(
        "allocation {number}: the address begins with {found:?}, those of this network with {needed:?}"
    )]
    Hrp {
        /// Which allocation, from 1.
        number: usize,
        /// The network's human-readable part.
        needed: String,
        /// The address's human-readable part.
        found: String,
    },
    /// An allocation of nothing.
    #[error("allocation {number} is empty")]
    EmptyAllocation {
        /// Which allocation, from 1.
        number: usize,
    },
    /// The human-readable part cannot begin an address.
    #[error(
        "the human-readable part {found:?} is not 1 to {HRP_LENGTH_MAX} printable ASCII characters without capitals"
    )]
    HrpText {
        /// The text.
        found: String,
    },
    /// The network's name is empty or too long.
    #[error("the network name has {found} bytes, 1 to {NETWORK_NAME_LENGTH_MAX} are allowed")]
    NetworkName {
        /// Bytes of the name.
        found: usize,
    },
    /// A protocol version this program does not implement.
    #[error("protocol version {found}, this program knows {PROTOCOL_VERSION}")]
    Version {
        /// The version.
        found: u8,
    },
    /// Milestone keys that do not work, for instance too few of them for some milestone.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Allocations and treasury are not the supply.
    #[error("allocations and treasury sum to {found}, the token supply is {needed}")]
    Supply {
        /// The token supply.
        needed: u64,
        /// The sum.
        found: u128,
    },
}

impl Genesis {
    /// Checks what [`Genesis::from_toml`] checks, for a genesis that was made otherwise.
    ///
    /// # Errors
    /// See [`GenesisError`].
    pub fn check(&self) -> Result<(), GenesisError> {
        let parameters = &self.parameters;
        if parameters.version != PROTOCOL_VERSION {
            let found = parameters.version;
            return Err(GenesisError::Version { found });
        }
        let found = parameters.network_name.len();
        if found == 0 || found > NETWORK_NAME_LENGTH_MAX {
            return Err(GenesisError::NetworkName { found });
        }
        check_hrp(&parameters.bech32_hrp)?;
        self.check_supply()?;
        MilestoneKeys::new(
            self.milestone_keys.clone(),
            self.milestone_key_threshold,
            self.index.next(),
        )?;
        Ok(())
    }

    fn check_supply(&self) -> Result<(), GenesisError> {
        let amounts = self.allocations.iter().map(|allocation| allocation.amount);
        if let Some(empty) = amounts.clone().position(|amount| amount == 0) {
            return Err(GenesisError::EmptyAllocation { number: empty + 1 });
        }
        let found = amounts.chain([self.treasury]).map(u128::from).sum();
        let needed = self.parameters.token_supply;
        if found != u128::from(needed) {
            return Err(GenesisError::Supply { needed, found });
        }
        Ok(())
    }

    /// Names the network: equal exactly for equal ledger states and equal keys of the first
    /// milestone. Keys for later milestones are not in it, so that a network can change them.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut bytes = HASH_DOMAIN.to_vec();
        self.parameters.write(&mut bytes);
        self.index.write(&mut bytes);
        self.timestamp.write(&mut bytes);
        bytes.extend_from_slice(&self.treasury.to_le_bytes());
        bytes.extend_from_slice(&(self.allocations.len() as u64).to_le_bytes());
        for Allocation { address, amount } in &self.allocations {
            address.write(&mut bytes);
            bytes.extend_from_slice(&amount.to_le_bytes());
        }
        for key in self.first_keys() {
            bytes.extend_from_slice(&key);
        }
        blake2b::hash(&bytes)
    }

    /// Keys that may sign the first milestone, sorted.
    fn first_keys(&self) -> Vec<[u8; 32]> {
        let first = self.index.next();
        let applies = |range: &&KeyRange| {
            range.start <= first && (range.end >= first || range.end == MilestoneIndex(0))
        };
        let ranges = self.milestone_keys.iter().filter(applies);
        let mut keys: Vec<[u8; 32]> = ranges.map(|range| range.public_key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The outputs of the genesis. Their ids are those that Hornet gives: the first has the zero
    /// id, output `i` the transaction id that is the number `i` in little-endian bytes.
    pub fn outputs(&self) -> impl Iterator<Item = LedgerOutput> + '_ {
        let allocations = self.allocations.iter().zip(0_u64..);
        allocations.map(|(allocation, number)| LedgerOutput {
            id: genesis_output_id(number),
            block_id: BlockId::ZERO,
            milestone_index: self.index,
            milestone_timestamp: self.timestamp,
            output: Output::basic(allocation.address, allocation.amount),
        })
    }
}

fn check_hrp(hrp: &str) -> Result<(), GenesisError> {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    if hrp.is_empty() || hrp.len() > HRP_LENGTH_MAX || !hrp.bytes().all(is_allowed) {
        return Err(GenesisError::HrpText {
            found: hrp.to_owned(),
        });
    }
    Ok(())
}

fn genesis_output_id(number: u64) -> OutputId {
    let mut transaction_id = TransactionId::ZERO;
    transaction_id.0[..8].copy_from_slice(&number.to_le_bytes());
    OutputId::new(transaction_id, 0)
}

#[cfg(test)]
mod tests;
