//! What one node has of the Tangle.

use tangle_dag::TipPool;

/// A bit for each pair of a node and a transaction.
#[derive(Debug)]
pub(super) struct Bits {
    row_len: usize,
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn new(nodes: u32, blocks: u32) -> Self {
        let row_len = (blocks as usize).div_ceil(64);
        Self {
            row_len,
            words: vec![0; row_len * nodes as usize],
        }
    }

    #[inline]
    pub(super) fn has(&self, node: u32, block: u32) -> bool {
        let word = self.words[node as usize * self.row_len + block as usize / 64];
        word >> (block % 64) & 1 == 1
    }

    /// Sets a bit; whether it was not set.
    #[inline]
    pub(super) fn set(&mut self, node: u32, block: u32) -> bool {
        let word = &mut self.words[node as usize * self.row_len + block as usize / 64];
        let bit = 1 << (block % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Bits that are set.
    pub(super) fn count(&self) -> u64 {
        let counts = self.words.iter().map(|word| u64::from(word.count_ones()));
        counts.sum()
    }
}

/// A transaction that waits for a parent; one that waits for two is there twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) parent: u32,
    pub(super) child: u32,
    /// When the child came.
    pub(super) since: u64,
}

/// A node's tips, and what waits there.
#[derive(Debug, Default)]
pub(super) struct NodeView {
    pub(super) tips: TipPool,
    pub(super) waiting: Vec<Waiting>,
}
