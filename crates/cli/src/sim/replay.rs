//! `tangle sim replay`: a log read back, checked, measured and drawn.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tangle_sim::growth::{Trace, TraceError};

use super::growth::{LINE_BYTES_MAX, disk};
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Flags of `tangle sim replay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayArguments {
    /// A log that `tangle sim run --log` wrote.
    #[arg(value_name = "LOG.csv")]
    log: PathBuf,
    /// Write the graph for Graphviz.
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,
    /// Write the graph as GraphML.
    #[arg(long, value_name = "FILE")]
    graphml: Option<PathBuf>,
    /// The first transaction that is drawn.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The transaction before which drawing ends.
    #[arg(long, default_value_t = 1_000)]
    to: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads a log.
pub(super) fn run(arguments: &ReplayArguments, terminal: &Terminal) -> Outcome {
    let log = &arguments.log;
    let failed = |error| disk(log, &error);
    let wrong = |error: TraceError| Failure::new(Code::Input, error).with("file", log.display());
    let mut reader = BufReader::new(File::open(log).map_err(failed)?);
    let mut trace = Trace::default();
    let mut line = String::new();
    loop {
        line.clear();
        let mut limited = reader.by_ref().take(LINE_BYTES_MAX);
        if limited.read_line(&mut line).map_err(failed)? == 0 {
            break;
        }
        trace.add_line(&line).map_err(wrong)?;
    }
    let replayed = trace.finish();
    if let Some(file) = &arguments.dot {
        let text = trace.dot(arguments.from, arguments.to);
        fs::write(file, text).map_err(|error| disk(file, &error))?;
    }
    if let Some(file) = &arguments.graphml {
        let text = trace.graphml(arguments.from, arguments.to);
        fs::write(file, text).map_err(|error| disk(file, &error))?;
    }
    let digest = format!("{:016x}", replayed.digest);
    if terminal.is_json() {
        terminal.json(&json!({
            "transactions": replayed.transactions,
            "virtualSeconds": replayed.virtual_seconds,
            "tipsMean": replayed.tips_mean,
            "firstApprovalSeconds": replayed.first_approval_seconds,
            "neverApproved": replayed.never_approved,
            "digest": digest,
        }));
        return Ok(());
    }
    terminal.line(&format!(
        "{} transactions in {:.0} virtual s: {:.2} tips, first approval after {:.3} s, {} never \
         approved; digest {digest}",
        replayed.transactions,
        replayed.virtual_seconds,
        replayed.tips_mean,
        replayed.first_approval_seconds,
        replayed.never_approved
    ));
    Ok(())
}
