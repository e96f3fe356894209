//! Where a measurement keeps its files.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

/// A folder that the caller named, or a temporary one that goes when this is dropped.
#[derive(Debug)]
pub(crate) enum Folder {
    Named(PathBuf),
    Temporary(TempDir),
}

impl Folder {
    /// The folder `named`, made if it is missing; else a temporary one.
    pub(crate) fn new(named: Option<&Path>) -> Result<Self> {
        let Some(path) = named else {
            return Ok(Self::Temporary(tempfile::tempdir()?));
        };
        std::fs::create_dir_all(path)?;
        Ok(Self::Named(path.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}
