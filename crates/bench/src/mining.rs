//! How fast nonces are tried.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use tangle_crypto::pow::{self, Kernel};
use tangle_storage::Progress;

use crate::report;

/// What to measure of the miner.
#[derive(Clone, Debug, clap::Args)]
pub struct MiningArgs {
    /// Seconds for each kernel.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    kernel: String,
    nonces_per_second_and_thread: f64,
}

pub(crate) fn run(args: &MiningArgs, progress: &Progress) -> Result<()> {
    let rows: Vec<Row> = Kernel::available()
        .iter()
        .map(|kernel| {
            progress.begin(format!("{kernel:?}").to_lowercase(), 0);
            measure(*kernel, args.seconds)
        })
        .collect();
    if args.json {
        return report::json(&rows);
    }
    let cells = |row: &Row| {
        vec![
            row.kernel.clone(),
            format!("{:.0}", row.nonces_per_second_and_thread),
        ]
    };
    let cells: Vec<_> = rows.iter().map(cells).collect();
    report::table(&["kernel", "nonces/s and thread"], &cells)
}

fn measure(kernel: Kernel, seconds: f64) -> Row {
    const NONCES_AT_ONCE: u64 = 100_000;
    let started = Instant::now();
    let mut nonces = 0;
    while started.elapsed().as_secs_f64() < seconds {
        nonces += pow::probe(kernel, NONCES_AT_ONCE);
    }
    Row {
        kernel: format!("{kernel:?}").to_lowercase(),
        nonces_per_second_and_thread: nonces as f64 / started.elapsed().as_secs_f64(),
    }
}
