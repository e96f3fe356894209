//! Proof of work against the official miner:
//! `cargo bench --manifest-path crosscheck/Cargo.toml --bench mining`.
//!
//! The miner of `iota-sdk` 1.1.5 and every kernel of ours run in turns in the same process, on one
//! thread each, so that what else the machine does meets all of them. Every figure is the median of
//! the turns, a ratio is the median of the turns' ratios.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use iota_sdk::pow::miner::get_miner_num_workers;
use tangle_crypto::blake2b;
use tangle_crypto::pow::{self, Kernel};

const TURNS: usize = 7;
const SECONDS_PER_TURN: f64 = 0.7;
/// Nonces that the official miner tries at once.
const SDK_BATCH: u64 = 64;
/// A score that takes blocks of 100 bytes 59,049 nonces on average.
const SCORE: u32 = 300;

fn main() -> std::io::Result<()> {
    let kernels = Kernel::available();
    let mut sdk = Vec::new();
    let mut ours = vec![Vec::new(); kernels.len()];
    for turn in 0..TURNS {
        sdk.push(nonces_per_second(&mut |count| {
            mine_with_sdk(turn as u64 + count)
        }));
        for (kernel, rates) in kernels.iter().zip(&mut ours) {
            rates.push(nonces_per_second(&mut |_| pow::probe(*kernel, 10_000)));
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "mining, one thread          nonces/s     ratio")?;
    writeln!(
        out,
        "iota-sdk 1.1.5          {:>12.0}      1.00",
        median(&sdk)
    )?;
    for (kernel, rates) in kernels.iter().zip(&ours) {
        let ratios: Vec<_> = rates
            .iter()
            .zip(&sdk)
            .map(|(rate, sdk)| rate / sdk)
            .collect();
        let name = format!("{kernel:?}").to_lowercase();
        writeln!(
            out,
            "{name:<24}{:>12.0}{:>10.2}",
            median(rates),
            median(&ratios)
        )?;
    }
    writeln!(
        out,
        "\nchecking, with BLAKE2b      blocks      bytes   us/block"
    )?;
    for (block_count, size_bytes) in [(1, 300), (16, 300), (256, 300), (512, 300), (512, 1_300)] {
        let blocks: Vec<_> = (0..block_count)
            .map(|index| block(index, size_bytes))
            .collect();
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        for kernel in &kernels {
            let name = format!("{kernel:?}").to_lowercase();
            let cost = us_per_block(*kernel, &blocks);
            writeln!(
                out,
                "{name:<24}{block_count:>10}{size_bytes:>11}{cost:>11.2}"
            )?;
        }
    }
    Ok(())
}

/// Runs `attempt`, which takes how often it ran before and says how many nonces it tried.
fn nonces_per_second(attempt: &mut dyn FnMut(u64) -> u64) -> f64 {
    let started = Instant::now();
    let (mut runs, mut nonces) = (0, 0);
    while started.elapsed().as_secs_f64() < SECONDS_PER_TURN {
        nonces += attempt(runs);
        runs += 1;
    }
    nonces as f64 / started.elapsed().as_secs_f64()
}

/// Mines one block. The miner counts from zero, so its answer tells how many it tried.
fn mine_with_sdk(number: u64) -> u64 {
    let miner = get_miner_num_workers(SCORE, 1);
    let nonce = miner(&block(number, 92)).expect("nobody cancels the search");
    (nonce / SDK_BATCH + 1) * SDK_BATCH
}

fn us_per_block(kernel: Kernel, blocks: &[&[u8]]) -> f64 {
    let cost = || {
        let started = Instant::now();
        let mut checked = 0;
        while started.elapsed().as_secs_f64() < 0.1 {
            black_box(kernel.trailing_zeros_many(black_box(blocks)));
            checked += blocks.len();
        }
        started.elapsed().as_secs_f64() * 1e6 / checked as f64
    };
    median(&(0..5).map(|_| cost()).collect::<Vec<_>>())
}

fn block(number: u64, size_bytes: usize) -> Vec<u8> {
    let mut block = blake2b::hash(&number.to_le_bytes()).to_vec();
    block.resize(size_bytes, 0);
    block
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
