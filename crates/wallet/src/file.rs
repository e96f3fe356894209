//! Files of a wallet: read with a limit, replaced as a whole, open to their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct FileError {
    /// Which file.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

impl FileError {
    pub(crate) fn new(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            error,
        }
    }
}

/// Makes a folder that only its owner may enter; one that exists stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), FileError> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|error| FileError::new(path, error))
}

/// The bytes of a file; `None` when there is none.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, FileError> {
    let refuse = |error| FileError::new(path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(error)),
    };
    let size = file.metadata().map_err(refuse)?.len();
    if size > bytes_max {
        let reason = format!("it has {size} bytes, at most {bytes_max} are expected");
        return Err(refuse(io::Error::other(reason)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(bytes_max)
        .read_to_end(&mut bytes)
        .map_err(refuse)?;
    Ok(Some(bytes))
}

/// Puts `bytes` in the place of what is at `path`: after a crash the old or the new is there,
/// whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let partial = partial_path(path);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        // The name lasts only when the folder is on the disk too.
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|error| FileError::new(path, error))
}

/// Writes a file that must not be there yet.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if path
        .try_exists()
        .map_err(|error| FileError::new(path, error))?
    {
        let error = io::Error::new(io::ErrorKind::AlreadyExists, "it is there already");
        return Err(FileError::new(path, error));
    }
    replace(path, bytes)
}

fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}
