//! The full path, from bytes to durable confirmation.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde::Serialize;
use tangle_consensus::{KeyRange, MilestoneKeys, Pace};
use tangle_crypto::ed25519::SecretKey;
use tangle_engine::Store;
use tangle_node::{CoordinatorConfig, Handle, Node, NodeConfig, PruningConfig};
use tangle_storage::{
    Allocation, BaseToken, Genesis, Kind as OutputKind, OutputQuery, Progress, StorageConfig,
};
use tangle_types::{BlockId, MilestoneIndex, ProtocolParameters, RentStructure, UnixSeconds};

use crate::flatness::{self, Flatness, Window, Windows};
use crate::folder::Folder;
use crate::report::{self, note, quantile};
use crate::workload::{Kind, Source, WIDTH, Wallet, Workload, id_of};
use crate::{limit, machine, selection};

/// Blocks of a parcel that is handed to the node at once.
const PARCEL_BLOCKS: usize = 64;
/// Parcels that are read ahead.
const PARCELS_AHEAD: usize = 16;
/// One block in so many is asked when it was confirmed.
const SAMPLE_EVERY: u64 = 499;
/// Blocks over which the limit is measured at most.
const LIMIT_BLOCKS: u64 = 200_000;
/// How long nothing may be confirmed before the run is given up.
pub(crate) const STALL: Duration = Duration::from_secs(15);

/// What to feed.
#[derive(Clone, Debug, clap::Args)]
pub struct IngestArgs {
    /// Blocks of each kind.
    #[arg(long, default_value_t = 300_000)]
    blocks: u64,
    /// Kinds to measure, in order.
    #[arg(long, value_delimiter = ',', default_value = "transfers,data64,data1k")]
    kinds: Vec<KindName>,
    /// Proof-of-work score that the blocks have and the node asks for.
    #[arg(long, default_value_t = 1)]
    pow_score: u32,
    /// Keep only so many milestones, 50 at least.
    #[arg(long)]
    keep_milestones: Option<u32>,
    /// Feed at most so many blocks a second, so that a run lasts more milestones; by default as
    /// many as the node takes.
    #[arg(long)]
    rate: Option<u32>,
    /// Have the node choose tips by the weighted walk instead of uniformly.
    #[arg(long)]
    walk: bool,
    /// Folder for the store and the blocks; a temporary one by default.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The kinds by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KindName {
    /// Signed transfers, 1 input, 2 outputs.
    Transfers,
    /// Tagged data of 64 bytes.
    Data64,
    /// Tagged data of 1 KiB.
    Data1k,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    kind: String,
    pub(crate) blocks: u64,
    seconds: f64,
    pub(crate) blocks_per_second: f64,
    limit_blocks_per_second: f64,
    ratio_to_limit: f64,
    /// Without what the benchmark takes to read the blocks from their file.
    cpu_us_per_block: f64,
    /// What it takes.
    reading_cpu_us_per_block: f64,
    written_bytes_per_block: f64,
    pub(crate) block_size_bytes: f64,
    peak_memory_bytes: u64,
    finality_p50_ms: f64,
    finality_p99_ms: f64,
    milestone_gap_p50_ms: f64,
    milestone_gap_max_ms: f64,
    flatness: Option<Flatness>,
    windows: Vec<Window>,
}

/// What the watching thread saw.
#[derive(Debug, Default)]
struct Observations {
    /// When each milestone became durable.
    durable: Vec<(MilestoneIndex, Instant)>,
    windows: Vec<Window>,
}

impl Observations {
    /// Milliseconds between milestones.
    fn gaps(&self) -> Vec<f64> {
        let gap =
            |pair: &[(MilestoneIndex, Instant)]| (pair[1].1 - pair[0].1).as_secs_f64() * 1_000.0;
        self.durable.windows(2).map(gap).collect()
    }
}

impl KindName {
    const fn kind(self) -> Kind {
        match self {
            Self::Transfers => Kind::Transfers,
            Self::Data64 => Kind::Data(64),
            Self::Data1k => Kind::Data(1_024),
        }
    }
}

pub(crate) fn run(args: &IngestArgs, progress: &Progress) -> Result<()> {
    let folder = Folder::new(args.data.as_deref())?;
    let folder = folder.path();
    let mut all = Vec::new();
    for kind in &args.kinds {
        let name = format!("{kind:?}").to_lowercase();
        all.push(measure(
            &folder.join(&name),
            (&name, kind.kind()),
            args,
            progress,
        )?);
    }
    if args.json {
        return report::json(&all);
    }
    print(&all)
}

fn measure(
    folder: &Path,
    (name, kind): (&str, Kind),
    args: &IngestArgs,
    progress: &Progress,
) -> Result<Figures> {
    std::fs::create_dir_all(folder)?;
    let mut wallets: Vec<Wallet> = (0..WIDTH).map(Wallet::new).collect();
    let genesis = genesis(args.pow_score, &wallets);
    let mut config = NodeConfig::new(StorageConfig {
        path: folder.join("store"),
        ..StorageConfig::default()
    });
    config.pruning = PruningConfig {
        milestone_count: args.keep_milestones,
        ..PruningConfig::default()
    };
    config.weighted_tips = args.walk.then(selection::walk);
    progress.begin(format!("{name}: blocks made"), args.blocks);
    let root = begin(&config, &genesis, &mut wallets)?;
    let workload = Workload::make(
        &folder.join("blocks"),
        kind,
        args.blocks,
        root,
        (&genesis.parameters, wallets),
        progress,
    )?;

    progress.begin(format!("{name}: measuring the limit"), 0);
    let keys = MilestoneKeys::new(genesis.milestone_keys.clone(), 1, MilestoneIndex(1))?;
    let limit = limit::measure(&workload, LIMIT_BLOCKS, &genesis.parameters, &keys)?;

    progress.begin(format!("{name}: blocks fed"), args.blocks);
    let node = tangle_node::start(&config, &genesis, Some(coordinator()))?;
    let mut figures = feed(&node, &workload, args.rate, progress)?;
    node.stop();
    name.clone_into(&mut figures.kind);
    figures.limit_blocks_per_second = limit;
    figures.ratio_to_limit = figures.blocks_per_second / limit;
    Ok(figures)
}

fn key() -> SecretKey {
    SecretKey::from_seed([7; 32])
}

/// A coordinator for a network made by [`genesis`].
pub(crate) fn coordinator() -> CoordinatorConfig {
    CoordinatorConfig {
        interval_ms: 1_000,
        pace: Pace::Steady,
        keys: vec![key()],
    }
}

/// A network whose supply lies in equal parts with the wallets.
pub(crate) fn genesis(pow_score_min: u32, wallets: &[Wallet]) -> Genesis {
    let token_supply: u64 = 2_779_530_283_277_761;
    let share = token_supply / wallets.len() as u64;
    let rest = token_supply % wallets.len() as u64;
    let allocate = |(number, wallet): (usize, &Wallet)| Allocation {
        address: wallet.address(),
        amount: share + if number == 0 { rest } else { 0 },
    };
    Genesis {
        parameters: ProtocolParameters {
            version: 2,
            network_name: "tangle-bench".to_owned(),
            bech32_hrp: "tst".to_owned(),
            pow_score_min,
            below_max_depth: 15,
            rent: RentStructure {
                v_byte_cost: 100,
                v_byte_factor_data: 1,
                v_byte_factor_key: 10,
            },
            token_supply,
        },
        token: BaseToken::default(),
        index: MilestoneIndex(0),
        timestamp: UnixSeconds(0),
        allocations: wallets.iter().enumerate().map(allocate).collect(),
        treasury: 0,
        milestone_keys: vec![KeyRange {
            public_key: key().public_key(),
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        }],
        milestone_key_threshold: 1,
    }
}

/// Runs a network up to its first milestone, so that the wallets learn what they own; gives back
/// that milestone's block.
pub(crate) fn begin(
    config: &NodeConfig,
    genesis: &Genesis,
    wallets: &mut [Wallet],
) -> Result<BlockId> {
    let node = tangle_node::start(config, genesis, Some(coordinator()))?;
    let root = first_milestone(&node.handle())?;
    fund(&node.handle(), wallets)?;
    node.stop();
    Ok(root)
}

/// The block of the newest milestone, once there is one.
fn first_milestone(node: &Handle) -> Result<BlockId> {
    let started = Instant::now();
    loop {
        let index = node.reader().ledger_index();
        if let Some(milestone) = node.reader().milestone(index)? {
            return Ok(milestone.block_id);
        }
        if started.elapsed() > STALL {
            bail!("no milestone came within {} s", STALL.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Tells each wallet which output of the genesis it owns.
fn fund(node: &Handle, wallets: &mut [Wallet]) -> Result<()> {
    for wallet in wallets {
        let query = OutputQuery {
            kind: OutputKind::Basic,
            address: Some(wallet.address()),
            page_size: 1,
            ..OutputQuery::default()
        };
        let page = node.reader().outputs(&query)?;
        let id = *page
            .items
            .first()
            .context("a wallet has no output in the genesis")?;
        let record = node
            .reader()
            .output_record(&id)?
            .context("an output is missing")?;
        wallet.fund(id, record.output.output.amount());
    }
    Ok(())
}

/// Feeds everything and waits until all of it is durably confirmed.
pub(crate) fn feed(
    node: &Node,
    workload: &Workload,
    rate: Option<u32>,
    progress: &Progress,
) -> Result<Figures> {
    let handle = node.handle();
    let source = workload.read()?;
    let before = handle.status().referenced_total;
    let is_done = AtomicBool::new(false);
    let mut samples = Vec::new();
    let (mut fed, mut fed_bytes) = (0_u64, 0_u64);
    machine::reset_peak();
    let (cpu, written) = (machine::cpu_seconds(), machine::written_bytes());
    let started = Instant::now();
    let (seen, reading) = std::thread::scope(|scope| -> Result<(Observations, f64)> {
        let watcher = scope.spawn(|| watch(&handle, before, &is_done));
        let (parcels, read) = sync_channel(PARCELS_AHEAD);
        let reader = scope.spawn(|| read_ahead(source, parcels));
        // Takes the channel with it: a reader whose parcels nobody takes ends.
        let give = || -> Result<()> {
            for parcel in read {
                let parcel: Vec<Bytes> = parcel?;
                if fed / SAMPLE_EVERY != (fed + parcel.len() as u64) / SAMPLE_EVERY {
                    samples.push((id_of(&parcel[0])?, Instant::now()));
                }
                fed += parcel.len() as u64;
                progress.advance(parcel.len() as u64);
                fed_bytes += parcel.iter().map(|block| block.len() as u64).sum::<u64>();
                if !handle.ingest(parcel) {
                    bail!("the node stopped");
                }
                if let Some(rate) = rate {
                    let due = started + Duration::from_secs_f64(fed as f64 / f64::from(rate));
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                }
            }
            wait_for(&handle, before + fed)
        };
        let given = give();
        // Also when it failed: the watcher would go on for ever.
        is_done.store(true, Ordering::Relaxed);
        let reading = reader.join().expect("no panic");
        given.map(|()| (watcher.join().expect("no panic"), reading))
    })?;
    let cpu = machine::cpu_seconds() - cpu - reading;
    let seconds = started.elapsed().as_secs_f64();
    let per_block = |value: f64| value / fed as f64;
    let mut finality = finality(&handle, &samples, &seen)?;
    let mut gaps = seen.gaps();
    Ok(Figures {
        kind: String::new(),
        blocks: fed,
        seconds,
        blocks_per_second: fed as f64 / seconds,
        limit_blocks_per_second: 0.0,
        ratio_to_limit: 0.0,
        cpu_us_per_block: per_block(cpu * 1e6),
        reading_cpu_us_per_block: per_block(reading * 1e6),
        written_bytes_per_block: per_block((machine::written_bytes() - written) as f64),
        block_size_bytes: per_block(fed_bytes as f64),
        peak_memory_bytes: machine::peak_bytes(),
        finality_p50_ms: quantile(&mut finality, 0.5),
        finality_p99_ms: quantile(&mut finality, 0.99),
        milestone_gap_p50_ms: quantile(&mut gaps, 0.5),
        milestone_gap_max_ms: quantile(&mut gaps, 1.0),
        flatness: flatness::compare(&seen.windows),
        windows: seen.windows,
    })
}

/// Hands over all parcels of a source, and says how many seconds of processor time that took.
fn read_ahead(mut source: Source, parcels: SyncSender<Result<Vec<Bytes>>>) -> f64 {
    loop {
        let parcel = source.parcel(PARCEL_BLOCKS);
        if parcel.as_ref().is_ok_and(Vec::is_empty) || parcels.send(parcel).is_err() {
            return machine::thread_cpu_seconds();
        }
    }
}

/// Waits until `target` blocks are referenced by durable milestones.
fn wait_for(node: &Handle, target: u64) -> Result<()> {
    let mut last = (node.status().confirmed.index, Instant::now());
    let mut quiet_milestones = 0;
    let mut referenced = node.status().referenced_total;
    loop {
        let status = node.status();
        // The node's own milestones count too, so the sum may be higher.
        if status.referenced_total >= target && status.unreferenced_count <= 2 {
            return Ok(());
        }
        if status.confirmed.index != last.0 {
            last = (status.confirmed.index, Instant::now());
            quiet_milestones = if status.referenced_total <= referenced + 1 {
                quiet_milestones + 1
            } else {
                0
            };
            referenced = status.referenced_total;
        }
        if last.1.elapsed() > STALL || quiet_milestones > 5 {
            bail!(
                "only {referenced} of {target} blocks were referenced, {} are unreferenced",
                status.unreferenced_count
            );
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Notes when milestones become durable, and the cost of each window of blocks.
fn watch(node: &Handle, before: u64, is_done: &AtomicBool) -> Observations {
    let mut seen = Observations::default();
    let mut last = node.status().confirmed.index;
    let mut windows = Windows::begin();
    while !is_done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(2));
        let status = node.status();
        if status.confirmed.index == last {
            continue;
        }
        last = status.confirmed.index;
        seen.durable.push((last, Instant::now()));
        windows.advance(status.referenced_total - before);
    }
    seen.windows = windows.finish();
    seen
}

/// Milliseconds from handing in to durable confirmation of the sampled blocks.
fn finality(
    node: &Handle,
    samples: &[(BlockId, Instant)],
    seen: &Observations,
) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(samples.len());
    for (id, handed_in) in samples {
        let Some(metadata) = node.reader().metadata(id)? else {
            continue;
        };
        let durable = seen
            .durable
            .iter()
            .find(|(index, _)| *index >= metadata.referenced_by);
        if let Some((_, durable)) = durable {
            times.push(durable.saturating_duration_since(*handed_in).as_secs_f64() * 1_000.0);
        }
    }
    Ok(times)
}

fn print(all: &[Figures]) -> Result<()> {
    let heads = [
        "kind",
        "blocks",
        "blocks/s",
        "limit/s",
        "ratio",
        "cpu us/block",
        "size B",
        "written B",
        "peak MiB",
        "final p50 ms",
        "p99 ms",
        "milestone gap p50 ms",
        "max ms",
    ];
    let row = |figures: &Figures| {
        vec![
            figures.kind.clone(),
            figures.blocks.to_string(),
            format!("{:.0}", figures.blocks_per_second),
            format!("{:.0}", figures.limit_blocks_per_second),
            format!("{:.2}", figures.ratio_to_limit),
            format!("{:.1}", figures.cpu_us_per_block),
            format!("{:.0}", figures.block_size_bytes),
            format!("{:.0}", figures.written_bytes_per_block),
            format!("{}", figures.peak_memory_bytes >> 20),
            format!("{:.0}", figures.finality_p50_ms),
            format!("{:.0}", figures.finality_p99_ms),
            format!("{:.0}", figures.milestone_gap_p50_ms),
            format!("{:.0}", figures.milestone_gap_max_ms),
        ]
    };
    report::table(&heads, &all.iter().map(row).collect::<Vec<_>>())?;
    for figures in all {
        note(&format!("\n{}: cost by referenced blocks", figures.kind));
        flatness::print(&figures.windows)?;
    }
    Ok(())
}
