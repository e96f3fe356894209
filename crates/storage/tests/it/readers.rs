//! Blocks are looked up while others are appended and full block files are closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tangle_engine::Store;
use tangle_types::BlockId;

use crate::chain::Chain;
use crate::reopen;

/// Blocks that are appended together; some such batches fill a file.
const BATCH_BLOCKS: usize = 64;
const BATCHES: usize = 1_000;
/// Far more than a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn nobody_waits_for_ever_while_files_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let (mut writer, reader) = reopen(folder.path(), &chain.genesis);
    let (done_in, done) = mpsc::channel();
    let is_over = std::sync::Arc::new(AtomicBool::new(false));
    for _ in 0..2 {
        let (reader, is_over) = (reader.clone(), std::sync::Arc::clone(&is_over));
        let done = done_in.clone();
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                assert!(!reader.contains(&BlockId([3; 32])).unwrap());
            }
            done.send(()).unwrap();
        });
    }
    std::thread::spawn(move || {
        // Such parents are looked for in all files.
        let parents: Vec<BlockId> = (10..18).map(|byte| BlockId([byte; 32])).collect();
        for _ in 0..BATCHES {
            for _ in 0..BATCH_BLOCKS {
                chain.block_on(parents.clone(), None);
            }
            chain.save(&mut writer);
        }
        writer.sync().unwrap();
        is_over.store(true, Ordering::Relaxed);
        done_in.send(()).unwrap();
    });
    for _ in 0..3 {
        let finished = done.recv_timeout(PATIENCE);
        finished.expect("appending and looking up go on side by side");
    }
}
