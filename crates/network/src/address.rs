//! Multi-addresses: where a peer listens and who it is.

use std::net::IpAddr;

use libp2p_core::Multiaddr;
use libp2p_core::multiaddr::Protocol;
use libp2p_identity::PeerId;

/// Most characters of an address.
const TEXT_LENGTH_MAX: usize = 512;

/// An address with the peer id at its end, such as `/ip4/192.0.2.1/tcp/15600/p2p/12D3KooW…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Who listens there.
    pub id: PeerId,
    /// Where, without the peer id.
    pub address: Multiaddr,
}

/// Why a text is no address of a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a multi-address.
    #[error("{0} is not a multi-address")]
    Format(String),
    /// It does not end in a peer id.
    #[error("{0} does not end in /p2p/ and a peer id")]
    NoPeerId(String),
    /// A transport that this node does not speak.
    #[error("{0}: an address is ip4, ip6, dns, dns4 or dns6 with tcp, or with udp and quic-v1")]
    Transport(String),
}

impl std::str::FromStr for PeerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = || text.chars().take(128).collect::<String>();
        if text.len() > TEXT_LENGTH_MAX {
            return Err(AddressError::Format(shown()));
        }
        let mut address = text
            .parse::<Multiaddr>()
            .map_err(|_| AddressError::Format(shown()))?;
        let Some(Protocol::P2p(id)) = address.pop() else {
            return Err(AddressError::NoPeerId(shown()));
        };
        if transport(&address).is_none() {
            return Err(AddressError::Transport(shown()));
        }
        Ok(Self { id, address })
    }
}

impl std::fmt::Display for PeerAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/p2p/{}", self.address, self.id)
    }
}

/// What an address is spoken to with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransportKind {
    Tcp,
    Quic,
}

/// The transport of an address that this node can dial; nothing may follow it.
pub(crate) fn transport(address: &Multiaddr) -> Option<TransportKind> {
    let mut parts = address.iter();
    match parts.next()? {
        Protocol::Ip4(_)
        | Protocol::Ip6(_)
        | Protocol::Dns(_)
        | Protocol::Dns4(_)
        | Protocol::Dns6(_) => {}
        _ => return None,
    }
    let kind = match parts.next()? {
        Protocol::Tcp(_) => TransportKind::Tcp,
        Protocol::Udp(_) => match parts.next()? {
            Protocol::QuicV1 => TransportKind::Quic,
            _ => return None,
        },
        _ => return None,
    };
    parts.next().is_none().then_some(kind)
}

/// An address without the peer id at its end, if it has one.
pub(crate) fn without_peer(address: &Multiaddr) -> Multiaddr {
    let mut place = address.clone();
    if let Some(Protocol::P2p(_)) = place.iter().last() {
        place.pop();
    }
    place
}

/// The IP address of an address, if it names one.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => Some(IpAddr::V6(ip).to_canonical()),
        _ => None,
    }
}

/// Whether an IP address is of the family that is asked for.
type Fits = fn(&IpAddr) -> bool;

/// The name that has to be looked up first, with the port.
pub(crate) fn name(address: &Multiaddr) -> Option<(String, u16, Fits)> {
    let mut parts = address.iter();
    let any: Fits = |_| true;
    let (name, fits) = match parts.next()? {
        Protocol::Dns(name) => (name, any),
        Protocol::Dns4(name) => (name, IpAddr::is_ipv4 as Fits),
        Protocol::Dns6(name) => (name, IpAddr::is_ipv6 as Fits),
        _ => return None,
    };
    let (Protocol::Tcp(port) | Protocol::Udp(port)) = parts.next()? else {
        return None;
    };
    Some((name.into_owned(), port, fits))
}

/// `address` with its first part, a name, replaced by an IP address.
pub(crate) fn resolved(address: &Multiaddr, ip: IpAddr) -> Multiaddr {
    std::iter::once(Protocol::from(ip))
        .chain(address.iter().skip(1))
        .collect()
}

/// Whether an address is of this machine or of a private network.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
        }
    }
}

/// Whether it makes sense to dial an IP address that somebody else told.
pub(crate) fn is_told_in_earnest(ip: IpAddr, is_local_allowed: bool) -> bool {
    let is_one_host = match ip {
        IpAddr::V4(ip) => !(ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified()),
        IpAddr::V6(ip) => !(ip.is_multicast() || ip.is_unspecified()),
    };
    is_one_host && (is_local_allowed || !is_local(ip))
}

/// The network that an IP address belongs to: its first 24 bits, or 48 for IPv6. Whoever has one
/// address in it usually has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Prefix {
    V4([u8; 3]),
    V6([u8; 6]),
}

impl From<IpAddr> for Prefix {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

    #[test]
    fn address_of_a_peer_has_a_place_and_an_id() {
        for (place, kind) in [
            ("/ip4/127.0.0.1/tcp/15600", TransportKind::Tcp),
            ("/ip6/2001:db8::1/tcp/15600", TransportKind::Tcp),
            ("/dns4/node.example/tcp/15600", TransportKind::Tcp),
            ("/ip4/127.0.0.1/udp/15600/quic-v1", TransportKind::Quic),
        ] {
            let text = format!("{place}/p2p/{ID}");
            let parsed: PeerAddress = text.parse().expect("a good address");
            assert_eq!(parsed.id.to_string(), ID);
            assert_eq!(parsed.address.to_string(), place);
            assert_eq!(parsed.to_string(), text);
            assert_eq!(transport(&parsed.address), Some(kind));
        }
    }

    #[test]
    fn what_is_no_address_of_a_peer_is_refused_with_the_reason() {
        let parse = |text: &str| text.parse::<PeerAddress>().expect_err(text);
        for bad in ["", "x", "/ip4/1.2.3/tcp/1", "/p2p/0OIl", &"/".repeat(600)] {
            assert!(matches!(
                parse(bad),
                AddressError::Format(_) | AddressError::NoPeerId(_)
            ));
        }
        let error = parse("/ip4/127.0.0.1/tcp/15600");
        assert!(matches!(error, AddressError::NoPeerId(_)), "{error}");
        for place in [
            "/ip4/127.0.0.1/udp/1",
            "/ip4/127.0.0.1/tcp/1/ws",
            "",
            "/unix/x",
        ] {
            let error = parse(&format!("{place}/p2p/{ID}"));
            assert!(
                matches!(error, AddressError::Transport(_) | AddressError::Format(_)),
                "{place}: {error}"
            );
        }
    }

    #[test]
    fn neighbours_in_a_network_share_its_prefix() {
        let prefix = |text: &str| Prefix::from(text.parse::<IpAddr>().expect("an IP address"));
        assert_eq!(prefix("192.0.2.1"), prefix("192.0.2.200"));
        assert_ne!(prefix("192.0.2.1"), prefix("192.0.3.1"));
        assert_eq!(prefix("2001:db8:1::1"), prefix("2001:db8:1:ffff::1"));
        assert_ne!(prefix("2001:db8:1::1"), prefix("2001:db8:2::1"));
        let mapped: Multiaddr = "/ip6/::ffff:192.0.2.1/tcp/1".parse().expect("an address");
        assert_eq!(ip(&mapped).map(Prefix::from), Some(prefix("192.0.2.9")));
    }

    #[test]
    fn private_addresses_are_believed_only_where_they_are_allowed() {
        let earnest = |text: &str, allowed| is_told_in_earnest(text.parse().expect(text), allowed);
        assert!(earnest("192.0.2.1", false));
        for local in ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.1.1"] {
            assert!(!earnest(local, false), "{local}");
            assert!(earnest(local, true), "{local}");
        }
        for nobody in ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1"] {
            assert!(!earnest(nobody, true), "{nobody}");
        }
    }

    #[test]
    fn name_gives_way_to_an_ip_address() {
        let address: Multiaddr = "/dns4/node.example/udp/15600/quic-v1"
            .parse()
            .expect("address");
        let (host, port, fits) = name(&address).expect("a name");
        assert_eq!((host.as_str(), port), ("node.example", 15_600));
        let ip = IpAddr::from([192, 0, 2, 1]);
        assert!(fits(&ip) && !fits(&IpAddr::from([0_u16; 8])));
        assert_eq!(
            resolved(&address, ip).to_string(),
            "/ip4/192.0.2.1/udp/15600/quic-v1"
        );
    }
}
