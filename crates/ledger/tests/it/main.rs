//! The rules of the ledger, by what becomes of transactions in text. `crosscheck/` has the same texts
//! judged by another implementation too.

mod chains;
mod owners;
mod sums;
mod whiteflag;

use tangle_testkit::ledger::check;
