//! What breaks, and when it is well again.

use super::breach::Breach;
use super::scenario::Mischief;
use super::trace::Happening;
use super::world::{Event, World};
use crate::chance::{Chance, Purpose};

/// Something that breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A node is killed; later it starts again.
    Crash(usize),
    /// A node stands still, as after SIGSTOP.
    Pause(usize),
    /// These nodes, a bit for each, are cut off from the rest.
    Split(u64),
    /// Nothing gets from one node to the other; the way back is open.
    OneWay(usize, usize),
    /// A sync takes long.
    SlowDisk(usize),
    /// A clock is set.
    Clock(usize, i64),
}

/// Longest fault.
const LENGTH_US_MAX: u64 = 30_000_000;

/// Plans all faults up to `end_us`.
pub(crate) fn plan(seed: u64, mischief: &Mischief, node_count: usize, end_us: u64) -> Plan {
    let mut chance = Chance::new(seed ^ 0x5eed, Purpose::Faults);
    let mut plan = Plan::default();
    let rates = [
        mischief.crashes,
        mischief.pauses,
        mischief.splits,
        mischief.one_ways,
        mischief.slow_disks,
        mischief.clock_jumps,
    ];
    for (kind, rate) in rates.into_iter().enumerate() {
        let count = (rate * end_us).div_ceil(100_000_000);
        for _ in 0..count {
            let begin_us = chance.below(end_us);
            let length_us = chance.wait(*chance.clone().pick(&[300_000, 3_000_000, 9_000_000]));
            let fault = draw(kind, &mut chance, node_count);
            plan.0.push((begin_us, length_us.min(LENGTH_US_MAX), fault));
        }
    }
    plan
}

/// Moment, length and kind of each fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan(pub(crate) Vec<(u64, u64, Fault)>);

fn draw(kind: usize, chance: &mut Chance, node_count: usize) -> Fault {
    // The coordinator is one of many, but the one that matters.
    let node = if chance.hits(250) {
        0
    } else {
        chance.index(node_count)
    };
    match kind {
        0 => Fault::Crash(node),
        1 => Fault::Pause(node),
        2 => {
            let all = (1_u64 << node_count) - 1;
            Fault::Split((chance.next() & all).max(1))
        }
        3 => Fault::OneWay(node, chance.index(node_count)),
        4 => Fault::SlowDisk(node),
        _ => {
            let by_ms = chance.between(0, 8_000).cast_signed();
            Fault::Clock(node, by_ms - 4_000)
        }
    }
}

impl World<'_> {
    /// Something breaks.
    pub(crate) fn on_fault(&mut self, fault: Fault, length_us: u64) -> Result<(), Breach> {
        if self.is_healed {
            return Ok(());
        }
        self.counts.faults += 1;
        match fault {
            Fault::Crash(node) => self.crash(node)?,
            Fault::Pause(node) => {
                self.machines[node].pauses += 1;
                self.note(node, Happening::Pauses);
            }
            Fault::Split(group) => {
                self.note(0, Happening::Splits { group });
                self.block_group(group, true);
            }
            Fault::OneWay(from, to) => {
                self.note(from, Happening::Deafens { to });
                self.block_way(from, to, true);
            }
            Fault::SlowDisk(node) => {
                self.machines[node].slow_disks += 1;
                self.note(node, Happening::DiskSlows);
            }
            Fault::Clock(node, by_ms) => {
                self.machines[node].clock_ms += by_ms;
                self.note(node, Happening::ClockMoves { by_ms });
                self.plan_wake(node);
                return Ok(());
            }
        }
        self.queue.after(length_us, Event::FaultEnds(fault));
        Ok(())
    }

    /// It is well again.
    pub(crate) fn on_fault_end(&mut self, fault: Fault) -> Result<(), Breach> {
        if self.is_healed {
            return Ok(());
        }
        match fault {
            Fault::Crash(node) => self.start(node)?,
            Fault::Pause(node) => self.wake_up(node),
            Fault::Split(group) => {
                self.note(0, Happening::Joins);
                self.block_group(group, false);
            }
            Fault::OneWay(from, to) => {
                self.note(from, Happening::Joins);
                self.block_way(from, to, false);
            }
            Fault::SlowDisk(node) => {
                let slow_disks = &mut self.machines[node].slow_disks;
                *slow_disks = slow_disks.saturating_sub(1);
            }
            Fault::Clock(..) => {}
        }
        Ok(())
    }

    /// Everything is well from now on. Clocks stay as they are.
    pub(crate) fn heal(&mut self) -> Result<(), Breach> {
        self.is_healed = true;
        self.note(0, Happening::Heals);
        self.links.heal();
        for node in 0..self.machines.len() {
            self.machines[node].slow_disks = 0;
            while self.machines[node].pauses > 0 {
                self.wake_up(node);
            }
            self.start(node)?;
        }
        Ok(())
    }

    /// A node goes on with what it has missed.
    fn wake_up(&mut self, node: usize) {
        let machine = &mut self.machines[node];
        machine.pauses = machine.pauses.saturating_sub(1);
        if machine.pauses > 0 {
            return;
        }
        let frozen = std::mem::take(&mut machine.frozen);
        self.note(node, Happening::GoesOn);
        for event in frozen {
            self.queue.after(0, event);
        }
    }

    fn block_group(&mut self, group: u64, is_blocked: bool) {
        let is_in = |end: usize| end < 64 && group >> end & 1 == 1;
        for number in 0..self.links.len() {
            let ends = self.links.get(number).ends;
            if is_in(ends[0]) != is_in(ends[1]) {
                self.block_link(number, [true, true], is_blocked);
            }
        }
    }

    fn block_way(&mut self, from: usize, to: usize, is_blocked: bool) {
        for number in self.links.of(from) {
            let ends = self.links.get(number).ends;
            if ends == [from, to] || ends == [to, from] {
                let side = self.links.get(number).side_of(from);
                self.block_link(number, [side == 0, side == 1], is_blocked);
            }
        }
    }

    /// Blocks ways of a link. About half of the connections do not survive that.
    fn block_link(&mut self, number: usize, ways: [bool; 2], is_blocked: bool) {
        for (side, is_meant) in ways.into_iter().enumerate() {
            if is_meant {
                self.links.block(number, side, is_blocked);
            }
        }
        if is_blocked && self.chance.hits(500) {
            self.cut(number, None);
        }
    }
}
