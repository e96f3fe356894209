//! Real nodes and hostile peers over loopback.

mod harness;
mod hostile;
mod peers;
mod raw;
mod talking;
