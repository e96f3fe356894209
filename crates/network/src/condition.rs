//! Distance where there is none: what is done to the messages between nodes of one machine, which
//! between real machines happens by itself.
//!
//! It is done on the side that sends, to whole messages: bytes cannot be lost in a stream. A
//! message that is lost counts as sent for whoever sent it, as it would elsewhere.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

/// Losses are counted in millionths.
const MILLION: u32 = 1_000_000;

/// What happens to the messages to one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkCondition {
    /// How long each is on its way; they arrive in the order in which they were sent.
    pub latency: Duration,
    /// How many of a million are lost.
    pub loss_per_million: u32,
    /// Which ones are lost follows from this: of two connections with the same seed, each loses
    /// the same ones, counted from its beginning.
    pub seed: u64,
}

/// A link's condition, and the chance that goes with it.
#[derive(Debug)]
pub(crate) struct Distance {
    latency: Duration,
    loss_per_million: u32,
    chance: StdRng,
}

impl Distance {
    pub(crate) fn new(condition: LinkCondition) -> Self {
        Self {
            latency: condition.latency,
            loss_per_million: condition.loss_per_million,
            chance: StdRng::seed_from_u64(condition.seed),
        }
    }

    /// Whether the next message is lost.
    pub(crate) fn loses(&mut self) -> bool {
        // Drawn in any case, so that the same numbers belong to the same messages at any loss.
        self.chance.random_range(0..MILLION) < self.loss_per_million
    }

    /// When a message that is sent now arrives.
    pub(crate) fn arrival(&self, now: Instant) -> Instant {
        now + self.latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(loss_per_million: u32, seed: u64) -> Vec<bool> {
        let mut distance = Distance::new(LinkCondition {
            latency: Duration::ZERO,
            loss_per_million,
            seed,
        });
        (0..10_000).map(|_| distance.loses()).collect()
    }

    fn lost(fates: &[bool]) -> usize {
        fates.iter().filter(|is_lost| **is_lost).count()
    }

    #[test]
    fn same_seed_loses_the_same_messages_and_another_one_others() {
        assert_eq!(fates(100_000, 1), fates(100_000, 1));
        assert_ne!(fates(100_000, 1), fates(100_000, 2));
        let (few, many) = (fates(100_000, 1), fates(200_000, 1));
        let stays_lost = few.iter().zip(&many).all(|(few, many)| !few || *many);
        assert!(
            stays_lost,
            "what is lost at a low loss is lost at a high one"
        );
    }

    #[test]
    fn loss_is_what_was_asked_for() {
        assert_eq!(lost(&fates(0, 1)), 0);
        assert_eq!(lost(&fates(MILLION, 1)), 10_000);
        let tenth = lost(&fates(100_000, 1));
        assert!((900..=1_100).contains(&tenth), "{tenth}");
    }
}
