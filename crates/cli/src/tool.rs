//! `tangle tool`: work with keys, addresses and files, without a node.

mod key;

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
}

impl Tool {
    /// Whether `--json` was given.
    pub(crate) const fn is_json(&self) -> bool {
        match self {
            Self::Key { json, .. } => *json,
        }
    }
}

/// Runs a tool.
pub(crate) fn run(tool: Tool, terminal: &Terminal) -> Outcome {
    match tool {
        Tool::Key { command, .. } => key::run(command, terminal),
    }
}

/// Prints names and values, as a table or as one JSON object.
fn print_rows(rows: &[(&str, String)], terminal: &Terminal) {
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
