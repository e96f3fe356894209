//! Requests that wait, each address once.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use tangle_types::Address;

use crate::payment::Payment;

/// Over which requests are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueueError {
    #[error("the address is waiting already")]
    Known,
    #[error("too many requests wait, try again later")]
    Full,
    #[error("too many requests within a minute, try again later")]
    TooMany,
}

/// Payments to make. An address is known from its request until it is paid.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Payment>,
    known: HashSet<Address>,
    count_max: usize,
    per_minute_max: u32,
    minute: Instant,
    taken: u32,
}

impl Queue {
    pub(super) fn new(count_max: usize, per_minute_max: u32) -> Self {
        Self {
            waiting: VecDeque::new(),
            known: HashSet::new(),
            count_max,
            per_minute_max,
            minute: Instant::now(),
            taken: 0,
        }
    }

    /// Whether a request of `address` would be taken.
    pub(super) fn check(&self, address: &Address, now: Instant) -> Result<(), QueueError> {
        if self.known.contains(address) {
            return Err(QueueError::Known);
        }
        if self.known.len() >= self.count_max {
            return Err(QueueError::Full);
        }
        let is_same_minute = now.duration_since(self.minute) < MINUTE;
        if self.per_minute_max > 0 && is_same_minute && self.taken >= self.per_minute_max {
            return Err(QueueError::TooMany);
        }
        Ok(())
    }

    /// Takes a request; how many wait then.
    pub(super) fn push(&mut self, payment: Payment, now: Instant) -> Result<usize, QueueError> {
        self.check(&payment.address, now)?;
        if now.duration_since(self.minute) >= MINUTE {
            self.minute = now;
            self.taken = 0;
        }
        self.taken = self.taken.saturating_add(1);
        self.known.insert(payment.address);
        self.waiting.push_back(payment);
        Ok(self.waiting.len())
    }

    /// The oldest payments, at most `count` and together at most `funds`; they stay known.
    pub(super) fn take(&mut self, count: usize, funds: u64) -> Vec<Payment> {
        let mut batch = Vec::new();
        let mut left = funds;
        while batch.len() < count
            && let Some(payment) = self.waiting.front()
            && let Some(rest) = left.checked_sub(payment.amount)
        {
            left = rest;
            batch.push(*payment);
            self.waiting.pop_front();
        }
        batch
    }

    /// Lets payments wait again, before all others.
    pub(super) fn put_back(&mut self, payments: Vec<Payment>) {
        for payment in payments.into_iter().rev() {
            self.waiting.push_front(payment);
        }
    }

    /// Forgets payments that are made.
    pub(super) fn done(&mut self, payments: &[Payment]) {
        for payment in payments {
            self.known.remove(&payment.address);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Base coins that the waiting payments come to.
    pub(super) fn owed(&self) -> u64 {
        self.waiting
            .iter()
            .fold(0, |sum, payment| sum.saturating_add(payment.amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(number: u8) -> Payment {
        Payment {
            address: Address::Ed25519([number; 32]),
            amount: 10,
        }
    }

    #[test]
    fn address_waits_once_until_it_is_paid() {
        let now = Instant::now();
        let mut queue = Queue::new(10, 0);
        assert_eq!(queue.push(payment(1), now), Ok(1));
        assert_eq!(queue.push(payment(1), now), Err(QueueError::Known));
        let batch = queue.take(5, 100);
        assert_eq!(queue.push(payment(1), now), Err(QueueError::Known));
        queue.done(&batch);
        assert_eq!(queue.push(payment(1), now), Ok(1));
    }

    #[test]
    fn batch_is_bounded_by_count_and_funds_and_keeps_the_order() {
        let now = Instant::now();
        let mut queue = Queue::new(10, 0);
        (1..=4).for_each(|number| {
            queue.push(payment(number), now).expect("there is room");
        });
        assert_eq!(queue.take(3, 25), [payment(1), payment(2)]);
        queue.put_back(vec![payment(1), payment(2)]);
        assert_eq!(queue.owed(), 40);
        assert_eq!(queue.take(1, 100), [payment(1)]);
    }

    #[test]
    fn queue_and_minute_have_their_limits() {
        let now = Instant::now();
        let mut queue = Queue::new(2, 0);
        queue.push(payment(1), now).expect("there is room");
        queue.push(payment(2), now).expect("there is room");
        assert_eq!(queue.push(payment(3), now), Err(QueueError::Full));

        let mut queue = Queue::new(9, 1);
        let later = now + 2 * MINUTE;
        queue.push(payment(1), now).expect("the first");
        assert_eq!(queue.push(payment(2), now), Err(QueueError::TooMany));
        queue.push(payment(2), later).expect("another minute");
        let early = queue.push(payment(3), later);
        assert_eq!(early, Err(QueueError::TooMany));
    }
}
