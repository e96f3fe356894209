//! How the node is: a board that the engine's thread writes and everybody reads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, RwLock};

use tangle_consensus::Previous;
use tangle_engine::{Halt, MilestoneCommit, Summary, Time};
use tangle_storage::Reader;
use tangle_types::{
    MilestoneId, MilestoneIndex, ParametersOption, ProtocolParameters, UnixSeconds,
};

use crate::intake::CurrentParameters;

/// Seconds over which arrivals are averaged.
const ARRIVAL_SECONDS: u64 = 10;
/// Milestones over which referenced blocks are averaged.
const REFERENCED_MILESTONES: usize = 10;
/// Milestones by which the ledger may lag behind the newest known one.
const LAG_MAX: u32 = 2;

/// How the node is.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether it can be trusted to know the present; see `blocker` if not.
    pub is_healthy: bool,
    /// Why it is not healthy, in words.
    pub blocker: Option<String>,
    /// Whether requests that need the present are answered.
    pub is_synced: bool,
    /// The newest milestone known.
    pub latest: MilestoneSummary,
    /// The newest milestone confirmed and durable.
    pub confirmed: MilestoneSummary,
    /// Milestones up to this one were pruned.
    pub pruning_index: MilestoneIndex,
    /// Parameters in force.
    pub parameters: Arc<ProtocolParameters>,
    /// Parameters announced.
    pub pending: Vec<ParametersOption>,
    /// Whether the next announced protocol version is one this node knows.
    pub next_version_supported: bool,
    /// Whether the node does proof of work for its clients.
    pub pow_enabled: bool,
    /// Blocks received a second, over the last ten.
    pub blocks_per_second: f64,
    /// Blocks referenced a second, over the last milestones.
    pub referenced_blocks_per_second: f64,
    /// Referenced in per cent of received.
    pub referenced_rate: f64,
    /// Tips that a selection can draw from.
    pub tip_count: usize,
    /// Blocks no milestone has referenced yet.
    pub unreferenced_count: usize,
}

/// A milestone in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MilestoneSummary {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its time, unless only a snapshot is known.
    pub timestamp: Option<UnixSeconds>,
    /// Its id, unless only a snapshot is known.
    pub id: Option<MilestoneId>,
}

/// Where the status hangs.
#[derive(Debug)]
pub(crate) struct StatusBoard {
    status: RwLock<Arc<Status>>,
    rates: Mutex<Rates>,
    confirmed: Mutex<MilestoneSummary>,
    halt: Mutex<Option<String>>,
    reader: Reader,
    milestone_age_max_ms: u64,
    pow_enabled: bool,
}

#[derive(Debug, Default)]
struct Rates {
    /// Second and blocks received in it, oldest first.
    arrivals: VecDeque<(u64, usize)>,
    /// Timestamp of a milestone and blocks it referenced, oldest first.
    referenced: VecDeque<(UnixSeconds, usize)>,
}

impl From<Previous> for MilestoneSummary {
    fn from(milestone: Previous) -> Self {
        let is_known = !milestone.id.is_zero();
        Self {
            index: milestone.index,
            timestamp: is_known.then_some(milestone.timestamp),
            id: is_known.then_some(milestone.id),
        }
    }
}

impl StatusBoard {
    /// A board of a node that has just started.
    pub(crate) fn new(
        reader: Reader,
        confirmed: MilestoneSummary,
        parameters: Arc<ProtocolParameters>,
        milestone_age_max_ms: u64,
        pow_enabled: bool,
    ) -> Self {
        let status = Status {
            is_healthy: false,
            blocker: Some("the node is starting".into()),
            is_synced: false,
            latest: confirmed,
            confirmed,
            pruning_index: reader.pruning_index(),
            parameters,
            pending: Vec::new(),
            next_version_supported: true,
            pow_enabled,
            blocks_per_second: 0.0,
            referenced_blocks_per_second: 0.0,
            referenced_rate: 0.0,
            tip_count: 0,
            unreferenced_count: 0,
        };
        Self {
            status: RwLock::new(Arc::new(status)),
            rates: Mutex::default(),
            confirmed: Mutex::new(confirmed),
            halt: Mutex::default(),
            reader,
            milestone_age_max_ms,
            pow_enabled,
        }
    }

    pub(crate) fn read(&self) -> Arc<Status> {
        Arc::clone(&self.status.read().expect("no holder panics"))
    }

    /// Blocks arrived.
    pub(crate) fn received(&self, now: Time, count: usize) {
        let second = now.0 / 1_000;
        let mut rates = self.rates.lock().expect("no holder panics");
        match rates.arrivals.back_mut() {
            Some((last, sum)) if *last == second => *sum += count,
            _ => rates.arrivals.push_back((second, count)),
        }
        while rates
            .arrivals
            .front()
            .is_some_and(|(first, _)| first + ARRIVAL_SECONDS < second)
        {
            rates.arrivals.pop_front();
        }
    }

    /// A milestone was confirmed.
    pub(crate) fn referenced(&self, commit: &MilestoneCommit) {
        let mut rates = self.rates.lock().expect("no holder panics");
        let timestamp = commit.milestone.milestone.timestamp;
        rates
            .referenced
            .push_back((timestamp, commit.diff.referenced.len()));
        if rates.referenced.len() > REFERENCED_MILESTONES {
            rates.referenced.pop_front();
        }
    }

    /// A confirmed milestone is durable.
    pub(crate) fn confirmed(&self, milestone: MilestoneSummary) {
        *self.confirmed.lock().expect("no holder panics") = milestone;
    }

    /// The ledger stopped for good.
    pub(crate) fn halted(&self, halt: &Halt) {
        tracing::error!(%halt, "the ledger stops here; what is known is still served");
        *self.halt.lock().expect("no holder panics") = Some(halt.to_string());
    }

    /// The store or the engine failed; nothing works any more.
    pub(crate) fn failed(&self, reason: &str) {
        let mut status = Status::clone(&self.read());
        status.is_healthy = false;
        status.is_synced = false;
        status.blocker = Some(reason.to_owned());
        *self.status.write().expect("no holder panics") = Arc::new(status);
    }

    /// Renews the status.
    pub(crate) fn publish(
        &self,
        now: Time,
        summary: &Summary,
        pending: &[ParametersOption],
        parameters: &CurrentParameters,
    ) {
        let confirmed = *self.confirmed.lock().expect("no holder panics");
        let latest = MilestoneSummary::from(summary.latest);
        let blocker = self.blocker(now, confirmed, latest);
        let is_halted = self.halt.lock().expect("no holder panics").is_some();
        let is_synced = !is_halted && latest.index.0 <= confirmed.index.0 + LAG_MAX;
        let (blocks_per_second, referenced_blocks_per_second) = self.rates(now);
        let referenced_rate = if blocks_per_second > 0.0 {
            100.0 * referenced_blocks_per_second / blocks_per_second
        } else {
            0.0
        };
        let status = Status {
            is_healthy: blocker.is_none(),
            blocker,
            is_synced,
            latest,
            confirmed,
            pruning_index: self.reader.pruning_index(),
            parameters: Arc::clone(&parameters.read().expect("no holder panics")),
            pending: pending.to_vec(),
            next_version_supported: pending
                .first()
                .is_none_or(|next| next.protocol_version == tangle_types::PROTOCOL_VERSION),
            pow_enabled: self.pow_enabled,
            blocks_per_second,
            referenced_blocks_per_second,
            referenced_rate,
            tip_count: summary.tip_count,
            unreferenced_count: summary.unreferenced_count,
        };
        *self.status.write().expect("no holder panics") = Arc::new(status);
    }

    /// Why the node is not healthy.
    fn blocker(
        &self,
        now: Time,
        confirmed: MilestoneSummary,
        latest: MilestoneSummary,
    ) -> Option<String> {
        if let Some(halt) = self.halt.lock().expect("no holder panics").clone() {
            return Some(format!("the ledger has stopped: {halt}"));
        }
        let lag = latest.index.0.saturating_sub(confirmed.index.0);
        if lag > LAG_MAX {
            return Some(format!(
                "milestone {} is known, the ledger is at {}",
                latest.index, confirmed.index
            ));
        }
        let Some(timestamp) = confirmed.timestamp else {
            return Some("no milestone has been confirmed yet".into());
        };
        let age_ms = now.0.saturating_sub(u64::from(timestamp.0) * 1_000);
        (age_ms > self.milestone_age_max_ms).then(|| {
            format!(
                "the newest milestone, {}, is {} s old",
                confirmed.index,
                age_ms / 1_000
            )
        })
    }

    /// Blocks received and referenced a second.
    fn rates(&self, now: Time) -> (f64, f64) {
        let rates = self.rates.lock().expect("no holder panics");
        let second = now.0 / 1_000;
        let from = second.saturating_sub(ARRIVAL_SECONDS);
        let complete = |at: &u64| (from..second).contains(at);
        let arrived: usize = rates
            .arrivals
            .iter()
            .filter(|(at, _)| complete(at))
            .map(|(_, count)| count)
            .sum();
        let seconds = match (rates.referenced.front(), rates.referenced.back()) {
            (Some((first, _)), Some((last, _))) if last > first => f64::from(last.0 - first.0),
            _ => 1.0,
        };
        // The first milestone opens the span; what it referenced came before.
        let referenced: usize = rates
            .referenced
            .iter()
            .skip(1)
            .map(|(_, count)| count)
            .sum();
        (
            per_second(arrived, ARRIVAL_SECONDS as f64),
            per_second(referenced, seconds),
        )
    }
}

fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}
