//! Small commands: help, tools, doctor.

use std::path::Path;

use serde_json::Value;

use crate::network::{Network, failure, run, stdout, tangle};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn json(folder: &tempfile::TempDir, arguments: &[&str]) -> Value {
    let text = stdout(folder.path(), &[arguments, &["--json"]].concat());
    serde_json::from_str(&text).expect("it prints JSON")
}

#[test]
fn help_names_every_command() {
    let folder = folder();
    let text = stdout(folder.path(), &["--help"]);
    for command in [
        "dev",
        "node",
        "tool",
        "bench",
        "status",
        "doctor",
        "config",
        "completions",
        "help",
    ] {
        assert!(
            text.contains(&format!("\n  {command} ")),
            "{command}: {text}"
        );
    }
    assert!(!text.contains("docs"), "it is for us only");
    assert_eq!(failure(folder.path(), &["nodee"]).0, 2);
    assert!(failure(folder.path(), &["nodee"]).1.contains("'node'"));
}

/// The text of each command on the page that the program prints about itself.
fn documented() -> std::collections::BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/generated/cli.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let sections = page.split("\n## ").skip(1).map(|section| {
        let (name, text) = section.split_once("\n\n```text\n").expect("a block");
        let (text, _) = text.split_once("\n```").expect("its end");
        (name.to_owned(), text.to_owned())
    });
    sections.collect()
}

#[test]
fn help_of_every_command_is_as_documented() {
    let folder = folder();
    let mut documented = documented();
    let mut commands = vec![Vec::<String>::new()];
    while let Some(path) = commands.pop() {
        let name = [&["tangle".to_owned()][..], &path].concat().join(" ");
        let output = tangle(folder.path(), &[])
            .args(&path)
            .arg("--help")
            .env("COLUMNS", "100")
            .output()
            .expect("it can be run");
        let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let needed = documented.remove(&name);
        assert_eq!(
            needed,
            Some(lines.join("\n").trim_end().to_owned()),
            "{name}"
        );
        let listed = lines
            .iter()
            .skip_while(|line| **line != "Commands:")
            .skip(1);
        for line in listed.take_while(|line| line.starts_with("  ")) {
            // What is further to the right goes on about the command above.
            let word = line[2..].split(' ').next().unwrap_or_default();
            if !word.is_empty() {
                commands.push([&path[..], &[word.to_owned()]].concat());
            }
        }
    }
    assert!(documented.is_empty(), "no such commands: {documented:?}");
}

#[test]
fn error_codes_and_commands_are_explained() {
    let folder = folder();
    let text = stdout(folder.path(), &["help", "e0107"]);
    assert!(text.contains("E0107: a port is already in use"), "{text}");
    assert!(text.contains("Exit code: 3"), "{text}");
    assert!(stdout(folder.path(), &["help", "dev"]).contains("--ephemeral"));
    assert_eq!(failure(folder.path(), &["help", "E9999"]).0, 2);
}

#[test]
fn errors_are_json_when_asked_for() {
    let folder = folder();
    let output = run(
        folder.path(),
        &["status", "--node", "http://127.0.0.1:9", "--json"],
    );
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(error["error"]["code"], "E0130");
    assert!(error["error"]["help"].is_string());
}

#[test]
fn completions_are_printed() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(stdout(folder.path(), &["completions", shell]).contains("tangle"));
    }
}

#[test]
fn keys_are_derived_and_kept_from_others() {
    let folder = folder();
    stdout(
        folder.path(),
        &["tool", "key", "mnemonic", "--out", "words"],
    );
    let derive = ["tool", "key", "derive", "--mnemonic", "words"];
    let first = json(&folder, &[&derive[..], &["--out", "key"]].concat());
    assert_eq!(first["seedFile"], "key");
    let again = json(&folder, &["tool", "key", "show", "key"]);
    assert_eq!(first["bech32"], again["bech32"]);
    let second = json(
        &folder,
        &[&derive[..], &["--path", "m/44'/4218'/0'/0'/1'"]].concat(),
    );
    assert_ne!(first["bech32"], second["bech32"]);
    assert!(
        second.get("seed").is_none(),
        "a secret is not printed unasked"
    );

    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.path().join("key"))
            .expect("it exists")
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(folder.path().join("key"), open).expect("it is ours");
    let (code, text) = failure(folder.path(), &["tool", "key", "show", "key"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("E0105") && text.contains("chmod 600"),
        "{text}"
    );
}

#[test]
fn addresses_are_converted() {
    let folder = folder();
    let bech32 = "iota1qpg2xkj66wwgn8p2ggnp7p582gj8g6p79us5hve2tsudzpsr2ap4skprwjg";
    let hex = "0x50a35a5ad39c899c2a42261f0687522474683e2f214bb32a5c38d10603574358";
    let forms = json(&folder, &["tool", "address", bech32]);
    assert_eq!(forms["hex"], hex);
    assert_eq!(forms["bech32"], bech32);
    let forms = json(&folder, &["tool", "address", hex, "--hrp", "iota"]);
    assert_eq!(forms["bech32"], bech32);
    let forms = json(&folder, &["tool", "address", hex, "--kind", "nft"]);
    assert_eq!(forms["kind"], "nft");
    assert_eq!(
        failure(folder.path(), &["tool", "address", "iota1xyz"]).0,
        2
    );
}

#[test]
fn proof_of_work_is_done_and_checked() {
    let folder = folder();
    // One parent, no payload, nonce 0.
    let block = [&[2, 1][..], &[7; 32], &[0; 4], &[0; 8]].concat();
    std::fs::write(folder.path().join("block"), block).expect("a file");
    let check = ["tool", "pow", "check", "done", "--score", "100"];
    stdout(
        folder.path(),
        &[
            "tool", "pow", "mine", "block", "--score", "100", "--out", "done",
        ],
    );
    assert!(stdout(folder.path(), &check).contains("trailingZeros"));
    let (code, text) = failure(
        folder.path(),
        &["tool", "pow", "check", "block", "--score", "4000000"],
    );
    assert_eq!(code, 1);
    assert!(text.contains("E0150"), "{text}");
    std::fs::write(folder.path().join("junk"), "no block").expect("a file");
    assert_eq!(
        failure(folder.path(), &["tool", "pow", "check", "junk"]).0,
        2
    );
}

#[test]
fn tokens_are_issued() {
    let folder = folder();
    stdout(folder.path(), &["tool", "jwt", "--key", "k", "--new-key"]);
    let token = stdout(folder.path(), &["tool", "jwt", "--key", "k"]);
    assert_eq!(token.trim().split('.').count(), 3);
}

#[test]
fn status_tells_how_a_node_is() {
    let folder = folder();
    let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
    let node = network.url("node");
    let text = stdout(folder.path(), &["status", "--node", node]);
    assert!(
        text.contains("healthy") && text.contains("tangle-dev"),
        "{text}"
    );
    let status = json(&folder, &["status", "--node", node]);
    assert_eq!(status["node"]["status"]["isHealthy"], true);
}

#[test]
fn doctor_looks_at_everything() {
    let folder = folder();
    let findings = json(&folder, &["doctor"]);
    let names: Vec<&str> = findings
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|finding| finding["name"].as_str())
        .collect();
    for name in [
        "clock",
        "memory",
        "open files",
        "disk space",
        "disk speed",
        "genesis",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    std::fs::write(folder.path().join("tangle.toml"), "x = 1").expect("a file");
    let output = run(folder.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains('✘') && text.contains("configuration"),
        "{text}"
    );
}

/// A scenario that ends at once.
fn scenario(folder: &tempfile::TempDir) -> String {
    let file = folder.path().join("scenario.toml");
    let text = "engine = 'walk'\nseed = 3\ntransactions = 3000\n[arrivals]\nper_second = 10.0\n\
                [strategy]\nname = 'walk'\nalpha = 0.01\n";
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

#[test]
fn a_tangle_grows_as_a_scenario_says() {
    let folder = folder();
    let file = scenario(&folder);
    let report = json(&folder, &["sim", "run", &file]);
    assert_eq!(report["scenario"]["walks"]["particles"], 64);
    assert_eq!(report["scenario"]["seed"], 3);
    assert!(report["tips"]["mean"].as_f64() > Some(10.0), "{report}");
    let logged = stdout(folder.path(), &["sim", "run", &file, "--log", "log.csv"]);
    let digest = report["digest"].as_str().expect("a digest");
    assert!(logged.contains(digest), "{logged}");
    let log = std::fs::read_to_string(folder.path().join("log.csv")).expect("the log");
    assert_eq!(log.lines().count(), 3_001);
    let refused = failure(
        folder.path(),
        &["sim", "run", &file, "--seeds", "1..4", "--log", "x"],
    );
    assert!(refused.1.contains("a single seed"), "{}", refused.1);
}

#[test]
fn arrivals_come_from_a_file_beside_the_scenario() {
    let folder = folder();
    let file = scenario(&folder);
    let log = folder.path().join("log.csv");
    stdout(folder.path(), &["sim", "run", &file, "--log", "log.csv"]);
    let text = std::fs::read_to_string(&file).expect("the scenario");
    let text = text
        .replace("transactions = 3000\n", "")
        .replace("per_second = 10.0", "law = 'trace'\nfile = 'log.csv'");
    std::fs::write(&file, &text).expect("a file");
    let report = json(&folder, &["sim", "run", &file]);
    assert_eq!(report["scenario"]["transactions"], 3_000);
    let with_walks = format!("{text}[walks]\ndepth_seconds = 20.0\n");
    std::fs::write(&file, with_walks).expect("a file");
    stdout(folder.path(), &["sim", "run", &file, "--log", "again.csv"]);
    let times = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(folder.path().join(name)).expect("a log");
        let cell = |line: &str| line.split(',').nth(1).map(str::to_owned);
        text.lines().filter_map(cell).collect()
    };
    assert_eq!(times("log.csv"), times("again.csv"));
    std::fs::write(&log, "issued_ns,weight\n1,2\n").expect("a file");
    let (_, text) = failure(folder.path(), &["sim", "run", &file]);
    assert!(
        text.contains("heading") && text.contains("log.csv"),
        "{text}"
    );
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let folder = folder();
    let file = scenario(&folder);
    let run = |jobs: &str, csv: &str| {
        let arguments = [
            "sim", "run", &file, "--seeds", "0..6", "--jobs", jobs, "--csv", csv,
        ];
        let text = stdout(folder.path(), &arguments);
        (
            text,
            std::fs::read(folder.path().join(csv)).expect("the table"),
        )
    };
    assert_eq!(run("1", "one.csv"), run("5", "five.csv"));
}

#[test]
fn a_scenario_with_an_unknown_key_is_refused() {
    let folder = folder();
    let file = folder.path().join("wrong.toml");
    let text = "engine = 'flow'\ntransactions = 10\nburst = 2\n[arrivals]\nper_second = 1.0\n";
    std::fs::write(&file, text).expect("a file");
    let (code, text) = failure(folder.path(), &["sim", "run", "wrong.toml"]);
    assert_ne!(code, 0);
    assert!(
        text.contains("burst") && text.contains("wrong.toml"),
        "{text}"
    );
}

#[test]
fn what_is_known_is_verified() {
    let folder = folder();
    let text = stdout(folder.path(), &["sim", "verify", "--rows", "t25,T30"]);
    assert!(
        text.contains("expected") && text.contains(" 0 failed"),
        "{text}"
    );
    assert!(
        text.contains("\nT25 ") && !text.contains("\nT26 "),
        "{text}"
    );
    let (_, text) = failure(folder.path(), &["sim", "verify", "--rows", "T99"]);
    assert!(text.contains("there is no row T99"), "{text}");
}

#[test]
fn an_interrupted_sweep_ends_as_one_that_was_not() {
    let folder = folder();
    let text = "seed_count = 2\n[scenario]\nengine = 'flow'\ntransactions = 2000\n\
                [scenario.arrivals]\nper_second = 1.0\n[vary]\n\
                'arrivals.per_second' = [5.0, 10.0]\n";
    std::fs::write(folder.path().join("sweep.toml"), text).expect("a file");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a table");
    let sweep = |csv: &str| stdout(folder.path(), &["sim", "sweep", "sweep.toml", "--csv", csv]);
    sweep("whole.csv");
    let whole = read("whole.csv");
    assert_eq!(whole.lines().count(), 6);
    let rows: Vec<&str> = whole.lines().collect();
    // Stopped in the middle of the second row.
    let cut = format!("{}\n{}\n{}\n{}", rows[0], rows[1], rows[4], &rows[2][..5]);
    std::fs::write(folder.path().join("cut.csv"), cut).expect("a file");
    sweep("cut.csv");
    assert_eq!(read("cut.csv"), whole);
    let other = text.replace("2000", "2001");
    std::fs::write(folder.path().join("sweep.toml"), other).expect("a file");
    let arguments = ["sim", "sweep", "sweep.toml", "--csv", "cut.csv"];
    let (_, text) = failure(folder.path(), &arguments);
    assert!(text.contains("another sweep"), "{text}");
    let columns = [
        "--x",
        "arrivals.per_second",
        "--y",
        "tips_ratio",
        "-o",
        "plot.svg",
    ];
    let arguments = [&["sim", "plot", "whole.csv"][..], &columns].concat();
    stdout(folder.path(), &arguments);
    assert_eq!(read("plot.svg").matches("<circle").count(), 2);
}

#[test]
fn a_log_that_is_replayed_says_what_the_run_said() {
    let folder = folder();
    let file = scenario(&folder);
    let report = json(&folder, &["sim", "run", &file]);
    stdout(folder.path(), &["sim", "run", &file, "--log", "log.csv"]);
    let arguments = ["sim", "replay", "log.csv", "--dot", "log.dot"];
    let replayed = json(&folder, &arguments);
    assert_eq!(replayed["digest"], report["digest"]);
    assert_eq!(replayed["transactions"], 3_000);
    let dot = std::fs::read_to_string(folder.path().join("log.dot")).expect("the graph");
    assert!(dot.contains("  1 -> 0;"), "{dot}");
    std::fs::write(folder.path().join("bad.csv"), "1,5,4,0\n").expect("a file");
    let (_, text) = failure(folder.path(), &["sim", "replay", "bad.csv"]);
    assert!(text.contains("transaction 1"), "{text}");
}

#[test]
fn attacks_are_counted_and_milestones_prevent_them() {
    let folder = folder();
    let base = ["sim", "attack", "double-spend", "--seeds", "0..6"];
    let with = |more: &[&'static str]| [&base[..], more].concat();
    let found = json(&folder, &with(&["--alpha", "0.1", "--share", "0.6"]));
    assert!(found["successes"].as_u64() > Some(3), "{found}");
    assert!(found["low"].as_f64() < found["share"].as_f64(), "{found}");
    let found = json(&folder, &with(&["--share", "0.6", "--coordinator"]));
    assert_eq!(found["successes"], 0);
    let text = stdout(folder.path(), &with(&["--critical", "--alpha", "0.1"]));
    assert!(text.contains("half succeed at 0."), "{text}");
}
