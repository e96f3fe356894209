//! The task that owns the swarm: connections come and go, conversations begin and end.
//!
//! When a peer has two connections, one of them is kept, and both sides keep the same: the older
//! one, or, when both sides dialed within [`SIMULTANEOUS`], the one that the peer with the smaller
//! id dialed. A conversation in which nothing was heard for [`DEAF`] gives way to a new one.

mod commands;
mod connections;
mod discovery;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use libp2p_swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p_swarm::{CloseConnection, ConnectionId, Stream, Swarm};
use tangle_sync::{PeerClass, PeerKey};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::address::ip;
use crate::book::{Book, Dial, Purpose};
use crate::conversation::Line;
use crate::dial::resolve;
use crate::handle::{Board, Command, ConnectionState, PeerState, Shown, Traffic};
use crate::inbox::Inbox;
use crate::start::Behaviour;
use crate::streams::Use;
use crate::{CloseReason, Direction, NetworkConfig, ban_file};

/// How often the book is asked who is due.
const TICK: Duration = Duration::from_millis(200);
/// How often new bans are written.
const BANS_PAUSE: Duration = Duration::from_secs(5);
/// Two sides that dial within this time dial at once.
const SIMULTANEOUS: Duration = Duration::from_secs(5);
/// Longer than two heartbeats are apart.
const DEAF: Duration = Duration::from_secs(35);
/// Conversations whose events nobody has read to the end; when there are so many, whoever reads
/// is stuck, and nobody new is taken.
const LANES_MAX: usize = 1_024;

/// The driver.
pub(crate) struct Driver {
    config: NetworkConfig,
    swarm: Swarm<Behaviour>,
    book: Book,
    board: Arc<Board>,
    inbox: Arc<Inbox>,
    commands: mpsc::Receiver<Command>,
    /// Conversations, one for a peer.
    links: BTreeMap<PeerId, Link>,
    /// Dials on their way; at most one for a peer.
    dials: HashMap<ConnectionId, Dial>,
    /// Established connections.
    connections: HashMap<ConnectionId, Connection>,
    /// Names being looked up; at most one task for a peer.
    lookups: JoinSet<(Dial, Option<String>)>,
    /// Conversations; one task for a neighbour.
    conversations: JoinSet<(PeerId, PeerKey, CloseReason)>,
    next_key: u32,
    search_at: Instant,
    /// When new bans may be written.
    write_bans_at: Instant,
    is_stopping: bool,
}

/// A conversation.
#[derive(Debug)]
struct Link {
    key: PeerKey,
    connection: ConnectionId,
    direction: Direction,
    class: PeerClass,
    address: Multiaddr,
    agent: Option<String>,
    line: Arc<Line>,
}

/// An established connection.
#[derive(Debug)]
struct Connection {
    peer: PeerId,
    address: Multiaddr,
    direction: Direction,
    /// What the peer calls its software, once it has said so.
    agent: Option<String>,
    /// The dial that is over when this connection has served it.
    dial: Option<Dial>,
    /// A stream for cones that came before the one for gossip.
    cones: Option<Stream>,
}

impl Driver {
    pub(crate) fn new(
        config: NetworkConfig,
        swarm: Swarm<Behaviour>,
        book: Book,
        board: Arc<Board>,
        inbox: Arc<Inbox>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            config,
            swarm,
            book,
            board,
            inbox,
            commands,
            links: BTreeMap::new(),
            dials: HashMap::new(),
            connections: HashMap::new(),
            lookups: JoinSet::new(),
            conversations: JoinSet::new(),
            next_key: 1,
            search_at: Instant::now(),
            write_bans_at: Instant::now(),
            is_stopping: false,
        }
    }

    /// Runs until it is told to stop, or nobody holds a handle.
    pub(crate) async fn run(mut self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_stopping {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                Some(ended) = self.conversations.join_next() => self.on_ended(ended.ok()),
                Some(found) = self.lookups.join_next() => self.on_looked_up(found.ok()),
                command = self.commands.recv() => self.on_command(command).await,
                _ = tick.tick() => self.on_tick(Instant::now()),
            }
        }
        self.inbox.close_all();
    }

    fn on_tick(&mut self, now: Instant) {
        let found = |link: &&Link| {
            link.class == PeerClass::Unknown && link.direction == Direction::Outbound
        };
        let found_count = self.links.values().filter(found).count();
        let admission = &mut self.swarm.behaviour_mut().streams.admission;
        admission.expire(now);
        let has_room = |address: &Multiaddr| admission.has_room(ip(address));
        for dial in self.book.due(now, found_count, has_room) {
            if let Some(dial) = self.use_connection(dial, now) {
                self.lookups.spawn(resolve(dial));
            }
        }
        self.search(now, found_count);
        if now >= self.write_bans_at {
            self.write_bans_at = now + BANS_PAUSE;
            self.keep_bans();
        }
        self.show();
    }

    /// Writes the bans if there are new ones, as [`Driver::keep`] does with the peers.
    fn keep_bans(&mut self) {
        let admission = &mut self.swarm.behaviour_mut().streams.admission;
        let has_new_bans = admission.take_new_bans();
        if let Some(path) = self.config.peer_file.as_deref().filter(|_| has_new_bans)
            && let Err(error) = ban_file::write(&ban_file::path(path), admission)
        {
            tracing::warn!(%error, "the list of bans was not written");
        }
    }

    /// Serves a dial by a connection that this node opened for another purpose; gives it back when
    /// there is none.
    fn use_connection(&mut self, dial: Dial, now: Instant) -> Option<Dial> {
        let is_fitting = |connection: &Connection| {
            connection.peer == dial.peer
                && connection.direction == Direction::Outbound
                && connection.dial.is_none()
        };
        let mut connections = self.connections.iter_mut();
        let Some((id, connection)) = connections.find(|(_, connection)| is_fitting(connection))
        else {
            return Some(dial);
        };
        match dial.purpose {
            Purpose::Gossip => {
                let streams = &mut self.swarm.behaviour_mut().streams;
                streams.open(dial.peer, *id, Use::Gossip);
                connection.dial = Some(dial);
            }
            // Only finding peers opens other connections, by a protocol of this network.
            Purpose::Trial => self.book.tried(&dial.peer, true, now),
        }
        None
    }

    fn on_looked_up(&mut self, found: Option<(Dial, Option<String>)>) {
        let Some((dial, trouble)) = found else {
            return;
        };
        let now = Instant::now();
        if dial.addresses.is_empty() {
            let trouble = trouble.unwrap_or_else(|| "it has no address".to_owned());
            self.book.failed(&dial, trouble, now);
            return;
        }
        let options = DialOpts::peer_id(dial.peer)
            .condition(PeerCondition::Always)
            .addresses(dial.addresses.clone())
            // A dial from the port that the node listens on can meet one that comes the other
            // way, and neither side would then be the one that was dialed.
            .allocate_new_port()
            .build();
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => {
                self.dials.insert(connection, dial);
            }
            Err(error) => self.book.failed(&dial, error.to_string(), now),
        }
    }

    fn on_ended(&mut self, ended: Option<(PeerId, PeerKey, CloseReason)>) {
        let Some((peer, key, reason)) = ended else {
            tracing::error!("a conversation ended by a panic");
            return;
        };
        self.board
            .lines
            .write()
            .expect("no holder panics")
            .remove(&key);
        self.inbox.close(key, reason.clone());
        // It may have been replaced.
        let Some(link) = self.links.remove(&peer) else {
            return;
        };
        if link.key != key {
            self.links.insert(peer, link);
            return;
        }
        tracing::debug!(%peer, %reason, "a neighbour is gone");
        let now = Instant::now();
        let connection = CloseConnection::One(link.connection);
        self.swarm.behaviour_mut().streams.close(peer, connection);
        self.book
            .disconnected(peer, link.line.age(), reason.to_string(), now);
        match reason {
            CloseReason::Banned(duration) => self.ban(peer, Some(&link.address), duration, now),
            CloseReason::Malformed(_) | CloseReason::MalformedCone(_)
                if link.class == PeerClass::Unknown =>
            {
                self.ban(peer, Some(&link.address), self.config.timing.ban, now);
            }
            CloseReason::NoGreeting(_) if link.class == PeerClass::Unknown => {
                self.ban(peer, Some(&link.address), self.config.timing.mute_ban, now);
            }
            _ => {}
        }
        self.show();
    }

    fn ban(&mut self, peer: PeerId, address: Option<&Multiaddr>, span: Duration, now: Instant) {
        let streams = &mut self.swarm.behaviour_mut().streams;
        streams
            .admission
            .ban(peer, address.and_then(ip), now + span);
        streams.close(peer, CloseConnection::All);
    }

    /// Shows everybody which peers there are.
    pub(crate) fn show(&self) {
        let shown = self.book.iter().map(|(id, entry)| {
            let link = self.links.get(id);
            let class = match entry.is_known {
                true => PeerClass::Known,
                false => PeerClass::Unknown,
            };
            Shown {
                state: PeerState {
                    id: *id,
                    alias: entry.alias.clone(),
                    addresses: entry.addresses.clone(),
                    class,
                    connection: link.map(Link::state),
                    trouble: entry.trouble.clone(),
                },
                line: link.map(|link| Arc::clone(&link.line)),
            }
        });
        let shown = Arc::new(shown.collect::<Vec<_>>());
        *self.board.peers.write().expect("no holder panics") = shown;
    }
}

impl Link {
    fn state(&self) -> ConnectionState {
        ConnectionState {
            key: self.key,
            address: self.address.clone(),
            direction: self.direction,
            agent: self.agent.clone(),
            age: Duration::ZERO,
            received: Traffic::default(),
            sent: Traffic::default(),
            dropped_count: 0,
            lost_count: 0,
            waiting_count: 0,
        }
    }
}
