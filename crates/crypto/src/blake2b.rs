//! BLAKE2b with a digest of 256 bits: the hash of every id in the protocol.

use blake2b_simd::{Hash, Params, many};

/// The hash of `data`.
#[must_use]
pub fn hash(data: &[u8]) -> [u8; 32] {
    digest(&params().hash(data))
}

/// The hashes of many inputs, in order, as many at a time as the processor's registers hold.
/// Inputs of similar length are quickest.
#[must_use]
pub fn hash_many(inputs: &[&[u8]]) -> Vec<[u8; 32]> {
    let params = params();
    let new_jobs = inputs
        .iter()
        .map(|input| many::HashManyJob::new(&params, input));
    let mut jobs: Vec<_> = new_jobs.collect();
    many::hash_many(&mut jobs);
    jobs.iter().map(|job| digest(&job.to_hash())).collect()
}

fn params() -> Params {
    let mut params = Params::new();
    params.hash_length(32);
    params
}

fn digest(hash: &Hash) -> [u8; 32] {
    let bytes = hash.as_bytes().try_into();
    bytes.expect("the digest length is set to 32")
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
