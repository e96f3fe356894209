//! Blocks that came of late, and from whom: what comes again is not checked again, and is not sent
//! to those who have it.
//!
//! Two generations: when the young one is full or old it becomes the old one, and the one before
//! is forgotten. So a block is remembered for 10 to 20 seconds, or less under load.

use std::collections::BTreeMap;

use tangle_engine::Time;
use tangle_sync::PeerKey;
use tangle_types::{BlockId, IdMap};

/// Blocks of one generation.
const GENERATION_BLOCKS_MAX: usize = 65_536;
/// How long a generation is young.
const GENERATION_MS: u64 = 10_000;
/// Senders that are remembered for a block.
const SENDERS_MAX: usize = 16;

/// What a block is to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Novelty {
    /// It has not come of late.
    New,
    /// It has, from somebody else.
    Known,
    /// It has, from the same neighbour.
    Repeated,
}

/// The record.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    young: IdMap<BlockId, Vec<PeerKey>>,
    old: IdMap<BlockId, Vec<PeerKey>>,
    born: Time,
    /// How many blocks of a neighbour had come before; only of those that are there.
    duplicates: BTreeMap<PeerKey, u64>,
}

impl Seen {
    /// A block has come, from a neighbour or from this node itself.
    pub(crate) fn note(&mut self, now: Time, id: BlockId, from: Option<PeerKey>) -> Novelty {
        let is_old = now.0.abs_diff(self.born.0) >= GENERATION_MS;
        if is_old || self.young.len() >= GENERATION_BLOCKS_MAX {
            self.old = std::mem::take(&mut self.young);
            self.born = now;
        }
        if let Some(senders) = self.young.get_mut(&id).or_else(|| self.old.get_mut(&id)) {
            if let Some(from) = from {
                *self.duplicates.entry(from).or_default() += 1;
            }
            if let Some(from) = from {
                if senders.contains(&from) {
                    return Novelty::Repeated;
                }
                if senders.len() < SENDERS_MAX {
                    senders.push(from);
                }
            }
            return Novelty::Known;
        }
        self.young.insert(id, from.into_iter().collect());
        Novelty::New
    }

    /// Who has sent a block.
    pub(crate) fn senders(&self, id: &BlockId) -> Vec<PeerKey> {
        let senders = self.young.get(id).or_else(|| self.old.get(id));
        senders.cloned().unwrap_or_default()
    }

    /// How many blocks of a neighbour had come before.
    pub(crate) fn duplicates_of(&self, peer: PeerKey) -> u64 {
        self.duplicates.get(&peer).copied().unwrap_or(0)
    }

    /// A neighbour is gone.
    pub(crate) fn leave(&mut self, peer: PeerKey) {
        self.duplicates.remove(&peer);
    }

    /// A block is asked for: if it comes again, it is welcome.
    pub(crate) fn forget(&mut self, id: &BlockId) {
        self.young.remove(id);
        self.old.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> BlockId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_le_bytes());
        BlockId(id)
    }

    #[test]
    fn block_is_new_once_and_its_senders_are_known() {
        let mut seen = Seen::default();
        let now = Time(1_000_000);
        assert_eq!(seen.note(now, id(1), Some(PeerKey(1))), Novelty::New);
        assert_eq!(seen.note(now, id(1), Some(PeerKey(2))), Novelty::Known);
        assert_eq!(seen.note(now, id(1), None), Novelty::Known);
        assert_eq!(seen.senders(&id(1)), [PeerKey(1), PeerKey(2)]);
        assert_eq!(seen.duplicates_of(PeerKey(1)), 0);
        assert_eq!(seen.duplicates_of(PeerKey(2)), 1);
        seen.leave(PeerKey(2));
        assert_eq!(seen.duplicates_of(PeerKey(2)), 0);
        seen.forget(&id(1));
        let again = seen.note(now, id(1), Some(PeerKey(3)));
        assert_eq!(again, Novelty::New, "it was asked for");
        assert_eq!(seen.note(now, id(1), Some(PeerKey(3))), Novelty::Repeated);
    }

    #[test]
    fn memory_fades_and_is_bounded() {
        let mut seen = Seen::default();
        assert_eq!(seen.note(Time(1_000_000), id(1), None), Novelty::New);
        assert_eq!(seen.note(Time(1_011_000), id(1), None), Novelty::Known);
        assert_eq!(seen.note(Time(1_022_000), id(2), None), Novelty::New);
        assert_eq!(seen.note(Time(1_022_000), id(1), None), Novelty::New);
        for number in 0..1_000_000 {
            seen.note(Time(1_022_000), id(number), None);
        }
        let kept = seen.young.len() + seen.old.len();
        assert!(kept <= 2 * GENERATION_BLOCKS_MAX);
    }
}
