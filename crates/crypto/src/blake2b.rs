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

/// Hashes what is written to it, for inputs that are not in memory as a whole.
#[derive(Clone, Debug)]
pub struct Hasher(blake2b_simd::State);

impl Default for Hasher {
    fn default() -> Self {
        Self(blake2b_simd::Params::new().hash_length(32).to_state())
    }
}

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything that was taken.
    #[must_use]
    pub fn finish(&self) -> [u8; 32] {
        let hash = self.0.finalize();
        hash.as_bytes()
            .try_into()
            .expect("the digest length is set to 32")
    }
}

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
