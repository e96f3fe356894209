//! Chores of the workspace: `cargo xtask <task>`.
//!
//! ```text
//! tidy            the rules of the code that no compiler checks (ARCHITECTURE.md, CONTRIBUTING.md)
//! deny            licences, sources, bans and count of the locked packages (deny.toml)
//! crash [--kills N] [--calls N] [--seed N]
//!                 kill the program under load, at random moments and at system calls that write
//! docs [--check]  print docs/generated from the program; with --check, fail when it is stale
//! ```
//!
//! What it is not: part of the product. Each task prints what it found, one line a finding, and
//! ends with exit code 1 when there was any.

#![allow(clippy::print_stdout)]

mod crash;
mod deny;
mod docs;
mod tidy;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::Context;

const USAGE: &str =
    "usage: cargo xtask tidy | deny | docs [--check] | crash [--kills N] [--calls N] [--seed N]";

fn main() -> ExitCode {
    match run() {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            for finding in &findings {
                println!("{finding}");
            }
            println!("{} to mend", findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> anyhow::Result<Vec<String>> {
    let root = workspace_root()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["tidy"] => tidy::run(&root),
        ["deny"] => deny::run(&root),
        ["docs"] => docs::write(&root).map(|()| Vec::new()),
        ["docs", "--check"] => docs::check(&root),
        ["crash", options @ ..] => crash::run(&root, options),
        _ => anyhow::bail!("{USAGE}"),
    }
}

fn workspace_root() -> anyhow::Result<PathBuf> {
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set; run this as `cargo xtask`")?;
    let crate_dir = PathBuf::from(manifest_dir);
    let root = crate_dir
        .ancestors()
        .nth(2)
        .context("the crate does not lie in crates/xtask")?;
    Ok(root.to_path_buf())
}
