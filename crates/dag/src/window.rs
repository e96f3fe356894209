//! The window: vertices that no milestone has referenced yet, addressed by small handles.
//!
//! Sets and their order: tips ⊆ solid ⊆ stored in the window. A vertex becomes solid only when each
//! of its parents is solid or a root; a root is a block that a milestone referenced, or a solid
//! entry point.
//!
//! ```text
//!  roots (referenced)   solid            waiting     missing
//!      r1 <------------- a <---- c
//!      r2 <------------- b <----------------- e ------> ?
//! ```
//!
//! A missing block has a vertex too, so that its children hang on it when it comes. `order` lists
//! the solid vertices, parents before children.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tangle_types::{BlockId, MilestoneIndex, PARENTS_MAX};

use crate::{
    Cone, ConeError, ConeIndexes, TipScore,
    cone::ConeWalk,
    known::{Known, Places},
    roots::Roots,
    vertex::{Handle, NONE, State, Table},
};

#[cfg(test)]
mod tests;

/// Milestones below max depth for which a block is still kept. A coordinator may have chosen the
/// block shortly before it sank below; without the block its milestone could not be confirmed here.
const DEPTH_MARGIN: u32 = 5;
/// Milestones for which a block may wait for its parents. A node that catches up asks for the cones
/// of some hundred milestones ahead of the confirmed one, and those blocks wait in good faith.
const WAITING_MILESTONES_MAX: u32 = 300;

/// Limits of the window.
#[derive(Clone, Copy, Debug)]
pub struct DagConfig {
    /// BMD of the protocol parameters.
    pub below_max_depth: u8,
    /// Most blocks that wait for parents; the oldest is dropped to make room.
    pub unsolid_count_max: usize,
    /// Most referenced ids kept for quick root look-ups; older ones are asked of the caller. More
    /// are kept only as [`Dag::keep_roots_above`] says.
    pub root_count_max: usize,
}

/// What became of an inserted block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is solid, and so are now these blocks, itself first, parents before children.
    Solid(Vec<BlockId>),
    /// It waits, and these of its parents are missing in the window. None are missing when it only
    /// waits for blocks that wait themselves.
    Waiting(Vec<BlockId>),
    /// It was in the window already, or it is a root.
    Known,
}

/// A solid block of the window.
#[derive(Debug)]
pub struct Solid<'a, T> {
    /// Its id.
    pub id: BlockId,
    /// What is kept with it.
    pub value: &'a T,
    /// Its tip score at the confirmed index.
    pub score: TipScore,
    parents: &'a [Handle],
    table: &'a Table<T>,
}

impl<T> Solid<'_, T> {
    /// Parents that are in the window too, without duplicates, in block order.
    pub fn parents(&self) -> impl Iterator<Item = BlockId> {
        let known = self.parents.iter().filter(|handle| **handle != NONE);
        known.map(|handle| self.table[*handle].id)
    }
}

/// The unconfirmed part of the Tangle. `T` is what the caller keeps with a block.
#[derive(Debug)]
pub struct Dag<T> {
    config: DagConfig,
    confirmed: MilestoneIndex,
    places: Places,
    table: Table<T>,
    roots: Roots,
    order: Vec<Handle>,
    /// Bounded by `unsolid_count_max`; by serial, so the oldest is first.
    waiting: BTreeMap<u64, Handle>,
    /// Bounded by the parents of the waiting blocks.
    missing: BTreeSet<Handle>,
    serial: u64,
}

impl<T> Dag<T> {
    /// An empty window above `confirmed_index`, which ends at `entry_points`. A network starts with
    /// one entry point: the zero id at the genesis index.
    #[must_use]
    pub fn new(
        config: DagConfig,
        confirmed_index: MilestoneIndex,
        entry_points: impl IntoIterator<Item = (BlockId, MilestoneIndex)>,
    ) -> Self {
        let entry_points: BTreeMap<BlockId, MilestoneIndex> = entry_points.into_iter().collect();
        let mut roots: Vec<_> = entry_points
            .into_iter()
            .map(|(id, index)| (index, id))
            .collect();
        roots.sort_unstable();
        let mut dag = Self {
            config,
            confirmed: confirmed_index,
            places: Places::default(),
            table: Table::new(),
            roots: Roots::new(confirmed_index, roots),
            order: Vec::new(),
            waiting: BTreeMap::new(),
            missing: BTreeSet::new(),
            serial: 0,
        };
        for number in dag.roots.numbers() {
            dag.places.add_root(number, &dag.table, &dag.roots);
        }
        dag.forget_roots();
        dag
    }

    /// What the window knows of an id.
    fn known(&self, id: &BlockId) -> Option<Known> {
        self.places.get(id, &self.table, &self.roots)
    }

    /// A new vertex.
    fn add_vertex(&mut self, id: BlockId, state: State) -> Handle {
        let handle = self.table.add(id, state);
        self.places.add_vertex(handle, &self.table, &self.roots);
        handle
    }

    /// Adds a block. `root_of` is asked for the milestone that referenced a block which the window
    /// does not know (a stored block of the past or an entry point), `None` when there is no such
    /// block. It is asked for `id` itself when its parents leave open whether it is such a block.
    ///
    /// # Errors
    /// `root_of` failed; the window is as it was.
    ///
    /// # Panics
    /// A block has 1 to 8 parents.
    pub fn insert<E>(
        &mut self,
        id: BlockId,
        parents: &[BlockId],
        value: T,
        mut root_of: impl FnMut(&BlockId) -> Result<Option<MilestoneIndex>, E>,
    ) -> Result<Inserted, E> {
        assert!(
            (1..=PARENTS_MAX).contains(&parents.len()),
            "a block has 1 to 8 parents, not {}",
            parents.len()
        );
        let placeholder = match self.known(&id) {
            Some(Known::Vertex(handle)) if self.table[handle].state == State::Missing => {
                Some(handle)
            }
            Some(_) => return Ok(Inserted::Known),
            None => None,
        };
        let mut found = [None; PARENTS_MAX];
        let mut may_be_forgotten = true;
        for (parent, found) in parents.iter().zip(&mut found) {
            *found = match self.known(parent) {
                Some(known) => Some(known),
                None => root_of(parent)?.map(Known::Root),
            };
            may_be_forgotten &= !self.is_unforgotten(*found);
        }
        // A block that a milestone referenced has only such parents. Whoever waits for a block has
        // asked for it before.
        if may_be_forgotten && placeholder.is_none() && root_of(&id)?.is_some() {
            return Ok(Inserted::Known);
        }
        let handle = self.place(id, value, placeholder);
        let missing = self.hang(handle, parents, &found);
        if self.table[handle].pending == 0 {
            return Ok(Inserted::Solid(self.solidify(handle)));
        }
        self.wait(handle);
        Ok(Inserted::Waiting(missing))
    }

    /// Whether a block with these parents, if the window does not know it, is new: neither was it
    /// referenced and forgotten, nor dropped as hopeless. Either would have an end of its cone at a
    /// depth at which roots are forgotten, and so a parent that is forgotten or was dropped.
    #[must_use]
    pub fn are_recent(&self, parents: &[BlockId]) -> bool {
        let mut parents = parents.iter();
        parents.all(|parent| self.is_unforgotten(self.known(parent)))
    }

    /// Whether a block with such a parent cannot be one that was referenced and forgotten.
    fn is_unforgotten(&self, parent: Option<Known>) -> bool {
        match parent {
            Some(Known::Vertex(handle)) => self.table[handle].state != State::Missing,
            Some(Known::Root(index)) => index > self.roots.floor(),
            None => false,
        }
    }

    fn place(&mut self, id: BlockId, value: T, placeholder: Option<Handle>) -> Handle {
        let handle = match placeholder {
            Some(handle) => {
                self.missing.remove(&handle);
                handle
            }
            None => self.add_vertex(id, State::Waiting),
        };
        let vertex = &mut self.table[handle];
        vertex.state = State::Waiting;
        vertex.value = Some(value);
        vertex.arrived = self.confirmed;
        handle
    }

    /// Hangs a new vertex on its parents and returns those that are missing.
    fn hang(
        &mut self,
        handle: Handle,
        parents: &[BlockId],
        found: &[Option<Known>],
    ) -> Vec<BlockId> {
        let mut missing = Vec::new();
        for (position, (id, found)) in parents.iter().zip(found).enumerate() {
            if parents[..position].contains(id) {
                continue;
            }
            let parent = match *found {
                Some(Known::Root(index)) => {
                    self.table.push_root(handle, index);
                    continue;
                }
                Some(Known::Vertex(parent)) => parent,
                None => self.expect_block(*id),
            };
            self.table.push_parent(handle, parent);
            match self.table[parent].state {
                State::Solid => continue,
                State::Missing => missing.push(*id),
                State::Waiting | State::Free => {}
            }
            self.table[handle].pending += 1;
        }
        missing
    }

    /// The vertex of a block that is not there yet.
    fn expect_block(&mut self, id: BlockId) -> Handle {
        if let Some(Known::Vertex(handle)) = self.known(&id) {
            return handle;
        }
        let handle = self.add_vertex(id, State::Missing);
        self.missing.insert(handle);
        handle
    }

    /// Makes a vertex with nothing pending solid, and all that waited only for it.
    fn solidify(&mut self, handle: Handle) -> Vec<BlockId> {
        let mut solid = Vec::with_capacity(1);
        let mut ready = VecDeque::new();
        let mut next = Some(handle);
        while let Some(handle) = next {
            self.table.renew_cone(handle);
            let vertex = &mut self.table[handle];
            vertex.state = State::Solid;
            solid.push(vertex.id);
            self.order.push(handle);
            let mut edge = vertex.first_child();
            while let Some(link) = edge {
                let child = &mut self.table[link.child()];
                child.pending -= 1;
                if child.pending == 0 {
                    self.waiting.remove(&child.serial);
                    ready.push_back(link.child());
                }
                edge = self.table.next_child(link);
            }
            next = ready.pop_front();
        }
        solid
    }

    /// Enters a vertex among the waiting ones; the oldest makes room.
    fn wait(&mut self, handle: Handle) {
        self.serial += 1;
        self.table[handle].serial = self.serial;
        self.waiting.insert(self.serial, handle);
        while self.waiting.len() > self.config.unsolid_count_max
            && let Some((_, oldest)) = self.waiting.pop_first()
        {
            self.lose(oldest);
        }
    }

    /// Drops a waiting block. It is missing again if others wait for it.
    fn lose(&mut self, handle: Handle) {
        self.cut_parents(handle);
        let vertex = &mut self.table[handle];
        let id = vertex.id;
        if vertex.child_count > 0 {
            vertex.value = None;
            vertex.state = State::Missing;
            vertex.pending = 0;
            vertex.roots = crate::vertex::Span::EMPTY;
            self.missing.insert(handle);
        } else {
            self.places.remove_vertex(&id, handle);
            self.table.remove(handle);
        }
    }

    /// Takes a vertex off its parents; a missing block for which no one waits is forgotten.
    fn cut_parents(&mut self, handle: Handle) {
        let (places, missing) = (&mut self.places, &mut self.missing);
        self.table.cut_parents(handle, |table, parent| {
            if table[parent].state == State::Missing && table[parent].child_count == 0 {
                missing.remove(&parent);
                places.remove_vertex(&table[parent].id, parent);
                table.remove(parent);
            }
        });
    }

    /// The value kept with a block of the window, solid or not.
    #[must_use]
    pub fn value(&self, id: &BlockId) -> Option<&T> {
        match self.known(id)? {
            Known::Vertex(handle) => self.table[handle].value.as_ref(),
            Known::Root(_) => None,
        }
    }

    /// Keeps another value with a block of the window; the one before, if there is such a block.
    pub fn replace(&mut self, id: &BlockId, value: T) -> Option<T> {
        match self.known(id)? {
            Known::Vertex(handle) => self.table[handle].value.replace(value),
            Known::Root(_) => None,
        }
    }

    /// Whether a block of the window is solid. A root is solid too. `false` if unknown.
    #[must_use]
    pub fn is_solid(&self, id: &BlockId) -> bool {
        match self.known(id) {
            Some(Known::Vertex(handle)) => self.table[handle].state == State::Solid,
            Some(Known::Root(_)) => true,
            None => false,
        }
    }

    /// Whether blocks of the window wait for this one, which is not there.
    #[must_use]
    pub fn is_missing(&self, id: &BlockId) -> bool {
        match self.known(id) {
            Some(Known::Vertex(handle)) => self.table[handle].state == State::Missing,
            _ => false,
        }
    }

    /// The milestone by which a block was referenced, as far as the window remembers, or the index
    /// of a solid entry point.
    #[must_use]
    pub fn root(&self, id: &BlockId) -> Option<MilestoneIndex> {
        match self.known(id)? {
            Known::Root(index) => Some(index),
            Known::Vertex(_) => None,
        }
    }

    /// Cone indexes of a solid block of the window or of a remembered root.
    #[must_use]
    pub fn cone_indexes(&self, id: &BlockId) -> Option<ConeIndexes> {
        match self.known(id)? {
            Known::Vertex(handle) => {
                let vertex = &self.table[handle];
                (vertex.state == State::Solid).then(|| vertex.cone.indexes())
            }
            Known::Root(index) => Some(ConeIndexes {
                youngest: index,
                oldest: index,
            }),
        }
    }

    /// The tip score of a solid block of the window, at the confirmed index.
    #[must_use]
    pub fn score(&self, id: &BlockId) -> Option<TipScore> {
        let Known::Vertex(handle) = self.known(id)? else {
            return None;
        };
        let vertex = &self.table[handle];
        (vertex.state == State::Solid).then(|| self.score_of(vertex.cone.indexes()))
    }

    /// The solid blocks of the window, parents before children.
    pub fn solid(&self) -> impl Iterator<Item = Solid<'_, T>> {
        let vertices = self.order.iter().map(|handle| &self.table[*handle]);
        vertices.filter_map(|vertex| {
            Some(Solid {
                id: vertex.id,
                value: vertex.value.as_ref()?,
                score: self.score_of(vertex.cone.indexes()),
                parents: vertex.parents(),
                table: &self.table,
            })
        })
    }

    fn score_of(&self, cone: ConeIndexes) -> TipScore {
        cone.score(self.confirmed, self.config.below_max_depth)
    }

    /// Unreferenced blocks in the past cones of `starts`, in white-flag order. Each is visited
    /// once. Starts that are roots add nothing.
    ///
    /// # Errors
    /// The cone is not solid, or a start is unknown; so is a root that the window has forgotten.
    pub fn cone(&self, starts: &[BlockId]) -> Result<Cone, ConeError> {
        let mut walk = ConeWalk::new(&self.table);
        for start in starts {
            match self.known(start) {
                Some(Known::Root(_)) => {}
                Some(Known::Vertex(handle)) => match self.table[handle].state {
                    State::Solid => walk.walk(handle),
                    State::Waiting => return Err(ConeError::NotSolid(*start)),
                    State::Missing | State::Free => return Err(ConeError::Unknown(*start)),
                },
                None => return Err(ConeError::Unknown(*start)),
            }
        }
        Ok(walk.finish())
    }

    /// Unreferenced blocks in the past cone of a block, without the block itself, in white-flag
    /// order. For the block of a milestone that is the milestone's cone; other than with
    /// [`Dag::cone`] it does not matter whether the window remembers those parents that are roots.
    ///
    /// # Errors
    /// The block is not solid, or unknown; a root is unknown here.
    pub fn past_cone(&self, id: &BlockId) -> Result<Cone, ConeError> {
        let Some(Known::Vertex(handle)) = self.known(id) else {
            return Err(ConeError::Unknown(*id));
        };
        match self.table[handle].state {
            State::Solid => {
                let mut walk = ConeWalk::new(&self.table);
                walk.walk(handle);
                Ok(walk.finish().without_start())
            }
            State::Waiting => Err(ConeError::NotSolid(*id)),
            State::Missing | State::Free => Err(ConeError::Unknown(*id)),
        }
    }

    /// The blocks of a cone with the values kept with them, in order. Blocks that have left the
    /// window since the cone was walked are passed over.
    pub fn values<'a>(&'a self, cone: &'a Cone) -> impl Iterator<Item = (&'a BlockId, &'a T)> {
        let places = cone.places();
        let held = places.filter(|(handle, id)| self.table.holds(*handle, id));
        held.filter_map(|(handle, id)| Some((id, self.table[handle].value.as_ref()?)))
    }

    /// Makes the blocks of `cone` roots at `index`, removes them from the window and returns their
    /// values in the same order; renews the cone indexes of what is left. Blocks that are not solid
    /// in the window are passed over.
    pub fn confirm(&mut self, index: MilestoneIndex, cone: &Cone) -> Vec<T> {
        let places = cone.places();
        let mut values = Vec::with_capacity(places.len());
        for (handle, id) in places {
            if !self.table.holds(handle, id) {
                continue;
            }
            let number = self.roots.push(index, *id);
            self.places.settle(id, handle, number);
            while let Some(edge) = self.table[handle].first_child() {
                self.table.cut(edge);
                self.table[edge.child()].roots.join(index.into());
            }
            self.cut_parents(handle);
            values.extend(self.table.remove(handle));
        }
        self.confirmed = index;
        self.compact_order(true);
        self.forget_roots();
        values
    }

    /// Removes freed handles from `order`. To be done before any handle is given again.
    fn compact_order(&mut self, renew_cones: bool) {
        let table = &mut self.table;
        self.order.retain(|handle| {
            let is_left = table[*handle].state == State::Solid;
            if is_left && renew_cones {
                table.renew_cone(*handle);
            }
            is_left
        });
    }

    fn forget_roots(&mut self) {
        let config = self.config;
        while let Some((number, id)) = self.roots.forget(
            self.confirmed,
            config.below_max_depth,
            config.root_count_max,
        ) {
            self.places.remove_root(&id, number);
        }
    }

    /// Roots of milestones above `index` are not forgotten, as the caller cannot be asked for them
    /// yet. Without a call, the caller can be asked for all.
    pub fn keep_roots_above(&mut self, index: MilestoneIndex) {
        self.roots.keep_above(index);
        self.forget_roots();
    }

    /// Removes the blocks that can never be confirmed because they are some milestones below max
    /// depth, and those that waited for parents in vain, and returns their ids. A block that hangs
    /// on such a block goes with it.
    pub fn drop_hopeless(&mut self) -> Vec<BlockId> {
        let depth_max = u32::from(self.config.below_max_depth) + DEPTH_MARGIN;
        let mut doomed: Vec<Handle> = Vec::new();
        let mut is_doomed = vec![0_u64; self.table.handle_count().div_ceil(64)];
        let mut doom = |handle: Handle, doomed: &mut Vec<Handle>| {
            let (word, bit) = (handle as usize / 64, 1 << (handle % 64));
            if is_doomed[word] & bit == 0 {
                is_doomed[word] |= bit;
                doomed.push(handle);
            }
        };
        for handle in &self.order {
            if self.table[*handle]
                .cone
                .reaches_below(self.confirmed, depth_max)
            {
                doom(*handle, &mut doomed);
            }
        }
        for handle in self.waiting.values() {
            let vertex = &self.table[*handle];
            let waited = self.confirmed.0.saturating_sub(vertex.arrived.0);
            if waited > WAITING_MILESTONES_MAX
                || vertex.roots.reaches_below(self.confirmed, depth_max)
            {
                doom(*handle, &mut doomed);
            }
        }
        let mut position = 0;
        while let Some(handle) = doomed.get(position) {
            let mut edge = self.table[*handle].first_child();
            while let Some(link) = edge {
                doom(link.child(), &mut doomed);
                edge = self.table.next_child(link);
            }
            position += 1;
        }
        self.remove_all(&doomed)
    }

    /// Removes vertices together with all their children.
    fn remove_all(&mut self, doomed: &[Handle]) -> Vec<BlockId> {
        for handle in doomed {
            self.cut_parents(*handle);
        }
        let mut ids = Vec::with_capacity(doomed.len());
        for handle in doomed {
            let vertex = &self.table[*handle];
            if vertex.state == State::Waiting {
                self.waiting.remove(&vertex.serial);
            }
            self.places.remove_vertex(&vertex.id, *handle);
            ids.push(vertex.id);
            self.table.remove(*handle);
        }
        if !doomed.is_empty() {
            self.compact_order(false);
        }
        ids
    }

    /// Blocks whose absence keeps others waiting, with how many wait, most wanted first.
    #[must_use]
    pub fn missing(&self, limit: usize) -> Vec<(BlockId, usize)> {
        let mut wanted: Vec<_> = self
            .missing
            .iter()
            .map(|handle| {
                let vertex = &self.table[*handle];
                (std::cmp::Reverse(vertex.child_count), vertex.id)
            })
            .collect();
        if limit < wanted.len() {
            wanted.select_nth_unstable(limit);
            wanted.truncate(limit);
        }
        wanted.sort_unstable();
        wanted
            .into_iter()
            .map(|(count, id)| (id, count.0 as usize))
            .collect()
    }

    /// Missing blocks in the past of a block that waits, at most `limit`, the nearest first. Only
    /// `visit_max` blocks are looked at.
    #[must_use]
    pub fn missing_in_past(&self, id: &BlockId, limit: usize, visit_max: usize) -> Vec<BlockId> {
        let mut missing = Vec::new();
        let Some(Known::Vertex(start)) = self.known(id) else {
            return missing;
        };
        let mut is_seen = vec![0_u64; self.table.handle_count().div_ceil(64)];
        let mut queue = VecDeque::from([start]);
        let mut left = visit_max;
        while let Some(handle) = queue.pop_front()
            && missing.len() < limit
            && left > 0
        {
            left -= 1;
            let (word, bit) = (handle as usize / 64, 1 << (handle % 64));
            if is_seen[word] & bit != 0 {
                continue;
            }
            is_seen[word] |= bit;
            let vertex = &self.table[handle];
            match vertex.state {
                State::Missing => missing.push(vertex.id),
                State::Waiting => {
                    let parents = vertex.parents().iter();
                    queue.extend(parents.filter(|parent| **parent != crate::vertex::NONE));
                }
                State::Solid | State::Free => {}
            }
        }
        missing
    }

    /// Drops a block that waits for parents; whether there was one. It is missing again if others
    /// wait for it.
    pub fn drop_waiting(&mut self, id: &BlockId) -> bool {
        let Some(Known::Vertex(handle)) = self.known(id) else {
            return false;
        };
        if self.table[handle].state != State::Waiting {
            return false;
        }
        self.waiting.remove(&self.table[handle].serial);
        self.lose(handle);
        true
    }

    /// Blocks in the window, solid and waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len() + self.waiting.len()
    }

    /// Blocks in the window that wait for parents.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the window is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The confirmed milestone index.
    #[must_use]
    pub fn confirmed_index(&self) -> MilestoneIndex {
        self.confirmed
    }

    /// Follows a change of the protocol parameter.
    pub fn set_below_max_depth(&mut self, below_max_depth: u8) {
        self.config.below_max_depth = below_max_depth;
    }
}
