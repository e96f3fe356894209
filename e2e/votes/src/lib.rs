//! A dev network, for tests that vote in it with the official SDK.
//!
//! Begin with [`Network`].

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A running `tangle dev`, started with free ports and nothing kept; it ends when it is dropped.
pub struct Network {
    process: Child,
    about: Value,
    http: Client,
}

impl Network {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let mut process = Command::new(binary())
            .args(["dev", "--ephemeral", "--port", "0", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("build it first, or name it with TANGLE")?;
        let stdout = process.stdout.take().context("it is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let about: Value = serde_json::from_str(&line).context("tangle dev did not start")?;
        Ok(Self {
            process,
            about,
            http: Client::new(),
        })
    }

    /// The address of the node.
    pub fn node(&self) -> &str {
        self.about["node"].as_str().expect("a node has an address")
    }

    /// Where the faucet takes requests.
    pub fn faucet(&self) -> &str {
        self.about["faucet"]["enqueue"]
            .as_str()
            .expect("there is a faucet")
    }

    /// Adds an event; its id.
    pub async fn add_event(&self, event: &Value) -> Result<String> {
        let request = self.http.post(self.url("admin/events")).json(event);
        let answer = expect(request.send().await?, StatusCode::CREATED).await?;
        Ok(answer["eventId"].as_str().context("an id")?.to_owned())
    }

    /// A question of the participation API.
    pub async fn participation(&self, path: &str) -> Result<Value> {
        let answer = self.http.get(self.url(path)).send().await?;
        expect(answer, StatusCode::OK).await
    }

    /// The newest confirmed milestone.
    pub async fn milestone(&self) -> Result<u32> {
        let info = self.http.get(format!("{}/api/core/v2/info", self.node()));
        let info = expect(info.send().await?, StatusCode::OK).await?;
        let index = &info["status"]["confirmedMilestone"]["index"];
        Ok(u32::try_from(index.as_u64().context("an index")?)?)
    }

    /// Waits for a milestone.
    pub async fn until_milestone(&self, index: u32) -> Result<()> {
        until("the milestone", async || {
            Ok(self.milestone().await? >= index)
        })
        .await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/participation/v1/{path}", self.node())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // In order, so that its folder goes with it; whether that works is tested elsewhere.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.process.wait();
    }
}

/// One question: "How is it?" with the answers 1 and 2.
pub fn event(commence: u32, start: u32, end: u32) -> Value {
    let answer =
        |value: u8, text: &str| json!({"value": value, "text": text, "additionalInfo": ""});
    json!({
        "name": "a test",
        "milestoneIndexCommence": commence,
        "milestoneIndexStart": start,
        "milestoneIndexEnd": end,
        "payload": {
            "type": 0,
            "questions": [{
                "text": "How is it?",
                "answers": [answer(1, "good"), answer(2, "bad")],
                "additionalInfo": "",
            }],
        },
        "additionalInfo": "of the official SDK",
    })
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !holds().await? {
        if started.elapsed() > PATIENCE {
            bail!("after {PATIENCE:?} still not: {what}");
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn expect(answer: Response, status: StatusCode) -> Result<Value> {
    let found = answer.status();
    let text = answer.text().await?;
    ensure!(found == status, "{found}: {text}");
    Ok(serde_json::from_str(&text)?)
}

fn binary() -> PathBuf {
    std::env::var_os("TANGLE").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../target/debug/tangle"
            ))
        },
        PathBuf::from,
    )
}
