//! Measures the node: what it takes in, what it costs, and how far from the machine's limit that
//! is.
//!
//! Every figure comes with the limit measured in the same run, because rates of different machines
//! cannot be compared, while ratios can.
//!
//! What it is not: a test. Nothing here passes or fails.
//!
//! Begin with [`BenchCommand`].

mod ingest;
mod limit;
mod machine;
mod mining;
mod report;
mod rest;
mod workload;

use anyhow::Result;

/// What to measure.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum BenchCommand {
    /// Feed pre-made blocks through the full path: parse, hash, proof of work, signatures, Tangle,
    /// store, milestones, white flag, durable commits.
    Ingest(ingest::IngestArgs),
    /// Post binary data blocks over REST to a dev network in a process of its own.
    Rest(rest::RestArgs),
    /// Nonces a second of the proof-of-work kernels.
    Pow(mining::MiningArgs),
}

impl BenchCommand {
    /// Measures and prints.
    ///
    /// # Errors
    /// The measurement could not be made.
    pub fn run(&self) -> Result<()> {
        match self {
            Self::Ingest(args) => ingest::run(args),
            Self::Rest(args) => rest::run(args),
            Self::Pow(args) => mining::run(args),
        }
    }
}
