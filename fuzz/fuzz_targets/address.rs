//! Texts that people type: addresses, ids, key paths, mnemonics.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_crypto::slip10::Path;
use tangle_types::{
    Address, AliasId, BlockId, FoundryId, MilestoneId, NftId, OutputId, TransactionId,
};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok((hrp, address)) = Address::from_bech32(text) {
        assert_eq!(address.to_bech32(&hrp), text.to_lowercase());
    }
    check::<BlockId>(text);
    check::<MilestoneId>(text);
    check::<TransactionId>(text);
    check::<OutputId>(text);
    check::<AliasId>(text);
    check::<NftId>(text);
    check::<FoundryId>(text);
    check::<Path>(text);
    if let Ok(mnemonic) = Mnemonic::parse(text) {
        assert_eq!(Mnemonic::parse(&mnemonic.phrase()), Ok(mnemonic));
    }
});

/// What was read prints as something that is read as the same.
fn check<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let again = value.to_string().parse::<T>();
        assert_eq!(again.expect("what was printed can be read"), value);
    }
}
