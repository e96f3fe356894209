//! How fast Tangles grow in the simulator, on one core.

use std::hint::black_box;

use anyhow::Result;
use serde::Serialize;
use tangle_dag::Chance;
use tangle_sim::gossip;
use tangle_sim::growth::{self, EngineChoice, Scenario, StrategyChoice, WalkChoice};
use tangle_storage::Progress;

use crate::selection::{self, Selection};
use crate::{machine, report};

/// Random numbers drawn for the limit.
const DRAWS: u64 = 300_000_000;
/// Random numbers that no transaction can do without: its arrival and two parents.
const DRAWS_PER_TRANSACTION: f64 = 3.0;

/// What to measure of the simulator.
#[derive(Clone, Debug, clap::Args)]
pub struct SimArgs {
    /// Transactions of the runs with uniform selection; those with walks take a fiftieth.
    #[arg(long, default_value_t = 50_000_000,
        value_parser = clap::value_parser!(u64).range(1_000_000..=10_000_000_000))]
    transactions: u64,
    /// Deliveries of the runs with views of many nodes.
    #[arg(long, default_value_t = 100_000_000,
        value_parser = clap::value_parser!(u64).range(1_000_000..=1_000_000_000))]
    deliveries: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Nodes of the runs with views of many nodes, and the share of transactions that is lost.
const NETWORKS: [(u32, f64); 3] = [(1_000, 0.0), (1_000, 0.02), (10_000, 0.0)];

#[derive(Debug, Serialize)]
struct Figures {
    runs: Vec<Row>,
    networks: Vec<Network>,
    selections: Vec<Selection>,
}

#[derive(Debug, Serialize)]
struct Row {
    run: String,
    transactions: u64,
    cpu_seconds: f64,
    transactions_per_cpu_second: f64,
    /// Most resident memory of the process since the run began.
    peak_bytes: u64,
    /// Processor time that the random numbers alone would take, in proportion.
    limit_share: f64,
}

#[derive(Debug, Serialize)]
struct Network {
    run: String,
    deliveries: u64,
    waits: u64,
    cpu_seconds: f64,
    deliveries_per_cpu_second: f64,
    /// Most resident memory of the process since the run began.
    peak_bytes: u64,
}

pub(crate) fn run(args: &SimArgs, progress: &Progress) -> Result<()> {
    progress.begin("random numbers alone", 0);
    let draws_per_second = limit();
    let rows: Vec<Row> = runs(args.transactions)
        .iter()
        .map(|(name, scenario)| {
            progress.begin(name.clone(), 0);
            measure(name, scenario, draws_per_second)
        })
        .collect::<Result<_>>()?;
    let networks: Vec<Network> = NETWORKS
        .into_iter()
        .map(|(nodes, loss_share)| {
            let scenario = gossip::Scenario {
                loss_share,
                ..gossip::Scenario::new(nodes, (args.deliveries / u64::from(nodes)) as u32)
            };
            progress.begin(format!("{nodes} nodes"), 0);
            measure_network(&scenario)
        })
        .collect::<Result<_>>()?;
    progress.begin("selection in a node", 0);
    let selections = selection::measure();
    if args.json {
        return report::json(&Figures {
            runs: rows,
            networks,
            selections,
        });
    }
    let cells = |row: &Row| {
        vec![
            row.run.clone(),
            row.transactions.to_string(),
            format!("{:.2}", row.cpu_seconds),
            format!("{:.0}", row.transactions_per_cpu_second),
            format!("{:.1}", row.peak_bytes as f64 / 1e6),
            format!("{:.3}", row.limit_share),
        ]
    };
    let cells: Vec<_> = rows.iter().map(cells).collect();
    let heads = [
        "run",
        "transactions",
        "cpu s",
        "per cpu s",
        "peak MB",
        "of limit",
    ];
    report::table(&heads, &cells)?;
    network_table(&networks)?;
    report::note("\nin a node, 1,000 blocks/s, two parents, weights of 10,000 blocks");
    selection::table(&selections)
}

fn runs(transactions: u64) -> Vec<(String, Scenario)> {
    let mut runs: Vec<(String, Scenario)> = [100.0, 1_000.0]
        .into_iter()
        .map(|rate| {
            let scenario = Scenario::new(EngineChoice::Flow, transactions, rate);
            (format!("flow, uniform, lambda {rate}"), scenario)
        })
        .collect();
    for (rate, alpha, depth, share) in [
        (10.0, 0.001, 30.0, 50),
        (100.0, 0.001, 30.0, 50),
        (100.0, 0.1, 30.0, 50),
        (100.0, 0.5, 100.0, 100),
        (1_000.0, 0.0001, 30.0, 250),
    ] {
        let scenario = Scenario {
            strategy: StrategyChoice::Walk { alpha },
            walks: Some(WalkChoice {
                depth_seconds: Some(depth),
                particles: None,
            }),
            ..Scenario::new(EngineChoice::Walk, transactions / share, rate)
        };
        let name = format!("walk, alpha {alpha}, depth {depth} h, lambda {rate}");
        runs.push((name, scenario));
    }
    runs
}

fn measure(name: &str, scenario: &Scenario, draws_per_second: f64) -> Result<Row> {
    machine::reset_peak();
    let before = machine::cpu_seconds();
    black_box(growth::run(scenario, None)?);
    let cpu_seconds = machine::cpu_seconds() - before;
    let transactions = scenario.transactions;
    let per_second = transactions as f64 / cpu_seconds;
    Ok(Row {
        run: name.to_owned(),
        transactions,
        cpu_seconds,
        transactions_per_cpu_second: per_second,
        peak_bytes: machine::peak_bytes(),
        limit_share: per_second * DRAWS_PER_TRANSACTION / draws_per_second,
    })
}

fn measure_network(scenario: &gossip::Scenario) -> Result<Network> {
    machine::reset_peak();
    let before = machine::cpu_seconds();
    let report = gossip::run(scenario, None)?;
    let cpu_seconds = machine::cpu_seconds() - before;
    let (nodes, transactions) = (scenario.nodes, scenario.transactions);
    let lost = scenario.loss_share;
    Ok(Network {
        run: format!("{nodes} nodes, {transactions} transactions, {lost} lost"),
        deliveries: report.deliveries,
        waits: report.waits,
        cpu_seconds,
        deliveries_per_cpu_second: report.deliveries as f64 / cpu_seconds,
        peak_bytes: machine::peak_bytes(),
    })
}

fn network_table(networks: &[Network]) -> Result<()> {
    report::note("\nviews of many nodes, each with its own tips");
    let cells = |network: &Network| {
        vec![
            network.run.clone(),
            network.deliveries.to_string(),
            network.waits.to_string(),
            format!("{:.2}", network.cpu_seconds),
            format!("{:.0}", network.deliveries_per_cpu_second),
            format!("{:.1}", network.peak_bytes as f64 / 1e6),
        ]
    };
    let cells: Vec<_> = networks.iter().map(cells).collect();
    let heads = [
        "run",
        "deliveries",
        "waited",
        "cpu s",
        "per cpu s",
        "peak MB",
    ];
    report::table(&heads, &cells)
}

/// Random numbers in a second of processor time.
fn limit() -> f64 {
    let mut chance = Chance::new(1);
    let before = machine::cpu_seconds();
    let mut sum = 0_u64;
    for _ in 0..DRAWS {
        sum = sum.wrapping_add(chance.next());
    }
    black_box(sum);
    DRAWS as f64 / (machine::cpu_seconds() - before).max(0.01)
}
