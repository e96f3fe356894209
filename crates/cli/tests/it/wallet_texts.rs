//! What a person at a terminal reads of `tangle wallet`: for each command its help, a success and a
//! typical failure, kept in `tests/snapshots/wallet`.
//!
//! `TANGLE_SNAPSHOTS=write cargo test -p tangle-cli --test it -- wallet_texts` writes them anew; read
//! the difference as a user would. What differs from run to run is replaced: `<id 1>`, `<address 1>`,
//! `<time>`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::network::{Network, tangle};
use crate::terminal::Session;

/// Columns of the terminal.
const COLUMNS: &str = "100";
/// A long enough password.
const PASSWORD: &str = "correct horse battery";
const SECOND_PASSWORD: &str = "staple of the battery";

/// What is typed when the program asks.
#[derive(Clone, Copy)]
enum Typed {
    /// Shown as it is typed.
    Open(&'static str, &'static str),
    /// Not shown.
    Secret(&'static str, &'static str),
}

/// A dev network, and a person in a folder, at a terminal.
struct Person {
    folder: tempfile::TempDir,
    network: Network,
    /// The text of each command, by its name.
    pages: BTreeMap<String, String>,
}

impl Person {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let network = Network::start(folder.path(), &["dev", "--ephemeral", "--port", "0"]);
        Self {
            folder,
            network,
            pages: BTreeMap::new(),
        }
    }

    /// Runs `tangle wallet …` and answers; the screen and the exit code.
    fn run(&self, line: &str, typed: &[Typed], has_colour: bool) -> (String, i32) {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let mut command = tangle(self.folder.path(), &["wallet"]);
        command.args(words).env("COLUMNS", COLUMNS);
        if has_colour {
            command.env_remove("NO_COLOR");
        } else {
            command.env("NO_COLOR", "1");
        }
        let mut session = Session::start(command);
        for typed in typed {
            match typed {
                Typed::Open(prompt, line) => session.answer(prompt, line, false),
                Typed::Secret(prompt, line) => session.answer(prompt, line, true),
            }
        }
        session.finish()
    }

    /// Adds a run to the page of `command`.
    fn add(&mut self, command: &str, line: &str, (screen, code): (String, i32)) {
        let shown = normalised(&screen, self.folder.path());
        let line = normalised(line, self.folder.path());
        let page = self.pages.entry(command.to_owned()).or_default();
        if !page.is_empty() {
            page.push('\n');
        }
        let end = if code == 0 {
            String::new()
        } else {
            format!("[exit code {code}]\n")
        };
        let shown = if shown.is_empty() {
            shown
        } else {
            format!("{shown}\n")
        };
        write!(page, "$ tangle wallet {line}\n{shown}{end}").expect("texts take everything");
    }

    /// The help of a command, if it is not there yet.
    fn help(&mut self, command: &str) {
        if !self.pages.contains_key(command) {
            let line = format!("{command} --help");
            let run = self.run(&line, &[], false);
            assert_eq!(run.1, 0, "{line}: {}", run.0);
            self.add(command, &line, run);
        }
    }

    /// A run that succeeds, onto the page of its command.
    fn does(&mut self, line: &str, typed: &[Typed]) -> String {
        let command = line.split(' ').next().expect("a command").to_owned();
        self.help(&command);
        let run = self.run(line, typed, false);
        assert_eq!(run.1, 0, "{line}: {}", run.0);
        let screen = run.0.clone();
        self.add(&command, line, run);
        screen
    }

    /// A run that fails, onto the page of its command.
    fn fails(&mut self, line: &str, typed: &[Typed]) {
        let command = line.split(' ').next().expect("a command").to_owned();
        self.help(&command);
        let run = self.run(line, typed, false);
        assert_ne!(run.1, 0, "{line}: {}", run.0);
        self.add(&command, line, run);
    }

    /// A run with colours, onto a page of its own.
    fn in_colour(&mut self, line: &str) {
        let (screen, code) = self.run(line, &[], true);
        let visible = screen.replace('\u{1b}', "␛");
        self.add("colours", line, (visible, code));
    }

    /// Something that only has to be there.
    fn quietly(&self, line: &str) -> serde_json::Value {
        let (screen, code) = self.run(&format!("{line} --json"), &[], false);
        assert_eq!(code, 0, "{line}: {screen}");
        let last = screen.lines().last().expect("a line");
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{last}: {error}"))
    }

    fn secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("ours");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("ours");
    }
}

#[test]
fn every_command_says_what_it_does_and_why_it_does_not() {
    let mut person = Person::new();
    let node = person.network.url("node").to_owned();
    words_and_passwords(&mut person, &node);
    accounts_and_addresses(&mut person, &node);
    coins(&mut person);
    tokens(&mut person);
    chains(&mut person);
    offline(&mut person);
    elsewhere(&mut person, &node);
    votes(&mut person);
    what_there_is(&mut person);
    damaged(&mut person);
    every_command_has_a_page(&person);
    compare(&person.pages);
}

/// A wallet of one's own in `mine`, and the test accounts where wallets are by default.
fn words_and_passwords(person: &mut Person, node: &str) {
    use Typed::{Open, Secret};
    let new = [
        Secret("new password: ", PASSWORD),
        Secret("the same again: ", PASSWORD),
    ];
    let password = [Secret("password: ", PASSWORD)];
    let wrong = [Secret("password: ", "a wrong one")];
    person.fails("balance", &[]);
    person.does(&format!("init --node {node}"), &new);
    person.fails("init", &[]);
    let differ = [
        Secret("new password: ", PASSWORD),
        Secret("the same again: ", SECOND_PASSWORD),
    ];
    person.fails("init --dir other", &differ);
    let short = [
        Secret("new password: ", "short"),
        Secret("the same again: ", "short"),
    ];
    person.fails("init --dir other", &short);

    let yes = [Open("(yes or no) ", "yes"), Secret("password: ", PASSWORD)];
    let words = person.run("mnemonic", &yes, false);
    let count = words.0.lines().last().map(|line| line.split(' ').count());
    assert_eq!((words.1, count), (0, Some(24)), "they are not for a page");
    person.help("mnemonic");
    person.fails("mnemonic", &[Open("(yes or no) ", "no")]);
    person.fails("mnemonic --yes", &wrong);
    person.does("backup copy", &[]);
    person.fails("backup copy", &[]);
    let both = [
        Secret("password: ", PASSWORD),
        Secret("new password: ", SECOND_PASSWORD),
        Secret("the same again: ", SECOND_PASSWORD),
    ];
    person.does("change-password", &both);
    person.fails("change-password", &wrong);

    person.does(
        &format!("restore --backup copy --dir again --node {node}"),
        &password,
    );
    person.fails("restore --backup copy --dir third", &wrong);
    person.secret("words", "abandon ability able");
    person.fails("restore --mnemonic-file words --dir third", &[]);
    std::fs::remove_dir_all(person.folder.path().join(".local")).expect("ours");
    person.does(&format!("init --dev --node {node}"), &[]);
    person.does("mnemonic --yes", &[]);
}

fn accounts_and_addresses(person: &mut Person, node: &str) {
    person.does("accounts", &[]);
    person.fails("accounts --node http://127.0.0.1:9", &[]);
    person.does("new-account savings", &[]);
    person.fails("new-account savings", &[]);
    person.does("address", &[]);
    person.fails("address -a nobody", &[]);
    let savings = person.does("new-address -a savings", &[]);
    person.fails("new-address -a nobody", &[]);
    person.does("addresses -a savings", &[]);
    person.fails("addresses -a nobody", &[]);
    person.does("contacts", &[]);
    person.does(&format!("contacts add nest {savings}"), &[]);
    person.does("contacts list", &[]);
    person.fails("contacts add other tst1qqqq", &[]);
    person.fails(&format!("contacts add nest {savings}"), &[]);
    person.does("contacts remove nest", &[]);
    person.fails("contacts remove nest", &[]);
    person.does(&format!("set-node {node}"), &[]);
    person.fails("set-node nowhere", &[]);
    person.does("node-info", &[]);
    person.fails("node-info --node http://127.0.0.1:9", &[]);
    person.does("sync", &[]);
    person.fails("sync --node http://127.0.0.1:9", &[]);
    person.does("watch --seconds 1", &[]);
    person.fails("watch -a nobody", &[]);
}

fn coins(person: &mut Person) {
    person.does("history -a savings", &[]);
    person.does("outputs -a savings", &[]);
    person.does("faucet -a savings", &[]);
    person.fails("faucet --url http://127.0.0.1:9", &[]);
    person.does("send bob 25TST --from alice --tag rent", &[]);
    person.does("send savings 10TST --dry-run", &[]);
    person.fails("send bob 25", &[]);
    person.fails("send bob 2000000TST", &[]);
    person.fails("send bob 1u", &[]);
    person.fails("send nobody 1TST", &[]);
    person.in_colour("send savings 10TST");
    person.in_colour("send savings 25");
    person.does("consolidate -a savings", &[]);
    person.fails("consolidate -a savings", &[]);
    person.does("claimable-outputs -a savings", &[]);
    person.quietly("send savings 1u --lend-deposit");
    person.does("claimable-outputs -a savings", &[]);
    person.fails("claimable-outputs -a nobody", &[]);
    person.does("claim -a savings", &[]);
    person.fails("claim -a savings", &[]);
    person.quietly("send bob 2TST --from savings --locked-for 86400");
}

fn tokens(person: &mut Person) {
    person.does("create-native-token 100 1000 --metadata gold", &[]);
    person.fails("create-native-token 100 10", &[]);
    let balance = person.quietly("balance");
    let token = balance["foundries"][0].as_str().expect("an id").to_owned();
    person.does(&format!("mint-native-token {token} 50"), &[]);
    person.fails(&format!("mint-native-token {token} 5000"), &[]);
    person.does(&format!("melt-native-token {token} 20"), &[]);
    person.fails(&format!("melt-native-token {token} 5000"), &[]);
    person.does(&format!("send-native-token bob {token} 30"), &[]);
    person.fails(&format!("send-native-token bob {token} 5000"), &[]);
    person.quietly("claim -a bob");
    person.does(&format!("burn-native-token {token} 30 -a bob"), &[]);
    person.fails(&format!("burn-native-token {token} 1 -a bob"), &[]);
    // Those that were burnt are gone, and the foundry knows nothing of it.
    person.fails(&format!("destroy-foundry {token}"), &[]);
    let second = person.quietly("create-native-token 5 5");
    let second = second["tokenId"].as_str().expect("an id");
    person.does(&format!("destroy-foundry {second}"), &[]);
}

fn chains(person: &mut Person) {
    let nothing = format!("0x{}", "11".repeat(32));
    person.does("mint-nft --fixed-metadata art --tag one --issuer", &[]);
    person.fails("mint-nft -a savings --to nobody", &[]);
    let balance = person.quietly("balance");
    let nft = balance["nfts"][0].as_str().expect("an id").to_owned();
    person.does(&format!("send-nft bob {nft}"), &[]);
    person.fails(&format!("send-nft bob {nft}"), &[]);
    person.fails(&format!("send-nft bob {nothing}"), &[]);
    person.does(&format!("burn-nft {nft} -a bob"), &[]);
    person.fails(&format!("burn-nft {nft} -a bob"), &[]);
    let made = person.does("create-alias-output --state-metadata first -a bob", &[]);
    assert!(made.contains("alias "), "{made}");
    person.fails("create-alias-output -a nobody", &[]);
    let balance = person.quietly("balance -a bob");
    let alias = balance["aliases"][0].as_str().expect("an id").to_owned();
    person.does(&format!("send-alias savings {alias} -a bob"), &[]);
    person.fails(&format!("send-alias savings {alias} -a bob"), &[]);
    person.does(&format!("destroy-alias {alias} -a savings"), &[]);
    person.fails(&format!("destroy-alias {nothing}"), &[]);
    let first = person.quietly("balance");
    let first = first["aliases"][0].as_str().expect("an id").to_owned();
    person.fails(&format!("destroy-alias {first}"), &[]);
}

fn offline(person: &mut Person) {
    person.does("send bob 3TST --prepare prepared.json", &[]);
    person.does("sign prepared.json signed.json", &[]);
    person.fails("sign prepared.json signed.json", &[]);
    person.fails("sign words other.json", &[]);
    person.fails("sign prepared.json other.json -a bob", &[]);
    person.does("submit signed.json", &[]);
    person.fails("submit prepared.json", &[]);
}

/// Keys that are with another program: the test accounts', served by the program itself.
fn elsewhere(person: &mut Person, node: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = person.folder.path().to_owned();
    let script = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("ours");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("ours");
    };
    let program = env!("CARGO_BIN_EXE_tangle");
    script("vault", &format!("exec '{program}' wallet signer"));
    script(
        "unwilling",
        r#"echo '{"version":1,"answer":"refused","reason":"ask me tomorrow"}'"#,
    );
    let elsewhere = format!("--dir elsewhere --node {node}");
    person.does(&format!("init --signer ./vault {elsewhere}"), &[]);
    person.fails("init --signer ./unwilling --dir third", &[]);
    person.fails("init --signer ./nobody --dir third", &[]);
    let savings = person.quietly("address -a savings")["address"].clone();
    let savings = savings.as_str().expect("an address");
    person.does(&format!("send {savings} 1TST {elsewhere}"), &[]);
    person.fails("mnemonic --dir elsewhere", &[]);
    person.does("signer", &[Typed::Open("", "\u{4}")]);
    person.fails("signer --dir third", &[]);
}

fn votes(person: &mut Person) {
    use Typed::Open;
    let nothing = format!("0x{}", "11".repeat(32));
    // The node itself may have no such interface, or no event.
    let node = person.network.url("node").to_owned();
    let voting = crate::votes::Voting::start(&node);
    let event = voting.event;
    person.quietly(&format!("set-node {}", voting.url));
    person.fails(&format!("vote {event} 1 1"), &[]);
    person.fails("voting-output", &[]);
    person.does("increase-voting-power 25TST", &[]);
    person.fails("increase-voting-power 25", &[]);
    person.does("voting-power", &[]);
    person.fails("voting-power -a nobody", &[]);
    let prompt = "number of the answer, 0 for none: ";
    let answers = [Open(prompt, "1"), Open(prompt, "2")];
    person.does(&format!("vote {event}"), &answers);
    person.fails(&format!("vote {event}"), &[Open(prompt, "7")]);
    person.fails(&format!("vote {event} 7 1"), &[]);
    person.fails(&format!("vote {event} 1"), &[]);
    person.fails(&format!("vote {nothing} 1"), &[]);
    person.does("participation-overview", &[]);
    person.fails(&format!("participation-overview {nothing}"), &[]);
    person.does("voting-output", &[]);
    person.does("increase-voting-power 5TST", &[]);
    person.does("vote", &[]);
    person.does("decrease-voting-power 10TST", &[]);
    person.fails("decrease-voting-power 100TST", &[]);
    person.does(&format!("stop-participating {event}"), &[]);
    person.fails(&format!("stop-participating {event}"), &[]);
    person.fails("vote", &[]);
    person.quietly(&format!("set-node {node}"));
}

fn what_there_is(person: &mut Person) {
    let nothing = format!("0x{}", "11".repeat(32));
    person.does("balance", &[]);
    person.does("balance -a bob", &[]);
    person.fails("balance -a nobody", &[]);
    person.does("history", &[]);
    person.does("history --from bob --format csv", &[]);
    person.fails("history --since yesterday", &[]);
    person.does("outputs -a bob", &[]);
    person.fails("outputs -a nobody", &[]);
    let outputs = person.quietly("outputs -a bob");
    let locked = outputs.as_array().expect("a list").iter();
    let mut locked = locked.filter(|row| row["standing"] == "locked");
    let id = locked.next().expect("it was sent")["outputId"].clone();
    let id = id.as_str().expect("an id");
    person.does(&format!("output {id}"), &[]);
    person.fails(&format!("output {nothing}0000"), &[]);
    person.does(&format!("transaction {} -a bob", &id[..66]), &[]);
    person.fails(&format!("transaction {nothing}"), &[]);
    person.fails(&format!("transaction {} -a faucet", &id[..66]), &[]);
}

/// Files of a wallet that are damaged, whichever command finds it.
fn damaged(person: &mut Person) {
    let folder = person.folder.path().join(".local/share/tangle/wallet");
    for (name, line) in [
        ("state", "balance"),
        ("wallet.json", "balance"),
        ("keys", "mnemonic --yes"),
    ] {
        let path = folder.join(name);
        let good = std::fs::read(&path).expect("it is there");
        let bad = [b"#", &good[1..]].concat();
        std::fs::write(&path, &bad).expect("ours");
        let run = person.run(line, &[], false);
        assert_ne!(run.1, 0, "{line}: {}", run.0);
        person.add("damaged", line, run);
        assert_eq!(
            std::fs::read(&path).expect("ours"),
            bad,
            "{name} is not touched"
        );
        std::fs::write(&path, &good).expect("ours");
    }
}

/// The commands that the help lists are those that were tried.
fn every_command_has_a_page(person: &Person) {
    let (help, _) = person.run("--help", &[], false);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line[2..].split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help");
    for name in names {
        let page = person.pages.get(name);
        let page = page.unwrap_or_else(|| panic!("{name} was not tried"));
        assert!(page.contains("[exit code"), "{name} never failed");
        let runs = page.matches("$ tangle wallet").count();
        assert!(runs > page.matches("[exit code").count() + 1, "{name}");
    }
}

/// Compares the pages with the files, or writes these.
fn compare(pages: &BTreeMap<String, String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/wallet");
    let file = |name: &str| folder.join(format!("{name}.txt"));
    if std::env::var_os("TANGLE_SNAPSHOTS").is_some_and(|how| how == "write") {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("ours");
        for (name, page) in pages {
            std::fs::write(file(name), page).expect("ours");
        }
        return;
    }
    let kept = std::fs::read_dir(&folder).expect("the files are there");
    let kept: Vec<PathBuf> = kept
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    let stale: Vec<_> = kept
        .iter()
        .filter(|path| pages.keys().all(|name| file(name) != **path))
        .collect();
    assert!(stale.is_empty(), "no such commands: {stale:?}");
    let mut differences = String::new();
    for (name, page) in pages {
        let kept = std::fs::read_to_string(file(name)).unwrap_or_default();
        if kept != *page {
            let (mut old, mut new) = (kept.lines(), page.lines());
            let first = std::iter::from_fn(|| match (old.next(), new.next()) {
                (None, None) => None,
                pair => Some(pair),
            })
            .find(|(old, new)| old != new);
            writeln!(differences, "{name}: {first:?}").expect("texts take everything");
        }
    }
    assert!(
        differences.is_empty(),
        "{differences}TANGLE_SNAPSHOTS=write writes the files anew"
    );
}

/// The text without what differs from run to run.
fn normalised(text: &str, folder: &Path) -> String {
    let folder = folder.display().to_string();
    let text = text.replace(&folder, "<folder>");
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        let is_inside = shown.ends_with(|last: char| last.is_alphanumeric());
        let found = if is_inside { None } else { volatile(rest) };
        let Some((length, kind, has_number)) = found else {
            shown.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        let value = &rest[..length];
        rest = &rest[length..];
        if !has_number {
            shown.push_str(kind);
            continue;
        }
        let name = names.entry(value.to_owned()).or_insert_with(|| {
            let count = counts.entry(kind).or_default();
            *count += 1;
            format!("<{kind} {count}>")
        });
        shown.push_str(name);
    }
    shown
}

/// How long the thing at the beginning of a text is that differs from run to run, what to write in
/// its place, and whether each of its values gets a number.
fn volatile(text: &str) -> Option<(usize, &'static str, bool)> {
    let count = |text: &str, is: fn(char) -> bool| text.chars().take_while(|at| is(*at)).count();
    let digits = |text: &str| count(text, |at| at.is_ascii_digit());
    if let Some(hex) = text.strip_prefix("0x") {
        let length = count(hex, |at| at.is_ascii_hexdigit());
        if length >= 64 {
            return Some((length + 2, "id", true));
        }
        let end = hex[length..]
            .strip_prefix('…')
            .map(|end| count(end, |at| at.is_ascii_hexdigit()));
        return end.map(|end| (2 + length + '…'.len_utf8() + end, "id", true));
    }
    if let Some(address) = text.strip_prefix("tst1") {
        let length = count(address, |at| at.is_ascii_alphanumeric());
        return (length > 50).then_some((length + 4, "address", true));
    }
    let is_date = text.len() >= 19
        && text.is_char_boundary(19)
        && text[..19]
            .chars()
            .zip("dddd-dd-dd dd:dd:dd".chars())
            .all(|(at, form)| match form {
                'd' => at.is_ascii_digit(),
                form => at == form,
            });
    if is_date {
        // In a table for programs the milestone comes next.
        let milestone = text[19..].strip_prefix(" UTC,").map_or(0, digits);
        if milestone > 0 {
            return Some((24 + milestone, "<time> UTC,<milestone>", false));
        }
        return Some((19, "<time>", false));
    }
    for (before, instead) in [
        ("milestone ", "milestone <number>"),
        ("milestone  ", "milestone  <number>"),
        ("http://127.0.0.1:", "http://127.0.0.1:<port>"),
        ("tangle ", "tangle <version>"),
    ] {
        if let Some(after) = text.strip_prefix(before) {
            let length = count(after, |at| at.is_ascii_digit() || at == '.');
            if length > 0 {
                return Some((before.len() + length, instead, false));
            }
        }
    }
    let number = digits(text);
    if number > 0 {
        let after = &text[number..];
        if after.starts_with(" ms") {
            return Some((number + 3, "<n> ms", false));
        }
        if let Some(tenths) = after.strip_prefix('.')
            && digits(tenths) == 1
            && tenths[1..].starts_with(" s")
        {
            return Some((number + 4, "<n> s", false));
        }
    }
    // "(in 23 hours)", "(in 5 minutes)".
    let after = text.strip_prefix("(in ")?;
    let end = after.find(')')?;
    Some((4 + end, "(in <span>", false))
}

#[test]
fn what_differs_from_run_to_run_is_replaced() {
    let id = format!("0x{}", "ab".repeat(32));
    let text =
        format!("{id} {id}0000 in milestone 17  0.8 s, at http://127.0.0.1:4321 12 ms\n{id}");
    let shown = normalised(&text, Path::new("/nowhere"));
    let first =
        "<id 1> <id 2> in milestone <number>  <n> s, at http://127.0.0.1:<port> <n> ms\n<id 1>";
    assert_eq!(shown, first);
    let time = normalised(
        "at 2026-11-27 01:02:03 UTC (in 23 h)",
        Path::new("/nowhere"),
    );
    assert_eq!(time, "at <time> UTC (in <span>)");
}
