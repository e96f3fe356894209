//! Reference pages that the program prints about itself.

use std::fmt::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::args::Arguments;
use crate::config::{Key, keys_of};
use crate::dev::DevConfig;
use crate::failure::{Code, Failure, Outcome, REGISTER};
use crate::node::NodeFile;

const GENERATED: &str = "<!-- Printed by `tangle docs`; do not edit. -->\n";

/// Writes all pages into `out`.
pub(crate) fn run(out: &Path) -> Outcome {
    let disk =
        |error: std::io::Error| Failure::new(Code::Disk, error).with("folder", out.display());
    std::fs::create_dir_all(out).map_err(disk)?;
    let pages = [
        ("configuration.md", configuration()),
        ("error-codes.md", error_codes()),
        ("metrics.md", metrics()),
        ("cli.md", command_line()),
        ("openapi.json", tangle_api::openapi_json()),
    ];
    for (name, text) in pages {
        std::fs::write(out.join(name), text).map_err(disk)?;
    }
    Ok(())
}

fn configuration() -> String {
    let mut page = format!("{GENERATED}\n# Configuration\n\n");
    page.push_str(
        "Unknown keys are errors. Secrets are given as files, `{ file = \"path\" }`, that only \
         their owner may read.\n",
    );
    page.push_str(
        "\n## Node\n\nFrom strong to weak: flags, environment variables \
         (`TANGLE_NODE__REST__BIND` for `rest.bind`), the file given with `--config` or else \
         `./tangle.toml`, `$XDG_CONFIG_HOME/tangle/tangle.toml`, the defaults. `tangle config show \
         --origin` says where each value comes from.\n\n",
    );
    table(&keys_of::<NodeFile>(), &mut page);
    page.push_str("\n## Dev network\n\nIn the file given with `tangle dev --config`.\n\n");
    table(&keys_of::<DevConfig>(), &mut page);
    page
}

fn table(keys: &[Key], page: &mut String) {
    page.push_str("| key | takes | default | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", key.default)
        };
        let row = [&key.path, key.kind, &default, key.about].map(|cell| cell.replace('|', "\\|"));
        let [path, kind, default, about] = row;
        writeln!(page, "| `{path}` | {kind} | {default} | {about} |")
            .expect("a text takes any length");
    }
}

fn error_codes() -> String {
    let mut page = format!(
        "{GENERATED}\n# Error codes\n\n`tangle help E0107` prints the same text. With `--json` an \
         error is one line: `{{\"error\":{{\"code\",\"message\",\"values\",\"help\"}}}}`.\n"
    );
    for explanation in &REGISTER {
        write!(
            page,
            "\n## {}: {}\n\n{}\n\nExit code {}.\n",
            explanation.code, explanation.title, explanation.text, explanation.exit_code
        )
        .expect("a text takes any length");
    }
    page
}

fn metrics() -> String {
    let mut page = format!(
        "{GENERATED}\n# Metrics\n\nIn the text format of Prometheus, at `/metrics` of \
         `metrics.bind` when `metrics.enabled` is set. [deploy/grafana](../../deploy/grafana) has \
         a dashboard.\n\n| metric | kind | label | meaning |\n|---|---|---|---|\n"
    );
    for family in tangle_api::metrics::FAMILIES {
        let label = family.label.map(|label| format!("`{label}`"));
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            family.name,
            family.kind.name(),
            label.unwrap_or_default(),
            family.about
        )
        .expect("a text takes any length");
    }
    page
}

fn command_line() -> String {
    let mut page = format!("{GENERATED}\n# Command line\n");
    let mut root = Arguments::command().term_width(100);
    root.build();
    describe(&root, &root, &mut Vec::new(), &mut page);
    page
}

/// Appends what `--help` prints for a command and those below it.
fn describe(
    root: &clap::Command,
    command: &clap::Command,
    path: &mut Vec<String>,
    page: &mut String,
) {
    path.push(command.get_name().to_owned());
    let asked = path.iter().map(String::as_str).chain(["--help"]);
    let help = root.clone().try_get_matches_from(asked);
    let help = help.map_or_else(|help| help.to_string(), |_| String::new());
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(
        page,
        "\n## {}\n\n```text\n{}\n```\n",
        path.join(" "),
        lines.join("\n").trim_end()
    )
    .expect("a text takes any length");
    let visible = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set());
    for inner in visible {
        describe(root, inner, path, page);
    }
    path.pop();
}
