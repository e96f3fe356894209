//! Snapshots of a store lead to the same ledger in another store.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tangle_engine::Store;
use tangle_storage::snapshot::{self, LedgerSummary, SnapshotError};
use tangle_storage::{OpenError, Reader, Writer};
use tangle_types::{Address, BlockId, MilestoneIndex};
use tempfile::TempDir;

use crate::chain::{Chain, SUPPLY};
use crate::{reopen, try_open};

/// A store that has grown by `count` milestones, with its ledger after each, the genesis first.
struct Grown {
    folder: TempDir,
    chain: Chain,
    writer: Writer,
    reader: Reader,
    states: Vec<LedgerSummary>,
}

impl Grown {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut chain = Chain::new();
        let (mut writer, reader) = reopen(&folder.path().join("store"), &chain.genesis);
        let mut states = vec![snapshot::summarize(&reader).unwrap()];
        for _ in 0..count {
            chain.grow(&mut writer, &reader, 1);
            states.push(snapshot::summarize(&reader).unwrap());
        }
        Self {
            folder,
            chain,
            writer,
            reader,
            states,
        }
    }

    fn write(&self, target: u32) -> Result<PathBuf, SnapshotError> {
        let path = self.folder.path().join(format!("{target}.bin"));
        snapshot::write(
            &self.reader,
            &self.chain.genesis,
            MilestoneIndex(target),
            &path,
        )?;
        Ok(path)
    }

    /// A new store that begins with the snapshot in `file`.
    fn import(&self, file: &Path, name: &str) -> (Writer, Reader) {
        let store = self.folder.path().join(name);
        snapshot::import(&store, &self.chain.genesis, file, None).unwrap();
        reopen(&store, &self.chain.genesis)
    }
}

#[test]
fn every_target_leads_to_its_ledger() {
    let grown = Grown::new(20);
    for target in 0..=20 {
        let file = grown.write(target).unwrap();
        let (writer, reader) = grown.import(&file, &format!("imported-{target}"));
        let state = snapshot::summarize(&reader).unwrap();
        assert_eq!(state, grown.states[target as usize]);
        assert_eq!(state.total, u128::from(SUPPLY));
        assert_eq!(reader.pruning_index(), MilestoneIndex(target));
        let bootstrap = writer.bootstrap().unwrap();
        let original = grown.reader.milestone(MilestoneIndex(target)).unwrap();
        let id = original.map_or(tangle_types::MilestoneId::ZERO, |milestone| milestone.id);
        assert_eq!(bootstrap.last_milestone_id, id);
    }
}

#[test]
fn snapshot_of_an_imported_snapshot_is_the_same_file() {
    let grown = Grown::new(18);
    let file = grown.write(18).unwrap();
    let (_writer, reader) = grown.import(&file, "imported");
    let again = grown.folder.path().join("again.bin");
    snapshot::write(&reader, &grown.chain.genesis, MilestoneIndex(18), &again).unwrap();
    assert_eq!(fs::read(again).unwrap(), fs::read(file).unwrap());
}

#[test]
fn entry_points_are_what_later_blocks_refer_to() {
    let grown = Grown::new(40);
    let file = grown.write(20).unwrap();
    let (_writer, reader) = grown.import(&file, "imported");
    // The store forgot the blocks, but knows at which its own cones end.
    let mut parents = 0;
    for index in 21..=40 {
        for (id, _) in grown.reader.cone(MilestoneIndex(index)).unwrap().unwrap() {
            let bytes = grown.reader.block(&id).unwrap().unwrap();
            let block = tangle_types::ParsedBlock::parse(bytes).unwrap();
            for parent in block.block.parents.as_slice() {
                let metadata = grown.reader.metadata(parent).unwrap();
                if metadata.is_some_and(|known| known.referenced_by <= MilestoneIndex(20)) {
                    assert!(reader.contains(parent).unwrap(), "{parent}");
                    assert_eq!(
                        reader.metadata(parent).unwrap().unwrap().referenced_by,
                        MilestoneIndex(20)
                    );
                    parents += 1;
                }
            }
        }
    }
    assert!(parents > 0, "some block refers to the past");
}

#[test]
fn new_network_has_the_genesis_as_entry_point() {
    let grown = Grown::new(2);
    let file = grown.write(2).unwrap();
    let (_writer, reader) = grown.import(&file, "imported");
    assert!(reader.contains(&BlockId::ZERO).unwrap());
}

#[test]
fn targets_out_of_range_are_refused() {
    let grown = Grown::new(3);
    let error = grown.write(4).unwrap_err();
    assert!(
        matches!(error, SnapshotError::NoSuchTarget { .. }),
        "{error}"
    );
    let file = grown.write(2).unwrap();
    let (_writer, reader) = grown.import(&file, "imported");
    let path = grown.folder.path().join("again.bin");
    let error =
        snapshot::write(&reader, &grown.chain.genesis, MilestoneIndex(1), &path).unwrap_err();
    assert!(
        matches!(error, SnapshotError::NoSuchTarget { .. }),
        "{error}"
    );
    assert!(!path.exists());
}

#[test]
fn confirmation_goes_on_after_the_view_was_taken() {
    let mut grown = Grown::new(5);
    let before = grown.write(5).unwrap();
    grown.chain.grow(&mut grown.writer, &grown.reader, 5);
    let after = grown.write(5).unwrap();
    assert_eq!(before, after, "one name for one target");
    let (_writer, reader) = grown.import(&after, "imported");
    assert_eq!(snapshot::summarize(&reader).unwrap(), grown.states[5]);
}

#[test]
fn damaged_base_keeps_the_store_from_opening() {
    let grown = Grown::new(3);
    let file = grown.write(3).unwrap();
    let store = grown.folder.path().join("imported");
    snapshot::import(&store, &grown.chain.genesis, &file, None).unwrap();
    let base = fs::read_dir(&store)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&base).unwrap();
    bytes[300] ^= 1;
    fs::write(&base, bytes).unwrap();
    let error = try_open(&store, &grown.chain.genesis).unwrap_err();
    assert!(matches!(error, OpenError::Base(_)), "{error}");
}

#[test]
fn genesis_snapshot_begins_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::new();
    let file = folder.path().join("genesis.bin");
    snapshot::write_genesis(&chain.genesis, &file).unwrap();
    let (_writer, plain) = reopen(&folder.path().join("plain"), &chain.genesis);
    let store = folder.path().join("imported");
    snapshot::import(&store, &chain.genesis, &file, None).unwrap();
    let (_writer, imported) = reopen(&store, &chain.genesis);
    assert_eq!(
        snapshot::summarize(&plain).unwrap(),
        snapshot::summarize(&imported).unwrap()
    );
    let again = folder.path().join("again.bin");
    snapshot::write(&plain, &chain.genesis, chain.genesis.index, &again).unwrap();
    assert_eq!(fs::read(again).unwrap(), fs::read(file).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_ledger_survives_a_snapshot(
        plan in prop::collection::vec(prop::collection::vec(0_u8..3, 0..6), 1..8),
        target in any::<prop::sample::Index>(),
    ) {
        let mut grown = Grown::new(0);
        for milestone in &plan {
            for kind in milestone {
                match kind {
                    0 => grown.chain.data(20),
                    1 => grown.chain.transfer(Address::Ed25519([*kind; 32])),
                    _ => grown.chain.double_spend(),
                };
            }
            grown.chain.confirm(&mut grown.writer, &grown.reader);
            grown.states.push(snapshot::summarize(&grown.reader).unwrap());
        }
        let target = target.index(plan.len() + 1);
        let file = grown.write(target as u32).unwrap();
        let (_writer, reader) = grown.import(&file, "imported");
        prop_assert_eq!(snapshot::summarize(&reader).unwrap(), grown.states[target]);
        let again = grown.folder.path().join("again.bin");
        let index = MilestoneIndex(target as u32);
        snapshot::write(&reader, &grown.chain.genesis, index, &again).unwrap();
        if target == plan.len() {
            prop_assert_eq!(fs::read(again).unwrap(), fs::read(file).unwrap());
        }
    }
}
