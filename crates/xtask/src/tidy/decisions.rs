//! The index of the decisions names each of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

const FOLDER: &str = "docs/decisions";

/// Compares the index with the pages among the tracked `paths`.
pub(crate) fn check(root: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let index = fs::read_to_string(root.join(FOLDER).join("README.md"))
        .context("docs/decisions/README.md is the index of the decisions and cannot be read")?;
    let pages = paths
        .iter()
        .filter(|path| path.parent() == Some(Path::new(FOLDER)))
        .filter_map(|path| path.file_name()?.to_str());
    Ok(unnamed(&index, pages))
}

fn unnamed<'a>(index: &str, pages: impl Iterator<Item = &'a str>) -> Vec<String> {
    pages
        .filter(|page| *page != "README.md" && !index.contains(&format!("]({page})")))
        .map(|page| format!("{FOLDER}/README.md: does not name {page}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_that_the_index_does_not_name_is_found() {
        let pages = ["README.md", "a.md", "b.md"];
        assert_eq!(
            unnamed("| [a](a.md) | something |", pages.into_iter()),
            ["docs/decisions/README.md: does not name b.md"]
        );
    }
}
