//! What the locked packages may be: licences, sources, bans, count.
//!
//! The rules stand in deny.toml, in the form that cargo-deny reads too. Only advisories need that
//! tool, because their database is on the network; everything here works without one.

mod license;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::Command,
};

use anyhow::Context;
use serde::Deserialize;

/// More packages than this take too long to build and to watch.
const PACKAGES_MAX: usize = 450;
/// The folders of the workspaces whose lock files are checked.
/// Fuzzing is not among them: it needs a C++ compiler, which deny.toml forbids.
const WORKSPACES: [&str; 3] = ["", "crosscheck", "e2e/votes"];

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// Checks the lock file of each workspace, and what a build of it uses.
pub(crate) fn run(root: &Path) -> anyhow::Result<Vec<String>> {
    let rules = fs::read_to_string(root.join("deny.toml")).context("deny.toml cannot be read")?;
    let rules: Rules = toml::from_str(&rules).context("deny.toml")?;
    let mut findings = Vec::new();
    for folder in WORKSPACES {
        let lock = Path::new(folder).join("Cargo.lock");
        print!("{}: ", lock.display());
        let found = check_workspace(&rules, &root.join(folder))?;
        findings.extend(found.iter().map(|it| format!("{}: {it}", lock.display())));
    }
    Ok(findings)
}

fn check_workspace(rules: &Rules, folder: &Path) -> anyhow::Result<Vec<String>> {
    let metadata = cargo(folder, &["metadata", "--locked", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("cargo metadata")?;
    let edges = [
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = cargo(
        folder,
        &[&["tree", "--locked", "--workspace"][..], &edges].concat(),
    )?;
    let built: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();

    let packages = metadata.packages;
    println!(
        "{} packages are locked, {PACKAGES_MAX} are allowed; {} names are built here",
        packages.len(),
        built.len()
    );
    let twice = duplicates(&packages);
    if !twice.is_empty() {
        println!(
            "warning: {} are locked in several versions",
            twice.join(", ")
        );
    }
    Ok(check(rules, &packages, &built))
}

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(root)
        .output()
        .context("cargo cannot be run")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("cargo prints UTF-8")
}

fn check(rules: &Rules, packages: &[Package], built: &BTreeSet<&str>) -> Vec<String> {
    let mut findings = Vec::new();
    if packages.len() > PACKAGES_MAX {
        findings.push(format!(
            "{} packages, {PACKAGES_MAX} are allowed",
            packages.len()
        ));
    }
    for package in packages {
        let label = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or("none");
        match license::is_allowed(licence, &rules.licenses.allow) {
            Ok(true) => {}
            Ok(false) => findings.push(format!("{label}: licence {licence} is not in deny.toml")),
            Err(error) => findings.push(format!("{label}: licence {licence:?}: {error}")),
        }
        let registry = package.source.as_deref().map(|source| {
            let source = source.strip_prefix("registry+").unwrap_or(source);
            (rules.sources.allow_registry.contains(source), source)
        });
        if let Some((false, source)) = registry {
            findings.push(format!(
                "{label}: comes from {source}, which is not in deny.toml"
            ));
        }
    }
    for banned in rules
        .bans
        .deny
        .iter()
        .filter(|banned| built.contains(banned.name.as_str()))
    {
        findings.push(format!(
            "{}: is banned by deny.toml, but built; `cargo tree -i {}` says for whom",
            banned.name, banned.name
        ));
    }
    findings
}

/// Names that stand in the lock file more than once, each with the count of its versions.
fn duplicates(packages: &[Package]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for package in packages {
        *counts.entry(&package.name).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts
        .into_iter()
        .map(|(name, count)| format!("{name} ({count})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn package(name: &str, license: &str, source: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: source.map(str::to_owned),
        }
    }

    fn findings(packages: &[Package], built: &[&str]) -> Vec<String> {
        let rules = toml::from_str(
            "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ name = \"cc\" }]\n[sources]\n\
             allow-registry = [\"https://github.com/rust-lang/crates.io-index\"]\n",
        )
        .unwrap();
        check(&rules, packages, &built.iter().copied().collect())
    }

    #[test]
    fn allowed_package_passes() {
        let packages = [
            package("a", "MIT OR GPL-3.0", Some(INDEX)),
            package("own", "MIT", None),
        ];
        assert_eq!(findings(&packages, &["a", "own"]), Vec::<String>::new());
    }

    #[test]
    fn licence_and_source_outside_the_list_are_found() {
        let packages = [package("a", "GPL-3.0", Some("git+https://example.org/a"))];
        assert_eq!(
            findings(&packages, &[]),
            [
                "a 1.0.0: licence GPL-3.0 is not in deny.toml",
                "a 1.0.0: comes from git+https://example.org/a, which is not in deny.toml",
            ]
        );
    }

    #[test]
    fn banned_package_counts_only_when_built() {
        let packages = [package("cc", "MIT", Some(INDEX))];
        assert_eq!(findings(&packages, &[]), Vec::<String>::new());
        assert_eq!(findings(&packages, &["cc"]).len(), 1);
    }

    #[test]
    fn too_many_packages_are_found() {
        let packages = vec![package("a", "MIT", Some(INDEX)); PACKAGES_MAX + 1];
        assert_eq!(findings(&packages, &[]), ["451 packages, 450 are allowed"]);
        assert_eq!(duplicates(&packages), ["a (451)"]);
    }
}
