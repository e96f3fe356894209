//! What the tests of all crates share: recorded values and blocks made for a purpose.
//!
//! No product crate may import this one; it is a dev-dependency.

mod malformed;

pub use malformed::{MalformedBlock, Reason, malformed_blocks, sound_blocks};
