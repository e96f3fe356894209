//! The rules of the code that no compiler checks.
//!
//! - [`imports`]: which crate may use which, as ARCHITECTURE.md says; names of crates.
//! - [`source`]: length of files and functions, module docs, unfinished marks.
//! - [`text`]: what no tracked file may hold: paths of a machine, registry hosts, secrets.
//! - [`decisions`]: the index of the decisions names each of them.

mod decisions;
mod imports;
mod source;
mod text;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

/// Checks every tracked file and every crate; gives back one line for each finding.
pub(crate) fn run(root: &Path) -> anyhow::Result<Vec<String>> {
    let architecture = fs::read_to_string(root.join("ARCHITECTURE.md"))
        .context("ARCHITECTURE.md holds the import table and cannot be read")?;
    let table = imports::read_table(&architecture)?;
    let crates = imports::read_crates(&root.join("crates"))?;
    let mut findings = imports::check(&table, &crates);
    let mut warnings = Vec::new();
    let paths = tracked_files(root)?;
    findings.extend(decisions::check(root, &paths)?);
    for path in paths {
        // A file that was deleted but not yet committed, or binary data: not text to judge.
        let Ok(content) = fs::read_to_string(root.join(&path)) else {
            continue;
        };
        let name = path.to_string_lossy();
        findings.extend(text::check(&name, &content));
        if path.extension().is_some_and(|extension| extension == "rs") {
            let pure = imports::is_pure(&table, &name);
            let report = source::check(&name, &content, pure);
            findings.extend(report.findings);
            warnings.extend(report.warnings);
        }
    }
    for warning in warnings {
        println!("warning: {warning}");
    }
    Ok(findings)
}

fn tracked_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("git lists the files to check and cannot be run")?;
    anyhow::ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut paths: Vec<PathBuf> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}
