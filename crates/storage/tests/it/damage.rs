//! Crashes and damage: a store comes up again with all that was confirmed, or says what is lost.

use std::path::Path;

use tangle_storage::{CheckReport, Genesis, OpenError, Progress, StoreError};
use tangle_types::MilestoneIndex;

use crate::chain::Chain;
use crate::{copy, files, reopen, try_open};

/// A store with a good number of milestones and some blocks that none referenced.
fn filled(folder: &Path, milestones: usize) -> (Genesis, CheckReport) {
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder, &chain.genesis);
    chain.grow(&mut writer, &reader, milestones);
    chain.data(100);
    chain.save(&mut writer);
    let report = writer
        .check(&chain.genesis, true, &Progress::default())
        .unwrap();
    assert_eq!(report.problems, [""; 0]);
    (chain.genesis, report)
}

/// Opens and checks; damage that only shows while reading is repaired by opening again.
fn heal(folder: &Path, genesis: &Genesis) -> CheckReport {
    for _ in 0..3 {
        let (mut writer, _reader) = reopen(folder, genesis);
        match writer.check(genesis, false, &Progress::default()) {
            Ok(report) if report.problems.is_empty() => return report,
            Ok(_) | Err(StoreError::Damaged { .. } | StoreError::Ledger(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store does not heal");
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn copy_at_any_moment_comes_up_with_all_that_was_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 60);
    for round in 0..4 {
        chain.data(5_000);
        chain.data(50);
        chain.double_spend();
        let before = reader.ledger_index();
        let image = tempfile::tempdir().unwrap();
        chain.save(&mut writer);
        if round % 2 == 0 {
            copy(folder.path(), image.path());
        }
        let (_, commit) = chain.milestone(&reader);
        chain.save(&mut writer);
        writer.commit(&commit).unwrap();
        if round % 2 == 1 {
            copy(folder.path(), image.path());
        }
        let expected = if round % 2 == 0 {
            before
        } else {
            before.next()
        };
        let (mut copied, copied_reader) = reopen(image.path(), &chain.genesis);
        assert_eq!(copied_reader.ledger_index(), expected);
        let report = copied
            .check(&chain.genesis, true, &Progress::default())
            .unwrap();
        assert_eq!(report.problems, [""; 0]);
        assert_eq!(report.repairs, [""; 0]);
        let waiting = if round % 2 == 0 { 4 } else { 1 };
        assert_eq!(copied.unreferenced().unwrap().len(), waiting);
    }
}

#[test]
fn milestone_in_the_log_alone_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let image = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 3);
    copy(&folder.path().join("ledger"), &image.path().join("ledger"));
    chain.grow(&mut writer, &reader, 3);
    let hash = reader.ledger().unwrap().summary().unwrap();
    drop((writer, reader));
    // The ledger store falls three milestones back, as if its writes had been lost.
    std::fs::remove_dir_all(folder.path().join("ledger")).unwrap();
    copy(&image.path().join("ledger"), &folder.path().join("ledger"));
    let (writer, reader) = reopen(folder.path(), &chain.genesis);
    assert_eq!(reader.ledger_index(), MilestoneIndex(6));
    assert_eq!(reader.ledger().unwrap().summary().unwrap(), hash);
    assert_eq!(writer.repairs(), [""; 0]);
}

#[test]
fn kill_between_log_and_ledger_store_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 5);
    for milestones in 1..=4 {
        // All that the ledger store has when the process is killed.
        let image = tempfile::tempdir().unwrap();
        writer.sync().unwrap();
        let behind = image.path().join("behind");
        copy(&folder.path().join("ledger"), &behind);
        for _ in 0..milestones {
            chain.double_spend();
            chain.save(&mut writer);
            chain.confirm(&mut writer, &reader);
        }
        let after = reader.ledger().unwrap().summary().unwrap();
        let killed = image.path().join("store");
        std::fs::create_dir(&killed).unwrap();
        std::fs::rename(&behind, killed.join("ledger")).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let target = killed.join(entry.file_name());
            if entry.file_name() == "ledger" {
                continue;
            } else if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), &target).unwrap();
            }
        }
        let (mut copied, copied_reader) = reopen(&killed, &chain.genesis);
        assert_eq!(copied_reader.ledger_index(), reader.ledger_index());
        assert_eq!(copied_reader.ledger().unwrap().summary().unwrap(), after);
        let report = copied
            .check(&chain.genesis, true, &Progress::default())
            .unwrap();
        assert_eq!(report.problems, [""; 0]);
        assert_eq!(report.repairs, [""; 0]);
    }
}

#[test]
fn lost_ledger_store_is_built_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 120);
    std::fs::remove_dir_all(folder.path().join("ledger")).unwrap();
    let (mut writer, _reader) = reopen(folder.path(), &genesis);
    let after = writer.check(&genesis, true, &Progress::default()).unwrap();
    assert_eq!(after.problems, [""; 0]);
    assert_eq!(after.ledger, before.ledger);
    assert_eq!(after.ledger_index, before.ledger_index);
}

#[test]
fn flipped_byte_in_the_ledger_store_heals() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 30);
    let mut repaired = 0;
    for path in files(&folder.path().join("ledger")) {
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        // Journals are longer than what is written in them.
        let written = std::fs::read(&path).unwrap();
        let used = written
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1);
        for at in [used / 3, used * 2 / 3] {
            if size == 0 || at >= size {
                continue;
            }
            let image = tempfile::tempdir().unwrap();
            copy(folder.path(), image.path());
            flip(
                &image.path().join(path.strip_prefix(folder.path()).unwrap()),
                at,
            );
            let after = heal(image.path(), &genesis);
            assert_eq!(after.ledger, before.ledger, "{path:?} at {at}");
            repaired += usize::from(!after.repairs.is_empty());
        }
    }
    assert!(repaired > 0, "some damage was told");
}

#[test]
fn missing_file_of_the_ledger_store_heals() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 30);
    for path in files(&folder.path().join("ledger")) {
        let image = tempfile::tempdir().unwrap();
        copy(folder.path(), image.path());
        std::fs::remove_file(image.path().join(path.strip_prefix(folder.path()).unwrap())).unwrap();
        let after = heal(image.path(), &genesis);
        assert_eq!(after.ledger, before.ledger, "{path:?}");
    }
}

#[test]
fn damaged_table_or_run_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 130);
    let is_made = |path: &&std::path::PathBuf| {
        matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("tab" | "run")
        )
    };
    let all = files(folder.path());
    let made: Vec<_> = all.iter().filter(is_made).collect();
    assert!(made.len() >= 2, "{made:?}");
    for path in made {
        let size = std::fs::metadata(path).unwrap().len() as usize;
        for at in [3, size / 3, size - 5] {
            let image = tempfile::tempdir().unwrap();
            copy(folder.path(), image.path());
            flip(
                &image.path().join(path.strip_prefix(folder.path()).unwrap()),
                at,
            );
            let after = heal(image.path(), &genesis);
            assert_eq!(after.ledger, before.ledger);
            assert!(!after.repairs.is_empty(), "{path:?} at {at} of {size}");
        }
    }
}

#[test]
fn damaged_block_is_named_and_the_ledger_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 250);
    let first = folder.path().join("blocks/0000000000.seg");
    flip(&first, 3_000);
    let (mut writer, _reader) = reopen(folder.path(), &genesis);
    let report = writer.check(&genesis, false, &Progress::default()).unwrap();
    assert_eq!(report.ledger, before.ledger);
    let named = report
        .problems
        .iter()
        .any(|problem| problem.contains("0000000000.seg"));
    assert!(named, "{:?}", report.problems);
    drop((writer, _reader));
    // Without the ledger store there is nothing left to build it from.
    std::fs::remove_dir_all(folder.path().join("ledger")).unwrap();
    let error = try_open(folder.path(), &genesis).expect_err("the milestone cannot be replayed");
    assert!(matches!(error, OpenError::NotRepairable { .. }), "{error}");
}

#[test]
fn damaged_block_in_the_open_file_is_named_and_its_neighbours_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 20);
    flip(&folder.path().join("blocks/0000000000.seg"), 3_000);
    let (mut writer, reader) = reopen(folder.path(), &genesis);
    assert_eq!(reader.ledger_index(), before.ledger_index);
    assert!(
        writer.repairs()[0].contains("0000000000.seg"),
        "{:?}",
        writer.repairs()
    );
    let report = writer.check(&genesis, false, &Progress::default()).unwrap();
    assert_eq!(report.ledger, before.ledger);
    assert_eq!(report.block_count, before.block_count);
    assert_eq!(writer.unreferenced().unwrap().len(), 2);
}

#[test]
fn lost_end_of_the_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, _) = filled(folder.path(), 20);
    let path = folder.path().join("blocks/0000000000.seg");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(3_000).unwrap();
    let error = try_open(folder.path(), &genesis).expect_err("confirmed blocks are lost");
    assert!(error.to_string().contains("0000000000.seg"), "{error}");
}

#[test]
fn unfinished_end_of_the_log_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (genesis, before) = filled(folder.path(), 5);
    let path = folder.path().join("blocks/0000000000.seg");
    let size = std::fs::metadata(&path).unwrap().len();
    for cut in [1, 60, 150] {
        let image = tempfile::tempdir().unwrap();
        copy(folder.path(), image.path());
        let cut_path = image.path().join("blocks/0000000000.seg");
        let file = std::fs::File::options()
            .write(true)
            .open(&cut_path)
            .unwrap();
        file.set_len(size - cut).unwrap();
        let (mut writer, _reader) = reopen(image.path(), &genesis);
        let report = writer.check(&genesis, true, &Progress::default()).unwrap();
        assert_eq!(report.problems, [""; 0]);
        assert_eq!(report.repairs, [""; 0]);
        assert_eq!(report.ledger, before.ledger);
        // The last milestone's block is left.
        assert_eq!(writer.unreferenced().unwrap().len(), 1);
    }
}
