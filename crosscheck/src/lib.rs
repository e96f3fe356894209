//! Tangle against the official SDK, `iota-sdk` 1.1: an implementation that shares no line with it.
//!
//! - `tests/it/encodings.rs`: bytes, ids and JSON of generated values, and which bytes are refused.
//! - `tests/it/participation.rs`: events in which coins participate, and what nodes answer of them.
//! - `tests/it/rules.rs`: which transactions may be included.
//! - `benches/mining.rs`: proof of work.
//!
//! What it is not: part of the product's workspace, which would have to lock the SDK's packages.

use iota_sdk::types::block::output::RentStructure as SdkRent;
use iota_sdk::types::block::protocol::ProtocolParameters as SdkParameters;
use tangle_types::ProtocolParameters;

/// The same parameters, as the SDK holds them.
#[must_use]
pub fn sdk_parameters(parameters: &ProtocolParameters) -> SdkParameters {
    let rent = &parameters.rent;
    let (data, key) = (rent.v_byte_factor_data, rent.v_byte_factor_key);
    SdkParameters::new(
        parameters.version,
        parameters.network_name.clone(),
        &*parameters.bech32_hrp,
        parameters.pow_score_min,
        parameters.below_max_depth,
        SdkRent::new(rent.v_byte_cost, key, data),
        parameters.token_supply,
    )
    .expect("parameters of ours are sound for the SDK")
}
