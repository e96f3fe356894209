//! `tangle tool snapshot`: files with the whole state of a network (TIP-35).

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use tangle_storage::ProgressState;
use tangle_storage::snapshot::{self, Header, Order, Pace, Record, SnapshotError, SnapshotReader};
use tangle_types::MilestoneIndex;

use super::store::Place;
use crate::failure::{Code, Failure, Outcome};
use crate::node::{NodeFile, Source, read_genesis};
use crate::progress;
use crate::terminal::Terminal;

/// What to do with a snapshot.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Read a snapshot to its end and print what it holds.
    Show {
        /// The file.
        file: PathBuf,
    },
    /// Write the snapshot that a network begins with; Hornet starts from it too.
    Genesis {
        /// The genesis file.
        #[arg(default_value = "genesis.toml")]
        genesis: PathBuf,
        /// The snapshot.
        #[arg(long, default_value = "full_snapshot.bin")]
        out: PathBuf,
    },
    /// Write a full snapshot of a store whose node does not run. (A node that runs writes one when
    /// asked over REST.)
    Create {
        #[command(flatten)]
        place: Place,
        /// The milestone; by default the newest.
        #[arg(long)]
        index: Option<u32>,
        /// The snapshot; by default full_snapshot_INDEX.bin.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Let a node without data begin with a snapshot.
    Import {
        /// The full snapshot.
        full: PathBuf,
        /// A delta snapshot that continues it.
        #[arg(long)]
        delta: Option<PathBuf>,
        /// The node's configuration; by default ./tangle.toml, then the one in the user's folder.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Does what `tangle tool snapshot` is asked for.
pub(crate) fn run(command: SnapshotCommand, terminal: &Terminal) -> Outcome {
    match command {
        SnapshotCommand::Show { file } => show(&file, terminal),
        SnapshotCommand::Genesis { genesis, out } => {
            let genesis = read_genesis(&genesis)?;
            snapshot::write_genesis(&genesis, &out).map_err(failure)?;
            show(&out, terminal)
        }
        SnapshotCommand::Create { place, index, out } => create(&place, index, out, terminal),
        SnapshotCommand::Import {
            full,
            delta,
            config,
        } => import(&full, delta.as_deref(), config.as_deref(), terminal),
    }
}

fn show(file: &Path, terminal: &Terminal) -> Outcome {
    let open = File::open(file)
        .map_err(|error| Failure::new(Code::Input, error).with("file", file.display()))?;
    let reader = SnapshotReader::new(BufReader::new(open)).map_err(failure)?;
    let mut rows = header_rows(reader.header());
    let (mut outputs, mut milestones, mut entry_points) = (0_u64, 0_u32, 0_u32);
    let mut sum = 0_u128;
    for record in reader {
        match record.map_err(failure)? {
            Record::Output(output) => {
                outputs += 1;
                sum += u128::from(output.output.amount());
            }
            Record::Milestone { .. } => milestones += 1,
            Record::EntryPoint(_) => entry_points += 1,
            Record::Created(_) | Record::Consumed(..) => {}
        }
    }
    rows.extend([
        ("outputs", outputs.to_string()),
        ("amount", sum.to_string()),
        ("diffs", milestones.to_string()),
        ("entryPoints", entry_points.to_string()),
    ]);
    super::print_rows(&rows, terminal);
    Ok(())
}

fn header_rows(header: &Header) -> Vec<(&'static str, String)> {
    match header {
        Header::Full(full) => {
            let mut rows = vec![
                ("kind", "full".to_owned()),
                ("genesisIndex", full.genesis_index.to_string()),
                ("targetIndex", full.target_index.to_string()),
                ("targetTimestamp", full.target_timestamp.to_string()),
                ("targetMilestoneId", full.target_milestone_id.to_string()),
                ("ledgerIndex", full.ledger_index.to_string()),
                ("treasury", full.treasury.amount.to_string()),
            ];
            if let Ok(parameters) = full.protocol_parameters() {
                rows.push(("network", parameters.network_name));
                rows.push(("hrp", parameters.bech32_hrp));
                rows.push(("tokenSupply", parameters.token_supply.to_string()));
            }
            rows
        }
        Header::Delta(delta) => vec![
            ("kind", "delta".to_owned()),
            ("targetIndex", delta.target_index.to_string()),
            ("targetTimestamp", delta.target_timestamp.to_string()),
            (
                "fullTargetMilestoneId",
                delta.full_target_milestone_id.to_string(),
            ),
        ],
    }
}

fn create(place: &Place, index: Option<u32>, out: Option<PathBuf>, terminal: &Terminal) -> Outcome {
    let (_writer, reader, genesis) = super::store::open(place)?;
    let index = index.map_or_else(|| reader.ledger_index(), MilestoneIndex);
    let out = out.unwrap_or_else(|| PathBuf::from(format!("full_snapshot_{index}.bin")));
    if out.exists() {
        return Err(Failure::new(Code::Input, "the file exists already")
            .with("file", out.display())
            .help("choose another name with --out"));
    }
    // The file has its name only when it is complete.
    let unfinished = out.with_extension("tmp");
    let look = || ProgressState {
        what: "bytes written".to_owned(),
        done: std::fs::metadata(&unfinished).map_or(0, |file| file.len()),
        total: 0,
    };
    let order = Order {
        reader: &reader,
        genesis: &genesis,
        target: index,
        pace: &Pace::default(),
    };
    progress::watch_with(terminal, &look, || snapshot::write(&order, &out)).map_err(failure)?;
    show(&out, terminal)?;
    if !terminal.is_json() {
        terminal.say(&format!("wrote {}", out.display()));
    }
    Ok(())
}

fn import(
    full: &Path,
    delta: Option<&Path>,
    config: Option<&Path>,
    terminal: &Terminal,
) -> Outcome {
    let config: NodeFile = Source::find(config)?.layers.build()?;
    let genesis = read_genesis(&config.genesis)?;
    let imported = progress::watch(terminal, |progress| {
        snapshot::import(&config.store(), &genesis, full, delta, progress)
    });
    let imported = imported.map_err(failure)?;
    let rows = [
        ("index", imported.index.to_string()),
        ("milestoneId", imported.milestone_id.to_string()),
        ("timestamp", imported.timestamp.to_string()),
        ("outputs", imported.output_count.to_string()),
        ("treasury", imported.treasury.to_string()),
        ("entryPoints", imported.entry_point_count.to_string()),
        ("store", config.store().display().to_string()),
    ];
    super::print_rows(&rows, terminal);
    Ok(())
}

fn failure(error: SnapshotError) -> Box<Failure> {
    Failure::new(Code::Snapshot, error)
}
