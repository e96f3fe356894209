//! The state that a store begins with: a network's genesis, or a snapshot that was imported.
//!
//! An imported snapshot lies in the store's folder, as a full snapshot whose target is its ledger
//! index, so that it can be read again whenever the ledger has to be rebuilt. Its name tells the
//! hash of its contents:
//!
//! ```text
//! base-0000017341-<64 hexadecimal digits>.snapshot
//! ```

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use tangle_consensus::ParameterSchedule;
use tangle_crypto::blake2b;
use tangle_types::{
    BlockId, LedgerOutput, MilestoneId, MilestoneIndex, OutputId, ParametersOption, Treasury,
    UnixSeconds,
};

use super::error::at;
use super::import::Announcements;
use super::pace::PacedFile;
use super::record::decode_parameters;
use super::{Header, Pace, Record, SnapshotError, SnapshotReader, SnapshotWriter};
use crate::Genesis;

const PREFIX: &str = "base-";
const SUFFIX: &str = ".snapshot";
/// A base that is being written.
pub(super) const TEMPORARY: &str = "base.tmp";
const BUFFER_BYTES: usize = 1 << 18;

/// Writes a snapshot into a file.
pub(super) type FileWriter<'p> = SnapshotWriter<BufWriter<PacedFile<'p>>>;

/// The state that a store begins with.
#[derive(Clone, Debug)]
pub struct Base {
    /// State of the ledger.
    pub index: MilestoneIndex,
    /// Id of that milestone; zero at genesis.
    pub milestone_id: MilestoneId,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Where cones end.
    pub entry_points: Vec<(BlockId, MilestoneIndex)>,
    /// Protocol parameters in force and announced.
    pub schedule: ParameterSchedule,
    /// The unspent treasury output.
    pub treasury: Treasury,
    outputs: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Genesis(Vec<LedgerOutput>),
    File(PathBuf),
}

impl Base {
    /// The base of the store in `folder`: the snapshot that was imported there, else the genesis.
    /// Reads the whole file and compares it with its hash.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or is of another network.
    pub fn find(folder: &Path, genesis: &Genesis) -> Result<Self, SnapshotError> {
        match newest(folder)? {
            None => Ok(Self::of_genesis(genesis)),
            Some(path) => Self::read(&path, genesis),
        }
    }

    /// The genesis.
    #[must_use]
    pub fn of_genesis(genesis: &Genesis) -> Self {
        Self {
            index: genesis.index,
            milestone_id: MilestoneId::ZERO,
            timestamp: genesis.timestamp,
            entry_points: vec![(BlockId::ZERO, genesis.index)],
            schedule: ParameterSchedule::new(genesis.index, genesis.parameters.clone()),
            treasury: Treasury {
                milestone_id: MilestoneId::ZERO,
                amount: genesis.treasury,
            },
            outputs: Source::Genesis(genesis.outputs().collect()),
        }
    }

    fn read(path: &Path, genesis: &Genesis) -> Result<Self, SnapshotError> {
        check_hash(path)?;
        let mut reader = open(path)?;
        let Header::Full(header) = reader.header().clone() else {
            return Err(SnapshotError::WrongKind {
                path: path.to_owned(),
                needed: "full",
            });
        };
        super::import::check_network(&header, genesis)?;
        let mut announcements = Announcements::new(&header);
        let mut entry_points = Vec::new();
        for record in &mut reader {
            match record? {
                Record::Milestone { milestone, .. } => announcements.note(&milestone),
                Record::EntryPoint(id) => entry_points.push((id, header.target_index)),
                Record::Output(_) | Record::Created(_) | Record::Consumed(..) => {}
            }
        }
        Ok(Self {
            index: header.target_index,
            milestone_id: header.target_milestone_id,
            timestamp: header.target_timestamp,
            entry_points,
            schedule: schedule(&announcements.at(header.target_index)?)?,
            treasury: header.treasury,
            outputs: Source::File(path.to_owned()),
        })
    }

    /// The unspent outputs, in ascending order of their ids.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn outputs(&self) -> Result<BaseOutputs<'_>, SnapshotError> {
        Ok(BaseOutputs(match &self.outputs {
            Source::Genesis(outputs) => Outputs::Genesis(outputs.iter()),
            Source::File(path) => Outputs::File {
                records: Box::new(open(path)?),
                last: None,
            },
        }))
    }
}

/// The outputs of a [`Base`].
#[derive(Debug)]
pub struct BaseOutputs<'a>(Outputs<'a>);

#[derive(Debug)]
enum Outputs<'a> {
    Genesis(std::slice::Iter<'a, LedgerOutput>),
    File {
        records: Box<SnapshotReader<BufReader<File>>>,
        last: Option<OutputId>,
    },
}

impl Iterator for BaseOutputs<'_> {
    type Item = Result<LedgerOutput, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Outputs::Genesis(outputs) => outputs.next().cloned().map(Ok),
            Outputs::File { records, last } => match records.next()? {
                Ok(Record::Output(output)) if last.is_none_or(|last| last < output.id) => {
                    *last = Some(output.id);
                    Some(Ok(output))
                }
                Ok(Record::Output(output)) => {
                    Some(Err(SnapshotError::OutputRepeated { id: output.id }))
                }
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            },
        }
    }
}

/// The parameters of `entries`, which are sorted by target and hold at least those in force.
fn schedule(entries: &[ParametersOption]) -> Result<ParameterSchedule, SnapshotError> {
    let (in_force, announced) = entries
        .split_first()
        .expect("the parameters in force are among the announcements");
    let parameters = decode_parameters(in_force).map_err(|source| SnapshotError::Decode {
        what: "protocol parameters",
        offset: 0,
        source,
    })?;
    let mut schedule = ParameterSchedule::new(in_force.target_index, parameters);
    for option in announced {
        let target = option.target_index;
        schedule
            .announce(option)
            .map_err(|_| SnapshotError::Contradiction { target })?;
    }
    Ok(schedule)
}

/// Opens a snapshot file.
pub(super) fn open(path: &Path) -> Result<SnapshotReader<BufReader<File>>, SnapshotError> {
    let file = File::open(path).map_err(at(path))?;
    SnapshotReader::new(BufReader::with_capacity(BUFFER_BYTES, file))
}

/// Whether `name` is that of an imported snapshot.
pub(crate) fn is_base(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// The snapshot in `folder` with the highest index.
fn newest(folder: &Path) -> Result<Option<PathBuf>, SnapshotError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let name = entry.map_err(at(folder))?.file_name();
        if let Some(name) = name.to_str()
            && is_base(name)
        {
            names.push(name.to_owned());
        }
    }
    Ok(names.into_iter().max().map(|name| folder.join(name)))
}

/// Writes the base of the store in `folder` and removes the one before. `fill` appends all records.
pub(super) fn replace(
    folder: &Path,
    header: Header,
    fill: impl FnOnce(&mut FileWriter<'_>) -> Result<(), SnapshotError>,
) -> Result<Header, SnapshotError> {
    let before = newest(folder)?;
    let temporary = folder.join(TEMPORARY);
    let header = write_file(&temporary, header, &Pace::default(), fill)?;
    let index = match &header {
        Header::Full(header) => header.target_index,
        Header::Delta(header) => header.target_index,
    };
    let hash = hash_file(&temporary)?;
    let path = folder.join(format!("{PREFIX}{:010}-{hash}{SUFFIX}", index.0));
    fs::rename(&temporary, &path).map_err(at(&path))?;
    sync_folder(folder)?;
    if let Some(before) = before.filter(|before| *before != path) {
        fs::remove_file(&before).map_err(at(&before))?;
    }
    Ok(header)
}

/// Writes a snapshot file and makes its contents durable.
pub(super) fn write_file(
    path: &Path,
    header: Header,
    pace: &Pace,
    fill: impl FnOnce(&mut FileWriter<'_>) -> Result<(), SnapshotError>,
) -> Result<Header, SnapshotError> {
    let file = File::create(path).map_err(at(path))?;
    let file = PacedFile::new(file, pace);
    let mut writer = SnapshotWriter::new(BufWriter::with_capacity(BUFFER_BYTES, file), header)?;
    fill(&mut writer)?;
    let (header, mut buffered) = writer.finish()?;
    buffered.flush().map_err(at(path))?;
    buffered.get_ref().sync_all().map_err(at(path))?;
    Ok(header)
}

/// Makes renamed files durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), SnapshotError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}

fn check_hash(path: &Path) -> Result<(), SnapshotError> {
    let name = path.file_stem().and_then(|name| name.to_str());
    let needed = name.and_then(|name| name.rsplit('-').next()).unwrap_or("");
    let found = hash_file(path)?;
    if found != needed {
        return Err(SnapshotError::Damaged {
            path: path.to_owned(),
            needed: needed.to_owned(),
            found,
        });
    }
    Ok(())
}

fn hash_file(path: &Path) -> Result<String, SnapshotError> {
    let mut file = File::open(path).map_err(at(path))?;
    let mut hasher = blake2b::Hasher::default();
    io::copy(&mut file, &mut hasher).map_err(at(path))?;
    Ok(hex::encode(hasher.finish()))
}
