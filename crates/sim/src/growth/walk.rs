//! The engine `walk`: keeps the newest transactions with exact cumulative weights, and chooses
//! parents by the very strategies of the node.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use tangle_dag::{Chance, Place, Selector, View, WeightWindow, WeightWindowConfig, adaptation};

use super::events::{Event, Hidden, Purpose, Times};
use super::measures::Measures;
use super::report::Walks;
use super::scenario::{Scenario, StrategyChoice, nanoseconds, seconds};
use super::{Report, Sink};

/// Most parents.
const PARENTS_MAX: usize = 8;
/// Mean delays for which the cone of an approved transaction is kept.
const LINGER_DELAYS: f64 = 1.5;
/// Mean delays, above the time in which weights adapt, for which cones of tips are kept.
const CONE_DELAYS: f64 = 20.0;
/// Shares of the window between which the growth of weights is judged.
const JUDGED_FROM: f64 = 0.6;
const JUDGED_TO: f64 = 0.9;

type Parents = ([Place; PARENTS_MAX], u8);

/// A run in progress.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    scenario: &'a Scenario,
    times: Times,
    choices: Chance,
    spam: Chance,
    window: WeightWindow,
    selector: Selector,
    hidden: Hidden<(u64, Parents)>,
    /// Numbers of the transactions in the window, which differ from places when delays differ.
    serials: VecDeque<u64>,
    age_max: Option<u64>,
    judge: Judge,
    measures: Measures,
    digest: u64,
}

/// Finds out what is left behind.
#[derive(Debug)]
struct Judge {
    /// Places from the newest to those that are weighed first, and again.
    first_back: u32,
    second_back: u32,
    /// First weights of those in between.
    weights: VecDeque<u64>,
    judged: u64,
    gained: u64,
    left_behind: u64,
    never_approved: u64,
}

impl<'a> Growth<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let delay = scenario.delay.mean_seconds();
        let rate = scenario.rate();
        let window_seconds = scenario.window_seconds.unwrap_or(0.0);
        let block_count = ((window_seconds * rate) as usize).max(64);
        let cone_seconds = (adaptation(rate * delay) + CONE_DELAYS) * delay;
        let linger_seconds = match scenario.delay.keeps_order() {
            true => delay * LINGER_DELAYS,
            // A long delay is rare.
            false => delay * LINGER_DELAYS * 3.0,
        };
        let mut window = WeightWindow::new(WeightWindowConfig {
            block_count,
            parent_count_max: scenario.parents,
            linger: nanoseconds(linger_seconds),
            cone_count_max: (cone_seconds * rate) as usize + 64,
        });
        window.add(0, &[]);
        let back = |share: f64| (block_count as f64 * share) as u32;
        Self {
            scenario,
            times: Times::new(scenario),
            choices: Purpose::Choices.stream(scenario.seed),
            spam: Purpose::Spam.stream(scenario.seed),
            window,
            selector: Selector::new(scenario.strategy.strategy(), scenario.walk_start()),
            hidden: Hidden::new(scenario),
            serials: VecDeque::from([0]),
            age_max: match scenario.strategy {
                StrategyChoice::Rurts { age_max_seconds } => Some(nanoseconds(age_max_seconds)),
                _ => None,
            },
            judge: Judge {
                first_back: back(JUDGED_FROM),
                second_back: back(JUDGED_TO),
                weights: VecDeque::new(),
                judged: 0,
                gained: 0,
                left_behind: 0,
                never_approved: 0,
            },
            measures: Measures::new(scenario),
            digest: 0,
        }
    }

    pub(super) fn run(mut self, mut sink: Option<Sink<'_>>) -> Report {
        let (mut now, mut issued, mut held_max) = (0, 0, 0);
        for serial in 1..=self.scenario.transactions {
            now = self.times.next_issue();
            while let Some((due, (serial, parents))) = self.hidden.pop(now) {
                self.reveal(due, serial, &parents);
            }
            if let Some(age_max) = self.age_max {
                self.window.expire(now, age_max);
            }
            self.measures.on_arrival(serial, self.window.tip_count());
            issued = serial;
            let flow = self.issue(serial, now, &mut sink);
            held_max = held_max.max(self.window.len());
            if flow.is_break() {
                break;
            }
        }
        let (walk_count, step_count) = self.selector.walks();
        let judged = self.judge.judged.max(1) as f64;
        let gap = f64::from(self.judge.second_back - self.judge.first_back);
        Report {
            scenario: self.scenario.clone(),
            measured: issued.saturating_sub(self.measures.from),
            virtual_seconds: seconds(now),
            held_max,
            tips: self.measures.tips(self.scenario),
            approvals: self.measures.approvals(),
            walks: Some(Walks {
                count: walk_count,
                steps_mean: step_count as f64 / walk_count.max(1) as f64,
                judged: self.judge.judged,
                left_behind_share: self.judge.left_behind as f64 / judged,
                weight_slope: self.judge.gained as f64 / (judged * gap),
                never_approved_share: self.judge.never_approved as f64 / judged,
            }),
            weight: Vec::new(),
            issuers: self.measures.issuers(),
            digest: format!("{:016x}", self.digest),
        }
    }

    fn issue(&mut self, serial: u64, now: u64, sink: &mut Option<Sink<'_>>) -> ControlFlow<()> {
        let mut parents = [0; PARENTS_MAX];
        let mut count = 0;
        let share = self.scenario.genesis_spam_share;
        let is_spam = share > 0.0 && self.spam.unit() < share;
        if !is_spam {
            for position in 0..self.scenario.parents {
                let chosen = self
                    .selector
                    .choose(&self.window, now, position, &mut self.choices);
                if let Some(parent) = chosen
                    && !parents[..count].contains(&parent)
                {
                    parents[count] = parent;
                    count += 1;
                }
            }
        }
        let revealed = now + self.times.next_delay();
        let mut serials = [0; PARENTS_MAX];
        for (parent, serial) in parents[..count].iter().zip(&mut serials) {
            *serial = self.serial(*parent);
        }
        let issuer = self.times.issuer();
        self.measures.on_issue(serial, issuer);
        let event = Event {
            serial,
            issued_ns: now,
            revealed_ns: revealed,
            // What approves the genesis only has no parent in the window.
            parents: if is_spam { &[0] } else { &serials[..count] },
            issuer,
        };
        self.digest = event.digest(self.digest);
        self.hidden
            .push(revealed, serial, (serial, (parents, count as u8)));
        match sink {
            Some(sink) => sink(&event),
            None => ControlFlow::Continue(()),
        }
    }

    fn serial(&self, place: Place) -> u64 {
        let first = self.window.oldest().unwrap_or(place);
        self.serials[place.wrapping_sub(first) as usize]
    }

    fn reveal(&mut self, now: u64, serial: u64, parents: &Parents) {
        let (first, leaving) = self.window.leaving();
        for place in (0..leaving).map(|step| first.wrapping_add(step)) {
            self.leave(place);
        }
        let parents = &parents.0[..usize::from(parents.1)];
        for parent in parents {
            if self.window.holds(*parent) && self.window.approver_count(*parent) == 0 {
                let after = now - self.window.time(*parent);
                self.measures.on_first_approval(self.serial(*parent), after);
            }
        }
        self.window.add(now, parents);
        self.serials.drain(..leaving as usize);
        self.serials.push_back(serial);
        self.judge(serial);
    }

    fn leave(&mut self, place: Place) {
        let approvers = self.window.approver_count(place);
        let serial = self.serial(place);
        self.measures.on_final(serial, approvers);
        if serial > self.measures.from && approvers == 0 {
            self.judge.never_approved += 1;
        }
    }

    /// Weighs the transactions that have come to the two ages.
    fn judge(&mut self, serial: u64) {
        let judge = &mut self.judge;
        let place = |back: u32| self.window.next_place().wrapping_sub(back);
        if serial <= self.measures.from + u64::from(judge.first_back) {
            return;
        }
        let weight = self.window.weight(place(judge.first_back));
        judge.weights.push_back(weight);
        let gap = judge.second_back - judge.first_back;
        if judge.weights.len() > gap as usize
            && let Some(before) = judge.weights.pop_front()
        {
            let gained = self.window.weight(place(judge.second_back)) - before;
            judge.judged += 1;
            judge.gained += gained;
            judge.left_behind += u64::from(gained * 2 < u64::from(gap));
        }
    }
}
