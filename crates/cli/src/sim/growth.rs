//! `tangle sim run`: a Tangle grows as a scenario says.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tangle_sim::growth::{
    self, ArrivalError, ArrivalReader, Event, RecordedArrivals, Report, Scenario, ScenarioError,
};

use super::Answer;
use super::jobs::{in_order, seeds};
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Most bytes of a scenario.
const SCENARIO_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of a line of recorded arrivals or of a log.
pub(super) const LINE_BYTES_MAX: u64 = 4_096;

/// Flags of `tangle sim run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArguments {
    /// The scenario, in TOML.
    #[arg(value_name = "SCENARIO.toml")]
    scenario: PathBuf,
    /// Seeds to run: one, or `A..B` without B; by default the scenario's.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<std::ops::Range<u64>>,
    /// Seeds at once; by default one for each processor. Results do not depend on it.
    #[arg(long)]
    jobs: Option<usize>,
    /// Write a row of measures for each seed.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write every transaction of a single seed: number, times in nanoseconds, parents.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print JSON, with everything that was in force.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Simulates.
pub(super) fn run(arguments: &RunArguments, terminal: &Terminal) -> Outcome {
    let scenario = read(&arguments.scenario)?;
    let seeds = arguments.seeds.clone();
    let seeds: Vec<u64> = seeds.map_or_else(|| vec![scenario.seed], Iterator::collect);
    let reports = match &arguments.log {
        Some(file) => vec![logged(&scenario, &seeds, file)?],
        None => {
            let run = |seed: &u64| {
                let scenario = Scenario {
                    seed: *seed,
                    ..scenario.clone()
                };
                growth::run(&scenario, None)
            };
            let reports = in_order(&seeds, arguments.jobs, run, |count| {
                terminal.live(Some(&format!("{count} of {} seeds", seeds.len())));
            });
            terminal.live(None);
            let reports = reports.into_iter().collect::<Result<Vec<_>, _>>();
            reports.map_err(|error| wrong(&arguments.scenario, &error))?
        }
    };
    if let Some(file) = &arguments.csv {
        let written = File::create(file).and_then(|file| table(&reports, BufWriter::new(file)));
        written.map_err(|error| disk(file, &error))?;
    }
    for report in &reports {
        if terminal.is_json() {
            terminal.json(&Answer::new(report));
        } else {
            tell(report, terminal);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Outcome<Scenario> {
    let scenario = Scenario::parse(&text_of(file)?).map_err(|error| wrong(file, &error))?;
    let scenario = ArrivalFiles::beside(file).fill(scenario)?;
    scenario.effective().map_err(|error| wrong(file, &error))
}

/// Files of arrivals, each read once.
pub(super) struct ArrivalFiles<'a> {
    beside: &'a Path,
    known: BTreeMap<String, Arc<RecordedArrivals>>,
}

impl<'a> ArrivalFiles<'a> {
    /// Those that lie beside a file.
    pub(super) const fn beside(file: &'a Path) -> Self {
        Self {
            beside: file,
            known: BTreeMap::new(),
        }
    }

    /// The scenario with its arrivals, if they are in a file.
    pub(super) fn fill(&mut self, mut scenario: Scenario) -> Outcome<Scenario> {
        if let Some(name) = &scenario.arrivals.file {
            if !self.known.contains_key(name) {
                let arrivals = recorded(&self.beside.with_file_name(name))?;
                self.known.insert(name.clone(), Arc::new(arrivals));
            }
            scenario.recorded = self.known.get(name).cloned();
        }
        Ok(scenario)
    }

    /// A number for each that was read, which stands for what is in it.
    pub(super) fn digests(&self) -> impl Iterator<Item = u64> {
        self.known.values().map(|arrivals| arrivals.digest())
    }
}

fn recorded(file: &Path) -> Outcome<RecordedArrivals> {
    let failed = |error| disk(file, &error);
    let wrong = |error: ArrivalError| Failure::new(Code::Input, error).with("file", file.display());
    let mut reader = BufReader::new(File::open(file).map_err(failed)?);
    let mut arrivals = ArrivalReader::default();
    let mut line = String::new();
    loop {
        line.clear();
        let mut limited = reader.by_ref().take(LINE_BYTES_MAX);
        if limited.read_line(&mut line).map_err(failed)? == 0 {
            return arrivals.finish().map_err(wrong);
        }
        arrivals.add_line(&line).map_err(wrong)?;
    }
}

/// The text of a scenario or a sweep.
pub(super) fn text_of(file: &Path) -> Outcome<String> {
    let size = fs::metadata(file)
        .map_err(|error| disk(file, &error))?
        .len();
    if size > SCENARIO_BYTES_MAX {
        let text = format!("{size} bytes are too many for a scenario");
        return Err(Failure::new(Code::Input, text).with("file", file.display()));
    }
    fs::read_to_string(file).map_err(|error| disk(file, &error))
}

pub(super) fn wrong(file: &Path, error: &ScenarioError) -> Box<Failure> {
    let text = error.to_string();
    Failure::new(Code::Input, text.trim_end()).with("file", file.display())
}

pub(super) fn disk(file: &Path, error: &io::Error) -> Box<Failure> {
    Failure::new(Code::Disk, error).with("file", file.display())
}

/// Runs one seed and writes its transactions down.
fn logged(scenario: &Scenario, seeds: &[u64], file: &Path) -> Outcome<Report> {
    let &[seed] = seeds else {
        return Err(
            Failure::new(Code::Input, "a log is written of a single seed")
                .help(format!("Try `--seeds {}`.", scenario.seed)),
        );
    };
    let mut out = BufWriter::new(File::create(file).map_err(|error| disk(file, &error))?);
    let head = match scenario.names_issuers() {
        true => growth::TRACE_HEAD_ISSUERS,
        false => growth::TRACE_HEAD,
    };
    let mut result = writeln!(out, "{head}");
    let mut sink = |event: &Event<'_>| {
        if result.is_ok() {
            result = log_line(&mut out, event);
        }
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let scenario = Scenario {
        seed,
        ..scenario.clone()
    };
    let report = growth::run(&scenario, Some(&mut sink)).map_err(|error| wrong(file, &error))?;
    let flushed = result.and_then(|()| out.flush());
    flushed.map_err(|error| disk(file, &error))?;
    Ok(report)
}

fn log_line(out: &mut impl Write, event: &Event<'_>) -> io::Result<()> {
    write!(
        out,
        "{},{},{},",
        event.serial, event.issued_ns, event.revealed_ns
    )?;
    for (position, parent) in event.parents.iter().enumerate() {
        let gap = if position == 0 { "" } else { " " };
        write!(out, "{gap}{parent}")?;
    }
    if let Some(issuer) = event.issuer {
        write!(out, ",{issuer}")?;
    }
    writeln!(out)
}

/// Names of the measures in a table.
pub(super) const COLUMNS: &str = "seed,measured,tips_mean,tips_half_width_95,tips_deviation,\
    tips_ratio,first_approval_mean_s,first_approval_median_s,first_approval_p99_s,\
    left_behind_share,never_approved_share,steps_mean,digest";

/// The measures of a report, in the order of [`COLUMNS`].
pub(super) fn cells(report: &Report) -> String {
    let (tips, approvals) = (&report.tips, &report.approvals);
    let walk = |of: fn(&growth::Walks) -> f64| {
        let walks = report.walks.as_ref();
        walks.map_or_else(String::new, |walks| of(walks).to_string())
    };
    format!(
        "{},{},{},{},{},{},{},{},{},{},{},{},{}",
        report.scenario.seed,
        report.measured,
        tips.mean,
        tips.half_width_95,
        tips.deviation,
        tips.mean_ratio,
        approvals.mean_seconds,
        approvals.median_seconds,
        approvals.p99_seconds,
        walk(|walks| walks.left_behind_share),
        walk(|walks| walks.never_approved_share),
        walk(|walks| walks.steps_mean),
        report.digest,
    )
}

/// Writes the measures of all reports.
fn table(reports: &[Report], mut out: impl Write) -> io::Result<()> {
    writeln!(out, "{COLUMNS}")?;
    for report in reports {
        writeln!(out, "{}", cells(report))?;
    }
    out.flush()
}

fn tell(report: &Report, terminal: &Terminal) {
    let (tips, approvals) = (&report.tips, &report.approvals);
    terminal.line(&format!(
        "seed {}: {} transactions measured in {:.0} virtual s; digest {}",
        report.scenario.seed, report.measured, report.virtual_seconds, report.digest
    ));
    terminal.line(&format!(
        "  tips            {:.2} ± {:.2}, deviation {:.2}; {:.4} of those that arrive in a mean delay",
        tips.mean, tips.half_width_95, tips.deviation, tips.mean_ratio
    ));
    terminal.line(&format!(
        "  first approval  mean {:.3} s, median {:.3} s, 99 of 100 within {:.3} s",
        approvals.mean_seconds, approvals.median_seconds, approvals.p99_seconds
    ));
    if let Some(walks) = &report.walks
        && walks.count > 0
    {
        terminal.line(&format!(
            "  walks           {} of {:.1} steps",
            walks.count, walks.steps_mean
        ));
    }
    if let Some(walks) = &report.walks {
        terminal.line(&format!(
            "  left behind     {:.5}, never approved {:.5}",
            walks.left_behind_share, walks.never_approved_share
        ));
    }
    let issuers = &report.issuers;
    let waits = issuers
        .iter()
        .filter_map(|issuer| issuer.first_approval_seconds);
    if let Some(greatest) = issuers.iter().max_by_key(|issuer| issuer.issued)
        && waits.clone().next().is_some()
    {
        terminal.line(&format!(
            "  issuers         {}; {} issues {:.1} of 100; mean waits from {:.3} to {:.3} s",
            issuers.len(),
            greatest.name,
            100.0 * greatest.issued as f64 / report.measured.max(1) as f64,
            waits.clone().fold(f64::INFINITY, f64::min),
            waits.fold(0.0, f64::max),
        ));
    }
    if let Some(point) = report.weight.last() {
        terminal.line(&format!(
            "  weight          {:.1} after {:.1} s",
            point.weight, point.age_seconds
        ));
    }
}
