//! What the network part is told, from the node's configuration.

use std::str::FromStr;

use tangle_network::{Discovery, Identity, KnownPeer, Limits, NetworkConfig};
use tangle_storage::Genesis;

use super::config::NodeFile;
use crate::failure::{Code, Failure, Outcome};

/// File of the key that names the node to others, in the data folder.
const IDENTITY_FILE: &str = "identity.key";
/// File of the peers that were added at run time, in the data folder.
const PEER_FILE: &str = "peering.json";

/// The network part's configuration; `None` when it is switched off.
pub(super) fn config(file: &NodeFile, genesis: &Genesis) -> Outcome<Option<NetworkConfig>> {
    let section = &file.network;
    if !section.enabled {
        return Ok(None);
    }
    std::fs::create_dir_all(&file.data).map_err(|error| {
        Failure::new(Code::DataFolder, error).with("folder", file.data.display())
    })?;
    let identity = Identity::load_or_create(&file.data.join(IDENTITY_FILE))
        .map_err(|error| Failure::new(Code::Secret, error))?;
    let mut config = NetworkConfig::new(identity, genesis.parameters.network_id().0);
    config.bind = all("network.bind", &section.bind)?;
    config.external = all("network.external", &section.external)?;
    config.known = all("network.peers", &section.peers)?
        .into_iter()
        .map(|address| KnownPeer {
            address,
            alias: None,
        })
        .collect();
    config.quic = section.quic;
    config.peer_file = Some(file.data.join(PEER_FILE));
    config.limits = Limits {
        unknown_count_max: section.unknown_count_max,
        is_local_strict: section.strict_local,
        ..Limits::default()
    };
    config.discovery = (section.discovered_count > 0).then_some(Discovery {
        peer_count: section.discovered_count,
        ..Discovery::default()
    });
    Ok(Some(config))
}

fn all<T: FromStr>(name: &str, texts: &[String]) -> Outcome<Vec<T>>
where
    T::Err: std::fmt::Display,
{
    let one = |text: &String| {
        text.parse()
            .map_err(|error| Failure::new(Code::ConfigValue, format!("{name}: {text}: {error}")))
    };
    texts.iter().map(one).collect()
}
