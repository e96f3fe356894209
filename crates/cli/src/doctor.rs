//! `tangle doctor`: looks for what would trouble a node on this machine, and says what to do.

mod machine;
mod setup;

use serde::Serialize;

use crate::args::DoctorArguments;
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::{Look, Terminal};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Verdict {
    /// All is well.
    Good,
    /// It works, but not as well as it could.
    Poor,
    /// A node would not work.
    Bad,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    verdict: Verdict,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Finding {
    fn good(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Good,
            text: text.into(),
            fix: None,
        }
    }

    fn poor(name: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Poor,
            text: text.into(),
            fix: Some(fix.into()),
        }
    }

    fn bad(name: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::poor(name, text, fix)
        }
    }
}

/// Checks everything; fails when a node would not work.
pub(crate) fn run(arguments: &DoctorArguments, terminal: &Terminal) -> Outcome {
    let mut findings = vec![
        machine::clock(),
        machine::processors(),
        machine::memory(),
        machine::open_files(),
    ];
    findings.extend(setup::check(arguments.source.config.as_deref()));
    if terminal.is_json() {
        terminal.json(&findings);
    } else {
        findings.iter().for_each(|finding| show(finding, terminal));
    }
    let bad_count = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .count();
    match bad_count {
        0 => Ok(()),
        1 => Err(Failure::new(
            Code::Check,
            "a node would not work here: see ✘",
        )),
        count => Err(Failure::new(
            Code::Check,
            format!("a node would not work here, for {count} reasons: see ✘"),
        )),
    }
}

fn show(finding: &Finding, terminal: &Terminal) {
    let mark = match finding.verdict {
        Verdict::Good => terminal.paint(Look::Green, "✔"),
        Verdict::Poor => terminal.paint(Look::Bold, "!"),
        Verdict::Bad => terminal.paint(Look::Red, "✘"),
    };
    terminal.line(&format!("{mark} {:<14} {}", finding.name, finding.text));
    if let Some(fix) = &finding.fix {
        terminal.line(&format!("  {:<14} fix: {fix}", ""));
    }
}
