//! What happens in the node, for whoever wants to hear of it.
//!
//! ```text
//! writer ──> feed of each listener (bounded) ──> listener, on a thread of its own
//! ```
//!
//! The writer's thread tells what it has just stored, so whoever hears of a thing finds it in the
//! store. It waits for nobody: what finds no room in a feed is left out and counted. Without a
//! listener nothing is done at all.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use tangle_engine::{CheckedBlock, MilestoneCommit};
use tangle_types::{
    BlockId, Inclusion, LedgerOutput, Milestone, MilestoneId, MilestoneIndex, ParsedBlock, Spend,
};

use crate::gate::{Gate, Load, Permit};

/// Events that may wait in a feed, and blocks in them. One more is left out.
const EVENTS_MAX: usize = 1_024;
const BLOCKS_MAX: Load = Load {
    blocks: 65_536,
    bytes: 32 << 20,
};
/// Referenced blocks, and bytes of outputs, in the confirmations that may wait in a feed.
const CONFIRMED_MAX: Load = Load {
    blocks: 1 << 20,
    bytes: 64 << 20,
};
/// What an output takes up, about.
const OUTPUT_BYTES: usize = 512;

/// Something that happened. It can be read from the store.
#[derive(Clone, Debug)]
pub enum Event {
    /// Blocks became solid, parents before children.
    Solid(Vec<SolidBlock>),
    /// A milestone was confirmed.
    Confirmed(Confirmation),
}

/// A block whose whole past is known.
#[derive(Clone, Debug)]
pub struct SolidBlock(Arc<CheckedBlock>);

/// A confirmed milestone with what it did.
#[derive(Clone, Debug)]
pub struct Confirmation(Arc<MilestoneCommit>);

/// Numbers about feeds, since the start of the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Listeners now.
    pub listeners: usize,
    /// Events that found no room in a feed, each block counted by itself.
    pub missed: u64,
}

/// Numbers that those who pass events on keep, for those who watch the node.
#[derive(Debug, Default)]
pub struct EventMeter {
    /// Subscribers now.
    pub subscribers: AtomicU64,
    /// Their subscriptions now.
    pub subscriptions: AtomicU64,
    /// Bytes that were passed on to them, since the start.
    pub told_bytes: AtomicU64,
    /// Subscribers that read too slowly and were given up, since the start.
    pub given_up: AtomicU64,
}

/// Who listens to the node's events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// See there.
    pub(crate) meter: EventMeter,
    /// Guards the feeds; held for as long as it takes to put an event into each.
    feeds: Mutex<Feeds>,
    count: AtomicUsize,
    missed: AtomicU64,
}

#[derive(Debug, Default)]
struct Feeds {
    feeds: Vec<Feed>,
    is_closed: bool,
}

#[derive(Debug)]
struct Feed {
    sender: Sender<(Event, Permit)>,
    blocks: Arc<Gate>,
    confirmed: Arc<Gate>,
    wants_blocks: Arc<AtomicBool>,
}

/// The reading end of a feed; it is closed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    receiver: Receiver<(Event, Permit)>,
    wants_blocks: Arc<AtomicBool>,
    events: Arc<Events>,
}

/// What a [`Listener`] heard.
#[derive(Debug)]
pub enum Heard {
    /// This happened.
    Event(Event),
    /// Nothing happened in that time.
    Nothing,
    /// Nothing will happen any more: the node stops.
    End,
}

impl Events {
    /// Opens a feed of what happens from now on, at first without blocks.
    pub(crate) fn listen(self: &Arc<Self>) -> Listener {
        let (sender, receiver) = bounded(EVENTS_MAX);
        let wants_blocks = Arc::new(AtomicBool::new(false));
        let mut feeds = self.feeds();
        if !feeds.is_closed {
            feeds.feeds.push(Feed {
                sender,
                blocks: Gate::new(BLOCKS_MAX),
                confirmed: Gate::new(CONFIRMED_MAX),
                wants_blocks: Arc::clone(&wants_blocks),
            });
        }
        self.count.store(feeds.feeds.len(), Ordering::Relaxed);
        drop(feeds);
        Listener {
            receiver,
            wants_blocks,
            events: Arc::clone(self),
        }
    }

    /// Blocks were stored.
    pub(crate) fn solid(&self, blocks: &[Arc<CheckedBlock>]) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let lengths = blocks.iter().map(|block| block.parsed().bytes.len());
        let load = Load::of(lengths);
        self.tell(blocks.len(), |feed| {
            if !feed.wants_blocks.load(Ordering::Relaxed) {
                return Tell::Unwanted;
            }
            let Some(permit) = feed.blocks.try_enter(load) else {
                return Tell::NoRoom;
            };
            let blocks = blocks.iter().cloned().map(SolidBlock).collect();
            Tell::This(Event::Solid(blocks), permit)
        });
    }

    /// A milestone is durable.
    pub(crate) fn confirmed(&self, commit: &Arc<MilestoneCommit>) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let diff = &commit.diff;
        let load = Load {
            blocks: diff.referenced.len(),
            bytes: OUTPUT_BYTES * (diff.created.len() + diff.consumed.len()),
        };
        self.tell(1, |feed| match feed.confirmed.try_enter(load) {
            Some(permit) => Tell::This(Event::Confirmed(Confirmation(Arc::clone(commit))), permit),
            None => Tell::NoRoom,
        });
    }

    /// Puts an event that counts for `weight` into every feed.
    fn tell(&self, weight: usize, event: impl Fn(&Feed) -> Tell) {
        let mut feeds = self.feeds();
        feeds.feeds.retain(|feed| {
            let sent = match event(feed) {
                Tell::Unwanted => return true,
                Tell::NoRoom => false,
                Tell::This(event, permit) => match feed.sender.try_send((event, permit)) {
                    Ok(()) => true,
                    Err(TrySendError::Full(_)) => false,
                    Err(TrySendError::Disconnected(_)) => return false,
                },
            };
            if !sent {
                self.missed.fetch_add(weight as u64, Ordering::Relaxed);
            }
            true
        });
        self.count.store(feeds.feeds.len(), Ordering::Relaxed);
    }

    /// Ends all feeds, for good.
    pub(crate) fn close(&self) {
        let mut feeds = self.feeds();
        feeds.is_closed = true;
        feeds.feeds.clear();
        self.count.store(0, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> EventCounts {
        EventCounts {
            listeners: self.count.load(Ordering::Relaxed),
            missed: self.missed.load(Ordering::Relaxed),
        }
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Tell {
    Unwanted,
    NoRoom,
    This(Event, Permit),
}

impl Listener {
    /// Waits for the next event, for `patience` at most.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Heard {
        match self.receiver.recv_timeout(patience) {
            // The room in the feed is free again.
            Ok((event, _permit)) => Heard::Event(event),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    /// Whether [`Event::Solid`] is wanted too.
    pub fn want_blocks(&self, are_wanted: bool) {
        self.wants_blocks.store(are_wanted, Ordering::Relaxed);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // What is still in the feed goes before the writer finds out that it ended.
        while self.receiver.try_recv().is_ok() {}
        let mut feeds = self.events.feeds();
        let ours = &self.wants_blocks;
        feeds
            .feeds
            .retain(|feed| !Arc::ptr_eq(&feed.wants_blocks, ours));
        self.events
            .count
            .store(feeds.feeds.len(), Ordering::Relaxed);
    }
}

impl SolidBlock {
    /// The block with its bytes and hashes.
    #[must_use]
    pub fn parsed(&self) -> &ParsedBlock {
        self.0.parsed()
    }

    /// The milestone's id when the block is a valid milestone.
    #[must_use]
    pub fn milestone_id(&self) -> Option<MilestoneId> {
        self.0.milestone_id()
    }
}

impl Confirmation {
    /// The milestone's id.
    #[must_use]
    pub fn id(&self) -> MilestoneId {
        self.0.milestone.id
    }

    /// The milestone.
    #[must_use]
    pub fn milestone(&self) -> &Milestone {
        &self.0.milestone.milestone
    }

    /// The milestone's index, up to which the ledger is known now.
    #[must_use]
    pub fn index(&self) -> MilestoneIndex {
        self.0.milestone.milestone.index
    }

    /// Every block of its cone in white-flag order, and what became of it.
    #[must_use]
    pub fn referenced(&self) -> &[(BlockId, Inclusion)] {
        &self.0.diff.referenced
    }

    /// Outputs created, in order; also those that it consumed itself.
    #[must_use]
    pub fn created(&self) -> &[Arc<LedgerOutput>] {
        &self.0.diff.created
    }

    /// Outputs consumed, in order.
    #[must_use]
    pub fn consumed(&self) -> &[(Arc<LedgerOutput>, Spend)] {
        &self.0.diff.consumed
    }
}

#[cfg(test)]
mod tests {
    use tangle_engine::StoredMilestone;
    use tangle_ledger::Diff;
    use tangle_types::{Parents, UnixSeconds};

    use super::*;

    fn commit() -> Arc<MilestoneCommit> {
        let milestone = Milestone {
            index: MilestoneIndex(1),
            timestamp: UnixSeconds(1),
            protocol_version: 2,
            previous_milestone_id: MilestoneId::ZERO,
            parents: Parents::new(vec![BlockId::ZERO]).expect("one parent"),
            inclusion_merkle_root: [0; 32],
            applied_merkle_root: [0; 32],
            metadata: Vec::new(),
            options: Vec::new(),
            signatures: Vec::new(),
        };
        Arc::new(MilestoneCommit {
            milestone: Arc::new(StoredMilestone {
                id: milestone.id(),
                block_id: BlockId::ZERO,
                milestone,
            }),
            diff: Diff::default(),
            treasury: None,
        })
    }

    #[test]
    fn events_reach_every_listener_and_end_with_the_node() {
        let events = Arc::new(Events::default());
        events.confirmed(&commit());
        let listeners = [events.listen(), events.listen()];
        events.confirmed(&commit());
        for listener in &listeners {
            let heard = listener.next(Duration::ZERO);
            assert!(matches!(heard, Heard::Event(Event::Confirmed(_))));
            assert!(matches!(listener.next(Duration::ZERO), Heard::Nothing));
        }
        assert_eq!(events.counts().listeners, 2);
        events.close();
        assert!(matches!(listeners[0].next(Duration::ZERO), Heard::End));
        assert!(matches!(events.listen().next(Duration::ZERO), Heard::End));
    }

    #[test]
    fn slow_listener_misses_events_and_holds_up_nobody() {
        let events = Arc::new(Events::default());
        let slow = events.listen();
        for _ in 0..EVENTS_MAX + 3 {
            events.confirmed(&commit());
        }
        assert_eq!(events.counts().missed, 3);
        drop(slow);
        assert_eq!(events.counts().listeners, 0);
        events.confirmed(&commit());
        assert_eq!(events.counts().missed, 3, "nobody listens");
    }
}
