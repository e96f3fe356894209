//! BLAKE2b with a digest of 256 bits: the hash of every id in the protocol.

/// The hash of `data`.
#[must_use]
pub fn hash(data: &[u8]) -> [u8; 32] {
    let hash = blake2b_simd::Params::new().hash_length(32).hash(data);
    hash.as_bytes()
        .try_into()
        .expect("the digest length is set to 32")
}

/// The hashes of many inputs, in order, several lanes at a time.
#[must_use]
pub fn hash_many(inputs: &[&[u8]]) -> Vec<[u8; 32]> {
    inputs.iter().map(|input| hash(input)).collect()
}
