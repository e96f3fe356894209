//! What is asked, and when it counts.

use std::fmt;

use serde::{Deserialize, Serialize};
use tangle_crypto::blake2b;

use super::{BALLOT_DENOMINATOR, Ballot, EventId, Question, Staking, TEXT_SIZE_BYTES_MAX};
use crate::codec::{Limit, write_sized_u32, write_text_u8, write_text_u16};
use crate::payload::read_sized;
use crate::{Codec, DecodeError, MilestoneIndex, Reader};

/// Longest additional information of an event in bytes.
pub(crate) const EVENT_INFO_SIZE_BYTES_MAX: usize = 2000;

/// A ballot or a staking period. Its milestones are in strictly ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipationEvent {
    /// At most 255 bytes.
    pub name: String,
    /// After this milestone participations are taken.
    pub milestone_index_commence: MilestoneIndex,
    /// After this milestone they count.
    pub milestone_index_start: MilestoneIndex,
    /// The last milestone that counts.
    pub milestone_index_end: MilestoneIndex,
    /// What it is about.
    pub payload: EventPayload,
    /// At most 2000 bytes.
    pub additional_info: String,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventPayload {
    /// 0: questions.
    Ballot(Ballot),
    /// 1: rewards.
    Staking(Staking),
}

/// Where an event stands after a milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Participations are ignored.
    Upcoming,
    /// Participations are taken and do not count yet.
    Commencing,
    /// Participations count in each milestone.
    Holding,
    /// It is over.
    Ended,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upcoming => "upcoming",
            Self::Commencing => "commencing",
            Self::Holding => "holding",
            Self::Ended => "ended",
        })
    }
}

impl EventPayload {
    /// The type number: 0, 1.
    #[must_use]
    pub const fn kind(&self) -> u32 {
        match self {
            Self::Ballot(_) => 0,
            Self::Staking(_) => 1,
        }
    }
}

impl ParticipationEvent {
    /// BLAKE2b-256 of its bytes.
    #[must_use]
    pub fn id(&self) -> EventId {
        EventId(blake2b::hash(&self.to_bytes()))
    }

    /// The questions of a ballot; a staking event has none.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        match &self.payload {
            EventPayload::Ballot(ballot) => &ballot.questions,
            EventPayload::Staking(_) => &[],
        }
    }

    /// Where it stands after milestone `at`.
    #[must_use]
    pub fn phase(&self, at: MilestoneIndex) -> Phase {
        if at < self.milestone_index_commence {
            Phase::Upcoming
        } else if at < self.milestone_index_start {
            Phase::Commencing
        } else if at < self.milestone_index_end {
            Phase::Holding
        } else {
            Phase::Ended
        }
    }

    /// Whether participations that milestone `index` confirms are taken.
    #[must_use]
    pub fn accepts(&self, index: MilestoneIndex) -> bool {
        index > self.milestone_index_commence && index <= self.milestone_index_end
    }

    /// Whether milestone `index` adds to what is accumulated.
    #[must_use]
    pub fn counts(&self, index: MilestoneIndex) -> bool {
        index > self.milestone_index_start && index <= self.milestone_index_end
    }

    /// Whether so many coins in so many milestones could accumulate more than a number of 64 bits
    /// holds. A node refuses such an event.
    #[must_use]
    pub fn can_overflow(&self, token_supply: u64) -> bool {
        let supply = u128::from(token_supply);
        let per_milestone = match &self.payload {
            EventPayload::Ballot(_) => supply / u128::from(BALLOT_DENOMINATOR),
            EventPayload::Staking(staking) => {
                let rewards = supply * u128::from(staking.numerator);
                if u64::try_from(rewards).is_err() {
                    return true;
                }
                rewards / u128::from(staking.denominator)
            }
        };
        let (start, end) = (self.milestone_index_start.0, self.milestone_index_end.0);
        let milestones = end.saturating_sub(start);
        // Two factors of less than 2^64 and 2^32.
        per_milestone * u128::from(milestones) > u128::from(u64::MAX)
    }
}

impl Codec for ParticipationEvent {
    fn write(&self, out: &mut Vec<u8>) {
        write_text_u8(&self.name, out);
        self.milestone_index_commence.write(out);
        self.milestone_index_start.write(out);
        self.milestone_index_end.write(out);
        write_sized_u32(out, |out| self.payload.write(out));
        write_text_u16(&self.additional_info, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let name = reader.text_u8(Limit::new("event name", 0, TEXT_SIZE_BYTES_MAX))?;
        let milestone_index_commence = MilestoneIndex::read(reader)?;
        let milestone_index_start = MilestoneIndex::read(reader)?;
        let milestone_index_end = MilestoneIndex::read(reader)?;
        let indexes = [
            milestone_index_commence,
            milestone_index_start,
            milestone_index_end,
        ];
        if let Some(index) = (1..3).find(|index| indexes[*index] <= indexes[index - 1]) {
            let field = "event milestones";
            return Err(DecodeError::Order { field, index });
        }
        let field = "event payload";
        let payload = read_sized(reader, field, EventPayload::read)?;
        let info = Limit::new("event info", 0, EVENT_INFO_SIZE_BYTES_MAX);
        Ok(Self {
            name,
            milestone_index_commence,
            milestone_index_start,
            milestone_index_end,
            payload: payload.ok_or(DecodeError::Absent { field })?,
            additional_info: reader.text_u16(info)?,
        })
    }
}

impl Codec for EventPayload {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kind().to_le_bytes());
        match self {
            Self::Ballot(ballot) => ballot.write(out),
            Self::Staking(staking) => staking.write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u32()? {
            0 => Ballot::read(reader).map(Self::Ballot),
            1 => Staking::read(reader).map(Self::Staking),
            found => Err(DecodeError::Kind {
                field: "event payload",
                found,
            }),
        }
    }
}
