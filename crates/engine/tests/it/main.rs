//! The engine as a whole.

mod harness;
mod neighbours;
mod oracle;
mod random;
mod receipts;
mod refused;
mod replay;
mod whole;
