//! Processes under test: started, asked over HTTP, and always ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program in `folder`, where nothing of the user's configuration reaches it.
pub(crate) fn tangle(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tangle"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("TANGLE_LOG")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    tangle(folder, arguments).output().expect("it can be run")
}

/// What it printed, when it ended well.
pub(crate) fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

/// Exit code and what it said about the error.
pub(crate) fn failure(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    let code = output.status.code().expect("it ended by itself");
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A running network, ended with the test.
pub(crate) struct Network {
    process: Child,
    pub(crate) urls: Value,
}

impl Network {
    /// Starts with `--json` and waits until it is ready.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = tangle(folder, arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be run");
        let out = process.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it prints a line");
        let urls = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{arguments:?} printed {line:?}: {error}"));
        Self { process, urls }
    }

    /// A URL of the line that was printed.
    pub(crate) fn url(&self, name: &str) -> &str {
        let pointer = format!("/{}", name.replace('.', "/"));
        let url = self.urls.pointer(&pointer).and_then(Value::as_str);
        url.unwrap_or_else(|| panic!("no {name} in {}", self.urls))
    }

    pub(crate) fn confirmed(&self) -> u64 {
        let (_, node) = get(&format!("{}/info", self.url("rest")));
        node["status"]["confirmedMilestone"]["index"]
            .as_u64()
            .expect("a number")
    }

    /// Base coins in the plain outputs of an address.
    pub(crate) fn balance(&self, address: &str) -> u64 {
        let url = format!("{}/outputs/basic?address={address}", self.url("indexer"));
        let (_, page) = get(&url);
        let items = page["items"].as_array().expect("a list");
        let amount = |id: &Value| {
            let id = id.as_str().expect("an id");
            let (_, output) = get(&format!("{}/outputs/{id}", self.url("rest")));
            let amount = output["output"]["amount"].as_str().expect("an amount");
            amount.parse::<u64>().expect("a number")
        };
        items.iter().map(amount).sum()
    }

    /// Ends it as a service manager would.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill exists").success());
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Polls until `probe` gives something.
pub(crate) fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn get(url: &str) -> (u16, Value) {
    json(exchange("GET", url, "application/json", ""))
}

pub(crate) fn post(url: &str, body: &Value) -> (u16, Value) {
    json(exchange("POST", url, "application/json", &body.to_string()))
}

fn json((head, body): (String, String)) -> (u16, Value) {
    let value = serde_json::from_str(&body).unwrap_or(Value::Null);
    (status(&head), value)
}

/// What a browser gets.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Where it is sent on to.
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

/// A page, or what a form leads to that a browser sends.
pub(crate) fn browse(url: &str, form: Option<&str>) -> Page {
    let method = if form.is_some() { "POST" } else { "GET" };
    let kind = "application/x-www-form-urlencoded";
    let (head, text) = exchange(method, url, kind, form.unwrap_or_default());
    let mut lines = head.lines();
    let location = lines.find_map(|line| line.strip_prefix("location: "));
    Page {
        status: status(&head),
        location: location.map(str::to_owned),
        text,
    }
}

fn status(head: &str) -> u16 {
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
    status.expect("a status")
}

/// Head and body of the answer.
fn exchange(method: &str, url: &str, kind: &str, body: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: \
         {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    (head.to_owned(), body.to_owned())
}
