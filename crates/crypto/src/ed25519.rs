//! Ed25519 with the validation rules of ZIP-215 (TIP-14).

use zeroize::ZeroizeOnDrop;

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
        let _ = self.seed;
        todo!()
    }

    /// Signs `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let _ = message;
        todo!()
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
    let _ = signed;
    todo!()
}

/// Verifies many signatures together; `result[i]` belongs to `items[i]`. Equal to [`verify`] on
/// each; a batch that fails is bisected.
#[must_use]
pub fn verify_batch(items: &[Signed<'_>]) -> Vec<bool> {
    let _ = items;
    todo!()
}
