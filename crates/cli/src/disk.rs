//! Room on a disk: whether a node can start, and whether it ended for want of it.

use std::path::Path;

use crate::failure::{Code, Failure, Outcome};
use crate::live::bytes;

/// Room that a node needs to start: it would get no further than its first milestones with less,
/// and end in the middle of a write.
const START_BYTES_MIN: u64 = 64_000_000;
/// Room below which a write that failed has failed for want of it.
const WRITE_BYTES_MIN: u64 = 4_000_000;

/// Bytes that this process may still write on the disk of `folder`, which need not be there yet.
/// `None` when the system does not tell.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Refuses to start where there is no room.
pub(crate) fn require_room(folder: &Path) -> Outcome {
    match free_bytes(folder) {
        Some(free) if free < START_BYTES_MIN => {
            Err(full(folder, free).with("needed", format!("{} to start", bytes(START_BYTES_MIN))))
        }
        _ => Ok(()),
    }
}

/// Why a node with its data in `folder` failed: the disk, if that is full.
pub(crate) fn node_failure(folder: &Path, reason: &str) -> Box<Failure> {
    match free_bytes(folder) {
        Some(free) if free < WRITE_BYTES_MIN => full(folder, free).with("then", reason),
        _ => Failure::new(Code::NodeFailed, reason),
    }
}

fn full(folder: &Path, free: u64) -> Box<Failure> {
    Failure::new(
        Code::Disk,
        format!("the disk is full: {} are free", bytes(free)),
    )
    .with("folder", folder.display())
    .help(
        "free some space, or set pruning.size_bytes lower; the node then goes on where it was,\n\
         by itself if a service manager starts it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_of_a_folder_that_is_not_there_yet_is_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let free = free_bytes(folder.path()).expect("the system tells");
        assert!(free > 0);
        let deep = folder.path().join("not/yet/there");
        let deep = free_bytes(&deep).expect("the system tells");
        assert!(deep.abs_diff(free) < 1 << 30, "it is the same disk");
    }

    #[test]
    fn failure_is_not_put_on_a_disk_with_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let failure = node_failure(folder.path(), "a cause of its own");
        assert_eq!(failure.message(), "a cause of its own");
    }
}
