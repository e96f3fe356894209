//! A log of transactions, read back: checked, measured without the engine that wrote it, and drawn
//! as a graph.
//!
//! A line of a log is `number,issued_ns,revealed_ns,parents`, the parents apart by a space; numbers
//! follow each other from 1, and 0 is the genesis. The number of the issuer comes last, if known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;

use serde::Serialize;

use super::events::Event;
use super::scenario::seconds;

/// The first line of a log.
pub const TRACE_HEAD: &str = "transaction,issued_ns,revealed_ns,parents";
/// The first line of a log that says who issued.
pub const TRACE_HEAD_ISSUERS: &str = "transaction,issued_ns,revealed_ns,parents,issuer";
/// Most transactions of a log that is read.
pub const TRACE_MAX: u64 = 50_000_000;
/// Most parents of one.
const PARENTS_MAX: usize = 8;

/// Why a log is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The line has another form.
    #[error("line {line}: {text:?} is not `number,issued,revealed,parents`")]
    Form {
        /// Which.
        line: u64,
        /// Its beginning.
        text: String,
    },
    /// Transactions are not in order.
    #[error("transaction {serial} is out of order, {expected} should come")]
    Order {
        /// What came.
        serial: u64,
        /// What should have.
        expected: u64,
    },
    /// Time runs backwards.
    #[error("transaction {0} is issued before the one before it, or revealed before its issue")]
    Time(u64),
    /// A parent was not to be seen yet.
    #[error("transaction {serial} approves {parent}, which nobody saw by then")]
    Unseen {
        /// The transaction.
        serial: u64,
        /// Its parent.
        parent: u64,
    },
    /// Too many transactions or parents.
    #[error("transaction {0} is too many, or has too many parents")]
    TooMany(u64),
}

/// What a log says, measured from it alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Transactions.
    pub transactions: u64,
    /// Virtual time, in seconds.
    pub virtual_seconds: f64,
    /// Mean number of tips, seen just before each arrival.
    pub tips_mean: f64,
    /// Mean time from reveal to the reveal of the first approver, in seconds.
    pub first_approval_seconds: f64,
    /// Transactions that nothing approved.
    pub never_approved: u64,
    /// What stands for all transactions; the same as in the report of the run that wrote it.
    pub digest: u64,
}

/// Reads a log, line by line.
#[derive(Debug)]
pub struct Trace {
    line: u64,
    /// Times of reveal; bounded by [`TRACE_MAX`], as are the other lists.
    revealed: Vec<u64>,
    /// Parents of all, and where each one's end.
    parents: Vec<u64>,
    ends: Vec<usize>,
    is_approved: Vec<bool>,
    hidden: BinaryHeap<Reverse<(u64, u64)>>,
    issued: u64,
    tip_count: u64,
    tip_sum: u64,
    waits: (u64, u64),
    digest: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            line: 0,
            revealed: vec![0],
            parents: Vec::new(),
            ends: vec![0],
            is_approved: vec![false],
            hidden: BinaryHeap::new(),
            issued: 0,
            tip_count: 1,
            tip_sum: 0,
            waits: (0, 0),
            digest: 0,
        }
    }
}

impl Trace {
    /// Takes the next line; the heading may come first.
    ///
    /// # Errors
    /// It does not fit to those before it.
    pub fn add_line(&mut self, text: &str) -> Result<(), TraceError> {
        self.line += 1;
        let text = text.trim_end();
        if self.line == 1 && (text == TRACE_HEAD || text == TRACE_HEAD_ISSUERS) {
            return Ok(());
        }
        let form = || TraceError::Form {
            line: self.line,
            text: text.chars().take(60).collect(),
        };
        let mut cells = text.splitn(5, ',');
        let mut number = || cells.next()?.parse::<u64>().ok();
        let (Some(serial), Some(issued), Some(revealed)) = (number(), number(), number()) else {
            return Err(form());
        };
        let mut parents = [0; PARENTS_MAX];
        let mut count = 0;
        for parent in cells.next().ok_or_else(form)?.split_whitespace() {
            if count == PARENTS_MAX {
                return Err(TraceError::TooMany(serial));
            }
            parents[count] = parent.parse().map_err(|_| form())?;
            count += 1;
        }
        let issuer = cells.next().map(str::parse::<u32>).transpose();
        self.add(&Event {
            serial,
            issued_ns: issued,
            revealed_ns: revealed,
            parents: &parents[..count],
            issuer: issuer.map_err(|_| form())?,
        })
    }

    fn add(&mut self, event: &Event<'_>) -> Result<(), TraceError> {
        let serial = event.serial;
        let expected = self.revealed.len() as u64;
        if serial != expected {
            return Err(TraceError::Order { serial, expected });
        }
        if serial > TRACE_MAX {
            return Err(TraceError::TooMany(serial));
        }
        if event.issued_ns < self.issued || event.revealed_ns < event.issued_ns {
            return Err(TraceError::Time(serial));
        }
        self.issued = event.issued_ns;
        for parent in event.parents {
            let seen = self.revealed.get(*parent as usize);
            if seen.is_none_or(|seen| *seen > event.issued_ns) {
                let parent = *parent;
                return Err(TraceError::Unseen { serial, parent });
            }
        }
        self.reveal(event.issued_ns);
        self.tip_sum += self.tip_count;
        self.digest = event.digest(self.digest);
        self.revealed.push(event.revealed_ns);
        self.is_approved.push(false);
        self.parents.extend_from_slice(event.parents);
        self.ends.push(self.parents.len());
        self.hidden.push(Reverse((event.revealed_ns, serial)));
        Ok(())
    }

    fn reveal(&mut self, until: u64) {
        while let Some(Reverse((at, serial))) = self.hidden.peek().copied()
            && at <= until
        {
            self.hidden.pop();
            self.tip_count += 1;
            for position in self.range(serial) {
                let parent = self.parents[position] as usize;
                if !std::mem::replace(&mut self.is_approved[parent], true) {
                    self.tip_count -= 1;
                    self.waits.0 += at.saturating_sub(self.revealed[parent]);
                    self.waits.1 += 1;
                }
            }
        }
    }

    fn range(&self, serial: u64) -> std::ops::Range<usize> {
        let serial = serial as usize;
        let start = serial.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[serial]
    }

    /// What all lines so far say.
    #[must_use]
    pub fn finish(&mut self) -> Replayed {
        let tips_mean = self.tip_sum as f64 / (self.revealed.len() as f64 - 1.0).max(1.0);
        self.reveal(u64::MAX);
        let approved = self.is_approved.iter().skip(1).filter(|it| **it).count();
        Replayed {
            transactions: self.revealed.len() as u64 - 1,
            virtual_seconds: seconds(self.issued),
            tips_mean,
            first_approval_seconds: seconds(self.waits.0) / self.waits.1.max(1) as f64,
            never_approved: self.revealed.len() as u64 - 1 - approved as u64,
            digest: self.digest,
        }
    }

    /// The transactions from `first` to before `end` as a graph for Graphviz, an edge from each to
    /// its parents; tips are filled.
    #[must_use]
    pub fn dot(&self, first: u64, end: u64) -> String {
        let mut out = String::from("digraph tangle {\n  rankdir=RL;\n  node [shape=box];\n");
        for serial in first..end.min(self.revealed.len() as u64) {
            let style = match self.is_approved[serial as usize] {
                true => "",
                false => " [style=filled]",
            };
            // Writing to a text cannot fail.
            let _ = writeln!(out, "  {serial}{style};");
            for parent in self.parents_within(serial, first) {
                let _ = writeln!(out, "  {serial} -> {parent};");
            }
        }
        out.push_str("}\n");
        out
    }

    /// The same as GraphML, with the time of reveal of each.
    #[must_use]
    pub fn graphml(&self, first: u64, end: u64) -> String {
        let mut out = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n\
             <key id=\"revealed\" for=\"node\" attr.name=\"revealed_ns\" attr.type=\"long\"/>\n\
             <key id=\"tip\" for=\"node\" attr.name=\"tip\" attr.type=\"boolean\"/>\n\
             <graph id=\"tangle\" edgedefault=\"directed\">\n",
        );
        for serial in first..end.min(self.revealed.len() as u64) {
            let _ = writeln!(
                out,
                "<node id=\"t{serial}\"><data key=\"revealed\">{}</data>\
                 <data key=\"tip\">{}</data></node>",
                self.revealed[serial as usize], !self.is_approved[serial as usize]
            );
            for parent in self.parents_within(serial, first) {
                let _ = writeln!(out, "<edge source=\"t{serial}\" target=\"t{parent}\"/>");
            }
        }
        out.push_str("</graph>\n</graphml>\n");
        out
    }

    fn parents_within(&self, serial: u64, first: u64) -> impl Iterator<Item = u64> {
        let parents = self.parents[self.range(serial)].iter().copied();
        parents.filter(move |parent| *parent >= first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Trace, TraceError> {
        let mut trace = Trace::default();
        lines.iter().try_for_each(|line| trace.add_line(line))?;
        Ok(trace)
    }

    #[test]
    fn a_log_is_measured_and_drawn() {
        let lines = [
            TRACE_HEAD,
            "1,10,20,0",
            "2,30,40,1 0",
            "3,35,45,1",
            "4,50,60,2 3",
        ];
        let mut trace = read(&lines).expect("a good log");
        let replayed = trace.finish();
        assert_eq!((replayed.transactions, replayed.never_approved), (4, 1));
        // One tip before each of the first three, and two before the last.
        assert_eq!(replayed.tips_mean, 5.0 / 4.0);
        let dot = trace.dot(1, 5);
        assert!(
            dot.contains("  4 [style=filled];") && dot.contains("  4 -> 3;"),
            "{dot}"
        );
        assert!(!dot.contains("-> 0"), "{dot}");
        let graph = trace.graphml(0, 3);
        assert!(
            graph.contains("<edge source=\"t2\" target=\"t0\"/>"),
            "{graph}"
        );
        assert!(!graph.contains("t3"), "{graph}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (lines, error) in [
            (
                ["1,10,20,0", "2,15,25,1"],
                TraceError::Unseen {
                    serial: 2,
                    parent: 1,
                },
            ),
            (
                ["1,10,20,0", "2,30,40,7"],
                TraceError::Unseen {
                    serial: 2,
                    parent: 7,
                },
            ),
            (
                ["1,10,20,0", "3,30,40,1"],
                TraceError::Order {
                    serial: 3,
                    expected: 2,
                },
            ),
            (["1,10,20,0", "2,9,40,0"], TraceError::Time(2)),
            (["1,10,20,0", "2,30,29,0"], TraceError::Time(2)),
            (
                ["1,10,20,0", "2,30,40,0 0 0 0 0 0 0 0 0"],
                TraceError::TooMany(2),
            ),
        ] {
            assert_eq!(read(&lines).err(), Some(error));
        }
        let form = read(&["1,10,20,x"]).err();
        assert!(
            matches!(form, Some(TraceError::Form { line: 1, .. })),
            "{form:?}"
        );
        assert!(matches!(read(&["1,10"]), Err(TraceError::Form { .. })));
    }
}
