//! Where a node without data begins: with a snapshot, if the configuration names one.

use std::path::{Path, PathBuf};

use tangle_storage::Genesis;
use tangle_storage::snapshot;

use super::config::NodeFile;
use crate::failure::{Code, Failure, Outcome};
use crate::progress;
use crate::terminal::Terminal;

/// Largest snapshot that is fetched.
const SNAPSHOT_BYTES_MAX: u64 = 64 << 30;

/// Imports the snapshot that the configuration names, unless the node has data already.
pub(super) fn run(config: &NodeFile, genesis: &Genesis, terminal: &Terminal) -> Outcome {
    let section = &config.bootstrap;
    let Some(full) = &section.full else {
        return Ok(());
    };
    if config.store().exists() {
        return Ok(());
    }
    let folder = config.snapshots_folder();
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(Code::DataFolder, error).with("folder", folder.display()))?;
    let full = fetch(full, &folder.join("bootstrap_full.bin"), terminal)?;
    let delta = section
        .delta
        .as_ref()
        .map(|delta| fetch(delta, &folder.join("bootstrap_delta.bin"), terminal))
        .transpose()?;
    let imported = progress::watch(terminal, |progress| {
        snapshot::import(&config.store(), genesis, &full, delta.as_deref(), progress)
    });
    let imported = imported
        .map_err(|error| Failure::new(Code::Snapshot, error).with("file", full.display()))?;
    terminal.say(&format!(
        "begins with a snapshot of milestone {}, {} outputs",
        imported.index, imported.output_count
    ));
    Ok(())
}

/// A file as it is, or what a URL leads to.
fn fetch(place: &str, to: &Path, terminal: &Terminal) -> Outcome<PathBuf> {
    if !place.contains("://") {
        return Ok(PathBuf::from(place));
    }
    if !place.starts_with("http://") {
        return Err(Failure::new(
            Code::ConfigValue,
            format!("{place}: only files and http:// can be read"),
        )
        .help("fetch it yourself, and name the file"));
    }
    terminal.say(&format!("fetching {place}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, error))?;
    runtime
        .block_on(tangle_client::download(place, to, SNAPSHOT_BYTES_MAX))
        .map_err(|error| Failure::new(Code::Unreachable, error))?;
    Ok(to.to_owned())
}
