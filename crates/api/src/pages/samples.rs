//! How the node was of late: a sample each second for ten minutes, and one each three minutes for a
//! day.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::metrics::Usage;
use tangle_node::Handle;
use tangle_types::UnixSeconds;
use tokio::time::{Instant, MissedTickBehavior};

/// Time between two samples.
const PAUSE: Duration = Duration::from_secs(1);
/// Samples kept: ten minutes.
pub(crate) const RECENT_MAX: usize = 600;
/// Samples that one of the long ring stands for.
pub(crate) const STRIDE: usize = 180;
/// Samples of the long ring: a day.
pub(crate) const DAY_MAX: usize = 480;
/// Samples between two looks at the size of the store, which reads a folder.
const SIZE_STRIDE: usize = 10;

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// Blocks received a second.
    pub(crate) received: f64,
    /// Blocks referenced by milestones a second.
    pub(crate) referenced: f64,
    /// Seconds since the newest confirmed milestone, by its timestamp.
    pub(crate) milestone_age: f64,
    /// Memory of the process, in bytes.
    pub(crate) memory: f64,
    /// Size of the store, in bytes.
    pub(crate) disk: f64,
}

/// The rings. They are written by one task and read by pages.
#[derive(Debug, Default)]
pub(crate) struct Samples(Mutex<Rings>);

#[derive(Debug, Default)]
struct Rings {
    recent: VecDeque<Sample>,
    day: VecDeque<Sample>,
    /// What is to become the next sample of the day.
    sum: Sample,
    summed: usize,
}

/// How far back to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Minutes,
    Day,
}

impl Samples {
    /// The samples of a span, oldest first.
    pub(crate) fn of(&self, span: Span) -> Vec<Sample> {
        let rings = self.0.lock().expect("no holder panics");
        let ring = match span {
            Span::Minutes => &rings.recent,
            Span::Day => &rings.day,
        };
        ring.iter().copied().collect()
    }

    fn push(&self, sample: Sample) {
        let mut rings = self.0.lock().expect("no holder panics");
        push_bounded(&mut rings.recent, sample, RECENT_MAX);
        rings.sum = rings.sum.plus(&sample);
        rings.summed += 1;
        if rings.summed == STRIDE {
            let mean = rings.sum.scaled(1.0 / STRIDE as f64);
            push_bounded(&mut rings.day, mean, DAY_MAX);
            rings.sum = Sample::default();
            rings.summed = 0;
        }
    }

    /// Looks at the node every second until `stop` is ready.
    pub(crate) async fn take(&self, node: &Handle, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut pause = tokio::time::interval(PAUSE);
        // After a pause of the machine one sample stands for all that were missed.
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before: Option<(Instant, u64, u64)> = None;
        let mut disk = 0.0;
        for number in 0_usize.. {
            tokio::select! {
                _ = pause.tick() => {}
                () = &mut stop => return,
            }
            let now = Instant::now();
            let status = node.status();
            if number.is_multiple_of(SIZE_STRIDE) {
                let reader = node.reader().clone();
                let sizes = tokio::task::spawn_blocking(move || reader.sizes()).await;
                match sizes {
                    Ok(Ok(sizes)) => disk = sizes.total_bytes() as f64,
                    Ok(Err(error)) => tracing::warn!(%error, "the store's size is not known"),
                    // The runtime ends.
                    Err(_) => return,
                }
            }
            let totals = (now, status.received_total, status.referenced_total);
            if let Some((then, received, referenced)) = before.replace(totals) {
                let seconds = now
                    .duration_since(then)
                    .as_secs_f64()
                    .max(f64::MIN_POSITIVE);
                let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
                let age = status.confirmed.timestamp.map(age_seconds);
                self.push(Sample {
                    received: rate(totals.1, received),
                    referenced: rate(totals.2, referenced),
                    milestone_age: age.unwrap_or_default(),
                    memory: Usage::read().resident_bytes as f64,
                    disk,
                });
            }
        }
    }
}

impl Sample {
    fn plus(&self, other: &Self) -> Self {
        Self {
            received: self.received + other.received,
            referenced: self.referenced + other.referenced,
            milestone_age: self.milestone_age + other.milestone_age,
            memory: self.memory + other.memory,
            disk: self.disk + other.disk,
        }
    }

    fn scaled(&self, factor: f64) -> Self {
        Self {
            received: self.received * factor,
            referenced: self.referenced * factor,
            milestone_age: self.milestone_age * factor,
            memory: self.memory * factor,
            disk: self.disk * factor,
        }
    }
}

/// How long ago a time was; the timestamp says it to a second.
pub(crate) fn age_seconds(time: UnixSeconds) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    (now.unwrap_or_default().as_secs_f64() - f64::from(time.0)).max(0.0)
}

fn push_bounded(ring: &mut VecDeque<Sample>, sample: Sample, count_max: usize) {
    if ring.len() == count_max {
        ring.pop_front();
    }
    ring.push_back(sample);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_bounded_and_the_long_one_holds_means() {
        let samples = Samples::default();
        for number in 0..(STRIDE * (DAY_MAX + 2)) {
            samples.push(Sample {
                received: (number % 2) as f64,
                ..Sample::default()
            });
        }
        assert_eq!(samples.of(Span::Minutes).len(), RECENT_MAX);
        let day = samples.of(Span::Day);
        assert_eq!(day.len(), DAY_MAX);
        assert!(
            day.iter()
                .all(|sample| (sample.received - 0.5).abs() < 1e-9)
        );
    }
}
