//! What is stored is given back, at once and after the store was opened again.

use std::sync::Arc;

use tangle_engine::{MilestoneCommit, Reservation, Store};
use tangle_ledger::Lookup;
use tangle_storage::{OpenError, OutputQuery, Reader, StoreError, Writer};
use tangle_types::{Address, BlockId, MilestoneId, MilestoneIndex, OutputId};

use crate::chain::{Chain, SUPPLY, inclusion_root};
use crate::{config, reopen, try_open};

/// A cone read in parts is the same cone.
fn check_parts(reader: &Reader, commit: &MilestoneCommit) {
    let index = commit.milestone.milestone.index;
    let places = reader.cone_places(index).unwrap().expect("it is known");
    let expected: Vec<BlockId> = commit.diff.referenced.iter().map(|(id, _)| *id).collect();
    assert_eq!((places.index(), places.count()), (index, expected.len()));
    let (mut ids, mut hashes) = (Vec::new(), Vec::new());
    for start in (0..expected.len()).step_by(3) {
        ids.extend(reader.cone_ids(&places, start, 3).unwrap());
        let blocks = reader.cone_blocks(&places, start, 3).unwrap();
        hashes.extend(
            blocks
                .iter()
                .map(|block| BlockId(tangle_crypto::blake2b::hash(block))),
        );
    }
    assert_eq!(ids, expected);
    assert_eq!(hashes, expected);
    assert_eq!(reader.cone_ids(&places, expected.len(), 3).unwrap(), []);
    let whole = reader.cone_blocks(&places, 0, usize::MAX).unwrap();
    assert_eq!(whole.len(), expected.len());
}

/// Everything that the commits say is what the reader says.
fn check(reader: &Reader, commits: &[MilestoneCommit]) {
    let last = commits.last().expect("there is a commit");
    assert_eq!(reader.ledger_index(), last.milestone.milestone.index);
    let mut spent = std::collections::HashMap::new();
    let mut created = Vec::new();
    for commit in commits {
        let index = commit.milestone.milestone.index;
        assert_eq!(
            reader.milestone(index).unwrap(),
            Some(Arc::clone(&commit.milestone))
        );
        assert_eq!(
            reader.milestone_index(&commit.milestone.id).unwrap(),
            Some(index)
        );
        assert_eq!(
            reader.cone(index).unwrap().as_ref(),
            Some(&commit.diff.referenced)
        );
        assert_eq!(
            inclusion_root(&commit.diff),
            commit.diff.inclusion_merkle_root
        );
        check_parts(reader, commit);
        for ((id, inclusion), position) in commit.diff.referenced.iter().zip(0..) {
            let metadata = reader.metadata(id).unwrap().expect("it is referenced");
            assert_eq!(metadata.referenced_by, index);
            assert_eq!(metadata.white_flag_index, position);
            assert_eq!(metadata.inclusion, *inclusion);
            let bytes = reader.block(id).unwrap().expect("it is stored");
            assert_eq!(BlockId(tangle_crypto::blake2b::hash(&bytes)), *id);
        }
        let changes = reader.utxo_changes(index).unwrap().expect("it is known");
        let ids = |outputs: &[Arc<tangle_types::LedgerOutput>]| -> Vec<OutputId> {
            outputs.iter().map(|output| output.id).collect()
        };
        assert_eq!(changes.created, ids(&commit.diff.created));
        let consumed: Vec<OutputId> = commit
            .diff
            .consumed
            .iter()
            .map(|(output, _)| output.id)
            .collect();
        assert_eq!(changes.consumed, consumed);
        created.extend(commit.diff.created.iter().cloned());
        spent.extend(
            commit
                .diff
                .consumed
                .iter()
                .map(|(output, spend)| (output.id, *spend)),
        );
    }
    for output in created {
        let record = reader
            .output_record(&output.id)
            .unwrap()
            .expect("it was created");
        assert_eq!(record.output, output);
        assert_eq!(record.spend.as_ref(), spent.get(&output.id));
        assert_eq!(record.ledger_index, reader.ledger_index());
        let lookup = reader.output(&output.id).unwrap();
        match record.spend {
            Some(_) => assert_eq!(lookup, Lookup::Spent),
            None => assert_eq!(lookup, Lookup::Unspent(output)),
        }
    }
    assert_eq!(total(reader), SUPPLY);
}

/// Sum of all unspent outputs.
pub(crate) fn total(reader: &Reader) -> u64 {
    let mut query = OutputQuery {
        page_size: 7,
        ..OutputQuery::default()
    };
    let mut sum = 0;
    loop {
        let page = reader.outputs(&query).unwrap();
        for id in page.items {
            let record = reader.output_record(&id).unwrap().expect("it is unspent");
            assert_eq!(record.spend, None);
            sum += record.output.output.amount();
        }
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return sum,
        }
    }
}

fn new_store(folder: &std::path::Path) -> (Chain, Writer, Reader) {
    let chain = Chain::new();
    let (writer, reader) = reopen(folder, &chain.genesis);
    (chain, writer, reader)
}

#[test]
fn everything_is_there_at_once_and_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut chain, mut writer, reader) = new_store(folder.path());
    let mut commits = chain.grow(&mut writer, &reader, 150);
    check(&reader, &commits);
    drop((writer, reader));
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    check(&reader, &commits);
    assert_eq!(
        writer.bootstrap().unwrap().last_milestone,
        commits.last().map(|commit| Arc::clone(&commit.milestone))
    );
    commits.extend(chain.grow(&mut writer, &reader, 3));
    check(&reader, &commits);
}

#[test]
fn block_can_be_read_before_any_sync_and_is_unreferenced() {
    let folder = tempfile::tempdir().unwrap();
    let (mut chain, mut writer, reader) = new_store(folder.path());
    let block = chain.data(20_000);
    assert!(!reader.contains(&block.id()).unwrap());
    chain.save(&mut writer);
    assert!(reader.contains(&block.id()).unwrap());
    assert_eq!(
        reader.block(&block.id()).unwrap().as_ref(),
        Some(&block.parsed().bytes)
    );
    assert_eq!(reader.metadata(&block.id()).unwrap(), None);
    assert_eq!(
        writer.unreferenced().unwrap(),
        [block.parsed().bytes.clone()]
    );
    drop((writer, reader));
    let (writer, _) = reopen(folder.path(), &chain.genesis);
    assert_eq!(
        writer.unreferenced().unwrap(),
        [block.parsed().bytes.clone()]
    );
}

#[test]
fn block_is_stored_once_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut chain, mut writer, reader) = new_store(folder.path());
    // Five block files, of which only the newest ones stay in memory.
    let mut blocks: Vec<_> = (0..400).map(|_| chain.data(800)).collect();
    let mut commits = vec![chain.confirm(&mut writer, &reader)];
    commits.extend(chain.grow(&mut writer, &reader, 40));
    let count = |reader: &Reader| reader.sizes().unwrap().block_count;
    let before = count(&reader);
    writer.append(&blocks).unwrap();
    writer.append(&blocks[..7]).unwrap();
    assert_eq!(count(&reader), before);
    drop((writer, reader));
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    blocks.reverse();
    writer.append(&blocks).unwrap();
    let new = chain.data(10);
    let on_an_old_one = chain.block_on(vec![blocks[300].id()], None);
    let known = Arc::clone(&blocks[0]);
    writer
        .append(&[Arc::clone(&new), known, on_an_old_one, Arc::clone(&new)])
        .unwrap();
    assert_eq!(count(&reader), before + 2);
    check(&reader, &commits);
}

#[test]
fn new_store_holds_the_genesis() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, writer, reader) = new_store(folder.path());
    assert_eq!(total(&reader), SUPPLY);
    let bootstrap = writer.bootstrap().unwrap();
    assert_eq!(bootstrap.ledger_index, MilestoneIndex(0));
    assert_eq!(bootstrap.last_milestone, None);
    assert_eq!(bootstrap.last_milestone_id, MilestoneId::ZERO);
    assert_eq!(bootstrap.last_milestone_timestamp, chain.genesis.timestamp);
    assert_eq!(bootstrap.entry_points, [(BlockId::ZERO, MilestoneIndex(0))]);
    assert_eq!(
        bootstrap.schedule.at(MilestoneIndex(1)),
        &chain.genesis.parameters
    );
    assert_eq!(reader.output(&OutputId([7; 34])).unwrap(), Lookup::Unknown);
    assert_eq!(reader.milestone(MilestoneIndex(1)).unwrap(), None);
}

#[test]
fn reservation_survives_and_forbids_another() {
    let folder = tempfile::tempdir().unwrap();
    let (mut chain, mut writer, reader) = new_store(folder.path());
    let (block, commit) = chain.milestone(&reader);
    let reservation = Reservation {
        index: MilestoneIndex(1),
        id: commit.milestone.id,
        block: block.parsed().block.clone(),
    };
    writer.reserve(&reservation).unwrap();
    drop((writer, reader));
    let (mut writer, _reader) = reopen(folder.path(), &chain.genesis);
    assert_eq!(
        writer.bootstrap().unwrap().reservation.as_ref(),
        Some(&reservation)
    );
    let other = Reservation {
        id: MilestoneId([9; 32]),
        ..reservation.clone()
    };
    assert!(matches!(
        writer.reserve(&other),
        Err(StoreError::Reserved { .. })
    ));
    writer.reserve(&reservation).unwrap();
    writer.append(&[block]).unwrap();
    writer.commit(&commit).unwrap();
    assert_eq!(writer.bootstrap().unwrap().reservation, None);
    assert!(matches!(
        writer.reserve(&other),
        Err(StoreError::Reserved { .. })
    ));
}

#[test]
fn commit_of_a_block_that_is_not_stored_poisons_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (mut chain, mut writer, reader) = new_store(folder.path());
    chain.transfer(Address::Ed25519([3; 32]));
    let (_, commit) = chain.milestone(&reader);
    assert!(matches!(
        writer.commit(&commit),
        Err(StoreError::BlockMissing { .. })
    ));
    assert!(matches!(writer.append(&[]), Err(StoreError::Poisoned)));
    assert_eq!(reader.ledger_index(), MilestoneIndex(0));
}

#[test]
fn another_network_is_refused_with_both_values() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, writer, reader) = new_store(folder.path());
    drop((writer, reader));
    let mut other = chain.genesis.clone();
    other.timestamp.0 += 1;
    let error = try_open(folder.path(), &other).expect_err("it is another network");
    let text = error.to_string();
    for genesis in [&chain.genesis, &other] {
        assert!(text.contains(&hex::encode(genesis.hash())), "{text}");
    }
}

#[test]
fn newer_format_is_refused_with_both_values() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, writer, reader) = new_store(folder.path());
    drop((writer, reader));
    let manifest = folder.path().join("store.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("format = 2", "format = 7")).unwrap();
    let error = try_open(folder.path(), &chain.genesis).expect_err("it is newer");
    assert!(matches!(
        error,
        OpenError::NewerFormat {
            found: 7,
            newest: 2,
            ..
        }
    ));
}

#[test]
fn second_opening_is_refused_while_the_first_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, writer, reader) = new_store(folder.path());
    let second = try_open(folder.path(), &chain.genesis);
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    drop((writer, reader));
    reopen(folder.path(), &chain.genesis);
}

#[test]
fn folder_with_other_things_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("diary.txt"), "dear diary").unwrap();
    let chain = Chain::new();
    let refused = try_open(folder.path(), &chain.genesis);
    assert!(matches!(refused, Err(OpenError::NotAStore { .. })));
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing was written");
    assert_eq!(config(folder.path()).path, folder.path());
}
