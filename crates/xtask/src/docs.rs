//! Pages that the program prints about itself: `docs/generated`.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

const GENERATED: &str = "docs/generated";

/// Prints the pages anew.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    print_pages(root, &root.join(GENERATED))
}

/// Compares the pages with what the program prints now.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let fresh = root.join("target/docs-check");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).context("old pages in target/ cannot be removed")?;
    }
    print_pages(root, &fresh)?;
    Ok(compare(
        &read_pages(&root.join(GENERATED))?,
        &read_pages(&fresh)?,
    ))
}

/// Has the program print its pages: the one that `TANGLE` names, as for the end-to-end suites, or
/// else one that is built for it.
fn print_pages(root: &Path, out: &Path) -> anyhow::Result<()> {
    let mut program = env::var_os("TANGLE").map_or_else(built, Command::new);
    let status = program
        .args(["docs", "--out"])
        .arg(out)
        .current_dir(root)
        .status()
        .context("the program cannot be run")?;
    anyhow::ensure!(status.success(), "`tangle docs` ended with {status}");
    Ok(())
}

fn built() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", "tangle-cli", "--"]);
    cargo
}

type Pages = BTreeMap<PathBuf, Vec<u8>>;

fn read_pages(dir: &Path) -> anyhow::Result<Pages> {
    let mut pages = Pages::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("{} cannot be listed", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(dir)
                    .context("a page lies in its folder")?;
                pages.insert(name.to_path_buf(), fs::read(&path)?);
            }
        }
    }
    Ok(pages)
}

fn compare(stored: &Pages, fresh: &Pages) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, content) in fresh {
        let name = name.display();
        match stored.get(Path::new(&name.to_string())) {
            None => findings.push(format!(
                "{GENERATED}/{name}: missing; run `cargo xtask docs`"
            )),
            Some(old) if old != content => {
                findings.push(format!("{GENERATED}/{name}: stale; run `cargo xtask docs`"));
            }
            Some(_) => {}
        }
    }
    for name in stored.keys().filter(|name| !fresh.contains_key(*name)) {
        findings.push(format!(
            "{GENERATED}/{}: no longer printed; remove it",
            name.display()
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(names: &[(&str, &str)]) -> Pages {
        names
            .iter()
            .map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn equal_pages_pass() {
        let stored = pages(&[("cli.md", "a"), ("api/openapi.json", "b")]);
        assert_eq!(compare(&stored, &stored.clone()), Vec::<String>::new());
    }

    #[test]
    fn stale_missing_and_old_pages_are_found() {
        let stored = pages(&[("cli.md", "a"), ("old.md", "b")]);
        let fresh = pages(&[("cli.md", "changed"), ("new.md", "c")]);
        assert_eq!(
            compare(&stored, &fresh),
            [
                "docs/generated/cli.md: stale; run `cargo xtask docs`",
                "docs/generated/new.md: missing; run `cargo xtask docs`",
                "docs/generated/old.md: no longer printed; remove it",
            ]
        );
    }

    #[test]
    fn pages_are_read_from_folders_too() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("api")).unwrap();
        fs::write(dir.path().join("api/x.json"), "{}").unwrap();
        assert_eq!(
            read_pages(dir.path()).unwrap(),
            pages(&[("api/x.json", "{}")])
        );
    }
}
