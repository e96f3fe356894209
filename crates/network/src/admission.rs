//! Which connections are let in: bans, half-open ones, guests by network prefix.
//!
//! Known peers are always let in. Everybody else is a guest: there is room for a number of guests
//! altogether, and for a few from one network, so that nobody who has many addresses of one kind
//! surrounds the node. A guest that is inside is never sent away to make room for another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use libp2p_identity::PeerId;
use libp2p_swarm::ConnectionId;
use tokio::time::Instant;

use crate::address::{Prefix, is_local};
use crate::config::Limits;

/// Connections with one peer: both sides may dial at once, for gossip and to find others.
const PER_PEER_MAX: usize = 4;
/// Most bans; the one that ends first gives way.
pub(crate) const BANS_MAX: usize = 4_096;

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("it is banned")]
    Banned,
    #[error("too many connections are being established")]
    Pending,
    #[error("too many connections are being established from its address")]
    PendingFromIp,
    #[error("there are too many guests")]
    Guests,
    #[error("there are too many guests from its network")]
    Prefix,
    #[error("it has connections already")]
    Peer,
}

/// Who is in and who may come in.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    known: BTreeSet<PeerId>,
    /// Incoming connections that are not established yet.
    pending: HashMap<ConnectionId, Option<IpAddr>>,
    inside: HashMap<ConnectionId, (PeerId, Option<IpAddr>)>,
    banned_peers: BTreeMap<PeerId, Instant>,
    banned_ips: BTreeMap<IpAddr, Instant>,
    /// Whether bans were added that nobody has asked for yet.
    has_new_bans: bool,
}

impl Admission {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            known: BTreeSet::new(),
            pending: HashMap::new(),
            inside: HashMap::new(),
            banned_peers: BTreeMap::new(),
            banned_ips: BTreeMap::new(),
            has_new_bans: false,
        }
    }

    /// Says that a peer is known, or no longer.
    pub(crate) fn set_known(&mut self, peer: PeerId, is_known: bool) {
        if is_known {
            self.known.insert(peer);
            self.banned_peers.remove(&peer);
        } else {
            self.known.remove(&peer);
        }
    }

    /// Keeps a peer out until `end`, and with it its IP address unless many may share that one.
    pub(crate) fn ban(&mut self, peer: PeerId, ip: Option<IpAddr>, end: Instant) {
        insert(&mut self.banned_peers, peer, end);
        self.has_new_bans = true;
        if let Some(ip) = ip
            && !self.known.contains(&peer)
        {
            self.ban_ip(ip, end);
        }
    }

    /// Keeps an IP address out until `end`, unless many may share it.
    pub(crate) fn ban_ip(&mut self, ip: IpAddr, end: Instant) {
        if !self.is_exempt(ip) {
            insert(&mut self.banned_ips, ip, end);
        }
    }

    /// Peers that are kept out, and until when.
    pub(crate) fn banned_peers(&self) -> impl Iterator<Item = (&PeerId, Instant)> {
        self.banned_peers.iter().map(|(peer, end)| (peer, *end))
    }

    /// IP addresses that are kept out, and until when.
    pub(crate) fn banned_ips(&self) -> impl Iterator<Item = (IpAddr, Instant)> {
        self.banned_ips.iter().map(|(ip, end)| (*ip, *end))
    }

    /// Whether somebody was banned since this was asked last.
    pub(crate) fn take_new_bans(&mut self) -> bool {
        std::mem::take(&mut self.has_new_bans)
    }

    /// Forgets bans that are over.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.banned_peers.retain(|_, end| *end > now);
        self.banned_ips.retain(|_, end| *end > now);
    }

    pub(crate) fn is_banned(&self, peer: &PeerId) -> bool {
        self.banned_peers.contains_key(peer)
    }

    /// Somebody connects; who it is, is not known yet.
    pub(crate) fn knock(
        &mut self,
        connection: ConnectionId,
        ip: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        if ip.is_some_and(|ip| self.banned_ips.contains_key(&ip)) {
            return Err(Refusal::Banned);
        }
        if self.pending.len() >= self.limits.pending_count_max {
            return Err(Refusal::Pending);
        }
        if let Some(ip) = ip
            && !self.is_exempt(ip)
            && self
                .pending
                .values()
                .filter(|other| **other == Some(ip))
                .count()
                >= self.limits.pending_per_ip_max
        {
            return Err(Refusal::PendingFromIp);
        }
        self.pending.insert(connection, ip);
        Ok(())
    }

    /// This node dials somebody.
    pub(crate) fn dial(&self, peer: Option<PeerId>) -> Result<(), Refusal> {
        if peer.is_some_and(|peer| self.is_banned(&peer)) {
            return Err(Refusal::Banned);
        }
        Ok(())
    }

    /// A connection is established, in either direction.
    pub(crate) fn enter(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        ip: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        self.pending.remove(&connection);
        if self.is_banned(&peer) {
            return Err(Refusal::Banned);
        }
        let same_peer = self.inside.values().filter(|(other, _)| *other == peer);
        if same_peer.count() >= PER_PEER_MAX {
            return Err(Refusal::Peer);
        }
        if !self.known.contains(&peer) {
            self.admit_guest(ip)?;
        }
        self.inside.insert(connection, (peer, ip));
        Ok(())
    }

    /// A connection has ended, or did not come about.
    pub(crate) fn leave(&mut self, connection: ConnectionId) {
        self.pending.remove(&connection);
        self.inside.remove(&connection);
    }

    /// Whether a guest from this address would find room.
    pub(crate) fn has_room(&self, ip: Option<IpAddr>) -> bool {
        self.admit_guest(ip).is_ok()
    }

    fn admit_guest(&self, ip: Option<IpAddr>) -> Result<(), Refusal> {
        let guests = || {
            self.inside
                .values()
                .filter(|(peer, _)| !self.known.contains(peer))
        };
        if guests().count() >= self.limits.guest_count_max {
            return Err(Refusal::Guests);
        }
        if let Some(ip) = ip
            && !self.is_exempt(ip)
        {
            let prefix = Prefix::from(ip);
            let neighbours = guests().filter(|(_, ip)| ip.map(Prefix::from) == Some(prefix));
            if neighbours.count() >= self.limits.per_prefix_max {
                return Err(Refusal::Prefix);
            }
        }
        Ok(())
    }

    fn is_exempt(&self, ip: IpAddr) -> bool {
        is_local(ip) && !self.limits.is_local_strict
    }
}

fn insert<K: Ord + Copy>(bans: &mut BTreeMap<K, Instant>, key: K, end: Instant) {
    if bans.len() >= BANS_MAX
        && let Some(first) = bans
            .iter()
            .min_by_key(|(_, end)| **end)
            .map(|(key, _)| *key)
    {
        bans.remove(&first);
    }
    let ends = bans.entry(key).or_insert(end);
    *ends = end.max(*ends);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn connection(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an IP address"))
    }

    fn admission() -> Admission {
        Admission::new(Limits {
            pending_count_max: 5,
            pending_per_ip_max: 2,
            guest_count_max: 4,
            per_prefix_max: 2,
            ..Limits::default()
        })
    }

    #[test]
    fn half_open_connections_are_bounded_by_address_and_altogether() {
        let mut admission = admission();
        assert_eq!(admission.knock(connection(1), ip("192.0.2.1")), Ok(()));
        assert_eq!(admission.knock(connection(2), ip("192.0.2.1")), Ok(()));
        let refused = admission.knock(connection(3), ip("192.0.2.1"));
        assert_eq!(refused, Err(Refusal::PendingFromIp));
        for number in 4..7 {
            assert_eq!(admission.knock(connection(number), ip("127.0.0.1")), Ok(()));
        }
        let refused = admission.knock(connection(7), ip("192.0.2.7"));
        assert_eq!(refused, Err(Refusal::Pending));
        admission.leave(connection(1));
        assert_eq!(admission.knock(connection(8), ip("192.0.2.1")), Ok(()));
    }

    #[test]
    fn guests_are_bounded_by_network_and_altogether_but_known_peers_are_not() {
        let mut admission = admission();
        let mut number = 0;
        let mut enter = |admission: &mut Admission, peer, address| {
            number += 1;
            admission.enter(connection(number), peer, ip(address))
        };
        let guest = PeerId::random;
        assert_eq!(enter(&mut admission, guest(), "192.0.2.1"), Ok(()));
        assert_eq!(enter(&mut admission, guest(), "192.0.2.2"), Ok(()));
        let refused = enter(&mut admission, guest(), "192.0.2.3");
        assert_eq!(refused, Err(Refusal::Prefix));
        assert!(!admission.has_room(ip("192.0.2.4")) && admission.has_room(ip("192.0.3.4")));
        assert_eq!(enter(&mut admission, guest(), "10.0.0.1"), Ok(()));
        assert_eq!(enter(&mut admission, guest(), "10.0.0.2"), Ok(()));
        let refused = enter(&mut admission, guest(), "198.51.100.1");
        assert_eq!(refused, Err(Refusal::Guests));
        let known = guest();
        admission.set_known(known, true);
        assert_eq!(enter(&mut admission, known, "192.0.2.9"), Ok(()));
    }

    #[test]
    fn ban_keeps_a_peer_and_its_address_out_until_it_ends() {
        let mut admission = admission();
        let (now, peer) = (Instant::now(), PeerId::random());
        let end = now + Duration::from_secs(60);
        admission.ban(peer, ip("192.0.2.1"), end);
        let refused = admission.enter(connection(1), peer, ip("198.51.100.1"));
        assert_eq!(refused, Err(Refusal::Banned));
        assert_eq!(admission.dial(Some(peer)), Err(Refusal::Banned));
        assert_eq!(
            admission.knock(connection(3), ip("192.0.2.1")),
            Err(Refusal::Banned)
        );
        admission.expire(end);
        assert_eq!(admission.knock(connection(3), ip("192.0.2.1")), Ok(()));
        assert_eq!(
            admission.enter(connection(3), peer, ip("192.0.2.1")),
            Ok(())
        );
    }

    #[test]
    fn ban_of_a_peer_on_this_machine_leaves_others_on_it_alone() {
        let mut admission = admission();
        let end = Instant::now() + Duration::from_secs(60);
        admission.ban(PeerId::random(), ip("127.0.0.1"), end);
        assert_eq!(admission.knock(connection(1), ip("127.0.0.1")), Ok(()));
    }

    #[test]
    fn one_peer_has_few_connections() {
        let mut admission = admission();
        let peer = PeerId::random();
        admission.set_known(peer, true);
        for number in 0..PER_PEER_MAX {
            assert_eq!(admission.enter(connection(number), peer, None), Ok(()));
        }
        assert_eq!(
            admission.enter(connection(9), peer, None),
            Err(Refusal::Peer)
        );
        admission.leave(connection(0));
        assert_eq!(admission.enter(connection(9), peer, None), Ok(()));
    }
}
