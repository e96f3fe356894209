//! Look-ups from any thread.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tangle_engine::{Reservation, Store, StoredMilestone};
use tangle_ledger::Lookup;
use tangle_types::{
    Address, BlockId, BlockMetadata, DecodeError, Inclusion, LedgerOutput, MilestoneId,
    MilestoneIndex, OutputId, ParsedBlock, Payload, Receipt, Spend, TransactionId, Treasury,
    UnixSeconds,
};

use crate::front::Front;
use crate::ledger::{Change, Head, Ledger, LedgerState, OutputEntry, View, keys};
use crate::log::{BlockLog, CommitRecord, Found};
use crate::manifest::Lock;
use crate::query;
use crate::repair;
use crate::store::reservation_from_bytes;
use crate::{
    ChainQuery, HistoryPage, OutputPage, OutputQuery, OwnedLimits, OwnedOutputs, StoreError,
};

/// Reads the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
}

/// What the writer and all readers have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    pub(crate) log: Arc<BlockLog>,
    pub(crate) ledger: Ledger,
    /// What is newer than the ledger store.
    pub(crate) front: Arc<Front>,
    /// Guards the entry points; few, asked for often, changed by pruning.
    entry_points: RwLock<HashMap<BlockId, MilestoneIndex>>,
    /// Guards the milestones whose history is being read, with the number of readers.
    pins: Mutex<BTreeMap<MilestoneIndex, usize>>,
    /// Held as long as anybody can look things up.
    _lock: Lock,
}

/// An output, how it was spent, and the ledger index at which that is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRecord {
    /// The output.
    pub output: Arc<LedgerOutput>,
    /// How it was spent.
    pub spend: Option<Spend>,
    /// State of the ledger that was asked.
    pub ledger_index: MilestoneIndex,
}

/// What a milestone created and consumed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UtxoChanges {
    /// Created outputs.
    pub created: Vec<OutputId>,
    /// Consumed outputs.
    pub consumed: Vec<OutputId>,
}

/// Keeps the history from a milestone on from being pruned while it is held.
#[derive(Debug)]
pub(crate) struct Pin {
    shared: Arc<Shared>,
    index: MilestoneIndex,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.shared.pins();
        if let Some(count) = pins.get_mut(&self.index) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.index);
            }
        }
    }
}

/// How large the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of block files.
    pub blocks_bytes: u64,
    /// Bytes of the ledger, metadata and index.
    pub ledger_bytes: u64,
    /// Bytes of the files that the ledger could be built again from.
    pub base_bytes: u64,
    /// Blocks stored.
    pub block_count: u64,
}

impl Sizes {
    /// Bytes of everything.
    #[must_use]
    pub const fn total_bytes(&self) -> u64 {
        self.blocks_bytes + self.ledger_bytes + self.base_bytes
    }
}

impl Reader {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The ledger at this moment.
    pub(crate) fn view(&self) -> View {
        self.shared.view()
    }

    /// Looks something up and notes damage that is met.
    pub(crate) fn noted<T>(
        &self,
        look_up: impl FnOnce(&Shared) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.shared.noted(look_up)
    }

    /// Waits, but not longer than `patience`, until the ledger store lags at most `count`
    /// milestones behind what is durable; `false` when it may help to wait longer. Whoever feeds
    /// the store should wait, so that milestones need not.
    #[must_use]
    pub fn wait_for_lag(&self, count: usize, patience: Duration) -> bool {
        self.shared.front.wait_for_lag(count, patience)
    }

    /// The bytes of a block.
    ///
    /// # Errors
    /// The store failed.
    pub fn block(&self, id: &BlockId) -> Result<Option<Bytes>, StoreError> {
        self.shared.noted(|shared| {
            let found = shared.log.find(id)?;
            found.map(|found| found.bytes()).transpose()
        })
    }

    /// Where a block stands that a milestone references.
    ///
    /// # Errors
    /// The store failed.
    pub fn block_metadata(&self, id: &BlockId) -> Result<Option<BlockMetadata>, StoreError> {
        let found = self.shared.noted(|shared| shared.log.find(id))?;
        if let Some(standing) = found.and_then(|found| found.entry.standing) {
            return Ok(Some(standing));
        }
        Ok(self.shared.entry_point(id).map(|index| BlockMetadata {
            referenced_by: index,
            white_flag_index: 0,
            inclusion: Inclusion::NoTransaction,
        }))
    }

    /// An output with its state.
    ///
    /// # Errors
    /// The store failed.
    pub fn output_record(&self, id: &OutputId) -> Result<Option<OutputRecord>, StoreError> {
        self.shared.noted(|shared| {
            let view = shared.view();
            Ok(view.output(id)?.map(|entry| OutputRecord {
                output: entry.output,
                spend: entry.spend,
                ledger_index: view.head.ledger_index,
            }))
        })
    }

    /// A milestone by index.
    ///
    /// # Errors
    /// The store failed.
    pub fn milestone(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<Arc<StoredMilestone>>, StoreError> {
        let entry = self.shared.view().milestone(index)?;
        Ok(entry.map(|entry| {
            Arc::new(StoredMilestone {
                id: entry.id,
                block_id: entry.block_id,
                milestone: entry.milestone,
            })
        }))
    }

    /// The index of a milestone.
    ///
    /// # Errors
    /// The store failed.
    pub fn milestone_index(&self, id: &MilestoneId) -> Result<Option<MilestoneIndex>, StoreError> {
        self.shared.view().milestone_index(id)
    }

    /// The blocks that a milestone referenced, in white-flag order, with what became of them.
    ///
    /// # Errors
    /// The store failed.
    pub fn cone(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<Vec<(BlockId, Inclusion)>>, StoreError> {
        let Some(record) = self.shared.commit(index)? else {
            return Ok(None);
        };
        let mut cone = Vec::with_capacity(record.cone.len());
        for (seq, inclusion) in record.cone {
            let Some(found) = self.shared.log.by_seq(seq)? else {
                return Err(self.shared.block_lost(index, seq));
            };
            cone.push((found.entry.id, inclusion));
        }
        Ok(Some(cone))
    }

    /// What a milestone created and consumed.
    ///
    /// # Errors
    /// The store failed.
    pub fn utxo_changes(&self, index: MilestoneIndex) -> Result<Option<UtxoChanges>, StoreError> {
        let Some(record) = self.shared.commit(index)? else {
            return Ok(None);
        };
        let mut changes = UtxoChanges::default();
        for (seq, inclusion) in record.cone {
            if inclusion != Inclusion::Included {
                continue;
            }
            let Some(found) = self.shared.log.by_seq(seq)? else {
                return Err(self.shared.block_lost(index, seq));
            };
            let block = self.shared.parse(found.bytes()?)?;
            if let (Some(Payload::Transaction(transaction)), Some(hashes)) =
                (&block.block.payload, block.transaction)
            {
                let essence = &transaction.essence;
                changes.consumed.extend(&essence.inputs);
                changes
                    .created
                    .extend(created(hashes.id, essence.outputs.len()));
            }
        }
        let milestone = self.milestone(index)?;
        if let Some(milestone) = milestone
            && let Some(receipt) = milestone.milestone.receipt()
        {
            let id = TransactionId(milestone.id.0);
            changes.created.extend(created(id, receipt.funds.len()));
        }
        Ok(Some(changes))
    }

    /// The unspent treasury output.
    ///
    /// # Errors
    /// The store failed.
    pub fn treasury(&self) -> Result<Treasury, StoreError> {
        Ok(self.shared.head().treasury)
    }

    /// Receipts with the milestone that carried them, all or those of one legacy milestone.
    ///
    /// # Errors
    /// The store failed.
    pub fn receipts(
        &self,
        migrated_at: Option<u32>,
    ) -> Result<Vec<(Receipt, MilestoneIndex)>, StoreError> {
        self.shared.view().receipts(migrated_at)
    }

    /// Unspent outputs that match a query.
    ///
    /// # Errors
    /// The store failed.
    pub fn outputs(&self, query: &OutputQuery) -> Result<OutputPage, StoreError> {
        self.shared
            .noted(|shared| query::answer(&shared.view(), query))
    }

    /// Unspent outputs that one of `addresses` can unlock, now or ever, within limits.
    ///
    /// # Errors
    /// The store failed.
    pub fn owned_outputs(
        &self,
        addresses: &[Address],
        limits: OwnedLimits,
    ) -> Result<OwnedOutputs, StoreError> {
        self.shared
            .noted(|shared| query::owned(&shared.view(), addresses, limits))
    }

    /// What an address could unlock, now or ever, as it came and was spent, newest first: a page
    /// of at most `page_size` entries, 1 to 1000, from `from` on.
    ///
    /// # Errors
    /// The store failed.
    pub fn history(
        &self,
        address: &Address,
        from: Option<(UnixSeconds, OutputId)>,
        page_size: usize,
    ) -> Result<HistoryPage, StoreError> {
        self.shared
            .noted(|shared| query::history(&shared.view(), address, from, page_size))
    }

    /// The unspent output of a chain, and the ledger index.
    ///
    /// # Errors
    /// The store failed.
    pub fn chain_output(
        &self,
        query: &ChainQuery,
    ) -> Result<(Option<OutputId>, MilestoneIndex), StoreError> {
        let key = match query {
            ChainQuery::Alias(id) => keys::chain(4, &id.0),
            ChainQuery::Foundry(id) => keys::chain(5, &id.0),
            ChainQuery::Nft(id) => keys::chain(6, &id.0),
        };
        let view = self.shared.view();
        Ok((view.chain_output(&key)?, view.head.ledger_index))
    }

    /// The ledger at its newest milestone, to be read at leisure.
    ///
    /// # Errors
    /// The store failed.
    pub fn ledger(&self) -> Result<LedgerState, StoreError> {
        Ok(LedgerState::new(self.shared.view()))
    }

    /// Milestones up to this one were pruned.
    #[must_use]
    pub fn pruning_index(&self) -> MilestoneIndex {
        self.shared.head().pruning_index
    }

    /// The milestone at which history begins to be kept while the result is held. What was pruned
    /// already stays pruned.
    pub(crate) fn pin(&self, index: MilestoneIndex) -> Pin {
        *self.shared.pins().entry(index).or_default() += 1;
        Pin {
            shared: Arc::clone(&self.shared),
            index,
        }
    }

    /// What a milestone's cone ended at when it was confirmed: parents of its blocks that earlier
    /// milestones had referenced, with those milestones.
    pub(crate) fn roots(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<Vec<(BlockId, MilestoneIndex)>>, StoreError> {
        let record = self.shared.commit(index)?;
        Ok(record.map(|record| record.roots))
    }

    /// State of the ledger.
    #[must_use]
    pub fn ledger_index(&self) -> MilestoneIndex {
        self.shared.ledger_index()
    }

    /// How large the store is.
    ///
    /// # Errors
    /// The store failed.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        let (blocks_bytes, block_count) = self.shared.log.sizes()?;
        Ok(Sizes {
            blocks_bytes,
            ledger_bytes: self.shared.ledger.size_bytes()?,
            base_bytes: crate::base::size_bytes(&self.shared.path)?,
            block_count,
        })
    }
}

fn created(id: TransactionId, count: usize) -> impl Iterator<Item = OutputId> {
    (0..count as u16).map(move |index| OutputId::new(id, index))
}

impl Store for Reader {
    type Error = StoreError;

    fn contains(&self, id: &BlockId) -> Result<bool, StoreError> {
        self.shared
            .noted(|shared| Ok(shared.log.find(id)?.is_some() || shared.entry_point(id).is_some()))
    }

    fn metadata(&self, id: &BlockId) -> Result<Option<BlockMetadata>, StoreError> {
        self.block_metadata(id)
    }

    fn output(&self, id: &OutputId) -> Result<Lookup, StoreError> {
        self.shared.noted(|shared| {
            // Asked before the store: what leaves the front is in the store by then.
            if let Some(entry) = shared.front.recent().output(id) {
                return Ok(match entry {
                    Some(entry) if entry.spend.is_none() => {
                        Lookup::Unspent(Arc::clone(&entry.output))
                    }
                    Some(_) => Lookup::Spent,
                    None => Lookup::Unknown,
                });
            }
            let ledger = &shared.ledger;
            let Some(bytes) = ledger.output_bytes(id)? else {
                return Ok(Lookup::Unknown);
            };
            if OutputEntry::is_spent(&bytes) {
                return Ok(Lookup::Spent);
            }
            Ok(Lookup::Unspent(ledger.parse_output(id, &bytes)?.output))
        })
    }
}

impl Shared {
    pub(crate) fn new(
        path: &Path,
        log: Arc<BlockLog>,
        ledger: Ledger,
        lock: Lock,
    ) -> Result<Self, StoreError> {
        let view = ledger.view()?;
        let entry_points = view.entry_points()?;
        let head = view.head;
        Ok(Self {
            path: path.to_path_buf(),
            log,
            ledger,
            front: Arc::new(Front::new(head)),
            entry_points: RwLock::new(entry_points.into_iter().collect()),
            pins: Mutex::default(),
            _lock: lock,
        })
    }

    /// Looks something up and notes damage that is met.
    fn noted<T>(
        &self,
        look_up: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        look_up(self).inspect_err(|error| self.remember(error))
    }

    /// Notes damage, so that it is repaired at the next start.
    pub(crate) fn remember(&self, error: &StoreError) {
        repair::remember(&self.path, error);
    }

    fn pins(&self) -> std::sync::MutexGuard<'_, BTreeMap<MilestoneIndex, usize>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The oldest milestone whose history is being read.
    pub(crate) fn oldest_pin(&self) -> Option<MilestoneIndex> {
        self.pins().keys().next().copied()
    }

    pub(crate) fn head(&self) -> Head {
        self.front.head()
    }

    /// The ledger at this moment: the store with what is in front of it.
    pub(crate) fn view(&self) -> View {
        self.front
            .with(|recent, head| self.ledger.view_behind(recent, head))
    }

    /// Makes a change visible at once; the ledger store gets it later.
    pub(crate) fn change(&self, change: Change) -> Result<(), StoreError> {
        self.front.push(change)
    }

    pub(crate) fn ledger_index(&self) -> MilestoneIndex {
        self.head().ledger_index
    }

    pub(crate) fn milestone_id(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<MilestoneId>, StoreError> {
        let entry = self.view().milestone(index)?;
        Ok(entry.map(|entry| entry.id))
    }

    pub(crate) fn parse_reservation(&self, bytes: &[u8]) -> Result<Reservation, StoreError> {
        reservation_from_bytes(bytes)
            .ok_or_else(|| StoreError::damaged(&self.path, "its reservation cannot be read"))
    }

    /// As [`BlockLog::referenced_parents`], by a look at the block.
    pub(crate) fn referenced_parents(
        &self,
        found: &Found,
        mut each: impl FnMut(BlockId, MilestoneIndex),
    ) -> Result<(), StoreError> {
        let block = self.parse(found.bytes()?)?;
        for parent in block.block.parents.as_slice() {
            if let Some(index) = self.referenced_by(parent)? {
                each(*parent, index);
            }
        }
        Ok(())
    }

    /// The milestone that a block counts for, if it is a referenced one or an entry point.
    fn referenced_by(&self, id: &BlockId) -> Result<Option<MilestoneIndex>, StoreError> {
        let found = self.log.find(id)?;
        let standing = found.and_then(|found| found.entry.standing);
        let index = standing.map(|standing| standing.referenced_by);
        Ok(index.or_else(|| self.entry_point(id)))
    }

    pub(crate) fn set_entry_points(&self, entry_points: HashMap<BlockId, MilestoneIndex>) {
        let mut kept = self
            .entry_points
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = entry_points;
    }

    pub(crate) fn entry_points(&self) -> HashMap<BlockId, MilestoneIndex> {
        let kept = self
            .entry_points
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }

    fn entry_point(&self, id: &BlockId) -> Option<MilestoneIndex> {
        let entry_points = self
            .entry_points
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        entry_points.get(id).copied()
    }

    /// What the log says of a milestone; `None` when it is unknown or pruned.
    pub(crate) fn commit(&self, index: MilestoneIndex) -> Result<Option<CommitRecord>, StoreError> {
        match self.view().milestone(index)? {
            // A file that was removed by pruning.
            Some(entry) if entry.position.segment < self.log.first_segment() => Ok(None),
            Some(entry) => self.log.commit(entry.position, index).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn block_lost(&self, index: MilestoneIndex, seq: u64) -> StoreError {
        let what = format!("block number {seq}, which milestone {index} references, is lost");
        StoreError::damaged(&self.path, what)
    }

    pub(crate) fn parse(&self, bytes: Bytes) -> Result<ParsedBlock, StoreError> {
        ParsedBlock::parse(bytes).map_err(|error| self.unreadable(&error))
    }

    pub(crate) fn unreadable(&self, error: &DecodeError) -> StoreError {
        StoreError::damaged(&self.path, format!("a block cannot be read: {error}"))
    }
}
