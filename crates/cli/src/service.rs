//! A running node with its interfaces: started in order, watched, stopped in reverse.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use axum::Router;
use tangle_api::{ApiConfig, Limits};
use tangle_apps::{Faucet, FaucetConfig, FaucetNetwork};
use tangle_client::Client;
use tangle_crypto::ed25519::SecretKey;
use tangle_node::{CoordinatorConfig, Handle, Node, NodeConfig, StartError};
use tangle_storage::{Genesis, OpenError, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::failure::{Code, Failure, Outcome};
use crate::live;
use crate::terminal::Terminal;

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
    pub(crate) faucet: Option<FaucetService>,
}

/// The faucet beside a node.
pub(crate) struct FaucetService {
    pub(crate) listener: TcpListener,
    pub(crate) key: SecretKey,
    pub(crate) config: FaucetConfig,
}

/// Runs until a signal, or until the node fails. `announce` is called once, when the node is ready.
pub(crate) fn run(
    service: Service,
    terminal: &Terminal,
    announce: impl FnOnce(&Handle, Duration),
) -> Outcome {
    let started = Instant::now();
    let node = tangle_node::start(&service.node, &service.genesis, service.coordinator)
        .map_err(start_failure)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SERVING_THREADS)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("serve")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::NodeStart, error))?;
    let interfaces = Interfaces {
        genesis: service.genesis,
        api: service.api,
        rest: service.rest,
        faucet: service.faucet,
    };
    let result = runtime.block_on(async {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = interfaces.open(&node, &stopping)?;
        let result = watch(&node, terminal, started, announce).await;
        stop.send_replace(true);
        while tasks.join_next().await.is_some() {}
        result
    });
    terminal.live(None);
    runtime.shutdown_timeout(STOP_WAIT);
    node.stop();
    result
}

/// What the world sees of the node.
struct Interfaces {
    genesis: Genesis,
    api: ApiConfig,
    rest: TcpListener,
    faucet: Option<FaucetService>,
}

impl Interfaces {
    /// Starts serving; the tasks end when `stopping` says so.
    fn open(self, node: &Node, stopping: &watch::Receiver<bool>) -> Outcome<JoinSet<()>> {
        let mut tasks = JoinSet::new();
        let limits = Limits {
            stop_timeout: STOP_WAIT,
            ..self.api.limits
        };
        let address = local_address(&self.rest)?;
        let mut router = tangle_api::router(node.handle(), self.api);
        if let Some(service) = self.faucet {
            let network = FaucetNetwork {
                parameters: self.genesis.parameters,
                token_name: self.genesis.token.name,
            };
            let client = Client::new(&format!("http://{}", reachable(address)))
                .map_err(|error| Failure::new(Code::NodeStart, error))?;
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
        }
        tasks.spawn(serve(self.rest, router, limits, stopping)?);
        Ok(tasks)
    }
}

fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stopping: &watch::Receiver<bool>,
) -> Outcome<impl Future<Output = ()> + use<>> {
    let listener = tokio::net::TcpListener::from_std(listener)
        .map_err(|error| Failure::new(Code::NodeStart, error))?;
    let mut stopping = stopping.clone();
    let stop = async move {
        // An error means that whoever could stop it is gone.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    };
    Ok(tangle_api::serve(listener, router, limits, stop))
}

/// Announces the node when it is ready, then shows how it is, until there is a reason to stop.
async fn watch(
    node: &Node,
    terminal: &Terminal,
    started: Instant,
    announce: impl FnOnce(&Handle, Duration),
) -> Outcome {
    let handle = node.handle();
    let mut stop = std::pin::pin!(stop_signal()?);
    tokio::select! {
        () = ready(&handle) => {}
        reason = node.failed() => return Err(node_failure(&reason)),
        () = &mut stop => return Ok(()),
    }
    announce(&handle, started.elapsed());
    tokio::select! {
        () = live::watch(&handle, terminal, started) => Ok(()),
        reason = node.failed() => Err(node_failure(&reason)),
        () = stop => Ok(()),
    }
}

/// Ready when the node is healthy, or has had its time.
async fn ready(handle: &Handle) {
    let end = Instant::now() + READY_WAIT;
    while !handle.status().is_healthy && Instant::now() < end {
        tokio::time::sleep(READY_PAUSE).await;
    }
}

/// Ready when a person or the system wants the process to end.
fn stop_signal() -> Outcome<impl Future<Output = ()>> {
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

fn node_failure(reason: &str) -> Box<Failure> {
    Failure::new(Code::NodeFailed, reason)
}

/// Why a node did not start, for a person.
fn start_failure(error: StartError) -> Box<Failure> {
    match error {
        StartError::Open(error) => open_failure(error),
        StartError::Store(error) => store_failure(&error),
        StartError::Keys(error) => Failure::new(Code::Genesis, error),
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
