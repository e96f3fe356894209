//! What happened to an address: outputs that it could unlock, as they came and were spent.
//!
//! ```text
//!  lists of unspent outputs, backwards ──┐
//!  past of the address, backwards ───────┴─> newest first, each output with its record
//! ```
//!
//! Every list ends its keys with a time and an output's id, so that all of them are walked from the
//! newest end, in step. An unspent output stands for its creation; a spent one is only in the past.

use std::sync::Arc;

use tangle_types::{Address, LedgerOutput, MilestoneIndex, OutputId, Spend, UnixSeconds};

use super::{EXAMINED_MAX, PAGE_SIZE_MAX, UNLOCKING};
use crate::StoreError;
use crate::ledger::keys::{self, PLACE_BYTES, Place};
use crate::ledger::{OutputEntry, View};

/// What happened to an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was created.
    Received,
    /// It was spent.
    Spent,
    /// It was created and spent by the same milestone.
    PassedOn,
}

/// Something that happened to an output which an address could unlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What.
    pub happened: Happened,
    /// The output.
    pub output: Arc<LedgerOutput>,
    /// How it was spent, at this entry or at a later one.
    pub spend: Option<Spend>,
}

impl HistoryEntry {
    /// The milestone that brought it, with its time.
    #[must_use]
    pub fn milestone(&self) -> (MilestoneIndex, UnixSeconds) {
        match (self.happened, &self.spend) {
            (Happened::Spent, Some(spend)) => (spend.milestone_index, spend.milestone_timestamp),
            _ => (self.output.milestone_index, self.output.milestone_timestamp),
        }
    }
}

/// A part of an address's history, newest first; what one milestone did, by output id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Ledger index the answer is true for.
    pub ledger_index: MilestoneIndex,
    /// Outputs that were spent up to this milestone are not in the history: they were pruned, or
    /// the ledger was built again from a state in which they were spent already. In a store that
    /// was begun by an earlier version and then built again, more of them may be missing.
    pub pruned_until: MilestoneIndex,
    /// What happened.
    pub entries: Vec<HistoryEntry>,
    /// First entry of the next page.
    pub next: Option<(UnixSeconds, OutputId)>,
}

/// A list that is walked from its newest end.
struct Back {
    keys: Box<dyn Iterator<Item = Result<fjall::Slice, StoreError>>>,
    here: Option<Place>,
}

impl Back {
    fn new(view: &View, prefix: &[u8], from: Place) -> Result<Self, StoreError> {
        let end = |rest: &[u8]| [prefix, rest].concat();
        let keys = view.index_keys_back(end(&[0; PLACE_BYTES]), end(&from.to_bytes()));
        let mut back = Self {
            keys: Box::new(keys),
            here: None,
        };
        back.step()?;
        Ok(back)
    }

    fn step(&mut self) -> Result<(), StoreError> {
        let next = self.keys.next().transpose()?;
        self.here = next.and_then(|key| Place::of_key(&key));
        Ok(())
    }
}

/// A page of what happened to `address`.
pub(crate) fn history(
    view: &View,
    address: &Address,
    from: Option<(UnixSeconds, OutputId)>,
    page_size: usize,
) -> Result<HistoryPage, StoreError> {
    let page_size = page_size.clamp(1, PAGE_SIZE_MAX);
    let from = from.map_or(Place::LAST, |(created, id)| Place { created, id });
    let mut lists = vec![Back::new(view, &keys::past(address), from)?];
    for role in UNLOCKING {
        for kind in role.kinds() {
            lists.push(Back::new(
                view,
                &keys::by_address(role, *kind, address),
                from,
            )?);
        }
    }
    let pruned_until = view.past_begin()?.unwrap_or_default();
    let mut page = HistoryPage {
        ledger_index: view.head.ledger_index,
        pruned_until: pruned_until.max(view.head.pruning_index),
        entries: Vec::new(),
        next: None,
    };
    for examined in 0..=EXAMINED_MAX {
        let Some(place) = lists.iter().filter_map(|list| list.here).max() else {
            break;
        };
        if page.entries.len() == page_size || examined == EXAMINED_MAX {
            page.next = Some((place.created, place.id));
            break;
        }
        // An output is in a list for each role that the address has.
        for list in lists.iter_mut().filter(|list| list.here == Some(place)) {
            list.step()?;
        }
        // A record that was forgotten just now may have entries in the store still.
        if let Some(record) = view.output(&place.id)? {
            page.entries.push(entry(record, place.created));
        }
    }
    Ok(page)
}

/// What happened to an output at a time.
fn entry(OutputEntry { output, spend }: OutputEntry, time: UnixSeconds) -> HistoryEntry {
    let is_creation = output.milestone_timestamp == time;
    let is_spend = spend.is_some_and(|spend| spend.milestone_timestamp == time);
    let happened = match (is_creation, is_spend) {
        (true, true) => Happened::PassedOn,
        (false, true) => Happened::Spent,
        (_, false) => Happened::Received,
    };
    HistoryEntry {
        happened,
        output,
        spend,
    }
}
