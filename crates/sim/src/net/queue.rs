//! Virtual time: events in the order of their moments; of two at one moment, the one that was
//! planned first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What is planned.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Entry<E>>,
    now_us: u64,
    serial: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at_us: u64,
    serial: u64,
    event: E,
}

impl<E> Queue<E> {
    pub(crate) const fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            now_us: 0,
            serial: 0,
        }
    }

    /// The present, in microseconds since the beginning.
    pub(crate) const fn now_us(&self) -> u64 {
        self.now_us
    }

    /// Plans an event; one of the past comes at once.
    pub(crate) fn at(&mut self, at_us: u64, event: E) {
        self.serial += 1;
        self.heap.push(Entry {
            at_us: at_us.max(self.now_us),
            serial: self.serial,
            event,
        });
    }

    /// Plans an event for later.
    pub(crate) fn after(&mut self, wait_us: u64, event: E) {
        self.at(self.now_us + wait_us, event);
    }

    /// Goes on to the next event.
    pub(crate) fn next(&mut self) -> Option<E> {
        let entry = self.heap.pop()?;
        self.now_us = entry.at_us;
        Some(entry.event)
    }

    /// Events taken out so far and still planned.
    pub(crate) const fn planned_count(&self) -> u64 {
        self.serial
    }
}

impl<E> Entry<E> {
    const fn key(&self) -> (u64, u64) {
        (self.at_us, self.serial)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    // The heap gives the greatest first, which has to be the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_and_equal_moments_as_planned() {
        let mut queue = Queue::new();
        for (at_us, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (1, 'b')] {
            queue.at(at_us, event);
        }
        let mut seen = String::new();
        while let Some(event) = queue.next() {
            if event == 'a' {
                queue.at(0, 'x');
            }
            seen.push(event);
        }
        assert_eq!(seen, "abxcd");
        assert_eq!(queue.now_us(), 5);
    }
}
