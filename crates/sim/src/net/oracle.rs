//! What a milestone means, worked out from the definitions alone, apart from the engine.

use std::collections::BTreeSet;

use tangle_crypto::merkle;
use tangle_engine::MilestoneCommit;
use tangle_types::{
    BlockId, IdMap, Inclusion, Milestone, OutputId, Payload, Transaction, TransactionId,
};

use super::blocks::Blocks;

/// The Tangle and the ledger as they must be.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    referenced: IdMap<BlockId, ()>,
    unspent: IdMap<OutputId, ()>,
}

impl Oracle {
    pub(crate) fn new(genesis: impl IntoIterator<Item = OutputId>) -> Self {
        Self {
            referenced: IdMap::default(),
            unspent: genesis.into_iter().map(|id| (id, ())).collect(),
        }
    }

    /// Goes on by one milestone; says what the commit does otherwise.
    pub(crate) fn confirm(
        &mut self,
        blocks: &Blocks,
        commit: &MilestoneCommit,
    ) -> Result<(), String> {
        let milestone = &commit.milestone.milestone;
        let order = self.cone(blocks, milestone)?;
        let mut included = Vec::new();
        let mut consumed = BTreeSet::new();
        for id in &order {
            let block = blocks.find(id).ok_or("a block of the cone is unknown")?;
            if let Some(Payload::Transaction(transaction)) = &block.parsed().block.payload
                && self.apply(blocks, transaction, &mut consumed)
            {
                included.push(id.0);
            }
        }
        let found = commit.diff.referenced.iter().map(|(id, _)| *id);
        if !found.eq(order.iter().copied()) {
            return Err("other blocks, or another order".to_owned());
        }
        let is_included =
            |(_, inclusion): &&(BlockId, Inclusion)| *inclusion == Inclusion::Included;
        let found = commit.diff.referenced.iter().filter(is_included);
        let found: Vec<[u8; 32]> = found.map(|(id, _)| id.0).collect();
        if found != included {
            let is_wrong =
                |(id, _): &&(BlockId, Inclusion)| found.contains(&id.0) != included.contains(&id.0);
            let wrong = commit.diff.referenced.iter().find(is_wrong);
            return Err(format!("other transactions are included: {wrong:?}"));
        }
        let found: BTreeSet<OutputId> = commit.diff.consumed.iter().map(|it| it.0.id).collect();
        if found != consumed {
            return Err("other outputs are consumed".to_owned());
        }
        let all: Vec<[u8; 32]> = order.iter().map(|id| id.0).collect();
        let roots = (merkle::root(&all), merkle::root(&included));
        if roots
            != (
                milestone.inclusion_merkle_root,
                milestone.applied_merkle_root,
            )
        {
            return Err("other Merkle roots".to_owned());
        }
        self.referenced.extend(order.into_iter().map(|id| (id, ())));
        Ok(())
    }

    /// The blocks that the milestone references: TIP-2, post-order from its parents.
    fn cone(&self, blocks: &Blocks, milestone: &Milestone) -> Result<Vec<BlockId>, String> {
        let mut order = Vec::new();
        let mut seen: IdMap<BlockId, ()> = IdMap::default();
        let is_past = |id: &BlockId| id.is_zero() || self.referenced.contains_key(id);
        for start in milestone.parents.as_slice() {
            // An explicit stack: an adversary's chains are deep.
            let mut stack = vec![(*start, 0)];
            while let Some((id, next)) = stack.pop() {
                if next == 0 && (is_past(&id) || seen.insert(id, ()).is_some()) {
                    continue;
                }
                let block = blocks.find(&id).ok_or("a block of the cone is unknown")?;
                match block.parents().get(next) {
                    Some(parent) => {
                        stack.push((id, next + 1));
                        stack.push((*parent, 0));
                    }
                    None => order.push(id),
                }
            }
        }
        Ok(order)
    }

    fn apply(
        &mut self,
        blocks: &Blocks,
        transaction: &Transaction,
        consumed: &mut BTreeSet<OutputId>,
    ) -> bool {
        let id: TransactionId = transaction.id();
        let inputs = &transaction.essence.inputs;
        if !blocks.is_signed(&id) || inputs.iter().any(|id| !self.unspent.contains_key(id)) {
            return false;
        }
        for input in inputs {
            self.unspent.remove(input);
            consumed.insert(*input);
        }
        for (index, _) in (0..).zip(&transaction.essence.outputs) {
            self.unspent.insert(OutputId::new(id, index), ());
        }
        true
    }
}
