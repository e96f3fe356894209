//! What a node's configuration leads to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Finding, machine};
use crate::dev::DEV_FOLDER;
use crate::node::{NodeFile, Source, read_genesis};
use crate::ports;
use crate::service::open_failure;

/// Checks configuration, genesis, ports, disk and store.
pub(super) fn check(file: Option<&Path>) -> Vec<Finding> {
    let config = match load(file) {
        Ok((finding, config)) => {
            let mut findings = vec![finding];
            findings.push(genesis(&config));
            findings.extend(store("store", &config.store(), &config.genesis));
            let (dev_store, dev_genesis) = crate::dev::store_and_genesis(Path::new(DEV_FOLDER));
            findings.extend(store("dev store", &dev_store, &dev_genesis));
            findings.push(port("REST port", config.rest.bind));
            if config.faucet.key.is_some() {
                findings.push(port("faucet port", config.faucet.bind));
            }
            let folder = existing(&config.data);
            findings.push(machine::space(&folder));
            findings.push(machine::disk_speed(&folder));
            return findings;
        }
        Err(finding) => finding,
    };
    vec![config]
}

fn load(file: Option<&Path>) -> Result<(Finding, NodeFile), Finding> {
    const NAME: &str = "configuration";
    let loaded = Source::find(file).and_then(|source| {
        let config: NodeFile = source.layers.build()?;
        config.check()?;
        Ok((source, config))
    });
    match loaded {
        Ok((source, config)) => {
            let files: Vec<String> = source
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect();
            let text = if files.is_empty() {
                "built-in values".to_owned()
            } else {
                files.join(", ")
            };
            Ok((Finding::good(NAME, text), config))
        }
        Err(failure) => Err(Finding::bad(
            NAME,
            failure.message(),
            "tangle config check says more",
        )),
    }
}

fn genesis(config: &NodeFile) -> Finding {
    const NAME: &str = "genesis";
    if !config.genesis.exists() {
        return Finding::poor(
            NAME,
            format!("{} does not exist", config.genesis.display()),
            "tangle node needs one (tangle tool genesis init); tangle dev does not",
        );
    }
    match read_genesis(&config.genesis) {
        Ok(genesis) => Finding::good(
            NAME,
            format!(
                "network \"{}\", 0x{}",
                genesis.parameters.network_name,
                hex::encode(genesis.hash())
            ),
        ),
        Err(failure) => Finding::bad(NAME, failure.message(), "tangle help E0104"),
    }
}

/// What a store is like; `None` when there is none, or no genesis to open it with. A node may be
/// working with it: nothing is taken or changed.
fn store(name: &'static str, path: &Path, genesis: &Path) -> Option<Finding> {
    if !path.is_dir() {
        return None;
    }
    let genesis = read_genesis(genesis).ok()?;
    let found = match tangle_storage::glance(path, &genesis) {
        Ok(found) => found?,
        Err(error) => {
            let failure = open_failure(error);
            let fix = "another data folder, or the genesis that belongs to this one";
            return Some(Finding::bad(name, failure.message(), fix));
        }
    };
    let newest = found.newest.map_or_else(
        || "no milestone yet".to_owned(),
        |index| format!("milestone {index}"),
    );
    let use_ = if found.is_open { ", in use" } else { "" };
    let text = format!("format {}, {newest}{use_}", found.format);
    if found.damaged.is_empty() {
        return Some(Finding::good(name, text));
    }
    Some(Finding::poor(
        name,
        format!("{text}; damaged: {}", found.damaged.join(", ")),
        "start the node anew, which repairs it; then: tangle tool store check",
    ))
}

fn port(name: &'static str, address: SocketAddr) -> Finding {
    match std::net::TcpListener::bind(address) {
        Ok(_) => Finding::good(name, format!("{address} is free")),
        Err(error) => {
            let holder = ports::holder(address.port());
            let holder =
                holder.map_or_else(|| error.to_string(), |holder| format!("held by {holder}"));
            Finding::poor(
                name,
                format!("{address}: {holder}"),
                "stop what holds it unless it is this node, or choose another port",
            )
        }
    }
}

/// `path`, or the nearest folder above it that exists.
fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute
        .ancestors()
        .find(|folder| folder.is_dir())
        .map_or_else(|| PathBuf::from("/"), Path::to_owned)
}
