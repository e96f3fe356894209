//! What the milestones mean, computed from the definitions: everything from the beginning, by
//! recursion, with nothing kept in between.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tangle_crypto::merkle;
use tangle_engine::StoredMilestone;
use tangle_types::{
    Block, BlockId, BlockMetadata, ConflictReason, Inclusion, MilestoneIndex, OutputId, Payload,
    Transaction,
};

/// The ledger as it must be. All transactions keep all rules but those about their inputs.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) metadata: HashMap<BlockId, BlockMetadata>,
    pub(crate) unspent: BTreeMap<OutputId, u64>,
    spent: BTreeMap<OutputId, MilestoneIndex>,
}

impl Oracle {
    /// The ledger after `milestones`, from an output that holds everything.
    pub(crate) fn replay(
        genesis: (OutputId, u64),
        blocks: &HashMap<BlockId, Block>,
        milestones: &[std::sync::Arc<StoredMilestone>],
    ) -> Self {
        let mut oracle = Self::default();
        oracle.unspent.insert(genesis.0, genesis.1);
        for stored in milestones {
            oracle.confirm(blocks, stored);
        }
        oracle
    }

    fn confirm(&mut self, blocks: &HashMap<BlockId, Block>, stored: &StoredMilestone) {
        let milestone = &stored.milestone;
        let mut order = Vec::new();
        for parent in milestone.parents.as_slice() {
            self.visit(blocks, parent, &mut order);
        }
        let mut included = Vec::new();
        for (position, id) in order.iter().enumerate() {
            let inclusion = match &blocks[id].payload {
                Some(Payload::Transaction(transaction)) => self.apply(transaction, milestone.index),
                _ => Inclusion::NoTransaction,
            };
            if inclusion == Inclusion::Included {
                included.push(id.0);
            }
            let metadata = BlockMetadata {
                referenced_by: milestone.index,
                white_flag_index: u32::try_from(position).expect("few blocks"),
                inclusion,
            };
            assert_eq!(self.metadata.insert(*id, metadata), None);
        }
        let all: Vec<[u8; 32]> = order.iter().map(|id| id.0).collect();
        assert_eq!(merkle::root(&all), milestone.inclusion_merkle_root);
        assert_eq!(merkle::root(&included), milestone.applied_merkle_root);
    }

    fn visit(&self, blocks: &HashMap<BlockId, Block>, id: &BlockId, order: &mut Vec<BlockId>) {
        if id.is_zero() || self.metadata.contains_key(id) || order.contains(id) {
            return;
        }
        for parent in blocks[id].parents.as_slice() {
            self.visit(blocks, parent, order);
        }
        order.push(*id);
    }

    fn apply(&mut self, transaction: &Transaction, now: MilestoneIndex) -> Inclusion {
        let inputs = &transaction.essence.inputs;
        for input in inputs {
            let reason = match self.spent.get(input) {
                Some(then) if *then == now => ConflictReason::InputAlreadySpentInThisMilestone,
                Some(_) => ConflictReason::InputAlreadySpent,
                None if !self.unspent.contains_key(input) => ConflictReason::InputNotFound,
                None => continue,
            };
            return Inclusion::Conflicting(reason);
        }
        for input in inputs {
            self.unspent.remove(input);
            self.spent.insert(*input, now);
        }
        for (index, output) in (0..).zip(&transaction.essence.outputs) {
            let id = OutputId::new(transaction.id(), index);
            self.unspent.insert(id, output.amount());
        }
        Inclusion::Included
    }

    /// Outputs that were spent.
    pub(crate) fn spent(&self) -> BTreeSet<OutputId> {
        self.spent.keys().copied().collect()
    }
}
