//! Forgetting the past.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tangle_engine::Store;
use tangle_ledger::Lookup;
use tangle_storage::Pressure;
use tangle_types::{BlockId, MilestoneIndex, ParsedBlock};

use tangle_storage::Progress;

use crate::chain::{Chain, SUPPLY};
use crate::reopen;
use crate::round_trip::total;

#[test]
fn pruned_milestones_are_gone_and_the_ledger_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let commits = chain.grow(&mut writer, &reader, 100);
    let before = reader.ledger().unwrap();
    let hash = before.summary().unwrap();
    drop(before);
    assert_eq!(
        writer.prune(MilestoneIndex(60)).unwrap(),
        MilestoneIndex(60)
    );
    assert_eq!(reader.pruning_index(), MilestoneIndex(60));
    for commit in &commits {
        let index = commit.milestone.milestone.index;
        let is_kept = index > MilestoneIndex(60);
        assert_eq!(reader.milestone(index).unwrap().is_some(), is_kept);
        assert_eq!(
            reader
                .milestone_index(&commit.milestone.id)
                .unwrap()
                .is_some(),
            is_kept
        );
        assert_eq!(reader.cone(index).unwrap().is_some(), is_kept);
        for (output, _) in &commit.diff.consumed {
            assert_eq!(reader.output_record(&output.id).unwrap().is_some(), is_kept);
        }
    }
    assert_eq!(total(&reader), SUPPLY);
    // The entry points changed, and they are no part of the hash.
    assert_eq!(reader.ledger().unwrap().summary().unwrap(), hash);
    let report = writer
        .check(&chain.genesis, true, &Progress::default())
        .unwrap();
    assert_eq!(report.problems, [""; 0]);
}

#[test]
fn milestones_that_blocks_may_approve_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 30);
    // Below max depth is 15, and 5 are a margin.
    assert_eq!(
        writer.prune(MilestoneIndex(30)).unwrap(),
        MilestoneIndex(10)
    );
}

#[test]
fn every_parent_of_a_kept_block_is_kept_or_an_entry_point() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let mut commits = chain.grow(&mut writer, &reader, 80);
    for step in [10, 11, 40] {
        writer.prune(MilestoneIndex(step)).unwrap();
        commits.extend(chain.grow(&mut writer, &reader, 2));
    }
    drop((writer, reader));
    let (writer, reader) = reopen(folder.path(), &chain.genesis);
    let pruned = reader.pruning_index();
    let entry_points: HashMap<BlockId, MilestoneIndex> = writer
        .bootstrap()
        .unwrap()
        .entry_points
        .into_iter()
        .collect();
    assert!(!entry_points.is_empty());
    let mut kept = HashSet::new();
    for commit in commits
        .iter()
        .filter(|commit| commit.milestone.milestone.index > pruned)
    {
        kept.extend(commit.diff.referenced.iter().map(|(id, _)| *id));
    }
    for id in &kept {
        let block = ParsedBlock::parse(reader.block(id).unwrap().unwrap()).unwrap();
        for parent in block.block.parents.as_slice() {
            assert!(kept.contains(parent) || entry_points.contains_key(parent));
        }
    }
    for (id, index) in entry_points {
        assert!(index <= pruned);
        assert_eq!(reader.metadata(&id).unwrap().unwrap().referenced_by, index);
        assert!(reader.contains(&id).unwrap());
    }
}

#[test]
fn size_limit_is_kept_and_nothing_more_is_forgotten_than_that_needs() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    // The database's journal has its full size from the start.
    let limit = reader.sizes().unwrap().total_bytes() + (12 << 20);
    let mut closest = 0;
    for round in 0..220 {
        for _ in 0..4 {
            chain.data(20_000);
        }
        chain.grow(&mut writer, &reader, 1);
        // The tables of a file that is being closed are not there yet.
        writer.sync().unwrap();
        let last = MilestoneIndex(reader.ledger_index().0.saturating_sub(50));
        let mut calls = 0;
        while writer.prune_to_size(limit, last).unwrap() != Pressure::None {
            std::thread::sleep(Duration::from_micros(200));
            calls += 1;
            let sizes = reader.sizes().unwrap();
            assert!(calls < 10_000, "round {round}: {sizes:?}");
        }
        // Files that are to be removed may be there a moment longer.
        let at_most = limit + limit / 20;
        let total = reader.sizes().unwrap().total_bytes();
        assert!(
            total <= at_most,
            "{total} of {limit} bytes in round {round}"
        );
        writer.sync().unwrap();
        let total = reader.sizes().unwrap().total_bytes();
        assert!(total <= limit, "{total} of {limit} bytes in round {round}");
        closest = closest.max(total);
    }
    let pruned = reader.pruning_index();
    assert!(pruned > MilestoneIndex(50), "only up to {pruned} of 220");
    assert!(closest > limit - (3 << 20), "{closest} of {limit} bytes");
    let report = writer
        .check(&chain.genesis, true, &Progress::default())
        .unwrap();
    assert_eq!(report.problems, [""; 0]);
}

#[test]
fn disk_space_is_given_back_and_the_rest_can_still_be_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 400);
    let first = chain.genesis.outputs().next().unwrap();
    assert_eq!(reader.output(&first.id).unwrap(), Lookup::Spent);
    let full = reader.sizes().unwrap();
    // The first call begins a base, a later one removes files.
    let mut sizes = full;
    for _ in 0..200 {
        writer.prune(MilestoneIndex(350)).unwrap();
        sizes = reader.sizes().unwrap();
        if sizes.blocks_bytes < full.blocks_bytes / 2 {
            break;
        }
        std::thread::yield_now();
        chain.grow(&mut writer, &reader, 1);
    }
    assert!(
        sizes.blocks_bytes < full.blocks_bytes / 2,
        "{full:?} {sizes:?}"
    );
    writer.sync().unwrap();
    assert!(!folder.path().join("blocks/0000000000.seg").exists());
    assert_eq!(reader.output(&first.id).unwrap(), Lookup::Unknown);
    let report = writer
        .check(&chain.genesis, true, &Progress::default())
        .unwrap();
    assert_eq!(report.problems, [""; 0]);
    drop((writer, reader));
    std::fs::remove_dir_all(folder.path().join("ledger")).unwrap();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let after = writer
        .check(&chain.genesis, true, &Progress::default())
        .unwrap();
    assert_eq!(after.ledger, report.ledger);
    assert_eq!(after.ledger_index, report.ledger_index);
    assert_eq!(total(&reader), SUPPLY);
    // A base has nothing of what was spent before it.
    let page = reader.history(&chain.wallet_address(), None, 1_000);
    let page = page.unwrap();
    assert!(page.pruned_until > reader.pruning_index());
    let mut spends = page.entries.iter().filter_map(|entry| entry.spend);
    assert!(spends.all(|spend| spend.milestone_index > page.pruned_until));
    chain.grow(&mut writer, &reader, 30);
    let report = writer
        .check(&chain.genesis, true, &Progress::default())
        .unwrap();
    assert_eq!(report.problems, [""; 0]);
}
