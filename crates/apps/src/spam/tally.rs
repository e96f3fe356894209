//! What is counted, and what is told of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use tangle_client::{ClientError, InclusionState};

/// Newest times to inclusion that are kept.
const TIMES_MAX: usize = 10_000;

/// How far a spammer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpamProgress {
    /// Blocks that the node took.
    pub accepted: u64,
    /// Times that the node took one not.
    pub refused: u64,
    /// Blocks on their way to the node.
    pub in_flight: u64,
}

/// What a spammer did and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpamSummary {
    /// What its key and its data follow from.
    pub seed: u64,
    /// Seconds of sending.
    pub seconds: f64,
    /// Blocks a second that were asked for; 0 for as many as the node takes.
    pub asked_rate: f64,
    /// Blocks a second that the node took.
    pub rate: f64,
    /// Blocks that the node took.
    pub accepted: u64,
    /// Of these, blocks with data.
    pub data: u64,
    /// Of these, blocks with a transfer.
    pub value: u64,
    /// Of these, blocks of conflicting pairs.
    pub conflicts: u64,
    /// Blocks that were due but not sent, as all connections were waiting.
    pub missed: u64,
    /// Times that the node took a block not.
    pub refused: u64,
    /// Why, by HTTP status, or `unreachable`, or `not understood`.
    pub refusals: BTreeMap<String, Refusal>,
    /// What became of a sample of the blocks with data and transfers.
    pub sample: Sample,
    /// What became of the pairs.
    pub pairs: Pairs,
}

/// Refusals of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// How many.
    pub count: u64,
    /// What the node said last.
    pub message: String,
}

/// Blocks that were followed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// How many.
    pub blocks: u64,
    /// Referenced by a milestone, without a transaction.
    pub no_transaction: u64,
    /// Referenced, and the transaction changed the ledger.
    pub included: u64,
    /// Referenced, but the transaction has no effect.
    pub conflicting: u64,
    /// Not referenced while they were followed.
    pub undecided: u64,
    /// Milliseconds until half of the referenced ones were so; absent without any.
    pub inclusion_p50_ms: Option<u64>,
    /// The same for 99 of 100.
    pub inclusion_p99_ms: Option<u64>,
}

/// Two transactions each that spend the same output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pairs {
    /// How many the node took.
    pub sent: u64,
    /// One included, one conflicting: as it must be.
    pub decided: u64,
    /// Not both referenced while they were followed.
    pub undecided: u64,
    /// Neither is included, as the coin was gone before.
    pub none_included: u64,
    /// Both are included, which must not happen.
    pub both_included: u64,
}

/// Counts of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// By kind.
    pub(super) accepted: [u64; 3],
    pub(super) in_flight: u64,
    pub(super) refusals: BTreeMap<String, Refusal>,
    pub(super) sample: Sample,
    pub(super) pairs: Pairs,
    /// Blocks and pairs that are followed.
    pub(super) open: u64,
    times_ms: VecDeque<u64>,
}

impl Tally {
    pub(super) fn refuse(&mut self, error: &ClientError) {
        let kind = match error {
            ClientError::Refused { status, .. } => status.to_string(),
            ClientError::Unreachable { .. } => "unreachable".to_owned(),
            ClientError::Address { .. } | ClientError::Answer { .. } => "not understood".to_owned(),
        };
        let refusal = self.refusals.entry(kind).or_default();
        refusal.count += 1;
        refusal.message = error.to_string();
    }

    /// A block of the sample is referenced.
    pub(super) fn referenced(&mut self, state: InclusionState, after: Duration) {
        match state {
            InclusionState::NoTransaction => self.sample.no_transaction += 1,
            InclusionState::Included => self.sample.included += 1,
            InclusionState::Conflicting => self.sample.conflicting += 1,
        }
        if self.times_ms.len() == TIMES_MAX {
            self.times_ms.pop_front();
        }
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.times_ms.push_back(after);
    }

    pub(super) fn progress(&self) -> SpamProgress {
        SpamProgress {
            accepted: self.accepted.iter().sum(),
            refused: self.refusals.values().map(|refusal| refusal.count).sum(),
            in_flight: self.in_flight,
        }
    }

    /// Pairs of which it is not known what became of them.
    pub(super) const fn open_pairs(&self) -> u64 {
        let pairs = &self.pairs;
        pairs.sent - pairs.decided - pairs.undecided - pairs.none_included - pairs.both_included
    }

    pub(super) fn sample(&self) -> Sample {
        let mut times: Vec<u64> = self.times_ms.iter().copied().collect();
        times.sort_unstable();
        let quantile = |per_cent: usize| {
            let position = (times.len() * per_cent).div_ceil(100).saturating_sub(1);
            times.get(position).copied()
        };
        let sample = &self.sample;
        let referenced = sample.no_transaction + sample.included + sample.conflicting;
        Sample {
            undecided: sample.blocks - referenced,
            inclusion_p50_ms: quantile(50),
            inclusion_p99_ms: quantile(99),
            ..sample.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_newest_blocks() {
        let mut tally = Tally::default();
        assert_eq!(tally.sample().inclusion_p50_ms, None);
        for number in 0..TIMES_MAX as u64 + 50 {
            let time = if number < 50 {
                99_999
            } else {
                number % 100 + 1
            };
            tally.sample.blocks += 1;
            tally.referenced(InclusionState::Included, Duration::from_millis(time));
        }
        let sample = tally.sample();
        assert_eq!(sample.inclusion_p50_ms, Some(50));
        assert_eq!(sample.inclusion_p99_ms, Some(99));
        assert_eq!(sample.included, TIMES_MAX as u64 + 50);
        assert_eq!(sample.undecided, 0);
    }

    #[test]
    fn refusals_are_counted_by_status_whatever_the_node_says() {
        let mut tally = Tally::default();
        for number in 0..1_000 {
            tally.refuse(&ClientError::Refused {
                status: 503,
                message: format!("not now, {number}"),
            });
        }
        assert_eq!(tally.refusals.len(), 1);
        assert_eq!(tally.refusals["503"].count, 1_000);
        assert!(tally.refusals["503"].message.contains("not now, 999"));
        assert_eq!(tally.progress().refused, 1_000);
    }
}
