//! A gate bounds what waits between two threads by how much work it is, so that a node which is
//! busy slows its producers instead of buffering, and a milestone never stands in a long queue.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// An amount of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) blocks: usize,
    pub(crate) bytes: usize,
}

/// Lets work in as long as there is room for it.
#[derive(Debug)]
pub(crate) struct Gate {
    max: Load,
    /// Guards how much is inside.
    inside: Mutex<Load>,
    left: Condvar,
}

/// Work that was let in; the room is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    load: Load,
}

impl Gate {
    /// A gate with room for `max`, or for one piece of work that is larger.
    pub(crate) fn new(max: Load) -> Arc<Self> {
        Arc::new(Self {
            max,
            inside: Mutex::default(),
            left: Condvar::new(),
        })
    }

    /// Blocks the calling thread until there is room.
    pub(crate) fn enter(self: &Arc<Self>, load: Load) -> Permit {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.has_room(*inside, load) {
            let woken = self.left.wait(inside);
            inside = woken.unwrap_or_else(PoisonError::into_inner);
        }
        self.admit(&mut inside, load)
    }

    /// Lets work in if there is room for it now.
    pub(crate) fn try_enter(self: &Arc<Self>, load: Load) -> Option<Permit> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let is_let_in = self.has_room(*inside, load);
        is_let_in.then(|| self.admit(&mut inside, load))
    }

    fn has_room(&self, inside: Load, load: Load) -> bool {
        inside == Load::default()
            || inside.blocks + load.blocks <= self.max.blocks
                && inside.bytes + load.bytes <= self.max.bytes
    }

    fn admit(self: &Arc<Self>, inside: &mut Load, load: Load) -> Permit {
        inside.blocks += load.blocks;
        inside.bytes += load.bytes;
        Permit {
            gate: Arc::clone(self),
            load,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut inside = self
            .gate
            .inside
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        inside.blocks -= self.load.blocks;
        inside.bytes -= self.load.bytes;
        drop(inside);
        self.gate.left.notify_all();
    }
}

impl Load {
    /// The load of blocks of these lengths.
    pub(crate) fn of(lengths: impl Iterator<Item = usize>) -> Self {
        lengths.fold(Self::default(), |load, bytes| Self {
            blocks: load.blocks + 1,
            bytes: load.bytes + bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn full_gate_lets_in_when_work_leaves() {
        let load = |blocks| Load { blocks, bytes: 0 };
        let gate = Gate::new(load(4));
        let large = gate.enter(load(9));
        assert!(gate.try_enter(load(1)).is_none());
        let (entered_in, entered) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _permits = [gate.enter(load(2)), gate.enter(load(2))];
                entered_in.send(()).unwrap();
            });
            assert!(entered.recv_timeout(Duration::from_millis(20)).is_err());
            drop(large);
            entered.recv().unwrap();
        });
        assert_eq!(*gate.inside.lock().unwrap(), Load::default());
    }
}
