//! Applications that are clients of a node: the faucet, the spammer, and who counts votes.
//!
//! What it is not: part of the node. Faucet and spammer talk to a node over its public interface
//! and could run in a process of their own; who counts votes asks whoever starts it for the ledger
//! ([`VoteLedger`]), and that may be a node in another process as well.
//!
//! Begin with [`Faucet`], [`Spammer`] or [`Ballots`].

mod ballots;
mod faucet;
mod payment;
mod spam;

pub use ballots::{
    ADDRESS_OUTPUTS_MAX, AddError, Ballots, BallotsConfig, CastVote, EVENTS_MAX,
    FileError as BallotsFileError, Full, LedgerError, LedgerStanding, MilestoneVotes, StatusError,
    VoteLedger,
};
pub use faucet::{Faucet, FaucetConfig, FaucetError, FaucetNetwork};
pub use spam::{
    Mix, Pairs, Refusal, Sample, SpamConfig, SpamError, SpamProgress, SpamSummary, Spammer,
};
