//! All of it together: machines, links, people and adversaries in one virtual time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tangle_dag::TipScore;
use tangle_engine::{CheckedBlock, Effect, Input, Inspection};
use tangle_sync::PeerKey;
use tangle_types::{BlockId, MilestoneIndex};

use super::adversary::Adversary;
use super::blocks::Blocks;
use super::breach::Breach;
use super::clients::Clients;
use super::faults::{self, Fault};
use super::fixture::Fixture;
use super::judge::Judge;
use super::links::Links;
use super::machine::{Machine, UNREFERENCED_COUNT_MAX, UNSOLID_COUNT_MAX};
use super::queue::Queue;
use super::scenario::{Mischief, Scenario, Weakness};
use super::trace::{Happening, Sink, Trace};
use super::wire::Letter;
use super::{Counts, Report, Violation};
use crate::chance::{Chance, Purpose};

/// How often everything is looked at.
const LOOK_US: u64 = 250_000;
/// When people begin.
const CLIENTS_US: u64 = 500_000;
/// After healing: when it is first tried to send honest blocks that must be confirmed.
const PROBE_US: u64 = 3_000_000;
/// How often that is tried until all nodes have caught up.
const PROBE_AGAIN_US: u64 = 500_000;
/// How long people wait for a block to be confirmed before they send another one in its place.
const RESEND_US: u64 = 4_000_000;
/// After healing: when all must have caught up.
const DEADLINE_US: u64 = 60_000_000;
/// After that: when the honest blocks must be confirmed.
const PROBED_DEADLINE_US: u64 = 18_000_000;
/// Blocks of the past that are named when one is left behind.
const BLAMED_COUNT_MAX: usize = 3;
/// Milestones that a node may lag behind the coordinator at any moment.
const LAG_MAX: u32 = 2;
/// Events of one run; far more than any run needs.
const EVENT_COUNT_MAX: u64 = 20_000_000;
/// The most tips, which no rule of the protocol bounds but the window.
const TIP_COUNT_MAX: usize = UNREFERENCED_COUNT_MAX + UNSOLID_COUNT_MAX;
/// The window: blocks that wait for a milestone, those that wait for parents, and those that got
/// in above the limit because others waited for them.
const WINDOW_COUNT_MAX: usize = UNREFERENCED_COUNT_MAX + 3 * UNSOLID_COUNT_MAX;

/// What may happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// Time has passed for a node.
    Wake { node: usize, incarnation: u32 },
    /// A node's disk is done.
    Written { node: usize, incarnation: u32 },
    /// A checkpoint is made.
    Checkpoint {
        node: usize,
        incarnation: u32,
        parents: Vec<BlockId>,
    },
    /// A client's block arrives.
    Submit {
        node: usize,
        incarnation: u32,
        block: Arc<CheckedBlock>,
    },
    /// A link is tried.
    Dial { link: usize },
    /// An end learns that it is connected.
    Connected {
        link: usize,
        side: usize,
        serial: u32,
    },
    /// An end learns that a connection is gone.
    Broken {
        end: usize,
        incarnation: u32,
        peer: PeerKey,
    },
    /// A message from `ends[side]` arrives.
    Deliver {
        link: usize,
        side: usize,
        serial: u32,
        message: Letter,
    },
    /// Somebody sends something.
    Client,
    /// An adversary does something.
    Adversary(usize),
    /// Something breaks for a while.
    Fault(Fault, u64),
    /// It is well again.
    FaultEnds(Fault),
    /// All is well from now on.
    Heal,
    /// Honest blocks are sent.
    Probe,
    /// Everything is looked at.
    Look,
}

/// A run under way.
pub(crate) struct World<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) mischief: Mischief,
    pub(crate) fixture: Fixture,
    pub(crate) queue: Queue<Event>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) links: Links,
    pub(crate) blocks: Blocks,
    pub(crate) clients: Clients,
    pub(crate) adversaries: Vec<Adversary>,
    pub(crate) judge: Judge,
    pub(crate) counts: Counts,
    pub(crate) chance: Chance,
    pub(crate) is_healed: bool,
    pub(crate) are_clients_quiet: bool,
    /// The list of effects, kept so that it need not be made anew.
    pub(crate) effects: Vec<Effect>,
    /// The engine's last answers.
    pub(crate) tips: Vec<BlockId>,
    pub(crate) was_taken: Option<bool>,
    pub(crate) inspection: Option<Inspection>,
    /// The honest blocks that each node has taken after healing. One of each has to be confirmed by
    /// all; a few are sent, as people do whose block is not confirmed soon.
    probes: Vec<Vec<BlockId>>,
    healed_us: u64,
    probed_us: Option<u64>,
    is_done: bool,
    trace: Trace<'a>,
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &Scenario, sink: Option<Sink<'a>>) -> Self {
        let fixture = Fixture::new();
        let stream = |purpose| Chance::new(scenario.seed, purpose);
        let mischief = Mischief::draw(scenario);
        let node_count = scenario.node_count;
        let genesis: Vec<_> = fixture.genesis().into_iter().map(|(it, _)| it.id).collect();
        let mut topology = stream(Purpose::Topology);
        let links = Links::new(
            node_count,
            mischief.adversaries,
            &mischief,
            &mut topology,
            stream(Purpose::Links),
        );
        let mut adversary_chance = stream(Purpose::Adversary);
        let adversaries = (node_count..node_count + mischief.adversaries).map(|end| {
            let chance = Chance::new(adversary_chance.next(), Purpose::Adversary);
            Adversary::new(end, mischief.attacks.clone(), chance)
        });
        Self {
            adversaries: adversaries.collect(),
            queue: Queue::new(),
            machines: (0..node_count).map(|_| Machine::new(&fixture)).collect(),
            links,
            blocks: Blocks::new(fixture.clone()),
            clients: Clients::new(&fixture, stream(Purpose::Clients)),
            judge: Judge::new(node_count, genesis),
            counts: Counts::default(),
            chance: stream(Purpose::Nodes),
            is_healed: false,
            are_clients_quiet: false,
            effects: Vec::new(),
            tips: Vec::new(),
            was_taken: None,
            inspection: None,
            probes: vec![Vec::new(); node_count],
            healed_us: 0,
            probed_us: None,
            is_done: false,
            trace: Trace::new(sink),
            scenario: scenario.clone(),
            mischief,
            fixture,
        }
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Report {
        let result = self.begin().and_then(|()| self.go_on());
        self.counts.milestones = u64::from(self.judge.newest().0);
        self.counts.events = self.trace.count();
        self.counts.virtual_ms = self.queue.now_us() / 1_000;
        Report {
            seed: self.scenario.seed,
            counts: self.counts,
            digest: self.trace.digest(),
            violation: result.err().map(|breach| Violation {
                breach,
                at_ms: self.queue.now_us() / 1_000,
                last_events: self.trace.last(),
            }),
        }
    }

    fn begin(&mut self) -> Result<(), Breach> {
        let end_us = u64::from(self.scenario.milestone_count) * 1_000_000;
        let node_count = self.machines.len();
        let plan = faults::plan(self.scenario.seed, &self.mischief, node_count, end_us);
        for (at_us, length_us, fault) in plan.0 {
            self.queue.at(at_us, Event::Fault(fault, length_us));
        }
        for node in 0..node_count {
            let skew_ms = self.chance.between(0, 2 * self.mischief.skew_ms);
            self.machines[node].clock_ms =
                skew_ms.cast_signed() - self.mischief.skew_ms.cast_signed();
            if node + self.mischief.late_nodes < node_count {
                self.start(node)?;
            }
        }
        for link in 0..self.links.len() {
            self.queue.after(0, Event::Dial { link });
        }
        self.queue.at(CLIENTS_US, Event::Client);
        for number in 0..self.adversaries.len() {
            self.queue.at(CLIENTS_US, Event::Adversary(number));
        }
        self.queue.at(LOOK_US, Event::Look);
        self.queue.at(end_us, Event::Heal);
        Ok(())
    }

    fn go_on(&mut self) -> Result<(), Breach> {
        while !self.is_done {
            let Some(event) = self.queue.next() else {
                return Ok(());
            };
            if self.queue.planned_count() > EVENT_COUNT_MAX {
                let limit = EVENT_COUNT_MAX;
                return Err(Breach::Endless { limit });
            }
            self.on_event(event)?;
        }
        for (node, machine) in self.machines.iter().enumerate() {
            self.judge.recount(node, &machine.disk.borrow())?;
        }
        Ok(())
    }

    fn on_event(&mut self, event: Event) -> Result<(), Breach> {
        if let Some((node, incarnation)) = self.addressee(&event) {
            let Some(machine) = self.machines.get_mut(node) else {
                return self.dispatch(event);
            };
            if incarnation.is_some_and(|it| it != machine.incarnation) {
                return Ok(());
            }
            if machine.pauses > 0 {
                machine.frozen.push(event);
                return Ok(());
            }
        }
        self.dispatch(event)
    }

    /// Which node an event is for, and for which of its lives.
    fn addressee(&self, event: &Event) -> Option<(usize, Option<u32>)> {
        match event {
            Event::Wake { node, incarnation }
            | Event::Written { node, incarnation }
            | Event::Checkpoint {
                node, incarnation, ..
            }
            | Event::Submit {
                node, incarnation, ..
            }
            | Event::Broken {
                end: node,
                incarnation,
                ..
            } => Some((*node, Some(*incarnation))),
            Event::Connected { link, side, .. } => Some((self.links.get(*link).ends[*side], None)),
            Event::Deliver { link, side, .. } => {
                Some((self.links.get(*link).ends[1 - *side], None))
            }
            _ => None,
        }
    }

    fn dispatch(&mut self, event: Event) -> Result<(), Breach> {
        match event {
            Event::Wake { node, .. } => self.on_wake(node),
            Event::Written { node, .. } => self.on_written(node),
            Event::Checkpoint { node, parents, .. } => self.on_checkpoint(node, &parents),
            Event::Submit { node, block, .. } => self.on_submit(node, &block).map(|_| ()),
            Event::Dial { link } => {
                self.on_dial(link);
                Ok(())
            }
            Event::Connected { link, side, serial } => self.on_connected(link, side, serial),
            Event::Broken { end, peer, .. } => self.on_broken(end, peer),
            Event::Deliver {
                link,
                side,
                serial,
                message,
            } => self.on_deliver(link, side, serial, message),
            Event::Client => self.on_client(),
            Event::Adversary(number) => self.on_adversary(number),
            Event::Fault(fault, length_us) => self.on_fault(fault, length_us),
            Event::FaultEnds(fault) => self.on_fault_end(fault),
            Event::Heal => {
                self.healed_us = self.queue.now_us();
                self.queue.after(PROBE_US, Event::Probe);
                self.heal()
            }
            Event::Probe => self.on_probe(),
            Event::Look => self.on_look(),
        }
    }

    /// Once all have caught up, sends an honest block through each node, and again through those
    /// whose block is not confirmed after a while.
    fn on_probe(&mut self) -> Result<(), Breach> {
        self.are_clients_quiet = true;
        if self.laggard().is_some() {
            self.queue.after(PROBE_AGAIN_US, Event::Probe);
            return Ok(());
        }
        let now_us = self.queue.now_us();
        self.probed_us.get_or_insert(now_us);
        for node in 0..self.machines.len() {
            if self.unconfirmed(node).is_some()
                && let Some(block) = self.make(node, None)?
                && self.on_submit(node, &block)?
            {
                self.probes[node].push(block.id());
            }
        }
        self.queue.after(RESEND_US, Event::Probe);
        Ok(())
    }

    /// A node that is behind the coordinator.
    fn laggard(&self) -> Option<usize> {
        let newest = self.machines[0].ledger_index();
        let is_behind = |machine: &Machine| machine.ledger_index().0 + LAG_MAX < newest.0;
        self.machines.iter().position(is_behind)
    }

    fn on_look(&mut self) -> Result<(), Breach> {
        self.queue.after(LOOK_US, Event::Look);
        for node in 0..self.machines.len() {
            self.check_memory(node)?;
        }
        if !self.is_healed {
            return Ok(());
        }
        let newest = self.machines[0].ledger_index();
        let are_equal = self
            .machines
            .iter()
            .all(|machine| machine.ledger_index() == newest);
        let missing = self.missing_probe();
        if are_equal && missing.is_none() {
            self.is_done = true;
            return Ok(());
        }
        let now_us = self.queue.now_us();
        let deadline_us = match self.probed_us {
            Some(probed_us) => probed_us + PROBED_DEADLINE_US,
            None => self.healed_us + DEADLINE_US,
        };
        if now_us < deadline_us {
            return Ok(());
        }
        let seconds = (now_us - self.healed_us) / 1_000_000;
        if let Some(node) = self.laggard() {
            return Err(self.stuck(node, newest, seconds));
        }
        match missing {
            Some((node, Some(block))) => Err(Breach::LeftBehind {
                node,
                block,
                seconds,
                status: self.standing(node, &block)?,
            }),
            Some((node, None)) => Err(Breach::Shut { node, seconds }),
            None => Ok(()),
        }
    }

    fn stuck(&self, node: usize, newest: MilestoneIndex, seconds: u64) -> Breach {
        let machine = &self.machines[node];
        let time = machine.time(self.queue.now_us());
        let blocker = machine.process.as_ref().map(|it| it.engine.blocker(time));
        let status = match blocker {
            Some(Some(blocker)) => blocker.to_string(),
            Some(None) => "says that it is synced".to_owned(),
            None => "is off".to_owned(),
        };
        Breach::Stuck {
            node,
            found: machine.ledger_index(),
            newest,
            seconds,
            status,
        }
    }

    /// Where a block stands on a node, and what of its past is to blame.
    fn standing(&mut self, node: usize, id: &BlockId) -> Result<String, Breach> {
        let mut text = self.standing_of(node, id)?.0;
        let mut seen = BTreeSet::from([*id]);
        let mut queue = VecDeque::from([*id]);
        let mut blamed_count = 0;
        while let Some(id) = queue.pop_front()
            && blamed_count < BLAMED_COUNT_MAX
        {
            let mut is_to_blame = true;
            let parents = self.blocks.find(&id).map(|it| it.parents().to_vec());
            for parent in parents.unwrap_or_default() {
                let (_, is_well) = self.standing_of(node, &parent)?;
                is_to_blame &= is_well || parent.is_zero();
                if !is_well && !parent.is_zero() && seen.insert(parent) {
                    queue.push_back(parent);
                }
            }
            if is_to_blame {
                blamed_count += 1;
                text.push_str("; because of ");
                text.push_str(&self.standing_of(node, &id)?.0);
            }
        }
        Ok(text)
    }

    /// Where a block stands on a node, and whether it may be confirmed or is.
    fn standing_of(&mut self, node: usize, id: &BlockId) -> Result<(String, bool), Breach> {
        let disk = self.machines[node].disk.borrow();
        let (metadata, is_stored) = (disk.metadata_of(id), disk.block(id).is_some());
        drop(disk);
        if let Some(metadata) = metadata {
            return Ok((
                format!("{id} of milestone {}", metadata.referenced_by),
                true,
            ));
        }
        let ticket = self.ticket(node);
        self.step(node, Input::Inspect(ticket, *id))?;
        Ok(match self.inspection.take() {
            Some(Inspection::Referenced(index)) => {
                (format!("{id} of milestone {index}, not durable"), true)
            }
            Some(Inspection::Unreferenced { score, .. }) => match score {
                Some(score) => {
                    let is_well = score != TipScore::BelowMaxDepth;
                    (format!("{id} solid, {score:?}"), is_well)
                }
                None => (format!("{id} waiting"), false),
            },
            None if is_stored => (format!("{id} given up"), false),
            None => (format!("{id} unknown"), false),
        })
    }

    /// A node through which no honest block was confirmed by all, with one that lacks it and the
    /// newest block.
    fn missing_probe(&self) -> Option<(usize, Option<BlockId>)> {
        (0..self.machines.len()).find_map(|taker| self.unconfirmed(taker))
    }

    /// If no honest block that went through `taker` is confirmed by all: a node that lacks the
    /// newest one, and that block.
    fn unconfirmed(&self, taker: usize) -> Option<(usize, Option<BlockId>)> {
        let mut lacking = (taker, None);
        for id in &self.probes[taker] {
            let is_lacking = |machine: &Machine| machine.disk.borrow().metadata_of(id).is_none();
            let node = self.machines.iter().position(is_lacking)?;
            lacking = (node, Some(*id));
        }
        Some(lacking)
    }

    fn check_memory(&mut self, node: usize) -> Result<(), Breach> {
        let Some(process) = &self.machines[node].process else {
            return Ok(());
        };
        let summary = process.engine.summary();
        let bounds = [
            (
                "unreferenced blocks",
                summary.unreferenced_count,
                WINDOW_COUNT_MAX,
            ),
            ("tips", summary.tip_count, TIP_COUNT_MAX),
        ];
        for (what, found, limit) in bounds {
            if found > limit {
                return Err(Breach::Memory {
                    node,
                    what,
                    found,
                    limit,
                });
            }
        }
        let largest = &mut self.counts.unreferenced_max;
        *largest = (*largest).max(summary.unreferenced_count as u64);
        Ok(())
    }

    /// Writes down what happened to a node.
    pub(crate) fn note(&mut self, node: usize, happening: Happening) {
        self.trace.note(self.queue.now_us(), node, happening);
    }

    /// Whether a node is the one that has this weakness.
    pub(crate) fn has_weakness(&self, node: usize, weakness: Weakness) -> bool {
        self.scenario.weakness == Some(weakness) && node == 1
    }

    /// Which life a node is in.
    pub(crate) fn incarnation(&self, node: usize) -> u32 {
        self.machines.get(node).map_or(0, |it| it.incarnation)
    }
}
