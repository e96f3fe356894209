//! A segment: a file of frames, and what is known of its blocks.
//!
//! The newest segment is open: frames are appended to it, and its blocks are in memory. A full one
//! is closed: its table is written, and soon its memory is given up. The blocks of a segment have
//! consecutive numbers from `first_seq` on, in the order of their frames.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use tangle_types::{BlockId, BlockMetadata, MilestoneIndex};

use super::frame::{self, FrameKind, Header};
use super::hot::{Entry, Hot};
use super::table::Table;
use crate::StoreError;
use crate::disk::{ReadFile, sync_folder};
use crate::error::AtPath;

const MAGIC: &[u8; 8] = b"TGLseg\x00\x01";
/// Bytes in front of the first frame.
pub(crate) const HEADER_BYTES: usize = 64;
/// Entries between two that are wanted for which one read is better than two.
const ENTRY_GAP_MAX: usize = 64;
/// Bytes read at once in the hope that a frame is not longer.
const READ_AHEAD_BYTES: usize = 1_024;
/// Bytes from the beginning of a frame that is wanted to the next for which one read is better than
/// two.
const FRAME_GAP_MAX: u32 = 8_192;

/// A segment, open or closed.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) first_seq: u64,
    pub(crate) salt: u32,
    file: ReadFile,
    /// Guards the entries in memory; present while the segment is young.
    hot: RwLock<Option<Hot>>,
    /// Present once the segment is closed.
    table: OnceLock<Table>,
    /// Bytes of a closed segment, which do not change.
    closed_size: OnceLock<u64>,
    /// The newest milestone that references a block, as far as it was noted since the start.
    newest_reference: AtomicU32,
    /// Whether the table may say of references that were noted before.
    has_older_references: AtomicBool,
}

/// Name of the file of segment `number`.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:010}.seg")
}

/// Name of the table of segment `number`.
pub(crate) fn table_name(number: u64) -> String {
    format!("{number:010}.tab")
}

impl Segment {
    /// Begins a segment; the file is what frames are appended to.
    pub(crate) fn create(
        folder: &Path,
        genesis: &[u8; 32],
        number: u64,
        first_seq: u64,
        salt: u32,
    ) -> Result<(Self, File), StoreError> {
        let path = folder.join(file_name(number));
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(MAGIC);
        header[8..40].copy_from_slice(genesis);
        header[40..48].copy_from_slice(&number.to_le_bytes());
        header[48..56].copy_from_slice(&first_seq.to_le_bytes());
        header[56..60].copy_from_slice(&salt.to_le_bytes());
        let crc = crc32fast::hash(&header[..60]);
        header[60..].copy_from_slice(&crc.to_le_bytes());
        let mut options = OpenOptions::new();
        let mut file = options
            .append(true)
            .create_new(true)
            .open(&path)
            .at(&path)?;
        file.write_all(&header).at(&path)?;
        file.sync_all().at(&path)?;
        sync_folder(folder)?;
        let segment = Self {
            number,
            first_seq,
            salt,
            file: ReadFile::open(path)?,
            hot: RwLock::new(Some(Hot::new())),
            table: OnceLock::new(),
            closed_size: OnceLock::new(),
            newest_reference: AtomicU32::new(0),
            has_older_references: AtomicBool::new(false),
        };
        Ok((segment, file))
    }

    /// Opens the file of segment `number`; `None` when its header is damaged or was never written
    /// as a whole.
    pub(crate) fn open(
        folder: &Path,
        genesis: &[u8; 32],
        number: u64,
    ) -> Result<Option<Self>, StoreError> {
        let file = ReadFile::open(folder.join(file_name(number)))?;
        let mut header = [0; HEADER_BYTES];
        if file.read_at(&mut header, 0)? < HEADER_BYTES {
            return Ok(None);
        }
        let word = |at: usize| u64::from_le_bytes(*header[at..].first_chunk().expect("in range"));
        let half = |at: usize| u32::from_le_bytes(*header[at..].first_chunk().expect("in range"));
        let is_sound = header[..8] == *MAGIC
            && header[8..40] == *genesis
            && word(40) == number
            && half(60) == crc32fast::hash(&header[..60]);
        Ok(is_sound.then(|| Self {
            number,
            first_seq: word(48),
            salt: half(56),
            file,
            hot: RwLock::new(None),
            table: OnceLock::new(),
            closed_size: OnceLock::new(),
            newest_reference: AtomicU32::new(0),
            has_older_references: AtomicBool::new(false),
        }))
    }

    /// Opens the table, if there is a good one.
    pub(crate) fn open_table(&self, folder: &Path) -> Result<bool, StoreError> {
        let path = folder.join(table_name(self.number));
        if !path.exists() {
            return Ok(false);
        }
        match Table::open(path, self.first_seq)? {
            Some(table) => {
                self.table.get_or_init(|| table);
                self.has_older_references.store(true, Ordering::Relaxed);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Appends frames from the end of the file on.
    pub(crate) fn append_handle(&self) -> Result<File, StoreError> {
        let path = self.path();
        OpenOptions::new().append(true).open(path).at(path)
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        self.table.get()
    }

    /// Bytes on disk, table included.
    pub(crate) fn size_bytes(&self) -> Result<u64, StoreError> {
        let Some(table) = self.table() else {
            return self.file.size();
        };
        if let Some(size) = self.closed_size.get() {
            return Ok(*size);
        }
        let size = self.file.size()? + table.size_bytes();
        Ok(*self.closed_size.get_or_init(|| size))
    }

    /// Number of blocks.
    pub(crate) fn count(&self) -> usize {
        match self.table() {
            Some(table) => table.count(),
            None => self
                .read_hot()
                .as_ref()
                .map_or(0, |hot| hot.entries().len()),
        }
    }

    /// Takes the entries of blocks that were appended. `fill` must not ask the log for anything:
    /// whoever looks a block up there holds the log's lists and waits for this memory.
    pub(crate) fn fill(&self, fill: impl FnOnce(&mut Hot)) {
        fill(self.write_hot().get_or_insert_with(Hot::new));
    }

    /// The position of a block that is in memory.
    pub(crate) fn find_hot(&self, id: &BlockId) -> Option<(usize, Entry)> {
        let hot = self.read_hot();
        let hot = hot.as_ref()?;
        let index = hot.find(id)?;
        Some((index, hot.entries()[index]))
    }

    /// Calls `each` with how far behind a block each of its parents lies (0 when it is not
    /// stored); `false` when that is not in memory any more.
    pub(crate) fn for_each_parent(&self, index: usize, each: impl FnMut(u32)) -> bool {
        let hot = self.read_hot();
        let Some(hot) = &*hot else { return false };
        hot.distances(index).iter().copied().for_each(each);
        true
    }

    /// The entry at a position.
    pub(crate) fn entry(&self, index: usize) -> Result<Option<Entry>, StoreError> {
        if let Some(hot) = &*self.read_hot() {
            return Ok(hot.entries().get(index).copied());
        }
        match self.table() {
            Some(table) if index < table.count() => table.entry(index).map(Some),
            _ => Ok(None),
        }
    }

    /// The entries at ascending positions, with few reads; fewer when the positions go beyond the
    /// end.
    pub(crate) fn entries_at(&self, indexes: &[usize]) -> Result<Vec<Entry>, StoreError> {
        if let Some(hot) = &*self.read_hot() {
            let entries = indexes.iter().map(|index| hot.entries().get(*index));
            return Ok(entries.map_while(Option::<&Entry>::copied).collect());
        }
        let Some(table) = self.table() else {
            return Ok(Vec::new());
        };
        let mut found = Vec::with_capacity(indexes.len());
        for near in indexes.chunk_by(|one, next| next - one <= ENTRY_GAP_MAX) {
            let (Some(first), Some(last)) = (near.first(), near.last()) else {
                continue;
            };
            if *last >= table.count() {
                break;
            }
            let entries = table.entries_from(*first, last - first + 1)?;
            found.extend(near.iter().map(|index| entries[index - first]));
        }
        Ok(found)
    }

    /// All entries.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        if let Some(hot) = &*self.read_hot() {
            return Ok(hot.entries().to_vec());
        }
        self.table().map_or_else(|| Ok(Vec::new()), Table::entries)
    }

    /// Notes what a milestone made of a block.
    pub(crate) fn set_standing(
        &self,
        index: usize,
        standing: &BlockMetadata,
    ) -> Result<(), StoreError> {
        self.set_standings(&[(index, *standing)])
    }

    fn set_standing_on_disk(
        &self,
        index: usize,
        standing: &BlockMetadata,
    ) -> Result<(), StoreError> {
        match self.table() {
            Some(table) if index < table.count() => table.set_standing(index, standing),
            _ => Ok(()),
        }
    }

    /// Notes what a milestone made of blocks, by their positions. A table gets the standings of
    /// blocks in memory in one write, from the first to the last that changed.
    pub(crate) fn set_standings(
        &self,
        standings: &[(usize, BlockMetadata)],
    ) -> Result<(), StoreError> {
        for (_, standing) in standings {
            let index = standing.referenced_by.0;
            self.newest_reference.fetch_max(index, Ordering::Relaxed);
        }
        let mut hot = self.write_hot();
        let Some(hot) = &mut *hot else {
            return standings
                .iter()
                .try_for_each(|(index, standing)| self.set_standing_on_disk(*index, standing));
        };
        let (mut first, mut last) = (usize::MAX, 0);
        for (index, standing) in standings {
            if hot.set_standing(*index, standing) {
                (first, last) = (first.min(*index), last.max(*index));
            }
        }
        match self.table() {
            Some(table) if first <= last => {
                let end = table.count().min(last + 1);
                let changed = hot.entries().get(first..end).unwrap_or_default();
                table.overwrite(first, changed)
            }
            _ => Ok(()),
        }
    }

    /// The newest milestone that references a block of it; 0 when none does.
    pub(crate) fn newest_reference(&self) -> Result<MilestoneIndex, StoreError> {
        if self.has_older_references.load(Ordering::Relaxed)
            && let Some(table) = self.table()
        {
            let newest = table.newest_reference()?;
            self.newest_reference.fetch_max(newest.0, Ordering::Relaxed);
            self.has_older_references.store(false, Ordering::Relaxed);
        }
        Ok(MilestoneIndex(
            self.newest_reference.load(Ordering::Relaxed),
        ))
    }

    /// Writes the table; nothing is appended any more. Standings may be set since `entries` was
    /// asked for: the last of them are in the table, though not durable yet.
    pub(crate) fn close(
        &self,
        folder: &Path,
        closed_at: MilestoneIndex,
        entries: &[Entry],
    ) -> Result<(), StoreError> {
        let path = folder.join(table_name(self.number));
        let table = Table::create(path, self.first_seq, closed_at, entries)?;
        let hot = self.write_hot();
        if let Some(hot) = &*hot {
            table.renew(entries, hot.entries())?;
        }
        self.table.get_or_init(|| table);
        drop(hot);
        Ok(())
    }

    /// Blocks in memory that no milestone has referenced.
    pub(crate) fn awaiting_count(&self) -> usize {
        self.read_hot().as_ref().map_or(0, Hot::awaiting_count)
    }

    /// Gives up what is in memory; the table answers from now on.
    pub(crate) fn cool(&self) {
        if self.table().is_some() {
            *self.write_hot() = None;
        }
    }

    /// Gives up file descriptors.
    pub(crate) fn release(&self) {
        self.file.release();
        if let Some(table) = self.table() {
            table.release();
        }
    }

    /// The body of the frame at `offset`, which must be of this kind and number.
    pub(crate) fn body(
        &self,
        offset: u32,
        kind: FrameKind,
        number: u64,
    ) -> Result<Bytes, StoreError> {
        let mut bytes = vec![0; READ_AHEAD_BYTES];
        let count = self.file.read_at(&mut bytes, u64::from(offset))?;
        bytes.truncate(count);
        match self.body_in(&Bytes::from(bytes), (offset, offset), kind, number)? {
            Ok(body) => Ok(body),
            Err(length) => self.long_body((offset, length), kind, number),
        }
    }

    /// The bodies of the block frames at ascending offsets, with their numbers, with few reads.
    pub(crate) fn blocks(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        let mut bodies = Vec::with_capacity(places.len());
        let is_near = |one: &(u32, u64), next: &(u32, u64)| next.0 - one.0 <= FRAME_GAP_MAX;
        for near in places.chunk_by(is_near) {
            let (Some((first, _)), Some((last, _))) = (near.first(), near.last()) else {
                continue;
            };
            let mut bytes = vec![0; (last - first) as usize + READ_AHEAD_BYTES];
            let count = self.file.read_at(&mut bytes, u64::from(*first))?;
            bytes.truncate(count);
            let bytes = Bytes::from(bytes);
            for (offset, seq) in near {
                let kind = FrameKind::Block;
                bodies.push(match self.body_in(&bytes, (*first, *offset), kind, *seq)? {
                    // A few of them must not keep all that was read.
                    Ok(body) => Bytes::copy_from_slice(&body),
                    Err(length) => self.long_body((*offset, length), kind, *seq)?,
                });
            }
        }
        Ok(bodies)
    }

    /// The body of the frame at `offset` in bytes that were read from `start` on. When not all of
    /// it is there, the length of the frame.
    fn body_in(
        &self,
        bytes: &Bytes,
        (start, offset): (u32, u32),
        kind: FrameKind,
        number: u64,
    ) -> Result<Result<Bytes, usize>, StoreError> {
        let begin = (offset - start) as usize;
        let header = bytes.get(begin..).and_then(|rest| rest.first_chunk());
        let header = header
            .and_then(Header::parse)
            .filter(|header| header.kind == kind && header.number == number)
            .ok_or_else(|| self.damaged_frame(offset))?;
        let length = frame::HEADER_BYTES + header.length as usize;
        if begin + length > bytes.len() {
            return Ok(Err(length));
        }
        let body = bytes.slice(begin + frame::HEADER_BYTES..begin + length);
        if header.fits(self.salt, &body) {
            Ok(Ok(body))
        } else {
            Err(self.damaged_frame(offset))
        }
    }

    /// The body of a frame of which it is known how long it is.
    fn long_body(
        &self,
        (offset, length): (u32, usize),
        kind: FrameKind,
        number: u64,
    ) -> Result<Bytes, StoreError> {
        let left = self.file.size()?.saturating_sub(u64::from(offset));
        if length as u64 > left {
            return Err(self.damaged_frame(offset));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, u64::from(offset))?;
        let body = self.body_in(&Bytes::from(bytes), (offset, offset), kind, number)?;
        body.map_err(|_| self.damaged_frame(offset))
    }

    fn damaged_frame(&self, offset: u32) -> StoreError {
        StoreError::damaged(self.path(), format!("the frame at byte {offset} is wrong"))
    }

    /// Removes the files.
    pub(crate) fn remove(&self, folder: &Path) -> Result<(), StoreError> {
        crate::disk::remove(&folder.join(table_name(self.number)))?;
        crate::disk::remove(self.path())
    }

    /// Cuts the file off.
    pub(crate) fn truncate(&self, size: u64) -> Result<(), StoreError> {
        let path: PathBuf = self.path().to_path_buf();
        let file = OpenOptions::new().write(true).open(&path).at(&path)?;
        file.set_len(size).at(&path)?;
        file.sync_all().at(&path)
    }

    pub(super) fn read_hot(&self) -> RwLockReadGuard<'_, Option<Hot>> {
        self.hot.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_hot(&self) -> RwLockWriteGuard<'_, Option<Hot>> {
        self.hot.write().unwrap_or_else(PoisonError::into_inner)
    }
}
