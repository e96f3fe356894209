//! The block log: every block ever stored, in the order in which it came, and what each confirmed
//! milestone referenced. It is the truth that everything else can be made from again.
//!
//! ```text
//!  blocks/0000000007.seg   frames: block block commit block ...
//!  blocks/0000000007.tab   of a closed segment: id, offset and standing of each block
//!  index/0000000000-0000000007.run   sorted: key of an id -> number of the block
//! ```
//!
//! A block has a number (`seq`) that counts up over all segments. To find a block by id, the young
//! segments, and those that are not closed yet, are asked in memory and then the runs, newest
//! first; eight neighbouring runs of a size are merged into one, so there are few of them however
//! much is stored.
//!
//! Invariant: a milestone's commit frame lies behind the frames of all blocks it references, so
//! segments that are dropped oldest first never leave a commit without its blocks' outputs.

mod closer;
mod commit;
mod flusher;
mod frame;
mod hot;
mod part;
mod recover;
mod run;
mod segment;
mod standing;
mod table;
mod writer;
mod young;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use tangle_types::{BlockId, MilestoneIndex, PARENTS_MAX};

pub(crate) use commit::CommitRecord;
pub(crate) use frame::FrameKind;
pub(crate) use hot::Entry;
use hot::Hot;
pub(crate) use recover::{Recovered, newest_commit, open};
use run::Run;
pub(crate) use segment::Segment;
pub(crate) use writer::LogWriter;

use crate::StoreError;

/// Blocks with which a segment is full; bounds the memory of a young one to about 3 MB. The batch
/// that fills it may have some more, for which the powers of two still have room in which that
/// memory grows.
pub(crate) const SEGMENT_BLOCKS_MAX: usize = 30_000;
/// Newest segments whose blocks are in memory in any case.
const HOT_SEGMENTS_MIN: usize = 2;
/// Newest segments whose blocks are in memory while many of them are unreferenced, so that they are
/// when a milestone references them, however many come in a second.
const HOT_SEGMENTS_MAX: usize = 12;
/// Unreferenced blocks that are too few to keep a segment's blocks in memory.
const STRAGGLERS_MAX: usize = 128;
/// Newest segments whose files stay open.
const OPEN_SEGMENTS: usize = 32;
/// Runs of about a size that are merged into one.
const MERGE_COUNT: usize = 8;

/// What must have happened before the table of a segment may be written.
pub(crate) type Prepare = Box<dyn FnOnce() -> Result<(), StoreError> + Send>;

/// Where a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Number of the segment.
    pub(crate) segment: u64,
    /// Offset of the frame.
    pub(crate) offset: u32,
}

/// Where the commit of a milestone lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commit {
    pub(crate) position: Position,
    pub(crate) index: MilestoneIndex,
    /// Number of the oldest block that it needs.
    pub(crate) oldest_seq: u64,
}

/// The log as readers see it.
#[derive(Debug)]
pub(crate) struct BlockLog {
    folder: PathBuf,
    runs_folder: PathBuf,
    genesis: [u8; 32],
    /// Guards the lists; their members are shared and do not move. Who holds it may ask segments
    /// for what they have in memory, so nobody who holds a segment's memory may ask for the lists.
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Oldest first.
    segments: VecDeque<Arc<Segment>>,
    /// Newest first.
    runs: Vec<Arc<Run>>,
}

/// A block that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) segment: Arc<Segment>,
    pub(crate) index: usize,
    pub(crate) entry: Entry,
}

impl Found {
    /// The block's number.
    pub(crate) fn seq(&self) -> u64 {
        self.segment.first_seq + self.index as u64
    }

    /// The block's bytes.
    pub(crate) fn bytes(&self) -> Result<Bytes, StoreError> {
        self.segment
            .body(self.entry.offset, FrameKind::Block, self.seq())
    }
}

/// How far `parent` lies behind block `seq`; 0 when that is not known.
fn distance(seq: u64, parent: Option<u64>) -> u32 {
    let distance = parent.and_then(|parent| seq.checked_sub(parent));
    let distance = distance.and_then(|distance| u32::try_from(distance).ok());
    distance.unwrap_or(0)
}

impl BlockLog {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds a block by its id.
    pub(crate) fn find(&self, id: &BlockId) -> Result<Option<Found>, StoreError> {
        let state = self.read();
        for segment in state.young() {
            if let Some((index, entry)) = segment.find_hot(id) {
                return Ok(Some(Found {
                    segment: Arc::clone(segment),
                    index,
                    entry,
                }));
            }
        }
        let key = run::key_of(id);
        let mut numbers = Vec::new();
        for run in &state.runs {
            run.find(key, &mut numbers)?;
            for seq in numbers.drain(..) {
                if let Some(found) = state.by_seq(seq)?
                    && found.entry.id == *id
                {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// How far the parent `id` lies behind block `seq`, the last one of `hot`; 0 when the parent is
    /// not stored. `hot` must not be a segment's own, see [`Segment::fill`].
    fn distance(&self, id: &BlockId, seq: u64, hot: &Hot) -> Result<u32, StoreError> {
        let first_seq = seq + 1 - hot.entries().len() as u64;
        let parent = match hot.find(id) {
            Some(index) => Some(first_seq + index as u64),
            None => self.find(id)?.map(|found| found.seq()),
        };
        Ok(distance(seq, parent))
    }

    /// Calls `each` with the parents of a block that milestones have referenced. `false` when that
    /// is not known without a look at the block.
    pub(crate) fn referenced_parents(
        &self,
        found: &Found,
        mut each: impl FnMut(BlockId, MilestoneIndex),
    ) -> Result<bool, StoreError> {
        let (mut distances, mut count) = ([0; PARENTS_MAX], 0);
        let is_known = found.segment.for_each_parent(found.index, |distance| {
            distances[count] = distance;
            count += 1;
        });
        if !is_known || distances[..count].contains(&0) {
            return Ok(false);
        }
        for distance in &distances[..count] {
            if let Some(parent) = self.by_seq(found.seq() - u64::from(*distance))?
                && let Some(standing) = parent.entry.standing
            {
                each(parent.entry.id, standing.referenced_by);
            }
        }
        Ok(true)
    }

    /// The block with a number; `None` when it was pruned or lost.
    pub(crate) fn by_seq(&self, seq: u64) -> Result<Option<Found>, StoreError> {
        self.read().by_seq(seq)
    }

    /// The segment with a number.
    pub(crate) fn segment(&self, number: u64) -> Option<Arc<Segment>> {
        let state = self.read();
        let at = state
            .segments
            .binary_search_by_key(&number, |segment| segment.number)
            .ok()?;
        Some(Arc::clone(&state.segments[at]))
    }

    /// The commit record at a position.
    pub(crate) fn commit(
        &self,
        position: Position,
        index: MilestoneIndex,
    ) -> Result<CommitRecord, StoreError> {
        let Some(segment) = self.segment(position.segment) else {
            let path = self.folder.join(segment::file_name(position.segment));
            return Err(StoreError::damaged(&path, "the file is missing"));
        };
        let body = segment.body(position.offset, FrameKind::Commit, u64::from(index.0))?;
        CommitRecord::from_bytes(&body).ok_or_else(|| {
            StoreError::damaged(
                segment.path(),
                format!("the record of milestone {index} is wrong"),
            )
        })
    }

    /// Number of the oldest block.
    pub(crate) fn first_seq(&self) -> u64 {
        let state = self.read();
        state
            .segments
            .front()
            .map_or(0, |segment| segment.first_seq)
    }

    /// Number of the oldest segment.
    pub(crate) fn first_segment(&self) -> u64 {
        let state = self.read();
        state.segments.front().map_or(0, |segment| segment.number)
    }

    /// The commits of milestones above `index`, in the order of the log. Only where they lie: the
    /// records of all would not fit into memory.
    pub(crate) fn commits_above(&self, index: MilestoneIndex) -> Result<Vec<Commit>, StoreError> {
        let mut commits = Vec::new();
        for segment in self.segments() {
            // Commits in a closed file are of milestones up to the index at which it was closed.
            let table = segment.table();
            if table.is_some_and(|table| table.closed_at() <= index) {
                continue;
            }
            recover::commits(&segment, |position, record| {
                if record.index > index {
                    let seqs = record.cone.iter().map(|(seq, _)| *seq);
                    commits.push(Commit {
                        position,
                        index: record.index,
                        oldest_seq: seqs.fold(record.block_seq, u64::min),
                    });
                }
            })?;
        }
        Ok(commits)
    }

    /// All segments, oldest first.
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        self.read().segments.iter().cloned().collect()
    }

    /// Bytes on disk and blocks.
    pub(crate) fn sizes(&self) -> Result<(u64, u64), StoreError> {
        let state = self.read();
        let (mut bytes, mut blocks) = (0, 0);
        for segment in &state.segments {
            bytes += segment.size_bytes()?;
            blocks += segment.count() as u64;
        }
        for run in &state.runs {
            bytes += run.size_bytes()?;
        }
        Ok((bytes, blocks))
    }

    /// Reads the files that are looked up in, and says what is wrong with them.
    pub(crate) fn verify(&self, report: &mut dyn FnMut(StoreError)) {
        let (segments, runs) = {
            let state = self.read();
            let segments: Vec<_> = state.segments.iter().cloned().collect();
            (segments, state.runs.clone())
        };
        for run in runs {
            if let Err(error) = run.verify() {
                report(error);
            }
        }
        for segment in segments {
            if let Some(table) = segment.table()
                && let Err(error) = table.verified_entries()
            {
                report(error);
            }
            if let Err(error) = recover::verify(&segment, report) {
                report(error);
            }
        }
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn run_path(&self, span: (u64, u64)) -> PathBuf {
        self.runs_folder
            .join(format!("{:010}-{:010}.run", span.0, span.1))
    }
}

impl State {
    /// The segments whose blocks may be in memory, newest first. One that is not closed yet has no
    /// run in which its blocks could be found.
    fn young(&self) -> impl Iterator<Item = &Arc<Segment>> {
        let newest_first = self.segments.iter().rev().enumerate();
        newest_first
            .take_while(|(age, segment)| *age < HOT_SEGMENTS_MAX || segment.table().is_none())
            .map(|(_, segment)| segment)
    }

    fn by_seq(&self, seq: u64) -> Result<Option<Found>, StoreError> {
        let behind = self
            .segments
            .partition_point(|segment| segment.first_seq <= seq);
        let Some(segment) = behind.checked_sub(1).and_then(|at| self.segments.get(at)) else {
            return Ok(None);
        };
        let index = (seq - segment.first_seq) as usize;
        let entry = segment.entry(index)?.filter(|entry| !entry.is_lost());
        Ok(entry.map(|entry| Found {
            segment: Arc::clone(segment),
            index,
            entry,
        }))
    }
}
