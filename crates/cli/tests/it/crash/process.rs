//! The program under test: started, killed, watched.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tangle_client::Client;

/// How long a start may take, a traced one too.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Kill at the `when`-th such call of some thread.
pub(super) struct CallFault {
    pub(super) call: &'static str,
    pub(super) when: u64,
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

impl Network {
    /// Starts the program and waits until it serves. `None` when the fault ended it before.
    pub(super) fn start(config: &Path, data: &Path, fault: Option<&CallFault>) -> Option<Self> {
        let program = env!("CARGO_BIN_EXE_tangle");
        let mut command = match fault {
            None => Command::new(program),
            Some(CallFault { call, when }) => {
                let mut command = Command::new("strace");
                command.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
                command.arg(format!("trace={call}"));
                command.arg("-e");
                command.arg(format!("inject={call}:signal=SIGKILL:when={when}"));
                command.arg(program);
                command
            }
        };
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
        let line = read_line(out);
        let Ok(urls) = serde_json::from_str::<serde_json::Value>(&line) else {
            let status = child.wait().expect("it is ours");
            assert!(fault.is_some(), "it ended with {status} and said {line:?}");
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

    /// Kills it at once.
    pub(super) fn kill(&mut self) {
        let pid = self.pid.to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).status();
        assert!(killed.expect("there is a command kill").success());
        self.child.wait().expect("it is ours");
    }

    /// Waits for its end; `false` when it goes on.
    pub(super) fn wait(&mut self, patience: Duration) -> bool {
        let started = Instant::now();
        while started.elapsed() < patience {
            if self.child.try_wait().expect("it is ours").is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.kill();
        }
    }
}

/// The first line, or what came before the end; fails when neither comes in time.
fn read_line(out: std::process::ChildStdout) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(out).read_line(&mut line);
        read.expect("its output can be read");
        // Nobody waits any more if that took too long.
        let _ = sender.send(line);
    });
    receiver
        .recv_timeout(START_PATIENCE)
        .expect("it is up within half a minute")
}
