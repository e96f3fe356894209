//! `tangle sim`: whole networks in virtual time, and how a Tangle grows under a strategy of tip
//! selection.

mod attack;
mod gossip;
mod growth;
mod jobs;
mod network;
mod plot;
mod replay;
mod report;
mod serve;
mod sweep;
mod verify;

use clap::Subcommand;
use serde::Serialize;

use crate::failure::Outcome;
use crate::terminal::Terminal;

/// A report and the program that made it.
#[derive(Serialize)]
struct Answer<'a, R> {
    version: &'static str,
    #[serde(flatten)]
    report: &'a R,
}

impl<'a, R> Answer<'a, R> {
    const fn new(report: &'a R) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            report,
        }
    }
}

/// What to simulate.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SimCommand {
    /// Run a network of real engines in virtual time, with faults and adversaries, once for each
    /// seed, and check that all nodes agree and that all is well again after healing.
    Network(network::NetworkArguments),
    /// Let thousands of nodes, each with a view of its own, issue and pass on transactions, and
    /// tell how soon these are solid and what tips the nodes see.
    Gossip(gossip::GossipArguments),
    /// Let a Tangle grow as a scenario says, and tell how many tips it has, how soon they are
    /// approved and what is left behind.
    Run(growth::RunArguments),
    /// Reproduce what theory and the literature say of tips, weights, walks and attacks: expected,
    /// measured, verdict.
    Verify(verify::VerifyArguments),
    /// Attack a Tangle many times and tell how often that succeeds, against the attacker's share
    /// and the bias of honest walks; or search for the share at which half succeed.
    Attack(Box<attack::AttackArguments>),
    /// Run a scenario with some of its keys varied, into a table; goes on where it was interrupted.
    Sweep(sweep::SweepArguments),
    /// Read a log back: check it, measure it anew, draw its graph.
    Replay(replay::ReplayArguments),
    /// Draw a column of a table against another one, as SVG.
    Plot(plot::PlotArguments),
    /// Simulate all that `docs/tip-selection.md` says and print that page with its plots.
    Report(report::ReportArguments),
    /// Show the simulator in a browser on this machine: a Tangle that grows before your eyes, its
    /// cones, its confidence, and attacks on it.
    Serve(serve::ServeArguments),
}

impl SimCommand {
    /// Whether `--json` was given.
    pub(crate) const fn is_json(&self) -> bool {
        match self {
            Self::Network(arguments) => arguments.json,
            Self::Gossip(arguments) => arguments.json,
            Self::Run(arguments) => arguments.json,
            Self::Verify(arguments) => arguments.json,
            Self::Attack(arguments) => arguments.json,
            Self::Replay(arguments) => arguments.json,
            Self::Serve(arguments) => arguments.json,
            Self::Sweep(_) | Self::Plot(_) | Self::Report(_) => false,
        }
    }
}

/// Simulates.
pub(crate) fn run(command: &SimCommand, terminal: &Terminal) -> Outcome {
    match command {
        SimCommand::Network(arguments) => network::run(arguments, terminal),
        SimCommand::Gossip(arguments) => gossip::run(arguments, terminal),
        SimCommand::Run(arguments) => growth::run(arguments, terminal),
        SimCommand::Verify(arguments) => verify::run(arguments, terminal),
        SimCommand::Attack(arguments) => attack::run(arguments, terminal),
        SimCommand::Sweep(arguments) => sweep::run(arguments, terminal),
        SimCommand::Replay(arguments) => replay::run(arguments, terminal),
        SimCommand::Plot(arguments) => plot::run(arguments, terminal),
        SimCommand::Report(arguments) => report::run(arguments, terminal),
        SimCommand::Serve(arguments) => serve::run(arguments, terminal),
    }
}
