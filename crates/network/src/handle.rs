//! What others may ask of the network part while it runs.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use tangle_sync::{PeerClass, PeerKey};
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message;
use tokio::sync::{mpsc, oneshot};

use crate::conversation::{Counts, Line};
use crate::{CloseReason, Direction, KnownPeer};

/// The network part. Cheap to clone; every call is safe from any task.
#[derive(Clone, Debug)]
pub struct NetworkHandle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) board: Arc<Board>,
}

/// What the driver shows to everybody.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) id: PeerId,
    // Guards the conversations; written when one begins or ends.
    pub(crate) lines: RwLock<BTreeMap<PeerKey, Arc<Line>>>,
    // Guards the list, which is replaced as a whole.
    pub(crate) peers: RwLock<Arc<Vec<Shown>>>,
    pub(crate) listening: RwLock<Vec<Multiaddr>>,
}

/// A peer as the driver last saw it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) state: PeerState,
    pub(crate) line: Option<Arc<Line>>,
}

/// What the driver is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    Add(KnownPeer, oneshot::Sender<Result<(), AddPeerError>>),
    Remove(PeerId, oneshot::Sender<bool>),
    Ban(PeerId, Duration, oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// Why a peer was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddPeerError {
    /// It is this node.
    #[error("this is the node itself")]
    Own,
    /// No room for more.
    #[error("there are {0} peers already, remove one first")]
    Full(usize),
    /// The node is going down.
    #[error("the node is stopping")]
    Stopping,
}

/// A known or connected peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerState {
    /// Its libp2p id.
    pub id: PeerId,
    /// What the operator calls it.
    pub alias: Option<String>,
    /// Where it can be reached, as far as is known.
    pub addresses: Vec<Multiaddr>,
    /// How it came.
    pub class: PeerClass,
    /// The conversation with it, if there is one.
    pub connection: Option<ConnectionState>,
    /// Why it could not be reached last, if it is not connected.
    pub trouble: Option<String>,
}

/// A conversation in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionState {
    /// Its name in events.
    pub key: PeerKey,
    /// Where the peer is.
    pub address: Multiaddr,
    /// Who opened it.
    pub direction: Direction,
    /// What software the peer says it is.
    pub agent: Option<String>,
    /// How long it has lasted.
    pub age: Duration,
    /// What came.
    pub received: Traffic,
    /// What went.
    pub sent: Traffic,
    /// Messages that were not sent because the peer reads too slowly.
    pub dropped_count: u64,
    /// Messages that were lost as the link's condition says.
    pub lost_count: u64,
    /// Messages that wait to be sent.
    pub waiting_count: usize,
}

/// Bytes and messages in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes of all messages.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
    /// Requests for blocks.
    pub block_requests: u64,
    /// Requests for milestones.
    pub milestone_requests: u64,
    /// Heartbeats.
    pub heartbeats: u64,
}

impl NetworkHandle {
    /// The node's own peer id.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.board.id
    }

    /// Where the node listens, with the ports that it was given.
    #[must_use]
    pub fn listening(&self) -> Vec<Multiaddr> {
        self.board
            .listening
            .read()
            .expect("no holder panics")
            .clone()
    }

    /// Puts a message into a neighbour's queue; `false` when it is gone or its queue is full.
    pub fn send(&self, key: PeerKey, message: Message) -> bool {
        self.line(key).is_some_and(|line| line.queue.push(message))
    }

    /// Puts a message about a cone into a neighbour's queue; `false` when it is gone, does not
    /// speak of cones, or its queue is full.
    pub fn send_cone(&self, key: PeerKey, message: ConeMessage) -> bool {
        self.line(key).is_some_and(|line| line.cones.push(message))
    }

    /// Whether a neighbour's queue has room for the largest part of a cone.
    #[must_use]
    pub fn has_cone_room(&self, key: PeerKey) -> bool {
        self.line(key).is_some_and(|line| line.cones.has_room())
    }

    /// Puts a message into the queues of all neighbours but some; how many took it.
    pub fn broadcast(&self, message: &Message, except: &[PeerKey]) -> usize {
        let lines = self.board.lines.read().expect("no holder panics");
        let others = lines.iter().filter(|(key, _)| !except.contains(key));
        others
            .filter(|(_, line)| line.queue.push(message.clone()))
            .count()
    }

    /// Ends a conversation. A known peer is connected anew after a pause.
    pub fn disconnect(&self, key: PeerKey) {
        if let Some(line) = self.line(key) {
            line.close(CloseReason::Disconnected);
        }
    }

    /// Ends a conversation and keeps the peer out for some time.
    pub fn ban(&self, key: PeerKey, duration: Duration) {
        if let Some(line) = self.line(key) {
            line.close(CloseReason::Banned(duration));
        }
    }

    /// Keeps a peer out for some time, connected or not. It is no longer a known one.
    pub async fn ban_peer(&self, id: PeerId, duration: Duration) {
        let (answer, answered) = oneshot::channel();
        if self
            .commands
            .send(Command::Ban(id, duration, answer))
            .await
            .is_ok()
        {
            // The driver ends only when the node stops.
            let _ = answered.await;
        }
    }

    /// Adds a known peer, or another address of one. It is dialed at once, and for ever.
    ///
    /// # Errors
    /// See [`AddPeerError`].
    pub async fn add_peer(&self, peer: KnownPeer) -> Result<(), AddPeerError> {
        let (answer, answered) = oneshot::channel();
        let command = Command::Add(peer, answer);
        let sent = self.commands.send(command).await;
        sent.map_err(|_| AddPeerError::Stopping)?;
        answered.await.unwrap_or(Err(AddPeerError::Stopping))
    }

    /// Removes a known peer and disconnects it; whether there was one.
    pub async fn remove_peer(&self, id: PeerId) -> bool {
        let (answer, answered) = oneshot::channel();
        let sent = self.commands.send(Command::Remove(id, answer)).await;
        sent.is_ok() && answered.await.unwrap_or(false)
    }

    /// Known and connected peers, by id.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerState> {
        let shown = Arc::clone(&self.board.peers.read().expect("no holder panics"));
        shown.iter().map(Shown::now).collect()
    }

    /// Says goodbye to everybody and stops. Events end after what came before was read.
    pub async fn stop(&self) {
        let (answer, answered) = oneshot::channel();
        if self.commands.send(Command::Stop(answer)).await.is_ok() {
            // An error says that it has stopped already.
            let _ = answered.await;
        }
    }

    fn line(&self, key: PeerKey) -> Option<Arc<Line>> {
        let lines = self.board.lines.read().expect("no holder panics");
        lines.get(&key).cloned()
    }
}

impl Shown {
    fn now(&self) -> PeerState {
        let mut state = self.state.clone();
        if let (Some(line), Some(connection)) = (&self.line, &mut state.connection) {
            connection.age = line.age();
            connection.received = line.received.read();
            connection.sent = line.sent.read();
            connection.dropped_count = line.queue.dropped_count();
            connection.lost_count = line.queue.lost_count();
            connection.waiting_count = line.queue.len();
        }
        state
    }
}

impl Counts {
    fn read(&self) -> Traffic {
        Traffic {
            bytes: self.bytes.load(Ordering::Relaxed),
            blocks: self.blocks.load(Ordering::Relaxed),
            block_requests: self.block_requests.load(Ordering::Relaxed),
            milestone_requests: self.milestone_requests.load(Ordering::Relaxed),
            heartbeats: self.heartbeats.load(Ordering::Relaxed),
        }
    }
}
