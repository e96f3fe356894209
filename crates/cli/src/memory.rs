//! How memory is had from the system.

/// The allocator of the whole program.
///
/// Blocks are made by the threads that check them and given up by the one that writes them, at
/// tens of thousands a second. The allocator of the GNU C library either lets every thread's arena
/// grow for itself or has the threads wait for each other; a sixth of the CPU time of a transfer
/// went there, see `docs/decisions/allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
