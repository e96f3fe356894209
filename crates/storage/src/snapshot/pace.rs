//! How fast a file is written: beside the node's own work, and no longer than somebody wants it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes after which the disk is made to follow, so that one large sync at the end does not hold up
/// the store's small ones.
const SYNC_BYTES: u64 = 8 << 20;
/// Longest sleep before a look at whether to stop.
const SLEEP_MAX: Duration = Duration::from_millis(50);

/// How fast to write, and whether to go on.
#[derive(Debug, Default)]
pub struct Pace {
    bytes_per_second: Option<u64>,
    is_stopped: AtomicBool,
}

impl Pace {
    /// At most so many bytes a second; without a limit, as fast as the disk.
    #[must_use]
    pub const fn new(bytes_per_second: Option<u64>) -> Self {
        Self {
            bytes_per_second,
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Whoever writes should give up.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether whoever writes should give up.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}

/// A file that is written at a pace.
#[derive(Debug)]
pub(super) struct PacedFile<'p> {
    file: File,
    pace: &'p Pace,
    started: Instant,
    written_bytes: u64,
    unsynced_bytes: u64,
}

impl<'p> PacedFile<'p> {
    pub(super) fn new(file: File, pace: &'p Pace) -> Self {
        Self {
            file,
            pace,
            started: Instant::now(),
            written_bytes: 0,
            unsynced_bytes: 0,
        }
    }

    pub(super) fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Waits until so much may have been written.
    fn keep_pace(&self) -> io::Result<()> {
        loop {
            if self.pace.is_stopped() {
                return Err(io::Error::other("writing was stopped"));
            }
            let Some(rate) = self.pace.bytes_per_second else {
                return Ok(());
            };
            let due = Duration::from_secs_f64(self.written_bytes as f64 / rate.max(1) as f64);
            let ahead = due.saturating_sub(self.started.elapsed());
            if ahead.is_zero() {
                return Ok(());
            }
            std::thread::sleep(ahead.min(SLEEP_MAX));
        }
    }
}

impl Write for PacedFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.keep_pace()?;
        let count = self.file.write(bytes)?;
        self.written_bytes += count as u64;
        self.unsynced_bytes += count as u64;
        if self.unsynced_bytes >= SYNC_BYTES {
            self.unsynced_bytes = 0;
            self.file.sync_data()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for PacedFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_kept() {
        let pace = Pace::new(Some(1 << 20));
        let mut file = PacedFile::new(tempfile::tempfile().unwrap(), &pace);
        for _ in 0..4 {
            file.write_all(&[0; 1 << 16]).unwrap();
        }
        // What was written before the last call must have had its time.
        assert!(file.started.elapsed() >= Duration::from_millis(187));
    }

    #[test]
    fn a_stopped_file_takes_nothing() {
        let pace = Pace::new(Some(1));
        let mut file = PacedFile::new(tempfile::tempfile().unwrap(), &pace);
        file.write_all(&[0; 1 << 16]).unwrap();
        pace.stop();
        file.write_all(&[0]).unwrap_err();
    }
}
