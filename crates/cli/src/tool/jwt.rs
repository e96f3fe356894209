//! `tangle tool jwt`: tokens that open a node's protected paths.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use tangle_api::{TokenKey, TokenLifetime};

use crate::config::{SecretFile, write_secret};
use crate::failure::{Code, Failure, Outcome};
use crate::node;
use crate::terminal::Terminal;

/// What token to issue.
#[derive(Debug, Args)]
pub(crate) struct JwtArguments {
    /// File with the signing key, as in jwt.key of the node's configuration.
    #[arg(long)]
    key: PathBuf,
    /// Make a new signing key, instead of a token; the file is never overwritten.
    #[arg(long)]
    new_key: bool,
    /// As in jwt.salt of the node's configuration.
    #[arg(long, default_value = "TANGLE")]
    salt: String,
    /// As in jwt.issuer of the node's configuration.
    #[arg(long, default_value = "tangle")]
    issuer: String,
    /// Hours for which the token is good; by default until salt or key change.
    #[arg(long)]
    hours: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Prints a token, or makes a key.
pub(crate) fn run(arguments: &JwtArguments, terminal: &Terminal) -> Outcome {
    if arguments.new_key {
        write_secret(&arguments.key, &TokenKey::generate().to_text())?;
        let file = arguments.key.display().to_string();
        super::print_rows(&[("keyFile", file)], terminal);
        return Ok(());
    }
    let secret = SecretFile {
        file: arguments.key.clone(),
    };
    let tokens = node::tokens(&secret, &arguments.salt, &arguments.issuer)?;
    let lifetime = match arguments.hours {
        Some(hours) => TokenLifetime::For(Duration::from_secs(u64::from(hours) * 3_600)),
        None => TokenLifetime::UntilRevoked,
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let token = tokens
        .issue(now, lifetime)
        .map_err(|error| Failure::new(Code::Secret, format!("the key cannot sign: {error}")))?;
    if terminal.is_json() {
        super::print_rows(&[("jwt", token)], terminal);
    } else {
        terminal.line(&token);
    }
    Ok(())
}
