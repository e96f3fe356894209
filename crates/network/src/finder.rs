//! Kademlia, kept from dialing what others make up.
//!
//! A search dials the addresses that its answers tell, whatever they are. Here they pass the same
//! test as all that is told: somebody outside cannot make a node connect to places within its own
//! network, nor look up names.

use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p_core::transport::PortUse;
use libp2p_core::{Endpoint, Multiaddr};
use libp2p_identity::PeerId;
use libp2p_kad::store::{MemoryStore, MemoryStoreConfig};
use libp2p_swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, StreamProtocol, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};

use crate::address::{ip, is_told_in_earnest, transport, without_peer};

/// How often the table of neighbours in the key space is refreshed.
const BOOTSTRAP_INTERVAL: Duration = Duration::from_secs(300);
/// Longest Kademlia message.
const PACKET_BYTES_MAX: usize = 16 << 10;

type Kademlia = libp2p_kad::Behaviour<MemoryStore>;

/// Finds peers; keeps no records for anybody.
pub(crate) struct Finder {
    kademlia: Kademlia,
    is_local_strict: bool,
}

impl Finder {
    pub(crate) fn new(id: PeerId, protocol: StreamProtocol, is_local_strict: bool) -> Self {
        let store = MemoryStoreConfig {
            max_records: 0,
            max_provided_keys: 0,
            ..MemoryStoreConfig::default()
        };
        let mut config = libp2p_kad::Config::new(protocol);
        config
            .set_record_filtering(libp2p_kad::StoreInserts::FilterBoth)
            .set_replication_interval(None)
            .set_publication_interval(None)
            .set_provider_publication_interval(None)
            .set_kbucket_inserts(libp2p_kad::BucketInserts::Manual)
            .set_periodic_bootstrap_interval(Some(BOOTSTRAP_INTERVAL))
            .set_max_packet_size(PACKET_BYTES_MAX);
        let mut kademlia = Kademlia::with_config(id, MemoryStore::with_config(id, store), config);
        kademlia.set_mode(Some(libp2p_kad::Mode::Server));
        Self {
            kademlia,
            is_local_strict,
        }
    }
}

impl Deref for Finder {
    type Target = Kademlia;

    fn deref(&self) -> &Kademlia {
        &self.kademlia
    }
}

impl DerefMut for Finder {
    fn deref_mut(&mut self) -> &mut Kademlia {
        &mut self.kademlia
    }
}

impl NetworkBehaviour for Finder {
    type ConnectionHandler = <Kademlia as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = <Kademlia as NetworkBehaviour>::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.kademlia
            .handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kademlia
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let mut told = self
            .kademlia
            .handle_pending_outbound_connection(connection, peer, addresses, role)?;
        told.retain(|address| {
            let is_good = |ip| is_told_in_earnest(ip, !self.is_local_strict);
            let place = without_peer(address);
            transport(&place).is_some() && ip(&place).is_some_and(is_good)
        });
        Ok(told)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kademlia
            .handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.kademlia.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.kademlia
            .on_connection_handler_event(peer, connection, event);
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.kademlia.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses that a search would dial after it was told all kinds.
    fn dialed(is_local_strict: bool) -> Vec<String> {
        let protocol = StreamProtocol::new("/kad/1.0.0");
        let mut finder = Finder::new(PeerId::random(), protocol, is_local_strict);
        let peer = PeerId::random();
        for told in [
            "/ip4/192.0.2.1/tcp/15600",
            "/ip4/127.0.0.1/tcp/22",
            "/ip4/10.0.0.1/tcp/15600",
            "/ip6/fd00::1/tcp/15600",
            "/ip6/::ffff:192.168.0.1/udp/15600/quic-v1",
            "/ip4/224.0.0.1/tcp/15600",
            "/dns4/inside.example/tcp/15600",
            "/ip4/192.0.2.1/tcp/80/ws",
        ] {
            finder.add_address(&peer, told.parse().expect("an address"));
        }
        let connection = ConnectionId::new_unchecked(1);
        let dialed = finder
            .handle_pending_outbound_connection(connection, Some(peer), &[], Endpoint::Dialer)
            .expect("nobody is refused");
        let place = |address: &Multiaddr| without_peer(address).to_string();
        dialed.iter().map(place).collect()
    }

    #[test]
    fn search_dials_no_private_address_when_locals_are_strict() {
        assert_eq!(dialed(true), ["/ip4/192.0.2.1/tcp/15600"]);
    }

    #[test]
    fn search_dials_private_addresses_otherwise_but_no_names_and_no_groups() {
        let expected = [
            "/ip4/192.0.2.1/tcp/15600",
            "/ip4/127.0.0.1/tcp/22",
            "/ip4/10.0.0.1/tcp/15600",
            "/ip6/fd00::1/tcp/15600",
            "/ip6/::ffff:192.168.0.1/udp/15600/quic-v1",
        ];
        assert_eq!(dialed(false), expected);
    }
}
