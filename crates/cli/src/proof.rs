//! `tangle proof`: shows offline that a milestone references a block.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tangle_client::Client;
use tangle_consensus::{KeyRange, MilestoneKeys};
use tangle_types::json::{InclusionProofJson, from_slice};
use tangle_types::{BlockId, InclusionProof, MilestoneIndex};

use crate::failure::{Code, Failure, Outcome};
use crate::node::read_genesis;
use crate::status::client_failure;
use crate::terminal::Terminal;
use crate::tool::print_rows;

/// The largest block and the largest milestone fit several times in JSON.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What to do with a proof.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProofCommand {
    /// Ask a node for the proof that a milestone references a block. The proof stays valid when the
    /// node has pruned the block.
    Create {
        /// Id of the block.
        block: BlockId,
        /// The node.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:14265")]
        node: String,
        /// Where to write the proof, which is JSON; never overwritten. By default it is printed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a proof. No node is asked: the milestone keys of the network are all that is needed.
    Verify(VerifyArguments),
}

/// A proof, and whom to believe.
#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The proof.
    file: PathBuf,
    /// The genesis of the network, which names its milestone keys.
    #[arg(long, value_name = "FILE", default_value = "genesis.toml")]
    genesis: PathBuf,
    /// A milestone key, in hexadecimal; once or several times, instead of a genesis.
    #[arg(long = "key", value_name = "KEY", value_parser = public_key, conflicts_with = "genesis")]
    keys: Vec<[u8; 32]>,
    /// Keys that must have signed, of those that are named with --key; by default all.
    #[arg(long, requires = "keys")]
    threshold: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl ProofCommand {
    pub(crate) const fn is_json(&self) -> bool {
        match self {
            Self::Create { json, .. } => *json,
            Self::Verify(arguments) => arguments.json,
        }
    }
}

/// Does what `tangle proof` is asked for.
pub(crate) fn run(command: &ProofCommand, terminal: &Terminal) -> Outcome {
    match command {
        ProofCommand::Create {
            block, node, out, ..
        } => create(block, node, out.as_deref(), terminal),
        ProofCommand::Verify(arguments) => verify(arguments, terminal),
    }
}

fn create(block: &BlockId, node: &str, out: Option<&Path>, terminal: &Terminal) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unexpected, error))?;
    let client = Client::new(node).map_err(client_failure)?;
    let proof = runtime.block_on(client.inclusion_proof(block));
    let Some(proof) = proof.map_err(client_failure)? else {
        return Err(Failure::new(Code::Check, "the node has no proof for this block")
            .with("block", block)
            .help("a second after a block is sent, a milestone references it; pruned blocks are gone"));
    };
    let json = InclusionProofJson::from(&proof);
    let Some(out) = out else {
        terminal.json(&json);
        return Ok(());
    };
    let refused = |error: std::io::Error| {
        Failure::new(Code::Input, format!("the proof cannot be written: {error}"))
            .with("file", out.display())
    };
    let file = File::create_new(out).map_err(refused)?;
    serde_json::to_writer_pretty(&file, &json).map_err(|error| refused(error.into()))?;
    file.sync_all().map_err(refused)?;
    let index = proof.milestone.index;
    let rows = [
        ("block", block.to_string()),
        ("milestone", index.to_string()),
        ("file", out.display().to_string()),
    ];
    print_rows(&rows, terminal);
    Ok(())
}

fn verify(arguments: &VerifyArguments, terminal: &Terminal) -> Outcome {
    let proof = read(&arguments.file)?;
    let index = proof.milestone.index;
    let keys = trusted(arguments, index)?;
    let id = keys.verify_inclusion(&proof).map_err(|error| {
        Failure::new(Code::Check, format!("the proof does not hold: {error}"))
            .with("file", arguments.file.display())
    })?;
    let rows = [
        ("block", proof.block_id().to_string()),
        ("milestone", index.to_string()),
        ("milestoneId", id.to_string()),
        ("timestamp", proof.milestone.timestamp.to_string()),
        (
            "proven",
            "a valid milestone references the block".to_owned(),
        ),
    ];
    print_rows(&rows, terminal);
    Ok(())
}

fn read(path: &Path) -> Outcome<InclusionProof> {
    let refused = |error: &dyn std::fmt::Display| {
        Failure::new(Code::Input, format!("no proof can be read: {error}"))
            .with("file", path.display())
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| refused(&error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refused(&format_args!(
            "it has more than {FILE_BYTES_MAX} bytes"
        )));
    }
    let json: InclusionProofJson = from_slice(&bytes).map_err(|error| refused(&error))?;
    json.try_into()
        .map_err(|error: tangle_types::json::JsonError| refused(&error))
}

fn public_key(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text));
    let key = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    key.ok_or_else(|| "a public key has 64 hexadecimal digits".to_owned())
}

/// Whose signatures count for a milestone.
fn trusted(arguments: &VerifyArguments, index: MilestoneIndex) -> Outcome<MilestoneKeys> {
    let (ranges, threshold) = if arguments.keys.is_empty() {
        let genesis = read_genesis(&arguments.genesis)?;
        (genesis.milestone_keys, genesis.milestone_key_threshold)
    } else {
        let always = |key: &[u8; 32]| KeyRange {
            public_key: *key,
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        };
        let ranges: Vec<_> = arguments.keys.iter().map(always).collect();
        let threshold = arguments.threshold.unwrap_or(ranges.len());
        (ranges, threshold)
    };
    MilestoneKeys::new(ranges, threshold, index).map_err(|error| Failure::new(Code::Input, error))
}
