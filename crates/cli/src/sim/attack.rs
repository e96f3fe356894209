//! `tangle sim attack`: how often attacks on a Tangle succeed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tangle_sim::attack::{
    Aim, Attack, Critical, Odds, Rule, Search, Setup, SetupError, Trial, trial,
};
use tangle_sim::growth::StrategyChoice;

use super::growth::disk;
use super::jobs::{in_order, seeds};
use crate::failure::{Code, Failure, Outcome};
use crate::sections::TipStrategy;
use crate::terminal::Terminal;

/// Shares between which the critical one is searched, and how exactly.
const CRITICAL_SHARES: Range<f64> = 0.0..0.9;
const CRITICAL_PRECISION: f64 = 0.02;

/// Flags of `tangle sim attack`.
#[derive(Clone, Debug, Args)]
pub(crate) struct AttackArguments {
    /// Attacks; all of them when none is named.
    #[arg(value_name = "ATTACK", value_parser = attack_name())]
    attacks: Vec<String>,
    /// How honest issuers choose parents.
    #[arg(long, value_enum, default_value_t = TipStrategy::Walk)]
    strategy: TipStrategy,
    /// Biases of walks to weight; of `e-iota` the low one, the high one being ten times that.
    #[arg(
        long,
        value_name = "ALPHAS",
        value_delimiter = ',',
        default_value = "0.01"
    )]
    alpha: Vec<f64>,
    /// The attacker's shares of all blocks.
    #[arg(
        long,
        value_name = "SHARES",
        value_delimiter = ',',
        default_value = "0.1,0.2,0.3,0.4,0.5"
    )]
    share: Vec<f64>,
    /// Search for the share at which half of the attacks succeed, instead.
    #[arg(long)]
    critical: bool,
    /// Blocks of all issuers in a delay: the time until others see a block, which is the unit of
    /// all times.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// The merchant waits for this cumulative weight of the payment.
    #[arg(long, default_value_t = 100, conflicts_with = "confidence")]
    weight: u64,
    /// The merchant waits until this share of new blocks would approve the payment.
    #[arg(long)]
    confidence: Option<f64>,
    /// The merchant waits until the payment is so many delays old.
    #[arg(long, conflicts_with_all = ["weight", "confidence"])]
    age: Option<f64>,
    /// Delays by which a parasite begins before the payment.
    #[arg(long, default_value_t = 5.0)]
    lead: f64,
    /// Delays that the merchant waits at most.
    #[arg(long, default_value_t = 60.0)]
    patience: f64,
    /// Delays for which the attacker goes on after that; by default what the attack needs.
    #[arg(long)]
    settle: Option<f64>,
    /// Age in delays of the block at which walks start; by default they start at the genesis.
    #[arg(long)]
    depth: Option<f64>,
    /// Let walks start at the age that a node takes for the rate.
    #[arg(long, conflicts_with = "depth")]
    depth_by_rule: bool,
    /// Let a coordinator's milestones decide, on real engines. A success is then a failure.
    #[arg(long)]
    coordinator: bool,
    /// Seeds: one, or `A..B` without B.
    #[arg(long, value_name = "A..B", default_value = "0..100", value_parser = seeds)]
    seeds: Range<u64>,
    /// Trials at once; by default one for each processor. Results do not depend on it.
    #[arg(long)]
    jobs: Option<usize>,
    /// Write a row for each point.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print JSON, a line for each point, with everything that was in force.
    #[arg(long)]
    pub(crate) json: bool,
}

fn attack_name() -> clap::builder::PossibleValuesParser {
    Attack::ALL.map(Attack::name).into()
}

/// A strategy by its name, with a bias if it has one.
pub(super) fn strategy(name: TipStrategy, alpha: f64) -> StrategyChoice {
    match name {
        TipStrategy::Urts => StrategyChoice::Urts {},
        TipStrategy::Rurts => StrategyChoice::Rurts {
            age_max_seconds: 5.0,
        },
        TipStrategy::Walk => StrategyChoice::Walk { alpha },
        TipStrategy::Hybrid => StrategyChoice::Hybrid { alpha },
        TipStrategy::EIota => StrategyChoice::EIota {
            share_none: 0.1,
            share_low: 0.5,
            alpha_low: alpha,
            alpha_high: alpha * 10.0,
        },
        TipStrategy::Heaviest => StrategyChoice::Heaviest {},
    }
}

/// What came of all trials of a setup, or of a search.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Point {
    version: &'static str,
    setup: Setup,
    aim: Aim,
    seeds: Range<u64>,
    #[serde(flatten)]
    found: Found,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
enum Found {
    Odds {
        #[serde(flatten)]
        odds: Odds,
        /// Mean delays until the merchant was content, and trials in which that came about.
        content_after: Option<f64>,
        content_count: u64,
    },
    Critical(Critical),
}

/// Attacks.
pub(super) fn run(arguments: &AttackArguments, terminal: &Terminal) -> Outcome {
    let setups = setups(arguments)?;
    let points = if arguments.critical {
        search_all(arguments, &setups, terminal)
    } else {
        try_all(arguments, &setups, terminal)
    };
    terminal.live(None);
    if let Some(file) = &arguments.csv {
        let written = File::create(file).and_then(|file| table(&points, BufWriter::new(file)));
        written.map_err(|error| disk(file, &error))?;
    }
    for point in &points {
        if terminal.is_json() {
            terminal.json(point);
        } else {
            terminal.line(&line(point));
        }
    }
    let successes: u64 = points.iter().map(successes).sum();
    if arguments.coordinator && successes > 0 {
        let text = format!("{successes} attacks succeeded in spite of the coordinator");
        return Err(Failure::new(Code::Check, text));
    }
    Ok(())
}

fn successes(point: &Point) -> u64 {
    match &point.found {
        Found::Odds { odds, .. } => odds.successes,
        Found::Critical(critical) => u64::from(critical.below.is_some()),
    }
}

fn setups(arguments: &AttackArguments) -> Outcome<Vec<Setup>> {
    let named: Vec<Attack> = arguments
        .attacks
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    let attacks = if named.is_empty() {
        Attack::ALL.to_vec()
    } else {
        named
    };
    let has_alpha = strategy(arguments.strategy, 1.0).alpha().is_some();
    let alphas = match has_alpha {
        true => &arguments.alpha[..],
        false => &[0.0],
    };
    let shares = match arguments.critical {
        true => &[0.0],
        false => &arguments.share[..],
    };
    let mut setups = Vec::new();
    for attack in attacks {
        for alpha in alphas {
            for share in shares {
                let strategy = strategy(arguments.strategy, *alpha);
                let setup = arguments.setup(attack, strategy, *share);
                setups.push(setup.effective().map_err(|error| wrong(&error))?);
            }
        }
    }
    Ok(setups)
}

fn wrong(error: &SetupError) -> Box<Failure> {
    Failure::new(Code::Input, error)
}

impl AttackArguments {
    fn setup(&self, attack: Attack, strategy: StrategyChoice, share: f64) -> Setup {
        let setup = Setup::new(attack, strategy, share);
        Setup {
            per_delay: self.rate,
            rule: match (self.confidence, self.age) {
                (Some(least), _) => Rule::Confidence { least },
                (None, Some(least)) => Rule::Age { least },
                (None, None) => Rule::Weight { least: self.weight },
            },
            coordinator: self.coordinator,
            lead: self.lead,
            patience: self.patience,
            settle: self.settle.unwrap_or(setup.settle),
            depth: match self.depth_by_rule {
                true => None,
                false => self.depth.or(setup.depth),
            },
            ..setup
        }
    }
}

/// Trials of many setups at once; the results are in the order of the pairs.
pub(super) fn trials(
    pairs: &[(Setup, u64)],
    jobs: Option<usize>,
    progress: impl FnMut(usize),
) -> Vec<Trial> {
    let play = |(setup, seed): &(Setup, u64)| {
        trial(setup, *seed).expect("the setup was checked when it was made")
    };
    in_order(pairs, jobs, play, progress)
}

fn try_all(arguments: &AttackArguments, setups: &[Setup], terminal: &Terminal) -> Vec<Point> {
    let pairs: Vec<(Setup, u64)> = setups
        .iter()
        .flat_map(|setup| arguments.seeds.clone().map(|seed| (*setup, seed)))
        .collect();
    let results = trials(&pairs, arguments.jobs, |count| {
        terminal.live(Some(&format!("{count} of {} trials", pairs.len())));
    });
    let per_setup = pairs.len() / setups.len().max(1);
    let points = setups.iter().zip(results.chunks(per_setup.max(1)));
    points
        .map(|(setup, trials)| odds_of(*setup, arguments.seeds.clone(), trials))
        .collect()
}

/// What trials of a setup came to.
pub(super) fn odds_of(setup: Setup, seeds: Range<u64>, trials: &[Trial]) -> Point {
    let succeeded = trials.iter().filter(|trial| trial.succeeded).count();
    let contents: Vec<f64> = trials
        .iter()
        .filter_map(|trial| trial.content_after)
        .collect();
    let mean = contents.iter().sum::<f64>() / contents.len().max(1) as f64;
    let found = Found::Odds {
        odds: Odds::new(succeeded as u64, trials.len() as u64),
        content_after: (!contents.is_empty()).then_some(mean),
        content_count: contents.len() as u64,
    };
    point(setup, seeds, found)
}

fn point(setup: Setup, seeds: Range<u64>, found: Found) -> Point {
    Point {
        version: env!("CARGO_PKG_VERSION"),
        setup,
        aim: setup.attack.aim(),
        seeds,
        found,
    }
}

fn search_all(arguments: &AttackArguments, setups: &[Setup], terminal: &Terminal) -> Vec<Point> {
    let trials_max = arguments.seeds.end - arguments.seeds.start;
    let mut points = Vec::new();
    for setup in setups {
        let critical = search(setup, trials_max, arguments.jobs, |share| {
            let text = format!("{}: share {share:.3}", setup.attack);
            terminal.live(Some(&text));
        });
        let seeds = arguments.seeds.clone();
        points.push(point(*setup, seeds, Found::Critical(critical)));
    }
    points
}

/// The share at which half of the attacks succeed.
pub(super) fn search(
    setup: &Setup,
    trials_max: u64,
    jobs: Option<usize>,
    mut progress: impl FnMut(f64),
) -> Critical {
    let mut search = Search::new(CRITICAL_SHARES, CRITICAL_PRECISION, trials_max);
    while let Some(question) = search.ask() {
        progress(question.share);
        let share = question.share;
        let pairs: Vec<(Setup, u64)> = question
            .seeds
            .map(|seed| (Setup { share, ..*setup }, seed))
            .collect();
        let results = trials(&pairs, jobs, |_| {});
        search.tell(results.iter().filter(|trial| trial.succeeded).count() as u64);
    }
    search.critical()
}

fn line(point: &Point) -> String {
    let Setup {
        attack,
        strategy: choice,
        share,
        ..
    } = point.setup;
    let head = format!("{:<15} {:<14}", attack.name(), choice.to_string());
    match &point.found {
        Found::Odds {
            odds,
            content_after,
            ..
        } => {
            let waits = content_after.map_or_else(String::new, |delays| {
                format!(", merchant content after {delays:.1}")
            });
            format!(
                "{head} share {share:<5} {:>5} of {:<5} {:.3} ({:.3} to {:.3}){waits}",
                odds.successes, odds.trials, odds.share, odds.low, odds.high
            )
        }
        Found::Critical(critical) => format!("{head} {}", in_words(critical)),
    }
}

/// Where half of the attacks succeed, in words.
pub(super) fn in_words(critical: &Critical) -> String {
    match (critical.above, critical.below) {
        (Some(above), Some(below)) => format!("half succeed at {:.2}", (above + below) / 2.0),
        (None, Some(_)) => "half succeed at any share".to_owned(),
        (_, None) => format!("fewer than half succeed up to {}", CRITICAL_SHARES.end),
    }
}

fn table(points: &[Point], mut out: impl Write) -> io::Result<()> {
    writeln!(
        out,
        "attack,aim,strategy,alpha,rate,share,coordinator,first_seed,trials,successes,\
         success_share,wilson_low,wilson_high,content_after,critical_above,critical_below,version"
    )?;
    for point in points {
        let setup = &point.setup;
        let alpha = setup
            .strategy
            .alpha()
            .map_or_else(String::new, |it| it.to_string());
        write!(
            out,
            "{},{:?},{},{alpha},{},{},{},{},",
            setup.attack,
            point.aim,
            setup.strategy.name(),
            setup.per_delay,
            setup.share,
            setup.coordinator,
            point.seeds.start,
        )?;
        let text = |value: Option<f64>| value.map_or_else(String::new, |it| it.to_string());
        match &point.found {
            Found::Odds {
                odds,
                content_after,
                ..
            } => write!(
                out,
                "{},{},{},{},{},{},,",
                odds.trials,
                odds.successes,
                odds.share,
                odds.low,
                odds.high,
                text(*content_after)
            )?,
            Found::Critical(critical) => write!(
                out,
                ",,,,,,{},{}",
                text(critical.above),
                text(critical.below)
            )?,
        }
        writeln!(out, ",{}", point.version)?;
    }
    out.flush()
}
