//! Questions and their answers.

use crate::codec::{Limit, duplicate, write_count_u8, write_text_u8, write_text_u16};
use crate::{Codec, DecodeError, Reader};

/// Most questions of a ballot.
pub const QUESTIONS_MAX: usize = 10;
/// Most answers of a question.
pub const ANSWERS_MAX: usize = 10;
/// The value of an answer that says nothing; no answer of a question can have it.
pub const ANSWER_SKIPPED: u8 = 0;
/// What counts in place of a value that no answer has; no answer of a question can have it.
pub const ANSWER_INVALID: u8 = 255;
/// An output has one vote for each question and milestone per so many of its coins' smallest units.
pub const BALLOT_DENOMINATOR: u64 = 1000;
/// Longest text of a name, question or answer in bytes.
pub(crate) const TEXT_SIZE_BYTES_MAX: usize = 255;
/// Longest additional information of anything but an event in bytes.
pub(crate) const INFO_SIZE_BYTES_MAX: usize = 500;

/// Payload 0 of an event: 1 to 10 questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// A vote answers them in this order.
    pub questions: Vec<Question>,
}

/// A question with 1 to 10 answers of different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// At most 255 bytes.
    pub text: String,
    /// What can be answered.
    pub answers: Vec<Answer>,
    /// At most 500 bytes.
    pub additional_info: String,
}

/// One of the answers to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What a vote says in order to choose it, 1 to 254.
    pub value: u8,
    /// At most 255 bytes.
    pub text: String,
    /// At most 500 bytes.
    pub additional_info: String,
}

impl Question {
    /// The answer of this value.
    #[must_use]
    pub fn answer(&self, value: u8) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.value == value)
    }

    /// The value under which a vote for `value` counts: [`ANSWER_INVALID`] if no answer has it.
    #[must_use]
    pub fn counted_value(&self, value: u8) -> u8 {
        if value == ANSWER_SKIPPED || self.answer(value).is_some() {
            value
        } else {
            ANSWER_INVALID
        }
    }
}

impl Codec for Ballot {
    fn write(&self, out: &mut Vec<u8>) {
        write_count_u8(self.questions.len(), out);
        self.questions
            .iter()
            .for_each(|question| question.write(out));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = usize::from(reader.u8()?);
        // A question has two lengths, a count and an answer of four bytes.
        let count = reader.count(found, Limit::new("questions", 1, QUESTIONS_MAX), 8)?;
        let questions = (0..count).map(|_| Question::read(reader));
        questions
            .collect::<Result<_, _>>()
            .map(|questions| Self { questions })
    }
}

impl Codec for Question {
    fn write(&self, out: &mut Vec<u8>) {
        write_text_u8(&self.text, out);
        write_count_u8(self.answers.len(), out);
        self.answers.iter().for_each(|answer| answer.write(out));
        write_text_u16(&self.additional_info, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = reader.text_u8(Limit::new("question text", 0, TEXT_SIZE_BYTES_MAX))?;
        let found = usize::from(reader.u8()?);
        let count = reader.count(found, Limit::new("answers", 1, ANSWERS_MAX), 4)?;
        let answers = (0..count)
            .map(|_| Answer::read(reader))
            .collect::<Result<Vec<_>, _>>()?;
        let values: Vec<u8> = answers.iter().map(|answer| answer.value).collect();
        if let Some(index) = duplicate(&values) {
            let field = "answer values";
            return Err(DecodeError::Duplicate { field, index });
        }
        Ok(Self {
            text,
            answers,
            additional_info: reader.text_u16(Limit::new(
                "question info",
                0,
                INFO_SIZE_BYTES_MAX,
            ))?,
        })
    }
}

impl Codec for Answer {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.value);
        write_text_u8(&self.text, out);
        write_text_u16(&self.additional_info, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let value = reader.u8()?;
        if [ANSWER_SKIPPED, ANSWER_INVALID].contains(&value) {
            return Err(DecodeError::AnswerValue { found: value });
        }
        Ok(Self {
            value,
            text: reader.text_u8(Limit::new("answer text", 0, TEXT_SIZE_BYTES_MAX))?,
            additional_info: reader.text_u16(Limit::new("answer info", 0, INFO_SIZE_BYTES_MAX))?,
        })
    }
}
