//! The ledger between the last durable milestone and the newest one.
//!
//! A milestone that was applied is visible to the next one at once; the store learns of it later.
//! Until [`Overlay::forget`], what it changed is answered from here.

use std::collections::VecDeque;

use tangle_ledger::{Changes, LedgerView, Lookup};
use tangle_types::{MilestoneIndex, OutputId};

use crate::Store;

/// What milestones on their way to the disk changed, oldest first. They are few, so they are asked
/// one after the other, and the newest word counts.
#[derive(Debug, Default)]
pub(crate) struct Overlay(VecDeque<(MilestoneIndex, Changes)>);

impl Overlay {
    /// Milestones that are not durable yet.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes what a milestone changed.
    pub(crate) fn push(&mut self, index: MilestoneIndex, changes: Changes) {
        self.0.push_back((index, changes));
    }

    /// The store answers for milestones up to `index` now.
    pub(crate) fn forget(&mut self, index: MilestoneIndex) {
        while self.0.front().is_some_and(|(oldest, _)| *oldest <= index) {
            self.0.pop_front();
        }
    }

    fn output(&self, id: &OutputId) -> Option<&Lookup> {
        self.0.iter().rev().find_map(|(_, changes)| changes.get(id))
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
        match self.overlay.output(id) {
            Some(lookup) => Ok(lookup.clone()),
            None => self.store.output(id),
        }
    }
}
