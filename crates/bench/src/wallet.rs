//! A wallet with many addresses and outputs: how long it takes to learn of them, and to learn that
//! nothing is new.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tangle_api::{ApiConfig, Auth, BaseToken, Limits};
use tangle_client::Client;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_node::{Node, NodeConfig};
use tangle_storage::{Allocation, Genesis, Progress, StorageConfig};
use tangle_types::Address;
use tangle_wallet::{COIN_IOTA, Cost, KeyPlace, Network, Signer, State, Wallet, sync};

use crate::ingest::{coordinator, genesis};
use crate::report;
use crate::workload::Wallet as Owner;

/// Base coins of each output: enough for its storage deposit.
const AMOUNT: u64 = 1_000_000;
/// How long the node may take to know the present.
const START_WAIT: Duration = Duration::from_secs(60);
/// How often the sync with nothing new is measured; the slowest counts.
const REPETITIONS: usize = 5;

/// How large the wallet is.
#[derive(Clone, Debug, clap::Args)]
pub struct WalletArgs {
    /// Addresses of the account.
    #[arg(long, default_value_t = 50_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    addresses: u32,
    /// Outputs, spread over the addresses.
    #[arg(long, default_value_t = 100_000,
        value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    outputs: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Serialize)]
struct Figures {
    addresses: u32,
    outputs: usize,
    derive_keys_ms: f64,
    first_sync_ms: f64,
    nothing_new_ms: f64,
    save_ms: f64,
    open_ms: f64,
    state_bytes: u64,
}

pub(crate) fn run(args: &WalletArgs, progress: &Progress) -> Result<()> {
    progress.begin(format!("deriving {} keys", args.addresses), 0);
    let folder = tempfile::tempdir()?;
    let words = Mnemonic::from_entropy(&[42; 32]).context("32 bytes are words")?;
    let cheap = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    let path = folder.path().join("wallet");
    let mut wallet = Wallet::create(&path, &words, "bench only", cheap, COIN_IOTA, "")?;
    wallet.add_account(0, "main")?;
    let signer = wallet.unlock("bench only")?;
    let first = KeyPlace {
        account: 0,
        is_internal: false,
        index: 0,
    };
    let started = Instant::now();
    let hashes = signer.addresses(first, args.addresses)?;
    wallet.state.add_keys(0, false, &hashes);
    let derive_keys_ms = millis(started.elapsed());

    progress.begin(format!("a network with {} outputs", args.outputs), 0);
    let addresses: Vec<Address> = hashes.iter().copied().map(Address::Ed25519).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let network = network_of(&addresses, args.outputs as usize);
    let (node, address) = serve(&folder.path().join("store"), &network, &runtime)?;
    let client = Client::new(&format!("http://{address}"))?;

    progress.begin("syncing".to_owned(), 0);
    let once = |state: &mut State| -> Result<f64> {
        let started = Instant::now();
        runtime.block_on(async {
            let network = Network::ask(&client).await?;
            sync(&client, &network, state, None).await
        })?;
        Ok(millis(started.elapsed()))
    };
    let first_sync_ms = once(&mut wallet.state)?;
    let again: Result<Vec<f64>> = (0..REPETITIONS).map(|_| once(&mut wallet.state)).collect();
    let nothing_new_ms = again?.into_iter().fold(0.0, f64::max);

    drop(node);
    let started = Instant::now();
    wallet.save()?;
    let save_ms = millis(started.elapsed());
    drop(wallet);
    let started = Instant::now();
    let wallet = Wallet::open(&path)?;
    let open_ms = millis(started.elapsed());
    let figures = Figures {
        addresses: args.addresses,
        outputs: wallet.state.records().len(),
        derive_keys_ms,
        first_sync_ms,
        nothing_new_ms,
        save_ms,
        open_ms,
        state_bytes: std::fs::metadata(path.join("state"))?.len(),
    };
    if args.json {
        return report::json(&figures);
    }
    print(&figures)
}

/// A network whose genesis gives the outputs to the addresses in turn.
fn network_of(addresses: &[Address], outputs: usize) -> Genesis {
    let mut genesis = genesis(1, &[Owner::new(0)]);
    let owners = addresses.iter().cycle().take(outputs);
    let allocation = |address: &Address| Allocation {
        address: *address,
        amount: AMOUNT,
    };
    genesis.allocations = owners.map(allocation).collect();
    genesis.parameters.token_supply = AMOUNT * outputs as u64;
    genesis.treasury = 0;
    genesis
}

/// Starts a node with its interface; waits until it knows the present.
fn serve(
    store: &Path,
    genesis: &Genesis,
    runtime: &tokio::runtime::Runtime,
) -> Result<(Node, SocketAddr)> {
    let config = NodeConfig::new(StorageConfig {
        path: store.to_owned(),
        ..StorageConfig::default()
    });
    let node = tangle_node::start(&config, genesis, Some(coordinator()))?;
    let api = ApiConfig {
        name: "Tangle".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_token: BaseToken {
            name: "Bench".to_owned(),
            ticker_symbol: "BNC".to_owned(),
            unit: "BNC".to_owned(),
            subunit: None,
            decimals: 6,
            use_metric_prefix: false,
        },
        auth: Auth::open(),
        limits: Limits::default(),
    };
    let router = tangle_api::Interface::new(node.handle(), api, None).router();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(tangle_api::serve(
        listener,
        router,
        Limits::default(),
        std::future::pending(),
    ));
    let client = Client::new(&format!("http://{address}"))?;
    let started = Instant::now();
    while !runtime.block_on(client.is_healthy())? {
        if started.elapsed() > START_WAIT {
            bail!("the node is not healthy after {} s", START_WAIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((node, address))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn print(figures: &Figures) -> Result<()> {
    let heads = [
        "addresses",
        "outputs",
        "derive keys ms",
        "first sync ms",
        "nothing new ms",
        "save ms",
        "open ms",
        "state MiB",
    ];
    let row = vec![
        figures.addresses.to_string(),
        figures.outputs.to_string(),
        format!("{:.0}", figures.derive_keys_ms),
        format!("{:.0}", figures.first_sync_ms),
        format!("{:.1}", figures.nothing_new_ms),
        format!("{:.0}", figures.save_ms),
        format!("{:.0}", figures.open_ms),
        format!("{:.1}", figures.state_bytes as f64 / f64::from(1 << 20)),
    ];
    report::table(&heads, &[row])
}
