//! The table of vertices: a slab addressed by handles, with the edges linked through it.
//!
//! An edge is a child's handle and the slot of the parent in it. The edges that end at a vertex
//! form a doubly linked list in order of arrival, so linking and unlinking cost the same however
//! many children a vertex has, and no edge costs an allocation.
//!
//! A slot whose parent is a root holds [`NONE`]; the root's index went into `roots` then.

use tangle_types::{BlockId, MilestoneIndex, PARENTS_MAX};

use crate::ConeIndexes;

/// Place of a vertex in the table.
pub(crate) type Handle = u32;
/// No vertex, no edge.
pub(crate) const NONE: u32 = u32::MAX;
/// `PARENTS_MAX` slots fit into the low bits of an edge.
const SLOT_BITS: u32 = 3;

/// A child and the slot of the parent in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge(u32);

impl Edge {
    const NONE: Self = Self(NONE);

    fn new(child: Handle, slot: usize) -> Self {
        Self((child << SLOT_BITS) | slot as u32)
    }

    /// The vertex at which the edge starts.
    pub(crate) const fn child(self) -> Handle {
        self.0 >> SLOT_BITS
    }

    const fn slot(self) -> usize {
        (self.0 & ((1 << SLOT_BITS) - 1)) as usize
    }
}

/// Least and greatest index of some roots; of no roots at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    youngest: u32,
    oldest: u32,
}

impl Span {
    pub(crate) const EMPTY: Self = Self {
        youngest: 0,
        oldest: u32::MAX,
    };

    pub(crate) fn join(&mut self, other: Self) {
        self.youngest = self.youngest.max(other.youngest);
        self.oldest = self.oldest.min(other.oldest);
    }

    pub(crate) fn indexes(self) -> ConeIndexes {
        ConeIndexes {
            youngest: MilestoneIndex(self.youngest),
            oldest: MilestoneIndex(self.oldest),
        }
    }

    /// Whether it holds a root with more than `depth` milestones above it at `confirmed`.
    pub(crate) fn reaches_below(self, confirmed: MilestoneIndex, depth: u32) -> bool {
        confirmed.0.saturating_sub(self.oldest) > depth
    }
}

impl From<MilestoneIndex> for Span {
    fn from(index: MilestoneIndex) -> Self {
        Self {
            youngest: index.0,
            oldest: index.0,
        }
    }
}

/// What a slot of the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing.
    Free,
    /// A block that others wait for.
    Missing,
    /// A block with parents that are not solid.
    Waiting,
    /// A block whose parents are solid or roots.
    Solid,
}

/// A block of the window, or one that is missing there.
#[derive(Debug)]
pub(crate) struct Vertex<T> {
    pub(crate) id: BlockId,
    pub(crate) state: State,
    parent_count: u8,
    /// Parents that are not solid yet.
    pub(crate) pending: u8,
    /// Children, solid or not.
    pub(crate) child_count: u32,
    /// Over the parents that are roots.
    pub(crate) roots: Span,
    /// Over the roots at which the past cone ends; for solid blocks.
    pub(crate) cone: Span,
    parents: [Handle; PARENTS_MAX],
    first_child: Edge,
    last_child: Edge,
    /// Names the block among the waiting ones, in order of arrival.
    pub(crate) serial: u64,
    /// Confirmed index at arrival.
    pub(crate) arrived: MilestoneIndex,
    pub(crate) value: Option<T>,
    next: [Edge; PARENTS_MAX],
    previous: [Edge; PARENTS_MAX],
}

impl<T> Vertex<T> {
    fn new(id: BlockId, state: State) -> Self {
        Self {
            id,
            state,
            parent_count: 0,
            pending: 0,
            child_count: 0,
            roots: Span::EMPTY,
            cone: Span::EMPTY,
            parents: [NONE; PARENTS_MAX],
            first_child: Edge::NONE,
            last_child: Edge::NONE,
            serial: 0,
            arrived: MilestoneIndex(0),
            value: None,
            next: [Edge::NONE; PARENTS_MAX],
            previous: [Edge::NONE; PARENTS_MAX],
        }
    }

    /// A slot per distinct parent, in block order; [`NONE`] for a root.
    pub(crate) fn parents(&self) -> &[Handle] {
        &self.parents[..usize::from(self.parent_count)]
    }

    pub(crate) fn first_child(&self) -> Option<Edge> {
        (self.first_child != Edge::NONE).then_some(self.first_child)
    }
}

/// All vertices.
#[derive(Debug)]
pub(crate) struct Table<T> {
    vertices: Vec<Vertex<T>>,
    free: Vec<Handle>,
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self {
            vertices: Vec::new(),
            free: Vec::new(),
        }
    }

    /// One more than the greatest handle ever given.
    pub(crate) fn handle_count(&self) -> usize {
        self.vertices.len()
    }

    pub(crate) fn add(&mut self, id: BlockId, state: State) -> Handle {
        let vertex = Vertex::new(id, state);
        if let Some(handle) = self.free.pop() {
            self[handle] = vertex;
            return handle;
        }
        let handle = self.vertices.len() as Handle;
        assert!(
            handle < NONE >> SLOT_BITS,
            "the window holds more vertices than an edge can name"
        );
        self.vertices.push(vertex);
        handle
    }

    /// Whether a solid block has this handle.
    pub(crate) fn holds(&self, handle: Handle, id: &BlockId) -> bool {
        let vertex = self.vertices.get(handle as usize);
        vertex.is_some_and(|vertex| vertex.state == State::Solid && vertex.id == *id)
    }

    /// Frees the slot of a vertex without edges and returns its value. The handle is given again
    /// by the next [`Table::add`].
    pub(crate) fn remove(&mut self, handle: Handle) -> Option<T> {
        let vertex = &mut self[handle];
        debug_assert!(
            vertex.first_child().is_none(),
            "a vertex with children was removed"
        );
        vertex.state = State::Free;
        self.free.push(handle);
        self[handle].value.take()
    }

    /// Adds a slot for a parent that is a root.
    pub(crate) fn push_root(&mut self, child: Handle, index: MilestoneIndex) {
        let vertex = &mut self[child];
        vertex.parents[usize::from(vertex.parent_count)] = NONE;
        vertex.parent_count += 1;
        vertex.roots.join(index.into());
    }

    /// Adds a slot for `parent` and appends the child to its children.
    pub(crate) fn push_parent(&mut self, child: Handle, parent: Handle) {
        let slot = usize::from(self[child].parent_count);
        let edge = Edge::new(child, slot);
        let last = self[parent].last_child;
        let vertex = &mut self[child];
        vertex.parents[slot] = parent;
        vertex.previous[slot] = last;
        vertex.next[slot] = Edge::NONE;
        vertex.parent_count += 1;
        if last == Edge::NONE {
            self[parent].first_child = edge;
        } else {
            self[last.child()].next[last.slot()] = edge;
        }
        self[parent].last_child = edge;
        self[parent].child_count += 1;
    }

    /// Cuts an edge; the slot stays, as that of a root.
    pub(crate) fn cut(&mut self, edge: Edge) {
        let (child, slot) = (edge.child(), edge.slot());
        let (next, previous) = (self[child].next[slot], self[child].previous[slot]);
        let parent = std::mem::replace(&mut self[child].parents[slot], NONE);
        if next == Edge::NONE {
            self[parent].last_child = previous;
        } else {
            self[next.child()].previous[next.slot()] = previous;
        }
        if previous == Edge::NONE {
            self[parent].first_child = next;
        } else {
            self[previous.child()].next[previous.slot()] = next;
        }
        self[parent].child_count -= 1;
    }

    /// Cuts all edges to parents and hands each parent to `left`; no slot is left.
    pub(crate) fn cut_parents(&mut self, child: Handle, mut left: impl FnMut(&mut Self, Handle)) {
        for slot in 0..usize::from(self[child].parent_count) {
            let parent = self[child].parents[slot];
            if parent != NONE {
                self.cut(Edge::new(child, slot));
                left(self, parent);
            }
        }
        self[child].parent_count = 0;
    }

    /// The edge after `edge` among the children of one vertex.
    pub(crate) fn next_child(&self, edge: Edge) -> Option<Edge> {
        let next = self[edge.child()].next[edge.slot()];
        (next != Edge::NONE).then_some(next)
    }

    /// Joins the roots of a block with the cones of its parents, which are solid.
    pub(crate) fn renew_cone(&mut self, handle: Handle) {
        let vertex = &self[handle];
        let mut cone = vertex.roots;
        for parent in vertex.parents().iter().filter(|parent| **parent != NONE) {
            cone.join(self[*parent].cone);
        }
        self[handle].cone = cone;
    }
}

impl<T> std::ops::Index<Handle> for Table<T> {
    type Output = Vertex<T>;

    fn index(&self, handle: Handle) -> &Vertex<T> {
        &self.vertices[handle as usize]
    }
}

impl<T> std::ops::IndexMut<Handle> for Table<T> {
    fn index_mut(&mut self, handle: Handle) -> &mut Vertex<T> {
        &mut self.vertices[handle as usize]
    }
}
