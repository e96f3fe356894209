//! How fast a block reaches every node of a network, and what that costs.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;
use tangle_engine::Store;
use tangle_node::{Handle, NodeConfig};
use tangle_storage::{Progress, StorageConfig};
use tangle_types::BlockId;

use crate::folder::Folder;
use crate::forge::Attack;
use crate::ingest::{begin, genesis};
use crate::neighbours::{Network, Traffic};
use crate::report::{self, quantile};
use crate::workload::{Kind, Source, WIDTH, Wallet, Workload, id_of};
use crate::{hostile, machine};

/// One block in so many is followed to every node.
pub(crate) const SAMPLE_EVERY: u64 = 10;
/// Proof-of-work score that the network asks for.
pub(crate) const POW_SCORE: u32 = 1;
/// Pause between two looks for the blocks that are followed.
const LOOK_PAUSE: Duration = Duration::from_micros(500);
/// How long a block may take before it counts as lost.
const LOST: Duration = Duration::from_secs(10);

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct GossipArgs {
    /// Blocks to send; half are data, half signed transfers.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) blocks: u64,
    /// Blocks a second, from all nodes in turn.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) rate: u32,
    /// Nodes, 2 to 32. Each knows the next two of the ring.
    #[arg(long, default_value_t = 8)]
    pub(crate) nodes: usize,
    /// Send the blocks twice as many, along a path of nodes; let attackers fall on the node in the
    /// middle during the second half, and compare.
    #[arg(long)]
    hostile: bool,
    /// How they attack; in all ways by default.
    #[arg(long, value_delimiter = ',', requires = "hostile")]
    pub(crate) attacks: Vec<Attack>,
    /// Attackers, who take these ways in turn; by default one for each way.
    #[arg(long, requires = "hostile")]
    pub(crate) attackers: Option<usize>,
    /// Folder for the stores and the blocks; a temporary one by default.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Serialize)]
struct Figures {
    nodes: usize,
    blocks: u64,
    blocks_per_second: f64,
    samples: usize,
    lost: usize,
    node_p50_ms: f64,
    node_p99_ms: f64,
    all_nodes_p50_ms: f64,
    all_nodes_p99_ms: f64,
    received_per_block_and_node: f64,
    wire_bytes_per_block: f64,
    block_size_bytes: f64,
    dropped_messages: u64,
    cpu_share: f64,
}

/// A block on its way.
pub(crate) struct Followed {
    id: BlockId,
    pub(crate) sent: Instant,
    /// Milliseconds that it took to each node.
    took_ms: Vec<Option<f64>>,
}

impl Followed {
    /// The nodes that it did not reach.
    pub(crate) fn missed(&self) -> impl Iterator<Item = usize> {
        let times = self.took_ms.iter().enumerate();
        times.filter_map(|(node, took)| took.is_none().then_some(node))
    }

    /// Milliseconds that it took to all nodes.
    pub(crate) fn took_ms(&self) -> Option<f64> {
        let times: Option<Vec<f64>> = self.took_ms.iter().copied().collect();
        Some(times?.into_iter().fold(0.0, f64::max))
    }
}

/// Blocks that were sent, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fed {
    pub(crate) blocks: u64,
    bytes: u64,
}

/// How things were before the first block was sent.
struct Before {
    traffic: Traffic,
    cpu_seconds: f64,
    started: Instant,
}

pub(crate) fn run(args: &GossipArgs, progress: &Progress) -> Result<()> {
    ensure!((2..=32).contains(&args.nodes), "2 to 32 nodes can be run");
    ensure!(args.rate > 0, "a rate of 0 blocks a second sends nothing");
    let folder = Folder::new(args.data.as_deref())?;
    let folder = folder.path();
    if args.hostile {
        return hostile::run(folder, args, progress);
    }
    let figures = measure(folder, args, progress)?;
    if args.json {
        return report::json(&figures);
    }
    print(&figures)
}

fn measure(folder: &Path, args: &GossipArgs, progress: &Progress) -> Result<Figures> {
    let known = |number| ring(number, args.nodes);
    let (network, workload) = set_up(folder, args, args.blocks, known, progress)?;
    progress.begin(format!("sending {} blocks a second", args.rate), 0);
    let before = Before {
        traffic: network.traffic(),
        cpu_seconds: machine::cpu_seconds(),
        started: Instant::now(),
    };
    let (fed, followed) = send_all(&network, &mut workload.read()?, args.rate, u64::MAX)?;
    let figures = figures(&network, fed, &followed, &before);
    network.stop();
    Ok(figures)
}

/// Makes blocks, and nodes of which each dials those that `known` names.
pub(crate) fn set_up(
    folder: &Path,
    args: &GossipArgs,
    block_count: u64,
    known: impl Fn(usize) -> Vec<usize>,
    progress: &Progress,
) -> Result<(Network, Workload)> {
    let mut wallets: Vec<Wallet> = (0..WIDTH).map(Wallet::new).collect();
    let genesis = genesis(POW_SCORE, &wallets);
    // Making the blocks takes longer than they may be apart, so the network waits for it.
    let config = NodeConfig::new(StorageConfig {
        path: folder.join("node-0"),
        ..StorageConfig::default()
    });
    let root = begin(&config, &genesis, &mut wallets)?;
    let parameters = &genesis.parameters;
    let blocks = folder.join("blocks");
    progress.begin("blocks made", block_count);
    let workload = Workload::make(
        &blocks,
        Kind::Mixed(64),
        block_count,
        root,
        (parameters, wallets),
        progress,
    )?;

    progress.begin(format!("starting {} nodes", args.nodes), 0);
    let mut network = Network::new()?;
    for number in 0..args.nodes {
        let folder = folder.join(format!("node-{number}"));
        network.add(&folder, &genesis, number == 0, &known(number))?;
    }
    network.wait_until_healthy()?;
    Ok((network, workload))
}

/// Sends blocks, at most so many, and follows some of them to all nodes.
pub(crate) fn send_all(
    network: &Network,
    source: &mut Source,
    rate: u32,
    count_max: u64,
) -> Result<(Fed, Vec<Followed>)> {
    let is_done = AtomicBool::new(false);
    let open = Mutex::new(Vec::new());
    let handles: Vec<Handle> = (0..network.len()).map(|n| network.node(n)).collect();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| follow(&handles, &open, &is_done));
        let fed = send(&handles, source, (rate, count_max), &open);
        is_done.store(true, Ordering::Relaxed);
        let followed = watcher.join().expect("no panic");
        fed.and_then(|fed| Ok((fed, followed?)))
    })
}

/// Whom a node dials: those before it that are its neighbours in the ring.
fn ring(number: usize, count: usize) -> Vec<usize> {
    let is_near = |other: &usize| {
        let distance = number.abs_diff(*other);
        distance.min(count - distance) <= 2
    };
    (0..number).filter(is_near).collect()
}

/// Hands the blocks to all nodes in turn, at an even pace.
fn send(
    nodes: &[Handle],
    source: &mut Source,
    (rate, count_max): (u32, u64),
    open: &Mutex<Vec<Followed>>,
) -> Result<Fed> {
    let mut fed = Fed::default();
    let started = Instant::now();
    while fed.blocks < count_max {
        let parcel = source.parcel(1)?;
        let Some(block) = parcel.first() else {
            break;
        };
        let due = started + Duration::from_secs_f64(fed.blocks as f64 / f64::from(rate));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        fed.bytes += block.len() as u64;
        if fed.blocks.is_multiple_of(SAMPLE_EVERY) {
            let followed = Followed {
                id: id_of(block)?,
                sent: Instant::now(),
                took_ms: vec![None; nodes.len()],
            };
            open.lock().expect("no panic").push(followed);
        }
        let node = &nodes[usize::try_from(fed.blocks % nodes.len() as u64)?];
        ensure!(node.ingest(parcel), "a node stopped");
        fed.blocks += 1;
    }
    Ok(fed)
}

/// Looks for the followed blocks at every node until all have arrived or are lost.
fn follow(
    nodes: &[Handle],
    open: &Mutex<Vec<Followed>>,
    is_done: &AtomicBool,
) -> Result<Vec<Followed>> {
    let mut closed = Vec::new();
    let mut mine: Vec<Followed> = Vec::new();
    loop {
        let was_done = is_done.load(Ordering::Relaxed);
        mine.append(&mut open.lock().expect("no panic"));
        if was_done && mine.is_empty() {
            return Ok(closed);
        }
        for followed in &mut mine {
            for (node, took) in nodes.iter().zip(&mut followed.took_ms) {
                if took.is_none() && node.reader().contains(&followed.id)? {
                    *took = Some(followed.sent.elapsed().as_secs_f64() * 1_000.0);
                }
            }
        }
        let is_over = |followed: &Followed| {
            followed.took_ms.iter().all(Option::is_some) || followed.sent.elapsed() > LOST
        };
        let (over, left): (Vec<_>, Vec<_>) = mine.into_iter().partition(is_over);
        closed.extend(over);
        mine = left;
        std::thread::sleep(LOOK_PAUSE);
    }
}

fn figures(
    network: &Network,
    Fed { blocks, bytes }: Fed,
    followed: &[Followed],
    before: &Before,
) -> Figures {
    let seconds = before.started.elapsed().as_secs_f64();
    let nodes = network.len();
    let traffic = network.traffic();
    let mut each: Vec<f64> = Vec::new();
    let mut all: Vec<f64> = Vec::new();
    let mut lost = 0;
    for followed in followed {
        match followed.took_ms() {
            Some(took_ms) => all.push(took_ms),
            None => lost += 1,
        }
        each.extend(followed.took_ms.iter().flatten());
    }
    let copies = (traffic.received_blocks - before.traffic.received_blocks) as f64;
    let per_block = |value: u64| value as f64 / blocks as f64;
    Figures {
        nodes,
        blocks,
        blocks_per_second: blocks as f64 / seconds,
        samples: followed.len(),
        lost,
        node_p50_ms: quantile(&mut each, 0.5),
        node_p99_ms: quantile(&mut each, 0.99),
        all_nodes_p50_ms: quantile(&mut all, 0.5),
        all_nodes_p99_ms: quantile(&mut all, 0.99),
        received_per_block_and_node: copies / blocks as f64 / (nodes - 1) as f64,
        wire_bytes_per_block: per_block(traffic.sent_bytes - before.traffic.sent_bytes),
        block_size_bytes: per_block(bytes),
        dropped_messages: traffic.dropped,
        cpu_share: (machine::cpu_seconds() - before.cpu_seconds) / seconds,
    }
}

fn print(figures: &Figures) -> Result<()> {
    let heads = [
        "nodes",
        "blocks",
        "blocks/s",
        "to a node p50 ms",
        "p99 ms",
        "to all p50 ms",
        "p99 ms",
        "lost",
        "copies/node",
        "wire B/block",
        "size B",
        "dropped",
        "cpus",
    ];
    let row = vec![
        figures.nodes.to_string(),
        figures.blocks.to_string(),
        format!("{:.0}", figures.blocks_per_second),
        format!("{:.1}", figures.node_p50_ms),
        format!("{:.1}", figures.node_p99_ms),
        format!("{:.1}", figures.all_nodes_p50_ms),
        format!("{:.1}", figures.all_nodes_p99_ms),
        format!("{} of {}", figures.lost, figures.samples),
        format!("{:.2}", figures.received_per_block_and_node),
        format!("{:.0}", figures.wire_bytes_per_block),
        format!("{:.0}", figures.block_size_bytes),
        figures.dropped_messages.to_string(),
        format!("{:.2}", figures.cpu_share),
    ];
    report::table(&heads, &[row])
}
