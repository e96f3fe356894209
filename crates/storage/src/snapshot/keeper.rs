//! The snapshots that a node renews while it runs: one full file, and one delta that leads from it
//! to a later milestone.
//!
//! ```text
//!  full_snapshot.bin    as of milestone F
//!  delta_snapshot.bin   all diffs F+1 ..= D, made from the delta before and what came since
//! ```
//!
//! A delta costs what has changed since the full one; when that is a good part of the full one, a
//! new full one is written. A delta beside a newer full one, as a crash may leave it, names another
//! milestone than that full one has, so nobody can mistake it; it is removed.

use std::fs;
use std::path::{Path, PathBuf};

use tangle_types::{MilestoneId, MilestoneIndex};

use super::base::open;
use super::error::at;
use super::{Header, Pace, SnapshotError, export};
use crate::{Genesis, Reader};

const FULL: &str = "full_snapshot.bin";
const DELTA: &str = "delta_snapshot.bin";

/// When a new full snapshot takes the place of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaLimit {
    /// Size of the delta in per cent of the full snapshot.
    pub percent_max: u32,
    /// A delta up to this size is never too large.
    pub bytes_min: u64,
}

impl Default for DeltaLimit {
    fn default() -> Self {
        Self {
            percent_max: 50,
            bytes_min: 50 << 20,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// Whether it is a full snapshot.
    pub is_full: bool,
    /// The milestone that it leads to.
    pub target_index: MilestoneIndex,
    /// Its size.
    pub size_bytes: u64,
}

/// A snapshot file that is there.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    target_index: MilestoneIndex,
    /// Of a full one: its target. Of a delta: the target of the full one that it continues.
    full_id: MilestoneId,
    size_bytes: u64,
}

/// What to write a snapshot of.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The store.
    pub reader: &'a Reader,
    /// Its network.
    pub genesis: &'a Genesis,
    /// The milestone.
    pub target: MilestoneIndex,
    /// How fast.
    pub pace: &'a Pace,
}

/// Keeps the snapshots in a folder.
#[derive(Debug)]
pub struct Keeper {
    folder: PathBuf,
    limit: DeltaLimit,
}

impl Keeper {
    /// Keeps the snapshots in `folder`, which need not exist yet.
    #[must_use]
    pub const fn new(folder: PathBuf, limit: DeltaLimit) -> Self {
        Self { folder, limit }
    }

    /// The milestone that the newest snapshot leads to.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn newest(&self) -> Result<Option<MilestoneIndex>, SnapshotError> {
        let full = self.full()?;
        let delta = match &full {
            Some(full) => self.delta(full)?,
            None => None,
        };
        Ok(delta.or(full).map(|kept| kept.target_index))
    }

    /// Writes a snapshot: a delta if that is the smaller one by far and the store still has what it
    /// needs, else a full one.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub fn renew(&self, order: &Order<'_>) -> Result<Written, SnapshotError> {
        fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let full = self.full()?.filter(|full| full.target_index < order.target);
        if let Some(full) = full {
            let before = self.delta(&full)?;
            let is_small = before
                .as_ref()
                .is_none_or(|delta| self.is_small(delta, &full));
            if is_small {
                match self.write_delta(order, &full, before.as_ref()) {
                    Err(SnapshotError::NoSuchTarget { reason, .. }) => {
                        tracing::info!(%reason, "no delta snapshot can be written, so a full one is");
                    }
                    result => return result,
                }
            }
        }
        self.write_full(order)
    }

    fn write_full(&self, order: &Order<'_>) -> Result<Written, SnapshotError> {
        let path = self.folder.join(FULL);
        export::write(order, &path)?;
        let delta = self.folder.join(DELTA);
        if delta.exists() {
            fs::remove_file(&delta).map_err(at(&delta))?;
        }
        written(path, true, order.target)
    }

    fn write_delta(
        &self,
        order: &Order<'_>,
        full: &Kept,
        before: Option<&Kept>,
    ) -> Result<Written, SnapshotError> {
        let path = self.folder.join(DELTA);
        let continued = export::Continued {
            full_target_milestone_id: full.full_id,
            before: before.map(|delta| delta.path.as_path()),
            reached: before.map_or(full.target_index, |delta| delta.target_index),
        };
        export::write_delta(order, &continued, &path)?;
        written(path, false, order.target)
    }

    fn is_small(&self, delta: &Kept, full: &Kept) -> bool {
        let part = full
            .size_bytes
            .saturating_mul(self.limit.percent_max.into())
            / 100;
        delta.size_bytes <= part.max(self.limit.bytes_min)
    }

    fn full(&self) -> Result<Option<Kept>, SnapshotError> {
        kept(&self.folder.join(FULL))
    }

    /// The delta that continues `full`.
    fn delta(&self, full: &Kept) -> Result<Option<Kept>, SnapshotError> {
        let delta = kept(&self.folder.join(DELTA))?;
        Ok(delta.filter(|delta| delta.full_id == full.full_id))
    }
}

/// What a file says of itself; `None` when there is none that can be continued.
fn kept(path: &Path) -> Result<Option<Kept>, SnapshotError> {
    if !path.exists() {
        return Ok(None);
    }
    let header = match open(path) {
        Ok(reader) => reader.header().clone(),
        Err(error @ (SnapshotError::File { .. } | SnapshotError::Io { .. })) => return Err(error),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a snapshot is replaced");
            return Ok(None);
        }
    };
    let (target_index, full_id) = match header {
        Header::Full(header) => (header.target_index, header.target_milestone_id),
        Header::Delta(header) => (header.target_index, header.full_target_milestone_id),
    };
    Ok(Some(Kept {
        target_index,
        full_id,
        size_bytes: fs::metadata(path).map_err(at(path))?.len(),
        path: path.to_owned(),
    }))
}

fn written(
    path: PathBuf,
    is_full: bool,
    target_index: MilestoneIndex,
) -> Result<Written, SnapshotError> {
    Ok(Written {
        size_bytes: fs::metadata(&path).map_err(at(&path))?.len(),
        path,
        is_full,
        target_index,
    })
}
