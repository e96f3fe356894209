//! What reading blocks costs: `cargo bench -p tangle-types`.
//!
//! Prints nanoseconds a block, the best of several rounds, for reading alone and with all hashes,
//! one by one and many at a time.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use tangle_testkit::arbitrary;
use tangle_testkit::malformed::sound_blocks;
use tangle_types::{Block, Codec, ParsedBlock, validate};

const BLOCKS: usize = 256;
const ROUNDS: usize = 200;

/// The least time of a round, by block.
fn nanoseconds_per_block(mut round: impl FnMut()) -> u128 {
    let mut best = u128::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        round();
        best = best.min(start.elapsed().as_nanos());
    }
    best / BLOCKS as u128
}

fn main() {
    let parameters = arbitrary::parameters();
    println!(
        "{:48} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "block", "bytes", "read", "rules", "parse", "many"
    );
    for (name, bytes) in sound_blocks(&parameters) {
        let size_bytes = bytes.len();
        let inputs = vec![Bytes::from(bytes); BLOCKS];
        let block = Block::from_bytes(&inputs[0]).expect("a sound block");
        let read = nanoseconds_per_block(|| {
            for input in &inputs {
                black_box(Block::from_bytes(input).is_ok());
            }
        });
        let rules = nanoseconds_per_block(|| {
            for _ in &inputs {
                black_box(validate(black_box(&block), &parameters).is_ok());
            }
        });
        let parse = nanoseconds_per_block(|| {
            for input in &inputs {
                black_box(ParsedBlock::parse(input.clone()).is_ok());
            }
        });
        let many = nanoseconds_per_block(|| {
            black_box(ParsedBlock::parse_many(inputs.clone()).len());
        });
        println!("{name:48} {size_bytes:>6} {read:>6} {rules:>6} {parse:>6} {many:>6}");
    }
}
