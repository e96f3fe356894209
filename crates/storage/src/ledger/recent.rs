//! What the newest milestones changed, in front of the ledger store until that has taken it.
//!
//! The log makes a milestone durable; the store follows on a thread of its own. Whoever looks
//! something up asks here first, newest change first, and the store for the rest, so that both
//! together are the ledger at the newest milestone.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use fjall::Slice;
use tangle_types::OutputId;

use super::change::{Change, Records};
use super::record::OutputEntry;
use crate::StoreError;

/// Changes that are not in the store yet, oldest first. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Arc<Vec<Arc<Change>>>);

impl Recent {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What all changes hold together, as [`Change::len`].
    pub(crate) fn weight(&self) -> usize {
        self.0.iter().map(|change| change.len()).sum()
    }

    pub(crate) fn oldest(&self) -> Option<&Arc<Change>> {
        self.0.first()
    }

    pub(crate) fn push(&mut self, change: Arc<Change>) {
        Arc::make_mut(&mut self.0).push(change);
    }

    pub(crate) fn pop_oldest(&mut self) {
        Arc::make_mut(&mut self.0).remove(0);
    }

    /// What is newer than the store about an output: its record, or that there is none.
    pub(crate) fn output(&self, id: &OutputId) -> Option<&Option<OutputEntry>> {
        let mut newest_first = self.0.iter().rev();
        newest_first.find_map(|change| change.outputs.get(id))
    }

    /// What is newer than the store about a key of the keyspace `chain`.
    pub(super) fn chain(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        let mut newest_first = self.0.iter().rev();
        newest_first.find_map(|change| change.chain.get(key))
    }

    /// What is newer than the store about a key of the keyspace `index`.
    pub(super) fn index(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        let mut newest_first = self.0.iter().rev();
        newest_first.find_map(|change| change.index.get(key))
    }

    /// Changes to the keyspace `chain` from `from` up to and with `to`, by key.
    pub(super) fn chain_range(&self, from: Vec<u8>, to: Vec<u8>) -> Range {
        Range::new(self, |change| &change.chain, (from, to), Order::Ascending)
    }

    /// Changes to the keyspace `index` from `from` up to and with `to`, by key.
    pub(super) fn index_range(&self, from: Vec<u8>, to: Vec<u8>, order: Order) -> Range {
        Range::new(self, |change| &change.index, (from, to), order)
    }

    /// All outputs that are newer than in the store, by id.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (Slice, Option<Slice>)> + use<> {
        let mut net: BTreeMap<OutputId, Option<OutputEntry>> = BTreeMap::new();
        for change in self.0.iter() {
            let outputs = change.outputs.iter();
            net.extend(outputs.map(|(id, entry)| (*id, entry.clone())));
        }
        net.into_iter().map(|(id, entry)| {
            let bytes = entry.map(|entry| Slice::from(entry.to_bytes()));
            (Slice::from(&id.0[..]), bytes)
        })
    }
}

/// The order of keys in which a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

impl Order {
    /// How two keys stand in it.
    fn compare(self, one: &[u8], other: &[u8]) -> Ordering {
        match self {
            Self::Ascending => one.cmp(other),
            Self::Descending => other.cmp(one),
        }
    }
}

/// A walk through a range of what changes hold; of several words on a key the newest counts.
pub(super) struct Range {
    recent: Recent,
    records: fn(&Change) -> &Records,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
    /// The key at which it ends.
    last: Vec<u8>,
    order: Order,
}

impl Range {
    fn new(
        recent: &Recent,
        records: fn(&Change) -> &Records,
        (from, to): (Vec<u8>, Vec<u8>),
        order: Order,
    ) -> Self {
        let last = match order {
            Order::Ascending => to.clone(),
            Order::Descending => from.clone(),
        };
        Self {
            recent: recent.clone(),
            records,
            from: Bound::Included(from),
            to: Bound::Included(to),
            last,
            order,
        }
    }
}

impl Iterator for Range {
    type Item = (Slice, Option<Slice>);

    fn next(&mut self) -> Option<Self::Item> {
        let range = (
            self.from.as_ref().map(Vec::as_slice),
            self.to.as_ref().map(Vec::as_slice),
        );
        let mut next: Option<(&Vec<u8>, &Option<Vec<u8>>)> = None;
        for change in self.recent.0.iter() {
            let mut records = (self.records)(change).range::<[u8], _>(range);
            let found = match self.order {
                Order::Ascending => records.next(),
                Order::Descending => records.next_back(),
            };
            if let Some(found) = found
                && next.is_none_or(|next| self.order.compare(found.0, next.0).is_le())
            {
                next = Some(found);
            }
        }
        let (key, value) = next?;
        let item = (Slice::from(&key[..]), value.as_deref().map(Slice::from));
        let (is_end, rest) = (*key == self.last, Bound::Excluded(key.clone()));
        match self.order {
            Order::Ascending => self.from = rest,
            Order::Descending => self.to = rest,
        }
        // An empty range must not be asked for: its end would lie before its beginning.
        if is_end {
            self.recent = Recent::default();
        }
        Some(item)
    }
}

/// Records of the store and those in front of it, by key, in an order.
pub(super) struct Merged<B: Iterator, F: Iterator> {
    back: Peekable<B>,
    front: Peekable<F>,
    /// In which both come.
    order: Order,
}

impl<B, F> Merged<B, F>
where
    B: Iterator<Item = Result<(Slice, Slice), StoreError>>,
    F: Iterator<Item = (Slice, Option<Slice>)>,
{
    pub(super) fn new(back: B, front: F, order: Order) -> Self {
        Self {
            back: back.peekable(),
            front: front.peekable(),
            order,
        }
    }
}

impl<B, F> Iterator for Merged<B, F>
where
    B: Iterator<Item = Result<(Slice, Slice), StoreError>>,
    F: Iterator<Item = (Slice, Option<Slice>)>,
{
    type Item = Result<(Slice, Slice), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((front, _)) = self.front.peek() else {
                return self.back.next();
            };
            if let Some(Ok((back, _))) = self.back.peek() {
                match self.order.compare(back, front) {
                    Ordering::Less => return self.back.next(),
                    Ordering::Equal => drop(self.back.next()),
                    Ordering::Greater => {}
                }
            } else if self.back.peek().is_some() {
                return self.back.next();
            }
            if let Some((key, Some(value))) = self.front.next() {
                return Some(Ok((key, value)));
            }
        }
    }
}
