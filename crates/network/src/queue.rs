//! What waits to be sent to one neighbour.
//!
//! Messages and bytes are bounded; what does not fit is dropped and counted, so a neighbour that
//! reads slowly costs nobody anything. Of heartbeats only the newest matters: it waits apart, and
//! goes first. Where a link has a condition, each message waits here until it would arrive, and
//! heartbeats wait in line.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tangle_types::BlockId;
use tangle_types::cone::{self, ConeMessage};
use tangle_types::gossip::{HEADER_SIZE_BYTES, Heartbeat, Message};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::LinkCondition;
use crate::condition::Distance;

/// Bytes that are written together.
const BATCH_BYTES: usize = 64 << 10;

/// The queue.
#[derive(Debug)]
pub(crate) struct SendQueue {
    // Guards the two below; held for a push or the encoding of a batch, never over input or
    // output.
    waiting: Mutex<Waiting>,
    is_ready: Notify,
    count_max: usize,
    bytes_max: usize,
    dropped: AtomicU64,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    heartbeat: Option<Heartbeat>,
    messages: VecDeque<Waiter>,
    bytes: usize,
    /// What the link does to messages, if anything.
    distance: Option<Distance>,
}

/// A message, and when it may go if not at once. No later message may go before.
#[derive(Debug)]
struct Waiter {
    message: Message,
    due: Option<Instant>,
}

/// Length of a message on the wire.
pub(crate) fn size_bytes(message: &Message) -> usize {
    HEADER_SIZE_BYTES
        + match message {
            Message::MilestoneRequest(_) => 4,
            Message::Block(block) => block.len(),
            Message::BlockRequest(_) => BlockId::LENGTH,
            Message::Heartbeat(_) => Heartbeat::SIZE_BYTES,
        }
}

impl SendQueue {
    pub(crate) fn new(
        count_max: usize,
        bytes_max: usize,
        condition: Option<LinkCondition>,
    ) -> Self {
        let waiting = Waiting {
            distance: condition.map(Distance::new),
            ..Waiting::default()
        };
        Self {
            waiting: Mutex::new(waiting),
            is_ready: Notify::new(),
            count_max,
            bytes_max,
            dropped: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Takes a message; `false` when there was no room and it was dropped.
    pub(crate) fn push(&self, message: Message) -> bool {
        let mut waiting = self.waiting.lock().expect("no holder panics");
        let mut due = None;
        if let Some(distance) = &mut waiting.distance {
            if distance.loses() {
                self.lost.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            due = Some(distance.arrival(Instant::now()));
        }
        if let (Message::Heartbeat(heartbeat), None) = (&message, due) {
            waiting.heartbeat = Some(*heartbeat);
        } else {
            let bytes = waiting.bytes + size_bytes(&message);
            if waiting.messages.len() >= self.count_max || bytes > self.bytes_max {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            waiting.bytes = bytes;
            waiting.messages.push_back(Waiter { message, due });
        }
        drop(waiting);
        self.is_ready.notify_one();
        true
    }

    /// Waits until there is something and writes a batch of it to `out`; `sent` is told of each.
    pub(crate) async fn take(&self, out: &mut Vec<u8>, mut sent: impl FnMut(&Message)) {
        loop {
            let is_ready = self.is_ready.notified();
            let next = self.take_now(out, &mut sent);
            if !out.is_empty() {
                return;
            }
            match next {
                // What comes meanwhile is due later.
                Some(due) => sleep_until(due).await,
                None => is_ready.await,
            }
        }
    }

    /// Messages that were dropped.
    pub(crate) fn dropped_count(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Messages that the link lost, as its condition says.
    pub(crate) fn lost_count(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Messages that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
            .lock()
            .expect("no holder panics")
            .messages
            .len()
    }

    /// Writes what may go now; when the next one may, if it has to wait.
    fn take_now(&self, out: &mut Vec<u8>, sent: &mut impl FnMut(&Message)) -> Option<Instant> {
        let mut waiting = self.waiting.lock().expect("no holder panics");
        if let Some(heartbeat) = waiting.heartbeat.take() {
            let message = Message::Heartbeat(heartbeat);
            message.write(out);
            sent(&message);
        }
        while out.len() < BATCH_BYTES {
            let due = waiting.messages.front().and_then(|first| first.due);
            if due > Some(Instant::now()) {
                return due;
            }
            let Waiter { message, .. } = waiting.messages.pop_front()?;
            waiting.bytes -= size_bytes(&message);
            message.write(out);
            sent(&message);
        }
        None
    }
}

/// What waits to be sent to one neighbour about cones; nobody drops of it what finds room.
#[derive(Debug)]
pub(crate) struct ConeQueue {
    // Guards what waits; held for a push or a pop.
    waiting: Mutex<WaitingCones>,
    is_ready: Notify,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct WaitingCones {
    /// At most `bytes_max` bytes.
    messages: VecDeque<ConeMessage>,
    bytes: usize,
    is_open: bool,
}

impl ConeQueue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            is_ready: Notify::new(),
            bytes_max,
        }
    }

    /// There is a stream, or none any more.
    pub(crate) fn set_open(&self, is_open: bool) {
        let mut waiting = self.waiting.lock().expect("no holder panics");
        *waiting = WaitingCones {
            is_open,
            ..WaitingCones::default()
        };
    }

    /// Whether the largest answer finds room.
    pub(crate) fn has_room(&self) -> bool {
        let waiting = self.waiting.lock().expect("no holder panics");
        let largest = cone::HEADER_SIZE_BYTES + cone::BODY_SIZE_BYTES_MAX;
        waiting.is_open && waiting.bytes + largest <= self.bytes_max
    }

    /// Takes a message; `false` when there is no stream or no room.
    pub(crate) fn push(&self, message: ConeMessage) -> bool {
        let mut waiting = self.waiting.lock().expect("no holder panics");
        let bytes = waiting.bytes + message.size_bytes();
        if !waiting.is_open || bytes > self.bytes_max {
            return false;
        }
        waiting.bytes = bytes;
        waiting.messages.push_back(message);
        drop(waiting);
        self.is_ready.notify_one();
        true
    }

    /// Waits for a message.
    pub(crate) async fn take(&self) -> ConeMessage {
        loop {
            let is_ready = self.is_ready.notified();
            {
                let mut waiting = self.waiting.lock().expect("no holder panics");
                if let Some(message) = waiting.messages.pop_front() {
                    waiting.bytes -= message.size_bytes();
                    return message;
                }
            }
            is_ready.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tangle_types::MilestoneIndex;

    use super::*;

    fn heartbeat(index: u32) -> Message {
        Message::Heartbeat(Heartbeat {
            solid_index: MilestoneIndex(index),
            ..Heartbeat::default()
        })
    }

    async fn taken(queue: &SendQueue) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut bytes = Vec::new();
        queue
            .take(&mut bytes, |message| messages.push(message.clone()))
            .await;
        assert_eq!(bytes.len(), messages.iter().map(size_bytes).sum::<usize>());
        messages
    }

    #[tokio::test]
    async fn newest_heartbeat_goes_first() {
        let queue = SendQueue::new(10, 1_000, None);
        let request = Message::MilestoneRequest(None);
        assert!(queue.push(request.clone()));
        assert!(queue.push(heartbeat(1)));
        assert!(queue.push(heartbeat(2)));
        assert_eq!(taken(&queue).await, [heartbeat(2), request]);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_counted() {
        let request = || Message::MilestoneRequest(None);
        let queue = SendQueue::new(2, 1_000, None);
        assert!(queue.push(request()) && queue.push(request()));
        assert!(!queue.push(request()));
        assert!(queue.push(heartbeat(1)), "a heartbeat always fits");
        assert_eq!((queue.dropped_count(), queue.len()), (1, 2));

        let queue = SendQueue::new(1_000, 300, None);
        let block = Message::Block(Bytes::from(vec![0; 100]));
        assert!(queue.push(block.clone()) && queue.push(block.clone()));
        assert!(!queue.push(block.clone()));
        assert_eq!(taken(&queue).await.len(), 2);
        assert!(queue.push(block), "there is room again");
        assert_eq!(queue.dropped_count(), 1);
    }

    #[tokio::test]
    async fn one_batch_does_not_take_everything() {
        let queue = SendQueue::new(1_000, 1 << 20, None);
        let block = Message::Block(Bytes::from(vec![0; 32_768]));
        for _ in 0..5 {
            assert!(queue.push(block.clone()));
        }
        assert_eq!(taken(&queue).await.len(), 2);
        assert_eq!(queue.len(), 3);
    }

    fn far(latency_ms: u64, loss_per_million: u32) -> Option<LinkCondition> {
        Some(LinkCondition {
            latency: Duration::from_millis(latency_ms),
            loss_per_million,
            seed: 1,
        })
    }

    #[tokio::test]
    async fn over_a_distance_all_messages_arrive_late_and_in_order() {
        let started = Instant::now();
        let request = Message::MilestoneRequest(None);
        let queue = SendQueue::new(10, 1_000, far(600_000, 0));
        assert!(queue.push(request.clone()));
        let mut bytes = Vec::new();
        let next = queue.take_now(&mut bytes, &mut |_: &Message| {});
        assert!(next >= Some(started + Duration::from_millis(600_000)));
        assert!(bytes.is_empty(), "it is on its way for ten minutes");

        let queue = SendQueue::new(10, 1_000, far(30, 0));
        assert!(queue.push(request.clone()) && queue.push(heartbeat(1)));
        let mut arrived = Vec::new();
        while arrived.len() < 2 {
            arrived.extend(taken(&queue).await);
        }
        assert!(started.elapsed() >= Duration::from_millis(30));
        assert_eq!(arrived, [request, heartbeat(1)]);
    }

    #[tokio::test]
    async fn what_the_link_loses_takes_no_room_and_is_counted() {
        let queue = SendQueue::new(2, 1_000, far(0, 1_000_000));
        for _ in 0..5 {
            assert!(queue.push(Message::MilestoneRequest(None)));
        }
        let counts = (queue.lost_count(), queue.dropped_count(), queue.len());
        assert_eq!(counts, (5, 0, 0));
    }
}
