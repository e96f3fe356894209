//! What a run is like.

use serde::Serialize;

use crate::OutOfRange;
use crate::range::within;

/// Most nodes.
const NODES_MAX: u32 = 100_000;
/// Most transactions.
const TRANSACTIONS_MAX: u32 = 100_000_000;
/// Most pairs of a node and a transaction: two bits each, and a number for each tip.
const PAIRS_MAX: u64 = 2_000_000_000;
/// Nodes that issue when nothing else is asked for.
const ISSUERS: u32 = 1_000;
/// Most pairs of an issuer and a node, as all ways are known from the start.
const WAYS_MAX: u64 = 100_000_000;

/// Many nodes and what they issue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scenario {
    /// Everything random follows from it.
    pub seed: u64,
    /// Nodes.
    pub nodes: u32,
    /// Nodes that issue, all alike; all up to a thousand, if left out.
    pub issuers: Option<u32>,
    /// Transactions of all of them.
    pub transactions: u32,
    /// Transactions of all of them in a second.
    pub per_second: f64,
    /// Parents drawn for each; equal ones are one.
    pub parents: u32,
    /// Neighbours of a node, about. From all others on, all are neighbours.
    pub neighbours: u32,
    /// Least latency of a link, in milliseconds.
    pub latency_min_ms: f64,
    /// Greatest.
    pub latency_max_ms: f64,
    /// By how much a transaction may come later than the quickest way allows, in milliseconds.
    pub jitter_ms: f64,
    /// Share of transactions that a node does not get though others do.
    pub loss_share: f64,
    /// Share of the transactions that are issued before anything is measured.
    pub warm_up_share: f64,
}

/// Why a scenario makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// A number is out of its range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// Links are so unlike, or ways so long, that time would have too many parts.
    #[error(
        "the longest way takes {longest_ms:.0} ms and the shortest link {shortest_ms} ms: raise the \
         least latency, or the number of neighbours"
    )]
    Ways {
        /// The longest way, in milliseconds.
        longest_ms: f64,
        /// The shortest link, in milliseconds.
        shortest_ms: f64,
    },
}

impl Scenario {
    /// So many nodes with eight neighbours each, 20 to 100 ms away, that issue 100 transactions a
    /// second; nothing is lost.
    #[must_use]
    pub const fn new(nodes: u32, transactions: u32) -> Self {
        Self {
            seed: 1,
            nodes,
            issuers: None,
            transactions,
            per_second: 100.0,
            parents: 2,
            neighbours: 8,
            latency_min_ms: 20.0,
            latency_max_ms: 100.0,
            jitter_ms: 20.0,
            loss_share: 0.0,
            warm_up_share: 0.1,
        }
    }

    /// The scenario with all that was left out filled in.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn effective(&self) -> Result<Self, ScenarioError> {
        let mut scenario = self.clone();
        let nodes = f64::from(self.nodes);
        within("nodes", nodes, 2.0, f64::from(NODES_MAX))?;
        let issuers = *scenario.issuers.get_or_insert(self.nodes.min(ISSUERS));
        within("issuers", f64::from(issuers), 1.0, nodes)?;
        let ways = u64::from(issuers) * u64::from(self.nodes);
        within("issuers times nodes", ways as f64, 2.0, WAYS_MAX as f64)?;
        let most = f64::from(TRANSACTIONS_MAX);
        within("transactions", f64::from(self.transactions), 1.0, most)?;
        let pairs = u64::from(self.nodes) * u64::from(self.transactions);
        within(
            "nodes times transactions",
            pairs as f64,
            2.0,
            PAIRS_MAX as f64,
        )?;
        within("transactions a second", self.per_second, 0.001, 1e6)?;
        within("parents", f64::from(self.parents), 1.0, 8.0)?;
        within("neighbours", f64::from(self.neighbours), 2.0, 1_000.0)?;
        within("the least latency", self.latency_min_ms, 0.1, 10_000.0)?;
        let (low, high) = (self.latency_min_ms, 10_000.0);
        within("the greatest latency", self.latency_max_ms, low, high)?;
        within("the jitter", self.jitter_ms, 0.0, 10_000.0)?;
        within("the share that is lost", self.loss_share, 0.0, 0.9)?;
        within("the share before measuring", self.warm_up_share, 0.0, 0.9)?;
        Ok(scenario)
    }
}
