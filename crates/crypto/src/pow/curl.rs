//! Curl-P-81 on many inputs at once.
//!
//! The state of every lane is 729 trits; each trit is a pair of bit planes with a bit for each
//! lane. A round computes `new[i] = s(old[364 i], old[364 (i + 1)])`, places modulo 729.
//!
//! *Where a trit is.* Stored as such, a round would need a second copy of the state. Instead, place
//! `m` of the array holds trit `c m` of the state, `c` being 1 at first. When `c` is multiplied by
//! `1 / 364 = -2` in a round, the round becomes `b[m] = s(b[m], b[m + d])` with `d = 364 / c`, and
//! so needs no move at all; `d` is multiplied by 364 in turn.
//!
//! *Three rounds in one pass.* The steps of three rounds in a row are `4 e`, `-2 e` and `e`.
//! Walking the places `0, e, 2 e, ...`, the results of the first two rounds for the next few places
//! stay in registers, so that a pass loads and stores each place once for three rounds.
//!
//! *Five operations.* With a trit as planes `(low, high)`, 0 being (1, 1), 1 being (0, 1) and -1
//! being (1, 0), the s-box takes five operations if it may leave the complement of a plane instead
//! of the plane. It starts from `(!low, high)`, gives `(low, !high)`, then `(!low, !high)`, and is
//! back at `(!low, high)` after three rounds, and 81 is a multiple of three.

use super::trits::{BYTES, PER_BYTE, transpose};
use super::{HASH_TRITS, NONCE_LENGTH};

/// Trits of the state, of which the first third takes the input and gives the hash.
const SIZE: usize = 729;
/// The distance between the two trits that make a new one.
const STEP: usize = 364;
const PASSES: usize = 81 / 3;
/// `STEP^3`: what three rounds do to the steps.
const STEP_CUBED: usize = STEP * STEP * STEP % SIZE;
/// Trit `i` of the state is in place `i * HASH_FACTOR` after the last round: `STEP^81`.
const HASH_FACTOR: usize = {
    let mut factor = 1;
    let mut pass = 0;
    while pass < PASSES {
        factor = factor * STEP_CUBED % SIZE;
        pass += 1;
    }
    factor
};
/// Bytes whose trits fit into a word together.
const BYTES_PER_WORD: usize = 64 / PER_BYTE;
/// Bytes of the input: a hash and a nonce.
const INPUT_LENGTH: usize = 32 + NONCE_LENGTH;

/// One trit of every lane: two planes. Between the rounds `low` holds where it is 1 and `high`
/// where it is not -1.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Trits<const WORDS: usize> {
    pub(super) low: [u64; WORDS],
    pub(super) high: [u64; WORDS],
}

impl<const WORDS: usize> Trits<WORDS> {
    const ZERO: Self = Self {
        low: [0; WORDS],
        high: [u64::MAX; WORDS],
    };

    fn is_zero(&self) -> Plane<WORDS> {
        and_not(self.high, self.low)
    }
}

/// The 81 rounds on all lanes of a state.
pub(super) type Rounds<const WORDS: usize> = fn(&mut State<WORDS>);

/// 64 lanes for each of `WORDS`.
pub(super) struct State<const WORDS: usize> {
    trits: Box<Places<WORDS>>,
}

/// The trits by place, none of them across two cache lines that could be in one.
#[repr(align(64))]
struct Places<const WORDS: usize>([Trits<WORDS>; SIZE]);

impl<const WORDS: usize> State<WORDS> {
    pub(super) const LANES: usize = 64 * WORDS;

    pub(super) fn new() -> Self {
        Self {
            trits: Box::new(Places([Trits::ZERO; SIZE])),
        }
    }

    /// The trits of the state before the first round.
    pub(super) fn trits_mut(&mut self) -> &mut [Trits<WORDS>] {
        &mut self.trits.0
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.trits.0.copy_from_slice(&other.trits.0);
    }

    /// Makes the state before the first round from a hash and a nonce for each lane, at most
    /// [`Self::LANES`]; the other lanes hold anything.
    pub(super) fn absorb(&mut self, inputs: &[(&[u8; 32], [u8; NONCE_LENGTH])]) {
        self.trits.0.fill(Trits::ZERO);
        for (word, inputs) in inputs.chunks(64).enumerate() {
            for from in (0..INPUT_LENGTH).step_by(BYTES_PER_WORD) {
                let mut plus = [0; 64];
                let mut not_minus = [0; 64];
                for (lane, (hash, nonce)) in inputs.iter().enumerate() {
                    let bytes = hash.iter().chain(nonce).skip(from).take(BYTES_PER_WORD);
                    for (index, byte) in bytes.enumerate() {
                        let bits = BYTES[usize::from(*byte)];
                        plus[lane] |= bits.plus << (PER_BYTE * index);
                        not_minus[lane] |= bits.not_minus << (PER_BYTE * index);
                    }
                }
                transpose(&mut plus);
                transpose(&mut not_minus);
                let trits = &mut self.trits.0[PER_BYTE * from..][..PER_BYTE * BYTES_PER_WORD];
                for (index, trits) in trits.iter_mut().enumerate() {
                    trits.low[word] = plus[index];
                    trits.high[word] = not_minus[index];
                }
            }
        }
    }

    /// The lanes whose last `zeros` trits are zero, after the last round.
    pub(super) fn lanes_with_zeros(&self, zeros: usize) -> [u64; WORDS] {
        let mut lanes = [u64::MAX; WORDS];
        for trits in self.hash_from_end().take(zeros) {
            lanes = and(lanes, trits.is_zero());
            if lanes == [0; WORDS] {
                break;
            }
        }
        lanes
    }

    /// Trailing zero trits of the first `lane_count` lanes, after the last round.
    pub(super) fn trailing_zeros(&self, lane_count: usize) -> Vec<u32> {
        let mut counts = vec![0; lane_count];
        let mut lanes = [u64::MAX; WORDS];
        for trits in self.hash_from_end() {
            lanes = and(lanes, trits.is_zero());
            let mut counted = false;
            for (word, counts) in lanes.iter().zip(counts.chunks_mut(64)) {
                for (lane, count) in counts.iter_mut().enumerate() {
                    let zero = word >> lane & 1 == 1;
                    *count += u32::from(zero);
                    counted |= zero;
                }
            }
            if !counted {
                break;
            }
        }
        counts
    }

    fn hash_from_end(&self) -> impl Iterator<Item = &Trits<WORDS>> {
        (0..HASH_TRITS)
            .rev()
            .map(|index| &self.trits.0[index * HASH_FACTOR % SIZE])
    }
}

/// Compiled for whatever the build assumes of the processor.
pub(super) fn portable<const WORDS: usize>(state: &mut State<WORDS>) {
    rounds(&mut state.trits.0);
}

/// The rounds compiled for an instruction set of x86-64, and whether the processor has it.
macro_rules! compiled_for {
    ($feature:tt, $words:literal, $rounds:ident, $has:ident) => {
        #[doc = concat!("Compiled for ", $feature, ", when the processor has it.")]
        pub(super) fn $rounds(state: &mut State<$words>) {
            #[cfg(target_arch = "x86_64")]
            if $has() {
                #[target_feature(enable = $feature)]
                fn compiled(trits: &mut [Trits<$words>; SIZE]) {
                    rounds(trits);
                }
                // SAFETY: the processor has the instructions, as was asked just now.
                unsafe { compiled(&mut state.trits.0) };
                return;
            }
            portable(state);
        }

        pub(super) fn $has() -> bool {
            #[cfg(target_arch = "x86_64")]
            return is_x86_feature_detected!($feature);
            #[cfg(not(target_arch = "x86_64"))]
            return false;
        }
    };
}

compiled_for!("avx2", 4, avx2, has_avx2);
compiled_for!("avx512f", 8, avx512, has_avx512);

/// The 81 rounds. Inlined into its callers, so that it is compiled for their instruction sets.
#[inline(always)]
fn rounds<const WORDS: usize>(trits: &mut [Trits<WORDS>; SIZE]) {
    let mut step = STEP_CUBED;
    for _ in 0..PASSES {
        three_rounds(trits, step);
        step = step * STEP_CUBED % SIZE;
    }
}

/// Three rounds with steps of `4 step`, `-2 step` and `step`. In terms of the walk, whose place `n`
/// is `n * step`: `first[n] = s(b[n], b[n + 4])`, `second[n] = s(first[n], first[n - 2])`,
/// `b[n] = s(second[n], second[n + 1])`.
#[inline(always)]
fn three_rounds<const WORDS: usize>(b: &mut [Trits<WORDS>; SIZE], step: usize) {
    const AHEAD: usize = 5;
    let place = |n: usize| n * step % SIZE;
    let advance = |place: usize| {
        let place = place + step;
        if place < SIZE { place } else { place - SIZE }
    };
    // The end of the walk needs its beginning as it was.
    let begin: [_; AHEAD] = std::array::from_fn(|n| b[place(n)]);
    let before = first(&b[place(SIZE - 1)], &begin[3]);
    let here = first(&begin[0], &begin[4]);
    let second = second(&here, &first(&b[place(SIZE - 2)], &begin[2]));
    let mut carried = [before, here, second];
    let (mut here, mut near, mut far) = (0, place(1), place(AHEAD));
    for _ in 0..SIZE - AHEAD {
        (b[here], carried) = go_on(carried, &b[near], &b[far]);
        (here, near, far) = (near, advance(near), advance(far));
    }
    for n in 0..AHEAD {
        let near_trits = if n + 1 < AHEAD { b[near] } else { begin[0] };
        (b[here], carried) = go_on(carried, &near_trits, &begin[n]);
        (here, near) = (near, advance(near));
    }
}

/// A place of a walk: what the three rounds make of it, and what to carry to the next one, which
/// are the first round's results for the place before and this one and the second's for this one.
///
/// A function, as a closure cannot be told to be inlined always: compiled by itself it would not be
/// compiled for its caller's instruction set.
#[inline(always)]
fn go_on<const WORDS: usize>(
    [first_before, first_here, second_here]: [Trits<WORDS>; 3],
    near: &Trits<WORDS>,
    far: &Trits<WORDS>,
) -> (Trits<WORDS>, [Trits<WORDS>; 3]) {
    let first_next = first(near, far);
    let second_next = second(&first_next, &first_before);
    let result = third(&second_here, &second_next);
    (result, [first_here, first_next, second_next])
}

/// The s-box from `(!low, high)` to `(low, !high)`.
#[inline(always)]
fn first<const WORDS: usize>(a: &Trits<WORDS>, b: &Trits<WORDS>) -> Trits<WORDS> {
    let low = or(and(a.low, b.high), xor(b.low, a.high));
    let high = and(xor(a.low, b.high), low);
    Trits { low, high }
}

/// The s-box from `(low, !high)` to `(!low, !high)`.
#[inline(always)]
fn second<const WORDS: usize>(a: &Trits<WORDS>, b: &Trits<WORDS>) -> Trits<WORDS> {
    let low = and_not(or(a.low, b.high), xor(b.low, a.high));
    let high = and_not(xor(a.low, b.high), low);
    Trits { low, high }
}

/// The s-box from `(!low, !high)` to `(!low, high)`.
#[inline(always)]
fn third<const WORDS: usize>(a: &Trits<WORDS>, b: &Trits<WORDS>) -> Trits<WORDS> {
    let low = and_not(xor(b.low, a.high), and_not(a.low, b.high));
    let high = or(xor(a.low, b.high), low);
    Trits { low, high }
}

type Plane<const WORDS: usize> = [u64; WORDS];

#[inline(always)]
fn and<const WORDS: usize>(a: Plane<WORDS>, b: Plane<WORDS>) -> Plane<WORDS> {
    std::array::from_fn(|word| a[word] & b[word])
}

#[inline(always)]
fn and_not<const WORDS: usize>(a: Plane<WORDS>, b: Plane<WORDS>) -> Plane<WORDS> {
    std::array::from_fn(|word| a[word] & !b[word])
}

#[inline(always)]
fn or<const WORDS: usize>(a: Plane<WORDS>, b: Plane<WORDS>) -> Plane<WORDS> {
    std::array::from_fn(|word| a[word] | b[word])
}

#[inline(always)]
fn xor<const WORDS: usize>(a: Plane<WORDS>, b: Plane<WORDS>) -> Plane<WORDS> {
    std::array::from_fn(|word| a[word] ^ b[word])
}
