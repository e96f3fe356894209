//! SHA-256: the checksum by which two nodes compare how an event stands.

use sha2::{Digest, Sha256};

/// The hash of `data`.
#[must_use]
pub fn hash(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

#[cfg(test)]
mod tests {
    use super::hash;

    /// The example of FIPS 180-2, appendix B.1.
    #[test]
    fn published_example() {
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(hash(b"abc")), digest);
    }
}
