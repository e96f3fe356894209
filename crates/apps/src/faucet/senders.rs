//! How often each sender asks: at most so many times within a minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;

/// Over which requests are counted.
const MINUTE: Duration = Duration::from_secs(60);
/// Senders that are remembered within a minute. When there are more, those who are not among them
/// wait for the next minute.
const SENDERS_MAX: usize = 10_000;

/// Requests of the current minute, by sender.
#[derive(Debug)]
pub(super) struct Senders {
    counts: HashMap<IpAddr, u32>,
    per_minute_max: u32,
    minute: Instant,
}

impl Senders {
    /// At most `per_minute_max` requests of each; 0 means any number.
    pub(super) fn new(per_minute_max: u32) -> Self {
        Self {
            counts: HashMap::new(),
            per_minute_max,
            minute: Instant::now(),
        }
    }

    /// Counts a request; whether it may be taken.
    pub(super) fn allow(&mut self, sender: IpAddr, now: Instant) -> bool {
        if self.per_minute_max == 0 {
            return true;
        }
        if now.duration_since(self.minute) >= MINUTE {
            self.minute = now;
            self.counts.clear();
        }
        let has_room = self.counts.len() < SENDERS_MAX;
        let sender = network_of(sender);
        match self.counts.get_mut(&sender) {
            Some(count) if *count < self.per_minute_max => *count += 1,
            None if has_room => {
                self.counts.insert(sender, 1);
            }
            _ => return false,
        }
        true
    }
}

/// Who sent a request. A proxy on this machine says it in the last entry of `X-Forwarded-For`;
/// nobody else is believed.
pub(super) fn sender(connection: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let address = connection.ip();
    if !address.is_loopback() {
        return address;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok())
        .unwrap_or(address)
}

/// An IPv4 address, or the network in which one machine chooses IPv6 addresses at will.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mut segments = address.segments();
            segments[4..].fill(0);
            IpAddr::V6(Ipv6Addr::from(segments))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_sender_has_its_minute() {
        let mut senders = Senders::new(2);
        let now = Instant::now();
        for (text, is_allowed) in [
            ("192.0.2.1", true),
            ("192.0.2.1", true),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("192.0.2.2", true),
            ("2001:db8::1", true),
            ("2001:db8::2", true),
            ("2001:db8::3", false),
            ("2001:db8:0:1::3", true),
        ] {
            assert_eq!(senders.allow(ip(text), now), is_allowed, "{text}");
        }
        assert!(senders.allow(ip("192.0.2.1"), now + MINUTE));
        let mut unlimited = Senders::new(0);
        assert!((0..100).all(|_| unlimited.allow(ip("192.0.2.1"), now)));
        assert!(unlimited.counts.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let now = Instant::now();
        let mut senders = Senders::new(1);
        let allowed = (0..20_000_u32).filter(|number| {
            let address = IpAddr::from(number.to_be_bytes());
            senders.allow(address, now)
        });
        assert_eq!(allowed.count(), SENDERS_MAX);
        assert_eq!(senders.counts.len(), SENDERS_MAX);
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.9"));
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_static("203.0.113.1, 203.0.113.2"),
        );
        let proxy = SocketAddr::from(([127, 0, 0, 1], 5));
        assert_eq!(sender(proxy, &headers), ip("203.0.113.2"));
        let other = SocketAddr::from(([192, 0, 2, 1], 5));
        assert_eq!(sender(other, &headers), ip("192.0.2.1"));
        assert_eq!(sender(proxy, &HeaderMap::new()), ip("127.0.0.1"));
    }
}
