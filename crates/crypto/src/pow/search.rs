//! The search for a nonce: lanes are nonces in a row.

use std::sync::atomic::{AtomicBool, Ordering};

use super::curl::{Rounds, State};
use super::trits::{BYTES, PER_BYTE};
use super::{Cancel, HASH_TRITS, NONCE_LENGTH};

/// The place of the nonce among the trits.
const NONCE_TRITS: usize = 32 * PER_BYTE;
/// Every thread starts at a multiple of this, which is a multiple of the lanes of every kernel.
const ALIGNMENT: u64 = 1 << 16;

/// The planes of 64 numbers in a row that begin with a multiple of 64, by its two bits above.
const LOW_BYTE: [[(u64, u64); PER_BYTE]; 4] = {
    let mut planes = [[(0, 0); PER_BYTE]; 4];
    let mut number = 0;
    while number < 256 {
        let bits = BYTES[number];
        let mut trit = 0;
        while trit < PER_BYTE {
            let plane = &mut planes[number / 64][trit];
            plane.0 |= (bits.plus >> trit & 1) << (number % 64);
            plane.1 |= (bits.not_minus >> trit & 1) << (number % 64);
            trit += 1;
        }
        number += 1;
    }
    planes
};

/// What is searched: a nonce that gives, behind `digest`, a hash with so many trailing zeros.
pub(super) struct Target {
    pub(super) digest: [u8; 32],
    pub(super) zeros: usize,
}

/// Searches on several threads, each in its own part of the nonces.
pub(super) fn mine<const WORDS: usize>(
    target: &Target,
    rounds: Rounds<WORDS>,
    thread_count: usize,
    cancel: &Cancel,
) -> Option<u64> {
    let found = AtomicBool::new(false);
    let thread_count = if is_easy(target.zeros, State::<WORDS>::LANES) {
        1
    } else {
        thread_count.max(1) as u64
    };
    let share = u64::MAX / thread_count / ALIGNMENT * ALIGNMENT;
    let search = |index: u64| {
        let mut searcher = Searcher::new(target, rounds);
        let from = index * share;
        for base in (from..from + share).step_by(State::<WORDS>::LANES) {
            if cancel.load(Ordering::Relaxed) || found.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(nonce) = searcher.attempt(base) {
                found.store(true, Ordering::Relaxed);
                return Some(nonce);
            }
        }
        None
    };
    std::thread::scope(|scope| {
        let search = &search;
        let others: Vec<_> = (1..thread_count)
            .map(|index| scope.spawn(move || search(index)))
            .collect();
        let mut nonce = search(0);
        for thread in others {
            nonce = nonce.or(thread.join().expect("the search does not panic"));
        }
        nonce
    })
}

/// Whether one attempt with so many lanes is expected to find a nonce: it is over before another
/// thread has started.
fn is_easy(zeros: usize, lanes: usize) -> bool {
    let tries = u32::try_from(zeros)
        .ok()
        .and_then(|zeros| 3_usize.checked_pow(zeros));
    tries.is_some_and(|tries| tries <= lanes)
}

/// Tries nonces that are not expected to be found, for measuring; returns how many.
pub(super) fn probe<const WORDS: usize>(rounds: Rounds<WORDS>, nonce_count: u64) -> u64 {
    let target = Target {
        digest: [0; 32],
        zeros: HASH_TRITS,
    };
    let mut searcher = Searcher::new(&target, rounds);
    let mut tried = 0;
    while tried < nonce_count {
        std::hint::black_box(searcher.attempt(tried));
        tried += State::<WORDS>::LANES as u64;
    }
    tried
}

/// One thread's search.
struct Searcher<const WORDS: usize> {
    /// The state before the first round, all of it but the nonce.
    start: State<WORDS>,
    work: State<WORDS>,
    rounds: Rounds<WORDS>,
    zeros: usize,
}

impl<const WORDS: usize> Searcher<WORDS> {
    fn new(target: &Target, rounds: Rounds<WORDS>) -> Self {
        let mut start = State::new();
        start.absorb(&vec![
            (&target.digest, [0; NONCE_LENGTH]);
            State::<WORDS>::LANES
        ]);
        Self {
            start,
            work: State::new(),
            rounds,
            zeros: target.zeros,
        }
    }

    /// Tries `base` and the nonces after it, one for each lane. `base` is a multiple of their
    /// number.
    fn attempt(&mut self, base: u64) -> Option<u64> {
        self.set_nonces(base);
        self.work.copy_from(&self.start);
        (self.rounds)(&mut self.work);
        let lanes = self.work.lanes_with_zeros(self.zeros);
        let word = lanes.iter().position(|word| *word != 0)?;
        Some(base + 64 * word as u64 + u64::from(lanes[word].trailing_zeros()))
    }

    fn set_nonces(&mut self, base: u64) {
        let trits = &mut self.start.trits_mut()[NONCE_TRITS..];
        for word in 0..WORDS {
            // 64 nonces that differ in their lowest six bits only.
            let nonce = base + 64 * word as u64;
            let [low, rest @ ..] = nonce.to_le_bytes();
            for (trits, planes) in trits.iter_mut().zip(&LOW_BYTE[usize::from(low) / 64]) {
                (trits.low[word], trits.high[word]) = *planes;
            }
            for (byte, trits) in rest.iter().zip(trits[PER_BYTE..].chunks_mut(PER_BYTE)) {
                let bits = BYTES[usize::from(*byte)];
                for (index, trits) in trits.iter_mut().enumerate() {
                    trits.low[word] = (bits.plus >> index & 1).wrapping_neg();
                    trits.high[word] = (bits.not_minus >> index & 1).wrapping_neg();
                }
            }
        }
    }
}
