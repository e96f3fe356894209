//! How often somebody may try to sign in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Attempts of one sender in [`WINDOW`].
pub(super) const ATTEMPTS_MAX: u32 = 10;
/// Time for which attempts are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Senders that are counted at once; while there are so many, nobody else may try.
const SENDERS_MAX: usize = 1_024;

/// Counts attempts by sender.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Guards, by sender, when counting began and how many attempts there were; held for a count.
    counts: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Attempts {
    /// Counts an attempt; whether it may be made.
    pub(super) fn may_try(&self, sender: IpAddr, now: Instant) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, (begin, _)| now.duration_since(*begin) < WINDOW);
        let sender = network_of(sender);
        if counts.len() >= SENDERS_MAX && !counts.contains_key(&sender) {
            return false;
        }
        let (_, count) = counts.entry(sender).or_insert((now, 0));
        *count = count.saturating_add(1);
        *count <= ATTEMPTS_MAX
    }
}

/// Whoever has an address of version 6 has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        canonical => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_of_a_sender_are_few_in_a_minute() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let one: IpAddr = "2001:db8::1".parse().expect("an address");
        let beside: IpAddr = "2001:db8::2".parse().expect("an address");
        let other: IpAddr = "192.0.2.1".parse().expect("an address");
        for _ in 0..ATTEMPTS_MAX {
            assert!(attempts.may_try(one, start));
        }
        assert!(!attempts.may_try(one, start));
        assert!(!attempts.may_try(beside, start), "of the same network");
        assert!(attempts.may_try(other, start));
        assert!(attempts.may_try(one, start + WINDOW));
    }

    #[test]
    fn senders_are_bounded() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for number in 0..SENDERS_MAX as u32 {
            assert!(attempts.may_try(IpAddr::V4(number.into()), start));
        }
        let more = IpAddr::V4((SENDERS_MAX as u32).into());
        assert!(!attempts.may_try(more, start));
        assert!(attempts.may_try(IpAddr::V4(0.into()), start));
        assert!(attempts.may_try(more, start + WINDOW));
    }
}
