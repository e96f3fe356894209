//! The engine as a whole.

mod harness;
mod oracle;
mod random;
mod replay;
mod whole;
