//! A machine with a node on it: an engine, a disk, a clock that may be wrong, and a way to crash.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use tangle_consensus::{CoordinatorConfig, Pace};
use tangle_dag::{DagConfig, TipRequest, UniformTips, UniformTipsConfig};
use tangle_engine::{CoordinatorPart, Effect, Engine, Input, Parts, Source, Ticket, Time};
use tangle_sync::PeerKey;
use tangle_types::{BlockId, MilestoneIndex};

use super::breach::Breach;
use super::disk::{Disk, DiskReader, Job};
use super::fixture::{BEGIN_MS, Fixture};
use super::scenario::Weakness;
use super::trace::Happening;
use super::world::{Event, World};

/// Blocks that may wait for their parents.
pub(crate) const UNSOLID_COUNT_MAX: usize = 200;
/// Blocks that may wait for a milestone.
pub(crate) const UNREFERENCED_COUNT_MAX: usize = 500;
/// Referenced blocks remembered.
const ROOT_COUNT_MAX: usize = 2_000;
/// Milliseconds between milestones.
pub(crate) const INTERVAL_MS: u64 = 1_000;
/// How often an engine is told that time has passed.
const TICK_US: u64 = 500_000;
/// When a weakness begins that would leave nothing to see from the start.
pub(crate) const WEAK_FROM_US: u64 = 3_000_000;
/// What a write takes that needs no sync.
const WRITE_US: u64 = 200;
/// The same with a sync.
const SYNC_US: u64 = 4_000;
/// The same on a slow disk.
const SLOW_SYNC_US: u64 = 900_000;

/// A machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) disk: Rc<RefCell<Disk>>,
    /// `None` while the node is off.
    pub(crate) process: Option<Process>,
    /// Counts starts, so that nothing reaches a process that was meant for the one before.
    pub(crate) incarnation: u32,
    /// What the clock shows more than the true time.
    pub(crate) clock_ms: i64,
    /// How many faults make it stand still.
    pub(crate) pauses: u32,
    /// What waits for a node that stands still; the links bound it.
    pub(crate) frozen: Vec<Event>,
    pub(crate) slow_disks: u32,
}

/// A running node.
pub(crate) struct Process {
    pub(crate) engine: Engine<DiskReader>,
    /// The link behind each neighbour.
    pub(crate) peers: BTreeMap<PeerKey, usize>,
    jobs: VecDeque<Job>,
    /// Jobs that the disk is busy with.
    writing: usize,
    wake_us: u64,
    ticked_us: u64,
    last_ticket: Ticket,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

impl Machine {
    pub(crate) fn new(fixture: &Fixture) -> Self {
        let genesis = fixture.genesis().into_iter().map(|(output, _)| output);
        Self {
            disk: Rc::new(RefCell::new(Disk::new(genesis))),
            process: None,
            incarnation: 0,
            clock_ms: 0,
            pauses: 0,
            frozen: Vec::new(),
            slow_disks: 0,
        }
    }

    /// Whether the node can do anything.
    pub(crate) const fn is_awake(&self) -> bool {
        self.process.is_some() && self.pauses == 0
    }

    /// What the clock shows.
    pub(crate) fn time(&self, now_us: u64) -> Time {
        Time((BEGIN_MS + now_us / 1_000).saturating_add_signed(self.clock_ms))
    }

    /// The true time at which the clock shows `time`.
    fn true_us(&self, time: Time) -> u64 {
        let true_ms = time.0.saturating_add_signed(-self.clock_ms);
        true_ms.saturating_sub(BEGIN_MS) * 1_000
    }

    /// The last confirmed milestone on the disk.
    pub(crate) fn ledger_index(&self) -> MilestoneIndex {
        self.disk.borrow().ledger_index()
    }
}

impl World<'_> {
    /// Starts a node from what is on its disk.
    pub(crate) fn start(&mut self, node: usize) -> Result<(), Breach> {
        let machine = &self.machines[node];
        if machine.process.is_some() {
            return Ok(());
        }
        let disk = Rc::clone(&machine.disk);
        let time = machine.time(self.queue.now_us());
        self.judge.started(node, &disk.borrow())?;
        let bootstrap = {
            let disk = disk.borrow();
            let is_forgetful = self.scenario.weakness == Some(Weakness::Reservation);
            let reservation = disk.reservation().filter(|_| !is_forgetful);
            self.fixture.bootstrap(disk.last(), reservation.cloned())
        };
        let ledger_index = bootstrap.ledger_index;
        let parts = self.parts(node, DiskReader(Rc::clone(&disk)));
        let mut engine = Engine::new(parts, bootstrap);
        let mut effects = Vec::new();
        let open = disk.borrow().open_blocks();
        for block in open {
            let input = Input::Block(block, Source::Replay);
            let Ok(()) = engine.step(time, input, &mut effects);
        }
        let Ok(()) = engine.resume(time, &mut effects);
        let now_us = self.queue.now_us();
        let machine = &mut self.machines[node];
        machine.incarnation += 1;
        machine.process = Some(Process {
            engine,
            peers: BTreeMap::new(),
            jobs: VecDeque::new(),
            writing: 0,
            wake_us: u64::MAX,
            ticked_us: now_us,
            last_ticket: Ticket::default(),
        });
        self.note(node, Happening::Starts { ledger_index });
        self.carry_out(node, effects)?;
        self.plan_wake(node);
        Ok(())
    }

    fn parts(&mut self, node: usize, store: DiskReader) -> Parts<DiskReader> {
        let is_greedy = self.has_weakness(node, Weakness::Memory);
        let factor = if is_greedy { 1_000 } else { 1 };
        let seed = self.chance.next();
        let coordinator = (node == 0).then(|| CoordinatorPart {
            config: CoordinatorConfig {
                interval_ms: INTERVAL_MS,
                pace: if self.mischief.is_on_demand {
                    Pace::OnDemand
                } else {
                    Pace::Steady
                },
            },
            keys: self.fixture.coordinator.clone(),
            seed,
        });
        Parts {
            store,
            keys: self.fixture.milestone_keys.clone(),
            tips: Box::new(UniformTips::new(UniformTipsConfig::default(), seed)),
            window: DagConfig {
                below_max_depth: self.fixture.parameters.below_max_depth,
                unsolid_count_max: UNSOLID_COUNT_MAX * factor,
                root_count_max: ROOT_COUNT_MAX,
            },
            unreferenced_count_max: UNREFERENCED_COUNT_MAX * factor,
            coordinator,
        }
    }

    /// Ends a node at once; what was not synced may be lost.
    pub(crate) fn crash(&mut self, node: usize) -> Result<(), Breach> {
        let Some(mut process) = self.machines[node].process.take() else {
            return Ok(());
        };
        let machine = &mut self.machines[node];
        machine.frozen.clear();
        let mut disk = machine.disk.borrow_mut();
        // Some of what the disk was busy with has reached it.
        for _ in 0..self.chance.index(process.writing + 1) {
            if let Some(job) = process.jobs.pop_front() {
                disk.write(&job)?;
                if matches!(job, Job::Commit(_)) {
                    self.judge.written(node, &disk)?;
                }
            }
        }
        let lost_count = disk.crash(&mut self.chance) + process.jobs.len();
        drop(disk);
        self.note(node, Happening::Crashes { lost_count });
        self.hang_up(node);
        Ok(())
    }

    /// One input to a node's engine and what follows from it.
    pub(crate) fn step(&mut self, node: usize, input: Input) -> Result<(), Breach> {
        let machine = &mut self.machines[node];
        let time = machine.time(self.queue.now_us());
        let Some(process) = &mut machine.process else {
            return Ok(());
        };
        let mut effects = std::mem::take(&mut self.effects);
        let Ok(()) = process.engine.step(time, input, &mut effects);
        self.effects = self.carry_out(node, effects)?;
        self.plan_wake(node);
        Ok(())
    }

    /// Does what an engine asks for, in order; gives the emptied list back.
    fn carry_out(&mut self, node: usize, mut effects: Vec<Effect>) -> Result<Vec<Effect>, Breach> {
        for effect in effects.drain(..) {
            match effect {
                Effect::Store(block) => {
                    self.blocks.remember(&block);
                    self.on_shown(node, &block)?;
                    self.enqueue(node, Job::Store(block));
                }
                Effect::Reserve(reservation) => {
                    let index = reservation.index;
                    self.note(node, Happening::Signs { index });
                    self.enqueue(node, Job::Reserve(Box::new(reservation)));
                }
                Effect::Commit(commit) => {
                    let index = commit.milestone.milestone.index;
                    let count = commit.diff.referenced.len();
                    let commit = self.weakened(node, commit, Weakness::Order);
                    self.note(node, Happening::Confirms { index, count });
                    self.judge.confirmed(node, &commit, &self.blocks)?;
                    let commit = self.weakened(node, commit, Weakness::Supply);
                    self.enqueue(node, Job::Commit(commit));
                }
                Effect::Released(_) => {}
                Effect::Accepted(_) => self.was_taken = Some(true),
                Effect::Refused(..) => self.was_taken = Some(false),
                Effect::Tips(_, tips) => self.tips = tips,
                Effect::Inspected(_, inspection) => self.inspection = inspection,
                Effect::Roots(..) | Effect::Weighed(..) => {}
                Effect::Checkpoint(parents) => {
                    let incarnation = self.machines[node].incarnation;
                    let wait_us = self.chance.wait(8_000);
                    let event = Event::Checkpoint {
                        node,
                        incarnation,
                        parents,
                    };
                    self.queue.after(wait_us, event);
                }
                Effect::Say(peer, message) => self.say(node, peer, &message),
                Effect::Spread { block, except } => {
                    self.blocks.remember(&block);
                    self.spread(node, &block, except);
                }
                Effect::Serve(peer, request) => self.serve(node, peer, request),
                Effect::AskCone(peer, request) => self.ask_cone(node, peer, request),
                Effect::ServeCone(peer, request) => self.serve_cone(node, peer, request),
                Effect::Drop {
                    peer,
                    reason,
                    ban_ms,
                } => self.drop_peer(node, peer, reason, ban_ms)?,
                Effect::Halted(halt) => {
                    self.note(node, Happening::Halts);
                    let reason = halt.to_string();
                    return Err(Breach::Halted { node, reason });
                }
            }
        }
        Ok(effects)
    }

    fn enqueue(&mut self, node: usize, job: Job) {
        if self.has_weakness(node, Weakness::Solidity)
            && matches!(job, Job::Store(_))
            && self.chance.hits(50)
        {
            return;
        }
        if let Some(process) = &mut self.machines[node].process {
            process.jobs.push_back(job);
        }
        self.begin_write(node);
    }

    /// Lets the disk take what waits, up to the first record that needs a sync.
    fn begin_write(&mut self, node: usize) {
        if self.has_weakness(node, Weakness::Memory) && self.queue.now_us() > WEAK_FROM_US {
            return;
        }
        let machine = &mut self.machines[node];
        let incarnation = machine.incarnation;
        let Some(process) = machine.process.as_mut().filter(|it| it.writing == 0) else {
            return;
        };
        let needs_sync = |job: &Job| !matches!(job, Job::Store(_));
        let sync_at = process.jobs.iter().position(needs_sync);
        let count = sync_at.map_or(process.jobs.len(), |position| position + 1);
        if count == 0 {
            return;
        }
        process.writing = count;
        let mean_us = match sync_at {
            None => WRITE_US,
            Some(_) if machine.slow_disks > 0 => SLOW_SYNC_US,
            Some(_) => SYNC_US,
        };
        let wait_us = self.chance.wait(mean_us);
        self.queue
            .after(wait_us, Event::Written { node, incarnation });
    }

    /// The disk is done.
    pub(crate) fn on_written(&mut self, node: usize) -> Result<(), Breach> {
        let machine = &mut self.machines[node];
        let Some(process) = &mut machine.process else {
            return Ok(());
        };
        let jobs: Vec<Job> = process.jobs.drain(..process.writing).collect();
        process.writing = 0;
        let mut disk = machine.disk.borrow_mut();
        let mut done = None;
        for job in &jobs {
            disk.write(job)?;
            match job {
                Job::Store(_) => {}
                Job::Reserve(reservation) => done = Some(Input::Reserved(reservation.index)),
                Job::Commit(commit) => {
                    self.judge.written(node, &disk)?;
                    done = Some(Input::Committed(commit.milestone.milestone.index));
                }
            }
        }
        let is_liar = self.scenario.weakness == Some(Weakness::Sync) && node == 0;
        if done.is_some() && !is_liar {
            disk.sync();
        }
        drop(disk);
        if let Some(done) = done {
            if let Input::Committed(index) = done {
                self.judge.durable(node, index);
                self.note(node, Happening::Durable { index });
            }
            self.step(node, done)?;
        }
        self.begin_write(node);
        Ok(())
    }

    /// Time has passed for a node.
    pub(crate) fn on_wake(&mut self, node: usize) -> Result<(), Breach> {
        let now_us = self.queue.now_us();
        let Some(process) = &mut self.machines[node].process else {
            return Ok(());
        };
        if process.wake_us > now_us {
            return Ok(());
        }
        process.wake_us = u64::MAX;
        process.ticked_us = now_us;
        self.step(node, Input::Tick)
    }

    /// Plans the next tick.
    pub(crate) fn plan_wake(&mut self, node: usize) {
        let now_us = self.queue.now_us();
        let machine = &mut self.machines[node];
        let (incarnation, due_us) = (machine.incarnation, {
            let due = machine.process.as_ref().and_then(|it| it.engine.due());
            due.map_or(u64::MAX, |due| machine.true_us(due))
        });
        let Some(process) = &mut machine.process else {
            return;
        };
        // No more than one tick in a millisecond, as clocks do not show less.
        let soonest_us = (process.ticked_us + 1_000).max(now_us);
        let wake_us = due_us.max(soonest_us).min(process.ticked_us + TICK_US);
        if wake_us < process.wake_us {
            process.wake_us = wake_us;
            self.queue.at(wake_us, Event::Wake { node, incarnation });
        }
    }

    /// Tips that a node offers.
    pub(crate) fn ask_tips(&mut self, node: usize, count: usize) -> Result<Vec<BlockId>, Breach> {
        self.tips.clear();
        let request = TipRequest {
            count,
            semi_lazy: false,
        };
        let ticket = self.ticket(node);
        self.step(node, Input::Tips(ticket, request))?;
        Ok(std::mem::take(&mut self.tips))
    }

    /// A question's name.
    pub(crate) fn ticket(&mut self, node: usize) -> Ticket {
        let process = self.machines[node].process.as_mut();
        process.map_or(Ticket::default(), |process| {
            process.last_ticket = process.last_ticket.next();
            process.last_ticket
        })
    }

    /// The coordinator's helper has made a checkpoint.
    pub(crate) fn on_checkpoint(&mut self, node: usize, parents: &[BlockId]) -> Result<(), Breach> {
        let block = self.blocks.block(parents, None);
        self.step(node, Input::Block(block, Source::Checkpoint))
    }

    /// Whatever a node shows must be durable, and there is one milestone for an index.
    fn on_shown(
        &mut self,
        node: usize,
        block: &Arc<tangle_engine::CheckedBlock>,
    ) -> Result<(), Breach> {
        let (Some(id), Some(index)) = (block.milestone_id(), index_of(block)) else {
            return Ok(());
        };
        self.judge.shown(index, id)?;
        let disk = self.machines[node].disk.borrow();
        let is_kept = disk.reservation().is_some_and(|kept| kept.index >= index);
        if node == 0 && !is_kept {
            return Err(Breach::ShownEarly { index });
        }
        Ok(())
    }
}

/// The index of the milestone in a block.
pub(crate) fn index_of(block: &tangle_engine::CheckedBlock) -> Option<MilestoneIndex> {
    match &block.parsed().block.payload {
        Some(tangle_types::Payload::Milestone(milestone)) => Some(milestone.index),
        _ => None,
    }
}
