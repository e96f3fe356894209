//! A node with a past that nobody waited for: the test is the coordinator, and says what time it
//! is.

use std::time::{SystemTime, UNIX_EPOCH};

use tangle_consensus::{Coordinator, CoordinatorConfig, MilestoneKeys, Pace, Previous};
use tangle_crypto::blake2b;
use tangle_node::WhiteFlagRequest;
use tangle_types::{BlockId, Codec, DraftBlock, MilestoneId, MilestoneIndex, UnixSeconds};

use crate::harness::{Client, account, client_without_coordinator, eventually, milestone_key};

/// A node whose milestones lie a second apart, and all of them behind now.
pub(crate) struct Past {
    pub(crate) client: Client,
    coordinator: Coordinator,
    keys: MilestoneKeys,
    now_ms: u64,
}

impl Past {
    /// A node that knows no milestone yet. There is time for so many of them.
    pub(crate) fn new(milestone_count: u32) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_s = now.expect("now is after 1970").as_secs();
        let now_ms = (now_s - u64::from(milestone_count)) * 1_000;
        let first = MilestoneIndex(1);
        let keys = MilestoneKeys::new(vec![milestone_key()], 1, first);
        let config = CoordinatorConfig {
            interval_ms: 1_000,
            pace: Pace::Steady,
        };
        let genesis = Previous {
            index: MilestoneIndex(0),
            id: MilestoneId::ZERO,
            block_id: BlockId::ZERO,
            timestamp: UnixSeconds(0),
        };
        let signers = vec![account(0)];
        let mut coordinator = Coordinator::new(&config, signers, genesis, BlockId::ZERO, 0);
        coordinator.start(now_ms);
        Self {
            client: client_without_coordinator(),
            coordinator,
            keys: keys.expect("there is a key"),
            now_ms,
        }
    }

    /// Posts a block that the next milestone references.
    pub(crate) async fn submit(&mut self, draft: &DraftBlock) -> BlockId {
        let id = self.client.submit(draft).await;
        self.coordinator.on_solid(id, &[]);
        id
    }

    /// The next milestone, once the node has confirmed it.
    pub(crate) async fn milestone(&mut self) -> MilestoneIndex {
        let node = &self.client.node;
        let draft = self.coordinator.plan(self.now_ms);
        let request = WhiteFlagRequest {
            index: draft.index,
            timestamp: draft.timestamp,
            parents: draft.parents.clone(),
            previous_milestone_id: node.status().confirmed.id.unwrap_or(MilestoneId::ZERO),
        };
        let roots = node
            .white_flag(request)
            .await
            .expect("the parents are there");
        let (index, timestamp) = (draft.index, draft.timestamp);
        let signed = self.coordinator.sign(draft, roots, 2, None, &self.keys);
        let (id, block) = signed.expect("the key may sign");
        let bytes = block.to_bytes();
        let previous = Previous {
            index,
            id,
            block_id: BlockId(blake2b::hash(&bytes)),
            timestamp,
        };
        assert!(node.ingest(vec![bytes.into()]));
        eventually("the milestone", async || {
            (node.status().confirmed.index == index).then_some(())
        })
        .await;
        self.now_ms += 1_000;
        self.coordinator.on_confirmed(previous, self.now_ms);
        index
    }
}
