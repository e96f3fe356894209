//! The log alone: every cut, every flipped byte.

use std::path::Path;

use tangle_types::{BlockMetadata, Inclusion};

use super::*;
use crate::disk::remove;

const GENESIS: [u8; 32] = [7; 32];

/// Frames of four small blocks with a commit of the first two between them, and where each ends.
fn fill(folder: &Path) -> (PathBuf, Vec<u64>) {
    let recovered = open(folder, GENESIS, 1 << 20, None).unwrap();
    let mut writer = recovered.writer;
    let path = folder.join("blocks/0000000000.seg");
    let mut ends = vec![std::fs::metadata(&path).unwrap().len()];
    let mut put = |kind, number, body: &[u8]| {
        writer.append_record(kind, number, body).unwrap();
        ends.push(std::fs::metadata(&path).unwrap().len());
    };
    put(FrameKind::Block, 0, b"first block");
    put(FrameKind::Block, 1, b"second block");
    let record = CommitRecord {
        index: MilestoneIndex(1),
        id: tangle_types::MilestoneId([1; 32]),
        block_seq: 1,
        cone: vec![(0, Inclusion::NoTransaction), (1, Inclusion::Included)],
        roots: Vec::new(),
    };
    put(FrameKind::Commit, 1, &record.to_bytes());
    put(FrameKind::Block, 2, b"third block");
    put(FrameKind::Block, 3, b"fourth block");
    (path, ends)
}

fn bodies(log: &BlockLog) -> Vec<Option<Bytes>> {
    let count = log
        .segments()
        .iter()
        .map(|segment| segment.count())
        .sum::<usize>();
    let body = |seq| {
        let found = log.by_seq(seq).unwrap();
        found.map(|found| found.bytes().unwrap())
    };
    (0..count as u64).map(body).collect()
}

fn commit_count(log: &BlockLog) -> usize {
    log.commits_above(MilestoneIndex(0)).unwrap().len()
}

#[test]
fn log_cut_at_any_byte_keeps_every_whole_frame_before() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ends) = fill(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for cut in ends[0] as usize..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
        let frames = ends[1..].iter().filter(|end| **end as usize <= cut).count();
        let (blocks, commits) = [(0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (4, 1)][frames];
        assert_eq!(bodies(&recovered.log).len(), blocks, "cut at {cut}");
        assert_eq!(commit_count(&recovered.log), commits);
        assert!(recovered.damage.is_empty());
        assert_eq!(std::fs::metadata(&path).unwrap().len(), ends[frames]);
    }
}

#[test]
fn flipped_byte_loses_one_frame_and_is_told_when_it_was_durable() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ends) = fill(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for at in ends[0] as usize..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
        let frame = ends.iter().filter(|end| **end as usize <= at).count() - 1;
        let found = bodies(&recovered.log);
        match frame {
            // Before the commit: lost, told, and everything behind is there.
            0 | 1 => {
                assert_eq!(recovered.damage.len(), 1, "flip at {at}");
                assert_eq!(found.len(), 4);
                assert_eq!(found.iter().position(Option::is_none), Some(frame));
            }
            // The commit and what follows cannot be told from what a power cut leaves.
            2 => assert_eq!((found.len(), commit_count(&recovered.log)), (2, 0)),
            frame => assert_eq!((found.len(), commit_count(&recovered.log)), (frame - 1, 1)),
        }
    }
}

#[test]
fn damage_before_the_known_durable_end_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ends) = fill(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let at = ends[2] as usize + 30;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let durable = Position {
        segment: 0,
        offset: ends[3] as u32,
    };
    let recovered = open(
        folder.path(),
        GENESIS,
        1 << 20,
        Some((durable, MilestoneIndex(1))),
    )
    .unwrap();
    assert_eq!(recovered.damage.len(), 1);
    assert_eq!(bodies(&recovered.log).len(), 4);
    assert_eq!(commit_count(&recovered.log), 0);
}

#[test]
fn frame_inside_a_damaged_block_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ends) = fill(folder.path());
    // Somebody sends a block that holds the picture of a frame; the salt is not known to them.
    let mut picture = Vec::new();
    frame::write(
        0,
        FrameKind::Reservation,
        9,
        b"a forged reservation",
        &mut picture,
    );
    let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
    let mut writer = recovered.writer;
    writer.append_record(FrameKind::Block, 4, &picture).unwrap();
    drop(writer);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[*ends.last().unwrap() as usize] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
    assert_eq!(recovered.reservation, None);
    assert_eq!(bodies(&recovered.log).len(), 4);
}

/// Waits until all segments but the newest are closed and runs are merged.
fn wait_until_closed(log: &BlockLog) {
    let is_closed = || {
        let state = log.read();
        let mut older = state.segments.iter().rev().skip(1);
        let newest = state.segments.back().map(|segment| segment.number);
        let indexed = state.runs.first().map(|run| run.span.1 + 1);
        older.all(|segment| segment.table().is_some())
            && indexed == newest
            && writer::mergeable(&state.runs).is_none()
    };
    let started = std::time::Instant::now();
    while !is_closed() {
        assert!(started.elapsed().as_secs() < 60, "segments are not closed");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn blocks_and_standings_are_there_while_segments_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
    let (log, mut writer) = (recovered.log, recovered.writer);
    let standing = |seq: u64| BlockMetadata {
        referenced_by: MilestoneIndex(1 + seq as u32),
        white_flag_index: 7,
        inclusion: Inclusion::NoTransaction,
    };
    let id = |seq: u64| BlockId(tangle_crypto::blake2b::hash(&seq.to_le_bytes()));
    let count = 24 * 40_u64;
    for seq in 0..count {
        let bytes = seq.to_le_bytes();
        writer.append_block_bytes(id(seq), &bytes).unwrap();
        if seq % 40 == 39 {
            writer.close(MilestoneIndex(0), None).unwrap();
            // Some of the segments are being closed, others are, others wait.
            let standings = (0..seq).rev().take(100).map(|seq| (seq, standing(seq)));
            writer.set_standings(standings).unwrap();
            for seq in 0..=seq {
                assert!(log.find(&id(seq)).unwrap().is_some(), "block {seq}");
            }
        }
    }
    let newest = |at: usize| log.segments()[at].newest_reference().unwrap();
    assert_eq!(newest(0), MilestoneIndex(40));
    drop((log, writer));
    let log = open(folder.path(), GENESIS, 1 << 20, None).unwrap().log;
    for seq in 0..count - 1 {
        let found = log.by_seq(seq).unwrap().unwrap();
        assert_eq!(found.entry.standing, Some(standing(seq)), "block {seq}");
    }
    let newest = log.segments()[0].newest_reference().unwrap();
    assert_eq!(newest, MilestoneIndex(40));
}

#[test]
fn runs_are_merged_and_find_every_block() {
    let folder = tempfile::tempdir().unwrap();
    let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
    let (log, mut writer) = (recovered.log, recovered.writer);
    let mut ids = Vec::new();
    for segment in 0..20_u64 {
        for number in 0..50_u64 {
            let body = (segment * 1_000 + number).to_le_bytes();
            let id = BlockId(tangle_crypto::blake2b::hash(&body));
            writer.append_block_bytes(id, &body).unwrap();
            ids.push((id, body));
        }
        let index = MilestoneIndex(segment as u32);
        writer.close(index, None).unwrap();
    }
    wait_until_closed(&log);
    let runs = log.read().runs.len();
    assert_eq!(runs, 2 + 4, "two merged runs and four single ones");
    let check = |log: &BlockLog, first: usize| {
        for (at, (id, body)) in ids.iter().enumerate() {
            let found = log.find(id).unwrap().map(|found| found.bytes().unwrap());
            assert_eq!(found.as_deref(), (at >= first).then_some(&body[..]));
        }
        assert!(log.find(&BlockId([3; 32])).unwrap().is_none());
    };
    check(&log, 0);
    writer.drop_segments(11).unwrap();
    check(&log, 600);
    drop((log, writer));
    remove(&folder.path().join("index/0000000008-0000000015.run")).unwrap();
    let recovered = open(folder.path(), GENESIS, 1 << 20, None).unwrap();
    check(&recovered.log, 600);
}
