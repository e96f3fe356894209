//! Applications that are clients of a node: for now, the faucet.
//!
//! What it is not: part of the node. Everything here talks to a node over its public interface and
//! could run in a process of its own.
//!
//! Begin with [`Faucet`].

mod faucet;

pub use faucet::{Faucet, FaucetConfig, FaucetError, FaucetNetwork};
