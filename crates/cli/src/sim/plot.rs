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
    let size = fs::metadata(file)
        .map_err(|error| disk(file, &error))?
        .len();
    if size > TABLE_BYTES_MAX {
        let text = format!("{size} bytes are too many for a table");
        return Err(arguments.wrong(&text));
    }
    let text = fs::read_to_string(file).map_err(|error| disk(file, &error))?;
    let title = format!("{} by {}", arguments.y, arguments.x);
    let plot = Plot {
        title: arguments.title.clone().unwrap_or(title),
        x_label: arguments.x.clone(),
        y_label: arguments.y.clone(),
        is_x_log: arguments.log_x,
        is_y_log: arguments.log_y,
        series: arguments.series(&text)?,
    };
    let out = &arguments.out;
    fs::write(out, plot.svg()).map_err(|error| disk(out, &error))?;
    terminal.say(&format!("wrote {}", out.display()));
    Ok(())
}

/// Which columns of a table matter.
struct Columns {
    x: usize,
    /// The height, and the ends of an interval if there is one.
    heights: Vec<usize>,
    by: Vec<usize>,
}

impl Columns {
    /// The line that a row belongs to, its place, and its heights; `None` without numbers.
    fn read(&self, row: &str) -> Option<(String, f64, [f64; 3])> {
        let cells: Vec<&str> = row.split(',').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or("");
        let place = cell(self.x).parse().ok()?;
        let mut values = [0.0; 3];
        for (value, column) in values.iter_mut().zip(&self.heights) {
            *value = cell(*column).parse().ok()?;
        }
        let name: Vec<&str> = self.by.iter().map(|at| cell(*at)).collect();
        Some((name.join(" "), place, values))
    }
}

impl PlotArguments {
    fn wrong(&self, text: &str) -> Box<Failure> {
        Failure::new(Code::Input, text).with("file", self.table.display())
    }

    fn columns(&self, head: &str) -> Outcome<Columns> {
        let heads: Vec<&str> = head.split(',').collect();
        let column = |name: &String| {
            let found = heads.iter().position(|head| head == name);
            found.ok_or_else(|| {
                let failure = self.wrong(&format!("there is no column {name}"));
                failure.help(format!("There are {}.", heads.join(", ")))
            })
        };
        if self.interval.len() == 1 || self.interval.len() > 2 {
            return Err(self.wrong("an interval has two columns"));
        }
        let heights = std::iter::once(&self.y).chain(&self.interval);
        Ok(Columns {
            x: column(&self.x)?,
            heights: heights.map(column).collect::<Result<_, _>>()?,
            by: self.by.iter().map(column).collect::<Result<_, _>>()?,
        })
    }

    /// The lines of the plot, in the order of their first rows.
    fn series(&self, table: &str) -> Outcome<Vec<Series>> {
        let mut rows = table.lines().filter(|line| !line.starts_with('#'));
        let columns = self.columns(rows.next().unwrap_or(""))?;
        let mut lines: Vec<(String, BTreeMap<u64, Sums>)> = Vec::new();
        for (name, place, values) in rows.filter_map(|row| columns.read(row)) {
            let known = lines.iter().position(|(known, _)| *known == name);
            let position = known.unwrap_or_else(|| {
                lines.push((name, BTreeMap::new()));
                lines.len() - 1
            });
            let (count, sums) = lines[position].1.entry(ordered(place)).or_default();
            *count += 1.0;
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        }
        let has_interval = !self.interval.is_empty();
        let series = lines.into_iter().map(|(name, places)| Series {
            name,
            points: places
                .into_iter()
                .map(|(place, sums)| point(place, sums, has_interval))
                .collect(),
        });
        Ok(series.collect())
    }
}

/// A number whose order is that of the floating point number.
fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

fn point(place: u64, (count, sums): Sums, has_interval: bool) -> Point {
    let bits = if place >> 63 == 1 {
        place & !(1 << 63)
    } else {
        !place
    };
    Point {
        x: f64::from_bits(bits),
        y: sums[0] / count,
        interval: has_interval.then(|| (sums[1] / count, sums[2] / count)),
    }
}
