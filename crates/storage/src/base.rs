//! Bases: the ledger at one milestone in one file, from which it can be built again together with
//! the block log above that milestone.
//!
//! The genesis or an imported snapshot is the first base. Others are written, in a thread of their
//! own, when pruning wants to remove block files; the newest is kept.
//!
//! ```text
//!  magic (8), genesis hash (32), head, parameters, entry points, milestone, outputs, CRC-32 (4)
//! ```
//! Each record is preceded by its length (4), each list ends with a length of zero.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tangle_types::{BlockId, Codec, MilestoneIndex, OutputId, ParametersOption};

use crate::StoreError;
use crate::disk::{ensure_folder, names, remove, write_whole};
use crate::error::AtPath;
use crate::ledger::{Change, Head, Ledger, MilestoneEntry, OutputEntry, View, chain_key, tag};
use crate::reader::Shared;

const MAGIC: &[u8; 8] = b"TGLbas\x00\x01";
/// Longest record that is believed.
const RECORD_BYTES_MAX: u32 = 1 << 20;
/// Outputs that are applied together when a base is read.
const BATCH_OUTPUTS: usize = 10_000;

/// The bases of a store.
#[derive(Debug)]
pub(crate) struct Bases {
    folder: PathBuf,
    genesis: [u8; 32],
    genesis_index: MilestoneIndex,
    /// The newest base besides the genesis.
    newest: Option<(MilestoneIndex, u64)>,
    writing: Option<JoinHandle<Result<(MilestoneIndex, u64), StoreError>>>,
}

impl Bases {
    pub(crate) fn open(
        store: &Path,
        genesis: [u8; 32],
        genesis_index: MilestoneIndex,
    ) -> Result<Self, StoreError> {
        let folder = store.join("base");
        ensure_folder(&folder)?;
        let mut newest = None;
        for name in names(&folder)? {
            let index = name
                .strip_suffix(".base")
                .and_then(|index| index.parse().ok());
            if let Some(index) = index {
                let path = folder.join(&name);
                let size = std::fs::metadata(&path).at(&path)?.len();
                newest = newest.max(Some((MilestoneIndex(index), size)));
            }
        }
        Ok(Self {
            folder,
            genesis,
            genesis_index,
            newest,
            writing: None,
        })
    }

    /// The milestone of the newest base; takes a base over that was finished meanwhile.
    pub(crate) fn newest(&mut self, shared: &Shared) -> Result<MilestoneIndex, StoreError> {
        if let Some(writing) = self.writing.take() {
            if writing.is_finished() {
                self.take(writing, shared)?;
            } else {
                self.writing = Some(writing);
            }
        }
        Ok(self.newest.map_or(self.genesis_index, |(index, _)| index))
    }

    /// Bytes of the newest base.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.newest.map_or(0, |(_, size)| size)
    }

    /// Begins to write the ledger as it is now, unless one is being written.
    pub(crate) fn begin(&mut self, shared: &Shared) -> Result<(), StoreError> {
        if self.writing.is_some() {
            return Ok(());
        }
        let view = shared.view();
        let (path, genesis) = (self.path(view.head.ledger_index), self.genesis);
        let spawned = std::thread::Builder::new()
            .name("base".to_owned())
            .spawn(move || write(&path, &genesis, &view))
            .at(&self.folder)?;
        self.writing = Some(spawned);
        Ok(())
    }

    /// Waits for a base that is being written.
    pub(crate) fn finish(&mut self, shared: &Shared) -> Result<(), StoreError> {
        match self.writing.take() {
            Some(writing) => self.take(writing, shared),
            None => Ok(()),
        }
    }

    fn take(
        &mut self,
        writing: JoinHandle<Result<(MilestoneIndex, u64), StoreError>>,
        shared: &Shared,
    ) -> Result<(), StoreError> {
        let written = writing
            .join()
            .map_err(|_| StoreError::damaged(&shared.path, "writing a base ended by a panic"))??;
        if let Some((before, _)) = self.newest.replace(written)
            && before != written.0
        {
            remove(&self.path(before))?;
        }
        Ok(())
    }

    fn path(&self, index: MilestoneIndex) -> PathBuf {
        self.folder.join(format!("{:010}.base", index.0))
    }

    /// Builds the newest base into an empty ledger store; `None` when there is only the genesis.
    pub(crate) fn restore(&self, ledger: &Ledger) -> Result<Option<Head>, StoreError> {
        let Some((index, _)) = self.newest else {
            return Ok(None);
        };
        read(&self.path(index), &self.genesis, ledger).map(Some)
    }
}

/// Bytes of all bases of the store in `store`, an imported one and an unfinished one included.
pub(crate) fn size_bytes(store: &Path) -> Result<u64, StoreError> {
    let mut sum = 0;
    for (folder, is_base) in [
        (store.join("base"), (|_| true) as fn(&str) -> bool),
        (store.to_owned(), crate::snapshot::is_base),
    ] {
        for entry in std::fs::read_dir(&folder).at(&folder)? {
            let entry = entry.at(&folder)?;
            if entry.file_name().to_str().is_some_and(is_base) {
                // A file that was removed meanwhile takes nothing.
                sum += entry.metadata().map_or(0, |metadata| metadata.len());
            }
        }
    }
    Ok(sum)
}

/// A writer that keeps the checksum of what it wrote.
struct Summed<'w> {
    out: &'w mut dyn Write,
    hasher: crc32fast::Hasher,
}

impl Summed<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }

    fn record(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(&(bytes.len() as u32).to_le_bytes())?;
        self.put(bytes)
    }

    fn end_list(&mut self) -> io::Result<()> {
        self.put(&[0; 4])
    }
}

fn write(
    path: &Path,
    genesis: &[u8; 32],
    view: &View,
) -> Result<(MilestoneIndex, u64), StoreError> {
    let parameters = view.parameters()?;
    let entry_points = view.entry_points()?;
    let milestone = view.milestone(view.head.ledger_index)?;
    let mut failed = None;
    write_whole(path, |out| {
        let mut out = Summed {
            out,
            hasher: crc32fast::Hasher::new(),
        };
        out.put(MAGIC)?;
        out.put(genesis)?;
        out.record(&view.head.to_bytes())?;
        for option in &parameters {
            out.record(&option.to_bytes())?;
        }
        out.end_list()?;
        for (id, index) in &entry_points {
            let mut record = id.0.to_vec();
            record.extend_from_slice(&index.0.to_be_bytes());
            out.record(&record)?;
        }
        out.end_list()?;
        if let Some(entry) = &milestone {
            out.record(&entry.to_bytes())?;
        }
        out.end_list()?;
        for entry in view.unspent() {
            match entry {
                Ok(entry) => {
                    let mut record = entry.output.id.0.to_vec();
                    record.extend_from_slice(&entry.to_bytes());
                    out.record(&record)?;
                }
                Err(error) => {
                    failed = Some(error);
                    return Err(io::Error::other("the ledger store failed"));
                }
            }
        }
        out.end_list()?;
        let crc = out.hasher.finalize();
        out.out.write_all(&crc.to_le_bytes())
    })
    .map_err(|error| failed.take().unwrap_or(error))?;
    let size = std::fs::metadata(path).at(path)?.len();
    Ok((view.head.ledger_index, size))
}

/// Reads records and keeps the checksum.
struct Source<'p> {
    path: &'p Path,
    file: BufReader<File>,
    hasher: crc32fast::Hasher,
}

impl Source<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).at(self.path)?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    /// The next record of a list.
    fn record(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match u32::from_le_bytes(self.array()?) {
            0 => Ok(None),
            length if length > RECORD_BYTES_MAX => Err(self.wrong("a record is too long")),
            length => {
                let mut bytes = vec![0; length as usize];
                self.file.read_exact(&mut bytes).at(self.path)?;
                self.hasher.update(&bytes);
                Ok(Some(bytes))
            }
        }
    }

    fn wrong(&self, what: &str) -> StoreError {
        StoreError::damaged(self.path, what)
    }
}

fn read(path: &Path, genesis: &[u8; 32], ledger: &Ledger) -> Result<Head, StoreError> {
    let file = File::open(path).at(path)?;
    let mut source = Source {
        path,
        file: BufReader::with_capacity(1 << 18, file),
        hasher: crc32fast::Hasher::new(),
    };
    if source.array()? != *MAGIC || source.array()? != *genesis {
        return Err(source.wrong("it is no base of this network"));
    }
    let head = source.record()?.unwrap_or_default();
    let head = Head::from_bytes(&head).map_err(|error| source.wrong(&error.to_string()))?;
    let mut change = Change::new(head);
    while let Some(record) = source.record()? {
        let option = ParametersOption::from_bytes(&record);
        let option = option.map_err(|error| source.wrong(&error.to_string()))?;
        let key = chain_key(tag::PARAMETERS, &option.target_index.0.to_be_bytes());
        change.chain.insert(key, Some(record));
    }
    let mut entry_points = HashMap::new();
    while let Some(record) = source.record()? {
        let Some((id, index)) = record.split_first_chunk::<32>() else {
            return Err(source.wrong("an entry point is too short"));
        };
        let index = index.try_into().map(u32::from_be_bytes);
        let index = index.map_err(|_| source.wrong("an entry point has no index"))?;
        entry_points.insert(BlockId(*id), MilestoneIndex(index));
    }
    change.set_entry_points(&HashMap::new(), &entry_points);
    while let Some(record) = source.record()? {
        let entry = MilestoneEntry::from_bytes(&record);
        let entry = entry.map_err(|error| source.wrong(&error.to_string()))?;
        change.milestone(&entry);
    }
    // Of what was spent before, a base has nothing.
    change.begin_past(head.ledger_index);
    // The head comes last: a store that was not built as a whole has none.
    let mut batch = Vec::new();
    while let Some(record) = source.record()? {
        let Some((id, entry)) = record.split_first_chunk::<34>() else {
            return Err(source.wrong("an output is too short"));
        };
        let entry = OutputEntry::from_bytes(&OutputId(*id), entry);
        batch.push(
            entry
                .map_err(|error| source.wrong(&error.to_string()))?
                .output,
        );
        if batch.len() == BATCH_OUTPUTS {
            let mut part = Change::new(head);
            part.create(&std::mem::take(&mut batch));
            ledger.apply_part(&part)?;
        }
    }
    let crc = source.hasher.clone().finalize();
    if u32::from_le_bytes(source.array()?) != crc {
        return Err(source.wrong("its checksum is wrong"));
    }
    change.create(&batch);
    ledger.apply(&change)?;
    Ok(head)
}
