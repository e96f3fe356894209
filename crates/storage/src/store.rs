//! The one writer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tangle_consensus::ParameterSchedule;
use tangle_engine::{Bootstrap, CheckedBlock, MilestoneCommit, Reservation, StoredMilestone};
use tangle_types::{
    Block, BlockId, BlockMetadata, Codec, MilestoneId, MilestoneIndex, ProtocolParameters,
    Reader as ByteReader,
};

use crate::base::Bases;
use crate::front::Applier;
use crate::ledger::{Change, Outcome, View, chain_key, tag};
use crate::log::{CommitRecord, FrameKind, LogWriter, Prepare};
use crate::reader::Shared;
use crate::{Reader, StoreError};

/// Milestones below max depth for which an unreferenced block may still become referenced.
pub(crate) const DEPTH_MARGIN: u32 = 5;
/// Blocks of a cone that are looked up while the young segments are held: a millisecond's.
const CONE_BLOCKS_AT_ONCE: usize = 4_096;

/// Bytes of memory for caches and write buffers that are enough for a node under full load.
pub const MEMORY_BYTES: u64 = 32 << 20;
/// Bytes of a block file: small enough that disk space comes back in time, and large enough that
/// there are few.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// Where and how the store lives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// Folder of the store.
    pub path: PathBuf,
    /// Bytes of memory for caches and write buffers.
    pub memory_bytes: u64,
    /// Size of a block file in bytes; a full one is closed and a new one begun.
    pub segment_bytes: u64,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from(".tangle/node"),
            memory_bytes: MEMORY_BYTES,
            segment_bytes: SEGMENT_BYTES,
        }
    }
}

/// Writes the store; there is one.
#[derive(Debug)]
pub struct Writer {
    pub(crate) shared: Arc<Shared>,
    /// Ends before the rest is given up.
    _applier: Applier,
    pub(crate) log: LogWriter,
    pub(crate) bases: Bases,
    pub(crate) repairs: Vec<String>,
    /// For the oldest segments, by number: the newest milestone that needs them.
    pub(crate) needed_until: BTreeMap<u64, MilestoneIndex>,
    /// What the cones of milestones shortly above the pruned ones end at, without the milestone
    /// right before; kept from one pruning to the next.
    pub(crate) roots: BTreeMap<MilestoneIndex, Vec<(BlockId, MilestoneIndex)>>,
    reservation: Option<(MilestoneIndex, MilestoneId)>,
    is_poisoned: bool,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        applier: Applier,
        log: LogWriter,
        bases: Bases,
        reservation: Option<&Reservation>,
        repairs: Vec<String>,
    ) -> Self {
        Self {
            shared,
            _applier: applier,
            log,
            bases,
            repairs,
            needed_until: BTreeMap::new(),
            roots: BTreeMap::new(),
            reservation: reservation.map(|reservation| (reservation.index, reservation.id)),
            is_poisoned: false,
        }
    }

    /// What the engine starts from.
    ///
    /// # Errors
    /// The store failed.
    pub fn bootstrap(&self) -> Result<Bootstrap, StoreError> {
        let view = self.shared.view();
        let head = view.head;
        let last_milestone = view.milestone(head.ledger_index)?.map(|entry| {
            Arc::new(StoredMilestone {
                id: entry.id,
                block_id: entry.block_id,
                milestone: entry.milestone,
            })
        });
        let reservation = view.reservation()?;
        let reservation = reservation
            .map(|bytes| self.shared.parse_reservation(&bytes))
            .transpose()?
            .filter(|reservation| reservation.index > head.ledger_index);
        Ok(Bootstrap {
            ledger_index: head.ledger_index,
            last_milestone,
            last_milestone_id: head.milestone_id,
            last_milestone_timestamp: head.timestamp,
            entry_points: view.entry_points()?,
            schedule: self.schedule(&view)?,
            treasury: head.treasury,
            last_receipt: view.last_receipt()?,
            reservation,
        })
    }

    pub(crate) fn schedule(&self, view: &View) -> Result<ParameterSchedule, StoreError> {
        let damaged = |what: String| StoreError::damaged(&self.shared.path, what);
        let mut options = view.parameters()?.into_iter();
        let first = options
            .next()
            .ok_or_else(|| damaged("it holds no protocol parameters".to_owned()))?;
        let parameters = ProtocolParameters::from_bytes(&first.parameters)
            .map_err(|error| damaged(format!("protocol parameters: {error}")))?;
        let mut schedule = ParameterSchedule::new(first.target_index, parameters);
        for option in options {
            schedule
                .announce(&option)
                .map_err(|error| damaged(error.to_string()))?;
        }
        Ok(schedule)
    }

    /// Stored blocks that no milestone has referenced, parents before children as they came in: to
    /// be given to the engine again after a start.
    ///
    /// # Errors
    /// The store failed.
    pub fn unreferenced(&self) -> Result<Vec<Bytes>, StoreError> {
        let view = self.shared.view();
        let ledger_index = view.head.ledger_index;
        let schedule = self.schedule(&view)?;
        let depth = u32::from(schedule.at(ledger_index.next()).below_max_depth) + DEPTH_MARGIN;
        let mut found = Vec::new();
        for segment in self.shared.log.segments() {
            // Blocks that are too deep cannot be referenced any more.
            let closed_at = segment.table().map(|table| table.closed_at());
            if closed_at.is_some_and(|closed| closed.0.saturating_add(depth) < ledger_index.0) {
                continue;
            }
            for (entry, seq) in segment.entries()?.iter().zip(segment.first_seq..) {
                if entry.standing.is_none() && !entry.is_lost() {
                    found.push(segment.body(entry.offset, FrameKind::Block, seq)?);
                }
            }
        }
        Ok(found)
    }

    /// Appends solid blocks, parents before children. They can be read at once and survive the end
    /// of the process; a power cut may lose them until [`Writer::sync`].
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn append(&mut self, blocks: &[Arc<CheckedBlock>]) -> Result<(), StoreError> {
        self.guarded(|writer| {
            writer.log.append_blocks(blocks)?;
            writer.close_if_full()
        })
    }

    /// Makes everything appended durable, and waits for files that are being closed or removed.
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.guarded(|writer| {
            writer.log.sync()?;
            writer.log.finish()?;
            writer.shared.front.settle()?;
            writer.shared.ledger.persist()
        })
    }

    /// Makes a reservation durable together with everything appended before it.
    ///
    /// # Errors
    /// The store failed, or holds another milestone for that index.
    pub fn reserve(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        let index = reservation.index;
        let kept = match self.reservation {
            Some((reserved, id)) if reserved == index => Some(id),
            _ => self.shared.milestone_id(index)?,
        };
        match kept {
            Some(kept) if kept != reservation.id => {
                return Err(StoreError::Reserved {
                    index,
                    kept,
                    refused: reservation.id,
                });
            }
            Some(_) => return Ok(()),
            None if index <= self.shared.ledger_index() => {
                return Err(StoreError::OutOfTurn {
                    needed: self.shared.ledger_index().next(),
                    found: index,
                });
            }
            None => {}
        }
        self.guarded(|writer| {
            let bytes = reservation_to_bytes(reservation);
            // In the log, so that it outlives the ledger store.
            writer
                .log
                .append_record(FrameKind::Reservation, u64::from(index.0), &bytes)?;
            writer.log.sync()?;
            // In the ledger store, so that it outlives the block file.
            writer
                .shared
                .ledger
                .put(&chain_key(tag::RESERVATION, &[]), &bytes)?;
            writer.reservation = Some((index, reservation.id));
            Ok(())
        })
    }

    /// Makes a confirmed milestone durable, as a whole, with the blocks it references. The ledger
    /// store follows later; look-ups see the milestone at once.
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn commit(&mut self, commit: &MilestoneCommit) -> Result<(), StoreError> {
        self.guarded(|writer| writer.commit_guarded(commit))
    }

    fn commit_guarded(&mut self, commit: &MilestoneCommit) -> Result<(), StoreError> {
        let head = self.shared.head();
        let stored = &commit.milestone;
        let index = stored.milestone.index;
        if index != head.ledger_index.next() {
            return Err(StoreError::OutOfTurn {
                needed: head.ledger_index.next(),
                found: index,
            });
        }
        let record = self.record(commit)?;
        // The log is the truth: once this is durable, the milestone is.
        let bytes = record.to_bytes();
        let number = u64::from(index.0);
        let position = self.log.append_record(FrameKind::Commit, number, &bytes)?;
        self.log.sync()?;
        let change = Change::of_milestone(
            &head,
            &Outcome {
                milestone: stored,
                position,
                created: &commit.diff.created,
                consumed: &commit.diff.consumed,
                treasury: commit.treasury.map(|(_, after)| after),
            },
        );
        let standings = record.cone.iter().zip(0..);
        let standings = standings.map(|((seq, inclusion), white_flag_index)| {
            let standing = BlockMetadata {
                referenced_by: index,
                white_flag_index,
                inclusion: *inclusion,
            };
            (*seq, standing)
        });
        self.log.set_standings(standings)?;
        self.shared.change(change)?;
        self.close_if_full()
    }

    /// Closes the block file when it is full.
    fn close_if_full(&mut self) -> Result<(), StoreError> {
        if !self.log.is_full() {
            return Ok(());
        }
        let ledger_index = self.shared.ledger_index();
        let is_pending = |(index, _)| index > ledger_index;
        let prepare = self.reservation.is_some_and(is_pending).then(|| {
            // The frame of the reservation is not read again once the file is closed.
            let ledger = self.shared.ledger.clone();
            Box::new(move || ledger.persist()) as Prepare
        });
        self.log.close(ledger_index, prepare)
    }

    /// The commit in terms of the log.
    fn record(&self, commit: &MilestoneCommit) -> Result<CommitRecord, StoreError> {
        let stored = &commit.milestone;
        let index = stored.milestone.index;
        let log = &self.shared.log;
        let find = |id| {
            log.find(id)?
                .ok_or(StoreError::BlockMissing { index, id: *id })
        };
        let mut cone = Vec::with_capacity(commit.diff.referenced.len());
        let mut roots = BTreeMap::new();
        let mut add_root = |id, index| {
            roots.insert(id, index);
        };
        for part in commit.diff.referenced.chunks(CONE_BLOCKS_AT_ONCE) {
            let ids = part.iter().map(|(id, _)| id);
            let known = log.find_young(ids, &mut add_root);
            for ((id, inclusion), seq) in part.iter().zip(known) {
                if let Some(seq) = seq {
                    cone.push((seq, *inclusion));
                    continue;
                }
                let found = find(id)?;
                cone.push((found.seq(), *inclusion));
                if !log.referenced_parents(&found, &mut add_root)? {
                    self.shared.referenced_parents(&found, &mut add_root)?;
                }
            }
        }
        Ok(CommitRecord {
            index,
            id: stored.id,
            block_seq: find(&stored.block_id)?.seq(),
            cone,
            roots: roots.into_iter().collect(),
        })
    }

    /// A reader of this store.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// Runs a write; after a failed one there is no other.
    pub(crate) fn guarded<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.is_poisoned {
            return Err(StoreError::Poisoned);
        }
        let result = write(self);
        if let Err(error) = &result {
            self.is_poisoned = true;
            self.shared.remember(error);
        }
        result
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.bases.finish(&self.shared) {
            tracing::warn!(%error, "a base of the ledger was not finished");
        }
    }
}

pub(crate) fn reservation_to_bytes(reservation: &Reservation) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    reservation.index.write(&mut out);
    reservation.id.write(&mut out);
    reservation.block.write(&mut out);
    out
}

pub(crate) fn reservation_from_bytes(bytes: &[u8]) -> Option<Reservation> {
    let mut reader = ByteReader::new(bytes);
    let reservation = Reservation {
        index: MilestoneIndex::read(&mut reader).ok()?,
        id: MilestoneId::read(&mut reader).ok()?,
        block: Block::read(&mut reader).ok()?,
    };
    reader.finish().ok()?;
    Some(reservation)
}
