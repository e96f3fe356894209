//! The engine as a whole.

mod harness;
mod whole;
