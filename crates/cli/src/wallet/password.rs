//! What is typed at a terminal: secrets without echo, or read from files that only their owner may
//! read; and answers.

use std::io::IsTerminal;
use std::path::Path;

use console::Term;
use zeroize::Zeroizing;

use crate::config::SecretFile;
use crate::failure::{Code, Failure, Outcome};

/// The password of a wallet of the published words, which protects nothing.
pub(super) const DEV_PASSWORD: &str = "tangle dev: test only";

/// The secret in a file.
pub(super) fn from_file(file: &Path) -> Outcome<Zeroizing<String>> {
    let secret = SecretFile {
        file: file.to_owned(),
    };
    secret.read().map(Zeroizing::new)
}

/// The password of a wallet that exists.
pub(super) fn ask(file: Option<&Path>) -> Outcome<Zeroizing<String>> {
    match file {
        Some(file) => from_file(file),
        None => type_in("password: ", "--password-file FILE"),
    }
}

/// A new password, typed twice.
pub(super) fn ask_new(file: Option<&Path>, flag: &str) -> Outcome<Zeroizing<String>> {
    if let Some(file) = file {
        return from_file(file);
    }
    let first = type_in("new password: ", flag)?;
    let second = type_in("the same again: ", flag)?;
    if first != second {
        return Err(Failure::new(Code::Input, "the two passwords differ"));
    }
    Ok(first)
}

/// A line without echo. `instead` is the flag for where there is no terminal.
pub(super) fn type_in(prompt: &str, instead: &str) -> Outcome<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        return Err(no_terminal(instead));
    }
    read_secret(prompt)
}

/// As [`type_in`], where standard input is for something else: what is typed is read from the
/// terminal that shows standard error.
pub(super) fn type_in_beside(prompt: &str, instead: &str) -> Outcome<Zeroizing<String>> {
    if !std::io::stderr().is_terminal() {
        return Err(no_terminal(instead));
    }
    read_secret(prompt)
}

fn no_terminal(instead: &str) -> Box<Failure> {
    Failure::new(Code::Input, "there is no terminal to ask at")
        .help(format!("give a file: {instead}"))
}

fn read_secret(prompt: &str) -> Outcome<Zeroizing<String>> {
    let terminal = Term::stderr();
    let line = terminal
        .write_str(prompt)
        .and_then(|()| terminal.read_secure_line())
        .map_err(|error| Failure::new(Code::Input, format!("nothing can be read: {error}")))?;
    Ok(Zeroizing::new(line))
}

/// A line that is seen as it is typed. `instead` is what says it where there is no terminal.
pub(super) fn type_openly(prompt: &str, instead: &str) -> Outcome<String> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Code::Input, "there is no terminal to ask at")
            .help(format!("say it with {instead}")));
    }
    let terminal = Term::stderr();
    terminal
        .write_str(prompt)
        .and_then(|()| terminal.read_line())
        .map_err(|error| Failure::new(Code::Input, format!("nothing can be read: {error}")))
}

/// Asks for a yes.
pub(super) fn confirm(question: &str) -> Outcome {
    let answer = type_openly(&format!("{question} (yes or no) "), "--yes")?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(Failure::new(Code::Input, "not without a yes"))
    }
}
