//! Arrivals, delays and what waits for its reveal.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use tangle_dag::{CHOICES, Chance};

use super::arrivals::RecordedArrivals;
use super::issuers::IssuerDraw;
use super::scenario::{ArrivalLaw, Delay, Scenario, nanoseconds};

/// What chance is needed for. Each has a stream of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Arrivals = 1,
    Delays = 2,
    Choices = CHOICES as isize,
    Spam = 4,
    Issuers = 5,
}

impl Purpose {
    pub(super) const fn stream(self, seed: u64) -> Chance {
        Chance::stream(seed, self as u64)
    }
}

/// A transaction that was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its number; the genesis is 0.
    pub serial: u64,
    /// When it was issued, in nanoseconds.
    pub issued_ns: u64,
    /// When all others will see it.
    pub revealed_ns: u64,
    /// Numbers of its parents, without repetition.
    pub parents: &'a [u64],
    /// The number of whoever issued it, if anybody says.
    pub issuer: Option<u32>,
}

impl Event<'_> {
    /// The event joined to what stands for those before it.
    #[inline]
    pub(super) fn digest(&self, before: u64) -> u64 {
        let digest = join(join(before, self.issued_ns), self.revealed_ns);
        let digest = self
            .parents
            .iter()
            .fold(digest, |digest, it| join(digest, *it));
        match self.issuer {
            Some(issuer) => join(digest, u64::from(issuer)),
            None => digest,
        }
    }
}

/// What stands for `value` behind what `digest` stands for.
#[inline]
pub(crate) const fn join(digest: u64, value: u64) -> u64 {
    (digest.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Gives the times at which transactions are issued and revealed.
#[derive(Debug)]
pub(super) struct Times {
    arrivals: Chance,
    delays: Chance,
    law: ArrivalLaw,
    /// Mean nanoseconds between two arrivals.
    gap: f64,
    /// Least nanoseconds between two issues.
    issue_gap: f64,
    arrived: f64,
    issued: f64,
    delay: Delay,
    recorded: Option<Arc<RecordedArrivals>>,
    /// What recorded times are multiplied by.
    stretch: f64,
    /// Transactions issued.
    count: usize,
    issuers: Option<(IssuerDraw, Chance)>,
}

impl Times {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let cap = scenario.arrivals.cap_per_second;
        Self {
            arrivals: Purpose::Arrivals.stream(scenario.seed),
            delays: Purpose::Delays.stream(scenario.seed),
            law: scenario.arrivals.law,
            gap: 1e9 / scenario.arrivals.per_second,
            issue_gap: cap.map_or(0.0, |cap| 1e9 / cap),
            arrived: 0.0,
            issued: 0.0,
            delay: scenario.delay,
            recorded: scenario.recorded.clone(),
            stretch: scenario.recorded.as_ref().map_or(1.0, |recorded| {
                recorded.per_second() / scenario.arrivals.per_second
            }),
            count: 0,
            issuers: scenario.issuers.as_ref().and_then(|issuers| {
                let draw = IssuerDraw::new(&issuers.all_weights()?);
                Some((draw, Purpose::Issuers.stream(scenario.seed)))
            }),
        }
    }

    /// When the next transaction is issued.
    #[inline]
    pub(super) fn next_issue(&mut self) -> u64 {
        match (self.law, &self.recorded) {
            (ArrivalLaw::Poisson, _) => self.arrived += self.arrivals.wait() * self.gap,
            (ArrivalLaw::Trace, Some(recorded)) => {
                self.arrived = recorded.time_ns(self.count) as f64 * self.stretch;
                self.count += 1;
            }
            (ArrivalLaw::Fixed | ArrivalLaw::Trace, _) => self.arrived += self.gap,
        }
        self.issued = self.arrived.max(self.issued + self.issue_gap);
        self.issued as u64
    }

    /// Who issues the transaction whose time was given last.
    #[inline]
    pub(super) fn issuer(&mut self) -> Option<u32> {
        match (&mut self.issuers, &self.recorded) {
            (Some((draw, chance)), _) => Some(draw.draw(chance)),
            (None, Some(recorded)) => recorded.issuer(self.count - 1),
            (None, None) => None,
        }
    }

    /// How long it stays unseen.
    #[inline]
    pub(super) fn next_delay(&mut self) -> u64 {
        let seconds = match self.delay {
            Delay::Fixed { seconds } => seconds,
            Delay::Exponential { mean_seconds } => mean_seconds * self.delays.wait(),
            Delay::Uniform {
                min_seconds,
                max_seconds,
            } => min_seconds + (max_seconds - min_seconds) * self.delays.unit(),
            Delay::TwoPoint {
                min_seconds,
                max_seconds,
            } => match self.delays.below(2) {
                0 => min_seconds,
                _ => max_seconds,
            },
        };
        nanoseconds(seconds)
    }
}

/// What was issued and is not revealed: bounded by the arrivals of the longest delay.
#[derive(Debug)]
pub(super) enum Hidden<T> {
    /// All delays are equal.
    InOrder(VecDeque<(u64, T)>),
    /// By time of reveal, then by number.
    ByTime(BinaryHeap<Reverse<(u64, u64, T)>>),
}

impl<T: Ord> Hidden<T> {
    pub(super) fn new(scenario: &Scenario) -> Self {
        if scenario.delay.keeps_order() {
            Self::InOrder(VecDeque::new())
        } else {
            Self::ByTime(BinaryHeap::new())
        }
    }

    #[inline]
    pub(super) fn push(&mut self, due: u64, serial: u64, what: T) {
        match self {
            Self::InOrder(queue) => queue.push_back((due, what)),
            Self::ByTime(heap) => heap.push(Reverse((due, serial, what))),
        }
    }

    /// What is revealed next, up to and including `now`.
    #[inline]
    pub(super) fn pop(&mut self, now: u64) -> Option<(u64, T)> {
        match self {
            Self::InOrder(queue) => {
                let (due, _) = queue.front()?;
                if *due <= now { queue.pop_front() } else { None }
            }
            Self::ByTime(heap) => {
                let Reverse((due, _, _)) = heap.peek()?;
                if *due > now {
                    return None;
                }
                heap.pop().map(|Reverse((due, _, what))| (due, what))
            }
        }
    }
}
