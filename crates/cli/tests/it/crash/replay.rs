//! The ledger worked out again from blocks alone: own order, own state, no part of the store but
//! its blocks and milestones.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use tangle_consensus::MilestoneKeys;
use tangle_engine::{CheckedBlock, check};
use tangle_ledger::{ConfirmingMilestone, LedgerView, Lookup, ReferencedBlock, apply};
use tangle_storage::snapshot::LedgerSummary;
use tangle_storage::{Genesis, Reader};
use tangle_types::{
    BlockId, LedgerOutput, MilestoneId, MilestoneIndex, OutputId, ParsedBlock, Treasury,
};

/// A ledger that grows by replaying milestones.
pub(super) struct Replay {
    genesis: Genesis,
    keys: MilestoneKeys,
    index: MilestoneIndex,
    last: MilestoneId,
    outputs: Outputs,
    referenced: HashSet<BlockId>,
}

#[derive(Default)]
struct Outputs {
    unspent: BTreeMap<OutputId, Arc<LedgerOutput>>,
    spent: HashSet<OutputId>,
}

impl LedgerView for Outputs {
    type Error = Infallible;

    fn output(&self, id: &OutputId) -> Result<Lookup, Infallible> {
        Ok(match self.unspent.get(id) {
            Some(output) => Lookup::Unspent(Arc::clone(output)),
            None if self.spent.contains(id) => Lookup::Spent,
            None => Lookup::Unknown,
        })
    }
}

impl Replay {
    pub(super) fn new(genesis: &Genesis) -> Self {
        let keys = MilestoneKeys::new(
            genesis.milestone_keys.clone(),
            genesis.milestone_key_threshold,
            genesis.index.next(),
        );
        let mut outputs = Outputs::default();
        for output in genesis.outputs() {
            outputs.unspent.insert(output.id, Arc::new(output));
        }
        Self {
            keys: keys.expect("the keys suffice"),
            index: genesis.index,
            last: MilestoneId::ZERO,
            outputs,
            referenced: HashSet::from([BlockId::ZERO]),
            genesis: genesis.clone(),
        }
    }

    pub(super) const fn index(&self) -> MilestoneIndex {
        self.index
    }

    /// Replays what the store has beyond the last call.
    pub(super) fn advance(&mut self, reader: &Reader, moment: &str) {
        let newest = reader.ledger_index();
        assert!(
            newest >= self.index,
            "{moment}: milestone {} was confirmed, the ledger is at {newest}",
            self.index
        );
        while self.index < newest {
            self.step(reader, self.index.next(), moment);
        }
    }

    fn step(&mut self, reader: &Reader, index: MilestoneIndex, moment: &str) {
        let stored = reader.milestone(index).expect("the store answers");
        let stored = stored.unwrap_or_else(|| panic!("{moment}: milestone {index} is missing"));
        let milestone = &stored.milestone;
        let verified = self.keys.verify(&milestone.to_block());
        assert_eq!(verified.as_ref(), Ok(&stored.id), "{moment}: {index}");
        assert_eq!(
            milestone.previous_milestone_id, self.last,
            "{moment}: milestone {index} follows another history"
        );
        let blocks = self.cone(reader, milestone.parent_ids(), moment);
        let referenced = blocks.iter().map(|block| ReferencedBlock {
            id: block.id(),
            transaction: block.transaction(),
        });
        let confirming = ConfirmingMilestone {
            index,
            timestamp: milestone.timestamp,
        };
        let Ok((diff, _)) = apply(confirming, referenced, &self.outputs);
        let roots = (diff.inclusion_merkle_root, diff.applied_merkle_root);
        let signed = (
            milestone.inclusion_merkle_root,
            milestone.applied_merkle_root,
        );
        assert_eq!(roots, signed, "{moment}: roots of milestone {index}");
        let stored_cone = reader.cone(index).expect("the store answers");
        assert_eq!(stored_cone, Some(diff.referenced), "{moment}: {index}");
        for output in diff.created {
            self.outputs.unspent.insert(output.id, output);
        }
        for (output, _) in diff.consumed {
            self.outputs.unspent.remove(&output.id);
            self.outputs.spent.insert(output.id);
        }
        self.index = index;
        self.last = stored.id;
    }

    /// The blocks that a milestone references, in white-flag order (TIP-2): depth first, parents in
    /// their order, each block after its parents.
    fn cone(&mut self, reader: &Reader, parents: &[BlockId], moment: &str) -> Vec<CheckedBlock> {
        let mut order = Vec::new();
        let mut stack: Vec<Visit> = parents.iter().rev().copied().map(Visit::Enter).collect();
        while let Some(visit) = stack.pop() {
            match visit {
                Visit::Leave(block) => {
                    if self.referenced.insert(block.id) {
                        order.push(*block);
                    }
                }
                Visit::Enter(id) if self.referenced.contains(&id) => {}
                Visit::Enter(id) => {
                    let bytes = reader.block(&id).expect("the store answers");
                    let bytes = bytes.unwrap_or_else(|| panic!("{moment}: block {id} is lost"));
                    let block = ParsedBlock::parse(bytes).expect("a stored block can be read");
                    assert_eq!(block.id, id, "{moment}: other bytes");
                    let parents: Vec<_> = block.block.parents.as_slice().to_vec();
                    stack.push(Visit::Leave(Box::new(block)));
                    stack.extend(parents.into_iter().rev().map(Visit::Enter));
                }
            }
        }
        let checked = check(order, &self.genesis.parameters, &self.keys);
        checked
            .into_iter()
            .map(|block| block.expect("a confirmed block keeps the rules"))
            .collect()
    }

    pub(super) fn summary(&self) -> LedgerSummary {
        let treasury = Treasury {
            milestone_id: MilestoneId::ZERO,
            amount: self.genesis.treasury,
        };
        let outputs = self.outputs.unspent.values();
        let outputs = outputs.map(|output| Ok::<_, Infallible>((**output).clone()));
        let Ok(summary) = LedgerSummary::of(self.index, &treasury, outputs);
        summary
    }
}

enum Visit {
    Enter(BlockId),
    Leave(Box<ParsedBlock>),
}
