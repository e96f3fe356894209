//! `tangle dev`: a whole network in one process, reachable from this machine only.

mod accounts;
mod banner;
mod config;
mod folder;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tangle_api::{ApiConfig, Auth, Limits};
use tangle_node::{CoordinatorConfig, NodeConfig};
use tangle_storage::StorageConfig;

use crate::args::DevArguments;
use crate::failure::Outcome;
use crate::logs;
use crate::ports;
use crate::service::{self, FaucetService, Service, local_address};
use crate::terminal::Terminal;
use accounts::{Accounts, TEST_MNEMONIC};
use banner::Banner;
pub(crate) use config::{DevConfig, MILESTONE_INTERVAL_MIN_MS};
use folder::Folder;

/// Paths that anybody on this machine may use besides the usual ones: they only read.
const READ_PATHS: [&str; 2] = ["/api/core/v2/peers*", "/api/core/v2/whiteflag"];

/// Runs the network until it is stopped.
pub(crate) fn run(arguments: &DevArguments, terminal: &Terminal) -> Outcome {
    let config = DevConfig::load(arguments.config.as_deref())?;
    let accounts = match &config.accounts.mnemonic {
        Some(secret) => Accounts::new(&secret.read()?)?,
        None => Accounts::new(TEST_MNEMONIC)?,
    };
    if arguments.show_mnemonic {
        terminal.line(&accounts.words());
        return Ok(());
    }
    let genesis = config.genesis(&accounts)?;
    logs::start("warn", terminal);
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
    folder.prepare(&genesis, &accounts.words())?;
    let banner = Banner {
        rest: local_address(&listeners.rest)?,
        faucet: listeners.faucet.as_ref().map(local_address).transpose()?,
        genesis: &genesis,
        accounts: &accounts,
        config: &config,
        folder: &folder,
        is_ephemeral: arguments.ephemeral,
    };
    let service = Service {
        node: node_config(&config, &folder),
        coordinator: Some(CoordinatorConfig {
            interval_ms: config.milestones.interval_ms,
            keys: accounts.milestone_keys(config.milestones.key_threshold),
        }),
        api: api_config(&genesis.token),
        rest: listeners.rest,
        faucet: listeners.faucet.map(|listener| FaucetService {
            listener,
            key: accounts.faucet().key.clone(),
            config: config.faucet.pays.config(),
        }),
        genesis: genesis.clone(),
    };
    service::run(service, terminal, |handle, took| {
        banner.show(handle, took, terminal);
    })
}

fn node_config(config: &DevConfig, folder: &Folder) -> NodeConfig {
    let mut node = NodeConfig::new(StorageConfig {
        path: folder.store(),
        memory_bytes: config.storage.memory_bytes,
        segment_bytes: config.storage.segment_bytes,
    });
    node.snapshot_dir = folder.snapshots();
    node.pruning = config.pruning.config();
    node.pow_enabled = config.pow.enabled;
    node.pow_thread_count = config.pow.thread_count();
    node
}

/// Reading is open to this machine. What changes the node is not: a page in a browser could ask.
fn api_config(token: &tangle_storage::BaseToken) -> ApiConfig {
    let mut public = tangle_api::PUBLIC_DEFAULT.to_vec();
    public.extend(READ_PATHS);
    ApiConfig {
        name: "Tangle".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_token: service::api_token(token),
        auth: Auth::new(&public, &tangle_api::PROTECTED_DEFAULT, None),
        limits: Limits::default(),
    }
}

/// What listens on loopback.
struct Listeners {
    rest: TcpListener,
    faucet: Option<TcpListener>,
}

impl Listeners {
    fn open(config: &DevConfig, arguments: &DevArguments) -> Outcome<Self> {
        let rest_port = arguments.port.unwrap_or(config.ports.rest);
        let rest = ports::listen(
            loopback(rest_port),
            "stop it, or let tangle pick a port:  tangle dev --port 0",
        )?;
        if arguments.no_faucet || !config.faucet.enabled {
            return Ok(Self { rest, faucet: None });
        }
        let faucet_port = match (arguments.faucet_port, arguments.port) {
            (Some(port), _) => port,
            (None, Some(0)) => 0,
            (None, _) => config.ports.faucet,
        };
        let faucet = ports::listen(
            loopback(faucet_port),
            "stop it, let tangle pick a port:  tangle dev --faucet-port 0\n\
             or go without a faucet:  tangle dev --no-faucet",
        )?;
        Ok(Self {
            rest,
            faucet: Some(faucet),
        })
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
