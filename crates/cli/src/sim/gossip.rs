//! `tangle sim gossip`: views of very many nodes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use tangle_sim::gossip::{self, Report, Scenario, ScenarioError, Solid};

use super::Answer;
use super::growth::disk;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Flags of `tangle sim gossip`.
#[derive(Clone, Debug, Args)]
pub(crate) struct GossipArguments {
    /// Nodes.
    #[arg(long, default_value_t = 1_000)]
    nodes: u32,
    /// Nodes that issue; by default all, up to a thousand.
    #[arg(long)]
    issuers: Option<u32>,
    /// Transactions of all of them.
    #[arg(long, default_value_t = 10_000)]
    transactions: u32,
    /// Transactions of all of them in a second.
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    /// Parents drawn for each transaction.
    #[arg(long, default_value_t = 2)]
    parents: u32,
    /// Neighbours of a node, about.
    #[arg(long, default_value_t = 8)]
    neighbours: u32,
    /// Least latency of a link, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 20.0)]
    latency_min: f64,
    /// Greatest latency of a link, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 100.0)]
    latency_max: f64,
    /// By how much a transaction may come late, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 20.0)]
    jitter: f64,
    /// Share of transactions that a node does not get though others do.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    loss: f64,
    /// Where all chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write when each transaction became solid at each node: time in nanoseconds, node, number,
    /// parents.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print JSON, with everything that was in force.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Simulates.
pub(super) fn run(arguments: &GossipArguments, terminal: &Terminal) -> Outcome {
    let scenario = arguments.scenario();
    let report = match &arguments.log {
        Some(file) => logged(&scenario, file)?,
        None => gossip::run(&scenario, None).map_err(|error| wrong(&error))?,
    };
    if terminal.is_json() {
        terminal.json(&Answer::new(&report));
    } else {
        tell(&report, terminal);
    }
    Ok(())
}

impl GossipArguments {
    fn scenario(&self) -> Scenario {
        Scenario {
            seed: self.seed,
            issuers: self.issuers,
            per_second: self.rate,
            parents: self.parents,
            neighbours: self.neighbours,
            latency_min_ms: self.latency_min,
            latency_max_ms: self.latency_max,
            jitter_ms: self.jitter,
            loss_share: self.loss,
            ..Scenario::new(self.nodes, self.transactions)
        }
    }
}

fn wrong(error: &ScenarioError) -> Box<Failure> {
    Failure::new(Code::Input, error)
}

/// Runs the scenario and writes down what becomes solid.
fn logged(scenario: &Scenario, file: &Path) -> Outcome<Report> {
    scenario.effective().map_err(|error| wrong(&error))?;
    let mut out = BufWriter::new(File::create(file).map_err(|error| disk(file, &error))?);
    let mut result = writeln!(out, "solid_ns,node,transaction,parents");
    let mut sink = |solid: &Solid<'_>| {
        if result.is_ok() {
            result = log_line(&mut out, solid);
        }
    };
    let report = gossip::run(scenario, Some(&mut sink)).map_err(|error| wrong(&error))?;
    let flushed = result.and_then(|()| out.flush());
    flushed.map_err(|error| disk(file, &error))?;
    Ok(report)
}

fn log_line(out: &mut impl Write, solid: &Solid<'_>) -> io::Result<()> {
    write!(out, "{},{},{},", solid.at_ns, solid.node, solid.serial)?;
    for (position, parent) in solid.parents.iter().enumerate() {
        let space = if position == 0 { "" } else { " " };
        write!(out, "{space}{parent}")?;
    }
    writeln!(out)
}

fn tell(report: &Report, terminal: &Terminal) {
    let scenario = &report.scenario;
    let line = |what: &str, value: String| terminal.line(&format!("{what:<36} {value:>14}"));
    terminal.line(&format!(
        "{} nodes, {} transactions, {} a second, seed {}, {:.1} virtual s",
        scenario.nodes,
        scenario.transactions,
        scenario.per_second,
        scenario.seed,
        report.virtual_seconds
    ));
    line("deliveries", report.deliveries.to_string());
    line("that had to wait for a parent", report.waits.to_string());
    line("lost on their way", report.losses.to_string());
    line("questions for a parent", report.requests.to_string());
    line("came twice", report.duplicates.to_string());
    line("never solid somewhere", report.never_solid.to_string());
    let seconds = |value: f64| format!("{value:.3} s");
    line("issue to solid, mean", seconds(report.solid_mean_seconds));
    line(
        "issue to solid, median",
        seconds(report.solid_median_seconds),
    );
    line(
        "issue to solid, 99 of 100",
        seconds(report.solid_p99_seconds),
    );
    line("wait for a parent, mean", seconds(report.wait_mean_seconds));
    line(
        "tips an issuer sees, mean",
        format!("{:.1}", report.tips_mean),
    );
    line(
        "over arrivals until solid",
        format!("{:.3}", report.tips_ratio),
    );
    line("digest", report.digest.clone());
}
