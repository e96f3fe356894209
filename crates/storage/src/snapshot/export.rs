//! Writes snapshots: of what a network begins with, and of a store at some milestone.
//!
//! A store is read as it was when the writing began; confirmation goes on meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tangle_types::{
    BlockId, Codec, Milestone, MilestoneId, MilestoneIndex, OutputId, ParametersOption,
    TransactionId, Treasury, UnixSeconds,
};

use super::base::{open, sync_folder, write_file};
use super::error::at;
use super::import::Announcements;
use super::record::decode_parameters;
use super::{
    DeltaHeader, ENTRY_POINTS_MAX, FullHeader, Header, Order, Pace, Record, SnapshotError,
};
use crate::ledger::View;
use crate::prune::pruned_roots;
use crate::reader::Pin;
use crate::{Genesis, Reader};

/// Milestones before the target whose announcements may still wait for their time (TIP-29: at most
/// 30 milestones ahead).
const ANNOUNCED_AHEAD_MAX: u32 = 30;

/// Writes the full snapshot that a network begins with into the file `path`, which appears as a
/// whole or not at all. Hornet starts from it too.
///
/// # Errors
/// The file cannot be written.
pub fn write_genesis(genesis: &Genesis, path: &Path) -> Result<FullHeader, SnapshotError> {
    let header = FullHeader {
        genesis_index: genesis.index,
        target_index: genesis.index,
        target_timestamp: genesis.timestamp,
        target_milestone_id: MilestoneId::ZERO,
        ledger_index: genesis.index,
        treasury: Treasury {
            milestone_id: MilestoneId::ZERO,
            amount: genesis.treasury,
        },
        parameters: ParametersOption {
            target_index: genesis.index,
            protocol_version: genesis.parameters.version,
            parameters: genesis.parameters.to_bytes(),
        },
        output_count: 0,
        diff_count: 0,
        entry_point_count: 0,
    };
    let outputs = genesis.outputs().map(Record::Output);
    let records = outputs.chain([Record::EntryPoint(BlockId::ZERO)]);
    write_full(path, header, records.map(Ok), &Pace::default())
}

/// Writes a full snapshot into the file `path`, which appears as a whole or not at all.
///
/// A target further back than the below-max-depth parameter needs the fewest entry points. One
/// that is nearer lists every block that a later one may still refer to.
///
/// # Errors
/// The store does not go back to `target` or not up to it, there are too many entry points, or
/// the file cannot be written.
pub fn write(order: &Order<'_>, path: &Path) -> Result<FullHeader, SnapshotError> {
    let Order { reader, target, .. } = *order;
    let (_pin, view) = pinned_view(reader, target)?;
    let mut export = Export::prepare(order, &view)?;
    export.find_first_diff()?;
    let header = export.header();
    let outputs = view.unspent_outputs();
    let outputs = outputs.map(|output| Ok(Record::Output(output?)));
    let indexes = indexes(export.first_diff, view.head.ledger_index).rev();
    let records = outputs.chain(export.diffs(indexes));
    write_full(
        path,
        header,
        records.chain(export.entry_points()),
        order.pace,
    )
}

/// What a delta snapshot goes on from.
#[derive(Debug)]
pub(super) struct Continued<'a> {
    /// Target of the full snapshot.
    pub(super) full_target_milestone_id: MilestoneId,
    /// An older delta that continues the same full snapshot.
    pub(super) before: Option<&'a Path>,
    /// The milestone that the older delta, or else the full snapshot, leads to.
    pub(super) reached: MilestoneIndex,
}

/// Writes a delta snapshot into the file `path`, which appears as a whole or not at all.
///
/// # Errors
/// As [`write()`].
pub(super) fn write_delta(
    order: &Order<'_>,
    continued: &Continued<'_>,
    path: &Path,
) -> Result<DeltaHeader, SnapshotError> {
    let Order { reader, target, .. } = *order;
    let (_pin, view) = pinned_view(reader, target.min(continued.reached.next()))?;
    let export = Export::prepare(order, &view)?;
    if view.head.pruning_index > continued.reached {
        let index = continued.reached.next();
        return Err(export.gone(index, "it was pruned".to_owned()));
    }
    let (_, target_timestamp) = export.target_milestone;
    let header = DeltaHeader {
        target_index: target,
        target_timestamp,
        full_target_milestone_id: continued.full_target_milestone_id,
        entry_points_offset: 0,
        diff_count: 0,
        entry_point_count: 0,
    };
    let before = continued.before.map(open).transpose()?;
    let before = before.into_iter().flatten();
    let before = before.filter(|record| !matches!(record, Ok(Record::EntryPoint(_))));
    let records = before
        .chain(export.diffs(indexes(continued.reached.next(), target)))
        .chain(export.entry_points());
    match write_whole(path, Header::Delta(header), records, order.pace)? {
        Header::Delta(header) => Ok(header),
        Header::Full(_) => unreachable!("a writer keeps its kind of header"),
    }
}

/// The store as it is now, with the history that a snapshot of `oldest` or a later milestone needs
/// kept from being pruned.
fn pinned_view(reader: &Reader, oldest: MilestoneIndex) -> Result<(Pin, View), SnapshotError> {
    // Blocks this far back may still be entry points.
    let needed = oldest.0.saturating_sub(u32::from(u8::MAX));
    let pin = reader.pin(MilestoneIndex(needed));
    Ok((pin, reader.view()))
}

/// What is gathered before a snapshot of a store is written.
struct Export<'a> {
    reader: &'a Reader,
    view: &'a View,
    genesis_index: MilestoneIndex,
    target: MilestoneIndex,
    target_milestone: (MilestoneId, UnixSeconds),
    parameters: ParametersOption,
    /// First milestone whose diff is in the file: the one after the target, unless earlier ones
    /// announced what still has to come.
    first_diff: MilestoneIndex,
    entry_points: BTreeSet<BlockId>,
}

impl<'a> Export<'a> {
    fn prepare(order: &Order<'a>, view: &'a View) -> Result<Self, SnapshotError> {
        let Order {
            reader,
            genesis,
            target,
            ..
        } = *order;
        let (oldest, newest) = (view.head.pruning_index, view.head.ledger_index);
        if target < oldest || target > newest {
            return Err(SnapshotError::NoSuchTarget {
                index: target,
                reason: format!("this node can write snapshots of milestones {oldest} to {newest}"),
            });
        }
        let mut export = Self {
            reader,
            view,
            genesis_index: genesis.index,
            target,
            target_milestone: target_milestone(view, genesis, target)?,
            parameters: parameters_at(view, newest)?,
            first_diff: target.next(),
            entry_points: BTreeSet::new(),
        };
        export.find_entry_points()?;
        Ok(export)
    }

    /// Goes back to the oldest milestone that announced parameters which apply only after the
    /// target.
    fn find_first_diff(&mut self) -> Result<(), SnapshotError> {
        let header = self.header();
        let mut announcements = Announcements::new(&header);
        let oldest = self.target.0.saturating_sub(ANNOUNCED_AHEAD_MAX - 1);
        let oldest = MilestoneIndex(oldest).max(self.view.head.pruning_index.next());
        for index in indexes(oldest, self.view.head.ledger_index) {
            let milestone = self.milestone(index)?;
            if let Some(option) = milestone.parameters() {
                announcements.note(&milestone);
                if index <= self.target && option.target_index > self.target {
                    self.first_diff = self.first_diff.min(index);
                }
            }
        }
        // Parameters may have changed after the target, so that the file would lack those in force.
        announcements.at(self.target).map(|_| ())
    }

    fn header(&self) -> FullHeader {
        let (target_milestone_id, target_timestamp) = self.target_milestone;
        FullHeader {
            genesis_index: self.genesis_index,
            target_index: self.target,
            target_timestamp,
            target_milestone_id,
            ledger_index: self.view.head.ledger_index,
            treasury: self.view.head.treasury,
            parameters: self.parameters.clone(),
            output_count: 0,
            diff_count: 0,
            entry_point_count: 0,
        }
    }

    /// Blocks up to the target that later ones refer to, or still may.
    fn find_entry_points(&mut self) -> Result<(), SnapshotError> {
        let newest = self.view.head.ledger_index;
        for index in indexes(self.target.next(), newest) {
            let roots = self.reader.roots(index)?;
            let roots = roots.ok_or_else(|| self.gone(index, "it was pruned".to_owned()))?;
            let roots = pruned_roots(&roots, self.target);
            self.entry_points.extend(roots.map(|(id, _)| id));
            self.check_entry_points()?;
        }
        let below_max_depth = decode_parameters(&self.parameters)
            .map_err(|source| SnapshotError::Decode {
                what: "protocol parameters",
                offset: 0,
                source,
            })?
            .below_max_depth;
        // What is deeper than this, no block can refer to any more.
        let oldest = MilestoneIndex(newest.0.saturating_sub(u32::from(below_max_depth)));
        let pruned = self.view.head.pruning_index;
        for index in indexes(oldest.max(pruned.next()), self.target) {
            let cone = self.cone(index)?;
            self.entry_points.extend(cone.into_iter().map(|(id, _)| id));
            self.check_entry_points()?;
        }
        for (id, index) in self.view.entry_points()? {
            if index >= oldest {
                self.entry_points.insert(id);
            }
        }
        self.check_entry_points()
    }

    fn check_entry_points(&self) -> Result<(), SnapshotError> {
        let found = self.entry_points.len();
        if found > ENTRY_POINTS_MAX {
            return Err(SnapshotError::EntryPoints { found });
        }
        Ok(())
    }

    /// The diffs of milestones, one milestone at a time.
    fn diffs(
        &self,
        indexes: impl Iterator<Item = MilestoneIndex>,
    ) -> impl Iterator<Item = Result<Record, SnapshotError>> {
        indexes.flat_map(|index| match self.diff(index) {
            Ok(records) => records.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    fn entry_points(&self) -> impl Iterator<Item = Result<Record, SnapshotError>> {
        let entry_points = self.entry_points.iter().copied();
        entry_points.map(|id| Ok(Record::EntryPoint(id)))
    }

    fn diff(&self, index: MilestoneIndex) -> Result<Vec<Record>, SnapshotError> {
        let milestone = self.milestone(index)?;
        let changes = self.reader.utxo_changes(index)?;
        let changes = changes.ok_or_else(|| self.gone(index, "it was pruned".to_owned()))?;
        let mut records = vec![Record::Milestone {
            spent_treasury: spent_treasury(&milestone),
            milestone: Box::new(milestone),
        }];
        for id in changes.created {
            records.push(Record::Created(self.output(index, &id)?.0));
        }
        let mut consumed = Vec::with_capacity(changes.consumed.len());
        for id in changes.consumed {
            let (output, spender) = self.output(index, &id)?;
            let spender = spender.ok_or_else(|| {
                self.gone(index, format!("output {id} should be spent and is not"))
            })?;
            consumed.push(Record::Consumed(output, spender));
        }
        records.extend(consumed);
        Ok(records)
    }

    fn output(
        &self,
        index: MilestoneIndex,
        id: &OutputId,
    ) -> Result<(tangle_types::LedgerOutput, Option<TransactionId>), SnapshotError> {
        let entry = self.view.output(id)?;
        let entry =
            entry.ok_or_else(|| self.gone(index, format!("output {id} is not stored any more")))?;
        let spender = entry.spend.map(|spend| spend.transaction_id);
        Ok(((*entry.output).clone(), spender))
    }

    fn milestone(&self, index: MilestoneIndex) -> Result<Milestone, SnapshotError> {
        let entry = self.view.milestone(index)?;
        let entry = entry.ok_or_else(|| self.gone(index, "it is not stored".to_owned()))?;
        Ok(entry.milestone)
    }

    fn cone(
        &self,
        index: MilestoneIndex,
    ) -> Result<Vec<(BlockId, tangle_types::Inclusion)>, SnapshotError> {
        let cone = self.reader.cone(index)?;
        cone.ok_or_else(|| self.gone(index, "it was pruned".to_owned()))
    }

    fn gone(&self, index: MilestoneIndex, reason: String) -> SnapshotError {
        SnapshotError::NoSuchTarget {
            index: self.target,
            reason: format!("its history is needed, and of milestone {index}: {reason}"),
        }
    }
}

/// Id and time of milestone `target`.
fn target_milestone(
    view: &View,
    genesis: &Genesis,
    target: MilestoneIndex,
) -> Result<(MilestoneId, UnixSeconds), SnapshotError> {
    if target == view.head.ledger_index {
        return Ok((view.head.milestone_id, view.head.timestamp));
    }
    if target == genesis.index {
        return Ok((MilestoneId::ZERO, genesis.timestamp));
    }
    let entry = view.milestone(target)?;
    let entry = entry.ok_or_else(|| SnapshotError::NoSuchTarget {
        index: target,
        reason: "the milestone is not stored; choose a later one".to_owned(),
    })?;
    Ok((entry.id, entry.milestone.timestamp))
}

fn indexes(
    from: MilestoneIndex,
    to: MilestoneIndex,
) -> impl DoubleEndedIterator<Item = MilestoneIndex> {
    (from.0..=to.0).map(MilestoneIndex)
}

/// The parameters in force at `index`, as they were announced.
fn parameters_at(view: &View, index: MilestoneIndex) -> Result<ParametersOption, SnapshotError> {
    let options = view.parameters()?;
    let by_target: BTreeMap<_, _> = options
        .into_iter()
        .map(|option| (option.target_index, option))
        .collect();
    let in_force = by_target.range(..=index).next_back();
    let (_, option) = in_force.ok_or(SnapshotError::ParametersMissing { index })?;
    Ok(option.clone())
}

/// The treasury before a milestone with a receipt.
fn spent_treasury(milestone: &Milestone) -> Option<Treasury> {
    let receipt = milestone.receipt()?;
    let migrated: u64 = receipt.funds.iter().map(|fund| fund.deposit).sum();
    Some(Treasury {
        milestone_id: receipt.treasury_transaction.input,
        amount: receipt.treasury_transaction.amount + migrated,
    })
}

fn write_full(
    path: &Path,
    header: FullHeader,
    records: impl Iterator<Item = Result<Record, SnapshotError>>,
    pace: &Pace,
) -> Result<FullHeader, SnapshotError> {
    match write_whole(path, Header::Full(header), records, pace)? {
        Header::Full(header) => Ok(header),
        Header::Delta(_) => unreachable!("a writer keeps its kind of header"),
    }
}

/// Writes `records` to a file beside `path`, and gives it that name when it is complete and
/// durable.
fn write_whole(
    path: &Path,
    header: Header,
    records: impl Iterator<Item = Result<Record, SnapshotError>>,
    pace: &Pace,
) -> Result<Header, SnapshotError> {
    let temporary = path.with_extension("tmp");
    let result = write_file(&temporary, header, pace, |writer| {
        for record in records {
            writer.push(&record?)?;
        }
        Ok(())
    });
    let header = match result {
        Ok(header) => header,
        Err(error) => {
            if let Err(left) = fs::remove_file(&temporary) {
                tracing::warn!(path = %temporary.display(), %left, "an unfinished snapshot stays");
            }
            return Err(match error {
                SnapshotError::Io { .. } if pace.is_stopped() => SnapshotError::Stopped,
                error => error,
            });
        }
    };
    fs::rename(&temporary, path).map_err(at(path))?;
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))?;
    Ok(header)
}
