//! `tangle status`: how a running node is.

use serde_json::json;
use tangle_client::{Client, ClientError, MilestoneSummary, NodeSummary};

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
    let (node, routes) = runtime
        .block_on(async { tokio::try_join!(client.info(), client.routes()) })
        .map_err(client_failure)?;
    if terminal.is_json() {
        terminal.json(&json!({ "node": node, "routes": routes }));
    } else {
        show(&node, &routes, terminal);
    }
    if !node.status.is_healthy {
        return Err(Failure::new(Code::Check, "the node is not healthy"));
    }
    Ok(())
}

fn show(node: &NodeSummary, routes: &[String], terminal: &Terminal) {
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
        (
            "pruned",
            format!("up to milestone {}", node.status.pruning_index),
        ),
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
