//! `tangle node`: a node of a real deployment, and its configuration.

mod bootstrap;
mod config;
mod inspect;
mod network;

use tangle_api::{ApiConfig, Auth, EventLimits, Limits, Salt, TokenKey, Tokens};
use tangle_node::{CoordinatorConfig, Handle, NodeConfig};
use tangle_storage::{Genesis, StorageConfig};

use crate::args::NodeArguments;
use crate::ballots::BallotsService;
use crate::config::{SecretFile, rows, settings};
use crate::failure::{Code, Failure, Outcome};
use crate::service::{self, FaucetService, Service, local_address};
use crate::terminal::Terminal;
use crate::{keys, logs, ports};

pub(crate) use config::{JwtSection, NodeFile, Source, read_genesis};
pub(crate) use inspect::run as inspect;

/// Runs a node until it is stopped.
pub(crate) fn run(arguments: &NodeArguments, terminal: &Terminal) -> Outcome {
    let source = Source::find(arguments.config.as_deref())?.with_flags(arguments);
    let config: NodeFile = source.layers.build()?;
    config.check()?;
    let genesis = read_genesis(&config.genesis)?;
    logs::start(&config.log.level, &[], terminal);
    let coordinator = coordinator(&config)?;
    let api = api_config(&config, &genesis)?;
    let rows = rows(&config, |path| source.layers.origin(path).to_string())?;
    let rest = ports::listen(config.rest.bind, "stop it, or set another rest.bind")?;
    let listen = |bind| ports::listen(bind, "stop it, or set another rest.mqtt_bind");
    let mqtt = config.rest.mqtt_bind.map(listen).transpose()?;
    let mqtt_url = mqtt.as_ref().map(service::mqtt_url).transpose()?;
    let metrics = config.metrics.listen()?;
    let metrics_address = metrics.as_ref().map(local_address).transpose()?;
    let faucet = faucet(&config)?;
    warn_of_open_doors(&config, terminal);
    let address = local_address(&rest)?;
    let neighbours = network::config(&config, &genesis)?;
    let peer_id = neighbours
        .as_ref()
        .map(|neighbours| neighbours.identity.peer_id().to_string());
    bootstrap::run(&config, &genesis, terminal)?;
    let network = genesis.parameters.network_name.clone();
    let hash = format!("0x{}", hex::encode(genesis.hash()));
    let service = Service {
        node: node_config(&config)?,
        genesis,
        coordinator,
        api,
        rest,
        mqtt,
        has_pages: config.rest.pages,
        settings: settings(rows),
        metrics,
        faucet,
        ballots: ballots(&config)?,
        // The keys of people are no business of a node.
        wallet: None,
        load: None,
        network: neighbours,
        neighbours: Vec::new(),
    };
    service::run(vec![service], terminal, |handles, took| {
        let handle = &handles[0];
        if terminal.is_json() {
            terminal.json(&serde_json::json!({
                "version": env!("CARGO_PKG_VERSION"),
                "network": network,
                "genesisHash": hash,
                "readyMs": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "pid": std::process::id(),
                "node": format!("http://{address}"),
                "mqtt": mqtt_url,
                "metrics": metrics_address.map(|address| format!("http://{address}/metrics")),
                "peerId": peer_id,
                "peerAddresses": peer_addresses(handle),
                "confirmedMilestone": handle.status().confirmed.index,
            }));
            return;
        }
        let mqtt = mqtt_url.map_or_else(String::new, |url| format!("  ·  MQTT {url}"));
        terminal.say(&format!(
            "Tangle {}  ·  network \"{network}\"  ·  genesis {hash}\n\
             REST API http://{address}{mqtt}  ·  data {}",
            env!("CARGO_PKG_VERSION"),
            config.data.display()
        ));
    })
}

/// Where other nodes reach this one, with its peer id.
fn peer_addresses(handle: &Handle) -> Vec<String> {
    let Some(network) = handle.network() else {
        return Vec::new();
    };
    let id = network.peer_id();
    let addresses = network.listening().into_iter();
    addresses
        .map(|address| format!("{address}/p2p/{id}"))
        .collect()
}

fn node_config(config: &NodeFile) -> Outcome<NodeConfig> {
    let mut node = NodeConfig::new(StorageConfig {
        path: config.store(),
        memory_bytes: config.storage.memory_bytes,
        segment_bytes: config.storage.segment_bytes,
    });
    node.snapshots = config.snapshots.config(config.snapshots_folder());
    node.pruning = config.pruning.config();
    node.pow_enabled = config.pow.enabled;
    node.pow_thread_count = config.pow.thread_count();
    // Which tips a node gives must not be foreseen from outside.
    node.seed = u64::from_le_bytes(
        keys::random_seed()[..8]
            .try_into()
            .expect("a seed has 32 bytes"),
    );
    node.weighted_tips = config.tips.config()?;
    Ok(node)
}

fn coordinator(config: &NodeFile) -> Outcome<Option<CoordinatorConfig>> {
    let section = &config.coordinator;
    if section.keys.is_empty() {
        return Ok(None);
    }
    let keys: Outcome<Vec<_>> = section.keys.iter().map(keys::read_key).collect();
    Ok(Some(CoordinatorConfig {
        interval_ms: section.interval_ms,
        pace: section.pace.into(),
        keys: keys?,
    }))
}

fn faucet(config: &NodeFile) -> Outcome<Option<FaucetService>> {
    let Some(secret) = &config.faucet.key else {
        return Ok(None);
    };
    Ok(Some(FaucetService {
        listener: ports::listen(config.faucet.bind, "stop it, or set another faucet.bind")?,
        key: keys::read_key(secret)?,
        config: config.faucet.pays.config(),
    }))
}

fn ballots(config: &NodeFile) -> Outcome<Option<BallotsService>> {
    let participation = &config.participation;
    participation
        .enabled
        .then(|| BallotsService::new(&participation.counting, config.ballots_file()))
        .transpose()
}

fn api_config(config: &NodeFile, genesis: &Genesis) -> Outcome<ApiConfig> {
    let tokens = match &config.jwt.key {
        Some(secret) => Some(tokens(secret, &config.jwt.salt, &config.jwt.issuer)?),
        None => None,
    };
    Ok(ApiConfig {
        name: "Tangle".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_token: service::api_token(&genesis.token),
        auth: Auth::new(
            &config.rest.public_paths,
            &config.rest.protected_paths,
            tokens,
        ),
        limits: Limits {
            connections_max: config.rest.connections_max,
            events: EventLimits {
                connections_max: config.rest.event_connections_max,
                ..EventLimits::default()
            },
            ..Limits::default()
        },
    })
}

/// The tokens that a key file signs.
pub(crate) fn tokens(secret: &SecretFile, salt: &str, issuer: &str) -> Outcome<Tokens> {
    let text = secret.read()?;
    let Some(key) = TokenKey::from_text(&text) else {
        return Err(
            Failure::new(Code::Secret, "the file holds no signing key for tokens")
                .with("file", secret.file.display())
                .help("make one: tangle tool jwt --new-key --key FILE"),
        );
    };
    Ok(Tokens::new(key, Salt::new(salt), issuer))
}

fn warn_of_open_doors(config: &NodeFile, terminal: &Terminal) {
    for (name, address) in [
        ("rest.bind", Some(config.rest.bind)),
        ("rest.mqtt_bind", config.rest.mqtt_bind),
        (
            "metrics.bind",
            config.metrics.enabled.then_some(config.metrics.bind),
        ),
        (
            "faucet.bind",
            config.faucet.key.as_ref().map(|_| config.faucet.bind),
        ),
    ] {
        if let Some(address) = address
            && !ports::is_loopback(&address.ip())
        {
            terminal.warn(&format!(
                "{name} = {address} is reachable from other machines, without encryption; a proxy \
                 in front should add TLS and limits"
            ));
        }
    }
}
