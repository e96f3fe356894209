//! How values of the protocol are told to people: amounts with their unit, times, and what the
//! conditions of an output mean.
//!
//! What it is not: it knows no terminal and no page. A [`Sentence`] says which of its parts are
//! addresses and tokens, so that whoever shows it can make links of them.
//!
//! Begin with [`explain`].

mod amount;
mod outputs;
mod time;

pub use amount::{AmountError, Shown, Unit};
pub use outputs::{Part, Sentence, Words, explain, harmless_text, plain};
pub use time::{date, span};
