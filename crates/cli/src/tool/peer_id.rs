//! `tangle tool peer-id`: by what name other nodes know a node.

use std::path::PathBuf;

use clap::Args;
use tangle_network::Identity;

use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

/// Whose name.
#[derive(Debug, Args)]
pub(crate) struct PeerIdArguments {
    /// The node's key, identity.key in its data folder; made when there is none.
    key: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Prints the peer id.
pub(crate) fn run(arguments: &PeerIdArguments, terminal: &Terminal) -> Outcome {
    let identity = Identity::load_or_create(&arguments.key)
        .map_err(|error| Failure::new(Code::Secret, error))?;
    let rows = [("peerId", identity.peer_id().to_string())];
    super::print_rows(&rows, terminal);
    Ok(())
}
