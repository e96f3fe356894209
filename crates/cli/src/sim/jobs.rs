//! Much work at once, with results in order: what comes out does not depend on the number of
//! threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does `work` for all `items`, on `jobs` threads or one for each processor, and returns the
/// results in the order of the items. `progress` gets the number of those done.
pub(super) fn in_order<I: Sync, R: Send>(
    items: &[I],
    jobs: Option<usize>,
    work: impl Fn(&I) -> R + Sync,
    mut progress: impl FnMut(usize),
) -> Vec<R> {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = jobs.unwrap_or_else(processors).max(1);
    let next = AtomicUsize::new(0);
    let mut results = BTreeMap::new();
    // Each job waits until its result was taken.
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(position) else {
                        return;
                    };
                    if sender.send((position, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (position, result) in receiver {
            results.insert(position, result);
            progress(results.len());
        }
    });
    results.into_values().collect()
}

/// Reads seeds: one, or `A..B` without B.
pub(super) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        let wrong = |_| format!("{text:?} is no seed");
        text.parse::<u64>().map_err(wrong)
    };
    let (first, end) = match text.split_once("..") {
        Some((first, end)) => (number(first)?, number(end)?),
        None => (number(text)?, number(text)?.saturating_add(1)),
    };
    if first < end {
        Ok(first..end)
    } else {
        Err("there is no seed in it".to_owned())
    }
}
