//! What a node is told before it starts.

use std::path::PathBuf;

use tangle_crypto::ed25519::SecretKey;
use tangle_dag::UniformTipsConfig;
use tangle_storage::StorageConfig;

/// How a node runs.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Where blocks and ledger are kept.
    pub storage: StorageConfig,
    /// Where snapshots are written.
    pub snapshot_dir: PathBuf,
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
    /// Most blocks that wait for their parents.
    pub unsolid_count_max: usize,
    /// Seed of every random choice; two nodes should have different ones.
    pub seed: u64,
}

/// What of the past is kept. Both limits may be given; the stricter one holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruningConfig {
    /// Newest milestones to keep.
    pub milestone_count: Option<u32>,
    /// Most bytes the store should take.
    pub size_bytes: Option<u64>,
}

/// What makes a node the coordinator of its network.
pub struct CoordinatorConfig {
    /// Milliseconds between milestones; at least 1000, as timestamps are whole seconds.
    pub interval_ms: u64,
    /// Keys that it signs with; as many as the threshold says.
    pub keys: Vec<SecretKey>,
}

impl NodeConfig {
    /// The defaults, over a store in `storage`.
    #[must_use]
    pub fn new(storage: StorageConfig) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            snapshot_dir: storage.path.join("snapshots"),
            storage,
            pruning: PruningConfig::default(),
            pow_enabled: true,
            pow_thread_count: threads,
            check_thread_count: threads.clamp(1, 8),
            tips: UniformTipsConfig::default(),
            unsolid_count_max: 20_000,
            seed: 0,
        }
    }
}
