//! `tangle spam`: load for a node, and what became of it.

use std::time::Duration;

use clap::Args;
use rand::Rng;
use tangle_apps::{Mix, Pairs, Sample, SpamConfig, SpamError, SpamProgress, SpamSummary, Spammer};
use tangle_client::{Client, ClientError};
use tangle_types::words::plain;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::failure::{Code, Failure, Outcome};
use crate::service::stop_signal;
use crate::status::client_failure;
use crate::terminal::Terminal;
use crate::tool::print_rows;
use crate::wallet::FAUCET_PATH;

/// Time between two live lines.
const LIVE_INTERVAL: Duration = Duration::from_millis(500);
/// Marks the blocks when nobody says with what.
pub(crate) const TAG: &str = "TANGLE SPAM";

/// Flags of `tangle spam`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SpamArguments {
    /// The node.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:14265")]
    node: String,
    /// Blocks a second; 0 sends as many as the node takes.
    #[arg(long, value_name = "N", default_value = "10", value_parser = rate)]
    rate: f64,
    /// Seconds to send; by default until Ctrl-C.
    #[arg(long = "for", value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=SpamConfig::SECONDS_MAX))]
    seconds: Option<u64>,
    /// Blocks to send; by default any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    blocks: Option<u64>,
    /// Weight of blocks with data; 1 when no weight is given.
    #[arg(long, value_name = "WEIGHT", value_parser = weight())]
    data: Option<u32>,
    /// Weight of transfers, whose coins come from the faucet.
    #[arg(long, value_name = "WEIGHT", value_parser = weight())]
    value: Option<u32>,
    /// Weight of pairs of transfers that spend the same output, of which exactly one gets included;
    /// a pair is two blocks.
    #[arg(long, value_name = "WEIGHT", value_parser = weight())]
    conflicts: Option<u32>,
    /// Bytes of data in a block with data.
    #[arg(long, value_name = "BYTES", default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(0..=i64::from(SpamConfig::SIZE_BYTES_MAX)))]
    size: u16,
    /// Marks the blocks; at most 64 bytes. Tags of transfers end with a digit besides.
    #[arg(long, value_name = "TEXT", default_value = TAG, value_parser = tag)]
    tag: String,
    /// The faucet; by default the one of the node.
    #[arg(long, value_name = "URL")]
    faucet: Option<String>,
    /// Connections to the node, each with one block at a time and one thread for proof of work.
    #[arg(long, value_name = "N", default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// What the key and the data follow from; the same seed has the same coins. By default random.
    #[arg(long)]
    seed: Option<u64>,
    /// Print one object of JSON at the end.
    #[arg(long)]
    pub(crate) json: bool,
}

fn weight() -> impl clap::builder::TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(0..=i64::from(SpamConfig::WEIGHT_MAX))
}

fn rate(text: &str) -> Result<f64, String> {
    let rates = SpamConfig::RATES;
    let rate = text.parse::<f64>().ok();
    rate.filter(|rate| *rate == 0.0 || rates.contains(rate))
        .ok_or_else(|| {
            let (least, most) = rates.into_inner();
            format!("0, or {least} to {most} blocks a second are possible")
        })
}

fn tag(text: &str) -> Result<String, String> {
    let (bytes, most) = (text.len(), SpamConfig::TAG_BYTES_MAX);
    if bytes > most {
        return Err(format!("it has {bytes} bytes, at most {most} fit"));
    }
    Ok(text.to_owned())
}

/// Spams a node until a limit or a signal, and sums up.
pub(crate) fn run(arguments: &SpamArguments, terminal: &Terminal) -> Outcome {
    let config = arguments.config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, error))?;
    let client = Client::new(&arguments.node).map_err(client_failure)?;
    let faucet = match &arguments.faucet {
        Some(url) => url.clone(),
        None => format!("{}{FAUCET_PATH}", client.url()),
    };
    let faucet = Client::new(&faucet).map_err(client_failure)?;
    let summary = runtime.block_on(spam(client, &faucet, config, terminal))?;
    if terminal.is_json() {
        terminal.json(&summary);
    } else {
        show(&summary, terminal);
    }
    check(&summary)
}

impl SpamArguments {
    fn config(&self) -> Outcome<SpamConfig> {
        let mix = match (self.data, self.value, self.conflicts) {
            (None, None, None) => Mix {
                data: 1,
                value: 0,
                conflicts: 0,
            },
            (data, value, conflicts) => Mix {
                data: data.unwrap_or_default(),
                value: value.unwrap_or_default(),
                conflicts: conflicts.unwrap_or_default(),
            },
        };
        if mix.data == 0 && mix.value == 0 && mix.conflicts == 0 {
            return Err(
                Failure::new(Code::Input, "all weights are 0: nothing would be sent")
                    .help("give at least one of --data, --value and --conflicts a weight"),
            );
        }
        Ok(SpamConfig {
            rate: (self.rate > 0.0).then_some(self.rate),
            duration: self.seconds.map(Duration::from_secs),
            blocks_max: self.blocks,
            mix,
            size_bytes: usize::from(self.size),
            tag: self.tag.clone().into_bytes(),
            connections: usize::from(self.connections),
            seed: self.seed.unwrap_or_else(|| rand::rng().random()),
        })
    }
}

/// Sends and shows how far it is.
async fn spam(
    client: Client,
    faucet: &Client,
    config: SpamConfig,
    terminal: &Terminal,
) -> Outcome<SpamSummary> {
    let mut signal = std::pin::pin!(stop_signal()?);
    terminal.live(Some("getting ready …"));
    let prepared = tokio::select! {
        prepared = Spammer::prepare(client, faucet, config) => prepared,
        () = &mut signal => Err(SpamError::Stopped),
    };
    terminal.live(None);
    let spammer = prepared.map_err(spam_failure)?;
    let (stop, is_stopping) = watch::channel(false);
    let mut running = std::pin::pin!(spammer.run(is_stopping));
    let mut looks = tokio::time::interval(LIVE_INTERVAL);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = (Instant::now(), SpamProgress::default());
    loop {
        tokio::select! {
            summary = &mut running => {
                terminal.live(None);
                return Ok(summary);
            }
            () = &mut signal, if !*stop.borrow() => {
                stop.send_replace(true);
                terminal.live(Some("summing up …"));
            }
            now = looks.tick(), if !*stop.borrow() => {
                let progress = spammer.progress();
                terminal.live(Some(&live_line(before, (now, progress))));
                before = (now, progress);
            }
        }
    }
}

fn live_line(before: (Instant, SpamProgress), now: (Instant, SpamProgress)) -> String {
    let seconds = (now.0 - before.0).as_secs_f64().max(0.001);
    let rate = (now.1.accepted - before.1.accepted) as f64 / seconds;
    format!(
        "{rate:.1} blocks/s   {} sent   {} refused   {} in flight   Ctrl-C sums up",
        now.1.accepted, now.1.refused, now.1.in_flight
    )
}

fn show(summary: &SpamSummary, terminal: &Terminal) {
    let SpamSummary {
        data,
        value,
        conflicts,
        ..
    } = summary;
    let asked = match summary.asked_rate {
        0.0 => "as many as the node takes".to_owned(),
        rate => format!("of {rate}/s asked for"),
    };
    let mut rows = vec![
        (
            "sent",
            format!("{} blocks in {:.1} s", summary.accepted, summary.seconds),
        ),
        ("rate", format!("{:.1}/s, {asked}", summary.rate)),
        (
            "kinds",
            format!("{data} data, {value} transfers, {conflicts} conflicting transfers"),
        ),
    ];
    rows.extend(fates(summary));
    rows.push(("seed", summary.seed.to_string()));
    print_rows(&rows, terminal);
}

/// What became of the blocks, in words.
pub(crate) fn fates(summary: &SpamSummary) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if summary.sample.blocks > 0 {
        rows.push(("sample", sample_line(&summary.sample)));
    }
    if let (Some(p50), Some(p99)) = (
        summary.sample.inclusion_p50_ms,
        summary.sample.inclusion_p99_ms,
    ) {
        rows.push(("inclusion", format!("p50 {p50} ms, p99 {p99} ms")));
    }
    if summary.pairs.sent > 0 {
        rows.push(("pairs", pairs_line(&summary.pairs)));
    }
    if summary.missed > 0 {
        rows.push((
            "missed",
            format!(
                "{} blocks: the node or this machine was too slow",
                summary.missed
            ),
        ));
    }
    for (reason, refusal) in &summary.refusals {
        let text = format!("{} times {reason}: {}", refusal.count, refusal.message);
        rows.push(("refused", plain(&text)));
    }
    rows
}

fn sample_line(sample: &Sample) -> String {
    let confirmed = sample.no_transaction + sample.included;
    format!(
        "{} of {} blocks that were followed confirmed, {} conflicting, {} undecided",
        confirmed, sample.blocks, sample.conflicting, sample.undecided
    )
}

fn pairs_line(pairs: &Pairs) -> String {
    let mut text = format!(
        "{} of {} have one transfer included and one conflicting",
        pairs.decided, pairs.sent
    );
    for (count, what) in [
        (pairs.undecided, "undecided"),
        (pairs.none_included, "with none included"),
        (pairs.both_included, "with both included"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

/// A run that sent nothing, or that saw a double spend, is no success.
fn check(summary: &SpamSummary) -> Outcome {
    if summary.pairs.both_included > 0 {
        let message = "a double spend: both transfers of a pair are included";
        return Err(Failure::new(Code::Check, message).with("pairs", summary.pairs.both_included));
    }
    let refusal = summary
        .refusals
        .values()
        .max_by_key(|refusal| refusal.count);
    match refusal {
        Some(refusal) if summary.accepted == 0 => {
            let message = format!("the node took no block: {}", refusal.message);
            Err(Failure::new(Code::Refused, message)
                .help("is it healthy? tangle status tells; --rate sends less"))
        }
        _ => Ok(()),
    }
}

fn spam_failure(error: SpamError) -> Box<Failure> {
    match error {
        SpamError::Node(error) => client_failure(error),
        SpamError::Faucet(ClientError::Address { .. } | ClientError::Unreachable { .. }) => {
            Failure::new(Code::Unreachable, error).help(
                "transfers need coins: tangle dev has a faucet, --faucet URL names another; \
                 --data needs none",
            )
        }
        SpamError::Faucet(_) => Failure::new(Code::Refused, error)
            .help("a faucet that has been asked often pays again later; --data needs no coins"),
        SpamError::NoCoins { .. } => Failure::new(Code::Funds, error)
            .help("send coins there and run it with the same --seed, or ask again later"),
        SpamError::Parameters => Failure::new(Code::Refused, error),
        SpamError::Stopped => Failure::new(Code::Undecided, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_none_at_all_or_within_bounds() {
        assert_eq!(rate("0"), Ok(0.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["-1", "NaN", "inf", "1e7", "0.0001", "x", ""] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_have_at_most_64_bytes() {
        assert!(tag(&"x".repeat(64)).is_ok());
        assert!(tag(&"ü".repeat(33)).is_err());
    }
}
