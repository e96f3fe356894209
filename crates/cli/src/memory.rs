//! How memory is had from the system, and how soon it goes back.

use std::ffi::{c_int, c_long};

/// The allocator of the whole program.
///
/// Blocks are made by the threads that check them and given up by the one that writes them, at
/// tens of thousands a second. The allocator of the GNU C library either lets every thread's arena
/// grow for itself or has the threads wait for each other; a sixth of the CPU time of a transfer
/// went there, see `docs/decisions/allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds that free memory waits to be used again. The allocator's own second keeps what a
/// busy second has freed.
const PURGE_DELAY: Setting = Setting {
    option: 15,
    usual: 1_000,
    ours: 10,
};
/// Free pages that each thread keeps for each size of object.
const PAGE_FULL_RETAIN: Setting = Setting {
    option: 36,
    usual: 2,
    ours: 0,
};

/// An option of the allocator, by its number in `mimalloc.h`.
struct Setting {
    option: c_int,
    usual: c_long,
    ours: c_long,
}

unsafe extern "C" {
    safe fn mi_option_get(option: c_int) -> c_long;
    safe fn mi_option_set(option: c_int, value: c_long);
}

/// Has free memory given back soon. What the environment says (`MIMALLOC_…`) goes first.
pub(crate) fn give_back_soon() {
    for setting in [PURGE_DELAY, PAGE_FULL_RETAIN] {
        if mi_option_get(setting.option) == setting.usual {
            mi_option_set(setting.option, setting.ours);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of options are no promise of the library; its usual values give them away.
    #[test]
    fn the_options_are_the_ones_that_are_meant() {
        for setting in [PURGE_DELAY, PAGE_FULL_RETAIN] {
            assert_eq!(mi_option_get(setting.option), setting.usual);
        }
        give_back_soon();
        for setting in [PURGE_DELAY, PAGE_FULL_RETAIN] {
            assert_eq!(mi_option_get(setting.option), setting.ours);
        }
    }
}
