//! Sections that a dev network and a node have in common.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tangle_apps::FaucetConfig;
use tangle_consensus::Pace;
use tangle_dag::{Bias, Strategy, WalkStart, WeightedTipsConfig};
use tangle_node::{PruningConfig, SnapshotConfig};
use tangle_storage::snapshot::DeltaLimit;

use crate::config::{leaf, section};
use crate::failure::{Code, Failure, Outcome};
use crate::ports;

section! {
    /// What the store may take.
    pub(crate) struct StorageSection {
        /// Bytes of memory for caches and write buffers.
        memory_bytes: u64 = tangle_storage::MEMORY_BYTES,
        /// Bytes of a block file; a full one is closed and a new one begun.
        segment_bytes: u64 = tangle_storage::SEGMENT_BYTES,
    }
}

/// When milestones come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MilestonePace {
    /// One every interval.
    #[default]
    Steady,
    /// One as soon as blocks wait for it, at most one an interval; when nothing happens, one every
    /// four minutes.
    OnDemand,
}

leaf! {
    MilestonePace => "steady or on-demand",
}

impl From<MilestonePace> for Pace {
    fn from(pace: MilestonePace) -> Self {
        match pace {
            MilestonePace::Steady => Self::Steady,
            MilestonePace::OnDemand => Self::OnDemand,
        }
    }
}

section! {
    /// What of the past is kept; without limits, everything.
    pub(crate) struct PruningSection {
        /// Newest milestones to keep.
        milestone_count: Option<u32> = None,
        /// Seconds by which milestones may be older than the newest one.
        age_seconds: Option<u32> = None,
        /// Most bytes the store should take.
        size_bytes: Option<u64> = None,
    }
}

section! {
    /// Snapshots (TIP-35) that are written while the node runs: `full_snapshot.bin` and
    /// `delta_snapshot.bin` in the folder `snapshots` of the node's data.
    pub(crate) struct SnapshotsSection {
        /// Whether they are written.
        enabled: bool = false,
        /// Milestones between two.
        interval_milestones: u32 = 200,
        /// Milestones by which they lie behind the newest one.
        depth_milestones: u32 = 50,
        /// Size of a delta, in per cent of the full one, from which the next is a full one again.
        delta_percent_max: u32 = 50,
        /// Bytes up to which a delta is never too large.
        delta_bytes_min: u64 = 50 << 20,
        /// Most bytes written a second; 0 means no limit.
        bytes_per_second: u64 = 32 << 20,
    }
}

section! {
    /// Metrics in the format of Prometheus, at `/metrics`.
    pub(crate) struct MetricsSection {
        /// Whether they are served.
        enabled: bool = false,
        /// Where to listen; there are no tokens here, so keep it from strangers.
        bind: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 9_311)),
    }
}

section! {
    /// Proof of work for clients.
    pub(crate) struct PowSection {
        /// Whether the node does proof of work for its clients.
        enabled: bool = true,
        /// Threads for it; 0 means all processors.
        thread_count: usize = 0,
    }
}

/// How tips are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TipStrategy {
    /// Uniformly; a node adds the rules of TIP-3.
    #[default]
    Urts,
    /// Uniformly among the young ones.
    Rurts,
    /// By biased walks.
    Walk,
    /// One by a biased walk, the others uniformly.
    Hybrid,
    /// By walks with no, a low or a high bias.
    EIota,
    /// The end of the heaviest branch.
    Heaviest,
}

leaf! {
    TipStrategy => "urts, rurts, walk, hybrid, e-iota or heaviest",
}

section! {
    /// Tip selection: what a new block approves when this node chooses.
    pub(crate) struct TipsSection {
        /// How: `urts` takes any tips (TIP-3), `rurts` young ones, `walk` the ends of walks that
        /// prefer heavy blocks, `hybrid` one by such a walk and any others, `e-iota` walks with no,
        /// a low or a high preference, `heaviest` the end of the heaviest branch.
        strategy: TipStrategy = TipStrategy::default(),
        /// How much walks prefer weight; with `e-iota` the high preference.
        alpha: f64 = 0.001,
        /// The low preference of `e-iota`.
        alpha_low: f64 = 0.000_1,
        /// Share of blocks without a preference, with `e-iota`.
        share_none: f64 = 0.1,
        /// Share of blocks with the low preference, with `e-iota`.
        share_low: f64 = 0.6,
        /// Age in milliseconds of the blocks at which walks start. The node warns when honest
        /// blocks would be left behind.
        depth_ms: u64 = 60_000,
        /// Walks that wait there.
        particle_count: usize = 64,
        /// Greatest age of a tip in milliseconds, with `rurts`.
        age_max_ms: u64 = 10_000,
        /// Newest blocks whose weights are known.
        window_blocks: usize = 16_384,
    }
}

impl TipsSection {
    /// What the node is told; nothing for `urts`.
    pub(crate) fn config(&self) -> Outcome<Option<WeightedTipsConfig>> {
        let bias = |key: &str, alpha: f64| {
            let refused = || {
                refuse(format!(
                    "tips.{key} = {alpha}: a number from 0 up is expected"
                ))
            };
            Bias::new(alpha).ok_or_else(refused)
        };
        let strategy = match self.strategy {
            TipStrategy::Urts => return Ok(None),
            TipStrategy::Rurts => Strategy::Recent {
                age_max: self.age_max_ms,
            },
            TipStrategy::Walk => Strategy::Walk {
                bias: bias("alpha", self.alpha)?,
            },
            TipStrategy::Hybrid => Strategy::Hybrid {
                bias: bias("alpha", self.alpha)?,
            },
            TipStrategy::EIota => Strategy::Mixed {
                share_none: self.share_none,
                share_low: self.share_low,
                low: bias("alpha_low", self.alpha_low)?,
                high: bias("alpha", self.alpha)?,
            },
            TipStrategy::Heaviest => Strategy::Heaviest,
        };
        let (none, low) = (self.share_none, self.share_low);
        if !(none >= 0.0 && low >= 0.0 && none + low <= 1.0) {
            return Err(refuse(format!(
                "tips.share_none = {none} and tips.share_low = {low}: shares are from 0 to 1, and \
                 together not more"
            )));
        }
        let (blocks, blocks_max) = (self.window_blocks, 1 << 20);
        if !(1_024..=blocks_max).contains(&blocks) {
            return Err(refuse(format!(
                "tips.window_blocks = {blocks}: from 1024 to {blocks_max} are possible"
            )));
        }
        let particle_count = self.particle_count;
        if !(1..=65_536).contains(&particle_count) {
            return Err(refuse(format!(
                "tips.particle_count = {particle_count}: from 1 to 65536 are possible"
            )));
        }
        Ok(Some(WeightedTipsConfig {
            strategy,
            start: WalkStart {
                depth: self.depth_ms,
                particle_count,
            },
            block_count: blocks,
        }))
    }
}

fn refuse(message: String) -> Box<Failure> {
    Failure::new(Code::ConfigValue, message)
}

section! {
    /// What the faucet pays.
    pub(crate) struct FaucetAmounts {
        /// Base coins for an address that has none.
        amount: u64 = 100_000_000_000,
        /// Base coins for an address that has some.
        amount_small: u64 = 10_000_000_000,
        /// Base coins from which an address gets nothing.
        balance_max: u64 = 200_000_000_000,
        /// Milliseconds over which requests are gathered for one transaction.
        batch_interval_ms: u64 = 500,
        /// Most requests that wait.
        queue_count_max: usize = 1_000,
        /// Requests that are taken within a minute, from all clients together; 0 means any number.
        requests_per_minute_max: u32 = 0,
        /// Requests that are taken within a minute from one IP address (of IPv6 from one /64
        /// network); 0 means any number. Behind a proxy on the same machine, the last entry of
        /// X-Forwarded-For counts.
        requests_per_minute_per_ip_max: u32 = 0,
    }
}

section! {
    /// What of votes is counted.
    pub(crate) struct CountingSection {
        /// Files of events, in JSON as `POST /api/participation/v1/admin/events` takes them. They
        /// are counted besides those that are added there.
        events: Vec<PathBuf> = Vec::new(),
        /// Most participations that are tracked, of all events together, with some 250 bytes of
        /// memory each. When there are more, the oldest that have ended are forgotten, but stay
        /// counted.
        participations_max: usize = 100_000,
    }
}

impl FaucetAmounts {
    pub(crate) fn config(&self) -> FaucetConfig {
        FaucetConfig {
            amount: self.amount,
            amount_small: self.amount_small,
            balance_max: self.balance_max,
            batch_interval_ms: self.batch_interval_ms,
            queue_count_max: self.queue_count_max,
            requests_per_minute_max: self.requests_per_minute_max,
            requests_per_minute_per_ip_max: self.requests_per_minute_per_ip_max,
        }
    }
}

impl MetricsSection {
    /// The listener, if there is to be one.
    pub(crate) fn listen(&self) -> Outcome<Option<TcpListener>> {
        let listen = || ports::listen(self.bind, "stop it, or set another metrics.bind");
        self.enabled.then(listen).transpose()
    }
}

impl SnapshotsSection {
    pub(crate) fn config(&self, folder: PathBuf) -> SnapshotConfig {
        SnapshotConfig {
            folder,
            interval_milestones: self.enabled.then_some(self.interval_milestones),
            depth_milestones: self.depth_milestones,
            delta: DeltaLimit {
                percent_max: self.delta_percent_max,
                bytes_min: self.delta_bytes_min,
            },
            bytes_per_second: (self.bytes_per_second > 0).then_some(self.bytes_per_second),
        }
    }
}

impl PruningSection {
    pub(crate) const fn config(&self) -> PruningConfig {
        PruningConfig {
            milestone_count: self.milestone_count,
            age_seconds: self.age_seconds,
            size_bytes: self.size_bytes,
        }
    }
}

impl PowSection {
    /// Threads to use.
    pub(crate) fn thread_count(&self) -> usize {
        match self.thread_count {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        }
    }
}
