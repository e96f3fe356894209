//! Arrivals that were recorded: when a transaction came, and, if known, whose it was.
//!
//! The text is a table with a heading, cells apart by commas. `issued_ns` is the time since the
//! start, in nanoseconds, which never falls; `issuer` is any name. So a log that `tangle sim run`
//! wrote can be the arrivals of another run; its other columns are passed over.

use std::collections::BTreeMap;

use super::events::join;
use super::trace::TRACE_MAX;

/// Columns of a log that say nothing of arrivals.
const PASSED_OVER: [&str; 3] = ["transaction", "revealed_ns", "parents"];
/// Most issuers.
pub(super) const ISSUERS_MAX: usize = 10_000;
/// Most bytes of an issuer's name.
const NAME_BYTES_MAX: usize = 128;

/// Why recorded arrivals are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArrivalError {
    /// The first line names a column that is not known, or not the one that is needed.
    #[error(
        "the heading {0:?} must name the column issued_ns, may name issuer and those of a log, and \
         no others"
    )]
    Heading(String),
    /// A line has another form.
    #[error("line {line}: {text:?} does not fit to the heading")]
    Form {
        /// Which.
        line: u64,
        /// Its beginning.
        text: String,
    },
    /// Time runs backwards.
    #[error("line {0} comes before the one above it")]
    Time(u64),
    /// Too much.
    #[error(
        "line {0}: at most {TRACE_MAX} arrivals by {ISSUERS_MAX} issuers are read, with names of \
         {NAME_BYTES_MAX} bytes"
    )]
    TooMany(u64),
    /// There is no arrival, or none after the start.
    #[error("there is no arrival after the start")]
    Empty,
}

/// Recorded arrivals, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedArrivals {
    times_ns: Vec<u64>,
    /// Positions in `names`, one for each time; empty without a column of issuers.
    issuers: Vec<u32>,
    names: Vec<String>,
}

/// Reads [`RecordedArrivals`], line by line.
#[derive(Debug, Default)]
pub struct ArrivalReader {
    line: u64,
    column_count: usize,
    time: usize,
    issuer: Option<usize>,
    known: BTreeMap<String, u32>,
    arrivals: RecordedArrivals,
}

impl ArrivalReader {
    /// Takes the next line; the first is the heading.
    ///
    /// # Errors
    /// It does not fit to those before it.
    pub fn add_line(&mut self, text: &str) -> Result<(), ArrivalError> {
        self.line += 1;
        let text = text.trim_end();
        if self.line == 1 {
            return self.on_heading(text);
        }
        let form = || ArrivalError::Form {
            line: self.line,
            text: text.chars().take(60).collect(),
        };
        if text.split(',').count() != self.column_count {
            return Err(form());
        }
        let cell = |position| text.split(',').nth(position).map(str::trim);
        let time = cell(self.time).and_then(|cell| cell.parse().ok());
        let time: u64 = time.ok_or_else(form)?;
        if self
            .arrivals
            .times_ns
            .last()
            .is_some_and(|last| time < *last)
        {
            return Err(ArrivalError::Time(self.line));
        }
        if self.arrivals.times_ns.len() as u64 >= TRACE_MAX {
            return Err(ArrivalError::TooMany(self.line));
        }
        self.arrivals.times_ns.push(time);
        if let Some(name) = self.issuer.and_then(cell) {
            let issuer = self.number(name)?;
            self.arrivals.issuers.push(issuer);
        }
        Ok(())
    }

    fn on_heading(&mut self, text: &str) -> Result<(), ArrivalError> {
        let heading = || ArrivalError::Heading(text.chars().take(120).collect());
        let mut time = None;
        for (position, name) in text.split(',').map(str::trim).enumerate() {
            self.column_count = position + 1;
            let column = match name {
                "issued_ns" => &mut time,
                "issuer" => &mut self.issuer,
                _ if PASSED_OVER.contains(&name) => continue,
                _ => return Err(heading()),
            };
            if column.replace(position).is_some() {
                return Err(heading());
            }
        }
        self.time = time.ok_or_else(heading)?;
        Ok(())
    }

    fn number(&mut self, name: &str) -> Result<u32, ArrivalError> {
        if let Some(number) = self.known.get(name) {
            return Ok(*number);
        }
        let number = self.known.len();
        if number >= ISSUERS_MAX || name.len() > NAME_BYTES_MAX {
            return Err(ArrivalError::TooMany(self.line));
        }
        self.known.insert(name.to_owned(), number as u32);
        self.arrivals.names.push(name.to_owned());
        Ok(number as u32)
    }

    /// All that were read.
    ///
    /// # Errors
    /// There are none.
    pub fn finish(self) -> Result<RecordedArrivals, ArrivalError> {
        match self.arrivals.times_ns.last() {
            Some(last) if *last > 0 => Ok(self.arrivals),
            _ => Err(ArrivalError::Empty),
        }
    }
}

impl RecordedArrivals {
    /// Number of arrivals.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.times_ns.len() as u64
    }

    /// Mean number in a second, from the start to the last one.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        let last = self.times_ns.last().copied().unwrap_or(1);
        self.count() as f64 / super::scenario::seconds(last)
    }

    /// A number that stands for all arrivals and their issuers, in order.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let issuers = self.issuers.iter().map(|issuer| u64::from(*issuer));
        self.times_ns.iter().copied().chain(issuers).fold(0, join)
    }

    /// Whether issuers are named.
    pub(super) const fn has_issuers(&self) -> bool {
        !self.names.is_empty()
    }

    /// Names of the issuers, in order of their first arrival.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Nanoseconds from the start to the arrival at a position.
    pub(super) fn time_ns(&self, position: usize) -> u64 {
        self.times_ns[position]
    }

    /// The number of the issuer of the arrival at a position.
    pub(super) fn issuer(&self, position: usize) -> Option<u32> {
        self.issuers.get(position).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<RecordedArrivals, ArrivalError> {
        let mut reader = ArrivalReader::default();
        lines.iter().try_for_each(|line| reader.add_line(line))?;
        reader.finish()
    }

    #[test]
    fn times_and_issuers_are_read_from_their_columns() {
        let lines = ["issuer,issued_ns", "ada,500", "bob,500", "ada,2000000000"];
        let arrivals = read(&lines).expect("good arrivals");
        assert_eq!((arrivals.count(), arrivals.per_second()), (3, 1.5));
        assert_eq!(arrivals.names(), ["ada", "bob"]);
        assert_eq!(arrivals.issuer(2), Some(0));
        let log = ["transaction,issued_ns,revealed_ns,parents", "1,10,20,0"];
        let arrivals = read(&log).expect("a log is good too");
        assert_eq!((arrivals.time_ns(0), arrivals.has_issuers()), (10, false));
    }

    #[test]
    fn what_are_no_arrivals_is_refused() {
        for heading in ["", "issuer", "issued_ns,weight", "issued_ns,issued_ns"] {
            let error = read(&[heading, "1"]).expect_err(heading);
            assert!(matches!(error, ArrivalError::Heading(_)), "{error}");
        }
        for line in ["", "x", "-1", "1,2", "1.5"] {
            let error = read(&["issued_ns", line]).expect_err(line);
            assert!(
                matches!(error, ArrivalError::Form { line: 2, .. }),
                "{error}"
            );
        }
        assert_eq!(read(&["issued_ns", "2", "1"]), Err(ArrivalError::Time(3)));
        assert_eq!(read(&["issued_ns"]), Err(ArrivalError::Empty));
        assert_eq!(read(&["issued_ns", "0"]), Err(ArrivalError::Empty));
        let name = format!("1,{}", "x".repeat(NAME_BYTES_MAX + 1));
        assert_eq!(
            read(&["issued_ns,issuer", &name]),
            Err(ArrivalError::TooMany(2))
        );
    }
}
