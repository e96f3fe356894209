//! The limit: what the machine can do with the same blocks when nothing but the unavoidable work
//! is done: parsing, hashing, proof-of-work check and batched signature verification.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use tangle_consensus::MilestoneKeys;
use tangle_engine::check;
use tangle_types::{ParsedBlock, ProtocolParameters};

use crate::workload::{Source, Workload};

/// Blocks that are checked together.
const BATCH_BLOCKS: usize = 256;

/// Blocks a second, on as many threads as there are cores.
pub(crate) fn measure(
    workload: &Workload,
    block_count: u64,
    parameters: &ProtocolParameters,
    keys: &MilestoneKeys,
) -> Result<f64> {
    let source = Mutex::new(workload.read()?);
    let checked = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<()> {
        while checked.load(Ordering::Relaxed) < block_count {
            let batch = batch(&mut source.lock().expect("no holder panics"))?;
            if batch.is_empty() {
                break;
            }
            let count = batch.len() as u64;
            let parsed = ParsedBlock::parse_many(batch)
                .into_iter()
                .collect::<Result<_, _>>()?;
            for result in check(parsed, parameters, keys) {
                result?;
            }
            checked.fetch_add(count, Ordering::Relaxed);
        }
        Ok(())
    };
    let started = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    Ok(checked.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64())
}

/// The next blocks, as many as are checked together: large ones come in several parcels.
fn batch(source: &mut Source) -> Result<Vec<Bytes>> {
    let mut blocks = Vec::with_capacity(BATCH_BLOCKS);
    loop {
        let parcel = source.parcel(BATCH_BLOCKS - blocks.len())?;
        if parcel.is_empty() {
            return Ok(blocks);
        }
        blocks.extend(parcel);
    }
}
