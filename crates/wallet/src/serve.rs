//! The other side of a signer in another process: answers a wallet's questions with keys that this
//! process has.

use std::io::{self, BufRead, Write};

use tangle_types::json::{HexArray, HexBytes};
use tangle_types::{Address, Codec, Essence, Output};

use crate::keys::{KeyPlace, Signer, SignerError, SigningRequest};
use crate::signer_protocol::{
    ADDRESSES_MAX, Answer, Answered, Ask, Asked, Change, KeySignature, LineError, VERSION,
    read_line, to_line,
};

/// Why a signer stops to serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A question that is longer than any can be.
    #[error("a question is too long: {0}")]
    Long(String),
    /// The wallet cannot be heard, or does not listen.
    #[error("the wallet cannot be talked with: {0}")]
    File(#[from] io::Error),
}

/// Answers questions from `questions` on `answers` until the former end. What shall be signed goes
/// to `show` first; it can refuse, with a reason. Keys are those of one coin type.
///
/// # Errors
/// See [`ServeError`]. A question that makes no sense is answered with a refusal.
pub fn serve(
    signer: &dyn Signer,
    coin_type: u32,
    mut questions: impl BufRead,
    mut answers: impl Write,
    mut show: impl FnMut(&SigningRequest<'_>) -> Result<(), String>,
) -> Result<(), ServeError> {
    loop {
        let line = match read_line(&mut questions) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(LineError::Long) => return Err(ServeError::Long(LineError::Long.to_string())),
            Err(LineError::File(error)) => return Err(error.into()),
        };
        let answer = answer(signer, coin_type, &line, &mut show);
        let answer = answer.unwrap_or_else(|reason| Answer::Refused { reason });
        let answered = Answered {
            version: VERSION,
            answer,
        };
        answers.write_all(&to_line(&answered))?;
        answers.flush()?;
    }
}

/// Tells the wallet that somebody has to do something before the first answer.
///
/// # Errors
/// The wallet does not listen.
pub fn tell_waiting(mut answers: impl Write, what: &str) -> io::Result<()> {
    let what = what.to_owned();
    let answered = Answered {
        version: VERSION,
        answer: Answer::Waiting { what },
    };
    answers.write_all(&to_line(&answered))?;
    answers.flush()
}

/// The answer, or why there is none, for whoever reads it at the wallet.
fn answer(
    signer: &dyn Signer,
    coin_type: u32,
    line: &[u8],
    show: &mut impl FnMut(&SigningRequest<'_>) -> Result<(), String>,
) -> Result<Answer, String> {
    let asked: Asked = serde_json::from_slice(line)
        .map_err(|error| format!("the question makes no sense: {error}"))?;
    if asked.version != VERSION {
        let found = asked.version;
        return Err(format!(
            "version {found} of the protocol is not known, only {VERSION}"
        ));
    }
    let (Ask::Addresses {
        coin_type: asked_type,
        ..
    }
    | Ask::Sign {
        coin_type: asked_type,
        ..
    }) = &asked.ask;
    if *asked_type != coin_type {
        return Err(format!(
            "the keys are of coin type {coin_type}, not {asked_type}"
        ));
    }
    match asked.ask {
        Ask::Addresses { first, count, .. } => {
            let first = KeyPlace::try_from(first).map_err(|error| error.to_string())?;
            if !(1..=ADDRESSES_MAX).contains(&count) {
                return Err(format!(
                    "1 to {ADDRESSES_MAX} addresses can be asked for at once"
                ));
            }
            let hashes = signer
                .addresses(first, count)
                .map_err(|error| error.to_string())?;
            Ok(Answer::Addresses {
                addresses: hashes.into_iter().map(HexArray).collect(),
            })
        }
        Ask::Sign {
            essence,
            inputs,
            change,
            ..
        } => sign(signer, &essence, &inputs, &change, show),
    }
}

fn sign<const MAX: usize>(
    signer: &dyn Signer,
    essence: &HexBytes<MAX>,
    inputs: &[Option<[u32; 3]>],
    change: &[Change],
    show: &mut impl FnMut(&SigningRequest<'_>) -> Result<(), String>,
) -> Result<Answer, String> {
    let essence = Essence::from_bytes(&essence.0)
        .map_err(|error| format!("the essence cannot be read: {error}"))?;
    let place = |key: [u32; 3]| KeyPlace::try_from(key).map_err(|error| error.to_string());
    let inputs = inputs.iter().map(|key| key.map(place).transpose());
    let inputs: Vec<Option<KeyPlace>> = inputs.collect::<Result<_, _>>()?;
    if inputs.len() != essence.inputs.len() {
        return Err("there is not one key place for each input".to_owned());
    }
    let change = change
        .iter()
        .map(|change| Ok::<_, String>((change.output, place(change.key)?)));
    let change: Vec<(u16, KeyPlace)> = change.collect::<Result<_, String>>()?;
    let request = SigningRequest {
        essence: &essence,
        inputs,
        change,
    };
    check(signer, &request).map_err(|error| error.to_string())?;
    show(&request)?;
    let signed = signer.sign(&request).map_err(|error| error.to_string())?;
    let signatures = signed
        .into_iter()
        .map(|(public_key, signature)| KeySignature {
            public_key: HexArray(public_key),
            signature: HexArray(signature),
        });
    Ok(Answer::Signatures {
        signatures: signatures.collect(),
    })
}

/// That one account signs, and that what is called change is for keys that sign.
fn check(signer: &dyn Signer, request: &SigningRequest<'_>) -> Result<(), SignerError> {
    let refuse = |text: &str| Err(SignerError::Refused(text.to_owned()));
    let keys = request.keys();
    let Some(first) = keys.first() else {
        return refuse("no key of this signer opens an input");
    };
    if keys.iter().any(|place| place.account != first.account) {
        return refuse("keys of more than one account would sign");
    }
    for (number, place) in &request.change {
        let output = request.essence.outputs.get(usize::from(*number));
        let conditions = output.map(Output::unlock_conditions);
        let owner = conditions
            .filter(|conditions| conditions.iter().len() == 1)
            .and_then(|conditions| conditions.address());
        let is_ours = keys.contains(place)
            && matches!(
                owner,
                Some(Address::Ed25519(hash)) if signer.addresses(*place, 1)? == [*hash]
            );
        if !is_ours {
            return refuse("an output that is called change goes to somebody else");
        }
    }
    Ok(())
}
