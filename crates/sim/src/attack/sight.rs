//! The Tangle of a trial: all blocks by number, and what one side of the network sees of them.
//!
//! A block's number, its *serial*, is that of its issue; places in a window are in order of arrival
//! there, so two sides that heard of blocks in another order have other places for them.

use tangle_dag::{Bias, Chance, Place, Selector, View, Walker, WeightWindow, WeightWindowConfig};

use super::setup::Setup;

/// Not seen.
const UNSEEN: Place = Place::MAX;
/// Parents of a block.
pub(super) const PARENTS: usize = 2;
/// Draws of a parent that a node makes until one fits the first.
const FITTING_TRIES: usize = 8;

/// Which of the two spends a block approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Neither,
    Payment,
    Double,
    /// As white flag allows, and as no node does without it.
    Both,
}

impl Side {
    const fn bits(self) -> u8 {
        match self {
            Self::Neither => 0,
            Self::Payment => 1,
            Self::Double => 2,
            Self::Both => 3,
        }
    }

    pub(super) const fn join(self, other: Self) -> Self {
        match self.bits() | other.bits() {
            0 => Self::Neither,
            1 => Self::Payment,
            2 => Self::Double,
            _ => Self::Both,
        }
    }
}

/// Who issued a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// An honest node that sees this side of the network.
    Honest(usize),
    Attacker,
}

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) issued: u64,
    pub(super) author: Author,
    pub(super) side: Side,
    pub(super) parents: Vec<u32>,
    /// When the first side of the network saw it.
    pub(super) seen: Option<u64>,
    /// When a block that approves it was first seen.
    pub(super) approved: Option<u64>,
}

/// What a side of the network sees.
#[derive(Debug)]
pub(super) struct Sight {
    pub(super) window: WeightWindow,
    places: Vec<Place>,
    serials: Vec<u32>,
    /// Of the nodes; of those who only look; of selfish issuers.
    selectors: [Selector; 3],
}

/// Who chooses parents.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chooser {
    Node,
    Observer,
    Selfish,
}

impl Sight {
    pub(super) fn new(setup: &Setup) -> Self {
        let block_count = (setup.per_delay * setup.length() * 1.3) as usize + 1_000;
        let selector = Selector::new(setup.strategy.strategy(), setup.walk_start());
        Self {
            window: WeightWindow::new(WeightWindowConfig {
                block_count,
                parent_count_max: PARENTS,
                linger: 1_500_000_000,
                cone_count_max: block_count,
            }),
            places: Vec::new(),
            serials: Vec::new(),
            selectors: [selector.clone(), selector.clone(), selector],
        }
    }

    pub(super) fn place(&self, serial: u32) -> Option<Place> {
        let place = self.places.get(serial as usize).copied();
        place.filter(|place| *place != UNSEEN)
    }

    pub(super) fn weight(&self, serial: u32) -> u64 {
        self.place(serial)
            .map_or(0, |place| self.window.weight(place))
    }

    /// Serials of all blocks that are seen, in order of arrival.
    pub(super) fn seen(&self) -> &[u32] {
        &self.serials
    }

    /// A block whose parents are seen comes into sight.
    pub(super) fn add(&mut self, now: u64, serial: u32, block: &Block) {
        if self.place(serial).is_some() {
            return;
        }
        let mut parents = [0; PARENTS];
        let mut count = 0;
        for parent in &block.parents {
            if let Some(place) = self.place(*parent) {
                parents[count] = place;
                count += 1;
            }
        }
        let place = self.window.add(now, &parents[..count]);
        if self.places.len() <= serial as usize {
            self.places.resize(serial as usize + 1, UNSEEN);
        }
        self.places[serial as usize] = place;
        self.serials.push(serial);
    }

    /// The parent number `position`, by the strategy.
    pub(super) fn choose(
        &mut self,
        who: Chooser,
        now: u64,
        position: usize,
        chance: &mut Chance,
    ) -> Option<u32> {
        let selector = &mut self.selectors[who as usize];
        let place = selector.choose(&self.window, now, position, chance)?;
        Some(self.serials[place as usize])
    }

    /// The youngest block of at least this age on the path of a walk that always goes on to the
    /// heaviest block: one that most walks come by.
    pub(super) fn on_main_path(&self, now: u64, age: u64, chance: &mut Chance) -> Option<u32> {
        let mut walker = Walker::default();
        let mut at = self.window.oldest()?;
        while let Some(next) = walker.step(&self.window, at, Bias::HEAVIEST, chance)
            && now.saturating_sub(self.window.time(next)) >= age
        {
            at = next;
        }
        Some(self.serials[at as usize])
    }

    /// The parents that a node chooses. It draws again when the second approves the spend that
    /// conflicts with that of the first, unless white flag lets it approve both.
    pub(super) fn parents(
        &mut self,
        blocks: &[Block],
        now: u64,
        is_white_flag: bool,
        chance: &mut Chance,
    ) -> Vec<u32> {
        let mut parents: Vec<u32> = Vec::with_capacity(PARENTS);
        let mut side = Side::Neither;
        for position in 0..PARENTS {
            for _ in 0..FITTING_TRIES {
                let Some(serial) = self.choose(Chooser::Node, now, position, chance) else {
                    break;
                };
                let joined = side.join(blocks[serial as usize].side);
                if joined == Side::Both && !is_white_flag {
                    continue;
                }
                side = joined;
                if !parents.contains(&serial) {
                    parents.push(serial);
                }
                break;
            }
        }
        parents
    }

    /// Shares of draws that end on each of the two spends' sides.
    pub(super) fn shares(
        &mut self,
        blocks: &[Block],
        now: u64,
        draws: u32,
        chance: &mut Chance,
    ) -> Shares {
        let (mut payment, mut double) = (0, 0);
        for draw in 0..draws {
            let position = draw as usize % PARENTS;
            let chosen = self.choose(Chooser::Observer, now, position, chance);
            match chosen.map(|serial| blocks[serial as usize].side) {
                Some(Side::Payment) => payment += 1,
                Some(Side::Double) => double += 1,
                _ => {}
            }
        }
        Shares {
            payment: f64::from(payment) / f64::from(draws),
            double: f64::from(double) / f64::from(draws),
        }
    }
}

/// Shares of draws that end on each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    pub(super) payment: f64,
    pub(super) double: f64,
}

impl Shares {
    /// The second spend's part of what chose a side.
    pub(super) fn double_part(self) -> f64 {
        let both = self.payment + self.double;
        if both > 0.0 { self.double / both } else { 0.0 }
    }
}
