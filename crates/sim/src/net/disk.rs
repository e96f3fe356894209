//! A disk: what was written is read back at once, but only what was synced survives a crash.
//!
//! Records are written in order, as into one log. A crash cuts the log somewhere behind the last
//! sync: whole records before the cut stay, all others are undone, and a torn one counts as not
//! written, since its checksum would not match.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use tangle_crypto::blake2b;
use tangle_engine::{CheckedBlock, MilestoneCommit, Reservation, Store, StoredMilestone};
use tangle_ledger::Lookup;
use tangle_types::{
    BlockId, BlockMetadata, IdMap, LedgerOutput, MilestoneId, MilestoneIndex, OutputId,
};

use super::breach::Breach;
use crate::chance::Chance;

/// What an engine wants written.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    Store(Arc<CheckedBlock>),
    Reserve(Box<Reservation>),
    Commit(Arc<MilestoneCommit>),
}

/// The state of the ledger in short, the same whatever order it was reached in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LedgerDigest {
    pub(crate) hash: u128,
    pub(crate) amount: u64,
}

/// A node's disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    blocks: IdMap<BlockId, (u64, Arc<CheckedBlock>)>,
    /// Blocks that no milestone has referenced, in the order they were written.
    open: BTreeMap<u64, BlockId>,
    metadata: IdMap<BlockId, BlockMetadata>,
    outputs: IdMap<OutputId, Lookup>,
    milestones: Vec<Arc<StoredMilestone>>,
    /// What each of them references, in white-flag order.
    cones: Vec<Vec<BlockId>>,
    by_id: IdMap<MilestoneId, BlockId>,
    reservation: Option<Reservation>,
    digest: LedgerDigest,
    /// How to undo what was written since the last sync, oldest first. A sync comes with each
    /// milestone, so it is bounded by what comes between two of them.
    unsynced: VecDeque<Undo>,
    written: u64,
}

/// How to take back one record.
#[derive(Debug)]
enum Undo {
    Store(BlockId),
    Reserve(Option<Reservation>),
    Commit(Arc<MilestoneCommit>),
}

impl Disk {
    /// A disk with the genesis on it.
    pub(crate) fn new(genesis: impl IntoIterator<Item = LedgerOutput>) -> Self {
        let mut disk = Self::default();
        for output in genesis {
            disk.create(&Arc::new(output));
        }
        disk
    }

    /// Writes one record.
    pub(crate) fn write(&mut self, job: &Job) -> Result<(), Breach> {
        self.written += 1;
        let undo = match job {
            Job::Store(block) => {
                let id = block.id();
                if self.blocks.contains_key(&id) {
                    return Ok(());
                }
                self.blocks.insert(id, (self.written, Arc::clone(block)));
                self.open.insert(self.written, id);
                Undo::Store(id)
            }
            Job::Reserve(reservation) => {
                let before = self.reservation.replace((**reservation).clone());
                Undo::Reserve(before)
            }
            Job::Commit(commit) => {
                self.commit(commit)?;
                Undo::Commit(Arc::clone(commit))
            }
        };
        self.unsynced.push_back(undo);
        Ok(())
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&mut self) {
        self.unsynced.clear();
    }

    /// Loses some of what was not synced, always from the end. Returns the number of records lost.
    pub(crate) fn crash(&mut self, chance: &mut Chance) -> usize {
        let kept = chance.index(self.unsynced.len() + 1);
        let lost = self.unsynced.len() - kept;
        for _ in 0..lost {
            match self.unsynced.pop_back() {
                Some(Undo::Store(id)) => {
                    if let Some((serial, _)) = self.blocks.remove(&id) {
                        self.open.remove(&serial);
                    }
                }
                Some(Undo::Reserve(before)) => self.reservation = before,
                Some(Undo::Commit(commit)) => self.roll_back(&commit),
                None => {}
            }
        }
        // Whoever opens a log reads it whole, and what was read is written again or synced.
        self.sync();
        lost
    }

    fn commit(&mut self, commit: &MilestoneCommit) -> Result<(), Breach> {
        let index = commit.milestone.milestone.index;
        if index != self.ledger_index().next() {
            let last = self.ledger_index();
            return Err(Breach::OutOfTurn { index, last });
        }
        for (position, (id, inclusion)) in commit.diff.referenced.iter().enumerate() {
            let Some((serial, block)) = self.blocks.get(id) else {
                return Err(Breach::NotStored { index, block: *id });
            };
            let is_past = |parent: &BlockId| parent.is_zero() || self.metadata.contains_key(parent);
            if let Some(parent) = block.parents().iter().find(|parent| !is_past(parent)) {
                let (block, parent) = (*id, *parent);
                return Err(Breach::ParentLater { block, parent });
            }
            self.open.remove(serial);
            let metadata = BlockMetadata {
                referenced_by: index,
                white_flag_index: u32::try_from(position).unwrap_or(u32::MAX),
                inclusion: *inclusion,
            };
            if self.metadata.insert(*id, metadata).is_some() {
                return Err(Breach::ReferencedTwice { index, block: *id });
            }
        }
        for output in &commit.diff.created {
            self.create(output);
        }
        for (output, _) in &commit.diff.consumed {
            if !self.consume(output) {
                return Err(Breach::SpentTwice { output: output.id });
            }
        }
        let milestone = &commit.milestone;
        self.by_id.insert(milestone.id, milestone.block_id);
        self.milestones.push(Arc::clone(milestone));
        let cone = commit.diff.referenced.iter().map(|(id, _)| *id);
        self.cones.push(cone.collect());
        Ok(())
    }

    fn roll_back(&mut self, commit: &MilestoneCommit) {
        for (id, _) in &commit.diff.referenced {
            self.metadata.remove(id);
            if let Some((serial, _)) = self.blocks.get(id) {
                self.open.insert(*serial, *id);
            }
        }
        for (output, _) in &commit.diff.consumed {
            self.create(output);
        }
        for output in &commit.diff.created {
            self.consume(output);
            self.outputs.remove(&output.id);
        }
        self.by_id.remove(&commit.milestone.id);
        self.milestones.pop();
        self.cones.pop();
    }

    fn create(&mut self, output: &Arc<LedgerOutput>) {
        self.outputs
            .insert(output.id, Lookup::Unspent(Arc::clone(output)));
        self.digest.hash = self.digest.hash.wrapping_add(hash_of(output));
        self.digest.amount = self.digest.amount.wrapping_add(output.output.amount());
    }

    fn consume(&mut self, output: &LedgerOutput) -> bool {
        let before = self.outputs.insert(output.id, Lookup::Spent);
        self.digest.hash = self.digest.hash.wrapping_sub(hash_of(output));
        self.digest.amount = self.digest.amount.wrapping_sub(output.output.amount());
        matches!(before, Some(Lookup::Unspent(_)))
    }

    /// The state of the ledger.
    pub(crate) const fn digest(&self) -> LedgerDigest {
        self.digest
    }

    /// The same, worked out anew from all outputs.
    pub(crate) fn recount(&self) -> LedgerDigest {
        let mut digest = LedgerDigest::default();
        for lookup in self.outputs.values() {
            if let Lookup::Unspent(output) = lookup {
                digest.hash = digest.hash.wrapping_add(hash_of(output));
                digest.amount = digest.amount.wrapping_add(output.output.amount());
            }
        }
        digest
    }

    /// The newest milestone on the disk.
    pub(crate) fn last(&self) -> Option<&Arc<StoredMilestone>> {
        self.milestones.last()
    }

    /// A milestone on the disk.
    pub(crate) fn milestone(&self, index: MilestoneIndex) -> Option<&Arc<StoredMilestone>> {
        let position = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.milestones.get(position)
    }

    /// What a milestone on the disk references; nothing if it is not there.
    pub(crate) fn cone(&self, index: MilestoneIndex) -> &[BlockId] {
        let position = index.0.checked_sub(1).map(|position| position as usize);
        let cone = position.and_then(|position| self.cones.get(position));
        cone.map_or(&[], Vec::as_slice)
    }

    /// Index of the newest milestone.
    pub(crate) fn ledger_index(&self) -> MilestoneIndex {
        self.last()
            .map_or(MilestoneIndex(0), |last| last.milestone.index)
    }

    /// The milestone that the coordinator has signed last.
    pub(crate) const fn reservation(&self) -> Option<&Reservation> {
        self.reservation.as_ref()
    }

    /// A block on the disk.
    pub(crate) fn block(&self, id: &BlockId) -> Option<&Arc<CheckedBlock>> {
        self.blocks.get(id).map(|(_, block)| block)
    }

    /// What a milestone made of a block.
    pub(crate) fn metadata_of(&self, id: &BlockId) -> Option<BlockMetadata> {
        self.metadata.get(id).copied()
    }

    /// Blocks that no milestone has referenced, in the order they were written.
    pub(crate) fn open_blocks(&self) -> Vec<Arc<CheckedBlock>> {
        let ids = self.open.values();
        ids.filter_map(|id| self.block(id).cloned()).collect()
    }
}

fn hash_of(output: &LedgerOutput) -> u128 {
    let mut bytes = [0; 34 + 32 + 4 + 8];
    bytes[..34].copy_from_slice(&output.id.0);
    bytes[34..66].copy_from_slice(&output.block_id.0);
    bytes[66..70].copy_from_slice(&output.milestone_index.0.to_le_bytes());
    bytes[70..].copy_from_slice(&output.output.amount().to_le_bytes());
    let hash = blake2b::hash(&bytes);
    hash.first_chunk()
        .map_or(0, |word| u128::from_le_bytes(*word))
}

/// What an engine reads from its disk.
#[derive(Clone, Debug)]
pub(crate) struct DiskReader(pub(crate) Rc<RefCell<Disk>>);

impl Store for DiskReader {
    type Error = Infallible;

    fn contains(&self, id: &BlockId) -> Result<bool, Infallible> {
        Ok(self.0.borrow().blocks.contains_key(id))
    }

    fn metadata(&self, id: &BlockId) -> Result<Option<BlockMetadata>, Infallible> {
        Ok(self.0.borrow().metadata_of(id))
    }

    fn output(&self, id: &OutputId) -> Result<Lookup, Infallible> {
        let disk = self.0.borrow();
        Ok(disk.outputs.get(id).cloned().unwrap_or(Lookup::Unknown))
    }
}
