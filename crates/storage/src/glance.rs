//! What can be told of a store without opening it: a node may be working with it.

use std::path::Path;

use tangle_types::MilestoneIndex;

use crate::{Genesis, OpenError, log, manifest, repair};

/// A store as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Format on disk.
    pub format: u32,
    /// Whether a process has it open.
    pub is_open: bool,
    /// The newest milestone that is durable; `None` when the newest files name none.
    pub newest: Option<MilestoneIndex>,
    /// Files in which damage was met; the next opening repairs what can be repaired.
    pub damaged: Vec<String>,
}

/// Looks at the store of the network `genesis` at `path`; `None` when there is none yet. Changes
/// nothing and waits for nobody.
///
/// # Errors
/// It is another network's, of a newer format, or cannot be read.
pub fn glance(path: &Path, genesis: &Genesis) -> Result<Option<Glance>, OpenError> {
    let hash = genesis.hash();
    let Some((format, is_open)) = manifest::look(path, &hash)? else {
        return Ok(None);
    };
    Ok(Some(Glance {
        format,
        is_open,
        newest: log::newest_commit(path, &hash)?,
        damaged: repair::noted(path)?,
    }))
}
