//! Hashes.

use proptest::prelude::*;
use tangle_crypto::blake2b::{hash, hash_many};

#[test]
fn published_hashes() {
    let empty = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
    assert_eq!(hex::encode(hash(b"")), empty);
    let abc = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    assert_eq!(hex::encode(hash(b"abc")), abc);
}

proptest! {
    #[test]
    fn many_agree_with_one(
        inputs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12),
    ) {
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let alone: Vec<_> = inputs.iter().map(|input| hash(input)).collect();
        prop_assert_eq!(hash_many(&inputs), alone);
    }
}
