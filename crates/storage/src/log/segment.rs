//! A segment: a file of frames, and what is known of its blocks.
//!
//! The newest segment is open: frames are appended to it, and its blocks are in memory. A full one
//! is closed: its table is written, and soon its memory is given up. The blocks of a segment have
//! consecutive numbers from `first_seq` on, in the order of their frames.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
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
/// Bytes read at once in the hope that a frame is not longer.
const READ_AHEAD_BYTES: usize = 1_024;

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

    /// Takes the entries of blocks that were appended.
    pub(crate) fn fill(
        &self,
        fill: impl FnOnce(&mut Hot) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        fill(self.write_hot().get_or_insert_with(Hot::new))
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
        if let Some(hot) = &mut *self.write_hot()
            && let Some(entry) = hot.entries_mut().get_mut(index)
        {
            entry.standing = Some(*standing);
        }
        match self.table() {
            Some(table) if index < table.count() => table.set_standing(index, standing),
            _ => Ok(()),
        }
    }

    /// Writes the table; nothing is appended any more.
    pub(crate) fn close(&self, folder: &Path, closed_at: MilestoneIndex) -> Result<(), StoreError> {
        let entries = self.entries()?;
        let path = folder.join(table_name(self.number));
        let table = Table::create(path, self.first_seq, closed_at, &entries)?;
        self.table.get_or_init(|| table);
        Ok(())
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
        let damaged =
            || StoreError::damaged(self.path(), format!("the frame at byte {offset} is wrong"));
        let offset_long = u64::from(offset);
        let mut bytes = vec![0; READ_AHEAD_BYTES];
        let count = self.file.read_at(&mut bytes, offset_long)?;
        bytes.truncate(count);
        let header = bytes
            .first_chunk()
            .and_then(Header::parse)
            .ok_or_else(damaged)?;
        if header.kind != kind || header.number != number {
            return Err(damaged());
        }
        let end = frame::HEADER_BYTES + header.length as usize;
        if end > count {
            let left = self.file.size()?.saturating_sub(offset_long);
            if end as u64 > left {
                return Err(damaged());
            }
            bytes.resize(end, 0);
            self.file
                .read_exact_at(&mut bytes[count..], offset_long + count as u64)?;
        }
        let body = Bytes::from(bytes).slice(frame::HEADER_BYTES..end);
        if header.fits(self.salt, &body) {
            Ok(body)
        } else {
            Err(damaged())
        }
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

    fn read_hot(&self) -> RwLockReadGuard<'_, Option<Hot>> {
        self.hot.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_hot(&self) -> RwLockWriteGuard<'_, Option<Hot>> {
        self.hot.write().unwrap_or_else(PoisonError::into_inner)
    }
}
