//! Protocol parameters (TIP-29 option 1, TIP-19).

use crate::codec::{Limit, write_text_u8};
use crate::{Codec, DecodeError, NetworkId, Reader};

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

impl RentStructure {
    /// The least amount of an output whose binary form has `size_bytes` bytes: the output id is
    /// key, while block id, milestone index, timestamp and the output itself are data.
    #[must_use]
    pub fn deposit_min(&self, size_bytes: usize) -> u64 {
        let key = u64::from(self.v_byte_factor_key) * 34;
        let data = u64::from(self.v_byte_factor_data) * (32 + 4 + 4 + size_bytes as u64);
        u64::from(self.v_byte_cost).saturating_mul(key + data)
    }
}

impl Codec for ProtocolParameters {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.version);
        for text in [&self.network_name, &self.bech32_hrp] {
            write_text_u8(text, out);
        }
        out.extend_from_slice(&self.pow_score_min.to_le_bytes());
        out.push(self.below_max_depth);
        out.extend_from_slice(&self.rent.v_byte_cost.to_le_bytes());
        out.push(self.rent.v_byte_factor_data);
        out.push(self.rent.v_byte_factor_key);
        out.extend_from_slice(&self.token_supply.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: reader.u8()?,
            network_name: reader.text_u8(Limit::new("network name", 0, 255))?,
            bech32_hrp: read_hrp(reader)?,
            pow_score_min: reader.u32()?,
            below_max_depth: reader.u8()?,
            rent: RentStructure {
                v_byte_cost: reader.u32()?,
                v_byte_factor_data: reader.u8()?,
                v_byte_factor_key: reader.u8()?,
            },
            token_supply: reader.u64()?,
        })
    }
}

fn read_hrp(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let field = "human-readable part";
    let hrp = reader.text_u8(Limit::new(field, 0, 255))?;
    if bech32::Hrp::parse(&hrp).is_err() {
        return Err(DecodeError::Text { field });
    }
    Ok(hrp)
}
