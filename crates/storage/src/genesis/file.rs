//! The text form, `genesis.toml`.
//!
//! ```toml
//! network_name = "tangle-dev"
//! bech32_hrp = "tst"
//! token_supply = 2_779_530_283_277_761
//! below_max_depth = 15
//! pow_score_min = 0
//!
//! [rent]
//! v_byte_cost = 100
//! v_byte_factor_data = 1
//! v_byte_factor_key = 10
//!
//! [milestones]
//! threshold = 1
//!
//! [[milestones.keys]]
//! public_key = "0x…"
//!
//! [[allocations]]
//! address = "tst1…"
//! amount = 2_779_530_283_277_761
//! ```
//!
//! TOML has no integers above `i64::MAX`; such an amount is written as a string of digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tangle_consensus::KeyRange;
use tangle_types::{
    Address, MilestoneIndex, PROTOCOL_VERSION, ProtocolParameters, RentStructure, UnixSeconds,
};

use super::{Allocation, BaseToken, Genesis, GenesisError};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GenesisFile {
    network_name: String,
    bech32_hrp: String,
    #[serde(default = "protocol_version")]
    protocol_version: u8,
    token_supply: Amount,
    pow_score_min: u32,
    below_max_depth: u8,
    #[serde(default)]
    index: u32,
    #[serde(default)]
    timestamp: u32,
    #[serde(default)]
    treasury: Amount,
    rent: RentTable,
    #[serde(default)]
    token: BaseToken,
    milestones: MilestonesTable,
    #[serde(default)]
    allocations: Vec<AllocationTable>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RentTable {
    v_byte_cost: u32,
    v_byte_factor_data: u8,
    v_byte_factor_key: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MilestonesTable {
    threshold: usize,
    keys: Vec<KeyTable>,
}

/// A key and its range; an absent or zero end means that there is none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyTable {
    public_key: String,
    #[serde(default)]
    start: u32,
    #[serde(default)]
    end: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllocationTable {
    address: String,
    amount: Amount,
}

const fn protocol_version() -> u8 {
    PROTOCOL_VERSION
}

/// Base coins: an integer, or a string of digits where TOML's integers end.
#[derive(Clone, Copy, Default)]
struct Amount(u64);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(amount) => serializer.serialize_i64(amount),
            Err(_) => serializer.collect_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "base coins: an integer from 0, or its digits as a string"
        )]
        enum Form {
            Integer(u64),
            Digits(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Integer(amount) => Ok(Self(amount)),
            Form::Digits(digits) => digits.parse().map(Self).map_err(|error| {
                serde::de::Error::custom(format_args!("base coins {digits:?}: {error}"))
            }),
        }
    }
}

impl Genesis {
    /// Reads `genesis.toml`; every key that it does not know is refused.
    ///
    /// # Errors
    /// See [`GenesisError`].
    pub fn from_toml(text: &str) -> Result<Self, GenesisError> {
        let file: GenesisFile = toml::from_str(text)?;
        // Before the addresses, so that a bad human-readable part is not blamed on them.
        super::check_hrp(&file.bech32_hrp)?;
        let allocations = file.allocations.iter().zip(1..);
        let allocations = allocations
            .map(|(table, number)| read_allocation(table, number, &file.bech32_hrp))
            .collect::<Result<_, _>>()?;
        let keys = file.milestones.keys.iter().map(read_key);
        let genesis = Self {
            parameters: ProtocolParameters {
                version: file.protocol_version,
                network_name: file.network_name,
                bech32_hrp: file.bech32_hrp,
                pow_score_min: file.pow_score_min,
                below_max_depth: file.below_max_depth,
                rent: RentStructure {
                    v_byte_cost: file.rent.v_byte_cost,
                    v_byte_factor_data: file.rent.v_byte_factor_data,
                    v_byte_factor_key: file.rent.v_byte_factor_key,
                },
                token_supply: file.token_supply.0,
            },
            token: file.token,
            index: MilestoneIndex(file.index),
            timestamp: UnixSeconds(file.timestamp),
            allocations,
            treasury: file.treasury.0,
            milestone_keys: keys.collect::<Result<_, _>>()?,
            milestone_key_threshold: file.milestones.threshold,
        };
        genesis.check()?;
        Ok(genesis)
    }

    /// Writes `genesis.toml`; [`Genesis::from_toml`] reads it back equal.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let Self { parameters, .. } = self;
        let hrp = &parameters.bech32_hrp;
        let file = GenesisFile {
            network_name: parameters.network_name.clone(),
            bech32_hrp: hrp.clone(),
            protocol_version: parameters.version,
            token_supply: Amount(parameters.token_supply),
            pow_score_min: parameters.pow_score_min,
            below_max_depth: parameters.below_max_depth,
            index: self.index.0,
            timestamp: self.timestamp.0,
            treasury: Amount(self.treasury),
            rent: RentTable {
                v_byte_cost: parameters.rent.v_byte_cost,
                v_byte_factor_data: parameters.rent.v_byte_factor_data,
                v_byte_factor_key: parameters.rent.v_byte_factor_key,
            },
            token: self.token.clone(),
            milestones: MilestonesTable {
                threshold: self.milestone_key_threshold,
                keys: self.milestone_keys.iter().map(key_table).collect(),
            },
            allocations: self
                .allocations
                .iter()
                .map(|allocation| AllocationTable {
                    address: allocation.address.to_bech32(hrp),
                    amount: Amount(allocation.amount),
                })
                .collect(),
        };
        toml::to_string(&file).expect("tables of integers and strings always have a text form")
    }
}

fn read_allocation(
    table: &AllocationTable,
    number: usize,
    needed: &str,
) -> Result<Allocation, GenesisError> {
    let text = &table.address;
    let (found, address) = Address::from_bech32(text).map_err(|source| GenesisError::Address {
        number,
        text: text.clone(),
        source,
    })?;
    if found != needed {
        return Err(GenesisError::Hrp {
            number,
            needed: needed.to_owned(),
            found,
        });
    }
    Ok(Allocation {
        address,
        amount: table.amount.0,
    })
}

fn read_key(table: &KeyTable) -> Result<KeyRange, GenesisError> {
    let bad = || GenesisError::PublicKey {
        text: table.public_key.clone(),
    };
    let digits = table.public_key.strip_prefix("0x").ok_or_else(bad)?;
    let mut public_key = [0; 32];
    hex::decode_to_slice(digits, &mut public_key).map_err(|_| bad())?;
    Ok(KeyRange {
        public_key,
        start: MilestoneIndex(table.start),
        end: MilestoneIndex(table.end),
    })
}

fn key_table(range: &KeyRange) -> KeyTable {
    KeyTable {
        public_key: format!("0x{}", hex::encode(range.public_key)),
        start: range.start.0,
        end: range.end.0,
    }
}
