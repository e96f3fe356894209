//! What a person sees while nodes run: one line that changes, or a plain line now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tangle_node::{Handle, Status};
use tangle_storage::Sizes;
use tangle_types::MilestoneIndex;

use crate::terminal::Terminal;

/// Time between two plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two states of the line that changes.
const LIVE_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two looks at the newest milestone.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Lines between two looks at the size of the store.
const SIZE_LOOK_INTERVAL: u32 = 5;
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Writes the state of the nodes of this process until it is dropped.
pub(crate) async fn watch(handles: &[Handle], terminal: &Terminal, started: Instant) {
    if terminal.is_json() || terminal.is_quiet() {
        return std::future::pending().await;
    }
    let interval = if terminal.is_live() {
        LIVE_INTERVAL
    } else {
        PLAIN_INTERVAL
    };
    let mut lines = tokio::time::interval(interval);
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    let mut view = View::new(handles, started);
    for number in 0_u32.. {
        loop {
            tokio::select! {
                _ = looks.tick() => view.look(),
                _ = lines.tick() => break,
            }
        }
        if number.is_multiple_of(SIZE_LOOK_INTERVAL) {
            view.measure_disk();
        }
        let line = view.line();
        if terminal.is_live() {
            let spinner = SPINNER[number as usize % SPINNER.len()];
            terminal.live(Some(&format!(" {spinner} {line}")));
        } else if number > 0 {
            terminal.say(&line);
        }
    }
}

/// What is shown of the nodes.
struct View<'a> {
    handles: &'a [Handle],
    started: Instant,
    confirmed: MilestoneIndex,
    /// When the newest milestone was first seen. Its own time has whole seconds only.
    seen: Instant,
    disk_bytes: u64,
}

impl<'a> View<'a> {
    fn new(handles: &'a [Handle], started: Instant) -> Self {
        let mut view = Self {
            handles,
            started,
            confirmed: MilestoneIndex(0),
            seen: Instant::now(),
            disk_bytes: 0,
        };
        view.look();
        view
    }

    fn look(&mut self) {
        let indexes = self
            .handles
            .iter()
            .map(|handle| handle.status().confirmed.index);
        let confirmed = indexes.max().unwrap_or_default();
        if confirmed != self.confirmed {
            self.confirmed = confirmed;
            self.seen = Instant::now();
        }
    }

    fn measure_disk(&mut self) {
        let sizes = self.handles.iter().map(|handle| handle.reader().sizes());
        let sizes: Result<Vec<_>, _> = sizes.collect();
        if let Ok(sizes) = sizes {
            self.disk_bytes = sizes.iter().map(Sizes::total_bytes).sum();
        }
    }

    fn line(&self) -> String {
        let statuses: Vec<_> = self.handles.iter().map(Handle::status).collect();
        let seconds = self.started.elapsed().as_secs();
        let clock = format!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
        if let [status] = &statuses[..]
            && let Some(blocker) = &status.blocker
        {
            return format!("{clock}  not healthy: {blocker}");
        }
        format!(
            "{clock}  milestone {} · final {:.1} s ago · {} blocks ({:.1}/s) · {} · {} · disk {}",
            self.confirmed,
            self.seen.elapsed().as_secs_f64(),
            // All nodes count the same.
            statuses[0].referenced_total,
            statuses[0].blocks_per_second,
            match &statuses[..] {
                [status] => format!(
                    "tips {} · {} peers",
                    status.tip_count,
                    self.handles[0].peers().len()
                ),
                many => format!("{} · {}", health(many), self.links()),
            },
            bytes(resident_bytes()),
            bytes(self.disk_bytes),
        )
    }

    /// The connections between the nodes.
    fn links(&self) -> String {
        let peers = self.handles.iter().flat_map(Handle::peers);
        let connections = peers.filter_map(|peer| Some(peer.connection?.state));
        let (mut end_count, mut lost_count) = (0, 0);
        for connection in connections {
            end_count += 1;
            lost_count += connection.lost_count;
        }
        let links = format!("{} links", end_count / 2);
        match lost_count {
            0 => links,
            count => format!("{links}, {count} messages lost"),
        }
    }
}

/// How several nodes are: all well, or what the first one waits for that is not.
fn health(statuses: &[Arc<Status>]) -> String {
    let count = statuses.len();
    let blockers = || {
        let numbered = (1..).zip(statuses);
        numbered.filter_map(|(number, status)| Some((number, status.blocker.as_ref()?)))
    };
    match blockers().next() {
        None => format!("{count} nodes"),
        Some((number, blocker)) => format!(
            "{} of {count} nodes healthy, node {number}: {blocker}",
            count - blockers().count()
        ),
    }
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
