//! What one milestone, or the genesis, changes in the ledger store: the net effect, each key once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tangle_engine::StoredMilestone;
use tangle_ledger::Spendings;
use tangle_types::{
    BlockId, Codec, IdMap, LedgerOutput, MilestoneIndex, OutputId, Spend, Treasury,
};

use super::keys::{Place, chain_of, for_each_list, for_each_past};
use super::record::{Head, MilestoneEntry, OutputEntry};
use super::{chain_key, tag};
use crate::log::Position;

/// Net changes. An absent value removes the key.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The head afterwards.
    pub(crate) head: Head,
    pub(crate) outputs: IdMap<OutputId, Option<OutputEntry>>,
    /// The spent outputs of which no record stays: those that are absent in `outputs`. Their
    /// entries in the past of addresses go with them, and are not in `index`.
    pub(crate) forgotten: Spendings,
    pub(crate) index: Records,
    pub(crate) chain: Records,
}

/// Values by key; an absent value removes the key.
pub(crate) type Records = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a milestone does, as the engine or a replay found it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) milestone: &'a StoredMilestone,
    /// Where its commit lies in the log.
    pub(crate) position: Position,
    pub(crate) created: &'a [Arc<LedgerOutput>],
    pub(crate) consumed: &'a Spendings,
    /// The treasury afterwards, when it moved.
    pub(crate) treasury: Option<Treasury>,
}

impl Change {
    /// No change but the head.
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            outputs: IdMap::default(),
            forgotten: Spendings::new(),
            index: Records::new(),
            chain: Records::new(),
        }
    }

    /// What a milestone changes on top of `head`.
    pub(crate) fn of_milestone(head: &Head, outcome: &Outcome<'_>) -> Self {
        let stored = outcome.milestone;
        let milestone = &stored.milestone;
        let mut change = Self::new(Head {
            ledger_index: milestone.index,
            milestone_id: stored.id,
            timestamp: milestone.timestamp,
            treasury: outcome.treasury.unwrap_or(head.treasury),
            log_end: outcome.position,
            ..*head
        });
        change
            .outputs
            .reserve(outcome.created.len() + outcome.consumed.len());
        change.spend(outcome.consumed, milestone.index);
        change.create(outcome.created);
        change.note(stored, outcome.position);
        change
    }

    fn spend(&mut self, consumed: &Spendings, index: MilestoneIndex) {
        for (output, spend) in consumed {
            // What this milestone created itself was never in a list.
            if output.milestone_index != index {
                self.list(output, false);
            }
            for_each_past(output, spend, |key| {
                self.index.insert(key, Some(Vec::new()));
            });
            let entry = OutputEntry {
                output: Arc::clone(output),
                spend: Some(*spend),
            };
            self.outputs.insert(output.id, Some(entry));
        }
    }

    /// Forgets a spent output.
    pub(crate) fn forget(&mut self, output: Arc<LedgerOutput>, spend: Spend) {
        if self.outputs.insert(output.id, None).is_none() {
            self.forgotten.push((output, spend));
        }
    }

    /// How much it holds, about: records of outputs and their lists.
    pub(crate) fn len(&self) -> usize {
        self.outputs.len() + self.index.len()
    }

    /// Adds outputs; those that are spent already only keep their record.
    pub(crate) fn create(&mut self, created: &[Arc<LedgerOutput>]) {
        for output in created {
            if self.outputs.contains_key(&output.id) {
                continue;
            }
            self.list(output, true);
            let entry = OutputEntry {
                output: Arc::clone(output),
                spend: None,
            };
            self.outputs.insert(output.id, Some(entry));
        }
    }

    /// Puts an output into its lists or takes it out.
    fn list(&mut self, output: &LedgerOutput, is_listed: bool) {
        let place = Place {
            created: output.milestone_timestamp,
            id: output.id,
        };
        let place = place.to_bytes();
        let index = &mut self.index;
        for_each_list(&output.output, |mut key| {
            key.extend_from_slice(&place);
            index.insert(key, is_listed.then(Vec::new));
        });
        if let Some(key) = chain_of(output) {
            self.index
                .insert(key, is_listed.then(|| output.id.0.to_vec()));
        }
    }

    fn note(&mut self, stored: &StoredMilestone, position: Position) {
        let milestone = &stored.milestone;
        self.milestone(&MilestoneEntry {
            id: stored.id,
            block_id: stored.block_id,
            position,
            milestone: milestone.clone(),
        });
        let number = milestone.index.0.to_be_bytes();
        let mut put = |key, value| {
            self.chain.insert(key, Some(value));
        };
        if let Some(receipt) = milestone.receipt() {
            let mut key = chain_key(tag::RECEIPT, &receipt.migrated_at.to_be_bytes());
            key.extend_from_slice(&number);
            put(key, receipt.to_bytes());
        }
        if let Some(option) = milestone.parameters() {
            let key = chain_key(tag::PARAMETERS, &option.target_index.0.to_be_bytes());
            put(key, option.to_bytes());
        }
    }

    /// Replaces the entry points. Pruning does so at every milestone, so all those of a milestone
    /// are one record: their ids in a row.
    pub(crate) fn set_entry_points(
        &mut self,
        before: &HashMap<BlockId, MilestoneIndex>,
        entry_points: &HashMap<BlockId, MilestoneIndex>,
    ) {
        let (before, after) = (by_milestone(before), by_milestone(entry_points));
        for index in before.keys().filter(|index| !after.contains_key(index)) {
            self.chain.insert(entry_points_key(*index), None);
        }
        for (index, ids) in &after {
            if before.get(index) != Some(ids) {
                let ids = ids.iter().flat_map(|id| id.0).collect();
                self.chain.insert(entry_points_key(*index), Some(ids));
            }
        }
    }

    /// The past of addresses goes back to this milestone, which is not in it.
    pub(crate) fn begin_past(&mut self, index: MilestoneIndex) {
        let value = index.0.to_be_bytes().to_vec();
        self.chain.insert(chain_key(tag::PAST, &[]), Some(value));
    }

    /// Adds a milestone, so that it is found by index and id.
    pub(crate) fn milestone(&mut self, entry: &MilestoneEntry) {
        let number = entry.milestone.index.0.to_be_bytes();
        let by_index = chain_key(tag::MILESTONE, &number);
        let by_id = chain_key(tag::MILESTONE_ID, &entry.id.0);
        self.chain.insert(by_index, Some(entry.to_bytes()));
        self.chain.insert(by_id, Some(number.to_vec()));
    }
}

/// The key of the entry points that count for a milestone.
fn entry_points_key(index: MilestoneIndex) -> Vec<u8> {
    chain_key(tag::ENTRY_POINTS, &index.0.to_be_bytes())
}

/// Entry points by the milestone that they count for, in order.
fn by_milestone(
    entry_points: &HashMap<BlockId, MilestoneIndex>,
) -> BTreeMap<MilestoneIndex, BTreeSet<BlockId>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for (id, index) in entry_points {
        found.entry(*index).or_default().insert(*id);
    }
    found
}
