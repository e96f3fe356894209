//! Whether a block costs the same however many came before it.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use crate::{machine, report};

/// Referenced blocks of a window.
const WINDOW_BLOCKS: u64 = 100_000;

/// The cost of some blocks in a row.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Window {
    /// Blocks referenced at its end.
    referenced: u64,
    cpu_us_per_block: f64,
    wall_us_per_block: f64,
    /// Resident memory at its end.
    resident_bytes: u64,
}

/// The last window in proportion to the first: 1 when nothing grows.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Flatness {
    first: Window,
    last: Window,
    cpu: f64,
    wall: f64,
    memory: f64,
}

/// Cuts a run into windows.
#[derive(Debug)]
pub(crate) struct Windows {
    all: Vec<Window>,
    referenced: u64,
    cpu_seconds: f64,
    started: Instant,
}

impl Windows {
    /// The first window begins now.
    pub(crate) fn begin() -> Self {
        Self {
            all: Vec::new(),
            referenced: 0,
            cpu_seconds: machine::cpu_seconds(),
            started: Instant::now(),
        }
    }

    /// So many blocks are referenced now.
    pub(crate) fn advance(&mut self, referenced: u64) {
        let count = referenced.saturating_sub(self.referenced);
        if count < WINDOW_BLOCKS {
            return;
        }
        let (cpu_seconds, now) = (machine::cpu_seconds(), Instant::now());
        let per_block = |seconds: f64| seconds * 1e6 / count as f64;
        self.all.push(Window {
            referenced,
            cpu_us_per_block: per_block(cpu_seconds - self.cpu_seconds),
            wall_us_per_block: per_block((now - self.started).as_secs_f64()),
            resident_bytes: machine::resident_bytes(),
        });
        self.referenced = referenced;
        self.cpu_seconds = cpu_seconds;
        self.started = now;
    }

    /// What was seen.
    pub(crate) fn finish(self) -> Vec<Window> {
        self.all
    }
}

/// Compares the last window with the first, when there are several.
pub(crate) fn compare(windows: &[Window]) -> Option<Flatness> {
    let [first, .., last] = windows else {
        return None;
    };
    Some(Flatness {
        first: *first,
        last: *last,
        cpu: last.cpu_us_per_block / first.cpu_us_per_block,
        wall: last.wall_us_per_block / first.wall_us_per_block,
        memory: last.resident_bytes as f64 / first.resident_bytes as f64,
    })
}

/// Prints the windows, and how the last compares with the first.
pub(crate) fn print(windows: &[Window]) -> Result<()> {
    let row = |name: String, window: &Window| {
        vec![
            name,
            format!("{:.1}", window.cpu_us_per_block),
            format!("{:.1}", window.wall_us_per_block),
            format!("{}", window.resident_bytes >> 20),
        ]
    };
    let mut rows: Vec<_> = windows
        .iter()
        .map(|window| row(window.referenced.to_string(), window))
        .collect();
    if let Some(flatness) = compare(windows) {
        rows.push(vec![
            "last / first".to_owned(),
            format!("{:.2}", flatness.cpu),
            format!("{:.2}", flatness.wall),
            format!("{:.2}", flatness.memory),
        ]);
    }
    let heads = [
        "referenced",
        "cpu us/block",
        "wall us/block",
        "resident MiB",
    ];
    report::table(&heads, &rows)
}
