//! What an id stands for in the window.
//!
//! Ids lie with the vertices and the roots; here are only their places, in four bytes each. Blocks
//! come and go all the time, and a hash table that sees that doubles some day though no more is in
//! it, so its entries had better be small.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use tangle_types::{BlockId, IdState, MilestoneIndex};

use crate::roots::{RootNumber, Roots};
use crate::vertex::{Handle, Table};

/// Says that a place is that of a root.
const ROOT: u32 = 1 << 31;

/// What is known of an id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known {
    Vertex(Handle),
    Root(MilestoneIndex),
}

/// Where the id of a vertex or a root lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u32);

impl Place {
    /// Handles are below the bit, as edges hold them with a slot.
    fn of_vertex(handle: Handle) -> Self {
        debug_assert!(handle & ROOT == 0, "a handle fits");
        Self(handle)
    }

    fn of_root(number: RootNumber) -> Self {
        Self(number.0 | ROOT)
    }
}

/// The places of all vertices and roots, found by id.
#[derive(Debug, Default)]
pub(crate) struct Places {
    table: HashTable<Place>,
    state: IdState,
}

impl Places {
    /// What is known of an id.
    pub(crate) fn get<T>(&self, id: &BlockId, vertices: &Table<T>, roots: &Roots) -> Option<Known> {
        let place = self.table.find(self.state.hash_one(id), |place| {
            id_at(*place, vertices, roots) == id
        })?;
        Some(match place.0 {
            number if number & ROOT != 0 => Known::Root(roots.get(RootNumber(number & !ROOT)).0),
            handle => Known::Vertex(handle),
        })
    }

    /// Vertices and roots.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Adds a vertex, which is in the table already.
    pub(crate) fn add_vertex<T>(&mut self, handle: Handle, vertices: &Table<T>, roots: &Roots) {
        self.add(Place::of_vertex(handle), vertices, roots);
    }

    /// Adds a root, which is among the roots already.
    pub(crate) fn add_root<T>(&mut self, number: RootNumber, vertices: &Table<T>, roots: &Roots) {
        self.add(Place::of_root(number), vertices, roots);
    }

    fn add<T>(&mut self, place: Place, vertices: &Table<T>, roots: &Roots) {
        let hash = |place: &Place| self.state.hash_one(id_at(*place, vertices, roots));
        self.table.insert_unique(hash(&place), place, hash);
    }

    /// Forgets a vertex, which must not leave the table before.
    pub(crate) fn remove_vertex(&mut self, id: &BlockId, handle: Handle) {
        self.remove(id, Place::of_vertex(handle));
    }

    /// Forgets a root.
    pub(crate) fn remove_root(&mut self, id: &BlockId, number: RootNumber) {
        self.remove(id, Place::of_root(number));
    }

    fn remove(&mut self, id: &BlockId, place: Place) {
        let hash = self.state.hash_one(id);
        if let Ok(entry) = self.table.find_entry(hash, |known| *known == place) {
            entry.remove();
        }
    }

    /// What was a vertex is a root now.
    pub(crate) fn settle(&mut self, id: &BlockId, handle: Handle, number: RootNumber) {
        let hash = self.state.hash_one(id);
        let vertex = Place::of_vertex(handle);
        if let Some(place) = self.table.find_mut(hash, |known| *known == vertex) {
            *place = Place::of_root(number);
        }
    }
}

fn id_at<'a, T>(place: Place, vertices: &'a Table<T>, roots: &'a Roots) -> &'a BlockId {
    match place.0 {
        number if number & ROOT != 0 => &roots.get(RootNumber(number & !ROOT)).1,
        handle => &vertices[handle].id,
    }
}
