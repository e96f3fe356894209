//! `tangle status`: how a running node is.

use serde::Serialize;
use serde_json::json;
use tangle_client::{Client, ClientError, MilestoneSummary, NodeState, NodeSummary, SyncState};
use tangle_types::MilestoneIndex;

use crate::args::StatusArguments;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::{Look, Terminal};

/// Asks the node and prints what it says; fails when it is not healthy.
pub(crate) fn run(arguments: &StatusArguments, terminal: &Terminal) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, error))?;
    let client = Client::new(&arguments.node).map_err(client_failure)?;
    let (node, routes, sync, history) = runtime
        .block_on(async {
            let (node, routes, sync) =
                tokio::try_join!(client.info(), client.routes(), client.sync())?;
            let history = History::ask(&client, &node.status).await?;
            Ok((node, routes, sync, history))
        })
        .map_err(client_failure)?;
    if terminal.is_json() {
        terminal.json(&json!({
            "node": node,
            "routes": routes,
            "sync": sync,
            "history": history,
        }));
    } else {
        show(&node, &routes, sync.as_ref(), &history, terminal);
    }
    if !node.status.is_healthy {
        let failure = Failure::new(Code::Check, "the node is not healthy");
        let advice = sync.and_then(|sync| sync.advice);
        return Err(match advice {
            Some(advice) => failure.help(advice),
            None => failure,
        });
    }
    Ok(())
}

/// What of the past a node keeps.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    /// The oldest milestone kept.
    first_milestone: MilestoneIndex,
    /// Seconds by which it is older than the newest.
    seconds: Option<u32>,
}

impl History {
    pub(crate) async fn ask(client: &Client, state: &NodeState) -> Result<Self, ClientError> {
        let first_milestone = state.pruning_index.next();
        let oldest = client.milestone(first_milestone).await?;
        let newest = state.confirmed_milestone.timestamp;
        let seconds = match (oldest, newest) {
            (Some(oldest), Some(newest)) => newest.0.checked_sub(oldest.timestamp.0),
            // There is none yet, or it was pruned just now.
            _ => None,
        };
        Ok(Self {
            first_milestone,
            seconds,
        })
    }

    fn text(&self) -> String {
        match self.seconds {
            Some(seconds) => format!(
                "from milestone {} on, {} before the newest",
                self.first_milestone,
                duration(seconds)
            ),
            None => format!("from milestone {} on", self.first_milestone),
        }
    }
}

/// A span of time for a person.
pub(crate) fn duration(seconds: u32) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn show(
    node: &NodeSummary,
    routes: &[String],
    sync: Option<&SyncState>,
    history: &History,
    terminal: &Terminal,
) {
    let health = if node.status.is_healthy {
        terminal.paint(Look::Green, "✔ healthy")
    } else {
        terminal.paint(Look::Red, "✘ not healthy")
    };
    let milestone = |summary: &MilestoneSummary| {
        let time = summary.timestamp.map_or(0, |timestamp| timestamp.0);
        format!("{} (unix time {time})", summary.index)
    };
    let rows = [
        ("node", format!("{} {}", node.name, node.version)),
        ("health", health),
        (
            "network",
            format!(
                "{} (addresses begin with {})",
                node.protocol.network_name, node.protocol.bech32_hrp
            ),
        ),
        ("confirmed", milestone(&node.status.confirmed_milestone)),
        ("latest", milestone(&node.status.latest_milestone)),
        ("history", history.text()),
        (
            "token",
            format!(
                "{} ({}), supply {}",
                node.base_token.name, node.base_token.ticker_symbol, node.protocol.token_supply
            ),
        ),
        ("features", node.features.join(", ")),
        ("routes", routes.join(", ")),
    ];
    for (name, value) in rows {
        terminal.line(&format!("{name:<10} {value}"));
    }
    if let Some(sync) = sync {
        let synced = sync.neighbours.iter().filter(|peer| peer.is_synced);
        let (count, synced) = (sync.neighbours.len(), synced.count());
        terminal.line(&format!(
            "{:<10} {count}, {synced} of them synced",
            "neighbours"
        ));
        if let Some(blocker) = &sync.blocker {
            terminal.line(&format!("{:<10} {blocker}", "blocker"));
        }
    }
}

/// Why a node did not answer, for a person.
pub(crate) fn client_failure(error: ClientError) -> Box<Failure> {
    match &error {
        ClientError::Address { .. } => Failure::new(Code::Input, error),
        ClientError::Unreachable { .. } => Failure::new(Code::Unreachable, error)
            .help("is it running? tangle dev starts a network; --node URL names another"),
        _ => Failure::new(Code::Refused, error),
    }
}
