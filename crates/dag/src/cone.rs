//! Past cones in white-flag order (TIP-2).

use tangle_types::BlockId;

use crate::vertex::{Handle, NONE, Table};

/// Why a cone cannot be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConeError {
    /// A block of the cone is not solid yet.
    #[error("block {0} of the cone is not solid")]
    NotSolid(BlockId),
    /// A start is neither in the window nor a root that the window remembers.
    #[error("block {0} is unknown")]
    Unknown(BlockId),
}

/// Blocks of the window in white-flag order, with their places there, so that whoever goes through
/// them need not look each up by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cone {
    ids: Vec<BlockId>,
    handles: Vec<Handle>,
}

impl Cone {
    /// The blocks' ids.
    #[must_use]
    pub fn ids(&self) -> &[BlockId] {
        &self.ids
    }

    /// The blocks with the places where they were when the cone was walked.
    pub(crate) fn places(&self) -> impl ExactSizeIterator<Item = (Handle, &BlockId)> {
        self.handles.iter().copied().zip(&self.ids)
    }

    /// Leaves out the last block, at which the walk began.
    pub(crate) fn without_start(mut self) -> Self {
        self.ids.pop();
        self.handles.pop();
        self
    }
}

/// Walks past cones depth first, parents in block order, each vertex once and after its parents.
///
/// The path from the start to the vertex in hand is kept in a vector, so a deep cone costs memory
/// but no call stack.
pub(crate) struct ConeWalk<'a, T> {
    table: &'a Table<T>,
    visited: Vec<u64>,
    path: Vec<(Handle, u8)>,
    order: Cone,
}

impl<'a, T> ConeWalk<'a, T> {
    pub(crate) fn new(table: &'a Table<T>) -> Self {
        Self {
            table,
            visited: vec![0; table.handle_count().div_ceil(64)],
            path: Vec::new(),
            order: Cone::default(),
        }
    }

    /// Appends the cone of a solid vertex, as far as it was not walked before.
    pub(crate) fn walk(&mut self, start: Handle) {
        self.enter(start);
        while let Some((handle, slot)) = self.path.last_mut() {
            let vertex = &self.table[*handle];
            match vertex.parents().get(usize::from(*slot)) {
                Some(&parent) => {
                    *slot += 1;
                    if parent != NONE {
                        self.enter(parent);
                    }
                }
                None => {
                    self.order.ids.push(vertex.id);
                    self.order.handles.push(*handle);
                    self.path.pop();
                }
            }
        }
    }

    fn enter(&mut self, handle: Handle) {
        let (word, bit) = (handle as usize / 64, 1 << (handle % 64));
        if self.visited[word] & bit == 0 {
            self.visited[word] |= bit;
            self.path.push((handle, 0));
        }
    }

    /// The blocks in the order in which white flag applies them.
    pub(crate) fn finish(self) -> Cone {
        self.order
    }
}
