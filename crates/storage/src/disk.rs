//! The few things that are done with files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::StoreError;
use crate::error::AtPath;

/// A file that is read at offsets. Its descriptor can be given up; it is opened again per read.
#[derive(Debug)]
pub(crate) struct ReadFile {
    path: PathBuf,
    kept: RwLock<Option<Arc<File>>>,
}

impl ReadFile {
    /// Opens `path` for reading and writing at offsets.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let file = open(&path)?;
        Ok(Self {
            path,
            kept: RwLock::new(Some(Arc::new(file))),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives up the descriptor.
    pub(crate) fn release(&self) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn file(&self) -> Result<Arc<File>, StoreError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(file) => Ok(Arc::clone(file)),
            None => open(&self.path).map(Arc::new),
        }
    }

    /// Reads what there is from `offset` on, until `buffer` is full or the file ends.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, StoreError> {
        let file = self.file()?;
        let mut count = 0;
        while count < buffer.len() {
            match read_at(&file, &mut buffer[count..], offset + count as u64) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).at(&self.path),
            }
        }
        Ok(count)
    }

    /// Fills `buffer` from `offset` on.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), StoreError> {
        if self.read_at(buffer, offset)? < buffer.len() {
            let end = offset + buffer.len() as u64;
            return Err(StoreError::damaged(
                &self.path,
                format!("it ends before byte {end}"),
            ));
        }
        Ok(())
    }

    /// Overwrites from `offset` on.
    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<(), StoreError> {
        write_all_at(&*self.file()?, bytes, offset).at(&self.path)
    }

    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file()?.sync_data().at(&self.path)
    }

    pub(crate) fn size(&self) -> Result<u64, StoreError> {
        let metadata = self.file()?.metadata().at(&self.path)?;
        Ok(metadata.len())
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .at(path)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = &bytes[count..];
        offset += count as u64;
    }
    Ok(())
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let file = File::open(folder).at(folder)?;
        file.sync_all().at(folder)?;
    }
    Ok(())
}

/// Writes a whole file: afterwards it is there with all its bytes, or not at all.
pub(crate) fn write_whole(
    path: &Path,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    let file = File::create(&temporary).at(&temporary)?;
    let mut buffered = io::BufWriter::with_capacity(1 << 18, file);
    body(&mut buffered).at(&temporary)?;
    let file = buffered
        .into_inner()
        .map_err(io::IntoInnerError::into_error)
        .at(&temporary)?;
    file.sync_all().at(&temporary)?;
    drop(file);
    std::fs::rename(&temporary, path).at(path)?;
    sync_folder(path.parent().expect("a file of the store is in a folder"))
}

/// Creates a folder unless it is there, durably.
pub(crate) fn ensure_folder(path: &Path) -> Result<(), StoreError> {
    if !path.is_dir() {
        std::fs::create_dir_all(path).at(path)?;
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            sync_folder(parent)?;
        }
    }
    Ok(())
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.at(path),
    }
}

/// Names in a folder, sorted; files that were never finished are removed.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).at(folder)? {
        let name = entry.at(folder)?.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.ends_with(".tmp") {
            remove(&folder.join(name))?;
        } else {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Bytes that the files in a folder, and in the folders in it, take on the disk.
pub(crate) fn folder_bytes(folder: &Path) -> Result<u64, StoreError> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Somebody removes a file meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).at(folder),
        };
        sum += if metadata.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            allocated_bytes(&metadata)
        };
    }
    Ok(sum)
}

#[cfg(unix)]
fn allocated_bytes(metadata: &std::fs::Metadata) -> u64 {
    /// Unit of the count, whatever the file system's own is.
    const SECTOR_BYTES: u64 = 512;
    std::os::unix::fs::MetadataExt::blocks(metadata) * SECTOR_BYTES
}

#[cfg(windows)]
fn allocated_bytes(metadata: &std::fs::Metadata) -> u64 {
    metadata.len()
}
