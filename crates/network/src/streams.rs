//! The streams of all connections, as a behaviour of the swarm.
//!
//! A connection carries one gossip stream in its life, and one for cones if the other side knows
//! that protocol. Which gossip stream is kept when a peer has several connections is the driver's
//! business; here a second stream of the same kind is reset, and connections that [`Admission`]
//! does not want are refused.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use libp2p_core::transport::PortUse;
use libp2p_core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p_core::{Endpoint, Multiaddr};
use libp2p_identity::PeerId;
use libp2p_swarm::handler::{ConnectionEvent, DialUpgradeError};
use libp2p_swarm::{
    CloseConnection, ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId,
    FromSwarm, NetworkBehaviour, NotifyHandler, Stream, StreamProtocol, SubstreamProtocol,
    THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};

use crate::Direction;
use crate::address::ip;
use crate::admission::Admission;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The messages that every neighbour understands.
    Gossip,
    /// Cones as a whole, with neighbours of this kind.
    Cones,
}

/// What happened to a connection's streams.
#[derive(Debug)]
pub(crate) struct StreamEvent {
    pub(crate) peer: PeerId,
    pub(crate) connection: ConnectionId,
    pub(crate) outcome: StreamOutcome,
}

/// How it came out.
#[derive(Debug)]
pub(crate) enum StreamOutcome {
    /// The gossip stream is there.
    Opened(Stream, Direction),
    /// The stream for cones is there.
    ConesOpened(Stream),
    /// The peer does not speak the protocol of this network, or did not answer.
    Refused(String),
}

/// The behaviour.
#[derive(Debug)]
pub(crate) struct Streams {
    protocols: Protocols,
    negotiation: Duration,
    pub(crate) admission: Admission,
    /// At most four for each connection.
    todo: VecDeque<ToSwarm<StreamEvent, Open>>,
    waker: Option<Waker>,
}

/// Tells a connection to open a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open(Use);

/// The names of the protocols.
#[derive(Clone, Debug)]
pub(crate) struct Protocols {
    pub(crate) gossip: StreamProtocol,
    /// `None` when this node does not speak it.
    pub(crate) cones: Option<StreamProtocol>,
}

impl Protocols {
    fn name(&self, what: Use) -> Option<&StreamProtocol> {
        match what {
            Use::Gossip => Some(&self.gossip),
            Use::Cones => self.cones.as_ref(),
        }
    }
}

impl Streams {
    pub(crate) fn new(protocols: Protocols, negotiation: Duration, admission: Admission) -> Self {
        Self {
            protocols,
            negotiation,
            admission,
            todo: VecDeque::new(),
            waker: None,
        }
    }

    /// Opens a stream of a connection that this node dialed.
    pub(crate) fn open(&mut self, peer_id: PeerId, connection: ConnectionId, what: Use) {
        self.push(ToSwarm::NotifyHandler {
            peer_id,
            handler: NotifyHandler::One(connection),
            event: Open(what),
        });
    }

    /// Closes a connection, or all with a peer.
    pub(crate) fn close(&mut self, peer_id: PeerId, connection: CloseConnection) {
        self.push(ToSwarm::CloseConnection {
            peer_id,
            connection,
        });
    }

    fn push(&mut self, todo: ToSwarm<StreamEvent, Open>) {
        self.todo.push_back(todo);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn handler(&self) -> Handler {
        Handler {
            protocols: self.protocols.clone(),
            negotiation: self.negotiation,
            to_open: VecDeque::new(),
            has_gossip: false,
            has_cones: false,
            outcomes: VecDeque::new(),
        }
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = StreamEvent;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.admission
            .knock(connection, ip(remote))
            .map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admission
            .enter(connection, peer, ip(remote))
            .map_err(ConnectionDenied::new)?;
        Ok(self.handler())
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _connection: ConnectionId,
        peer: Option<PeerId>,
        _addresses: &[Multiaddr],
        _role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.admission.dial(peer).map_err(ConnectionDenied::new)?;
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _role: Endpoint,
        _port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admission
            .enter(connection, peer, ip(address))
            .map_err(ConnectionDenied::new)?;
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.admission.leave(closed.connection_id),
            FromSwarm::DialFailure(failure) => self.admission.leave(failure.connection_id),
            FromSwarm::ListenFailure(failure) => self.admission.leave(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        outcome: THandlerOutEvent<Self>,
    ) {
        self.push(ToSwarm::GenerateEvent(StreamEvent {
            peer,
            connection,
            outcome,
        }));
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some(todo) = self.todo.pop_front() {
            return Poll::Ready(todo);
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Agrees on one of some protocols, and does nothing more.
#[derive(Clone, Debug)]
pub(crate) struct Offer(Vec<(StreamProtocol, Use)>);

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Named(StreamProtocol, Use);

impl AsRef<str> for Named {
    fn as_ref(&self) -> &str {
        self.0.as_ref()
    }
}

impl UpgradeInfo for Offer {
    type Info = Named;
    type InfoIter = std::vec::IntoIter<Named>;

    fn protocol_info(&self) -> Self::InfoIter {
        let named = self.0.iter().map(|(name, what)| Named(name.clone(), *what));
        named.collect::<Vec<_>>().into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = (Stream, Use);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, Named(_, what): Named) -> Self::Future {
        ready(Ok((stream, what)))
    }
}

impl OutboundUpgrade<Stream> for Offer {
    type Output = (Stream, Use);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, Named(_, what): Named) -> Self::Future {
        ready(Ok((stream, what)))
    }
}

/// The part of the behaviour in one connection.
#[derive(Debug)]
pub(crate) struct Handler {
    protocols: Protocols,
    negotiation: Duration,
    /// At most one of each kind.
    to_open: VecDeque<Use>,
    has_gossip: bool,
    has_cones: bool,
    /// At most one for each kind of stream.
    outcomes: VecDeque<StreamOutcome>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = StreamOutcome;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Use;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        let all = [Use::Gossip, Use::Cones].into_iter();
        let names = all.filter_map(|what| Some((self.protocols.name(what)?.clone(), what)));
        SubstreamProtocol::new(Offer(names.collect()), ()).with_timeout(self.negotiation)
    }

    fn poll(
        &mut self,
        _context: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Use, Self::ToBehaviour>> {
        if let Some(outcome) = self.outcomes.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(outcome));
        }
        if let Some(what) = self.to_open.pop_front()
            && let Some(name) = self.protocols.name(what)
        {
            let offer = Offer(vec![(name.clone(), what)]);
            let protocol = SubstreamProtocol::new(offer, what).with_timeout(self.negotiation);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        // Both are filled by events, and the swarm polls again after each.
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, Open(what): Open) {
        let has_one = match what {
            Use::Gossip => self.has_gossip,
            Use::Cones => self.has_cones,
        };
        if !has_one && !self.to_open.contains(&what) {
            self.to_open.push_back(what);
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Use>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(stream) => {
                self.keep(stream.protocol, Direction::Inbound);
            }
            ConnectionEvent::FullyNegotiatedOutbound(stream) => {
                self.keep(stream.protocol, Direction::Outbound);
            }
            // Who does not speak of cones is a neighbour like any other.
            ConnectionEvent::DialUpgradeError(DialUpgradeError {
                error,
                info: Use::Gossip,
            }) if !self.has_gossip => {
                let outcome = StreamOutcome::Refused(error.to_string());
                self.outcomes.push_back(outcome);
            }
            _ => {}
        }
    }
}

impl Handler {
    /// Keeps the first stream of a kind; a second one is dropped, and so reset.
    fn keep(&mut self, (stream, what): (Stream, Use), direction: Direction) {
        let (has_one, outcome) = match what {
            Use::Gossip => (
                &mut self.has_gossip,
                StreamOutcome::Opened(stream, direction),
            ),
            Use::Cones => (&mut self.has_cones, StreamOutcome::ConesOpened(stream)),
        };
        if !std::mem::replace(has_one, true) {
            self.outcomes.push_back(outcome);
        }
    }
}
