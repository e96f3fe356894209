//! `tangle tool key`: Ed25519 keys and mnemonics. Secrets are written to files that only their
//! owner may read; they are printed only when no file is named.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::slip10::{self, Path};
use tangle_types::Address;

use crate::config::{SecretFile, write_secret};
use crate::failure::Outcome;
use crate::keys;
use crate::terminal::Terminal;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new Ed25519 key from the system's random source.
    New {
        /// File for the seed, readable by its owner only; never overwritten.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Human-readable part of the address.
        #[arg(long, default_value = "tst")]
        hrp: String,
    },
    /// Make new words (BIP-39) from the system's random source.
    Mnemonic {
        /// File for the words, readable by its owner only; never overwritten.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Derive a key from words (BIP-39, SLIP-10).
    Derive {
        /// File with the words, readable by its owner only.
        #[arg(long)]
        mnemonic: PathBuf,
        /// Where the key is: the first public address of IOTA wallets by default.
        #[arg(long, default_value = "m/44'/4218'/0'/0'/0'")]
        path: Path,
        /// File for the seed, readable by its owner only; never overwritten. Without it only the
        /// public part is printed.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Human-readable part of the address.
        #[arg(long, default_value = "tst")]
        hrp: String,
    },
    /// Print the public part of a key.
    Show {
        /// File with the seed, readable by its owner only.
        key: PathBuf,
        /// Human-readable part of the address.
        #[arg(long, default_value = "tst")]
        hrp: String,
    },
}

/// Does what `tangle tool key` is asked for.
pub(crate) fn run(command: KeyCommand, terminal: &Terminal) -> Outcome {
    match command {
        KeyCommand::New { out, hrp } => {
            let seed = keys::random_seed();
            let text = hex::encode(seed);
            let secret = keep(&text, out)?;
            show(&SecretKey::from_seed(seed), &hrp, secret, terminal);
        }
        KeyCommand::Mnemonic { out } => mnemonic(out, terminal)?,
        KeyCommand::Derive {
            mnemonic,
            path,
            out,
            hrp,
        } => {
            let words = SecretFile { file: mnemonic }.read()?;
            let seed = keys::parse_mnemonic(&words)?.seed();
            let key = slip10::derive(&seed[..], &path);
            let secret = match out {
                Some(out) => keep(&hex::encode(key.seed()), Some(out))?,
                None => Secret::Hidden,
            };
            show(&key, &hrp, secret, terminal);
        }
        KeyCommand::Show { key, hrp } => {
            let key = keys::read_key(&SecretFile { file: key })?;
            show(&key, &hrp, Secret::Hidden, terminal);
        }
    }
    Ok(())
}

/// Where a secret went.
enum Secret {
    File(PathBuf),
    Printed(String),
    Hidden,
}

fn keep(text: &str, out: Option<PathBuf>) -> Outcome<Secret> {
    match out {
        Some(out) => {
            write_secret(&out, text)?;
            Ok(Secret::File(out))
        }
        None => Ok(Secret::Printed(text.to_owned())),
    }
}

fn mnemonic(out: Option<PathBuf>, terminal: &Terminal) -> Outcome {
    let words = keys::random_mnemonic().phrase();
    match keep(&words, out)? {
        Secret::File(file) if terminal.is_json() => terminal.json(&json!({ "file": file })),
        Secret::File(file) => terminal.line(&format!("words written to {}", file.display())),
        _ if terminal.is_json() => terminal.json(&json!({ "mnemonic": *words })),
        _ => terminal.line(&words),
    }
    Ok(())
}

fn show(key: &SecretKey, hrp: &str, secret: Secret, terminal: &Terminal) {
    let public = key.public_key();
    let address = Address::from_public_key(&public);
    let mut rows = vec![
        ("publicKey", format!("0x{}", hex::encode(public))),
        (
            "address",
            format!("0x{}", hex::encode(&address.to_array()[1..])),
        ),
        ("bech32", address.to_bech32(hrp)),
    ];
    match secret {
        Secret::File(file) => rows.push(("seedFile", file.display().to_string())),
        Secret::Printed(text) => rows.push(("seed", text)),
        Secret::Hidden => {}
    }
    super::print_rows(&rows, terminal);
}
