//! `tangle sim report`: simulates all that `docs/tip-selection.md` says, and prints that page and
//! its plots.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use tangle_sim::attack::{Attack, Critical, Odds, Setup};
use tangle_sim::growth::{self, EngineChoice, Scenario, StrategyChoice, WalkChoice};
use tangle_sim::plot::{Plot, Point, Series};
use tangle_sim::theory;

use super::attack::{in_words, search, trials};
use super::growth::disk;
use super::jobs::in_order;
use crate::failure::Outcome;
use crate::terminal::Terminal;

/// What the page says between its figures.
const HEAD: &str = include_str!("report/head.md");
const TIPS: &str = include_str!("report/tips.md");
const WEIGHT: &str = include_str!("report/weight.md");
const LEFT: &str = include_str!("report/left.md");
const ATTACKS: &str = include_str!("report/attacks.md");
const CRITICAL: &str = include_str!("report/critical.md");
const BY_RULE: &str = include_str!("report/by-rule.md");
const COORDINATOR: &str = include_str!("report/coordinator.md");
const CHOICE: &str = include_str!("report/choice.md");
/// Rates at which tips are counted, and transactions for each.
const RATES: [f64; 6] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0];
const TIPS_TRANSACTIONS: u64 = 60_000;
/// Rates at which it is counted what is left behind, and the biases.
const LEFT_RATES: [f64; 4] = [3.0, 10.0, 30.0, 100.0];
const LEFT_ALPHAS: [f64; 8] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
const LEFT_TRANSACTIONS: u64 = 80_000;
/// Shares of attackers that are plotted.
const SHARES: [f64; 9] = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6];
/// Attacks that are plotted.
const PLOTTED: [Attack; 4] = [
    Attack::DoubleSpend,
    Attack::ParasiteTips,
    Attack::Splitting,
    Attack::GenesisTips,
];

/// Attacks that depend on where walks start.
const DEEP: [Attack; 4] = [
    Attack::DoubleSpend,
    Attack::ParasiteChain,
    Attack::ParasiteRoots,
    Attack::Splitting,
];

/// Flags of `tangle sim report`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArguments {
    /// The directory for `tip-selection.md` and its plots.
    #[arg(long, value_name = "DIRECTORY", default_value = "docs")]
    out: PathBuf,
    /// Trials of each attack with each strategy and share.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    trials: u64,
    /// Runs at once; by default one for each processor. Results do not depend on it.
    #[arg(long)]
    jobs: Option<usize>,
}

/// A strategy with its name on the page.
type Named = (&'static str, StrategyChoice);

fn strategies() -> Vec<Named> {
    vec![
        ("urts", StrategyChoice::Urts {}),
        ("walk 0.001", StrategyChoice::Walk { alpha: 0.001 }),
        ("walk 0.01", StrategyChoice::Walk { alpha: 0.01 }),
        ("walk 0.1", StrategyChoice::Walk { alpha: 0.1 }),
        ("hybrid 0.1", StrategyChoice::Hybrid { alpha: 0.1 }),
        (
            "e-iota 0.01/1",
            StrategyChoice::EIota {
                share_none: 0.1,
                share_low: 0.5,
                alpha_low: 0.01,
                alpha_high: 1.0,
            },
        ),
        ("heaviest", StrategyChoice::Heaviest {}),
    ]
}

/// The page, and the plots beside it.
struct Page<'a> {
    arguments: &'a ReportArguments,
    terminal: &'a Terminal,
    text: String,
    plots: Vec<(&'static str, String)>,
}

/// Makes the report.
pub(super) fn run(arguments: &ReportArguments, terminal: &Terminal) -> Outcome {
    let mut page = Page {
        arguments,
        terminal,
        text: HEAD
            .replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("{trials}", &arguments.trials.to_string()),
        plots: Vec::new(),
    };
    page.tips();
    page.weight();
    page.left_behind();
    page.attacks();
    page.coordinator();
    page.text.push_str(CHOICE);
    terminal.live(None);
    let file = arguments.out.join("tip-selection.md");
    let beside = arguments.out.join("tip-selection");
    fs::create_dir_all(&beside).map_err(|error| disk(&beside, &error))?;
    fs::write(&file, &page.text).map_err(|error| disk(&file, &error))?;
    for (name, svg) in &page.plots {
        let file = beside.join(name);
        fs::write(&file, svg).map_err(|error| disk(&file, &error))?;
    }
    terminal.say(&format!(
        "wrote {} and {} plots",
        file.display(),
        page.plots.len()
    ));
    Ok(())
}

fn exact(x: f64, y: f64) -> Point {
    Point {
        x,
        y,
        interval: None,
    }
}

/// A scenario for the engine that is quickest for its strategy.
fn scenario(
    strategy: StrategyChoice,
    transactions: u64,
    rate: f64,
    depth: Option<f64>,
) -> Scenario {
    let is_uniform = matches!(strategy, StrategyChoice::Urts {});
    let engine = match is_uniform {
        true => EngineChoice::Flow,
        false => EngineChoice::Walk,
    };
    Scenario {
        seed: 1,
        strategy,
        walks: (!is_uniform).then_some(WalkChoice {
            depth_seconds: depth,
            particles: None,
        }),
        ..Scenario::new(engine, transactions, rate)
    }
}

impl Page<'_> {
    fn say(&self, what: &str, done: usize, all: usize) {
        self.terminal
            .live(Some(&format!("{what}: {done} of {all}")));
    }

    fn reports(&self, what: &str, scenarios: &[Scenario]) -> Vec<growth::Report> {
        let play = |scenario: &Scenario| {
            growth::run(scenario, None).expect("the report's scenarios make sense")
        };
        in_order(scenarios, self.arguments.jobs, play, |done| {
            self.say(what, done, scenarios.len());
        })
    }

    fn figure(&mut self, name: &'static str, plot: &Plot) {
        let _ = writeln!(self.text, "![{}](tip-selection/{name})\n", plot.title);
        self.plots.push((name, plot.svg()));
    }

    /// A table with a row for each line of a plot, a column for each place.
    fn table(&mut self, corner: &str, plot: &Plot, decimals: usize) {
        let Some(first) = plot.series.first() else {
            return;
        };
        let mut out = format!("| {corner} |");
        first.points.iter().for_each(|point| {
            let _ = write!(out, " {} |", point.x);
        });
        let _ = write!(out, "\n|---|{}", "---|".repeat(first.points.len()));
        for series in &plot.series {
            let _ = write!(out, "\n| {} |", series.name);
            series.points.iter().for_each(|point| {
                let _ = write!(out, " {:.decimals$} |", point.y);
            });
        }
        out.push_str("\n\n");
        self.text.push_str(&out);
    }

    fn tips(&mut self) {
        self.text.push_str(TIPS);
        let strategies = strategies();
        let scenarios: Vec<Scenario> = strategies
            .iter()
            .flat_map(|(_, strategy)| {
                RATES.map(|rate| scenario(*strategy, TIPS_TRANSACTIONS, rate, None))
            })
            .collect();
        let reports = self.reports("tips", &scenarios);
        let lines = strategies.iter().zip(reports.chunks(RATES.len()));
        let series = lines.map(|((name, _), reports)| Series {
            name: (*name).to_owned(),
            points: RATES
                .into_iter()
                .zip(reports)
                .map(|(rate, report)| exact(rate, report.tips.mean_ratio))
                .collect(),
        });
        let plot = Plot {
            title: "Tips over those that arrive in a delay".to_owned(),
            x_label: "arrivals in a delay, lambda h".to_owned(),
            y_label: "L / (lambda h)".to_owned(),
            is_x_log: true,
            is_y_log: true,
            series: series.collect(),
        };
        self.figure("tips.svg", &plot);
        self.table("L / (lambda h) at lambda h =", &plot, 2);
    }

    fn weight(&mut self) {
        self.text.push_str(WEIGHT);
        let rates = [10.0, 100.0, 1_000.0];
        let scenarios = rates.map(|rate| Scenario {
            follow_weight_seconds: Some(40.0),
            warm_up_share: 0.05,
            ..scenario(StrategyChoice::Urts {}, 1_500_000, rate, None)
        });
        let reports = self.reports("weight", &scenarios);
        let series = rates
            .into_iter()
            .zip(&reports)
            .map(|(rate, report)| Series {
                name: format!("lambda h = {rate}"),
                points: report
                    .weight
                    .iter()
                    .step_by(4)
                    .map(|point| exact(point.age_seconds, point.weight))
                    .collect(),
            });
        let plot = Plot {
            title: "Cumulative weight by age".to_owned(),
            x_label: "age since reveal, in h".to_owned(),
            y_label: "mean weight".to_owned(),
            is_x_log: false,
            is_y_log: true,
            series: series.collect(),
        };
        self.figure("weight.svg", &plot);
        let mut out = String::from(
            "| lambda h | lag tau, measured | by the fit | early rate per h, by theory | walk depth \
             by rule |\n|---|---|---|---|---|\n",
        );
        for (rate, report) in rates.into_iter().zip(&reports) {
            let last = report.weight.last();
            let lag = last.map_or(f64::NAN, |last| last.age_seconds - last.weight / rate);
            let _ = writeln!(
                out,
                "| {rate} | {lag:.2} | {:.2} | {:.4} | {:.1} |",
                tangle_dag::adaptation(rate),
                theory::growth_rate(2.0),
                tangle_dag::walk_depth(rate)
            );
        }
        out.push('\n');
        self.text.push_str(&out);
    }

    fn left_behind(&mut self) {
        self.text.push_str(LEFT);
        let scenarios: Vec<Scenario> = LEFT_RATES
            .into_iter()
            .flat_map(|rate| {
                LEFT_ALPHAS.map(|alpha| Scenario {
                    window_seconds: Some(240.0),
                    ..scenario(
                        StrategyChoice::Walk { alpha },
                        LEFT_TRANSACTIONS,
                        rate,
                        Some(60.0),
                    )
                })
            })
            .collect();
        let reports = self.reports("left behind", &scenarios);
        let lines = LEFT_RATES
            .into_iter()
            .zip(reports.chunks(LEFT_ALPHAS.len()));
        let series = lines.map(|(rate, reports)| Series {
            name: format!("lambda h = {rate}"),
            points: LEFT_ALPHAS
                .into_iter()
                .zip(reports)
                .map(|(alpha, report)| {
                    let walks = report.walks.as_ref();
                    exact(
                        alpha,
                        walks.map_or(f64::NAN, |walks| walks.left_behind_share),
                    )
                })
                .collect(),
        });
        let plot = Plot {
            title: "Share of honest blocks left behind by walks".to_owned(),
            x_label: "alpha".to_owned(),
            y_label: "left behind".to_owned(),
            is_x_log: true,
            is_y_log: true,
            series: series.collect(),
        };
        self.figure("left-behind.svg", &plot);
        self.table("left behind at alpha =", &plot, 5);
    }

    fn attacks(&mut self) {
        self.text.push_str(ATTACKS);
        for attack in PLOTTED {
            let plot = self.attack_plot(attack);
            let name = match attack {
                Attack::DoubleSpend => "double-spend.svg",
                Attack::ParasiteTips => "parasite-tips.svg",
                Attack::Splitting => "splitting.svg",
                _ => "genesis-tips.svg",
            };
            self.figure(name, &plot);
        }
        self.text.push_str(CRITICAL);
        self.critical_table(&Attack::ALL, false);
        self.text.push_str(BY_RULE);
        self.critical_table(&DEEP, true);
    }

    fn attack_plot(&self, attack: Attack) -> Plot {
        let mut series = Vec::new();
        for (name, strategy) in strategies() {
            let pairs: Vec<(Setup, u64)> = SHARES
                .into_iter()
                .flat_map(|share| {
                    let setup = Setup::new(attack, strategy, share);
                    (0..self.arguments.trials).map(move |seed| (setup, seed))
                })
                .collect();
            let what = format!("{attack}, {name}");
            let results = trials(&pairs, self.arguments.jobs, |done| {
                self.say(&what, done, pairs.len());
            });
            let groups = results.chunks(self.arguments.trials as usize);
            let points = SHARES.into_iter().zip(groups).map(|(share, group)| {
                let succeeded = group.iter().filter(|trial| trial.succeeded).count();
                let odds = Odds::new(succeeded as u64, group.len() as u64);
                Point {
                    x: share,
                    y: odds.share,
                    interval: Some((odds.low, odds.high)),
                }
            });
            series.push(Series {
                name: name.to_owned(),
                points: points.collect(),
            });
        }
        Plot {
            title: format!("Success of {attack}, without a coordinator"),
            x_label: "the attacker's share of all blocks".to_owned(),
            y_label: "share of attacks that succeed".to_owned(),
            is_x_log: false,
            is_y_log: false,
            series,
        }
    }

    fn critical_table(&mut self, attacks: &[Attack], is_depth_by_rule: bool) {
        let strategies = strategies();
        let mut out = String::from("| attack |");
        for (name, _) in &strategies {
            let _ = write!(out, " {name} |");
        }
        let _ = write!(out, "\n|---|{}", "---|".repeat(strategies.len()));
        for attack in attacks {
            let _ = write!(out, "\n| {attack} |");
            for (name, strategy) in &strategies {
                let setup = Setup::new(*attack, *strategy, 0.0);
                let setup = Setup {
                    depth: setup.depth.filter(|_| !is_depth_by_rule),
                    ..setup
                };
                let (trials, jobs) = (self.arguments.trials, self.arguments.jobs);
                let critical = search(&setup, trials, jobs, |share| {
                    let text = format!("{attack}, {name}: share {share:.2}");
                    self.terminal.live(Some(&text));
                });
                let _ = write!(out, " {} |", cell(&critical));
            }
        }
        out.push_str("\n\n");
        self.text.push_str(&out);
    }

    /// The same attacks against milestones.
    fn coordinator(&mut self) {
        self.text.push_str(COORDINATOR);
        let mut out = String::from(
            "| attack | trials | payments confirmed | both spends applied |\n|---|---|---|---|\n",
        );
        for attack in Attack::ALL {
            let pairs: Vec<(Setup, u64)> = [0.1, 0.5, 0.8]
                .into_iter()
                .flat_map(|share| {
                    let setup = Setup {
                        coordinator: true,
                        per_delay: 10.0,
                        ..Setup::new(attack, StrategyChoice::Walk { alpha: 0.01 }, share)
                    };
                    (0..self.arguments.trials).map(move |seed| (setup, seed))
                })
                .collect();
            let results = trials(&pairs, self.arguments.jobs, |done| {
                self.say(&format!("{attack}, with milestones"), done, pairs.len());
            });
            let contents = results
                .iter()
                .filter(|trial| trial.content_after.is_some())
                .count();
            let succeeded = results.iter().filter(|trial| trial.succeeded).count();
            let _ = writeln!(
                out,
                "| {attack} | {} | {contents} | {succeeded} |",
                results.len()
            );
        }
        out.push('\n');
        self.text.push_str(&out);
    }
}

/// A critical share as a cell of a table.
fn cell(critical: &Critical) -> String {
    in_words(critical)
        .replace("half succeed at any share", "any")
        .replace("half succeed at ", "")
        .replace("fewer than half succeed up to 0.9", "never")
}
