//! The engine as a whole.

mod harness;
mod oracle;
mod random;
mod refused;
mod replay;
mod whole;
