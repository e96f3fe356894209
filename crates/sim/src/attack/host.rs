//! Real engines that see the blocks of a trial: a coordinator, another node, and for some attacks
//! one more that the attacker runs with keys of the coordinator's.
//!
//! What the attacker achieved is read off what the engines apply to their ledgers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use tangle_consensus::{CoordinatorConfig, Pace};
use tangle_dag::{DagConfig, UniformTips, UniformTipsConfig};
use tangle_engine::{
    CheckedBlock, CoordinatorPart, Effect, Engine, Input, MilestoneCommit, Parts, Source, Time,
};
use tangle_types::{BlockId, Inclusion, MilestoneId, Payload};

use super::setup::{Attack, Setup};
use super::sight::Side;
use crate::net::blocks::{Blocks, Coin, Spending};
use crate::net::disk::{Disk, DiskReader, Job};
use crate::net::fixture::{BEGIN_MS, Fixture};

/// Milliseconds between milestones; a delay is a second.
const INTERVAL_MS: u64 = 5_000;
/// How often engines are told that time has passed, in nanoseconds.
const TICK: u64 = 1_000_000_000;
/// Bounds of an engine's window, above what a trial needs.
const WINDOW_COUNT_MAX: usize = 100_000;
/// Accounts of the payer, of the merchant, and of the payer again.
const PAYER: usize = 0;
const PAYEES: [usize; 2] = [1, 2];

/// The engines.
pub(super) struct Host {
    blocks: Blocks,
    /// Ids by serial; those not seen yet have none.
    ids: Vec<Option<BlockId>>,
    spends: [Payload; 2],
    marks: [Option<u32>; 2],
    nodes: Vec<Node>,
    /// Blocks that engines made, with the view they were made in.
    made: Vec<(usize, Arc<CheckedBlock>)>,
    is_cut: bool,
    paused_until: u64,
    ticked: u64,
}

struct Node {
    engine: Engine<DiskReader>,
    disk: Rc<RefCell<Disk>>,
    /// The side of the network on which it is.
    view: usize,
    is_honest: bool,
    is_coordinator: bool,
    own: Option<MilestoneId>,
    /// Whether it has applied the payment, and the second spend.
    applied: [bool; 2],
    /// Whether it has found that the second spend, or the payment, conflicts.
    has_refused: bool,
    /// Whether its disk was asked for something that no ledger allows.
    is_broken: bool,
}

/// Who a node is.
#[derive(Clone, Copy)]
struct Role {
    view: usize,
    is_honest: bool,
    /// Keys of the coordinator that it has, and how many it thinks a milestone needs.
    keys: Option<(usize, usize)>,
}

impl Host {
    pub(super) fn new(setup: &Setup, seed: u64) -> Self {
        let fixture = Fixture::new();
        let mut blocks = Blocks::new(fixture.clone());
        let genesis = fixture.genesis();
        let (output, owner) = &genesis[PAYER];
        let coin = Coin {
            id: output.id,
            amount: output.output.amount(),
            owner: *owner,
        };
        let spends = PAYEES.map(|payee| {
            let spending = Spending {
                coin,
                payees: [payee; 2],
                amount: coin.amount,
                is_forged: false,
            };
            blocks.spend(&spending).0
        });
        let roles = roles(setup, seed, &fixture);
        Self {
            nodes: roles
                .iter()
                .map(|role| node(&fixture, *role, seed))
                .collect(),
            blocks,
            ids: vec![Some(BlockId::ZERO)],
            spends,
            marks: [None; 2],
            made: Vec::new(),
            is_cut: false,
            paused_until: 0,
            ticked: 0,
        }
    }

    /// The block with this serial will carry a spend.
    pub(super) fn mark(&mut self, serial: u32, side: Side) {
        self.marks[usize::from(side == Side::Double)] = Some(serial);
    }

    pub(super) fn cut(&mut self, is_cut: bool) {
        self.is_cut = is_cut;
    }

    /// The coordinator is away until then.
    pub(super) fn pause_until(&mut self, until: u64) {
        self.paused_until = until;
    }

    /// Hands a block to the nodes of a view.
    pub(super) fn deliver(&mut self, now: u64, view: usize, serial: u32, parents: &[u32]) {
        self.tick(now);
        let position = serial as usize;
        if self.ids.len() <= position {
            self.ids.resize(position + 1, None);
        }
        let block = match self.ids[position] {
            Some(id) => self.blocks.find(&id).cloned(),
            None => self.make(serial, parents),
        };
        let Some(block) = block else {
            return;
        };
        self.ids[position] = Some(block.id());
        self.hand(now, |node| node.view == view, &block);
    }

    fn make(&mut self, serial: u32, parents: &[u32]) -> Option<Arc<CheckedBlock>> {
        let ids: Option<Vec<BlockId>> = parents
            .iter()
            .map(|parent| self.ids.get(*parent as usize).copied().flatten())
            .collect();
        let ids = ids.filter(|ids| !ids.is_empty())?;
        let spend = self.marks.iter().position(|mark| *mark == Some(serial));
        Some(match spend {
            Some(spend) => self.blocks.block(&ids, Some(self.spends[spend].clone())),
            None => self.blocks.data(&ids),
        })
    }

    fn hand(&mut self, now: u64, to: impl Fn(&Node) -> bool, block: &Arc<CheckedBlock>) {
        for number in 0..self.nodes.len() {
            if to(&self.nodes[number]) {
                self.step(now, number, Input::Block(Arc::clone(block), Source::Bulk));
            }
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: u64) {
        while self.ticked + TICK <= now {
            self.ticked += TICK;
            for number in 0..self.nodes.len() {
                let is_away = self.nodes[number].is_coordinator && self.ticked < self.paused_until;
                if !is_away {
                    self.step(self.ticked, number, Input::Tick);
                }
            }
        }
    }

    /// Both sides hear of each other again, after all other blocks were handed over.
    pub(super) fn heal(&mut self, now: u64) {
        self.is_cut = false;
        for (view, block) in self.made.clone() {
            self.hand(now, |node| node.view != view, &block);
        }
    }

    /// One input to an engine, and what follows from it.
    fn step(&mut self, now: u64, number: usize, input: Input) {
        let time = Time(BEGIN_MS + now / 1_000_000);
        let mut inputs = VecDeque::from([input]);
        // Each milestone adds two inputs, each checkpoint one.
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            let node = &mut self.nodes[number];
            let Ok(()) = node.engine.step(time, input, &mut effects);
            for effect in effects {
                self.carry_out(now, number, effect, &mut inputs);
            }
        }
    }

    fn carry_out(&mut self, now: u64, number: usize, effect: Effect, inputs: &mut VecDeque<Input>) {
        let node = &mut self.nodes[number];
        match effect {
            Effect::Store(block) => {
                let is_own = node.own.is_some() && block.milestone_id() == node.own;
                node.write(&Job::Store(Arc::clone(&block)));
                if is_own {
                    self.nodes[number].own = None;
                    self.spread(now, number, &block);
                }
            }
            Effect::Reserve(reservation) => {
                let index = reservation.index;
                node.own = Some(reservation.id);
                node.write(&Job::Reserve(Box::new(reservation)));
                inputs.push_back(Input::Reserved(index));
            }
            Effect::Commit(commit) => {
                let index = commit.milestone.milestone.index;
                self.note(number, &commit);
                self.nodes[number].write(&Job::Commit(commit));
                inputs.push_back(Input::Committed(index));
            }
            Effect::Checkpoint(parents) => {
                let block = self.blocks.block(&parents, None);
                inputs.push_back(Input::Block(Arc::clone(&block), Source::Checkpoint));
                self.spread(now, number, &block);
            }
            // Nobody asks and nobody is asked: blocks come in order, and all of them.
            _ => {}
        }
    }

    /// A block that an engine made goes to the others, who check it.
    fn spread(&mut self, now: u64, number: usize, block: &Arc<CheckedBlock>) {
        let Ok(block) = self.blocks.check(block.parsed().bytes.clone()) else {
            return;
        };
        let view = self.nodes[number].view;
        self.made.push((view, Arc::clone(&block)));
        for other in 0..self.nodes.len() {
            let is_near = !self.is_cut || self.nodes[other].view == view;
            if other != number && is_near {
                self.step(now, other, Input::Block(Arc::clone(&block), Source::Bulk));
            }
        }
    }

    /// Remembers which spends were applied.
    fn note(&mut self, number: usize, commit: &MilestoneCommit) {
        for (id, inclusion) in &commit.diff.referenced {
            for side in 0..2 {
                let serial = self.marks[side].map_or(0, |serial| serial as usize);
                let is_spend = serial > 0 && self.ids.get(serial) == Some(&Some(*id));
                if is_spend {
                    let node = &mut self.nodes[number];
                    let is_applied = *inclusion == Inclusion::Included;
                    node.applied[side] |= is_applied;
                    node.has_refused |= !is_applied;
                }
            }
        }
    }

    /// Whether the merchant's node has confirmed the payment.
    pub(super) fn is_paid(&self) -> bool {
        let mut merchants = self.nodes.iter().filter(|node| node.view == 0);
        merchants.any(|node| node.is_honest && node.applied[0])
    }

    /// Whether an honest node has refused one of the spends as conflicting with the other.
    pub(super) fn has_refused(&self) -> bool {
        let mut honest = self.nodes.iter().filter(|node| node.is_honest);
        honest.any(|node| node.has_refused)
    }

    /// Whether honest nodes have applied both spends between them, or something impossible.
    pub(super) fn is_double_spent(&self) -> bool {
        let mut honest = self.nodes.iter().filter(|node| node.is_honest);
        let is_broken = honest.any(|node| node.is_broken);
        let is_applied = |side: usize| {
            let mut honest = self.nodes.iter().filter(|node| node.is_honest);
            honest.any(|node| node.applied[side])
        };
        is_broken || is_applied(0) && is_applied(1)
    }
}

impl Node {
    fn write(&mut self, job: &Job) {
        let mut disk = self.disk.borrow_mut();
        self.is_broken |= disk.write(job).is_err();
        disk.sync();
    }
}

fn roles(setup: &Setup, seed: u64, fixture: &Fixture) -> Vec<Role> {
    let (all, needed) = (fixture.coordinator.len(), fixture.milestone_key_threshold());
    let honest = |view, is_coordinator: bool| Role {
        view,
        is_honest: true,
        keys: is_coordinator.then_some((all, needed)),
    };
    // One short of what a milestone needs; the attacker's own node is content with it.
    let stolen = if setup.coordinator {
        needed - 1
    } else {
        needed
    };
    match setup.attack {
        Attack::Equivocation => vec![
            honest(0, true),
            honest(1, false),
            Role {
                view: 1,
                is_honest: false,
                keys: Some((stolen, stolen)),
            },
        ],
        Attack::Eclipse => vec![honest(0, false), honest(1, true)],
        Attack::Partition => {
            let is_here = seed.is_multiple_of(2);
            vec![honest(0, is_here), honest(1, !is_here)]
        }
        _ => vec![honest(0, true), honest(0, false)],
    }
}

fn node(fixture: &Fixture, role: Role, seed: u64) -> Node {
    let genesis = fixture.genesis().into_iter().map(|(output, _)| output);
    let disk = Rc::new(RefCell::new(Disk::new(genesis)));
    let needed = role
        .keys
        .map_or(fixture.milestone_key_threshold(), |keys| keys.1);
    let parts = Parts {
        store: DiskReader(Rc::clone(&disk)),
        keys: fixture.milestone_keys_needing(needed),
        tips: Box::new(UniformTips::new(UniformTipsConfig::default(), seed)),
        window: DagConfig {
            below_max_depth: fixture.parameters.below_max_depth,
            unsolid_count_max: WINDOW_COUNT_MAX,
            root_count_max: WINDOW_COUNT_MAX,
        },
        unreferenced_count_max: WINDOW_COUNT_MAX,
        coordinator: role.keys.map(|(count, _)| CoordinatorPart {
            config: CoordinatorConfig {
                interval_ms: INTERVAL_MS,
                pace: Pace::Steady,
            },
            keys: fixture.coordinator[..count].to_vec(),
            seed,
        }),
    };
    let mut engine = Engine::new(parts, fixture.bootstrap(None, None));
    let mut effects = Vec::new();
    let Ok(()) = engine.resume(Time(BEGIN_MS), &mut effects);
    Node {
        engine,
        disk,
        view: role.view,
        is_honest: role.is_honest,
        is_coordinator: role.keys.is_some(),
        own: None,
        applied: [false; 2],
        has_refused: false,
        is_broken: false,
    }
}
