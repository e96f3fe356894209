//! The run: all views over one store, driven by the queue.

use tangle_dag::Chance;

use super::links::Links;
use super::queue::{Entry, Queue};
use super::scenario::{Scenario, ScenarioError};
use super::view::{Bits, NodeView, Waiting};
use super::{Report, Sink, Solid};
use crate::growth::events::join;
use crate::growth::measures::Durations;

/// A target with this bit is an issuer whose turn it is.
const ISSUE: u32 = 1 << 31;
/// A target with this bit is the number of a question that has come to a neighbour.
const QUESTION: u32 = 1 << 30;
/// No parent.
const NONE: u32 = u32::MAX;
/// The turn at which a node that asks its neighbours, round after round, gives up.
const TURNS_MAX: u16 = 1_000;

/// What chance is needed for. Each has a stream of its own.
#[derive(Clone, Copy)]
enum Purpose {
    Arrivals = 1,
    Ways = 2,
    Choices = 3,
    Links = 4,
    Issuers = 5,
}

impl Purpose {
    const fn stream(self, seed: u64) -> Chance {
        Chance::stream(seed, self as u64)
    }
}

/// A node asks a neighbour for a transaction.
#[derive(Clone, Copy, Debug)]
struct Question {
    by: u32,
    of: u32,
    latency: u32,
    turn: u16,
}

/// All transactions, by number.
#[derive(Debug)]
struct Store {
    parent_count_max: usize,
    parents: Vec<u32>,
    issued: Vec<u64>,
}

impl Store {
    fn parents(&self, block: u32) -> &[u32] {
        let start = block as usize * self.parent_count_max;
        let all = &self.parents[start..start + self.parent_count_max];
        let count = all.iter().position(|parent| *parent == NONE);
        &all[..count.unwrap_or(all.len())]
    }

    fn add(&mut self, at: u64, parents: &[u32]) {
        self.issued.push(at);
        self.parents.extend(parents);
        let end = self.issued.len() * self.parent_count_max;
        self.parents.resize(end, NONE);
    }
}

#[derive(Debug, Default)]
struct Counts {
    deliveries: u64,
    duplicates: u64,
    losses: u64,
    waits: u64,
    requests: u64,
    given_up: u64,
    tips: u64,
    tip_samples: u64,
}

/// A run in progress.
#[derive(Debug)]
pub(super) struct World {
    scenario: Scenario,
    arrivals: Chance,
    choices: Chance,
    issuers: Chance,
    ways_seed: u64,
    links: Links,
    /// The quickest ways from each issuer to all nodes, in microseconds.
    ways: Vec<Vec<u32>>,
    store: Store,
    known: Bits,
    solid: Bits,
    views: Vec<NodeView>,
    queue: Queue,
    questions: Vec<Question>,
    free_questions: Vec<u32>,
    /// Transactions before this number are not measured.
    from: u32,
    /// Number and time of the next one that is issued.
    next: u32,
    next_at: u64,
    arrived: f64,
    counts: Counts,
    times_to_solid: Durations,
    waits: Durations,
    digest: u64,
    /// Space for what becomes solid.
    stack: Vec<u32>,
}

impl World {
    pub(super) fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let seed = scenario.seed;
        let links = Links::new(&scenario, &mut Purpose::Links.stream(seed));
        let issuers = 0..scenario.issuers.unwrap_or(scenario.nodes);
        let ways: Vec<Vec<u32>> = issuers.map(|issuer| links.ways(issuer)).collect();
        let longest = ways.iter().flatten().copied().max().unwrap_or(0);
        // A question that is answered with no goes on to another neighbour.
        let longest_ms = f64::from(longest) / 1e3;
        let most_ms = longest_ms.max(2.0 * scenario.latency_max_ms) + scenario.jitter_ms + 1.0;
        let shortest_ms = scenario.latency_min_ms;
        let queue = Queue::new((shortest_ms * 1e6) as u64 - 1_000, (most_ms * 1e6) as u64);
        let queue = queue.ok_or(ScenarioError::Ways {
            longest_ms,
            shortest_ms,
        })?;
        let blocks = scenario.transactions + 1;
        let mut world = Self {
            arrivals: Purpose::Arrivals.stream(seed),
            choices: Purpose::Choices.stream(seed),
            issuers: Purpose::Issuers.stream(seed),
            ways_seed: Purpose::Ways.stream(seed).next(),
            links,
            ways,
            store: Store {
                parent_count_max: scenario.parents as usize,
                parents: Vec::new(),
                issued: Vec::new(),
            },
            known: Bits::new(scenario.nodes, blocks),
            solid: Bits::new(scenario.nodes, blocks),
            views: (0..scenario.nodes).map(|_| NodeView::default()).collect(),
            queue,
            questions: Vec::new(),
            free_questions: Vec::new(),
            from: (f64::from(scenario.transactions) * scenario.warm_up_share) as u32 + 1,
            next: 1,
            next_at: 0,
            arrived: 0.0,
            counts: Counts::default(),
            times_to_solid: Durations::new(),
            waits: Durations::new(),
            digest: 0,
            stack: Vec::new(),
            scenario,
        };
        world.begin();
        Ok(world)
    }

    /// All have the genesis.
    fn begin(&mut self) {
        self.store.add(0, &[]);
        for (node, view) in (0..).zip(&mut self.views) {
            self.known.set(node, 0);
            self.solid.set(node, 0);
            view.tips.add(0);
        }
        self.draw_arrival();
    }

    fn draw_arrival(&mut self) {
        self.arrived += self.arrivals.wait() * 1e9 / self.scenario.per_second;
        // No two at once, so that numbers are in order of time.
        self.next_at = (self.arrived as u64).max(self.next_at + 1);
    }

    pub(super) fn run(mut self, mut sink: Option<Sink<'_>>) -> Report {
        let mut entries = Vec::new();
        let mut now = 0;
        while self.next <= self.scenario.transactions || !self.queue.is_empty() {
            self.plan_issues();
            self.queue.take(&mut entries);
            for entry in &entries {
                now = entry.at;
                self.on_event(entry, &mut sink);
            }
        }
        self.report(now)
    }

    /// Plans what is issued in the part of time in hand: arrivals depend on nothing.
    fn plan_issues(&mut self) {
        let end = self.queue.end();
        while self.next <= self.scenario.transactions && self.next_at < end {
            let count = self.ways.len();
            let issuer = self.issuers.below(count) as u32;
            self.queue.push(Entry {
                at: self.next_at,
                target: ISSUE | issuer,
                block: self.next,
            });
            self.next += 1;
            self.draw_arrival();
        }
    }

    fn on_event(&mut self, entry: &Entry, sink: &mut Option<Sink<'_>>) {
        let Entry { at, target, block } = *entry;
        if target & ISSUE != 0 {
            self.issue(at, target & !ISSUE, block, sink);
        } else if target & QUESTION != 0 {
            self.on_question(at, target & !QUESTION, block);
        } else if self.known.set(target, block) {
            self.counts.deliveries += 1;
            self.arrive(at, target, block, sink);
        } else {
            self.counts.duplicates += 1;
        }
    }

    /// A node issues a transaction on what it sees.
    fn issue(&mut self, at: u64, node: u32, block: u32, sink: &mut Option<Sink<'_>>) {
        let tips = &self.views[node as usize].tips;
        if block >= self.from {
            self.counts.tips += tips.len() as u64;
            self.counts.tip_samples += 1;
        }
        let mut parents = [NONE; 8];
        let mut count = 0;
        for _ in 0..self.scenario.parents {
            let parent = tips.at(self.choices.below(tips.len()));
            if !parents[..count].contains(&parent) {
                parents[count] = parent;
                count += 1;
            }
        }
        self.store.add(at, &parents[..count]);
        self.known.set(node, block);
        self.become_solid(at, node, block, sink);
        self.spread(at, node, block);
    }

    /// Plans when a transaction comes to all other nodes.
    fn spread(&mut self, at: u64, node: u32, block: u32) {
        let mut chance = Chance::stream(self.ways_seed, u64::from(block));
        let jitter = (self.scenario.jitter_ms * 1e6) as u64;
        let loss = (self.scenario.loss_share * f64::from(1_u32 << 31) * 2.0) as u64;
        for (other, way) in (0..).zip(&self.ways[node as usize]) {
            // One half of the draw says whether it is lost, the other one how late it is.
            let draw = chance.next();
            if other == node {
                continue;
            }
            if draw & u64::from(u32::MAX) < loss {
                self.counts.losses += 1;
                continue;
            }
            let late = ((draw >> 32) * jitter) >> 32;
            self.queue.push(Entry {
                at: at + u64::from(*way) * 1_000 + late,
                target: other,
                block,
            });
        }
    }

    /// A node gets a transaction that it did not know.
    fn arrive(&mut self, at: u64, node: u32, block: u32, sink: &mut Option<Sink<'_>>) {
        let parents = self.store.parents(block);
        let is_ready = |parent: &u32| self.solid.has(node, *parent);
        if parents.iter().all(is_ready) {
            self.become_solid(at, node, block, sink);
            return;
        }
        self.counts.waits += 1;
        for position in 0..parents.len() {
            let parent = self.store.parents(block)[position];
            if self.solid.has(node, parent) {
                continue;
            }
            let waiting = &mut self.views[node as usize].waiting;
            let is_asked = waiting.iter().any(|it| it.parent == parent);
            waiting.push(Waiting {
                parent,
                child: block,
                since: at,
            });
            if !is_asked && !self.known.has(node, parent) {
                let turn = (block % 64) as u16;
                self.ask(at, node, parent, turn);
            }
        }
    }

    /// A node asks the neighbour whose turn it is.
    fn ask(&mut self, at: u64, node: u32, block: u32, turn: u16) {
        self.counts.requests += 1;
        let (of, latency) = self.links.neighbour(node, usize::from(turn));
        let question = Question {
            by: node,
            of,
            latency,
            turn,
        };
        let number = match self.free_questions.pop() {
            Some(number) => {
                self.questions[number as usize] = question;
                number
            }
            None => {
                self.questions.push(question);
                self.questions.len() as u32 - 1
            }
        };
        self.queue.push(Entry {
            at: at + u64::from(latency) * 1_000,
            target: QUESTION | number,
            block,
        });
    }

    /// A question is with the neighbour: it sends what it has, or says that it has nothing.
    fn on_question(&mut self, at: u64, number: u32, block: u32) {
        let question = self.questions[number as usize];
        let back = at + u64::from(question.latency) * 1_000;
        self.free_questions.push(number);
        if self.known.has(question.of, block) {
            self.queue.push(Entry {
                at: back,
                target: question.by,
                block,
            });
            return;
        }
        if self.known.has(question.by, block) {
            return;
        }
        if question.turn == TURNS_MAX {
            self.counts.given_up += 1;
            return;
        }
        self.ask(back, question.by, block, question.turn + 1);
    }

    /// A transaction whose parents are all solid at a node is solid there, and so may others be
    /// that waited for it.
    fn become_solid(&mut self, at: u64, node: u32, block: u32, sink: &mut Option<Sink<'_>>) {
        let mut stack = std::mem::take(&mut self.stack);
        stack.push(block);
        while let Some(block) = stack.pop() {
            self.solid.set(node, block);
            self.note(at, node, block, sink);
            let view = &mut self.views[node as usize];
            for parent in self.store.parents(block) {
                view.tips.remove(*parent);
            }
            view.tips.add(block);
            let mut position = 0;
            while let Some(waiting) = view.waiting.get(position).copied() {
                if waiting.parent != block {
                    position += 1;
                    continue;
                }
                view.waiting.swap_remove(position);
                let mut parents = self.store.parents(waiting.child).iter();
                if parents.all(|parent| self.solid.has(node, *parent)) {
                    self.waits.add(at - waiting.since);
                    stack.push(waiting.child);
                }
            }
        }
        self.stack = stack;
    }

    fn note(&mut self, at: u64, node: u32, block: u32, sink: &mut Option<Sink<'_>>) {
        let place = u64::from(node) << 32 | u64::from(block);
        self.digest = join(join(self.digest, at), place);
        let took = at - self.store.issued[block as usize];
        if block >= self.from && took > 0 {
            self.times_to_solid.add(took);
        }
        if let Some(sink) = sink {
            sink(&Solid {
                at_ns: at,
                node,
                serial: block,
                parents: self.store.parents(block),
            });
        }
    }

    fn report(self, now: u64) -> Report {
        let counts = &self.counts;
        let nodes = u64::from(self.scenario.nodes);
        let pairs = nodes * self.store.issued.len() as u64;
        let tips_mean = counts.tips as f64 / counts.tip_samples.max(1) as f64;
        let solid_mean_seconds = self.times_to_solid.mean();
        Report {
            virtual_seconds: now as f64 / 1e9,
            deliveries: counts.deliveries,
            duplicates: counts.duplicates,
            losses: counts.losses,
            waits: counts.waits,
            requests: counts.requests,
            given_up: counts.given_up,
            never_solid: pairs - self.solid.count(),
            solid_mean_seconds,
            solid_median_seconds: self.times_to_solid.quantile(0.5),
            solid_p99_seconds: self.times_to_solid.quantile(0.99),
            wait_mean_seconds: self.waits.mean(),
            tips_mean,
            tips_ratio: tips_mean / (self.scenario.per_second * solid_mean_seconds),
            digest: format!("{:016x}", self.digest),
            scenario: self.scenario,
        }
    }
}
