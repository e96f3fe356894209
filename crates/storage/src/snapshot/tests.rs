//! Hornet's files, damaged files, and ledgers made up at random.

mod history;

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use serde_json::Value;
use tangle_types::{Address, BlockId, Codec, MilestoneIndex, UnixSeconds};
use tempfile::TempDir;

use super::*;
use crate::{Allocation, BaseToken, Genesis, Progress};

const FIXTURES: &str = include_str!("../../../testkit/vectors/snapshots-hornet.json");

fn fixtures() -> Vec<Value> {
    let all: Value = serde_json::from_str(FIXTURES).unwrap();
    all["snapshots"].as_array().unwrap().clone()
}

fn hex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

fn raw(file: &str) -> Vec<u8> {
    let all = fixtures();
    hex(&all.iter().find(|entry| entry["file"] == file).unwrap()["raw"])
}

fn index(value: &Value) -> MilestoneIndex {
    MilestoneIndex(value.as_u64().unwrap().try_into().unwrap())
}

fn read(bytes: &[u8]) -> Result<(Header, Vec<Record>), SnapshotError> {
    let mut reader = SnapshotReader::new(bytes)?;
    let records = reader.by_ref().collect::<Result<_, _>>()?;
    Ok((reader.header().clone(), records))
}

fn write(header: Header, records: &[Record]) -> Vec<u8> {
    let mut writer = SnapshotWriter::new(Cursor::new(Vec::new()), header).unwrap();
    for record in records {
        writer.push(record).unwrap();
    }
    writer.finish().unwrap().1.into_inner()
}

/// The network of a Hornet file.
fn genesis_of(header: &FullHeader) -> Genesis {
    let parameters = header.protocol_parameters().unwrap();
    Genesis {
        allocations: vec![Allocation {
            address: Address::Ed25519([0; 32]),
            amount: parameters.token_supply,
        }],
        parameters,
        token: BaseToken::default(),
        index: header.genesis_index,
        timestamp: UnixSeconds(0),
        treasury: 0,
        milestone_keys: Vec::new(),
        milestone_key_threshold: 1,
    }
}

fn full_header(bytes: &[u8]) -> FullHeader {
    match read(bytes).unwrap().0 {
        Header::Full(header) => header,
        Header::Delta(_) => panic!("a full snapshot is expected"),
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }
}

#[test]
fn hornet_files_are_read_to_the_last_byte_and_written_back() {
    for entry in fixtures() {
        let bytes = hex(&entry["raw"]);
        let (header, records) = read(&bytes).unwrap();
        assert_eq!(write(header, &records), bytes, "{}", entry["file"]);
    }
}

#[test]
fn hornet_headers_have_their_values() {
    for entry in fixtures() {
        let expected = &entry["header"];
        let (header, records) = read(&hex(&entry["raw"])).unwrap();
        let entry_points = match header {
            Header::Full(header) => {
                let parameters = header.protocol_parameters().unwrap();
                assert_eq!(header.genesis_index, index(&expected["genesis"]));
                assert_eq!(header.target_index, index(&expected["target"]));
                assert_eq!(header.ledger_index, index(&expected["ledger"]));
                assert_eq!(
                    header.treasury.amount.to_string(),
                    expected["tamt"].as_str().unwrap()
                );
                assert_eq!(parameters.network_name, expected["params"]["name"]);
                assert_eq!(parameters.bech32_hrp, expected["params"]["hrp"]);
                header.entry_point_count
            }
            Header::Delta(header) => {
                assert_eq!(header.target_index, index(&expected["target"]));
                header.entry_point_count
            }
        };
        assert_eq!(u64::from(entry_points), expected["nsep"].as_u64().unwrap());
        check_records(&entry, &records);
    }
}

/// The records of a file are those that its description lists.
fn check_records(entry: &Value, records: &[Record]) {
    let list = |name: &str| entry[name].as_array().unwrap().clone();
    let outputs = records.iter().filter_map(|record| match record {
        Record::Output(output) => Some((output.id.to_string(), output.output.to_bytes())),
        _ => None,
    });
    let expected = list("outputs");
    let expected = expected.iter().map(|output| {
        let id = output["output_id"].as_str().unwrap().to_owned();
        (id, hex(&output["output"]))
    });
    assert!(outputs.eq(expected), "outputs of {}", entry["file"]);
    let milestones = records.iter().filter_map(|record| match record {
        Record::Milestone { milestone, .. } => Some(milestone.id().to_string()),
        _ => None,
    });
    let expected = list("diffs");
    let expected = expected
        .iter()
        .map(|diff| diff["milestone_id"].as_str().unwrap().to_owned());
    assert!(milestones.eq(expected), "diffs of {}", entry["file"]);
    let entry_points = records.iter().filter_map(|record| match record {
        Record::EntryPoint(id) => Some(id.to_string()),
        _ => None,
    });
    let expected = list("solid_entry_points");
    let expected = expected.iter().map(|id| id.as_str().unwrap().to_owned());
    assert!(entry_points.eq(expected), "entries of {}", entry["file"]);
}

#[test]
fn hornet_genesis_is_written_byte_for_byte() {
    for file in ["full_snapshot.bin", "migration_full_snapshot.bin"] {
        let bytes = raw(file);
        let (header, records) = read(&bytes).unwrap();
        let Header::Full(header) = header else {
            panic!("a full snapshot is expected");
        };
        let Record::Output(output) = &records[0] else {
            panic!("an output is expected");
        };
        let mut genesis = genesis_of(&header);
        genesis.treasury = header.treasury.amount;
        genesis.allocations[0].amount = output.output.amount();
        let conditions = output.output.unlock_conditions();
        genesis.allocations[0].address = *conditions.address().unwrap();
        let folder = Folder::new();
        let path = folder.0.path().join("genesis.bin");
        write_genesis(&genesis, &path).unwrap();
        assert_eq!(fs::read(path).unwrap(), bytes, "{file}");
    }
}

#[test]
fn hornet_full_snapshot_is_imported_at_its_target() {
    let bytes = raw("snapshot_full_snapshot.bin");
    let folder = Folder::new();
    let full = folder.file("full.bin", &bytes);
    let genesis = genesis_of(&full_header(&bytes));
    let imported = import(&folder.store(), &genesis, &full, None, &Progress::default()).unwrap();
    assert_eq!(imported.index, MilestoneIndex(1));
    assert_eq!(imported.entry_point_count, 10);
    let base = Base::find(&folder.store(), &genesis).unwrap();
    let ids: Vec<u8> = base
        .outputs()
        .unwrap()
        .map(|output| output.unwrap().id.0[0])
        .collect();
    assert_eq!(ids, [1, 2], "undoing milestones 3 and 2 leads to these");
    assert_eq!(base.entry_points[3].1, MilestoneIndex(1));
    assert_eq!(base.schedule.at(base.index), &genesis.parameters);
}

#[test]
fn hornet_delta_leads_to_its_target() {
    let full_bytes = raw("snapshot_full_snapshot.bin");
    let delta_bytes = raw("snapshot_delta_snapshot.bin");
    let folder = Folder::new();
    let full = folder.file("full.bin", &full_bytes);
    let delta = folder.file("delta.bin", &delta_bytes);
    let genesis = genesis_of(&full_header(&full_bytes));
    let imported = import(
        &folder.store(),
        &genesis,
        &full,
        Some(&delta),
        &Progress::default(),
    )
    .unwrap();
    let records = read(&delta_bytes).unwrap().1;
    let last = records.iter().rev().find_map(|record| match record {
        Record::Milestone { milestone, .. } => Some(milestone.id()),
        _ => None,
    });
    let created = records.iter().rev().find_map(|record| match record {
        Record::Created(output) => Some(output.clone()),
        _ => None,
    });
    assert_eq!(imported.index, MilestoneIndex(5));
    assert_eq!(Some(imported.milestone_id), last);
    let base = Base::find(&folder.store(), &genesis).unwrap();
    let outputs: Vec<_> = base.outputs().unwrap().map(Result::unwrap).collect();
    assert_eq!(
        outputs,
        [created.unwrap()],
        "all coins are in one output then"
    );
}

#[test]
fn foreign_and_wrong_files_are_refused() {
    let full_bytes = raw("snapshot_full_snapshot.bin");
    let delta_bytes = raw("snapshot_delta_snapshot.bin");
    let folder = Folder::new();
    let full = folder.file("full.bin", &full_bytes);
    let delta = folder.file("delta.bin", &delta_bytes);
    let genesis = genesis_of(&full_header(&full_bytes));
    let refuse = |genesis: &Genesis, full: &PathBuf, delta: Option<&PathBuf>| {
        let error = import(
            &folder.store(),
            genesis,
            full,
            delta.map(|path| &**path),
            &Progress::default(),
        )
        .unwrap_err();
        let left = fs::read_dir(folder.store()).unwrap().count();
        assert_eq!(left, 0, "nothing is left of an import that failed");
        error
    };
    let mut other = genesis.clone();
    other.parameters.network_name = "other".to_owned();
    let error = refuse(&other, &full, None);
    assert!(
        matches!(error, SnapshotError::OtherNetwork { .. }),
        "{error}"
    );
    let mut other = genesis.clone();
    other.index = MilestoneIndex(7);
    let error = refuse(&other, &full, None);
    assert!(
        matches!(error, SnapshotError::OtherGenesis { .. }),
        "{error}"
    );
    let mut other = genesis.clone();
    other.parameters.token_supply += 1;
    let error = refuse(&other, &full, None);
    assert!(matches!(error, SnapshotError::Supply { .. }), "{error}");
    let error = refuse(&genesis, &delta, None);
    assert!(matches!(error, SnapshotError::WrongKind { .. }), "{error}");
    let error = refuse(&genesis, &full, Some(&full));
    assert!(matches!(error, SnapshotError::WrongKind { .. }), "{error}");
    let mut wrong = delta_bytes.clone();
    wrong[10] = 1;
    let wrong = folder.file("wrong.bin", &wrong);
    let error = refuse(&genesis, &full, Some(&wrong));
    assert!(matches!(error, SnapshotError::OtherFull { .. }), "{error}");
}

#[test]
fn full_folder_is_refused() {
    let bytes = raw("full_snapshot.bin");
    let folder = Folder::new();
    let full = folder.file("full.bin", &bytes);
    let genesis = genesis_of(&full_header(&bytes));
    import(&folder.store(), &genesis, &full, None, &Progress::default()).unwrap();
    let error = import(&folder.store(), &genesis, &full, None, &Progress::default()).unwrap_err();
    assert!(matches!(error, SnapshotError::NotEmpty { .. }), "{error}");
}

#[test]
fn damaged_base_is_noticed() {
    let bytes = raw("full_snapshot.bin");
    let folder = Folder::new();
    let full = folder.file("full.bin", &bytes);
    let genesis = genesis_of(&full_header(&bytes));
    import(&folder.store(), &genesis, &full, None, &Progress::default()).unwrap();
    let path = fs::read_dir(folder.store()).unwrap().next().unwrap();
    let path = path.unwrap().path();
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 40;
    bytes[end] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Base::find(&folder.store(), &genesis).unwrap_err();
    assert!(matches!(error, SnapshotError::Damaged { .. }), "{error}");
}

#[test]
fn every_truncation_is_refused() {
    for entry in fixtures() {
        let bytes = hex(&entry["raw"]);
        for length in 0..bytes.len() {
            let error = read(&bytes[..length]).unwrap_err();
            assert!(
                matches!(error, SnapshotError::Truncated { .. }),
                "{length}: {error}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        let error = read(&longer).unwrap_err();
        assert!(matches!(error, SnapshotError::Extent { .. }), "{error}");
    }
}

#[test]
fn flipped_bits_never_panic() {
    for entry in fixtures() {
        let bytes = hex(&entry["raw"]);
        for position in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[position / 8] ^= 1 << (position % 8);
            if let Ok((header, records)) = read(&damaged) {
                assert_eq!(write(header, &records), damaged, "bit {position}");
            }
        }
    }
}

#[test]
fn stated_lengths_are_not_believed() {
    let bytes = raw("full_snapshot.bin");
    let length_at = bytes.len() - 32 - 47 - 4;
    let mut huge = bytes;
    huge[length_at..length_at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = read(&huge).unwrap_err();
    assert!(matches!(error, SnapshotError::Length { .. }), "{error}");
}

#[test]
fn too_many_entry_points_are_refused_when_writing() {
    let header = full_header(&raw("full_snapshot.bin"));
    let sink = Cursor::new(Vec::new());
    let mut writer = SnapshotWriter::new(sink, Header::Full(header)).unwrap();
    for _ in 0..=ENTRY_POINTS_MAX {
        writer.push(&Record::EntryPoint(BlockId::ZERO)).unwrap();
    }
    let error = writer.finish().unwrap_err();
    assert!(
        matches!(error, SnapshotError::EntryPoints { .. }),
        "{error}"
    );
}
