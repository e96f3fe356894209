//! The file that describes a network.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tangle_storage::Genesis;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(genesis) = Genesis::from_toml(text) else {
        return;
    };
    genesis.check().expect("a file is checked when it is read");
    let again = Genesis::from_toml(&genesis.to_toml()).expect("what was written can be read");
    assert_eq!(again, genesis);
    assert_eq!(again.hash(), genesis.hash());
    let total: u128 = genesis
        .outputs()
        .map(|output| u128::from(output.output.amount()))
        .sum();
    let supply = u128::from(genesis.parameters.token_supply);
    assert_eq!(total + u128::from(genesis.treasury), supply);
});
