//! Blocks that wait for their parents: who sent each, and whose must go when there are too many.
//!
//! A neighbour can send blocks whose parents do not exist, so what it sent unasked is *loose*:
//! there is room for so many loose blocks and for so many bytes of them, and when it is full the
//! neighbour with most of them loses its oldest. One neighbour can thus fill the room, but never
//! take it from another. What was asked for because a milestone needs it is not loose; the
//! milestone's size bounds it.

use std::collections::{BTreeMap, VecDeque};

use tangle_sync::{Asked, PeerKey};
use tangle_types::{BlockId, IdMap};

/// Ids of blocks that wait no more and may lie in a queue, besides as many as do wait.
const STALE_MAX: usize = 64;

/// Bytes of loose blocks at most: 20,000 of the largest would take 640 MB.
const LOOSE_BYTES_MAX: usize = 32 << 20;

/// How a block came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// The neighbour that sent it.
    pub(crate) from: Option<PeerKey>,
    /// What it was asked for.
    pub(crate) asked: Option<Asked>,
}

impl Origin {
    /// Whether a milestone needs it for sure.
    pub(crate) fn is_needed(&self) -> bool {
        self.asked.is_some_and(|asked| asked.is_kept)
    }
}

/// The waiting blocks' origins.
#[derive(Debug)]
pub(crate) struct Crowd {
    loose_max: usize,
    /// Bounded by the window.
    origins: IdMap<BlockId, Entry>,
    /// Loose blocks by sender, oldest first; `None` are this node's own callers.
    queues: BTreeMap<Option<PeerKey>, Queue>,
    loose_count: usize,
    loose_bytes: usize,
}

/// A waiting block.
#[derive(Clone, Copy, Debug)]
struct Entry {
    origin: Origin,
    size_bytes: usize,
}

#[derive(Debug, Default)]
struct Queue {
    ids: VecDeque<BlockId>,
    count: usize,
    bytes: usize,
}

impl Crowd {
    pub(crate) fn new(loose_max: usize) -> Self {
        Self {
            loose_max,
            origins: IdMap::default(),
            queues: BTreeMap::new(),
            loose_count: 0,
            loose_bytes: 0,
        }
    }

    /// A block of so many bytes waits now. Others may have to go for it, see [`Crowd::evict`].
    pub(crate) fn add(&mut self, id: BlockId, origin: Origin, size_bytes: usize) {
        self.remove(&id);
        self.origins.insert(id, Entry { origin, size_bytes });
        if origin.is_needed() {
            return;
        }
        let queue = self.queues.entry(origin.from).or_default();
        if queue.ids.len() > 2 * queue.count + STALE_MAX {
            let origins = &self.origins;
            let waits = |id: &BlockId| {
                let entry = origins.get(id);
                entry.is_some_and(|entry| !entry.origin.is_needed())
            };
            queue.ids.retain(waits);
        }
        queue.ids.push_back(id);
        queue.count += 1;
        queue.bytes += size_bytes;
        self.loose_count += 1;
        self.loose_bytes += size_bytes;
    }

    /// While too many blocks wait, or too large ones: one that has to go; it is forgotten here.
    pub(crate) fn evict(&mut self) -> Option<BlockId> {
        if self.loose_count > self.loose_max {
            self.make_room(|queue| queue.count)
        } else if self.loose_bytes > LOOSE_BYTES_MAX {
            self.make_room(|queue| queue.bytes)
        } else {
            None
        }
    }

    /// A block waits no more; how it came.
    pub(crate) fn remove(&mut self, id: &BlockId) -> Option<Origin> {
        let Entry { origin, size_bytes } = self.origins.remove(id)?;
        if !origin.is_needed() {
            self.loose_count -= 1;
            self.loose_bytes -= size_bytes;
            if let Some(queue) = self.queues.get_mut(&origin.from) {
                queue.count -= 1;
                queue.bytes -= size_bytes;
                if queue.count == 0 {
                    self.queues.remove(&origin.from);
                }
            }
        }
        Some(origin)
    }

    /// Forgets the loose blocks of a neighbour that was sent away for what it did; they have to go.
    pub(crate) fn abandon(&mut self, peer: PeerKey) -> Vec<BlockId> {
        let from = Some(peer);
        let queue = self.queues.remove(&from).unwrap_or_default();
        let origins = &mut self.origins;
        let mut abandoned = queue.ids;
        abandoned.retain(|id| {
            let is_loose = origins
                .get(id)
                .is_some_and(|entry| !entry.origin.is_needed() && entry.origin.from == from);
            is_loose && origins.remove(id).is_some()
        });
        self.loose_count -= queue.count;
        self.loose_bytes -= queue.bytes;
        abandoned.into()
    }

    /// The oldest loose block of whoever has most of `what`.
    fn make_room(&mut self, what: impl Fn(&Queue) -> usize) -> Option<BlockId> {
        let largest = self.queues.iter().max_by_key(|(_, queue)| what(queue));
        let from = largest.map(|(from, _)| *from)?;
        loop {
            let id = self.queues.get_mut(&from)?.ids.pop_front()?;
            let is_loose = self.origins.get(&id).is_some_and(|entry| {
                let origin = &entry.origin;
                !origin.is_needed() && origin.from == from
            });
            if is_loose {
                self.remove(&id);
                return Some(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tangle_types::MilestoneIndex;

    fn id(number: u32) -> BlockId {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_le_bytes());
        id[16..20].copy_from_slice(&number.to_le_bytes());
        BlockId(id)
    }

    fn from(peer: u32) -> Origin {
        Origin {
            from: Some(PeerKey(peer)),
            asked: None,
        }
    }

    /// Adds a block of `size_bytes`; what has to go for it.
    fn add(crowd: &mut Crowd, number: u32, origin: Origin, size_bytes: usize) -> Vec<BlockId> {
        crowd.add(id(number), origin, size_bytes);
        std::iter::from_fn(|| crowd.evict()).collect()
    }

    #[test]
    fn whoever_sent_most_loses_its_oldest() {
        let mut crowd = Crowd::new(10);
        assert_eq!(add(&mut crowd, 0, from(1), 100), []);
        assert_eq!(add(&mut crowd, 1, from(1), 100), []);
        for number in 2..10 {
            assert_eq!(add(&mut crowd, number, from(2), 100), []);
        }
        assert_eq!(add(&mut crowd, 10, from(1), 100), [id(2)]);
        assert_eq!(add(&mut crowd, 11, from(2), 100), [id(3)]);
        assert_eq!(crowd.remove(&id(4)).and_then(|o| o.from), Some(PeerKey(2)));
        assert_eq!(add(&mut crowd, 12, from(3), 100), [], "there is room again");
        assert_eq!(add(&mut crowd, 13, from(3), 100), [id(5)]);
    }

    #[test]
    fn what_a_milestone_needs_takes_no_room_and_stays() {
        let mut crowd = Crowd::new(1);
        let needed = Origin {
            from: Some(PeerKey(1)),
            asked: Some(Asked {
                index: MilestoneIndex(9),
                is_kept: true,
            }),
        };
        for number in 0..50 {
            assert_eq!(add(&mut crowd, number, needed, 100), []);
        }
        assert_eq!(add(&mut crowd, 100, from(1), 100), []);
        assert_eq!(add(&mut crowd, 101, from(1), 100), [id(100)]);
        assert!(
            crowd
                .remove(&id(7))
                .is_some_and(|origin| origin.is_needed())
        );
    }

    #[test]
    fn blocks_of_an_offender_go_and_leave_those_of_others() {
        let mut crowd = Crowd::new(100);
        let needed = Origin {
            asked: Some(Asked {
                index: MilestoneIndex(9),
                is_kept: true,
            }),
            ..from(1)
        };
        add(&mut crowd, 0, needed, 100);
        for number in 1..10 {
            add(&mut crowd, number, from(1), 100);
        }
        add(&mut crowd, 10, from(2), 70);
        crowd.remove(&id(3));
        let gone: Vec<BlockId> = (1..10).filter(|number| *number != 3).map(id).collect();
        assert_eq!(crowd.abandon(PeerKey(1)), gone);
        assert_eq!(crowd.abandon(PeerKey(1)), []);
        assert_eq!((crowd.loose_count, crowd.loose_bytes), (1, 70));
        assert!(crowd.remove(&id(0)).is_some_and(|o| o.is_needed()));
        assert!(crowd.remove(&id(10)).is_some());
    }

    #[test]
    fn queues_do_not_keep_what_left_them() {
        let mut crowd = Crowd::new(1_000);
        for number in 0..10_000 {
            assert_eq!(add(&mut crowd, number, from(1), 100), []);
            if number % 2 == 0 {
                crowd.remove(&id(number.saturating_sub(10)));
            } else {
                crowd.remove(&id(number));
            }
        }
        let kept: usize = crowd.queues.values().map(|queue| queue.ids.len()).sum();
        assert!(kept < 2 * crowd.loose_count + STALE_MAX + 2, "{kept}");
    }

    #[test]
    fn large_blocks_are_bounded_by_their_bytes() {
        let mut crowd = Crowd::new(20_000);
        assert_eq!(add(&mut crowd, 0, from(2), 100), []);
        let mut evicted = Vec::new();
        for number in 1..10_000 {
            evicted.extend(add(&mut crowd, number, from(1), 32_768));
        }
        assert_eq!(evicted[0], id(1), "the small one of another stays");
        assert!(crowd.loose_bytes <= LOOSE_BYTES_MAX);
        assert_eq!(evicted.len(), 9_999 - (LOOSE_BYTES_MAX - 100) / 32_768);
        let needed = Origin {
            asked: Some(Asked {
                index: MilestoneIndex(9),
                is_kept: true,
            }),
            ..from(1)
        };
        assert_eq!(add(&mut crowd, 20_000, needed, 32_768), []);
    }
}
