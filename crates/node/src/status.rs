//! How the node is: a board that the engine's thread writes and everybody reads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use crossbeam_channel::Sender;
use tangle_consensus::Previous;
use tangle_dag::TipReport;
use tangle_engine::{Halt, Summary, Time};
use tangle_storage::Reader;
use tangle_sync::{Blocker, PeerView};
use tangle_types::{
    MilestoneId, MilestoneIndex, ParametersOption, ProtocolParameters, UnixSeconds,
};

use crate::driver::now;
use crate::sync_log::SyncLog;

/// Seconds over which arrivals are averaged.
const ARRIVAL_SECONDS: u64 = 10;
/// Milestones over which referenced blocks are averaged.
const REFERENCED_MILESTONES: usize = 10;
/// Milestones by which the ledger may lag behind the newest known one.
const LAG_MAX: u32 = 2;
/// How long the engine may say nothing, in milliseconds: longer than its largest piece of work.
const SILENCE_MAX_MS: u64 = 30_000;

/// How the node is.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether it can be trusted to know the present; see `blocker` if not.
    pub is_healthy: bool,
    /// Why it is not healthy, in words.
    pub blocker: Option<String>,
    /// What an operator can do about it.
    pub advice: Option<String>,
    /// Why it is not synced with its neighbours, if it is not.
    pub sync: Option<Blocker>,
    /// The neighbours and how they are.
    pub neighbours: Vec<PeerView>,
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
    /// Blocks received since the start of the process.
    pub received_total: u64,
    /// Blocks referenced by durable milestones since the start of the process.
    pub referenced_total: u64,
    /// Tips that a selection can draw from.
    pub tip_count: usize,
    /// What draws from them, and whether its settings fit.
    pub tips: TipReport,
    /// Blocks no milestone has referenced yet.
    pub unreferenced_count: usize,
    /// What waits for the writer.
    pub writer_queue: Queue,
}

/// A bounded queue of the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// What is in it.
    pub name: &'static str,
    /// Entries.
    pub count: usize,
    /// Entries that it takes; whoever adds one more waits or is refused.
    pub count_max: usize,
}

impl Queue {
    pub(crate) fn of<T>(name: &'static str, queue: &Sender<T>) -> Self {
        Self {
            name,
            count: queue.len(),
            count_max: queue.capacity().unwrap_or(usize::MAX),
        }
    }
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

/// What the engine's thread knows anew.
pub(crate) struct News {
    pub(crate) summary: Summary,
    pub(crate) pending: Vec<ParametersOption>,
    pub(crate) parameters: Arc<ProtocolParameters>,
    pub(crate) blocker: Option<Blocker>,
    pub(crate) neighbours: Vec<PeerView>,
    pub(crate) writer_queue: Queue,
}

/// Where the status hangs.
#[derive(Debug)]
pub(crate) struct StatusBoard {
    status: RwLock<Arc<Status>>,
    rates: Mutex<Rates>,
    confirmed: Mutex<MilestoneSummary>,
    halt: Mutex<Option<String>>,
    /// Why nothing works any more.
    failure: OnceLock<String>,
    /// When the status was renewed, in milliseconds since 1970; 0 before the first time.
    renewed_ms: AtomicU64,
    /// Whether walks of tip selection start too late.
    is_shallow: AtomicBool,
    /// Whether the node can only know the present from others.
    needs_neighbours: AtomicBool,
    log: Mutex<SyncLog>,
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
    referenced_total: u64,
    received_total: u64,
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
            advice: None,
            sync: None,
            neighbours: Vec::new(),
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
            referenced_total: 0,
            tip_count: 0,
            tips: TipReport::default(),
            unreferenced_count: 0,
            received_total: 0,
            writer_queue: Queue::default(),
        };
        Self {
            status: RwLock::new(Arc::new(status)),
            rates: Mutex::default(),
            confirmed: Mutex::new(confirmed),
            halt: Mutex::default(),
            failure: OnceLock::new(),
            renewed_ms: AtomicU64::new(0),
            needs_neighbours: AtomicBool::new(false),
            is_shallow: AtomicBool::new(false),
            log: Mutex::default(),
            reader,
            milestone_age_max_ms,
            pow_enabled,
        }
    }

    /// How the node is now. What an engine says that stands still is not believed for long.
    pub(crate) fn read(&self) -> Arc<Status> {
        let status = Arc::clone(&self.status.read().expect("no holder panics"));
        match silence(now(), self.renewed_ms.load(Ordering::Relaxed)) {
            Some(silence) if self.failure.get().is_none() => Arc::new(status.unhealthy(silence)),
            _ => status,
        }
    }

    /// Blocks arrived.
    pub(crate) fn received(&self, now: Time, count: usize) {
        let second = now.0 / 1_000;
        let mut rates = self.rates.lock().expect("no holder panics");
        rates.received_total += count as u64;
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

    /// A confirmed milestone, which referenced so many blocks, is durable.
    pub(crate) fn confirmed(&self, milestone: MilestoneSummary, referenced_count: usize) {
        *self.confirmed.lock().expect("no holder panics") = milestone;
        let mut rates = self.rates.lock().expect("no holder panics");
        rates.referenced_total += referenced_count as u64;
        rates
            .referenced
            .push_back((milestone.timestamp.unwrap_or_default(), referenced_count));
        if rates.referenced.len() > REFERENCED_MILESTONES {
            rates.referenced.pop_front();
        }
    }

    /// The ledger stopped for good.
    pub(crate) fn halted(&self, halt: &Halt) {
        tracing::error!(%halt, "the ledger stops here; what is known is still served");
        *self.halt.lock().expect("no holder panics") = Some(halt.to_string());
    }

    /// The store or the engine failed; nothing works any more.
    pub(crate) fn failed(&self, reason: &str) {
        let reason = self.failure.get_or_init(|| reason.to_owned());
        let mut status = self.status.write().expect("no holder panics");
        *status = Arc::new(status.unhealthy(reason.clone()));
    }

    /// From now on the node is healthy only with a neighbour.
    pub(crate) fn need_neighbours(&self) {
        self.needs_neighbours.store(true, Ordering::Relaxed);
    }

    /// Up to where the store has pruned.
    pub(crate) fn pruning_index(&self) -> MilestoneIndex {
        self.reader.pruning_index()
    }

    /// Says once that walks start too late, and once that they do not any more.
    fn mind_depth(&self, tips: &TipReport) {
        let is_shallow = tips.is_shallow();
        if self.is_shallow.swap(is_shallow, Ordering::Relaxed) == is_shallow {
            return;
        }
        let (depth_ms, needed_ms) = (tips.depth_ms, tips.depth_needed_ms);
        if is_shallow {
            tracing::warn!(
                depth_ms,
                needed_ms,
                "walks of tip selection start too late for this many blocks, and may leave honest \
                 ones behind; raise tips.depth_ms"
            );
        } else {
            tracing::info!(
                depth_ms,
                needed_ms,
                "walks of tip selection start early enough"
            );
        }
    }

    /// Renews the status.
    pub(crate) fn publish(&self, now: Time, news: News) {
        self.mind_depth(&news.summary.tips);
        let confirmed = *self.confirmed.lock().expect("no holder panics");
        let latest = MilestoneSummary::from(news.summary.latest);
        // A node that has no way to neighbours does not miss them.
        let needs_neighbours = self.needs_neighbours.load(Ordering::Relaxed);
        let sync = news
            .blocker
            .filter(|blocker| needs_neighbours || !matches!(blocker, Blocker::NoNeighbours));
        self.log
            .lock()
            .expect("no holder panics")
            .write(now, sync, confirmed.index);
        let blocker = self.blocker(now, confirmed, latest, sync);
        let is_halted = self.halt.lock().expect("no holder panics").is_some();
        let is_alone = matches!(
            sync,
            None | Some(Blocker::NoNeighbours | Blocker::NoHeartbeats { .. })
        );
        let is_synced = !is_halted && is_alone && latest.index.0 <= confirmed.index.0 + LAG_MAX;
        let (blocks_per_second, referenced_blocks_per_second) = self.rates(now);
        let (received_total, referenced_total) = {
            let rates = self.rates.lock().expect("no holder panics");
            (rates.received_total, rates.referenced_total)
        };
        let referenced_rate = if blocks_per_second > 0.0 {
            100.0 * referenced_blocks_per_second / blocks_per_second
        } else {
            0.0
        };
        let supports =
            |next: &ParametersOption| next.protocol_version == tangle_types::PROTOCOL_VERSION;
        let status = Status {
            is_healthy: blocker.is_none(),
            blocker,
            advice: sync.and_then(|blocker| blocker.advice()).map(str::to_owned),
            sync,
            neighbours: news.neighbours,
            is_synced,
            latest,
            confirmed,
            pruning_index: self.reader.pruning_index(),
            parameters: news.parameters,
            next_version_supported: news.pending.first().is_none_or(supports),
            pending: news.pending,
            pow_enabled: self.pow_enabled,
            blocks_per_second,
            referenced_blocks_per_second,
            referenced_rate,
            referenced_total,
            tip_count: news.summary.tip_count,
            tips: news.summary.tips,
            unreferenced_count: news.summary.unreferenced_count,
            received_total,
            writer_queue: news.writer_queue,
        };
        let mut current = self.status.write().expect("no holder panics");
        if self.failure.get().is_none() {
            *current = Arc::new(status);
        }
        drop(current);
        self.renewed_ms.store(now.0, Ordering::Relaxed);
    }

    /// Why the node is not healthy.
    fn blocker(
        &self,
        now: Time,
        confirmed: MilestoneSummary,
        latest: MilestoneSummary,
        sync: Option<Blocker>,
    ) -> Option<String> {
        if let Some(halt) = self.halt.lock().expect("no holder panics").clone() {
            return Some(format!("the ledger has stopped: {halt}"));
        }
        if let Some(sync) = sync {
            return Some(sync.to_string());
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

impl Status {
    /// The same of a node that is not to be trusted, and why.
    fn unhealthy(&self, blocker: String) -> Self {
        Self {
            is_healthy: false,
            is_synced: false,
            blocker: Some(blocker),
            ..self.clone()
        }
    }
}

/// That the engine has said nothing since `renewed_ms`, if that is too long ago.
fn silence(now: Time, renewed_ms: u64) -> Option<String> {
    let silent_ms = now.0.saturating_sub(renewed_ms);
    (renewed_ms > 0 && silent_ms > SILENCE_MAX_MS).then(|| {
        format!(
            "the engine has said nothing for {} s; if that lasts, restart the node: what is \
             confirmed stays",
            silent_ms / 1_000
        )
    })
}

fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_that_stands_still_is_noticed() {
        let renewed_ms = 1_700_000_000_000;
        let after = |ms: u64| silence(Time(renewed_ms + ms), renewed_ms);
        assert_eq!(after(0), None);
        assert_eq!(after(SILENCE_MAX_MS), None, "it may be busy");
        let said = after(SILENCE_MAX_MS + 1).expect("it stands still");
        assert!(said.contains("nothing for 30 s"), "{said}");
        assert_eq!(silence(Time(renewed_ms - 5_000), renewed_ms), None);
        assert_eq!(silence(Time(renewed_ms), 0), None, "it has not begun");
    }
}
