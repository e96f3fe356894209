//! Connections come about, carry a stream, and go.

use std::sync::Arc;
use std::time::Duration;

use libp2p_core::connection::ConnectedPoint;
use libp2p_identity::PeerId;
use libp2p_swarm::{CloseConnection, ConnectionId, DialError, Stream, SwarmEvent};
use tangle_sync::{PeerClass, PeerKey};
use tokio::time::Instant;

use super::{Connection, DEAF, Driver, LANES_MAX, Link, SIMULTANEOUS};
use crate::book::Purpose;
use crate::conversation::{Line, talk};
use crate::queue::{ConeQueue, SendQueue};
use crate::start::BehaviourEvent;
use crate::streams::{StreamEvent, StreamOutcome, Use};
use crate::{CloseReason, ConnectedPeer, Direction};

impl Driver {
    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Streams(event)) => self.on_stream(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::Behaviour(BehaviourEvent::Kad(event)) => self.on_kad(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => self.on_established(peer_id, connection_id, &endpoint),
            SwarmEvent::ConnectionClosed {
                connection_id,
                cause,
                ..
            } => {
                let cause = cause.map_or_else(|| "it was closed".to_owned(), |e| e.to_string());
                self.on_closed(connection_id, cause);
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => self.on_dial_failed(connection_id, &error),
            SwarmEvent::IncomingConnectionError { error, .. } => {
                tracing::trace!(%error, "an incoming connection came to nothing");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                self.board
                    .listening
                    .write()
                    .expect("no holder panics")
                    .push(address);
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                let mut listening = self.board.listening.write().expect("no holder panics");
                listening.retain(|other| *other != address);
            }
            SwarmEvent::ListenerClosed { addresses, .. } => {
                tracing::error!(?addresses, "the node no longer listens");
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(%error, "a connection could not be accepted");
            }
            _ => {}
        }
    }

    fn on_established(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        let dial = self.dials.remove(&id);
        let is_for_gossip = dial
            .as_ref()
            .is_some_and(|dial| dial.purpose == Purpose::Gossip);
        let direction = match endpoint {
            ConnectedPoint::Dialer { .. } => Direction::Outbound,
            ConnectedPoint::Listener { .. } => Direction::Inbound,
        };
        let connection = Connection {
            peer,
            address: endpoint.get_remote_address().clone(),
            direction,
            agent: None,
            dial,
            cones: None,
        };
        self.connections.insert(id, connection);
        if is_for_gossip {
            self.swarm
                .behaviour_mut()
                .streams
                .open(peer, id, Use::Gossip);
        }
    }

    /// A connection that ends before it has served its dial is a dial that failed: the other side
    /// may have no room.
    fn on_closed(&mut self, id: ConnectionId, cause: String) {
        if let Some(connection) = self.connections.remove(&id)
            && let Some(dial) = connection.dial
        {
            let trouble = format!("{}: {cause}", connection.address);
            self.book.failed(&dial, trouble, Instant::now());
        }
    }

    fn on_dial_failed(&mut self, id: ConnectionId, error: &DialError) {
        let Some(dial) = self.dials.remove(&id) else {
            return;
        };
        if let DialError::WrongPeerId { address, .. } | DialError::LocalPeerId { address } = error {
            let mut place = address.clone();
            place.pop();
            self.book.forget_address(&dial.peer, &place);
            self.book.forget_address(&dial.peer, address);
        }
        let trouble = trouble(error);
        tracing::debug!(peer = %dial.peer, %trouble, "a peer was not reached");
        self.book.failed(&dial, trouble, Instant::now());
    }

    fn on_stream(&mut self, event: StreamEvent) {
        let StreamEvent {
            peer,
            connection,
            outcome,
        } = event;
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.dial = None;
        }
        match outcome {
            StreamOutcome::Opened(stream, direction) => {
                self.on_opened(peer, connection, stream, direction);
            }
            StreamOutcome::ConesOpened(stream) => self.on_cones_opened(peer, connection, stream),
            StreamOutcome::Refused(trouble) => {
                let now = Instant::now();
                self.close(peer, connection);
                if !self.links.contains_key(&peer) {
                    let trouble = format!("it does not gossip on this network: {trouble}");
                    self.book
                        .disconnected(peer, std::time::Duration::ZERO, trouble, now);
                    self.book.leave_alone(&peer, now);
                }
            }
        }
    }

    fn on_opened(&mut self, peer: PeerId, id: ConnectionId, stream: Stream, direction: Direction) {
        let Some(connection) = self.connections.get(&id) else {
            // It is gone again.
            return;
        };
        let (address, agent) = (connection.address.clone(), connection.agent.clone());
        let is_known = self.book.is_known(&peer);
        if !self.is_welcome(&peer, id, direction, is_known) {
            // Dropping the stream resets it.
            self.close(peer, id);
            if !self.links.contains_key(&peer) {
                let trouble = "there was no room for it".to_owned();
                self.book
                    .disconnected(peer, Duration::ZERO, trouble, Instant::now());
            }
            return;
        }
        let key = PeerKey(self.next_key);
        self.next_key = self.next_key.wrapping_add(1);
        let class = if is_known {
            PeerClass::Known
        } else {
            PeerClass::Unknown
        };
        let limits = self.config.limits;
        let line = Arc::new(Line::new(
            SendQueue::new(
                limits.send_count_max,
                limits.send_bytes_max,
                self.config.conditions.get(&peer).copied(),
            ),
            ConeQueue::new(limits.cone_bytes_max),
        ));
        let connected = ConnectedPeer {
            id: peer,
            class,
            address: address.clone(),
            direction,
        };
        tracing::debug!(%peer, %address, ?direction, ?class, "a neighbour is there");
        let link = Link {
            key,
            connection: id,
            direction,
            class,
            address,
            agent,
            line: Arc::clone(&line),
        };
        if let Some(old) = self.links.insert(peer, link) {
            old.line.close(CloseReason::Replaced);
            self.close(peer, old.connection);
        }
        self.book.connected(peer, Instant::now());
        let mut lines = self.board.lines.write().expect("no holder panics");
        lines.insert(key, Arc::clone(&line));
        drop(lines);
        let lane = self.inbox.open(key, connected);
        let mut timing = self.config.timing;
        if is_known {
            timing.greeting = timing.read;
        }
        self.conversations
            .spawn(async move { (peer, key, talk(stream, lane, line, timing).await) });
        self.begin_cones(peer, id, direction);
        self.show();
    }

    /// Opens the stream for cones of a conversation that has begun, or takes the one that is there.
    fn begin_cones(&mut self, peer: PeerId, id: ConnectionId, direction: Direction) {
        if direction == Direction::Outbound {
            let streams = &mut self.swarm.behaviour_mut().streams;
            streams.open(peer, id, Use::Cones);
        } else if let Some(connection) = self.connections.get_mut(&id)
            && let Some(stream) = connection.cones.take()
        {
            self.on_cones_opened(peer, id, stream);
        }
    }

    /// The stream for cones belongs to the conversation on the same connection, which may be about
    /// to begin.
    fn on_cones_opened(&mut self, peer: PeerId, id: ConnectionId, stream: Stream) {
        match self.links.get(&peer) {
            Some(link) if link.connection == id => link.line.add_cones(stream),
            _ => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.cones = Some(stream);
                }
            }
        }
    }

    /// Whether a conversation on this connection is wanted.
    fn is_welcome(
        &self,
        peer: &PeerId,
        connection: ConnectionId,
        direction: Direction,
        is_known: bool,
    ) -> bool {
        if self.inbox.lane_count() >= LANES_MAX
            || self.swarm.behaviour().streams.admission.is_banned(peer)
        {
            return false;
        }
        if let Some(old) = self.links.get(peer) {
            if old.connection == connection {
                return false;
            }
            if old.line.silence() >= DEAF {
                return true;
            }
            let is_simultaneous = old.direction != direction && old.line.age() < SIMULTANEOUS;
            let is_ours_kept = self.swarm.local_peer_id() < peer;
            return is_simultaneous && is_ours_kept == (direction == Direction::Outbound);
        }
        let is_stranger =
            |link: &&Link| link.class == PeerClass::Unknown && link.direction == Direction::Inbound;
        is_known
            || direction == Direction::Outbound
            || self.links.values().filter(is_stranger).count()
                < self.config.limits.unknown_count_max
    }

    pub(super) fn close(&mut self, peer: PeerId, connection: ConnectionId) {
        let connection = CloseConnection::One(connection);
        self.swarm.behaviour_mut().streams.close(peer, connection);
    }
}

/// Why a dial failed, in the words that help an operator.
fn trouble(error: &DialError) -> String {
    match error {
        DialError::Transport(errors) => {
            let reasons = errors.iter().map(|(address, error)| {
                let mut reason = error.to_string();
                let mut source = std::error::Error::source(error);
                while let Some(deeper) = source {
                    reason = deeper.to_string();
                    source = deeper.source();
                }
                format!("{address}: {reason}")
            });
            reasons.collect::<Vec<_>>().join("; ")
        }
        DialError::WrongPeerId { obtained, address } => {
            format!("{address} belongs to another peer, {obtained}")
        }
        DialError::LocalPeerId { address } => format!("{address} is this node itself"),
        other => other.to_string(),
    }
}
