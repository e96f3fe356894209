//! `tangle peer`: the peers of a running node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tangle_client::{Client, Peer};

use crate::config::SecretFile;
use crate::failure::{Code, Failure, Outcome};
use crate::status::client_failure;
use crate::terminal::Terminal;

/// Flags of `tangle peer`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PeerArguments {
    #[command(subcommand)]
    command: PeerCommand,
    /// The node.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:14265",
        global = true
    )]
    node: String,
    /// File with a token for the node's protected paths, readable by its owner only; made by
    /// `tangle tool jwt`.
    #[arg(long, value_name = "FILE", global = true)]
    token: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do with peers.
#[derive(Clone, Debug, Subcommand)]
enum PeerCommand {
    /// List known and connected peers.
    List,
    /// Add a peer; it is connected at once, and always.
    Add {
        /// Where it listens and who it is, such as /ip4/192.0.2.1/tcp/15600/p2p/12D3KooW….
        address: String,
        /// A name for it.
        #[arg(long)]
        alias: Option<String>,
    },
    /// Remove a peer and disconnect it.
    Remove {
        /// Its id.
        id: String,
    },
    /// Disconnect a peer and keep it out for some time.
    Ban {
        /// Its id.
        id: String,
        /// Seconds.
        #[arg(long, default_value_t = 86_400)]
        seconds: u32,
    },
}

/// Asks the node.
pub(crate) fn run(arguments: &PeerArguments, terminal: &Terminal) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, error))?;
    let mut client = Client::new(&arguments.node).map_err(client_failure)?;
    if let Some(file) = &arguments.token {
        let secret = SecretFile { file: file.clone() };
        client = client.with_token(&secret.read()?);
    }
    match &arguments.command {
        PeerCommand::List => {
            let peers = runtime.block_on(client.peers()).map_err(client_failure)?;
            show(&peers, terminal);
        }
        PeerCommand::Add { address, alias } => {
            let added = client.add_peer(address, alias.as_deref());
            let peer = runtime.block_on(added).map_err(client_failure)?;
            show(&[peer], terminal);
        }
        PeerCommand::Remove { id } => {
            let removed = client.remove_peer(id);
            runtime.block_on(removed).map_err(client_failure)?;
            tell("removed", id, terminal);
        }
        PeerCommand::Ban { id, seconds } => {
            let banned = client.ban_peer(id, *seconds);
            runtime.block_on(banned).map_err(client_failure)?;
            tell("banned", id, terminal);
        }
    }
    Ok(())
}

fn tell(what: &str, id: &str, terminal: &Terminal) {
    if terminal.is_json() {
        terminal.json(&json!({ what: id }));
    } else {
        terminal.line(&format!("{what}: {id}"));
    }
}

fn show(peers: &[Peer], terminal: &Terminal) {
    if terminal.is_json() {
        terminal.json(&peers);
        return;
    }
    if peers.is_empty() {
        terminal.line("no peers; tangle peer add names one");
    }
    for peer in peers {
        let state = if peer.connected {
            "connected".to_owned()
        } else {
            let trouble = peer.trouble.as_deref().unwrap_or("not yet tried");
            format!("not connected: {trouble}")
        };
        let alias = peer.alias.as_deref().unwrap_or_default();
        terminal.line(&format!("{}  {:<7}  {alias}", peer.id, peer.relation));
        terminal.line(&format!("  {}", peer.multi_addresses.join("  ")));
        terminal.line(&format!("  {state}"));
        if let Some(gossip) = &peer.gossip {
            let heartbeat = &gossip.heartbeat;
            terminal.line(&format!(
                "  solid {}, latest {}, pruned {}",
                heartbeat.solid_milestone_index,
                heartbeat.latest_milestone_index,
                heartbeat.pruned_milestone_index
            ));
        }
    }
}
