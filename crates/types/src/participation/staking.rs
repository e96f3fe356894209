//! Staking: rewards for coins that stay where they are.

use super::{INFO_SIZE_BYTES_MAX, TEXT_SIZE_BYTES_MAX};
use crate::codec::{Limit, write_text_u8, write_text_u16};
use crate::{Codec, DecodeError, Reader};

/// Shortest symbol in bytes.
const SYMBOL_SIZE_BYTES_MIN: usize = 3;
/// Longest symbol in bytes.
pub(crate) const SYMBOL_SIZE_BYTES_MAX: usize = 10;

/// Payload 1 of an event: each milestone rewards an output of `a` coins with
/// `a * numerator / denominator`. It is read, written and carried; rewards are not computed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staking {
    /// At most 255 bytes.
    pub text: String,
    /// Symbol of the reward, 3 to 10 bytes.
    pub symbol: String,
    /// Not 0.
    pub numerator: u32,
    /// Not 0.
    pub denominator: u32,
    /// An address whose rewards are fewer gets none.
    pub required_minimum_rewards: u64,
    /// At most 500 bytes.
    pub additional_info: String,
}

impl Codec for Staking {
    fn write(&self, out: &mut Vec<u8>) {
        write_text_u8(&self.text, out);
        write_text_u8(&self.symbol, out);
        out.extend_from_slice(&self.numerator.to_le_bytes());
        out.extend_from_slice(&self.denominator.to_le_bytes());
        out.extend_from_slice(&self.required_minimum_rewards.to_le_bytes());
        write_text_u16(&self.additional_info, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let symbol = Limit::new("symbol", SYMBOL_SIZE_BYTES_MIN, SYMBOL_SIZE_BYTES_MAX);
        let staking = Self {
            text: reader.text_u8(Limit::new("staking text", 0, TEXT_SIZE_BYTES_MAX))?,
            symbol: reader.text_u8(symbol)?,
            numerator: reader.u32()?,
            denominator: reader.u32()?,
            required_minimum_rewards: reader.u64()?,
            additional_info: reader.text_u16(Limit::new("staking info", 0, INFO_SIZE_BYTES_MAX))?,
        };
        if staking.numerator == 0 || staking.denominator == 0 {
            return Err(DecodeError::RewardRatio);
        }
        Ok(staking)
    }
}
