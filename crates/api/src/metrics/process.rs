//! What the system says of this process; nothing where it says nothing.

use std::fs;

/// Clock ticks of Linux a second, the same on all its machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// What this process uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Memory that is in use, in bytes.
    pub resident_bytes: u64,
    /// Processor time since its start.
    pub cpu_seconds: f64,
    /// Open files and connections.
    pub open_files: usize,
    /// Threads.
    pub threads: u64,
}

impl Usage {
    /// Asks the system.
    #[must_use]
    pub fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self {
            resident_bytes: field(&status, "VmRSS:") << 10,
            cpu_seconds: cpu_seconds(&stat),
            open_files: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            threads: field(&status, "Threads:"),
        }
    }
}

/// The number behind a name.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// User and system time: the 14th and 15th field. The 2nd, the program's name, may hold blanks.
fn cpu_seconds(stat: &str) -> f64 {
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return 0.0;
    };
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|text| text.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let status = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t12\n";
        assert_eq!(field(status, "VmRSS:"), 2_048);
        assert_eq!(field(status, "Threads:"), 12);
        assert_eq!(field(status, "VmSwap:"), 0);
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert!((cpu_seconds(stat) - 2.0).abs() < f64::EPSILON);
    }
}
