//! Sections that a dev network and a node have in common.

use tangle_apps::FaucetConfig;
use tangle_node::PruningConfig;

use crate::config::section;

section! {
    /// What the store may take.
    pub(crate) struct StorageSection {
        /// Bytes of memory for caches and write buffers.
        memory_bytes: u64 = 16 << 20,
        /// Bytes of a block file; a full one is closed and a new one begun.
        segment_bytes: u64 = 64 << 20,
    }
}

section! {
    /// What of the past is kept; without limits, everything.
    pub(crate) struct PruningSection {
        /// Newest milestones to keep.
        milestone_count: Option<u32> = None,
        /// Most bytes the store should take.
        size_bytes: Option<u64> = None,
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
        }
    }
}

impl PruningSection {
    pub(crate) const fn config(&self) -> PruningConfig {
        PruningConfig {
            milestone_count: self.milestone_count,
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
