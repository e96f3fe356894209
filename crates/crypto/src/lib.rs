//! Hashes, signatures, proof of work, keys.
//!
//! What it is not: it knows no protocol value (blocks, outputs); those live in `tangle-types`.
//! Begin with [`blake2b`] for ids, [`ed25519`] for signatures, [`pow`] for proof of work,
//! [`mnemonic`] and [`slip10`] for the keys of a wallet.

pub mod blake2b;
pub mod ed25519;
pub mod merkle;
pub mod mnemonic;
pub mod pow;
pub mod sha256;
pub mod slip10;
