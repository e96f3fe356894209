//! A signer in another process: a program that is started without a shell and asked line by line.
//!
//! What it answers is judged as if it came from anywhere: lines, counts and time are bounded here,
//! and whoever uses signatures verifies them.

use std::io::{BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tangle_types::Codec;
use tangle_types::json::HexBytes;
use tangle_types::words::plain;

use crate::keys::{KeyAndSignature, KeyPlace, Signer, SignerError, SigningRequest};
use crate::signer_protocol::{
    ADDRESSES_MAX, Answer, Answered, Ask, Asked, Change, LineError, VERSION, read_line, to_line,
};

/// Lines that wait to be read; the program waits when there are more.
const LINES_MAX: usize = 4;
/// Questions that the program has not read. There is one, unless it answers without reading.
const QUESTIONS_MAX: usize = 1;
/// Most texts that are shown before an answer.
const WAITING_MAX: usize = 100;
/// Longest text of a program that is shown.
const TEXT_CHARS_MAX: usize = 200;
/// How long a program may take to end when its input has.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// Tells a person what is waited for.
pub type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// How long a signer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Between two lines: somebody may have to type a password or to press a button.
    pub(crate) line: Duration,
    /// For an answer, with all that it says before.
    pub(crate) answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            line: Duration::from_secs(120),
            answer: Duration::from_secs(600),
        }
    }
}

/// A program that has the keys. It is asked to end when this is dropped.
pub(crate) struct ProcessSigner {
    coin_type: u32,
    patience: Patience,
    tell: Tell,
    /// Guards a question with its answer.
    talk: Mutex<Talk>,
}

struct Talk {
    program: Child,
    /// `None` when the program is asked to end.
    questions: Option<SyncSender<Vec<u8>>>,
    lines: Receiver<Result<Vec<u8>, LineError>>,
}

impl std::fmt::Debug for ProcessSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProcessSigner(..)")
    }
}

impl ProcessSigner {
    /// Starts the program `words[0]` with the arguments behind it. What it writes to its standard
    /// error goes where that of this process goes.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(
        words: &[String],
        coin_type: u32,
        patience: Patience,
        tell: Tell,
    ) -> Result<Self, SignerError> {
        let (name, arguments) = words
            .split_first()
            .ok_or_else(|| SignerError::Unreachable {
                what: String::new(),
                reason: "no program is named".to_owned(),
            })?;
        let started = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut program = started.map_err(|error| SignerError::Unreachable {
            what: name.clone(),
            reason: error.to_string(),
        })?;
        let mut input = program.stdin.take().expect("it is piped");
        let (questions, asked) = sync_channel::<Vec<u8>>(QUESTIONS_MAX);
        // A program that does not read stops this thread and nothing else. The end of its input
        // comes with the end of the thread.
        std::thread::spawn(move || {
            for question in asked {
                // A program that has ended is found by those who read its answers.
                if input.write_all(&question).is_err() {
                    break;
                }
            }
        });
        let answers = program.stdout.take().expect("it is piped");
        let (sender, lines) = sync_channel(LINES_MAX);
        // Ends with the program's output, or when nobody wants its lines any more.
        std::thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            while let Some(line) = read_line(&mut answers).transpose() {
                let is_last = line.is_err();
                if sender.send(line).is_err() || is_last {
                    break;
                }
            }
        });
        Ok(Self {
            coin_type,
            patience,
            tell,
            talk: Mutex::new(Talk {
                program,
                questions: Some(questions),
                lines,
            }),
        })
    }

    fn ask(&self, ask: Ask) -> Result<Answer, SignerError> {
        let talk = self
            .talk
            .lock()
            .expect("nobody panics while he talks with the program");
        let question = to_line(&Asked {
            version: VERSION,
            ask,
        });
        let is_taken = talk.questions.as_ref().is_some_and(|questions| {
            !matches!(questions.try_send(question), Err(TrySendError::Full(_)))
        });
        if !is_taken {
            return Err(SignerError::Garbage(
                "it answers without reading".to_owned(),
            ));
        }
        let started = Instant::now();
        for _ in 0..WAITING_MAX {
            let left = self.patience.answer.saturating_sub(started.elapsed());
            let line = match talk.lines.recv_timeout(left.min(self.patience.line)) {
                Ok(Ok(line)) => line,
                Ok(Err(error)) => return Err(SignerError::Garbage(error.to_string())),
                Err(RecvTimeoutError::Disconnected) => return Err(SignerError::Ended),
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = started.elapsed().as_secs();
                    return Err(SignerError::Silent { seconds });
                }
            };
            match read_answer(&line)? {
                Answer::Waiting { what } => (self.tell)(&shown(&what)),
                Answer::Refused { reason } => return Err(SignerError::Refused(shown(&reason))),
                answer => return Ok(answer),
            }
        }
        Err(SignerError::Garbage(
            "it talks and does not answer".to_owned(),
        ))
    }
}

fn read_answer(line: &[u8]) -> Result<Answer, SignerError> {
    let answered: Answered = serde_json::from_slice(line)
        .map_err(|error| SignerError::Garbage(shown(&error.to_string())))?;
    if answered.version != VERSION {
        let found = answered.version;
        let text = format!("it speaks version {found} of the protocol, this program {VERSION}");
        return Err(SignerError::Garbage(text));
    }
    Ok(answered.answer)
}

/// A text of the program as it may be shown.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(TEXT_CHARS_MAX).collect();
    plain(&short)
}

impl Signer for ProcessSigner {
    fn addresses(&self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError> {
        let mut all = Vec::new();
        let mut done = 0;
        while done < count {
            let next = (count - done).min(ADDRESSES_MAX);
            let place = KeyPlace {
                index: first.index.saturating_add(done),
                ..first
            };
            let answer = self.ask(Ask::Addresses {
                coin_type: self.coin_type,
                first: place.into(),
                count: next,
            })?;
            let Answer::Addresses { addresses } = answer else {
                return Err(other_answer());
            };
            if addresses.len() != next as usize {
                let text = format!("{} addresses instead of {next}", addresses.len());
                return Err(SignerError::Garbage(text));
            }
            all.extend(addresses.iter().map(|address| address.0));
            done += next;
        }
        Ok(all)
    }

    fn sign(&self, request: &SigningRequest<'_>) -> Result<Vec<KeyAndSignature>, SignerError> {
        let inputs = request.inputs.iter();
        let change = request.change.iter();
        let answer = self.ask(Ask::Sign {
            coin_type: self.coin_type,
            essence: HexBytes(request.essence.to_bytes()),
            inputs: inputs.map(|place| place.map(Into::into)).collect(),
            change: change
                .map(|(output, place)| Change {
                    output: *output,
                    key: (*place).into(),
                })
                .collect(),
        })?;
        let Answer::Signatures { signatures } = answer else {
            return Err(other_answer());
        };
        let signatures = signatures.iter();
        Ok(signatures
            .map(|signed| (signed.public_key.0, signed.signature.0))
            .collect())
    }
}

fn other_answer() -> SignerError {
    SignerError::Garbage("it answers another question".to_owned())
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.questions = None;
        let asked = Instant::now();
        while asked.elapsed() < END_PATIENCE {
            // Whatever it ends with: its answers were all that counted.
            if !matches!(self.program.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // It may have ended by itself by now.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[cfg(test)]
mod tests;
