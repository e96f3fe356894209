//! Protocol parameters, in bytes and in JSON.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use tangle_fuzz::{check_json, read};
use tangle_types::json::{self, ProtocolParametersJson};
use tangle_types::{Codec, ProtocolParameters};

fuzz_target!(|data: &[u8]| {
    if let Some(parameters) = read::<ProtocolParameters>(data) {
        check(&parameters);
    }
    if let Ok(json) = json::from_slice::<ProtocolParametersJson>(data)
        && let Ok(parameters) = ProtocolParameters::try_from(json)
    {
        check(&parameters);
        assert_eq!(read(&parameters.to_bytes()), Some(parameters));
    }
});

fn check(parameters: &ProtocolParameters) {
    check_json::<_, ProtocolParametersJson>(parameters);
    black_box(parameters.network_id());
    for size_bytes in [0, 46, 32_768] {
        black_box(parameters.rent.deposit_min(size_bytes));
    }
}
