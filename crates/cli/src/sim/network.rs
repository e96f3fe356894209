//! `tangle sim network`: networks in virtual time, over many seeds.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;
use tangle_sim::net::{self, AdversaryChoice, Counts, Report, Scenario, Violation, Weakness};

use super::jobs::{in_order, seeds};
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Violations that are told in full.
const TOLD_COUNT_MAX: usize = 5;

/// Flags of `tangle sim network`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NetworkArguments {
    /// Honest nodes; the first one is the coordinator.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(2..=63))]
    nodes: u16,
    /// Seeds to run: one, or `A..B` without B.
    #[arg(long, value_name = "A..B", default_value = "0..30", value_parser = seeds)]
    seeds: std::ops::Range<u64>,
    /// Milestones, one a virtual second, before everything is well again.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    milestones: u32,
    /// Who attacks: `seed` lets each seed decide; `none`, `all`, or one attack.
    #[arg(long, default_value_t)]
    adversary: AdversaryChoice,
    /// Let nothing break.
    #[arg(long)]
    no_faults: bool,
    /// Break a node on purpose, to see that it is found out.
    #[arg(long, value_name = "WHAT")]
    weaken: Option<Weakness>,
    /// Seeds at once; by default one for each processor.
    #[arg(long)]
    jobs: Option<usize>,
    /// Write every event of a single seed.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Simulates.
pub(super) fn run(arguments: &NetworkArguments, terminal: &Terminal) -> Outcome {
    let started = Instant::now();
    let reports = match &arguments.log {
        Some(file) => vec![logged(arguments, file)?],
        None => run_all(arguments, terminal),
    };
    terminal.live(None);
    let mut counts = Counts::default();
    let mut violated = 0;
    for report in &reports {
        counts.add(&report.counts);
        if let Some(violation) = &report.violation {
            violated += 1;
            if violated <= TOLD_COUNT_MAX {
                tell(arguments, report.seed, violation, terminal);
            }
        }
    }
    sum_up(&reports, &counts, violated, started, terminal);
    if violated == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Code::Check,
        format!("{violated} of {} seeds broke an invariant", reports.len()),
    ))
}

/// Runs one seed and writes its events down.
fn logged(arguments: &NetworkArguments, file: &Path) -> Outcome<Report> {
    let disk = |error: std::io::Error| Failure::new(Code::Disk, error).with("file", file.display());
    if arguments.seeds.end - arguments.seeds.start != 1 {
        return Err(
            Failure::new(Code::Input, "a log is written of a single seed")
                .help(format!("Try `--seeds {}`.", arguments.seeds.start)),
        );
    }
    let mut out = BufWriter::new(File::create(file).map_err(disk)?);
    let mut result = Ok(());
    let mut sink = |line: &str| {
        if result.is_ok() {
            result = writeln!(out, "{line}");
        }
    };
    let scenario = arguments.scenario(arguments.seeds.start);
    let report = net::run(&scenario, Some(&mut sink));
    result.and_then(|()| out.flush()).map_err(disk)?;
    Ok(report)
}

/// Runs all seeds, some at once; the reports are in the order of the seeds.
fn run_all(arguments: &NetworkArguments, terminal: &Terminal) -> Vec<Report> {
    let seeds: Vec<u64> = arguments.seeds.clone().collect();
    let run = |seed: &u64| net::run(&arguments.scenario(*seed), None);
    in_order(&seeds, arguments.jobs, run, |count| {
        terminal.live(Some(&format!("{count} of {} seeds", seeds.len())));
    })
}

impl NetworkArguments {
    fn scenario(&self, seed: u64) -> Scenario {
        Scenario {
            seed,
            node_count: usize::from(self.nodes),
            milestone_count: self.milestones,
            adversary: self.adversary,
            has_faults: !self.no_faults,
            weakness: self.weaken,
        }
    }

    /// The command that runs one seed again.
    fn command(&self, seed: u64) -> String {
        let mut command = format!(
            "tangle sim network --nodes {} --milestones {} --adversary {} --seeds {seed}",
            self.nodes, self.milestones, self.adversary
        );
        if self.no_faults {
            command.push_str(" --no-faults");
        }
        if let Some(weakness) = self.weaken {
            command.push_str(&format!(" --weaken {}", weakness.name()));
        }
        command
    }
}

fn tell(arguments: &NetworkArguments, seed: u64, violation: &Violation, terminal: &Terminal) {
    let command = arguments.command(seed);
    if terminal.is_json() {
        terminal.json(&json!({
            "seed": seed,
            "atMs": violation.at_ms,
            "violation": violation.breach.to_string(),
            "command": command,
            "lastEvents": violation.last_events,
        }));
        return;
    }
    for event in &violation.last_events {
        terminal.line(event);
    }
    terminal.line(&format!(
        "seed {seed}: after {}.{:03} s: {}",
        violation.at_ms / 1_000,
        violation.at_ms % 1_000,
        violation.breach
    ));
    terminal.line(&format!("again: {command} --log seed-{seed}.log\n"));
}

fn sum_up(
    reports: &[Report],
    counts: &Counts,
    violated: usize,
    started: Instant,
    terminal: &Terminal,
) {
    let seconds = started.elapsed().as_secs_f64();
    if terminal.is_json() {
        terminal.json(&json!({
            "seeds": reports.len(),
            "violations": violated,
            "milestones": counts.milestones,
            "blocks": counts.blocks,
            "refusals": counts.refusals,
            "messages": counts.messages,
            "bytes": counts.bytes,
            "faults": counts.faults,
            "attacks": counts.attacks,
            "drops": counts.drops,
            "unreferencedMax": counts.unreferenced_max,
            "events": counts.events,
            "virtualSeconds": counts.virtual_ms / 1_000,
            "digest": format!("{:016x}", digest(reports)),
            "seconds": seconds,
        }));
        return;
    }
    terminal.line(&format!(
        "{} seeds, {violated} violations: {} milestones, {} blocks, {} messages, {} faults, {} \
         attacks in {} virtual s; digest {:016x}, {seconds:.1} s",
        reports.len(),
        counts.milestones,
        counts.blocks,
        counts.messages,
        counts.faults,
        counts.attacks,
        counts.virtual_ms / 1_000,
        digest(reports),
    ));
}

/// Stands for all events of all seeds.
fn digest(reports: &[Report]) -> u64 {
    let step = |digest: u64, report: &Report| {
        (digest.rotate_left(5) ^ report.digest).wrapping_mul(0x0100_0000_01b3)
    };
    reports.iter().fold(0, step)
}
