//! Writes snapshots of what a network begins with.

use std::fs;
use std::path::Path;

use tangle_types::{BlockId, Codec, MilestoneId, ParametersOption, Treasury};

use super::base::{sync_folder, write_file};
use super::error::at;
use super::{FullHeader, Header, Record, SnapshotError};
use crate::Genesis;

/// Writes the full snapshot that a network begins with into the file `path`, which appears as a
/// whole or not at all. Hornet starts from it too.
///
/// # Errors
/// The file cannot be written.
pub fn write_genesis(genesis: &Genesis, path: &Path) -> Result<FullHeader, SnapshotError> {
    let header = FullHeader {
        genesis_index: genesis.index,
        target_index: genesis.index,
        target_timestamp: genesis.timestamp,
        target_milestone_id: MilestoneId::ZERO,
        ledger_index: genesis.index,
        treasury: Treasury {
            milestone_id: MilestoneId::ZERO,
            amount: genesis.treasury,
        },
        parameters: ParametersOption {
            target_index: genesis.index,
            protocol_version: genesis.parameters.version,
            parameters: genesis.parameters.to_bytes(),
        },
        output_count: 0,
        diff_count: 0,
        entry_point_count: 0,
    };
    write_whole(
        path,
        header,
        genesis
            .outputs()
            .map(Record::Output)
            .chain([Record::EntryPoint(BlockId::ZERO)])
            .map(Ok),
    )
}

/// Writes `records` to a file beside `path`, and gives it that name when it is complete and durable.
fn write_whole(
    path: &Path,
    header: FullHeader,
    records: impl Iterator<Item = Result<Record, SnapshotError>>,
) -> Result<FullHeader, SnapshotError> {
    let temporary = path.with_extension("tmp");
    let result = write_file(&temporary, Header::Full(header), |writer| {
        for record in records {
            writer.push(&record?)?;
        }
        Ok(())
    });
    let header = match result {
        Ok(Header::Full(header)) => header,
        Ok(Header::Delta(_)) => unreachable!("a writer keeps its kind of header"),
        Err(error) => {
            // Nothing is lost if it stays: the next snapshot of this name overwrites it.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
    };
    fs::rename(&temporary, path).map_err(at(path))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))?;
    Ok(header)
}
