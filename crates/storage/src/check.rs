//! A look at everything in a store, for the operator.

use tangle_engine::Store;
use tangle_types::{BlockId, MilestoneIndex};

use crate::base::Bases;
use crate::ledger::keys::{self, Place};
use crate::ledger::{Ledger, LedgerState};
use crate::replay::replay;
use crate::snapshot::LedgerSummary;
use crate::{Genesis, Kind, OutputQuery, Progress, StoreError, Writer, open};

/// What was found in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// State of the ledger.
    pub ledger_index: MilestoneIndex,
    /// Milestones up to this one were pruned.
    pub pruning_index: MilestoneIndex,
    /// Blocks stored.
    pub block_count: u64,
    /// Hash and sums of the ledger.
    pub ledger: LedgerSummary,
    /// What opening the store had to repair.
    pub repairs: Vec<String>,
    /// What is wrong; empty when all is well.
    pub problems: Vec<String>,
}

impl Writer {
    /// What opening the store had to repair, one line each.
    #[must_use]
    pub fn repairs(&self) -> &[String] {
        &self.repairs
    }

    /// Reads everything: checksums of all files, supply, lists, past, milestones; with
    /// `is_thorough` it also builds the ledger again beside the store and compares. `progress` says
    /// what is read.
    ///
    /// # Errors
    /// The store failed in a way that ends the check.
    pub fn check(
        &mut self,
        genesis: &Genesis,
        is_thorough: bool,
        progress: &Progress,
    ) -> Result<CheckReport, StoreError> {
        let report = self.look_at_all(genesis, is_thorough, progress);
        if let Err(error) = &report {
            self.shared.remember(error);
        }
        report
    }

    fn look_at_all(
        &mut self,
        genesis: &Genesis,
        is_thorough: bool,
        progress: &Progress,
    ) -> Result<CheckReport, StoreError> {
        progress.begin("files of blocks", 0);
        let mut problems = Vec::new();
        self.log.sync()?;
        // Entries of what is being forgotten go with the records, but later than a view knows.
        self.shared.front.settle()?;
        self.shared.log.verify(&mut |error| {
            self.shared.remember(&error);
            problems.push(error.to_string());
        });
        let state = LedgerState::new(self.shared.view());
        let summary = state.summary()?;
        progress.begin("outputs checked", summary.output_count);
        self.check_outputs(genesis, &summary, progress, &mut problems)?;
        self.check_past(progress, &mut problems)?;
        self.check_milestones(&state, progress, &mut problems)?;
        if is_thorough {
            self.compare(genesis, &summary, progress, &mut problems)?;
        }
        let (_, block_count) = self.shared.log.sizes()?;
        Ok(CheckReport {
            ledger_index: state.index(),
            pruning_index: self.shared.head().pruning_index,
            block_count,
            ledger: summary,
            repairs: self.repairs.clone(),
            problems,
        })
    }

    /// Unspent outputs and treasury make the supply, and every one is listed.
    fn check_outputs(
        &self,
        genesis: &Genesis,
        summary: &LedgerSummary,
        progress: &Progress,
        problems: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let supply = genesis.parameters.token_supply;
        if summary.total != u128::from(supply) {
            problems.push(format!(
                "unspent outputs and treasury sum to {}, the supply is {supply}",
                summary.total
            ));
        }
        let reader = self.reader();
        let mut query = OutputQuery {
            kind: Kind::Any,
            page_size: 1_000,
            ..OutputQuery::default()
        };
        let mut listed = 0;
        loop {
            let page = reader.outputs(&query)?;
            for id in &page.items {
                let record = reader.output_record(id)?;
                if record.is_none_or(|record| record.spend.is_some()) {
                    problems.push(format!("output {id} is listed but not unspent"));
                }
            }
            listed += page.items.len() as u64;
            progress.advance(page.items.len() as u64);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        let count = summary.output_count;
        if listed != count {
            problems.push(format!("{count} outputs are unspent, {listed} are listed"));
        }
        Ok(())
    }

    /// Every spent output is in the past of its addresses, and nothing else is.
    fn check_past(
        &self,
        progress: &Progress,
        problems: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        progress.begin("spent outputs checked", 0);
        let view = self.shared.view();
        let mut needed = 0_u64;
        for entry in view.spent() {
            let entry = entry?;
            if let Some(spend) = &entry.spend {
                keys::for_each_past(&entry.output, spend, |_| needed += 1);
            }
            progress.advance(1);
        }
        let (first, last) = keys::all_past();
        let mut found = 0_u64;
        for key in view.index_keys(first, last) {
            let key = key?;
            let mut is_right = false;
            if let Some(place) = Place::of_key(&key)
                && let Some(entry) = view.output(&place.id)?
                && let Some(spend) = &entry.spend
            {
                keys::for_each_past(&entry.output, spend, |entry| is_right |= entry == key[..]);
            }
            found += 1;
            if !is_right {
                problems.push(format!(
                    "the past of an address has an entry that no spent output has: {}",
                    hex::encode(&key)
                ));
            }
        }
        if found != needed {
            problems.push(format!(
                "spent outputs have {needed} entries in the past of addresses, {found} are there"
            ));
        }
        Ok(())
    }

    /// Each milestone is there, with its cone, and each block of the cone says so.
    fn check_milestones(
        &self,
        state: &LedgerState,
        progress: &Progress,
        problems: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let first = self.shared.head().pruning_index.next();
        let count = (state.index().0 + 1).saturating_sub(first.0);
        progress.begin("milestones checked", u64::from(count));
        for index in (first.0..=state.index().0).map(MilestoneIndex) {
            progress.advance(1);
            if reader.milestone(index)?.is_none() {
                problems.push(format!("milestone {index} is missing"));
                continue;
            }
            match reader.cone(index) {
                Ok(cone) => {
                    let cone = cone.unwrap_or_default();
                    for ((id, inclusion), position) in cone.iter().zip(0_u32..) {
                        let metadata = reader.metadata(id)?;
                        let is_right = metadata.is_some_and(|metadata| {
                            metadata.referenced_by == index
                                && metadata.white_flag_index == position
                                && metadata.inclusion == *inclusion
                        });
                        if !is_right {
                            problems.push(format!("block {id} does not stand as {index} says"));
                        }
                        if let Some(problem) = self.check_block(id) {
                            problems.push(problem);
                        }
                    }
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        Ok(())
    }

    fn check_block(&self, id: &BlockId) -> Option<String> {
        match self.reader().block(id) {
            Ok(Some(bytes)) if tangle_crypto::blake2b::hash(&bytes) == id.0 => None,
            Ok(Some(_)) => Some(format!("block {id} holds other bytes")),
            Ok(None) => Some(format!("block {id} is missing")),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Builds the ledger again from the base and the log, and compares the hashes.
    fn compare(
        &mut self,
        genesis: &Genesis,
        needed: &LedgerSummary,
        progress: &Progress,
        problems: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let path = self.shared.path.join("ledger.check");
        open::remove_folder(&path)?;
        self.bases.finish(&self.shared)?;
        match self.replayed(genesis, &path, progress) {
            Ok(found) if found == *needed => {}
            Ok(found) => problems.push(format!(
                "the ledger has the hash {}, built again from the log {}",
                hex::encode(needed.hash),
                hex::encode(found.hash)
            )),
            Err(reason) => {
                problems.push(format!("the ledger cannot be built again: {reason}"));
            }
        }
        open::remove_folder(&path)
    }

    fn replayed(
        &self,
        genesis: &Genesis,
        path: &std::path::Path,
        progress: &Progress,
    ) -> Result<LedgerSummary, String> {
        let text = |error: StoreError| error.to_string();
        let ledger = Ledger::open(path, 8 << 20).map_err(text)?;
        let bases: &Bases = &self.bases;
        let head = open::start(&self.shared.path, &ledger, genesis, bases)
            .map_err(|error| error.to_string())?;
        let log = &self.shared.log;
        let commits = log.commits_above(head.ledger_index).map_err(text)?;
        progress.begin("milestones applied again", commits.len() as u64);
        for commit in commits {
            progress.advance(1);
            let record = log.commit(commit.position, commit.index).map_err(text)?;
            replay(log, &ledger, commit.position, &record).map_err(|error| error.to_string())?;
        }
        LedgerState::new(ledger.view().map_err(text)?)
            .summary()
            .map_err(text)
    }
}
