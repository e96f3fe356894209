//! Bytes as trits (TIP-5), two bits a trit.
//!
//! A byte, taken as signed, is six balanced trits in two groups of three: `v + 364 = 27 q + r`,
//! first the three of `r - 13`, then the three of `q - 13`, each the least significant first.

/// Trits of a byte.
pub(super) const PER_BYTE: usize = 6;

/// The trits of one or more bytes, bit `i` for trit `i`: `plus` where it is 1, `not_minus` where it
/// is not -1.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    pub(super) plus: u64,
    pub(super) not_minus: u64,
}

/// The trits of every byte.
pub(super) const BYTES: [Bits; 256] = {
    let mut table = [Bits {
        plus: 0,
        not_minus: 0,
    }; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        table[byte] = encode(byte as u8);
        byte += 1;
    }
    table
};

const fn encode(byte: u8) -> Bits {
    let shifted = (byte as i8 as i32 + 364) as usize;
    let mut bits = Bits {
        plus: 0,
        not_minus: 0,
    };
    let mut rest = [shifted % 27, shifted / 27];
    let mut trit = 0;
    while trit < PER_BYTE {
        // A group is its value plus 13, so that its base-3 digits are the trits plus one.
        let digit = rest[trit / 3] % 3;
        rest[trit / 3] /= 3;
        if digit == 2 {
            bits.plus |= 1 << trit;
        }
        if digit != 0 {
            bits.not_minus |= 1 << trit;
        }
        trit += 1;
    }
    bits
}

/// Turns rows into columns: bit `j` of word `i` becomes bit `i` of word `j`.
pub(super) fn transpose(matrix: &mut [u64; 64]) {
    let mut mask = u64::MAX >> 32;
    let mut distance = 32;
    while distance > 0 {
        for block in (0..64).step_by(2 * distance) {
            for row in block..block + distance {
                let swap = ((matrix[row] >> distance) ^ matrix[row + distance]) & mask;
                matrix[row] ^= swap << distance;
                matrix[row + distance] ^= swap;
            }
        }
        distance /= 2;
        mask ^= mask << distance;
    }
}
