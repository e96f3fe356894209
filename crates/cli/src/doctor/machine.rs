//! What the machine is like.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Finding;
use crate::disk;
use crate::live::bytes;

/// When this program was written: a clock that says less is wrong.
const CLOCK_MIN: u64 = 1_767_225_600;
/// How far clock and stopwatch may differ over the test.
const CLOCK_DRIFT_MAX: Duration = Duration::from_millis(20);
const CLOCK_TEST: Duration = Duration::from_millis(100);
/// Memory below which a node gets into trouble.
const MEMORY_MIN: u64 = 256_000_000;
/// Files that a node may have open: its store, and its clients.
const OPEN_FILES_MIN: u64 = 1_024;
const OPEN_FILES_WANTED: u64 = 4_096;
/// Free space below which a node gets into trouble.
const SPACE_MIN: u64 = 500_000_000;
/// Writes that are timed.
const SYNC_COUNT: u32 = 20;
/// A milestone needs a few syncs a second.
const SYNC_MAX: Duration = Duration::from_millis(100);
const SYNC_WANTED: Duration = Duration::from_millis(20);

/// Milestones carry real time.
pub(super) fn clock() -> Finding {
    const NAME: &str = "clock";
    const FIX: &str = "set the clock and keep it with NTP (timedatectl set-ntp true)";
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    };
    let (clock, stopwatch) = (now(), Instant::now());
    std::thread::sleep(CLOCK_TEST);
    let drift = now().saturating_sub(clock).abs_diff(stopwatch.elapsed());
    let seconds = clock.as_secs();
    if seconds < CLOCK_MIN {
        return Finding::bad(NAME, format!("unix time {seconds} is in the past"), FIX);
    }
    if drift > CLOCK_DRIFT_MAX {
        return Finding::poor(NAME, format!("it jumped by {drift:?} just now"), FIX);
    }
    Finding::good(NAME, format!("unix time {seconds}, steady"))
}

pub(super) fn processors() -> Finding {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let kernels = tangle_crypto::pow::Kernel::available();
    let kernel = kernels.last().map_or("none", |kernel| match kernel {
        tangle_crypto::pow::Kernel::Portable => "portable",
        tangle_crypto::pow::Kernel::Avx2 => "AVX2",
        tangle_crypto::pow::Kernel::Avx512 => "AVX-512",
    });
    Finding::good(
        "processors",
        format!("{count}, proof of work with the {kernel} code"),
    )
}

/// Memory of the machine, or of the control group if that has less.
pub(super) fn memory() -> Finding {
    const NAME: &str = "memory";
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib * 1024)
    });
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse::<u64>().ok());
    let Some(limit) = machine.into_iter().chain(group).min() else {
        return Finding::good(NAME, "the system does not tell its size");
    };
    let whose = if group == Some(limit) {
        "limit of the control group"
    } else {
        "of this machine"
    };
    let text = format!("{} ({whose})", bytes(limit));
    if limit < MEMORY_MIN {
        return Finding::poor(
            NAME,
            text,
            format!(
                "a node wants {}; set storage.memory_bytes lower",
                bytes(MEMORY_MIN)
            ),
        );
    }
    Finding::good(NAME, text)
}

pub(super) fn open_files() -> Finding {
    const NAME: &str = "open files";
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|text| match text {
            "unlimited" => Some(u64::MAX),
            text => text.parse().ok(),
        });
    let Some(limit) = soft else {
        return Finding::good(NAME, "the system does not tell its limit");
    };
    let text = match limit {
        u64::MAX => "unlimited".to_owned(),
        limit => format!("{limit} allowed"),
    };
    let fix = format!("ulimit -n {OPEN_FILES_WANTED}, or LimitNOFILE in the systemd unit");
    if limit < OPEN_FILES_MIN {
        Finding::bad(NAME, text, fix)
    } else if limit < OPEN_FILES_WANTED {
        Finding::poor(NAME, text, fix)
    } else {
        Finding::good(NAME, text)
    }
}

/// Room on the disk of `folder`.
pub(super) fn space(folder: &Path) -> Finding {
    const NAME: &str = "disk space";
    let Some(free) = disk::free_bytes(folder) else {
        return Finding::good(NAME, "the system does not tell what is free");
    };
    let text = format!("{} free at {}", bytes(free), folder.display());
    if free < SPACE_MIN {
        return Finding::bad(
            NAME,
            text,
            "free some space, set pruning.size_bytes, or move the data folder",
        );
    }
    Finding::good(NAME, text)
}

/// How long the disk of `folder` takes to make a write durable.
pub(super) fn disk_speed(folder: &Path) -> Finding {
    const NAME: &str = "disk speed";
    let took = match time_syncs(folder) {
        Ok(took) => took,
        Err(error) => {
            return Finding::bad(
                NAME,
                format!("{} cannot be written: {error}", folder.display()),
                "give this user the folder, or choose another data folder",
            );
        }
    };
    let text = format!("{:.1} ms for a durable write", took.as_secs_f64() * 1e3);
    let fix = "use a local SSD; network file systems are too slow";
    if took > SYNC_MAX {
        Finding::bad(NAME, text, fix)
    } else if took > SYNC_WANTED {
        Finding::poor(NAME, text, fix)
    } else {
        Finding::good(NAME, text)
    }
}

fn time_syncs(folder: &Path) -> std::io::Result<Duration> {
    use std::io::Write;
    let mut file = tempfile::tempfile_in(folder)?;
    let started = Instant::now();
    for _ in 0..SYNC_COUNT {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(started.elapsed() / SYNC_COUNT)
}
