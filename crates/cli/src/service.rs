//! Running nodes with their interfaces: started in order, watched, stopped in reverse.

use std::future::{Future, poll_fn};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use tangle_api::{ApiConfig, Beside, Interface, Limits, LoadGenerator, Pages, Setting};
use tangle_apps::{Faucet, FaucetConfig, FaucetNetwork};
use tangle_client::Client;
use tangle_crypto::ed25519::SecretKey;
use tangle_network::{KnownPeer, NetworkConfig, PeerAddress};
use tangle_node::{CoordinatorConfig, Handle, Node, NodeConfig, StartError};
use tangle_storage::{Genesis, OpenError, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::ballots::BallotsService;
use crate::disk;
use crate::failure::{Code, Failure, Outcome};
use crate::live;
use crate::load::Loads;
use crate::notify::{self, News};
use crate::terminal::Terminal;
use crate::test_wallet::WalletService;

/// Threads that serve connections; the node has its own.
const SERVING_THREADS: usize = 2;
/// Threads for queries that wait for the disk.
const BLOCKING_THREADS_MAX: usize = 16;
/// How long the first milestone is waited for before the addresses are announced anyway.
const READY_WAIT: Duration = Duration::from_secs(5);
/// Pause between two looks at a node that starts.
const READY_PAUSE: Duration = Duration::from_millis(5);
/// How long tasks may take to end.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// What is to run.
pub(crate) struct Service {
    pub(crate) node: NodeConfig,
    pub(crate) genesis: Genesis,
    pub(crate) coordinator: Option<CoordinatorConfig>,
    pub(crate) api: ApiConfig,
    pub(crate) rest: TcpListener,
    /// For MQTT without HTTP.
    pub(crate) mqtt: Option<TcpListener>,
    /// Whether it shows pages for people.
    pub(crate) has_pages: bool,
    /// The configuration that these show its operator.
    pub(crate) settings: Vec<Setting>,
    pub(crate) metrics: Option<TcpListener>,
    pub(crate) faucet: Option<FaucetService>,
    /// How to count votes, if at all.
    pub(crate) ballots: Option<BallotsService>,
    /// A wallet for whoever sees the pages.
    pub(crate) wallet: Option<WalletService>,
    /// Whether everybody who reaches the pages may put a load on it, and with whose coins.
    pub(crate) load: Option<LoadService>,
    /// How to connect with other nodes, if at all.
    pub(crate) network: Option<NetworkConfig>,
    /// Nodes of this process that it connects with: their positions, all before its own.
    pub(crate) neighbours: Vec<usize>,
}

/// The faucet beside a node.
pub(crate) struct FaucetService {
    pub(crate) listener: TcpListener,
    pub(crate) key: SecretKey,
    pub(crate) config: FaucetConfig,
}

/// The load that a page asks for.
pub(crate) struct LoadService {
    /// The faucet that gives it coins, if there is one.
    pub(crate) faucet: Option<SocketAddr>,
}

/// Runs until a signal, or until a node fails. `announce` is called once, when the nodes are ready.
pub(crate) fn run(
    services: Vec<Service>,
    terminal: &Terminal,
    announce: impl FnOnce(&[Handle], Duration),
) -> Outcome {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SERVING_THREADS)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("serve")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::NodeStart, error))?;
    let stores = services.iter().map(|service| &service.node.storage.path);
    let stores: Vec<PathBuf> = stores.cloned().collect();
    for store in &stores {
        disk::require_room(store)?;
    }
    let (mut nodes, fronts) = start(services)?;
    let result = runtime.block_on(async {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let result = match open(&mut nodes, fronts, &stopping, &mut tasks).await {
            Ok(()) => {
                let failure = first_failure(&nodes, &stores);
                watch(&nodes, failure, terminal, started, announce).await
            }
            Err(failure) => Err(failure),
        };
        notify::tell(News::Stopping);
        stop.send_replace(true);
        disconnect(&nodes).await;
        while tasks.join_next().await.is_some() {}
        result
    });
    terminal.live(None);
    runtime.shutdown_timeout(STOP_WAIT);
    stop_all(nodes);
    result
}

/// What the world sees of a node.
struct Front {
    genesis: Genesis,
    api: ApiConfig,
    rest: TcpListener,
    mqtt: Option<TcpListener>,
    has_pages: bool,
    settings: Vec<Setting>,
    metrics: Option<TcpListener>,
    faucet: Option<FaucetService>,
    ballots: Option<BallotsService>,
    wallet: Option<WalletService>,
    load: Option<LoadService>,
    network: Option<NetworkConfig>,
    neighbours: Vec<usize>,
}

/// Starts all nodes, or none.
fn start(services: Vec<Service>) -> Outcome<(Vec<Node>, Vec<Front>)> {
    let (mut nodes, mut fronts) = (Vec::new(), Vec::new());
    for service in services {
        match tangle_node::start(&service.node, &service.genesis, service.coordinator) {
            Ok(node) => nodes.push(node),
            Err(error) => {
                stop_all(nodes);
                return Err(start_failure(error));
            }
        }
        fronts.push(Front {
            genesis: service.genesis,
            api: service.api,
            rest: service.rest,
            mqtt: service.mqtt,
            has_pages: service.has_pages,
            settings: service.settings,
            metrics: service.metrics,
            faucet: service.faucet,
            ballots: service.ballots,
            wallet: service.wallet,
            load: service.load,
            network: service.network,
            neighbours: service.neighbours,
        });
    }
    Ok((nodes, fronts))
}

/// Stops the nodes, all at once as each waits for its disk.
fn stop_all(nodes: Vec<Node>) {
    std::thread::scope(|scope| {
        for node in nodes {
            scope.spawn(|| node.stop());
        }
    });
}

/// Connects the nodes and begins to serve; the tasks end when `stopping` says so.
async fn open(
    nodes: &mut [Node],
    fronts: Vec<Front>,
    stopping: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Outcome {
    for (position, mut front) in fronts.into_iter().enumerate() {
        if let Some(mut network) = front.network.take() {
            let before = front.neighbours.iter();
            let known = before.filter_map(|other| known_peer(&nodes[*other], *other));
            network.known.extend(known);
            connect(&mut nodes[position], network).await?;
        }
        front.open(&nodes[position], stopping, tasks)?;
    }
    Ok(())
}

/// How a node of this process is known to the others.
fn known_peer(node: &Node, position: usize) -> Option<KnownPeer> {
    let handle = node.handle();
    let network = handle.network()?;
    Some(KnownPeer {
        address: PeerAddress {
            id: network.peer_id(),
            address: network.listening().into_iter().next()?,
        },
        alias: Some(format!("node {}", position + 1)),
    })
}

/// Connects a node with others.
async fn connect(node: &mut Node, config: NetworkConfig) -> Outcome {
    let (network, events) = tangle_network::start(config)
        .await
        .map_err(|error| Failure::new(Code::NodeStart, error))?;
    let runtime = tokio::runtime::Handle::current();
    node.join_network(network, events, runtime)
        .map_err(start_failure)
}

/// Has all nodes take leave of their neighbours.
async fn disconnect(nodes: &[Node]) {
    let mut farewells = JoinSet::new();
    for node in nodes {
        if let Some(network) = node.handle().network().cloned() {
            farewells.spawn(async move { network.stop().await });
        }
    }
    while farewells.join_next().await.is_some() {}
}

impl Front {
    /// Starts serving; the tasks end when `stopping` says so.
    fn open(
        self,
        node: &Node,
        stopping: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> Outcome {
        let limits = Limits {
            stop_timeout: STOP_WAIT,
            ..self.api.limits
        };
        let address = local_address(&self.rest)?;
        let api = ApiConfig { limits, ..self.api };
        let votes = match self.ballots {
            Some(service) => {
                let network = self.genesis.hash();
                Some(service.open(node.handle(), network, stopping, tasks)?)
            }
            None => None,
        };
        let interface = Interface::new(node.handle(), api.clone(), votes);
        let mut router = interface.router();
        let mut beside = Beside::default();
        if let Some(service) = self.faucet {
            let network = FaucetNetwork {
                parameters: self.genesis.parameters,
                token_name: self.genesis.token.name,
            };
            let client = client(reachable(address))?;
            let faucet = Faucet::start(
                client,
                service.key,
                service.config,
                network,
                stopping.clone(),
            )
            .map_err(|error| Failure::new(Code::ConfigValue, error))?;
            router = router.nest("/faucet", faucet.router());
            tasks.spawn(serve(service.listener, faucet.router(), limits, stopping)?);
            beside.faucet = Some(faucet.router());
        }
        if self.has_pages {
            if let Some(service) = self.wallet {
                let client = client(reachable(address))?;
                beside.wallet = Some(service.start(client, stopping.clone(), tasks));
            }
            if let Some(service) = self.load {
                beside.load = Some(service.open(address, stopping, tasks)?);
            }
            let pages = Pages::new(node.handle(), api, beside, self.settings);
            router = router.merge(pages.router());
            let stop = stopped(stopping);
            tasks.spawn(async move { pages.measure(stop).await });
        }
        if let Some(listener) = self.metrics {
            let router = tangle_api::metrics::router(node.handle());
            tasks.spawn(serve(listener, router, limits, stopping)?);
        }
        if let Some(listener) = self.mqtt {
            let (listener, stop) = (asynchronous(listener)?, stopped(stopping));
            tasks.spawn(async move { interface.serve_mqtt(listener, stop).await });
        }
        tasks.spawn(serve(self.rest, router, limits, stopping)?);
        Ok(())
    }
}

impl LoadService {
    /// Is ready for loads on the node that listens at an address, until `stopping` says so.
    fn open(
        self,
        node: SocketAddr,
        stopping: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> Outcome<Arc<dyn LoadGenerator>> {
        let faucet = self.faucet.map(client).transpose()?;
        let (loads, work) = Loads::new(client(reachable(node))?, faucet);
        let stop = stopped(stopping);
        tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = stop => {}
            }
        });
        Ok(loads)
    }
}

/// A client of what listens at an address.
fn client(address: SocketAddr) -> Outcome<Client> {
    Client::new(&format!("http://{address}")).map_err(|error| Failure::new(Code::NodeStart, error))
}

fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stopping: &watch::Receiver<bool>,
) -> Outcome<impl Future<Output = ()> + use<>> {
    Ok(tangle_api::serve(
        asynchronous(listener)?,
        router,
        limits,
        stopped(stopping),
    ))
}

fn asynchronous(listener: TcpListener) -> Outcome<tokio::net::TcpListener> {
    tokio::net::TcpListener::from_std(listener)
        .map_err(|error| Failure::new(Code::NodeStart, error))
}

/// Ready when the process is to end.
fn stopped(stopping: &watch::Receiver<bool>) -> impl Future<Output = ()> + use<> {
    let mut stopping = stopping.clone();
    async move {
        // An error means that whoever could stop it is gone.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    }
}

/// Announces the nodes when they are ready, then shows how they are, until there is a reason to
/// stop.
async fn watch(
    nodes: &[Node],
    failure: impl Future<Output = Box<Failure>>,
    terminal: &Terminal,
    started: Instant,
    announce: impl FnOnce(&[Handle], Duration),
) -> Outcome {
    let handles: Vec<Handle> = nodes.iter().map(Node::handle).collect();
    let mut stop = std::pin::pin!(stop_signal()?);
    let mut failure = std::pin::pin!(failure);
    tokio::select! {
        () = ready(&handles) => {}
        failure = &mut failure => return Err(failure),
        () = &mut stop => return Ok(()),
    }
    announce(&handles, started.elapsed());
    notify::tell(News::Ready);
    tokio::select! {
        () = live::watch(&handles, terminal, started) => Ok(()),
        failure = failure => Err(failure),
        () = stop => Ok(()),
    }
}

/// Ready when all nodes are healthy, or have had their time.
async fn ready(handles: &[Handle]) {
    let end = Instant::now() + READY_WAIT;
    let are_healthy = || handles.iter().all(|handle| handle.status().is_healthy);
    while !are_healthy() && Instant::now() < end {
        tokio::time::sleep(READY_PAUSE).await;
    }
}

/// Waits until a node fails.
async fn first_failure(nodes: &[Node], stores: &[PathBuf]) -> Box<Failure> {
    let mut failures: Vec<_> = nodes.iter().map(|node| Box::pin(node.failed())).collect();
    let (position, reason) = poll_fn(|context| {
        for (position, failure) in failures.iter_mut().enumerate() {
            if let Poll::Ready(reason) = failure.as_mut().poll(context) {
                return Poll::Ready((position, reason));
            }
        }
        Poll::Pending
    })
    .await;
    let failure = disk::node_failure(&stores[position], &reason);
    if nodes.len() > 1 {
        return failure.with("node", position + 1);
    }
    failure
}

/// Ready when a person or the system wants the process to end.
pub(crate) fn stop_signal() -> Outcome<impl Future<Output = ()>> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Failure::new(
                Code::NodeStart,
                format!("signals cannot be received: {error}"),
            )
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The address at which a listener is reached.
pub(crate) fn local_address(listener: &TcpListener) -> Outcome<SocketAddr> {
    listener
        .local_addr()
        .map_err(|error| Failure::new(Code::Bind, error))
}

/// How clients of MQTT name a listener.
pub(crate) fn mqtt_url(listener: &TcpListener) -> Outcome<String> {
    Ok(format!("mqtt://{}", local_address(listener)?))
}

/// Where this machine reaches a listener that listens on all addresses.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    match address {
        SocketAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        SocketAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
    }
}

/// Why a node did not start, for a person.
fn start_failure(error: StartError) -> Box<Failure> {
    match error {
        StartError::Open(error) => open_failure(error),
        StartError::Store(error) => store_failure(&error),
        StartError::Keys(error) => Failure::new(Code::Genesis, error),
        error @ StartError::NoLastMilestone { .. } => Failure::new(Code::NodeStart, error).help(
            "run the coordinator on its own store, or on a copy of one that has the milestone;\n\
             without coordinator.keys this node can follow the network from here",
        ),
        error => Failure::new(Code::NodeStart, error),
    }
}

/// Why a store was not opened, for a person.
pub(crate) fn open_failure(error: OpenError) -> Box<Failure> {
    match error {
        OpenError::Store(error) => store_failure(&error),
        OpenError::InUse { path } => Failure::new(
            Code::StoreInUse,
            "the data folder is in use by another process",
        )
        .with("folder", path.display())
        .help("stop the other process, or choose another folder with --data"),
        OpenError::OtherNetwork {
            path,
            needed,
            found,
        } => Failure::new(
            Code::ForeignData,
            "the data folder belongs to another network",
        )
        .with("folder", path.display())
        .with("its", format!("genesis {found}"))
        .with("ours", format!("genesis {needed}"))
        .help(
            "choose another folder with --data, or the configuration of that network;\n\
                 a dev network starts over with --reset",
        ),
        OpenError::NotAStore { path, .. } => {
            Failure::new(Code::ForeignData, "the data folder holds other things")
                .with("folder", path.display())
                .help("choose another folder with --data")
        }
        OpenError::NewerFormat {
            path,
            found,
            newest,
        } => Failure::new(
            Code::NewerData,
            format!("the store has format {found}, this program reads up to {newest}"),
        )
        .with("folder", path.display())
        .help("use the newer program, or another folder"),
        error => Failure::new(Code::StoreDamaged, error),
    }
}

/// What went wrong with a store, for a person.
pub(crate) fn store_failure(error: &StoreError) -> Box<Failure> {
    match error {
        StoreError::Io { path, source } => {
            Failure::new(Code::Disk, source).with("path", path.display())
        }
        error => Failure::new(Code::StoreDamaged, error),
    }
}

/// The coin's names as the REST interface tells them.
pub(crate) fn api_token(token: &tangle_storage::BaseToken) -> tangle_api::BaseToken {
    tangle_api::BaseToken {
        name: token.name.clone(),
        ticker_symbol: token.ticker_symbol.clone(),
        unit: token.unit.clone(),
        subunit: token.subunit.clone(),
        decimals: token.decimals,
        use_metric_prefix: token.use_metric_prefix,
    }
}
