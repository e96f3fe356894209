//! Who is connected with whom in a dev network.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use tangle_network::LinkCondition;

use super::distance::{Latency, Loss};
use crate::config::leaf;

/// Most nodes.
pub(crate) const NODES_MAX: usize = 32;
/// Neighbours of a node when nobody says how many.
const DEGREE: usize = 4;
/// Least number of neighbours with which chance connects all nodes.
const DEGREE_MIN: usize = 2;

/// The form of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Topology {
    /// Every node with every other.
    Full,
    /// Each node with the next, the last with the first.
    Ring,
    /// Each node with the next.
    Line,
    /// All with node 1.
    Star,
    /// A ring in random order, with random links until nodes have so many neighbours.
    Random { degree: usize },
}

leaf! {
    Topology => "full, ring, line, star, random or random:N",
}

/// Two nodes that are connected, by their positions, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) ends: [usize; 2],
    pub(crate) latency: Duration,
    loss: Loss,
    seed: u64,
}

/// What chance is needed for; each has its own.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Form = 1,
    Latency,
    Loss,
}

impl Topology {
    /// The links of `count` nodes, in order.
    fn ends(self, count: usize, seed: u64) -> BTreeSet<[usize; 2]> {
        let nodes = || (0..count).collect::<Vec<_>>();
        match self {
            Self::Full => pairs(count).collect(),
            Self::Ring => ring(&nodes()).collect(),
            Self::Line => (1..count).map(|node| [node - 1, node]).collect(),
            Self::Star => (1..count).map(|node| [0, node]).collect(),
            Self::Random { degree } => {
                let mut chance = chance(seed, Purpose::Form, [0, 0]);
                let mut order = nodes();
                order.shuffle(&mut chance);
                let mut links: BTreeSet<_> = ring(&order).collect();
                let mut others: Vec<_> = pairs(count).collect();
                others.shuffle(&mut chance);
                for ends in others {
                    let has_room = |node: &usize| {
                        links.iter().filter(|link| link.contains(node)).count() < degree
                    };
                    if ends.iter().all(has_room) {
                        links.insert(ends);
                    }
                }
                links
            }
        }
    }
}

/// Every node with every other.
fn pairs(count: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..count).flat_map(move |high| (0..high).map(move |low| [low, high]))
}

/// Each node with the next in this order, the last with the first.
fn ring(order: &[usize]) -> impl Iterator<Item = [usize; 2]> {
    let next = order.iter().cycle().skip(1);
    let links = order.iter().zip(next).filter(|(node, next)| node != next);
    links.map(|(node, next)| [*node.min(next), *node.max(next)])
}

/// The links of a network.
pub(crate) fn links(
    count: usize,
    topology: Topology,
    latency: Latency,
    loss: Loss,
    seed: u64,
) -> Vec<Link> {
    let ends = topology.ends(count, seed).into_iter();
    ends.map(|ends| {
        let mut chance = chance(seed, Purpose::Latency, ends);
        Link {
            ends,
            latency: chance.random_range(latency.min..=latency.max),
            loss,
            seed,
        }
    })
    .collect()
}

impl Link {
    /// The other end, if `node` is one of them.
    pub(crate) fn other(&self, node: usize) -> Option<usize> {
        let [low, high] = self.ends;
        match node {
            _ if node == low => Some(high),
            _ if node == high => Some(low),
            _ => None,
        }
    }

    /// What happens to messages from `node`; `None` when nothing does.
    pub(crate) fn condition(&self, node: usize) -> Option<LinkCondition> {
        let other = self.other(node)?;
        if self.latency.is_zero() && self.loss.is_none() {
            return None;
        }
        Some(LinkCondition {
            latency: self.latency,
            loss_per_million: self.loss.per_million(),
            seed: chance(self.seed, Purpose::Loss, [node, other]).random(),
        })
    }
}

/// Chance for one purpose of one link: what another link does, or whether there is one, shifts
/// nothing.
fn chance(seed: u64, purpose: Purpose, ends: [usize; 2]) -> StdRng {
    let words = [seed, purpose as u64, ends[0] as u64, ends[1] as u64];
    let mut bytes = [0; 32];
    for (word, place) in words.into_iter().zip(bytes.chunks_exact_mut(8)) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    StdRng::from_seed(bytes)
}

impl Default for Topology {
    fn default() -> Self {
        Self::Random { degree: DEGREE }
    }
}

impl FromStr for Topology {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, degree) = match text.split_once(':') {
            Some((name, degree)) => (name, Some(degree)),
            None => (text, None),
        };
        match (name, degree) {
            ("full", None) => Ok(Self::Full),
            ("ring", None) => Ok(Self::Ring),
            ("line", None) => Ok(Self::Line),
            ("star", None) => Ok(Self::Star),
            ("random", None) => Ok(Self::default()),
            ("random", Some(degree)) => {
                let degree = degree.parse().unwrap_or_default();
                if (DEGREE_MIN..NODES_MAX).contains(&degree) {
                    return Ok(Self::Random { degree });
                }
                Err(format!(
                    "{text:?}: {DEGREE_MIN} to {} neighbours are possible",
                    NODES_MAX - 1
                ))
            }
            _ => Err(format!(
                "{text:?} is no topology: full, ring, line, star, random or random:N is expected"
            )),
        }
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Ring => f.write_str("ring"),
            Self::Line => f.write_str("line"),
            Self::Star => f.write_str("star"),
            Self::Random { degree } => write!(f, "random:{degree}"),
        }
    }
}

impl TryFrom<String> for Topology {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Topology> for String {
    fn from(topology: Topology) -> Self {
        topology.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str, count: usize, seed: u64) -> Vec<[usize; 2]> {
        let topology: Topology = text.parse().expect(text);
        assert_eq!(topology.to_string().parse::<Topology>(), Ok(topology));
        topology.ends(count, seed).into_iter().collect()
    }

    /// How many nodes are reached from node 0.
    fn reached(links: &[[usize; 2]]) -> usize {
        let mut reached = BTreeSet::from([0]);
        for _ in links {
            for link in links {
                if link.iter().any(|end| reached.contains(end)) {
                    reached.extend(link);
                }
            }
        }
        reached.len()
    }

    #[test]
    fn forms_are_what_they_are_called() {
        assert_eq!(ends("line", 4, 1), [[0, 1], [1, 2], [2, 3]]);
        assert_eq!(ends("ring", 4, 1), [[0, 1], [0, 3], [1, 2], [2, 3]]);
        assert_eq!(ends("star", 4, 1), [[0, 1], [0, 2], [0, 3]]);
        assert_eq!(ends("full", 32, 1).len(), 32 * 31 / 2);
        assert_eq!(ends("ring", 2, 1), [[0, 1]]);
        for form in ["full", "ring", "line", "star", "random"] {
            assert_eq!(ends(form, 1, 1), [[0; 2]; 0], "{form}");
        }
    }

    #[test]
    fn random_links_reach_all_with_as_many_neighbours_as_asked() {
        assert_eq!(ends("random", 5, 1), ends("full", 5, 1));
        for seed in 0..50 {
            let links = ends("random:3", 20, seed);
            assert_eq!(reached(&links), 20);
            for node in 0..20 {
                let degree = links.iter().filter(|link| link.contains(&node)).count();
                assert!(
                    (2..=3).contains(&degree),
                    "seed {seed}, node {node}: {degree}"
                );
            }
        }
        assert_eq!(ends("random:3", 20, 1), ends("random:3", 20, 1));
        assert_ne!(ends("random:3", 20, 1), ends("random:3", 20, 2));
    }

    #[test]
    fn what_is_no_topology_is_refused() {
        for bad in [
            "",
            "mesh",
            "ring:2",
            "random:",
            "random:1",
            "random:32",
            "random:x",
        ] {
            assert!(bad.parse::<Topology>().is_err(), "{bad}");
        }
    }

    #[test]
    fn latency_of_a_link_depends_on_its_ends_and_the_seed_alone() {
        let latency: Latency = "20ms..80ms".parse().expect("a latency");
        let links = |topology, seed| links(6, topology, latency, Loss::default(), seed);
        let full = links(Topology::Full, 1);
        assert!(
            links(Topology::Ring, 1)
                .iter()
                .all(|link| full.contains(link))
        );
        let latencies: BTreeSet<_> = full.iter().map(|link| link.latency).collect();
        assert!(latencies.len() > 10, "each link has its own");
        assert!(*latencies.first().expect("some") >= latency.min);
        assert!(*latencies.last().expect("some") <= latency.max);
        assert_ne!(links(Topology::Full, 2)[0].latency, full[0].latency);
    }

    #[test]
    fn each_direction_loses_other_messages_and_no_distance_is_no_condition() {
        let loss: Loss = "1%".parse().expect("a loss");
        let [link] = links(2, Topology::Line, Latency::default(), loss, 1)[..] else {
            panic!("two nodes have one link");
        };
        let [there, back] = [0, 1].map(|node| link.condition(node).expect("a condition"));
        assert_ne!(there.seed, back.seed);
        assert_eq!(there.loss_per_million, 10_000);
        assert_eq!(link.condition(2), None);
        let near = links(2, Topology::Line, Latency::default(), Loss::default(), 1);
        assert_eq!(near[0].condition(0), None);
    }
}
