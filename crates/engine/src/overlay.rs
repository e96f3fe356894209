//! The ledger between the last durable milestone and the newest one.
//!
//! A milestone that was applied is visible to the next one at once; the store learns of it later.
//! Until [`Overlay::forget`], what it changed is answered from here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tangle_ledger::{LedgerView, Lookup};
use tangle_types::{MilestoneIndex, OutputId};

use crate::{MilestoneCommit, Store};

/// Commits on their way to the disk, oldest first, and the newest state of what they touch.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    commits: VecDeque<Arc<MilestoneCommit>>,
    outputs: HashMap<OutputId, (MilestoneIndex, Lookup)>,
}

impl Overlay {
    /// Commits that are not durable yet.
    pub(crate) fn len(&self) -> usize {
        self.commits.len()
    }

    /// Takes what a milestone changed.
    pub(crate) fn push(&mut self, commit: Arc<MilestoneCommit>) {
        let index = commit.milestone.milestone.index;
        for output in &commit.diff.created {
            self.outputs
                .insert(output.id, (index, Lookup::Unspent(Arc::clone(output))));
        }
        for (output, _) in &commit.diff.consumed {
            self.outputs.insert(output.id, (index, Lookup::Spent));
        }
        self.commits.push_back(commit);
    }

    /// The store answers for milestones up to `index` now. What a later one changed again stays.
    pub(crate) fn forget(&mut self, index: MilestoneIndex) {
        while let Some(commit) = self.commits.front()
            && commit.milestone.milestone.index <= index
        {
            let consumed = commit.diff.consumed.iter().map(|(output, _)| output.id);
            for id in commit
                .diff
                .created
                .iter()
                .map(|output| output.id)
                .chain(consumed)
            {
                if self
                    .outputs
                    .get(&id)
                    .is_some_and(|(changed, _)| *changed <= index)
                {
                    self.outputs.remove(&id);
                }
            }
            self.commits.pop_front();
        }
    }
}

/// The overlay on top of the store.
pub(crate) struct View<'a, S> {
    pub(crate) overlay: &'a Overlay,
    pub(crate) store: &'a S,
}

impl<S: Store> LedgerView for View<'_, S> {
    type Error = S::Error;

    fn output(&self, id: &OutputId) -> Result<Lookup, S::Error> {
        match self.overlay.outputs.get(id) {
            Some((_, lookup)) => Ok(lookup.clone()),
            None => self.store.output(id),
        }
    }
}
