//! Which crate may use which.
//!
//! The law is the first table of ARCHITECTURE.md whose head is
//! `| crate | is | pure | may import |`. Dev-dependencies are free; all others of the workspace
//! must stand in the crate's row. `all` allows every product crate, `as needed` every crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Context;
use serde::Deserialize;

/// Crates that serve the project itself; no product crate may use them but in its tests.
const OURS: [&str; 2] = ["testkit", "xtask"];

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pure: bool,
    imports: Imports,
}

#[derive(Debug, PartialEq, Eq)]
enum Imports {
    These(BTreeSet<String>),
    AllOfTheProduct,
    AsNeeded,
}

pub(crate) type Table = BTreeMap<String, Rule>;

/// What a crate's Cargo.toml and folder say.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    package: String,
    lib_name: Option<String>,
    inherits_lints: bool,
    imports: BTreeSet<String>,
    integration_tests: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    #[serde(default)]
    lib: Option<Library>,
    #[serde(default)]
    lints: Option<Lints>,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default, rename = "build-dependencies")]
    build_dependencies: BTreeMap<String, toml::Value>,
    #[serde(default)]
    target: BTreeMap<String, TargetDependencies>,
}

#[derive(Deserialize)]
struct TargetDependencies {
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Library {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Lints {
    #[serde(default)]
    workspace: bool,
}

/// Reads the table out of the text of ARCHITECTURE.md.
pub(crate) fn read_table(markdown: &str) -> anyhow::Result<Table> {
    let rows = markdown
        .lines()
        .map(cells)
        .skip_while(|row| *row != ["crate", "is", "pure", "may import"])
        .skip(2)
        .take_while(|row| row.len() == 4);
    let mut table = Table::new();
    for row in rows {
        let pure = match row[2].as_str() {
            "yes" => true,
            "no" => false,
            other => anyhow::bail!("row {}: pure is {other:?}, not yes or no", row[0]),
        };
        let imports = match row[3].as_str() {
            "–" => Imports::These(BTreeSet::new()),
            "all" => Imports::AllOfTheProduct,
            "as needed" => Imports::AsNeeded,
            names => Imports::These(names.split_whitespace().map(str::to_owned).collect()),
        };
        let known = table.insert(row[0].clone(), Rule { pure, imports });
        anyhow::ensure!(known.is_none(), "crate {} has two rows", row[0]);
    }
    anyhow::ensure!(
        !table.is_empty(),
        "ARCHITECTURE.md has no table with the head | crate | is | pure | may import |"
    );
    Ok(table)
}

fn cells(line: &str) -> Vec<String> {
    let inner = line
        .trim()
        .strip_prefix('|')
        .and_then(|rest| rest.strip_suffix('|'));
    inner.map_or_else(Vec::new, |inner| {
        inner
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    })
}

/// Whether the file belongs to a crate without input and output.
pub(crate) fn is_pure(table: &Table, file: &str) -> bool {
    let name = file
        .strip_prefix("crates/")
        .and_then(|rest| rest.split('/').next());
    let is_source = file.split('/').nth(2) == Some("src");
    is_source
        && name
            .and_then(|name| table.get(name))
            .is_some_and(|rule| rule.pure)
}

/// Reads the manifest of every folder in `crates_dir`.
pub(crate) fn read_crates(crates_dir: &Path) -> anyhow::Result<BTreeMap<String, Crate>> {
    let mut crates = BTreeMap::new();
    for entry in fs::read_dir(crates_dir).context("crates/ cannot be listed")? {
        let dir = entry?.path();
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let text = fs::read_to_string(&manifest)?;
        let folder = dir
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let folder = folder.context("a folder of crates/ has a name")?;
        let mut found = read_manifest(&text).with_context(|| format!("crates/{folder}"))?;
        found.integration_tests = integration_tests(&dir.join("tests"))?;
        crates.insert(folder, found);
    }
    Ok(crates)
}

fn read_manifest(text: &str) -> anyhow::Result<Crate> {
    let manifest: Manifest = toml::from_str(text)?;
    let imports = manifest
        .dependencies
        .keys()
        .chain(manifest.build_dependencies.keys())
        .chain(
            manifest
                .target
                .values()
                .flat_map(|target| target.dependencies.keys()),
        )
        .filter_map(|name| name.strip_prefix("tangle-"))
        .map(str::to_owned)
        .collect();
    Ok(Crate {
        package: manifest.package.name,
        lib_name: manifest.lib.and_then(|lib| lib.name),
        inherits_lints: manifest.lints.is_some_and(|lints| lints.workspace),
        imports,
        integration_tests: Vec::new(),
    })
}

fn integration_tests(tests_dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    if !tests_dir.is_dir() {
        return Ok(names);
    }
    for entry in fs::read_dir(tests_dir)? {
        let path = entry?.path();
        let is_file = path.extension().is_some_and(|extension| extension == "rs");
        if is_file || path.join("main.rs").is_file() {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    Ok(names)
}

/// Compares the crates with the table.
pub(crate) fn check(table: &Table, crates: &BTreeMap<String, Crate>) -> Vec<String> {
    let mut findings = Vec::new();
    for name in table.keys().filter(|name| !crates.contains_key(*name)) {
        findings.push(format!(
            "ARCHITECTURE.md: crate {name} has a row but no folder in crates/"
        ));
    }
    for (name, found) in crates {
        let manifest = format!("crates/{name}/Cargo.toml");
        let Some(rule) = table.get(name) else {
            findings.push(format!("{manifest}: {name} has no row in ARCHITECTURE.md"));
            continue;
        };
        for import in found.imports.iter().filter(|import| !allows(rule, import)) {
            findings.push(format!(
                "{manifest}: {name} must not use {import}; the table in ARCHITECTURE.md allows {}",
                described(rule)
            ));
        }
        check_habits(name, found, &manifest, &mut findings);
    }
    findings
}

fn allows(rule: &Rule, import: &str) -> bool {
    match &rule.imports {
        Imports::These(names) => names.contains(import),
        Imports::AllOfTheProduct => !OURS.contains(&import),
        Imports::AsNeeded => true,
    }
}

fn described(rule: &Rule) -> String {
    match &rule.imports {
        Imports::These(names) if names.is_empty() => "nothing".to_owned(),
        Imports::These(names) => names.iter().cloned().collect::<Vec<_>>().join(" "),
        Imports::AllOfTheProduct => format!("all but {}", OURS.join(" and ")),
        Imports::AsNeeded => "all".to_owned(),
    }
}

fn check_habits(name: &str, found: &Crate, manifest: &str, findings: &mut Vec<String>) {
    if found.package != format!("tangle-{name}") {
        findings.push(format!(
            "{manifest}: the package is {}, not tangle-{name}",
            found.package
        ));
    }
    if let Some(library) = &found.lib_name {
        findings.push(format!(
            "{manifest}: the library is named {library} by hand; a crate has one name"
        ));
    }
    if !found.inherits_lints {
        findings.push(format!("{manifest}: [lints] workspace = true is missing"));
    }
    if found.integration_tests.len() > 1 {
        findings.push(format!(
            "crates/{name}/tests: {} are {} binaries to link; make them modules of \
             tests/it/main.rs",
            found.integration_tests.join(", "),
            found.integration_tests.len()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "text\n\n| crate | is | pure | may import |\n|---|---|---|---|\n\
        | low | x | yes | – |\n| high | x | no | low |\n| top | x | no | all |\n\
        | testkit | x | no | as needed |\n\nmore\n| low | again | yes | – |\n";

    fn crate_of(package: &str, imports: &[&str]) -> Crate {
        Crate {
            package: package.to_owned(),
            inherits_lints: true,
            imports: imports.iter().map(|&name| name.to_owned()).collect(),
            ..Crate::default()
        }
    }

    fn check_of(changed: &str, crate_: Crate) -> Vec<String> {
        let mut crates: BTreeMap<String, Crate> = ["low", "high", "top", "testkit"]
            .map(|name| (name.to_owned(), crate_of(&format!("tangle-{name}"), &[])))
            .into();
        crates.insert(changed.to_owned(), crate_);
        check(&read_table(TABLE).unwrap(), &crates)
    }

    #[test]
    fn import_that_the_table_allows_passes() {
        assert_eq!(
            check_of("high", crate_of("tangle-high", &["low"])),
            Vec::<String>::new()
        );
        assert_eq!(
            check_of("top", crate_of("tangle-top", &["high"])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn import_upwards_is_found() {
        assert_eq!(
            check_of("low", crate_of("tangle-low", &["high"])),
            [
                "crates/low/Cargo.toml: low must not use high; the table in ARCHITECTURE.md allows \
              nothing"
            ]
        );
    }

    #[test]
    fn product_must_not_use_the_test_kit() {
        let findings = check_of("top", crate_of("tangle-top", &["testkit"]));
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].contains("top must not use testkit"),
            "{findings:?}"
        );
    }

    #[test]
    fn crate_without_row_and_row_without_crate_are_found() {
        let findings = check_of("other", crate_of("tangle-other", &[]));
        assert_eq!(
            findings,
            ["crates/other/Cargo.toml: other has no row in ARCHITECTURE.md"]
        );
        let findings = check(&read_table(TABLE).unwrap(), &BTreeMap::new());
        assert_eq!(findings.len(), 4, "{findings:?}");
    }

    #[test]
    fn other_name_second_test_binary_and_own_lints_are_found() {
        let found = Crate {
            lib_name: Some("lower".to_owned()),
            integration_tests: vec!["a".to_owned(), "b".to_owned()],
            inherits_lints: false,
            ..crate_of("tangle-lower", &[])
        };
        assert_eq!(check_of("low", found).len(), 4);
    }

    #[test]
    fn dev_dependencies_are_free_and_target_dependencies_are_not() {
        let found = read_manifest(
            "[package]\nname = \"tangle-low\"\n[lints]\nworkspace = true\n\
             [dev-dependencies]\ntangle-testkit = \"1\"\n\
             [target.'cfg(unix)'.dependencies]\ntangle-high = \"1\"\nserde = \"1\"\n",
        )
        .unwrap();
        assert_eq!(found.imports, BTreeSet::from(["high".to_owned()]));
    }

    #[test]
    fn only_sources_of_pure_crates_are_pure() {
        let table = read_table(TABLE).unwrap();
        assert!(is_pure(&table, "crates/low/src/lib.rs"));
        assert!(!is_pure(&table, "crates/low/tests/it/main.rs"));
        assert!(!is_pure(&table, "crates/high/src/lib.rs"));
    }

    #[test]
    fn text_without_the_table_is_an_error() {
        assert!(read_table("| crate | is |\n|---|---|\n| a | b |\n").is_err());
    }
}
