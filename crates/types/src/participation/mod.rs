//! Voting and staking with coins that stay where they are, as Hornet's `inx-participation` defines
//! it (specification: `iota-community/treasury`, `specifications/hornet-participation-plugin.md`).
//!
//! Somebody writes down a [`ParticipationEvent`]: its questions, and three milestones. Whoever
//! adds the same event to his node counts under the same id, because the id is the hash of the
//! event. A holder answers with [`Participations`] in the tagged data of a transaction that has one
//! output, which goes to an address that signs it: as long as that output is unspent, its coins
//! count for the answers. Nothing of this is a rule of the ledger.
//!
//! ```text
//!   milestone   commence            start                  end
//!   upcoming  ──────┤ commencing      ├── holding             ├── ended
//!                   participations in   each milestone adds     nothing counts
//!                   (commence, end]     the weight once         any more
//!                   are taken           (start, end]
//! ```
//!
//! A wallet keeps one output for this apart from what it spends, the [`voting_output`]: it has the
//! tag [`TAG`], and its metadata repeats the participations, so that the next transaction can leave
//! out one of them and keep the rest.
//!
//! Begin with [`ParticipationEvent`] and [`Participations`]; how an event stands is
//! [`EventStatus`].

mod ballot;
mod event;
mod staking;
mod status;
mod vote;

pub use crate::id::EventId;
pub use ballot::{ANSWER_INVALID, ANSWER_SKIPPED, ANSWERS_MAX, Answer, Ballot, Question};
pub use ballot::{BALLOT_DENOMINATOR, QUESTIONS_MAX};
pub use event::{EventPayload, ParticipationEvent, Phase};
pub use staking::Staking;
pub use status::{
    AddressParticipations, AnswerStatus, CreatedEvent, EventIds, EventParticipations, EventStatus,
    OutputParticipations, QuestionStatus, StakingStatus, TrackedParticipation,
};
pub use vote::{PARTICIPATIONS_MAX, Participation, Participations, voting_output};

pub(crate) use ballot::{INFO_SIZE_BYTES_MAX, TEXT_SIZE_BYTES_MAX};
pub(crate) use event::EVENT_INFO_SIZE_BYTES_MAX;
pub(crate) use staking::SYMBOL_SIZE_BYTES_MAX;

/// Tag of the tagged data that participates, and of a wallet's voting output.
pub const TAG: &[u8] = b"PARTICIPATE";
