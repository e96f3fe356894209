//! Opening the log: reads the files that are not closed, cuts off what a crash left half written,
//! and tells damage from it.
//!
//! Bytes that are no frame are a torn tail when nothing that was made durable lies behind them.
//! Whatever lies before a commit or reservation that was followed by another frame, or before the
//! position that the ledger store knows, was durable: a gap there is damage, and is named.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use tangle_crypto::blake2b;
use tangle_types::{BlockId, BlockMetadata, Codec, MilestoneIndex, Parents, Reader};

use super::frame::{Scan, Scanned};
use super::hot::{Entry, Hot};
use super::run::Run;
use super::segment::{self, Segment};
use super::writer;
use super::{BlockLog, CommitRecord, FrameKind, LogWriter, Position, State};
use crate::StoreError;
use crate::disk::{ensure_folder, names, remove};

/// The log after it was opened.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) log: Arc<BlockLog>,
    pub(crate) writer: LogWriter,
    /// The newest reservation of the segments that were read.
    pub(crate) reservation: Option<Vec<u8>>,
    /// What was found damaged.
    pub(crate) damage: Vec<StoreError>,
}

/// What was read of a segment.
#[derive(Debug, Default)]
struct Contents {
    frames: Vec<Read>,
    gaps: Vec<(u64, u64)>,
    end: u64,
}

#[derive(Debug)]
struct Read {
    offset: u64,
    number: u64,
    kind: FrameKind,
    id: BlockId,
    parents: Vec<BlockId>,
    body: Option<Vec<u8>>,
}

/// Opens the log below `folder`. Everything before `durable` is known to have been durable, with
/// the milestones up to that index.
pub(crate) fn open(
    folder: &Path,
    genesis: [u8; 32],
    segment_bytes: u64,
    durable: Option<(Position, MilestoneIndex)>,
) -> Result<Recovered, StoreError> {
    let log = BlockLog {
        folder: folder.join("blocks"),
        runs_folder: folder.join("index"),
        genesis,
        state: RwLock::new(State::default()),
    };
    ensure_folder(&log.folder)?;
    ensure_folder(&log.runs_folder)?;
    let mut opening = Opening {
        read: Vec::new(),
        newest_commit: durable.map_or(MilestoneIndex(0), |(_, index)| index),
        reservation: None,
        damage: Vec::new(),
        durable: durable.map(|(end, _)| end),
    };
    opening.segments(&log)?;
    opening.runs(&log)?;
    opening.standings(&log)?;
    let log = Arc::new(log);
    let unclosed: Vec<_> = {
        let state = log.read();
        let segments = state.segments.iter();
        segments
            .filter(|segment| segment.table().is_none())
            .cloned()
            .collect()
    };
    let newest = log.read().segments.back().map(|segment| segment.number);
    for segment in unclosed {
        if Some(segment.number) != newest {
            writer::close(&log, &segment, opening.newest_commit)?;
        }
    }
    let writer = LogWriter::new(Arc::clone(&log), segment_bytes)?;
    writer::settle(&log);
    Ok(Recovered {
        log,
        writer,
        reservation: opening.reservation,
        damage: opening.damage,
    })
}

struct Opening {
    /// Segments of whose commits the standings may be lost, oldest first.
    read: Vec<u64>,
    /// The newest milestone of which a commit is known.
    newest_commit: MilestoneIndex,
    reservation: Option<Vec<u8>>,
    damage: Vec<StoreError>,
    durable: Option<Position>,
}

impl Opening {
    fn segments(&mut self, log: &BlockLog) -> Result<(), StoreError> {
        let numbers = segment_numbers(&log.folder)?;
        let mut segments: Vec<Segment> = Vec::new();
        let newest = numbers.last().copied();
        for number in numbers {
            let path = log.folder.join(segment::file_name(number));
            match Segment::open(&log.folder, &log.genesis, number)? {
                Some(segment) => {
                    if let Some(before) = segments.last()
                        && before.number + 1 != number
                    {
                        let missing = log.folder.join(segment::file_name(before.number + 1));
                        self.damage
                            .push(StoreError::damaged(&missing, "the file is missing"));
                    }
                    segments.push(segment);
                }
                // A crash while it was begun: nothing was in it.
                None if Some(number) == newest && self.is_behind(number) => remove(&path)?,
                None => self
                    .damage
                    .push(StoreError::damaged(&path, "its header is wrong")),
            }
        }
        self.check_durable(log, &segments)?;
        let starts: Vec<u64> = segments.iter().map(|segment| segment.first_seq).collect();
        let count = segments.len();
        let mut is_table_missing = false;
        for (at, segment) in segments.into_iter().enumerate() {
            if !segment.open_table(&log.folder)? {
                is_table_missing = true;
                let path = log.folder.join(segment::table_name(segment.number));
                if path.exists() {
                    self.damage.push(StoreError::damaged(
                        &path,
                        "its header is wrong; it is made again",
                    ));
                }
                self.read(log, &segment, starts.get(at + 1).copied(), at + 1 == count)?;
            } else if is_table_missing {
                // Its commits may say what became of blocks whose table is made again.
                self.read.push(segment.number);
            }
            if let Some(table) = segment.table() {
                self.newest_commit = self.newest_commit.max(table.closed_at());
            }
            log.write().segments.push_back(Arc::new(segment));
        }
        Ok(())
    }

    /// Refuses a log whose end is gone although it was durable: the newest milestones' blocks,
    /// which new blocks would approve, are not there.
    fn check_durable(&self, log: &BlockLog, segments: &[Segment]) -> Result<(), StoreError> {
        let Some(durable) = self.durable.filter(|durable| durable.offset > 0) else {
            return Ok(());
        };
        let mut newest = segments.iter().rev();
        let size = match newest.find(|segment| segment.number == durable.segment) {
            Some(segment) => segment.size_bytes()?,
            None => 0,
        };
        if size <= u64::from(durable.offset) {
            let path = log.folder.join(segment::file_name(durable.segment));
            let what = format!(
                "it ends before byte {}, and the newest confirmed blocks are lost; put it back \
                 from a copy, or begin with an empty folder",
                durable.offset
            );
            return Err(StoreError::damaged(&path, what));
        }
        Ok(())
    }

    /// Whether nothing of the segment is known to have been durable.
    fn is_behind(&self, number: u64) -> bool {
        self.durable.is_none_or(|durable| number > durable.segment)
    }

    /// Reads a segment that has no table.
    fn read(
        &mut self,
        log: &BlockLog,
        segment: &Segment,
        next_seq: Option<u64>,
        is_newest: bool,
    ) -> Result<(), StoreError> {
        let mut contents = contents(segment)?;
        let known = self
            .durable
            .filter(|durable| durable.segment == segment.number);
        let known = known.map_or(0, |durable| u64::from(durable.offset));
        let durable = if is_newest && self.is_behind(segment.number + 1) {
            contents.durable().max(known)
        } else {
            u64::MAX
        };
        if let Some((start, _)) = contents.gaps.iter().find(|gap| gap.0 >= durable).copied() {
            tracing::info!(
                path = %segment.path().display(),
                bytes = contents.end - start,
                "removed the unfinished end of a block file"
            );
            segment.truncate(start)?;
            contents.frames.retain(|frame| frame.offset < start);
            contents.gaps.retain(|gap| gap.0 < start);
        }
        for (start, end) in &contents.gaps {
            let what = format!("bytes {start} to {end} are no frame");
            self.damage.push(StoreError::damaged(segment.path(), what));
        }
        self.take(log, segment, contents, next_seq)
    }

    /// Takes the frames in order.
    fn take(
        &mut self,
        log: &BlockLog,
        segment: &Segment,
        contents: Contents,
        next_seq: Option<u64>,
    ) -> Result<(), StoreError> {
        let mut seq_end = next_seq.unwrap_or(0);
        self.read.push(segment.number);
        let mut hot = Hot::new();
        let next = |count: usize| segment.first_seq + count as u64;
        for frame in contents.frames {
            match frame.kind {
                FrameKind::Block => {
                    while next(hot.entries().len()) < frame.number {
                        hot.push_lost();
                    }
                    hot.push(Entry {
                        id: frame.id,
                        offset: frame.offset as u32,
                        standing: None,
                    });
                    for parent in &frame.parents {
                        let distance = log.distance(parent, frame.number, &hot)?;
                        hot.push_parent(distance);
                    }
                }
                FrameKind::Commit => {
                    let record = frame.body.as_deref().and_then(CommitRecord::from_bytes);
                    if let Some(record) = record {
                        let newest = record.cone.iter().map(|(seq, _)| seq + 1).max();
                        seq_end = seq_end.max(newest.unwrap_or(0)).max(record.block_seq + 1);
                        self.newest_commit = self.newest_commit.max(record.index);
                    }
                }
                FrameKind::Reservation => self.reservation = frame.body,
            }
        }
        // Blocks that were lost keep their numbers.
        while next(hot.entries().len()) < seq_end {
            hot.push_lost();
        }
        segment.fill(|memory| *memory = hot);
        Ok(())
    }

    /// Opens the runs and makes again what is missing.
    fn runs(&mut self, log: &BlockLog) -> Result<(), StoreError> {
        let mut found: Vec<((u64, u64), PathBuf)> = Vec::new();
        for name in names(&log.runs_folder)? {
            let span = name
                .strip_suffix(".run")
                .and_then(|span| span.split_once('-'));
            let span =
                span.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
            if let Some(span) = span {
                found.push((span, log.runs_folder.join(&name)));
            }
        }
        // Newest first, and of two that begin together or overlap the wider one first.
        found.sort_unstable_by_key(|((first, last), _)| (u64::MAX - last, *first));
        let mut runs: Vec<Arc<Run>> = Vec::new();
        for (span, path) in found {
            if runs.last().is_some_and(|newer| newer.span.0 <= span.1) {
                // A crash after a merge left its inputs.
                remove(&path)?;
                continue;
            }
            match Run::open(path.clone(), span)? {
                Some(run) => runs.push(Arc::new(run)),
                None => {
                    self.damage
                        .push(StoreError::damaged(&path, "its checksum is wrong"));
                    remove(&path)?;
                }
            }
        }
        let segments: Vec<_> = log.read().segments.iter().cloned().collect();
        log.write().runs = runs;
        for segment in segments.iter().filter(|segment| segment.table().is_some()) {
            let number = segment.number;
            let is_covered = {
                let state = log.read();
                state
                    .runs
                    .iter()
                    .any(|run| (run.span.0..=run.span.1).contains(&number))
            };
            if !is_covered {
                writer::index(log, segment, &segment.entries()?)?;
            }
        }
        log.write()
            .runs
            .sort_by_key(|run| std::cmp::Reverse(run.span.1));
        Ok(())
    }

    /// Notes again what the commits that were read say of blocks.
    fn standings(&self, log: &BlockLog) -> Result<(), StoreError> {
        for number in &self.read {
            let Some(segment) = log.segment(*number) else {
                continue;
            };
            let mut result = Ok(());
            commits(&segment, |_, commit| {
                if result.is_ok() {
                    result = set_standings(log, &commit);
                }
            })?;
            result?;
        }
        Ok(())
    }
}

fn set_standings(log: &BlockLog, commit: &CommitRecord) -> Result<(), StoreError> {
    for ((seq, inclusion), white_flag_index) in commit.cone.iter().zip(0..) {
        if let Some(found) = log.by_seq(*seq)? {
            let standing = BlockMetadata {
                referenced_by: commit.index,
                white_flag_index,
                inclusion: *inclusion,
            };
            if found.entry.standing != Some(standing) {
                found.segment.set_standing(found.index, &standing)?;
            }
        }
    }
    Ok(())
}

impl Contents {
    /// Everything before this offset was made durable: a commit or reservation with a frame behind.
    fn durable(&self) -> u64 {
        let last = self.frames.last().map_or(0, |frame| frame.offset);
        let mut records = self.frames.iter().rev();
        records
            .find(|frame| frame.kind != FrameKind::Block && frame.offset < last)
            .map_or(0, |frame| frame.offset)
    }
}

fn contents(segment: &Segment) -> Result<Contents, StoreError> {
    let mut contents = Contents::default();
    let mut scan = Scan::new(segment.path(), segment.salt, segment::HEADER_BYTES as u64)?;
    while let Some(scanned) = scan.next()? {
        match scanned {
            Scanned::Frame {
                offset,
                kind,
                number,
            } => {
                let (id, parents, body) = match kind {
                    FrameKind::Block => {
                        let id = BlockId(blake2b::hash(scan.body()));
                        (id, parents_of(scan.body()), None)
                    }
                    _ => (BlockId::ZERO, Vec::new(), Some(scan.body().to_vec())),
                };
                contents.frames.push(Read {
                    offset,
                    number,
                    kind,
                    id,
                    parents,
                    body,
                });
            }
            Scanned::Gap { offset, end } => contents.gaps.push((offset, end)),
        }
        contents.end = scan.offset();
    }
    Ok(contents)
}

/// The parents of a block: TIP-24, behind the version byte.
fn parents_of(block: &[u8]) -> Vec<BlockId> {
    let mut reader = Reader::new(block.get(1..).unwrap_or_default());
    Parents::read(&mut reader).map_or_else(|_| Vec::new(), |parents| parents.as_slice().to_vec())
}

/// Files in which the newest commit is looked for; a milestone is seldom further away than one.
const NEWEST_SEGMENTS: usize = 4;

/// The milestone of the newest commit in the last files of the log below `folder`. Only reads.
pub(crate) fn newest_commit(
    folder: &Path,
    genesis: &[u8; 32],
) -> Result<Option<MilestoneIndex>, StoreError> {
    let folder = folder.join("blocks");
    if !folder.is_dir() {
        return Ok(None);
    }
    for number in segment_numbers(&folder)?
        .into_iter()
        .rev()
        .take(NEWEST_SEGMENTS)
    {
        let Some(segment) = Segment::open(&folder, genesis, number)? else {
            continue;
        };
        let mut newest = None;
        commits(&segment, |_, commit| newest = Some(commit.index))?;
        if newest.is_some() {
            return Ok(newest);
        }
    }
    Ok(None)
}

/// Numbers of the segments in a folder, in order.
fn segment_numbers(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let mut numbers: Vec<u64> = names(folder)?
        .iter()
        .filter_map(|name| name.strip_suffix(".seg")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Calls `each` with the commits of a segment, in order.
pub(super) fn commits(
    segment: &Segment,
    mut each: impl FnMut(Position, CommitRecord),
) -> Result<(), StoreError> {
    let mut scan = Scan::new(segment.path(), segment.salt, segment::HEADER_BYTES as u64)?;
    while let Some(scanned) = scan.next()? {
        if let Scanned::Frame {
            offset,
            kind: FrameKind::Commit,
            ..
        } = scanned
            && let Some(record) = CommitRecord::from_bytes(scan.body())
        {
            let position = Position {
                segment: segment.number,
                offset: offset as u32,
            };
            each(position, record);
        }
    }
    Ok(())
}

/// Reads every frame of a segment and reports what is none.
pub(super) fn verify(
    segment: &Segment,
    report: &mut dyn FnMut(StoreError),
) -> Result<(), StoreError> {
    let mut scan = Scan::new(segment.path(), segment.salt, segment::HEADER_BYTES as u64)?;
    while let Some(scanned) = scan.next()? {
        if let Scanned::Gap { offset, end } = scanned {
            let what = format!("bytes {offset} to {end} are no frame");
            report(StoreError::damaged(segment.path(), what));
        }
    }
    Ok(())
}
