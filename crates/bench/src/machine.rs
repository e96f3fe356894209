//! What the operating system says about this process. Zeros where it says nothing.

use std::fs;
use std::time::Duration;

/// Ticks a second of the times in `/proc`: fixed by the Linux interface.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time that this process has used so far, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    cpu_seconds_of(std::process::id())
}

/// Processor time that a process has used so far, in seconds.
pub(crate) fn cpu_seconds_of(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The command's name, in parentheses, may hold spaces; fields count from behind it.
    let Some((_, fields)) = stat.rsplit_once(')') else {
        return 0.0;
    };
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 / TICKS_PER_SECOND
}

/// Processor time that the calling thread has used so far, in seconds; a few milliseconds may be
/// missing.
pub(crate) fn thread_cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().next();
    let nanoseconds: Option<u64> = nanoseconds.and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0)).as_secs_f64()
}

/// Bytes that this process has caused to be written to disk.
pub(crate) fn written_bytes() -> u64 {
    field("/proc/self/io", "write_bytes:")
}

/// Resident memory now, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    field("/proc/self/status", "VmRSS:") * 1_024
}

/// Resident memory of a process now, in bytes.
pub(crate) fn resident_bytes_of(process: u32) -> u64 {
    field(&format!("/proc/{process}/status"), "VmRSS:") * 1_024
}

/// Most resident memory since [`reset_peak`], in bytes.
pub(crate) fn peak_bytes() -> u64 {
    field("/proc/self/status", "VmHWM:") * 1_024
}

/// Starts the search for the peak anew; where that is not allowed, the peak since the start of the
/// process stays.
pub(crate) fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn field(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
