//! Forgetting the past.
//!
//! Pruning up to milestone `T` forgets spent outputs, milestones and, a file at a time, blocks. A
//! block that a milestone up to `T` referenced and that has a child which a later one references
//! becomes an entry point: cones end there. A commit record names such parents, so only the records
//! shortly above `T` are read to find them.
//!
//! A block file goes when every milestone with a commit in it is pruned, and a [base](crate::base)
//! exists from which the ledger could be built again without the file.

use std::collections::HashMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use tangle_types::{Block, BlockId, Codec, Inclusion, MilestoneIndex, Payload};

use crate::ledger::{Change, View, chain_key, tag};
use crate::log::{CommitRecord, Segment};
use crate::store::DEPTH_MARGIN;
use crate::{StoreError, Writer};

/// Blocks and spent outputs of the milestones that one call forgets, about: so few that nothing
/// else waits long for it.
const WORK_MAX: usize = 20_000;
/// The part of a size limit that stays free for what is written between two looks.
const RESERVE_PART: u64 = 64;

/// How far a size limit is from being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// It is kept.
    None,
    /// Nothing more can be forgotten now: files that hold nothing needed wait for a base, or all
    /// that is left has to stay.
    Waiting,
    /// There is more to forget: call again.
    More,
}

impl Writer {
    /// Forgets milestones up to `index` with their blocks and spent outputs, and gives the disk
    /// space back. Bounded work a call: returns the index reached. Milestones that new blocks may
    /// still approve are kept.
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn prune(&mut self, index: MilestoneIndex) -> Result<MilestoneIndex, StoreError> {
        self.guarded(|writer| {
            let depth = writer.depth()?;
            let head = writer.shared.head();
            let last = index.0.min(head.ledger_index.0.saturating_sub(depth));
            let last = writer.unpinned(last);
            if last > head.pruning_index.0 {
                writer.forget(MilestoneIndex(last), depth)?;
            }
            writer.release_segments(depth)?;
            Ok(writer.shared.head().pruning_index)
        })
    }

    /// Forgets the oldest milestones, but none above `last`, if the store takes more than
    /// `limit_bytes`: as many as a block file holds, or fewer when that would be much work.
    ///
    /// Files that are forgotten but not removed yet, as a base is being written, count as removed:
    /// otherwise more and more would be forgotten while one waits for the disk.
    ///
    /// # Errors
    /// The store failed; it takes nothing more.
    pub fn prune_to_size(
        &mut self,
        limit_bytes: u64,
        last: MilestoneIndex,
    ) -> Result<Pressure, StoreError> {
        self.guarded(|writer| {
            let depth = writer.depth()?;
            writer.release_segments(depth)?;
            let sizes = writer.reader().sizes()?;
            let waiting_bytes = writer.waiting(depth)?.1;
            // A new base stands beside the old one for a while.
            let reserve_bytes = limit_bytes / RESERVE_PART + writer.bases.size_bytes();
            let kept_bytes = sizes.total_bytes().saturating_sub(waiting_bytes);
            if kept_bytes <= limit_bytes.saturating_sub(reserve_bytes) {
                return Ok(Pressure::None);
            }
            if waiting_bytes >= limit_bytes / RESERVE_PART {
                writer.bases.begin(&writer.shared)?;
            }
            let head = writer.shared.head();
            let last = last.0.min(head.ledger_index.0.saturating_sub(depth));
            let Some(target) = writer.next_release(depth)? else {
                return Ok(Pressure::Waiting);
            };
            let target = MilestoneIndex(target.0.min(writer.unpinned(last)));
            if target <= head.pruning_index {
                return Ok(Pressure::Waiting);
            }
            writer.forget(target, depth)?;
            Ok(Pressure::More)
        })
    }

    /// The newest milestone up to `last` that nobody reads the history of.
    fn unpinned(&self, last: u32) -> u32 {
        let pinned = self.shared.oldest_pin();
        pinned.map_or(last, |pinned| last.min(pinned.0.saturating_sub(1)))
    }

    /// Milestones below the newest one that blocks which are still valid may have as parents.
    pub(crate) fn depth(&self) -> Result<u32, StoreError> {
        let view = self.shared.view();
        let schedule = self.schedule(&view)?;
        let parameters = schedule.at(view.head.ledger_index.next());
        Ok(u32::from(parameters.below_max_depth) + DEPTH_MARGIN)
    }

    /// Forgets what the ledger store knows of milestones up to `last`, or of fewer when that would
    /// be too much at once.
    fn forget(&mut self, last: MilestoneIndex, depth: u32) -> Result<(), StoreError> {
        let view = self.shared.view();
        let mut change = Change::new(view.head);
        let mut reached = view.head.pruning_index;
        let mut work = 0;
        while reached < last && work < WORK_MAX {
            reached = reached.next();
            let Some(entry) = view.milestone(reached)? else {
                continue;
            };
            if let Some(record) = self.shared.commit(reached)? {
                self.forget_spent(&record, &view, &mut change)?;
                work += record.cone.len();
            }
            let number = reached.0.to_be_bytes();
            for key in [
                chain_key(tag::MILESTONE, &number),
                chain_key(tag::MILESTONE_ID, &entry.id.0),
            ] {
                change.chain.insert(key, None);
            }
            work += change.outputs.len();
        }
        self.forget_parameters(reached, &mut change)?;
        let entry_points = self.move_entry_points(reached, depth, &mut change)?;
        change.head.pruning_index = reached;
        self.shared.change(change)?;
        self.shared.set_entry_points(entry_points);
        Ok(())
    }

    /// Forgets the outputs that a milestone spent.
    fn forget_spent(
        &self,
        record: &CommitRecord,
        view: &View,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        for (seq, inclusion) in &record.cone {
            if *inclusion != Inclusion::Included {
                continue;
            }
            let Some(found) = self.shared.log.by_seq(*seq)? else {
                return Err(self.shared.block_lost(record.index, *seq));
            };
            // The inputs are wanted only, no hash of the block.
            let block = Block::from_bytes(&found.bytes()?)
                .map_err(|error| self.shared.unreadable(&error))?;
            if let Some(Payload::Transaction(transaction)) = block.payload {
                for input in transaction.essence.inputs {
                    // A store that was built again from a base does not know what was spent
                    // before.
                    if let Some(entry) = view.output(&input)?
                        && let Some(spend) = entry.spend
                    {
                        change.forget(entry.output, spend);
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets parameters that were replaced before `index`.
    fn forget_parameters(
        &self,
        index: MilestoneIndex,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        let mut replaced = None;
        for option in self.shared.view().parameters()? {
            if option.target_index > index {
                break;
            }
            if let Some(target) = replaced.replace(option.target_index) {
                let key = chain_key(tag::PARAMETERS, &target.0.to_be_bytes());
                change.chain.insert(key, None);
            }
        }
        Ok(())
    }

    /// The entry points once milestones up to `index` are pruned. Only milestones shortly above can
    /// reach below: a block that is deeper is not referenced any more.
    fn move_entry_points(
        &mut self,
        index: MilestoneIndex,
        depth: u32,
        change: &mut Change,
    ) -> Result<HashMap<BlockId, MilestoneIndex>, StoreError> {
        let head = self.shared.head();
        let last = index.0.saturating_add(2 * depth).min(head.ledger_index.0);
        let next = index.next();
        self.roots.retain(|known, _| *known > next);
        let mut entry_points = HashMap::new();
        if let Some(record) = self.shared.commit(next)? {
            entry_points.extend(pruned_roots(&record.roots, index));
        }
        for number in (next.0 + 1..=last).map(MilestoneIndex) {
            if let Entry::Vacant(unknown) = self.roots.entry(number) {
                let record = self.shared.commit(number)?;
                // Most lie in the milestone right before, and count only when that is the last
                // one pruned; by then they are read again.
                let before = MilestoneIndex(number.0 - 2);
                let early = record.map(|record| pruned_roots(&record.roots, before).collect());
                unknown.insert(early.unwrap_or_default());
            }
            entry_points.extend(pruned_roots(&self.roots[&number], index));
        }
        let before = self.shared.entry_points();
        change.set_entry_points(&before, &entry_points);
        Ok(entry_points)
    }

    /// Removes block files of which nothing is needed any more.
    fn release_segments(&mut self, depth: u32) -> Result<(), StoreError> {
        let (newest, size_bytes) = self.waiting(depth)?;
        let Some(newest) = newest else {
            return Ok(());
        };
        let ledger_index = self.shared.head().ledger_index;
        let needed = newest
            .table()
            .map_or(ledger_index, |table| table.closed_at());
        if self.bases.newest(&self.shared)? < needed {
            // Writing a base costs as much as it gives back, or less; and files of few bytes wait
            // for each other, as each base is a thread, a file and a wait for the disk.
            if size_bytes >= self.bases.size_bytes().max(self.log.segment_bytes()) {
                self.bases.begin(&self.shared)?;
            }
            if self.bases.newest(&self.shared)? < needed {
                return Ok(());
            }
        }
        // What the ledger store lacks after a crash is applied from these files.
        if self.shared.front.durable().ledger_index < needed {
            return Ok(());
        }
        self.log.drop_segments(newest.number)?;
        self.needed_until = self.needed_until.split_off(&(newest.number + 1));
        Ok(())
    }

    /// The newest of the oldest block files of which nothing is needed, and the bytes of them all.
    fn waiting(&mut self, depth: u32) -> Result<(Option<Arc<Segment>>, u64), StoreError> {
        let pruned = self.shared.head().pruning_index;
        let (mut newest, mut size_bytes) = (None, 0);
        for segment in self.shared.log.segments() {
            match self.needed_until(&segment, depth)? {
                Some(index) if index <= pruned => {
                    size_bytes += segment.size_bytes()?;
                    newest = Some(segment);
                }
                _ => break,
            }
        }
        Ok((newest, size_bytes))
    }

    /// The milestone up to which must be pruned for the next block file to go.
    fn next_release(&mut self, depth: u32) -> Result<Option<MilestoneIndex>, StoreError> {
        let pruned = self.shared.head().pruning_index;
        for segment in self.shared.log.segments() {
            match self.needed_until(&segment, depth)? {
                Some(index) if index <= pruned => {}
                next => return Ok(next),
            }
        }
        Ok(None)
    }

    /// The newest milestone that has its commit or a block in a file. `None` while that may still
    /// change: commits in a closed file are of milestones up to the index at which it was closed,
    /// and its blocks are referenced soon after or never.
    fn needed_until(
        &mut self,
        segment: &Segment,
        depth: u32,
    ) -> Result<Option<MilestoneIndex>, StoreError> {
        if let Some(index) = self.needed_until.get(&segment.number) {
            return Ok(Some(*index));
        }
        let Some(closed_at) = segment.table().map(|table| table.closed_at()) else {
            return Ok(None);
        };
        if closed_at.0.saturating_add(depth) > self.shared.head().ledger_index.0 {
            return Ok(None);
        }
        let index = segment.newest_reference()?.max(closed_at);
        self.needed_until.insert(segment.number, index);
        Ok(Some(index))
    }
}

/// Of the `roots` of a milestone above `index`, what its cone ends at when all up to `index` is
/// pruned.
pub(crate) fn pruned_roots(
    roots: &[(BlockId, MilestoneIndex)],
    index: MilestoneIndex,
) -> impl Iterator<Item = (BlockId, MilestoneIndex)> {
    let roots = roots.iter().copied();
    roots.filter(move |root| root.1 <= index)
}
