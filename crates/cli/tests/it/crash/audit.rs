//! Compares a store with what clients saw and with the replay.

use std::fmt;
use std::fs;
use std::path::Path;

use tangle_client::Client;
use tangle_engine::Store;
use tangle_storage::{Genesis, Reader, StorageConfig, Writer, open, snapshot};
use tangle_types::Inclusion;

use super::load::{Fate, Seen};
use super::replay::Replay;

/// Things of each kind that are asked for over the interface in the end.
const ASKED_MAX: usize = 300;

/// The comparison; it remembers what it has replayed.
pub(super) struct Audit {
    genesis: Genesis,
    replay: Replay,
    checks: u32,
    output_count: u64,
}

impl Audit {
    pub(super) fn new(genesis: Genesis) -> Self {
        Self {
            replay: Replay::new(&genesis),
            genesis,
            checks: 0,
            output_count: 0,
        }
    }

    /// Opens a copy of the store, as the program will open the store itself, and compares.
    pub(super) fn check(&mut self, store: &Path, copy: &Path, seen: &Seen, moment: &str) {
        let (_writer, reader) = open_copy(store, copy, &self.genesis);
        check_seen(&reader, seen, moment);
        self.replay.advance(&reader, moment);
        self.compare(&self.replay, &reader, moment);
        self.checks += 1;
        self.output_count = self.replay.summary().output_count;
    }

    /// Replays everything again from the genesis.
    pub(super) fn replay_all(&self, store: &Path, copy: &Path) {
        let (_writer, reader) = open_copy(store, copy, &self.genesis);
        let mut replay = Replay::new(&self.genesis);
        replay.advance(&reader, "the whole history");
        self.compare(&replay, &reader, "the whole history");
    }

    fn compare(&self, replay: &Replay, reader: &Reader, moment: &str) {
        let ledger = snapshot::summarize(reader).expect("the ledger can be read");
        assert_eq!(ledger, replay.summary(), "{moment}: the replay differs");
        let supply = u128::from(self.genesis.parameters.token_supply);
        assert_eq!(ledger.total, supply, "{moment}: the supply differs");
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "replayed to milestone {} with {} unspent outputs, {} comparisons",
            self.replay.index(),
            self.output_count,
            self.checks
        )
    }
}

fn open_copy(store: &Path, copy: &Path, genesis: &Genesis) -> (Writer, Reader) {
    if copy.exists() {
        fs::remove_dir_all(copy).expect("the old copy can be removed");
    }
    copy_folder(store, copy);
    let config = StorageConfig {
        path: copy.to_owned(),
        segment_bytes: 1 << 20,
        ..StorageConfig::default()
    };
    open(&config, genesis).expect("the store opens after a kill")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

/// Everything that a client was told is still so.
fn check_seen(reader: &Reader, seen: &Seen, moment: &str) {
    for (id, (index, fate)) in &seen.blocks {
        let metadata = reader.metadata(id).expect("the store answers");
        let metadata = metadata.unwrap_or_else(|| panic!("{moment}: block {id} is lost"));
        let found = match metadata.inclusion {
            Inclusion::NoTransaction => Fate::NoTransaction,
            Inclusion::Included => Fate::Included,
            Inclusion::Conflicting(_) => Fate::Conflicting,
        };
        let found = (metadata.referenced_by, found);
        assert_eq!(found, (*index, *fate), "{moment}: block {id}");
    }
    for id in &seen.outputs {
        let record = reader.output_record(id).expect("the store answers");
        assert!(record.is_some(), "{moment}: output {id} is lost");
    }
    for (index, id) in &seen.milestones {
        let stored = reader.milestone(*index).expect("the store answers");
        // One that was only on its way may come again, as the same.
        match stored {
            Some(stored) => assert_eq!(stored.id, *id, "{moment}: another milestone {index}"),
            None => assert!(
                *index > seen.confirmed,
                "{moment}: milestone {index} is lost"
            ),
        }
    }
}

/// Asks a running node for a part of what was seen.
pub(super) async fn ask(client: &Client, seen: &Seen) {
    for (id, (index, _)) in seen.blocks.iter().take(ASKED_MAX) {
        let status = client.block_status(id).await.expect("the node answers");
        let status = status.expect("the block is known");
        assert_eq!(status.referenced_by_milestone_index, Some(*index));
    }
    for id in seen.transactions.iter().rev().take(ASKED_MAX) {
        let block = client.included_block(id).await.expect("the node answers");
        assert!(block.is_some(), "transaction {id} is in the ledger");
    }
    for id in seen.outputs.iter().rev().take(ASKED_MAX) {
        let status = client.output_status(id).await.expect("the node answers");
        assert!(status.is_some(), "output {id} is known");
    }
    for (index, id) in seen.milestones.iter().rev().take(ASKED_MAX) {
        let milestone = client.milestone(*index).await.expect("the node answers");
        if let Some(milestone) = milestone {
            assert_eq!(milestone.id(), *id, "milestone {index}");
        }
    }
}
