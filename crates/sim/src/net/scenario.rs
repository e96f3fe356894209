//! What a run is like: how many nodes, how long, and what goes wrong. All of it follows from a few
//! numbers, so a command line can repeat any run.

use std::fmt;
use std::str::FromStr;

use crate::chance::{Chance, Purpose};

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Everything random follows from it.
    pub seed: u64,
    /// Honest nodes; the first one is the coordinator.
    pub node_count: usize,
    /// Seconds of trouble, and so about the milestones, before all is well again.
    pub milestone_count: u32,
    /// Who attacks.
    pub adversary: AdversaryChoice,
    /// Whether things break at all.
    pub has_faults: bool,
    /// What is broken on purpose, to see whether it is found out.
    pub weakness: Option<Weakness>,
}

/// Which attacks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdversaryChoice {
    /// The seed decides: some runs have one, and each knows some attacks.
    #[default]
    BySeed,
    /// None.
    None,
    /// One that knows all attacks.
    All,
    /// One that knows this attack only.
    One(Attack),
}

/// What an adversary does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Sends what is no valid block.
    Invalid,
    /// Sends blocks whose parents it keeps back.
    Withhold,
    /// Spends a coin twice, at different nodes.
    Conflict,
    /// Sends very many blocks on one parent.
    Wide,
    /// Sends very long chains, the newest block first.
    Deep,
    /// Sends blocks on the oldest parents.
    Lazy,
    /// Claims milestones that there are not.
    Lie,
    /// Asks for everything all the time.
    Flood,
    /// Sends milestones that nobody signed, old ones, and true ones in other blocks.
    Milestone,
    /// Offers whole cones, and gives false ones, parts, or none.
    Cones,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Invalid,
        Self::Withhold,
        Self::Conflict,
        Self::Wide,
        Self::Deep,
        Self::Lazy,
        Self::Lie,
        Self::Flood,
        Self::Milestone,
        Self::Cones,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Withhold => "withhold",
            Self::Conflict => "conflict",
            Self::Wide => "wide",
            Self::Deep => "deep",
            Self::Lazy => "lazy",
            Self::Lie => "lie",
            Self::Flood => "flood",
            Self::Milestone => "milestone",
            Self::Cones => "cones",
        }
    }
}

/// Something that is wrong on purpose with one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It applies two spends of a milestone in another order.
    Order,
    /// It confirms without having stored all blocks.
    Solidity,
    /// It adds a coin.
    Supply,
    /// The coordinator's disk says that it synced, and did not.
    Sync,
    /// The coordinator forgets at a start what it has signed.
    Reservation,
    /// It hears nothing after a while.
    Deaf,
    /// It takes blocks without a limit, though its disk hangs.
    Memory,
}

impl Weakness {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Order,
        Self::Solidity,
        Self::Supply,
        Self::Sync,
        Self::Reservation,
        Self::Deaf,
        Self::Memory,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Solidity => "solidity",
            Self::Supply => "supply",
            Self::Sync => "sync",
            Self::Reservation => "reservation",
            Self::Deaf => "deaf",
            Self::Memory => "memory",
        }
    }
}

/// A name that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is none of {known}")]
pub struct NameError {
    found: String,
    known: String,
}

impl FromStr for AdversaryChoice {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text {
            "seed" => return Ok(Self::BySeed),
            "none" => return Ok(Self::None),
            "all" => return Ok(Self::All),
            _ => {}
        }
        let attack = Attack::ALL.into_iter().find(|attack| attack.name() == text);
        attack.map(Self::One).ok_or_else(|| {
            let names = Attack::ALL.map(Attack::name);
            let known = format!("seed, none, all, {}", names.join(", "));
            let found = text.to_owned();
            NameError { found, known }
        })
    }
}

impl fmt::Display for AdversaryChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BySeed => "seed",
            Self::None => "none",
            Self::All => "all",
            Self::One(attack) => attack.name(),
        })
    }
}

impl FromStr for Weakness {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| NameError {
            found: text.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// How rough a run is: drawn once from its seed, so that each seed has troubles of its own and some
/// have few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mischief {
    pub(crate) loss_per_mille: u32,
    pub(crate) twice_per_mille: u32,
    pub(crate) overtaking: bool,
    pub(crate) slow_links: bool,
    /// How often something breaks, in faults for a hundred seconds; 0 for never.
    pub(crate) crashes: u64,
    pub(crate) pauses: u64,
    pub(crate) splits: u64,
    pub(crate) one_ways: u64,
    pub(crate) slow_disks: u64,
    pub(crate) clock_jumps: u64,
    /// Largest difference of a clock from the true time.
    pub(crate) skew_ms: u64,
    /// Blocks of clients in ten seconds.
    pub(crate) client_blocks: u64,
    /// Nodes that are off from the beginning and come at the end.
    pub(crate) late_nodes: usize,
    /// Whether milestones come when there is something to confirm.
    pub(crate) is_on_demand: bool,
    /// Nodes, a bit for each, that give and take cones as a whole. The others are as if of another
    /// kind.
    pub(crate) cone_givers: u64,
    pub(crate) attacks: Vec<Attack>,
    pub(crate) adversaries: usize,
}

impl Mischief {
    pub(crate) fn draw(scenario: &Scenario) -> Self {
        let mut chance = Chance::new(scenario.seed, Purpose::Faults);
        let mut mischief = Self {
            client_blocks: *chance.pick(&[10, 30, 60, 150]),
            is_on_demand: chance.hits(150),
            ..Self::default()
        };
        let some = chance.next();
        mischief.cone_givers = *chance.pick(&[u64::MAX, u64::MAX, some, 0]);
        if scenario.has_faults {
            mischief.loss_per_mille = *chance.pick(&[0, 0, 10, 50, 150]);
            mischief.twice_per_mille = *chance.pick(&[0, 0, 20, 200]);
            mischief.overtaking = chance.hits(400);
            mischief.slow_links = chance.hits(300);
            let mut rate = || *chance.pick(&[0, 0, 4, 10, 25]);
            mischief.crashes = rate();
            mischief.pauses = rate();
            mischief.splits = rate();
            mischief.one_ways = rate();
            mischief.slow_disks = rate();
            mischief.clock_jumps = rate() / 2;
            mischief.skew_ms = *chance.pick(&[0, 0, 500, 5_000]);
            let is_late = chance.hits(150) && scenario.node_count > 3;
            mischief.late_nodes = if is_late { 1 } else { 0 };
        }
        match scenario.adversary {
            AdversaryChoice::None => {}
            AdversaryChoice::All => mischief.attacks = Attack::ALL.to_vec(),
            AdversaryChoice::One(attack) => mischief.attacks = vec![attack],
            AdversaryChoice::BySeed if chance.hits(600) => {
                let knows = |_: &Attack| chance.hits(350);
                mischief.attacks = Attack::ALL.into_iter().filter(knows).collect();
            }
            AdversaryChoice::BySeed => {}
        }
        if !mischief.attacks.is_empty() {
            mischief.adversaries = 1 + chance.index(2);
        }
        mischief
    }
}
