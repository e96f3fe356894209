//! What is due when: the asked rate, held by the clock, and the asked mixture.
//!
//! Block `n` is due at the start plus `n` times the pace, so that no rounding and no late block
//! shifts those that follow. Only when all connections together are too late for that, what was
//! missed is given up: a burst would not be the asked rate either.

use std::time::{Duration, Instant};

use super::Mix;

/// How late a block may be before those that were due meanwhile are given up.
const LAG_MAX: Duration = Duration::from_secs(1);

/// What a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A block with data.
    Data,
    /// A block with a transfer.
    Value,
    /// Two blocks with transfers of the same coin.
    Conflict,
}

/// Something to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    pub(super) due: Instant,
}

/// Gives slots.
#[derive(Debug)]
pub(super) struct Schedule {
    start: Instant,
    /// Blocks a second; `None` for no pause at all.
    rate: Option<f64>,
    mix: Mix,
    /// Blocks of all slots so far.
    taken: u64,
    blocks_max: Option<u64>,
    /// How much each kind is behind its share.
    credits: [i64; 3],
    missed: u64,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Data, Self::Value, Self::Conflict];

    /// Blocks that a slot takes.
    pub(super) const fn blocks(self) -> u64 {
        match self {
            Self::Data | Self::Value => 1,
            Self::Conflict => 2,
        }
    }
}

impl Schedule {
    pub(super) const fn new(
        start: Instant,
        rate: Option<f64>,
        mix: Mix,
        blocks_max: Option<u64>,
    ) -> Self {
        Self {
            start,
            rate,
            mix,
            taken: 0,
            blocks_max,
            credits: [0; 3],
            missed: 0,
        }
    }

    /// The next slot; `None` when all blocks are given out.
    pub(super) fn take(&mut self, now: Instant) -> Option<Slot> {
        let credits = self.next_credits();
        let position =
            (0..credits.len()).max_by_key(|position| (credits[*position], -(*position as i64)))?;
        let kind = Kind::ALL[position];
        if self
            .blocks_max
            .is_some_and(|most| most - self.taken.min(most) < kind.blocks())
        {
            return None;
        }
        self.credits = credits;
        self.credits[position] -= self.total();
        let due = self.due(now);
        self.taken += kind.blocks();
        Some(Slot { kind, due })
    }

    /// Blocks that were due and given up.
    pub(super) const fn missed(&self) -> u64 {
        self.missed
    }

    fn due(&mut self, now: Instant) -> Instant {
        let Some(rate) = self.rate else {
            return now;
        };
        let due = self.start + Duration::from_secs_f64(self.taken as f64 / rate);
        let late = now.saturating_duration_since(due);
        if late <= LAG_MAX {
            return due;
        }
        self.start += late;
        self.missed += (late.as_secs_f64() * rate) as u64;
        now
    }

    /// Every kind gets its weight; the one with the most is next and pays for all. So the mixture
    /// is right at every time, not only on average.
    fn next_credits(&self) -> [i64; 3] {
        let mut credits = self.credits;
        for (credit, weight) in credits.iter_mut().zip(self.mix.weights()) {
            *credit += weight;
        }
        credits
    }

    fn total(&self) -> i64 {
        self.mix.weights().iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(
        rate: Option<f64>,
        [data, value, conflicts]: [u32; 3],
        most: Option<u64>,
    ) -> (Instant, Schedule) {
        let start = Instant::now();
        let mix = Mix {
            data,
            value,
            conflicts,
        };
        (start, Schedule::new(start, rate, mix, most))
    }

    #[test]
    fn late_blocks_do_not_shift_those_that_follow() {
        let (start, mut schedule) = schedule(Some(3.0), [1, 0, 0], None);
        let mut now = start;
        for number in 0..30_000_u32 {
            let slot = schedule.take(now).expect("it has no end");
            let exact = start + Duration::from_secs_f64(f64::from(number) / 3.0);
            assert_eq!(slot.due, exact, "block {number}");
            now = slot.due + Duration::from_millis(u64::from(number % 900));
        }
        assert_eq!(schedule.missed(), 0);
    }

    #[test]
    fn what_a_standstill_missed_is_not_sent_in_a_burst() {
        let (start, mut schedule) = schedule(Some(100.0), [1, 0, 0], None);
        schedule.take(start).expect("the first");
        let later = start + Duration::from_secs(10);
        assert_eq!(schedule.take(later).expect("a slot").due, later);
        assert_eq!(schedule.missed(), 999);
        let next = schedule.take(later).expect("a slot");
        assert_eq!((next.due - later).as_millis(), 10);
    }

    #[test]
    fn mixture_is_right_at_every_time_and_pairs_take_two_blocks() {
        let (start, mut schedule) = schedule(None, [6, 3, 1], Some(1_100));
        let mut counts = [0_u64; 3];
        while let Some(slot) = schedule.take(start) {
            counts[slot.kind as usize] += 1;
            let sent: u64 = counts.iter().sum();
            assert!(counts[0].abs_diff(sent * 6 / 10) <= 1, "{counts:?}");
        }
        assert_eq!(counts, [600, 300, 100]);
    }

    #[test]
    fn pair_does_not_begin_when_one_block_is_left() {
        let (start, mut schedule) = schedule(None, [0, 0, 1], Some(3));
        assert_eq!(
            schedule.take(start).map(|slot| slot.kind),
            Some(Kind::Conflict)
        );
        assert_eq!(schedule.take(start), None);
    }
}
