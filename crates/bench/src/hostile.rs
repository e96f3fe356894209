//! The same honest traffic with and without attackers.
//!
//! The nodes are a path, so that half of the traffic has to go through the node in the middle. The
//! attackers are a process of their own: neither its memory nor its threads are the nodes'.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Serialize;
use tangle_storage::Progress;

use crate::attack::Outcome;
use crate::forge::Attack;
use crate::gossip::{self, Followed, GossipArgs, POW_SCORE, SAMPLE_EVERY};
use crate::machine;
use crate::neighbours::Network;
use crate::report::{self, quantile};
use crate::workload::Source;

/// Most attackers.
const ATTACKERS_MAX: usize = 64;
/// What the attackers get to fall on the node before the honest traffic is measured again.
const HEAD_START: Duration = Duration::from_millis(500);

/// The honest traffic of a half.
#[derive(Debug, Serialize)]
struct Half {
    /// Blocks that reached every node, a second.
    blocks_per_second: f64,
    all_nodes_p50_ms: f64,
    all_nodes_p99_ms: f64,
    lost: usize,
    /// How many of the lost ones each node lacks.
    lost_at: Vec<usize>,
    /// Seconds from the first block to the first and to the last lost one.
    lost_from_s: Option<f64>,
    lost_to_s: Option<f64>,
    samples: usize,
    /// Most memory of all nodes together.
    peak_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    nodes: usize,
    attackers: usize,
    alone: Half,
    attacked: Half,
    rate_ratio: f64,
    memory_ratio: f64,
    outcomes: BTreeMap<Attack, Outcome>,
}

/// The attackers; ended with this.
struct Attackers(Child);

impl Drop for Attackers {
    fn drop(&mut self) {
        // They may have ended by themselves.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(folder: &Path, args: &GossipArgs, progress: &Progress) -> Result<()> {
    let kinds = kinds(args)?;
    let known = |number: usize| number.checked_sub(1).into_iter().collect();
    let (network, workload) = gossip::set_up(folder, args, 2 * args.blocks, known, progress)?;
    let mut source = workload.read()?;
    progress.begin("sending without attackers", 0);
    let alone = half(&network, &mut source, args)?;
    progress.begin(format!("sending with {} attackers", kinds.len()), 0);
    let attackers = Attackers::start(&network, &kinds)?;
    std::thread::sleep(HEAD_START);
    let attacked = half(&network, &mut source, args)?;
    let outcomes = attackers.finish()?;
    network.stop();
    let figures = Figures {
        nodes: args.nodes,
        attackers: kinds.len(),
        rate_ratio: attacked.blocks_per_second / alone.blocks_per_second,
        memory_ratio: attacked.peak_bytes as f64 / alone.peak_bytes as f64,
        alone,
        attacked,
        outcomes,
    };
    if args.json {
        return report::json(&figures);
    }
    print(&figures)
}

/// How each attacker attacks.
fn kinds(args: &GossipArgs) -> Result<Vec<Attack>> {
    let ways = match &args.attacks[..] {
        [] => Attack::value_variants(),
        ways => ways,
    };
    let count = args.attackers.unwrap_or(ways.len());
    ensure!(count <= ATTACKERS_MAX, "at most {ATTACKERS_MAX} attackers");
    Ok(ways.iter().copied().cycle().take(count).collect())
}

fn half(network: &Network, source: &mut Source, args: &GossipArgs) -> Result<Half> {
    machine::reset_peak();
    let (_, followed) = gossip::send_all(network, source, args.rate, args.blocks)?;
    let mut took_ms: Vec<f64> = followed.iter().filter_map(Followed::took_ms).collect();
    let begin = followed.iter().map(|followed| followed.sent).min();
    let begin = begin.context("no block was sent")?;
    let end = followed
        .iter()
        .filter_map(|followed| {
            let took = Duration::from_secs_f64(followed.took_ms()? / 1_000.0);
            Some(followed.sent + took)
        })
        .max();
    let mut lost_at = vec![0; network.len()];
    for node in followed.iter().flat_map(Followed::missed) {
        lost_at[node] += 1;
    }
    let lost = || {
        followed
            .iter()
            .filter(|followed| followed.missed().next().is_some())
    };
    let after = |followed: &Followed| (followed.sent - begin).as_secs_f64();
    let seconds = end.map_or(f64::INFINITY, |end| (end - begin).as_secs_f64());
    Ok(Half {
        blocks_per_second: took_ms.len() as f64 * SAMPLE_EVERY as f64 / seconds,
        all_nodes_p50_ms: quantile(&mut took_ms, 0.5),
        all_nodes_p99_ms: quantile(&mut took_ms, 0.99),
        lost: followed.len() - took_ms.len(),
        lost_at,
        lost_from_s: lost().map(after).min_by(f64::total_cmp),
        lost_to_s: lost().map(after).max_by(f64::total_cmp),
        samples: followed.len(),
        peak_bytes: machine::peak_bytes(),
    })
}

impl Attackers {
    /// Lets attackers of these kinds fall on the node in the middle.
    fn start(network: &Network, kinds: &[Attack]) -> Result<Self> {
        let program = std::env::current_exe().context("this program's own file is not known")?;
        let names = kinds.iter().filter_map(Attack::to_possible_value);
        let names: Vec<String> = names.map(|name| name.get_name().to_owned()).collect();
        let target = network.address(network.len() / 2)?.address.to_string();
        let child = Command::new(program)
            .args(["bench", "attack", "--target", &target])
            .args(["--network-id", &network.id().to_string()])
            .args(["--pow-score", &POW_SCORE.to_string()])
            .args(["--kinds", &names.join(",")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self(child))
    }

    /// Ends them; what became of each kind.
    fn finish(mut self) -> Result<BTreeMap<Attack, Outcome>> {
        drop(self.0.stdin.take());
        let mut text = String::new();
        let mut out = self.0.stdout.take().context("it was piped")?;
        out.read_to_string(&mut text)?;
        if !self.0.wait()?.success() {
            bail!("the attackers failed");
        }
        Ok(serde_json::from_str(&text)?)
    }
}

fn print(figures: &Figures) -> Result<()> {
    let row = |name: &str, half: &Half| {
        vec![
            name.to_owned(),
            format!("{:.0}", half.blocks_per_second),
            format!("{:.1}", half.all_nodes_p50_ms),
            format!("{:.1}", half.all_nodes_p99_ms),
            format!("{} of {}", half.lost, half.samples),
            format!("{}", half.peak_bytes >> 20),
        ]
    };
    let attacked = format!("{} attackers", figures.attackers);
    let ratio = vec![
        "attacked / alone".to_owned(),
        format!("{:.2}", figures.rate_ratio),
        String::new(),
        String::new(),
        String::new(),
        format!("{:.2}", figures.memory_ratio),
    ];
    report::table(
        &[
            "",
            "blocks/s",
            "to all p50 ms",
            "p99 ms",
            "lost",
            "peak MiB",
        ],
        &[
            row("alone", &figures.alone),
            row(&attacked, &figures.attacked),
            ratio,
        ],
    )?;
    let rows: Vec<_> = figures.outcomes.iter().map(outcome_row).collect();
    let heads = [
        "attack",
        "entered",
        "refused",
        "dropped",
        "after p50 ms",
        "max ms",
        "messages",
    ];
    report::table(&heads, &rows)
}

fn outcome_row((attack, outcome): (&Attack, &Outcome)) -> Vec<String> {
    let name = attack.to_possible_value();
    vec![
        name.map_or_else(String::new, |name| name.get_name().to_owned()),
        outcome.entered.to_string(),
        outcome.refused.to_string(),
        outcome.dropped.to_string(),
        format!("{:.0}", outcome.drop_p50_ms),
        format!("{:.0}", outcome.drop_max_ms),
        outcome.messages.to_string(),
    ]
}
