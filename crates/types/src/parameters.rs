//! Protocol parameters (TIP-29 option 1, TIP-19).

use crate::NetworkId;

/// What the whole network agrees on and milestones may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolParameters {
    /// Protocol version, 2.
    pub version: u8,
    /// Name of the network, at most 255 bytes.
    pub network_name: String,
    /// Human-readable part of addresses.
    pub bech32_hrp: String,
    /// Least proof-of-work score of a block; 0 switches the check off.
    pub pow_score_min: u32,
    /// Milestones after which a cone root is too old.
    pub below_max_depth: u8,
    /// Storage deposit.
    pub rent: RentStructure,
    /// All base coins there are.
    pub token_supply: u64,
}

/// Storage deposit parameters (TIP-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RentStructure {
    /// Price of a virtual byte.
    pub v_byte_cost: u32,
    /// Weight of a data byte.
    pub v_byte_factor_data: u8,
    /// Weight of a key byte.
    pub v_byte_factor_key: u8,
}

impl ProtocolParameters {
    /// The id of the network.
    #[must_use]
    pub fn network_id(&self) -> NetworkId {
        NetworkId::from_name(&self.network_name)
    }
}
