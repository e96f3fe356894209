//! The ledger store: outputs, their lists, milestones and the head, in an LSM store.
//!
//! It holds nothing that could not be made again from the block log and the genesis. The head is
//! written in the same batch as the changes that lead to it, so what is read in one [`View`]
//! belongs to one ledger index.

mod change;
pub(crate) mod keys;
mod recent;
mod record;
mod state;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fjall::config::CompressionPolicy;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice,
};
use tangle_ledger::LastReceipt;
use tangle_types::{
    BlockId, Codec, DecodeError, LedgerOutput, MilestoneId, MilestoneIndex, OutputId,
    ParametersOption, Receipt,
};

pub(crate) use change::{Change, Outcome};
pub(crate) use recent::Recent;
pub(crate) use record::{Head, MilestoneEntry, OutputEntry};
pub use state::LedgerState;

use crate::StoreError;
use keys::for_each_past;
use recent::{Merged, Order};

/// First bytes of the keys of the keyspace `chain`.
pub(crate) mod tag {
    pub(crate) const HEAD: u8 = b'h';
    pub(crate) const MILESTONE: u8 = b'm';
    pub(crate) const MILESTONE_ID: u8 = b'i';
    pub(crate) const RECEIPT: u8 = b'r';
    pub(crate) const PARAMETERS: u8 = b'p';
    pub(crate) const ENTRY_POINTS: u8 = b'f';
    /// A single entry point, of format 1.
    pub(crate) const ENTRY_POINT: u8 = b'e';
    pub(crate) const RESERVATION: u8 = b'v';
    pub(crate) const PAST: u8 = b's';
}

/// More bytes than a key of the keyspace `chain` has behind its tag.
const CHAIN_KEY_REST_MAX: usize = 40;
/// Records that are written at once.
const BATCH_RECORDS: usize = 4_096;

/// A key of the keyspace `chain`.
pub(crate) fn chain_key(tag: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(tag);
    key.extend_from_slice(rest);
    key
}

/// The open ledger store.
#[derive(Clone)]
pub(crate) struct Ledger {
    path: PathBuf,
    db: Database,
    chain: Keyspace,
    outputs: Keyspace,
    index: Keyspace,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The ledger store at one moment.
pub(crate) struct View {
    snapshot: fjall::Snapshot,
    ledger: Ledger,
    /// What the store had not taken yet.
    recent: Recent,
    pub(crate) head: Head,
}

impl Ledger {
    /// Opens the store in `path`, or creates an empty one.
    pub(crate) fn open(path: &Path, memory_bytes: u64) -> Result<Self, StoreError> {
        let db = Database::builder(path)
            // What the system's page cache holds anyway; blocks that compaction has rewritten would
            // fill more of it for nothing.
            .cache_size((memory_bytes / 16).clamp(1 << 20, 64 << 20))
            .worker_threads(1)
            .max_cached_files(Some(200))
            .journal_compression(CompressionType::None)
            // What is read again at the next start; the least that the database takes.
            .max_journaling_size(64 << 20)
            .manual_journal_persist(true)
            .open()?;
        let memtable_bytes = (memory_bytes / 8).clamp(1 << 20, 64 << 20);
        // The chain's records are few, and mostly of what is pruned soon.
        let chain_bytes = (memory_bytes / 128).clamp(1 << 18, 64 << 20);
        let options = |memtable_bytes: u64| {
            KeyspaceCreateOptions::default()
                .max_memtable_size(memtable_bytes)
                .manual_journal_persist(true)
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        };
        Ok(Self {
            path: path.to_path_buf(),
            chain: db.keyspace("chain", || options(chain_bytes))?,
            outputs: db.keyspace("outputs", || options(memtable_bytes))?,
            index: db.keyspace("index", || options(memtable_bytes))?,
            db,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The head; `None` in an empty store.
    pub(crate) fn head(&self) -> Result<Option<Head>, StoreError> {
        let bytes = self.chain.get([tag::HEAD])?;
        bytes
            .map(|bytes| Head::from_bytes(&bytes).map_err(|error| self.damaged("head", &error)))
            .transpose()
    }

    /// Applies changes. They are durable after [`Ledger::persist`], in the order in which they were
    /// applied; a crash may leave a part of the outputs and lists of a change whose head is not
    /// there, which applying it again makes good.
    pub(crate) fn apply(&self, change: &Change) -> Result<(), StoreError> {
        self.apply_part(change)?;
        let mut batch = self.batch(change.chain.len() + 1);
        for (key, value) in &change.chain {
            match value {
                Some(value) => batch.insert(&self.chain, &key[..], &value[..]),
                None => batch.remove(&self.chain, &key[..]),
            }
        }
        batch.insert(&self.chain, [tag::HEAD], change.head.to_bytes());
        Ok(batch.commit()?)
    }

    /// Applies outputs and lists only. Sorted, so that neighbours are written together, and in
    /// parts, so that a large change is not held in memory a second time.
    pub(crate) fn apply_part(&self, change: &Change) -> Result<(), StoreError> {
        let kept = change.outputs.iter();
        let kept = kept.filter_map(|(id, entry)| Some((id, entry.as_ref()?)));
        let mut outputs: Vec<_> = kept.collect();
        outputs.sort_unstable_by_key(|(id, _)| *id);
        for outputs in outputs.chunks(BATCH_RECORDS) {
            let mut batch = self.batch(outputs.len());
            for (id, entry) in outputs {
                batch.insert(&self.outputs, &id.0[..], entry.to_bytes());
            }
            batch.commit()?;
        }
        let mut forgotten: Vec<_> = change.forgotten.iter().collect();
        forgotten.sort_unstable_by_key(|(output, _)| output.id);
        for forgotten in forgotten.chunks(BATCH_RECORDS) {
            // Together, as nobody would find the entries once the record is gone.
            let mut batch = self.batch(3 * forgotten.len());
            for (output, spend) in forgotten {
                batch.remove(&self.outputs, &output.id.0[..]);
                for_each_past(output, spend, |key| batch.remove(&self.index, key));
            }
            batch.commit()?;
        }
        let mut index = change.index.iter().peekable();
        while index.peek().is_some() {
            let mut batch = self.batch(BATCH_RECORDS);
            for (key, value) in index.by_ref().take(BATCH_RECORDS) {
                match value {
                    Some(value) => batch.insert(&self.index, &key[..], &value[..]),
                    None => batch.remove(&self.index, &key[..]),
                }
            }
            batch.commit()?;
        }
        Ok(())
    }

    /// Takes a store of an earlier format over: makes the past of addresses from the records of
    /// spent outputs, and puts entry points together by milestone.
    pub(crate) fn take_over(&self) -> Result<(), StoreError> {
        let view = self.view()?;
        if view.past_begin()?.is_some() {
            return Ok(());
        }
        tracing::info!("the past of addresses is made from the spent outputs, once");
        let mut spent = view.spent().peekable();
        while spent.peek().is_some() {
            let mut batch = self.batch(BATCH_RECORDS);
            for entry in spent.by_ref().take(BATCH_RECORDS) {
                let entry = entry?;
                if let Some(spend) = &entry.spend {
                    for_each_past(&entry.output, spend, |key| {
                        batch.insert(&self.index, key, Vec::new())
                    });
                }
            }
            batch.commit()?;
        }
        let mut change = Change::new(view.head);
        change.begin_past(view.head.pruning_index);
        let single = view.single_entry_points()?;
        for id in single.keys() {
            change
                .chain
                .insert(chain_key(tag::ENTRY_POINT, &id.0), None);
        }
        change.set_entry_points(&HashMap::new(), &single);
        self.apply(&change)?;
        self.persist()
    }

    fn batch(&self, capacity: usize) -> fjall::OwnedWriteBatch {
        fjall::OwnedWriteBatch::with_capacity(self.db.clone(), capacity)
    }

    /// Writes one record of the keyspace `chain`; durable after [`Ledger::persist`].
    pub(crate) fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        Ok(self.chain.insert(key, value)?)
    }

    /// The store at this moment.
    pub(crate) fn view(&self) -> Result<View, StoreError> {
        let snapshot = self.db.snapshot();
        let head = match snapshot.get(&self.chain, [tag::HEAD])? {
            Some(bytes) => {
                Head::from_bytes(&bytes).map_err(|error| self.damaged("head", &error))?
            }
            None => return Err(StoreError::damaged(&self.path, "it has no head")),
        };
        Ok(View {
            snapshot,
            ledger: self.clone(),
            recent: Recent::default(),
            head,
        })
    }

    /// The store at this moment behind `recent`, which lead to `head`.
    pub(crate) fn view_behind(&self, recent: Recent, head: Head) -> View {
        View {
            snapshot: self.db.snapshot(),
            ledger: self.clone(),
            recent,
            head,
        }
    }

    /// The record of an output, without regard to the moment.
    pub(crate) fn output_bytes(&self, id: &OutputId) -> Result<Option<Slice>, StoreError> {
        Ok(self.outputs.get(id.0)?)
    }

    /// Reads a record of an output.
    pub(crate) fn parse_output(
        &self,
        id: &OutputId,
        bytes: &[u8],
    ) -> Result<OutputEntry, StoreError> {
        OutputEntry::from_bytes(id, bytes).map_err(|error| self.damaged("output", &error))
    }

    /// Bytes on disk: what the files take, which for a journal is less than their length.
    pub(crate) fn size_bytes(&self) -> Result<u64, StoreError> {
        crate::disk::folder_bytes(&self.path)
    }

    /// Writes everything that is only in memory to disk.
    pub(crate) fn persist(&self) -> Result<(), StoreError> {
        Ok(self.db.persist(PersistMode::SyncAll)?)
    }

    fn index_of(&self, bytes: &[u8]) -> Result<MilestoneIndex, StoreError> {
        let number = bytes.try_into().map(u32::from_be_bytes).map(MilestoneIndex);
        number.map_err(|_| StoreError::damaged(&self.path, "a milestone index has a wrong length"))
    }

    fn damaged(&self, what: &str, error: &DecodeError) -> StoreError {
        StoreError::damaged(
            &self.path,
            format!("a record ({what}) cannot be read: {error}"),
        )
    }
}

impl View {
    /// An output's record.
    pub(crate) fn output(&self, id: &OutputId) -> Result<Option<OutputEntry>, StoreError> {
        if let Some(entry) = self.recent.output(id) {
            return Ok(entry.clone());
        }
        let bytes = self.snapshot.get(&self.ledger.outputs, id.0)?;
        bytes
            .map(|bytes| self.ledger.parse_output(id, &bytes))
            .transpose()
    }

    /// All unspent outputs, by id.
    pub(crate) fn unspent(&self) -> impl Iterator<Item = Result<OutputEntry, StoreError>> + use<> {
        self.entries(false)
    }

    /// All spent outputs that are not forgotten, by id.
    pub(crate) fn spent(&self) -> impl Iterator<Item = Result<OutputEntry, StoreError>> + use<> {
        self.entries(true)
    }

    fn entries(
        &self,
        are_spent: bool,
    ) -> impl Iterator<Item = Result<OutputEntry, StoreError>> + use<> {
        let ledger = self.ledger.clone();
        let records = self.snapshot.iter(&self.ledger.outputs);
        let records = records.map(|guard| guard.into_inner().map_err(StoreError::from));
        let records = Merged::new(records, self.recent.outputs(), Order::Ascending);
        records.filter_map(move |record| {
            let (key, value) = match record {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            if OutputEntry::is_spent(&value) != are_spent {
                return None;
            }
            Some(match key[..].try_into().map(OutputId) {
                Ok(id) => ledger.parse_output(&id, &value),
                Err(_) => Err(StoreError::damaged(&ledger.path, "an output's id is wrong")),
            })
        })
    }

    /// As [`View::unspent`], only the outputs.
    pub(crate) fn unspent_outputs(
        &self,
    ) -> impl Iterator<Item = Result<LedgerOutput, StoreError>> + use<> {
        let outputs = self.unspent();
        outputs.map(|entry| entry.map(|entry| Arc::unwrap_or_clone(entry.output)))
    }

    /// A milestone.
    pub(crate) fn milestone(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<MilestoneEntry>, StoreError> {
        let key = chain_key(tag::MILESTONE, &index.0.to_be_bytes());
        let bytes = self.chain_record(&key)?;
        let parse = |bytes: Slice| {
            MilestoneEntry::from_bytes(&bytes)
                .map_err(|error| self.ledger.damaged("milestone", &error))
        };
        bytes.map(parse).transpose()
    }

    /// The index of a milestone.
    pub(crate) fn milestone_index(
        &self,
        id: &MilestoneId,
    ) -> Result<Option<MilestoneIndex>, StoreError> {
        let bytes = self.chain_record(&chain_key(tag::MILESTONE_ID, &id.0))?;
        bytes.map(|bytes| self.ledger.index_of(&bytes)).transpose()
    }

    /// A record of the keyspace `chain`.
    fn chain_record(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        match self.recent.chain(key) {
            Some(value) => Ok(value.as_deref().map(Slice::from)),
            None => Ok(self.snapshot.get(&self.ledger.chain, key)?),
        }
    }

    /// The output that a chain's entry leads to.
    pub(crate) fn chain_output(&self, key: &[u8]) -> Result<Option<OutputId>, StoreError> {
        let bytes = match self.recent.index(key) {
            Some(value) => value.as_deref().map(Slice::from),
            None => self.snapshot.get(&self.ledger.index, key)?,
        };
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let id = bytes[..].try_into().map(OutputId);
        id.map(Some)
            .map_err(|_| StoreError::damaged(&self.ledger.path, "a chain's entry is wrong"))
    }

    /// Keys of the index in a range, ascending.
    pub(crate) fn index_keys(
        &self,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl Iterator<Item = Result<Slice, StoreError>> + use<> {
        let order = Order::Ascending;
        let front = self.recent.index_range(from.clone(), to.clone(), order);
        let range = self.snapshot.range(&self.ledger.index, from..=to);
        let range = range.map(|guard| Ok((guard.key()?, Slice::default())));
        Merged::new(range, front, order).map(|record| record.map(|(key, _)| key))
    }

    /// Keys of the index in a range, descending.
    pub(crate) fn index_keys_back(
        &self,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl Iterator<Item = Result<Slice, StoreError>> + use<> {
        let order = Order::Descending;
        let front = self.recent.index_range(from.clone(), to.clone(), order);
        let range = self.snapshot.range(&self.ledger.index, from..=to).rev();
        let range = range.map(|guard| Ok((guard.key()?, Slice::default())));
        Merged::new(range, front, order).map(|record| record.map(|(key, _)| key))
    }

    /// The milestone that the past of addresses goes back to, which is not in it; `None` in a store
    /// of an earlier format. Pruning shortens it further.
    pub(crate) fn past_begin(&self) -> Result<Option<MilestoneIndex>, StoreError> {
        let bytes = self.chain_record(&chain_key(tag::PAST, &[]))?;
        bytes.map(|bytes| self.ledger.index_of(&bytes)).transpose()
    }

    /// Records of the keyspace `chain` whose keys begin with `prefix`, ascending.
    fn records(
        &self,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<(Slice, Slice), StoreError>> + use<> {
        let mut end = prefix.to_vec();
        end.extend_from_slice(&[u8::MAX; CHAIN_KEY_REST_MAX]);
        let front = self.recent.chain_range(prefix.to_vec(), end);
        let records = self.snapshot.prefix(&self.ledger.chain, prefix);
        let records = records.map(|guard| guard.into_inner().map_err(StoreError::from));
        Merged::new(records, front, Order::Ascending)
    }

    /// Receipts with the milestones that carried them, all or those of one legacy milestone.
    pub(crate) fn receipts(
        &self,
        migrated_at: Option<u32>,
    ) -> Result<Vec<(Receipt, MilestoneIndex)>, StoreError> {
        let mut prefix = vec![tag::RECEIPT];
        if let Some(migrated_at) = migrated_at {
            prefix.extend_from_slice(&migrated_at.to_be_bytes());
        }
        let mut found = Vec::new();
        for record in self.records(&prefix) {
            let (key, value) = record?;
            let receipt = Receipt::from_bytes(&value)
                .map_err(|error| self.ledger.damaged("receipt", &error))?;
            let index = key.get(5..).unwrap_or_default();
            found.push((receipt, self.ledger.index_of(index)?));
        }
        Ok(found)
    }

    /// The receipt that the next one must come after.
    pub(crate) fn last_receipt(&self) -> Result<Option<LastReceipt>, StoreError> {
        let newest = self
            .snapshot
            .prefix(&self.ledger.chain, [tag::RECEIPT])
            .next_back();
        let Some(newest) = newest else {
            return Ok(None);
        };
        let receipt = Receipt::from_bytes(&newest.value()?)
            .map_err(|error| self.ledger.damaged("receipt", &error))?;
        Ok(Some(LastReceipt::from(&receipt)))
    }

    /// Announced parameters by target, the ones of the genesis first.
    pub(crate) fn parameters(&self) -> Result<Vec<ParametersOption>, StoreError> {
        let parse = |record: Result<(Slice, Slice), StoreError>| {
            ParametersOption::from_bytes(&record?.1)
                .map_err(|error| self.ledger.damaged("parameters", &error))
        };
        self.records(&[tag::PARAMETERS]).map(parse).collect()
    }

    /// Blocks at which cones end, with the milestones they count for.
    pub(crate) fn entry_points(&self) -> Result<Vec<(BlockId, MilestoneIndex)>, StoreError> {
        let mut found = Vec::new();
        for record in self.records(&[tag::ENTRY_POINTS]) {
            let (key, value) = record?;
            let index = self.ledger.index_of(&key[1..])?;
            let (ids, rest) = value.as_chunks::<{ BlockId::LENGTH }>();
            if !rest.is_empty() {
                let what = "an entry point's id has a wrong length";
                return Err(StoreError::damaged(&self.ledger.path, what));
            }
            found.extend(ids.iter().map(|id| (BlockId(*id), index)));
        }
        Ok(found)
    }

    /// Entry points as format 1 has them: one record each.
    fn single_entry_points(&self) -> Result<HashMap<BlockId, MilestoneIndex>, StoreError> {
        let single = |record: Result<(Slice, Slice), StoreError>| {
            let (key, value) = record?;
            let id = key[1..].try_into().map(BlockId).map_err(|_| {
                StoreError::damaged(&self.ledger.path, "an entry point's id has a wrong length")
            })?;
            Ok((id, self.ledger.index_of(&value)?))
        };
        self.records(&[tag::ENTRY_POINT]).map(single).collect()
    }

    /// The reservation, as it was stored.
    pub(crate) fn reservation(&self) -> Result<Option<Slice>, StoreError> {
        Ok(self.snapshot.get(&self.ledger.chain, [tag::RESERVATION])?)
    }
}
