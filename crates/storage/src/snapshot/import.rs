//! Makes the base of an empty store from snapshot files.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use tangle_types::{
    BlockId, LedgerOutput, Milestone, MilestoneId, MilestoneIndex, NetworkId, OutputId,
    ParametersOption, Treasury, UnixSeconds,
};

use super::error::at;
use super::ledger::TemporaryLedger;
use super::{DeltaHeader, FullHeader, Header, Record, SnapshotError, base};
use crate::{Genesis, Progress};

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// State of the ledger.
    pub index: MilestoneIndex,
    /// Id of that milestone.
    pub milestone_id: MilestoneId,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Unspent outputs.
    pub output_count: u64,
    /// Base coins in the treasury.
    pub treasury: u64,
    /// Solid entry points.
    pub entry_point_count: usize,
}

/// Puts the state of the full snapshot `full`, continued by `delta`, into the empty or absent
/// folder `store`; the store that is opened there begins with it. `progress` counts records.
///
/// # Errors
/// See [`SnapshotError`]; the folder is left as it was then.
pub fn import(
    store: &Path,
    genesis: &Genesis,
    full: &Path,
    delta: Option<&Path>,
    progress: &Progress,
) -> Result<Imported, SnapshotError> {
    prepare(store)?;
    let ledger = TemporaryLedger::create(&store.join(TEMPORARY))?;
    let result = State::read(&ledger, genesis, (full, delta), progress)
        .and_then(|state| state.check_supply(&ledger).map(|()| state))
        .and_then(|state| state.write(store, &ledger));
    ledger.remove_all()?;
    result
}

const TEMPORARY: &str = "import.tmp";

/// Makes the folder; what an interrupted import left in it is removed.
fn prepare(store: &Path) -> Result<(), SnapshotError> {
    fs::create_dir_all(store).map_err(at(store))?;
    for entry in fs::read_dir(store).map_err(at(store))? {
        let path = entry.map_err(at(store))?.path();
        if path.ends_with(TEMPORARY) {
            fs::remove_dir_all(&path).map_err(at(&path))?;
        } else if path.ends_with(base::TEMPORARY) {
            fs::remove_file(&path).map_err(at(&path))?;
        } else {
            return Err(SnapshotError::NotEmpty {
                path: store.to_owned(),
            });
        }
    }
    Ok(())
}

/// Refuses a snapshot of another network.
pub(super) fn check_network(header: &FullHeader, genesis: &Genesis) -> Result<(), SnapshotError> {
    let parameters = header
        .protocol_parameters()
        .map_err(|source| SnapshotError::Decode {
            what: "protocol parameters",
            offset: 0,
            source,
        })?;
    let found: NetworkId = parameters.network_id();
    let needed = genesis.parameters.network_id();
    if found != needed {
        return Err(SnapshotError::OtherNetwork {
            name: parameters.network_name,
            found,
            needed,
        });
    }
    if header.genesis_index != genesis.index {
        return Err(SnapshotError::OtherGenesis {
            found: header.genesis_index,
            needed: genesis.index,
        });
    }
    Ok(())
}

/// Protocol parameters that a snapshot tells of, with the milestones that announced them.
#[derive(Debug)]
pub(super) struct Announcements {
    in_force: ParametersOption,
    announced: Vec<(Box<Milestone>, ParametersOption)>,
}

impl Announcements {
    pub(super) fn new(header: &FullHeader) -> Self {
        Self {
            in_force: header.parameters.clone(),
            announced: Vec::new(),
        }
    }

    /// Takes the milestone of a diff.
    pub(super) fn note(&mut self, milestone: &Milestone) {
        if let Some(option) = milestone.parameters() {
            self.announced
                .push((Box::new(milestone.clone()), option.clone()));
        }
    }

    /// The set in force at `index` and those announced by then, by target.
    pub(super) fn at(&self, index: MilestoneIndex) -> Result<Vec<ParametersOption>, SnapshotError> {
        let by_then = self.announced.iter();
        let by_then = by_then.filter(|(milestone, _)| milestone.index <= index);
        let mut options: Vec<&ParametersOption> = by_then.map(|(_, option)| option).collect();
        // The set that the file gives for its ledger index may not be known yet at its target.
        if self.in_force.target_index <= index {
            options.push(&self.in_force);
        }
        options.sort_by_key(|option| option.target_index);
        options.dedup();
        if let Some(pair) = options
            .windows(2)
            .find(|pair| pair[0].target_index == pair[1].target_index)
        {
            let target = pair[0].target_index;
            return Err(SnapshotError::Contradiction { target });
        }
        let in_force = options
            .iter()
            .rposition(|option| option.target_index <= index)
            .ok_or(SnapshotError::ParametersMissing { index })?;
        Ok(options[in_force..].iter().copied().cloned().collect())
    }

    /// Milestones up to `index` that announced what applies only later.
    fn pending(&self, index: MilestoneIndex) -> impl Iterator<Item = &Milestone> {
        let announced = self.announced.iter();
        announced
            .filter(move |(milestone, option)| {
                milestone.index <= index && option.target_index > index
            })
            .map(|(milestone, _)| &**milestone)
    }
}

/// The state that the files lead to.
struct State {
    genesis_index: MilestoneIndex,
    index: MilestoneIndex,
    milestone_id: MilestoneId,
    timestamp: UnixSeconds,
    treasury: Treasury,
    announcements: Announcements,
    entry_points: Vec<BlockId>,
    token_supply: u64,
}

impl State {
    fn read(
        ledger: &TemporaryLedger,
        genesis: &Genesis,
        (full, delta): (&Path, Option<&Path>),
        progress: &Progress,
    ) -> Result<Self, SnapshotError> {
        let mut state = Self::read_full(ledger, genesis, full, progress)?;
        if let Some(delta) = delta {
            state.check_supply(ledger)?;
            state.read_delta(ledger, delta, progress)?;
        }
        Ok(state)
    }

    fn read_full(
        ledger: &TemporaryLedger,
        genesis: &Genesis,
        path: &Path,
        progress: &Progress,
    ) -> Result<Self, SnapshotError> {
        let mut reader = base::open(path)?;
        let Header::Full(header) = reader.header().clone() else {
            return Err(wrong_kind(path, "full"));
        };
        check_network(&header, genesis)?;
        let mut state = Self {
            genesis_index: header.genesis_index,
            index: header.ledger_index,
            milestone_id: header.target_milestone_id,
            timestamp: header.target_timestamp,
            treasury: header.treasury,
            announcements: Announcements::new(&header),
            entry_points: Vec::new(),
            token_supply: genesis.parameters.token_supply,
        };
        let target = header.target_index;
        if target > header.ledger_index {
            return Err(SnapshotError::Target {
                needed: target,
                found: header.ledger_index,
            });
        }
        let mut turn = header.ledger_index;
        let mut undo = None;
        progress.begin("outputs read", header.output_count);
        for record in &mut reader {
            progress.advance(1);
            match record? {
                Record::Output(output) => ledger.insert(&output)?,
                Record::Milestone {
                    milestone,
                    spent_treasury,
                } => {
                    check_turn(&milestone, turn)?;
                    turn = MilestoneIndex(turn.0.saturating_sub(1));
                    state.announcements.note(&milestone);
                    undo.take().map_or(Ok(()), Undo::finish)?;
                    if milestone.index > target {
                        undo = Some(Undo::new(ledger, milestone.index));
                        state.undo_milestone(&milestone, spent_treasury)?;
                    }
                }
                Record::Created(output) => {
                    if let Some(undo) = &mut undo {
                        undo.created(&output)?;
                    }
                }
                Record::Consumed(output, _) => {
                    if let Some(undo) = &mut undo {
                        undo.consumed(&output)?;
                    }
                }
                Record::EntryPoint(id) => state.entry_points.push(id),
            }
        }
        undo.map_or(Ok(()), Undo::finish)?;
        state.check_target(target)?;
        Ok(state)
    }

    /// Undoes what a milestone did to index and treasury.
    fn undo_milestone(
        &mut self,
        milestone: &Milestone,
        spent_treasury: Option<Treasury>,
    ) -> Result<(), SnapshotError> {
        let index = milestone.index;
        self.index = MilestoneIndex(index.0 - 1);
        if let (Some(receipt), Some(spent)) = (milestone.receipt(), spent_treasury) {
            let created = self.treasury.amount == receipt.treasury_transaction.amount;
            if !created || receipt.treasury_transaction.input != spent.milestone_id {
                return Err(SnapshotError::Treasury { index });
            }
            self.treasury = spent;
        }
        Ok(())
    }

    fn read_delta(
        &mut self,
        ledger: &TemporaryLedger,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), SnapshotError> {
        let mut reader = base::open(path)?;
        let Header::Delta(header) = reader.header().clone() else {
            return Err(wrong_kind(path, "delta"));
        };
        self.check_continues(&header)?;
        self.entry_points.clear();
        progress.begin("changes read", 0);
        for record in &mut reader {
            progress.advance(1);
            match record? {
                Record::Output(_) => unreachable!("a delta snapshot has no part for outputs"),
                Record::Milestone {
                    milestone,
                    spent_treasury,
                } => {
                    check_turn(&milestone, self.index.next())?;
                    self.announcements.note(&milestone);
                    self.redo_milestone(&milestone, spent_treasury)?;
                }
                Record::Created(output) => ledger.insert(&output)?,
                Record::Consumed(output, _) => ledger.remove(&output.id, self.index)?,
                Record::EntryPoint(id) => self.entry_points.push(id),
            }
        }
        self.timestamp = header.target_timestamp;
        self.check_target(header.target_index)
    }

    fn redo_milestone(
        &mut self,
        milestone: &Milestone,
        spent_treasury: Option<Treasury>,
    ) -> Result<(), SnapshotError> {
        let index = milestone.index;
        self.index = index;
        self.milestone_id = milestone.id();
        if let (Some(receipt), Some(spent)) = (milestone.receipt(), spent_treasury) {
            if self.treasury != spent {
                return Err(SnapshotError::Treasury { index });
            }
            self.treasury = Treasury {
                milestone_id: self.milestone_id,
                amount: receipt.treasury_transaction.amount,
            };
        }
        Ok(())
    }

    fn check_continues(&self, header: &DeltaHeader) -> Result<(), SnapshotError> {
        if header.full_target_milestone_id != self.milestone_id {
            return Err(SnapshotError::OtherFull {
                needed: self.milestone_id,
                found: header.full_target_milestone_id,
            });
        }
        Ok(())
    }

    fn check_target(&self, needed: MilestoneIndex) -> Result<(), SnapshotError> {
        let found = self.index;
        if found != needed {
            return Err(SnapshotError::Target { needed, found });
        }
        Ok(())
    }

    fn check_supply(&self, ledger: &TemporaryLedger) -> Result<(), SnapshotError> {
        let mut found = u128::from(self.treasury.amount);
        for output in ledger.iter() {
            found += u128::from(output?.output.amount());
        }
        let needed = self.token_supply;
        if found != u128::from(needed) {
            return Err(SnapshotError::Supply { needed, found });
        }
        Ok(())
    }

    fn write(self, store: &Path, ledger: &TemporaryLedger) -> Result<Imported, SnapshotError> {
        let options = self.announcements.at(self.index)?;
        let in_force = options.first().expect("the set in force is among them");
        let header = Header::Full(FullHeader {
            genesis_index: self.genesis_index,
            target_index: self.index,
            target_timestamp: self.timestamp,
            target_milestone_id: self.milestone_id,
            ledger_index: self.index,
            treasury: self.treasury,
            parameters: in_force.clone(),
            output_count: 0,
            diff_count: 0,
            entry_point_count: 0,
        });
        let mut output_count = 0;
        base::replace(store, header, |writer| {
            for output in ledger.iter() {
                output_count += 1;
                writer.push(&Record::Output(output?))?;
            }
            for milestone in self.announcements.pending(self.index) {
                writer.push(&announcing(milestone, self.treasury))?;
            }
            let entry_points = self.entry_points.iter();
            entry_points
                .map(|id| Record::EntryPoint(*id))
                .try_for_each(|record| writer.push(&record))
        })?;
        Ok(Imported {
            index: self.index,
            milestone_id: self.milestone_id,
            timestamp: self.timestamp,
            output_count,
            treasury: self.treasury.amount,
            entry_point_count: self.entry_points.len(),
        })
    }
}

/// Most outputs that one milestone both created and consumed; bounds the memory of [`Undo`].
const PASSING_MAX: usize = 1 << 20;

/// Undoes one milestone's diff.
struct Undo<'a> {
    ledger: &'a TemporaryLedger,
    index: MilestoneIndex,
    /// Created, but not there any more: consumed by the same milestone.
    passing: HashSet<OutputId>,
}

impl<'a> Undo<'a> {
    fn new(ledger: &'a TemporaryLedger, index: MilestoneIndex) -> Self {
        Self {
            ledger,
            index,
            passing: HashSet::new(),
        }
    }

    fn created(&mut self, output: &LedgerOutput) -> Result<(), SnapshotError> {
        match self.ledger.remove(&output.id, self.index) {
            Err(SnapshotError::OutputMissing { .. }) if self.passing.len() < PASSING_MAX => {
                let id = output.id;
                if !self.passing.insert(id) {
                    return Err(SnapshotError::OutputRepeated { id });
                }
                Ok(())
            }
            result => result,
        }
    }

    fn consumed(&mut self, output: &LedgerOutput) -> Result<(), SnapshotError> {
        if self.passing.remove(&output.id) {
            return Ok(());
        }
        self.ledger.insert(output)
    }

    fn finish(self) -> Result<(), SnapshotError> {
        let index = self.index;
        match self.passing.into_iter().min() {
            None => Ok(()),
            Some(id) => Err(SnapshotError::OutputMissing { index, id }),
        }
    }
}

/// The diff of a milestone of the past, only for what it announced.
fn announcing(milestone: &Milestone, treasury: Treasury) -> Record {
    Record::Milestone {
        milestone: Box::new(milestone.clone()),
        spent_treasury: milestone.receipt().map(|_| treasury),
    }
}

fn check_turn(milestone: &Milestone, needed: MilestoneIndex) -> Result<(), SnapshotError> {
    let found = milestone.index;
    if found != needed {
        return Err(SnapshotError::DiffOrder { needed, found });
    }
    Ok(())
}

fn wrong_kind(path: &Path, needed: &'static str) -> SnapshotError {
    SnapshotError::WrongKind {
        path: path.to_owned(),
        needed,
    }
}
