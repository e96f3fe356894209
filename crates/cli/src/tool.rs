//! `tangle tool`: work with keys, addresses and files, without a node.

mod address;
mod genesis;
mod jwt;
mod key;
mod peer_id;
mod pow;
mod snapshot;
mod store;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::terminal::Terminal;

/// What to work with.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Make and derive keys.
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Write an address in all its forms.
    Address(address::AddressArguments),
    /// Do and check proof of work.
    Pow {
        #[command(subcommand)]
        command: pow::PowCommand,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Make and look at genesis files.
    Genesis {
        #[command(subcommand)]
        command: genesis::GenesisCommand,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Look at snapshots, write them, begin with one.
    Snapshot {
        #[command(subcommand)]
        command: snapshot::SnapshotCommand,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Look at the data of a node that does not run.
    Store {
        #[command(subcommand)]
        command: store::StoreCommand,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Issue tokens for protected paths, and keys that sign them.
    Jwt(jwt::JwtArguments),
    /// Tell by what name other nodes know a node.
    PeerId(peer_id::PeerIdArguments),
}

impl Tool {
    /// Whether `--json` was given.
    pub(crate) const fn is_json(&self) -> bool {
        match self {
            Self::Key { json, .. }
            | Self::Pow { json, .. }
            | Self::Genesis { json, .. }
            | Self::Snapshot { json, .. }
            | Self::Store { json, .. } => *json,
            Self::Address(arguments) => arguments.json,
            Self::Jwt(arguments) => arguments.json,
            Self::PeerId(arguments) => arguments.json,
        }
    }
}

/// Runs a tool.
pub(crate) fn run(tool: Tool, terminal: &Terminal) -> Outcome {
    match tool {
        Tool::Key { command, .. } => key::run(command, terminal),
        Tool::Address(arguments) => address::run(&arguments, terminal),
        Tool::Pow { command, .. } => pow::run(command, terminal),
        Tool::Genesis { command, .. } => genesis::run(command, terminal),
        Tool::Snapshot { command, .. } => snapshot::run(command, terminal),
        Tool::Store { command, .. } => store::run(command, terminal),
        Tool::Jwt(arguments) => jwt::run(&arguments, terminal),
        Tool::PeerId(arguments) => peer_id::run(&arguments, terminal),
    }
}

/// Prints names and values, as a table or as one JSON object.
pub(crate) fn print_rows(rows: &[(&str, String)], terminal: &Terminal) {
    if terminal.is_json() {
        let object: serde_json::Map<String, serde_json::Value> = rows
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
            .collect();
        terminal.json(&object);
        return;
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in rows {
        terminal.line(&format!("{name:<width$}  {value}"));
    }
}
