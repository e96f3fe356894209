//! What a run came to.

use serde::Serialize;

use super::Scenario;

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What was in force, defaults included.
    pub scenario: Scenario,
    /// Transactions that were measured.
    pub measured: u64,
    /// Virtual time, in seconds.
    pub virtual_seconds: f64,
    /// Most transactions held at once.
    pub held_max: usize,
    /// Tips, seen just before each arrival.
    pub tips: Tips,
    /// First and all approvals.
    pub approvals: Approvals,
    /// Walks, and what they left behind; `walk` engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walks: Option<Walks>,
    /// Mean cumulative weight by age since reveal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weight: Vec<WeightPoint>,
    /// What became of the transactions of each issuer, by the numbers that are in the log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerReport>,
    /// A number that stands for all transactions, their times and parents, in order.
    pub digest: String,
}

/// Tips.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tips {
    /// Mean number: L.
    pub mean: f64,
    /// The mean lies within this of the true one in 95 of 100 runs.
    pub half_width_95: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// The mean over the arrivals of a mean delay: L / (lambda h).
    pub mean_ratio: f64,
    /// The standard deviation over the root of those.
    pub deviation_ratio: f64,
}

/// Approvals.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approvals {
    /// Transactions that were approved.
    pub count: u64,
    /// Mean time from reveal to the reveal of the first approver.
    pub mean_seconds: f64,
    /// Its standard deviation.
    pub deviation_seconds: f64,
    /// Its median.
    pub median_seconds: f64,
    /// Nine of ten are approved within this.
    pub p90_seconds: f64,
    /// 99 of 100.
    pub p99_seconds: f64,
    /// Shares of transactions with no, one, two, ... direct approvers.
    pub approver_shares: Vec<f64>,
    /// Some of the times.
    #[serde(skip)]
    pub samples_ns: Vec<u64>,
}

/// Walks, and what they left behind.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Walks {
    /// Walks taken.
    pub count: u64,
    /// Mean number of steps.
    pub steps_mean: f64,
    /// Transactions looked at for the two shares below.
    pub judged: u64,
    /// Share whose weight stopped growing with the arrivals: less than half of those between 60 %
    /// and 90 % of the window reference it.
    pub left_behind_share: f64,
    /// Mean growth of the weight between those ages, over the arrivals.
    pub weight_slope: f64,
    /// Share that left the window without an approver.
    pub never_approved_share: f64,
}

/// An issuer's transactions, those that are measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuerReport {
    /// Whose.
    pub name: String,
    /// How many.
    pub issued: u64,
    /// Mean time from reveal to the reveal of the first approver; `None` if none was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_approval_seconds: Option<f64>,
    /// Those that nothing approved until nothing could any more.
    pub never_approved: u64,
}

/// A point of the weight's growth.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightPoint {
    /// Age since reveal, in seconds.
    pub age_seconds: f64,
    /// Mean cumulative weight.
    pub weight: f64,
}
