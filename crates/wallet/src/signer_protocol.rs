//! What a wallet and a signer in another process say to each other: one line of JSON for each
//! question and each answer, over the standard input and output of the signer.
//!
//! ```text
//! ask    {"version":1,"ask":"addresses","coinType":4218,"first":[0,0,5],"count":2}
//! answer {"version":1,"answer":"addresses","addresses":["0x…","0x…"]}
//! ask    {"version":1,"ask":"sign","coinType":4218,"essence":"0x…",
//!         "inputs":[[0,0,5],null],"change":[{"output":1,"key":[0,0,5]}]}
//! answer {"version":1,"answer":"waiting","for":"a press of the button"}
//! answer {"version":1,"answer":"signatures",
//!         "signatures":[{"publicKey":"0x…","signature":"0x…"}]}
//! answer {"version":1,"answer":"refused","reason":"the owner said no"}
//! ```
//!
//! A key's place is `[account, 1 for change or else 0, number]` below `m/44'/coinType'`. An address
//! is the 32 bytes of an Ed25519 address. `inputs` has an entry for each input of the essence, in
//! its order: the key that opens it, or null where an alias or NFT of an earlier input does. Each
//! key among them signs once, in the order in which they come first: BLAKE2b-256 of the essence is
//! what is signed. `change` says which outputs go back to which of these keys; a signer that shows
//! what leaves checks it. Before an answer any number of `waiting` may come, so that a person is
//! told what to do. A question comes only after the answer to the one before, and the end of the
//! input is the end.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};
use tangle_types::json::{HexArray, HexBytes};

/// The version that this program speaks.
pub(crate) const VERSION: u32 = 1;
/// Longest line in bytes, its end included. The longest that is needed is a question to sign: an
/// essence of 32 KiB in hexadecimal, and 256 places.
pub(crate) const LINE_BYTES_MAX: usize = 128 << 10;
/// Most addresses asked for at once.
pub(crate) const ADDRESSES_MAX: u32 = 256;
/// Larger than any essence, as a block has at most 32 KiB.
const ESSENCE_BYTES_MAX: usize = 32 << 10;

/// A line of the wallet.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) version: u32,
    #[serde(flatten)]
    pub(crate) ask: Ask,
}

/// What a wallet asks for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Ask {
    /// The addresses of keys from a place on.
    Addresses {
        coin_type: u32,
        first: [u32; 3],
        count: u32,
    },
    /// Signatures of an essence.
    Sign {
        coin_type: u32,
        essence: HexBytes<ESSENCE_BYTES_MAX>,
        inputs: Vec<Option<[u32; 3]>>,
        change: Vec<Change>,
    },
}

/// An output that goes back to a key of the wallet.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) output: u16,
    pub(crate) key: [u32; 3],
}

/// A line of the signer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) version: u32,
    #[serde(flatten)]
    pub(crate) answer: Answer,
}

/// What a signer answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub(crate) enum Answer {
    /// The addresses asked for.
    Addresses { addresses: Vec<HexArray<32>> },
    /// The signatures asked for.
    Signatures { signatures: Vec<KeySignature> },
    /// The answer takes time, for a reason that a person may have to know.
    Waiting {
        #[serde(rename = "for")]
        what: String,
    },
    /// There will be none.
    Refused { reason: String },
}

/// A signature with its key.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeySignature {
    pub(crate) public_key: HexArray<32>,
    pub(crate) signature: HexArray<64>,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// More than [`LINE_BYTES_MAX`].
    #[error("a line has more than {LINE_BYTES_MAX} bytes")]
    Long,
    /// The system refuses.
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Reads a line without its end; `None` at the end. Of what is too long no more is read than a
/// line may have.
pub(crate) fn read_line(from: &mut impl BufRead) -> Result<Option<Vec<u8>>, LineError> {
    let mut line = Vec::new();
    let mut bounded = from.take(LINE_BYTES_MAX as u64);
    bounded.read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(line));
    }
    if line.len() >= LINE_BYTES_MAX {
        return Err(LineError::Long);
    }
    // What the end cuts off is no line.
    Ok(None)
}

/// The bytes of a line, its end included.
pub(crate) fn to_line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("texts and numbers become JSON");
    line.push(b'\n');
    line
}
