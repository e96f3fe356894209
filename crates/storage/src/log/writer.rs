//! Appending to the log.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::sync::Arc;

use tangle_engine::CheckedBlock;
use tangle_types::{BlockMetadata, MilestoneIndex};

use super::closer::{Closer, Full, Task};
use super::flusher::Flusher;
use super::frame::{self, FrameKind};
use super::hot::Entry;
use super::run::{self, Run};
use super::segment::{self, Segment};
use super::young::Unstored;
use super::{
    BlockLog, HOT_SEGMENTS_MAX, HOT_SEGMENTS_MIN, MERGE_COUNT, OPEN_SEGMENTS, Position, Prepare,
    SEGMENT_BLOCKS_MAX, STRAGGLERS_MAX,
};
use crate::StoreError;
use crate::error::AtPath;

/// Largest segment: offsets of frames have 32 bits.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// The log's writing half.
#[derive(Debug)]
pub(crate) struct LogWriter {
    log: Arc<BlockLog>,
    active: Arc<Segment>,
    file: File,
    size: u64,
    segment_bytes: u64,
    buffer: Vec<u8>,
    flusher: Flusher,
    closer: Closer,
    /// Full segments whose standings were changed since the newest was begun.
    changed: Vec<Arc<Segment>>,
}

impl LogWriter {
    /// Goes on behind the last frame of the newest segment, or begins the first one.
    pub(super) fn new(log: Arc<BlockLog>, segment_bytes: u64) -> Result<Self, StoreError> {
        let newest = log.read().segments.back().cloned();
        let (active, file) = match newest {
            Some(segment) if segment.table().is_none() => {
                let file = segment.append_handle()?;
                (segment, file)
            }
            Some(closed) => begin(
                &log,
                closed.number + 1,
                closed.first_seq + closed.count() as u64,
            )?,
            None => begin(&log, 0, 0)?,
        };
        Ok(Self {
            size: file.metadata().at(active.path())?.len(),
            segment_bytes: segment_bytes.clamp(1 << 16, SEGMENT_BYTES_MAX),
            buffer: Vec::new(),
            flusher: Flusher::start(log.folder())?,
            closer: Closer::start(Arc::clone(&log))?,
            changed: Vec::new(),
            log,
            active,
            file,
        })
    }

    /// Appends the blocks that are not there yet.
    pub(crate) fn append_blocks(&mut self, blocks: &[Arc<CheckedBlock>]) -> Result<(), StoreError> {
        let next_seq = self.active.first_seq + self.active.count() as u64;
        let Unstored { blocks, distances } = self.log.unstored(blocks, next_seq)?;
        self.buffer.clear();
        let mut entries = Vec::with_capacity(blocks.len());
        for (block, seq) in blocks.iter().zip(next_seq..) {
            entries.push(Entry {
                id: block.id(),
                offset: (self.size + self.buffer.len() as u64) as u32,
                standing: None,
            });
            let bytes = &block.parsed().bytes;
            frame::write(
                self.active.salt,
                FrameKind::Block,
                seq,
                bytes,
                &mut self.buffer,
            );
        }
        self.flush()?;
        let mut distances = distances.into_iter();
        self.active.fill(|hot| {
            for (entry, block) in entries.into_iter().zip(blocks) {
                hot.push(entry);
                let distances = distances.by_ref().take(block.parents().len());
                distances.for_each(|distance| hot.push_parent(distance));
            }
        });
        Ok(())
    }

    /// Appends a block without parents, whatever its bytes.
    #[cfg(test)]
    pub(super) fn append_block_bytes(
        &mut self,
        id: tangle_types::BlockId,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let entry = Entry {
            id,
            offset: self.size as u32,
            standing: None,
        };
        let seq = self.active.first_seq + self.active.count() as u64;
        self.append_record(FrameKind::Block, seq, bytes)?;
        self.active.fill(|hot| hot.push(entry));
        Ok(())
    }

    /// Appends another record and returns where it lies.
    pub(crate) fn append_record(
        &mut self,
        kind: FrameKind,
        number: u64,
        body: &[u8],
    ) -> Result<Position, StoreError> {
        self.buffer.clear();
        let position = Position {
            segment: self.active.number,
            offset: self.size as u32,
        };
        frame::write(self.active.salt, kind, number, body, &mut self.buffer);
        self.flush()?;
        Ok(position)
    }

    /// Makes everything appended durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.flusher.synced();
        self.file.sync_data().at(self.active.path())
    }

    /// Waits until full segments are closed and the files of forgotten ones are removed.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        self.closer.finish()
    }

    /// Notes what a milestone made of blocks, by their numbers.
    pub(crate) fn set_standings(
        &mut self,
        standings: impl Iterator<Item = (u64, BlockMetadata)>,
    ) -> Result<(), StoreError> {
        let segments = self.log.segments();
        let mut by_segment: BTreeMap<usize, Vec<(usize, BlockMetadata)>> = BTreeMap::new();
        for (seq, standing) in standings {
            let behind = segments.partition_point(|segment| segment.first_seq <= seq);
            let Some(at) = behind.checked_sub(1) else {
                continue;
            };
            let index = (seq - segments[at].first_seq) as usize;
            by_segment.entry(at).or_default().push((index, standing));
        }
        for (at, standings) in by_segment {
            let segment = &segments[at];
            segment.set_standings(&standings)?;
            let is_noted = |changed: &Arc<Segment>| changed.number == segment.number;
            // Where the active one is closed, its whole table becomes durable.
            if segment.number != self.active.number && !self.changed.iter().any(is_noted) {
                self.changed.push(Arc::clone(segment));
            }
        }
        Ok(())
    }

    /// Bytes with which a segment is full; one of many small blocks is full before.
    pub(crate) const fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    /// Whether the segment should be closed.
    pub(crate) fn is_full(&self) -> bool {
        self.size >= self.segment_bytes || self.active.count() >= SEGMENT_BLOCKS_MAX
    }

    /// Begins the next segment and has the full one closed, after `prepare`.
    pub(crate) fn close(
        &mut self,
        ledger: MilestoneIndex,
        prepare: Option<Prepare>,
    ) -> Result<(), StoreError> {
        // Only the newest segment may have an end that a crash has torn.
        self.sync()?;
        let segment = Arc::clone(&self.active);
        let next_seq = segment.first_seq + segment.count() as u64;
        (self.active, self.file) = begin(&self.log, segment.number + 1, next_seq)?;
        self.size = segment::HEADER_BYTES as u64;
        self.closer.take(Task::Close(Full {
            segment,
            closed_at: ledger,
            changed: std::mem::take(&mut self.changed),
            prepare,
        }))
    }

    /// Forgets the oldest segments up to number `last` and has their files removed.
    pub(crate) fn drop_segments(&mut self, last: u64) -> Result<(), StoreError> {
        let mut segments = Vec::new();
        let mut state = self.log.write();
        while let Some(oldest) = state.segments.front()
            && oldest.number <= last
            && oldest.number < self.active.number
        {
            segments.extend(state.segments.pop_front());
        }
        let first = state.segments.front().map_or(0, |segment| segment.number);
        let (kept, runs) = state.runs.drain(..).partition(|run| run.span.1 >= first);
        state.runs = kept;
        drop(state);
        self.closer.take(Task::Remove(segments, runs))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.file.write_all(&self.buffer).at(self.active.path())?;
        let bytes = self.buffer.len() as u64;
        self.size += bytes;
        self.flusher.appended(bytes, self.active.path());
        // A single huge commit must not keep its memory for ever.
        self.buffer.shrink_to(4 << 20);
        Ok(())
    }
}

fn begin(log: &BlockLog, number: u64, first_seq: u64) -> Result<(Arc<Segment>, File), StoreError> {
    let salt = RandomState::new().hash_one(number) as u32;
    let (segment, file) = Segment::create(log.folder(), &log.genesis, number, first_seq, salt)?;
    let segment = Arc::new(segment);
    log.write().segments.push_back(Arc::clone(&segment));
    Ok((segment, file))
}

/// Writes the run and the table of a segment to which nothing is appended any more. `closed_at` is
/// the ledger index when it was full.
pub(super) fn close(
    log: &BlockLog,
    segment: &Segment,
    closed_at: MilestoneIndex,
) -> Result<(), StoreError> {
    let entries = segment.entries()?;
    index(log, segment, &entries)?;
    segment.close(log.folder(), closed_at, &entries)
}

/// Writes the run of one segment with these entries.
pub(super) fn index(
    log: &BlockLog,
    segment: &Segment,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let mut pairs: Vec<run::Pair> = entries
        .iter()
        .zip(segment.first_seq..)
        .filter(|(entry, _)| !entry.is_lost())
        .map(|(entry, seq)| (run::key_of(&entry.id), seq))
        .collect();
    pairs.sort_unstable();
    let span = (segment.number, segment.number);
    let count = pairs.len();
    let run = Run::create(log.run_path(span), span, count, pairs.into_iter().map(Ok))?;
    log.write().runs.insert(0, Arc::new(run));
    Ok(())
}

/// Gives up memory and descriptors of segments that do not need them any more.
pub(super) fn settle(log: &BlockLog) {
    let state = log.read();
    for (age, segment) in state.segments.iter().rev().enumerate() {
        let is_needed = segment.awaiting_count() > STRAGGLERS_MAX;
        if age >= HOT_SEGMENTS_MAX || age >= HOT_SEGMENTS_MIN && !is_needed {
            segment.cool();
        }
    }
    for segment in state.segments.iter().rev().skip(OPEN_SEGMENTS) {
        segment.release();
    }
}

/// Merges neighbouring runs of about a size, as long as there are enough of them.
pub(super) fn merge(log: &BlockLog) -> Result<(), StoreError> {
    loop {
        let (inputs, (first, first_seq)) = {
            let state = log.read();
            let Some(start) = mergeable(&state.runs) else {
                return Ok(());
            };
            let inputs = state.runs[start..start + MERGE_COUNT].to_vec();
            let oldest = state.segments.front();
            let oldest = oldest.map(|segment| (segment.number, segment.first_seq));
            (inputs, oldest.unwrap_or_default())
        };
        let span = (inputs[MERGE_COUNT - 1].span.0, inputs[0].span.1);
        let count = inputs.iter().map(|run| kept_count(run, first)).sum();
        let pairs = run::merge(&inputs, first_seq);
        let merged = Run::create(log.run_path(span), span, count, pairs)?;
        replace(&mut log.write().runs, &inputs, merged);
        for run in inputs {
            crate::disk::remove(run.path())?;
        }
    }
}

/// Entries of a run that are of segments from number `first` on, about.
fn kept_count(run: &Run, first: u64) -> usize {
    let segments = run.span.1 - run.span.0 + 1;
    let gone = first.saturating_sub(run.span.0).min(segments);
    (run.count() as u64 * (segments - gone)).div_ceil(segments) as usize
}

/// Puts a merged run in the place of those that it was made from; some of the oldest may be gone,
/// and new ones be there.
fn replace(runs: &mut Vec<Arc<Run>>, inputs: &[Arc<Run>], merged: Run) {
    let is_input = |run: &Arc<Run>| inputs.iter().any(|input| Arc::ptr_eq(input, run));
    let at = runs.partition_point(|run| run.span.0 > merged.span.1);
    runs.retain(|run| !is_input(run));
    runs.insert(at, Arc::new(merged));
}

/// The first of enough neighbouring runs of a level.
pub(super) fn mergeable(runs: &[Arc<Run>]) -> Option<usize> {
    let level = |run: &Run| (run.span.1 - run.span.0 + 1).ilog(MERGE_COUNT as u64);
    runs.windows(MERGE_COUNT)
        .position(|window| window.iter().all(|run| level(run) == level(&window[0])))
}
