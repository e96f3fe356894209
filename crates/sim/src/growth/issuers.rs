//! Who issues: weights that say how often each does, and what becomes of their transactions.
//!
//! All see the same, so whose a transaction is changes no choice; it tells whose wait.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tangle_dag::Chance;
use tangle_dag::real::{exp, ln};

use super::arrivals::ISSUERS_MAX;
use super::report::IssuerReport;
use super::scenario::{Scenario, seconds};

/// Who issues, and how often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuers {
    /// How often each issues, in proportion; or else `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
    /// Number of issuers; or else `weights`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// With `count`: the n-th issues in proportion to n to the power of minus this (Zipf's law); 0
    /// if left out, so that all issue alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zipf: Option<f64>,
}

impl Issuers {
    /// The weights, if what was said makes some.
    pub(super) fn all_weights(&self) -> Option<Vec<f64>> {
        let weights = match (&self.weights, self.count) {
            (Some(weights), None) if self.zipf.is_none() && weights.len() <= ISSUERS_MAX => {
                weights.clone()
            }
            (None, Some(count)) if count <= ISSUERS_MAX => {
                let zipf = self.zipf.unwrap_or(0.0);
                let weight = |n: usize| exp(-zipf * ln(n as f64));
                (1..=count).map(weight).collect()
            }
            _ => return None,
        };
        let is_weight = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        let sum: f64 = weights.iter().sum();
        (weights.iter().all(is_weight) && sum.is_finite() && sum > 0.0).then_some(weights)
    }
}

/// Draws issuers by their weights.
#[derive(Debug)]
pub(super) struct IssuerDraw {
    /// Sums of the weights up to each.
    sums: Vec<f64>,
}

impl IssuerDraw {
    pub(super) fn new(weights: &[f64]) -> Self {
        let sums = weights.iter().scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self {
            sums: sums.collect(),
        }
    }

    pub(super) fn draw(&self, chance: &mut Chance) -> u32 {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let wanted = chance.unit() * total;
        let position = self.sums.partition_point(|sum| *sum <= wanted);
        position.min(self.sums.len() - 1) as u32
    }
}

/// What becomes of the transactions of each issuer.
#[derive(Debug)]
pub(super) struct IssuerMeasures {
    names: Vec<String>,
    /// Whose the transactions are that may still be approved.
    open: BTreeMap<u64, u32>,
    counts: Vec<Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    issued: u64,
    approved: u64,
    waited_seconds: f64,
    never_approved: u64,
}

impl IssuerMeasures {
    /// `None` when nobody says who issues.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let recorded = scenario.recorded.as_ref();
        let names = match (&scenario.issuers, recorded) {
            (Some(issuers), _) => {
                let count = issuers.all_weights()?.len();
                (0..count).map(|number| number.to_string()).collect()
            }
            (None, Some(recorded)) if recorded.has_issuers() => recorded.names().to_vec(),
            _ => return None,
        };
        Some(Self {
            counts: vec![Counts::default(); names.len()],
            names,
            open: BTreeMap::new(),
        })
    }

    pub(super) fn on_issue(&mut self, serial: u64, issuer: u32) {
        self.open.insert(serial, issuer);
        self.counts[issuer as usize].issued += 1;
    }

    pub(super) fn on_first_approval(&mut self, serial: u64, after_ns: u64) {
        if let Some(issuer) = self.open.get(&serial) {
            let counts = &mut self.counts[*issuer as usize];
            counts.approved += 1;
            counts.waited_seconds += seconds(after_ns);
        }
    }

    pub(super) fn on_final(&mut self, serial: u64, approver_count: u32) {
        if let Some(issuer) = self.open.remove(&serial) {
            self.counts[issuer as usize].never_approved += u64::from(approver_count == 0);
        }
    }

    pub(super) fn report(&self) -> Vec<IssuerReport> {
        let pairs = self.names.iter().zip(&self.counts);
        let report = pairs.map(|(name, counts)| IssuerReport {
            name: name.clone(),
            issued: counts.issued,
            first_approval_seconds: (counts.approved > 0)
                .then(|| counts.waited_seconds / counts.approved as f64),
            never_approved: counts.never_approved,
        });
        report.collect()
    }
}
