//! The file that keeps what was counted, whole or not at all.
//!
//! ```text
//! "TANGLEBALLOTS" version:1  network:32  index:4  events:4
//! event:     length:4 bytes  forgotten:4  outputs:4, current:8 accumulated:8 of each answer
//! output:    id:34 block:32 address:33 amount:8 start:4 end:4  an answer:1 for each question
//! BLAKE2b-256 of everything before
//! ```
//! Numbers are little-endian.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tangle_crypto::blake2b;
use tangle_types::participation::ParticipationEvent;
use tangle_types::{Address, BlockId, Codec, DecodeError, MilestoneIndex, OutputId, Reader};

use super::count::{Count, Tracked};
use super::counts::Counts;
use super::{BallotsConfig, EVENTS_MAX};

const MAGIC: &[u8; 13] = b"TANGLEBALLOTS";
const VERSION: u8 = 1;
/// Most bytes of an event with its sums: texts of ten questions with ten answers each.
const EVENT_BYTES_MAX: u64 = 128 << 10;
/// Most bytes of an output.
const OUTPUT_BYTES_MAX: u64 = 34 + 32 + 33 + 8 + 4 + 4 + 10;

/// Why a file of counts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has the votes of another network.
    #[error("{path} has the votes of another network: move it away, or take another data folder")]
    OtherNetwork {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer program.
    #[error("{path} has format {found}, this program reads {VERSION}: use the newer program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u8,
    },
    /// It is not whole, or not such a file.
    #[error(
        "{path} is damaged or is no file of counts: move it away and add the events again; what \
         the node still has is counted then"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// What the file has; `None` when there is none.
pub(super) fn read(config: &BallotsConfig) -> Result<Option<Counts>, FileError> {
    let path = &config.file;
    let damaged = || FileError::Damaged { path: path.clone() };
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path, error)),
    };
    let room = config.participations_max as u64 * OUTPUT_BYTES_MAX;
    if size > room + EVENTS_MAX as u64 * EVENT_BYTES_MAX {
        return Err(damaged());
    }
    let bytes = fs::read(path).map_err(|error| io_error(path, error))?;
    let (whole, hash) = bytes.split_last_chunk::<32>().ok_or_else(damaged)?;
    let rest = whole.strip_prefix(MAGIC).ok_or_else(damaged)?;
    let mut reader = Reader::new(rest);
    match reader.u8() {
        Ok(VERSION) => {}
        Ok(found) if found > VERSION => {
            let path = path.clone();
            return Err(FileError::Newer { path, found });
        }
        _ => return Err(damaged()),
    }
    if blake2b::hash(whole) != *hash {
        return Err(damaged());
    }
    if reader.array() != Ok(config.network) {
        return Err(FileError::OtherNetwork { path: path.clone() });
    }
    let counts = read_counts(&mut reader).ok().flatten();
    let counts = counts.filter(|_| reader.rest().is_empty());
    counts.ok_or_else(damaged).map(Some)
}

/// The counts as the file has them.
pub(super) fn bytes(counts: &Counts, config: &BallotsConfig) -> Vec<u8> {
    let outputs = counts.tracked_count() * OUTPUT_BYTES_MAX as usize;
    let mut out = Vec::with_capacity(1_024 + outputs);
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    out.extend_from_slice(&config.network);
    counts.index().write(&mut out);
    write_count(counts.events().count(), &mut out);
    for count in counts.events() {
        let event = count.event().to_bytes();
        write_count(event.len(), &mut out);
        out.extend_from_slice(&event);
        count.forgotten().write(&mut out);
        write_count(count.tracked_count(), &mut out);
        for sum in count.sums().flatten() {
            out.extend_from_slice(&sum.to_le_bytes());
        }
        for (id, tracked) in count.tracked() {
            id.write(&mut out);
            tracked.block_id.write(&mut out);
            tracked.address.write(&mut out);
            out.extend_from_slice(&tracked.amount.to_le_bytes());
            tracked.start.write(&mut out);
            tracked.end.write(&mut out);
            out.extend_from_slice(&tracked.answers);
        }
    }
    let hash = blake2b::hash(&out);
    out.extend_from_slice(&hash);
    out
}

/// Puts bytes in the place of what the file has, whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|error| io_error(path, error))
}

fn io_error(path: &Path, source: io::Error) -> FileError {
    FileError::Io {
        path: path.to_owned(),
        source,
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("events, their bytes and outputs have lower bounds");
    out.extend_from_slice(&count.to_le_bytes());
}

/// `None` when the parts do not fit each other.
fn read_counts(reader: &mut Reader<'_>) -> Result<Option<Counts>, DecodeError> {
    let index = MilestoneIndex::read(reader)?;
    let events = reader.u32()?;
    let mut counts = Vec::new();
    for _ in 0..events {
        let Some(count) = read_event(reader)? else {
            return Ok(None);
        };
        counts.push(count);
    }
    Ok(Some(Counts::restore(index, counts)))
}

fn read_event(reader: &mut Reader<'_>) -> Result<Option<Count>, DecodeError> {
    let length = reader.u32()? as usize;
    let event = ParticipationEvent::from_bytes(reader.take(length)?)?;
    let forgotten = MilestoneIndex::read(reader)?;
    let count = reader.u32()?;
    let mut sums = Vec::new();
    for _ in Count::new(event.clone()).sums() {
        sums.push([reader.u64()?, reader.u64()?]);
    }
    let questions = event.questions().len();
    let mut outputs = BTreeMap::new();
    for _ in 0..count {
        let id = OutputId::read(reader)?;
        let tracked = Tracked {
            block_id: BlockId::read(reader)?,
            address: Address::read(reader)?,
            amount: reader.u64()?,
            start: MilestoneIndex::read(reader)?,
            end: MilestoneIndex::read(reader)?,
            answers: reader.take(questions)?.into(),
        };
        outputs.insert(id, tracked);
    }
    Ok(Count::restore(event, outputs, &sums, forgotten))
}
