//! Opening a store: takes the folder, reads the log, and brings the ledger store up to it.

use std::path::Path;
use std::sync::Arc;

use tangle_types::Codec;

use crate::ledger::{Change, Head, Ledger, chain_key, tag};
use crate::log::{self, Position, Recovered};
use crate::reader::Shared;
use crate::replay::{ReplayError, replay};
use crate::snapshot::{Base, SnapshotError};
use crate::store::{reservation_from_bytes, reservation_to_bytes};
use crate::{Genesis, OpenError, Reader, StorageConfig, StoreError, Writer, manifest};

/// Opens the store of the network `genesis`, creating it when the folder is empty. Repairs what a
/// crash left behind; refuses another network's or a newer format's data.
///
/// # Errors
/// See [`OpenError`].
pub fn open(config: &StorageConfig, genesis: &Genesis) -> Result<(Writer, Reader), OpenError> {
    let path = &config.path;
    let hash = genesis.hash();
    let lock = manifest::take(path, &hash)?;
    let ledger = Ledger::open(&path.join("ledger"), config.memory_bytes)?;
    let head = ledger.head()?;
    let durable = head.map(|head| head.log_end);
    let recovered = log::open(path, hash, config.segment_bytes, durable)?;
    for damage in &recovered.damage {
        tracing::warn!(%damage, "the block log is damaged");
    }
    let head = match head {
        Some(head) => head,
        None => write_base(&ledger, &Base::find(path, genesis)?)?,
    };
    let head = catch_up(&recovered, &ledger, head)?;
    let reservation = reservation(&recovered, &ledger)?;
    let shared = Arc::new(Shared::new(path, Arc::clone(&recovered.log), ledger, head)?);
    let writer = Writer::new(
        Arc::clone(&shared),
        recovered.writer,
        reservation.as_ref(),
        lock,
    );
    Ok((writer, Reader::new(shared)))
}

/// Outputs that are written at once.
const OUTPUTS_BATCH: usize = 4096;

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
        change.chain.push((key, Some(parameters.to_bytes())));
    }
    for (id, index) in &base.entry_points {
        let key = chain_key(tag::ENTRY_POINT, &id.0);
        change
            .chain
            .push((key, Some(index.0.to_be_bytes().to_vec())));
    }
    ledger.apply(&change)?;
    Ok(head)
}

/// Applies the milestones that the log has and the ledger store has not.
fn catch_up(recovered: &Recovered, ledger: &Ledger, mut head: Head) -> Result<Head, OpenError> {
    let failed = |error: ReplayError| match error {
        ReplayError::Store(error) => OpenError::Store(error),
        other => OpenError::NotRepairable {
            damage: "it lacks the newest milestones".to_owned(),
            reason: other.to_string(),
        },
    };
    let oldest = recovered
        .commits
        .iter()
        .map(|(_, commit)| commit.index)
        .min();
    let commits = match oldest {
        Some(oldest) if oldest <= head.ledger_index.next() => recovered.commits.clone(),
        _ => recovered.log.commits()?,
    };
    for (position, commit) in &commits {
        if commit.index > head.ledger_index {
            head = replay(&recovered.log, ledger, *position, commit)
                .map_err(failed)?
                .head;
        }
    }
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
