//! How an event stands, and the other answers of `/api/participation/v1`.
//!
//! Amounts are JSON numbers here, as `inx-participation` writes them, and not texts as in the rest
//! of the node API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tangle_crypto::sha256;

use super::{EventId, Phase, QUESTIONS_MAX};
use crate::json::{HexArray, List};
use crate::{BlockId, MilestoneIndex, OutputId};

/// The answers of a question, and what was skipped and what is invalid.
const ANSWER_STATUSES_MAX: usize = super::ANSWERS_MAX + 2;

/// How an event stands after a milestone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventStatus {
    /// After which milestone; not after the event's end.
    pub milestone_index: MilestoneIndex,
    /// Where the event stands.
    pub status: Phase,
    /// For each question of a ballot how it was answered.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub questions: List<QuestionStatus, QUESTIONS_MAX>,
    /// For a staking event what is staked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staking: Option<StakingStatus>,
    /// SHA-256 over all of it, so that nodes can be compared.
    pub checksum: HexArray<32>,
}

/// How a question was answered: its answers in order, then 0 (skipped) and 255 (invalid).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionStatus {
    /// The votes for each value.
    pub answers: List<AnswerStatus, ANSWER_STATUSES_MAX>,
}

/// The votes for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerStatus {
    /// The answer.
    pub value: u8,
    /// Votes that count in one milestone now.
    pub current: u64,
    /// Votes of all milestones so far.
    pub accumulated: u64,
}

/// What is staked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StakingStatus {
    /// Coins that are staked now.
    pub staked: u64,
    /// All rewards so far.
    pub rewarded: u64,
    /// Symbol of the reward.
    pub symbol: String,
}

/// A participation that a node counts or has counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackedParticipation {
    /// The block whose transaction participates.
    pub block_id: BlockId,
    /// The coins of the output.
    pub amount: u64,
    /// The milestone that confirmed it.
    pub start_milestone_index: MilestoneIndex,
    /// The milestone that ended it; 0 while it is active.
    pub end_milestone_index: MilestoneIndex,
    /// The values of the answers.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub answers: List<u8, QUESTIONS_MAX>,
}

/// The ids of events, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventIds {
    /// The ids.
    pub event_ids: Vec<EventId>,
}

/// The id of an event that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedEvent {
    /// The id.
    pub event_id: EventId,
}

/// What an output participates in, or did while it was unspent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputParticipations {
    /// By event.
    pub participations: BTreeMap<EventId, TrackedParticipation>,
}

/// What the outputs of an address participate in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressParticipations {
    /// By output.
    pub outputs: BTreeMap<OutputId, OutputParticipations>,
}

/// Who participates in an event, or did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventParticipations {
    /// By output.
    pub participations: BTreeMap<OutputId, TrackedParticipation>,
}

impl EventStatus {
    /// The status of event `id`, with its checksum. `questions` has one entry for each question,
    /// in order; more than 10 are cut off.
    #[must_use]
    pub fn new(
        id: &EventId,
        milestone_index: MilestoneIndex,
        status: Phase,
        questions: Vec<QuestionStatus>,
        staking: Option<StakingStatus>,
    ) -> Self {
        let questions: List<_, QUESTIONS_MAX> = questions.into_iter().take(QUESTIONS_MAX).collect();
        let mut hashed = id.as_bytes().to_vec();
        hashed.extend_from_slice(&milestone_index.0.to_le_bytes());
        for (number, question) in (0_u8..).zip(&questions.0) {
            hashed.push(number);
            for answer in &question.answers.0 {
                hashed.push(answer.value);
                hashed.extend_from_slice(&answer.current.to_le_bytes());
                hashed.extend_from_slice(&answer.accumulated.to_le_bytes());
            }
        }
        if let Some(staking) = &staking {
            hashed.extend_from_slice(&staking.staked.to_le_bytes());
            hashed.extend_from_slice(&staking.rewarded.to_le_bytes());
        }
        Self {
            milestone_index,
            status,
            questions,
            staking,
            checksum: HexArray(sha256::hash(&hashed)),
        }
    }
}
