//! All metrics, by what they are about.

use std::sync::atomic::{AtomicU64, Ordering};

use tangle_types::MilestoneIndex;

use super::{Family, Kind, Probe, Samples};

/// A metric with one sample.
const fn one(
    name: &'static str,
    kind: Kind,
    about: &'static str,
    read: fn(&Probe, &mut Samples),
) -> Family {
    Family {
        name,
        kind,
        about,
        label: None,
        read,
    }
}

/// A metric with a sample for each value of a label.
const fn many(
    name: &'static str,
    kind: Kind,
    about: &'static str,
    label: &'static str,
    read: fn(&Probe, &mut Samples),
) -> Family {
    Family {
        name,
        kind,
        about,
        label: Some(label),
        read,
    }
}

fn push(samples: &mut Samples, value: f64) {
    samples.push(("", value));
}

fn index(samples: &mut Samples, index: MilestoneIndex) {
    push(samples, f64::from(index.0));
}

fn meter(samples: &mut Samples, count: &AtomicU64) {
    push(samples, count.load(Ordering::Relaxed) as f64);
}

fn flag(samples: &mut Samples, is_set: bool) {
    push(samples, f64::from(u8::from(is_set)));
}

/// All metrics.
// tidy: a table
pub const FAMILIES: &[Family] = &[
    many(
        "tangle_build_info",
        Kind::Gauge,
        "Always 1; the version of the program is its label.",
        "version",
        |_, samples| samples.push((env!("CARGO_PKG_VERSION"), 1.0)),
    ),
    one(
        "tangle_healthy",
        Kind::Gauge,
        "1 when the node knows the present.",
        |probe, samples| flag(samples, probe.status.is_healthy),
    ),
    one(
        "tangle_synced",
        Kind::Gauge,
        "1 when requests that need the present are answered.",
        |probe, samples| flag(samples, probe.status.is_synced),
    ),
    one(
        "tangle_milestone_latest_index",
        Kind::Gauge,
        "The newest valid milestone known.",
        |probe, samples| index(samples, probe.status.latest.index),
    ),
    one(
        "tangle_milestone_confirmed_index",
        Kind::Gauge,
        "The newest milestone confirmed and durable.",
        |probe, samples| index(samples, probe.status.confirmed.index),
    ),
    one(
        "tangle_milestone_lag",
        Kind::Gauge,
        "Milestones that are known and not confirmed yet.",
        |probe, samples| {
            let status = &probe.status;
            let lag = status
                .latest
                .index
                .0
                .saturating_sub(status.confirmed.index.0);
            push(samples, f64::from(lag));
        },
    ),
    one(
        "tangle_milestone_age_seconds",
        Kind::Gauge,
        "Time since the newest confirmed milestone: how far finality lies behind.",
        |probe, samples| {
            if let Some(timestamp) = probe.status.confirmed.timestamp {
                let age = probe.now.saturating_sub(u64::from(timestamp.0));
                push(samples, age as f64);
            }
        },
    ),
    one(
        "tangle_blocks_received_total",
        Kind::Counter,
        "Valid blocks received, from clients and peers.",
        |probe, samples| push(samples, probe.status.received_total as f64),
    ),
    one(
        "tangle_blocks_refused_total",
        Kind::Counter,
        "Blocks that broke a rule.",
        |probe, samples| push(samples, probe.node.refused_total() as f64),
    ),
    one(
        "tangle_blocks_referenced_total",
        Kind::Counter,
        "Blocks referenced by durable milestones.",
        |probe, samples| push(samples, probe.status.referenced_total as f64),
    ),
    one(
        "tangle_blocks_per_second",
        Kind::Gauge,
        "Blocks received a second, over the last ten.",
        |probe, samples| push(samples, probe.status.blocks_per_second),
    ),
    one(
        "tangle_referenced_blocks_per_second",
        Kind::Gauge,
        "Blocks referenced a second, over the last milestones.",
        |probe, samples| push(samples, probe.status.referenced_blocks_per_second),
    ),
    one(
        "tangle_blocks_unreferenced",
        Kind::Gauge,
        "Blocks that no milestone has referenced yet, solid or waiting for parents.",
        |probe, samples| push(samples, probe.status.unreferenced_count as f64),
    ),
    one(
        "tangle_tips",
        Kind::Gauge,
        "Blocks that a new block may approve.",
        |probe, samples| push(samples, probe.status.tip_count as f64),
    ),
    many(
        "tangle_queue_length",
        Kind::Gauge,
        "Entries that wait between two parts of the node.",
        "queue",
        |probe, samples| {
            let queues = probe.node.queues().into_iter();
            samples.extend(queues.map(|queue| (queue.name, queue.count as f64)));
        },
    ),
    many(
        "tangle_queue_capacity",
        Kind::Gauge,
        "Entries that may wait; whoever has one more is held up or refused.",
        "queue",
        |probe, samples| {
            let queues = probe.node.queues().into_iter();
            samples.extend(queues.map(|queue| (queue.name, queue.count_max as f64)));
        },
    ),
    many(
        "tangle_peers",
        Kind::Gauge,
        "Peers, connected or not.",
        "state",
        |probe, samples| {
            let peers = probe.node.peers();
            let connected = peers
                .iter()
                .filter(|peer| peer.connection.is_some())
                .count();
            samples.push(("connected", connected as f64));
            samples.push(("disconnected", (peers.len() - connected) as f64));
        },
    ),
    many(
        "tangle_gossip_total",
        Kind::Counter,
        "Blocks that had come before, messages that found no room, requests refused and answered.",
        "what",
        |probe, samples| {
            let counts = probe.node.gossip_counts();
            samples.push(("duplicate_blocks", counts.duplicates as f64));
            samples.push(("dropped_messages", counts.dropped as f64));
            samples.push(("refused_requests", counts.refused_requests as f64));
            samples.push(("served_requests", counts.served_requests as f64));
        },
    ),
    one(
        "tangle_event_subscribers",
        Kind::Gauge,
        "Connections that are told of events.",
        |probe, samples| meter(samples, &probe.node.event_meter().subscribers),
    ),
    one(
        "tangle_event_subscriptions",
        Kind::Gauge,
        "Topics that they are told of, summed over all of them.",
        |probe, samples| meter(samples, &probe.node.event_meter().subscriptions),
    ),
    one(
        "tangle_event_bytes_total",
        Kind::Counter,
        "Bytes of events, summed over all subscribers.",
        |probe, samples| meter(samples, &probe.node.event_meter().told_bytes),
    ),
    one(
        "tangle_event_subscribers_dropped_total",
        Kind::Counter,
        "Subscribers that read too slowly and were given up.",
        |probe, samples| meter(samples, &probe.node.event_meter().given_up),
    ),
    one(
        "tangle_events_missed_total",
        Kind::Counter,
        "Events that no subscriber was told of, because there were too many at once.",
        |probe, samples| push(samples, probe.node.event_counts().missed as f64),
    ),
    many(
        "tangle_store_bytes",
        Kind::Gauge,
        "Disk space of the store.",
        "part",
        |probe, samples| {
            samples.push(("blocks", probe.sizes.blocks_bytes as f64));
            samples.push(("ledger", probe.sizes.ledger_bytes as f64));
            samples.push(("base", probe.sizes.base_bytes as f64));
        },
    ),
    one(
        "tangle_store_limit_bytes",
        Kind::Gauge,
        "Disk space that pruning keeps the store within; absent without such a limit.",
        |probe, samples| {
            if let Some(bytes) = probe.node.pruning().size_bytes {
                push(samples, bytes as f64);
            }
        },
    ),
    one(
        "tangle_store_blocks",
        Kind::Gauge,
        "Blocks stored.",
        |probe, samples| push(samples, probe.sizes.block_count as f64),
    ),
    one(
        "tangle_pruning_index",
        Kind::Gauge,
        "Milestones up to this one were pruned.",
        |probe, samples| index(samples, probe.node.reader().pruning_index()),
    ),
    one(
        "tangle_history_milestones",
        Kind::Gauge,
        "Milestones whose history is kept.",
        |probe, samples| {
            let reader = probe.node.reader();
            let kept = reader
                .ledger_index()
                .0
                .saturating_sub(reader.pruning_index().0);
            push(samples, f64::from(kept));
        },
    ),
    one(
        "tangle_history_seconds",
        Kind::Gauge,
        "Time between the oldest milestone kept and the newest.",
        |probe, samples| push(samples, f64::from(probe.history_seconds)),
    ),
    many(
        "tangle_snapshots_written_total",
        Kind::Counter,
        "Snapshots that the node wrote by itself.",
        "kind",
        |probe, samples| {
            let snapshots = probe.node.snapshots();
            samples.push(("full", snapshots.full_total as f64));
            samples.push(("delta", snapshots.delta_total as f64));
        },
    ),
    one(
        "tangle_snapshots_failed_total",
        Kind::Counter,
        "Snapshots that could not be written; the log says why.",
        |probe, samples| push(samples, probe.node.snapshots().failed_total as f64),
    ),
    one(
        "tangle_snapshot_index",
        Kind::Gauge,
        "The milestone that the newest snapshot leads to.",
        |probe, samples| push(samples, probe.node.snapshots().target_index as f64),
    ),
    one(
        "tangle_snapshot_bytes",
        Kind::Gauge,
        "Size of the newest snapshot written since the start.",
        |probe, samples| push(samples, probe.node.snapshots().size_bytes as f64),
    ),
    one(
        "tangle_snapshot_write_seconds",
        Kind::Gauge,
        "Time that the newest snapshot took.",
        |probe, samples| push(samples, probe.node.snapshots().took_ms as f64 / 1_000.0),
    ),
    one(
        "process_resident_memory_bytes",
        Kind::Gauge,
        "Memory of the process.",
        |probe, samples| push(samples, probe.process.resident_bytes as f64),
    ),
    one(
        "process_cpu_seconds_total",
        Kind::Counter,
        "Processor time of the process.",
        |probe, samples| push(samples, probe.process.cpu_seconds),
    ),
    one(
        "process_open_fds",
        Kind::Gauge,
        "Open files and sockets.",
        |probe, samples| push(samples, probe.process.open_files as f64),
    ),
    one(
        "process_threads",
        Kind::Gauge,
        "Threads of the process.",
        |probe, samples| push(samples, probe.process.threads as f64),
    ),
];
