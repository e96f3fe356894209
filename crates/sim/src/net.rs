//! A network of real engines in virtual time, in which everything goes wrong that can.
//!
//! ```text
//!   people ──> node 0 (coordinator) ══ node 1 ══ node 2 ...   links: latency, loss, partitions
//!                 │ engine                │                    machines: crash, pause, clocks
//!                 │ disk: written, synced │                    disks: unsynced writes are lost
//!                 └───────── judge ───────┘                    adversaries: neighbours that lie
//! ```
//!
//! A run has two parts. First there is trouble: faults, attacks, people who spend twice. Then all
//! is well again, though adversaries go on, and within a bound all nodes must be at the same
//! milestone with the same ledger, and confirm what honest people send.
//!
//! A [`Scenario`] decides everything; the same one gives the same events, byte for byte. Begin with
//! [`run`].

mod adversary;
pub(crate) mod blocks;
mod breach;
mod clients;
pub(crate) mod disk;
mod faults;
pub(crate) mod fixture;
mod judge;
mod links;
mod machine;
mod oracle;
mod queue;
mod scenario;
mod trace;
mod weakness;
mod wire;
mod world;

pub use breach::Breach;
pub use scenario::{AdversaryChoice, Attack, NameError, Scenario, Weakness};
pub use trace::Sink;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// How much happened.
    pub counts: Counts,
    /// A number that stands for all events in their order.
    pub digest: u64,
    /// What was broken, if anything.
    pub violation: Option<Violation>,
}

/// An invariant was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which, and how.
    pub breach: Breach,
    /// When, in virtual milliseconds.
    pub at_ms: u64,
    /// What happened before, as text.
    pub last_events: Vec<String>,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Milestones confirmed.
    pub milestones: u64,
    /// Blocks of clients that were taken.
    pub blocks: u64,
    /// Blocks of clients that were not.
    pub refusals: u64,
    /// Messages sent between nodes.
    pub messages: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Faults.
    pub faults: u64,
    /// Attacks.
    pub attacks: u64,
    /// Neighbours sent away.
    pub drops: u64,
    /// Most unreferenced blocks that a node held.
    pub unreferenced_max: u64,
    /// Events written down.
    pub events: u64,
    /// Virtual time that passed, in milliseconds.
    pub virtual_ms: u64,
}

impl Counts {
    /// Adds what another run came to.
    pub fn add(&mut self, other: &Self) {
        self.milestones += other.milestones;
        self.blocks += other.blocks;
        self.refusals += other.refusals;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.faults += other.faults;
        self.attacks += other.attacks;
        self.drops += other.drops;
        self.unreferenced_max = self.unreferenced_max.max(other.unreferenced_max);
        self.events += other.events;
        self.virtual_ms += other.virtual_ms;
    }
}

/// Runs a scenario to its end. `sink` gets the events, a line each.
#[must_use]
pub fn run(scenario: &Scenario, sink: Option<Sink<'_>>) -> Report {
    world::World::new(scenario, sink).run()
}
