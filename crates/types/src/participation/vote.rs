//! What a holder says, and the output in which a wallet keeps it.

use super::{EventId, QUESTIONS_MAX, TAG};
use crate::codec::{Limit, duplicate, write_count_u8};
use crate::{BasicOutput, Codec, DecodeError, Output, Reader, UnlockCondition};

/// Most participations at once.
pub const PARTICIPATIONS_MAX: usize = 255;

/// Bytes of a participation without answers.
const SIZE_BYTES_MIN: usize = EventId::LENGTH + 1;

/// A part in one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participation {
    /// Which event.
    pub event_id: EventId,
    /// The values of the answers, one for each question, at most 10; none for staking.
    pub answers: Vec<u8>,
}

/// Parts in events, at most 255 and at most one in each.
///
/// None at all is what a wallet leaves behind that takes back its last vote; it reads as such, and
/// no node counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participations(pub Vec<Participation>);

impl Participations {
    /// Reads tagged data as `inx-participation` does in order to count it: there must be at least
    /// one participation, and what follows the last one is ignored.
    ///
    /// # Errors
    /// The bytes count nowhere.
    pub fn read_counted(data: &[u8]) -> Result<Self, DecodeError> {
        let participations = Self::read(&mut Reader::new(data))?;
        let limit = Limit::new("participations", 1, PARTICIPATIONS_MAX);
        Reader::new(&[]).count(participations.0.len(), limit, 0)?;
        Ok(participations)
    }

    /// The part in this event.
    #[must_use]
    pub fn get(&self, event_id: &EventId) -> Option<&Participation> {
        self.0.iter().find(|part| part.event_id == *event_id)
    }

    /// Takes the place of the part in the same event, or comes last.
    pub fn put(&mut self, participation: Participation) {
        let mut parts = self.0.iter_mut();
        match parts.find(|part| part.event_id == participation.event_id) {
            Some(part) => *part = participation,
            None => self.0.push(participation),
        }
    }

    /// Takes out the part in this event, and says whether there was one.
    pub fn remove(&mut self, event_id: &EventId) -> bool {
        let count = self.0.len();
        self.0.retain(|part| part.event_id != *event_id);
        self.0.len() != count
    }
}

/// The output, if it is one that wallets keep for voting: basic, with the tag [`TAG`], and with no
/// other unlock condition than its address.
#[must_use]
pub fn voting_output(output: &Output) -> Option<&BasicOutput> {
    let Output::Basic(basic) = output else {
        return None;
    };
    let mut conditions = basic.unlock_conditions.iter();
    let is_plain = conditions.all(|condition| matches!(condition, UnlockCondition::Address(_)));
    (is_plain && basic.features.tag() == Some(TAG)).then_some(basic)
}

impl Codec for Participation {
    fn write(&self, out: &mut Vec<u8>) {
        self.event_id.write(out);
        write_count_u8(self.answers.len(), out);
        out.extend_from_slice(&self.answers);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: EventId::read(reader)?,
            answers: reader.bytes_u8(Limit::new("answers of a vote", 0, QUESTIONS_MAX))?,
        })
    }
}

impl Codec for Participations {
    fn write(&self, out: &mut Vec<u8>) {
        write_count_u8(self.0.len(), out);
        self.0.iter().for_each(|part| part.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = usize::from(reader.u8()?);
        let limit = Limit::new("participations", 0, PARTICIPATIONS_MAX);
        let count = reader.count(found, limit, SIZE_BYTES_MIN)?;
        let parts = (0..count)
            .map(|_| Participation::read(reader))
            .collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<EventId> = parts.iter().map(|part| part.event_id).collect();
        if let Some(index) = duplicate(&ids) {
            let field = "participations";
            return Err(DecodeError::Duplicate { field, index });
        }
        Ok(Self(parts))
    }
}
