//! `tangle sim sweep`: a scenario with some keys varied, over many seeds, that can be interrupted
//! and gone on with.
//!
//! Rows are written as they come, under a first line that names the sweep. Whoever starts the same
//! sweep with the same table again, goes on where it was; in the end the rows are put in order.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use serde::Deserialize;
use tangle_crypto::blake2b;
use tangle_sim::growth::{self, Scenario};
use toml::{Table, Value};

use super::growth::{ArrivalFiles, COLUMNS, cells, disk, text_of, wrong};
use super::jobs::in_order;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Most runs of a sweep.
const RUNS_MAX: u64 = 1_000_000;
/// Most bytes of a table to go on with.
const TABLE_BYTES_MAX: u64 = 1 << 30;

/// Flags of `tangle sim sweep`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SweepArguments {
    /// The sweep, in TOML: `[scenario]` as of `tangle sim run`, `[vary]` with a list of values for
    /// each key such as `"strategy.alpha"`, and `seed_count`.
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The table; if it is there already, what is missing in it is run.
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// Runs at once; by default one for each processor. Results do not depend on it.
    #[arg(long)]
    jobs: Option<usize>,
}

/// A sweep as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sweep {
    /// Seeds for each point, from that of the scenario on.
    #[serde(default = "one")]
    seed_count: u64,
    scenario: Table,
    #[serde(default)]
    vary: Table,
}

const fn one() -> u64 {
    1
}

/// A run of a sweep.
struct Run {
    /// Which point, and which seed: its name in the table.
    key: (u64, u64),
    /// The varied values, as cells of a row.
    values: String,
    scenario: Scenario,
}

/// Sweeps.
pub(super) fn run(arguments: &SweepArguments, terminal: &Terminal) -> Outcome {
    let text = text_of(&arguments.sweep)?;
    let sweep: Sweep = toml::from_str(&text).map_err(|error| {
        Failure::new(Code::Input, error.to_string().trim_end())
            .with("file", arguments.sweep.display())
    })?;
    let mut arrivals = ArrivalFiles::beside(&arguments.sweep);
    let runs = runs(&sweep, &arguments.sweep, &mut arrivals)?;
    let mut id = format!("{text}\n{}", env!("CARGO_PKG_VERSION"));
    // Another trace makes it another sweep.
    for digest in arrivals.digests() {
        id.push_str(&format!("\n{digest}"));
    }
    let title = format!(
        "# sweep {}",
        hex::encode(&blake2b::hash(id.as_bytes())[..8])
    );
    let keys: Vec<&str> = sweep.vary.keys().map(String::as_str).collect();
    let gap = if keys.is_empty() { "" } else { "," };
    let head = format!("point,{}{gap}{COLUMNS}", keys.join(","));
    let file = &arguments.csv;
    let failed = |error| disk(file, &error);
    let before = known_rows(file, &title)?;
    let done: BTreeSet<(u64, u64)> = before
        .iter()
        .filter_map(|row| key(row, keys.len()))
        .collect();
    let mut text = format!("{title}\n{head}\n");
    before.iter().for_each(|row| text.extend([row, "\n"]));
    fs::write(file, text).map_err(failed)?;
    let left: Vec<&Run> = runs.iter().filter(|run| !done.contains(&run.key)).collect();
    // Guards the table, to which whoever is ready appends a row.
    let table = Mutex::new(OpenOptions::new().append(true).open(file).map_err(failed)?);
    let play = |run: &&Run| {
        let report = growth::run(&run.scenario, None).expect("the scenario was checked");
        let row = format!("{},{}{gap}{}\n", run.key.0, run.values, cells(&report));
        let mut table = table.lock().expect("nobody panics with the table in hand");
        table.write_all(row.as_bytes())
    };
    let results = in_order(&left, arguments.jobs, play, |count| {
        let sum = done.len() + count;
        terminal.live(Some(&format!("{sum} of {} runs", runs.len())));
    });
    terminal.live(None);
    results
        .into_iter()
        .collect::<io::Result<Vec<()>>>()
        .map_err(failed)?;
    put_in_order(file, &title, &head, keys.len())?;
    terminal.say(&format!(
        "{} runs, {} of them before: {}",
        runs.len(),
        runs.len() - left.len(),
        file.display()
    ));
    Ok(())
}

/// All runs: each combination of values, the last key varying fastest, with each seed.
fn runs(sweep: &Sweep, file: &Path, arrivals: &mut ArrivalFiles<'_>) -> Outcome<Vec<Run>> {
    let wrong_file = |text: String| Failure::new(Code::Input, text).with("file", file.display());
    let mut lists = Vec::new();
    let mut count = sweep.seed_count;
    for (key, values) in &sweep.vary {
        let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
            return Err(wrong_file(format!("vary.{key} is no list of values")));
        };
        count = count.saturating_mul(values.len() as u64);
        lists.push((key, values));
    }
    if !(1..=RUNS_MAX).contains(&count) {
        return Err(wrong_file(format!(
            "{count} runs, 1 to {RUNS_MAX} are allowed"
        )));
    }
    let mut runs = Vec::new();
    for point in 0..count / sweep.seed_count {
        let mut table = sweep.scenario.clone();
        let mut values = Vec::new();
        let mut rest = point;
        for (key, list) in lists.iter().rev() {
            let value = &list[(rest % list.len() as u64) as usize];
            rest /= list.len() as u64;
            set(&mut table, key, value).ok_or_else(|| {
                wrong_file(format!(
                    "vary.{key}: what is above the last part is no table"
                ))
            })?;
            values.push(value.to_string());
        }
        values.reverse();
        let text = table.to_string();
        let parsed = Scenario::parse(&text).map_err(|error| wrong(file, &error))?;
        let base = arrivals.fill(parsed)?.effective();
        let base = base.map_err(|error| wrong(file, &error))?;
        for seed in 0..sweep.seed_count {
            let seed = base.seed.wrapping_add(seed);
            runs.push(Run {
                key: (point, seed),
                values: values.join(",").replace('"', ""),
                scenario: Scenario {
                    seed,
                    ..base.clone()
                },
            });
        }
    }
    Ok(runs)
}

/// Sets a key such as `strategy.alpha`; `None` if that is no table.
fn set(table: &mut Table, key: &str, value: &Value) -> Option<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value.clone());
            Some(())
        }
        Some((first, rest)) => {
            let inner = table
                .entry(first)
                .or_insert_with(|| Value::Table(Table::new()));
            set(inner.as_table_mut()?, rest, value)
        }
    }
}

/// Whole rows of a table of the same sweep; none if there is no table yet.
fn known_rows(file: &Path, title: &str) -> Outcome<Vec<String>> {
    let Ok(metadata) = fs::metadata(file) else {
        return Ok(Vec::new());
    };
    let other = |text: &str| {
        Failure::new(Code::Input, text)
            .with("file", file.display())
            .help("Name another file, or remove this one.")
    };
    if metadata.len() > TABLE_BYTES_MAX {
        return Err(other("the table is too large to go on with"));
    }
    let text = fs::read_to_string(file).map_err(|error| disk(file, &error))?;
    if text.lines().next() != Some(title) {
        return Err(other(
            "the table is of another sweep, or of another version",
        ));
    }
    // What was cut off in the middle of a row is run again.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    Ok(whole.lines().skip(2).map(str::to_owned).collect())
}

/// The point and the seed of a row.
fn key(row: &str, value_count: usize) -> Option<(u64, u64)> {
    let mut cells = row.split(',');
    let point = cells.next()?.parse().ok()?;
    Some((point, cells.nth(value_count)?.parse().ok()?))
}

fn put_in_order(file: &Path, title: &str, head: &str, value_count: usize) -> Outcome {
    let mut rows = known_rows(file, title)?;
    rows.sort_by_key(|row| key(row, value_count));
    let mut text = format!("{title}\n{head}\n");
    rows.iter().for_each(|row| text.extend([row, "\n"]));
    let beside = file.with_extension("new");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
    written.map_err(|error| disk(file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(text: &str) -> Outcome<Vec<Run>> {
        let sweep: Sweep = toml::from_str(text).expect("a sweep");
        let file = Path::new("sweep.toml");
        runs(&sweep, file, &mut ArrivalFiles::beside(file))
    }

    const SCENARIO: &str = "[scenario]\nengine = 'walk'\ntransactions = 100\nseed = 5\n\
        [scenario.arrivals]\nper_second = 10.0\n[scenario.strategy]\nname = 'walk'\nalpha = 0.1\n";

    #[test]
    fn all_combinations_are_run_with_all_seeds() {
        let vary = "[vary]\n'strategy.alpha' = [0.1, 0.2]\n'arrivals.per_second' = [10.0, 20.0]\n";
        let runs = sweep(&format!("seed_count = 2\n{SCENARIO}{vary}")).expect("a sweep");
        let keys: Vec<(u64, u64)> = runs.iter().map(|run| run.key).collect();
        assert_eq!(keys.len(), 8);
        assert_eq!((keys[0], keys[1], keys[7]), ((0, 5), (0, 6), (3, 6)));
        let all: BTreeSet<String> = runs.iter().map(|run| run.values.clone()).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(key("3,0.2,20.0,6,99", 2), Some((3, 6)));
    }

    #[test]
    fn what_is_no_sweep_is_refused() {
        for vary in [
            "[vary]\n'strategy.alpha' = 0.1\n",
            "[vary]\n'strategy.alpha' = []\n",
            "[vary]\n'strategy.beta' = [1.0]\n",
            "[vary]\n'transactions.count' = [1]\n",
        ] {
            assert!(sweep(&format!("{SCENARIO}{vary}")).is_err(), "{vary}");
        }
        assert!(sweep(&format!("seed_count = 0\n{SCENARIO}")).is_err());
    }
}
