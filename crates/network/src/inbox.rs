//! What neighbours said and nobody has read yet.
//!
//! Each neighbour has a lane of its own, bounded in bytes. A full lane stops the reading of that
//! neighbour's stream, and nobody else's. Lanes are emptied in turn, with the same number of bytes
//! for each: who floods takes its share and not more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tangle_sync::PeerKey;
use tangle_types::cone::{self, ConeMessage};
use tangle_types::gossip::Message;
use tokio::sync::{Notify, Semaphore};

use crate::queue::size_bytes;
use crate::{CloseReason, ConnectedPeer, NetworkEvent};

/// Bytes that a lane gives before the next one's turn.
const TURN_BYTES: i64 = 64 << 10;
/// What a message costs beside its bytes, so that small ones are bounded too.
const OVERHEAD_BYTES: usize = 64;

/// The reading end: all events of the network, fair to all neighbours.
#[derive(Debug)]
pub struct NetworkEvents {
    inbox: Arc<Inbox>,
}

/// The writing end.
#[derive(Debug)]
pub(crate) struct Inbox {
    // Guards the lanes; held for a push or a pop.
    lanes: Mutex<Lanes>,
    is_ready: Notify,
    lane_bytes_max: usize,
}

#[derive(Debug, Default)]
struct Lanes {
    by_key: BTreeMap<PeerKey, Lane>,
    /// Lanes that hold something, in the order of their turns.
    turns: VecDeque<PeerKey>,
    is_closed: bool,
}

#[derive(Debug)]
struct Lane {
    /// At most the semaphore's bytes, and the first and the last event.
    events: VecDeque<NetworkEvent>,
    room: Arc<Semaphore>,
    credit: i64,
    is_over: bool,
}

/// A neighbour's own way into the inbox.
#[derive(Debug)]
pub(crate) struct LaneWriter {
    key: PeerKey,
    inbox: Arc<Inbox>,
    room: Arc<Semaphore>,
}

/// The two ends of an inbox.
pub(crate) fn inbox(lane_bytes_max: usize) -> (Arc<Inbox>, NetworkEvents) {
    let inbox = Arc::new(Inbox {
        lanes: Mutex::default(),
        is_ready: Notify::new(),
        // The largest message must fit.
        lane_bytes_max: lane_bytes_max.max(2 * cone::BODY_SIZE_BYTES_MAX),
    });
    (Arc::clone(&inbox), NetworkEvents { inbox })
}

/// What an event takes of its lane's room.
fn cost(event: &NetworkEvent) -> u32 {
    let bytes = match event {
        NetworkEvent::Message(_, message) => size_bytes(message) + OVERHEAD_BYTES,
        NetworkEvent::Cone(_, ConeMessage::Blocks(blocks)) => {
            let count = blocks.blocks.len();
            blocks.blocks.iter().map(bytes::Bytes::len).sum::<usize>() + count * OVERHEAD_BYTES
        }
        NetworkEvent::Cone(_, message) => message.size_bytes() + OVERHEAD_BYTES,
        _ => 0,
    };
    // So that it always fits, however many small blocks there are.
    u32::try_from(bytes.min(2 * cone::BODY_SIZE_BYTES_MAX)).expect("less than a megabyte")
}

impl NetworkEvents {
    /// The next event; `None` when the network has stopped and everything was read.
    pub async fn recv(&mut self) -> Option<NetworkEvent> {
        loop {
            let is_ready = self.inbox.is_ready.notified();
            {
                let mut lanes = self.inbox.lanes.lock().expect("no holder panics");
                if let Some(event) = lanes.pop() {
                    return Some(event);
                }
                if lanes.is_closed {
                    return None;
                }
            }
            is_ready.await;
        }
    }

    /// The next event, if there is one now.
    pub fn try_recv(&mut self) -> Option<NetworkEvent> {
        self.inbox.lanes.lock().expect("no holder panics").pop()
    }
}

impl Inbox {
    /// Opens the lane of a new neighbour.
    pub(crate) fn open(self: &Arc<Self>, key: PeerKey, peer: ConnectedPeer) -> LaneWriter {
        let room = Arc::new(Semaphore::new(self.lane_bytes_max));
        let lane = Lane {
            events: VecDeque::new(),
            room: Arc::clone(&room),
            credit: 0,
            is_over: false,
        };
        let mut lanes = self.lanes.lock().expect("no holder panics");
        lanes.by_key.insert(key, lane);
        lanes.push(key, NetworkEvent::Connected(key, peer));
        drop(lanes);
        self.is_ready.notify_one();
        LaneWriter {
            key,
            inbox: Arc::clone(self),
            room,
        }
    }

    /// Ends the lane of a neighbour that is gone. What an offender has said and nobody has read yet
    /// is not worth reading.
    pub(crate) fn close(&self, key: PeerKey, reason: CloseReason) {
        let mut lanes = self.lanes.lock().expect("no holder panics");
        if matches!(reason, CloseReason::Banned(_) | CloseReason::Malformed(_)) {
            lanes.clear(key);
        }
        lanes.push(key, NetworkEvent::Disconnected(key, reason));
        if let Some(lane) = lanes.by_key.get_mut(&key) {
            lane.is_over = true;
        }
        drop(lanes);
        self.is_ready.notify_one();
    }

    /// No more will come.
    pub(crate) fn close_all(&self) {
        self.lanes.lock().expect("no holder panics").is_closed = true;
        self.is_ready.notify_one();
    }

    /// Lanes, also those that are over and not read to their end.
    pub(crate) fn lane_count(&self) -> usize {
        self.lanes.lock().expect("no holder panics").by_key.len()
    }
}

impl LaneWriter {
    /// Waits for room and adds a message.
    pub(crate) async fn push(&self, message: Message) {
        self.push_event(NetworkEvent::Message(self.key, message))
            .await;
    }

    /// The same for a message about a cone.
    pub(crate) async fn push_cone(&self, message: ConeMessage) {
        self.push_event(NetworkEvent::Cone(self.key, message)).await;
    }

    /// The neighbour can be asked for cones.
    pub(crate) async fn push_cones_open(&self) {
        self.push_event(NetworkEvent::ConesOpen(self.key)).await;
    }

    async fn push_event(&self, event: NetworkEvent) {
        let Ok(permit) = self.room.acquire_many(cost(&event)).await else {
            return;
        };
        // Given back when the message is read.
        permit.forget();
        let mut lanes = self.inbox.lanes.lock().expect("no holder panics");
        lanes.push(self.key, event);
        drop(lanes);
        self.inbox.is_ready.notify_one();
    }
}

impl Lanes {
    fn push(&mut self, key: PeerKey, event: NetworkEvent) {
        let Some(lane) = self.by_key.get_mut(&key) else {
            return;
        };
        if lane.is_over {
            return;
        }
        if lane.events.is_empty() {
            lane.credit = TURN_BYTES;
            self.turns.push_back(key);
        }
        lane.events.push_back(event);
    }

    /// Forgets the messages in a lane.
    fn clear(&mut self, key: PeerKey) {
        let Some(lane) = self.by_key.get_mut(&key) else {
            return;
        };
        let was_empty = lane.events.is_empty();
        lane.events
            .retain(|event| !matches!(event, NetworkEvent::Message(..)));
        if lane.events.is_empty() && !was_empty {
            self.turns.retain(|turn| *turn != key);
        }
    }

    fn pop(&mut self) -> Option<NetworkEvent> {
        let key = *self.turns.front()?;
        let lane = self.by_key.get_mut(&key)?;
        let event = lane.events.pop_front()?;
        let cost = cost(&event);
        lane.credit -= i64::from(cost);
        lane.room.add_permits(cost as usize);
        if lane.events.is_empty() {
            self.turns.pop_front();
            if lane.is_over {
                self.by_key.remove(&key);
            }
        } else if lane.credit <= 0 {
            lane.credit += TURN_BYTES;
            self.turns.rotate_left(1);
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use libp2p_identity::PeerId;

    use tangle_sync::PeerClass;

    use super::*;
    use crate::Direction;

    fn peer() -> ConnectedPeer {
        ConnectedPeer {
            id: PeerId::random(),
            class: PeerClass::Unknown,
            address: "/ip4/127.0.0.1/tcp/1".parse().expect("an address"),
            direction: Direction::Inbound,
        }
    }

    fn block(size: usize) -> Message {
        Message::Block(Bytes::from(vec![0; size]))
    }

    #[tokio::test]
    async fn events_of_a_neighbour_keep_their_order() {
        let (inbox, mut events) = inbox(1 << 20);
        let (key, peer) = (PeerKey(1), peer());
        let lane = inbox.open(key, peer.clone());
        lane.push(Message::MilestoneRequest(None)).await;
        inbox.close(key, CloseReason::Disconnected);
        lane.push(Message::MilestoneRequest(None)).await;
        inbox.close_all();
        assert_eq!(
            events.recv().await,
            Some(NetworkEvent::Connected(key, peer))
        );
        let said = NetworkEvent::Message(key, Message::MilestoneRequest(None));
        assert_eq!(events.recv().await, Some(said));
        let gone = NetworkEvent::Disconnected(key, CloseReason::Disconnected);
        assert_eq!(events.recv().await, Some(gone));
        assert_eq!(events.recv().await, None);
        assert_eq!(inbox.lane_count(), 0);
    }

    #[tokio::test]
    async fn what_an_offender_said_is_not_read() {
        let (inbox, mut events) = inbox(1 << 20);
        let (bad, good) = (PeerKey(1), PeerKey(2));
        let lanes = [inbox.open(bad, peer()), inbox.open(good, peer())];
        for _ in 0..2 {
            events.recv().await.expect("two have come");
        }
        for lane in &lanes {
            lane.push(Message::MilestoneRequest(None)).await;
            lane.push(Message::MilestoneRequest(None)).await;
        }
        let banned = CloseReason::Banned(std::time::Duration::from_secs(1));
        inbox.close(bad, banned.clone());
        inbox.close(good, CloseReason::Disconnected);
        inbox.close_all();
        let mut read = Vec::new();
        while let Some(event) = events.recv().await {
            read.push(event);
        }
        let said = NetworkEvent::Message(good, Message::MilestoneRequest(None));
        let gone = NetworkEvent::Disconnected(good, CloseReason::Disconnected);
        assert_eq!(
            read,
            [
                said.clone(),
                said,
                gone,
                NetworkEvent::Disconnected(bad, banned)
            ]
        );
    }

    #[tokio::test]
    async fn full_lane_waits_until_it_is_read() {
        let (inbox, mut events) = inbox(64 << 10);
        let lane = inbox.open(PeerKey(1), peer());
        for _ in 0..9 {
            lane.push(block(32_768)).await;
        }
        let mut waiting = std::pin::pin!(lane.push(block(32_768)));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert!(matches!(
            events.recv().await,
            Some(NetworkEvent::Connected(..))
        ));
        assert!(matches!(
            events.recv().await,
            Some(NetworkEvent::Message(..))
        ));
        assert!(futures::poll!(&mut waiting).is_ready());
    }

    #[tokio::test]
    async fn who_floods_takes_no_more_than_its_share() {
        let (inbox, mut events) = inbox(1 << 20);
        let flood = inbox.open(PeerKey(1), peer());
        let honest = inbox.open(PeerKey(2), peer());
        for _ in 0..30 {
            flood.push(block(30_000)).await;
        }
        for _ in 0..300 {
            honest.push(block(200)).await;
        }
        let mut bytes = [0, 0];
        while bytes[1] < 300 * 200 {
            match events.recv().await.expect("more") {
                NetworkEvent::Message(key, Message::Block(block)) => {
                    bytes[key.0 as usize - 1] += block.len();
                }
                _ => continue,
            }
        }
        assert!(bytes[0] <= 3 * 64 * 1_024, "{bytes:?}");
    }
}
