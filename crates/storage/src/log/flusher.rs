//! Writing out what was appended, before a milestone has to wait for it.
//!
//! The operating system would keep what a second of heavy traffic appends, and the sync of the next
//! milestone would have to write all of it. So whenever a few megabytes have been appended, a
//! thread of its own syncs the file. This promises nothing: whoever needs something durable syncs
//! as before and finds little left to do.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crate::StoreError;
use crate::error::AtPath;

/// Bytes that may lie in the system's memory before they are written out.
const PENDING_BYTES_MAX: u64 = 4 << 20;

/// The thread, and what was appended since it was last told to sync.
#[derive(Debug)]
pub(super) struct Flusher {
    files: Option<SyncSender<File>>,
    thread: Option<JoinHandle<()>>,
    pending_bytes: u64,
}

impl Flusher {
    /// Starts the thread; `folder` is for errors.
    pub(super) fn start(folder: &Path) -> Result<Self, StoreError> {
        let (files, wanted) = sync_channel::<File>(1);
        let work = move || {
            for file in wanted {
                // A failure is told to the writer too, when it syncs through its own descriptor.
                if let Err(error) = file.sync_data() {
                    tracing::debug!(%error, "a block file was not written out early");
                }
            }
        };
        let thread = std::thread::Builder::new().name("flush".to_owned());
        Ok(Self {
            files: Some(files),
            thread: Some(thread.spawn(work).at(folder)?),
            pending_bytes: 0,
        })
    }

    /// Bytes were appended to the file at `path`; has them written out when there are enough.
    pub(super) fn appended(&mut self, bytes: u64, path: &Path) {
        self.pending_bytes += bytes;
        if self.pending_bytes < PENDING_BYTES_MAX {
            return;
        }
        // Opened anew: an error of writing is told once through each opened file, and must not be
        // lost to the writer.
        let (Some(files), Ok(file)) = (&self.files, File::open(path)) else {
            return;
        };
        match files.try_send(file) {
            Ok(()) => self.pending_bytes = 0,
            // Busy: asked again with the next blocks.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    /// Everything appended was synced.
    pub(super) fn synced(&mut self) {
        self.pending_bytes = 0;
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.files = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes block files out ended by a panic");
        }
    }
}
