//! Tables for people, JSON for scripts.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Prints `rows` under `heads`, numbers to the right.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([heads[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (column, cell) in cells.enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let padded = if column == 0 {
                format!("{cell:<width$}", width = widths[column])
            } else {
                format!("{cell:>width$}", width = widths[column])
            };
            text.push_str(gap);
            text.push_str(&padded);
        }
        text
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line(&mut heads.iter().copied()))?;
    for row in rows {
        writeln!(out, "{}", line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

/// Prints one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Tells a person who waits what goes on.
pub(crate) fn note(text: &str) {
    // Progress is not worth failing for.
    let _ = writeln!(io::stderr(), "{text}");
}

/// The value at `share` (0 to 1) of the sorted `values`; zero when there are none.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get((share * last as f64).round() as usize)
        .copied()
        .unwrap_or(0.0)
}
