//! Events and participations in JSON, as `inx-participation` reads and writes them.
//!
//! Unlike in the rest of the node API numbers of 64 bits are JSON numbers, and what is empty is
//! written.

use serde::{Deserialize, Serialize};

use super::leaf::{HexBytes, List, Text};
use super::{JsonError, Needs, recheck};
use crate::MilestoneIndex;
use crate::participation::{
    ANSWERS_MAX, Answer, Ballot, EVENT_INFO_SIZE_BYTES_MAX, EventId, EventPayload,
    INFO_SIZE_BYTES_MAX, PARTICIPATIONS_MAX, Participation, ParticipationEvent, Participations,
    QUESTIONS_MAX, Question, SYMBOL_SIZE_BYTES_MAX, Staking, TEXT_SIZE_BYTES_MAX,
};

/// See [`ParticipationEvent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipationEventJson {
    /// Its name.
    #[serde(default)]
    pub name: Text<TEXT_SIZE_BYTES_MAX>,
    /// After this milestone participations are taken.
    pub milestone_index_commence: MilestoneIndex,
    /// After this milestone they count.
    pub milestone_index_start: MilestoneIndex,
    /// The last milestone that counts.
    pub milestone_index_end: MilestoneIndex,
    /// What it is about.
    pub payload: EventPayloadJson,
    /// More about it.
    #[serde(default)]
    pub additional_info: Text<EVENT_INFO_SIZE_BYTES_MAX>,
}

/// See [`EventPayload`]. Type 0 has `questions`; type 1 has the other fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventPayloadJson {
    /// Type number: 0, 1.
    #[serde(rename = "type")]
    pub kind: u32,
    /// Questions of a ballot.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub questions: List<QuestionJson, QUESTIONS_MAX>,
    /// What the staking is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<TEXT_SIZE_BYTES_MAX>>,
    /// Symbol of the reward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Text<SYMBOL_SIZE_BYTES_MAX>>,
    /// Reward per milestone and coin, above the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<u32>,
    /// Reward per milestone and coin, below the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<u32>,
    /// An address whose rewards are fewer gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_minimum_rewards: Option<u64>,
    /// More about the staking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_info: Option<Text<INFO_SIZE_BYTES_MAX>>,
}

/// See [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionJson {
    /// What is asked.
    #[serde(default)]
    pub text: Text<TEXT_SIZE_BYTES_MAX>,
    /// What can be answered.
    pub answers: List<AnswerJson, ANSWERS_MAX>,
    /// More about it.
    #[serde(default)]
    pub additional_info: Text<INFO_SIZE_BYTES_MAX>,
}

/// See [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerJson {
    /// What a vote says in order to choose it.
    pub value: u8,
    /// The answer.
    #[serde(default)]
    pub text: Text<TEXT_SIZE_BYTES_MAX>,
    /// More about it.
    #[serde(default)]
    pub additional_info: Text<INFO_SIZE_BYTES_MAX>,
}

/// See [`Participations`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipationsJson {
    /// The parts in events.
    pub participations: List<ParticipationJson, PARTICIPATIONS_MAX>,
}

/// See [`Participation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipationJson {
    /// Which event.
    pub event_id: EventId,
    /// The values of the answers.
    #[serde(default)]
    pub answers: HexBytes<QUESTIONS_MAX>,
}

impl From<&ParticipationEvent> for ParticipationEventJson {
    fn from(event: &ParticipationEvent) -> Self {
        Self {
            name: Text(event.name.clone()),
            milestone_index_commence: event.milestone_index_commence,
            milestone_index_start: event.milestone_index_start,
            milestone_index_end: event.milestone_index_end,
            payload: EventPayloadJson::from(&event.payload),
            additional_info: Text(event.additional_info.clone()),
        }
    }
}

impl TryFrom<ParticipationEventJson> for ParticipationEvent {
    type Error = JsonError;

    fn try_from(json: ParticipationEventJson) -> Result<Self, JsonError> {
        recheck(&Self {
            name: json.name.0,
            milestone_index_commence: json.milestone_index_commence,
            milestone_index_start: json.milestone_index_start,
            milestone_index_end: json.milestone_index_end,
            payload: json.payload.into_unchecked()?,
            additional_info: json.additional_info.0,
        })
    }
}

impl From<&EventPayload> for EventPayloadJson {
    fn from(payload: &EventPayload) -> Self {
        let json = Self {
            kind: payload.kind(),
            ..Self::default()
        };
        match payload {
            EventPayload::Ballot(ballot) => Self {
                questions: ballot.questions.iter().map(QuestionJson::from).collect(),
                ..json
            },
            EventPayload::Staking(staking) => Self {
                text: Some(Text(staking.text.clone())),
                symbol: Some(Text(staking.symbol.clone())),
                numerator: Some(staking.numerator),
                denominator: Some(staking.denominator),
                required_minimum_rewards: Some(staking.required_minimum_rewards),
                additional_info: Some(Text(staking.additional_info.clone())),
                ..json
            },
        }
    }
}

impl EventPayloadJson {
    fn into_unchecked(self) -> Result<EventPayload, JsonError> {
        let needs = Needs {
            value: "event payload",
            kind: self.kind,
        };
        match self.kind {
            0 => Ok(EventPayload::Ballot(Ballot {
                questions: self.questions.0.into_iter().map(Into::into).collect(),
            })),
            1 => Ok(EventPayload::Staking(Staking {
                text: self.text.unwrap_or_default().0,
                symbol: needs.field("symbol", self.symbol)?.0,
                numerator: needs.field("numerator", self.numerator)?,
                denominator: needs.field("denominator", self.denominator)?,
                required_minimum_rewards: self.required_minimum_rewards.unwrap_or_default(),
                additional_info: self.additional_info.unwrap_or_default().0,
            })),
            _ => Err(needs.unknown()),
        }
    }
}

impl From<&Question> for QuestionJson {
    fn from(question: &Question) -> Self {
        let answers = question.answers.iter().map(|answer| AnswerJson {
            value: answer.value,
            text: Text(answer.text.clone()),
            additional_info: Text(answer.additional_info.clone()),
        });
        Self {
            text: Text(question.text.clone()),
            answers: answers.collect(),
            additional_info: Text(question.additional_info.clone()),
        }
    }
}

impl From<QuestionJson> for Question {
    fn from(json: QuestionJson) -> Self {
        let answers = json.answers.0.into_iter().map(|answer| Answer {
            value: answer.value,
            text: answer.text.0,
            additional_info: answer.additional_info.0,
        });
        Self {
            text: json.text.0,
            answers: answers.collect(),
            additional_info: json.additional_info.0,
        }
    }
}

impl From<&Participations> for ParticipationsJson {
    fn from(participations: &Participations) -> Self {
        let parts = participations.0.iter().map(|part| ParticipationJson {
            event_id: part.event_id,
            answers: HexBytes(part.answers.clone()),
        });
        Self {
            participations: parts.collect(),
        }
    }
}

impl TryFrom<ParticipationsJson> for Participations {
    type Error = JsonError;

    fn try_from(json: ParticipationsJson) -> Result<Self, JsonError> {
        let parts = json.participations.0.into_iter().map(|part| Participation {
            event_id: part.event_id,
            answers: part.answers.0,
        });
        recheck(&Self(parts.collect()))
    }
}
