//! Opening a store: takes the folder, reads the log, and brings the ledger store up to it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tangle_types::{Codec, MilestoneIndex};

use crate::base::Bases;
use crate::error::AtPath;
use crate::front::Applier;
use crate::ledger::{Change, Head, Ledger, chain_key, tag};
use crate::log::{self, BlockLog, Commit, Position, Recovered};
use crate::prune::pruned_roots;
use crate::reader::Shared;
use crate::replay::{ReplayError, note, replay};
use crate::snapshot::{Base, SnapshotError};
use crate::store::{reservation_from_bytes, reservation_to_bytes};
use crate::{Genesis, OpenError, Reader, StorageConfig, StoreError, Writer, manifest, repair};

/// Outputs that are written at once.
const OUTPUTS_BATCH: usize = 4096;

/// Opens the store of the network `genesis`, creating it when the folder is empty. Repairs what a
/// crash left behind, builds the ledger store again when it is damaged, and takes an earlier format
/// over; refuses another network's or a newer format's data.
///
/// # Errors
/// See [`OpenError`].
pub fn open(config: &StorageConfig, genesis: &Genesis) -> Result<(Writer, Reader), OpenError> {
    let path = &config.path;
    let hash = genesis.hash();
    let lock = manifest::take(path, &hash)?;
    let mut repairs = repair::prepare(path)?;
    let opened = open_ledger(&path.join("ledger"), config.memory_bytes)?;
    let (mut ledger, mut damage) = match opened {
        Ok(ledger) => (Some(ledger), None),
        Err(damage) => (None, Some(damage)),
    };
    let mut head = None;
    if let Some(opened) = &ledger {
        head = opened.head().unwrap_or_else(|error| {
            damage = Some(error.to_string());
            None
        });
    }
    let durable = head.map(|head| (head.log_end, head.ledger_index));
    let open_log = || log::open(path, hash, config.segment_bytes, durable);
    let recovered = match open_log() {
        Err(error) => {
            let repair = repair::remove_made(path, &error)?;
            repairs.push(repair.ok_or(error)?);
            open_log()?
        }
        Ok(recovered) => recovered,
    };
    repairs.extend(recovered.damage.iter().map(ToString::to_string));
    let bases = Bases::open(path, hash, genesis.index)?;
    let builder = Builder {
        path,
        genesis,
        bases: &bases,
        recovered: &recovered,
    };
    if damage.is_none()
        && let Some(opened) = &ledger
        && let Err(error) = builder.catch_up(opened, head)
    {
        damage = Some(error.into_damage()?);
    }
    if let Some(damage) = damage {
        drop(ledger.take());
        tracing::warn!(%damage, "the ledger store is damaged and is built again");
        let build = |ledger: &Ledger| builder.catch_up(ledger, None);
        ledger = Some(rebuild(config, &build).map_err(|error| error.not_repairable(&damage))?);
        repairs.push(format!("the ledger store was built again: {damage}"));
    }
    for repair in &repairs {
        tracing::warn!(%repair, "the store was damaged");
    }
    let ledger = ledger.expect("it was opened or built again");
    ledger.persist()?;
    let reservation = reservation(&recovered, &ledger)?;
    repair::done(path)?;
    let shared = Shared::new(path, Arc::clone(&recovered.log), ledger, lock)?;
    let shared = Arc::new(shared);
    let applier = Applier::start(Arc::clone(&shared.front), shared.ledger.clone()).at(path)?;
    let writer = Writer::new(
        Arc::clone(&shared),
        applier,
        recovered.writer,
        bases,
        reservation.as_ref(),
        repairs,
    );
    Ok((writer, Reader::new(shared)))
}

/// Opens the ledger store, or says how it is damaged.
fn open_ledger(path: &Path, memory_bytes: u64) -> Result<Result<Ledger, String>, OpenError> {
    // The database asserts some things about its files instead of checking them.
    let opened = catch_unwind(AssertUnwindSafe(|| Ledger::open(path, memory_bytes)));
    match opened {
        Ok(Ok(ledger)) => Ok(Ok(ledger)),
        Ok(Err(StoreError::Ledger(fjall::Error::Locked))) => Err(OpenError::InUse {
            path: path.to_path_buf(),
        }),
        Ok(Err(error)) if error.is_damage() => Ok(Err(error.to_string())),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Ok(Err("the database ended by a panic".to_owned())),
    }
}

/// Why a ledger store could not be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Base(#[from] SnapshotError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BuildError {
    /// What is damaged, unless the store failed for another reason.
    fn into_damage(self) -> Result<String, OpenError> {
        match self {
            Self::Store(error) | Self::Replay(ReplayError::Store(error)) if !error.is_damage() => {
                Err(error.into())
            }
            Self::Base(error) => Err(error.into()),
            error => Ok(error.to_string()),
        }
    }

    fn not_repairable(self, damage: &str) -> OpenError {
        match self.into_damage() {
            Ok(reason) => OpenError::NotRepairable {
                damage: damage.to_owned(),
                reason,
            },
            Err(error) => error,
        }
    }
}

/// Builds the ledger store anew and puts it in the place of the damaged one.
fn rebuild(
    config: &StorageConfig,
    build: &dyn Fn(&Ledger) -> Result<(), BuildError>,
) -> Result<Ledger, BuildError> {
    let path = config.path.join("ledger");
    let damaged = config.path.join("ledger.damaged");
    remove_folder(&damaged)?;
    if path.exists() {
        std::fs::rename(&path, &damaged).at(&path)?;
    }
    let ledger = Ledger::open(&path, config.memory_bytes)?;
    build(&ledger)?;
    ledger.persist()?;
    remove_folder(&damaged)?;
    Ok(ledger)
}

pub(crate) fn remove_folder(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        std::fs::remove_dir_all(path).at(path)?;
    }
    Ok(())
}

/// What a ledger store is built from.
struct Builder<'a> {
    path: &'a Path,
    genesis: &'a Genesis,
    bases: &'a Bases,
    recovered: &'a Recovered,
}

impl Builder<'_> {
    /// Applies the milestones that the log has and the ledger store has not. An empty store gets
    /// the newest base, or the genesis, first.
    fn catch_up(&self, ledger: &Ledger, head: Option<Head>) -> Result<(), BuildError> {
        let log = &self.recovered.log;
        let is_new = head.is_none();
        let head = match head {
            Some(head) => head,
            None => start(self.path, ledger, self.genesis, self.bases)?,
        };
        if !is_new {
            ledger.take_over()?;
            for commit in log.commits_above(head.ledger_index)? {
                let record = log.commit(commit.position, commit.index)?;
                replay(log, ledger, commit.position, &record)?;
            }
            return Ok(());
        }
        let commits = log.commits_above(MilestoneIndex(0))?;
        let first = first_whole(log, &commits, &head);
        for commit in &commits {
            let record = log.commit(commit.position, commit.index)?;
            if commit.index > head.ledger_index {
                replay(log, ledger, commit.position, &record)?;
            } else if commit.index >= first {
                // Below the base: only the milestone itself can be told again.
                note(log, ledger, commit.position, &record)?;
            }
        }
        if first > head.pruning_index.next() {
            move_pruning_index(log, ledger, &commits, MilestoneIndex(first.0 - 1))?;
        }
        Ok(())
    }
}

/// The first milestone from which on the log has every commit with all its blocks.
fn first_whole(log: &BlockLog, commits: &[Commit], head: &Head) -> MilestoneIndex {
    let first_seq = log.first_seq();
    let mut first = head.ledger_index.next();
    for commit in commits.iter().rev() {
        let is_gap = commit.index.next() != first && commit.index <= head.ledger_index;
        if is_gap || commit.oldest_seq < first_seq {
            break;
        }
        first = first.min(commit.index);
    }
    first
}

/// Pruning had gone on after the base was written.
fn move_pruning_index(
    log: &BlockLog,
    ledger: &Ledger,
    commits: &[Commit],
    index: MilestoneIndex,
) -> Result<(), StoreError> {
    let view = ledger.view()?;
    let mut change = Change::new(view.head);
    change.head.pruning_index = index;
    let mut entry_points = HashMap::new();
    for commit in commits.iter().filter(|commit| commit.index > index) {
        let record = log.commit(commit.position, commit.index)?;
        entry_points.extend(pruned_roots(&record.roots, index));
    }
    let before = view.entry_points()?.into_iter().collect();
    change.set_entry_points(&before, &entry_points);
    ledger.apply(&change)
}

/// Puts the newest base, or what the store began with, into an empty ledger store.
pub(crate) fn start(
    path: &Path,
    ledger: &Ledger,
    genesis: &Genesis,
    bases: &Bases,
) -> Result<Head, BuildError> {
    match bases.restore(ledger)? {
        Some(head) => Ok(head),
        None => Ok(write_base(ledger, &Base::find(path, genesis)?)?),
    }
}

/// Writes the state that the store begins with. The head comes with the last part, so that a crash
/// before it leaves an empty store.
fn write_base(ledger: &Ledger, base: &Base) -> Result<Head, SnapshotError> {
    let head = Head {
        ledger_index: base.index,
        milestone_id: base.milestone_id,
        timestamp: base.timestamp,
        pruning_index: base.index,
        treasury: base.treasury,
        log_end: Position {
            segment: 0,
            offset: 0,
        },
    };
    let mut outputs = base.outputs()?.map(|output| output.map(Arc::new));
    loop {
        let batch: Vec<_> = outputs
            .by_ref()
            .take(OUTPUTS_BATCH)
            .collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        let mut change = Change::new(head);
        change.create(&batch);
        ledger.apply_part(&change)?;
    }
    let mut change = Change::new(head);
    for (parameters, _) in base.schedule.entries() {
        let key = chain_key(tag::PARAMETERS, &parameters.target_index.0.to_be_bytes());
        change.chain.insert(key, Some(parameters.to_bytes()));
    }
    change.begin_past(base.index);
    let entry_points = base.entry_points.iter().copied().collect();
    change.set_entry_points(&HashMap::new(), &entry_points);
    ledger.apply(&change)?;
    Ok(head)
}

/// The newest reservation, from the log or the ledger store.
fn reservation(
    recovered: &Recovered,
    ledger: &Ledger,
) -> Result<Option<tangle_engine::Reservation>, StoreError> {
    let parse = |bytes: &[u8], path: &Path| {
        reservation_from_bytes(bytes)
            .ok_or_else(|| StoreError::damaged(path, "its reservation cannot be read"))
    };
    let path = ledger.path();
    let stored = ledger.view()?.reservation()?;
    let stored = stored.map(|bytes| parse(&bytes, path)).transpose()?;
    let logged = recovered.reservation.as_ref();
    let logged = logged.map(|bytes| parse(bytes, path)).transpose()?;
    let is_newer = match (&stored, &logged) {
        (Some(stored), Some(logged)) => logged.index > stored.index,
        (None, Some(_)) => true,
        _ => false,
    };
    if !is_newer {
        return Ok(stored);
    }
    if let Some(logged) = &logged {
        let bytes = reservation_to_bytes(logged);
        ledger.put(&chain_key(tag::RESERVATION, &[]), &bytes)?;
    }
    Ok(logged)
}
