//! Whom to dial, and when.
//!
//! The book holds known peers, which the operator named, and candidates, which were learned of. It
//! does no input or output: it is told what happened, and asked what is due.
//!
//! Known peers are dialed for ever, with pauses that double up to a limit. Of the candidates, some
//! are dialed to become neighbours; a few more are only tried, so that there are spares whose
//! address is known to work when a neighbour goes.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use crate::address::{TransportKind, transport};
use crate::config::{Discovery, NetworkConfig, Timing};
use crate::{KnownPeer, PeerAddress};

/// Most known peers.
pub(crate) const KNOWN_MAX: usize = 256;
/// Most candidates; when there are so many, one that failed gives way, or the new one is not taken.
const CANDIDATES_MAX: usize = 1_000;
/// Most addresses of a peer.
const ADDRESSES_MAX: usize = 8;
/// Most characters of an alias.
const ALIAS_LENGTH_MAX: usize = 128;
/// Candidates that are dialed at once.
const DIALS_MAX: usize = 4;
/// How long an address that worked is taken to work still.
const SPARE_AGE_MAX: Duration = Duration::from_secs(600);
/// How long QUIC is not tried with a peer after it failed.
const QUIC_PAUSE: Duration = Duration::from_secs(600);
/// How long a candidate of another network is left alone.
const STRANGER_PAUSE: Duration = Duration::from_secs(3_600);
/// A conversation that lasted so long starts the pauses from the shortest again.
const STEADY: Duration = Duration::from_secs(60);

/// The book.
#[derive(Debug)]
pub(crate) struct Book {
    own: PeerId,
    quic: bool,
    timing: Timing,
    discovery: Option<Discovery>,
    entries: BTreeMap<PeerId, Entry>,
    chance: StdRng,
}

/// A peer.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) alias: Option<String>,
    pub(crate) addresses: Vec<Multiaddr>,
    pub(crate) is_known: bool,
    /// Whether it is kept in the file: added at run time.
    is_kept: bool,
    state: State,
    attempts: u32,
    /// When it may be dialed again.
    pub(crate) next: Instant,
    /// When an address of it last worked, for a candidate.
    worked: Option<Instant>,
    quic_pause_end: Option<Instant>,
    /// Why it was not reached last.
    pub(crate) trouble: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Dialing(Purpose),
    Connected,
}

/// What a peer is dialed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To talk with it.
    Gossip,
    /// To see whether its address works.
    Trial,
}

/// A peer to dial now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    pub(crate) peer: PeerId,
    pub(crate) addresses: Vec<Multiaddr>,
    pub(crate) kind: TransportKind,
    pub(crate) purpose: Purpose,
}

impl Book {
    pub(crate) fn new(config: &NetworkConfig) -> Self {
        Self {
            own: config.identity.peer_id(),
            quic: config.quic,
            timing: config.timing,
            discovery: config.discovery,
            entries: BTreeMap::new(),
            chance: StdRng::from_os_rng(),
        }
    }

    /// Known peers and those connected, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerId, &Entry)> {
        let is_shown = |entry: &Entry| entry.is_known || entry.state == State::Connected;
        self.entries
            .iter()
            .filter(move |(_, entry)| is_shown(entry))
    }

    pub(crate) fn is_known(&self, peer: &PeerId) -> bool {
        self.entries.get(peer).is_some_and(|entry| entry.is_known)
    }

    /// Known peers that were added at run time.
    pub(crate) fn kept(&self) -> Vec<KnownPeer> {
        let kept = self.entries.iter().filter(|(_, entry)| entry.is_kept);
        kept.flat_map(|(id, entry)| {
            entry.addresses.iter().map(|address| KnownPeer {
                address: PeerAddress {
                    id: *id,
                    address: address.clone(),
                },
                alias: entry.alias.clone(),
            })
        })
        .collect()
    }

    /// Adds a known peer, or an address of one. `false` when there are too many, or it is this
    /// node itself.
    pub(crate) fn add_known(&mut self, peer: KnownPeer, is_kept: bool, now: Instant) -> bool {
        let id = peer.address.id;
        let is_full = self.entries.values().filter(|entry| entry.is_known).count() >= KNOWN_MAX;
        if id == self.own || (is_full && !self.is_known(&id)) {
            return false;
        }
        let entry = self.entries.entry(id).or_insert_with(|| Entry::new(now));
        entry.is_known = true;
        entry.is_kept |= is_kept;
        entry
            .addresses
            .retain(|known| *known != peer.address.address);
        entry.addresses.insert(0, peer.address.address);
        entry.addresses.truncate(ADDRESSES_MAX);
        entry.next = now;
        entry.attempts = 0;
        if let Some(alias) = peer.alias {
            entry.alias = Some(alias.chars().take(ALIAS_LENGTH_MAX).collect());
        }
        true
    }

    /// Forgets a peer; whether it was known.
    pub(crate) fn remove(&mut self, peer: &PeerId) -> bool {
        self.entries
            .remove(peer)
            .is_some_and(|entry| entry.is_known)
    }

    /// Takes addresses that a peer is said to have. A peer that nobody asked for becomes a
    /// candidate when candidates are looked for.
    pub(crate) fn learn(&mut self, peer: PeerId, addresses: &[Multiaddr], now: Instant) {
        if peer == self.own || addresses.is_empty() {
            return;
        }
        if !self.entries.contains_key(&peer) && !self.has_room_for_candidate() {
            return;
        }
        let entry = self.entries.entry(peer).or_insert_with(|| Entry::new(now));
        for address in addresses.iter().take(ADDRESSES_MAX) {
            if !entry.addresses.contains(address) && entry.addresses.len() < ADDRESSES_MAX {
                entry.addresses.push(address.clone());
            }
        }
    }

    fn has_room_for_candidate(&mut self) -> bool {
        if self.discovery.is_none() {
            return false;
        }
        let candidates = self
            .entries
            .values()
            .filter(|entry| !entry.is_known)
            .count();
        if candidates < CANDIDATES_MAX {
            return true;
        }
        let is_weak = |entry: &Entry| !entry.is_known && entry.state == State::Idle;
        let weak = self
            .entries
            .iter()
            .filter(|(_, entry)| is_weak(entry) && entry.attempts > 0);
        let Some(peer) = weak
            .max_by_key(|(_, entry)| entry.attempts)
            .map(|(id, _)| *id)
        else {
            return false;
        };
        self.entries.remove(&peer);
        true
    }

    /// Peers to dial at time `now`, when `found_count` candidates are neighbours already.
    /// `has_room` says whether the limits by network allow an address. Each is taken to be dialed.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        found_count: usize,
        has_room: impl Fn(&Multiaddr) -> bool,
    ) -> Vec<Dial> {
        let is_due = |entry: &Entry| entry.state == State::Idle && entry.next <= now;
        let known = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.is_known && is_due(entry));
        let mut picked = known
            .map(|(id, _)| (*id, Purpose::Gossip))
            .collect::<Vec<_>>();
        if let Some(discovery) = self.discovery {
            let is_candidate = |entry: &Entry| {
                !entry.is_known && is_due(entry) && entry.addresses.iter().any(&has_room)
            };
            let dialing = |purpose| {
                let dialing = State::Dialing(purpose);
                let found = self.entries.values().filter(|entry| !entry.is_known);
                found.filter(|entry| entry.state == dialing).count()
            };
            let wanted = discovery
                .peer_count
                .saturating_sub(found_count + dialing(Purpose::Gossip));
            let mut candidates = self.entries.iter().filter(|(_, entry)| is_candidate(entry));
            let mut candidates = candidates
                .by_ref()
                .map(|(id, entry)| (*id, entry.is_spare(now)))
                .choose_multiple(&mut self.chance, CANDIDATES_MAX);
            candidates.sort_by_key(|(_, is_spare)| !is_spare);
            let neighbours = candidates.iter().take(wanted.min(DIALS_MAX));
            picked.extend(neighbours.map(|(id, _)| (*id, Purpose::Gossip)));
            let spares = candidates.iter().filter(|(_, is_spare)| *is_spare).count();
            let missing =
                (discovery.spare_count + wanted).saturating_sub(spares + dialing(Purpose::Trial));
            let untried = candidates
                .iter()
                .skip(wanted)
                .filter(|(_, is_spare)| !is_spare);
            picked.extend(
                untried
                    .take(missing.min(DIALS_MAX))
                    .map(|(id, _)| (*id, Purpose::Trial)),
            );
        }
        picked
            .into_iter()
            .filter_map(|(id, purpose)| self.dial(id, purpose, now))
            .collect()
    }

    fn dial(&mut self, peer: PeerId, purpose: Purpose, now: Instant) -> Option<Dial> {
        let quic = self.quic;
        let entry = self.entries.get_mut(&peer)?;
        let of_kind = |kind| {
            let addresses = entry.addresses.iter();
            addresses
                .filter(move |address| transport(address) == Some(kind))
                .cloned()
        };
        let tcp = of_kind(TransportKind::Tcp).collect::<Vec<_>>();
        let is_paused = entry.quic_pause_end.is_some_and(|end| end > now) && !tcp.is_empty();
        let fast = of_kind(TransportKind::Quic).filter(|_| quic && !is_paused);
        let fast = fast.collect::<Vec<_>>();
        let (addresses, kind) = match fast.is_empty() {
            true => (tcp, TransportKind::Tcp),
            false => (fast, TransportKind::Quic),
        };
        if addresses.is_empty() {
            entry.next = now + self.timing.retry_max;
            entry.trouble = Some("no address of it is known that this node can dial".to_owned());
            return None;
        }
        entry.state = State::Dialing(purpose);
        Some(Dial {
            peer,
            addresses,
            kind,
            purpose,
        })
    }

    /// A dial came to nothing.
    pub(crate) fn failed(&mut self, dial: &Dial, trouble: String, now: Instant) {
        let pause = self.pause(&dial.peer);
        let Some(entry) = self.entries.get_mut(&dial.peer) else {
            return;
        };
        if matches!(entry.state, State::Dialing(_)) {
            entry.state = State::Idle;
        }
        entry.trouble = Some(trouble);
        entry.worked = None;
        let has_tcp = |entry: &Entry| {
            let mut kinds = entry.addresses.iter().map(transport);
            kinds.any(|kind| kind == Some(TransportKind::Tcp))
        };
        if dial.kind == TransportKind::Quic && has_tcp(entry) {
            entry.quic_pause_end = Some(now + QUIC_PAUSE);
            entry.next = now;
            return;
        }
        entry.attempts = entry.attempts.saturating_add(1);
        entry.next = now + pause;
    }

    /// The pause before the next attempt: doubled each time, with up to a fifth more by chance, so
    /// that two nodes do not go on dialing each other at the same moment.
    fn pause(&mut self, peer: &PeerId) -> Duration {
        let attempts = self.entries.get(peer).map_or(0, |entry| entry.attempts);
        let pause = self.timing.retry_min.saturating_mul(1 << attempts.min(16));
        let pause = pause.min(self.timing.retry_max);
        pause.mul_f64(1.0 + self.chance.random_range(0.0..0.2))
    }

    /// A conversation with a peer has begun.
    pub(crate) fn connected(&mut self, peer: PeerId, now: Instant) {
        // Whoever talks is in the book for as long, also when candidates are not looked for.
        let entry = self.entries.entry(peer).or_insert_with(|| Entry::new(now));
        entry.state = State::Connected;
        entry.trouble = None;
    }

    /// A conversation has ended after `lasted`.
    pub(crate) fn disconnected(
        &mut self,
        peer: PeerId,
        lasted: Duration,
        trouble: String,
        now: Instant,
    ) {
        if lasted >= STEADY
            && let Some(entry) = self.entries.get_mut(&peer)
        {
            entry.attempts = 0;
        }
        let pause = self.pause(&peer);
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        if !entry.is_known && (self.discovery.is_none() || entry.addresses.is_empty()) {
            self.entries.remove(&peer);
            return;
        }
        entry.state = State::Idle;
        entry.trouble = Some(trouble);
        entry.attempts = entry.attempts.saturating_add(1);
        entry.next = now + pause;
    }

    /// A trial is over; whether the peer speaks of the same network.
    pub(crate) fn tried(&mut self, peer: &PeerId, is_alike: bool, now: Instant) {
        let Some(entry) = self.entries.get_mut(peer) else {
            return;
        };
        if entry.state == State::Dialing(Purpose::Trial) {
            entry.state = State::Idle;
        }
        if is_alike {
            entry.attempts = 0;
            entry.worked = Some(now);
        } else {
            self.leave_alone(peer, now);
        }
    }

    /// A peer does not speak of this network.
    pub(crate) fn leave_alone(&mut self, peer: &PeerId, now: Instant) {
        if let Some(entry) = self.entries.get_mut(peer)
            && !entry.is_known
        {
            entry.worked = None;
            entry.attempts = entry.attempts.saturating_add(1);
            entry.next = now + STRANGER_PAUSE;
        }
    }

    /// An address turned out to be somebody else's.
    pub(crate) fn forget_address(&mut self, peer: &PeerId, address: &Multiaddr) {
        if let Some(entry) = self.entries.get_mut(peer)
            && !entry.is_known
        {
            entry.addresses.retain(|known| known != address);
        }
    }
}

impl Entry {
    fn new(now: Instant) -> Self {
        Self {
            alias: None,
            addresses: Vec::new(),
            is_known: false,
            is_kept: false,
            state: State::Idle,
            attempts: 0,
            next: now,
            worked: None,
            quic_pause_end: None,
            trouble: None,
        }
    }

    fn is_spare(&self, now: Instant) -> bool {
        self.worked
            .is_some_and(|worked| now.duration_since(worked) < SPARE_AGE_MAX)
    }
}

#[cfg(test)]
mod tests;
