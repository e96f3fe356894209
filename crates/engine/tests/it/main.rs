//! The engine as a whole.

mod harness;
mod replay;
mod whole;
