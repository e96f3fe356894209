//! What happened to addresses, against a naive look at all that was created and spent.

use std::path::Path;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use tangle_storage::{Genesis, Happened, HistoryEntry, OutputQuery, Progress, Reader};
use tangle_types::{Address, MilestoneIndex, OutputId, UnixSeconds};

use crate::chain::Chain;
use crate::queries::{Filled, address, fill, fits};
use crate::reopen;

/// Key of the record that says where the past begins.
const PAST_BEGIN: &[u8] = b"s";
/// What the keys of the past begin with.
const PAST: u8 = 11;

/// The whole history of an address, page by page.
fn history(reader: &Reader, address: &Address, page_size: usize) -> Vec<HistoryEntry> {
    let mut entries = Vec::new();
    let mut from = None;
    loop {
        let page = reader.history(address, from, page_size).unwrap();
        assert_eq!(page.ledger_index, reader.ledger_index());
        assert!(page.entries.len() <= page_size);
        entries.extend(page.entries);
        from = page.next;
        if from.is_none() {
            return entries;
        }
    }
}

/// What happened to an address, newest first, by a look at everything.
fn expected(filled: &Filled, address: &Address) -> Vec<(UnixSeconds, OutputId, Happened)> {
    let query = OutputQuery {
        unlockable_by_address: Some(*address),
        ..OutputQuery::default()
    };
    let mut expected = Vec::new();
    for output in filled.unspent.iter().filter(|output| fits(&query, output)) {
        expected.push((output.milestone_timestamp, output.id, Happened::Received));
    }
    let spent = filled.spent.iter();
    for (output, spend) in spent.filter(|(output, _)| fits(&query, output)) {
        let (created, spent) = (output.milestone_timestamp, spend.milestone_timestamp);
        if created == spent {
            expected.push((created, output.id, Happened::PassedOn));
        } else {
            expected.push((created, output.id, Happened::Received));
            expected.push((spent, output.id, Happened::Spent));
        }
    }
    expected.sort_unstable_by_key(|(time, id, _)| std::cmp::Reverse((*time, *id)));
    expected
}

fn check(folder: &Path, genesis: &Genesis) -> Vec<String> {
    let (mut writer, _reader) = reopen(folder, genesis);
    let report = writer.check(genesis, true, &Progress::default()).unwrap();
    report.problems
}

#[test]
fn every_address_has_the_history_that_a_look_at_everything_finds() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let filled = fill(&mut writer, &reader, &mut chain);
    // Once with the newest changes in front of the ledger store, and once all in it.
    for _ in 0..2 {
        let mut passed_on = 0;
        for address in (0..5).map(address).chain([chain.wallet_address()]) {
            let expected = expected(&filled, &address);
            assert!(!expected.is_empty());
            for page_size in [1, 7, 1_000] {
                let found: Vec<_> = history(&reader, &address, page_size)
                    .iter()
                    .map(|entry| (entry.milestone().1, entry.output.id, entry.happened))
                    .collect();
                assert_eq!(found, expected, "{address:?}, pages of {page_size}");
            }
            let all = expected.iter();
            passed_on += all.filter(|entry| entry.2 == Happened::PassedOn).count();
        }
        assert!(passed_on > 5);
        writer.sync().unwrap();
    }
    let nobody = reader.history(&Address::Ed25519([77; 32]), None, 10);
    let nobody = nobody.unwrap();
    assert_eq!((nobody.entries, nobody.next), (Vec::new(), None));
    assert_eq!(nobody.pruned_until, MilestoneIndex(0));
}

#[test]
fn pruning_takes_outputs_that_were_spent_out_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 100);
    let wallet = chain.wallet_address();
    let mut entries = history(&reader, &wallet, 50);
    let count = entries.len();
    writer.prune(MilestoneIndex(60)).unwrap();
    let is_kept = |entry: &HistoryEntry| {
        let spend = entry.spend;
        spend.is_none_or(|spend| spend.milestone_index > MilestoneIndex(60))
    };
    entries.retain(is_kept);
    assert!(entries.len() < count && !entries.is_empty());
    for _ in 0..2 {
        assert_eq!(history(&reader, &wallet, 50), entries);
        let page = reader.history(&wallet, None, 1).unwrap();
        assert_eq!(page.pruned_until, MilestoneIndex(60));
        writer.sync().unwrap();
    }
    drop((writer, reader));
    assert_eq!(check(folder.path(), &chain.genesis), [""; 0]);
}

#[test]
fn ledger_store_that_is_built_again_has_the_same_history() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 30);
    let wallet = chain.wallet_address();
    let entries = history(&reader, &wallet, 50);
    drop((writer, reader));
    std::fs::remove_dir_all(folder.path().join("ledger")).unwrap();
    let (writer, reader) = reopen(folder.path(), &chain.genesis);
    assert_eq!(history(&reader, &wallet, 50), entries);
    drop((writer, reader));
    assert_eq!(check(folder.path(), &chain.genesis), [""; 0]);
}

/// Changes the ledger store of a closed store behind its back.
fn tamper(folder: &Path, change: impl FnOnce(&dyn Fn(&str) -> fjall::Keyspace)) {
    let db = Database::builder(folder.join("ledger")).open().unwrap();
    let open = |name: &str| {
        let keyspace = db.keyspace(name, KeyspaceCreateOptions::default);
        keyspace.unwrap()
    };
    change(&open);
    db.persist(PersistMode::SyncAll).unwrap();
}

fn past_keys(folder: &Path) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    tamper(folder, |open| {
        let past = open("index").prefix([PAST]);
        keys.extend(past.map(|guard| guard.key().unwrap().to_vec()));
    });
    keys
}

/// The records of the keyspace `chain` whose keys begin with `tag`.
fn chain_records(folder: &Path, tag: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut records = Vec::new();
    tamper(folder, |open| {
        let found = open("chain").prefix([tag]);
        records.extend(found.map(|guard| {
            let (key, value) = guard.into_inner().unwrap();
            (key.to_vec(), value.to_vec())
        }));
    });
    records
}

#[test]
fn store_of_the_first_format_gets_the_past_that_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 60);
    writer.prune(MilestoneIndex(20)).unwrap();
    let wallet = chain.wallet_address();
    let entries = history(&reader, &wallet, 50);
    drop((writer, reader));
    let keys = past_keys(folder.path());
    assert!(keys.len() > 100);
    let entry_points = chain_records(folder.path(), b'f');
    assert!(!entry_points.is_empty());
    tamper(folder.path(), |open| {
        let index = open("index");
        for key in &keys {
            index.remove(&key[..]).unwrap();
        }
        let chain = open("chain");
        chain.remove(PAST_BEGIN).unwrap();
        for (index, ids) in &entry_points {
            chain.remove(&index[..]).unwrap();
            for id in ids.chunks(32) {
                let single = [b"e", id].concat();
                chain.insert(single, &index[1..]).unwrap();
            }
        }
    });
    let manifest = folder.path().join("store.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("format = 2", "format = 1")).unwrap();
    let (writer, reader) = reopen(folder.path(), &chain.genesis);
    // A program that would not keep the past up must not open it any more.
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), text);
    assert_eq!(writer.repairs(), [""; 0]);
    assert_eq!(history(&reader, &wallet, 50), entries);
    let page = reader.history(&wallet, None, 1).unwrap();
    assert_eq!(page.pruned_until, MilestoneIndex(20));
    drop((writer, reader));
    assert_eq!(chain_records(folder.path(), b'f'), entry_points);
    assert_eq!(chain_records(folder.path(), b'e'), []);
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 30);
    writer.prune(MilestoneIndex(50)).unwrap();
    drop((writer, reader));
    assert_eq!(check(folder.path(), &chain.genesis), [""; 0]);
}

#[test]
fn check_tells_of_a_past_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    chain.grow(&mut writer, &reader, 10);
    drop((writer, reader));
    assert_eq!(check(folder.path(), &chain.genesis), [""; 0]);
    let mut key = past_keys(folder.path()).pop().unwrap();
    tamper(folder.path(), |open| {
        open("index").remove(&key[..]).unwrap();
    });
    let problems = check(folder.path(), &chain.genesis);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("entries in the past"), "{problems:?}");
    // The same output at another address.
    key[5] ^= 1;
    tamper(folder.path(), |open| {
        open("index").insert(&key[..], b"").unwrap();
    });
    let problems = check(folder.path(), &chain.genesis);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains(&hex::encode(&key)), "{problems:?}");
}
