//! Finding peers: what others say about themselves (identify) and about others (Kademlia).

use std::net::IpAddr;
use std::time::Duration;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use libp2p_kad::QueryResult;
use tokio::time::Instant;

use super::Driver;
use crate::address::{ip, is_local, is_told_in_earnest, transport, without_peer};
use crate::book::{Dial, Purpose};
use crate::start::{gossip_protocol, kad_protocol};

/// How often peers are searched for while some are missing.
const SEARCH_INTERVAL: Duration = Duration::from_secs(15);
/// Pause before the search when somebody new can be asked.
const SEARCH_PAUSE: Duration = Duration::from_secs(1);
/// Addresses that are taken from what one peer says of itself.
const ADDRESSES_MAX: usize = 8;
/// Most characters of a peer's software that are shown.
const AGENT_LENGTH_MAX: usize = 64;

impl Driver {
    pub(super) fn on_identify(&mut self, event: libp2p_identify::Event) {
        let libp2p_identify::Event::Received {
            connection_id,
            peer_id: peer,
            info,
        } = event
        else {
            return;
        };
        let Some(connection) = self.connections.get_mut(&connection_id) else {
            return;
        };
        let now = Instant::now();
        let is_trial = |dial: &Dial| dial.purpose == Purpose::Trial;
        let is_trial = connection.dial.take_if(|dial| is_trial(dial)).is_some();
        let is_teller_local = ip(&connection.address).is_some_and(is_local);
        let speaks = |name: String| info.protocols.iter().any(|other| other.as_ref() == name);
        let is_alike = speaks(gossip_protocol(self.config.network_id));
        let is_finder = speaks(kad_protocol(self.config.network_id));
        // The conversation may begin later.
        connection.agent = Some(printable(&info.agent_version));
        if let Some(link) = self.links.get_mut(&peer) {
            link.agent.clone_from(&connection.agent);
        }
        if is_alike {
            let told = info.listen_addrs.into_iter();
            let addresses = self.believable(told, is_teller_local);
            self.book.learn(peer, &addresses, now);
            if is_finder && let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
                for address in addresses {
                    kad.add_address(&peer, address);
                }
                // A search before anybody was known found nobody.
                self.search_at = self.search_at.min(now + SEARCH_PAUSE);
            }
        }
        if is_trial {
            self.book.tried(&peer, is_alike, now);
            self.close(peer, connection_id);
        }
    }

    pub(super) fn on_kad(&mut self, event: libp2p_kad::Event) {
        let libp2p_kad::Event::OutboundQueryProgressed {
            result: QueryResult::GetClosestPeers(Ok(found)),
            ..
        } = event
        else {
            return;
        };
        let now = Instant::now();
        for peer in found.peers {
            let addresses = self.believable(peer.addrs.into_iter(), true);
            self.book.learn(peer.peer_id, &addresses, now);
        }
    }

    /// Looks for more peers when there are too few.
    pub(super) fn search(&mut self, now: Instant, found_count: usize) {
        let Some(discovery) = self.config.discovery else {
            return;
        };
        if now < self.search_at || found_count >= discovery.peer_count {
            return;
        }
        self.search_at = now + SEARCH_INTERVAL;
        if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
            // A random place in the key space: everybody's neighbourhood is seen in time.
            kad.get_closest_peers(PeerId::random());
        }
    }

    /// The addresses that can be dialed; names are not looked up for others.
    fn believable(
        &self,
        told: impl Iterator<Item = Multiaddr>,
        is_teller_local: bool,
    ) -> Vec<Multiaddr> {
        let is_local_allowed = is_teller_local && !self.config.limits.is_local_strict;
        let places = told.take(4 * ADDRESSES_MAX).map(|told| without_peer(&told));
        let is_good = |ip: IpAddr| is_told_in_earnest(ip, is_local_allowed);
        places
            .filter(|address| transport(address).is_some() && ip(address).is_some_and(is_good))
            .take(ADDRESSES_MAX)
            .collect()
    }
}

fn printable(text: &str) -> String {
    let printable = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    printable.take(AGENT_LENGTH_MAX).collect()
}
