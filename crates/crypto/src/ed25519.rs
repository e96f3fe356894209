//! Ed25519 with the validation rules of ZIP-215 (TIP-14).

use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_core::OsRng;
use zeroize::ZeroizeOnDrop;

/// Signatures verified in one go: first many, and where one is bad, few. A good signature among
/// many costs half of one alone, and more than 128 bring nothing. Halving down to the bad ones
/// would cost as much as verifying all of them one by one; a second step to 16 is cheaper when few
/// are bad, and no batch costs more than twice its signatures one by one, however many are bad.
const BATCH_SIZES: [usize; 2] = [128, 16];
/// Below this many, one by one is as fast.
const BATCH_MIN: usize = 4;

/// A private key (seed) with its public key. Wiped from memory when dropped; never printed.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SecretKey {
    seed: [u8; 32],
}

impl SecretKey {
    /// The key whose 32-byte seed is `seed` (RFC 8032).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// The 32 bytes that it was made of, for storing them.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        VerificationKeyBytes::from(&SigningKey::from(self.seed)).into()
    }

    /// Signs `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        SigningKey::from(self.seed).sign(message).into()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// One signature to verify.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The public key, as found in the unlock.
    pub public_key: &'a [u8; 32],
    /// The signature, as found in the unlock.
    pub signature: &'a [u8; 64],
    /// What was signed.
    pub message: &'a [u8],
}

/// Whether one signature is valid by ZIP-215.
#[must_use]
pub fn verify(signed: &Signed<'_>) -> bool {
    let signature = Signature::from(*signed.signature);
    VerificationKey::try_from(*signed.public_key)
        .and_then(|key| key.verify(&signature, signed.message))
        .is_ok()
}

/// Verifies many signatures together; `result[i]` belongs to `items[i]`. Equal to [`verify`] on
/// each; a batch that fails is split.
#[must_use]
pub fn verify_batch(items: &[Signed<'_>]) -> Vec<bool> {
    let mut results = vec![false; items.len()];
    verify_split(items, &mut results, &BATCH_SIZES);
    results
}

/// Verifies in batches of the first size; those with a bad signature in batches of the next, and in
/// the end one by one.
fn verify_split(items: &[Signed<'_>], results: &mut [bool], sizes: &[usize]) {
    let Some((size, smaller)) = sizes.split_first() else {
        for (item, result) in items.iter().zip(results) {
            *result = verify(item);
        }
        return;
    };
    for (items, results) in items.chunks(*size).zip(results.chunks_mut(*size)) {
        if items.len() >= BATCH_MIN && are_valid(items) {
            results.fill(true);
        } else if smaller.first().is_some_and(|next| items.len() > *next) {
            verify_split(items, results, smaller);
        } else {
            verify_split(items, results, &[]);
        }
    }
}

/// Whether all signatures are valid, by one equation. Its coefficients must not be guessed by
/// whoever made the signatures, so they come from the system.
fn are_valid(items: &[Signed<'_>]) -> bool {
    let mut verifier = batch::Verifier::new();
    for signed in items {
        let key = VerificationKeyBytes::from(*signed.public_key);
        verifier.queue((key, Signature::from(*signed.signature), &signed.message));
    }
    verifier.verify(OsRng).is_ok()
}
