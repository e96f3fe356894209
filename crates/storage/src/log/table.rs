//! The table of a closed segment: a fixed-size entry for each of its blocks.
//!
//! | bytes | what |
//! |---|---|
//! | 64 | header |
//! | 48 each | id (32), offset of the frame (4), standing (12) |
//!
//! Standings are overwritten in place when a milestone references a block; each carries its own
//! check. Ids and offsets never change; their checksum is in the header.

use std::path::{Path, PathBuf};

use tangle_types::{BlockId, BlockMetadata, MilestoneIndex};

use super::hot::Entry;
use super::standing::{self, STANDING_BYTES};
use crate::StoreError;
use crate::disk::{ReadFile, write_whole};

const MAGIC: &[u8; 8] = b"TGLtab\x00\x01";
const HEADER_BYTES: usize = 64;
/// Bytes of an entry.
const ENTRY_BYTES: usize = 48;
/// Entries that are overwritten at once.
const ENTRIES_AT_ONCE: usize = 4_096;

/// A table on disk.
#[derive(Debug)]
pub(crate) struct Table {
    file: ReadFile,
    first_seq: u64,
    count: usize,
    closed_at: MilestoneIndex,
    crc: u32,
}

impl Table {
    /// Writes the table of a segment that was closed at ledger index `closed_at`.
    pub(crate) fn create(
        path: PathBuf,
        first_seq: u64,
        closed_at: MilestoneIndex,
        entries: &[Entry],
    ) -> Result<Self, StoreError> {
        let crc = checksum(entries);
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(MAGIC);
        header[8..16].copy_from_slice(&first_seq.to_le_bytes());
        header[16..20].copy_from_slice(&(entries.len() as u32).to_le_bytes());
        header[20..24].copy_from_slice(&closed_at.0.to_le_bytes());
        header[24..28].copy_from_slice(&crc.to_le_bytes());
        let own = crc32fast::hash(&header[..60]);
        header[60..].copy_from_slice(&own.to_le_bytes());
        write_whole(&path, |out| {
            out.write_all(&header)?;
            for (entry, seq) in entries.iter().zip(first_seq..) {
                out.write_all(&to_bytes(entry, seq))?;
            }
            Ok(())
        })?;
        Ok(Self {
            file: ReadFile::open(path)?,
            first_seq,
            count: entries.len(),
            closed_at,
            crc,
        })
    }

    /// Opens a table; `None` when it is damaged, so that it must be made again.
    pub(crate) fn open(path: PathBuf, first_seq: u64) -> Result<Option<Self>, StoreError> {
        let file = ReadFile::open(path)?;
        let mut header = [0; HEADER_BYTES];
        if file.size()? < HEADER_BYTES as u64 {
            return Ok(None);
        }
        file.read_exact_at(&mut header, 0)?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let count = number(16) as usize;
        let is_sound = header[..8] == *MAGIC
            && header[8..16] == first_seq.to_le_bytes()
            && number(60) == crc32fast::hash(&header[..60])
            && file.size()? == (HEADER_BYTES + count * ENTRY_BYTES) as u64;
        Ok(is_sound.then_some(Self {
            file,
            first_seq,
            count,
            closed_at: MilestoneIndex(number(20)),
            crc: number(24),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Number of blocks.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Ledger index when the segment was closed.
    pub(crate) const fn closed_at(&self) -> MilestoneIndex {
        self.closed_at
    }

    pub(crate) const fn size_bytes(&self) -> u64 {
        (HEADER_BYTES + self.count * ENTRY_BYTES) as u64
    }

    pub(crate) fn release(&self) {
        self.file.release();
    }

    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync()
    }

    /// The entry at a position.
    pub(crate) fn entry(&self, index: usize) -> Result<Entry, StoreError> {
        let mut bytes = [0; ENTRY_BYTES];
        self.file.read_exact_at(&mut bytes, offset_of(index))?;
        self.parse(&bytes, index)
    }

    /// The entries from position `first` on, `count` of them, in one read.
    pub(crate) fn entries_from(
        &self,
        first: usize,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut bytes = vec![0; count * ENTRY_BYTES];
        self.file.read_exact_at(&mut bytes, offset_of(first))?;
        let entries = bytes.as_chunks::<ENTRY_BYTES>().0.iter().zip(first..);
        entries
            .map(|(bytes, index)| self.parse(bytes, index))
            .collect()
    }

    /// All entries.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.entries_from(0, self.count)
    }

    /// All entries, after a look at the checksum of ids and offsets.
    pub(crate) fn verified_entries(&self) -> Result<Vec<Entry>, StoreError> {
        let entries = self.entries()?;
        if checksum(&entries) != self.crc {
            return Err(StoreError::damaged(self.path(), "its checksum is wrong"));
        }
        Ok(entries)
    }

    /// Overwrites a standing.
    pub(crate) fn set_standing(
        &self,
        index: usize,
        standing: &BlockMetadata,
    ) -> Result<(), StoreError> {
        let bytes = standing::to_bytes(Some(standing), self.first_seq + index as u64);
        let offset = offset_of(index) + (ENTRY_BYTES - STANDING_BYTES) as u64;
        self.file.write_all_at(&bytes, offset)
    }

    /// Overwrites the entries from position `first` on; ids and offsets are those that are there.
    pub(crate) fn overwrite(&self, first: usize, entries: &[Entry]) -> Result<(), StoreError> {
        let mut bytes = Vec::with_capacity(ENTRIES_AT_ONCE.min(entries.len()) * ENTRY_BYTES);
        let mut first = first;
        for entries in entries.chunks(ENTRIES_AT_ONCE) {
            bytes.clear();
            for (entry, index) in entries.iter().zip(first..) {
                bytes.extend_from_slice(&to_bytes(entry, self.first_seq + index as u64));
            }
            self.file.write_all_at(&bytes, offset_of(first))?;
            first += entries.len();
        }
        Ok(())
    }

    /// Overwrites what differs between the entries that were `written` and those of now.
    pub(crate) fn renew(&self, written: &[Entry], now: &[Entry]) -> Result<(), StoreError> {
        let written = written.chunks(ENTRIES_AT_ONCE);
        let parts = written.zip(now.chunks(ENTRIES_AT_ONCE)).enumerate();
        for (number, (before, after)) in parts {
            if before != after {
                self.overwrite(number * ENTRIES_AT_ONCE, after)?;
            }
        }
        Ok(())
    }

    /// The newest milestone that references a block; 0 when none does.
    pub(crate) fn newest_reference(&self) -> Result<MilestoneIndex, StoreError> {
        let mut newest = MilestoneIndex(0);
        let mut bytes = vec![0; ENTRIES_AT_ONCE.min(self.count) * ENTRY_BYTES];
        for first in (0..self.count).step_by(ENTRIES_AT_ONCE) {
            let count = ENTRIES_AT_ONCE.min(self.count - first);
            let bytes = &mut bytes[..count * ENTRY_BYTES];
            self.file.read_exact_at(bytes, offset_of(first))?;
            for (bytes, index) in bytes.as_chunks::<ENTRY_BYTES>().0.iter().zip(first..) {
                let standing = self.parse(bytes, index)?.standing;
                newest = newest.max(standing.map_or(newest, |standing| standing.referenced_by));
            }
        }
        Ok(newest)
    }

    fn parse(&self, bytes: &[u8; ENTRY_BYTES], index: usize) -> Result<Entry, StoreError> {
        let seq = self.first_seq + index as u64;
        let mut id = [0; 32];
        id.copy_from_slice(&bytes[..32]);
        let standing = bytes.last_chunk().expect("an entry is longer");
        let standing = standing::from_bytes(standing, seq).map_err(|()| {
            StoreError::damaged(
                self.path(),
                format!("the standing of entry {index} is wrong"),
            )
        })?;
        Ok(Entry {
            id: BlockId(id),
            offset: u32::from_le_bytes([bytes[32], bytes[33], bytes[34], bytes[35]]),
            standing,
        })
    }
}

const fn offset_of(index: usize) -> u64 {
    (HEADER_BYTES + index * ENTRY_BYTES) as u64
}

fn to_bytes(entry: &Entry, seq: u64) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..32].copy_from_slice(&entry.id.0);
    bytes[32..36].copy_from_slice(&entry.offset.to_le_bytes());
    bytes[36..].copy_from_slice(&standing::to_bytes(entry.standing.as_ref(), seq));
    bytes
}

fn checksum(entries: &[Entry]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for entry in entries {
        hasher.update(&entry.id.0);
        hasher.update(&entry.offset.to_le_bytes());
    }
    hasher.finalize()
}
