//! Remembers damage that was met while the store was open, so that the next opening repairs it.
//!
//! A file `damage` in the store's folder names the damaged files, one a line. Tables and runs are
//! removed, as they are made again from the log; anything else that belongs to the ledger store
//! makes that be built again.

use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::disk::{remove, write_whole};
use crate::error::AtPath;

const MARKER: &str = "damage";

/// Notes that something is damaged. What cannot be noted is lost; the damage will be met again.
pub(crate) fn remember(store: &Path, error: &StoreError) {
    let damaged = match error {
        StoreError::Damaged { path, .. } => path.clone(),
        StoreError::Ledger(_) if error.is_damage() => store.join("ledger"),
        _ => return,
    };
    let marker = store.join(MARKER);
    let mut known = std::fs::read_to_string(&marker).unwrap_or_default();
    let line = damaged.display().to_string();
    if known.lines().any(|known| known == line) {
        return;
    }
    tracing::error!(%error, "the store is damaged; it is repaired at the next start");
    known.push_str(&line);
    known.push('\n');
    if let Err(error) = write_whole(&marker, |out| out.write_all(known.as_bytes())) {
        tracing::error!(%error, "the damage could not be noted");
    }
}

/// The files in which damage was met and not yet repaired.
pub(crate) fn noted(store: &Path) -> Result<Vec<String>, StoreError> {
    let marker = store.join(MARKER);
    if !marker.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&marker).at(&marker)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Removes what was found damaged and can be made again; says what that was.
pub(crate) fn prepare(store: &Path) -> Result<Vec<String>, StoreError> {
    let mut repairs = Vec::new();
    for line in noted(store)? {
        let path = PathBuf::from(&line);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("tab" | "run") => {
                remove(&store_path(store, &path))?;
                repairs.push(format!("{line} was damaged and is made again"));
            }
            Some("seg") => repairs.push(format!("{line} was damaged")),
            _ => {
                crate::open::remove_folder(&store.join("ledger"))?;
                repairs.push(format!(
                    "{line} was damaged, the ledger store is built again"
                ));
            }
        }
    }
    Ok(repairs)
}

/// Removes the table or run that an error is about, as it can be made again; says so.
pub(crate) fn remove_made(store: &Path, error: &StoreError) -> Result<Option<String>, StoreError> {
    let StoreError::Damaged { path, .. } = error else {
        return Ok(None);
    };
    if !is_made(path) {
        return Ok(None);
    }
    remove(&store_path(store, path))?;
    Ok(Some(format!("{error}; it is made again")))
}

/// Whether a file is made from the log.
fn is_made(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("tab" | "run"))
}

/// The file in this store, also when the store was moved or named otherwise.
fn store_path(store: &Path, path: &Path) -> PathBuf {
    let parts: Vec<_> = path.iter().rev().take(2).collect();
    parts
        .iter()
        .rev()
        .fold(store.to_path_buf(), |path, part| path.join(part))
}

/// Everything is repaired.
pub(crate) fn done(store: &Path) -> Result<(), StoreError> {
    remove(&store.join(MARKER))
}
