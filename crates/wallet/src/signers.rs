//! Where the keys of a wallet can be, other than in its folder.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::keys::{Signer, SignerError};
use crate::nano::{NanoSigner, Tcp, Usb};
use crate::process::{Patience, ProcessSigner, Tell};

/// What begins the name of a device behind a TCP port.
const TCP: &str = "ledger-nano-tcp:";
/// Name of a device at this machine.
const USB: &str = "ledger-nano";
/// Most words of a command.
const WORDS_MAX: usize = 64;

/// Who has the keys of a wallet whose folder has no words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyHolder {
    /// A program: its name and its arguments.
    Program(Vec<String>),
    /// A Ledger Nano at this machine.
    LedgerNano,
    /// A Ledger Nano behind a TCP port, as host and port: an emulator.
    LedgerNanoTcp(String),
}

/// Why a text names nobody who has keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyHolderError {
    /// There is no word in it.
    #[error("no program is named")]
    Empty,
    /// Too many words.
    #[error("a command has at most {WORDS_MAX} words")]
    Long,
    /// A quotation mark without its partner.
    #[error("a quotation mark has no partner")]
    Quote,
}

impl KeyHolder {
    /// Opens the way to the keys below a coin type. `tell` is told what is waited for.
    ///
    /// # Errors
    /// The program does not start, or there is no such device.
    pub fn open(&self, coin_type: u32, tell: Tell) -> Result<Box<dyn Signer>, SignerError> {
        let patience = Patience::default();
        Ok(match self {
            Self::Program(words) => {
                Box::new(ProcessSigner::start(words, coin_type, patience, tell)?)
            }
            Self::LedgerNano => {
                let device = Usb::open(patience.line)?;
                Box::new(NanoSigner::new(device, coin_type, tell)?)
            }
            Self::LedgerNanoTcp(address) => {
                let device = Tcp::connect(address, patience.line)?;
                Box::new(NanoSigner::new(device, coin_type, tell)?)
            }
        })
    }
}

/// `ledger-nano`, `ledger-nano-tcp:HOST:PORT`, or the words of a command. White space separates
/// words; '…' and "…" keep it, and nothing else has a meaning, as no shell is asked.
impl FromStr for KeyHolder {
    type Err = KeyHolderError;

    fn from_str(text: &str) -> Result<Self, KeyHolderError> {
        if text == USB {
            return Ok(Self::LedgerNano);
        }
        if let Some(address) = text.strip_prefix(TCP) {
            return Ok(Self::LedgerNanoTcp(address.to_owned()));
        }
        let words = words(text)?;
        if words.len() > WORDS_MAX {
            return Err(KeyHolderError::Long);
        }
        if words.first().is_none_or(String::is_empty) {
            return Err(KeyHolderError::Empty);
        }
        Ok(Self::Program(words))
    }
}

impl fmt::Display for KeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(words) => f.write_str(&words.join(" ")),
            Self::LedgerNano => f.write_str(USB),
            Self::LedgerNanoTcp(address) => write!(f, "{TCP}{address}"),
        }
    }
}

fn words(text: &str) -> Result<Vec<String>, KeyHolderError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err(KeyHolderError::Quote);
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_cut_into_words_without_a_shell() {
        let program = |text: &str| match text.parse() {
            Ok(KeyHolder::Program(words)) => words,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(program("  ssh  vault\ttangle "), ["ssh", "vault", "tangle"]);
        assert_eq!(program("a 'b c' d\"e f\"g ''"), ["a", "b c", "de fg", ""]);
        assert_eq!(program("a;b $HOME \\n `x`"), ["a;b", "$HOME", "\\n", "`x`"]);
        for (text, error) in [
            ("", KeyHolderError::Empty),
            (" \t", KeyHolderError::Empty),
            ("'' x", KeyHolderError::Empty),
            ("it's", KeyHolderError::Quote),
        ] {
            assert_eq!(text.parse::<KeyHolder>(), Err(error), "{text:?}");
        }
        let long = "x ".repeat(WORDS_MAX + 1);
        assert_eq!(long.parse::<KeyHolder>(), Err(KeyHolderError::Long));
    }

    #[test]
    fn devices_have_names_that_come_back() {
        for text in ["ledger-nano", "ledger-nano-tcp:127.0.0.1:9999"] {
            let holder: KeyHolder = text.parse().expect("a device");
            assert!(!matches!(holder, KeyHolder::Program(_)), "{text}");
            assert_eq!(holder.to_string(), text);
            let json = serde_json::to_string(&holder).expect("texts become JSON");
            assert_eq!(serde_json::from_str::<KeyHolder>(&json).ok(), Some(holder));
        }
    }
}
