//! What a person is told when a command fails: a stable code, what happened, the values involved
//! and what to do.

mod codes;

use std::fmt;

use serde::Serialize;
use tangle_types::words::plain;

pub(crate) use codes::{Code, REGISTER};

use crate::terminal::{Look, Terminal};

/// Result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Box<Failure>>;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    values: Vec<(&'static str, String)>,
    help: Option<String>,
}

#[derive(Serialize)]
struct JsonFailure<'a> {
    error: JsonError<'a>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    code: &'a str,
    message: &'a str,
    values: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

impl Failure {
    /// A failure with its message.
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Box<Self> {
        Box::new(Self {
            code,
            message: message.to_string(),
            values: Vec::new(),
            help: None,
        })
    }

    /// Adds a value that is involved.
    pub(crate) fn with(
        mut self: Box<Self>,
        name: &'static str,
        value: impl fmt::Display,
    ) -> Box<Self> {
        self.values.push((name, value.to_string()));
        self
    }

    /// Says what to do.
    pub(crate) fn help(mut self: Box<Self>, text: impl Into<String>) -> Box<Self> {
        self.help = Some(text.into());
        self
    }

    /// What happened, without code and help.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        self.code.explanation().exit_code
    }

    /// Writes it where errors go; as JSON to standard output when that is wanted.
    pub(crate) fn report(&self, terminal: &Terminal) {
        let code = self.code.explanation().code;
        if terminal.is_json() {
            let values = self
                .values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                .collect();
            terminal.json(&JsonFailure {
                error: JsonError {
                    code,
                    message: &self.message,
                    values,
                    help: self.help.as_deref(),
                },
            });
            return;
        }
        let head = terminal.paint(Look::Red, &format!("error[{code}]"));
        // A message may quote what a node or a file said.
        let harmless = |text: &str| text.split('\n').map(plain).collect::<Vec<_>>().join("\n");
        let mut text = format!("{head}: {}", harmless(&self.message));
        let rows = self
            .values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(self.help.as_deref().map(|help| ("help", help)));
        for (name, value) in rows {
            let value = harmless(value).replace('\n', "\n             ");
            text.push_str(&format!("\n   {name:<9} {value}"));
        }
        text.push_str(&format!("\n   {:<9} tangle help {code}", "docs"));
        terminal.complain(&text);
    }
}
