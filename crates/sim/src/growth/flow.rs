//! The engine `flow`: keeps a transaction only while it is hidden, a tip, or the parent of a hidden
//! one. Each step costs the same, however long the run.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use tangle_dag::{Chance, TipPool};

use super::events::{Event, Hidden, Purpose, Times};
use super::marks::Marks;
use super::measures::Measures;
use super::scenario::{Scenario, StrategyChoice, nanoseconds, seconds};
use super::{Report, Sink};

/// Most parents.
const PARENTS_MAX: usize = 8;
/// No parent.
const NONE: u32 = u32::MAX;

/// A transaction; 64 bytes.
#[derive(Clone, Copy, Debug)]
struct Tx {
    serial: u64,
    revealed: u64,
    /// Marks of its past, and its own.
    marks: u64,
    parents: [u32; PARENTS_MAX],
    /// Hidden transactions that approve it. The genesis has one more for ever.
    hidden_approvers: u32,
    approvers: u32,
}

/// A run in progress.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    scenario: &'a Scenario,
    times: Times,
    choices: Chance,
    spam: Chance,
    txs: Vec<Tx>,
    free: Vec<u32>,
    tips: TipPool,
    hidden: Hidden<u32>,
    /// Age at which a tip is not drawn any more, and the tips by time of reveal.
    age_max: Option<u64>,
    ageing: VecDeque<(u64, u32)>,
    measures: Measures,
    marks: Option<Marks>,
    digest: u64,
}

const GENESIS: u32 = 0;

impl<'a> Flow<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let measures = Measures::new(scenario);
        let mut tips = TipPool::new();
        tips.add(GENESIS);
        let genesis = Tx {
            serial: 0,
            revealed: 0,
            marks: 0,
            parents: [NONE; PARENTS_MAX],
            hidden_approvers: 1,
            approvers: 0,
        };
        Self {
            scenario,
            times: Times::new(scenario),
            choices: Purpose::Choices.stream(scenario.seed),
            spam: Purpose::Spam.stream(scenario.seed),
            txs: vec![genesis],
            free: Vec::new(),
            tips,
            hidden: Hidden::new(scenario),
            age_max: match scenario.strategy {
                StrategyChoice::Rurts { age_max_seconds } => Some(nanoseconds(age_max_seconds)),
                _ => None,
            },
            ageing: VecDeque::new(),
            marks: Marks::new(scenario, measures.from),
            measures,
            digest: 0,
        }
    }

    pub(super) fn run(mut self, mut sink: Option<Sink<'_>>) -> Report {
        let (mut now, mut issued) = (0, 0);
        for serial in 1..=self.scenario.transactions {
            now = self.times.next_issue();
            while let Some((due, slot)) = self.hidden.pop(now) {
                self.reveal(due, slot);
            }
            if let Some(age_max) = self.age_max {
                self.expire(now, age_max);
            }
            self.measures.on_arrival(serial, self.tips.len());
            issued = serial;
            if self.issue(serial, now, &mut sink).is_break() {
                break;
            }
        }
        Report {
            scenario: self.scenario.clone(),
            measured: issued.saturating_sub(self.measures.from),
            virtual_seconds: seconds(now),
            held_max: self.txs.len(),
            tips: self.measures.tips(self.scenario),
            approvals: self.measures.approvals(),
            walks: None,
            weight: self.marks.as_ref().map_or_else(Vec::new, Marks::curve),
            issuers: self.measures.issuers(),
            digest: format!("{:016x}", self.digest),
        }
    }

    #[inline]
    fn issue(&mut self, serial: u64, now: u64, sink: &mut Option<Sink<'_>>) -> ControlFlow<()> {
        let mut parents = [NONE; PARENTS_MAX];
        let mut count = 0;
        let share = self.scenario.genesis_spam_share;
        if share > 0.0 && self.spam.unit() < share {
            parents[0] = GENESIS;
            count = 1;
        } else {
            for _ in 0..self.scenario.parents {
                let tip = self.tips.at(self.choices.below(self.tips.len()));
                if !parents[..count].contains(&tip) {
                    parents[count] = tip;
                    count += 1;
                }
            }
        }
        let revealed = now + self.times.next_delay();
        let mut marks = self
            .marks
            .as_mut()
            .map_or(0, |marks| marks.on_issue(serial, revealed));
        let mut serials = [0; PARENTS_MAX];
        for (parent, serial) in parents[..count].iter().zip(&mut serials) {
            let parent = &mut self.txs[*parent as usize];
            parent.hidden_approvers += 1;
            marks |= parent.marks;
            *serial = parent.serial;
        }
        let tx = Tx {
            serial,
            revealed,
            marks,
            parents,
            hidden_approvers: 0,
            approvers: 0,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.txs[slot as usize] = tx;
                slot
            }
            None => {
                self.txs.push(tx);
                (self.txs.len() - 1) as u32
            }
        };
        self.hidden.push(revealed, serial, slot);
        let issuer = self.times.issuer();
        self.measures.on_issue(serial, issuer);
        let event = Event {
            serial,
            issued_ns: now,
            revealed_ns: revealed,
            parents: &serials[..count],
            issuer,
        };
        self.digest = event.digest(self.digest);
        match sink {
            Some(sink) => sink(&event),
            None => ControlFlow::Continue(()),
        }
    }

    #[inline]
    fn reveal(&mut self, now: u64, slot: u32) {
        let tx = self.txs[slot as usize];
        let mut past = 0;
        for parent in tx.parents {
            if parent == NONE {
                break;
            }
            let known = &mut self.txs[parent as usize];
            known.approvers += 1;
            known.hidden_approvers -= 1;
            past |= known.marks;
            if known.approvers == 1 {
                self.measures
                    .on_first_approval(known.serial, now - known.revealed);
                self.tips.remove(parent);
            }
            if known.hidden_approvers == 0 && !self.tips.contains(parent) {
                self.let_go(parent);
            }
        }
        self.tips.add(slot);
        if self.age_max.is_some() {
            self.ageing.push_back((tx.serial, slot));
        }
        if let Some(marks) = &mut self.marks
            && marks.on_reveal(now, past)
        {
            self.txs.iter_mut().for_each(|tx| tx.marks = 0);
        }
    }

    /// Takes old tips off; the last one stays, whatever its age.
    fn expire(&mut self, now: u64, age_max: u64) {
        while let Some((serial, slot)) = self.ageing.front().copied() {
            let tx = self.txs[slot as usize];
            let is_tip = tx.serial == serial && self.tips.contains(slot);
            if is_tip && (now - tx.revealed <= age_max || self.tips.len() == 1) {
                return;
            }
            self.ageing.pop_front();
            if is_tip {
                self.tips.remove(slot);
                if tx.hidden_approvers == 0 {
                    self.let_go(slot);
                }
            }
        }
    }

    fn let_go(&mut self, slot: u32) {
        let tx = self.txs[slot as usize];
        self.measures.on_final(tx.serial, tx.approvers);
        self.free.push(slot);
    }
}
