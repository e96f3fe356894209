//! How fast a fresh node catches up with one neighbour.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Serialize;
use tangle_node::NodeConfig;
use tangle_storage::{Progress, StorageConfig};

use crate::folder::Folder;
use crate::ingest::{STALL, begin, coordinator, feed, genesis};
use crate::machine;
use crate::neighbours::Network;
use crate::report;
use crate::workload::{Kind, WIDTH, Wallet, Workload};

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct SyncArgs {
    /// Blocks to catch up with; half are data, half signed transfers.
    #[arg(long, default_value_t = 1_000_000)]
    blocks: u64,
    /// Feed the first node at most so many blocks a second, so that they lie in more milestones.
    #[arg(long)]
    rate: Option<u32>,
    /// Folder for the stores and the blocks; a temporary one by default.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Serialize)]
struct Figures {
    blocks: u64,
    milestones: u32,
    ingest_blocks_per_second: f64,
    sync_blocks_per_second: f64,
    ratio: f64,
    sync_seconds: f64,
    cpu_us_per_block: f64,
    wire_bytes_per_block: f64,
    block_size_bytes: f64,
    peak_memory_bytes: u64,
}

pub(crate) fn run(args: &SyncArgs, progress: &Progress) -> Result<()> {
    let folder = Folder::new(args.data.as_deref())?;
    let folder = folder.path();
    let figures = measure(folder, args, progress)?;
    if args.json {
        return report::json(&figures);
    }
    print(&figures)
}

fn measure(folder: &Path, args: &SyncArgs, progress: &Progress) -> Result<Figures> {
    let mut wallets: Vec<Wallet> = (0..WIDTH).map(Wallet::new).collect();
    let genesis = genesis(1, &wallets);
    let config = NodeConfig::new(StorageConfig {
        path: folder.join("source"),
        ..StorageConfig::default()
    });
    progress.begin("blocks made", args.blocks);
    // Making them takes longer than blocks may be apart.
    let root = begin(&config, &genesis, &mut wallets)?;
    let workload = Workload::make(
        &folder.join("blocks"),
        Kind::Mixed(64),
        args.blocks,
        root,
        (&genesis.parameters, wallets),
        progress,
    )?;

    progress.begin("blocks fed to the first node", args.blocks);
    let node = tangle_node::start(&config, &genesis, Some(coordinator()))?;
    let fed = feed(&node, &workload, args.rate, progress)?;
    let target = node.handle().status().confirmed.index;

    progress.begin("a fresh node catches up", 0);
    let mut network = Network::new()?;
    network.adopt(node, &genesis, &[])?;
    machine::reset_peak();
    let cpu = machine::cpu_seconds();
    let started = Instant::now();
    network.add(&folder.join("fresh"), &genesis, false, &[0])?;
    let fresh = network.node(1);
    let mut last = (fresh.status().confirmed.index, Instant::now());
    while last.0 < target {
        std::thread::sleep(Duration::from_millis(2));
        let status = fresh.status();
        if status.confirmed.index != last.0 {
            last = (status.confirmed.index, Instant::now());
        }
        if last.1.elapsed() > STALL {
            bail!(
                "the fresh node stands at milestone {} of {target}: {:?}",
                last.0,
                status.blocker
            );
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let blocks = fed.blocks as f64;
    let figures = Figures {
        blocks: fed.blocks,
        milestones: target.0,
        ingest_blocks_per_second: fed.blocks_per_second,
        sync_blocks_per_second: blocks / seconds,
        ratio: blocks / seconds / fed.blocks_per_second,
        sync_seconds: seconds,
        cpu_us_per_block: (machine::cpu_seconds() - cpu) * 1e6 / blocks,
        wire_bytes_per_block: network.traffic().sent_bytes as f64 / blocks,
        block_size_bytes: fed.block_size_bytes,
        peak_memory_bytes: machine::peak_bytes(),
    };
    network.stop();
    Ok(figures)
}

fn print(figures: &Figures) -> Result<()> {
    let heads = [
        "blocks",
        "milestones",
        "ingest/s",
        "sync/s",
        "ratio",
        "seconds",
        "cpu us/block, both",
        "wire B/block",
        "size B",
        "peak MiB, both",
    ];
    let row = vec![
        figures.blocks.to_string(),
        figures.milestones.to_string(),
        format!("{:.0}", figures.ingest_blocks_per_second),
        format!("{:.0}", figures.sync_blocks_per_second),
        format!("{:.2}", figures.ratio),
        format!("{:.1}", figures.sync_seconds),
        format!("{:.1}", figures.cpu_us_per_block),
        format!("{:.0}", figures.wire_bytes_per_block),
        format!("{:.0}", figures.block_size_bytes),
        format!("{}", figures.peak_memory_bytes >> 20),
    ];
    report::table(&heads, &[row])
}
