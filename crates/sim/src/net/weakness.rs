//! Faults that are built in on purpose, to see that they are found out.

use std::sync::Arc;

use tangle_engine::MilestoneCommit;
use tangle_ledger::Diff;
use tangle_types::{LedgerOutput, Output};

use super::scenario::Weakness;
use super::world::World;

impl World<'_> {
    /// The commit as a node with this weakness makes it.
    pub(crate) fn weakened(
        &self,
        node: usize,
        commit: Arc<MilestoneCommit>,
        weakness: Weakness,
    ) -> Arc<MilestoneCommit> {
        if !self.has_weakness(node, weakness) {
            return commit;
        }
        let change: fn(&mut Diff) = match weakness {
            Weakness::Order => swap,
            _ => add,
        };
        let mut changed = MilestoneCommit::clone(&commit);
        change(&mut changed.diff);
        Arc::new(changed)
    }
}

/// The last block of the cone is judged before the one before it.
fn swap(diff: &mut Diff) {
    let count = diff.referenced.len();
    if count >= 2 {
        diff.referenced.swap(count - 1, count - 2);
    }
}

/// The first output is worth more.
fn add(diff: &mut Diff) {
    let Some(first) = diff.created.first_mut() else {
        return;
    };
    let mut changed = LedgerOutput::clone(first);
    if let Output::Basic(basic) = &mut changed.output {
        basic.amount += 1;
    }
    *first = Arc::new(changed);
}
