//! Unlocks: how a transaction opens its inputs (TIP-20, TIP-18).

/// Opens the input at the same position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// 0: an Ed25519 signature over the essence hash.
    Signature {
        /// Public key as given.
        public_key: [u8; 32],
        /// Signature as given.
        signature: Box<[u8; 64]>,
    },
    /// 1: same owner as the signature unlock at this earlier position.
    Reference(u16),
    /// 2: owned by the alias opened at this earlier position.
    Alias(u16),
    /// 3: owned by the NFT opened at this earlier position.
    Nft(u16),
}
