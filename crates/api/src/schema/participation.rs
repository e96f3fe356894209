//! Events, votes and how they stand.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::{BlockIdText, EventIdText, HashText};

/// An event.
#[derive(ToSchema)]
#[schema(as = ParticipationEvent, rename_all = "camelCase")]
pub(crate) struct EventSchema {
    /// Its name, up to 255 bytes.
    #[schema(required = false, max_length = 255)]
    name: String,
    /// From the next milestone on, votes are taken.
    milestone_index_commence: u32,
    /// From the next milestone on, they count.
    milestone_index_start: u32,
    /// The last milestone that counts.
    milestone_index_end: u32,
    /// What is asked.
    payload: BallotSchema,
    /// More about it, up to 2000 bytes.
    #[schema(required = false, max_length = 2000)]
    additional_info: String,
}

/// Questions.
#[derive(ToSchema)]
#[schema(as = Ballot, rename_all = "camelCase")]
struct BallotSchema {
    /// Always 0; staking (1) is not counted.
    #[schema(minimum = 0, maximum = 0)]
    r#type: u32,
    /// The questions.
    #[schema(min_items = 1, max_items = 10)]
    questions: Vec<QuestionSchema>,
}

/// A question.
#[derive(ToSchema)]
#[schema(as = Question, rename_all = "camelCase")]
struct QuestionSchema {
    /// What is asked, up to 255 bytes.
    #[schema(required = false, max_length = 255)]
    text: String,
    /// What can be answered, each value once.
    #[schema(min_items = 1, max_items = 10)]
    answers: Vec<AnswerSchema>,
    /// More about it, up to 500 bytes.
    #[schema(required = false, max_length = 500)]
    additional_info: String,
}

/// What can be answered.
#[derive(ToSchema)]
#[schema(as = Answer, rename_all = "camelCase")]
struct AnswerSchema {
    /// The byte by which a vote chooses it. 0 stands for no answer, 255 for what is no answer.
    #[schema(minimum = 1, maximum = 254)]
    value: u32,
    /// The answer, up to 255 bytes.
    #[schema(required = false, max_length = 255)]
    text: String,
    /// More about it, up to 500 bytes.
    #[schema(required = false, max_length = 500)]
    additional_info: String,
}

/// Ids of events.
#[derive(ToSchema)]
#[schema(as = EventIds, rename_all = "camelCase")]
pub(crate) struct EventIdsSchema {
    /// In order.
    event_ids: Vec<EventIdText>,
}

/// An event that was added.
#[derive(ToSchema)]
#[schema(as = CreatedEvent, rename_all = "camelCase")]
pub(crate) struct CreatedEventSchema {
    /// Its id.
    event_id: EventIdText,
}

/// How an event stands.
#[derive(ToSchema)]
#[schema(as = EventStatus, rename_all = "camelCase")]
pub(crate) struct EventStatusSchema {
    /// After which milestone.
    milestone_index: u32,
    /// Whether votes are taken and count.
    status: PhaseSchema,
    /// For each question, how it was answered.
    #[schema(max_items = 10)]
    questions: Vec<QuestionStatusSchema>,
    /// SHA-256 of all this, to compare nodes.
    checksum: HashText,
}

/// Whether votes are taken and count.
#[derive(ToSchema)]
#[schema(as = EventPhase, rename_all = "camelCase")]
enum PhaseSchema {
    Upcoming,
    Commencing,
    Holding,
    Ended,
}

/// How a question was answered.
#[derive(ToSchema)]
#[schema(as = QuestionStatus, rename_all = "camelCase")]
struct QuestionStatusSchema {
    /// Its answers, then 0 for no answer and 255 for what is no answer.
    #[schema(max_items = 12)]
    answers: Vec<AnswerStatusSchema>,
}

/// The votes for an answer.
#[derive(ToSchema)]
#[schema(as = AnswerStatus, rename_all = "camelCase")]
struct AnswerStatusSchema {
    /// The answer.
    #[schema(maximum = 255)]
    value: u32,
    /// Votes in each milestone now: one for a thousand coins.
    current: u64,
    /// Votes of all milestones so far.
    accumulated: u64,
}

/// A vote that is counted, or was.
#[derive(ToSchema)]
#[schema(as = TrackedParticipation, rename_all = "camelCase")]
struct TrackedSchema {
    /// The block with its transaction.
    block_id: BlockIdText,
    /// Coins of its output.
    amount: u64,
    /// The milestone that confirmed it.
    start_milestone_index: u32,
    /// The milestone that ended it; 0 while it goes on.
    end_milestone_index: u32,
    /// One for each question.
    #[schema(max_items = 10)]
    answers: Vec<u32>,
}

/// What an output takes part in.
#[derive(ToSchema)]
#[schema(as = OutputParticipations, rename_all = "camelCase")]
pub(crate) struct OutputParticipationsSchema {
    /// By event id.
    participations: BTreeMap<String, TrackedSchema>,
}

/// What the outputs of an address take part in.
#[derive(ToSchema)]
#[schema(as = AddressParticipations, rename_all = "camelCase")]
pub(crate) struct AddressParticipationsSchema {
    /// By output id.
    outputs: BTreeMap<String, OutputParticipationsSchema>,
}

/// Who takes part in an event.
#[derive(ToSchema)]
#[schema(as = EventParticipations, rename_all = "camelCase")]
pub(crate) struct EventParticipationsSchema {
    /// By output id.
    participations: BTreeMap<String, TrackedSchema>,
}
