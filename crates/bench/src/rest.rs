//! Blocks over REST: a node in a process of its own, and clients that post binary blocks.
//!
//! Each connection grows its own chain: a block approves the two that the connection posted before,
//! so that every parent is known to the node when it is named.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use tangle_crypto::blake2b;
use tangle_storage::Progress;
use tangle_types::{Block, BlockId, Codec, Parents, Payload, TaggedData};
use tempfile::TempDir;

use crate::http::Connection;
use crate::listeners::{Listeners, Told};
use crate::machine;
use crate::pages::{self, Newest, PageFigures, Visitor};
use crate::report::{self, note, quantile};

/// How long the node may take to start.
const START_WAIT: Duration = Duration::from_secs(20);
/// How long the last blocks may take to be confirmed.
const CONFIRM_WAIT: Duration = Duration::from_secs(15);

/// What to post, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct RestArgs {
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Seconds to post.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Post so many blocks a second, from all connections in turn; latencies then count from when
    /// a block was due. By default as many as the node takes.
    #[arg(long)]
    rate: Option<f64>,
    /// Bytes of data in a block.
    #[arg(long, default_value_t = 64)]
    payload: usize,
    /// Subscribers that are told of every block meanwhile, over MQTT.
    #[arg(long, default_value_t = 0)]
    subscribers: usize,
    /// Fetch so many pages for people a second meanwhile: overview, explorer, and those of what was
    /// only just sent, in turn. Only from the dev network that is started, where there are coins.
    #[arg(long, conflicts_with = "node")]
    pages: Option<f64>,
    /// Address of a running node with a PoW score of 0; by default a fresh dev network is started.
    #[arg(long)]
    node: Option<SocketAddr>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Serialize)]
struct Figures {
    connections: usize,
    seconds: f64,
    accepted: u64,
    accepted_per_second: f64,
    refused: u64,
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    node_cpu_us_per_block: f64,
    node_resident_bytes: u64,
    last_blocks_confirmed: bool,
    /// Of the subscribers, if there were any.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    events: Option<EventFigures>,
    /// Of the pages, if any were fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageFigures>,
}

#[derive(Debug, Serialize)]
struct EventFigures {
    subscribers: usize,
    /// Subscribers that were let go, being too slow.
    subscribers_lost: u64,
    told_bytes: u64,
    /// Times between milestones, as a subscriber saw them.
    milestone_interval_min_ms: f64,
    milestone_interval_mean_ms: f64,
    milestone_interval_max_ms: f64,
}

impl EventFigures {
    fn of(subscribers: usize, told: &Told) -> Self {
        let intervals = &told.intervals_ms;
        Self {
            subscribers,
            subscribers_lost: told.lost,
            told_bytes: told.bytes,
            milestone_interval_min_ms: intervals.iter().copied().fold(f64::INFINITY, f64::min),
            milestone_interval_mean_ms: intervals.iter().sum::<f64>() / intervals.len() as f64,
            milestone_interval_max_ms: intervals.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// When a connection posts.
#[derive(Clone, Copy, Debug)]
struct Pace {
    started: Instant,
    end: Instant,
    /// Time between two blocks of all connections.
    interval: Option<Duration>,
    connections: u32,
}

/// What one connection did.
#[derive(Debug, Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    latencies_ms: Vec<f64>,
    last: Option<BlockId>,
}

/// A node that ends with the measurement.
#[derive(Debug)]
struct OwnNode {
    process: Child,
    _folder: TempDir,
}

impl Drop for OwnNode {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn run(args: &RestArgs, progress: &Progress) -> Result<()> {
    ensure!(
        args.rate.is_none_or(|rate| (0.01..=1e9).contains(&rate)),
        "a rate from 0.01 to a billion blocks a second can be held"
    );
    let own;
    let (address, process) = match args.node {
        Some(address) => (address, None),
        None => {
            let (node, address) = start_node()?;
            own = node;
            (address, Some(own.process.id()))
        }
    };
    ensure!(
        args.connections > 0,
        "nothing is posted without connections"
    );
    let root = tip(address)?;
    let listeners = (args.subscribers > 0)
        .then(|| Listeners::start(address, args.subscribers))
        .transpose()?;
    let newest = Arc::new(Newest::from(root));
    let visitor = args
        .pages
        .map(|rate| Visitor::start(address, rate, &newest))
        .transpose()?;
    let what = format!(
        "posting from {} connections for {} s",
        args.connections, args.seconds
    );
    progress.begin(what, 0);
    let cpu = process.map_or(0.0, machine::cpu_seconds_of);
    let started = Instant::now();
    let pace = Pace {
        started,
        end: started + Duration::from_secs_f64(args.seconds),
        interval: args.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        connections: u32::try_from(args.connections)?,
    };
    let tallies = post_all(address, args, &newest, pace)?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = process.map_or(0.0, machine::cpu_seconds_of) - cpu;
    let told = listeners.map(Listeners::finish).transpose()?;
    let events = told.map(|told| EventFigures::of(args.subscribers, &told));
    let pages = visitor.map_or(Ok(Vec::new()), Visitor::finish)?;
    let accepted: u64 = tallies.iter().map(|tally| tally.accepted).sum();
    let mut latencies: Vec<f64> = tallies
        .iter()
        .flat_map(|tally| tally.latencies_ms.iter().copied())
        .collect();
    let figures = Figures {
        connections: args.connections,
        seconds,
        accepted,
        accepted_per_second: accepted as f64 / seconds,
        refused: tallies.iter().map(|tally| tally.refused).sum(),
        latency_p50_ms: quantile(&mut latencies, 0.5),
        latency_p99_ms: quantile(&mut latencies, 0.99),
        node_cpu_us_per_block: cpu * 1e6 / accepted.max(1) as f64,
        node_resident_bytes: process.map_or(0, machine::resident_bytes_of),
        last_blocks_confirmed: are_confirmed(address, &tallies)?,
        events,
        pages,
    };
    if args.json {
        return report::json(&figures);
    }
    print(&figures)
}

impl Pace {
    /// Waits until the next block of a connection is due, which has posted `count`; when that was,
    /// or `None` at the end. A connection that is late catches up.
    fn wait(&self, number: usize, count: u64) -> Option<Instant> {
        let now = Instant::now();
        let due = match self.interval {
            None => now,
            Some(interval) => {
                let place = number as f64 + count as f64 * f64::from(self.connections);
                self.started + interval.mul_f64(place)
            }
        };
        if due.max(now) >= self.end {
            return None;
        }
        std::thread::sleep(due.saturating_duration_since(now));
        Some(due)
    }
}

/// Starts a dev network of this program on free ports, with an empty store.
fn start_node() -> Result<(OwnNode, SocketAddr)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let port = address.port().to_string();
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("dev.toml");
    std::fs::write(&config, pages::allocation())?;
    let process = Command::new(program)
        .args(["dev", "--ephemeral", "--quiet", "--no-faucet", "--port"])
        .arg(&port)
        .arg("--config")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let node = OwnNode {
        process,
        _folder: folder,
    };
    let started = Instant::now();
    while started.elapsed() < START_WAIT {
        let health = Connection::open(address).and_then(|mut connection| connection.get("/health"));
        if matches!(health, Ok((200, _))) {
            return Ok((node, address));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("the node was not healthy within {} s", START_WAIT.as_secs());
}

/// A tip to grow from.
fn tip(address: SocketAddr) -> Result<BlockId> {
    let (status, body) = Connection::open(address)?.get("/api/core/v2/tips")?;
    if status != 200 {
        bail!(
            "the node gave no tips: {status} {}",
            String::from_utf8_lossy(&body)
        );
    }
    let answer: serde_json::Value = serde_json::from_slice(&body)?;
    let tip = answer["tips"][0].as_str().context("the node has no tips")?;
    Ok(tip.parse()?)
}

/// Posts from all connections, until the end of the pace.
fn post_all(
    address: SocketAddr,
    args: &RestArgs,
    newest: &Newest,
    pace: Pace,
) -> Result<Vec<Tally>> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..args.connections)
            .map(|number| scope.spawn(move || post(address, number, args.payload, newest, pace)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

fn post(
    address: SocketAddr,
    number: usize,
    payload: usize,
    newest: &Newest,
    pace: Pace,
) -> Result<Tally> {
    let mut connection = Connection::open(address)?;
    let mut tally = Tally::default();
    let root = newest.id();
    let (mut last, mut before) = (root, root);
    let mut data = vec![0; payload.max(16)];
    data[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let mut request = Vec::new();
    while let Some(due) = pace.wait(number, tally.accepted + tally.refused) {
        data[8..16].copy_from_slice(&(tally.accepted + tally.refused).to_le_bytes());
        let block = Block {
            protocol_version: tangle_types::PROTOCOL_VERSION,
            parents: Parents::new(vec![last, before]).context("a block has parents")?,
            payload: Some(Payload::TaggedData(TaggedData {
                tag: Vec::new(),
                data: data.clone(),
            })),
            nonce: 0,
        };
        let bytes = block.to_bytes();
        request.clear();
        write!(
            request,
            "POST /api/core/v2/blocks HTTP/1.1\r\nHost: node\r\n\
             Content-Type: application/vnd.iota.serializer-v1\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        )?;
        request.extend_from_slice(&bytes);
        let (status, body) = connection.request(&request)?;
        tally
            .latencies_ms
            .push(due.elapsed().as_secs_f64() * 1_000.0);
        if status == 201 {
            tally.accepted += 1;
            before = last;
            last = BlockId(blake2b::hash(&bytes));
            tally.last = Some(last);
            newest.note(last);
        } else {
            if tally.refused == 0 {
                note(&format!(
                    "refused: {status} {}",
                    String::from_utf8_lossy(&body)
                ));
            }
            tally.refused += 1;
            // The chain cannot go on from here if its end is gone.
            last = tip(address)?;
            before = last;
        }
    }
    Ok(tally)
}

/// Whether each connection's last block, and with it all that came before, is confirmed in the end.
fn are_confirmed(address: SocketAddr, tallies: &[Tally]) -> Result<bool> {
    let mut connection = Connection::open(address)?;
    let started = Instant::now();
    for id in tallies.iter().filter_map(|tally| tally.last) {
        let path = format!("/api/core/v2/blocks/{id}/metadata");
        loop {
            let (status, body) = connection.get(&path)?;
            let answer: serde_json::Value = serde_json::from_slice(&body)?;
            if status == 200 && answer["referencedByMilestoneIndex"].as_u64() > Some(0) {
                break;
            }
            if started.elapsed() > CONFIRM_WAIT {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(true)
}

fn print(figures: &Figures) -> Result<()> {
    let heads = [
        "connections",
        "accepted/s",
        "accepted",
        "refused",
        "p50 ms",
        "p99 ms",
        "node cpu us/block",
        "node MiB",
        "all confirmed",
    ];
    let row = vec![
        figures.connections.to_string(),
        format!("{:.0}", figures.accepted_per_second),
        figures.accepted.to_string(),
        figures.refused.to_string(),
        format!("{:.2}", figures.latency_p50_ms),
        format!("{:.2}", figures.latency_p99_ms),
        format!("{:.1}", figures.node_cpu_us_per_block),
        format!("{}", figures.node_resident_bytes >> 20),
        if figures.last_blocks_confirmed {
            "yes"
        } else {
            "no"
        }
        .to_owned(),
    ];
    report::table(&heads, &[row])?;
    if let Some(events) = &figures.events {
        print_events(events, figures.seconds)?;
    }
    if figures.pages.is_empty() {
        return Ok(());
    }
    pages::print(&figures.pages)
}

fn print_events(events: &EventFigures, seconds: f64) -> Result<()> {
    let heads = [
        "subscribers",
        "lost",
        "told MB/s",
        "milestone ms, least",
        "mean",
        "most",
    ];
    let row = vec![
        events.subscribers.to_string(),
        events.subscribers_lost.to_string(),
        format!("{:.1}", events.told_bytes as f64 / 1e6 / seconds),
        format!("{:.0}", events.milestone_interval_min_ms),
        format!("{:.0}", events.milestone_interval_mean_ms),
        format!("{:.0}", events.milestone_interval_max_ms),
    ];
    report::table(&heads, &[row])
}
