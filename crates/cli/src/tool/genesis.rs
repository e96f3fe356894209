//! `tangle tool genesis`: the file that defines a network.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tangle_consensus::KeyRange;
use tangle_crypto::ed25519::SecretKey;
use tangle_storage::{Allocation, BaseToken, Genesis};
use tangle_types::{
    Address, MilestoneIndex, PROTOCOL_VERSION, ProtocolParameters, RentStructure, UnixSeconds,
};

use crate::config::write_secret;
use crate::failure::{Code, Failure, Outcome};
use crate::keys;
use crate::node::read_genesis;
use crate::terminal::Terminal;

/// What to do with a genesis.
#[derive(Debug, Subcommand)]
pub(crate) enum GenesisCommand {
    /// Write a genesis file for a new network, with new milestone keys.
    Init(Box<InitArguments>),
    /// Print what a genesis file says.
    Show {
        /// The file.
        #[arg(default_value = "genesis.toml")]
        file: PathBuf,
    },
    /// Print the hash that names the network.
    Hash {
        /// The file.
        #[arg(default_value = "genesis.toml")]
        file: PathBuf,
    },
}

/// A new network.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Name of the network.
    #[arg(long)]
    network: String,
    /// Human-readable part of its addresses.
    #[arg(long)]
    hrp: String,
    /// All base coins there are, for ever.
    #[arg(long)]
    supply: u64,
    /// Who gets coins, as ADDRESS=AMOUNT; once or several times, together the supply.
    #[arg(long = "allocate", value_name = "ADDRESS=AMOUNT", required = true)]
    allocations: Vec<String>,
    /// Milestone keys to make.
    #[arg(long, default_value_t = 2)]
    key_count: usize,
    /// Keys that must sign.
    #[arg(long, default_value_t = 2)]
    key_threshold: usize,
    /// Folder for the milestone keys, one file each, readable by their owner only.
    #[arg(long, default_value = "keys")]
    keys: PathBuf,
    /// Least proof-of-work score of a block.
    #[arg(long, default_value_t = 1_500)]
    pow_score_min: u32,
    /// Milestones after which blocks are too old to be approved.
    #[arg(long, default_value_t = 15)]
    below_max_depth: u8,
    /// Base coins for a virtual byte.
    #[arg(long, default_value_t = 100)]
    v_byte_cost: u32,
    /// Time of the genesis in seconds since 1970; by default now.
    #[arg(long)]
    time: Option<u32>,
    /// Name of the coin.
    #[arg(long)]
    token_name: Option<String>,
    /// Its short name.
    #[arg(long)]
    ticker: Option<String>,
    /// The genesis file; never overwritten.
    #[arg(long, default_value = "genesis.toml")]
    out: PathBuf,
}

/// Does what `tangle tool genesis` is asked for.
pub(crate) fn run(command: GenesisCommand, terminal: &Terminal) -> Outcome {
    match command {
        GenesisCommand::Init(arguments) => init(&arguments, terminal),
        GenesisCommand::Show { file } => {
            show(&read_genesis(&file)?, terminal);
            Ok(())
        }
        GenesisCommand::Hash { file } => {
            let hash = hash(&read_genesis(&file)?);
            super::print_rows(&[("hash", hash)], terminal);
            Ok(())
        }
    }
}

fn init(arguments: &InitArguments, terminal: &Terminal) -> Outcome {
    if arguments.out.exists() {
        return Err(Failure::new(Code::Input, "the genesis file exists already")
            .with("file", arguments.out.display())
            .help("name another with --out"));
    }
    let seeds: Vec<[u8; 32]> = (0..arguments.key_count)
        .map(|_| keys::random_seed())
        .collect();
    let genesis = genesis(arguments, &seeds)?;
    let disk = |path: &std::path::Path, error: std::io::Error| {
        Failure::new(Code::Disk, error).with("path", path.display())
    };
    std::fs::create_dir_all(&arguments.keys).map_err(|error| disk(&arguments.keys, error))?;
    for (number, seed) in seeds.iter().enumerate() {
        let path = arguments.keys.join(format!("milestone-{}.key", number + 1));
        write_secret(&path, &hex::encode(seed))?;
    }
    let text = genesis.to_toml();
    std::fs::write(&arguments.out, text).map_err(|error| disk(&arguments.out, error))?;
    show(&genesis, terminal);
    Ok(())
}

fn genesis(arguments: &InitArguments, seeds: &[[u8; 32]]) -> Outcome<Genesis> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let time = arguments
        .time
        .unwrap_or_else(|| u32::try_from(now).unwrap_or(u32::MAX));
    let mut token = BaseToken::default();
    if let Some(name) = &arguments.token_name {
        token.name.clone_from(name);
    }
    if let Some(ticker) = &arguments.ticker {
        token.ticker_symbol.clone_from(ticker);
        token.unit.clone_from(ticker);
    }
    let allocations: Outcome<Vec<_>> = arguments
        .allocations
        .iter()
        .map(|text| allocation(text, &arguments.hrp))
        .collect();
    let key_range = |seed: &[u8; 32]| KeyRange {
        public_key: SecretKey::from_seed(*seed).public_key(),
        start: MilestoneIndex(0),
        end: MilestoneIndex(0),
    };
    let genesis = Genesis {
        parameters: ProtocolParameters {
            version: PROTOCOL_VERSION,
            network_name: arguments.network.clone(),
            bech32_hrp: arguments.hrp.clone(),
            pow_score_min: arguments.pow_score_min,
            below_max_depth: arguments.below_max_depth,
            rent: RentStructure {
                v_byte_cost: arguments.v_byte_cost,
                v_byte_factor_data: 1,
                v_byte_factor_key: 10,
            },
            token_supply: arguments.supply,
        },
        token,
        index: MilestoneIndex(0),
        timestamp: UnixSeconds(time),
        allocations: allocations?,
        treasury: 0,
        milestone_keys: seeds.iter().map(key_range).collect(),
        milestone_key_threshold: arguments.key_threshold,
    };
    genesis
        .check()
        .map_err(|error| Failure::new(Code::Genesis, error))?;
    Ok(genesis)
}

fn allocation(text: &str, hrp: &str) -> Outcome<Allocation> {
    let refuse = |reason: String| Failure::new(Code::Input, format!("--allocate {text}: {reason}"));
    let (address, amount) = text
        .split_once('=')
        .ok_or_else(|| refuse("ADDRESS=AMOUNT is expected".to_owned()))?;
    let (found, address) =
        Address::from_bech32(address).map_err(|error| refuse(error.to_string()))?;
    if found != hrp {
        return Err(refuse(format!(
            "the address begins with {found}, those of this network with {hrp}"
        )));
    }
    let amount = amount
        .parse()
        .map_err(|error| refuse(format!("the amount is no number: {error}")))?;
    Ok(Allocation { address, amount })
}

fn show(genesis: &Genesis, terminal: &Terminal) {
    let parameters = &genesis.parameters;
    let rows = [
        ("hash", hash(genesis)),
        ("network", parameters.network_name.clone()),
        ("networkId", parameters.network_id().to_string()),
        ("hrp", parameters.bech32_hrp.clone()),
        ("tokenSupply", parameters.token_supply.to_string()),
        ("powScoreMin", parameters.pow_score_min.to_string()),
        ("belowMaxDepth", parameters.below_max_depth.to_string()),
        ("vByteCost", parameters.rent.v_byte_cost.to_string()),
        ("index", genesis.index.to_string()),
        ("timestamp", genesis.timestamp.to_string()),
        ("allocations", genesis.allocations.len().to_string()),
        ("treasury", genesis.treasury.to_string()),
        ("milestoneKeys", genesis.milestone_keys.len().to_string()),
        ("keyThreshold", genesis.milestone_key_threshold.to_string()),
        (
            "token",
            format!("{} ({})", genesis.token.name, genesis.token.ticker_symbol),
        ),
    ];
    super::print_rows(&rows, terminal);
}

fn hash(genesis: &Genesis) -> String {
    format!("0x{}", hex::encode(genesis.hash()))
}
