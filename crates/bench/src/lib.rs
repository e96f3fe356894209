//! Measures the node: what it takes in, what it costs, and how far from the machine's limit that
//! is.
//!
//! Every figure comes with the limit measured in the same run, because rates of different machines
//! cannot be compared, while ratios can.
//!
//! What it is not: a test. Nothing here passes or fails.
//!
//! Begin with [`BenchCommand`].

mod attack;
mod flatness;
mod folder;
mod forge;
mod gossip;
mod hostile;
mod http;
mod ingest;
mod limit;
mod listeners;
mod machine;
mod mining;
mod neighbours;
mod pages;
mod report;
mod rest;
mod selection;
mod sim;
mod sync;
mod wallet;
mod workload;

use anyhow::Result;
use tangle_storage::Progress;

/// What to measure.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum BenchCommand {
    /// Feed pre-made blocks through the full path: parse, hash, proof of work, signatures, Tangle,
    /// store, milestones, white flag, durable commits.
    Ingest(ingest::IngestArgs),
    /// Post binary data blocks over REST to a dev network in a process of its own.
    Rest(rest::RestArgs),
    /// Let a fresh node catch up with one neighbour over loopback.
    Sync(sync::SyncArgs),
    /// Send blocks through a network of nodes over loopback, and see when each node has them.
    Gossip(gossip::GossipArgs),
    /// Attack a node of a test network, until the standard input ends.
    #[command(hide = true)]
    Attack(attack::AttackArgs),
    /// Let Tangles grow in virtual time, with and without exact cumulative weights.
    Sim(sim::SimArgs),
    /// Let a wallet with many addresses learn of its outputs, and that nothing is new.
    Wallet(wallet::WalletArgs),
    /// Nonces a second of the proof-of-work kernels.
    Pow(mining::MiningArgs),
}

impl BenchCommand {
    /// Whether `--json` was given.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        match self {
            Self::Ingest(args) => args.json,
            Self::Rest(args) => args.json,
            Self::Sync(args) => args.json,
            Self::Gossip(args) => args.json,
            Self::Attack(_) => true,
            Self::Sim(args) => args.json,
            Self::Wallet(args) => args.json,
            Self::Pow(args) => args.json,
        }
    }

    /// Measures and prints; `progress` says how far that has come.
    ///
    /// # Errors
    /// The measurement could not be made.
    pub fn run(&self, progress: &Progress) -> Result<()> {
        match self {
            Self::Ingest(args) => ingest::run(args, progress),
            Self::Rest(args) => rest::run(args, progress),
            Self::Sync(args) => sync::run(args, progress),
            Self::Wallet(args) => wallet::run(args, progress),
            Self::Gossip(args) => gossip::run(args, progress),
            Self::Attack(args) => attack::run(args),
            Self::Sim(args) => sim::run(args, progress),
            Self::Pow(args) => mining::run(args, progress),
        }
    }
}
