//! The program under test: started, killed, watched.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tangle_client::Client;

/// How long a start may take.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How long a traced start may take: the tracer stops it at each system call.
const TRACED_START_PATIENCE: Duration = Duration::from_secs(120);
/// The signal that cannot be caught.
const SIGKILL: i32 = 9;

/// System calls that make things durable.
const CALLS: [&str; 6] = [
    "fdatasync",
    "write",
    "fsync",
    "rename",
    "pwrite64",
    "ftruncate",
];

/// What a tracer does with the program.
pub(super) enum Tracer {
    /// It notes the [`CALLS`] in a file.
    Note(PathBuf),
    /// It kills at the `when`-th such call of some thread.
    Kill { call: &'static str, when: u64 },
}

/// A running network.
pub(super) struct Network {
    child: Child,
    /// The program itself; a tracer may stand between.
    pid: u32,
    url: String,
}

/// Whether the tool that kills at system calls is there and may be used.
pub(super) fn has_strace() -> bool {
    let probe = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

/// The calls that a tracer noted in `file`, each with how often the thread made it that made it most
/// often.
pub(super) fn noted_calls(file: &Path) -> Vec<(&'static str, u64)> {
    let noted = std::fs::read(file).expect("the tracer wrote the file");
    let mut counts = HashMap::new();
    for line in String::from_utf8_lossy(&noted).lines() {
        let mut words = line.split_whitespace();
        if let (Some(thread), Some(text)) = (words.next(), words.next())
            && let Some((name, _)) = text.split_once('(')
            && let Some(call) = CALLS.into_iter().find(|call| *call == name)
        {
            *counts.entry((call, thread.to_owned())).or_default() += 1;
        }
    }
    let most = |call| {
        let of_call = counts.iter().filter(|((other, _), _)| *other == call);
        Some((call, *of_call.map(|(_, count)| count).max()?))
    };
    CALLS.into_iter().filter_map(most).collect()
}

impl Tracer {
    /// `program` with the tracer around it.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq"]);
        match self {
            Self::Note(file) => {
                command.arg("-o").arg(file);
                command.arg("-e").arg(format!("trace={}", CALLS.join(",")));
            }
            Self::Kill { call, when } => {
                command.args(["-o", "/dev/null"]);
                command.arg("-e").arg(format!("trace={call}"));
                let fault = format!("inject={call}:signal=SIGKILL:when={when}");
                command.arg("-e").arg(fault);
            }
        }
        command.arg(program);
        command
    }
}

impl Network {
    /// Starts the program and waits until it serves. `None` when the tracer killed it before.
    pub(super) fn start(config: &Path, data: &Path, tracer: Option<&Tracer>) -> Option<Self> {
        let program = env!("CARGO_BIN_EXE_tangle");
        let mut command =
            tracer.map_or_else(|| Command::new(program), |tracer| tracer.command(program));
        command
            .args(["dev", "--port", "0", "--no-faucet", "--json", "--config"])
            .arg(config)
            .arg("--data")
            .arg(data);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let out = child.stdout.take().expect("it is piped");
        let patience = match tracer {
            None => START_PATIENCE,
            Some(_) => TRACED_START_PATIENCE,
        };
        let line = read_line(out, patience);
        let Ok(urls) = serde_json::from_str::<serde_json::Value>(&line) else {
            let status = child.wait().expect("it is ours");
            let may_be_killed = matches!(tracer, Some(Tracer::Kill { .. }));
            let killed = may_be_killed && status.signal() == Some(SIGKILL);
            assert!(killed, "it ended with {status} and said {line:?}");
            return None;
        };
        let pid = urls["pid"].as_u64().expect("a process id");
        Some(Self {
            child,
            pid: u32::try_from(pid).expect("a process id"),
            url: urls["node"].as_str().expect("a URL").to_owned(),
        })
    }

    pub(super) fn client(&self) -> Client {
        Client::new(&self.url).expect("the URL of a node")
    }

    /// Kills it at once; a fault may be faster.
    pub(super) fn kill(&mut self) {
        let pid = self.pid.to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).output();
        killed.expect("there is a command kill");
        assert_killed(self.child.wait().expect("it is ours"));
    }

    /// Waits for its end; `false` when it goes on.
    pub(super) fn wait(&mut self, patience: Duration) -> bool {
        let started = Instant::now();
        while started.elapsed() < patience {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                assert_killed(status);
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

/// That nothing else ended it; a tracer ends as the program that it traced.
fn assert_killed(status: ExitStatus) {
    assert_eq!(status.signal(), Some(SIGKILL), "it ended with {status}");
}

impl Drop for Network {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.kill();
        }
    }
}

/// The first line, or what came before the end; fails when neither comes in time.
fn read_line(out: std::process::ChildStdout, patience: Duration) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(out).read_line(&mut line);
        read.expect("its output can be read");
        // Nobody waits any more if that took too long.
        let _ = sender.send(line);
    });
    receiver.recv_timeout(patience).expect("it is up in time")
}
