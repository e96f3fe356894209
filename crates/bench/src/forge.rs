//! What attackers send: each message new, so that nothing is spared by having been seen before.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tangle_crypto::blake2b;
use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::{
    Block, BlockId, Milestone, MilestoneId, MilestoneIndex, MilestoneSignature, PROTOCOL_VERSION,
    Parents, Payload, TaggedData, UnixSeconds,
};

use crate::workload::with_nonce;

/// Blocks that an attacker remembers.
const HEARD_MAX: usize = 2_048;
/// Bytes of data in a large block.
const LARGE_BYTES: usize = 32_000;

/// A way to attack.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Attack {
    /// Bytes that are no block.
    Garbage,
    /// Headers that announce more than a block may have.
    Oversize,
    /// Blocks that break a rule, with proof of work.
    Rules,
    /// Blocks without proof of work.
    NoWork,
    /// Milestones that no known key has signed.
    Milestones,
    /// Large sound blocks whose parents do not exist.
    Orphans,
    /// Requests for blocks that do not exist.
    Unknown,
    /// Requests for blocks that it was sent before.
    Old,
    /// Heartbeats that claim much.
    Heartbeats,
    /// The blocks that it was sent, again and again.
    Repeats,
    /// Requests whose answers it does not read.
    Deaf,
    /// Nothing, on a stream that it opened.
    Mute,
    /// Connections that it does not encrypt to the end.
    HalfOpen,
}

/// Makes the messages of one attacker.
#[derive(Debug)]
pub(crate) struct Forge {
    attack: Attack,
    /// Changes with each message.
    seed: [u8; 32],
    pow_score: u32,
    count: usize,
    /// What it was sent last.
    heard: VecDeque<Bytes>,
}

impl Forge {
    pub(crate) const fn new(attack: Attack, seed: [u8; 32], pow_score: u32) -> Self {
        Self {
            attack,
            seed,
            pow_score,
            count: 0,
            heard: VecDeque::new(),
        }
    }

    /// The node sent a block.
    pub(crate) fn hear(&mut self, block: Bytes) {
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(block);
    }

    /// The next message; `None` when there is nothing to say.
    pub(crate) fn next(&mut self) -> Option<Message> {
        self.count += 1;
        Some(match self.attack {
            Attack::Garbage => Message::Block(self.noise(300).into()),
            Attack::Oversize => Message::Block(self.noise(40_000).into()),
            Attack::Rules => self.block(PROTOCOL_VERSION + 1, 100, self.pow_score),
            Attack::NoWork => self.block(PROTOCOL_VERSION, 100, 0),
            Attack::Milestones => self.milestone(),
            Attack::Orphans => self.block(PROTOCOL_VERSION, LARGE_BYTES, self.pow_score),
            Attack::Unknown => Message::BlockRequest(BlockId(self.fresh())),
            Attack::Mute | Attack::HalfOpen => return None,
            Attack::Deaf => Message::MilestoneRequest(None),
            Attack::Old => Message::BlockRequest(BlockId(blake2b::hash(self.remembered()?))),
            Attack::Heartbeats => self.heartbeat(),
            Attack::Repeats => Message::Block(self.remembered()?.clone()),
        })
    }

    fn remembered(&self) -> Option<&Bytes> {
        self.heard.get(self.count % self.heard.len().max(1))
    }

    fn fresh(&mut self) -> [u8; 32] {
        self.seed = blake2b::hash(&self.seed);
        self.seed
    }

    fn noise(&mut self, size_bytes: usize) -> Vec<u8> {
        let mut bytes = vec![0xa5; size_bytes];
        bytes[..32].copy_from_slice(&self.fresh());
        bytes
    }

    /// A block of data that approves blocks which do not exist.
    fn block(&mut self, protocol_version: u8, size_bytes: usize, pow_score: u32) -> Message {
        let parents = vec![BlockId(self.fresh()), BlockId(self.fresh())];
        let payload = Payload::TaggedData(TaggedData {
            tag: Vec::new(),
            data: self.noise(size_bytes),
        });
        self.sealed(protocol_version, parents, payload, pow_score)
    }

    fn milestone(&mut self) -> Message {
        let parents = vec![BlockId(self.fresh())];
        let index = u32::try_from(self.count).unwrap_or(u32::MAX);
        let milestone = Milestone {
            index: MilestoneIndex(1_000 + index),
            timestamp: UnixSeconds(index),
            protocol_version: PROTOCOL_VERSION,
            previous_milestone_id: MilestoneId(self.fresh()),
            parents: Parents::new(parents.clone()).expect("there is one"),
            inclusion_merkle_root: self.fresh(),
            applied_merkle_root: self.fresh(),
            metadata: Vec::new(),
            options: Vec::new(),
            signatures: vec![MilestoneSignature {
                public_key: self.fresh(),
                signature: [7; 64],
            }],
        };
        let payload = Payload::Milestone(Box::new(milestone));
        self.sealed(PROTOCOL_VERSION, parents, payload, self.pow_score)
    }

    fn sealed(
        &self,
        protocol_version: u8,
        parents: Vec<BlockId>,
        payload: Payload,
        pow_score: u32,
    ) -> Message {
        let block = Block {
            protocol_version,
            parents: Parents::new(parents).expect("there are some"),
            payload: Some(payload),
            nonce: 0,
        };
        Message::Block(with_nonce(&block, pow_score).into())
    }

    fn heartbeat(&self) -> Message {
        let index = MilestoneIndex(u32::try_from(self.count).unwrap_or(u32::MAX));
        Message::Heartbeat(Heartbeat {
            solid_index: index,
            pruned_index: MilestoneIndex(0),
            latest_index: index,
            connected_peers: 1,
            synced_peers: 1,
        })
    }
}
