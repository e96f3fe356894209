//! The command line of voting.

use clap::Subcommand;
use tangle_types::participation::EventId;

use super::HowArguments;

/// Voting with coins that stay where they are.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum VotingCommand {
    /// Keep more coins apart for voting.
    IncreaseVotingPower {
        /// How many, with their unit: 25TST.
        amount: String,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Keep fewer coins apart for voting.
    DecreaseVotingPower {
        /// How many, with their unit: 25TST; all of them end every vote.
        amount: String,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Print how many coins are kept apart for voting.
    VotingPower,
    /// Explain the voting output in words.
    VotingOutput,
    /// Answer the questions of an event, or vote again as before.
    Vote {
        /// The event; without it the votes that the voting output has are cast again.
        event: Option<EventId>,
        /// The number of an answer to each question, 0 for none; without them a terminal asks.
        answers: Vec<u8>,
        #[command(flatten)]
        how: HowArguments,
    },
    /// Take back the vote in an event.
    StopParticipating {
        /// The event.
        event: EventId,
        #[command(flatten)]
        how: HowArguments,
    },
    /// List the events that the node follows, how they stand, and how the account takes part.
    ParticipationOverview {
        /// Only these events.
        events: Vec<EventId>,
    },
}
