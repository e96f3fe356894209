//! Configuration: mistakes are named, origins are known.

use std::path::Path;

use crate::network::{failure, run, stdout, tangle};

fn folder_with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), text).expect("a file");
    folder
}

fn dev_failure(text: &str) -> (i32, String) {
    let folder = folder_with("c.toml", text);
    failure(folder.path(), &["dev", "--port", "0", "--config", "c.toml"])
}

#[test]
fn mistakes_in_a_dev_configuration_are_named() {
    for (text, code, words) in [
        (
            "[network]\nnmae = \"x\"",
            "E0102",
            "did you mean `network.name`?",
        ),
        ("[netwrok]\nname = \"x\"", "E0102", "network"),
        (
            "[milestones]\ninterval_ms = 10",
            "E0103",
            "milestones.interval_ms",
        ),
        (
            "[milestones]\nkey_threshold = 3",
            "E0103",
            "there are 2 keys",
        ),
        (
            "[network]\npow_score_min = \"x\"",
            "E0103",
            "network.pow_score_min",
        ),
        ("[network]\nhrp = \"UP\"", "E0104", "UP"),
        (
            "allocations = [{ owner = \"carol\", amount = 1 }]",
            "E0103",
            "carol",
        ),
        (
            "allocations = [{ owner = \"bob\", amont = 1 }]",
            "E0103",
            "amont",
        ),
        ("[faucet.pays]\namount = 1", "E0103", "at least"),
        (
            "[accounts]\nmnemonic = { file = \"absent\" }",
            "E0105",
            "absent",
        ),
        ("= 1", "E0101", "TOML"),
    ] {
        let (exit, said) = dev_failure(text);
        assert_eq!(exit, 2, "{text}: {said}");
        assert!(
            said.contains(code) && said.contains(words),
            "{text}: {said}"
        );
    }
    let (exit, said) = failure(Path::new("/"), &["dev", "--config", "absent.toml"]);
    assert_eq!(exit, 2);
    assert!(
        said.contains("E0101") && said.contains("absent.toml"),
        "{said}"
    );
}

#[test]
fn stronger_source_wins_and_is_named() {
    let folder = folder_with(
        "tangle.toml",
        "[rest]\nconnections_max = 7\n[pow]\nenabled = false",
    );
    let output = tangle(folder.path(), &["config", "show", "--origin"])
        .env("TANGLE_NODE__REST__CONNECTIONS_MAX", "9")
        .output()
        .expect("it can be run");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.unwrap_or_else(|| panic!("no {key} in {text}"))
            .to_owned()
    };
    assert!(line("rest.connections_max").contains("= 9"));
    assert!(line("rest.connections_max").contains("$TANGLE_NODE__REST__CONNECTIONS_MAX"));
    assert!(line("pow.enabled").contains("= false"));
    assert!(line("pow.enabled").contains("tangle.toml"));
    assert!(line("rest.bind").contains("built-in"));
}

#[test]
fn unknown_variable_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = tangle(folder.path(), &["config", "show"])
        .env("TANGLE_NODE__REST__BNID", "127.0.0.1:1")
        .output()
        .expect("it can be run");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("rest.bind"), "{text}");
}

#[test]
fn written_configuration_is_all_defaults_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = stdout(folder.path(), &["config", "show"]);
    stdout(folder.path(), &["config", "init"]);
    assert_eq!(stdout(folder.path(), &["config", "show"]), before);
    assert_eq!(
        run(folder.path(), &["config", "init"]).status.code(),
        Some(5)
    );

    // With every default spelt out it is still the same.
    let file = folder.path().join("tangle.toml");
    let text = std::fs::read_to_string(&file).expect("it was written");
    let spelt: String = text
        .lines()
        .filter(|line| !line.ends_with('='))
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") && !rest.contains('(') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&file, spelt).expect("it can be written");
    assert_eq!(stdout(folder.path(), &["config", "show"]), before);
}

#[test]
fn tip_selection_that_makes_no_sense_is_refused() {
    for (lines, told) in [
        ("strategy = 'walk'\nalpha = -1.0", "tips.alpha = -1"),
        (
            "strategy = 'heaviest'\nwindow_blocks = 9",
            "tips.window_blocks = 9",
        ),
        (
            "strategy = 'e-iota'\nshare_low = 0.95",
            "tips.share_low = 0.95",
        ),
        ("strategy = 'best'", "best"),
    ] {
        let folder = folder_with("tangle.toml", &format!("[tips]\n{lines}"));
        let output = run(folder.path(), &["config", "check"]);
        assert_eq!(output.status.code(), Some(2), "{lines}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(told), "{lines}: {text}");
    }
}
