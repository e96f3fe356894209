//! The engine's thread: it gives the engine its inputs and the time, and passes effects on.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, select_biased};
use tangle_consensus::MilestoneRoots;
use tangle_crypto::pow;
use tangle_dag::{TipRequest, Weighed};
use tangle_engine::{Effect, Engine, Input, Inspection, RootsRequest, Source, Ticket, Time};
use tangle_storage::{Reader, StoreError};
use tangle_types::{Block, BlockId, Codec, MilestoneIndex, Parents, ParsedBlock};
use tokio::sync::oneshot;

use crate::gate::{Gate, Load, Permit};
use crate::gossip::Gossip;
use crate::intake::{Answer, Arrival, CurrentParameters, Intake, Origin};
use crate::status::{News, Queue, StatusBoard};
use crate::writer::{Job, Jobs};
use crate::{MilestoneSummary, SubmitError};

/// Messages, and blocks in them, that are taken before their effects are passed on and before the
/// engine looks at the clock.
const MESSAGES_AT_ONCE: usize = 64;
const BLOCKS_AT_ONCE: usize = 1_024;
/// What may wait for the writer: some ten milliseconds of its work.
pub(crate) const JOBS_MAX: Load = Load {
    blocks: 8_192,
    bytes: 8 << 20,
};
/// How often the engine is told that time has passed when nothing else happens.
const TICK_MS: u64 = 250;
/// How often the status is renewed when nothing else happens.
const PUBLISH_MS: u64 = 1_000;

/// What others tell the engine's thread.
#[derive(Debug)]
pub(crate) enum Message {
    /// Blocks that were checked, with the room that they take.
    Blocks(Vec<Arrival>, Permit),
    /// What neighbours said and did, in order.
    Neighbours(Vec<Input>),
    Tips(TipRequest, oneshot::Sender<Vec<BlockId>>),
    Inspect(BlockId, oneshot::Sender<Option<Inspection>>),
    Weigh(BlockId, oneshot::Sender<Option<Weighed>>),
    Roots(RootsRequest, oneshot::Sender<Option<MilestoneRoots>>),
    Stop,
}

/// What the writer tells the engine's thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Durable {
    Reservation(MilestoneIndex),
    Milestone(MilestoneIndex),
}

/// Who waits for an answer of the engine.
#[derive(Debug)]
enum Asker {
    Client(BlockId, Answer),
    Tips(oneshot::Sender<Vec<BlockId>>),
    Inspect(oneshot::Sender<Option<Inspection>>),
    Weigh(oneshot::Sender<Option<Weighed>>),
    Roots(oneshot::Sender<Option<MilestoneRoots>>),
}

/// The engine with everything that its thread owns.
pub(crate) struct Driver {
    pub(crate) engine: Engine<Reader>,
    pub(crate) messages: Receiver<Message>,
    pub(crate) durable: Receiver<Durable>,
    pub(crate) writer: Sender<Jobs>,
    /// Bounds what waits for the writer.
    pub(crate) jobs: Arc<Gate>,
    pub(crate) intake: Intake,
    pub(crate) parameters: CurrentParameters,
    pub(crate) board: Arc<StatusBoard>,
    pub(crate) gossip: Arc<Gossip>,
    pub(crate) state: DriverState,
}

/// What the thread remembers between two rounds.
#[derive(Debug, Default)]
pub(crate) struct DriverState {
    askers: HashMap<Ticket, Asker>,
    last_ticket: Ticket,
    pending: VecDeque<(MilestoneSummary, usize)>,
    ticked: Time,
    published: Time,
    pruned: MilestoneIndex,
    /// What the replay asked for, before there was a writer.
    kept: Vec<Effect>,
}

/// The present, in milliseconds since 1970.
pub(crate) fn now() -> Time {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

impl Driver {
    /// Runs until it is told to stop, or until a look-up fails.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        let mut effects = std::mem::take(&mut self.state.kept);
        self.engine.resume(now(), &mut effects)?;
        self.publish();
        let mut is_running = self.pass_on(&mut effects);
        while is_running {
            is_running = self.round(&mut effects)?;
            is_running &= self.pass_on(&mut effects);
        }
        Ok(())
    }

    /// Waits for something to happen and steps the engine. `false` when it shall stop.
    fn round(&mut self, effects: &mut Vec<Effect>) -> Result<bool, StoreError> {
        let timeout = crossbeam_channel::after(self.patience());
        let (durable, messages) = (self.durable.clone(), self.messages.clone());
        select_biased! {
            recv(durable) -> done => match done {
                Ok(done) => self.on_durable(done, effects)?,
                Err(_) => return Ok(false),
            },
            recv(messages) -> message => {
                let Ok(first) = message else { return Ok(false) };
                // What is taken out of the queue is taken in, also the last one of a round.
                let waiting = std::iter::once(first).chain(messages.try_iter());
                let mut block_count = 0;
                for message in waiting.take(MESSAGES_AT_ONCE) {
                    if let Message::Blocks(arrivals, _) = &message {
                        block_count += arrivals.len();
                    }
                    if !self.on_message(message, effects)? {
                        return Ok(false);
                    }
                    if block_count >= BLOCKS_AT_ONCE {
                        break;
                    }
                }
            },
            recv(timeout) -> _ => {}
        }
        // A commit is on its way to the disk while the engine clears up behind it.
        if !self.pass_on(effects) {
            return Ok(false);
        }
        let time = now();
        let is_due = self.engine.due().is_some_and(|due| due <= time);
        // The clock may have been set back.
        let is_tick = time.0.abs_diff(self.state.ticked.0) >= TICK_MS;
        if is_due || is_tick {
            self.engine.step(time, Input::Tick, effects)?;
        }
        if is_tick {
            self.state.ticked = time;
            self.on_pruned(time, effects)?;
            if time.0.abs_diff(self.state.published.0) >= PUBLISH_MS {
                self.publish();
            }
        }
        Ok(true)
    }

    /// Tells the engine when the store has pruned, which neighbours want to know.
    fn on_pruned(&mut self, time: Time, effects: &mut Vec<Effect>) -> Result<(), StoreError> {
        let pruned = self.board.pruning_index();
        if pruned == self.state.pruned {
            return Ok(());
        }
        self.state.pruned = pruned;
        self.engine.step(time, Input::Pruned(pruned), effects)
    }

    /// How long nothing need happen.
    fn patience(&self) -> Duration {
        let time = now();
        let tick = self.state.ticked.0 + TICK_MS;
        let due = self.engine.due().map_or(tick, |due| due.0.min(tick));
        Duration::from_millis(due.saturating_sub(time.0).min(TICK_MS))
    }

    fn on_durable(&mut self, done: Durable, effects: &mut Vec<Effect>) -> Result<(), StoreError> {
        match done {
            Durable::Reservation(index) => self.engine.step(now(), Input::Reserved(index), effects),
            Durable::Milestone(index) => {
                while let Some((summary, referenced_count)) = self.state.pending.front()
                    && summary.index <= index
                {
                    self.board.confirmed(*summary, *referenced_count);
                    self.state.pending.pop_front();
                }
                self.engine.step(now(), Input::Committed(index), effects)?;
                let parameters = Arc::new(self.engine.parameters().clone());
                *self.parameters.write().expect("no holder panics") = parameters;
                self.publish();
                Ok(())
            }
        }
    }

    /// Takes one message. `false` when it is the last.
    fn on_message(
        &mut self,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, StoreError> {
        let input = match message {
            Message::Stop => return Ok(false),
            Message::Blocks(arrivals, _permit) => {
                self.on_blocks(arrivals, effects)?;
                return Ok(true);
            }
            Message::Neighbours(inputs) => {
                let time = now();
                for input in inputs {
                    self.engine.step(time, input, effects)?;
                }
                return Ok(true);
            }
            Message::Tips(request, answer) => {
                Input::Tips(self.state.ticket(Asker::Tips(answer)), request)
            }
            Message::Inspect(id, answer) => {
                Input::Inspect(self.state.ticket(Asker::Inspect(answer)), id)
            }
            Message::Weigh(id, answer) => Input::Weigh(self.state.ticket(Asker::Weigh(answer)), id),
            Message::Roots(request, answer) => {
                Input::Roots(self.state.ticket(Asker::Roots(answer)), request)
            }
        };
        self.engine.step(now(), input, effects)?;
        Ok(true)
    }

    fn on_blocks(
        &mut self,
        arrivals: Vec<Arrival>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let time = now();
        self.board.received(time, arrivals.len());
        for (block, origin) in arrivals {
            let source = match origin {
                Origin::Client(answer) => {
                    Source::Client(self.state.ticket(Asker::Client(block.id(), answer)))
                }
                Origin::Bulk => Source::Bulk,
                Origin::Peer(peer) => Source::Peer(peer),
                Origin::Checkpoint => Source::Checkpoint,
            };
            self.engine
                .step(time, Input::Block(block, source), effects)?;
        }
        Ok(())
    }

    /// Passes effects on, in order. `false` when the writer is gone.
    fn pass_on(&mut self, effects: &mut Vec<Effect>) -> bool {
        let mut jobs = Vec::new();
        let mut load = Load::default();
        let time = now();
        for effect in effects.drain(..) {
            match effect {
                Effect::Store(block) => {
                    load.blocks += 1;
                    load.bytes += block.parsed().bytes.len();
                    jobs.push(Job::Store(block));
                }
                Effect::Reserve(reservation) => jobs.push(Job::Reserve(Box::new(reservation))),
                Effect::Commit(commit) => {
                    let summary = commit.milestone.as_previous().into();
                    self.state
                        .pending
                        .push_back((summary, commit.diff.referenced.len()));
                    jobs.push(Job::Commit(commit));
                }
                Effect::Accepted(ticket) => {
                    if let Some(Asker::Client(id, answer)) = self.state.askers.remove(&ticket) {
                        jobs.push(Job::Accepted(id, answer));
                    }
                }
                Effect::Released(blocks) => jobs.push(Job::Drop(blocks)),
                Effect::Checkpoint(parents) => self.make_checkpoint(parents),
                Effect::Say(..)
                | Effect::Spread { .. }
                | Effect::Serve(..)
                | Effect::AskCone(..)
                | Effect::ServeCone(..)
                | Effect::Drop { .. } => self.gossip.carry_out(time, effect),
                Effect::Halted(halt) => self.board.halted(&halt),
                answer => self.state.answer(answer),
            }
        }
        if jobs.is_empty() {
            return true;
        }
        let permit = self.jobs.enter(load);
        self.writer.send(Jobs { jobs, permit }).is_ok()
    }

    /// Makes a checkpoint block on a thread of its own, as proof of work may take a while.
    fn make_checkpoint(&self, parents: Vec<BlockId>) {
        let parameters = self.engine.parameters();
        let (version, score_min) = (parameters.version, parameters.pow_score_min);
        let intake = self.intake.clone();
        let work = move || {
            let parents = Parents::new(parents).expect("a checkpoint has 1 to 8 parents");
            let block = Block {
                protocol_version: version,
                parents,
                payload: None,
                nonce: 0,
            };
            let bytes = with_proof_of_work(block.to_bytes(), score_min);
            let parsed = ParsedBlock::parse(bytes).expect("what was just written can be read");
            if intake.hand_in(parsed, Origin::Checkpoint).is_err() {
                tracing::warn!("a checkpoint found no room; the next milestone does its work");
            }
        };
        let started = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(work);
        if let Err(error) = started {
            tracing::warn!(%error, "no checkpoint was made");
        }
    }

    fn publish(&mut self) {
        let time = now();
        self.state.published = time;
        let news = News {
            summary: self.engine.summary(),
            pending: self.engine.pending_parameters(),
            parameters: Arc::clone(&self.parameters.read().expect("no holder panics")),
            blocker: self.engine.blocker(time),
            neighbours: self.engine.neighbours(time),
            writer_queue: Queue::of("writer", &self.writer),
        };
        self.board.publish(time, news);
    }
}

fn with_proof_of_work(mut block: Vec<u8>, score_min: u32) -> Bytes {
    let zeros = pow::zeros_needed(block.len(), score_min);
    if zeros > 0 {
        let nonce_at = block.len() - size_of::<u64>();
        let nonce = pow::mine(&block[..nonce_at], zeros, 1, &pow::Cancel::default())
            .expect("nobody cancels it");
        block[nonce_at..].copy_from_slice(&nonce.to_le_bytes());
    }
    Bytes::from(block)
}

impl DriverState {
    /// Keeps the effects of the replay until the thread runs.
    pub(crate) fn keep(&mut self, effects: Vec<Effect>) {
        self.kept = effects;
    }

    fn ticket(&mut self, asker: Asker) -> Ticket {
        let ticket = self.last_ticket.next();
        self.last_ticket = ticket;
        self.askers.insert(ticket, asker);
        ticket
    }

    /// Answers whoever asked; they may have gone away.
    fn answer(&mut self, effect: Effect) {
        match effect {
            Effect::Refused(ticket, refusal) => {
                if let Some(Asker::Client(_, answer)) = self.askers.remove(&ticket) {
                    let _ = answer.send(Err(SubmitError::Invalid(refusal.to_string())));
                }
            }
            Effect::Tips(ticket, tips) => {
                if let Some(Asker::Tips(answer)) = self.askers.remove(&ticket) {
                    let _ = answer.send(tips);
                }
            }
            Effect::Inspected(ticket, inspection) => {
                if let Some(Asker::Inspect(answer)) = self.askers.remove(&ticket) {
                    let _ = answer.send(inspection);
                }
            }
            Effect::Weighed(ticket, weighed) => {
                if let Some(Asker::Weigh(answer)) = self.askers.remove(&ticket) {
                    let _ = answer.send(weighed);
                }
            }
            Effect::Roots(ticket, roots) => {
                if let Some(Asker::Roots(answer)) = self.askers.remove(&ticket) {
                    let _ = answer.send(roots);
                }
            }
            other => unreachable!("{other:?} is no answer"),
        }
    }
}
