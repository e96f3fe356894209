//! Ed25519 with the validation rules of ZIP-215 (TIP-14).

use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_core::OsRng;
use zeroize::ZeroizeOnDrop;

/// Signatures verified in one go: more bring less and less, and cost more when one is bad.
const BATCH_MAX: usize = 256;
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
/// each; a batch that fails is bisected.
#[must_use]
pub fn verify_batch(items: &[Signed<'_>]) -> Vec<bool> {
    let mut results = vec![false; items.len()];
    for (items, results) in items.chunks(BATCH_MAX).zip(results.chunks_mut(BATCH_MAX)) {
        let prepare = |signed: &Signed<'_>| {
            let key = VerificationKeyBytes::from(*signed.public_key);
            batch::Item::from((key, Signature::from(*signed.signature), &signed.message))
        };
        let prepared: Vec<batch::Item> = items.iter().map(prepare).collect();
        bisect(&prepared, results);
    }
    results
}

/// Halves a batch until its good and bad parts are told apart. The coefficients of the batch
/// equation must not be guessed by whoever made the signatures, so they come from the system.
fn bisect(items: &[batch::Item], results: &mut [bool]) {
    if items.len() < BATCH_MIN {
        for (item, result) in items.iter().zip(results) {
            *result = item.clone().verify_single().is_ok();
        }
        return;
    }
    let mut verifier = batch::Verifier::new();
    items.iter().for_each(|item| verifier.queue(item.clone()));
    if verifier.verify(OsRng).is_ok() {
        results.fill(true);
        return;
    }
    let middle = items.len() / 2;
    let (left, right) = results.split_at_mut(middle);
    bisect(&items[..middle], left);
    bisect(&items[middle..], right);
}
