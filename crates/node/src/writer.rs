//! The writer's thread: the only one that writes to the store.
//!
//! It does its jobs in order, so that a client hears "accepted" only when its block can be read,
//! and a milestone becomes durable only after every block it references.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select_biased};
use tangle_engine::{CheckedBlock, MilestoneCommit, Reservation};
use tangle_storage::{Pressure, Reader, StoreError, Writer};
use tangle_types::{BlockId, MilestoneIndex};
use tokio::sync::oneshot;

use crate::driver::Durable;
use crate::events::Events;
use crate::gate::Permit;
use crate::intake::Answer;
use crate::{PruneError, PruneTarget, PruningConfig};

/// Batches of jobs that may wait before the engine does.
pub(crate) const BATCHES_MAX: usize = 256;
/// Time between two looks at what may be pruned.
const PRUNING_INTERVAL: Duration = Duration::from_millis(200);
/// Time that belongs to blocks and milestones while there is more to prune.
const PRUNING_PAUSE: Duration = Duration::from_millis(10);
/// Milestones that stay whatever the limits say, so that the Tangle can go on.
const KEPT_MILESTONES_MIN: u32 = 50;

/// What the engine wants written.
#[derive(Debug)]
pub(crate) enum Job {
    Store(Arc<CheckedBlock>),
    Accepted(BlockId, Answer),
    Reserve(Box<Reservation>),
    Commit(Arc<MilestoneCommit>),
    /// Nobody needs them any more; dropping so many takes a while.
    Drop(Vec<Arc<CheckedBlock>>),
}

/// Jobs to be done in order, with the room that they take until they are done.
#[derive(Debug)]
pub(crate) struct Jobs {
    pub(crate) jobs: Vec<Job>,
    pub(crate) permit: Permit,
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
    pub(crate) jobs: Receiver<Jobs>,
    pub(crate) errands: Receiver<Errand>,
    pub(crate) durable: Sender<Durable>,
    pub(crate) events: Arc<Events>,
    pub(crate) pruning: PruningConfig,
}

impl Scribe {
    /// Works until the engine is gone, then makes everything durable.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        let mut pause = PRUNING_INTERVAL;
        let mut pruned = Instant::now();
        loop {
            if pruned.elapsed() >= pause {
                pause = if self.prune()? {
                    PRUNING_PAUSE
                } else {
                    PRUNING_INTERVAL
                };
                pruned = Instant::now();
            }
            select_biased! {
                recv(self.jobs) -> jobs => match jobs {
                    Ok(Jobs { jobs, permit }) => {
                        self.write(jobs)?;
                        drop(permit);
                    }
                    Err(_) => return self.store.sync(),
                },
                recv(self.errands) -> errand => if let Ok(Errand::Prune(target, answer)) = errand {
                    // Whoever asked may have gone away.
                    let _ = answer.send(self.prune_to(target));
                } else {
                    // Every handle is gone: only the engine is left to listen to.
                    self.errands = crossbeam_channel::never();
                },
                default(pause) => {}
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
                    self.store.reserve(&reservation)?;
                    self.tell(Durable::Reservation(reservation.index));
                }
                Job::Drop(blocks) => drop(blocks),
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
            self.events.solid(blocks);
            blocks.clear();
        }
        Ok(())
    }

    fn commit(&mut self, commit: &Arc<MilestoneCommit>) -> Result<(), StoreError> {
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
        self.events.confirmed(commit);
        Ok(())
    }

    fn tell(&self, done: Durable) {
        // Fails only when the engine has ended; the next job finds that out.
        let _ = self.durable.send(done);
    }

    /// Takes one step of pruning, so short that blocks and milestones hardly wait for it; whether
    /// there is more to prune.
    fn prune(&mut self) -> Result<bool, StoreError> {
        let confirmed = self.reader.ledger_index();
        let oldest = self.reader.pruning_index();
        let last = MilestoneIndex(confirmed.0.saturating_sub(KEPT_MILESTONES_MIN));
        let by_count = self.pruning.milestone_count;
        let by_count = by_count.map(|kept| MilestoneIndex(confirmed.0.saturating_sub(kept)));
        let by_age = match self.pruning.age_seconds {
            Some(age) => self.older_than(age, oldest, last)?,
            None => None,
        };
        if let Some(target) = by_count.max(by_age).map(|target| target.min(last))
            && target > oldest
            && self.store.prune(target)? > oldest
        {
            return Ok(self.reader.pruning_index() < target);
        }
        match self.pruning.size_bytes {
            Some(limit) => Ok(self.store.prune_to_size(limit, last)? == Pressure::More),
            None => Ok(false),
        }
    }

    /// The newest milestone up to `last` that is older than the newest one by more than
    /// `age_seconds`. Milestones up to `oldest` are gone.
    fn older_than(
        &self,
        age_seconds: u32,
        oldest: MilestoneIndex,
        last: MilestoneIndex,
    ) -> Result<Option<MilestoneIndex>, StoreError> {
        let timestamp = |index| -> Result<Option<u32>, StoreError> {
            let stored = self.reader.milestone(MilestoneIndex(index))?;
            Ok(stored.map(|stored| stored.milestone.timestamp.0))
        };
        let Some(newest) = timestamp(self.reader.ledger_index().0)? else {
            return Ok(None);
        };
        // Timestamps rise. All up to `low` are too old, those above `high` are not.
        let (mut low, mut high) = (oldest.0, last.0);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match timestamp(middle)? {
                Some(time) if newest.saturating_sub(time) <= age_seconds => high = middle - 1,
                _ => low = middle,
            }
        }
        Ok((low > oldest.0).then_some(MilestoneIndex(low)))
    }

    /// Prunes until the store takes no more than `limit_bytes`, or nothing more can be pruned.
    fn prune_to_size(&mut self, limit_bytes: u64) -> Result<(), StoreError> {
        let confirmed = self.reader.ledger_index();
        let last = MilestoneIndex(confirmed.0.saturating_sub(KEPT_MILESTONES_MIN));
        while self.store.prune_to_size(limit_bytes, last)? == Pressure::More {}
        Ok(())
    }

    /// Prunes because somebody asks for it.
    fn prune_to(&mut self, target: PruneTarget) -> Result<MilestoneIndex, PruneError> {
        let confirmed = self.reader.ledger_index();
        let pruned = self.reader.pruning_index();
        let last = MilestoneIndex(confirmed.0.saturating_sub(KEPT_MILESTONES_MIN));
        let index = match target {
            PruneTarget::SizeBytes(limit) => {
                self.prune_to_size(limit)?;
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
