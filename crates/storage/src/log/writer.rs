//! Appending to the log.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::sync::Arc;

use tangle_engine::CheckedBlock;
use tangle_types::{BlockMetadata, MilestoneIndex};

use super::frame::{self, FrameKind};
use super::hot::Entry;
use super::run::{self, Run};
use super::segment::{self, Segment};
use super::{BlockLog, HOT_SEGMENTS, MERGE_COUNT, OPEN_SEGMENTS, Position, SEGMENT_BLOCKS_MAX};
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
    /// Closed segments whose tables were changed since the last close.
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
            changed: Vec::new(),
            log,
            active,
            file,
        })
    }

    /// Appends the blocks that are not there yet.
    pub(crate) fn append_blocks(&mut self, blocks: &[Arc<CheckedBlock>]) -> Result<(), StoreError> {
        let mut new = Vec::with_capacity(blocks.len());
        for block in blocks {
            if self.log.find(&block.id())?.is_none() {
                new.push(block);
            }
        }
        let blocks = new;
        self.buffer.clear();
        let next_seq = self.active.first_seq + self.active.count() as u64;
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
        self.active.fill(|hot| {
            for ((entry, block), seq) in entries.into_iter().zip(blocks).zip(next_seq..) {
                hot.push(entry);
                for parent in block.parents() {
                    let distance = self.log.distance(parent, seq, hot, 1)?;
                    hot.push_parent(distance);
                }
            }
            Ok(())
        })
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
        self.active.fill(|hot| {
            hot.push(entry);
            Ok(())
        })
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
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().at(self.active.path())
    }

    /// Notes what a milestone made of the block with number `seq`.
    pub(crate) fn set_standing(
        &mut self,
        seq: u64,
        standing: &BlockMetadata,
    ) -> Result<(), StoreError> {
        if let Some(index) = seq.checked_sub(self.active.first_seq) {
            return self.active.set_standing(index as usize, standing);
        }
        let Some(found) = self.log.by_seq(seq)? else {
            return Ok(());
        };
        found.segment.set_standing(found.index, standing)?;
        let number = found.segment.number;
        if !self.changed.iter().any(|segment| segment.number == number) {
            self.changed.push(found.segment);
        }
        Ok(())
    }

    /// Closes the segment when it is full.
    pub(crate) fn close_if_full(&mut self, ledger: MilestoneIndex) -> Result<(), StoreError> {
        if self.size >= self.segment_bytes || self.active.count() >= SEGMENT_BLOCKS_MAX {
            self.close(ledger)?;
        }
        Ok(())
    }

    /// Closes the segment and begins the next. Every standing that its commits set is durable
    /// afterwards, so that an opening store need not read them again.
    pub(crate) fn close(&mut self, ledger: MilestoneIndex) -> Result<(), StoreError> {
        self.sync()?;
        for segment in self.changed.drain(..) {
            if let Some(table) = segment.table() {
                table.sync()?;
            }
        }
        index(&self.log, &self.active)?;
        self.active.close(self.log.folder(), ledger)?;
        let next_seq = self.active.first_seq + self.active.count() as u64;
        (self.active, self.file) = begin(&self.log, self.active.number + 1, next_seq)?;
        self.size = segment::HEADER_BYTES as u64;
        settle(&self.log);
        merge(&self.log)
    }

    /// Removes the oldest segments up to number `last`.
    pub(crate) fn drop_segments(&mut self, last: u64) -> Result<(), StoreError> {
        loop {
            let oldest = {
                let mut state = self.log.write();
                match state.segments.front() {
                    Some(segment)
                        if segment.number <= last && segment.number < self.active.number =>
                    {
                        state.segments.pop_front().expect("there is a front")
                    }
                    _ => break,
                }
            };
            oldest.remove(self.log.folder())?;
        }
        let mut state = self.log.write();
        let first = state.segments.front().map_or(0, |segment| segment.number);
        let (kept, gone) = state.runs.drain(..).partition(|run| run.span.1 >= first);
        state.runs = kept;
        for run in gone {
            crate::disk::remove(run.path())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.file.write_all(&self.buffer).at(self.active.path())?;
        self.size += self.buffer.len() as u64;
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

/// Writes the run of one segment.
pub(super) fn index(log: &BlockLog, segment: &Segment) -> Result<(), StoreError> {
    let entries = segment.entries()?;
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

/// Gives up memory and descriptors of segments that are not young any more.
pub(super) fn settle(log: &BlockLog) {
    let state = log.read();
    for segment in state.segments.iter().rev().skip(HOT_SEGMENTS) {
        segment.cool();
    }
    for segment in state.segments.iter().rev().skip(OPEN_SEGMENTS) {
        segment.release();
    }
}

/// Merges neighbouring runs of about a size, as long as there are enough of them.
pub(super) fn merge(log: &BlockLog) -> Result<(), StoreError> {
    loop {
        let (inputs, start, first_seq) = {
            let state = log.read();
            let Some(start) = mergeable(&state.runs) else {
                return Ok(());
            };
            let inputs = state.runs[start..start + MERGE_COUNT].to_vec();
            let first_seq = state
                .segments
                .front()
                .map_or(0, |segment| segment.first_seq);
            (inputs, start, first_seq)
        };
        let span = (inputs[MERGE_COUNT - 1].span.0, inputs[0].span.1);
        let count = inputs.iter().map(|run| run.count()).sum();
        let pairs = run::merge(&inputs, first_seq);
        let merged = Run::create(log.run_path(span), span, count, pairs)?;
        log.write()
            .runs
            .splice(start..start + MERGE_COUNT, [Arc::new(merged)]);
        for run in inputs {
            crate::disk::remove(run.path())?;
        }
    }
}

/// The first of enough neighbouring runs of a level.
fn mergeable(runs: &[Arc<Run>]) -> Option<usize> {
    let level = |run: &Run| (run.span.1 - run.span.0 + 1).ilog(MERGE_COUNT as u64);
    runs.windows(MERGE_COUNT)
        .position(|window| window.iter().all(|run| level(run) == level(&window[0])))
}
