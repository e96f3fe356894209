//! The JSON form of every value, as the node API, wallets and explorers exchange it (TIP-25).
//!
//! Each family of values has one struct with exactly the fields of the wire, in the order in which
//! they are written; `type` decides which of the optional ones must be there. `From` makes the
//! struct of a value, `TryFrom` the value of a struct.
//!
//! ```text
//! text ──[from_slice]──► BlockJson ──TryFrom──► Block      checked by the rules of the binary form
//! text ◄──serde_json──── BlockJson ◄───From──── &Block
//! ```
//!
//! - Ids and byte strings are lower-case hexadecimal with `0x`, numbers of 64 bits are decimal
//!   texts, numbers of 256 bits hexadecimal without leading zeros. What is empty and optional is
//!   left out.
//! - Read are also upper-case digits, leading zeros, `""` or `"0x"` or `null` for what is empty.
//!   Fields that are not known, or that belong to another `type`, are ignored.
//! - Every list and byte string has the limit of its binary form, which is checked while the text
//!   is read. A finished value is written in binary form and read back, so JSON can say nothing
//!   that bytes cannot.

mod leaf;
mod milestone;
mod output;
mod parameters;
mod participation;
mod payload;
mod proof;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use leaf::{Constant, Decimal, HexArray, HexBytes, HexNumber, List, Text};
pub use milestone::{
    MigratedFundsJson, MilestoneOptionJson, TreasuryInputJson, TreasuryOutputJson,
    TreasuryTransactionJson,
};
pub use output::{
    AddressJson, FeatureJson, NativeTokenJson, OutputJson, TokenSchemeJson, UnlockConditionJson,
};
pub use parameters::{ProtocolParametersJson, RentStructureJson};
pub use participation::{
    AnswerJson, EventPayloadJson, ParticipationEventJson, ParticipationJson, ParticipationsJson,
    QuestionJson,
};
pub use payload::{EssenceJson, InputJson, PayloadJson, SignatureJson, TaggedDataJson, UnlockJson};
pub use proof::{InclusionProofJson, ProofNodeJson};

use crate::{Block, BlockId, Codec, DecodeError, DraftBlock, PARENTS_MAX, Parents};

/// Why a JSON text is not a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It is not JSON, or a field is absent or of the wrong form.
    #[error("{}{source}", if path == "." { String::new() } else { format!("{path}: ") })]
    Text {
        /// Where, like `payload.essence.outputs[0].amount`; `.` for the text as a whole.
        path: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A value of this type needs a field that is absent.
    #[error("{value} of type {kind}: {field} is missing")]
    Missing {
        /// What was to be read.
        value: &'static str,
        /// Its type number.
        kind: u32,
        /// Name of the field.
        field: &'static str,
    },
    /// A proof of inclusion whose parts do not fit together.
    #[error("not a proof of inclusion: {0}")]
    Proof(&'static str),
    /// The value breaks a rule that its binary form has too.
    #[error(transparent)]
    Value(#[from] DecodeError),
}

/// Reads JSON, such that an error names the field.
///
/// # Errors
/// The text is not JSON, or not of this form.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let source = error.into_inner();
        JsonError::Text { path, source }
    })?;
    deserializer.end().map_err(|source| JsonError::Text {
        path: ".".to_owned(),
        source,
    })?;
    Ok(value)
}

/// A block, finished or not. See [`Block`] and [`DraftBlock`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockJson {
    /// Version of the protocol it was written for.
    pub protocol_version: u8,
    /// Blocks that it approves.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub parents: List<BlockId, PARENTS_MAX>,
    /// What it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadJson>,
    /// Proof of work; absent in a draft whose proof of work is still to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Decimal>,
}

impl From<&Block> for BlockJson {
    fn from(block: &Block) -> Self {
        Self {
            protocol_version: block.protocol_version,
            parents: List(block.parents.as_slice().to_vec()),
            payload: block.payload.as_ref().map(PayloadJson::from),
            nonce: Some(Decimal(block.nonce)),
        }
    }
}

impl From<&DraftBlock> for BlockJson {
    fn from(draft: &DraftBlock) -> Self {
        let parents = draft.parents.as_ref().map_or(&[][..], Parents::as_slice);
        Self {
            protocol_version: draft.protocol_version,
            parents: List(parents.to_vec()),
            payload: draft.payload.as_ref().map(PayloadJson::from),
            nonce: (draft.nonce != 0).then_some(Decimal(draft.nonce)),
        }
    }
}

impl BlockJson {
    fn into_unchecked(self) -> Result<DraftBlock, JsonError> {
        let parents = self.parents.0;
        Ok(DraftBlock {
            protocol_version: self.protocol_version,
            parents: (!parents.is_empty()).then_some(Parents::unchecked(parents)),
            payload: self.payload.map(PayloadJson::into_unchecked).transpose()?,
            nonce: self.nonce.map_or(0, |nonce| nonce.0),
        })
    }
}

impl TryFrom<BlockJson> for DraftBlock {
    type Error = JsonError;

    fn try_from(json: BlockJson) -> Result<Self, JsonError> {
        recheck(&json.into_unchecked()?)
    }
}

impl TryFrom<BlockJson> for Block {
    type Error = JsonError;

    fn try_from(json: BlockJson) -> Result<Self, JsonError> {
        let draft = json.into_unchecked()?;
        Ok(Self::from_bytes(&draft.to_bytes())?)
    }
}

/// Writes a value and reads it back: whatever it breaks of the rules of the binary form is found.
///
/// No list or byte string is longer than its limit here, so that nothing is cut off.
fn recheck<T: Codec>(unchecked: &T) -> Result<T, JsonError> {
    Ok(T::from_bytes(&unchecked.to_bytes())?)
}

/// Says which field a value of a type lacks.
#[derive(Clone, Copy)]
struct Needs {
    value: &'static str,
    kind: u32,
}

impl Needs {
    fn field<T>(self, field: &'static str, found: Option<T>) -> Result<T, JsonError> {
        found.ok_or(JsonError::Missing {
            value: self.value,
            kind: self.kind,
            field,
        })
    }

    /// The error for a type number that does not exist.
    fn unknown(self) -> JsonError {
        JsonError::Value(DecodeError::Kind {
            field: self.value,
            found: self.kind,
        })
    }
}
