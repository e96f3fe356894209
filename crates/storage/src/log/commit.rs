//! The record of a confirmed milestone in the block log.
//!
//! With the blocks it is enough to build the ledger again: which blocks the milestone references,
//! in white-flag order, and what became of them. Numbers are written as the difference to one more
//! than the number before, which mostly is a single byte.

use tangle_types::{BlockId, Inclusion, MilestoneId, MilestoneIndex};

use super::standing::{inclusion_byte, inclusion_from_byte};

/// A confirmed milestone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitRecord {
    pub(crate) index: MilestoneIndex,
    pub(crate) id: MilestoneId,
    /// Number of the block that carries it.
    pub(crate) block_seq: u64,
    /// Numbers of the referenced blocks in white-flag order, and what became of them.
    pub(crate) cone: Vec<(u64, Inclusion)>,
    /// Parents of those blocks that earlier milestones referenced, by id, and which did. When
    /// those milestones are pruned, these are where the cone ends.
    pub(crate) roots: Vec<(BlockId, MilestoneIndex)>,
}

impl CommitRecord {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + self.cone.len() * 3);
        out.extend_from_slice(&self.index.0.to_le_bytes());
        out.extend_from_slice(&self.id.0);
        out.extend_from_slice(&self.block_seq.to_le_bytes());
        out.extend_from_slice(&(self.cone.len() as u32).to_le_bytes());
        let mut expected = self.block_seq;
        for (seq, inclusion) in &self.cone {
            write_difference(seq.wrapping_sub(expected) as i64, &mut out);
            out.push(inclusion_byte(*inclusion));
            expected = seq.wrapping_add(1);
        }
        for (id, index) in &self.roots {
            out.extend_from_slice(&id.0);
            out.extend_from_slice(&index.0.to_le_bytes());
        }
        out
    }

    /// Reads [`CommitRecord::to_bytes`] back; `None` when the bytes are something else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (index, rest) = bytes.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (block_seq, rest) = rest.split_first_chunk()?;
        let (count, mut rest) = rest.split_first_chunk()?;
        let block_seq = u64::from_le_bytes(*block_seq);
        let count = u32::from_le_bytes(*count) as usize;
        if count > rest.len() / 2 {
            return None;
        }
        let mut cone = Vec::with_capacity(count);
        let mut expected = block_seq;
        for _ in 0..count {
            let seq = expected.wrapping_add(read_difference(&mut rest)? as u64);
            let (inclusion, left) = rest.split_first()?;
            cone.push((seq, inclusion_from_byte(*inclusion)?));
            expected = seq.wrapping_add(1);
            rest = left;
        }
        let (roots, rest) = rest.as_chunks::<36>();
        let root = |bytes: &[u8; 36]| {
            let (id, index) = bytes.split_first_chunk::<32>()?;
            let index = u32::from_le_bytes(index.try_into().ok()?);
            Some((BlockId(*id), MilestoneIndex(index)))
        };
        let roots = roots.iter().map(root).collect::<Option<_>>()?;
        rest.is_empty().then_some(Self {
            index: MilestoneIndex(u32::from_le_bytes(*index)),
            id: MilestoneId(*id),
            block_seq,
            cone,
            roots,
        })
    }
}

fn write_difference(value: i64, out: &mut Vec<u8>) {
    // Small numbers of either sign become small numbers.
    let mut rest = (value << 1 ^ value >> 63) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn read_difference(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tangle_types::ConflictReason;

    use super::*;

    proptest! {
        #[test]
        fn record_reads_back(
            index: u32, id: [u8; 32], block_seq in 0_u64..1 << 60,
            cone in proptest::collection::vec((any::<u64>(), 0_u8..14), 0..50),
            roots in proptest::collection::vec((any::<[u8; 32]>(), any::<u32>()), 0..5),
        ) {
            let root = |(id, index)| (BlockId(id), MilestoneIndex(index));
            let roots = roots.into_iter().map(root).collect();
            let cone = cone
                .into_iter()
                .map(|(seq, byte)| (seq, inclusion_from_byte(byte).expect("a known byte")))
                .collect();
            let record = CommitRecord {
                index: MilestoneIndex(index), id: MilestoneId(id), block_seq, cone, roots,
            };
            prop_assert_eq!(CommitRecord::from_bytes(&record.to_bytes()), Some(record));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = CommitRecord::from_bytes(&bytes);
        }
    }

    #[test]
    fn every_conflict_reason_has_its_byte() {
        let other = Inclusion::Conflicting(ConflictReason::Other);
        assert_eq!(inclusion_from_byte(inclusion_byte(other)), Some(other));
        for byte in 0..=13 {
            let inclusion = inclusion_from_byte(byte).expect("a known byte");
            assert_eq!(inclusion_byte(inclusion), byte);
        }
    }
}
