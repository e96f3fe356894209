//! `tangle help`: error codes and commands.

use clap::CommandFactory;
use serde_json::json;

use crate::args::Arguments;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::{Look, Terminal};

/// Columns of a text for a person.
const WIDTH: usize = 80;

/// Explains an error code or a command.
pub(crate) fn run(topic: &[String], terminal: &Terminal) -> Outcome {
    if let [code] = topic
        && let Some(code) = Code::find(code)
    {
        explain(code, terminal);
        return Ok(());
    }
    let mut command = Arguments::command();
    command.build();
    for name in topic {
        let Some(inner) = command.find_subcommand(name) else {
            return Err(Failure::new(
                Code::Input,
                format!("`{name}` is neither an error code nor a command"),
            )
            .help("tangle help"));
        };
        command = inner.clone();
    }
    terminal.line(command.render_long_help().to_string().trim_end());
    Ok(())
}

fn explain(code: Code, terminal: &Terminal) {
    let explanation = code.explanation();
    if terminal.is_json() {
        terminal.json(&json!({
            "code": explanation.code,
            "title": explanation.title,
            "text": explanation.text,
            "exitCode": explanation.exit_code,
        }));
        return;
    }
    let title = format!("{}: {}", explanation.code, explanation.title);
    terminal.line(&terminal.paint(Look::Bold, &title));
    terminal.line("");
    terminal.line(&wrap(explanation.text, WIDTH));
    terminal.line("");
    terminal.line(&format!("Exit code: {}", explanation.exit_code));
}

/// Breaks a text into lines.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
    }
}
