//! `tangle tool pow`: proof of work for a block in a file (binary form).

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Subcommand;
use tangle_crypto::pow;
use tangle_storage::ProgressState;
use tangle_types::{BLOCK_SIZE_BYTES_MAX, Block, BlockId, Codec};

use crate::failure::{Code, Failure, Outcome};
use crate::progress;
use crate::terminal::Terminal;

/// What to do with a block.
#[derive(Debug, Subcommand)]
pub(crate) enum PowCommand {
    /// Find a nonce and write the finished block.
    Mine {
        /// File with the block; its nonce does not matter.
        block: PathBuf,
        /// Least score.
        #[arg(long)]
        score: u32,
        /// File for the finished block.
        #[arg(long)]
        out: PathBuf,
        /// Threads; by default all processors.
        #[arg(long)]
        threads: Option<usize>,
    },
    /// Tell the score of a block.
    Check {
        /// File with the block.
        block: PathBuf,
        /// Fail when the score is below.
        #[arg(long, default_value_t = 0)]
        score: u32,
    },
}

/// Mines or checks.
pub(crate) fn run(command: PowCommand, terminal: &Terminal) -> Outcome {
    match command {
        PowCommand::Mine {
            block,
            score,
            out,
            threads,
        } => mine(&block, score, &out, threads, terminal),
        PowCommand::Check { block, score } => check(&block, score, terminal),
    }
}

fn mine(
    file: &Path,
    score: u32,
    out: &Path,
    threads: Option<usize>,
    terminal: &Terminal,
) -> Outcome {
    let mut block = read(file)?;
    let zeros = pow::zeros_needed(block.len(), score);
    let threads =
        threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let started = Instant::now();
    let nonce_at = block.len() - size_of::<u64>();
    let tries = 3_u128.saturating_pow(zeros);
    let look = || ProgressState {
        what: format!("looking for a nonce, {tries} tries are needed on average"),
        ..ProgressState::default()
    };
    let nonce = progress::watch_with(terminal, &look, || {
        let cancel = pow::Cancel::default();
        pow::mine(&block[..nonce_at], zeros, threads.max(1), &cancel)
    })
    .expect("nobody cancels it");
    block[nonce_at..].copy_from_slice(&nonce.to_le_bytes());
    std::fs::write(out, &block)
        .map_err(|error| Failure::new(Code::Disk, error).with("file", out.display()))?;
    let rows = [
        ("blockId", id(&block)),
        ("nonce", nonce.to_string()),
        ("score", score_of(&block).to_string()),
        ("seconds", format!("{:.3}", started.elapsed().as_secs_f64())),
        ("file", out.display().to_string()),
    ];
    super::print_rows(&rows, terminal);
    Ok(())
}

fn check(file: &Path, score: u32, terminal: &Terminal) -> Outcome {
    let block = read(file)?;
    let zeros = pow::trailing_zeros(&block);
    let rows = [
        ("blockId", id(&block)),
        ("sizeBytes", block.len().to_string()),
        ("trailingZeros", zeros.to_string()),
        ("score", score_of(&block).to_string()),
    ];
    super::print_rows(&rows, terminal);
    if !pow::is_sufficient(zeros, block.len(), score) {
        return Err(Failure::new(
            Code::Check,
            format!("the score is below {score}"),
        ));
    }
    Ok(())
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    let refuse = |error: &dyn std::fmt::Display| {
        Failure::new(Code::Input, error).with("file", file.display())
    };
    let size = std::fs::metadata(file)
        .map_err(|error| refuse(&error))?
        .len();
    if size > BLOCK_SIZE_BYTES_MAX as u64 {
        return Err(refuse(&format!(
            "it has {size} bytes, a block at most {BLOCK_SIZE_BYTES_MAX}"
        )));
    }
    let bytes = std::fs::read(file).map_err(|error| refuse(&error))?;
    Block::from_bytes(&bytes).map_err(|error| refuse(&format!("it holds no block: {error}")))?;
    Ok(bytes)
}

fn id(block: &[u8]) -> String {
    BlockId(tangle_crypto::blake2b::hash(block)).to_string()
}

/// `3^zeros / size`, rounded down (TIP-12).
fn score_of(block: &[u8]) -> u128 {
    let zeros = pow::trailing_zeros(block);
    3_u128.checked_pow(zeros).unwrap_or(u128::MAX) / block.len() as u128
}
