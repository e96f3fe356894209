//! `tangle sim verify`: the simulator held against what is known.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use tangle_sim::verify::{Check, Experiment, Tolerance, experiments};

use super::jobs::in_order;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::{Look, Terminal};

/// Flags of `tangle sim verify`.
#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Only what is quick: within a minute of processor time.
    #[arg(long)]
    quick: bool,
    /// Only these rows, such as `T1,T21`.
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    rows: Vec<String>,
    /// Where all chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Experiments at once; by default one for each processor. Results do not depend on it.
    #[arg(long)]
    jobs: Option<usize>,
    /// Print JSON, a line for each check.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Verifies.
pub(super) fn run(arguments: &VerifyArguments, terminal: &Terminal) -> Outcome {
    let started = Instant::now();
    let is_wanted = |row: &str| {
        let mut rows = arguments.rows.iter();
        arguments.rows.is_empty() || rows.any(|wanted| wanted.eq_ignore_ascii_case(row))
    };
    let mut chosen = experiments();
    refuse_unknown(&arguments.rows, &chosen)?;
    chosen.retain(|experiment| {
        let is_asked = experiment.rows.iter().any(|row| is_wanted(row));
        is_asked && (experiment.is_quick || !arguments.quick)
    });
    let measure = |experiment: &Experiment| experiment.measure(arguments.seed);
    let results = in_order(&chosen, arguments.jobs, measure, |count| {
        terminal.live(Some(&format!("{count} of {} experiments", chosen.len())));
    });
    terminal.live(None);
    let mut checks: Vec<Check> = results.into_iter().flatten().collect();
    checks.retain(|check| is_wanted(check.row));
    checks.sort_by_key(|check| number(check.row));
    let failed = checks.iter().filter(|check| !check.holds()).count();
    if terminal.is_json() {
        checks.iter().for_each(|check| json_line(check, terminal));
    } else {
        table(&checks, terminal);
        terminal.line(&format!(
            "{} checks, {failed} failed, {:.1} s",
            checks.len(),
            started.elapsed().as_secs_f64()
        ));
    }
    if failed == 0 {
        return Ok(());
    }
    let text = format!("{failed} of {} checks failed", checks.len());
    Err(Failure::new(Code::Check, text))
}

fn refuse_unknown(rows: &[String], experiments: &[Experiment]) -> Outcome {
    let mut known: Vec<&str> = experiments
        .iter()
        .flat_map(|experiment| experiment.rows.iter().copied())
        .collect();
    known.sort_unstable_by_key(|row| number(row));
    known.dedup();
    let is_known = |row: &&String| known.iter().any(|known| known.eq_ignore_ascii_case(row));
    match rows.iter().find(|row| !is_known(row)) {
        None => Ok(()),
        Some(row) => Err(Failure::new(Code::Input, format!("there is no row {row}"))
            .help(format!("There are {}.", known.join(", ")))),
    }
}

/// The number in a row's name.
fn number(row: &str) -> u32 {
    row.trim_start_matches('T').parse().unwrap_or(u32::MAX)
}

fn tolerance(tolerance: Tolerance) -> String {
    match tolerance {
        Tolerance::Relative(share) => format!("{:.2} %", share * 100.0),
        Tolerance::Absolute(most) => format!("± {}", figure(most)),
        Tolerance::Factor(factor) => format!("× {factor}"),
        Tolerance::AtLeast => "at least".to_owned(),
        Tolerance::AtMost => "at most".to_owned(),
    }
}

/// A number with four or five significant digits.
fn figure(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (0.001..10_000.0).contains(&size) {
        let whole_digits = size.log10().floor() as i32 + 1;
        let decimals = usize::try_from(5 - whole_digits.max(0)).unwrap_or(0);
        let text = format!("{value:.decimals$}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.to_owned()
    } else {
        format!("{value:.3e}")
    }
}

fn table(checks: &[Check], terminal: &Terminal) {
    let width = checks
        .iter()
        .map(|check| check.what.chars().count())
        .max()
        .unwrap_or(0);
    terminal.line(&format!(
        "{:<4} {:<width$} {:>10} {:>10} {:>10}",
        "row", "what", "expected", "measured", "tolerance"
    ));
    for check in checks {
        let verdict = match check.holds() {
            true => terminal.paint(Look::Green, "ok"),
            false => terminal.paint(Look::Red, "FAILS"),
        };
        terminal.line(&format!(
            "{:<4} {:<width$} {:>10} {:>10} {:>10}  {verdict}",
            check.row,
            check.what,
            figure(check.expected),
            figure(check.measured),
            tolerance(check.tolerance),
        ));
    }
}

fn json_line(check: &Check, terminal: &Terminal) {
    terminal.json(&json!({
        "row": check.row,
        "what": check.what,
        "expected": check.expected,
        "measured": check.measured,
        "tolerance": check.tolerance,
        "holds": check.holds(),
    }));
}
