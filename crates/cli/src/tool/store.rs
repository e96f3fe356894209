//! `tangle tool store`: look at the data of a node that does not run.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use tangle_storage::{CheckReport, Genesis, Reader, StorageConfig, Writer};

use crate::failure::{Code, Failure, Outcome};
use crate::node::{NodeFile, Source, read_genesis};
use crate::progress;
use crate::service::{open_failure, store_failure};
use crate::terminal::{Look, Terminal};

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read everything and say what is wrong. Opening it repairs what can be repaired.
    Check {
        #[command(flatten)]
        place: Place,
        /// Build the ledger again from the blocks, and compare.
        #[arg(long)]
        thorough: bool,
    },
    /// Print a hash over the ledger: equal for equal ledgers.
    Hash {
        #[command(flatten)]
        place: Place,
    },
}

/// Where a store is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Data folder of a dev network, such as .tangle/dev.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    dev: Option<PathBuf>,
    /// The node's configuration; by default ./tangle.toml, then the one in the user's folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Does what `tangle tool store` is asked for.
pub(crate) fn run(command: StoreCommand, terminal: &Terminal) -> Outcome {
    match command {
        StoreCommand::Check { place, thorough } => {
            let (mut writer, _, genesis) = open(&place)?;
            let report = progress::watch(terminal, |progress| {
                writer.check(&genesis, thorough, progress)
            });
            let report = report.map_err(|error| store_failure(&error))?;
            show(&report, terminal)
        }
        StoreCommand::Hash { place } => {
            let (_writer, reader, _) = open(&place)?;
            let ledger = reader.ledger().map_err(|error| store_failure(&error))?;
            let hash = ledger
                .summary()
                .map_err(|error| store_failure(&error))?
                .hash;
            let rows = [
                ("ledgerIndex", ledger.index().to_string()),
                ("ledgerHash", format!("0x{}", hex::encode(hash))),
            ];
            super::print_rows(&rows, terminal);
            Ok(())
        }
    }
}

/// Opens the store of a node that does not run.
pub(super) fn open(place: &Place) -> Outcome<(Writer, Reader, Genesis)> {
    let (path, genesis) = match &place.dev {
        Some(folder) => crate::dev::store_and_genesis(folder),
        None => {
            let config: NodeFile = Source::find(place.config.as_deref())?.layers.build()?;
            (config.store(), config.genesis)
        }
    };
    let genesis = read_genesis(&genesis)?;
    refuse_absent(&path)?;
    let config = StorageConfig {
        path,
        ..StorageConfig::default()
    };
    let (writer, reader) = tangle_storage::open(&config, &genesis).map_err(open_failure)?;
    Ok((writer, reader, genesis))
}

/// Looking at a store must not make one.
fn refuse_absent(path: &Path) -> Outcome {
    if path.is_dir() {
        return Ok(());
    }
    Err(Failure::new(Code::Input, "there is no store").with("folder", path.display()))
}

fn show(report: &CheckReport, terminal: &Terminal) -> Outcome {
    let hash = format!("0x{}", hex::encode(report.ledger.hash));
    if terminal.is_json() {
        terminal.json(&json!({
            "ledgerIndex": report.ledger_index,
            "pruningIndex": report.pruning_index,
            "blockCount": report.block_count,
            "unspentCount": report.ledger.output_count,
            "ledgerHash": hash,
            "repairs": report.repairs,
            "problems": report.problems,
        }));
    } else {
        let rows = [
            (
                "ledger",
                format!("milestone {}, {hash}", report.ledger_index),
            ),
            (
                "pruned",
                format!("up to milestone {}", report.pruning_index),
            ),
            ("blocks", report.block_count.to_string()),
            ("unspent", report.ledger.output_count.to_string()),
        ];
        super::print_rows(&rows, terminal);
        for repair in &report.repairs {
            terminal.line(&format!(
                "{} repaired: {repair}",
                terminal.paint(Look::Bold, "!")
            ));
        }
        for problem in &report.problems {
            terminal.line(&format!("{} {problem}", terminal.paint(Look::Red, "✘")));
        }
        if report.problems.is_empty() {
            terminal.line(&format!(
                "{} nothing is wrong",
                terminal.paint(Look::Green, "✔")
            ));
        }
    }
    match report.problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            Code::StoreDamaged,
            format!("problems in the store: {count}"),
        )),
    }
}
