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

use tangle_types::{BlockId, Inclusion, MilestoneIndex, Payload};

use crate::ledger::{Change, chain_key, tag};
use crate::log::{CommitRecord, Segment};
use crate::store::DEPTH_MARGIN;
use crate::{StoreError, Writer};

/// Blocks and spent outputs of the milestones that one call forgets, about.
const WORK_MAX: usize = 100_000;

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
            if last > head.pruning_index.0 {
                writer.forget(MilestoneIndex(last), depth)?;
            }
            writer.release_segments(depth)?;
            Ok(writer.shared.head().pruning_index)
        })
    }

    /// Milestones below the newest one that blocks which are still valid may have as parents.
    pub(crate) fn depth(&self) -> Result<u32, StoreError> {
        let view = self.shared.ledger.view()?;
        let schedule = self.schedule(&view)?;
        let parameters = schedule.at(view.head.ledger_index.next());
        Ok(u32::from(parameters.below_max_depth) + DEPTH_MARGIN)
    }

    /// Forgets what the ledger store knows of milestones up to `last`, or of fewer when that would
    /// be too much at once.
    fn forget(&mut self, last: MilestoneIndex, depth: u32) -> Result<(), StoreError> {
        let view = self.shared.ledger.view()?;
        let mut change = Change::new(view.head);
        let mut reached = view.head.pruning_index;
        let mut work = 0;
        while reached < last && work < WORK_MAX {
            reached = reached.next();
            let Some(entry) = view.milestone(reached)? else {
                continue;
            };
            if let Some(record) = self.shared.commit(reached)? {
                self.forget_spent(&record, &mut change)?;
                work += record.cone.len();
            }
            let number = reached.0.to_be_bytes();
            for key in [
                chain_key(tag::MILESTONE, &number),
                chain_key(tag::MILESTONE_ID, &entry.id.0),
            ] {
                change.chain.push((key, None));
            }
            work += change.forgotten.len();
        }
        self.forget_parameters(reached, &mut change)?;
        let entry_points = self.move_entry_points(reached, depth, &mut change)?;
        change.head.pruning_index = reached;
        self.shared.ledger.apply(&change)?;
        self.shared.set_entry_points(entry_points);
        self.shared.set_head(change.head);
        Ok(())
    }

    /// Forgets the outputs that a milestone spent.
    fn forget_spent(&self, record: &CommitRecord, change: &mut Change) -> Result<(), StoreError> {
        for (seq, inclusion) in &record.cone {
            if *inclusion != Inclusion::Included {
                continue;
            }
            let Some(found) = self.shared.log.by_seq(*seq)? else {
                return Err(self.shared.block_lost(record.index, *seq));
            };
            let block = self.shared.parse(found.bytes()?)?;
            if let Some(Payload::Transaction(transaction)) = block.block.payload {
                change.forgotten.extend(transaction.essence.inputs);
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
        for option in self.shared.ledger.view()?.parameters()? {
            if option.target_index > index {
                break;
            }
            if let Some(target) = replaced.replace(option.target_index) {
                let key = chain_key(tag::PARAMETERS, &target.0.to_be_bytes());
                change.chain.push((key, None));
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
        self.roots.retain(|known, _| known.0 > index.0);
        let mut entry_points = HashMap::new();
        for number in (index.0 + 1..=last).map(MilestoneIndex) {
            if let Entry::Vacant(unknown) = self.roots.entry(number) {
                let record = self.shared.commit(number)?;
                unknown.insert(record.map(|record| record.roots).unwrap_or_default());
            }
            entry_points.extend(pruned_roots(&self.roots[&number], index));
        }
        let before = self.shared.entry_points();
        for id in before.keys().filter(|id| !entry_points.contains_key(id)) {
            change
                .chain
                .push((chain_key(tag::ENTRY_POINT, &id.0), None));
        }
        for (id, index) in &entry_points {
            let key = chain_key(tag::ENTRY_POINT, &id.0);
            change
                .chain
                .push((key, Some(index.0.to_be_bytes().to_vec())));
        }
        Ok(entry_points)
    }

    /// Removes block files of which nothing is needed any more.
    fn release_segments(&mut self, depth: u32) -> Result<(), StoreError> {
        let head = self.shared.head();
        let mut droppable: Vec<Arc<Segment>> = Vec::new();
        for segment in self.shared.log.segments() {
            // Commits in a closed file are of milestones up to the index at which it was closed,
            // and its blocks are referenced soon after or never.
            let closed_at = segment.table().map(|table| table.closed_at().0);
            match closed_at {
                Some(closed_at)
                    if closed_at <= head.pruning_index.0
                        && closed_at.saturating_add(depth) <= head.ledger_index.0
                        && self.is_pruned(&segment)? =>
                {
                    droppable.push(segment);
                }
                _ => break,
            }
        }
        let Some(newest) = droppable.last() else {
            return Ok(());
        };
        let needed = newest
            .table()
            .map_or(head.ledger_index, |table| table.closed_at());
        if self.bases.newest(&self.shared)? < needed {
            let mut size_bytes = 0;
            for segment in &droppable {
                size_bytes += segment.size_bytes()?;
            }
            // Writing a base costs as much as it gives back, or less.
            if size_bytes >= self.bases.size_bytes() {
                self.bases.begin(&self.shared)?;
            }
            if self.bases.newest(&self.shared)? < needed {
                return Ok(());
            }
        }
        self.log.drop_segments(newest.number)
    }

    /// Whether no block of a file is referenced by a milestone that is kept.
    fn is_pruned(&mut self, segment: &Segment) -> Result<bool, StoreError> {
        if segment.number < self.pruned_segments {
            return Ok(true);
        }
        let pruned = self.shared.head().pruning_index;
        let entries = segment.entries()?;
        let mut standings = entries.iter().filter_map(|entry| entry.standing);
        let is_pruned = standings.all(|standing| standing.referenced_by <= pruned);
        if is_pruned {
            self.pruned_segments = segment.number + 1;
        }
        Ok(is_pruned)
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
