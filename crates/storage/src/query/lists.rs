//! Walking the lists of the index.

use crate::StoreError;
use crate::ledger::View;
use crate::ledger::keys::{PLACE_BYTES, Place};

/// Steps that are tried before a list is entered anew at the place wanted.
const STEPS_MAX: usize = 8;

/// One list, walked forwards.
struct List<'v> {
    view: &'v View,
    prefix: Vec<u8>,
    keys: Option<Box<dyn Iterator<Item = Result<fjall::Slice, StoreError>>>>,
    here: Option<Place>,
}

impl<'v> List<'v> {
    const fn new(view: &'v View, prefix: Vec<u8>) -> Self {
        Self {
            view,
            prefix,
            keys: None,
            here: None,
        }
    }

    /// The first place from `place` on. Places that are asked for only grow.
    fn seek(&mut self, place: Place) -> Result<Option<Place>, StoreError> {
        if self.keys.is_some() {
            for _ in 0..STEPS_MAX {
                match self.here {
                    Some(here) if here < place => self.step()?,
                    here => return Ok(here),
                }
            }
        }
        self.enter(place);
        self.step()?;
        Ok(self.here)
    }

    fn enter(&mut self, place: Place) {
        let mut from = self.prefix.clone();
        from.extend_from_slice(&place.to_bytes());
        let mut to = self.prefix.clone();
        to.extend_from_slice(&[u8::MAX; PLACE_BYTES]);
        self.keys = Some(Box::new(self.view.index_keys(from, to)));
    }

    fn step(&mut self) -> Result<(), StoreError> {
        let next = self.keys.as_mut().and_then(Iterator::next).transpose()?;
        self.here = next.and_then(|key| Place::of_key(&key));
        Ok(())
    }
}

/// Several lists as one.
pub(super) struct Union<'v> {
    lists: Vec<List<'v>>,
}

impl<'v> Union<'v> {
    pub(super) fn new(view: &'v View, prefixes: impl Iterator<Item = Vec<u8>>) -> Self {
        Self {
            lists: prefixes.map(|prefix| List::new(view, prefix)).collect(),
        }
    }

    /// The first place from `place` on that some list has. Places that are asked for only grow.
    pub(super) fn seek(&mut self, place: Place) -> Result<Option<Place>, StoreError> {
        let mut first: Option<Place> = None;
        for list in &mut self.lists {
            if let Some(found) = list.seek(place)? {
                first = Some(first.map_or(found, |first| first.min(found)));
            }
        }
        Ok(first)
    }
}
