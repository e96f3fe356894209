//! Very many nodes, each with a view of its own of one Tangle: how transactions spread, wait for
//! their parents, and what uniform tip selection makes of views that differ.
//!
//! ```text
//!   issuer ──> quickest way + jitter ──> node: known ──> parents solid? ──> solid
//!                  (or lost)                          └─ no: waits, asks neighbours
//! ```
//!
//! A transaction goes the quickest way through the links to each node, and comes later by some
//! jitter, so that it may overtake its parents; or it is lost on the last link. Who misses a parent
//! asks one neighbour after the other. The Tangle is stored once; a node has two bits for each
//! transaction, known and solid, its tips, and what waits.
//!
//! What it is not: nodes forward what they could not have received (the quickest way does not care
//! what was lost), links have no bandwidth, and there are neither conflicts nor milestones.
//! Networks of real engines are in [`crate::net`].
//!
//! Times are whole nanoseconds; events at one time have an order of their own. Begin with [`run`].

mod links;
mod queue;
mod scenario;
mod view;
mod world;

use serde::Serialize;

pub use scenario::{Scenario, ScenarioError};

/// A transaction has become solid at a node: all its past is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solid<'a> {
    /// When, in nanoseconds since the start.
    pub at_ns: u64,
    /// Where.
    pub node: u32,
    /// The number of the transaction; the genesis is 0.
    pub serial: u32,
    /// Numbers of its parents, without repetition.
    pub parents: &'a [u32],
}

/// Takes what becomes solid, in order.
pub type Sink<'a> = &'a mut dyn FnMut(&Solid<'_>);

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What was in force, defaults included.
    pub scenario: Scenario,
    /// Virtual time, in seconds.
    pub virtual_seconds: f64,
    /// Transactions that a node got, other than its own, each counted once for a node.
    pub deliveries: u64,
    /// Those that it had already.
    pub duplicates: u64,
    /// Those that were lost on their way.
    pub losses: u64,
    /// Deliveries that had to wait for a parent.
    pub waits: u64,
    /// Questions for a parent.
    pub requests: u64,
    /// Parents for which a node asked in vain until it gave up.
    pub given_up: u64,
    /// Pairs of a node and a transaction that was not solid there in the end.
    pub never_solid: u64,
    /// From issue to being solid at another node: mean, in seconds.
    pub solid_mean_seconds: f64,
    /// Half are solid within this.
    pub solid_median_seconds: f64,
    /// 99 of 100.
    pub solid_p99_seconds: f64,
    /// From arrival to being solid, of those that waited: mean, in seconds.
    pub wait_mean_seconds: f64,
    /// Mean number of tips that an issuer sees: L.
    pub tips_mean: f64,
    /// That over the arrivals in the mean time until a transaction is solid.
    pub tips_ratio: f64,
    /// A number that stands for all that became solid, where and when, in order.
    pub digest: String,
}

/// Runs a scenario to its end; `sink` gets all that becomes solid.
///
/// # Errors
/// The scenario makes no sense.
pub fn run(scenario: &Scenario, sink: Option<Sink<'_>>) -> Result<Report, ScenarioError> {
    let scenario = scenario.effective()?;
    Ok(world::World::new(scenario)?.run(sink))
}
