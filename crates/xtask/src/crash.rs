//! Kills the program under load many times and checks that it keeps what it confirmed: the test of
//! that name, with as many rounds as one likes.

use std::{env, path::Path, process::Command};

use anyhow::Context;

const TEST: &str = "confirmed_state_survives_every_kill";

/// Runs the test. `options` are `--kills N` (at random moments), `--calls N` (at system calls that
/// write) and `--seed N`.
pub(crate) fn run(root: &Path, options: &[&str]) -> anyhow::Result<Vec<String>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["test", "--package", "tangle-cli", "--test", "it", TEST])
        .args(["--", "--nocapture"])
        .current_dir(root);
    let (pairs, left) = options.as_chunks::<2>();
    anyhow::ensure!(left.is_empty(), "{} lacks a number", left[0]);
    for [name, value] in pairs {
        let variable = match *name {
            "--kills" => "TANGLE_CRASH_KILLS",
            "--calls" => "TANGLE_CRASH_CALLS",
            "--seed" => "TANGLE_CRASH_SEED",
            other => anyhow::bail!("{other} is not --kills, --calls or --seed"),
        };
        let number: u32 = value
            .parse()
            .with_context(|| format!("{name}: {value:?} is not a number"))?;
        command.env(variable, number.to_string());
    }
    let status = command.status().context("cargo cannot be run")?;
    Ok(if status.success() {
        Vec::new()
    } else {
        vec![format!("the crash test ended with {status}")]
    })
}
