//! `tangle sim plot`: a column of a table against another one, as SVG.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use tangle_sim::plot::{Plot, Point, Series};

use super::growth::disk;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Most bytes of a table.
const TABLE_BYTES_MAX: u64 = 256 << 20;

/// Flags of `tangle sim plot`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlotArguments {
    /// A table that `run`, `sweep` or `attack` wrote with `--csv`.
    #[arg(value_name = "TABLE.csv")]
    table: PathBuf,
    /// The column from left to right.
    #[arg(long, value_name = "COLUMN")]
    x: String,
    /// The column upwards; where several rows have the same place, their mean.
    #[arg(long, value_name = "COLUMN")]
    y: String,
    /// Columns that tell lines apart.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    by: Vec<String>,
    /// Columns with the ends of an interval around each point.
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',')]
    interval: Vec<String>,
    /// A logarithmic axis from left to right.
    #[arg(long)]
    log_x: bool,
    /// A logarithmic axis upwards.
    #[arg(long)]
    log_y: bool,
    /// The title; the names of the columns if left out.
    #[arg(long)]
    title: Option<String>,
    /// The file to write.
    #[arg(long, short, value_name = "FILE.svg")]
    out: PathBuf,
}

/// Sums of the rows at one place: how many, heights, ends of intervals.
type Sums = (f64, [f64; 3]);

/// Plots.
pub(super) fn run(arguments: &PlotArguments, terminal: &Terminal) -> Outcome {
    let file = &arguments.table;
    let size = fs::metadata(file).map_err(|error| disk(file, &error))?.len();
    let wrong = |text: String| Failure::new(Code::Input, text).with("file", file.display());
    if size > TABLE_BYTES_MAX {
        return Err(wrong(format!("{size} bytes are too many for a table")));
    }
    let text = fs::read_to_string(file).map_err(|error| disk(file, &error))?;
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let head: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let column = |name: &String| {
        let found = head.iter().position(|head| head == name);
        found.ok_or_else(|| {
            wrong(format!("there is no column {name}"))
                .help(format!("There are {}.", head.join(", ")))
        })
    };
    let (x, y) = (column(&arguments.x)?, column(&arguments.y)?);
    let by: Vec<usize> = arguments.by.iter().map(column).collect::<Result<_, _>>()?;
    let ends: Vec<usize> = arguments.interval.iter().map(column).collect::<Result<_, _>>()?;
    if ends.len() == 1 || ends.len() > 2 {
        return Err(wrong("an interval has two columns".to_owned()));
    }
    let heights: Vec<usize> = std::iter::once(y).chain(ends.iter().copied()).collect();
    // Lines in order of their first row, places in order of size.
    let mut names: Vec<String> = Vec::new();
    let mut series: Vec<BTreeMap<u64, Sums>> = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or("");
        let Ok(place) = cell(x).parse::<f64>() else {
            continue;
        };
        let mut values = [0.0; 3];
        let mut are_numbers = true;
        for (value, column) in values.iter_mut().zip(&heights) {
            match cell(*column).parse() {
                Ok(number) => *value = number,
                Err(_) => are_numbers = false,
            }
        }
        if !are_numbers {
            continue;
        }
        let name = by.iter().map(|at| cell(*at)).collect::<Vec<_>>().join(" ");
        let position = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            series.push(BTreeMap::new());
            names.len() - 1
        });
        let (count, sums) = series[position].entry(ordered(place)).or_default();
        *count += 1.0;
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    let lines = names.into_iter().zip(series).map(|(name, places)| Series {
        name,
        points: places.into_iter().map(|(place, sums)| point(place, sums, ends.len())).collect(),
    });
    let plot = Plot {
        title: arguments.title.clone().unwrap_or_else(|| format!("{} by {}", arguments.y, arguments.x)),
        x_label: arguments.x.clone(),
        y_label: arguments.y.clone(),
        is_x_log: arguments.log_x,
        is_y_log: arguments.log_y,
        series: lines.collect(),
    };
    let out = &arguments.out;
    fs::write(out, plot.svg()).map_err(|error| disk(out, &error))?;
    terminal.say(&format!("wrote {}", out.display()));
    Ok(())
}

/// A number whose order is that of the floating point number.
fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn point(place: u64, (count, sums): Sums, ends: usize) -> Point {
    let bits = if place >> 63 == 1 { place & !(1 << 63) } else { !place };
    Point {
        x: f64::from_bits(bits),
        y: sums[0] / count,
        interval: (ends == 2).then(|| (sums[1] / count, sums[2] / count)),
    }
}
