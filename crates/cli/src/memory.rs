//! How memory is had from the system.

/// Has memory that was given back by one thread be used by the others, and the rest returned.
///
/// Blocks are made by the threads that check them and given up by the one that writes them. The
/// allocator of the GNU C library lets every thread have an arena of its own and keeps large pieces
/// that were once given up, so a node under load would grow by a third more every million blocks.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_flat() {
    /// Arenas for all threads together.
    const ARENAS_MAX: i32 = 2;
    /// A piece of so many bytes is mapped alone, and unmapped when it is given up.
    const MAPPED_BYTES_MIN: i32 = 1 << 20;
    /// Free bytes at the end of an arena above which they are returned.
    const FREE_BYTES_MAX: i32 = 4 << 20;
    for (parameter, value) in [
        (libc::M_ARENA_MAX, ARENAS_MAX),
        (libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN),
        (libc::M_TRIM_THRESHOLD, FREE_BYTES_MAX),
    ] {
        // SAFETY: it takes two numbers, and no other thread runs yet. It is a wish: where it is
        // not granted, only more memory is used.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const fn keep_flat() {}

/// Returns free memory to the system twice a second, until the process ends.
///
/// A second's blocks are given up at once, but between them lies what stays. The allocator returns
/// by itself only what is free at the end of an arena, so under load the holes would add up to half
/// as much again as is in use.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn return_free() {
    /// Time between two looks; each takes a millisecond or a few. Under 25,000 blocks a second,
    /// four times as long made 10 MB more of 45.
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);
    let work = || {
        loop {
            std::thread::sleep(PAUSE);
            // SAFETY: it may be called at any time, from any thread.
            unsafe { libc::malloc_trim(0) };
        }
    };
    let started = std::thread::Builder::new()
        .name("trim".to_owned())
        .spawn(work);
    if let Err(error) = started {
        tracing::debug!(%error, "free memory is not returned regularly");
    }
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const fn return_free() {}
