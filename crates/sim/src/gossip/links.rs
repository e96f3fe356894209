//! Who is whose neighbour, and how long a transaction takes from one node to another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tangle_dag::Chance;

use super::scenario::Scenario;

/// A way that is not known yet.
const FAR: u32 = u32::MAX;

/// Links of all nodes; times are microseconds.
#[derive(Debug)]
pub(super) struct Links {
    /// Neighbours and latencies, by node.
    neighbours: Vec<Vec<(u32, u32)>>,
}

impl Links {
    /// A ring, so that all are connected, and links between any two.
    pub(super) fn new(scenario: &Scenario, chance: &mut Chance) -> Self {
        let count = scenario.nodes;
        let mut links = Self {
            neighbours: vec![Vec::new(); count as usize],
        };
        let low = scenario.latency_min_ms * 1_000.0;
        let spread = scenario.latency_max_ms * 1_000.0 - low;
        let latency = |chance: &mut Chance| (low + spread * chance.unit()).round() as u32;
        if scenario.neighbours >= count - 1 {
            for node in 0..count {
                for other in node + 1..count {
                    links.add(node, other, latency(chance));
                }
            }
            return links;
        }
        for node in 0..count {
            links.add(node, (node + 1) % count, latency(chance));
        }
        let wanted = u64::from(count) * u64::from(scenario.neighbours) / 2;
        for _ in u64::from(count)..wanted {
            let node = chance.below(count as usize) as u32;
            let other = chance.below(count as usize) as u32;
            if node != other && !links.has(node, other) {
                links.add(node, other, latency(chance));
            }
        }
        links
    }

    fn add(&mut self, node: u32, other: u32, latency: u32) {
        self.neighbours[node as usize].push((other, latency));
        self.neighbours[other as usize].push((node, latency));
    }

    fn has(&self, node: u32, other: u32) -> bool {
        let mut neighbours = self.neighbours[node as usize].iter();
        neighbours.any(|(neighbour, _)| *neighbour == other)
    }

    /// The neighbour that a node asks at a turn, and how far it is.
    pub(super) fn neighbour(&self, node: u32, turn: usize) -> (u32, u32) {
        let neighbours = &self.neighbours[node as usize];
        neighbours[turn % neighbours.len()]
    }

    /// How long the quickest ways from a node to all others take (Dijkstra).
    pub(super) fn ways(&self, from: u32) -> Vec<u32> {
        let mut ways = vec![FAR; self.neighbours.len()];
        let mut heap = BinaryHeap::from([Reverse((0, from))]);
        ways[from as usize] = 0;
        while let Some(Reverse((way, node))) = heap.pop() {
            if way > ways[node as usize] {
                continue;
            }
            for (other, latency) in &self.neighbours[node as usize] {
                let longer = way.saturating_add(*latency);
                if longer < ways[*other as usize] {
                    ways[*other as usize] = longer;
                    heap.push(Reverse((longer, *other)));
                }
            }
        }
        ways
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_the_quickest_and_reach_all() {
        let scenario = Scenario::new(60, 1);
        let links = Links::new(&scenario, &mut Chance::new(3));
        let ways: Vec<Vec<u32>> = (0..60).map(|node| links.ways(node)).collect();
        for (from, row) in ways.iter().enumerate() {
            assert!(row.iter().all(|way| *way < FAR));
            for (to, way) in row.iter().enumerate() {
                assert_eq!(*way, ways[to][from]);
                let over = |by: usize| row[by] + ways[by][to];
                assert!((0..60).all(|by| over(by) >= *way), "{from} to {to}");
            }
        }
    }

    #[test]
    fn everybody_is_a_neighbour_where_there_are_few() {
        let scenario = Scenario {
            neighbours: 8,
            ..Scenario::new(5, 1)
        };
        let links = Links::new(&scenario, &mut Chance::new(3));
        assert!(links.neighbours.iter().all(|all| all.len() == 4));
    }
}
