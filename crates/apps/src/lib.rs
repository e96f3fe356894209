//! Applications that are clients of a node: the faucet, and the spammer.
//!
//! What it is not: part of the node. Everything here talks to a node over its public interface and
//! could run in a process of its own.
//!
//! Begin with [`Faucet`] or [`Spammer`].

mod faucet;
mod payment;
mod spam;

pub use faucet::{Faucet, FaucetConfig, FaucetError, FaucetNetwork};
pub use spam::{
    Mix, Pairs, Refusal, Sample, SpamConfig, SpamError, SpamProgress, SpamSummary, Spammer,
};
