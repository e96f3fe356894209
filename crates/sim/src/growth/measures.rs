//! What is measured while a run goes on, in constant memory.

use super::issuers::IssuerMeasures;
use super::report::{Approvals, IssuerReport, Tips};
use super::scenario::{Scenario, seconds};

/// Parts of a run whose means are compared for the interval.
const BATCHES: u64 = 20;
/// Two-sided 95 % point of Student's t with `BATCHES - 1` degrees of freedom.
const T_95: f64 = 2.093;
/// Times of first approvals that are kept as they are.
const SAMPLES_MAX: u64 = 100_000;
/// Approvers told apart; more are counted together.
const APPROVERS_MAX: usize = 32;
/// Steps of the histogram in a doubling of the time.
const STEP_BITS: u32 = 7;

/// All measures of a run.
#[derive(Debug)]
pub(super) struct Measures {
    /// Number of the first transaction that counts.
    pub(super) from: u64,
    transactions: u64,
    tips: Series,
    batch: Series,
    batch_means: Vec<f64>,
    approvals: Durations,
    approver_counts: [u64; APPROVERS_MAX + 1],
    final_count: u64,
    sample_gap: u64,
    samples_ns: Vec<u64>,
    issuers: Option<IssuerMeasures>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Series {
    count: u64,
    sum: f64,
    squares: f64,
}

impl Series {
    #[inline]
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    fn deviation(&self) -> f64 {
        let mean = self.mean();
        let variance = self.squares / self.count.max(1) as f64 - mean * mean;
        variance.max(0.0).sqrt()
    }
}

/// Times with their quantiles, to within a 128th.
#[derive(Debug)]
pub(crate) struct Durations {
    series: Series,
    counts: Vec<u64>,
}

impl Durations {
    pub(crate) fn new() -> Self {
        Self {
            series: Series::default(),
            counts: vec![0; (65 - STEP_BITS as usize) << STEP_BITS],
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.series.add(seconds(nanoseconds));
        self.counts[cell(nanoseconds)] += 1;
    }

    /// Their mean, in seconds.
    pub(crate) fn mean(&self) -> f64 {
        self.series.mean()
    }

    /// The time, in seconds, below which `share` of all lie.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.series.count as f64 * share) as u64;
        let mut seen = 0;
        for (cell, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen > wanted {
                return seconds(least(cell));
            }
        }
        0.0
    }
}

/// The cell of a time: exact below 128, then 128 cells for each doubling.
#[inline]
fn cell(value: u64) -> usize {
    let bits = 64 - value.leading_zeros();
    let shift = bits.saturating_sub(STEP_BITS + 1);
    ((shift as usize) << STEP_BITS) + (value >> shift) as usize
}

/// The least time of a cell.
fn least(cell: usize) -> u64 {
    let shift = (cell >> STEP_BITS).saturating_sub(1);
    ((cell - (shift << STEP_BITS)) as u64) << shift
}

impl Measures {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let from = (scenario.transactions as f64 * scenario.warm_up_share) as u64;
        let transactions = scenario.transactions - from.min(scenario.transactions);
        Self {
            from,
            transactions,
            tips: Series::default(),
            batch: Series::default(),
            batch_means: Vec::new(),
            approvals: Durations::new(),
            approver_counts: [0; APPROVERS_MAX + 1],
            final_count: 0,
            sample_gap: transactions.div_ceil(SAMPLES_MAX).max(1),
            samples_ns: Vec::new(),
            issuers: IssuerMeasures::new(scenario),
        }
    }

    /// A transaction arrives and sees so many tips.
    #[inline]
    pub(super) fn on_arrival(&mut self, serial: u64, tip_count: usize) {
        if serial <= self.from {
            return;
        }
        self.tips.add(tip_count as f64);
        self.batch.add(tip_count as f64);
        if self.batch.count * BATCHES >= self.transactions {
            self.batch_means.push(self.batch.mean());
            self.batch = Series::default();
        }
    }

    /// A transaction is issued by somebody.
    #[inline]
    pub(super) fn on_issue(&mut self, serial: u64, issuer: Option<u32>) {
        if let (Some(issuers), Some(issuer)) = (&mut self.issuers, issuer)
            && serial > self.from
        {
            issuers.on_issue(serial, issuer);
        }
    }

    /// A transaction was first approved, so long after its reveal.
    #[inline]
    pub(super) fn on_first_approval(&mut self, serial: u64, after: u64) {
        if serial <= self.from {
            return;
        }
        if self.approvals.series.count.is_multiple_of(self.sample_gap) {
            self.samples_ns.push(after);
        }
        self.approvals.add(after);
        if let Some(issuers) = &mut self.issuers {
            issuers.on_first_approval(serial, after);
        }
    }

    /// Nothing more will approve a transaction directly.
    #[inline]
    pub(super) fn on_final(&mut self, serial: u64, approver_count: u32) {
        if serial > self.from {
            self.final_count += 1;
            self.approver_counts[(approver_count as usize).min(APPROVERS_MAX)] += 1;
            if let Some(issuers) = &mut self.issuers {
                issuers.on_final(serial, approver_count);
            }
        }
    }

    pub(super) fn issuers(&self) -> Vec<IssuerReport> {
        let issuers = self.issuers.as_ref();
        issuers.map_or_else(Vec::new, IssuerMeasures::report)
    }

    pub(super) fn tips(&self, scenario: &Scenario) -> Tips {
        let mut means = Series::default();
        self.batch_means.iter().for_each(|mean| means.add(*mean));
        let spread = means.deviation() * (means.count as f64 / (means.count as f64 - 1.0)).sqrt();
        let in_flight = scenario.rate() * scenario.delay.mean_seconds();
        Tips {
            mean: self.tips.mean(),
            half_width_95: if means.count > 1 {
                T_95 * spread / (means.count as f64).sqrt()
            } else {
                f64::MAX
            },
            deviation: self.tips.deviation(),
            mean_ratio: self.tips.mean() / in_flight,
            deviation_ratio: self.tips.deviation() / in_flight.sqrt(),
        }
    }

    pub(super) fn approvals(&self) -> Approvals {
        let total = self.final_count.max(1) as f64;
        let last = self.approver_counts.iter().rposition(|count| *count > 0);
        let used = &self.approver_counts[..last.map_or(0, |last| last + 1)];
        Approvals {
            count: self.approvals.series.count,
            mean_seconds: self.approvals.mean(),
            deviation_seconds: self.approvals.series.deviation(),
            median_seconds: self.approvals.quantile(0.5),
            p90_seconds: self.approvals.quantile(0.9),
            p99_seconds: self.approvals.quantile(0.99),
            approver_shares: used.iter().map(|count| *count as f64 / total).collect(),
            samples_ns: self.samples_ns.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_in_order_and_narrow() {
        let values =
            (0..300).chain((9..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 3 << (bit - 1)]));
        let mut values: Vec<u64> = values.collect();
        values.sort_unstable();
        for pair in values.windows(2) {
            assert!(cell(pair[0]) <= cell(pair[1]), "{pair:?}");
        }
        for value in values {
            let low = least(cell(value));
            assert!(low <= value && value - low <= value / 128, "{value}: {low}");
        }
        assert!(cell(u64::MAX) < Durations::new().counts.len());
    }

    #[test]
    fn quantiles_of_a_straight_line() {
        let mut durations = Durations::new();
        (0..100_000).for_each(|value| durations.add(value * 1_000));
        let median = durations.quantile(0.5);
        assert!((median - 0.05).abs() < 0.000_5, "{median}");
    }
}
