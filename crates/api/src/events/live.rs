//! A digest for pages that people watch: how the Tangle grows, and what becomes of its blocks.
//!
//! It stays small however many blocks come: of the blocks of each second the first ones are named,
//! the others are counted.

use serde::Serialize;
use tangle_node::{Confirmation, SolidBlock, Status};
use tangle_types::{BlockId, Inclusion, MilestoneId, MilestoneIndex, Payload, UnixSeconds};

use super::body::Body;

/// Blocks of a second that are named when they become solid.
const SOLID_MAX: usize = 1_000;
/// Blocks of a milestone that are named.
const REFERENCED_MAX: usize = 2_000;

/// What is being put together.
#[derive(Debug, Default)]
pub(super) struct Live {
    blocks: Vec<LiveBlock>,
    /// Blocks named and left out since the second began.
    named: usize,
    left_out: usize,
}

/// One entry of the stream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
enum Entry<'a> {
    /// Blocks became solid.
    #[serde(rename_all = "camelCase")]
    Solid { blocks: &'a [LiveBlock] },
    /// A milestone was confirmed.
    #[serde(rename_all = "camelCase")]
    Milestone {
        index: MilestoneIndex,
        timestamp: UnixSeconds,
        milestone_id: MilestoneId,
        referenced_count: usize,
        included_count: usize,
        conflicting_count: usize,
        /// The first of each.
        referenced: Vec<BlockId>,
        conflicting: Vec<BlockId>,
    },
    /// A second has passed.
    #[serde(rename_all = "camelCase")]
    Rates {
        blocks_per_second: f64,
        referenced_blocks_per_second: f64,
        /// Solid blocks of this second that were not named.
        left_out: usize,
        tip_count: usize,
        unreferenced_count: usize,
        latest_index: MilestoneIndex,
        confirmed_index: MilestoneIndex,
        is_healthy: bool,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LiveBlock {
    block_id: BlockId,
    parents: Vec<BlockId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'static str>,
    /// The tag of its data in digits, for who watches those of one sender; at most 130 letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    tag: String,
}

/// The tag of a payload in digits; empty if there is none.
pub(crate) fn tag_digits(payload: &Payload) -> String {
    match payload.tag() {
        [] => String::new(),
        tag => format!("0x{}", hex::encode(tag)),
    }
}

impl Live {
    pub(super) fn add(&mut self, block: &SolidBlock) {
        if self.named >= SOLID_MAX {
            self.left_out += 1;
            return;
        }
        self.named += 1;
        let parsed = block.parsed();
        let payload = parsed.block.payload.as_ref();
        self.blocks.push(LiveBlock {
            block_id: parsed.id,
            parents: parsed.block.parents.as_slice().to_vec(),
            payload: payload.and_then(|payload| match payload {
                Payload::Transaction(_) => Some("transaction"),
                Payload::Milestone(_) => block.milestone_id().map(|_| "milestone"),
                Payload::TaggedData(_) => Some("taggedData"),
            }),
            tag: payload.map_or_else(String::new, tag_digits),
        });
    }

    /// What became solid since the last time.
    pub(super) fn solid(&mut self) -> Option<Body> {
        let blocks = std::mem::take(&mut self.blocks);
        let entry = Entry::Solid { blocks: &blocks };
        (!blocks.is_empty()).then(|| Body::json(&entry))
    }

    pub(super) fn milestone(confirmation: &Confirmation) -> Body {
        let all = confirmation.referenced();
        let of = |wanted: fn(&Inclusion) -> bool| {
            all.iter()
                .filter(move |(_, inclusion)| wanted(inclusion))
                .map(|(id, _)| *id)
        };
        let is_conflicting = |inclusion: &Inclusion| matches!(inclusion, Inclusion::Conflicting(_));
        Body::json(&Entry::Milestone {
            index: confirmation.index(),
            timestamp: confirmation.milestone().timestamp,
            milestone_id: confirmation.id(),
            referenced_count: all.len(),
            included_count: of(|inclusion| *inclusion == Inclusion::Included).count(),
            conflicting_count: of(is_conflicting).count(),
            referenced: of(|_| true).take(REFERENCED_MAX).collect(),
            conflicting: of(is_conflicting).take(REFERENCED_MAX).collect(),
        })
    }

    /// A second has passed.
    pub(super) fn rates(&mut self, status: &Status) -> Body {
        self.named = 0;
        Body::json(&Entry::Rates {
            blocks_per_second: status.blocks_per_second,
            referenced_blocks_per_second: status.referenced_blocks_per_second,
            left_out: std::mem::take(&mut self.left_out),
            tip_count: status.tip_count,
            unreferenced_count: status.unreferenced_count,
            latest_index: status.latest.index,
            confirmed_index: status.confirmed.index,
            is_healthy: status.is_healthy,
        })
    }
}
