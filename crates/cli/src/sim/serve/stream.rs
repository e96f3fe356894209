//! Runs as streams of lines.
//!
//! ```text
//! {"first":1,"blocks":[[issued, revealed, role, parent, …], …]}    times in nanoseconds
//! {"report":{…}}             at the end of /run: what `tangle sim run --json` prints
//! {"attack":{…}}             of /attack, again and again: what `tangle sim attack --json` prints
//! ```
//!
//! A block that was never revealed has -1 as that time. Numbers of blocks go on from `first`.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tangle_api::{ApiError, lines};
use tangle_sim::attack::{Role, SeenBlock, Setup, watch};
use tangle_sim::growth::{self, Event, Scenario};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::super::Answer;
use super::super::attack::{odds_of, trials};
use super::request::{AttackRequest, RequestError, RunRequest};

/// Runs at once. Who asks for one more waits a little, as another may just be breaking off.
pub(super) const RUNS_MAX: usize = 3;
const PLACE_WAIT: Duration = Duration::from_secs(3);
/// Lines that wait for the client; then the run waits.
const LINES_MAX: usize = 16;
/// Blocks of a line.
const BLOCKS_PER_LINE: usize = 512;
/// Trials between two looks at whether the client is still there.
const TRIALS_PER_LINE: u64 = 10;

type Lines = mpsc::Sender<String>;

/// The routes of the simulator.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/run", get(run))
        .route("/attack", get(attack))
        .with_state(Arc::new(Semaphore::new(RUNS_MAX)))
}

async fn run(
    State(places): State<Arc<Semaphore>>,
    query: Result<Query<RunRequest>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(request) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let scenario = request.scenario().map_err(refused)?;
    simulate(places, move |lines| grow(&scenario, lines)).await
}

async fn attack(
    State(places): State<Arc<Semaphore>>,
    query: Result<Query<AttackRequest>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(request) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let setup = request.setup().map_err(refused)?;
    simulate(places, move |lines| play(setup, &request, lines)).await
}

fn refused(error: RequestError) -> ApiError {
    ApiError::bad_request(error)
}

/// Answers with the lines of `work`, which runs on a thread of its own.
async fn simulate(
    places: Arc<Semaphore>,
    work: impl FnOnce(&Lines) -> ControlFlow<()> + Send + 'static,
) -> Result<Response, ApiError> {
    let place = tokio::time::timeout(PLACE_WAIT, places.acquire_owned());
    let Ok(Ok(place)) = place.await else {
        let text = format!("{RUNS_MAX} runs are under way; stop one, or try again in a moment");
        return Err(ApiError::unavailable(text));
    };
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    tokio::task::spawn_blocking(move || {
        let _place: OwnedSemaphorePermit = place;
        if work(&sender).is_break() {
            tracing::debug!("a run ended early: nobody reads it any more");
        }
    });
    Ok(lines(receiver).into_response())
}

/// Sends a line, and breaks off when nobody takes it.
fn send(lines: &Lines, line: String) -> ControlFlow<()> {
    match lines.blocking_send(line) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

fn send_json(lines: &Lines, name: &str, value: &impl Serialize) -> ControlFlow<()> {
    let text = serde_json::to_string(value).expect("plain values with text keys become JSON");
    send(lines, format!("{{\"{name}\":{text}}}\n"))
}

fn grow(scenario: &Scenario, lines: &Lines) -> ControlFlow<()> {
    let mut batch = Batch::new(lines);
    let mut flow = ControlFlow::Continue(());
    let mut sink = |event: &Event<'_>| {
        flow = batch.add(
            event.issued_ns,
            Some(event.revealed_ns),
            Role::Honest,
            event.parents.iter().copied(),
        );
        flow
    };
    let report = growth::run(scenario, Some(&mut sink)).expect("the scenario was checked");
    flow?;
    batch.flush()?;
    send_json(lines, "report", &Answer::new(&report))
}

fn play(setup: Setup, request: &AttackRequest, lines: &Lines) -> ControlFlow<()> {
    let first = request.seed;
    let watched = watch(&setup, first).expect("the setup was checked");
    let mut batch = Batch::new(lines);
    for block in watched.blocks.iter().skip(1) {
        add_seen(&mut batch, block)?;
    }
    batch.flush()?;
    let mut played = vec![watched.trial];
    let end = first.saturating_add(request.trials);
    loop {
        let done = first + played.len() as u64;
        send_json(lines, "attack", &odds_of(setup, first..done, &played))?;
        if done >= end {
            return ControlFlow::Continue(());
        }
        let next = done..end.min(done + TRIALS_PER_LINE);
        let pairs: Vec<_> = next.map(|seed| (setup, seed)).collect();
        played.extend(trials(&pairs, None, |_| {}));
    }
}

fn add_seen(batch: &mut Batch<'_>, block: &SeenBlock) -> ControlFlow<()> {
    let parents = block.parents.iter().copied().map(u64::from);
    batch.add(block.issued_ns, block.revealed_ns, block.role, parents)
}

/// Blocks on their way.
struct Batch<'a> {
    lines: &'a Lines,
    /// Number of the first in the text.
    first: u64,
    count: usize,
    text: String,
}

impl<'a> Batch<'a> {
    const fn new(lines: &'a Lines) -> Self {
        Self {
            lines,
            first: 1,
            count: 0,
            text: String::new(),
        }
    }

    fn add(
        &mut self,
        issued_ns: u64,
        revealed_ns: Option<u64>,
        role: Role,
        parents: impl Iterator<Item = u64>,
    ) -> ControlFlow<()> {
        let gap = if self.count == 0 { "" } else { "," };
        let role = number(role);
        let text = &mut self.text;
        match revealed_ns {
            Some(revealed) => write!(text, "{gap}[{issued_ns},{revealed},{role}"),
            None => write!(text, "{gap}[{issued_ns},-1,{role}"),
        }
        .expect("a string takes any text");
        for parent in parents {
            write!(text, ",{parent}").expect("a string takes any text");
        }
        text.push(']');
        self.count += 1;
        match self.count {
            BLOCKS_PER_LINE => self.flush(),
            _ => ControlFlow::Continue(()),
        }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        if self.count == 0 {
            return ControlFlow::Continue(());
        }
        let line = format!("{{\"first\":{},\"blocks\":[{}]}}\n", self.first, self.text);
        self.first += self.count as u64;
        self.count = 0;
        self.text.clear();
        send(self.lines, line)
    }
}

/// The number by which the page knows a role.
const fn number(role: Role) -> u8 {
    match role {
        Role::Honest => 0,
        Role::ForPayment => 1,
        Role::ForDouble => 2,
        Role::Payment => 3,
        Role::Double => 4,
        Role::Attacker => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(blocks: u64) -> Scenario {
        let query = format!("lambda=50&alpha=0&strategy=urts&seed=7&blocks={blocks}");
        let uri = format!("/run?{query}").parse().expect("a path");
        let request = Query::<RunRequest>::try_from_uri(&uri).expect("all is there");
        request.0.scenario().expect("a good request")
    }

    #[test]
    fn lines_hold_every_block_and_then_the_report() {
        let (sender, mut receiver) = mpsc::channel(LINES_MAX);
        assert!(grow(&scenario(1_200), &sender).is_continue());
        drop(sender);
        let mut count = 0;
        let mut report = None;
        while let Some(line) = receiver.blocking_recv() {
            let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            match line["blocks"].as_array() {
                Some(blocks) => {
                    assert_eq!(line["first"], count + 1);
                    count += blocks.len();
                }
                None => report = Some(line["report"].clone()),
            }
        }
        assert_eq!(count, 1_200);
        let report = report.expect("the last line");
        assert_eq!(report["scenario"]["transactions"], 1_200);
    }

    #[test]
    fn run_ends_when_nobody_reads_it() {
        let (sender, mut receiver) = mpsc::channel(1);
        let reader = std::thread::spawn(move || receiver.blocking_recv());
        assert!(grow(&scenario(200_000), &sender).is_break());
        assert!(reader.join().expect("it ends").is_some());
    }
}
