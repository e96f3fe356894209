//! What a node is told before it starts.

use std::path::PathBuf;

use tangle_consensus::Pace;
use tangle_crypto::ed25519::SecretKey;
use tangle_dag::{UniformTipsConfig, WeightedTipsConfig};
use tangle_storage::StorageConfig;
use tangle_storage::snapshot::DeltaLimit;

/// How a node runs.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Where blocks and ledger are kept.
    pub storage: StorageConfig,
    /// Where snapshots are written, and when.
    pub snapshots: SnapshotConfig,
    /// What of the past is kept; by default everything.
    pub pruning: PruningConfig,
    /// Whether the node does proof of work for its clients.
    pub pow_enabled: bool,
    /// Threads that mine when it does.
    pub pow_thread_count: usize,
    /// Threads that check blocks.
    pub check_thread_count: usize,
    /// Limits of the tip pools.
    pub tips: UniformTipsConfig,
    /// How tips are chosen, if not uniformly as TIP-3 says.
    pub weighted_tips: Option<WeightedTipsConfig>,
    /// Most blocks that wait for their parents.
    pub unsolid_count_max: usize,
    /// Seed of every random choice; two nodes should have different ones.
    pub seed: u64,
}

/// Snapshots that the node writes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotConfig {
    /// Their folder.
    pub folder: PathBuf,
    /// Milestones between two; without it, one is written only when somebody asks.
    pub interval_milestones: Option<u32>,
    /// Milestones by which they lie behind the newest one.
    pub depth_milestones: u32,
    /// When a full one takes the place of a delta.
    pub delta: DeltaLimit,
    /// Most bytes written a second.
    pub bytes_per_second: Option<u64>,
}

/// What of the past is kept. Several limits may be given; the strictest one holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruningConfig {
    /// Newest milestones to keep.
    pub milestone_count: Option<u32>,
    /// Age in seconds, against the newest milestone, at which a milestone may go.
    pub age_seconds: Option<u32>,
    /// Most bytes the store should take.
    pub size_bytes: Option<u64>,
}

/// What makes a node the coordinator of its network.
pub struct CoordinatorConfig {
    /// Milliseconds between milestones; at least 1000, as timestamps are whole seconds.
    pub interval_ms: u64,
    /// When milestones come.
    pub pace: Pace,
    /// Keys that it signs with; as many as the threshold says.
    pub keys: Vec<SecretKey>,
}

impl NodeConfig {
    /// The defaults, over a store in `storage`.
    #[must_use]
    pub fn new(storage: StorageConfig) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            snapshots: SnapshotConfig {
                folder: storage.path.join("snapshots"),
                interval_milestones: None,
                depth_milestones: 50,
                delta: DeltaLimit::default(),
                bytes_per_second: None,
            },
            storage,
            pruning: PruningConfig::default(),
            pow_enabled: true,
            pow_thread_count: threads,
            check_thread_count: threads.clamp(1, 8),
            tips: UniformTipsConfig::default(),
            weighted_tips: None,
            unsolid_count_max: 20_000,
            seed: 0,
        }
    }
}
