//! Links between nodes: how long messages take, which are lost, and who is connected to whom.

use std::collections::BTreeMap;

use tangle_sync::PeerKey;

use super::scenario::Mischief;
use crate::chance::Chance;

/// Messages on their way in one direction of a link; others are lost, as with a full send queue.
const IN_FLIGHT_MAX: u32 = 1_000;

/// Two ends and what lies between them.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Who is connected; the first one dials.
    pub(crate) ends: [usize; 2],
    law: Law,
    /// How many faults block the way from `ends[side]`.
    blocked: [u32; 2],
    /// The connection, if there is one.
    pub(crate) connection: Option<Connection>,
    /// No connection before.
    pub(crate) banned_until_us: u64,
    in_flight: [u32; 2],
    /// When the line is free again, for messages from `ends[side]`.
    busy_until_us: [u64; 2],
    /// No message arrives before the one sent before it, unless messages overtake each other.
    last_arrival_us: [u64; 2],
}

/// A connection: what each end calls the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) serial: u32,
    /// `keys[side]` is what the end `side` calls the other one.
    pub(crate) keys: [PeerKey; 2],
}

/// What a link does to messages.
#[derive(Clone, Copy, Debug)]
struct Law {
    latency_us: u64,
    jitter_us: u64,
    us_per_kib: u64,
    loss_per_mille: u32,
    twice_per_mille: u32,
    /// Whether a message may overtake another one.
    overtakes: bool,
}

/// All links, by number.
#[derive(Debug)]
pub(crate) struct Links {
    links: Vec<Link>,
    /// Links of each end.
    of: BTreeMap<usize, Vec<usize>>,
    next_key: u32,
    chance: Chance,
    is_well: bool,
}

impl Links {
    /// A ring of `node_count` nodes with chords, and each adversary linked to some nodes.
    pub(crate) fn new(
        node_count: usize,
        adversary_count: usize,
        mischief: &Mischief,
        topology: &mut Chance,
        chance: Chance,
    ) -> Self {
        let mut links = Self {
            links: Vec::new(),
            of: BTreeMap::new(),
            next_key: 0,
            chance,
            is_well: false,
        };
        for node in 0..node_count {
            links.connect(node, (node + 1) % node_count, mischief, topology);
        }
        for _ in 0..node_count / 2 {
            let (a, b) = (topology.index(node_count), topology.index(node_count));
            links.connect(a, b, mischief, topology);
        }
        for adversary in node_count..node_count + adversary_count {
            for _ in 0..1 + topology.index(3) {
                links.connect(adversary, topology.index(node_count), mischief, topology);
            }
        }
        links
    }

    fn connect(&mut self, a: usize, b: usize, mischief: &Mischief, chance: &mut Chance) {
        let are_linked = self
            .links
            .iter()
            .any(|link| link.ends == [a, b] || link.ends == [b, a]);
        if a == b || are_linked {
            return;
        }
        let is_slow = mischief.slow_links && chance.hits(250);
        let law = Law {
            latency_us: chance.between(200, 60_000) * if is_slow { 8 } else { 1 },
            jitter_us: chance.between(100, 30_000),
            us_per_kib: if is_slow {
                8_000
            } else {
                chance.between(1, 80)
            },
            loss_per_mille: mischief.loss_per_mille,
            twice_per_mille: mischief.twice_per_mille,
            overtakes: mischief.overtaking,
        };
        let number = self.links.len();
        self.links.push(Link {
            ends: [a, b],
            law,
            blocked: [0; 2],
            connection: None,
            banned_until_us: 0,
            in_flight: [0; 2],
            busy_until_us: [0; 2],
            last_arrival_us: [0; 2],
        });
        for end in [a, b] {
            self.of.entry(end).or_default().push(number);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    pub(crate) fn get(&self, number: usize) -> &Link {
        &self.links[number]
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> &mut Link {
        &mut self.links[number]
    }

    /// The links of an end.
    pub(crate) fn of(&self, end: usize) -> Vec<usize> {
        self.of.get(&end).cloned().unwrap_or_default()
    }

    /// Connects both ends of a link; the new connection.
    pub(crate) fn open(&mut self, number: usize) -> Connection {
        let keys = [PeerKey(self.next_key), PeerKey(self.next_key + 1)];
        let serial = self.next_key;
        self.next_key += 2;
        let connection = Connection { serial, keys };
        let link = &mut self.links[number];
        link.connection = Some(connection);
        link.in_flight = [0; 2];
        connection
    }

    /// Blocks the way from `ends[side]`, or opens it again.
    pub(crate) fn block(&mut self, number: usize, side: usize, is_blocked: bool) {
        let blocked = &mut self.links[number].blocked[side];
        *blocked = if is_blocked {
            *blocked + 1
        } else {
            blocked.saturating_sub(1)
        };
    }

    /// From now on nothing is lost, blocked or slow.
    pub(crate) fn heal(&mut self) {
        self.is_well = true;
        for link in &mut self.links {
            link.blocked = [0; 2];
            link.law.loss_per_mille = 0;
            link.law.latency_us = link.law.latency_us.min(60_000);
            link.law.us_per_kib = link.law.us_per_kib.min(80);
        }
    }

    /// When a message of `size_bytes` from `ends[side]` arrives at the other end, for each of its
    /// copies.
    pub(crate) fn send(
        &mut self,
        number: usize,
        side: usize,
        size_bytes: usize,
        now_us: u64,
    ) -> Vec<u64> {
        let (chance, link) = (&mut self.chance, &mut self.links[number]);
        let law = link.law;
        let is_lost = link.blocked[side] > 0 || chance.hits(law.loss_per_mille);
        if is_lost || link.in_flight[side] >= IN_FLIGHT_MAX {
            return Vec::new();
        }
        let busy_us = (size_bytes as u64 * law.us_per_kib) / 1_024;
        let sent_us = link.busy_until_us[side].max(now_us) + busy_us;
        link.busy_until_us[side] = sent_us;
        let copies = 1 + usize::from(chance.hits(law.twice_per_mille));
        let mut arrivals = Vec::with_capacity(copies);
        for _ in 0..copies {
            let mut arrival_us = sent_us + law.latency_us + chance.wait(law.jitter_us);
            if !law.overtakes {
                arrival_us = arrival_us.max(link.last_arrival_us[side]);
                link.last_arrival_us[side] = arrival_us;
            }
            link.in_flight[side] += 1;
            arrivals.push(arrival_us);
        }
        arrivals
    }
}

impl Link {
    /// Which end `end` is.
    pub(crate) fn side_of(&self, end: usize) -> usize {
        usize::from(self.ends[1] == end)
    }

    /// Whether nothing gets through in either direction.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked != [0; 2]
    }

    /// How long the way takes without chance.
    pub(crate) const fn latency_us(&self) -> u64 {
        self.law.latency_us
    }

    /// A message from `ends[side]` has arrived.
    pub(crate) fn arrived(&mut self, side: usize) {
        self.in_flight[side] = self.in_flight[side].saturating_sub(1);
    }
}
