//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::dev::{Latency, Loss, Topology};
use crate::peer::PeerArguments;
use crate::proof::ProofCommand;
use crate::sections::MilestonePace;
use crate::sim::SimCommand;
use crate::spam::SpamArguments;
use crate::tool::Tool;
use crate::wallet::WalletArguments;

/// A feeless ledger on a Tangle, compatible with IOTA Stardust.
#[derive(Debug, Parser)]
#[command(name = "tangle", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole private network in this process, for development; loopback only.
    Dev(DevArguments),
    /// Run a node.
    Node(NodeArguments),
    /// Work with keys, addresses, proof of work, genesis files, snapshots, stores, tokens.
    Tool {
        #[command(subcommand)]
        tool: Tool,
    },
    /// Measure what a node does on this machine.
    Bench {
        #[command(subcommand)]
        bench: tangle_bench::BenchCommand,
    },
    /// Simulate networks in virtual time, to find what breaks them, and tip selection.
    Sim {
        #[command(subcommand)]
        sim: SimCommand,
    },
    /// Send blocks to a node, at a rate and of kinds that you choose, and tell what became of them.
    Spam(SpamArguments),
    /// Show that a milestone references a block, also offline and for ever.
    Proof {
        #[command(subcommand)]
        proof: ProofCommand,
    },
    /// Keep coins, tokens and NFTs, and send them.
    Wallet(Box<WalletArguments>),
    /// List, add, remove and ban the peers of a running node.
    Peer(PeerArguments),
    /// Tell how a running node is.
    Status(StatusArguments),
    /// Watch a running node.
    Top(TopArguments),
    /// Check this machine and a node's configuration.
    Doctor(DoctorArguments),

    /// Look at, write and check a node's configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Explain an error code, or a command.
    Help {
        /// An error code such as E0107, or a command.
        topic: Vec<String>,
    },
    /// Write the reference pages that this program generates about itself.
    #[command(hide = true)]
    Docs {
        /// Folder for the pages.
        #[arg(long)]
        out: PathBuf,
    },
}

/// Flags of `tangle dev`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DevArguments {
    /// Parameters of the network, in TOML; everything left out keeps its default.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder for the network's data.
    #[arg(long, value_name = "DIR", default_value = crate::dev::DEV_FOLDER)]
    pub(crate) data: PathBuf,
    /// Keep nothing: the data goes when the network stops.
    #[arg(long, conflicts_with_all = ["data", "reset"])]
    pub(crate) ephemeral: bool,
    /// Start over: delete what an earlier run left in the folder.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Port of the REST interface; 0 picks free ports for it and the faucet. Of several nodes it is
    /// the first one's, and each other one has the next.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Port of the faucet; 0 picks a free one.
    #[arg(long)]
    pub(crate) faucet_port: Option<u16>,
    /// Run without the faucet.
    #[arg(long, conflicts_with = "faucet_port")]
    pub(crate) no_faucet: bool,
    /// Full nodes in this process, 1 to 32, connected over loopback; node 1 issues the milestones
    /// and has the faucet.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) nodes: Option<u8>,
    /// Who is connected with whom: full, ring, line, star (all with node 1), or random:N, where a
    /// node has N neighbours; by default random:4, which connects all of up to five nodes.
    #[arg(long, value_name = "FORM")]
    pub(crate) topology: Option<Topology>,
    /// How long messages between nodes take: 50ms, or 20ms..80ms, of which each link gets one.
    #[arg(long, value_name = "TIME")]
    pub(crate) latency: Option<Latency>,
    /// Messages between nodes that are lost, in per cent.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) loss: Option<Loss>,
    /// What random links, their latencies and losses follow from; by default 1.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// When milestones come; by default as the configuration says, which is steady.
    #[arg(long, value_name = "PACE")]
    pub(crate) milestones: Option<MilestonePace>,
    /// Print nothing but errors.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print one line of JSON with every URL and address, then nothing.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the mnemonic of the test accounts and end.
    #[arg(long)]
    pub(crate) show_mnemonic: bool,
}

/// Flags of `tangle node`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NodeArguments {
    /// Configuration file; by default ./tangle.toml, then the one in the user's folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Genesis file of the network.
    #[arg(long, value_name = "FILE")]
    pub(crate) genesis: Option<PathBuf>,
    /// Folder for the node's data.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the REST interface.
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) bind: Option<SocketAddr>,
    /// Print nothing but errors.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print one line of JSON once the node runs.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `tangle status`.
#[derive(Clone, Debug, Args)]
pub(crate) struct StatusArguments {
    /// The node.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:14265")]
    pub(crate) node: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `tangle top`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TopArguments {
    /// The node.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:14265")]
    pub(crate) node: String,
    /// Its metrics (`metrics.enabled` in its configuration); without them less is shown.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9311")]
    pub(crate) metrics: String,
    /// Milliseconds between two looks.
    #[arg(long, default_value_t = 1_000,
        value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub(crate) interval_ms: u64,
    /// Look once and print what is seen.
    #[arg(long)]
    pub(crate) once: bool,
    /// As --once, in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `tangle doctor`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) source: ConfigSource,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a configuration comes from.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigSource {
    /// Configuration file; by default ./tangle.toml, then the one in the user's folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What to do with a configuration.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration in force.
    Show {
        #[command(flatten)]
        source: ConfigSource,
        /// Say where each value comes from.
        #[arg(long)]
        origin: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a configuration file with every key and its default.
    Init {
        /// The file; never overwritten.
        #[arg(default_value = "tangle.toml")]
        file: PathBuf,
        /// Write one for `tangle dev --config`.
        #[arg(long)]
        dev: bool,
    },
    /// Check a configuration with its genesis and its secrets, without starting anything.
    Check {
        #[command(flatten)]
        source: ConfigSource,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List every key.
    Schema {
        /// The keys of `tangle dev --config`.
        #[arg(long)]
        dev: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Whether `--quiet` was given.
    pub(crate) const fn is_quiet(&self) -> bool {
        match self {
            Self::Dev(arguments) => arguments.quiet,
            Self::Node(arguments) => arguments.quiet,
            _ => false,
        }
    }

    /// Whether `--json` was given.
    pub(crate) const fn is_json(&self) -> bool {
        match self {
            Self::Dev(arguments) => arguments.json,
            Self::Node(arguments) => arguments.json,
            Self::Wallet(arguments) => arguments.json,
            Self::Spam(arguments) => arguments.json,
            Self::Peer(arguments) => arguments.json,
            Self::Status(arguments) => arguments.json,
            Self::Top(arguments) => arguments.json,
            Self::Doctor(arguments) => arguments.json,
            Self::Tool { tool } => tool.is_json(),
            Self::Proof { proof } => proof.is_json(),
            Self::Bench { bench } => bench.is_json(),
            Self::Sim { sim } => sim.is_json(),
            Self::Config {
                command:
                    ConfigCommand::Show { json, .. }
                    | ConfigCommand::Check { json, .. }
                    | ConfigCommand::Schema { json, .. },
            } => *json,
            _ => false,
        }
    }
}
