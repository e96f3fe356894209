//! The configuration of a node: where it comes from, and what it holds.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tangle_storage::Genesis;
use toml::{Table, Value};

use crate::args::NodeArguments;
use crate::config::{Layers, Origin, SecretFile, read_file, section};
use crate::dev::MILESTONE_INTERVAL_MIN_MS;
use crate::failure::{Code, Failure, Outcome};
use crate::sections::{
    CountingSection, FaucetAmounts, MetricsSection, MilestonePace, PowSection, PruningSection,
    SnapshotsSection, StorageSection, TipsSection,
};

/// Environment variables with this front are configuration keys.
const ENVIRONMENT: &str = "TANGLE_NODE__";
/// The file that is read when none is named.
const FILE: &str = "tangle.toml";

section! {
    /// A node.
    pub(crate) struct NodeFile {
        /// Genesis file of the network.
        genesis: PathBuf = PathBuf::from("genesis.toml"),
        /// Folder for the node's data.
        data: PathBuf = PathBuf::from(".tangle/node"),
        /// The REST interface.
        rest: RestSection = RestSection::default(),
        /// Tokens for protected paths.
        jwt: JwtSection = JwtSection::default(),
        /// Issuing milestones.
        coordinator: CoordinatorSection = CoordinatorSection::default(),
        /// Free coins for who asks, in test networks.
        faucet: FaucetSection = FaucetSection::default(),
        /// Votes with coins.
        participation: ParticipationSection = ParticipationSection::default(),
        /// Other nodes.
        network: NetworkSection = NetworkSection::default(),
        /// The snapshot that a node without data begins with.
        bootstrap: BootstrapSection = BootstrapSection::default(),
        /// The store.
        storage: StorageSection = StorageSection::default(),
        /// What of the past is kept.
        pruning: PruningSection = PruningSection::default(),
        /// Snapshots that are written while the node runs.
        snapshots: SnapshotsSection = SnapshotsSection::default(),
        /// Metrics in the format of Prometheus.
        metrics: MetricsSection = MetricsSection::default(),
        /// Proof of work for clients.
        pow: PowSection = PowSection::default(),
        /// Tip selection.
        tips: TipsSection = TipsSection::default(),
        /// Logs.
        log: LogSection = LogSection::default(),
    }
}

section! {
    /// The REST interface.
    pub(crate) struct RestSection {
        /// Where to listen; other machines reach only what is not loopback.
        bind: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 14_265)),
        /// Paths that anybody may use; `*` stands for anything.
        public_paths: Vec<String> = tangle_api::PUBLIC_DEFAULT.map(str::to_owned).to_vec(),
        /// Paths that need a token; `*` stands for anything.
        protected_paths: Vec<String> = tangle_api::PROTECTED_DEFAULT.map(str::to_owned).to_vec(),
        /// Connections served at once; more wait.
        connections_max: usize = 1_024,
        /// Connections that are told of events, beside those; more are refused.
        event_connections_max: usize = 2_048,
        /// Where to speak MQTT over TCP too, such as 127.0.0.1:1883; nowhere without it. Who may
        /// use `/api/mqtt/v1` without a token needs none here; else the token is the password.
        mqtt_bind: Option<SocketAddr> = None,
        /// Whether there are pages for people: dashboard, explorer, faucet. They show what the
        /// public paths tell.
        pages: bool = true,
    }
}

section! {
    /// Tokens for protected paths.
    pub(crate) struct JwtSection {
        /// Key that signs tokens; without it nobody may use protected paths.
        /// `tangle tool jwt --new-key` makes one.
        key: Option<SecretFile> = None,
        /// Part of every token; a new salt revokes all tokens.
        salt: String = "TANGLE".to_owned(),
        /// Name of this node in its tokens.
        issuer: String = "tangle".to_owned(),
    }
}

section! {
    /// Other nodes.
    pub(crate) struct NetworkSection {
        /// Whether the node connects to others at all.
        enabled: bool = true,
        /// Where to listen for others, as multi-addresses; nowhere if empty. Other machines reach
        /// only what is not loopback, such as `/ip4/0.0.0.0/tcp/15600`.
        bind: Vec<String> = vec!["/ip4/127.0.0.1/tcp/15600".to_owned()],
        /// Where others reach the node, when that is not where it listens.
        external: Vec<String> = Vec::new(),
        /// Nodes that are always connected, such as /ip4/192.0.2.1/tcp/15600/p2p/12D3Koo….
        peers: Vec<String> = Vec::new(),
        /// Others that may connect by themselves.
        unknown_count_max: usize = 4,
        /// Further nodes to look for and connect to; 0 looks for none.
        discovered_count: usize = 4,
        /// Whether private addresses are not believed when others tell them, and count as one
        /// network; for nodes that are in the open internet.
        strict_local: bool = false,
        /// Whether to speak QUIC, on the UDP ports of the same numbers, with nodes that do.
        quic: bool = true,
    }
}

section! {
    /// The snapshot that a node without data begins with; without one, the genesis.
    pub(crate) struct BootstrapSection {
        /// Full snapshot, a file or an http:// address. Whoever gives it is trusted for the state
        /// up to there: compare its milestone with a node that you trust.
        full: Option<String> = None,
        /// Delta snapshot that continues it, a file or an http:// address.
        delta: Option<String> = None,
    }
}

section! {
    /// Issuing milestones.
    pub(crate) struct CoordinatorSection {
        /// Keys that sign; when there are any, this node issues the network's milestones.
        /// There must be only one such node.
        keys: Vec<SecretFile> = Vec::new(),
        /// Milliseconds between milestones; at least 1000.
        interval_ms: u64 = 1_000,
        /// Whether they come at a steady pace, or only when blocks wait for one (and every four
        /// minutes, as clients compare their clock with the newest).
        pace: MilestonePace = MilestonePace::Steady,
    }
}

section! {
    /// Free coins for who asks, in test networks.
    pub(crate) struct FaucetSection {
        /// Key of the address that it pays from; when there is one, the faucet runs.
        key: Option<SecretFile> = None,
        /// Where to listen.
        bind: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8_091)),
        /// What it pays.
        pays: FaucetAmounts = FaucetAmounts::default(),
    }
}

section! {
    /// Votes with coins: the routes `/api/participation/v1`.
    pub(crate) struct ParticipationSection {
        /// Whether the node counts them.
        enabled: bool = false,
        /// What it counts.
        counting: CountingSection = CountingSection::default(),
    }
}

section! {
    /// Logs.
    pub(crate) struct LogSection {
        /// What is logged, unless `TANGLE_LOG` says otherwise: error, warn, info, debug or trace.
        level: String = "info".to_owned(),
    }
}

impl NodeFile {
    /// Folder of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// The file of counted votes.
    pub(crate) fn ballots_file(&self) -> PathBuf {
        self.data.join("ballots.bin")
    }

    /// Folder of snapshots.
    pub(crate) fn snapshots_folder(&self) -> PathBuf {
        self.data.join("snapshots")
    }

    /// What a type cannot say.
    pub(crate) fn check(&self) -> Outcome {
        let refuse = |message: String| Err(Failure::new(Code::ConfigValue, message));
        if self.coordinator.interval_ms < MILESTONE_INTERVAL_MIN_MS {
            return refuse(format!(
                "coordinator.interval_ms = {}: at least {MILESTONE_INTERVAL_MIN_MS} is needed, as \
                 timestamps are whole seconds",
                self.coordinator.interval_ms
            ));
        }
        if self.rest.connections_max == 0 {
            return refuse("rest.connections_max = 0: nobody could connect".to_owned());
        }
        let levels = ["error", "warn", "info", "debug", "trace"];
        if !levels.contains(&self.log.level.as_str()) {
            return refuse(format!(
                "log.level = {:?}: one of {} is expected",
                self.log.level,
                levels.join(", ")
            ));
        }
        self.tips.config().map(drop)
    }
}

/// A configuration's layers, and the files that were read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) layers: Layers,
    pub(crate) files: Vec<PathBuf>,
}

impl Source {
    /// Reads `file`, or else the files in the usual places, then the environment.
    pub(crate) fn find(file: Option<&Path>) -> Outcome<Self> {
        let files = match file {
            Some(file) => vec![file.to_owned()],
            None => usual_files()
                .into_iter()
                .filter(|file| file.exists())
                .collect(),
        };
        let mut layers = Layers::default();
        for file in &files {
            layers.add::<NodeFile>(&read_file(file)?, &Origin::File(file.clone()))?;
        }
        for (name, value) in std::env::vars_os() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
                continue;
            };
            if let Some(path) = name.strip_prefix(ENVIRONMENT) {
                let table = nested(&path.to_lowercase(), value);
                layers.add::<NodeFile>(&table, &Origin::Environment(name.to_owned()))?;
            }
        }
        Ok(Self { layers, files })
    }

    /// Lays the flags over everything.
    pub(crate) fn with_flags(mut self, arguments: &NodeArguments) -> Self {
        let layers = &mut self.layers;
        if let Some(genesis) = &arguments.genesis {
            let path = genesis.display().to_string();
            layers.set("genesis", path, Origin::Flag("genesis"));
        }
        if let Some(data) = &arguments.data {
            layers.set("data", data.display().to_string(), Origin::Flag("data"));
        }
        if let Some(bind) = &arguments.bind {
            layers.set("rest.bind", bind.to_string(), Origin::Flag("bind"));
        }
        self
    }
}

/// Configuration files that are read when none is named, the weakest first.
fn usual_files() -> Vec<PathBuf> {
    let user = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
    let user = user.map(|folder| folder.join("tangle").join(FILE));
    user.into_iter().chain([PathBuf::from(FILE)]).collect()
}

/// `REST__BIND=x` as a table; the value is TOML, or else text.
fn nested(path: &str, value: &str) -> Table {
    let value = format!("value = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut parts = path.split("__").collect::<Vec<_>>();
    let last = parts.pop().unwrap_or_default();
    let mut table = Table::from_iter([(last.to_owned(), value)]);
    for part in parts.into_iter().rev() {
        table = Table::from_iter([(part.to_owned(), Value::Table(table))]);
    }
    table
}

/// Reads a genesis file.
pub(crate) fn read_genesis(path: &Path) -> Outcome<Genesis> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Code::Genesis,
            format!("the genesis cannot be read: {error}"),
        )
        .with("file", path.display())
        .help("name it with --genesis, or make one: tangle tool genesis init")
    })?;
    Genesis::from_toml(&text)
        .map_err(|error| Failure::new(Code::Genesis, error).with("file", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_becomes_a_key() {
        let table = nested("rest__connections_max", "7");
        assert_eq!(table.to_string(), "[rest]\nconnections_max = 7\n");
        let table = nested("rest__bind", "127.0.0.1:1");
        assert_eq!(table.to_string(), "[rest]\nbind = \"127.0.0.1:1\"\n");
        let table = nested("jwt__key", "{ file = \"k\" }");
        assert_eq!(table.to_string(), "[jwt.key]\nfile = \"k\"\n");
    }

    #[test]
    fn defaults_are_sound() {
        let config: NodeFile = Layers::default().build().expect("all have defaults");
        config.check().expect("they fit");
        assert!(config.rest.bind.ip().is_loopback());
    }
}
