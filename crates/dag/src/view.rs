//! What a strategy sees of a Tangle, whoever holds it.
//!
//! Blocks are addressed by places: numbers that grow, wrapping, from a block to those that approve
//! it. An approver that approves a block twice is listed twice, and counts twice.

use std::collections::BTreeMap;

use crate::walk::{Bias, Walker};

/// A block in a [`View`].
pub type Place = u32;

/// The part of a Tangle among whose tips a strategy chooses.
pub trait View {
    /// The blocks that approve a block, once for each time they do; in an order that follows from
    /// the graph.
    fn approvers(&self, place: Place) -> impl Iterator<Item = Place>;

    /// The cumulative weight: 1 and one for each block that approves it, directly or indirectly.
    fn weight(&self, place: Place) -> u64;

    /// When the block came into the view, in any unit that only grows.
    fn time(&self, place: Place) -> u64;

    /// Whether the block may be approved, and entered by a walk. A block that conflicts with a
    /// branch that won may not, nor one that is too deep.
    fn is_open(&self, place: Place) -> bool;

    /// Whether the view holds the block.
    fn holds(&self, place: Place) -> bool;

    /// The oldest block it holds.
    fn oldest(&self) -> Option<Place>;

    /// Number of tips.
    fn tip_count(&self) -> usize;

    /// The tip at a position below [`View::tip_count`].
    fn tip(&self, position: usize) -> Place;
}

/// With which probability a walk from `start` ends at which block: exact, for small graphs.
#[must_use]
pub fn exit_distribution(view: &impl View, start: Place, bias: Bias) -> BTreeMap<Place, f64> {
    let mut walker = Walker::default();
    let mut exits = BTreeMap::new();
    // Keyed by the distance from the start, so that blocks come before their approvers.
    let mut masses = BTreeMap::from([(0_u32, 1.0)]);
    while let Some((distance, mass)) = masses.pop_first() {
        let place = start.wrapping_add(distance);
        let steps = walker.steps(view, place, bias);
        if steps.is_empty() {
            exits.insert(place, mass);
        }
        for (next, share) in steps {
            *masses.entry(next.wrapping_sub(start)).or_insert(0.0) += mass * share;
        }
    }
    exits
}
