//! Watches all nodes at once and knows what must never happen.

use std::collections::BTreeMap;

use tangle_crypto::blake2b;
use tangle_engine::MilestoneCommit;
use tangle_types::{BlockId, Inclusion, MilestoneId, MilestoneIndex, OutputId};

use super::blocks::Blocks;
use super::breach::Breach;
use super::disk::{Disk, LedgerDigest};
use super::fixture::SUPPLY;
use super::oracle::Oracle;

/// What one node has found must hold for all others.
#[derive(Debug)]
pub(crate) struct Judge {
    oracle: Oracle,
    /// What each milestone does, as the first node said that confirmed it.
    effects: BTreeMap<MilestoneIndex, [u8; 32]>,
    /// The ledger after each milestone.
    ledgers: BTreeMap<MilestoneIndex, LedgerDigest>,
    /// The milestone of each index that somebody has seen.
    shown: BTreeMap<MilestoneIndex, MilestoneId>,
    /// How far each node is for good.
    durable: Vec<MilestoneIndex>,
}

impl Judge {
    pub(crate) fn new(node_count: usize, genesis: impl IntoIterator<Item = OutputId>) -> Self {
        Self {
            oracle: Oracle::new(genesis),
            effects: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            shown: BTreeMap::new(),
            durable: vec![MilestoneIndex(0); node_count],
        }
    }

    /// A valid milestone was seen.
    pub(crate) fn shown(&mut self, index: MilestoneIndex, id: MilestoneId) -> Result<(), Breach> {
        let first = *self.shown.entry(index).or_insert(id);
        if first == id {
            return Ok(());
        }
        let second = id;
        Err(Breach::SecondMilestone {
            index,
            first,
            second,
        })
    }

    /// A node has confirmed a milestone.
    pub(crate) fn confirmed(
        &mut self,
        node: usize,
        commit: &MilestoneCommit,
        blocks: &Blocks,
    ) -> Result<(), Breach> {
        let index = commit.milestone.milestone.index;
        let effect = hash_of(commit);
        if let Some(first) = self.effects.get(&index) {
            return if *first == effect {
                Ok(())
            } else {
                Err(Breach::OtherLedger { node, index })
            };
        }
        self.oracle
            .confirm(blocks, commit)
            .map_err(|what| Breach::NotWhiteFlag { node, index, what })?;
        self.effects.insert(index, effect);
        Ok(())
    }

    /// A node has written a milestone to its disk.
    pub(crate) fn written(&mut self, node: usize, disk: &Disk) -> Result<(), Breach> {
        let (index, digest) = (disk.ledger_index(), disk.digest());
        if digest.amount != SUPPLY {
            return Err(Breach::Supply {
                index,
                found: digest.amount,
                supply: SUPPLY,
            });
        }
        let first = *self.ledgers.entry(index).or_insert(digest);
        if first == digest {
            Ok(())
        } else {
            Err(Breach::OtherLedger { node, index })
        }
    }

    /// A node was told that a milestone is durable.
    pub(crate) fn durable(&mut self, node: usize, index: MilestoneIndex) {
        self.durable[node] = self.durable[node].max(index);
    }

    /// A node starts from its disk.
    pub(crate) fn started(&self, node: usize, disk: &Disk) -> Result<(), Breach> {
        let (before, after) = (self.durable[node], disk.ledger_index());
        if after < before {
            return Err(Breach::Forgotten {
                node,
                before,
                after,
            });
        }
        self.recount(node, disk)
    }

    /// Adds up a node's whole ledger.
    pub(crate) fn recount(&self, node: usize, disk: &Disk) -> Result<(), Breach> {
        let index = disk.ledger_index();
        let found = disk.recount();
        let is_known = self.ledgers.get(&index).is_none_or(|known| *known == found);
        if found == disk.digest() && is_known {
            Ok(())
        } else {
            Err(Breach::OtherLedger { node, index })
        }
    }

    /// The newest milestone that any node has confirmed.
    pub(crate) fn newest(&self) -> MilestoneIndex {
        let newest = self.effects.keys().next_back();
        newest.copied().unwrap_or_default()
    }
}

fn hash_of(commit: &MilestoneCommit) -> [u8; 32] {
    let diff = &commit.diff;
    let mut bytes = commit.milestone.id.0.to_vec();
    let inclusion = |inclusion: &Inclusion| match inclusion {
        Inclusion::NoTransaction => 254,
        Inclusion::Included => 255,
        Inclusion::Conflicting(reason) => *reason as u8,
    };
    for (BlockId(id), became) in &diff.referenced {
        bytes.extend_from_slice(id);
        bytes.push(inclusion(became));
    }
    for output in &diff.created {
        bytes.extend_from_slice(&output.id.0);
        bytes.extend_from_slice(&output.output.amount().to_le_bytes());
    }
    for (output, spend) in &diff.consumed {
        bytes.extend_from_slice(&output.id.0);
        bytes.extend_from_slice(&spend.transaction_id.0);
    }
    blake2b::hash(&bytes)
}
