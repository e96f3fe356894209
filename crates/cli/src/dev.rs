//! `tangle dev`: a whole network in one process, reachable from this machine only.

mod accounts;
mod banner;
mod config;
mod distance;
mod folder;
mod listeners;
mod nodes;
mod topology;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use tangle_api::{ApiConfig, Auth, Limits, Setting};
use tangle_network::Identity;
use tangle_node::{CoordinatorConfig, NodeConfig};
use tangle_storage::{Genesis, StorageConfig};

use crate::args::DevArguments;
use crate::ballots::BallotsService;
use crate::config::{self as layered, Layers, SecretFile};
use crate::failure::Outcome;
use crate::logs;
use crate::node::{self, JwtSection};
use crate::service::{self, FaucetService, LoadService, Service, local_address};
use crate::terminal::Terminal;
use accounts::Accounts;
pub(crate) use accounts::TEST_MNEMONIC;
use banner::{Banner, Doors};
pub(crate) use config::{DevConfig, MILESTONE_INTERVAL_MIN_MS};
pub(crate) use distance::{Latency, Loss};
use folder::Folder;
use listeners::Listeners;
use topology::Link;
pub(crate) use topology::Topology;

/// Paths that anybody on this machine may use besides the usual ones: they change nothing, or only
/// whose votes are counted. Pages of other origins may not use the latter.
const OPEN_PATHS: [&str; 2] = ["/api/core/v2/whiteflag", "/api/participation/v1/admin/*"];
/// Paths that anybody on this machine may read besides the usual ones.
const READABLE_PATHS: [&str; 1] = ["/api/core/v2/peers*"];

/// What a node says of its own state; of several nobody could tell which one, and the line that
/// changes does.
const QUIET_OF_MANY: [&str; 1] = ["tangle_node::sync_log=error"];

/// Runs the network until it is stopped.
pub(crate) fn run(arguments: &DevArguments, terminal: &Terminal) -> Outcome {
    let layers = DevConfig::layers(arguments.config.as_deref())?;
    let mut config: DevConfig = layers.build()?;
    if let Some(pace) = arguments.milestones {
        config.milestones.pace = pace;
    }
    config.dev.overlay(arguments);
    let accounts = match &config.accounts.mnemonic {
        Some(secret) => Accounts::new(&secret.read()?)?,
        None => Accounts::new(TEST_MNEMONIC)?,
    };
    if arguments.show_mnemonic {
        terminal.line(&accounts.words());
        return Ok(());
    }
    let genesis = config.genesis(&accounts)?;
    let quiet: &[&str] = if config.dev.nodes > 1 {
        &QUIET_OF_MANY
    } else {
        &[]
    };
    logs::start("warn", quiet, terminal);
    let folder = if arguments.ephemeral {
        Folder::ephemeral()?
    } else {
        Folder::at(&arguments.data)
    };
    if arguments.reset {
        folder.reset()?;
    }
    // Before the store is touched, so that a taken port changes nothing.
    let listeners = Listeners::open(&config, arguments)?;
    let mut faucet = listeners::faucet_listener(&config, arguments)?;
    folder.prepare(&genesis, &accounts.words())?;
    let links = config.dev.links();
    let doors: Outcome<Vec<Doors>> = listeners.iter().map(Doors::of).collect();
    let faucet_address = faucet.as_ref().map(local_address).transpose()?;
    let banner = Banner {
        doors: doors?,
        faucet: faucet_address,
        genesis: &genesis,
        accounts: &accounts,
        config: &config,
        folder: &folder,
        links: &links,
        is_ephemeral: arguments.ephemeral,
    };
    let plan = Plan {
        config: &config,
        settings: settings(&layers, &config)?,
        folder: &folder,
        accounts: &accounts,
        genesis: &genesis,
        links: &links,
        faucet: faucet_address,
        names: accounts.node_names(config.dev.nodes),
    };
    let services: Outcome<Vec<Service>> = listeners
        .into_iter()
        .enumerate()
        .map(|(position, listeners)| plan.service(position, listeners, faucet.take()))
        .collect();
    service::run(services?, terminal, |handles, took| {
        banner.show(handles, took, terminal);
    })
}

/// What the nodes are made from.
struct Plan<'a> {
    config: &'a DevConfig,
    /// The same, as the pages show it.
    settings: Vec<Setting>,
    folder: &'a Folder,
    accounts: &'a Accounts,
    genesis: &'a Genesis,
    links: &'a [Link],
    /// Where the faucet of the network listens.
    faucet: Option<SocketAddr>,
    names: Vec<Identity>,
}

impl Plan<'_> {
    /// The node at a position. The first one issues the milestones.
    fn service(
        &self,
        position: usize,
        listeners: Listeners,
        faucet: Option<TcpListener>,
    ) -> Outcome<Service> {
        let config = self.config;
        let participation = &config.participation;
        let links_before = self.links.iter().filter(|link| link.ends[1] == position);
        Ok(Service {
            node: self.node_config(position)?,
            coordinator: (position == 0).then(|| CoordinatorConfig {
                interval_ms: config.milestones.interval_ms,
                pace: config.milestones.pace.into(),
                keys: self
                    .accounts
                    .milestone_keys(config.milestones.key_threshold),
            }),
            api: api_config(&self.genesis.token, self.folder)?,
            rest: listeners.rest,
            mqtt: listeners.mqtt,
            has_pages: true,
            settings: self.settings.clone(),
            metrics: listeners.metrics,
            network: nodes::network(position, self.links, &self.names, self.genesis),
            neighbours: links_before.map(|link| link.ends[0]).collect(),
            faucet: faucet.map(|listener| FaucetService {
                listener,
                key: self.accounts.faucet().key.clone(),
                config: config.faucet.pays.config(),
            }),
            ballots: participation
                .enabled
                .then(|| {
                    let file = self.folder.ballots(position);
                    BallotsService::new(&participation.counting, file)
                })
                .transpose()?,
            wallet: (position == 0)
                .then(|| self.accounts.wallet())
                .transpose()?,
            // Nobody but this machine reaches the node.
            load: Some(LoadService {
                faucet: self.faucet,
            }),
            genesis: self.genesis.clone(),
        })
    }

    fn node_config(&self, position: usize) -> Outcome<NodeConfig> {
        let config = self.config;
        let mut node = NodeConfig::new(StorageConfig {
            path: self.folder.store(position),
            memory_bytes: config.storage.memory_bytes,
            segment_bytes: config.storage.segment_bytes,
        });
        node.snapshots = config.snapshots.config(self.folder.snapshots(position));
        node.pruning = config.pruning.config();
        node.pow_enabled = config.pow.enabled;
        node.pow_thread_count = config.pow.thread_count();
        node.check_thread_count = (node.check_thread_count / config.dev.nodes).max(1);
        node.seed = position as u64;
        node.weighted_tips = config.tips.config()?;
        Ok(node)
    }
}

/// The configuration as the pages show it. Flags are laid over what the layers say.
fn settings(layers: &Layers, config: &DevConfig) -> Outcome<Vec<Setting>> {
    let origin = |path: &str| layers.origin(path).to_string();
    let below = layered::rows(&layers.build::<DevConfig>()?, origin)?;
    let mut rows = layered::rows(config, origin)?;
    for (row, below) in rows.iter_mut().zip(below) {
        if row.value != below.value {
            "command line".clone_into(&mut row.origin);
        }
    }
    Ok(layered::settings(rows))
}

/// Reading is open to this machine. What changes the node is not: a page in a browser could ask.
fn api_config(token: &tangle_storage::BaseToken, folder: &Folder) -> Outcome<ApiConfig> {
    let jwt = JwtSection::default();
    let secret = SecretFile {
        file: folder.token_key(),
    };
    let tokens = node::tokens(&secret, &jwt.salt, &jwt.issuer)?;
    let mut public = tangle_api::PUBLIC_DEFAULT.to_vec();
    public.extend(OPEN_PATHS);
    Ok(ApiConfig {
        name: "Tangle".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_token: service::api_token(token),
        auth: Auth::new(&public, &tangle_api::PROTECTED_DEFAULT, Some(tokens))
            .with_readable(&READABLE_PATHS),
        limits: Limits::default(),
    })
}

/// Where a dev network's data is when nobody says.
pub(crate) const DEV_FOLDER: &str = ".tangle/dev";

/// Store, of node 1, and genesis file of the dev network in a folder.
pub(crate) fn store_and_genesis(folder: &Path) -> (PathBuf, PathBuf) {
    let folder = Folder::at(folder);
    (folder.store(0), folder.genesis())
}
