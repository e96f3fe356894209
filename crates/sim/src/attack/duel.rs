//! A trial: a Tangle grows, somebody pays and spends the same again, and a merchant waits.
//!
//! ```text
//!   warm-up     lead    the merchant waits          the attacker goes on
//!  |-----------|-------|---------------------------|----------------------|
//!            attack   payment                     content: goods handed   end
//!            begins                               over, secrets shown
//! ```

use std::collections::VecDeque;

use super::host::Host;
use super::plan::Chances;
use super::setup::{Aim, Attack, Rule, Setup};
use super::sight::{Author, Block, Chooser, Shares, Side, Sight};

/// A delay, the unit of time, in nanoseconds.
const DELAY: u64 = 1_000_000_000;
/// Time between two looks of a merchant.
const LOOK: u64 = DELAY / 2;
/// Draws by which a merchant counts confidence.
const CONFIDENCE_DRAWS: u32 = 100;
/// Time between two looks at who wins, and the draws for it.
const VERDICT_STEP: u64 = 2 * DELAY;
const VERDICT_DRAWS: u32 = 60;
/// Part of the draws from which on a side has won, if two looks in a row say so.
const WON: f64 = 0.95;
/// Part of the draws that the weaker side has as long as nothing is decided.
const OPEN: f64 = 0.1;
/// Honest blocks that still come while all idle, and for how long the coordinator is away then.
const IDLE_SHARE: f64 = 0.02;
const OUTAGE: u64 = 20 * DELAY;
/// How long it is looked on after the merchant is content, if milestones decide.
const MILESTONES_SETTLE: f64 = 30.0;
/// An honest block that waits for longer was harmed.
pub(super) const WAIT_MAX: u64 = 20 * DELAY;
/// After how long, and at which share of new blocks that approve it, a payment is attached anew.
const ATTACH_AGAIN: u64 = 10 * DELAY;
const LEFT_BEHIND: f64 = 0.05;
/// Honest share on the merchant's side of a network in two halves.
const HALF: f64 = 0.5;
/// Age of the block on which a chain begins that walks shall come by.
const ROOT_AGE: u64 = 2 * DELAY;
/// The same where there is time enough to overtake: nearly all walks come by it.
const OLD_ROOT_AGE: u64 = 25 * DELAY;

/// A trial in progress.
pub(super) struct Duel<'a> {
    pub(super) setup: &'a Setup,
    pub(super) now: u64,
    pub(super) blocks: Vec<Block>,
    pub(super) sights: Vec<Sight>,
    pub(super) chances: Chances,
    /// Real engines, if milestones decide.
    pub(super) host: Option<Host>,
    /// Parents of the second spend.
    pub(super) root: Vec<u32>,
    pub(super) payment: Option<u32>,
    pub(super) double: Option<u32>,
    /// The attacker's blocks on the second spend.
    pub(super) chain: Vec<u32>,
    /// The newest block with which a merchant is deceived.
    pub(super) fed: Option<u32>,
    /// Blocks that approve the payment, and the second spend.
    pub(super) side_counts: [usize; 2],
    /// What was issued and is on its way; bounded by the arrivals of a delay.
    hidden: VecDeque<(u64, u32)>,
    /// What the attacker keeps back; bounded by the blocks of a trial.
    secret: Vec<u32>,
    is_cut: bool,
    /// When the payment was issued.
    pub(super) paid: u64,
    content: Option<u64>,
    honest_rate: f64,
    next_honest: u64,
    next_attack: u64,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) succeeded: bool,
    /// Delays from the payment until the merchant was content.
    pub(super) content_after: Option<f64>,
    /// The second spend's part of what new blocks approve in the end.
    pub(super) double_part: f64,
    /// Whether an engine has refused a spend.
    pub(super) has_refused: bool,
}

/// What honest blocks had to bear.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// Mean time to the first approval of those approved within [`WAIT_MAX`], in delays.
    pub(super) mean: f64,
    /// Share of those that waited for [`WAIT_MAX`].
    pub(super) late: f64,
}

impl<'a> Duel<'a> {
    pub(super) fn new(setup: &'a Setup, seed: u64) -> Self {
        let sight_count = if setup.attack.cuts() { 2 } else { 1 };
        let genesis = Block {
            issued: 0,
            author: Author::Honest(0),
            side: Side::Neither,
            parents: Vec::new(),
            seen: Some(0),
            approved: None,
        };
        let mut duel = Self {
            setup,
            now: 0,
            sights: (0..sight_count).map(|_| Sight::new(setup)).collect(),
            chances: Chances::new(seed),
            host: setup.has_engines().then(|| Host::new(setup, seed)),
            root: Vec::new(),
            payment: None,
            double: None,
            chain: Vec::new(),
            fed: None,
            side_counts: [0; 2],
            hidden: VecDeque::new(),
            secret: Vec::new(),
            is_cut: false,
            paid: 0,
            content: None,
            honest_rate: setup.per_delay * (1.0 - setup.share),
            next_honest: 0,
            next_attack: u64::MAX,
            blocks: vec![genesis],
        };
        for sight in &mut duel.sights {
            sight.add(0, 0, &duel.blocks[0]);
        }
        duel
    }

    /// Whether the merchant has handed over the goods.
    pub(super) const fn is_content(&self) -> bool {
        self.content.is_some()
    }

    /// The side of the network on which the attacker looks for parents.
    pub(super) fn attacker_view(&self) -> usize {
        self.sights.len() - 1
    }

    pub(super) fn side_of(&self, parents: &[u32]) -> Side {
        let sides = parents
            .iter()
            .map(|parent| self.blocks[*parent as usize].side);
        sides.fold(Side::Neither, Side::join)
    }

    /// Time passes.
    fn advance(&mut self, until: u64) {
        loop {
            let next = self.next_honest.min(self.next_attack);
            if next > until {
                break;
            }
            self.reveal_due(next);
            self.now = next;
            if next == self.next_honest {
                self.issue_honest();
                let wait = self.chances.honest.wait() * DELAY as f64 / self.honest_rate;
                self.next_honest = next + 1 + wait as u64;
            } else {
                self.attack();
                self.next_attack = next + self.attack_wait();
            }
        }
        self.reveal_due(until);
        self.now = until;
        if let Some(host) = &mut self.host {
            host.tick(until);
        }
    }

    fn attack_wait(&mut self) -> u64 {
        let rate = self.setup.per_delay * self.setup.share;
        let wait = self.chances.attacker.wait() * DELAY as f64 / rate;
        1 + wait.min(1e15) as u64
    }

    fn issue_honest(&mut self) {
        let share = match self.setup.attack {
            Attack::Eclipse if self.is_cut => 0.0,
            _ => HALF,
        };
        let draw = self.chances.choices.unit();
        let view = if self.sights.len() > 1 && draw >= share {
            1
        } else {
            0
        };
        let is_white_flag = self.host.is_some();
        let parents = self.sights[view].parents(
            &self.blocks,
            self.now,
            is_white_flag,
            &mut self.chances.choices,
        );
        if parents.is_empty() {
            return;
        }
        let side = self.side_of(&parents);
        self.issue(Author::Honest(view), parents, side);
    }

    /// Issues a block now; it is seen a delay later, or when the attacker shows it.
    pub(super) fn issue(&mut self, author: Author, parents: Vec<u32>, side: Side) -> u32 {
        let serial = self.blocks.len() as u32;
        for (bit, count) in self.side_counts.iter_mut().enumerate() {
            *count += usize::from(side as u8 >> bit & 1);
        }
        self.blocks.push(Block {
            issued: self.now,
            author,
            side,
            parents,
            seen: None,
            approved: None,
        });
        let is_secret = author == Author::Attacker && side == Side::Double && self.keeps_secrets();
        if is_secret {
            self.secret.push(serial);
        } else {
            self.hidden.push_back((self.now + DELAY, serial));
        }
        serial
    }

    const fn keeps_secrets(&self) -> bool {
        !self.is_content()
            && !self.setup.attack.cuts()
            && !matches!(self.setup.attack, Attack::Splitting)
    }

    /// Issues the second spend.
    pub(super) fn spend_again(&mut self, parents: Vec<u32>) {
        let serial = self.blocks.len() as u32;
        if let Some(host) = &mut self.host {
            host.mark(serial, Side::Double);
        }
        self.double = Some(serial);
        self.issue(Author::Attacker, parents, Side::Double);
    }

    fn pay(&mut self, parents: Vec<u32>) {
        let serial = self.blocks.len() as u32;
        if let Some(host) = &mut self.host {
            host.mark(serial, Side::Payment);
        }
        self.payment = Some(serial);
        self.issue(Author::Attacker, parents, Side::Payment);
    }

    fn reveal_due(&mut self, until: u64) {
        while let Some((due, serial)) = self.hidden.front().copied()
            && due <= until
        {
            self.hidden.pop_front();
            self.reveal(due, serial);
        }
    }

    fn reveal(&mut self, now: u64, serial: u32) {
        let block = &self.blocks[serial as usize];
        let parents = block.parents.clone();
        for view in 0..self.sights.len() {
            let is_heard = match block.author {
                _ if !self.is_cut => true,
                Author::Honest(side) => side == view,
                Author::Attacker => (block.side == Side::Payment) == (view == 0),
            };
            if is_heard {
                self.sights[view].add(now, serial, block);
                if let Some(host) = &mut self.host {
                    host.deliver(now, view, serial, &parents);
                }
            }
        }
        self.blocks[serial as usize].seen.get_or_insert(now);
        for parent in parents {
            self.blocks[parent as usize].approved.get_or_insert(now);
        }
    }

    /// Both sides of the network hear of each other again.
    fn heal(&mut self) {
        if !self.is_cut {
            return;
        }
        self.is_cut = false;
        for serial in 0..self.blocks.len() as u32 {
            let is_out = self
                .sights
                .iter()
                .any(|sight| sight.place(serial).is_some());
            for view in 0..self.sights.len() {
                if !is_out || self.sights[view].place(serial).is_some() {
                    continue;
                }
                let block = &self.blocks[serial as usize];
                self.sights[view].add(self.now, serial, block);
                if let Some(host) = &mut self.host {
                    host.deliver(self.now, view, serial, &block.parents);
                }
            }
        }
        if let Some(host) = &mut self.host {
            host.heal(self.now);
        }
    }

    fn begin_attack(&mut self) {
        if self.setup.share > 0.0 {
            self.next_attack = self.now + self.attack_wait();
        }
    }

    fn idle(&mut self) {
        self.honest_rate *= IDLE_SHARE;
    }

    /// Runs a duel over two spends of a coin.
    pub(super) fn run(&mut self) -> End {
        self.advance(delays(self.setup.warm_up()));
        let attack = self.setup.attack;
        let is_white_flag = self.host.is_some();
        self.root = self.root_of(attack, is_white_flag);
        self.is_cut = attack.cuts();
        if let Some(host) = &mut self.host {
            host.cut(self.is_cut);
        }
        self.begin_attack();
        let is_parasite = matches!(
            attack,
            Attack::ParasiteChain | Attack::ParasiteRoots | Attack::ParasiteTips
        );
        if is_parasite {
            self.advance(self.now + delays(self.setup.lead));
        }
        let parents = self.tips_for_payment(is_white_flag);
        self.paid = self.now;
        self.pay(parents);
        if attack.cuts() || attack == Attack::Splitting {
            let root = self.root.clone();
            self.spend_again(root);
        }
        if attack == Attack::Outage
            && let Some(host) = &mut self.host
        {
            host.pause_until(self.now + OUTAGE);
            self.idle();
        }
        self.settle_up()
    }

    /// What the second spend will approve: what the payment does, or older blocks.
    fn root_of(&mut self, attack: Attack, is_white_flag: bool) -> Vec<u32> {
        let sight = &self.sights[0];
        let chance = &mut self.chances.attack;
        let found = match attack {
            Attack::ParasiteChain | Attack::ParasiteTips => {
                sight.on_main_path(self.now, ROOT_AGE, chance)
            }
            Attack::Outage => sight.on_main_path(self.now, OLD_ROOT_AGE, chance),
            _ => None,
        };
        found.map_or_else(|| self.tips_for_payment(is_white_flag), |root| vec![root])
    }

    fn tips_for_payment(&mut self, is_white_flag: bool) -> Vec<u32> {
        let chance = &mut self.chances.choices;
        self.sights[0].parents(&self.blocks, self.now, is_white_flag, chance)
    }

    /// From the payment to the end.
    fn settle_up(&mut self) -> End {
        let is_splitting = self.setup.attack == Attack::Splitting;
        let mut content_after = None;
        if self.host.is_some() || !is_splitting {
            content_after = self.wait_for_content();
            if content_after.is_none() {
                return End {
                    succeeded: self.host.as_ref().is_some_and(Host::is_double_spent),
                    content_after,
                    double_part: 0.0,
                    has_refused: self.host.as_ref().is_some_and(Host::has_refused),
                };
            }
            self.show();
        }
        if self.host.is_some() {
            let settle = self.setup.settle.min(MILESTONES_SETTLE);
            let end = self.now + delays(settle);
            while self.now < end {
                self.advance(self.now + LOOK);
            }
            return End {
                succeeded: self.host.as_ref().is_some_and(Host::is_double_spent),
                content_after,
                double_part: self.final_shares().double_part(),
                has_refused: self.host.as_ref().is_some_and(Host::has_refused),
            };
        }
        let end = self.now + delays(self.setup.settle);
        let part = self.await_verdict(end);
        let weaker = part.min(1.0 - part);
        End {
            succeeded: match self.setup.attack.aim() {
                Aim::Indecision => weaker >= OPEN,
                _ => part > 0.5,
            },
            content_after,
            double_part: part,
            has_refused: false,
        }
    }

    fn wait_for_content(&mut self) -> Option<f64> {
        let paid = self.paid;
        let end = paid + delays(self.setup.patience);
        while self.now < end {
            self.advance(self.now + LOOK);
            if self.is_rule_kept() {
                self.content = Some(self.now);
                return Some((self.now - paid) as f64 / DELAY as f64);
            }
            self.attach_again();
        }
        None
    }

    /// A payment that walks have left behind is attached anew, as payers do.
    fn attach_again(&mut self) {
        let Some(payment) = self.payment.filter(|_| self.host.is_none() && !self.is_cut) else {
            return;
        };
        let age = self.now - self.blocks[payment as usize].issued;
        let is_due = age >= ATTACH_AGAIN && age.is_multiple_of(ATTACH_AGAIN);
        if is_due && self.shares(CONFIDENCE_DRAWS).payment < LEFT_BEHIND {
            let parents = self.tips_for_payment(false);
            self.pay(parents);
        }
    }

    /// Whether what the merchant waits for is the case.
    fn is_rule_kept(&mut self) -> bool {
        let Some(payment) = self.payment else {
            return false;
        };
        if let Some(host) = &self.host {
            return host.is_paid();
        }
        match self.setup.rule {
            Rule::Weight { least } => self.sights[0].weight(payment) >= least,
            Rule::Age { least } => {
                let issued = self.blocks[payment as usize].issued;
                self.now - issued >= delays(least)
            }
            Rule::Confidence { least } => {
                let is_seen = self.sights[0].place(payment).is_some();
                is_seen && self.shares(CONFIDENCE_DRAWS).payment >= least
            }
        }
    }

    fn shares(&mut self, draws: u32) -> Shares {
        let chance = &mut self.chances.looks;
        self.sights[0].shares(&self.blocks, self.now, draws, chance)
    }

    fn final_shares(&mut self) -> Shares {
        self.shares(VERDICT_DRAWS * 3)
    }

    /// The goods are gone: all that was kept back is shown.
    fn show(&mut self) {
        self.heal();
        if self.double.is_none() {
            let root = self.root.clone();
            self.spend_again(root);
        }
        for serial in std::mem::take(&mut self.secret) {
            self.reveal(self.now, serial);
        }
        if self.setup.attack == Attack::Outage && self.host.is_none() {
            self.idle();
        }
    }

    /// The second spend's part in the end, or as soon as a side has won.
    fn await_verdict(&mut self, end: u64) -> f64 {
        let mut won = 0;
        while self.now < end {
            self.advance((self.now + VERDICT_STEP).min(end));
            let part = self.shares(VERDICT_DRAWS).double_part();
            let is_open = self.setup.attack == Attack::Splitting;
            let is_won = !is_open && part.max(1.0 - part) >= WON;
            // The payment's side leads at first in any case.
            let counts = is_won && (part > 0.5 || self.setup.attack != Attack::Outage);
            won = if counts { won + 1 } else { 0 };
            if won >= 5 {
                return part;
            }
        }
        self.final_shares().double_part()
    }

    /// Runs without spends, and tells how long honest blocks waited.
    pub(super) fn waiting(&mut self) -> Waiting {
        let from = delays(self.setup.warm_up());
        self.advance(from);
        self.begin_attack();
        let until = from + delays(self.setup.settle);
        self.advance(until + WAIT_MAX);
        let (mut sum, mut late, mut count) = (0.0, 0.0_f64, 0.0_f64);
        for block in &self.blocks {
            let is_asked = block.issued >= from && block.issued < until;
            if !is_asked || !matches!(block.author, Author::Honest(_)) {
                continue;
            }
            let seen = block.issued + DELAY;
            let wait = block
                .approved
                .map_or(WAIT_MAX, |at| at.saturating_sub(seen));
            count += 1.0;
            if wait < WAIT_MAX {
                sum += wait as f64 / DELAY as f64;
            } else {
                late += 1.0;
            }
        }
        Waiting {
            mean: sum / (count - late).max(1.0),
            late: late / count.max(1.0),
        }
    }
}

/// Draws by which it is counted who is approved.
const FOREIGN_DRAWS: u32 = 500;

impl Duel<'_> {
    /// Runs without spends, and tells which share of draws ends on the attacker's blocks.
    pub(super) fn foreign_share(mut self) -> f64 {
        self.advance(delays(self.setup.warm_up()));
        self.begin_attack();
        self.advance(self.now + delays(self.setup.settle));
        let mut foreign = 0;
        for draw in 0..FOREIGN_DRAWS {
            let chance = &mut self.chances.looks;
            let chosen =
                self.sights[0].choose(Chooser::Observer, self.now, draw as usize % 2, chance);
            let author = chosen.map(|serial| self.blocks[serial as usize].author);
            foreign += u32::from(author == Some(Author::Attacker));
        }
        f64::from(foreign) / f64::from(FOREIGN_DRAWS)
    }
}

fn delays(count: f64) -> u64 {
    (count * DELAY as f64) as u64
}
