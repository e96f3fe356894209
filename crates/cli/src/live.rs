//! What a person sees while a node runs: one line that changes, or a plain line now and then.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tangle_node::{Handle, Status};

use crate::terminal::Terminal;

/// Time between two plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two states of the line that changes.
const LIVE_INTERVAL: Duration = Duration::from_secs(1);
/// Looks at the status between two looks at the size of the store.
const SIZE_LOOK_INTERVAL: u32 = 5;
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Writes the state of a node until it is dropped.
pub(crate) async fn watch(handle: &Handle, terminal: &Terminal, started: Instant) {
    if terminal.is_json() || terminal.is_quiet() {
        return std::future::pending().await;
    }
    let interval = if terminal.is_live() {
        LIVE_INTERVAL
    } else {
        PLAIN_INTERVAL
    };
    let mut ticks = tokio::time::interval(interval);
    let mut disk_bytes = 0;
    for look in 0_u32.. {
        ticks.tick().await;
        if look.is_multiple_of(SIZE_LOOK_INTERVAL)
            && let Ok(sizes) = handle.reader().sizes()
        {
            disk_bytes = sizes.blocks_bytes + sizes.ledger_bytes;
        }
        let line = line(&handle.status(), handle.peers().len(), started, disk_bytes);
        if terminal.is_live() {
            let spinner = SPINNER[look as usize % SPINNER.len()];
            terminal.live(Some(&format!(" {spinner} {line}")));
        } else if look > 0 {
            terminal.say(&line);
        }
    }
}

fn line(status: &Status, peer_count: usize, started: Instant, disk_bytes: u64) -> String {
    let seconds = started.elapsed().as_secs();
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if let Some(blocker) = &status.blocker {
        return format!("{clock}  not healthy: {blocker}");
    }
    let peers = if peer_count == 1 { "peer" } else { "peers" };
    format!(
        "{clock}  milestone {} · final {} ago · {} blocks ({:.1}/s) · tips {} · {peer_count} \
         {peers} · {} · disk {}",
        status.confirmed.index,
        age(status),
        status.referenced_total,
        status.blocks_per_second,
        status.tip_count,
        bytes(resident_bytes()),
        bytes(disk_bytes),
    )
}

fn age(status: &Status) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    let since = status
        .confirmed
        .timestamp
        .map_or(0.0, |timestamp| now - f64::from(timestamp.0));
    format!("{:.1} s", since.max(0.0))
}

/// Memory that this process takes, where the system tells.
pub(crate) fn resident_bytes() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// A number of bytes for a person.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 10.0);
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_100_000), "1.1 MB");
        assert_eq!(bytes(24_400_000), "24 MB");
    }

    #[test]
    fn this_process_takes_memory() {
        assert!(resident_bytes() > 100_000);
    }
}
