//! The one place that writes to the terminal.
//!
//! What a command is asked for goes to standard output; everything else (progress, warnings,
//! errors, logs) goes to standard error, so that output can be piped. A closed pipe is no error.

use std::io::{IsTerminal, Write, stderr, stdout};

use serde::Serialize;

/// Whether and how to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    is_quiet: bool,
    is_json: bool,
    has_colour: bool,
    is_interactive: bool,
    has_live_errors: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    Bold,
    Dim,
    Red,
    Green,
}

impl Terminal {
    /// As the command line and the environment (`NO_COLOR`, `CLICOLOR_FORCE`) say.
    pub(crate) fn new(is_quiet: bool, is_json: bool) -> Self {
        let is_interactive = stdout().is_terminal();
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let has_colour = is_set("CLICOLOR_FORCE") || (is_interactive && !is_set("NO_COLOR"));
        Self {
            is_quiet,
            is_json,
            has_colour,
            is_interactive,
            has_live_errors: stderr().is_terminal(),
        }
    }

    /// Whether the answer is wanted as JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether a person looks at a line that changes.
    pub(crate) const fn is_live(&self) -> bool {
        self.is_interactive && !self.is_quiet && !self.is_json
    }

    /// Whether a person looks at standard error.
    pub(crate) const fn has_live_errors(&self) -> bool {
        self.has_live_errors
    }

    /// Whether only what was asked for is wanted.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// `text` in a colour, where there are colours.
    pub(crate) fn paint(&self, look: Look, text: &str) -> String {
        if !self.has_colour {
            return text.to_owned();
        }
        let code = match look {
            Look::Bold => 1,
            Look::Dim => 2,
            Look::Red => 31,
            Look::Green => 32,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Writes a line of the answer.
    pub(crate) fn line(&self, text: &str) {
        let mut out = stdout().lock();
        // Whoever closed the pipe wants no more.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Writes a line unless `--quiet`.
    pub(crate) fn say(&self, text: &str) {
        if !self.is_quiet {
            self.line(text);
        }
    }

    /// Writes `value` as one line of JSON.
    pub(crate) fn json(&self, value: &impl Serialize) {
        let text = serde_json::to_string(value).expect("plain values with text keys become JSON");
        self.line(&text);
    }

    /// Replaces the line that changes; `None` takes it away.
    pub(crate) fn live(&self, text: Option<&str>) {
        if !self.is_live() {
            return;
        }
        let mut out = stdout().lock();
        // No more than a line: a longer one would scroll.
        let width = columns().saturating_sub(1);
        let shown: String = text.unwrap_or_default().chars().take(width).collect();
        let _ = write!(out, "\r\x1b[2K{shown}").and_then(|()| out.flush());
    }

    /// Replaces the whole screen by `lines`, as many as fit. The text goes out in one piece, so
    /// that nothing flickers.
    pub(crate) fn screen(&self, lines: &[String]) {
        let mut text = "\x1b[H".to_owned();
        for line in lines.iter().take(rows().saturating_sub(1)) {
            text.push_str(line);
            text.push_str("\x1b[K\r\n");
        }
        text.push_str("\x1b[J");
        let mut out = stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Goes to a screen of its own, or back from it.
    pub(crate) fn own_screen(&self, is_on: bool) {
        let text = if is_on {
            "\x1b[?1049h\x1b[?25l\x1b[2J"
        } else {
            "\x1b[?25h\x1b[?1049l"
        };
        let mut out = stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes a warning, beside the answer.
    pub(crate) fn warn(&self, text: &str) {
        let _ = writeln!(stderr().lock(), "warning: {text}");
    }

    /// Writes the text of an error.
    pub(crate) fn complain(&self, text: &str) {
        let _ = writeln!(stderr().lock(), "{text}");
    }
}

/// Columns of the terminal, as the shell says.
fn columns() -> usize {
    size_by("COLUMNS", 120)
}

/// Rows of the terminal, as the shell says.
fn rows() -> usize {
    size_by("LINES", 48)
}

fn size_by(variable: &str, default: usize) -> usize {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}
