//! What the attacker's blocks approve.

use std::collections::BTreeMap;

use tangle_dag::{Chance, View};

use super::duel::Duel;
use super::setup::{Attack, Rule};
use super::sight::{Author, Chooser, Side};

/// Age of the parents of lazy blocks, in delays.
const LAZY: f64 = 10.0;
/// Part of a merchant's patience in which one who hears nobody else is made content.
const FEEDING_SHARE: f64 = 0.6;
/// Draws after which a selfish issuer knows what is approved most often.
const SELFISH_DRAWS: usize = 24;

impl Duel<'_> {
    /// Issues one block of the attacker's, if the plan has use for it now.
    pub(super) fn attack(&mut self) {
        let attack = self.setup.attack;
        match attack {
            Attack::LazyTips => self.lazy(),
            Attack::GenesisTips => {
                self.issue(Author::Attacker, vec![0], Side::Neither);
            }
            Attack::Selfish => self.selfish(),
            Attack::Splitting => self.balance(),
            Attack::Eclipse if self.must_feed() => self.feed(),
            // With one block of any weight there is nothing to do but to wait.
            Attack::LargeWeight => {}
            _ => self.grow(),
        }
    }

    /// Grows the second spend's side, which is secret until the merchant is content.
    fn grow(&mut self) {
        let Some(double) = self.double else {
            let parents = self.root.clone();
            self.spend_again(parents);
            return;
        };
        let last = *self.chain.last().unwrap_or(&double);
        let mut parents = match self.setup.attack {
            // Each block adds a tip and the same weight.
            Attack::ParasiteTips | Attack::Outage => vec![double],
            _ => vec![last],
        };
        if self.setup.attack == Attack::ParasiteRoots
            && let Some(root) = self.free_tip()
        {
            parents.push(root);
        }
        let serial = self.issue(Author::Attacker, parents, Side::Double);
        self.chain.push(serial);
    }

    /// A tip of the main Tangle that approves neither spend.
    fn free_tip(&mut self) -> Option<u32> {
        let view = self.attacker_view();
        let chosen =
            self.sights[view].choose(Chooser::Observer, self.now, 0, &mut self.chances.attack)?;
        (self.blocks[chosen as usize].side == Side::Neither).then_some(chosen)
    }

    /// Feeds the weaker side.
    fn balance(&mut self) {
        let (Some(payment), Some(double)) = (self.payment, self.double) else {
            return;
        };
        // What is under way counts.
        let weaker = if self.side_counts[0] <= self.side_counts[1] {
            (Side::Payment, payment)
        } else {
            (Side::Double, double)
        };
        let parents = self.tips_of(weaker.0, weaker.1);
        self.issue(Author::Attacker, parents, weaker.0);
    }

    /// Whether the merchant shall see another block now. One who is deceived for long enough sees a
    /// weight come about that is nothing beside the honest one elsewhere; what is left of the
    /// attacker's blocks goes there.
    fn must_feed(&self) -> bool {
        if self.is_content() {
            return false;
        }
        let Rule::Weight { least } = self.setup.rule else {
            return true;
        };
        let waited = (self.now - self.paid) as f64 / 1e9;
        let due = least as f64 * waited / (FEEDING_SHARE * self.setup.patience).max(1.0);
        (self.side_counts[0] as f64) < due
    }

    /// Lets the payment look confirmed to a merchant who hears nobody else.
    fn feed(&mut self) {
        let Some(payment) = self.payment else {
            return;
        };
        let last = self.fed.unwrap_or(payment);
        self.fed = Some(self.issue(Author::Attacker, vec![last], Side::Payment));
    }

    /// Some tips of a side, or the spend itself.
    fn tips_of(&mut self, side: Side, spend: u32) -> Vec<u32> {
        let sight = &self.sights[0];
        let window = &sight.window;
        let serial = |position| sight.seen()[window.tip(position) as usize];
        let tips: Vec<u32> = (0..window.tip_count())
            .map(serial)
            .filter(|serial| self.blocks[*serial as usize].side == side)
            .collect();
        if tips.is_empty() {
            return vec![spend];
        }
        let chance = &mut self.chances.attack;
        let mut parents: Vec<u32> = (0..2).map(|_| tips[chance.below(tips.len())]).collect();
        parents.dedup();
        parents
    }

    fn lazy(&mut self) {
        let sight = &self.sights[0];
        let age = (LAZY * 1e9) as u64;
        let is_old = |serial: &u32| {
            let issued = self.blocks[*serial as usize].issued;
            self.now.saturating_sub(issued) >= age
        };
        let count = sight.seen().partition_point(is_old).max(1);
        let recent = count.min((LAZY * self.setup.per_delay) as usize + 1);
        let chance = &mut self.chances.attack;
        let mut old = || sight.seen()[count - 1 - chance.below(recent)];
        let mut parents = vec![old(), old()];
        parents.dedup();
        let side = self.side_of(&parents);
        if side == Side::Both && self.host.is_none() {
            parents.pop();
        }
        let side = self.side_of(&parents);
        self.issue(Author::Attacker, parents, side);
    }

    /// Approves the two tips on which most draws end.
    fn selfish(&mut self) {
        let mut counts = BTreeMap::<u32, u32>::new();
        for draw in 0..SELFISH_DRAWS {
            let chance = &mut self.chances.attack;
            let chosen = self.sights[0].choose(Chooser::Selfish, self.now, draw % 2, chance);
            if let Some(serial) = chosen {
                *counts.entry(serial).or_default() += 1;
            }
        }
        let mut ranked: Vec<(u32, u32)> = counts.into_iter().collect();
        ranked.sort_by_key(|(serial, count)| (std::cmp::Reverse(*count), *serial));
        let mut parents: Vec<u32> = Vec::new();
        let mut side = Side::Neither;
        for (serial, _) in ranked {
            let joined = side.join(self.blocks[serial as usize].side);
            if parents.len() < 2 && (joined != Side::Both || self.host.is_some()) {
                side = joined;
                parents.push(serial);
            }
        }
        if !parents.is_empty() {
            self.issue(Author::Attacker, parents, side);
        }
    }
}

/// Streams of chance, one for each purpose, so that the same seed meets the same arrivals whatever
/// the attacker does.
#[derive(Debug)]
pub(super) struct Chances {
    pub(super) honest: Chance,
    pub(super) attacker: Chance,
    pub(super) choices: Chance,
    pub(super) attack: Chance,
    pub(super) looks: Chance,
}

impl Chances {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            honest: Chance::stream(seed, 11),
            attacker: Chance::stream(seed, 12),
            choices: Chance::stream(seed, 13),
            attack: Chance::stream(seed, 14),
            looks: Chance::stream(seed, 15),
        }
    }
}
