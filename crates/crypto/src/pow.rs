//! Proof of work of TIP-12: trailing zero trits of a Curl-P-81 hash.
//!
//! What is hashed are 243 trits: the BLAKE2b-256 hash of the block without its nonce, the eight
//! bytes of the nonce, both encoded by TIP-5, and three zeros. Curl is slow on one input and quick
//! on hundreds: a state of many lanes is kept as bit planes, and one sequence of bit operations
//! does them all. How many lanes is up to the [`Kernel`], chosen by what the processor can do.

mod curl;
mod search;
mod trits;

use crate::blake2b;
use curl::{Rounds, State};

/// A flag that stops a running search.
pub type Cancel = std::sync::Arc<std::sync::atomic::AtomicBool>;

/// Bytes of the nonce at the end of a block.
const NONCE_LENGTH: usize = 8;
/// Trits of a hash: no more of them can be zero.
const HASH_TRITS: usize = 243;

/// A way to compute many proof-of-work hashes at a time. One that the processor lacks is replaced
/// by the portable code with the same number of lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 128 lanes in plain words, on any machine.
    Portable,
    /// 256 lanes, on processors with AVX2.
    Avx2,
    /// 512 lanes, on processors with AVX-512.
    Avx512,
}

impl Kernel {
    /// All of them, the slowest first.
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The kernels that this machine can run, the best one last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(Self::is_available).collect()
    }

    fn best() -> Self {
        let best = Self::ALL.into_iter().rfind(Self::is_available);
        best.unwrap_or(Self::Portable)
    }

    fn is_available(&self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => curl::has_avx2(),
            Self::Avx512 => curl::has_avx512(),
        }
    }

    /// [`trailing_zeros_many`] with this kernel.
    #[must_use]
    pub fn trailing_zeros_many(self, blocks: &[&[u8]]) -> Vec<u32> {
        match self {
            Self::Portable => check(blocks, curl::portable::<2>),
            Self::Avx2 => check(blocks, curl::avx2),
            Self::Avx512 => check(blocks, curl::avx512),
        }
    }

    /// [`mine`] with this kernel.
    #[must_use]
    pub fn mine(
        self,
        prefix: &[u8],
        zeros: u32,
        thread_count: usize,
        cancel: &Cancel,
    ) -> Option<u64> {
        let zeros = usize::try_from(zeros)
            .ok()
            .filter(|zeros| *zeros <= HASH_TRITS)?;
        let target = search::Target {
            digest: blake2b::hash(prefix),
            zeros,
        };
        match self {
            Self::Portable => search::mine(&target, curl::portable::<2>, thread_count, cancel),
            Self::Avx2 => search::mine(&target, curl::avx2, thread_count, cancel),
            Self::Avx512 => search::mine(&target, curl::avx512, thread_count, cancel),
        }
    }
}

/// Tries at least `nonce_count` nonces on the calling thread, for measuring; returns how many.
#[must_use]
pub fn probe(kernel: Kernel, nonce_count: u64) -> u64 {
    match kernel {
        Kernel::Portable => search::probe(curl::portable::<2>, nonce_count),
        Kernel::Avx2 => search::probe(curl::avx2, nonce_count),
        Kernel::Avx512 => search::probe(curl::avx512, nonce_count),
    }
}

/// Trailing zero trits of the proof-of-work hash of a whole block (nonce in its last 8 bytes).
/// What is too short to hold a nonce has none.
#[must_use]
pub fn trailing_zeros(block: &[u8]) -> u32 {
    trailing_zeros_many(&[block])[0]
}

/// [`trailing_zeros`] of many blocks, bit-sliced. One block costs as much as a lane for each bit of
/// the kernel's registers, so gather blocks before asking.
#[must_use]
pub fn trailing_zeros_many(blocks: &[&[u8]]) -> Vec<u32> {
    Kernel::best().trailing_zeros_many(blocks)
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
/// threads that end before it returns. `None` when `cancel` was set, or when more zeros are wanted
/// than a hash has trits.
#[must_use]
pub fn mine(prefix: &[u8], zeros: u32, thread_count: usize, cancel: &Cancel) -> Option<u64> {
    Kernel::best().mine(prefix, zeros, thread_count, cancel)
}

fn check<const WORDS: usize>(blocks: &[&[u8]], rounds: Rounds<WORDS>) -> Vec<u32> {
    let mut state = State::new();
    let mut results = Vec::with_capacity(blocks.len());
    for blocks in blocks.chunks(State::<WORDS>::LANES) {
        let parts: Vec<_> = blocks.iter().map(|block| split(block)).collect();
        let prefixes: Vec<&[u8]> = parts.iter().map(|(prefix, _)| *prefix).collect();
        let digests = blake2b::hash_many(&prefixes);
        let nonces = parts.iter().map(|(_, nonce)| nonce.unwrap_or_default());
        let inputs: Vec<_> = digests.iter().zip(nonces).collect();
        state.absorb(&inputs);
        rounds(&mut state);
        for (zeros, (_, nonce)) in state.trailing_zeros(blocks.len()).iter().zip(&parts) {
            results.push(if nonce.is_some() { *zeros } else { 0 });
        }
    }
    results
}

/// A block without its nonce, and the nonce; no nonce if it is too short.
fn split(block: &[u8]) -> (&[u8], Option<[u8; NONCE_LENGTH]>) {
    match block.split_last_chunk() {
        Some((prefix, nonce)) => (prefix, Some(*nonce)),
        None => (block, None),
    }
}
