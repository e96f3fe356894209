//! `tangle top`: a running node, watched.
//!
//! What the node says over REST is always there; its metrics are shown when it serves them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tangle_client::{Client, ClientError, NodeSummary};
use tokio::time::Instant;

use crate::args::TopArguments;
use crate::failure::{Code, Failure, Outcome};
use crate::live::bytes;
use crate::service::stop_signal;
use crate::status::{client_failure, duration};
use crate::terminal::{Look, Terminal};

/// Looks of which the rates are kept for the curve.
const CURVE_LENGTH: usize = 60;
/// Heights of a curve's columns.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Most samples that are taken from an answer.
const SAMPLES_MAX: usize = 1_000;

/// Watches a node until a signal, or looks once.
pub(crate) fn run(arguments: &TopArguments, terminal: &Terminal) -> Outcome {
    let is_once = arguments.once || arguments.json;
    if !is_once && !terminal.is_live() {
        return Err(
            Failure::new(Code::Input, "standard output is not a terminal")
                .help("look once: tangle top --once, or for a program: tangle top --json"),
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, error))?;
    let source = Source {
        node: Client::new(&arguments.node).map_err(client_failure)?,
        metrics: Client::new(&arguments.metrics).map_err(client_failure)?,
    };
    if is_once {
        let look = runtime.block_on(source.look()).map_err(client_failure)?;
        if terminal.is_json() {
            terminal.json(&look.to_json());
        } else {
            for line in look.lines(&[], terminal) {
                terminal.line(&line);
            }
        }
        return Ok(());
    }
    terminal.own_screen(true);
    let result = runtime.block_on(watch(&source, arguments, terminal));
    terminal.own_screen(false);
    result
}

async fn watch(source: &Source, arguments: &TopArguments, terminal: &Terminal) -> Outcome {
    let mut stop = std::pin::pin!(stop_signal()?);
    let mut looks = tokio::time::interval(Duration::from_millis(arguments.interval_ms));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut rates = Vec::new();
    let mut before: Option<(Instant, f64)> = None;
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = &mut stop => return Ok(()),
        }
        let look = tokio::select! {
            look = source.look() => look,
            () = &mut stop => return Ok(()),
        };
        // A node that restarts comes back; whoever watches wants to see that.
        let mut lines = match look {
            Ok(look) => {
                let now = Instant::now();
                if let Some(total) = look.metric("tangle_blocks_received_total") {
                    if let Some((at, seen)) = before.replace((now, total)) {
                        let seconds = (now - at).as_secs_f64().max(0.001);
                        rates.push((total - seen).max(0.0) / seconds);
                    }
                    let surplus = rates.len().saturating_sub(CURVE_LENGTH);
                    rates.drain(..surplus);
                }
                look.lines(&rates, terminal)
            }
            Err(error) => vec![terminal.paint(Look::Red, &error.to_string())],
        };
        lines.push(String::new());
        lines.push(terminal.paint(Look::Dim, "Ctrl-C ends"));
        terminal.screen(&lines);
    }
}

/// Where everything is asked.
struct Source {
    node: Client,
    metrics: Client,
}

/// What was seen.
struct Seen {
    node: NodeSummary,
    /// By name and label, as in the answer. Empty when the node serves no metrics.
    metrics: BTreeMap<String, f64>,
    /// Why there are none.
    no_metrics: Option<String>,
}

impl Source {
    async fn look(&self) -> Result<Seen, ClientError> {
        let (node, metrics) = tokio::join!(self.node.info(), self.metrics.metrics());
        let (metrics, no_metrics) = match metrics {
            Ok(text) => (parse(&text), None),
            Err(error) => (BTreeMap::new(), Some(error.to_string())),
        };
        Ok(Seen {
            node: node?,
            metrics,
            no_metrics,
        })
    }
}

/// The samples of an answer: `name 1` and `name{label="value"} 1`.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.filter_map(|line| {
        let (name, number) = line.rsplit_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    samples.take(SAMPLES_MAX).collect()
}

impl Seen {
    fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied()
    }

    fn labelled(&self, name: &str, label: &str, value: &str) -> Option<f64> {
        self.metric(&format!("{name}{{{label}=\"{value}\"}}"))
    }

    fn to_json(&self) -> Value {
        json!({
            "node": self.node,
            "metrics": self.metrics,
            "noMetrics": self.no_metrics,
        })
    }

    fn lines(&self, rates: &[f64], terminal: &Terminal) -> Vec<String> {
        let node = &self.node;
        let health = if node.status.is_healthy {
            terminal.paint(Look::Green, "healthy")
        } else {
            terminal.paint(Look::Red, "not healthy")
        };
        let title = format!("{} {}", node.name, node.version);
        let mut lines = vec![
            format!(
                "{} · {} · {health}",
                terminal.paint(Look::Bold, &title),
                node.protocol.network_name
            ),
            String::new(),
            self.milestones(),
        ];
        if let Some(reason) = &self.no_metrics {
            lines.push(row(
                "history",
                &format!("from milestone {}", node.status.pruning_index.next()),
            ));
            lines.push(row("metrics", &format!("none: {reason}")));
            return lines;
        }
        lines.extend(self.traffic(rates));
        lines.push(self.peers());
        lines.push(self.queues());
        lines.extend(self.disk());
        lines.push(self.process());
        lines
    }

    fn milestones(&self) -> String {
        let status = &self.node.status;
        let age = self.metric("tangle_milestone_age_seconds");
        let age = age.map_or_else(String::new, |age| format!(", {age} s old"));
        let text = format!(
            "confirmed {}{age} · newest known {}",
            status.confirmed_milestone.index, status.latest_milestone.index
        );
        row("milestones", &text)
    }

    fn traffic(&self, rates: &[f64]) -> Vec<String> {
        let number = |name| self.metric(name).unwrap_or(0.0);
        let mut lines = vec![
            row(
                "blocks",
                &format!(
                    "{:.0}/s in · {:.0}/s referenced · {} in total · {} refused",
                    number("tangle_blocks_per_second"),
                    number("tangle_referenced_blocks_per_second"),
                    number("tangle_blocks_received_total"),
                    number("tangle_blocks_refused_total"),
                ),
            ),
            row(
                "tangle",
                &format!(
                    "{} unreferenced · {} tips",
                    number("tangle_blocks_unreferenced"),
                    number("tangle_tips"),
                ),
            ),
        ];
        if !rates.is_empty() {
            let highest = rates.iter().copied().fold(0.0, f64::max);
            let text = format!("{} up to {highest:.0}/s", curve(rates, highest));
            lines.push(row("", &text));
        }
        lines
    }

    fn peers(&self) -> String {
        let peers = |state| self.labelled("tangle_peers", "state", state).unwrap_or(0.0);
        let text = format!(
            "{} connected · {} not",
            peers("connected"),
            peers("disconnected")
        );
        row("peers", &text)
    }

    fn queues(&self) -> String {
        let front = "tangle_queue_length{queue=\"";
        let queues = self.metrics.iter().filter_map(|(key, length)| {
            let name = key.strip_prefix(front)?.strip_suffix("\"}")?;
            let most = self.labelled("tangle_queue_capacity", "queue", name)?;
            Some(format!("{name} {length}/{most}"))
        });
        row("queues", &queues.collect::<Vec<_>>().join(" · "))
    }

    fn disk(&self) -> Vec<String> {
        let part = |part| {
            self.labelled("tangle_store_bytes", "part", part)
                .unwrap_or(0.0)
        };
        let number = |name| self.metric(name).unwrap_or(0.0);
        let (blocks, ledger, base) = (part("blocks"), part("ledger"), part("base"));
        let most = self.metric("tangle_store_limit_bytes");
        let most = most.map_or_else(String::new, |most| format!(" of {}", bytes(most as u64)));
        let mut lines = vec![
            row(
                "disk",
                &format!(
                    "{}{most}: blocks {} · ledger {} · base {}",
                    bytes((blocks + ledger + base) as u64),
                    bytes(blocks as u64),
                    bytes(ledger as u64),
                    bytes(base as u64)
                ),
            ),
            row(
                "history",
                &format!(
                    "from milestone {} on, {} of them, {}",
                    self.node.status.pruning_index.next(),
                    number("tangle_history_milestones"),
                    duration(number("tangle_history_seconds") as u32)
                ),
            ),
        ];
        let snapshot = number("tangle_snapshot_index");
        if snapshot > 0.0 {
            lines.push(row("snapshot", &format!("of milestone {snapshot}")));
        }
        lines
    }

    fn process(&self) -> String {
        let number = |name| self.metric(name).unwrap_or(0.0);
        let text = format!(
            "{} · {:.0} s of processor · {} threads · {} files",
            bytes(number("process_resident_memory_bytes") as u64),
            number("process_cpu_seconds_total"),
            number("process_threads"),
            number("process_open_fds")
        );
        row("process", &text)
    }
}

fn row(name: &str, text: &str) -> String {
    format!("{name:<10}  {text}")
}

/// A column for each number, the highest at full height.
fn curve(numbers: &[f64], highest: f64) -> String {
    let bar = |number: &f64| {
        let part = if highest > 0.0 { number / highest } else { 0.0 };
        BARS[((part * BARS.len() as f64) as usize).min(BARS.len() - 1)]
    };
    numbers.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read() {
        let text = "# HELP a A.\n# TYPE a gauge\na 1.5\nb{queue=\"x y\"} 2\nbroken\nc NaNa\n";
        let samples: Vec<_> = parse(text).into_iter().collect();
        let expected = [("a", 1.5), ("b{queue=\"x y\"}", 2.0)];
        assert_eq!(
            samples,
            expected.map(|(name, number)| (name.to_owned(), number))
        );
    }

    #[test]
    fn curve_has_its_highest_column_where_the_number_is() {
        assert_eq!(curve(&[0.0, 5.0, 10.0], 10.0), "▁▅█");
        assert_eq!(curve(&[0.0], 0.0), "▁");
    }
}
