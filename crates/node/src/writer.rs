//! The writer's thread: the only one that writes to the store.
//!
//! It does its jobs in order, so that a client hears "accepted" only when its block can be read,
//! and a milestone becomes durable only after every block it references.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, select_biased};
use tangle_engine::{CheckedBlock, MilestoneCommit, Reservation};
use tangle_storage::{Reader, StoreError, Writer};
use tangle_types::{BlockId, MilestoneIndex};
use tokio::sync::oneshot;

use crate::driver::Durable;
use crate::intake::Answer;
use crate::{PruneError, PruneTarget, PruningConfig};

/// Batches of jobs that may wait before the engine does.
pub(crate) const BATCHES_MAX: usize = 256;
/// Milestones between two looks at the size of the store.
const SIZE_LOOK_INTERVAL: u32 = 10;
/// Milestones that stay whatever the limits say, so that the Tangle can go on.
const KEPT_MILESTONES_MIN: u32 = 50;

/// What the engine wants written.
#[derive(Debug)]
pub(crate) enum Job {
    Store(Arc<CheckedBlock>),
    Accepted(BlockId, Answer),
    Reserve(Box<Reservation>),
    Commit(Arc<MilestoneCommit>),
}

/// What an operator wants of the store.
#[derive(Debug)]
pub(crate) enum Errand {
    Prune(
        PruneTarget,
        oneshot::Sender<Result<MilestoneIndex, PruneError>>,
    ),
}

/// The store's writing half with what its thread needs.
pub(crate) struct Scribe {
    pub(crate) store: Writer,
    pub(crate) reader: Reader,
    pub(crate) jobs: Receiver<Vec<Job>>,
    pub(crate) errands: Receiver<Errand>,
    pub(crate) durable: Sender<Durable>,
    pub(crate) pruning: PruningConfig,
}

impl Scribe {
    /// Works until the engine is gone, then makes everything durable.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        loop {
            select_biased! {
                recv(self.jobs) -> jobs => match jobs {
                    Ok(jobs) => self.write(jobs)?,
                    Err(_) => return self.store.sync(),
                },
                recv(self.errands) -> errand => if let Ok(Errand::Prune(target, answer)) = errand {
                    // Whoever asked may have gone away.
                    let _ = answer.send(self.prune_to(target));
                } else {
                    // Every handle is gone: only the engine is left to listen to.
                    self.errands = crossbeam_channel::never();
                },
            }
        }
    }

    fn write(&mut self, first: Vec<Job>) -> Result<(), StoreError> {
        let mut blocks = Vec::new();
        let mut accepted = Vec::new();
        for job in first {
            match job {
                Job::Store(block) => blocks.push(block),
                Job::Accepted(id, answer) => accepted.push((id, answer)),
                Job::Reserve(reservation) => {
                    self.append(&mut blocks)?;
                    self.store.sync()?;
                    self.store.reserve(&reservation)?;
                    self.tell(Durable::Reservation(reservation.index));
                }
                Job::Commit(commit) => {
                    self.append(&mut blocks)?;
                    self.commit(&commit)?;
                }
            }
        }
        self.append(&mut blocks)?;
        for (id, answer) in accepted {
            // The client may have gone away.
            let _ = answer.send(Ok(id));
        }
        Ok(())
    }

    fn append(&mut self, blocks: &mut Vec<Arc<CheckedBlock>>) -> Result<(), StoreError> {
        if !blocks.is_empty() {
            self.store.append(blocks)?;
            blocks.clear();
        }
        Ok(())
    }

    fn commit(&mut self, commit: &MilestoneCommit) -> Result<(), StoreError> {
        let started = Instant::now();
        self.store.commit(commit)?;
        let index = commit.milestone.milestone.index;
        tracing::debug!(
            %index,
            referenced = commit.diff.referenced.len(),
            took_us = started.elapsed().as_micros(),
            "milestone is durable"
        );
        self.tell(Durable::Milestone(index));
        self.prune(index)
    }

    fn tell(&self, done: Durable) {
        // Fails only when the engine has ended; the next job finds that out.
        let _ = self.durable.send(done);
    }

    /// Prunes as far as the limits ask for.
    fn prune(&mut self, confirmed: MilestoneIndex) -> Result<(), StoreError> {
        if let Some(kept) = self.pruning.milestone_count {
            let kept = kept.max(KEPT_MILESTONES_MIN);
            let target = MilestoneIndex(confirmed.0.saturating_sub(kept));
            if target > self.reader.pruning_index() {
                self.store.prune(target)?;
            }
        }
        match self.pruning.size_bytes {
            Some(limit) if confirmed.0.is_multiple_of(SIZE_LOOK_INTERVAL) => {
                self.prune_to_size(confirmed, limit)
            }
            _ => Ok(()),
        }
    }

    /// Gives up the oldest tenth of what is kept as often as it takes to get below `limit`.
    fn prune_to_size(&mut self, confirmed: MilestoneIndex, limit: u64) -> Result<(), StoreError> {
        loop {
            let sizes = self.reader.sizes()?;
            let oldest = self.reader.pruning_index().0;
            let last = confirmed.0.saturating_sub(KEPT_MILESTONES_MIN);
            if sizes.blocks_bytes + sizes.ledger_bytes <= limit || oldest >= last {
                return Ok(());
            }
            let target = MilestoneIndex((oldest + (last - oldest).div_ceil(10)).min(last));
            if self.store.prune(target)? <= MilestoneIndex(oldest) {
                return Ok(());
            }
        }
    }

    /// Prunes because somebody asks for it.
    fn prune_to(&mut self, target: PruneTarget) -> Result<MilestoneIndex, PruneError> {
        let confirmed = self.reader.ledger_index();
        let pruned = self.reader.pruning_index();
        let last = MilestoneIndex(confirmed.0.saturating_sub(KEPT_MILESTONES_MIN));
        let index = match target {
            PruneTarget::SizeBytes(limit) => {
                self.prune_to_size(confirmed, limit)?;
                return Ok(self.reader.pruning_index());
            }
            PruneTarget::Index(index) => index,
            PruneTarget::Depth(depth) => MilestoneIndex(confirmed.0.saturating_sub(depth)),
        };
        if index <= pruned {
            return Err(PruneError::Invalid(format!(
                "milestones up to {pruned} are pruned already, so {index} is out of range"
            )));
        }
        if index > last {
            return Err(PruneError::Invalid(format!(
                "the newest {KEPT_MILESTONES_MIN} milestones are kept, so at most {last} can be \
                 pruned, not {index}"
            )));
        }
        let mut reached = pruned;
        while reached < index {
            let next = self.store.prune(index)?;
            if next <= reached {
                break;
            }
            reached = next;
        }
        Ok(reached)
    }
}
