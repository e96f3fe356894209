//! Proof of work of TIP-12: trailing zero trits of Curl-P-81.

/// A flag that stops a running search.
pub type Cancel = std::sync::Arc<std::sync::atomic::AtomicBool>;

/// A way to compute many proof-of-work hashes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 64 lanes in plain words, on any machine.
    Portable,
    /// 256 lanes, on processors with AVX2.
    Avx2,
}

impl Kernel {
    /// The kernels that this machine can run, the best one last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        vec![Self::Portable]
    }
}

/// Tries at least `nonce_count` nonces on the calling thread, for measuring; returns how many.
#[must_use]
pub fn probe(kernel: Kernel, nonce_count: u64) -> u64 {
    let _ = (kernel, nonce_count);
    todo!()
}

/// Trailing zero trits of the proof-of-work hash of a whole block (nonce in its last 8 bytes).
#[must_use]
pub fn trailing_zeros(block: &[u8]) -> u32 {
    let _ = block;
    todo!()
}

/// [`trailing_zeros`] of many blocks, bit-sliced.
#[must_use]
pub fn trailing_zeros_many(blocks: &[&[u8]]) -> Vec<u32> {
    blocks.iter().map(|block| trailing_zeros(block)).collect()
}

/// Whether `zeros` trailing zero trits give a block of `size_bytes` at least the score `score_min`:
/// `3^zeros / size_bytes >= score_min`, computed without rounding.
#[must_use]
pub fn is_sufficient(zeros: u32, size_bytes: usize, score_min: u32) -> bool {
    zeros >= zeros_needed(size_bytes, score_min)
}

/// Trailing zero trits that a block of `size_bytes` (nonce included) needs for `score_min`.
#[must_use]
pub fn zeros_needed(size_bytes: usize, score_min: u32) -> u32 {
    let mut power = 1_u128;
    let target = size_bytes as u128 * u128::from(score_min);
    let mut zeros = 0;
    while power < target {
        power *= 3;
        zeros += 1;
    }
    zeros
}

/// Searches a nonce for a block whose bytes without the nonce are `prefix`, on `thread_count`
/// threads of the caller's making. `None` when `cancel` was set.
#[must_use]
pub fn mine(prefix: &[u8], zeros: u32, thread_count: usize, cancel: &Cancel) -> Option<u64> {
    let _ = (prefix, zeros, thread_count, cancel);
    todo!()
}
