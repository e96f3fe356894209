//! Opening a store: takes the folder, reads the log, and brings the ledger store up to it.

use std::path::Path;
use std::sync::Arc;

use tangle_types::{BlockId, Codec, MilestoneId, ParametersOption, Treasury};

use crate::ledger::{Change, Head, Ledger, chain_key, tag};
use crate::log::{self, Position, Recovered};
use crate::reader::Shared;
use crate::replay::{ReplayError, replay};
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
        None => write_genesis(&ledger, genesis)?,
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

/// Writes the state before the first milestone.
fn write_genesis(ledger: &Ledger, genesis: &Genesis) -> Result<Head, StoreError> {
    let head = Head {
        ledger_index: genesis.index,
        milestone_id: MilestoneId::ZERO,
        timestamp: genesis.timestamp,
        pruning_index: genesis.index,
        treasury: Treasury {
            milestone_id: MilestoneId::ZERO,
            amount: genesis.treasury,
        },
        log_end: Position {
            segment: 0,
            offset: 0,
        },
    };
    let mut change = Change::new(head);
    let outputs: Vec<_> = genesis.outputs().map(Arc::new).collect();
    change.create(&outputs);
    let parameters = ParametersOption {
        target_index: genesis.index,
        protocol_version: genesis.parameters.version,
        parameters: genesis.parameters.to_bytes(),
    };
    let target = genesis.index.0.to_be_bytes();
    change.chain.push((
        chain_key(tag::PARAMETERS, &target),
        Some(parameters.to_bytes()),
    ));
    change.chain.push((
        chain_key(tag::ENTRY_POINT, &BlockId::ZERO.0),
        Some(target.to_vec()),
    ));
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
