//! Snapshots of a store lead to the same ledger in another store.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tangle_engine::Store;
use tangle_storage::snapshot::{
    self, DeltaLimit, Keeper, LedgerSummary, Order, Pace, SnapshotError,
};
use tangle_storage::{Genesis, OpenError, Progress, Reader, Writer};
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

    fn grow(&mut self, count: usize) {
        for _ in 0..count {
            self.chain.grow(&mut self.writer, &self.reader, 1);
            self.states.push(snapshot::summarize(&self.reader).unwrap());
        }
    }

    fn write(&self, target: u32) -> Result<PathBuf, SnapshotError> {
        let path = self.folder.path().join(format!("{target}.bin"));
        write(&self.reader, &self.chain.genesis, target, &path)?;
        Ok(path)
    }

    /// A new store that begins with the snapshot in `file`.
    fn import(&self, file: &Path, name: &str) -> (Writer, Reader) {
        let store = self.folder.path().join(name);
        snapshot::import(
            &store,
            &self.chain.genesis,
            file,
            None,
            &Progress::default(),
        )
        .unwrap();
        reopen(&store, &self.chain.genesis)
    }
}

fn write(
    reader: &Reader,
    genesis: &Genesis,
    target: u32,
    path: &Path,
) -> Result<(), SnapshotError> {
    let order = Order {
        reader,
        genesis,
        target: MilestoneIndex(target),
        pace: &Pace::default(),
    };
    snapshot::write(&order, path).map(|_| ())
}

/// Renews the snapshots in a folder; whether a full one was written.
fn renew(grown: &Grown, keeper: &Keeper, target: u32) -> bool {
    let order = Order {
        reader: &grown.reader,
        genesis: &grown.chain.genesis,
        target: MilestoneIndex(target),
        pace: &Pace::default(),
    };
    let written = keeper.renew(&order).unwrap();
    assert_eq!(written.target_index, MilestoneIndex(target));
    assert_eq!(keeper.newest().unwrap(), Some(MilestoneIndex(target)));
    written.is_full
}

#[test]
fn full_and_delta_lead_to_the_ledger_of_their_source() {
    let mut grown = Grown::new(30);
    let folder = grown.folder.path().join("kept");
    let limit = DeltaLimit {
        percent_max: 100,
        bytes_min: 0,
    };
    let keeper = Keeper::new(folder.clone(), limit);
    assert_eq!(keeper.newest().unwrap(), None);
    let (mut fulls, mut deltas) = (0, 0);
    for step in 0..12 {
        let target = 10 + 5 * step;
        let is_full = renew(&grown, &keeper, target);
        assert!(step > 0 || is_full, "there is nothing to continue");
        let delta = Some(folder.join("delta_snapshot.bin")).filter(|path| path.exists());
        assert_eq!(delta.is_none(), is_full);
        if is_full {
            fulls += 1;
        } else {
            deltas += 1;
        }
        let store = grown.folder.path().join(format!("imported-{step}"));
        let full = folder.join("full_snapshot.bin");
        snapshot::import(
            &store,
            &grown.chain.genesis,
            &full,
            delta.as_deref(),
            &Progress::default(),
        )
        .unwrap();
        let (_writer, reader) = reopen(&store, &grown.chain.genesis);
        let state = snapshot::summarize(&reader).unwrap();
        assert_eq!(state, grown.states[target as usize]);
        grown.grow(5);
    }
    assert!(fulls > 1 && deltas > 1, "{fulls} full, {deltas} delta");
}

#[test]
fn full_snapshot_is_written_when_the_history_for_a_delta_is_gone() {
    let mut grown = Grown::new(40);
    let keeper = Keeper::new(grown.folder.path().join("kept"), DeltaLimit::default());
    assert!(renew(&grown, &keeper, 20));
    assert!(!renew(&grown, &keeper, 25));
    grown.grow(40);
    grown.writer.prune(MilestoneIndex(25)).unwrap();
    assert!(!renew(&grown, &keeper, 60), "diffs from 26 on are there");
    grown.grow(40);
    grown.writer.prune(MilestoneIndex(80)).unwrap();
    assert_eq!(grown.reader.pruning_index(), MilestoneIndex(80));
    assert!(renew(&grown, &keeper, 100));
}

#[test]
fn delta_of_another_full_snapshot_is_not_continued() {
    let grown = Grown::new(30);
    let folder = grown.folder.path().join("kept");
    let keeper = Keeper::new(folder.clone(), DeltaLimit::default());
    assert!(renew(&grown, &keeper, 10));
    assert!(!renew(&grown, &keeper, 15));
    // As a crash leaves it: the full one is new, the delta is not removed yet.
    let full = folder.join("full_snapshot.bin");
    write(&grown.reader, &grown.chain.genesis, 20, &full).unwrap();
    assert_eq!(keeper.newest().unwrap(), Some(MilestoneIndex(20)));
    assert!(!renew(&grown, &keeper, 25));
    let store = grown.folder.path().join("imported");
    let delta = folder.join("delta_snapshot.bin");
    snapshot::import(
        &store,
        &grown.chain.genesis,
        &full,
        Some(&delta),
        &Progress::default(),
    )
    .unwrap();
    let (_writer, reader) = reopen(&store, &grown.chain.genesis);
    assert_eq!(snapshot::summarize(&reader).unwrap(), grown.states[25]);
}

#[test]
fn stopped_snapshot_leaves_nothing() {
    let grown = Grown::new(5);
    let path = grown.folder.path().join("stopped.bin");
    let pace = Pace::default();
    pace.stop();
    let order = Order {
        reader: &grown.reader,
        genesis: &grown.chain.genesis,
        target: MilestoneIndex(5),
        pace: &pace,
    };
    let error = snapshot::write(&order, &path).unwrap_err();
    assert!(matches!(error, SnapshotError::Stopped), "{error}");
    assert!(!path.exists() && !path.with_extension("tmp").exists());
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
    write(&reader, &grown.chain.genesis, 18, &again).unwrap();
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
    let error = write(&reader, &grown.chain.genesis, 1, &path).unwrap_err();
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
    snapshot::import(
        &store,
        &grown.chain.genesis,
        &file,
        None,
        &Progress::default(),
    )
    .unwrap();
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
    snapshot::import(&store, &chain.genesis, &file, None, &Progress::default()).unwrap();
    let (_writer, imported) = reopen(&store, &chain.genesis);
    assert_eq!(
        snapshot::summarize(&plain).unwrap(),
        snapshot::summarize(&imported).unwrap()
    );
    let again = folder.path().join("again.bin");
    write(&plain, &chain.genesis, chain.genesis.index.0, &again).unwrap();
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
        write(&reader, &grown.chain.genesis, index.0, &again).unwrap();
        if target == plan.len() {
            prop_assert_eq!(fs::read(again).unwrap(), fs::read(file).unwrap());
        }
    }
}
